//! Runs and cues that are expected to beat, on the tower's real clock: they beat over HTTP, and what their owner is told is read
//! off the tower's records.

use std::time::Duration;

use cuetower_tests::{send, until};
use reqwest::Method;
use serde_json::{Value, json};

use super::{SOON, Watch, ms, now_ms, work};

const TOLD_WITHIN_MS: i64 = 1_000;
/// Runs that make something usual.
const RUNS_NEEDED: usize = 10;

fn every_second(more: &Value) -> Value {
    let mut heartbeat = json!({ "interval_seconds": 1, "grace_seconds": 0.5, "start_grace_seconds": 20 });
    heartbeat.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "heartbeat": heartbeat })
}

impl Watch {
    async fn beats_for_a_while(&self, run: &str, count: u32, body: &Value) {
        let mut pace = tokio::time::interval(Duration::from_millis(200));
        for _ in 0..count {
            pace.tick().await;
            self.beats(run, body.clone()).await;
        }
    }

    async fn reports(&self, run: &str, outcome: Value) {
        let (status, answer) = self.tower.post(&format!("/v1/executions/{run}/outcome"), &outcome).await;
        assert!(status < 300, "{status} {answer}");
    }

    /// A call of a tool as a step: what goes in, and what comes out.
    async fn calls(&self, run: &str, key: &str, question: &str) {
        let path = format!("/v1/executions/{run}/steps/{key}");
        let begin = json!({ "name": "search", "kind": "tool", "input": { "q": question } });
        let (status, answer) = self.tower.speak(Method::PUT, &path, Some(&begin)).await;
        assert_eq!(status, 201, "{answer}");
        let found = json!({ "output": { "found": 0 } });
        let (status, answer) = self.tower.post(&format!("{path}/complete"), &found).await;
        // The third may have stopped its run.
        assert!(status == 200 || status == 409, "{status} {answer}");
    }

    /// What the tower has written of one under its watch.
    fn kept(&self, subject: &str) -> Value {
        let store = rusqlite::Connection::open(self.tower.data.join("cuetower.db")).unwrap();
        let sql = "SELECT body FROM watches WHERE subject = ?1";
        let body: String = store.query_row(sql, [subject], |row| row.get(0)).unwrap();
        serde_json::from_str(&body).unwrap()
    }

