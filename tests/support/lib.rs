//! Support for the integration tests: the real program as a guarded process (`tower`, `program`), a real agent's server
//! (`server`), published Python clients (`python`), a wall clock to set (`wall`), and a client for the doors. The product is looked at from outside; nothing here replaces a part of it.

mod program;
mod python;
mod server;
mod tower;
mod wall;

use std::sync::LazyLock;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

pub use program::{Ended, binary, ctl, ctl_in};
pub use python::{Client, Home, Package, finished};
pub use server::{Answer, Seen, Server};
pub use tower::Tower;
pub use wall::{Wall, ms};

/// No answer takes this long; a test that waits for one has failed.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// Whether these bytes have the text in them.
pub fn holds(bytes: &[u8], text: impl AsRef<[u8]>) -> bool {
    memchr::memmem::find(bytes, text.as_ref()).is_some()
}

/// Sends one request. The answer's status and JSON; `Null` for an empty body, a string for one that is not JSON.
///
/// # Panics
/// If there is no answer.
pub async fn send(method: Method, url: &str, bearer: Option<&str>, body: Option<&Value>) -> (u16, Value) {
    // Made once, because a client is slow to make; without idle connections, which would belong to the runtime of one test.
    static HTTP: LazyLock<reqwest::Client> = LazyLock::new(|| {
        reqwest::Client::builder().no_proxy().timeout(ANSWER_LIMIT).pool_max_idle_per_host(0).build().unwrap()
    });
    let mut request = HTTP.request(method.clone(), url);
    if let Some(bearer) = bearer {
        request = request.bearer_auth(bearer);
    }
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let response = request.send().await.unwrap_or_else(|error| panic!("{method} {url} was not answered: {error:?}"));
    let status = response.status().as_u16();
    let text = response.text().await.unwrap_or_else(|error| panic!("{method} {url}: the answer broke off: {error:?}"));
    let json = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
    (status, json)
}

/// Asks again and again until there is something, for what the product does in its own time.
///
/// # Panics
/// If there is nothing within the limit.
pub async fn until<T>(what: &str, limit: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let found = tokio::time::timeout(limit, async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    });
    found.await.unwrap_or_else(|_| panic!("within {limit:?} there was no {what}"))
}
