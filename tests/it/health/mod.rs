//! The tower's own health, as its owner and his monitors see it: `/health`, `/metrics`, `cuetowerctl doctor`, the files of the log,
//! and the bundle for whoever is asked for help.

mod doctor;
mod figures;
mod log;
mod support;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use cuetower_tests::{Ended, Tower, binary, until};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(60);

/// A run that a worker holds: its id and its token.
async fn held(tower: &Tower, name: &str, more: Value) -> (String, String) {
    let mut cue = json!({ "name": name, "transport": "worker", "schedule": { "type": "manual" }, "overlap": "allow",
                          "retry": { "max_attempts": 1 } });
    cue.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (status, made) = tower.post("/v1/cues", &cue).await;
    assert_eq!(status, 201, "{made}");
    let (status, fired) = tower.post(&format!("/v1/cues/{}/fire", made["id"].as_str().unwrap()), &json!({})).await;
    assert!(status < 300, "{fired}");
    let run = fired["id"].as_str().unwrap().to_owned();
    let claim = format!("/v1/executions/{run}/claim");
    let token = until("a claim", SOON, async || {
        tower.post(&claim, &json!({ "worker_id": "ada" })).await.1["run_token"].as_str().map(str::to_owned)
    });
    let token = token.await;
    (run, token)
}

/// `cuetowerctl` on a folder, with this in its environment.
async fn ctl_with(data: &Path, environment: &[(&str, &str)], args: &[&str]) -> Ended {
    let mut command = tokio::process::Command::new(binary("cuetowerctl"));
    command.arg("--data").arg(data).args(args).envs(environment.iter().copied()).stdin(Stdio::null());
    let output = tokio::time::timeout(SOON, command.kill_on_drop(true).output()).await;
    let output = output.unwrap_or_else(|_| panic!("{args:?} does not end")).unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}