    /// After this length, counted from an instant of the tower's own.
    fn told_in_time(&self, alert: &Value, since: &Value, length_ms: i64) {
        let late_ms = ms(&alert["opened_at_ms"]) - ms(since) - length_ms;
        println!("told {late_ms} ms after it was due: {} — {}", alert["title"], alert["body"]);
        assert!((0..=TOLD_WITHIN_MS).contains(&late_ms), "told {late_ms} ms after it was due: {alert:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_of_a_run_is_told_within_a_second_and_over_with_its_next_beat() {
    let watch = Watch::new().await;
    let run = watch.at_work(&watch.made(&work(&every_second(&json!({})))).await).await;
    watch.beats_for_a_while(&run, 8, &json!({})).await;
    let alert = watch.alert("heartbeat_lost", &run, |_| true).await;
    watch.told_in_time(&alert, &watch.kept(&format!("run:{run}"))["lost"], 1_500);
    assert_eq!(alert["count"], 1, "{alert:#}");
    assert!(alert["body"].as_str().unwrap().starts_with("No sign of life for "), "{alert:#}");
    watch.beats(&run, json!({})).await;
    watch.alert("heartbeat_lost", &run, |alert| alert["state"] == "resolved").await;
    watch.reports(&run, json!({ "success": true })).await;
    assert_eq!(watch.ended(&run).await["state"], "claimed");
    assert_eq!(watch.kinds().await, ["heartbeat_lost"], "once, and nothing else");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_beats_and_gets_nowhere_is_told_until_its_number_moves() {
    let watch = Watch::new().await;
    let expected = every_second(&json!({ "grace_seconds": 20, "progress_within_seconds": 2 }));
    let run = watch.at_work(&watch.made(&work(&expected)).await).await;
    watch.beats(&run, json!({ "progress": 40 })).await;
    watch.beats(&run, json!({ "progress": 41 })).await;
    let alert = until("zombie", SOON, async || {
        watch.beats(&run, json!({ "progress": 41 })).await;
        watch.alerts().await.into_iter().find(|alert| alert["kind"] == "zombie")
    })
    .await;
    watch.told_in_time(&alert, &watch.kept(&format!("run:{run}"))["stuck"], 2_000);
    assert!(alert["body"].as_str().unwrap().contains("it stands at 41"), "{alert:#}");
    watch.beats(&run, json!({ "progress": 42 })).await;
    watch.alert("zombie", &run, |alert| alert["state"] == "resolved").await;
    assert_eq!(watch.kinds().await, ["zombie"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tower_that_is_killed_meanwhile_blames_nobody_and_goes_on_watching() {
    let mut watch = Watch::new().await;
    let run = watch.at_work(&watch.made(&work(&every_second(&json!({ "grace_seconds": 2 })))).await).await;
    for _ in 0..3 {
        watch.beats_for_a_while(&run, 4, &json!({})).await;
        let due = ms(&watch.kept(&format!("run:{run}"))["beat_at"]) + 3_000;
        watch.tower.kill9().await;
        // It is silent for longer than it may be, while nobody listens.
        until("end of what it was given", SOON, async || (now_ms() > due).then_some(())).await;
        watch.tower.again().await;
        watch.beats(&run, json!({})).await;
    }
    assert_eq!(watch.kinds().await, Vec::<String>::new(), "nobody listened, so nobody was silent");
    let alert = watch.alert("heartbeat_lost", &run, |_| true).await;
    let since = watch.kept(&format!("run:{run}"))["lost"].clone();
    watch.told_in_time(&alert, &since, 3_000);
    // What was told is not told again by the tower's next life.
    watch.tower.kill9().await;
    watch.tower.again().await;
    watch.beats(&run, json!({})).await;
    let alert = watch.alert("heartbeat_lost", &run, |alert| alert["state"] == "resolved").await;
    assert_eq!(alert["count"], 1, "{alert:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_agent_without_a_schedule_beats_by_its_pings() {
    let watch = Watch::new().await;
    let mut cue = every_second(&json!({ "start_grace_seconds": 2 }));
    cue.as_object_mut().unwrap().extend(
        json!({ "name": "lighthouse", "transport": "watch", "schedule": { "type": "manual" } })
            .as_object()
            .unwrap()
            .clone(),
    );
    let cue = watch.made(&cue).await;
    let url = watch.tower.owner("cue_ping_url", &json!({ "cue_id": cue })).await["url"].as_str().unwrap().to_owned();
    let about = |alert: &Value| alert["kind"] == "heartbeat_lost" && alert["cue_id"] == cue.as_str();
    let told = async |state: &str| {
        until(state, SOON, async || {
            watch.alerts().await.into_iter().find(|alert| about(alert) && alert["state"] == state)
        })
        .await
    };
    // It never came.
    let alert = told("open").await;
    watch.told_in_time(&alert, &watch.kept(&format!("cue:{cue}"))["lost"], 2_000);
    let ping = async || {
        let (status, answer) = send(Method::GET, &url, None, None).await;
        assert_eq!(status, 200, "{answer}");
    };
    ping().await;
    told("resolved").await;
    for _ in 0..5 {
        ping().await;
    }
    let again = told("open").await;
    watch.told_in_time(&again, &watch.kept(&format!("cue:{cue}"))["lost"], 1_500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cue_that_always_expects_its_agent_hears_what_it_sends_under_its_name() {
    let watch = Watch::new().await;
    let expected = every_second(&json!({ "progress_within_seconds": 3 }));
    let cue = json!({ "name": "lighthouse", "agent": "keeper", "transport": "watch",
        "schedule": { "type": "manual" }, "heartbeat": expected["heartbeat"] });
    let cue = watch.made(&cue).await;
    let about = |alert: &Value, kind: &str| alert["kind"] == kind && alert["cue_id"] == cue.as_str();
    let beat = async |progress: u32| {
        let body = json!({ "agent": "keeper", "progress": progress });
        let (status, answer) = watch.tower.post("/v1/heartbeats", &body).await;
        assert_eq!(status, 200, "{answer}");
    };
    let mut pace = tokio::time::interval(Duration::from_millis(300));
    for progress in 0..14 {
        pace.tick().await;
        beat(progress).await;
    }
    assert_eq!(watch.kinds().await, Vec::<String>::new(), "it beats, and gets on");
    let stuck = until("zombie", SOON, async || {
        beat(13).await;
        watch.alerts().await.into_iter().find(|alert| about(alert, "zombie"))
    })
    .await;
    watch.told_in_time(&stuck, &watch.kept(&format!("cue:{cue}"))["stuck"], 3_000);
    let lost =
        until("silence", SOON, async || watch.alerts().await.into_iter().find(|alert| about(alert, "heartbeat_lost")))
            .await;
    watch.told_in_time(&lost, &watch.kept(&format!("cue:{cue}"))["lost"], 1_500);
    beat(14).await;
    for kind in ["heartbeat_lost", "zombie"] {
        let over = |alert: &Value| about(alert, kind) && alert["state"] == "resolved";
        until("its end", SOON, async || watch.alerts().await.into_iter().find(over)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_leaves_its_envelope_is_told_with_the_numbers() {
    let mut watch = Watch::new().await;
    let cue = watch.made(&work(&json!({}))).await;
    for number in 0..RUNS_NEEDED {
        let run = watch.at_work(&cue).await;
        watch.reports(&run, json!({ "success": true, "tokens": 1_000 + 10 * number })).await;
        watch.ended(&run).await;
    }
    let usual = watch.at_work(&cue).await;
    watch.reports(&usual, json!({ "success": true, "tokens": 1_100 })).await;
    watch.ended(&usual).await;
    assert_eq!(watch.kinds().await, Vec::<String>::new());
    // What is usual outlives a kill.
    watch.tower.kill9().await;
    watch.tower.again().await;
    let wild = watch.at_work(&cue).await;
    watch.reports(&wild, json!({ "success": true, "tokens": 90_000 })).await;
    watch.ended(&wild).await;
    let alert = watch.alert("out_of_envelope", &wild, |_| true).await;
    println!("{} — {}", alert["title"], alert["body"]);
    let body = alert["body"].as_str().unwrap();
    assert!(body.starts_with("It used 90,000 tokens; its last 11 runs used 1,050 "), "{body}");
    assert_eq!(alert["severity"], "warning", "{alert:#}");
    assert_eq!(watch.kinds().await, ["out_of_envelope"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_call_three_times_is_told_and_over_when_something_new_is_called() {
    let watch = Watch::new().await;
    let run = watch.at_work(&watch.made(&work(&json!({}))).await).await;
    watch.calls(&run, "a", "tauri").await;
    watch.calls(&run, "b", "tauri").await;
    assert_eq!(watch.kinds().await, Vec::<String>::new());
    watch.calls(&run, "c", "tauri").await;
    let alert = watch.alert("loop_detected", &run, |_| true).await;
    println!("{} — {}", alert["title"], alert["body"]);
    let body = alert["body"].as_str().unwrap();
    assert!(body.starts_with("The same call 3 times in a row with no new result: search {\"q\":\"tauri\"}."), "{body}");
    watch.calls(&run, "d", "svelte").await;
    watch.alert("loop_detected", &run, |alert| alert["state"] == "resolved").await;
    assert_eq!(watch.story(&run).await["state"], "pending_outcome", "it was told of, and no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cue_may_say_that_a_loop_ends_its_run() {
    let watch = Watch::new().await;
    let run = watch.at_work(&watch.made(&work(&json!({ "loops": "stop" }))).await).await;
    for key in ["a", "b", "c"] {
        watch.calls(&run, key, "tauri").await;
    }
    let story = watch.ended(&run).await;
    assert_eq!(story["state"], "stopped", "{story:#}");
    println!("{}", story["mark"]["sentence"]);
    let alert = watch.alert("loop_detected", &run, |_| true).await;
    assert_eq!((&alert["severity"], &alert["state"]), (&json!("critical"), &json!("open")), "{alert:#}");
    assert!(alert["body"].as_str().unwrap().contains(". The run is stopped, as its cue says."), "{alert:#}");
    assert_eq!(watch.kinds().await, ["loop_detected"], "one alert for one thing");
    let (status, refused) =
        watch.tower.post(&format!("/v1/executions/{run}/outcome"), &json!({ "success": true })).await;
    assert_eq!(status, 409, "a stopped run takes no outcome: {refused}");
}
