//! The web hooks that the recording's receiver got, held against those that the tower sent for the same cues.

use std::time::Duration;

use cuetower_tests::{Seen, until};
use serde_json::Value;

use super::{Stage, agree};

/// What httpx says of itself is not CueAPI's.
const THE_CLIENTS_OWN: &[&str] = &["accept", "accept-encoding", "connection"];

pub async fn agree(stage: &Stage) {
    let recorded: Value = serde_json::from_str(include_str!("../../../data/cueapi/webhooks.json")).unwrap();
    for recorded in recorded["received"].as_array().unwrap() {
        let path = recorded["path"].as_str().unwrap();
        let attempt = recorded["headers"]["X-CueAPI-Attempt"].as_str().unwrap_or_default();
        let what = format!("web hook to {path}");
        let live = until(&what, Duration::from_secs(30), async || {
            let is_it = |seen: &Seen| seen.path == path && seen.header("x-cueapi-attempt") == attempt;
            stage.receiver.seen().into_iter().find(is_it)
        })
        .await;
        for (name, value) in recorded["headers"].as_object().unwrap() {
            let name = name.to_lowercase();
            assert!(THE_CLIENTS_OWN.contains(&name.as_str()) || live.headers.contains_key(&name), "{path}: no {name}");
            if matches!(name.as_str(), "content-type" | "user-agent" | "x-cueapi-attempt") {
                assert_eq!(live.header(&name), value.as_str().unwrap(), "{path}: {name}");
            }
        }
        let raw = recorded["raw_body"].as_str().unwrap();
        if recorded["headers"].get("X-CueAPI-Signature").is_some() {
            let text = std::str::from_utf8(&live.body).unwrap();
            assert_eq!(text, written(stage, raw, &live), "{path}: what is signed, byte for byte");
        } else {
            let mut found = Vec::new();
            agree::compare("", &serde_json::from_str(raw).unwrap(), &live.json(), &mut found);
            assert!(found.is_empty(), "{path}: {found:?} in {}", live.json());
        }
    }
}

/// The recorded bytes, with what is live in them: ids and instants alone.
fn written(stage: &Stage, recorded: &str, live: &Seen) -> String {
    let fields: Value = serde_json::from_str(recorded).unwrap();
    let mut text = recorded.to_owned();
    for (name, value) in fields.as_object().unwrap() {
        let Some(word) = value.as_str() else { continue };
        let told = live.json()[name].as_str().unwrap_or_else(|| panic!("no {name} in {:?}", live.json())).to_owned();
        let now = match name.as_str() {
            "scheduled_for" => {
                assert_eq!(told, live.header("x-cueapi-scheduled-for"), "one instant");
                told
            }
            _ => stage.words.live(word),
        };
        text = text.replace(&format!("\"{word}\""), &format!("\"{now}\""));
    }
    text
}
