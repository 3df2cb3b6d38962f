//! One HTTP request to an agent and what became of it. The only place of the engine, beside the channels, that names reqwest.
//!
//! What the answer means (delivered, an outcome, a retry) is decided in core; body and signature are `signature`'s.

use std::time::Duration;

use chrono::DateTime;
pub use reqwest::Client;
use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response, Url, redirect};
use tokio::time::{Instant, timeout_at};

use super::outgoing::{Gauge, Progress, outgoing};
use super::{length, trouble};

/// A connection that has not come about by then will not (milder limits only keep a dead host's run waiting).
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// What is kept of an answer's body.
pub const BODY_KEPT_BYTES: usize = 64 * 1024;
/// Framing belongs to the connection, not to the cue.
const OWN_HEADERS: [&str; 6] = ["content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"];

/// A request, ready to be sent: secrets are filled in, so it is never logged and has no `Debug`.
pub struct WebhookRequest {
    /// `POST`, `PUT`, `PATCH` or `GET`.
    pub method: String,
    /// `http` or `https`.
    pub url: String,
    /// Of two with the same name (in any case) the later one is sent.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// For everything: connection, sending, the answer and its body.
    pub timeout: Duration,
}

/// How a request ended. `elapsed` counts from the call of [`send`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookEnd {
    /// A complete head came in time. Redirects are not followed: a 3xx is an answer like any other.
    Answered {
        status: u16,
        /// `Retry-After`, in seconds or as a date (then counted from the answer's own `Date`).
        retry_after: Option<Duration>,
        /// Invalid UTF-8 replaced; at most [`BODY_KEPT_BYTES`].
        body: String,
        /// More of the body came, or was still to come, than `body` holds.
        body_truncated: bool,
        elapsed: Duration,
    },
    /// Sent whole, but no complete head within the time-out: the agent may be at work inside the request.
    Unanswered { elapsed: Duration },
    /// Not sent whole, or the connection broke. `reason` is a sentence such as "connection refused by 127.0.0.1:9000".
    Failed { reason: String, elapsed: Duration },
}

/// The client for every delivery: no redirects, no proxy from the environment, connections kept alive.
///
/// # Panics
/// If the system's TLS library cannot be set up.
#[must_use]
pub fn client() -> Client {
    Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_LIMIT)
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(8)
        .build()
        .expect("the system's TLS library is needed to deliver webhooks")
}

/// Sends the request once and waits for its end; never longer than its time-out.
pub async fn send(client: &Client, request: WebhookRequest) -> WebhookEnd {
    let begun = Instant::now();
    let timeout = request.timeout;
    let deadline = begun + timeout;
    let (built, gauge, target) = match prepare(request) {
        Ok(prepared) => prepared,
        Err(reason) => return WebhookEnd::Failed { reason, elapsed: begun.elapsed() },
    };
    let mut answer = std::pin::pin!(client.execute(built));
    match timeout_at(deadline, answer.as_mut()).await {
        Ok(Ok(response)) => read(response, begun, deadline).await,
        Ok(Err(error)) => {
            WebhookEnd::Failed { reason: trouble::reason(&error, &target, CONNECT_LIMIT), elapsed: begun.elapsed() }
        }
        // `answer` is still alive here, so what the gauge says is about the connection and not about our letting go.
        Err(_) => late(&gauge, &target, timeout, begun.elapsed()),
    }
}

fn late(gauge: &Gauge, target: &str, timeout: Duration, elapsed: Duration) -> WebhookEnd {
    let timeout = length::in_words(timeout);
    match gauge.progress() {
        Progress::Whole => WebhookEnd::Unanswered { elapsed },
        Progress::Begun => {
            WebhookEnd::Failed { reason: format!("{target} took only a part of the request within {timeout}"), elapsed }
        }
        Progress::Waiting => {
            WebhookEnd::Failed { reason: format!("no connection to {target} within {timeout}"), elapsed }
        }
    }
}

fn prepare(request: WebhookRequest) -> Result<(reqwest::Request, Gauge, String), String> {
    let url = Url::parse(&request.url).map_err(|error| format!("the callback address is not a URL: {error}"))?;
    let target = match (url.scheme(), url.host_str(), url.port_or_known_default()) {
        ("http" | "https", Some(host), Some(port)) => format!("{host}:{port}"),
        (scheme, _, _) => {
            return Err(format!("the callback address must begin with http:// or https://, not with {scheme}:"));
        }
    };
    let method = match request.method.as_str() {
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        "PATCH" => Method::PATCH,
        "GET" => Method::GET,
        other => return Err(format!("a webhook is sent with POST, PUT, PATCH or GET, not with {other}")),
    };
    let headers = headers(request.headers)?;
    let (body, gauge) = outgoing(request.body);
    let mut built = reqwest::Request::new(method, url);
    *built.headers_mut() = headers;
    *built.body_mut() = Some(reqwest::Body::wrap(body));
    Ok((built, gauge, target))
}

fn headers(pairs: Vec<(String, String)>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let Ok(parsed) = name.parse::<HeaderName>() else {
            return Err(format!("{name:?} cannot be the name of a header"));
        };
        if OWN_HEADERS.contains(&parsed.as_str()) {
            return Err(format!("the header {name} is set by the tower and cannot be given"));
        }
        let Ok(mut value) = HeaderValue::try_from(value) else {
            return Err(format!(
                "the value of the header {name} has a line break or another character that cannot be sent"
            ));
        };
        value.set_sensitive(true);
        headers.insert(parsed, value);
    }
    Ok(headers)
}

async fn read(mut response: Response, begun: Instant, deadline: Instant) -> WebhookEnd {
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers());
    let mut bytes = Vec::new();
    let body_truncated = loop {
        match timeout_at(deadline, response.chunk()).await {
            Ok(Ok(Some(chunk))) => bytes.extend_from_slice(&chunk),
            Ok(Ok(None)) => break false,
            Ok(Err(_)) | Err(_) => break true,
        }
        if bytes.len() > BODY_KEPT_BYTES {
            bytes.truncate(BODY_KEPT_BYTES);
            break true;
        }
    };
    WebhookEnd::Answered {
        status,
        retry_after,
        body: String::from_utf8_lossy(&bytes).into_owned(),
        body_truncated,
        elapsed: begun.elapsed(),
    }
}

/// A date without a `Date` beside it says nothing that can be trusted, and neither does one in the past.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTime::parse_from_rfc2822(text).ok()?;
    let from = DateTime::parse_from_rfc2822(headers.get(DATE)?.to_str().ok()?).ok()?;
    (until - from).to_std().ok()
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
