//! A cue of CueAPI's as a definition here: what is carried over, what is not, and why. Pure; `now` is handed in.
//!
//! What comes from another server is not trusted with more than a client of the agents' door is: nothing that runs a
//! program, reads a file or asks for a secret of this machine is carried over.

use chrono::{DateTime, NaiveDateTime};
use cuetower_core::Ms;
use cuetower_core::plan::Plan;
use cuetower_engine::definition::{self, Invalid};
use serde_json::{Map, Value, json};

use super::headers::{self, HeaderSecret};

/// CueAPI's fields, and those of ours that mean nothing but this cue. What is not here is named if it asks for something.
const CARRIED: [&str; 24] = [
    "name",
    "description",
    "agent",
    "transport",
    "schedule",
    "callback",
    "worker",
    "payload",
    "retry",
    "delivery",
    "confirm",
    "catch_up",
    "overlap",
    "expect",
    "on_failure",
    "on_success_fire",
    "budget",
    "heartbeat",
    "loops",
    "priority",
    "verification",
    "alerts",
    "require_payload_override",
    "required_payload_keys",
];
/// What a server says about a cue; it is not part of it.
const FACTS: [&str; 17] = [
    "id",
    "status",
    "next_run",
    "paused_until",
    "last_run",
    "run_count",
    "fired_count",
    "revision",
    "warning",
    "created_at",
    "updated_at",
    "executions",
    "execution_total",
    "execution_limit",
    "execution_offset",
    "stats",
    "account",
];
/// Without these it would be another cue.
const NEEDED: [&str; 8] =
    ["definition", "name", "schedule", "transport", "callback.url", "callback.method", "payload", "confirm"];
const NAME_CHARS_MAX: usize = 255;

/// A cue that can be made here.
#[derive(Debug)]
pub struct Mapped {
    pub id: String,
    pub name: String,
    pub definition: Map<String, Value>,
    /// "every 15 min", as it is said here.
    pub words: String,
    pub transport: String,
    pub paused: bool,
    /// What is not carried over, and why.
    pub notes: Vec<String>,
    pub secrets: Vec<HeaderSecret>,
}

/// A cue that is not made here.
#[derive(Debug)]
pub struct LeftOut {
    pub id: String,
    pub name: String,
    pub why: String,
    /// It has had its time, so that nothing is lost.
    pub is_past: bool,
}

pub fn read(cue: &Map<String, Value>, now: Ms) -> Result<Mapped, LeftOut> {
    let word = |field: &str| cue.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (id, status, mut notes) = (word("id"), word("status"), Vec::new());
    let name = name(&word("name"), &id, &mut notes);
    let left_out = |why: String, is_past: bool| LeftOut { id: id.clone(), name: name.clone(), why, is_past };
    if is_past(cue, &status, now) {
        return Err(left_out("it was to run once, and its time has passed".to_owned(), true));
    }
    let transport = cue.get("transport").and_then(Value::as_str).unwrap_or("webhook").to_owned();
    if transport == "command" {
        let why =
            "it runs a program, and another server does not say what runs here; make it with `cuetowerctl cue add`";
        return Err(left_out(why.to_owned(), false));
    }
    let mut definition = carried(cue, &transport, &mut notes);
    definition.insert("name".to_owned(), json!(name));
    if let Some(header) = headers::asking_for_a_secret(&definition) {
        let why =
            format!("its header {header} asks for a secret of this machine, which another server must not be sent");
        return Err(left_out(why, false));
    }
    let secrets = headers::hidden(&mut definition, now);
    let read = loop {
        let problems = match definition::read_new(&Value::Object(definition.clone()), now) {
            Ok(read) => break read,
            Err(problems) => problems,
        };
        let why = |problems: Vec<&Invalid>| {
            let words: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
            left_out(words.join(" "), false)
        };
        let needed: Vec<&Invalid> = problems.iter().filter(|problem| is_needed(problem)).collect();
        if !needed.is_empty() {
            return Err(why(needed));
        }
        let taken_out = without(&mut definition, &problems);
        if taken_out.is_empty() {
            return Err(why(problems.iter().collect()));
        }
        notes.extend(taken_out);
    };
    for field in read.unknown {
        definition.remove(&field);
        notes.push(format!("{field}: not known here"));
    }
    let plan = Plan::of(&read.definition.schedule, "").map_err(|error| left_out(error.to_string(), false))?;
    let (words, paused) = (plan.words(), status == "paused");
    Ok(Mapped { id: id.clone(), name: name.clone(), definition, words, transport, paused, notes, secrets })
}

