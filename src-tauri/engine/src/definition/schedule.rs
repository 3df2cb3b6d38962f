//! When: `schedule` with its type, its zone and what goes with them. Whether all of it together makes sense is `sense`'s.

use chrono_tz::Tz;
use cuetower_core::Ms;
use cuetower_core::id::CueId;
use cuetower_core::schedule::{Cron, parse_zone};
use cuetower_core::schedule_spec::{AfterEnd, Kind, NextRunLimits, Rate, ScheduleSpec};
use cuetower_core::time::SECOND_MS;
use serde_json::Value;

use super::reading::{Object, Problems, listed, sentence, shortened};
use super::{NAME_CHARS_MAX, blackout, instants, parts, paths, sense};

const AHEAD_MAX_MS: u64 = 3_653 * 24 * 3_600 * 1_000;
const YEAR_S: f64 = 366.0 * 24.0 * 3_600.0;
const JITTER_MAX_S: u32 = 3_600;

const FIELDS: [&str; 12] = [
    "type",
    "cron",
    "every_seconds",
    "at",
    "cue",
    "on",
    "timezone",
    "parts",
    "blackout",
    "jitter_seconds",
    "paths",
    "next_run",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Recurring,
    Interval,
    Once,
    Manual,
    After,
}

const TYPES: [(&str, Type); 5] = [
    ("recurring", Type::Recurring),
    ("interval", Type::Interval),
    ("once", Type::Once),
    ("manual", Type::Manual),
    ("after", Type::After),
];
const ENDS: [(&str, AfterEnd); 3] =
    [("confirmed", AfterEnd::Confirmed), ("failed", AfterEnd::Failed), ("either", AfterEnd::Either)];

/// The types that have a field; every other field goes with all of them.
const OWNERS: [(&str, &[Type]); 7] = [
    ("cron", &[Type::Recurring]),
    ("every_seconds", &[Type::Interval]),
    ("at", &[Type::Once, Type::Interval]),
    ("cue", &[Type::After]),
    ("on", &[Type::After]),
    ("parts", &[Type::Recurring, Type::Interval]),
    ("jitter_seconds", &[Type::Recurring, Type::Interval]),
];

/// What says when in one type means nothing, or something else, in another.
const SAYS_WHEN: [&str; 6] = ["type", "cron", "every_seconds", "at", "cue", "on"];

/// Whether a field stays when the type of a schedule is changed to `new`.
pub(super) fn survives(field: &str, new: &Value) -> bool {
    let new = TYPES.iter().find(|(word, _)| new == word).map(|(_, new)| *new);
    !SAYS_WHEN.contains(&field) && new.is_none_or(|new| owners(field).is_none_or(|owners| owners.contains(&new)))
}

/// `standing` is what a changed cue had: its `once` instant alone may lie in the past.
pub(super) fn read(
    top: &Object,
    now: Ms,
    standing: Option<&ScheduleSpec>,
    problems: &mut Problems,
) -> Option<ScheduleSpec> {
    if top.get("schedule").is_none() {
        let message = "`schedule` is missing; write {\"type\": \"recurring\", \"cron\": \"0 9 * * 1-5\"}, an `interval` with `every_seconds`, a `once` with an `at`, an `after` with a `cue`, or {\"type\": \"manual\"}.";
        problems.add("schedule", message);
        return None;
    }
    let before = problems.count();
    let schedule = top.section("schedule", &FIELDS, problems)?;
    let zone = match schedule.get("timezone") {
        None => Some(Tz::UTC),
        Some(_) => zone(&schedule, problems),
    };
    schedule.required_text("type", "write `recurring`, `interval`, `once`, `manual` or `after`", problems)?;
    let chosen = schedule.word("type", &TYPES, &[], problems)?;
    refuse_foreign(&schedule, chosen, problems);
    let parts = parts::read(&schedule, problems);
    let has_rate = parts.iter().flatten().any(|part| part.rate != Rate::Otherwise);
    let known_zone = zone.unwrap_or(Tz::UTC);
    let kind = match chosen {
        Type::Recurring if schedule.get("cron").is_none() && schedule.asks("parts") => {
            if parts.is_some() && !has_rate {
                let message = "`schedule.cron` is missing, and no part has `every_seconds` or a `cron` of its own, so it would never fire; write one of them.";
                problems.add("schedule.cron", message);
            }
            Some(Kind::Recurring { cron: None })
        }
        Type::Recurring => {
            let need = "a `recurring` schedule needs an expression such as `0 9 * * 1-5`";
            missing(&schedule, "cron", need, problems);
            cron(&schedule, problems).map(|cron| Kind::Recurring { cron: Some(cron) })
        }
        Type::Interval => interval(&schedule, known_zone, problems),
        Type::Once => once(&schedule, known_zone, now, standing, problems),
        Type::Manual => Some(Kind::Manual),
        Type::After => after(&schedule, problems),
    };
    let blackout = blackout::read(&schedule, known_zone, problems);
    let jitter_s = schedule.whole("jitter_seconds", 0..=JITTER_MAX_S, problems).unwrap_or(0);
    let paths = paths::read(&schedule, problems);
    let next_run = next_run(&schedule, problems);
    let spec = ScheduleSpec {
        kind: kind?,
        timezone: zone?.name().to_owned(),
        parts: parts?,
        blackout,
        jitter_ms: u64::from(jitter_s) * SECOND_MS,
        paths,
        next_run,
    };
    // A schedule that stands was looked at when it was written; it is not refused because the day is another.
    if problems.count() == before && standing != Some(&spec) {
        sense::refuse_nonsense(&spec, now, problems);
    }
    Some(spec)
}

