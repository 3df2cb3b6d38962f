//! Ways to reach the owner, on a real tower: what each service is sent, what becomes of it when nobody is there, and what a
//! thousand problems at once look like.

mod burst;
mod down;
pub(crate) mod mail;
mod shapes;
mod time;

use std::time::Duration;

use cuetower_tests::{Tower, holds, until};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// Its secrets outlive it.
async fn tower() -> Tower {
    Tower::start_with(None, &["--vault", "file"], &[("CUETOWER_VAULT_PASSPHRASE", "for a test")]).await
}

/// A cue whose every run is a problem: nobody is where it delivers.
fn hopeless(name: &str) -> Value {
    json!({ "name": name, "callback": { "url": "http://127.0.0.1:9/none" }, "transport": "webhook",
            "schedule": { "type": "manual" }, "retry": { "max_attempts": 1, "backoff_minutes": [1] } })
}

/// The id of the cue that was made.
async fn made(tower: &Tower, cue: &Value) -> String {
    let (status, answer) = tower.post("/v1/cues", cue).await;
    assert_eq!(status, 201, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

/// A problem of a new cue; the cue's id.
async fn problem(tower: &Tower, name: &str) -> String {
    let id = made(tower, &hopeless(name)).await;
    let (status, fired) = tower.post(&format!("/v1/cues/{id}/fire"), &json!({})).await;
    assert!(status < 300, "{fired}");
    id
}

/// The open alert of a cue, or of whatever this field names.
async fn alert(tower: &Tower, field: &str, value: &str) -> Value {
    until("an alert", PATIENCE, async || {
        let alerts = tower.owner("alerts", &json!({ "limit": 500 })).await;
        let found = alerts["alerts"].as_array()?.iter().find(|alert| alert[field] == value).cloned();
        found.filter(|alert| alert["state"] != "resolved")
    })
    .await
}

async fn channel(tower: &Tower, name: &str) -> Value {
    let channels = tower.owner("channels", &json!({})).await;
    let found = channels["channels"].as_array().unwrap().iter().find(|channel| channel["name"] == name);
    found.cloned().unwrap_or_else(|| panic!("no {name} in {channels}"))
}

/// Nothing of what is secret lies in the database, its log, or the tower's own answers.
fn nowhere(tower: &Tower, secret: &str) {
    for file in ["cuetower.db", "cuetower.db-wal"] {
        let bytes = std::fs::read(tower.data.join(file)).unwrap_or_default();
        assert!(!holds(&bytes, secret), "{secret} is in {file}");
    }
}
