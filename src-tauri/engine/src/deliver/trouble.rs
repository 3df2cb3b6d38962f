//! Why a request failed, in one sentence a person can act on. No URL and no header value ever gets into it.

use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

use super::length;
use super::outgoing::Progress;
use super::resolver::Refused;

/// `target` is `host:port`; `connect_limit` is how long a connection may take to come about; `progress` is how far the
/// request got.
#[must_use]
pub fn reason(error: &reqwest::Error, target: &str, connect_limit: Duration, progress: Progress) -> String {
    let causes = causes(error);
    let io = causes.iter().find_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    if error.is_connect() {
        return connect_reason(error, &causes, io, target, connect_limit);
    }
    let http = causes.iter().find_map(|cause| cause.downcast_ref::<hyper::Error>());
    match (http, io) {
        (Some(http), _) if http.is_parse() => format!("{target} answered with something that is not HTTP"),
        (Some(http), _) if http.is_incomplete_message() => broken(target, "closed", progress),
        (_, Some(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted)) => {
            broken(target, "broke", progress)
        }
        _ => format!("the request to {target} failed: {}", innermost(&causes)),
    }
}

/// Whether the agent may have been at work matters to whoever reads it.
fn broken(target: &str, did: &str, progress: Progress) -> String {
    match progress {
        Progress::Whole => format!("the request was sent whole, and {target} {did} the connection without an answer"),
        Progress::Begun => format!("{target} {did} the connection before it had the whole request"),
        Progress::Waiting => format!("{target} {did} the connection without an answer"),
    }
}

fn connect_reason(
    error: &reqwest::Error,
    causes: &[&(dyn Error + 'static)],
    io: Option<ErrorKind>,
    target: &str,
    limit: Duration,
) -> String {
    if let Some(refused) = causes.iter().find_map(|cause| cause.downcast_ref::<Refused>()) {
        return refused.0.clone();
    }
    if error.is_dns() {
        let host = target.rsplit_once(':').map_or(target, |(host, _)| host);
        return format!("the name {host} could not be resolved");
    }
    if error.is_timeout() {
        return format!("no connection to {target} within {}", length::in_words(limit));
    }
    match io {
        Some(ErrorKind::ConnectionRefused) => format!("connection refused by {target}"),
        Some(ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown) => {
            format!("there is no route to {target}")
        }
        Some(ErrorKind::TimedOut) => format!("no connection to {target}: it did not react"),
        Some(ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof) => {
            format!("{target} broke the connection before the request could be sent")
        }
        _ => format!("no connection to {target}: {}", innermost(causes)),
    }
}

fn causes(error: &reqwest::Error) -> Vec<&(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| (*cause).source()).collect()
}

fn innermost(causes: &[&(dyn Error + 'static)]) -> String {
    causes.last().map_or_else(|| "the cause is not known".to_owned(), |cause| cause.to_string())
}
