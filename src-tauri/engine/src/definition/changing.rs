//! A change laid over the cue as it is, or a whole body in its place.

use cuetower_core::cue::CueDefinition;
use serde_json::{Map, Value};

use super::pairs::{self, Pairs};
use super::{checks, expecting, schedule, writing};

/// These are merged field by field; every other field is replaced.
const MERGED: [&str; 14] = [
    "schedule",
    "callback",
    "command",
    "worker",
    "retry",
    "delivery",
    "catch_up",
    "expect",
    "on_failure",
    "alerts",
    "heartbeat",
    "budget",
    "gate",
    "retention",
];
/// And so are the sections of these: to raise the budget of a day leaves that of a run as it is.
const MERGED_DEEPLY: [&str; 1] = ["budget"];

/// The whole cue as it would become.
pub(super) fn changed(current: &CueDefinition, patch: &Map<String, Value>) -> Map<String, Value> {
    let mut whole = writing::fields(current);
    make_room(&mut whole, patch);
    for (key, value) in patch {
        let value = kept(&whole, key, value);
        match (whole.get_mut(key), value) {
            (Some(Value::Object(section)), Value::Object(changes)) if MERGED.contains(&key.as_str()) => {
                merge(section, changes, MERGED_DEEPLY.contains(&key.as_str()))
            }
            (_, value) => drop(whole.insert(key.clone(), value)),
        }
    }
    whole
}

fn merge(section: &mut Map<String, Value>, changes: Map<String, Value>, deeply: bool) {
    for (field, value) in changes {
        match (section.get_mut(&field), value) {
            (Some(Value::Object(now)), Value::Object(changes)) if deeply => now.extend(changes),
            (_, value) => drop(section.insert(field, value)),
        }
    }
}

/// A whole body, with what `••••` stands for in it.
pub(super) fn replacing(current: &CueDefinition, body: &Map<String, Value>) -> Map<String, Value> {
    let now = writing::fields(current);
    body.iter().map(|(key, value)| (key.clone(), kept(&now, key, value))).collect()
}

/// Takes out what a change of kind leaves behind: a `cron` beside a new `at`, a `shell` beside a new `argv`.
fn make_room(whole: &mut Map<String, Value>, patch: &Map<String, Value>) {
    let asks = |section: &str, field: &str| {
        patch.get(section).and_then(|section| section.get(field)).filter(|value| !value.is_null())
    };
    if let Some(kind) = asks("schedule", "type")
        && let Some(Value::Object(now)) = whole.get_mut("schedule")
        && now.get("type") != Some(kind)
    {
        now.retain(|field, _| schedule::survives(field, kind));
    }
    if let Some(Value::Object(command)) = whole.get_mut("command") {
        for (new, old) in [("argv", "shell"), ("shell", "argv")] {
            if asks("command", new).is_some() && asks("command", old).is_none() {
                command.remove(old);
            }
        }
    }
    if patch.get("transport").is_some_and(|transport| whole.get("transport") != Some(transport)) {
        // How long each waits, and whether it can be caught up on, is its own as well.
        for section in ["callback", "command", "worker", "delivery", "catch_up", "overlap", "retry"] {
            whole.remove(section);
        }
        if let Some(Value::Object(beat)) = whole.get_mut("heartbeat") {
            beat.remove("restart");
        }
    }
    // CueAPI's mode replaces what a mode can ask for, and nothing else.
    if patch.contains_key("verification")
        && asks("expect", "evidence").is_none()
        && let Some(Value::Array(evidence)) = whole.get_mut("expect").and_then(|expect| expect.get_mut("evidence"))
    {
        evidence.retain(|field| !expecting::is_a_modes(field));
    }
}

/// The new value of a section, with what `••••` stands for in its headers or variables.
fn kept(whole: &Map<String, Value>, section: &str, value: &Value) -> Value {
    let mut value = value.clone();
    for (holder, key, pairs) in [("callback", "headers", Pairs::Headers), ("command", "env", Pairs::Env)] {
        if section == holder {
            pairs::kept(whole.get(section).and_then(|now| now.get(key)), value.get_mut(key), pairs);
        }
    }
    if matches!(section, "preflight" | "checks")
        && let Some(now) = whole.get(section)
    {
        checks::kept(now, &mut value);
    }
    value
}
