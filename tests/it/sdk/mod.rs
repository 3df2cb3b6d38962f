//! The Python package `cuetower` (`sdk/python`) on the real tower, in real processes: started by the tower, by somebody else,
//! behind a web hook; and what becomes of it when it, or the tower, is killed.

mod asked;
mod away;
mod joined;
mod package;
mod said;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use cuetower_tests::{Tower, until};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// For what happens in its own time, on a busy machine.
const SOON: Duration = Duration::from_secs(60);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ stands in the house").to_owned()
}

fn python() -> String {
    std::env::var("CUETOWER_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// A tower at a port of its own, where agents find it again, and the folder where they leave their traces.
struct Scene {
    tower: Tower,
    work: TempDir,
    _data: TempDir,
}

impl Scene {
    async fn new() -> Scene {
        let (data, work) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let tower = Tower::start_with(Some(data.path()), &["--listen", &format!("127.0.0.1:{port}")], &[]).await;
        Scene { tower, work, _data: data }
    }

    /// What every program with the SDK finds around it.
    fn env(&self) -> Vec<(&'static str, String)> {
        let text = |path: &Path| path.to_str().expect("plain names").to_owned();
        vec![
            ("PYTHONPATH", text(&root().join("sdk/python/src"))),
            ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
            ("CUETOWER_SPOOL", text(&self.work.path().join("spool"))),
            ("WORK", text(self.work.path())),
        ]
    }

    /// A cue whose agent the tower starts: this script with this word. `with` is laid over it, one level deep.
    async fn command(&self, name: &str, argv: &[&str], with: Value) -> String {
        let argv: Vec<String> = [python()].into_iter().chain(argv.iter().map(|word| (*word).to_owned())).collect();
        let mut env: serde_json::Map<String, Value> =
            self.env().into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        let mut cue = json!({
            "name": name, "transport": "command", "schedule": { "type": "manual" },
            "retry": { "max_attempts": 1 }, "delivery": { "outcome_deadline_seconds": 60 },
        });
        for (field, value) in with.as_object().expect("an object") {
            match field.as_str() {
                "env" => env.extend(value.as_object().expect("an object").clone()),
                _ => cue[field] = value.clone(),
            }
        }
        cue["command"] = json!({ "argv": argv, "env": env });
        self.made(&cue).await
    }

    async fn made(&self, cue: &Value) -> String {
        let made = self.tower.owner("cue_create", &json!({ "definition": cue })).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// The run that it is fired for.
    async fn fire(&self, cue: &str) -> String {
        let fired = self.tower.owner("cue_fire", &json!({ "cue_id": cue })).await;
        fired["run_id"].as_str().unwrap().to_owned()
    }

    /// A program that the tower does not start: it is told of one agent and of one cue.
    fn outside(&self, what: &str, cue: &str) -> Command {
        let mut command = Command::new(python());
        command.arg(script("agent.py")).arg(what).env_clear().envs(self.env());
        command.env("PATH", std::env::var("PATH").unwrap_or_default()).env("CUE", cue);
        command.env("CUETOWER_URL", &self.tower.agents).env("CUETOWER_API_KEY", &self.tower.key);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    async fn story(&self, run: &str) -> Value {
        self.tower.owner("run_get", &json!({ "run_id": run })).await
    }

    /// The run's page once it has ended, which must be so.
    async fn ended(&self, run: &str, state: &str) -> Value {
        let story = until("end of the run", SOON, async || {
            let story = self.story(run).await;
            story["mark"]["ended_at_ms"].is_number().then_some(story)
        });
        let story = story.await;
        assert_eq!(story["state"], state, "{story:#}");
        story
    }

    /// The steps at the top of a run, or below one of them.
    async fn steps(&self, run: &str, parent: &str) -> Vec<Value> {
        let under = if parent.is_empty() { String::new() } else { format!("&parent={parent}") };
        let path = format!("/v1/executions/{run}/steps?limit=500{under}");
        let (status, answer) = self.tower.speak(Method::GET, &path, None).await;
        assert_eq!(status, 200, "{answer}");
        answer["steps"].as_array().unwrap().clone()
    }

    /// The step with this key.
    async fn step(&self, run: &str, key: &str) -> Value {
        let steps = self.steps(run, "").await;
        steps.iter().find(|step| step["key"] == key).unwrap_or_else(|| panic!("no step {key}: {steps:#?}")).clone()
    }

    /// What an agent has written into this file, once it is there.
    async fn written(&self, name: &str) -> String {
        until(name, SOON, async || std::fs::read_to_string(self.work.path().join(name)).ok()).await
    }

    /// Makes a file that agents wait for.
    fn put(&self, name: &str) {
        std::fs::write(self.work.path().join(name), "").unwrap();
    }

    /// Reports that could not be told.
    fn kept(&self) -> usize {
        let files = std::fs::read_dir(self.work.path().join("spool")).into_iter().flatten().flatten();
        files.filter(|file| file.path().extension().is_some_and(|ending| ending == "json")).count()
    }
}

fn script(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/sdk").join(name);
    path.to_str().expect("plain names").to_owned()
}

/// Exit code, standard output and standard error.
async fn finished(child: Child) -> (Option<i32>, String, String) {
    let waited = tokio::time::timeout(SOON, child.wait_with_output()).await;
    let output = waited.expect("it ends").unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}
