//! What the owner may look at and do while an agent hangs.

use std::net::TcpListener;

use serde_json::{Value, json};

use super::Watch;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_hangs_says_on_what_and_is_restarted_by_hand() {
    let mut watch = Watch::new().await;
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = mute.local_addr().unwrap().to_string();
    let with = json!({ "command": { "stop_grace_seconds": 1 } });
    let run = watch.fired(&watch.cue("blocked", json!({ "PEER": peer }), with)).await;
    watch.saying("blocked", 1).await;
    let truth = cuetower_tests::until("look", super::SOON, async || {
        let truth = watch.tower.owner("run_truth", &json!({ "run_id": run })).await;
        Some(truth).filter(|truth| truth["words"][0].as_str().is_some_and(|words| words.contains(&peer)))
    })
    .await;
    let pid = truth["pid"].clone();
    assert_eq!(truth["processes"][0]["pid"], pid, "{truth:#}");
    assert_eq!(truth["processes"][0]["waits_on"], format!("blocked on {peer}"), "{truth:#}");
    let said = watch.tower.ctl(&["run", "truth", &run]).await.good();
    assert!(said.starts_with(&format!("Process {pid} alive, ")) && said.contains(&peer), "{said}");

    // A tower that was killed meanwhile sees as much, and can do as much.
    watch.tower.kill9().await;
    watch.tower.again().await;
    let said = watch.tower.ctl(&["run", "truth", &run]).await.good();
    assert!(said.contains(&format!("blocked on {peer}")), "{said}");
    let said = watch.tower.ctl(&["run", "restart", &run]).await.good();
    assert_eq!(said, "Its process is told to end; the next attempt follows.\n");
    let story = watch.once(&run, "second attempt", |story| story["attempts"][1]["pid"].is_number()).await;
    let first = story["attempts"][0]["sentence"].as_str().unwrap();
    assert!(first.starts_with("restarted by you; stopped by the tower after "), "{first}");
    watch.saying("blocked", 2).await;

    // One at work is stopped; then there is nothing to see and nothing to restart.
    watch.tower.owner("run_stop", &json!({ "run_id": run })).await;
    let ended = |story: &Value| story["attempts"][1]["ended_at_ms"].is_number();
    watch.once(&run, "end of its process", ended).await;
    let truth = watch.tower.owner("run_truth", &json!({ "run_id": run })).await;
    assert!(truth["words"][0].as_str().unwrap().contains("has ended: "), "{truth:#}");
    let (status, refused) = watch.tower.owner_call("run_restart", &json!({ "run_id": run })).await;
    assert_eq!(refused["message"], "This run has ended already; run it again instead.", "{status}");
}
