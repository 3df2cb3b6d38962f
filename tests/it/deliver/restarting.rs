//! Long-lived agents: started again when they end, later each time they crash at once, and never twice.

use serde_json::{Value, json};

use super::{Scene, of_attempts};

fn lives(restart: &str) -> Value {
    json!({ "command": { "restart": restart } })
}

/// The `number`th attempt is there and runs.
fn running(story: &Value, number: usize) -> bool {
    let attempts = story["attempts"].as_array().unwrap();
    attempts.len() == number && attempts[number - 1]["state"] == "delivered"
}

/// Between the end of each attempt and the beginning of the next, in ms, by the tower's clock.
fn waits(story: &Value) -> Vec<i64> {
    let attempts = story["attempts"].as_array().unwrap();
    let instant =
        |attempt: &Value, field: &str| attempt[field].as_i64().unwrap_or_else(|| panic!("no {field}: {attempt}"));
    attempts.windows(2).map(|pair| instant(&pair[1], "began_at_ms") - instant(&pair[0], "ended_at_ms")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_crashes_at_once_is_started_again_ever_later_and_its_owner_is_told_once() {
    let mut scene = Scene::new().await;
    // Five crashes make a loop; the sixth life is a long one.
    let script = r#"[ $CUETOWER_ATTEMPT = 6 ] && until_there enough; exit 9"#;
    let run = scene.fired(&scene.command("crasher", script, lives("on_failure"))).await;
    scene.logged("began", 3).await;
    scene.crash().await;
    let story = scene.once(&run, "sixth life", |story| running(story, 6)).await;
    let found = waits(&story);
    for (wait_ms, least_ms) in found.iter().zip([1_000, 2_000, 4_000, 8_000, 16_000]) {
        assert!(*wait_ms >= least_ms, "{found:?}");
    }
    assert_eq!((found.len(), &story["restarts"]), (5, &json!(5)));
    assert_eq!(of_attempts(&story, "exit_code")[..5], [9; 5]);
    assert_eq!(story["mark"]["ended_at_ms"], Value::Null, "{story:#}");
    let alerts = scene.alerts("crash_loop").await;
    let alert = alerts.first().unwrap_or_else(|| panic!("nobody was told: {story:#}"));
    assert_eq!(
        (alerts.len(), &alert["state"], &alert["count"], &alert["run_id"]),
        (1, &json!("open"), &json!(1), &json!(run))
    );
    assert_eq!(alert["title"], "crasher crashes again and again");
    let body = alert["body"].as_str().unwrap();
    assert!(
        body.starts_with("It ended 5 times in a row soon after its start, the last time with exit code 9 after "),
        "{body}"
    );

    scene.ctl(&["run", "stop", &run]).await;
    scene.ended(&run, "stopped").await;
    scene.alone().await;
    assert_eq!(scene.alerts("crash_loop").await[0]["state"], "resolved", "what was stopped crashes no more");
    assert_eq!(scene.log().matches("began").count(), 6, "{}", scene.log());
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_lived_agent_is_the_same_process_after_the_tower_was_killed_and_after_it_was_stopped() {
    let mut scene = Scene::new().await;
    let script = r#"report '{"success":true,"summary":"up"}'; until_there enough; echo "life $CUETOWER_ATTEMPT""#;
    let cue = scene.command("server", script, lives("always"));
    let run = scene.fired(&cue).await;
    scene.logged("answered:200", 1).await;
    let before = scene.story(&run).await;
    assert!(before["mark"]["ended_at_ms"].is_null(), "it said how it stands, and lives on: {before:#}");
    for _ in 0..3 {
        scene.crash().await;
    }
    scene.tower.stop().await;
    scene.tower.again().await;
    let after = scene.story(&run).await;
    assert!(running(&after, 1) && after["attempts"][0]["pid"] == before["attempts"][0]["pid"], "{after:#}");
    assert_eq!(scene.log().matches("began").count(), 1, "{}", scene.log());
    // With exit code 0 it is started again too, and what it printed is kept for each life.
    scene.put("enough");
    let story = scene.once(&run, "third life", |story| story["attempts"].as_array().unwrap().len() >= 3).await;
    assert_eq!(of_attempts(&story, "exit_code")[..2], [0, 0], "{story:#}");
    assert_eq!(of_attempts(&story, "stdout")[..2], ["life 1\n", "life 2\n"], "{story:#}");
    scene.ctl(&["run", "stop", &run]).await;
    let story = scene.ended(&run, "stopped").await;
    assert_eq!(story["outcome"]["summary"], "up");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_restarts_on_failure_is_done_when_it_ends_well() {
    let scene = Scene::new().await;
    let script = "[ $CUETOWER_ATTEMPT = 2 ] || exit 1";
    let run = scene.fired(&scene.command("job", script, lives("on_failure"))).await;
    let story = scene.ended(&run, "confirmed").await;
    assert_eq!((of_attempts(&story, "exit_code"), &story["restarts"]), (vec![&json!(1), &json!(0)], &json!(1)));
    assert_eq!(scene.alerts("crash_loop").await, Vec::<Value>::new());
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_between_two_lives_is_the_end_also_for_a_tower_that_is_killed_right_then() {
    let mut scene = Scene::new().await;
    let run = scene.fired(&scene.command("crasher", "exit 1", lives("always"))).await;
    scene
        .once(&run, "wait for the next life", |story| {
            story["state"] == "retrying" && story["attempts"].as_array().unwrap().len() >= 2
        })
        .await;
    scene.ctl(&["run", "stop", &run]).await;
    let lives = scene.log().matches("began").count();
    scene.crash().await;
    let story = scene.ended(&run, "stopped").await;
    scene.alone().await;
    assert_eq!(scene.log().matches("began").count(), lives, "{story:#}");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_crashes_lets_others_into_its_pool_between_two_lives() {
    let scene = Scene::new().await;
    scene.ctl(&["pool", "set", "openai", "--concurrency", "1"]).await;
    let mut crasher = scene.command("crasher", "exit 1", json!({ "uses": ["openai"] }));
    super::lay_over(&mut crasher, lives("always"));
    let crasher = scene.fired(&crasher).await;
    scene.once(&crasher, "wait for the next life", |story| story["state"] == "retrying").await;
    let holder = scene.fired(&scene.command("holder", "until_there leave", json!({ "uses": ["openai"] }))).await;
    scene.logged(&format!("began {holder}"), 1).await;
    let waits = scene.once(&crasher, "wait for its pool", |story| story["waits"]["by"] == "pool").await;
    assert_eq!(waits["waits"]["words"], "pool openai: 1 of 1 in use (by cue holder); next in line", "{waits:#}");
    let lives = waits["attempts"].as_array().unwrap().len();
    scene.put("leave");
    scene.ended(&holder, "confirmed").await;
    scene.logged(&format!("began {crasher}"), lives).await;
    scene.ctl(&["run", "stop", &crasher]).await;
    scene.ended(&crasher, "stopped").await;
    scene.end().await;
}
