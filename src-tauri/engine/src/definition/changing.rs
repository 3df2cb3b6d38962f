//! A change laid over the cue as it is, or a whole body in its place.

use cuetower_core::cue::CueDefinition;
use serde_json::{Map, Value};

use super::pairs::Pairs;
use super::{KEPT, expecting, schedule, writing};

/// These are merged field by field; every other field is replaced.
const MERGED: [&str; 8] = ["schedule", "callback", "command", "retry", "delivery", "catch_up", "expect", "on_failure"];

/// The whole cue as it would become.
pub(super) fn changed(current: &CueDefinition, patch: &Map<String, Value>) -> Map<String, Value> {
    let mut whole = writing::fields(current);
    make_room(&mut whole, patch);
    for (key, value) in patch {
        let value = kept(&whole, key, value);
        match (whole.get_mut(key), value) {
            (Some(Value::Object(section)), Value::Object(changes)) if MERGED.contains(&key.as_str()) => {
                section.extend(changes)
            }
            (_, value) => drop(whole.insert(key.clone(), value)),
        }
    }
    whole
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
        whole.remove("callback");
        whole.remove("command");
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
        let now = whole.get(section).and_then(|section| section.get(key)).and_then(Value::as_object);
        let new = value.get_mut(key).and_then(Value::as_object_mut);
        if let (true, Some(now), Some(new)) = (section == holder, now, new) {
            for (name, text) in new.iter_mut().filter(|(_, text)| *text == KEPT) {
                if let Some((_, kept)) = now.iter().find(|(known, _)| pairs.same_name(known, name)) {
                    text.clone_from(kept);
                }
            }
        }
    }
    value
}
