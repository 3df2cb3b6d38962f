//! The canonical JSON of a schedule: its type and zone, and of the rest what is not at its default.

use cuetower_core::Ms;
use cuetower_core::plan::{clock_words, days_text};
use cuetower_core::schedule_spec::{AfterEnd, Blackout, Kind, NextRunLimits, Part, Rate, ScheduleSpec, Weekdays};
use serde_json::{Map, Value, json};

use super::instants;
use super::parts::DAY_S;
use super::writing::seconds;

pub(super) fn schedule(spec: &ScheduleSpec) -> Value {
    let mut fields = Map::new();
    let mut set = |field: &str, value: Value| drop(fields.insert(field.to_owned(), value));
    match &spec.kind {
        Kind::Recurring { cron } => {
            set("type", json!("recurring"));
            if let Some(cron) = cron {
                set("cron", json!(cron));
            }
        }
        Kind::Interval { every_ms, anchor } => {
            set("type", json!("interval"));
            set("every_seconds", seconds(*every_ms));
            if *anchor != Ms(0) {
                set("at", json!(instants::write(*anchor, &spec.timezone)));
            }
        }
        Kind::Once { at } => {
            set("type", json!("once"));
            set("at", json!(instants::write(*at, &spec.timezone)));
        }
        Kind::Manual => set("type", json!("manual")),
        Kind::After { cue, on } => {
            set("type", json!("after"));
            set("cue", json!(cue.as_str()));
            set("on", json!(end_word(*on)));
        }
    }
    set("timezone", json!(spec.timezone));
    if !spec.parts.is_empty() {
        set("parts", spec.parts.iter().map(part).collect());
    }
    if !spec.blackout.is_empty() {
        set("blackout", spec.blackout.iter().map(blackout).collect());
    }
    if spec.jitter_ms > 0 {
        set("jitter_seconds", seconds(spec.jitter_ms));
    }
    if !spec.paths.is_empty() {
        set("paths", json!(spec.paths));
    }
    if spec.next_run != NextRunLimits::default() {
        let NextRunLimits { min_ms, max_ms } = spec.next_run;
        set("next_run", json!({ "min_seconds": seconds(min_ms), "max_seconds": seconds(max_ms) }));
    }
    Value::Object(fields)
}

fn end_word(on: AfterEnd) -> &'static str {
    match on {
        AfterEnd::Confirmed => "confirmed",
        AfterEnd::Failed => "failed",
        AfterEnd::Either => "either",
    }
}

fn part(part: &Part) -> Value {
    let mut fields = Map::new();
    let mut set = |field: &str, value: Value| drop(fields.insert(field.to_owned(), value));
    if part.days != Weekdays::ALL {
        set("days", json!(days_text(part.days)));
    }
    if (part.from_s, part.to_s) != (0, DAY_S) {
        set("from", json!(clock_words(part.from_s)));
        set("to", json!(clock_words(part.to_s)));
    }
    if let Some(timezone) = &part.timezone {
        set("timezone", json!(timezone));
    }
    match &part.rate {
        Rate::Every { every_ms } => set("every_seconds", seconds(*every_ms)),
        Rate::Cron { cron } => set("cron", json!(cron)),
        Rate::Otherwise => {}
    }
    if let Some(at_once) = part.at_once {
        set("at_once", json!(at_once));
    }
    Value::Object(fields)
}

fn blackout(blackout: &Blackout) -> Value {
    json!({ "from": blackout.from_text, "to": blackout.to_text })
}
