//! What is different between two definitions, field by field. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::wire::CueFieldChange;

/// A list is one field; a section that is not there has none.
pub(super) fn fields(old: &Value, new: &Value) -> Vec<CueFieldChange> {
    let [old, new] = [flat(old), flat(new)];
    let mut places: Vec<&String> = old.keys().chain(new.keys()).collect();
    places.sort();
    places.dedup();
    let at = |of: &BTreeMap<String, Value>, place: &str| of.get(place).cloned().unwrap_or(Value::Null);
    let changes = places.into_iter().map(|place| CueFieldChange {
        field: place.clone(),
        old: at(&old, place),
        new: at(&new, place),
    });
    changes.filter(|change| change.old != change.new).collect()
}

fn flat(value: &Value) -> BTreeMap<String, Value> {
    let mut fields = BTreeMap::new();
    walk(value, String::new(), &mut fields);
    fields
}

fn walk(value: &Value, at: String, fields: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(map) => {
            for (field, value) in map {
                walk(value, if at.is_empty() { field.clone() } else { format!("{at}.{field}") }, fields);
            }
        }
        // Left out and empty mean the same, but for what is the owner's own.
        Value::Null if !at.starts_with("payload") => {}
        Value::Array(list) if list.is_empty() && !at.starts_with("payload") => {}
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            fields.insert(at, value.clone());
        }
    }
}
