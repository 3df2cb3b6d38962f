//! One HTTP request to an agent and what became of it. What that means (delivered, an outcome, a retry) is decided in core;
//! body and signature are `signature`'s, where it may go is `address`'s, who is next is `turns`'s.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use tokio::time::{Instant, sleep_until};

pub use super::answer::{Answer, BODY_KEPT_BYTES, BodyEnd};
pub use super::client::{CONNECT_LIMIT, Client, strict};
use super::outgoing::{Gauge, Progress, outgoing};
pub use super::turns::Turn;
use super::{address, answer, length, trouble};

/// Framing belongs to the connection, not to the cue.
const OWN_HEADERS: [&str; 6] = ["content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"];
const IN_LINE_LEAST: Duration = Duration::from_secs(60);

/// A request, ready to be sent: secrets are filled in, so it is never logged and has no `Debug`.
pub struct WebhookRequest {
    /// `POST`, `PUT`, `PATCH` or `GET`.
    pub method: String,
    /// `http` or `https`.
    pub url: String,
    /// Of two with the same name (in any case) the later one is sent.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// For everything, once its turn has come: connection, sending, the answer and its body.
    pub timeout: Duration,
    /// Until there is a connection, TLS and all; from the same moment.
    pub connect_timeout: Duration,
    /// From the request's last byte to the answer's head (as only a complete one can be told from none).
    pub first_byte_timeout: Option<Duration>,
    /// Whether it may go to private, link-local and metadata addresses.
    pub allow_private: bool,
}

/// A request and its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub end: WebhookEnd,
    /// In line, behind others to the same receiver.
    pub waited: Duration,
    /// From its turn to the answer's head, or to the end if there was none.
    pub elapsed: Duration,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookEnd {
    Answered {
        answer: Answer,
        /// "answered 200 in 12 ms".
        words: String,
    },
    /// Sent whole, but no complete head within a time-out: the agent may be at work inside the request.
    Unanswered { words: String },
    /// Not sent whole, or the connection broke. `reason` is a sentence such as "connection refused by 127.0.0.1:9000".
    Failed { reason: String },
}

/// Waits for the turn of a request to this address, as long as it would wait for its answer, and at least a minute.
///
/// # Errors
/// With a sentence: the address is none, or its turn did not come.
pub async fn turn(client: &Client, url: &str, timeout: Duration) -> Result<Turn, String> {
    let (_, _, target) = address_of(url)?;
    client.turns().take(&target, timeout.max(IN_LINE_LEAST)).await
}

/// Sends the request once, when its turn has come, and waits for its end.
pub async fn send(client: &Client, request: WebhookRequest) -> Sent {
    let asked = Instant::now();
    match turn(client, &request.url, request.timeout).await {
        Ok(turn) => send_in_turn(client, request, turn).await,
        Err(reason) => Sent { end: WebhookEnd::Failed { reason }, waited: asked.elapsed(), elapsed: Duration::ZERO },
    }
}

/// As [`send`], by whoever has waited already.
pub async fn send_in_turn(client: &Client, request: WebhookRequest, turn: Turn) -> Sent {
    let waited = turn.waited;
    let (end, elapsed) = match prepare(request, client) {
        Ok(ready) => fly(client, ready, waited).await,
        Err(reason) => (WebhookEnd::Failed { reason }, Duration::ZERO),
    };
    Sent { end, waited, elapsed }
}

/// A POST of JSON that nobody signs, sent once: Ok with the status of any answer, else the sentence that says why there is none.
///
/// # Errors
/// If it was not answered within `timeout`, or may not be sent there.
pub async fn post_plain(
    client: &Client,
    url: &str,
    json: Vec<u8>,
    timeout: Duration,
    allow_private: bool,
) -> Result<u16, String> {
    let headers = [("Content-Type", "application/json"), ("User-Agent", "CueAPI/1.0")];
    let request = WebhookRequest {
        method: "POST".to_owned(),
        url: url.to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        body: json,
        timeout,
        connect_timeout: CONNECT_LIMIT,
        first_byte_timeout: None,
        allow_private,
    };
    match send(client, request).await.end {
        WebhookEnd::Answered { answer, .. } => Ok(answer.status),
        WebhookEnd::Unanswered { words } => Err(words),
        WebhookEnd::Failed { reason } => Err(reason),
    }
}

