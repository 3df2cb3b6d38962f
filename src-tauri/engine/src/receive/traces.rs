//! `POST /v1/traces`: spans of agents, as OTLP/HTTP has it, in protobuf or JSON. Answered in the same encoding, once they are on disk.
//!
//! What can be tried again is said so by the status, as exporters know it: 429 and 503 with `Retry-After`; all else is final.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::Door;
use super::caller::Caller;
use super::entrance::BODY_MAX;
use super::problem::Problem;
use crate::handle::{SpanBatch, SpanGroup};
use crate::otlp::{self, Code, Encoding};
use crate::redacting::Known;

routes! {
    post "/v1/traces" => take;
}

/// Bodies of more than other routes take that are in memory at once; the others wait outside of it.
const LARGE_AT_ONCE: usize = 4;
/// Bodies that are being read into spans at once.
const READ_AT_ONCE: usize = 2;
/// What was read of all bodies and is not on disk yet. One body tells 100 MiB at most.
const TOLD_KIB: u32 = 256 * 1024;
const TURN_WAIT: Duration = Duration::from_secs(10);

/// Who may bring much, and whose spans are read now.
pub(super) struct Turns {
    large: Arc<Semaphore>,
    reading: Semaphore,
    /// Of `TOLD_KIB`.
    told: Semaphore,
}

impl Default for Turns {
    fn default() -> Turns {
        Turns {
            large: Arc::new(Semaphore::new(LARGE_AT_ONCE)),
            reading: Semaphore::new(READ_AT_ONCE),
            told: Semaphore::new(TOLD_KIB as usize),
        }
    }
}

impl Turns {
    /// To be kept until what was read is handed over. Waits while too much of others is in memory.
    async fn room_for(&self, bytes: usize) -> SemaphorePermit<'_> {
        let kib = u32::try_from(bytes / 1_024).unwrap_or(TOLD_KIB).clamp(1, TOLD_KIB);
        self.told.acquire_many(kib).await.expect("nobody closes it")
    }
}

/// Kept with a request for as long as its body is there.
pub(super) type Large = Option<Arc<OwnedSemaphorePermit>>;

/// Bytes that a request may bring here, once its turn for so many has come.
pub(super) async fn bound(door: &Door, parts: &Parts) -> Result<(usize, Large), Problem> {
    if !is_for(parts) {
        return Ok((BODY_MAX, None));
    }
    let declared = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length <= BODY_MAX) {
        return Ok((BODY_MAX, None));
    }
    match tokio::time::timeout(TURN_WAIT, Arc::clone(&door.traces.large).acquire_owned()).await {
        Ok(Ok(permit)) => Ok((otlp::BODY_MAX, Some(Arc::new(permit)))),
        Ok(Err(_)) | Err(_) => {
            let message =
                "Many large bodies of spans are being read; try again in a few seconds, or send smaller batches.";
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message).retry_after(5))
        }
    }
}

fn is_for(parts: &Parts) -> bool {
    parts.uri.path() == ROUTES[0].1
}

/// How whoever asks here wants to be answered; None: it asks for something else.
pub(super) fn encoding_of(parts: &Parts) -> Option<Encoding> {
    is_for(parts).then(|| encoding(&parts.headers).unwrap_or(Encoding::Json))
}

fn encoding(headers: &HeaderMap) -> Option<Encoding> {
    Encoding::of(headers.get(CONTENT_TYPE)?.to_str().ok()?)
}

/// A refusal in the words of the protocol (`google.rpc.Status`).
pub(super) fn refusal(problem: Problem, encoding: Encoding) -> Response {
    let code = Code::of_http(problem.status.as_u16());
    let retry_after = problem.retry_after_s;
    let mut response = answer(problem.status, encoding, encoding.refused(code, &problem.message));
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn answer(status: StatusCode, encoding: Encoding, body: Vec<u8>) -> Response {
    (status, [(CONTENT_TYPE, encoding.content_type())], body).into_response()
}

async fn take(State(door): State<Door>, request: Request) -> Response {
    let Some(encoding) = encoding(request.headers()) else {
        let message = "Spans are sent as application/x-protobuf or application/json.";
        return refusal(
            Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message),
            Encoding::Json,
        );
    };
    match taken(&door, request, encoding).await {
        Ok(body) => answer(StatusCode::OK, encoding, body),
        Err(problem) => refusal(problem, encoding),
    }
}

