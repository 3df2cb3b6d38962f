//! When a live answer agrees with a recorded one: the same status, the same headers named, every recorded field there with
//! the same JSON type, the words that clients act on equal. More fields are welcome.

use serde_json::Value;

use super::{Back, Sample};

/// Fields whose words are part of the contract, wherever they stand.
const WORDS: &[&str] = &[
    "code",
    "outcome_state",
    "triggered_by",
    "delivery_state",
    "transport",
    "alert_type",
    "event_type",
    "claimed",
    "acknowledged",
    "outcome_recorded",
    "evidence_updated",
    "valid",
    "attested",
    "stored",
    "detached",
    "previous_key_revoked",
    "previous_secret_revoked",
];

/// Where the two differ, in words; nothing if they agree.
pub fn differences(sample: &Sample, back: &Back) -> Vec<String> {
    let mut found = Vec::new();
    if sample.status != back.status {
        found.push(format!("status {} instead of {}", back.status, sample.status));
    }
    let missing = sample.headers.iter().filter(|name| !back.headers.contains_key(name.as_str()));
    found.extend(missing.map(|name| format!("no header {name}")));
    let is_page = sample.answer.get("_text").is_some();
    if !is_page {
        compare("", &sample.answer, &back.json, &mut found);
    }
    found
}

/// Adds where `live` lacks something of `recorded`.
pub fn compare(at: &str, recorded: &Value, live: &Value, found: &mut Vec<String>) {
    let name = at.rsplit('.').next().unwrap_or_default();
    let is_listed = at.split('.').any(|part| part.parse::<usize>().is_ok());
    match (recorded, live) {
        // It may hold anything.
        (Value::Null, _) => {}
        // Which runs a page shows depends on what became of them: one that has not ended has no outcome.
        (_, Value::Null) if is_listed => {}
        (Value::Object(recorded), Value::Object(live)) => {
            for (name, value) in recorded {
                match live.get(name) {
                    Some(live) => compare(&format!("{at}.{name}"), value, live, found),
                    None => found.push(format!("no {at}.{name}")),
                }
            }
        }
        (Value::Array(recorded), Value::Array(live)) => {
            // Their order is not part of the shape: each recorded one has its like.
            for (nth, recorded) in recorded.iter().enumerate() {
                let tries = live.iter().map(|live| {
                    let mut found = Vec::new();
                    compare(&format!("{at}.{nth}"), recorded, live, &mut found);
                    found
                });
                match tries.min_by_key(Vec::len) {
                    Some(closest) => found.extend(closest),
                    None => found.push(format!("nothing in {at}")),
                }
            }
        }
        _ if kind(recorded) != kind(live) => {
            found.push(format!("{at} is {} instead of {}", kind(live), kind(recorded)));
        }
        _ if WORDS.contains(&name) && recorded != live => {
            found.push(format!("{at} is {live} instead of {recorded}"));
        }
        _ => {}
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// For a message.
pub fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 700 { text } else { text.chars().take(700).chain(['…']).collect() }
}
