//! Asks the door's own routes from inside of this process, with the credential that a tool was called with.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};
use tower::ServiceExt as _;

use super::super::caller::Caller;
use super::super::entrance::answered;
use super::super::problem::Problem;
use crate::definition::Invalid;

/// Where a credential may stand (`caller`).
const CREDENTIALS: [HeaderName; 3] =
    [AUTHORIZATION, HeaderName::from_static("x-api-key"), HeaderName::from_static("x-cuetower-run-token")];

/// The door's routes.
#[derive(Clone)]
pub(super) struct Inside(Router);

impl Inside {
    pub fn new(routes: Router) -> Inside {
        Inside(routes)
    }

    pub fn asked_by(&self, headers: &HeaderMap, caller: Arc<Caller>) -> Asker {
        let mut shown = HeaderMap::new();
        for name in CREDENTIALS {
            for value in headers.get_all(&name) {
                shown.append(name.clone(), value.clone());
            }
        }
        Asker { routes: self.0.clone(), shown, caller }
    }
}

/// One caller of a tool.
pub(super) struct Asker {
    routes: Router,
    shown: HeaderMap,
    caller: Arc<Caller>,
}

/// What a route said.
#[derive(Debug)]
pub(super) enum Answer {
    /// What it answered; an object.
    Done(Value),
    /// `code`, `message`, `status`, and what else it names.
    Refused(Value),
}

impl Asker {
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// `body`: None sends none.
    pub async fn ask(&self, method: Method, target: &str, body: Option<Map<String, Value>>) -> Result<Answer, Problem> {
        let content = body.map_or_else(Body::empty, |body| Body::from(Value::Object(body).to_string()));
        let mut request = Request::new(content);
        *request.method_mut() = method;
        *request.uri_mut() = target.parse().map_err(|_| Problem::field("arguments", "A name in them is too long."))?;
        request.headers_mut().extend(self.shown.clone());
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let routes = self.routes.clone();
        let response = answered(async move { routes.oneshot(request).await.into_response() }).await;
        Ok(read(response).await)
    }
}

async fn read(response: Response) -> Answer {
    let is_good = response.status().is_success();
    // Made in this process, so it is whole.
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default();
    let mut value = serde_json::from_slice::<Value>(&bytes).unwrap_or_default();
    if is_good {
        return Answer::Done(if value.is_object() { value } else { Value::Object(Map::new()) });
    }
    Answer::Refused(value.get_mut("error").map(Value::take).unwrap_or_default())
}

/// A refusal that no route made, in the same shape.
pub(super) fn refusal_of(problem: Problem) -> Value {
    let mut error = json!({ "code": problem.code, "message": problem.message, "status": problem.status.as_u16() });
    if !problem.details.is_empty() {
        let detail = |bad: Invalid| json!({ "field": bad.field, "message": bad.message });
        error["details"] = problem.details.into_iter().map(detail).collect();
    }
    error
}

/// A part of a path, or a value of a query, as it is written in a target.
pub(super) fn written(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => written.push(char::from(byte)),
            // Also a dot: `..` is a way, not a name.
            byte => write!(written, "%{byte:02X}").expect("a String takes all"),
        }
    }
    written
}
