//! `cuetowerctl worker` on a real tower: it claims, runs, reports; and what becomes of the work when it, or the tower, is gone.

mod ends;
mod work;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use cuetower_tests::{Tower, binary, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// For what the product does in its own time, on a busy machine.
const SOON: Duration = Duration::from_secs(40);

/// A running worker with a folder of its own; ended with its drop.
struct Worker {
    child: Child,
    _folder: TempDir,
}

impl Worker {
    /// `file`: its file, without the address.
    async fn start(url: &str, key: &str, file: &str, args: &[&str]) -> Worker {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("worker.toml");
        std::fs::write(&path, file).unwrap();
        let child = Command::new(binary("cuetowerctl"))
            .arg("worker")
            .arg(path)
            .args(["--url", url])
            .args(args)
            .env("CUETOWER_KEY", key)
            .env("CUETOWER_LOG", "warn")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Worker { child, _folder: folder }
    }

    async fn of(tower: &Tower, file: &str) -> Worker {
        Worker::start(&tower.agents, &tower.key, file, &[]).await
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id().expect("it runs")).unwrap()), signal).unwrap();
    }

    async fn ended(&mut self) -> Option<i32> {
        tokio::time::timeout(SOON, self.child.wait()).await.expect("the worker ends").unwrap().code()
    }
}

/// A worker's file with one handler, of the task `t`, that runs this shell script.
fn handler(script: &str) -> String {
    format!("[[handler]]\ntask = \"t\"\nshell = '''{script}'''\n")
}

/// A worker cue: its id.
async fn cue(tower: &Tower, name: &str, lease_seconds: f64) -> String {
    let definition = json!({
        "name": name, "transport": "worker", "schedule": { "type": "manual" }, "overlap": "allow",
        "worker": { "lease_seconds": lease_seconds }, "payload": { "task": "t", "lead": "Ada" },
    });
    let cue = tower.owner("cue_create", &json!({ "definition": definition })).await;
    cue["id"].as_str().unwrap().to_owned()
}

/// Its run.
async fn fire(tower: &Tower, cue_id: &str, payload: Value) -> String {
    let fired = tower.owner("cue_fire", &json!({ "cue_id": cue_id, "payload": payload })).await;
    fired["run_id"].as_str().unwrap().to_owned()
}

async fn story(tower: &Tower, run: &str) -> Value {
    tower.owner("run_get", &json!({ "run_id": run })).await
}

/// The story once the run has come to this.
async fn story_when(tower: &Tower, run: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let found = until(what, SOON, async || {
        let story = story(tower, run).await;
        is_so(&story).then_some(story)
    });
    found.await
}

fn has_outcome(story: &Value) -> bool {
    story["outcome"].is_object()
}

async fn file(path: &Path) -> String {
    let found = until("file", SOON, async || std::fs::read_to_string(path).ok().filter(|text| !text.is_empty()));
    found.await
}
