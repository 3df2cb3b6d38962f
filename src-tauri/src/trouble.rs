//! A small window that says why the tower could not start. Without it, a click on the program's icon would do nothing at all.

use std::process::ExitCode;

use tauri::http::{Response, header};
use tauri::webview::NewWindowResponse;
use tauri::{App, AppHandle, Builder, Manager, UriSchemeContext, Url, WebviewUrl, WebviewWindowBuilder, Wry};

const SCHEME: &str = "trouble";

/// One sentence for a person.
struct Trouble(String);

/// Teaches the app to show a [`Trouble`]; which one is not known yet when an app can be taught.
pub fn teach(builder: Builder<Wry>) -> Builder<Wry> {
    let answer = |context: UriSchemeContext<'_, Wry>, _| {
        let sentence = context.app_handle().try_state::<Trouble>().map(|trouble| trouble.0.clone());
        Response::builder()
            .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
            .header(header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'")
            .body(page(&sentence.unwrap_or_default()).into_bytes())
            .expect("a response of fixed headers is well formed")
    };
    builder.register_uri_scheme_protocol(SCHEME, answer)
}

/// Says it on standard error and in a window, until that is closed.
pub fn tell(app: App, sentence: &str) -> ExitCode {
    if show(app.handle(), sentence) {
        app.run_return(|_, _| {});
    }
    ExitCode::FAILURE
}

/// Whether there is a window that says it.
pub fn show(app: &AppHandle, sentence: &str) -> bool {
    eprintln!("Cuetower could not start: {sentence}");
    app.manage(Trouble(sentence.to_owned()));
    let address = Url::parse("trouble://localhost/").expect("a fixed address is well formed");
    let window = WebviewWindowBuilder::new(app, "trouble", WebviewUrl::CustomProtocol(address))
        .title("Cuetower could not start")
        .inner_size(520.0, 240.0)
        .center()
        .background_color(crate::window::GROUND)
        .devtools(false)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build();
    window.is_ok()
}

fn page(sentence: &str) -> String {
    let sentence = sentence.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Cuetower could not start</title>\
         <style>html{{background:#0f1214;color:#e7ebed;font:13px/20px Inter,system-ui,sans-serif}}\
         body{{margin:28px 32px}}h1{{font-size:18px;line-height:26px;font-weight:600;margin:0 0 12px}}\
         p{{margin:0 0 12px;color:#b3bdc4;overflow-wrap:anywhere}}</style>\
         <main role=alert><h1>Cuetower could not start.</h1><p>{sentence}</p>\
         <p>Put this right, then start it again.</p></main>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_become_markup() {
        let page = page("/tmp/<script>alert(1)</script>");
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"), "{page}");
    }
}
