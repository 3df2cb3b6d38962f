//! Spans of agents at the agents' door, from the real OpenTelemetry SDK: all there, joined, priced. And the tower's own runs,
//! exported to a collector.

mod hostile;
mod joining;
mod out;
mod real;

use std::path::PathBuf;
use std::time::Duration;

use cuetower_tests::{Answer, Ended, Home, Package, Server, Tower, finished, until};
use serde_json::{Value, json};

const PINS: &str = include_str!("pins.txt");
const PATIENCE: Duration = Duration::from_secs(60);

/// An agent's server that takes work in and says nothing of it, and a cue that calls it.
struct Agent {
    server: Server,
    cue: String,
    count: usize,
}

/// A run that is under way, with the headers that its agent got.
struct Given {
    run: String,
    traceparent: String,
    token: String,
}

impl Agent {
    async fn start(tower: &Tower, name: &str) -> Agent {
        let server = Server::start(|_, _| Answer::status(200)).await;
        let body = json!({
            "name": name, "agent": name, "schedule": { "type": "manual" }, "overlap": "allow",
            "callback": { "url": format!("{}/run", server.url) }, "delivery": { "outcome_deadline_seconds": 3600 },
        });
        let (status, cue) = tower.post("/v1/cues", &body).await;
        assert_eq!(status, 201, "{cue}");
        Agent { server, cue: cue["id"].as_str().unwrap().to_owned(), count: 0 }
    }

    async fn run(&mut self, tower: &Tower) -> Given {
        let (status, fired) = tower.post(&format!("/v1/cues/{}/fire", self.cue), &json!({})).await;
        assert!(status < 300, "{fired}");
        self.count += 1;
        let seen = self.server.seen_at_least(self.count, PATIENCE).await;
        let request = &seen[self.count - 1];
        Given {
            run: request.json()["execution_id"].as_str().expect("CueAPI's body names its execution").to_owned(),
            traceparent: request.header("traceparent").to_owned(),
            token: request.header("x-cuetower-run-token").to_owned(),
        }
    }
}

/// A body at `/v1/traces`, with any headers; status, headers and body of the answer.
async fn sent(tower: &Tower, bearer: &str, headers: &[(&str, &str)], body: Vec<u8>) -> reqwest::Response {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = client.post(format!("{}/v1/traces", tower.agents)).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if !bearer.is_empty() {
        request = request.bearer_auth(bearer);
    }
    request.send().await.expect("the tower answers whatever it gets")
}

/// One span in OTLP's JSON; `attributes` are of the span, `resource` of what it comes from.
fn one(trace: &str, span: &str, attributes: &[(&str, &str)], resource: &[(&str, &str)]) -> Value {
    let pairs = |pairs: &[(&str, &str)]| -> Vec<Value> {
        pairs.iter().map(|(key, text)| json!({ "key": key, "value": { "stringValue": text } })).collect()
    };
    let span = json!({
        "traceId": trace, "spanId": span, "name": "work", "startTimeUnixNano": "1790000000000000000",
        "endTimeUnixNano": "1790000000500000000", "attributes": pairs(attributes),
    });
    json!({ "resourceSpans": [{ "resource": { "attributes": pairs(resource) }, "scopeSpans": [{ "spans": [span] }] }] })
}

/// Sends spans as JSON; what was answered.
async fn told(tower: &Tower, bearer: &str, body: &Value) -> Value {
    let response = sent(tower, bearer, &[("content-type", "application/json")], body.to_string().into_bytes()).await;
    assert_eq!(response.status(), 200, "{body}");
    assert_eq!(response.headers()["content-type"], "application/json");
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

/// The steps of a run that stand at its top.
async fn steps(tower: &Tower, run: &str) -> Value {
    tower.owner("run_steps", &json!({ "run_id": run, "limit": 500 })).await
}

fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("it/traces").join(name)
}

/// Runs the real exporter to its end; what it printed last, and every line.
async fn exported(tower: &Tower, token: &str, jobs: &Value) -> (Value, String) {
    let (package, home) = (Package::installed(PINS).await, Home::new());
    let mut python = package.program("python", &home);
    python.arg(script("exporter.py")).args([&tower.agents, token, &jobs.to_string()]);
    let Ended { code, out, err } = finished(python, "").await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "the exporter complains of nothing");
    (serde_json::from_str(out.lines().last().unwrap_or_default()).unwrap(), out)
}
