//! The real program, killed while it looks: it looks again when it is back, and the verdict is what it sees then.

use std::time::Duration;

use cuetower_tests::{Answer, Server, Tower, until};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);

/// The story of a run, once it is so.
async fn story(tower: &Tower, run: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    until(what, SOON, async || {
        let story = tower.owner("run_get", &json!({ "run_id": run })).await;
        is_so(&story).then_some(story)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tower_that_is_killed_while_it_looks_looks_again() {
    let mut tower = Tower::start().await;
    let agent = Server::start(|_, _| Answer::status(202)).await;
    let (looks, go) = (tower.data.join("looks"), tower.data.join("go"));
    let line = format!(
        "echo looked >> {}; i=0; while [ ! -e {} ] && [ $i -lt 600 ]; do sleep 0.05; i=$((i+1)); done",
        looks.display(),
        go.display()
    );
    let mut checks = vec![json!({ "check": "command", "shell": line, "cwd": tower.data, "timeout_seconds": 120 })];
    let proof = tower.data.join("proof.txt");
    checks.push(json!({ "check": "file", "path": proof }));
    let definition = json!({
        "name": "leads", "schedule": { "type": "manual" }, "callback": { "url": agent.url }, "checks": checks,
    });
    let cue = tower.owner("cue_create", &json!({ "definition": definition })).await;
    let fired = tower.owner("cue_fire", &json!({ "cue_id": cue["id"] })).await;
    let run = fired["run_id"].as_str().unwrap().to_owned();
    agent.seen_at_least(1, SOON).await;
    let (status, told) = tower.post(&format!("/v1/executions/{run}/outcome"), &json!({ "success": true })).await;
    assert_eq!((status, &told["outcome_state"], &told["verdict"]), (200, &json!("verification_pending"), &Value::Null));
    let looked = || std::fs::read_to_string(&looks).unwrap_or_default().lines().count();
    for kill in 1..=3 {
        until("look", SOON, async || (looked() >= kill).then_some(())).await;
        let seen = story(&tower, &run, "run that is looked at", |story| !story["checking_since_ms"].is_null()).await;
        assert_eq!(seen["mark"]["confirmed"], "working", "{seen}");
        assert_eq!(seen["mark"]["sentence"], "Reported success; 2 checks are looked at.");
        let open = seen["proof"].as_array().unwrap();
        assert!(open.len() == 2 && open.iter().all(|proof| proof["passed"].is_null()), "{open:?}");
        tower.kill9().await;
        tower.again().await;
    }
    until("fourth look", SOON, async || (looked() >= 4).then_some(())).await;
    std::fs::write(&proof, "here").unwrap();
    std::fs::write(&go, "").unwrap();
    let done = story(&tower, &run, "verdict", |story| story["checking_since_ms"].is_null()).await;
    assert_eq!(done["mark"]["confirmed"], "confirmed", "{done}");
    let (_, execution) = tower.get(&format!("/v1/executions/{run}")).await;
    assert_eq!((&execution["outcome_state"], &execution["verdict"]), (&json!("verified_success"), &json!("confirmed")));
    let proofs = done["proof"].as_array().unwrap();
    assert_eq!((&proofs[1]["kind"], &proofs[1]["found"]), (&json!("file"), &json!("4 bytes")));
    assert!(proofs[1]["at_ms"].is_i64() && proofs[1]["took_ms"].is_u64(), "{proofs:?}");
    let shown = tower.ctl(&["run", "show", &run]).await.good();
    assert!(shown.contains("Proof: File ") && shown.contains("file "), "{shown}");
    assert_eq!(agent.seen().len(), 1, "it was delivered once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missing_is_looked_for_again_when_the_owner_asks() {
    let tower = Tower::start().await;
    let agent = Server::start(|_, _| Answer::status(202)).await;
    let proof = tower.data.join("proof.txt");
    let definition = json!({
        "name": "leads", "schedule": { "type": "manual" }, "callback": { "url": agent.url },
        "checks": [{ "check": "file", "path": proof }],
    });
    let cue = tower.owner("cue_create", &json!({ "definition": definition })).await;
    let fired = tower.owner("cue_fire", &json!({ "cue_id": cue["id"] })).await;
    let run = fired["run_id"].as_str().unwrap().to_owned();
    agent.seen_at_least(1, SOON).await;
    tower.post(&format!("/v1/executions/{run}/outcome"), &json!({ "success": true })).await;
    story(&tower, &run, "refutation", |story| story["mark"]["confirmed"] == "refuted").await;
    let open = tower.owner("alerts", &json!({ "limit": 10 })).await;
    assert_eq!(open["alerts"][0]["kind"], "check_failed", "{open}");
    std::fs::write(&proof, "here").unwrap();
    tower.ctl(&["run", "check", &run]).await.good();
    let done = story(&tower, &run, "second verdict", |story| story["mark"]["confirmed"] == "confirmed").await;
    assert_eq!(done["mark"]["late"], true);
    let resolved = tower.owner("alerts", &json!({ "limit": 10 })).await;
    let still = resolved["alerts"].as_array().unwrap().iter().any(|alert| alert["state"] == "open");
    assert!(!still, "its alert is resolved: {resolved}");
    let again = tower.ctl(&["run", "check", &run]).await;
    assert!(again.code != Some(0) && again.err.contains("Only a run that was refuted"), "{again:?}");
}
