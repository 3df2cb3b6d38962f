//! The other side is down, slow or full, and comes back; the tower is killed in between. Nothing is lost, nobody else waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use cuetower_tests::{Answer, Server, until};
use serde_json::json;

use super::{PATIENCE, alert, channel, problem, tower};

/// Two pauses, of 10 s and of 30 s, lie before the third failure.
const THREE_FAILURES: Duration = Duration::from_secs(120);

/// Answers with the status that is in there.
async fn service(status: &Arc<AtomicU16>) -> Server {
    let status = Arc::clone(status);
    Server::start(move |_, _| Answer::status(status.load(Ordering::Relaxed))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_fails_is_told_on_the_others_and_loses_nothing() {
    let mut tower = tower().await;
    let (bad, good) = (Arc::new(AtomicU16::new(503)), Arc::new(AtomicU16::new(200)));
    let (chat, mail) = (service(&bad).await, service(&good).await);
    for (name, url) in [("chat", &chat.url), ("mail", &mail.url)] {
        tower.owner("channel_set", &json!({ "name": name, "kind": "webhook", "url": url })).await;
    }
    let cue = problem(&tower, "leads").await;
    let open = alert(&tower, "cue_id", &cue).await;
    mail.seen_at_least(1, PATIENCE).await;
    until("a failure", PATIENCE, async || {
        let chat = channel(&tower, "chat").await;
        (chat["state"] == "failing" && chat["waiting"] == 1).then_some(())
    })
    .await;
    let failing = until("an alert about the channel", THREE_FAILURES, async || {
        let alerts = tower.owner("alerts", &json!({ "limit": 50 })).await;
        alerts["alerts"].as_array()?.iter().find(|alert| alert["channel"] == "chat").cloned()
    })
    .await;
    assert_eq!((&failing["kind"], &failing["severity"]), (&json!("channel_failed"), &json!("warning")));
    assert!(failing["body"].as_str().unwrap().contains("answered 503"), "{failing}");
    let told = mail.seen_at_least(2, PATIENCE).await;
    assert_eq!(told[1].json()["data"]["alert"]["kind"], "channel_failed");
    let tries = chat.seen();
    assert_eq!(tries.len(), 3);
    assert!(tries.iter().all(|seen| seen.json()["data"]["alert"]["id"] == open["id"]), "it is not told of itself");

    // The next try would come in two minutes; a start begins at once, and knows what it has to say.
    tower.kill9().await;
    bad.store(200, Ordering::Relaxed);
    tower.again().await;
    let tries = chat.seen_at_least(4, PATIENCE).await;
    let ids: Vec<&str> = tries.iter().map(|seen| seen.header("webhook-id")).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "the same note has the same id: {ids:?}");
    until("the end of the alert", PATIENCE, async || {
        let alerts = tower.owner("alerts", &json!({ "limit": 50 })).await;
        let alert = alerts["alerts"].as_array()?.iter().find(|alert| alert["id"] == failing["id"]).cloned()?;
        (alert["state"] == "resolved").then_some(())
    })
    .await;
    let well = channel(&tower, "chat").await;
    assert_eq!((&well["state"], &well["waiting"]), (&json!("ok"), &json!(0)), "{well}");
    let told = mail.seen_at_least(3, PATIENCE).await;
    assert_eq!(told[2].json()["type"], "alert.resolved", "the others hear that it is well again");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_holds_up_no_other() {
    let tower = tower().await;
    let slow = Server::start(|_, _| Answer::status(200).after(Duration::from_secs(3_600))).await;
    let quick = Server::start(|_, _| Answer::status(200)).await;
    for (name, url) in [("slow", &slow.url), ("quick", &quick.url)] {
        tower.owner("channel_set", &json!({ "name": name, "kind": "webhook", "url": url })).await;
    }
    problem(&tower, "first").await;
    slow.seen_at_least(1, PATIENCE).await;
    problem(&tower, "second").await;
    problem(&tower, "third").await;
    quick.seen_at_least(3, PATIENCE).await;
    let hanging = channel(&tower, "slow").await;
    assert_eq!((&hanging["waiting"], &hanging["last_told_ms"]), (&json!(3), &json!(null)), "{hanging}");
    assert!(slow.seen().len() < 3, "it is asked one note at a time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_one_channel_cuts_off_nothing_that_is_on_its_way_to_another() {
    let tower = tower().await;
    let slow = Server::start(|_, _| Answer::status(200).after(Duration::from_secs(2))).await;
    tower.owner("channel_set", &json!({ "name": "slow", "kind": "webhook", "url": slow.url })).await;
    problem(&tower, "leads").await;
    slow.seen_at_least(1, PATIENCE).await;
    let other = json!({ "name": "other", "kind": "webhook", "url": slow.url, "min_severity": "critical" });
    tower.owner("channel_set", &other).await;
    tower.owner("channel_remove", &json!({ "name": "other" })).await;
    until("its answer", PATIENCE, async || (channel(&tower, "slow").await["waiting"] == 0).then_some(())).await;
    assert_eq!(slow.seen().len(), 1, "it was not asked again");
    // Its own settings hold at once.
    let elsewhere = Server::start(|_, _| Answer::status(200)).await;
    tower.owner("channel_set", &json!({ "name": "slow", "kind": "webhook", "url": elsewhere.url })).await;
    problem(&tower, "another").await;
    elsewhere.seen_at_least(1, PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_that_was_on_its_way_as_the_tower_was_killed_goes_again_with_the_same_id() {
    let mut tower = tower().await;
    let hour = Duration::from_secs(3_600);
    let sink =
        Server::start(move |before, _| if before == 0 { Answer::status(200).after(hour) } else { Answer::status(200) })
            .await;
    tower.owner("channel_set", &json!({ "name": "chat", "kind": "webhook", "url": sink.url })).await;
    problem(&tower, "leads").await;
    sink.seen_at_least(1, PATIENCE).await;
    tower.kill9().await;
    tower.again().await;
    let seen = sink.seen_at_least(2, PATIENCE).await;
    assert_eq!(seen[0].header("webhook-id"), seen[1].header("webhook-id"));
    assert_eq!(seen[0].json()["data"]["alert"], seen[1].json()["data"]["alert"]);
    until("its record", PATIENCE, async || (channel(&tower, "chat").await["waiting"] == 0).then_some(())).await;
    problem(&tower, "another").await;
    let seen = sink.seen_at_least(3, PATIENCE).await;
    assert_ne!(seen[1].header("webhook-id"), seen[2].header("webhook-id"), "it was told, and is not told again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_removed_is_told_nothing_more_and_what_waited_has_a_record() {
    let tower = tower().await;
    let down = Server::start(|_, _| Answer::status(500)).await;
    tower.owner("channel_set", &json!({ "name": "chat", "kind": "webhook", "url": down.url })).await;
    let cue = problem(&tower, "leads").await;
    let open = alert(&tower, "cue_id", &cue).await;
    down.seen_at_least(1, PATIENCE).await;
    tower.owner("channel_remove", &json!({ "name": "chat" })).await;
    let told = until("its record", PATIENCE, async || {
        let alerts = tower.owner("alerts", &json!({ "limit": 50 })).await;
        let alert = alerts["alerts"].as_array()?.iter().find(|alert| alert["id"] == open["id"]).cloned()?;
        alert["told"].as_array()?.iter().find(|told| told["channel"] == "chat").cloned()
    })
    .await;
    assert_eq!((&told["by"], &told["state"]), (&json!("channel"), &json!("given_up")), "{told}");
    tower.owner("channel_set", &json!({ "name": "chat", "kind": "webhook", "url": down.url })).await;
    problem(&tower, "another").await;
    let seen = down.seen_at_least(2, PATIENCE).await;
    assert_ne!(seen[1].json()["data"]["alert"]["id"], open["id"], "what was given up stays so");
}
