//! CueAPI's flat body, `{name, cron | at, timezone, callback_url | worker, …}`, as its MCP tool posts it.

use serde_json::{Map, Value, json};

use super::Invalid;
use super::reading::Problems;

/// What the flat fields mean.
const MEANINGS: [(&str, &str); 5] = [
    ("cron", "schedule.cron"),
    ("at", "schedule.at"),
    ("timezone", "schedule.timezone"),
    ("callback_url", "callback.url"),
    ("worker", "transport"),
];

/// A body with its flat fields where they belong.
pub(super) struct Unfolded {
    pub(super) body: Map<String, Value>,
    /// The flat fields that were there, with what they became.
    moved: Vec<(&'static str, &'static str)>,
}

impl Unfolded {
    /// The problems with the names of the fields as they were handed in.
    pub(super) fn as_written(&self, problems: Vec<Invalid>) -> Vec<Invalid> {
        let renamed = |problem: Invalid| match self.moved.iter().find(|(_, meaning)| *meaning == problem.field) {
            Some((flat, meaning)) => {
                Invalid { field: (*flat).to_owned(), message: problem.message.replace(meaning, flat) }
            }
            None => problem,
        };
        problems.into_iter().map(renamed).collect()
    }
}

pub(super) fn unfolded(body: &Map<String, Value>, problems: &mut Problems) -> Unfolded {
    let mut body = body.clone();
    let mut moved = Vec::new();
    let mut schedule = Map::new();
    for (flat, meaning) in MEANINGS {
        // A section of its own, and no flag.
        if flat == "worker" && body.get(flat).is_some_and(Value::is_object) {
            continue;
        }
        let asks_for_nothing = |value: &Value| value.is_null() || (flat == "worker" && *value == false);
        let Some(value) = body.remove(flat).filter(|value| !asks_for_nothing(value)) else {
            continue;
        };
        let section = meaning.split('.').next().unwrap_or(meaning);
        if body.get(section).is_some_and(|there| !there.is_null()) {
            problems.add(flat, format!("`{flat}` and `{section}` say the same; write `{meaning}` alone."));
            continue;
        }
        moved.push((flat, meaning));
        match flat {
            "callback_url" => drop(body.insert(section.to_owned(), json!({ "url": value }))),
            "worker" => drop(body.insert(section.to_owned(), json!("worker"))),
            _ => drop(schedule.insert(flat.to_owned(), value)),
        }
    }
    let kind = match (schedule.contains_key("cron"), schedule.contains_key("at")) {
        (true, _) => Some("recurring"),
        (false, true) => Some("once"),
        (false, false) => None,
    };
    schedule.extend(kind.map(|kind| ("type".to_owned(), json!(kind))));
    if !schedule.is_empty() {
        body.insert("schedule".to_owned(), Value::Object(schedule));
    }
    Unfolded { body, moved }
}
