//! An agent that goes without a word.

use serde_json::json;

use super::{Watch, died_at_ms, ms};

const DEADLINE_MS: i64 = 4_000;

#[tokio::test(flavor = "multi_thread")]
async fn one_that_ends_well_and_says_nothing_is_silent() {
    let watch = Watch::new().await;
    let with = json!({
        "heartbeat": { "interval_seconds": 1, "grace_seconds": 0.5, "start_grace_seconds": 2 },
        "delivery": { "outcome_deadline_seconds": DEADLINE_MS / 1_000 },
    });
    let run = watch.fired(&watch.cue("leaving", json!({ "HOW": "well" }), with)).await;
    let story = watch.ended(&run).await;
    assert_eq!(story["state"], "silent", "{story:#}");
    let alert = watch.alert("silent_run", &run, |_| true).await;
    println!("{} — {}", alert["title"], alert["body"]);
    assert_eq!(alert["severity"], "critical");
    let late_ms = ms(&alert["opened_at_ms"]) - died_at_ms(&story) - DEADLINE_MS;
    assert!((-200..=1_000).contains(&late_ms), "{late_ms} ms after its deadline: {alert:#} {story:#}");
    assert_eq!(watch.kinds().await, ["silent_run"], "once, and not for its beats as well");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_killed_is_told_at_once_by_its_cause() {
    let watch = Watch::new().await;
    let run = watch.fired(&watch.cue("leaving", json!({ "HOW": "killed" }), json!({}))).await;
    let story = watch.ended(&run).await;
    assert_eq!(story["state"], "failed", "{story:#}");
    let alert = watch.alert("outcome_failed", &run, |_| true).await;
    let body = alert["body"].as_str().unwrap();
    assert!(body.to_lowercase().contains("killed by signal 9 (sigkill)"), "{body}");
    let late_ms = ms(&alert["opened_at_ms"]) - watch.said("leaving")[0][0];
    assert!(late_ms <= 2_000, "{late_ms} ms: {alert:#}");
}
