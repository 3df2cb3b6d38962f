//! Agents outside of any cue, on the tower's real clock: they beat over HTTP, and what its owner is told is read off its records.

use std::time::Duration;

use cuetower_tests::{Tower, until};
use serde_json::{Value, json};

use super::{SOON, ms, now_ms};

const TOLD_WITHIN_MS: i64 = 1_000;

/// Alerts about an agent, by kind; those that are over too.
async fn alerts(tower: &Tower, agent: &str, kind: &str) -> Vec<Value> {
    let all = tower.owner("alerts", &json!({ "limit": 100 })).await;
    let all = all["alerts"].as_array().unwrap().clone();
    all.into_iter().filter(|alert| alert["agent"] == agent && alert["kind"] == kind).collect()
}

async fn alert(tower: &Tower, agent: &str, kind: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    until(kind, SOON, async || alerts(tower, agent, kind).await.into_iter().find(&is_so)).await
}

async fn beat(tower: &Tower, mut body: Value) -> Value {
    body["agent"] = json!("bot");
    let (status, answer) = tower.post("/api/v1/heartbeat", &body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn bot(tower: &Tower) -> Value {
    tower.owner("agent_get", &json!({ "name": "bot", "account": null })).await["agent"].clone()
}

async fn expect(tower: &Tower, interval: f64, grace: f64, more: Value) {
    let mut request = json!({ "name": "bot", "account": null, "interval_seconds": interval, "grace_seconds": grace,
        "progress_within_seconds": null, "alert": true });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    tower.owner("agent_watch", &request).await;
}

/// Beats that use this many tokens, every 50 ms.
async fn beats(tower: &Tower, count: u32, tokens: u64) {
    let mut pace = tokio::time::interval(Duration::from_millis(50));
    for number in 0..count {
        pace.tick().await;
        beat(tower, json!({ "tokens_used": tokens, "message": format!("record {number}") })).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_told_within_a_second_and_over_with_the_next_beat() {
    let tower = Tower::start().await;
    beat(&tower, json!({ "message": "Processed 42." })).await;
    expect(&tower, 1.0, 1.0, json!({})).await;
    beats(&tower, 5, 10).await;
    let lost = alert(&tower, "bot", "heartbeat_lost", |_| true).await;
    let agent = bot(&tower).await;
    let due = ms(&agent["lost_since_ms"]) + 2_000;
    let late_ms = ms(&lost["opened_at_ms"]) - due;
    println!("told {late_ms} ms after its silence began: {} — {}", lost["title"], lost["body"]);
    assert!((0..=TOLD_WITHIN_MS).contains(&late_ms), "told {late_ms} ms after: {lost:#}");
    assert_eq!(
        (&lost["severity"], &lost["title"], &lost["count"]),
        (&json!("critical"), &json!("bot has gone quiet"), &json!(1))
    );
    assert_eq!((&agent["state"], &agent["due_ms"]), (&json!("late"), &Value::Null), "{agent:#}");
    beat(&tower, json!({})).await;
    alert(&tower, "bot", "heartbeat_lost", |alert| alert["state"] == "resolved").await;
    beat(&tower, json!({ "status": "shutdown" })).await;
    assert_eq!(bot(&tower).await["due_ms"], Value::Null, "whoever said goodbye owes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goodbye_ends_the_watch_and_a_field_that_nobody_knows_is_named() {
    let tower = Tower::start().await;
    let say = async |body: Value| {
        let (status, answer) = tower.post("/v1/heartbeats", &body).await;
        assert_eq!(status, 200, "{answer}");
        answer
    };
    assert_eq!(say(json!({ "agent": "bot" })).await["unknown"], Value::Null);
    expect(&tower, 1.0, 0.5, json!({})).await;
    let told = say(json!({ "agent": "bot", "status": "shutdown", "progres": 3 })).await;
    assert_eq!(told["unknown"], "Not known here, and not used: progres.");
    let stopped = bot(&tower).await;
    assert_eq!((&stopped["state"], &stopped["due_ms"]), (&json!("stopped"), &Value::Null), "{stopped:#}");
    let (status, refused) = tower.post("/v1/heartbeats", &json!({ "agent": "bot", "status": "fine" })).await;
    assert_eq!(status, 422, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tower_that_was_off_blames_no_agent_and_goes_on_watching() {
    let mut tower = Tower::start().await;
    beat(&tower, json!({})).await;
    expect(&tower, 1.0, 2.0, json!({})).await;
    beats(&tower, 3, 0).await;
    let due = ms(&bot(&tower).await["due_ms"]);
    tower.kill9().await;
    until("end of what it was given", SOON, async || (now_ms() > due + 500).then_some(())).await;
    tower.again().await;
    let started = now_ms();
    assert_eq!(bot(&tower).await["lost_since_ms"], Value::Null, "nobody listened, so nobody was silent");
    beat(&tower, json!({})).await;
    assert!(alerts(&tower, "bot", "heartbeat_lost").await.is_empty());
    let lost = alert(&tower, "bot", "heartbeat_lost", |_| true).await;
    let agent = bot(&tower).await;
    let late_ms = ms(&lost["opened_at_ms"]) - ms(&agent["lost_since_ms"]) - 3_000;
    assert!(ms(&agent["lost_since_ms"]) >= started - 100, "{agent:#}");
    assert!((0..=TOLD_WITHIN_MS).contains(&late_ms), "told {late_ms} ms after: {lost:#}");
    assert_eq!(lost["count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_usual_outlives_a_kill_and_the_first_wild_beat_is_critical() {
    let mut tower = Tower::start().await;
    beats(&tower, 12, 200).await;
    let usual = bot(&tower).await["tokens_usual"].clone();
    assert!(usual[0].as_f64() > Some(0.0), "{usual}");
    tower.kill9().await;
    tower.again().await;
    assert_eq!(bot(&tower).await["tokens_usual"], usual, "nothing of it is lost");
    beats(&tower, 1, 200).await;
    assert!(alerts(&tower, "bot", "cost_spike").await.is_empty());
    let from = now_ms();
    beats(&tower, 1, 40_000).await;
    let spike = alert(&tower, "bot", "cost_spike", |_| true).await;
    println!("{} — {}", spike["title"], spike["body"]);
    assert_eq!((&spike["severity"], &spike["count"]), (&json!("critical"), &json!(1)), "{spike:#}");
    assert!(ms(&spike["opened_at_ms"]) - from <= TOLD_WITHIN_MS, "{spike:#}");
    beats(&tower, 3, 200).await;
    alert(&tower, "bot", "cost_spike", |alert| alert["state"] == "resolved").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_call_again_and_again_is_answered_and_told() {
    let tower = Tower::start().await;
    let call = |args: &str| json!({ "tool_calls": 1, "tool_call_log": [{ "name": "search", "args": args }] });
    for _ in 0..2 {
        assert_eq!(beat(&tower, call("tauri")).await["warning"], Value::Null);
    }
    let warned = beat(&tower, call("tauri")).await;
    assert_eq!(warned["warning"], "loop_detected", "{warned}");
    assert_eq!(warned["reason"], "The same call 3 times in a row with no new result: search tauri.");
    let alert_of_it = alert(&tower, "bot", "loop_detected", |_| true).await;
    assert_eq!(alert_of_it["title"], "bot goes round in circles");
    assert_eq!(beat(&tower, call("svelte")).await["warning"], Value::Null);
    alert(&tower, "bot", "loop_detected", |alert| alert["state"] == "resolved").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_beats_without_getting_on_is_told_and_a_silent_one_is_restarted_by_its_runner() {
    let tower = Tower::start().await;
    let alive = json!({ "progress": 7, "iteration_count": 7, "restart_type": "docker", "restart_target": "bot" });
    beat(&tower, alive.clone()).await;
    expect(&tower, 2.0, 1.0, json!({ "progress_within_seconds": 1.0, "restart": true })).await;
    let stuck = until("zombie", SOON, async || {
        beat(&tower, alive.clone()).await;
        alerts(&tower, "bot", "zombie").await.pop()
    });
    let stuck = stuck.await;
    let agent = bot(&tower).await;
    let late_ms = ms(&stuck["opened_at_ms"]) - ms(&agent["no_progress_since_ms"]) - 1_000;
    println!("told {late_ms} ms after: {} — {}", stuck["title"], stuck["body"]);
    assert!((0..=TOLD_WITHIN_MS).contains(&late_ms), "told {late_ms} ms after: {stuck:#} {agent:#}");
    let mut moved = alive;
    moved["iteration_count"] = json!(8);
    beat(&tower, moved).await;
    alert(&tower, "bot", "zombie", |alert| alert["state"] == "resolved").await;
    let lost = alert(&tower, "bot", "heartbeat_lost", |_| true).await;
    assert!(lost["body"].as_str().unwrap().contains("Its runner is asked to restart it (docker:bot)."), "{lost:#}");
    let (status, commands) = tower.get("/api/v1/commands").await;
    assert_eq!(
        (status, &commands[0]["action"], &commands[0]["target"]),
        (200, &json!("restart"), &json!("bot")),
        "{commands}"
    );
}
