//! Summer time begins and ends in Berlin while the tower runs.

use cuetower_tests::ms;
use serde_json::{Value, json};

use super::Scene;

fn berlin(cron: &str) -> Value {
    json!({ "schedule": { "type": "recurring", "cron": cron, "timezone": "Europe/Berlin" } })
}

#[tokio::test(flavor = "multi_thread")]
async fn in_spring_a_fixed_time_in_the_gap_runs_once_right_after_it() {
    let scene = Scene::at("2026-03-29T00:59:58Z").await;
    let fixed = scene.cue("half past two", "", berlin("30 2 * * *")).await;
    let half = scene.cue("every half hour", "", berlin("*/30 * * * *")).await;
    scene.lives_until("2026-03-29T01:00:00Z").await;
    scene.end_as(&fixed, &[("ran", 1)]).await;
    scene.wall.set("2026-03-29T01:29:58Z");
    scene.lives_until("2026-03-29T01:30:00Z").await;
    scene.end_as(&half, &[("ran", 2)]).await;
    scene.wall.set("2026-03-30T00:29:58Z");
    scene.lives_until("2026-03-30T00:30:00Z").await;
    scene.end_as(&fixed, &[("ran", 2)]).await;
    let expected = ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"].map(ms);
    assert_eq!(scene.ran_at(&fixed).await, expected, "03:00 for the 02:30 that was not there, and 02:30 the next day");
    let real = ["2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"].map(ms);
    assert_eq!(scene.ran_at(&half).await[..2], real, "by real time");
    scene.holds().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_autumn_a_fixed_time_in_the_hour_that_comes_twice_runs_once() {
    let scene = Scene::at("2026-10-25T00:29:58Z").await;
    let fixed = scene.cue("half past two", "", berlin("30 2 * * *")).await;
    let half = scene.cue("every half hour", "", berlin("*/30 * * * *")).await;
    scene.lives_until("2026-10-25T00:30:00Z").await;
    scene.end_as(&fixed, &[("ran", 1)]).await;
    scene.wall.set("2026-10-25T00:59:58Z");
    scene.lives_until("2026-10-25T01:00:00Z").await;
    scene.end_as(&half, &[("ran", 2)]).await;
    scene.wall.set("2026-10-25T01:29:58Z");
    scene.lives_until("2026-10-25T01:30:00Z").await;
    scene.end_as(&half, &[("ran", 3)]).await;
    let real = ["2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"].map(ms);
    assert_eq!(scene.ran_at(&half).await, real, "both of its half past two");
    scene.end_as(&fixed, &[("ran", 1)]).await;
    let cue = scene.tower.owner("cue_get", &json!({ "cue_id": fixed })).await;
    assert_eq!(cue["next_run_ms"], ms("2026-10-26T01:30:00Z"), "not a second time on that day");
    scene.holds().await;
}
