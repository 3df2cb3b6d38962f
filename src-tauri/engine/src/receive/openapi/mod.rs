//! `/openapi.json`: this door, described for programs. The file comes along with the binary; it is written from the code by
//! `reference`, and a test says when it is not what the code gives.

#[cfg(test)]
mod described;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod shapes;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};

routes! {
    get "/openapi.json" => document;
}

const DOCUMENT: &str = include_str!("../../../../../docs/reference/openapi.json");

pub(super) async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT).into_response()
}