/// CueAPI takes names that cannot be shown in a line.
fn name(written: &str, id: &str, notes: &mut Vec<String>) -> String {
    let plain: String = written.chars().map(|c| if c.is_control() { ' ' } else { c }).take(NAME_CHARS_MAX).collect();
    let name = if plain.trim().is_empty() { id.to_owned() } else { plain };
    if name != written {
        notes.push(format!("name: it had one that nobody could tell from others, so it is called {name}"));
    }
    name
}

fn is_past(cue: &Map<String, Value>, status: &str, now: Ms) -> bool {
    let schedule = cue.get("schedule");
    let says = |field: &str| schedule.and_then(|schedule| schedule.get(field)).and_then(Value::as_str);
    let at = says("at").map(|at| at.trim().replacen(' ', "T", 1)).and_then(|at| {
        let with_offset = DateTime::parse_from_rfc3339(&at).map(|at| at.timestamp_millis());
        let naive =
            || NaiveDateTime::parse_from_str(&at, "%Y-%m-%dT%H:%M:%S%.f").map(|at| at.and_utc().timestamp_millis());
        with_offset.or_else(|_| naive()).ok()
    });
    says("type") == Some("once") && (["completed", "failed"].contains(&status) || at.is_some_and(|at| at <= now.0))
}

fn carried(cue: &Map<String, Value>, transport: &str, notes: &mut Vec<String>) -> Map<String, Value> {
    let mut definition = Map::new();
    for (field, value) in cue {
        if CARRIED.contains(&field.as_str()) {
            definition.insert(field.clone(), value.clone());
        } else if !FACTS.contains(&field.as_str()) && asks(value) {
            notes.push(format!("{field}: {}", why_not(field)));
        }
    }
    if transport != "webhook" {
        definition.remove("callback");
    }
    if transport != "worker" {
        definition.remove("worker");
    }
    let mut dropped = |section: &str, field: &str, why: &str| {
        let value =
            definition.get_mut(section).and_then(Value::as_object_mut).and_then(|section| section.remove(field));
        if value.is_some_and(|value| asks(&value)) {
            notes.push(format!("{section}.{field}: {why}"));
        }
    };
    dropped("schedule", "paths", "files are watched on the machine they are on");
    dropped("callback", "allow_private", "another server does not open this machine's network; say so here");
    definition
}

fn why_not(field: &str) -> &'static str {
    match field {
        "uses" => "pools are this tower's own; make the pool, then name it in the cue",
        "preflight" | "checks" => "what is looked at on a machine is for its owner to say",
        "command" | "secrets" => "it is for programs on that machine",
        _ => "not known here",
    }
}

fn asks(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => map.values().any(asks),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

fn is_needed(problem: &Invalid) -> bool {
    let within = |place: &str| problem.field == place || problem.field.starts_with(&format!("{place}."));
    NEEDED.into_iter().any(within)
}

/// Takes the fields out that the problems are about. What went, and why.
fn without(definition: &mut Map<String, Value>, problems: &[Invalid]) -> Vec<String> {
    let mut taken_out = Vec::new();
    for Invalid { field, message } in problems {
        // A problem inside of something that went with an earlier one finds nothing.
        if let Some(place) = take_out(definition, field) {
            taken_out.push(format!("{place}: {message}"));
        }
    }
    taken_out
}

/// The place that was taken out: a header, a field of a section, or a section that is no object.
fn take_out(definition: &mut Map<String, Value>, field: &str) -> Option<String> {
    let place = field.split('[').next().unwrap_or(field);
    if let Some(header) = place.strip_prefix("callback.headers.") {
        headers::of(definition)?.remove(header)?;
        return Some(format!("header {header}"));
    }
    let mut words = place.split('.');
    let (section, inner) = (words.next()?, words.next());
    match (definition.get_mut(section)?.as_object_mut(), inner) {
        (Some(map), Some(inner)) => map.remove(inner).map(|_| format!("{section}.{inner}")),
        (Some(_) | None, None) | (None, Some(_)) => definition.remove(section).map(|_| section.to_owned()),
    }
}

#[cfg(test)]
mod tests;
