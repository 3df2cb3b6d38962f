//! A window of Tauri's with one sentence in it and nothing behind it: what `cargo xtask bench window` holds Cuetower's against.

use tauri::http::{Response, header};
use tauri::{Url, WebviewUrl, WebviewWindowBuilder};

const PAGE: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Empty</title>\
    <style>html{background:#0f1214;color:#e7ebed;font:22px/32px sans-serif}</style><h1>An empty window</h1>\
    <p>Nothing is scheduled, nothing is delivered, nothing is confirmed.";

fn main() {
    let answer = |_: tauri::UriSchemeContext<'_, tauri::Wry>, _| {
        Response::builder()
            .header(header::CONTENT_TYPE, "text/html; charset=utf-8")
            .body(PAGE.as_bytes().to_vec())
            .expect("a response of fixed headers is well formed")
    };
    let app = tauri::Builder::default()
        .register_uri_scheme_protocol("empty", answer)
        .build(tauri::generate_context!())
        .expect("a window can be opened");
    let folder = std::env::args_os().nth(1).expect("the folder for what the page keeps is named");
    let address = Url::parse("empty://localhost/").expect("a fixed address is well formed");
    WebviewWindowBuilder::new(&app, "empty", WebviewUrl::CustomProtocol(address))
        .title("Empty")
        .inner_size(1280.0, 800.0)
        .center()
        .data_directory(folder.into())
        .devtools(false)
        .build()
        .expect("the window can be made");
    app.run(|_, _| {});
}
