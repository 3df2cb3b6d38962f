//! An agent's HTTP server inside the test: a real one, that remembers what it was asked and answers by a script.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const BODY_MAX: usize = 16 * 1024 * 1024;

/// One request, as it came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    /// With its query.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Seen {
    /// A header's value; "" if it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON; `Null` if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// What the server answers.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub body: String,
    pub headers: Vec<(&'static str, String)>,
    /// How long it keeps the caller waiting.
    pub after: Duration,
}

impl Answer {
    #[must_use]
    pub fn status(status: u16) -> Answer {
        Answer { status, body: String::new(), headers: Vec::new(), after: Duration::ZERO }
    }

    #[must_use]
    pub fn json(status: u16, body: &Value) -> Answer {
        let headers = vec![("content-type", "application/json".to_owned())];
        Answer { body: body.to_string(), headers, ..Answer::status(status) }
    }

    #[must_use]
    pub fn after(self, after: Duration) -> Answer {
        Answer { after, ..self }
    }
}

type Script = Arc<dyn Fn(usize, &Seen) -> Answer + Send + Sync>;

/// Ends with its drop.
pub struct Server {
    /// "http://127.0.0.1:40125", without a slash at the end.
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    count: watch::Receiver<usize>,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Scripted {
    script: Script,
    seen: Arc<Mutex<Vec<Seen>>>,
    count: Arc<watch::Sender<usize>>,
}

impl Server {
    /// `script` gets the request and how many came before it.
    pub async fn start(script: impl Fn(usize, &Seen) -> Answer + Send + Sync + 'static) -> Server {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (sender, count) = watch::channel(0);
        let state = Scripted { script: Arc::new(script), seen: Arc::clone(&seen), count: Arc::new(sender) };
        let router = Router::new().fallback(answer).with_state(state);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Server { url, seen, count, serving }
    }

    /// Every request so far, in order.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every request, once there are `count`.
    ///
    /// # Panics
    /// If there are fewer within the limit.
    pub async fn seen_at_least(&self, count: usize, limit: Duration) -> Vec<Seen> {
        let mut counted = self.count.clone();
        let waited = tokio::time::timeout(limit, counted.wait_for(|seen| *seen >= count)).await;
        assert!(waited.is_ok(), "{} of {count} requests came within {limit:?}", self.seen().len());
        self.seen()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(scripted): State<Scripted>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    // A body that broke off is remembered as an empty one.
    let body = to_bytes(body, BODY_MAX).await.map(Vec::from).unwrap_or_default();
    let request = Seen { method: head.method.to_string(), path, headers: head.headers, body };
    let before = {
        let mut seen = scripted.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(request.clone());
        seen.len() - 1
    };
    let answer = (scripted.script)(before, &request);
    scripted.count.send_replace(before + 1);
    tokio::time::sleep(answer.after).await;
    let headers = answer.headers.into_iter().map(|(name, value)| {
        (HeaderName::from_static(name), HeaderValue::try_from(value).expect("a test's header is plain"))
    });
    let status = StatusCode::from_u16(answer.status).expect("a test's status exists");
    (status, headers.collect::<HeaderMap>(), answer.body).into_response()
}

#[cfg(test)]
mod tests {
    use reqwest::Method;
    use serde_json::json;

    use super::*;
    use crate::send;

    #[tokio::test]
    async fn it_answers_by_its_script_and_remembers_who_asked() {
        let server = Server::start(|before, seen| match before {
            0 => Answer::status(503),
            _ => Answer::json(200, &json!({ "echo": seen.json()["run"] })),
        })
        .await;
        let ask = async || {
            send(Method::POST, &format!("{}/run?x=1", server.url), Some("key"), Some(&json!({ "run": 7 }))).await
        };
        assert_eq!(ask().await, (503, Value::Null));
        assert_eq!(ask().await, (200, json!({ "echo": 7 })));
        let seen = server.seen_at_least(2, Duration::from_secs(5)).await;
        assert_eq!((seen[1].method.as_str(), seen[1].path.as_str()), ("POST", "/run?x=1"));
        assert_eq!(seen[1].header("authorization"), "Bearer key");
    }
}
