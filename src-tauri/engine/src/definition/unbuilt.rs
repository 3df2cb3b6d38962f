//! What SPEC §13 and CueAPI promise and this version does not do yet: refused unless it asks for nothing, never ignored.

use serde_json::Value;

use super::reading::{Object, Problems};

/// Section ("" is the cue itself) and field.
const PROMISED: [(&str, &str); 1] = [("", "gate")];

/// Whether [`refuse`] looks after this field.
pub(super) fn is_promised(section: &str, field: &str) -> bool {
    PROMISED.contains(&(section, field))
}

pub(super) fn refuse(top: &Object, problems: &mut Problems) {
    for (section, field) in PROMISED {
        let mut parts = section.split('.').filter(|part| !part.is_empty());
        let first = parts.next().and_then(|part| top.get(part));
        let holder = parts.try_fold(first, |holder, part| holder.map(|holder| holder.get(part))).flatten();
        let found = if section.is_empty() { top.get(field) } else { holder.and_then(|holder| holder.get(field)) };
        if found.is_none_or(asks_for_nothing) {
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
