//! The page a program opens while it signs in: plain words, no script, no form. It looks again by itself until there is an answer.

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_FRAME_OPTIONS};
use axum::response::{Html, IntoResponse as _, Response};

use crate::accounts::Shown;

const LOOKS_AGAIN_S: u32 = 2;
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1.5rem;color:#1c1e21;background:#fbfbfa}\
@media(prefers-color-scheme:dark){body{color:#e6e6e3;background:#161719}}\
h1{font-size:1.3rem;margin:0 0 .75rem}code{font:.95em ui-monospace,monospace;padding:.1em .35em;border:1px solid #8886;border-radius:4px;overflow-wrap:anywhere}";

pub(super) fn of(shown: &Shown, code: &str) -> Response {
    let (status, title, words, waits) = match shown {
        Shown::Waits(login) => {
            let program = login.program.as_deref().map_or_else(|| "A program".to_owned(), escaped);
            let words = format!(
                "<p>{program} wants a key for this machine's Cuetower. It shows the code <code>{}</code>.</p>\
                 <p>If that was you, open Cuetower and allow it there, or in a terminal: <code>{}</code></p>\
                 <p>If it was not, refuse it. This page goes on by itself.</p>",
                escaped(code),
                command(code)
            );
            (StatusCode::OK, "Waiting for your word", words, true)
        }
        Shown::Approved => {
            let words = "<p>The program has its key, or fetches it now. You can close this page.</p>";
            (StatusCode::OK, "Signed in", words.to_owned(), false)
        }
        Shown::Denied => {
            (StatusCode::OK, "Refused", "<p>The owner of this tower said no. No key was made.</p>".to_owned(), false)
        }
        Shown::Expired => {
            let words = "<p>Nobody asks with this code, or it has lapsed: a code is good for 15 minutes. Let the program ask again.</p>";
            (StatusCode::NOT_FOUND, "This code is not good", words.to_owned(), false)
        }
    };
    let again =
        if waits { format!("<meta http-equiv=\"refresh\" content=\"{LOOKS_AGAIN_S}\">") } else { String::new() };
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">{again}\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title} – Cuetower</title>\
         <style>{STYLE}</style></head><body><main><h1>{title}</h1>{words}</main></body></html>"
    );
    let headers = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_FRAME_OPTIONS, "DENY"),
    ];
    (status, headers, Html(page)).into_response()
}

/// To be copied into a terminal: a code that a shell would read as anything but a word is not in it.
fn command(code: &str) -> String {
    let plain = code.starts_with(|c: char| c.is_ascii_alphanumeric())
        && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if plain { format!("cuetowerctl login approve {code}") } else { "cuetowerctl login list".to_owned() }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_program_made_up_is_more_than_text() {
        assert_eq!(escaped("<script>'\"&"), "&lt;script&gt;&#39;&quot;&amp;");
        assert_eq!(command("ABCD-1234"), "cuetowerctl login approve ABCD-1234");
        for code in ["$(touch x)", "a; b", "-rf-all", "a`b`cd", "codé-123"] {
            assert_eq!(command(code), "cuetowerctl login list", "{code}");
        }
    }
}
