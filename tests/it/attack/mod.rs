//! Attacks on the real `cuetowerctl serve`, one file for each way in. Each case says what it tries; docs/security.md says what
//! is promised and names the case that holds it.
//!
//! Nothing is replaced: hostile bytes go over real sockets, and hostile programs are real processes.

mod bulk;
mod callbacks;
mod canary;
mod credentials;
mod files;
mod forms;
mod injection;
mod names;
mod origins;
mod programs;
mod queries;
pub(crate) mod scopes;
mod wire;

// Of issue 8; each needs a part of it: gates at both doors; `/mcp`; the bounds and checks of both doors; scopes by word, keys
// that end, tokens that die with their run; known values blotted out everywhere.
mod doors;
mod echoes;
mod exports;
mod folders;
mod gates;
mod keys;
mod mcp;
mod shown;

use std::time::Duration;

use cuetower_tests::{Answer, Server, Tower, holds, send, until};
use reqwest::Method;
use serde_json::{Value, json};

/// For what the product does in its own time, on a busy machine.
const SOON: Duration = Duration::from_secs(60);
/// Where nobody listens.
const NOBODY: &str = "http://127.0.0.1:9/run";

/// Every route of the agents' door with something in the place of what varies: method in capitals, target.
fn agents_routes() -> Vec<(String, String)> {
    let filled = |path: &str| {
        let parts = path
            .split('/')
            .map(|part| if part.starts_with('{') { "00000000-0000-4000-8000-000000000000" } else { part });
        parts.collect::<Vec<_>>().join("/")
    };
    cuetower_engine::receive::routes().into_iter().map(|(method, path)| (method.to_uppercase(), filled(path))).collect()
}

/// Everything that the owner's door has: every command, and the three other ways in.
fn owners_routes() -> Vec<(String, String)> {
    let rest = [("GET", "/"), ("GET", "/index.html"), ("GET", "/events?from=0"), ("POST", "/ticket")];
    let commands = cuetower_engine::desk::COMMANDS.iter().map(|(name, ..)| ("POST".to_owned(), format!("/rpc/{name}")));
    rest.into_iter().map(|(method, target)| (method.to_owned(), target.to_owned())).chain(commands).collect()
}

/// The owner's own token, from the file that only the owner can read.
fn owners_token(tower: &Tower) -> String {
    std::fs::read_to_string(tower.data.join("owner.token")).unwrap()
}

/// A new key of the owner's with these scopes.
async fn key(tower: &Tower, scopes: &[&str]) -> String {
    let name = format!("for {}", scopes.join(" and "));
    let made = tower.owner("key_add", &json!({ "name": name, "scopes": scopes })).await;
    made["key"].as_str().unwrap().to_owned()
}

/// A request at the agents' door with this bearer.
async fn speak(tower: &Tower, bearer: &str, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
    send(method, &format!("{}{path}", tower.agents), Some(bearer), body).await
}

/// The code of a refusal at either door.
fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().or(answer["code"].as_str()).unwrap_or_default()
}

/// A cue that is fired by hand and calls this address; `more` is laid over it.
fn hook(name: &str, url: &str, more: Value) -> Value {
    let mut cue = json!({ "name": name, "schedule": { "type": "manual" }, "callback": { "url": url },
                          "retry": { "max_attempts": 1 }, "delivery": { "outcome_deadline_seconds": 3600 } });
    cue.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    cue
}

/// The id of a cue that the owner's key makes.
async fn made(tower: &Tower, cue: &Value) -> String {
    let (status, answer) = tower.post("/v1/cues", cue).await;
    assert_eq!(status, 201, "{cue}: {answer}");
    answer["id"].as_str().unwrap().to_owned()
}

/// The run that a cue is fired for.
async fn fired(tower: &Tower, cue: &str) -> String {
    tower.owner("cue_fire", &json!({ "cue_id": cue })).await["run_id"].as_str().unwrap().to_owned()
}

async fn story(tower: &Tower, run: &str) -> Value {
    tower.owner("run_get", &json!({ "run_id": run })).await
}

/// The run's story, once it is so.
async fn once(tower: &Tower, run: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    until(what, SOON, async || Some(story(tower, run).await).filter(&is_so)).await
}

async fn ended(tower: &Tower, run: &str) -> Value {
    once(tower, run, "end of the run", |story| story["mark"]["ended_at_ms"].is_number()).await
}

/// An agent that takes work in and says nothing of it, with its cue.
struct Agent {
    server: Server,
    cue: String,
}

/// A run that its agent holds, with the token it was given.
struct Held {
    run: String,
    token: String,
}

impl Agent {
    /// `more` is laid over its cue.
    async fn start(tower: &Tower, name: &str, more: Value) -> Agent {
        let server = Server::start(|_, _| Answer::status(202)).await;
        let mut cue = hook(name, &format!("{}/run", server.url), more);
        cue["overlap"] = json!("allow");
        let cue = made(tower, &cue).await;
        Agent { server, cue }
    }

    async fn run(&self, tower: &Tower) -> Held {
        let before = self.server.seen().len();
        let run = fired(tower, &self.cue).await;
        let seen = self.server.seen_at_least(before + 1, SOON).await;
        once(tower, &run, "delivered run", |story| story["attempts"][0]["delivered_at_ms"].is_number()).await;
        Held { run, token: seen[before].header("x-cuetower-run-token").to_owned() }
    }
}

/// It still does its work after whatever was done to it.
async fn is_well(tower: &Tower) {
    assert_eq!(tower.get("/health").await.0, 200);
    let status = tower.owner("tower_status", &json!({})).await;
    assert_eq!(status["paused"], false, "{status}");
}
