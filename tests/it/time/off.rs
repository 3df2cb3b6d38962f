//! The tower is off for long, or again and again.

use std::time::Duration;

use cuetower_tests::ms;
use serde_json::json;

use super::{Scene, latest, policy};

/// The machine's own zone changes meanwhile: a cue has its own.
#[tokio::test(flavor = "multi_thread")]
async fn thirty_days_off_are_43_200_instants_and_one_run() {
    let mut scene = Scene::at("2026-06-01T12:00:30Z").await;
    let newest = scene.cue("latest", "* * * * *", latest()).await;
    let all = scene.cue("all", "* * * * *", policy("all")).await;
    let none = scene.cue("none", "* * * * *", policy("none")).await;
    let ask = scene.cue("ask", "* * * * *", policy("ask")).await;
    let nine = json!({ "schedule": { "type": "recurring", "cron": "0 9 * * *", "timezone": "Europe/Berlin" } });
    let nine = scene.cue("nine", "", nine).await;
    scene.tower.stop().await;
    scene.wall.set("2026-07-01T12:00:40Z");
    scene.again_with(&[("TZ", "Pacific/Apia")]).await;

    scene.end_as(&newest, &[("ran", 1), ("coalesced", 43_199)]).await;
    scene.end_as(&none, &[("missed: the tower was off; this cue does not catch up", 43_200)]).await;
    scene.end_as(&ask, &[("held", 1), ("coalesced", 43_199)]).await;
    scene.end_as(&all, &[("ran", 100), ("missed: the tower was off, and 100 were caught up on already", 43_100)]).await;
    scene.end_as(&nine, &[("ran", 1), ("coalesced", 29)]).await;
    assert_eq!(scene.ran_at(&nine).await, [ms("2026-07-01T07:00:00Z")], "nine in Berlin, wherever the machine is");
    let records = scene.ledger(&newest).await;
    assert!(records.len() < 600, "the older ones share records: {}", records.len());
    let month = [["2026-06-01T12:00:30Z", "2026-06-01T12:00:45Z"], ["2026-07-01T12:00:40Z", "2026-07-01T12:00:50Z"]];
    scene.grey("off", month[0], month[1]).await;
    assert_eq!(scene.told(&newest).await["missed"], 43_200);
    assert_eq!(scene.holds().await, 4 * 43_200 + 30);
    let days = scene.tower.ctl(&["ledger", "audit", "--days", "1", "--json"]).await.good();
    let day: serde_json::Value = serde_json::from_str(&days).unwrap();
    assert_eq!(day["unexplained"], 0, "{day}");
    assert!(day["instants"].as_u64() >= Some(4 * 500), "{day}");
}

/// Ten kills, each a little later after the machine came back, around the instant that is due.
#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_reboots_ten_times_around_due_instants_runs_each_once() {
    let mut scene = Scene::at("2026-06-10T12:00:30Z").await;
    let retry = json!({ "max_attempts": 3, "backoff_seconds": [0.2] });
    let minute = scene.cue("minute", "* * * * *", json!({ "retry": retry, "overlap": "allow" })).await;
    let all = scene
        .cue("all", "* * * * *", json!({ "retry": retry, "overlap": "allow", "catch_up": { "policy": "all" } }))
        .await;
    for reboot in 1..=10_i64 {
        scene.tower.kill9().await;
        // From 400 ms before the instant is due to 600 ms after it.
        scene.wall.set_ms(ms("2026-06-10T12:00:00Z") + reboot * 60_000 - 400 + (reboot - 1) * 110);
        scene.tower.again().await;
        tokio::time::sleep(Duration::from_millis(40 * reboot.unsigned_abs())).await;
    }
    scene.wall.set("2026-06-10T12:10:40Z");
    scene.end_as(&minute, &[("ran", 10)]).await;
    scene.end_as(&all, &[("ran", 10)]).await;
    let due = |minute: i64| ms("2026-06-10T12:00:00Z") + minute * 60_000;
    assert_eq!(scene.ran_at(&minute).await, (1..=10).map(due).collect::<Vec<_>>());
    assert_eq!(scene.holds().await, 20);
}
