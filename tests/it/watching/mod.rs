//! Agents that fail in the ways that no look at a process list shows: real processes, a real tower, and what its owner is told.
//!
//! How soon is read off the tower's own records, never off a clock of the test's.

mod agents;
mod blocked;
mod fuses;
mod heartbeats;
mod leaking;
mod leaving;
mod looking;
mod spending;

use std::path::{Path, PathBuf};
use std::time::Duration;

use cuetower_tests::{Tower, until};
use serde_json::{Value, json};
use tempfile::TempDir;

/// For what the product does in its own time, on a busy machine.
const SOON: Duration = Duration::from_secs(60);

/// A tower, and the folder where agents leave their traces.
struct Watch {
    tower: Tower,
    work: TempDir,
}

impl Watch {
    async fn new() -> Watch {
        Watch { tower: Tower::start().await, work: tempfile::tempdir().unwrap() }
    }

    /// A command cue that is fired by hand and runs the agent of this name once; `env` is added to its environment, `with` is
    /// laid over its definition.
    fn cue(&self, agent: &str, env: Value, with: Value) -> Value {
        let script = agents().join(format!("{agent}.py"));
        let mut environment = json!({ "WORK": self.work.path(), "PYTHONDONTWRITEBYTECODE": "1" });
        environment.as_object_mut().unwrap().extend(env.as_object().unwrap().clone());
        let mut cue = json!({
            "name": agent, "transport": "command", "schedule": { "type": "manual" },
            "command": { "argv": ["python3", script], "env": environment, "stop_grace_seconds": 600 },
            "retry": { "max_attempts": 1 },
        });
        for (name, value) in with.as_object().unwrap().clone() {
            match (name.as_str(), value) {
                ("command", Value::Object(command)) => cue["command"].as_object_mut().unwrap().extend(command),
                (_, value) => cue[name] = value,
            }
        }
        cue
    }

    async fn made(&self, cue: &Value) -> String {
        let made = self.tower.owner("cue_create", &json!({ "definition": cue })).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// A new run of the cue, in the hands of a worker.
    async fn at_work(&self, cue: &str) -> String {
        let fired = self.tower.owner("cue_fire", &json!({ "cue_id": cue })).await;
        let run = fired["run_id"].as_str().unwrap().to_owned();
        let path = format!("/v1/executions/{run}/claim");
        until("work to claim", SOON, async || {
            let (status, _) = self.tower.post(&path, &json!({ "worker_id": "w" })).await;
            (status == 200).then_some(())
        })
        .await;
        run
    }

    async fn beats(&self, run: &str, mut body: Value) {
        body["execution_id"] = json!(run);
        let (status, answer) = self.tower.post("/v1/heartbeats", &body).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// The run that it is fired for.
    async fn fired(&self, cue: &Value) -> String {
        let made = self.tower.owner("cue_create", &json!({ "definition": cue })).await;
        let fired = self.tower.owner("cue_fire", &json!({ "cue_id": made["id"] })).await;
        fired["run_id"].as_str().unwrap().to_owned()
    }

    async fn story(&self, run: &str) -> Value {
        self.tower.owner("run_get", &json!({ "run_id": run })).await
    }

    async fn once(&self, run: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        until(what, SOON, async || Some(self.story(run).await).filter(&is_so)).await
    }

    async fn ended(&self, run: &str) -> Value {
        self.once(run, "end of the run", |story| story["mark"]["ended_at_ms"].is_number()).await
    }

    async fn alerts(&self) -> Vec<Value> {
        let alerts = self.tower.owner("alerts", &json!({ "limit": 100 })).await;
        alerts["alerts"].as_array().unwrap().clone()
    }

    /// The alert of this kind about the run, once it is so.
    async fn alert(&self, kind: &str, run: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let about = |alert: &Value| alert["kind"] == kind && alert["run_id"] == run && is_so(alert);
        until(kind, SOON, async || self.alerts().await.into_iter().find(&about)).await
    }

    /// Kinds of all alerts there are, in their order of the alphabet.
    async fn kinds(&self) -> Vec<String> {
        let mut kinds: Vec<String> =
            self.alerts().await.iter().map(|alert| alert["kind"].as_str().unwrap().to_owned()).collect();
        kinds.sort();
        kinds
    }

    /// What stands behind this word in the agents' log, line by line.
    fn said(&self, word: &str) -> Vec<Vec<i64>> {
        let log = std::fs::read_to_string(self.work.path().join("log")).unwrap_or_default();
        let lines = log.lines().filter_map(|line| line.strip_prefix(word));
        lines.map(|rest| rest.split_whitespace().map(|number| number.parse().unwrap()).collect()).collect()
    }

    /// Once it stands there so often.
    async fn saying(&self, word: &str, times: usize) -> Vec<Vec<i64>> {
        until(word, SOON, async || Some(self.said(word)).filter(|said| said.len() >= times)).await
    }

    fn put(&self, name: &str) {
        std::fs::write(self.work.path().join(name), "").unwrap();
    }
}

/// Work that is claimed by hand; `with` is laid over its definition.
fn work(with: &Value) -> Value {
    let mut cue = json!({ "name": "work", "transport": "worker", "schedule": { "type": "manual" }, "overlap": "allow",
        "retry": { "max_attempts": 1 }, "delivery": { "outcome_deadline_seconds": 600 } });
    cue.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    cue
}

fn agents() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("it/watching/agents")
}

fn ms(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("no instant: {value}"))
}

/// When the process of the first attempt ended: its start, and the length of its life by its launcher ("after 1.2 s").
fn died_at_ms(story: &Value) -> i64 {
    let attempt = &story["attempts"][0];
    let sentence = attempt["sentence"].as_str().unwrap();
    let after = sentence.split(" after ").nth(1).unwrap_or_else(|| panic!("no length of life in {sentence}"));
    let mut words = after.split([' ', ':', ';', ',']);
    let (length, unit) = (words.next().unwrap().parse::<f64>().unwrap(), words.next().unwrap());
    let factor = match unit {
        "ms" => 1.0,
        "s" => 1_000.0,
        other => panic!("a test's agent does not live for {length} {other}"),
    };
    #[expect(clippy::cast_possible_truncation, reason = "seconds")]
    let lived_ms = (length * factor) as i64;
    ms(&attempt["delivered_at_ms"]) + lived_ms
}

/// Whether a process is there and is no zombie.
fn lives(pid: i64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

/// By the tower's real clock.
#[expect(clippy::disallowed_methods, reason = "held against instants that the tower wrote")]
fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}