/// A request that may be sent.
struct Ready {
    request: reqwest::Request,
    gauge: Gauge,
    limits: Limits,
    host: String,
    /// `host:port`.
    target: String,
    allow_private: bool,
}

struct Limits {
    total: Duration,
    connect: Duration,
    first_byte: Option<Duration>,
}

async fn fly(client: &Client, ready: Ready, waited: Duration) -> (WebhookEnd, Duration) {
    let Ready { request, mut gauge, limits, host, target, allow_private } = ready;
    let http = client.http(allow_private, limits.connect).await;
    let begun = Instant::now();
    let came = {
        let mut coming = std::pin::pin!(http.execute(request));
        // `coming` is still alive where the gauge is read, so what it says is about the connection and not about our
        // letting go.
        match limits.head(begun, coming.as_mut(), &mut gauge, &target).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => {
                let reason = trouble::reason(&error, &target, limits.connect, gauge.progress());
                Err(WebhookEnd::Failed { reason })
            }
            Err(end) => Err(end),
        }
    };
    let elapsed = begun.elapsed();
    match came {
        Ok(response) => {
            let answer = answer::read(response, client.judge(), begun + limits.total, limits.total).await;
            let words = answer.in_words(&host, elapsed, waited);
            (WebhookEnd::Answered { answer, words }, elapsed)
        }
        Err(end) => (end, elapsed),
    }
}

impl Limits {
    /// What comes, or what its not coming means.
    async fn head<T>(
        &self,
        begun: Instant,
        mut coming: impl Future<Output = T> + Unpin,
        gauge: &mut Gauge,
        target: &str,
    ) -> Result<T, WebhookEnd> {
        let deadline = begun + self.total;
        tokio::select! {
            biased;
            came = &mut coming => return Ok(came),
            () = gauge.reaches(Progress::Begun) => {}
            () = sleep_until(begun + self.connect) => {
                let reason = format!("no connection to {target} within {}", length::in_words(self.connect));
                return Err(WebhookEnd::Failed { reason });
            }
        }
        tokio::select! {
            biased;
            came = &mut coming => return Ok(came),
            () = gauge.reaches(Progress::Whole) => {}
            () = sleep_until(deadline) => {
                let total = length::in_words(self.total);
                let reason = format!("{target} took only a part of the request within {total}");
                return Err(WebhookEnd::Failed { reason });
            }
        }
        let first_byte_at = self.first_byte.map(|limit| Instant::now() + limit).filter(|at| *at < deadline);
        tokio::select! {
            biased;
            came = &mut coming => Ok(came),
            () = sleep_until(first_byte_at.unwrap_or(deadline)) => {
                let words = match self.first_byte {
                    Some(limit) if first_byte_at.is_some() => {
                        format!("sent, and no answer began within {}", length::in_words(limit))
                    }
                    Some(_) | None => format!("sent, and not answered within {}", length::in_words(self.total)),
                };
                Err(WebhookEnd::Unanswered { words })
            }
        }
    }
}

/// The URL, its host, and `host:port`.
fn address_of(url: &str) -> Result<(Url, String, String), String> {
    let url = Url::parse(url).map_err(|error| format!("the callback address is not a URL: {error}"))?;
    match (url.scheme(), url.host_str(), url.port_or_known_default()) {
        ("http" | "https", Some(host), Some(port)) => {
            let (host, target) = (host.to_owned(), format!("{host}:{port}"));
            Ok((url, host, target))
        }
        (scheme, _, _) => Err(format!("the callback address must begin with http:// or https://, not with {scheme}:")),
    }
}

fn prepare(request: WebhookRequest, client: &Client) -> Result<Ready, String> {
    let (url, host, target) = address_of(&request.url)?;
    // An address needs no resolver, so nobody else would look at it.
    if let Ok(address) = host.trim_matches(['[', ']']).parse() {
        let kind = client.judge()(address);
        if !kind.permitted(request.allow_private) {
            return Err(address::refusal(&host, address, kind));
        }
    }
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
    let limits = Limits {
        total: request.timeout,
        connect: request.connect_timeout.min(request.timeout),
        first_byte: request.first_byte_timeout,
    };
    Ok(Ready { request: built, gauge, limits, host, target, allow_private: request.allow_private })
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

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "webhook_address_tests.rs"]
mod address_tests;
