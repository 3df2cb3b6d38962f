//! What a recorded word stands for in the live tower: ids, keys and tokens, learnt from the answers as they come.

use std::collections::HashMap;
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

/// Recorded → live.
#[derive(Default)]
pub struct Words(HashMap<String, String>);

impl Words {
    /// The live word, or the word itself if nothing is known of it.
    pub fn live(&self, recorded: &str) -> String {
        self.0.get(recorded).map_or(recorded, String::as_str).to_owned()
    }

    /// The same, if it is known.
    pub fn known(&self, recorded: &str) -> Option<&String> {
        self.0.get(recorded)
    }

    pub fn live_in(&self, recorded: &Value) -> Value {
        let mut live = recorded.clone();
        each_string(&mut live, &mut |word| *word = Value::String(self.live(word.as_str().unwrap_or_default())));
        live
    }

    /// What stood for something first, stands for it.
    pub fn learn_word(&mut self, recorded: &str, live: &str) {
        self.0.entry(recorded.to_owned()).or_insert_with(|| live.to_owned());
    }

    /// Learns from two answers to one request, held side by side.
    pub fn learn(&mut self, recorded: &Value, live: &Value) {
        match (recorded, live) {
            (Value::Object(recorded), Value::Object(live)) => {
                for (name, recorded) in recorded {
                    if let Some(live) = live.get(name) {
                        self.learn(recorded, live);
                    }
                }
            }
            // Which is which of several is not known.
            (Value::Array(recorded), Value::Array(live)) if recorded.len() == 1 && live.len() == 1 => {
                self.learn(&recorded[0], &live[0]);
            }
            (Value::String(recorded), Value::String(live)) if is_made(recorded) => self.learn_word(recorded, live),
            _ => {}
        }
    }
}

/// True for a word that a server made up: an id, a key, a token.
fn is_made(word: &str) -> bool {
    let prefixed = ["cue_", "agt_", "msg_", "whsec_", "eyJ"].iter().any(|prefix| word.starts_with(prefix));
    let is_hex = |word: &str| word.chars().all(|sign| sign.is_ascii_hexdigit() || sign == '-');
    prefixed || (matches!(word.len(), 36 | 64) && is_hex(word))
}

pub fn each_string(value: &mut Value, change: &mut dyn FnMut(&mut Value)) {
    match value {
        Value::String(_) => change(value),
        Value::Array(values) => values.iter_mut().for_each(|value| each_string(value, change)),
        Value::Object(fields) => fields.values_mut().for_each(|value| each_string(value, change)),
        _ => {}
    }
}

/// A recorded instant, as far from now as it was from `recorded_at` (seconds since 1970).
#[expect(clippy::disallowed_methods, reason = "the recorded instants follow the real clock")]
pub fn as_far_ahead(instant: &str, recorded_at: i64) -> String {
    let instant: DateTime<Utc> = instant.parse().expect("recorded instants are RFC 3339");
    let ahead: TimeDelta = instant - DateTime::from_timestamp(recorded_at, 0).expect("it is in range");
    (DateTime::<Utc>::from(SystemTime::now()) + ahead).to_rfc3339()
}
