//! What this product is for, as scenarios: a real tower, real agents in Python that use the package `cuetower`, and in the end
//! the right verdict and the right sentence, compared as a whole.

mod charging;
mod crash;
mod killed;
mod proof;
mod retried;

use std::path::{Path, PathBuf};
use std::time::Duration;

use cuetower_tests::{Tower, until};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::deliver::free_port;

/// For what happens in its own time, on a busy machine.
const SOON: Duration = Duration::from_secs(60);

/// A tower at a port of its own, where agents find it again, and the folder where they leave their traces.
struct Scene {
    tower: Tower,
    work: TempDir,
    _data: TempDir,
}

impl Scene {
    async fn new() -> Scene {
        Scene::sabotaged(None).await
    }

    async fn sabotaged(switch: Option<&str>) -> Scene {
        let (data, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let listen = format!("127.0.0.1:{}", free_port());
        let env: Vec<_> = switch.iter().map(|switch| ("CUETOWER_SABOTAGE", *switch)).collect();
        let tower = Tower::start_with(Some(data.path()), &["--listen", &listen], &env).await;
        Scene { tower, work, _data: data }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.work.path().join(name)
    }

    /// A cue that runs this agent when it is fired; fields of `with` take the place of its own, `env` is added to.
    fn cue(&self, name: &str, agent: &Path, with: Value) -> Value {
        let python = std::env::var("CUETOWER_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let mut env = json!({
            "PYTHONPATH": house().join("sdk/python/src"), "CUETOWER_SPOOL": self.at("spool"), "WORK": self.work.path(),
            // Started 500 times, it reads the package compiled.
            "PYTHONDONTWRITEBYTECODE": "",
        });
        let mut cue = json!({
            "name": name, "transport": "command", "schedule": { "type": "manual" }, "retry": { "max_attempts": 1 },
            "delivery": { "outcome_deadline_seconds": 60 },
        });
        let Value::Object(with) = with else { panic!("a cue's fields are an object: {with}") };
        for (field, value) in with {
            match (field.as_str(), value) {
                ("env", Value::Object(more)) => env.as_object_mut().unwrap().extend(more),
                (_, value) => cue[field] = value,
            }
        }
        cue["command"] = json!({ "argv": [python, agent], "cwd": self.work.path(), "env": env });
        cue
    }

    async fn made(&self, cue: &Value) -> String {
        let made = self.tower.owner("cue_create", &json!({ "definition": cue })).await;
        made["id"].as_str().unwrap().to_owned()
    }

    async fn fire(&self, cue: &str) -> String {
        run_of(&self.tower.owner("cue_fire", &json!({ "cue_id": cue })).await)
    }

    async fn fired(&self, cue: &Value) -> String {
        self.fire(&self.made(cue).await).await
    }

    /// The run of this agent under a cue with these fields, as it ended.
    async fn told(&self, name: &str, agent: &str, with: Value) -> Told {
        let run = self.fired(&self.cue(name, &script(agent), with)).await;
        self.ended(&run).await
    }

    async fn story(&self, run: &str) -> Value {
        self.tower.owner("run_get", &json!({ "run_id": run })).await
    }

    /// The run's page, once it is so.
    async fn once(&self, run: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let found = tokio::time::timeout(SOON, async {
            loop {
                last = self.story(run).await;
                if is_so(&last) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        });
        let in_time = found.await.is_ok();
        assert!(in_time, "within {SOON:?} there was no {what}: {last:#}");
        last
    }

    async fn ended(&self, run: &str) -> Told {
        let is_over = |story: &Value| story["mark"]["ended_at_ms"].is_number() && story["checking_since_ms"].is_null();
        let story = self.once(run, "end of the run", is_over).await;
        let (status, execution) = self.tower.get(&format!("/v1/executions/{run}")).await;
        assert_eq!(status, 200, "{execution}");
        Told { run: run.to_owned(), alerts: self.alerts(run).await, story, execution }
    }

    /// Kind, severity, title and body of each alert that is open for this run.
    async fn alerts(&self, run: &str) -> Vec<[String; 4]> {
        let alerts = self.tower.owner("alerts", &json!({ "limit": 100 })).await;
        let all = alerts["alerts"].as_array().unwrap().iter();
        let open = all.filter(|alert| alert["run_id"] == run && alert["state"] == "open");
        open.map(|alert| ["kind", "severity", "title", "body"].map(|field| word(alert, field).to_owned())).collect()
    }

    /// Every step at the top of the run: key, state, tries.
    async fn steps(&self, run: &str) -> Vec<Value> {
        let (status, tree) = self.tower.get(&format!("/v1/executions/{run}/steps")).await;
        assert_eq!(status, 200, "{tree}");
        tree["steps"].as_array().unwrap().clone()
    }

    /// What an agent has written into this file, once it is there.
    async fn written(&self, name: &str) -> String {
        let read = || std::fs::read_to_string(self.at(name)).ok().filter(|text| !text.is_empty());
        until(name, SOON, async || read()).await
    }

    /// Makes a file that somebody waits for.
    fn put(&self, name: &str) {
        std::fs::write(self.at(name), "").unwrap();
    }

    async fn crash(&mut self) {
        self.tower.kill9().await;
        self.tower.again().await;
    }
}

/// How a run ended.
struct Told {
    run: String,
    story: Value,
    /// The same through the agents' door.
    execution: Value,
    alerts: Vec<[String; 4]>,
}

impl Told {
    /// The verdict and the sentence, and that both doors and the only alert say the same.
    #[track_caller]
    fn is(&self, verdict: &str, sentence: &str, alert: Option<[&str; 3]>) {
        let said = (word(&self.story, "state"), word(&self.story["mark"], "sentence"));
        assert_eq!(said, (verdict, sentence), "{:#}", self.story);
        assert_eq!(self.execution["verdict"], verdict, "{:#}", self.execution);
        let expected: Vec<[&str; 4]> = alert.iter().map(|[kind, how, title]| [*kind, *how, *title, sentence]).collect();
        assert_eq!(self.alerts, expected);
    }

    /// One field of every attempt.
    fn of_attempts(&self, field: &str) -> Vec<&Value> {
        self.story["attempts"].as_array().unwrap().iter().map(|attempt| &attempt[field]).collect()
    }
}

fn word<'a>(of: &'a Value, field: &str) -> &'a str {
    of[field].as_str().unwrap_or_else(|| panic!("no {field}: {of:#}"))
}

fn run_of(fired: &Value) -> String {
    word(fired, "run_id").to_owned()
}

/// Keys of steps, each with its state and how often it was begun.
fn in_short(steps: &[Value]) -> Vec<(&str, &str, u64)> {
    steps.iter().map(|step| (word(step, "key"), word(step, "state"), step["tries"].as_u64().unwrap())).collect()
}

fn house() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ stands in the house").to_owned()
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("it/confirm/agents").join(name)
}

/// Whole numbers out of an agent's database.
fn numbers(file: &Path, sql: &str) -> Vec<i64> {
    let store = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut statement = store.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}
