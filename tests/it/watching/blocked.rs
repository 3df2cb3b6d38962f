//! An agent that is blocked for ever, while a thread of it goes on saying that it lives.

use std::net::TcpListener;

use cuetower_tests::until;
use serde_json::json;

use super::{SOON, Watch, ms};

const WITHIN_MS: i64 = 2_000;
/// The watch's own promise, and the look at the process.
const NOTICED_WITHIN_MS: i64 = 2_000;

fn heartbeat(restart: bool) -> serde_json::Value {
    json!({ "interval_seconds": 1, "grace_seconds": 5, "progress_within_seconds": WITHIN_MS / 1_000, "restart": restart })
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_lives_and_gets_nowhere_is_told_with_what_it_is_blocked_on() {
    let watch = Watch::new().await;
    // Takes calls and does not answer.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = mute.local_addr().unwrap().to_string();
    let cue = watch.cue("blocked", json!({ "PEER": peer }), json!({ "heartbeat": heartbeat(false) }));
    let run = watch.fired(&cue).await;
    let alert = watch.alert("zombie", &run, |_| true).await;
    let body = alert["body"].as_str().unwrap();
    let pid = watch.story(&run).await["attempts"][0]["pid"].clone();
    let after_ms = ms(&alert["opened_at_ms"]) - watch.said("blocked")[0][0];
    println!("told {after_ms} ms after it was blocked: {} — {body}", alert["title"]);
    assert!(body.contains(&format!("rocess {pid} alive, ")), "{body}");
    assert!(body.contains(&format!("blocked on {peer}")), "{body}");
    assert!(after_ms <= WITHIN_MS + NOTICED_WITHIN_MS, "{after_ms} ms: {alert:#}");
    // Not before its time either: the last word of its work came right before it was blocked.
    assert!(after_ms >= WITHIN_MS - 500, "{after_ms} ms: {alert:#}");
    assert_eq!(watch.kinds().await, ["zombie"], "its thread beats");

    // Answered after all, it works on, and the alert goes by itself.
    drop(mute.accept().unwrap());
    watch.alert("zombie", &run, |alert| alert["state"] == "resolved").await;
    watch.put("enough");
    assert_eq!(watch.ended(&run).await["state"], "claimed");
    assert_eq!(watch.kinds().await, ["zombie"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_may_be_restarted_is_and_the_run_goes_on() {
    let watch = Watch::new().await;
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = mute.local_addr().unwrap().to_string();
    let with = json!({
        "heartbeat": heartbeat(true),
        "command": { "restart": "on_failure", "stop_grace_seconds": 1 },
    });
    let run = watch.fired(&watch.cue("blocked", json!({ "PEER": peer }), with)).await;
    let story = watch.once(&run, "second attempt", |story| story["attempts"][1]["pid"].is_number()).await;
    let first = story["attempts"][0]["sentence"].as_str().unwrap();
    assert!(first.starts_with("restarted: no progress for "), "{first}");
    until("second life", SOON, async || (watch.said("blocked").len() >= 2).then_some(())).await;
    watch.tower.owner("run_stop", &json!({ "run_id": run })).await;
    assert_eq!(watch.ended(&run).await["state"], "stopped");
}
