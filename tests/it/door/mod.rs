//! The agents' door over real HTTP, on a real engine in a temporary folder; what was stored is looked up in the file itself.

mod after;
mod auth;
mod clevagent;
mod cues;
mod gates;
mod kept_headers;
mod keys;
mod logins;
mod messages;
mod messages_pushed;
mod permits;
mod refusals;
mod runs;
mod small;
mod steps;
mod triggers;

use std::sync::Arc;

use cuetower_engine::clock::SystemClock;
use cuetower_engine::handle::TowerChange;
use cuetower_engine::journal::KeyRow;
use cuetower_engine::notify::Notifier;
use cuetower_engine::receive::{Door, Openings};
use cuetower_engine::token::new_api_key;
use cuetower_engine::vault::{Vault, VaultKind};
use cuetower_engine::{Config, Engine, Handle, Ports, Running};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// An engine with its agents' door open.
struct Tower {
    http: reqwest::Client,
    /// "http://127.0.0.1:40125".
    base: String,
    handle: Handle,
    /// Has every scope.
    key: String,
    dir: tempfile::TempDir,
    running: Running,
    close: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

/// What came back.
#[derive(Debug)]
struct Back {
    status: u16,
    headers: reqwest::header::HeaderMap,
    json: Value,
}

impl Back {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The code of a refusal; the refusal must have the one shape.
    fn code(&self) -> &str {
        let error = &self.json["error"];
        assert_eq!(error, &self.json["detail"]["error"], "both of CueAPI's clients must find it: {self:?}");
        assert_eq!(error["status"], json!(self.status), "{self:?}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{self:?}");
        error["code"].as_str().unwrap_or_else(|| panic!("no code: {self:?}"))
    }

    /// The field named first in a 422.
    fn field(&self) -> &str {
        self.json["error"]["details"][0]["field"].as_str().unwrap_or_default()
    }
}

impl Tower {
    async fn start() -> Tower {
        Tower::start_with(Openings::default()).await
    }

    /// With the door opened so far.
    async fn start_with(openings: Openings) -> Tower {
        Tower::start_in(tempfile::tempdir().unwrap(), openings).await
    }

    async fn start_in(dir: tempfile::TempDir, openings: Openings) -> Tower {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let ports = Ports {
            clock: Arc::new(SystemClock::new()),
            vault: Vault::open(VaultKind::Memory, dir.path()).await,
            notifier: Notifier::start(false).await.0,
        };
        let mut config = Config::of(dir.path().to_owned(), base.clone());
        config.strict_addresses = openings.strict_addresses;
        config.account_cues = openings.account_cues.unwrap_or(config.account_cues);
        let (handle, running) = Engine::start(config, ports).unwrap();
        let (close, closed) = oneshot::channel::<()>();
        let door = Door::new(handle.clone(), "0.0.0-test", openings);
        let serving = tokio::spawn(door.serve(listener, async move { drop(closed.await) }));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut tower = Tower { http, base, handle, key: String::new(), dir, running, close, serving };
        tower.key = tower.key_with("cues report commands").await;
        tower
    }

    /// A new key with these scopes.
    async fn key_with(&self, scopes: &str) -> String {
        self.named_key(&format!("for {scopes}"), scopes).await
    }

    async fn named_key(&self, name: &str, scopes: &str) -> String {
        let key = new_api_key();
        let row = KeyRow::of_owner(&key, name, scopes, self.handle.now());
        self.handle.tower(TowerChange::KeyAdded(Box::new(row))).await.unwrap();
        key
    }

    /// Without any key.
    fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Back {
        self.ask_as(&self.key, method, path, body).await
    }

    async fn ask_as(&self, key: &str, method: Method, path: &str, body: Option<&Value>) -> Back {
        let request = self.bare(method, path).bearer_auth(key);
        back(match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            None => request,
        })
        .await
    }

    async fn get(&self, path: &str) -> Back {
        self.ask(Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> Back {
        self.ask(Method::POST, path, Some(&body)).await
    }

    /// The id of a new cue that is fired by hand and calls this URL.
    async fn manual_cue(&self, name: &str, url: &str) -> String {
        let made = self.post("/v1/cues", manual(name, url)).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.json["id"].as_str().unwrap().to_owned()
    }

    /// Rows of cues, occurrences and journal facts about cues, in the file.
    fn stored(&self) -> (u32, u32, u32) {
        let file = rusqlite::Connection::open(self.dir.path().join("cuetower.db")).unwrap();
        let count = |sql: &str| file.query_row(sql, [], |row| row.get(0)).unwrap();
        (
            count("SELECT count(*) FROM cues"),
            count("SELECT count(*) FROM occurrences"),
            count("SELECT count(*) FROM journal WHERE lane LIKE 'cue\\_%' ESCAPE '\\'"),
        )
    }

    /// Stops it, and starts it again on the same folder, with another door.
    async fn restart_with(self, openings: Openings) -> Tower {
        drop(self.close);
        self.serving.await.unwrap().unwrap();
        self.running.stop().await;
        Tower::start_in(self.dir, openings).await
    }

    /// Closes the door, then the engine; both must end by themselves.
    async fn stop(self) {
        drop(self.close);
        self.serving.await.unwrap().unwrap();
        self.running.stop().await;
    }
}

async fn back(request: RequestBuilder) -> Back {
    let response = request.send().await.unwrap_or_else(|error| panic!("no answer: {error:?}"));
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let is_page = headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let json = match text.is_empty() || is_page {
        true => Value::Null,
        false => serde_json::from_str(&text).unwrap_or_else(|_| panic!("the answer is JSON: {status} {text}")),
    };
    Back { status, headers, json }
}

fn manual(name: &str, url: &str) -> Value {
    json!({ "name": name, "schedule": { "type": "manual" }, "callback": { "url": url }, "payload": { "task": "brief", "n": 1 } })
}
