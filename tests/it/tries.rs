//! A definition is run once from the editor before it is saved.

use std::time::Duration;

use cuetower_tests::{Tower, until};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

fn definition(line: &str, due: &Value) -> Value {
    json!({ "name": "Backup", "agent": "keeper", "transport": "command", "schedule": due, "confirm": "exit_code",
            "payload": { "folder": "/srv" }, "command": { "argv": ["sh", "-c", line] }, "retry": { "max_attempts": 3 } })
}

async fn names(tower: &Tower) -> Vec<String> {
    let (status, answer) = tower.get("/v1/cues").await;
    assert_eq!(status, 200, "{answer}");
    answer["cues"].as_array().unwrap().iter().map(|cue| cue["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_command_is_tried_for_real_and_its_cue_is_gone_afterwards() {
    let tower = Tower::start().await;
    let work = tempfile::tempdir().unwrap();
    let (sign, go) = (work.path().join("sign"), work.path().join("go"));
    // It really runs, says something while it does, and ends when it is told to.
    let line = format!(
        "echo \"tried $CUETOWER_RUN\"; : > '{}'; until [ -e '{}' ]; do sleep 0.05; done; echo done",
        sign.display(),
        go.display()
    );
    let due = json!({ "type": "recurring", "cron": "0 3 * * *" });
    let fired = tower.owner("cue_try", &json!({ "definition": definition(&line, &due), "cue_id": null })).await;
    let run = fired["run_id"].as_str().unwrap();
    until("the command to be at work", PATIENCE, async || sign.exists().then_some(())).await;
    let printed = until("what it prints, while it runs", PATIENCE, async || {
        let request = json!({ "run_id": run, "number": 1, "stream": "stdout", "from_byte": 0 });
        let said = tower.owner("run_output", &request).await["text"].as_str().unwrap().to_owned();
        said.ends_with('\n').then_some(said)
    })
    .await;
    assert_eq!(printed.trim(), format!("tried {run}"));
    let story = tower.owner("run_get", &json!({ "run_id": run })).await;
    assert!(story["mark"]["ended_at_ms"].is_null() && story["mark"]["triggered_by"] == "manual_fire", "{story}");
    let while_it_runs = names(&tower).await;
    assert_eq!(while_it_runs.len(), 1, "{while_it_runs:?}");
    assert!(while_it_runs[0].starts_with("Backup (test fire"), "{while_it_runs:?}");

    std::fs::write(&go, "").unwrap();
    let story = until("the end of the run", PATIENCE, async || {
        let story = tower.owner("run_get", &json!({ "run_id": run })).await;
        story["mark"]["ended_at_ms"].is_number().then_some(story)
    })
    .await;
    assert_eq!(story["mark"]["confirmed"], "confirmed", "{story}");
    assert!(story["attempts"][0]["stdout"].as_str().unwrap().ends_with("done\n"), "{story}");
    assert_eq!(story["payload"], json!({ "folder": "/srv" }), "as it would run");
    until("its cue to go", PATIENCE, async || names(&tower).await.is_empty().then_some(())).await;
    let story = tower.owner("run_get", &json!({ "run_id": run })).await;
    assert_eq!(
        (&story["cue"]["deleted"], &story["mark"]["confirmed"]),
        (&json!(true), &json!("confirmed")),
        "the run stays"
    );
    let (status, answer) = tower.owner_call("cue_create", &json!({ "definition": definition("true", &due) })).await;
    assert_eq!(status, 200, "its name was never taken: {answer}");
}
