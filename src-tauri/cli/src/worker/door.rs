//! The tower's agents' door, as a worker speaks to it. Answers are read into what the worker needs; refusals are values.

use std::time::Duration;

use cuetower_engine::token::new_ticket;
use reqwest::{Method, RequestBuilder, Response, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::owner::root_of;

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// The tower may keep a question open for so long, and then needs a moment to answer.
const WAIT_SPARE: Duration = Duration::from_secs(10);
const LEAVING_LIMIT: Duration = Duration::from_secs(2);
/// A claim whose answer was lost is asked for again; the same worker gets the same answer.
const CLAIM_TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A piece of work, taken.
#[derive(Debug, Clone, Deserialize)]
pub struct Claimed {
    pub execution_id: String,
    pub cue_id: String,
    pub cue_name: String,
    pub attempt: u32,
    pub payload: Value,
    pub idempotency_key: String,
    /// Speaks for this attempt alone.
    pub run_token: String,
    pub lease_seconds: f64,
}

/// Why the tower did not do it.
#[derive(Debug)]
pub enum Trouble {
    /// It was not there, or had no time; when to ask again, if it said so.
    Later {
        words: String,
        after: Option<Duration>,
    },
    Refused {
        status: u16,
        code: String,
        message: String,
    },
}

impl Trouble {
    pub fn sentence(self) -> String {
        match self {
            Trouble::Later { words, .. } => words,
            Trouble::Refused { message, .. } => message,
        }
    }
}

/// Longer pauses from failure to failure.
#[derive(Debug, Default)]
pub struct Backoff(u32);

impl Backoff {
    /// How long to wait now; said in the log the first time.
    pub fn after(&mut self, trouble: &Trouble) -> Duration {
        let words = match trouble {
            Trouble::Later { words, .. } => words,
            Trouble::Refused { message, .. } => message,
        };
        if self.0 == 0 {
            tracing::warn!("{}; it is asked again and again", words.trim_end_matches('.'));
        }
        let pause = FIRST_PAUSE.saturating_mul(1 << self.0.min(10)).min(LONGEST_PAUSE);
        self.0 += 1;
        match trouble {
            Trouble::Later { after: Some(after), .. } => pause.max(*after),
            Trouble::Later { after: None, .. } => pause,
            // Nothing that waiting would change soon.
            Trouble::Refused { .. } => LONGEST_PAUSE,
        }
    }
}

pub struct Door {
    /// "http://127.0.0.1:8737"
    pub base: String,
    /// The file's word for this worker, and an ending that is new with each start: a worker that comes back is not the one
    /// that was killed, whose work must not be kept from others in its name.
    pub worker_id: String,
    http: reqwest::Client,
    key: String,
}

impl Door {
    /// # Errors
    /// A sentence, if the address is none.
    pub fn new(url: &str, key: &str, worker_id: &str) -> Result<Door, String> {
        let parsed = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let parsed =
            parsed.ok_or_else(|| format!("{url} is no address of a tower; http://127.0.0.1:8737 would be."))?;
        let local = matches!(parsed.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_LIMIT)
            .timeout(ANSWER_LIMIT);
        let http = if local { http.no_proxy() } else { http };
        let http = http.build().map_err(|error| format!("The worker could not begin: {}.", root_of(&error)))?;
        let worker_id = format!("{worker_id}-{}", &new_ticket()[..6]);
        let base = url.trim_end_matches('/').trim_end_matches("/v1").to_owned();
        Ok(Door { base, worker_id, http, key: key.to_owned() })
    }

    /// Ids of what may be claimed for this task, oldest first. With `wait` the tower answers as soon as there is something.
    pub async fn claimable(&self, task: &str, wait_seconds: u32) -> Result<Vec<String>, Trouble> {
        #[derive(Deserialize)]
        struct Found {
            executions: Vec<Claimable>,
        }
        #[derive(Deserialize)]
        struct Claimable {
            execution_id: String,
            task: Option<String>,
        }
        let wait = wait_seconds.to_string();
        let mut url = Url::parse(&format!("{}/v1/executions/claimable", self.base)).map_err(|error| unread(&error))?;
        url.query_pairs_mut().append_pair("task", task).append_pair("wait", &wait);
        let limit = Duration::from_secs(wait_seconds.into()) + WAIT_SPARE;
        let request = self.http.get(url).timeout(limit).bearer_auth(&self.key);
        let found: Found = self.ask(request).await?;
        let ours = found.executions.into_iter().filter(|found| found.task.as_deref() == Some(task));
        Ok(ours.map(|found| found.execution_id).collect())
    }

    /// None: somebody else has it, or it is there no more.
    pub async fn claim(&self, execution_id: &str) -> Result<Option<Claimed>, Trouble> {
        let mut backoff = Backoff::default();
        for _ in 1..CLAIM_TRIES {
            match self.claim_once(execution_id).await {
                Err(trouble @ Trouble::Later { .. }) => tokio::time::sleep(backoff.after(&trouble)).await,
                other => return other,
            }
        }
        self.claim_once(execution_id).await
    }

    async fn claim_once(&self, execution_id: &str) -> Result<Option<Claimed>, Trouble> {
        let request = self.post(&format!("/v1/executions/{execution_id}/claim"), &self.key);
        let claimed = self.ask(with_json(request, &json!({ "worker_id": self.worker_id }))).await;
        match claimed {
            Ok(claimed) => Ok(Some(claimed)),
            Err(Trouble::Refused { status: 404 | 409, .. }) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// The lease begins anew.
    pub async fn heartbeat(&self, claimed: &Claimed) -> Result<(), Trouble> {
        let request = self.post(&format!("/v1/executions/{}/heartbeat", claimed.execution_id), &claimed.run_token);
        self.ask::<Value>(request.header("x-worker-id", &self.worker_id)).await.map(drop)
    }

    pub async fn release(&self, claimed: &Claimed, reason: &str) -> Result<(), Trouble> {
        let request = self.post(&format!("/v1/executions/{}/release", claimed.execution_id), &claimed.run_token);
        let body = json!({ "worker_id": self.worker_id, "reason": reason });
        self.ask::<Value>(with_json(request, &body)).await.map(drop)
    }

    pub async fn report(&self, claimed: &Claimed, outcome: &Value) -> Result<(), Trouble> {
        let request = self.post(&format!("/v1/executions/{}/outcome", claimed.execution_id), &claimed.run_token);
        self.ask::<Value>(with_json(request, outcome)).await.map(drop)
    }

    /// Whether its program has reported by itself.
    pub async fn has_outcome(&self, claimed: &Claimed) -> bool {
        let url = format!("{}/v1/executions/{}", self.base, claimed.execution_id);
        let request = self.http.request(Method::GET, url).bearer_auth(&claimed.run_token);
        self.ask::<Value>(request).await.is_ok_and(|execution| !execution["outcome"].is_null())
    }

    /// Says that this worker is there, and what it can do.
    pub async fn register(&self, tasks: &[&str]) -> Result<(), Trouble> {
        let request = self.post("/v1/worker/heartbeat", &self.key);
        let body = json!({ "worker_id": self.worker_id, "handlers": tasks });
        self.ask::<Value>(with_json(request, &body)).await.map(drop)
    }

    /// This worker does not come back; a tower that keeps it in its list does no harm.
    pub async fn leave(&self) {
        let Ok(mut url) = Url::parse(&format!("{}/v1/workers", self.base)) else { return };
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.push(&self.worker_id);
        }
        drop(self.http.delete(url).timeout(LEAVING_LIMIT).bearer_auth(&self.key).send().await);
    }

    fn post(&self, path: &str, bearer: &str) -> RequestBuilder {
        self.http.request(Method::POST, format!("{}{path}", self.base)).bearer_auth(bearer)
    }

    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Trouble> {
        let response = request.send().await.map_err(|error| self.unreached(error))?;
        if response.status().is_success() {
            let text = response.text().await.map_err(|error| self.unreached(error))?;
            return serde_json::from_str(&text).map_err(|error| unread(&error));
        }
        Err(refusal(response).await)
    }

    fn unreached(&self, error: reqwest::Error) -> Trouble {
        let words = format!("The tower at {} did not answer: {}.", self.base, root_of(&error.without_url()));
        Trouble::Later { words, after: None }
    }
}

fn with_json(request: RequestBuilder, body: &Value) -> RequestBuilder {
    request.header("content-type", "application/json").body(body.to_string())
}

/// Another version, or no tower at all.
fn unread(error: &dyn std::error::Error) -> Trouble {
    Trouble::Later { words: format!("The tower's answer does not fit: {error}."), after: None }
}

async fn refusal(response: Response) -> Trouble {
    #[derive(Deserialize)]
    struct Body {
        error: Said,
    }
    #[derive(Deserialize)]
    struct Said {
        code: String,
        message: String,
    }
    let status = response.status();
    let after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    let text = response.text().await.unwrap_or_default();
    let said = serde_json::from_str::<Body>(&text).ok().map(|body| body.error);
    let (code, message) = match said {
        Some(said) => (said.code, said.message),
        None => (String::new(), format!("The tower answered with {status}.")),
    };
    match status.as_u16() {
        408 | 425 | 429 | 500.. => Trouble::Later { words: message, after: after.map(Duration::from_secs) },
        status => Trouble::Refused { status, code, message },
    }
}
