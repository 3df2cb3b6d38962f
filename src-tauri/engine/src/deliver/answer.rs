//! An agent's answer as it is kept: status, the beginning of the body, and the sentence about both.

use std::net::IpAddr;
use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Response, Url};
use tokio::time::{Instant, timeout_at};

use super::address::Kind;
use super::length;

/// What is kept of an answer's body.
pub const BODY_KEPT_BYTES: usize = 64 * 1024;
/// A wait in line that is worth a word.
const LONG_WAIT: Duration = Duration::from_secs(1);

/// A complete head came in time. Redirects are not followed: a 3xx is an answer like any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// `Retry-After`, in seconds or as a date (then counted from the answer's own `Date`).
    pub retry_after: Option<Duration>,
    /// The host a redirect points to; without the rest of the address, which may hold a secret.
    pub points_to: Option<String>,
    /// Who answered.
    pub from: Option<(IpAddr, Kind)>,
    /// Invalid UTF-8 replaced; at most [`BODY_KEPT_BYTES`].
    pub body: String,
    pub body_end: BodyEnd,
}

/// How the body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyEnd {
    Whole,
    /// More of it came than is kept.
    Long,
    /// It was still coming when this time-out was over.
    Late(Duration),
    /// The connection broke in the middle of it.
    Broken,
}

impl Answer {
    /// "answered 503 in 12 ms with Retry-After 7 s". `host` is the one of the callback.
    #[must_use]
    pub fn in_words(&self, host: &str, elapsed: Duration, waited: Duration) -> String {
        let mut words = format!("answered {} in {}", self.status, length::in_words(elapsed));
        if let Some(wait) = self.retry_after {
            words += &format!(" with Retry-After {}", length::in_words(wait));
        }
        if waited >= LONG_WAIT {
            words += &format!(", after {} in line behind others to the same agent", length::in_words(waited));
        }
        // What the callback shows by itself is not said again.
        if let Some((address, kind)) = self.from
            && kind != Kind::Public
            && !is_address(host)
        {
            words += &format!(" ({host} is {address}, {})", kind.in_words());
        }
        if let Some(host) = &self.points_to {
            words += &format!(", pointing to {host}; redirects are not followed");
        }
        words += &match self.body_end {
            BodyEnd::Whole => String::new(),
            BodyEnd::Long => format!("; only the first {} KiB of its body were read", BODY_KEPT_BYTES / 1024),
            BodyEnd::Late(limit) => {
                format!("; its body was still coming when the time-out of {} was over", length::in_words(limit))
            }
            BodyEnd::Broken => "; the connection broke in the middle of its body".to_owned(),
        };
        words
    }
}

fn is_address(host: &str) -> bool {
    host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

/// Reads until the end, the bound or the deadline, which is that of `limit`.
pub async fn read(mut response: Response, judge: fn(IpAddr) -> Kind, deadline: Instant, limit: Duration) -> Answer {
    let status = response.status().as_u16();
    let mut answer = Answer {
        status,
        retry_after: retry_after(response.headers()),
        points_to: points_to(status, response.url(), response.headers()),
        from: response.remote_addr().map(|from| (from.ip(), judge(from.ip()))),
        body: String::new(),
        body_end: BodyEnd::Whole,
    };
    let mut bytes = Vec::new();
    answer.body_end = loop {
        match timeout_at(deadline, response.chunk()).await {
            Ok(Ok(Some(chunk))) => bytes.extend_from_slice(&chunk),
            Ok(Ok(None)) => break BodyEnd::Whole,
            Ok(Err(_)) => break BodyEnd::Broken,
            Err(_) => break BodyEnd::Late(limit),
        }
        if bytes.len() > BODY_KEPT_BYTES {
            bytes.truncate(BODY_KEPT_BYTES);
            break BodyEnd::Long;
        }
    };
    answer.body = String::from_utf8_lossy(&bytes).into_owned();
    answer
}

fn points_to(status: u16, from: &Url, headers: &HeaderMap) -> Option<String> {
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let to = headers.get(LOCATION)?.to_str().ok()?;
    Some(from.join(to).ok()?.host_str()?.to_owned())
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
mod tests {
    use super::*;

    #[test]
    fn an_answer_reads_as_one_sentence() {
        let plain = Answer {
            status: 200,
            retry_after: None,
            points_to: None,
            from: Some(([127, 0, 0, 1].into(), Kind::Loopback)),
            body: String::new(),
            body_end: BodyEnd::Whole,
        };
        let second = Duration::from_secs(1);
        let said = |answer: Answer, host: &str| answer.in_words(host, Duration::from_millis(12), Duration::ZERO);
        assert_eq!(said(plain.clone(), "127.0.0.1"), "answered 200 in 12 ms");
        assert_eq!(said(plain.clone(), "leads.test"), "answered 200 in 12 ms (leads.test is 127.0.0.1, this machine)");
        assert_eq!(
            said(Answer { from: Some(([1, 1, 1, 1].into(), Kind::Public)), ..plain.clone() }, "leads.test"),
            "answered 200 in 12 ms"
        );
        assert_eq!(
            said(Answer { status: 503, retry_after: Some(7 * second), ..plain.clone() }, "[::1]"),
            "answered 503 in 12 ms with Retry-After 7 s"
        );
        assert_eq!(
            said(Answer { status: 302, points_to: Some("169.254.169.254".into()), ..plain.clone() }, "127.0.0.1"),
            "answered 302 in 12 ms, pointing to 169.254.169.254; redirects are not followed"
        );
        assert_eq!(
            said(Answer { body_end: BodyEnd::Late(30 * second), ..plain.clone() }, "127.0.0.1"),
            "answered 200 in 12 ms; its body was still coming when the time-out of 30 s was over"
        );
        assert_eq!(
            plain.in_words("127.0.0.1", second, 12 * second),
            "answered 200 in 1 s, after 12 s in line behind others to the same agent"
        );
    }
}
