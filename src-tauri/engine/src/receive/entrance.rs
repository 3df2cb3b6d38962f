//! What every request passes, whatever its route: the name it called us by, where it comes from, how much it brings, how long it takes.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, EXPECT, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::{FutureExt as _, StreamExt as _};

use super::Door;
use super::problem::Problem;
use super::{steps, traces};
use crate::line::{Foreign, OwnNames};
use crate::otlp::Encoding;

/// Bytes of a body at most.
pub(super) const BODY_MAX: usize = 1024 * 1024;
/// Of one that tells of a step: an input or output is a mebibyte long at most, and JSON may escape what is in it.
const STEP_BODY_MAX: usize = 4 * BODY_MAX;
/// Of one that is read as JSON.
pub(super) const LONGEST_BODY: usize = STEP_BODY_MAX;
/// Of a body that is too large, this much is read and thrown away, so that its sender gets to read the answer.
const DRAINED_MAX: usize = 64 * 1024 * 1024;
/// For the body to arrive, and again for the answer to be made.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REQUEST_ID_MAX: usize = 128;

pub(super) async fn pass(State(door): State<Door>, request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let (parts, body) = request.into_parts();
    let spans = traces::encoding_of(&parts);
    let mut response = match admitted(&door, Request::from_parts(parts, body)).await {
        Ok(request) => counted(&door, request, next).await,
        Err(problem) => said(problem, spans),
    };
    response.headers_mut().insert(REQUEST_ID, id);
    // What an agent said is never a page, whatever a browser would make of it.
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Those who send spans are told in their protocol's words.
fn said(problem: Problem, spans: Option<Encoding>) -> Response {
    match spans {
        Some(encoding) => traces::refusal(problem, encoding),
        None => problem.into_response(),
    }
}

/// Answered, unless its key asked too often; the answer tells how often it has.
async fn counted(door: &Door, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let (who, spans) = (door.rates.who(&parts), traces::encoding_of(&parts));
    let request = Request::from_parts(parts, body);
    let now = door.handle.now();
    let (standing, mut response) = match who.map(|who| door.rates.take(who, now)) {
        None => return answered(next.run(request)).await,
        Some(Ok(standing)) => (standing, answered(next.run(request)).await),
        Some(Err(full)) => (full, said(full.refusal(now), spans)),
    };
    standing.tell(response.headers_mut());
    response
}

/// In time, and whatever happens in it: who asks is always answered.
pub(super) async fn answered(work: impl Future<Output = Response>) -> Response {
    // What a panic leaves half done here is one request's own; what is shared is behind locks that outlive it.
    match tokio::time::timeout(REQUEST_TIMEOUT, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            let message = "The tower stumbled over this request, which is a fault of its own. What was asked may have been done: look before asking again.";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message).into_response()
        }
        Err(_) => {
            let message = "The tower did not answer within 30 s. What was asked may have been done, or may yet be: look before asking again.";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timed_out", message).into_response()
        }
    }
}

/// The request with its body read whole, or why it goes no further. Either way the body is gone from the connection.
async fn admitted(door: &Door, request: Request) -> Result<Request, Problem> {
    let (mut parts, body) = request.into_parts();
    let named = addressed_to_us(&parts, &door.called);
    let (most, large) = traces::bound(door, &parts).await?;
    let most = if steps::tells_of_one(&parts.uri) { STEP_BODY_MAX } else { most };
    let read = tokio::time::timeout(REQUEST_TIMEOUT, read_whole(&parts.headers, body, most)).await;
    parts.extensions.insert(large);
    named?;
    let late = || {
        Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The request did not arrive whole within 30 s.")
    };
    let bytes = read.map_err(|_| late())??;
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// A web page that found a way to this port does not know us by our own name, or says that it comes from elsewhere.
fn addressed_to_us(parts: &Parts, called: &OwnNames) -> Result<(), Problem> {
    let (code, message) = match called.admit(&parts.method, &parts.uri, &parts.headers) {
        Ok(()) => return Ok(()),
        Err(Foreign::Name) => {
            let names = called.all().join(", ");
            ("host_not_allowed", format!("The tower answers to {names} only; the Host header must say so, once."))
        }
        Err(Foreign::Origin) => {
            ("origin_not_allowed", "Web pages may not call the tower. Agents send no Origin header.".to_owned())
        }
        Err(Foreign::Site) => {
            ("cross_site", "Web pages of other sites may not have a browser call the tower.".to_owned())
        }
    };
    Err(Problem::new(StatusCode::FORBIDDEN, code, message))
}

async fn read_whole(headers: &HeaderMap, body: Body, most: usize) -> Result<Vec<u8>, Problem> {
    let too_large = || {
        let message = format!("Request body exceeds {most} bytes");
        Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message))
    };
    let declared = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    // Who asks first has not sent anything yet.
    if declared.is_some_and(|length| length > most) && headers.contains_key(EXPECT) {
        return too_large();
    }
    let mut whole = Vec::with_capacity(declared.unwrap_or(0).min(most));
    let mut seen = 0;
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let broken =
            |_| Problem::new(StatusCode::BAD_REQUEST, "invalid_body", "The request body broke off before its end.");
        let piece = piece.map_err(broken)?;
        seen += piece.len();
        if seen > DRAINED_MAX {
            break;
        }
        if seen <= most {
            whole.extend_from_slice(&piece);
        }
    }
    if seen > most { too_large() } else { Ok(whole) }
}

/// The caller's own, if it is short and plain, so that both sides' logs can be laid side by side.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let given = headers.get(REQUEST_ID).filter(|id| (1..=REQUEST_ID_MAX).contains(&id.len()) && id.to_str().is_ok());
    given.cloned().unwrap_or_else(|| {
        // No secret: the system's own randomness would cost a call into it for each request.
        let made = uuid::Builder::from_random_bytes(rand::random()).into_uuid().to_string();
        HeaderValue::from_str(&made).expect("a UUID is plain ASCII")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_makes_the_tower_stumble_is_answered_too() {
        let response = answered(async { panic!("who_stumbles") }).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
