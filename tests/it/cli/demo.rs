//! The demo fleet as a guest among somebody's own cues: it comes by a click, shows a lie, outlives a crash, and leaves nothing.

use std::time::Duration;

use cuetower_tests::{Tower, until};
use serde_json::{Value, json};

use super::command_cue;

/// The lie is told within ten seconds; twice that on a busy machine.
const FIRST_OUTCOME: Duration = Duration::from_secs(20);

/// Its web hook agent alone was waited for longer.
const LONGEST_START: Duration = Duration::from_secs(15);

/// Names of the cues that there are, sorted.
async fn names(tower: &Tower) -> Vec<String> {
    let board = tower.owner("board", &json!({ "from_ms": 0, "to_ms": 1 })).await;
    let mut names: Vec<String> =
        board["cues"].as_array().unwrap().iter().map(|cue| cue["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn the_demo_comes_and_goes_and_leaves_nothing_armed() {
    let mut tower = Tower::start().await;
    // Somebody's own, with the name of one of the demo's.
    tower.owner("cue_create", &json!({ "definition": command_cue("demo-disk-report") })).await;
    assert_eq!(tower.owner("demo", &json!({})).await, json!({ "possible": true, "cue_ids": [] }));

    let started = tower.owner("demo_start", &json!({})).await;
    assert_eq!(started["cue_ids"].as_array().unwrap().len(), 9, "whose name is taken stays away");
    let all = names(&tower).await;
    assert!(all.len() == 10 && all.iter().all(|name| name.starts_with("demo-")), "{all:?}");
    let liar = tower.ctl(&["cue", "show", "demo-enrich-leads", "--json"]).await.good();
    let liar: Value = serde_json::from_str(&liar).unwrap();
    let is_refuted = |mark: &&Value| mark["cue_id"] == liar["id"] && mark["confirmed"] == "refuted";
    until("the lie to be seen through", FIRST_OUTCOME, async || {
        let board = tower.owner("board", &json!({ "from_ms": 0, "to_ms": 4_102_444_800_000_i64 })).await;
        board["marks"].as_array().unwrap().iter().find(is_refuted).cloned()
    })
    .await;
    let again = tower.owner("demo_start", &json!({})).await;
    assert_eq!(again["cue_ids"].as_array().unwrap().len(), 9, "none is made twice");

    tower.kill9().await;
    tower.again().await;
    assert_eq!(names(&tower).await, all, "it is there again");
    let hook = tower.ctl(&["cue", "show", "demo-triage-inbox", "--json"]).await.good();
    let hook: Value = serde_json::from_str(&hook).unwrap();
    let address = hook["definition"]["callback"]["url"].as_str().unwrap().trim_start_matches("http://").to_owned();
    let address = address.split('/').next().unwrap().to_owned();
    // No tower waits for its guests.
    until("its web hook agent to listen again", FIRST_OUTCOME, async || {
        tokio::net::TcpStream::connect(&address).await.ok()
    })
    .await;

    let gone = tower.owner("demo_stop", &json!({})).await;
    assert_eq!(gone["cue_ids"], json!([]));
    assert_eq!(names(&tower).await, ["demo-disk-report"], "what is the owner's stays");
    assert_eq!(tower.owner("pools", &json!({})).await["pools"], json!([]));
    let ahead = tower.owner("forecast", &json!({ "until_ms": 4_102_444_800_000_i64 })).await;
    let armed = ahead["lanes"].as_array().unwrap().iter().filter(|lane| lane["due_ms"] != json!([])).count();
    assert_eq!(armed, 0, "{ahead}");
    let agents = tower.owner("agents", &json!({})).await;
    assert_eq!(agents["agents"], json!([]), "nobody is expected to beat");
    let open = tower.owner("alerts", &json!({ "limit": 200 })).await;
    let open: Vec<&Value> =
        open["alerts"].as_array().unwrap().iter().filter(|alert| alert["state"] == "open").collect();
    assert!(open.is_empty(), "{open:?}");
    assert!(!tower.data.join("demo").exists(), "its agents are gone from the disk");
    assert!(tokio::net::TcpStream::connect(&address).await.is_err(), "and nobody listens there");

    tower.kill9().await;
    tower.again().await;
    assert_eq!(names(&tower).await, ["demo-disk-report"], "it does not come back by itself");
    tower.stop().await;
}

#[tokio::test]
async fn a_demo_whose_agents_do_not_come_up_delays_nobody_and_goes_all_the_same() {
    let data = tempfile::tempdir().unwrap();
    let mut tower = Tower::start_with(Some(data.path()), &[], &[]).await;
    let started = tower.owner("demo_start", &json!({})).await;
    let hook = started["cue_ids"][0].as_str().unwrap().to_owned();
    tower.kill9().await;

    // A Python that never says a word.
    let programs = tempfile::tempdir().unwrap();
    let python = programs.path().join("python3");
    std::fs::write(&python, "#!/bin/sh\nexec sleep 600\n").unwrap();
    std::fs::set_permissions(&python, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", programs.path().display(), std::env::var("PATH").unwrap());
    let before = std::time::Instant::now();
    let mut tower = Tower::start_with(Some(data.path()), &[], &[("PATH", &path)]).await;
    assert!(before.elapsed() < LONGEST_START, "{:?}", before.elapsed());
    assert_eq!(names(&tower).await.len(), 10);

    // Somebody's own cue fires one of the demo's, which cannot go for that.
    let definition = json!({
        "name": "mine", "transport": "worker", "schedule": { "type": "manual" }, "on_success_fire": hook,
    });
    let mine = tower.owner("cue_create", &json!({ "definition": definition })).await;
    let (status, refused) = tower.owner_call("demo_stop", &json!({})).await;
    assert!(status >= 400 && refused.to_string().contains("The cue `mine` fires this one"), "{status} {refused}");
    assert_eq!(names(&tower).await.len(), 2, "everything else is gone");
    assert_eq!(tower.owner("pools", &json!({})).await["pools"], json!([]));
    assert!(!tower.data.join("demo").exists());
    tower.owner("cue_delete", &json!({ "cue_id": mine["id"] })).await;
    assert_eq!(tower.owner("demo_stop", &json!({})).await["cue_ids"], json!([]));
    assert_eq!(names(&tower).await, [""; 0]);
    assert_eq!(tower.owner("agents", &json!({})).await["agents"], json!([]));
    tower.stop().await;
}

#[tokio::test]
async fn a_tower_that_is_a_demo_takes_no_guest() {
    let mut tower = Tower::start_with(None, &["--demo"], &[]).await;
    assert_eq!(tower.owner("demo", &json!({})).await, json!({ "possible": false, "cue_ids": [] }));
    let own = names(&tower).await;
    for command in ["demo_start", "demo_stop"] {
        let (status, refusal) = tower.owner_call(command, &json!({})).await;
        assert!(status >= 400 && refusal.to_string().contains("This whole tower is a demo"), "{status} {refusal}");
    }
    assert_eq!(names(&tower).await, own);
    // The agents that would outlive the tower: one goes on for ever, one waits for its owner.
    for outlives in ["mail-listener", "remind-late-payers"] {
        tower.ctl(&["cue", "rm", outlives]).await.good();
    }
    tower.stop().await;
}
