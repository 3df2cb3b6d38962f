//! `X-CueAPI-Verify-Echo: true`: what was understood of a body comes back in its answer, with a hash, so that a client sees
//! whether something on its way changed it.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::entrance::BODY_MAX;
use crate::deliver::python_json;

const HEADER: &str = "x-cueapi-verify-echo";

/// Inside the entrance: the body has been read whole.
pub(super) async fn pass(request: Request, next: Next) -> Response {
    let brings = [Method::POST, Method::PATCH, Method::PUT].contains(request.method());
    if !brings || !wanted(request.headers()) {
        return next.run(request).await;
    }
    let path = request.uri().path().to_owned();
    let (parts, body) = request.into_parts();
    let Ok(sent) = to_bytes(body, BODY_MAX).await else {
        return super::problem::Problem::field("body", "It could not be read").into_response();
    };
    let response = next.run(Request::from_parts(parts, Body::from(sent.clone()))).await;
    let is_json =
        response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !response.status().is_success() || !is_json {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(answer) = to_bytes(body, usize::MAX).await else {
        // Made in this process, so it is whole.
        return parts.into_response();
    };
    let answer = match serde_json::from_slice::<Map<String, Value>>(&answer) {
        Ok(mut fields) if !fields.contains_key("body_received") => {
            let (received, hash) = understood(&path, &sent);
            fields.insert("body_received".to_owned(), received);
            fields.insert("body_received_sha256".to_owned(), json!(hash));
            parts.headers.remove(CONTENT_LENGTH);
            Bytes::from(Value::Object(fields).to_string())
        }
        Ok(_) | Err(_) => answer,
    };
    Response::from_parts(parts, Body::from(answer))
}

fn wanted(headers: &HeaderMap) -> bool {
    headers.get(HEADER).is_some_and(|value| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"true"))
}

/// What is echoed, and the SHA-256 of it. Of a message it is the text, of a fire nothing, of everything else the JSON as it
/// was read, hashed in the form that Python's `json.dumps(…, sort_keys=True, separators=(",", ":"), ensure_ascii=False)` has.
fn understood(path: &str, sent: &[u8]) -> (Value, String) {
    let read: Option<Value> = serde_json::from_slice(sent).ok();
    let is_fire = path.starts_with("/v1/cues/") && path.ends_with("/fire");
    match (read, path) {
        _ if is_fire => (Value::Null, hash(b"")),
        (Some(Value::Object(mut message)), "/v1/messages") => match message.remove("body") {
            Some(Value::String(text)) => {
                let hash = hash(text.as_bytes());
                (Value::String(text), hash)
            }
            _ => (Value::Null, hash(b"")),
        },
        (Some(body), _) => {
            let hash = hash(&python_json::canonical(&body));
            (body, hash)
        }
        (None, _) if sent.is_empty() => (Value::Null, hash(b"")),
        (None, _) => (json!(String::from_utf8_lossy(sent)), hash(sent)),
    }
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hashes_are_those_recorded_from_cueapi_and_pythons_own() {
        // samples/core/079 and 171.
        let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let fire = understood("/v1/cues/cue_9j2njhcxe3sm/fire", br#"{"send_at":"2026-11-20T19:35:14Z"}"#);
        assert_eq!(fire, (Value::Null, nothing.to_owned()));
        let message = understood("/v1/messages", br#"{"to":"agt_h5wptv4nb35b","body":"echo me"}"#);
        let recorded = "04208caeefb1662fd2b23735ff7c8d45fd37369b00cfe3e09d03071ee50f153a";
        assert_eq!(message, (json!("echo me"), recorded.to_owned()));
        assert_eq!(understood("/v1/cues", b""), (Value::Null, nothing.to_owned()));
        let sent = r#"{"name": "ünï 🚀", "b": [1, 100.0, 1e-7, "\u007f\n\u0001\/"], "a": {"y": null, "x": true}}"#;
        let program = "import json,sys,hashlib
canonical = json.dumps(json.loads(sys.argv[1]), sort_keys=True, separators=(',', ':'), ensure_ascii=False)
print(hashlib.sha256(canonical.encode()).hexdigest())";
        let python =
            std::process::Command::new("python3").args(["-c", program, sent]).output().expect("python3 is needed");
        let (received, hash) = understood("/v1/cues", sent.as_bytes());
        assert_eq!(hash, String::from_utf8(python.stdout).unwrap().trim());
        assert_eq!(received["name"], "ünï 🚀");
    }
}
