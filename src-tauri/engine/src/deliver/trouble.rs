//! Why a request failed, in one sentence a person can act on. No URL and no header value ever gets into it.

use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

use super::length;

/// `target` is `host:port`; `connect_limit` is how long a connection may take to come about.
#[must_use]
pub fn reason(error: &reqwest::Error, target: &str, connect_limit: Duration) -> String {
    let causes = causes(error);
    let io = causes.iter().find_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    if error.is_connect() {
        return connect_reason(error, &causes, io, target, connect_limit);
    }
    let http = causes.iter().find_map(|cause| cause.downcast_ref::<hyper::Error>());
    match (http, io) {
        (Some(http), _) if http.is_incomplete_message() => format!("{target} closed the connection without an answer"),
        (Some(http), _) if http.is_parse() => format!("{target} answered with something that is not HTTP"),
        (_, Some(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted)) => {
            format!("{target} broke the connection without an answer")
        }
        _ => format!("the request to {target} failed: {}", innermost(&causes)),
    }
}

fn connect_reason(
    error: &reqwest::Error,
    causes: &[&(dyn Error + 'static)],
    io: Option<ErrorKind>,
    target: &str,
    limit: Duration,
) -> String {
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
