//! A thousand problems at once are a few notes, and none of them is left out.

use std::time::Duration;

use cuetower_tests::{Answer, Server, until};
use serde_json::{Value, json};

use super::{channel, hopeless, made, tower};

const PROBLEMS: usize = 1_000;
/// A window, and a storm's window after it.
const PATIENCE: Duration = Duration::from_secs(240);

/// Problems that one note tells of.
fn told(note: &Value) -> u64 {
    match &note["data"]["digest"]["by_kind"] {
        Value::Object(kinds) => kinds.values().filter_map(Value::as_u64).sum(),
        _ => 1,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_problems_at_once_are_five_notes_and_a_digest() {
    let tower = tower().await;
    let sink = Server::start(|_, _| Answer::status(200)).await;
    tower.owner("channel_set", &json!({ "name": "chat", "kind": "webhook", "url": sink.url })).await;
    let first = made(&tower, &hopeless("first")).await;
    for number in 1..PROBLEMS {
        let mut cue = hopeless(&format!("follower {number}"));
        cue["schedule"] = json!({ "type": "after", "cue": first, "on": "failed" });
        made(&tower, &cue).await;
    }
    let (status, fired) = tower.post(&format!("/v1/cues/{first}/fire"), &json!({})).await;
    assert!(status < 300, "{fired}");
    let notes = until("all of them", PATIENCE, async || {
        let notes: Vec<Value> = sink.seen().iter().map(cuetower_tests::Seen::json).collect();
        (notes.iter().map(told).sum::<u64>() >= PROBLEMS as u64).then_some(notes)
    })
    .await;
    let digests: Vec<&Value> = notes.iter().filter(|note| note["type"] == "alerts.digest").collect();
    assert_eq!(notes.iter().map(told).sum::<u64>(), PROBLEMS as u64, "each is told once");
    assert_eq!(notes.len() - digests.len(), 5, "one by one");
    assert!((1..=3).contains(&digests.len()), "{digests:#?}");
    let title = digests[0]["data"]["title"].as_str().unwrap();
    assert!(title.ends_with(" problems"), "{title}");
    let body = digests[0]["data"]["body"].as_str().unwrap();
    assert!(body.contains(" failed deliveries. The first: "), "{body}");
    until("its record", PATIENCE, async || (channel(&tower, "chat").await["waiting"] == 0).then_some(())).await;
}
