//! The program is stopped and goes on later: by a machine too busy to let it run, or by a virtual machine that was paused
//! and whose clock is put right afterwards.

use std::time::Duration;

use cuetower_tests::{ms, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use super::{SOON, Scene, latest, policy};

fn send(scene: &Scene, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(scene.tower.pid()).unwrap()), signal).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_too_busy_for_the_tower_leaves_a_band_and_the_policies_decide() {
    let scene = Scene::at("2026-06-10T12:00:55Z").await;
    let newest = scene.cue("latest", "* * * * *", latest()).await;
    let none = scene.cue("none", "* * * * *", policy("none")).await;
    let command = json!({ "transport": "command", "command": { "argv": ["sleep", "2"] }, "confirm": "exit_code",
                          "callback": null, "schedule": { "type": "manual" } });
    let works = scene.cue("works meanwhile", "", command).await;
    let fired = scene.tower.owner("cue_fire", &json!({ "cue_id": works, "payload": null })).await;
    until("a process", SOON, async || (scene.state_of(&fired["run_id"]).await == "pending_outcome").then_some(()))
        .await;
    send(&scene, Signal::SIGSTOP);
    while scene.wall.now_ms() < ms("2026-06-10T12:01:07Z") {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    send(&scene, Signal::SIGCONT);
    scene.end_as(&newest, &[("ran", 1)]).await;
    scene.end_as(&none, &[("missed: the machine was too busy; this cue does not catch up", 1)]).await;
    let busy = [["2026-06-10T12:00:55Z", "2026-06-10T12:01:00Z"], ["2026-06-10T12:01:07Z", "2026-06-10T12:01:15Z"]];
    scene.grey("stalled", busy[0], busy[1]).await;
    until("a confirmed run", SOON, async || (scene.state_of(&fired["run_id"]).await == "confirmed").then_some(()))
        .await;
    scene.holds().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_virtual_machine_that_was_paused_for_the_night_makes_nobody_silent() {
    let scene = Scene::at("2026-06-10T22:00:30Z").await;
    let hourly = scene.cue("hourly", "0 * * * *", json!({})).await;
    let later = json!({ "callback": { "url": format!("{}/later", scene.agent.url) }, "schedule": { "type": "manual" },
                        "delivery": { "outcome_deadline_seconds": 60 } });
    let waits = scene.cue("waits", "", later).await;
    let fired = scene.tower.owner("cue_fire", &json!({ "cue_id": waits, "payload": null })).await;
    until("a delivery", SOON, async || (scene.state_of(&fired["run_id"]).await == "pending_outcome").then_some(()))
        .await;
    send(&scene, Signal::SIGSTOP);
    scene.wall.set("2026-06-11T06:10:30Z");
    send(&scene, Signal::SIGCONT);
    scene.end_as(&hourly, &[("ran", 1), ("coalesced", 7)]).await;
    assert_eq!(scene.ran_at(&hourly).await, [ms("2026-06-11T06:00:00Z")]);
    assert_eq!(scene.state_of(&fired["run_id"]).await, "pending_outcome", "its minute stood still");
    let outcome = format!("/v1/executions/{}/outcome", fired["run_id"].as_str().unwrap());
    assert_eq!(scene.tower.post(&outcome, &json!({ "success": true })).await.0, 200);
    assert_eq!(scene.state_of(&fired["run_id"]).await, "claimed");
    let night = [["2026-06-10T22:00:30Z", "2026-06-10T22:00:45Z"], ["2026-06-11T06:10:30Z", "2026-06-11T06:10:40Z"]];
    scene.grey("clock_set", night[0], night[1]).await;
    assert_eq!(scene.holds().await, 8);
}
