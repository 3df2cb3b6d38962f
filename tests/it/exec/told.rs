//! What the tower hears of an `exec`, at once or later.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cuetower_tests::{Answer, Server, Tower, until};
use serde_json::{Value, json};

use super::{SOON, exec, kept, said};

/// A watch cue of this name: its id.
async fn watched(tower: &Tower, name: &str) -> String {
    let definition = json!({ "name": name, "transport": "watch", "schedule": { "type": "manual" } });
    let cue = tower.owner("cue_create", &json!({ "definition": definition })).await;
    cue["id"].as_str().unwrap().to_owned()
}

/// The stories of all runs of a cue, oldest first.
async fn stories(tower: &Tower, name: &str) -> Vec<Value> {
    let runs = tower.ctl(&["runs", "--cue", name, "--limit", "100", "--json"]).await.good();
    let runs: Value = serde_json::from_str(&runs).unwrap();
    let mut stories = Vec::new();
    for run in runs["runs"].as_array().unwrap().iter().rev() {
        stories.push(tower.owner("run_get", &json!({ "run_id": run["run_id"] })).await);
    }
    stories
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_a_failure_and_a_death_are_told_with_the_end_of_the_output() {
    let tower = Tower::start().await;
    watched(&tower, "backup").await;
    let long = "i=0; while [ $i -lt 9000 ]; do echo \"line $i of many\"; i=$((i+1)); done; echo the last";
    for (script, code) in [(long, 0), ("echo out; echo no disk >&2; exit 4", 4), ("echo dying; kill -9 $$", 137)] {
        let child = exec(&tower.data, &["--cue", "backup", "--verbose"], &["sh", "-c", script]);
        let ended = tokio::time::timeout(SOON, child.wait_with_output()).await.expect("it ends").unwrap();
        assert_eq!(ended.status.code(), Some(code), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    let stories = stories(&tower, "backup").await;
    assert_eq!(stories.len(), 3, "each try is one run: {stories:?}");
    let shown: Vec<&str> = stories.iter().map(|story| story["mark"]["confirmed"].as_str().unwrap()).collect();
    assert_eq!(shown, ["claimed", "failed", "failed"]);
    let output = stories[0]["attempts"][0]["stdout"].as_str().unwrap();
    assert!(output.ends_with("line 8999 of many\nthe last\n") || output.ends_with("the last"), "{output}");
    assert!(output.len() <= 64 * 1024 && !output.contains("line 1 of many"), "{} bytes", output.len());
    let error = |at: usize| stories[at]["outcome"]["error"].as_str().unwrap().to_owned();
    assert_eq!([error(1), error(2)], ["exit code 4: no disk", "exit code 137: dying"]);
    assert!(kept(&tower.data).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_while_the_tower_was_down_is_told_when_it_is_back() {
    let mut tower = Tower::start().await;
    watched(&tower, "backup").await;
    let url = tower.ctl(&["cue", "ping", "backup"]).await.good().trim().to_owned();
    let key = url.rsplit('/').next().unwrap().to_owned();
    tower.kill9().await;
    for (to, code) in [(["--cue", "backup"], 0), (["--ping", &key], 5), (["--ping", &url], 6)] {
        let script = format!("echo untold {code}; exit {code}");
        let child = exec(&tower.data, &to, &["sh", "-c", &script]);
        let ended = tokio::time::timeout(SOON, child.wait_with_output()).await.expect("it ends").unwrap();
        assert_eq!((ended.status.code(), ended.stderr.len()), (Some(code), 0));
    }
    assert_eq!(kept(&tower.data).len(), 6);
    tower.again().await;
    until("empty spool", SOON, async || kept(&tower.data).is_empty().then_some(())).await;
    let stories = stories(&tower, "backup").await;
    let shown: Vec<&str> = stories.iter().map(|story| story["mark"]["confirmed"].as_str().unwrap()).collect();
    assert_eq!(shown, ["claimed", "failed", "failed"], "in the order in which they happened");
    assert_eq!(stories[2]["outcome"]["error"], "exit code 6: untold 6");
    assert!(!tower.data.join("spool/refused").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_ping_of_a_deleted_cue_is_put_aside_and_holds_nothing_up() {
    let mut tower = Tower::start().await;
    let gone = watched(&tower, "gone").await;
    watched(&tower, "backup").await;
    tower.owner("cue_delete", &json!({ "cue_id": gone })).await;
    tower.stop().await;
    for cue in ["gone", "backup"] {
        exec(&tower.data, &["--cue", cue], &["true"]).wait_with_output().await.unwrap();
    }
    tower.again().await;
    until("empty spool", SOON, async || kept(&tower.data).is_empty().then_some(())).await;
    assert_eq!(stories(&tower, "backup").await.len(), 1);
    let aside: Vec<_> = std::fs::read_dir(tower.data.join("spool/refused")).unwrap().flatten().collect();
    let text = std::fs::read_to_string(aside[0].path()).unwrap();
    assert!(aside.len() == 2 && text.contains("There is no cue `gone`"), "{text}");
    let doctor = tower.ctl(&["doctor"]).await.out;
    assert!(doctor.contains("Refused for good, and heard by nobody: 2 pings"), "{doctor}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_tell_what_was_kept_once() {
    let up = Arc::new(AtomicBool::new(false));
    let server = Server::start({
        let up = Arc::clone(&up);
        move |_, _| match up.load(Ordering::SeqCst) {
            true => Answer::json(200, &json!({ "ok": true })),
            false => Answer::status(503),
        }
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let url = format!("{}/ping/k", server.url);
    for _ in 0..10 {
        exec(dir.path(), &["--ping", &url], &["true"]).wait_with_output().await.unwrap();
    }
    assert_eq!(kept(dir.path()).len(), 20);
    let before = server.seen().len();
    up.store(true, Ordering::SeqCst);
    // The commands end once everything is told, so that there is time for it.
    let done = dir.path().join("done");
    let script = format!("while [ ! -e {} ]; do sleep 0.05; done", done.display());
    let both = [(); 2].map(|()| exec(dir.path(), &["--ping", &url], &["sh", "-c", &script]));
    until("empty spool", SOON, async || kept(dir.path()).is_empty().then_some(())).await;
    std::fs::write(&done, "").unwrap();
    for child in both {
        assert!(child.wait_with_output().await.unwrap().status.success());
    }
    let told: Vec<_> = server.seen()[before..].iter().map(said).collect();
    assert_eq!(told.len(), 24, "20 kept ones, and start and end of these two");
    let mut each: Vec<_> = told.iter().map(|(last, query)| (last, &query["rid"])).collect();
    let old: Vec<_> = told.iter().filter(|(_, query)| query.contains_key("at")).collect();
    assert!(old.len() >= 20, "what is late says when it happened");
    let instants: Vec<&String> = old.iter().map(|(_, query)| &query["at"]).take(20).collect();
    assert!(instants.is_sorted(), "the oldest first: {instants:?}");
    each.sort();
    each.dedup();
    assert_eq!(each.len(), 24, "none is told twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_waits_for_a_start_that_could_not_be_told() {
    let up = Arc::new(AtomicBool::new(false));
    let server = Server::start({
        let up = Arc::clone(&up);
        move |_, _| Answer::status(if up.load(Ordering::SeqCst) { 200 } else { 500 })
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let url = format!("{}/ping/k", server.url);
    let gate = dir.path().join("gate");
    let script = format!("while [ ! -e {} ]; do sleep 0.1; done; exit 3", gate.display());
    let child = exec(dir.path(), &["--ping", &url], &["sh", "-c", &script]);
    until("kept start", SOON, async || (kept(dir.path()).len() == 1).then_some(())).await;
    up.store(true, Ordering::SeqCst);
    std::fs::write(&gate, "").unwrap();
    assert_eq!(child.wait_with_output().await.unwrap().status.code(), Some(3));
    let told: Vec<_> = server.seen().iter().map(|seen| said(seen).0).collect();
    assert_eq!(told, ["/start", "/start", "/3"]);
    assert!(kept(dir.path()).is_empty());
}