/// The zone in the field `timezone`, if it is there.
pub(super) fn zone(holder: &Object, problems: &mut Problems) -> Option<Tz> {
    match parse_zone(holder.text("timezone", problems)?) {
        Ok(zone) => Some(zone),
        Err(error) => {
            problems.add(holder.place("timezone"), sentence(&error.to_string()));
            None
        }
    }
}

/// The expression in the field `cron`, if it is there.
pub(super) fn cron(holder: &Object, problems: &mut Problems) -> Option<String> {
    match Cron::parse(holder.text("cron", problems)?) {
        Ok(cron) => Some(cron.text().to_owned()),
        Err(error) => {
            problems.add(holder.place("cron"), sentence(&error.to_string()));
            None
        }
    }
}

pub(super) fn every_ms(holder: &Object, problems: &mut Problems) -> Option<u64> {
    holder.seconds("every_seconds", 1.0..=YEAR_S, problems)
}

fn missing(schedule: &Object, field: &str, need: &str, problems: &mut Problems) {
    if schedule.get(field).is_none() {
        problems.add(schedule.place(field), format!("`{}` is missing; {need}.", schedule.place(field)));
    }
}

fn owners(field: &str) -> Option<&'static [Type]> {
    OWNERS.iter().find(|(owned, _)| *owned == field).map(|(_, owners)| *owners)
}

fn refuse_foreign(schedule: &Object, chosen: Type, problems: &mut Problems) {
    for (field, owners) in OWNERS {
        let is_zero = schedule.get(field).and_then(Value::as_f64) == Some(0.0);
        let idle = !schedule.asks(field) || (field == "jitter_seconds" && is_zero);
        if idle || owners.contains(&chosen) {
            continue;
        }
        let owners: Vec<&str> = TYPES.iter().filter(|(_, one)| owners.contains(one)).map(|(word, _)| *word).collect();
        let message = format!(
            "`schedule.{field}` belongs to a schedule of type {}; leave it out or change the type.",
            listed(&owners, "or")
        );
        problems.add(schedule.place(field), message);
    }
}

fn interval(schedule: &Object, zone: Tz, problems: &mut Problems) -> Option<Kind> {
    missing(schedule, "every_seconds", "an `interval` schedule needs a length such as 300", problems);
    let every_ms = every_ms(schedule, problems);
    let anchor = match schedule.get("at") {
        None => Some(Ms(0)),
        Some(_) => schedule
            .text("at", problems)
            .and_then(|text| instants::read(text, zone).map_err(|message| problems.add("schedule.at", message)).ok()),
    };
    Some(Kind::Interval { every_ms: every_ms?, anchor: anchor? })
}

fn once(
    schedule: &Object,
    zone: Tz,
    now: Ms,
    standing: Option<&ScheduleSpec>,
    problems: &mut Problems,
) -> Option<Kind> {
    let need = "a `once` schedule needs an instant such as `2027-01-31T09:00:00+01:00`";
    let text = schedule.required_text("at", need, problems)?;
    let may_have_passed = |at: Ms| standing.is_some_and(|standing| standing.kind == Kind::Once { at });
    let at = instants::read(text, zone).and_then(|at| {
        if at <= now && !may_have_passed(at) {
            return Err(format!("`{}` has passed; give an instant that lies ahead.", shortened(text)));
        }
        if at > now.plus(AHEAD_MAX_MS) {
            return Err(format!("`{}` is more than 10 years ahead; give an instant before that.", shortened(text)));
        }
        Ok(at)
    });
    at.map_err(|message| problems.add("schedule.at", message)).ok().map(|at| Kind::Once { at })
}

/// The other cue by its name or its id, as it was written; whether there is one is the pilot's to say.
fn after(schedule: &Object, problems: &mut Problems) -> Option<Kind> {
    let need = "an `after` schedule needs the name or the id of the cue whose runs it follows";
    missing(schedule, "cue", need, problems);
    let cue = schedule.text_within("cue", NAME_CHARS_MAX, problems).map(str::trim);
    if cue.is_some_and(str::is_empty) {
        problems.add("schedule.cue", format!("`schedule.cue` is empty; {need}."));
    }
    let on = schedule.word("on", &ENDS, &[], problems).unwrap_or(AfterEnd::Confirmed);
    Some(Kind::After { cue: CueId(cue?.to_owned()), on })
}

fn next_run(schedule: &Object, problems: &mut Problems) -> NextRunLimits {
    let defaults = NextRunLimits::default();
    let Some(section) = schedule.section("next_run", &["min_seconds", "max_seconds"], problems) else {
        return defaults;
    };
    let (min, max) = (
        section.seconds("min_seconds", 1.0..=YEAR_S, problems),
        section.seconds("max_seconds", 1.0..=YEAR_S, problems),
    );
    let limits = NextRunLimits { min_ms: min.unwrap_or(defaults.min_ms), max_ms: max.unwrap_or(defaults.max_ms) };
    if limits.min_ms > limits.max_ms {
        // At the one that was written.
        let field = if min.is_some() { "min_seconds" } else { "max_seconds" };
        let (low, high) = (limits.min_ms as f64 / 1_000.0, limits.max_ms as f64 / 1_000.0);
        let message = format!(
            "`min_seconds` ({low}{}) is more than `max_seconds` ({high}{}); the soonest must not come after the latest.",
            if min.is_some() { "" } else { " if left out" },
            if max.is_some() { "" } else { " if left out" },
        );
        problems.add(section.place(field), message);
    }
    limits
}
