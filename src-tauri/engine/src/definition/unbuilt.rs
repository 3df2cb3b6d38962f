//! What SPEC §13 and CueAPI promise and this version does not do yet: refused unless it asks for nothing, never ignored.

use serde_json::Value;

use super::reading::{Object, Problems};

/// Section ("" is the cue itself) and field.
const PROMISED: [(&str, &str); 18] = [
    ("command", "restart"),
    ("expect", "max_duration_seconds"),
    ("expect", "assert"),
    ("on_failure", "webhook"),
    ("on_failure", "fallback_cue"),
    ("verification", "required_assertions"),
    ("", "priority"),
    ("", "uses"),
    ("", "preflight"),
    ("", "checks"),
    ("", "heartbeat"),
    ("", "budget"),
    ("", "loops"),
    ("", "gate"),
    ("", "on_success_fire"),
    ("", "alerts"),
    ("", "required_payload_keys"),
    ("", "require_payload_override"),
];

/// Whether [`refuse`] looks after this field.
pub(super) fn is_promised(section: &str, field: &str) -> bool {
    PROMISED.contains(&(section, field))
}

pub(super) fn refuse(top: &Object, problems: &mut Problems) {
    for (section, field) in PROMISED {
        let holder = if section.is_empty() { None } else { top.get(section) };
        let found = if section.is_empty() { top.get(field) } else { holder.and_then(|holder| holder.get(field)) };
        if found.is_none_or(|value| asks_for_nothing(value) || is_its_default(field, value)) {
            continue;
        }
        let place = if section.is_empty() { field.to_owned() } else { format!("{section}.{field}") };
        problems.add(&place, format!("`{place}` is not built yet, so it would be ignored; leave it out."));
    }
}

/// A number never does: a budget of 0 asks for a lot.
fn asks_for_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) | Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.values().all(asks_for_nothing),
    }
}

fn is_its_default(field: &str, value: &Value) -> bool {
    match field {
        "priority" => value.as_f64() == Some(0.0),
        "restart" => value == "never",
        _ => false,
    }
}
