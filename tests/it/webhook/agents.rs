//! Agents in another language: CueAPI's tutorial agent, which works inside the request, and a receiver that checks who calls.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use cuetower_tests::{Answer, Server, Tower};
use serde_json::{Map, Value, json};

use super::{PATIENCE, fire, fired, in_state, made, only, sentence};

fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("it/webhook").join(name)
}

/// The tests' own Python; `CUETOWER_PYTHON` may name one that has Flask and standardwebhooks.
fn python() -> Command {
    Command::new(std::env::var("CUETOWER_PYTHON").unwrap_or_else(|_| "python3".to_owned()))
}

/// CueAPI's tutorial agent, ended with its drop.
struct Agent {
    url: String,
    process: Child,
    lines: Option<BufReader<ChildStdout>>,
}

impl Agent {
    fn start(tower: &Tower, work_s: &str) -> Agent {
        let mut process = python()
            .arg(script("tutorial_agent.py"))
            .arg(work_s)
            .env("CUEAPI_BASE_URL", &tower.agents)
            .env("CUEAPI_API_KEY", &tower.key)
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is needed for this test");
        let mut lines = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut url = String::new();
        lines.read_line(&mut url).unwrap();
        Agent { url: url.trim().to_owned(), process, lines: Some(lines) }
    }

    /// Ends it. The runs it began, in order.
    fn began(mut self) -> Vec<String> {
        self.process.kill().unwrap();
        let lines = self.lines.take().expect("it is ended once").lines().map(Result::unwrap);
        lines.filter_map(|line| Some(line.strip_prefix("began ")?.to_owned())).collect()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tutorials_agent_works_longer_than_the_time_out_and_runs_once() {
    let tower = Tower::start().await;
    let agent = Agent::start(&tower, "3");
    let retry = json!({ "max_attempts": 3, "backoff_seconds": [0.1] });
    let run = fired(&tower, &agent.url, json!({ "delivery": { "timeout_seconds": 1 }, "retry": retry })).await;
    let story = in_state(&tower, &run, "claimed").await;
    assert_eq!(only(&story, "unanswered"), "sent, and not answered within 1 s");
    assert_eq!(sentence(&story), "Reported success; nothing verified it. 12 records were processed.");
    assert_eq!(story["outcome"]["result"], "12 leads found");
    assert_eq!(agent.began(), [run]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tutorials_agent_is_confirmed_by_the_proof_it_was_asked_for() {
    let tower = Tower::start().await;
    let agent = Agent::start(&tower, "3");
    let with = json!({ "delivery": { "timeout_seconds": 1 }, "expect": { "min_processed": 10 } });
    let run = fired(&tower, &agent.url, with).await;
    let story = in_state(&tower, &run, "confirmed").await;
    assert_eq!(only(&story, "unanswered"), "sent, and not answered within 1 s");
    assert_eq!(agent.began(), [run]);
}

/// As Standard Webhooks' library and CueAPI's SDK check it, for every method and a body that is hard to sign.
#[tokio::test(flavor = "multi_thread")]
async fn every_delivery_is_signed_twice() {
    let tower = Tower::start().await;
    let agent = Server::start(|_, _| Answer::json(200, &json!({ "success": true }))).await;
    let payload = json!({ "z": 1e-7, "ä": "𝄞\u{7f}\n", "a": [1e21, -0.5, null] });
    for method in ["POST", "GET"] {
        let with = json!({ "callback": { "url": agent.url, "method": method }, "payload": payload });
        let cue = made(&tower, method, &agent.url, with).await;
        in_state(&tower, &fire(&tower, &cue).await, "claimed").await;
    }
    let key = std::fs::read(tower.data.join("tower.key")).unwrap();
    let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    for seen in agent.seen_at_least(2, PATIENCE).await {
        let headers: Map<String, Value> =
            seen.headers.iter().map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap()))).collect();
        let body = String::from_utf8(seen.body).unwrap();
        let call = json!({ "key": key, "headers": headers, "body": body });
        assert_eq!(checked(&call), "good", "{}", seen.method);
        let forged = json!({ "key": key, "headers": headers, "body": body.replace("null", "true") });
        assert_ne!(checked(&forged), "good", "a changed body is noticed");
    }
}

fn checked(call: &Value) -> String {
    let mut checking = python()
        .arg(script("check_signatures.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("python3 is needed for this test");
    let mut input = checking.stdin.take().expect("it is piped");
    input.write_all(call.to_string().as_bytes()).unwrap();
    drop(input);
    let output = checking.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