async fn taken(door: &Door, request: Request, encoding: Encoding) -> Result<Vec<u8>, Problem> {
    let (mut parts, body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, door).await?;
    let (run, account) = (caller.tells_spans()?.cloned(), caller.account().clone());
    // With its run's token it speaks for that run.
    let limited_to = caller.limited_to().filter(|_| run.is_none()).map(str::to_owned);
    let packed = match parts.headers.get(CONTENT_ENCODING).map(HeaderValue::to_str) {
        None => String::new(),
        Some(packed) => packed.unwrap_or("?").to_owned(),
    };
    let broken = |_| Problem::new(StatusCode::BAD_REQUEST, "invalid_body", "The body could not be read.");
    let body = to_bytes(body, otlp::BODY_MAX).await.map_err(broken)?;
    let (prices, now) = (door.handle.prices(), door.handle.now());
    let (told, _room) = {
        let turn = door.traces.reading.acquire().await.expect("nobody closes it");
        let reading = tokio::task::spawn_blocking(move || otlp::read(encoding, &packed, &body, &prices, now));
        let told = reading.await.expect("what is read may be anything, and nothing of it panics");
        let told = told.map_err(unreadable)?;
        // While it waits for room it reads nothing more.
        let room = door.traces.room_for(told.bytes).await;
        drop(turn);
        (told, room)
    };
    let (mut refused, mut words) = (told.refused, told.words.map(str::to_owned));
    for groups in told.orders {
        let groups = without(door.handle.vault.known(), groups);
        let batch = SpanBatch { account: account.clone(), run: run.clone(), limited_to: limited_to.clone(), groups };
        // Those before it stay; whoever sends them again is told that they are here.
        let taken = door.handle.spans(batch).await?;
        refused += u64::from(taken.refused);
        words = words.or(taken.words);
    }
    Ok(encoding.taken(refused, words.as_deref().unwrap_or_default()))
}

/// Values of secrets are blotted out; shapes of others were when the spans were read.
fn without(known: &Known, mut groups: Vec<SpanGroup>) -> Vec<SpanGroup> {
    for group in &mut groups {
        group.agent = known.hidden_in(std::mem::take(&mut group.agent));
    }
    for span in groups.iter_mut().flat_map(|group| &mut group.spans) {
        for text in span.error.iter_mut().chain([&mut span.name]) {
            *text = known.hidden_in(std::mem::take(text));
        }
        for json in [&mut span.input, &mut span.output, &mut span.attributes].into_iter().flatten() {
            if let Cow::Owned(clean) = known.hidden(json) {
                // In its texts alone: without a number it would be no JSON any more.
                *json = match serde_json::from_str::<Value>(json) {
                    Ok(mut value) => {
                        known.hide_in(&mut value);
                        value.to_string()
                    }
                    Err(_) => clean,
                };
            }
        }
    }
    groups
}

fn unreadable(otlp::Unreadable { status, words }: otlp::Unreadable) -> Problem {
    let code = match status {
        413 => "request_too_large",
        415 => "unsupported_media_type",
        _ => "invalid_body",
    };
    Problem::new(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), code, words)
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;

    use super::*;

    #[tokio::test]
    async fn what_was_read_waits_for_room_until_others_are_on_disk() {
        let turns = Turns::default();
        let (first, second) = (turns.room_for(100 << 20).await, turns.room_for(100 << 20).await);
        let mut third = Box::pin(turns.room_for(100 << 20));
        let waits = std::future::poll_fn(|context| std::task::Poll::Ready(third.as_mut().poll(context).is_pending()));
        assert!(waits.await);
        drop(first);
        drop(third.await);
        drop(second);
        // More than all of it is all of it.
        drop(turns.room_for(usize::MAX).await);
    }
}
