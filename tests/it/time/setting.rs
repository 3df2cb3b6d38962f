//! The wall clock is set while the tower runs: an hour forward, an hour back, back to 1970.

use cuetower_tests::ms;
use serde_json::json;

use super::{Scene, latest, policy};

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_forward_is_decided_by_each_policy() {
    let scene = Scene::at("2026-06-10T12:00:30Z").await;
    let newest = scene.cue("latest", "* * * * *", latest()).await;
    let short = scene.cue("useful for half a minute", "* * * * *", json!({})).await;
    let all = scene.cue("all", "* * * * *", policy("all")).await;
    let none = scene.cue("none", "* * * * *", policy("none")).await;
    let ask = scene.cue("ask", "* * * * *", policy("ask")).await;
    scene.wall.set("2026-06-10T13:00:40Z");

    scene.end_as(&newest, &[("ran", 1), ("coalesced", 59)]).await;
    let old = "missed: the clock was set forward over it, and it stays useful for 30 s only";
    scene.end_as(&short, &[(old, 60)]).await;
    scene.end_as(&all, &[("ran", 60)]).await;
    scene.end_as(&none, &[("missed: the clock was set forward over it; this cue does not catch up", 60)]).await;
    scene.end_as(&ask, &[("held", 1), ("coalesced", 59)]).await;
    assert_eq!(scene.ran_at(&newest).await, [ms("2026-06-10T13:00:00Z")], "the newest of them");
    let hour = [["2026-06-10T12:00:30Z", "2026-06-10T12:00:50Z"], ["2026-06-10T13:00:40Z", "2026-06-10T13:00:50Z"]];
    scene.grey("clock_set", hour[0], hour[1]).await;
    for cue in [&newest, &short, &all, &none, &ask] {
        assert_eq!(scene.told(cue).await["missed"], 60);
    }
    assert!(scene.told(&ask).await["asks"].is_string());
    let said = scene.tower.ctl(&["cue", "answer", "ask", "run"]).await.good();
    assert!(said.starts_with("ask, due ") && said.ends_with("runs now.\n"), "{said}");
    scene.end_as(&ask, &[("ran", 1), ("coalesced", 59)]).await;
    assert_eq!(scene.holds().await, 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_back_runs_nothing_twice() {
    let scene = Scene::at("2026-06-10T12:59:58Z").await;
    let minute = scene.cue("minute", "* * * * *", latest()).await;
    let second = scene.cue("second", "* * * * * *", policy("none")).await;
    let later =
        json!({ "callback": { "url": format!("{}/later", scene.agent.url) }, "schedule": { "type": "manual" } });
    let waits = scene.cue("waits", "", later).await;
    let fired = scene.tower.owner("cue_fire", &json!({ "cue_id": waits, "payload": null })).await;
    scene.lives_until("2026-06-10T13:00:01Z").await;
    scene.end_as(&minute, &[("ran", 1)]).await;

    scene.wall.set("2026-06-10T12:00:01Z");
    scene.lives_until("2026-06-10T12:00:02Z").await;
    let ran = scene.ran_at(&second).await;
    assert!(ran.last() >= Some(&ms("2026-06-10T13:00:00Z")), "{ran:?}");
    scene.lives_until("2026-06-10T12:00:04Z").await;
    assert_eq!(scene.ran_at(&second).await, ran, "these seconds came before");
    assert_eq!(scene.state_of(&fired["run_id"]).await, "pending_outcome");
    let run = scene.tower.owner("run_get", &json!({ "run_id": fired["run_id"] })).await;
    let left_ms = run["outcome_deadline_ms"].as_i64().unwrap() - scene.wall.now_ms();
    assert!((280_000..=300_000).contains(&left_ms), "its five minutes go on: {left_ms}");

    scene.wall.set("2026-06-10T13:00:30Z");
    scene.lives_until("2026-06-10T13:00:32Z").await;
    scene.end_as(&minute, &[("ran", 1)]).await;
    let ends = scene.ends(&second).await;
    let missed = ends["missed: the clock was set forward over it; this cue does not catch up"];
    assert!((20..=30).contains(&missed), "those after the newest that ran: {ends:?}");
    let hole = [["2026-06-10T13:00:01Z", "2026-06-10T13:00:08Z"], ["2026-06-10T13:00:30Z", "2026-06-10T13:00:34Z"]];
    scene.grey("clock_set", hole[0], hole[1]).await;
    let outcome = format!("/v1/executions/{}/outcome", fired["run_id"].as_str().unwrap());
    assert_eq!(scene.tower.post(&outcome, &json!({ "success": true })).await.0, 200);
    assert_eq!(scene.state_of(&fired["run_id"]).await, "claimed", "an hour back and forth is no silence");
    scene.holds().await;
}

/// A small computer without a clock of its own: it starts in 1970, until the network tells it the time.
#[tokio::test(flavor = "multi_thread")]
async fn back_to_1970_and_a_start_there_lose_nothing_and_tell_nothing_twice() {
    let mut scene = Scene::at("2026-06-10T12:00:30Z").await;
    let cue = scene.cue("minute", "* * * * *", latest()).await;
    scene.wall.set("2026-06-10T12:01:40Z");
    scene.end_as(&cue, &[("ran", 1)]).await;
    scene.tower.owner("briefing_close", &json!({})).await;
    scene.wall.set("1970-01-01T00:00:20Z");
    scene.lives_until("1970-01-01T00:00:21Z").await;
    scene.tower.kill9().await;
    scene.tower.again().await;
    scene.lives_until("1970-01-01T00:00:23Z").await;
    scene.end_as(&cue, &[("ran", 1)]).await;
    scene.wall.set("2026-06-10T12:11:40Z");
    scene.end_as(&cue, &[("ran", 2), ("coalesced", 9)]).await;
    assert_eq!(scene.ran_at(&cue).await, [ms("2026-06-10T12:01:00Z"), ms("2026-06-10T12:11:00Z")]);
    let board = scene.tower.owner("board", &json!({ "from_ms": -1, "to_ms": i64::MAX })).await;
    let bands = board["bands"].as_array().unwrap();
    let from = |band: usize| bands[band]["from_ms"].as_i64().unwrap();
    assert!(bands.len() == 2 && from(1) >= ms("2026-06-10T12:01:40Z"), "no band of half a century: {bands:?}");
    assert_eq!(scene.told(&cue).await["missed"], 10, "what ran before 1970 was not missed");
    assert_eq!(scene.holds().await, 11);
}
