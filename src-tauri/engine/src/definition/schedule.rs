//! When: `schedule` with its cron, its instant and its zone.

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone as _};
use chrono_tz::Tz;
use cuetower_core::Ms;
use cuetower_core::cue::ScheduleSpec;
use cuetower_core::schedule::{Cron, parse_zone};

use super::reading::{Object, Problems, sentence, shortened};

const AHEAD_MAX_MS: u64 = 3_653 * 24 * 3_600 * 1_000;
const LOCAL_FORMS: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];

#[derive(Clone, Copy)]
enum Kind {
    Recurring,
    Once,
    Manual,
}

const KINDS: [(&str, Kind); 3] = [("recurring", Kind::Recurring), ("once", Kind::Once), ("manual", Kind::Manual)];

/// `standing` is the instant that a changed cue already had: it alone may lie in the past.
pub(super) fn read(top: &Object, now: Ms, standing: Option<Ms>, problems: &mut Problems) -> Option<ScheduleSpec> {
    if top.get("schedule").is_none() {
        let message = "`schedule` is missing; write {\"type\": \"recurring\", \"cron\": \"0 9 * * 1-5\"}, a `once` with an `at`, or {\"type\": \"manual\"}.";
        problems.add("schedule", message);
        return None;
    }
    let schedule = top.section("schedule", &["type", "cron", "at", "timezone"], problems)?;
    let timezone = if schedule.get("timezone").is_some() { schedule.text("timezone", problems) } else { Some("UTC") };
    let zone = timezone.and_then(|name| match parse_zone(name) {
        Ok(zone) => Some(zone),
        Err(error) => {
            problems.add("schedule.timezone", sentence(&error.to_string()));
            None
        }
    });
    schedule.required_text("type", "write `recurring`, `once` or `manual`", problems)?;
    let kind = schedule.word("type", &KINDS, &["interval", "after"], problems)?;
    let (foreign, owner): (&[&str], &str) = match kind {
        Kind::Recurring => (&["at"], "once"),
        Kind::Once => (&["cron"], "recurring"),
        Kind::Manual => (&["cron", "at"], "recurring or once"),
    };
    for key in foreign.iter().filter(|key| schedule.get(key).is_some()) {
        let message =
            format!("`schedule.{key}` belongs to a schedule of type {owner}; leave it out or change the type.");
        problems.add(schedule.place(key), message);
    }
    match kind {
        Kind::Recurring => {
            let cron = cron(&schedule, problems);
            Some(ScheduleSpec::Recurring { cron: cron?, timezone: zone?.name().to_owned() })
        }
        Kind::Once => {
            let need = "a `once` schedule needs an instant such as `2027-01-31T09:00:00+01:00`";
            let text = schedule.required_text("at", need, problems);
            let at = instant(text?, zone?, now, standing).map_err(|message| problems.add("schedule.at", message));
            Some(ScheduleSpec::Once { at: at.ok()?, timezone: zone?.name().to_owned() })
        }
        Kind::Manual => Some(ScheduleSpec::Manual { timezone: zone?.name().to_owned() }),
    }
}

fn cron(schedule: &Object, problems: &mut Problems) -> Option<String> {
    let need = "a `recurring` schedule needs an expression such as `0 9 * * 1-5`";
    match Cron::parse(schedule.required_text("cron", need, problems)?) {
        Ok(cron) => Some(cron.text().to_owned()),
        Err(error) => {
            problems.add("schedule.cron", sentence(&error.to_string()));
            None
        }
    }
}

fn instant(text: &str, zone: Tz, now: Ms, standing: Option<Ms>) -> Result<Ms, String> {
    let written = text.trim().replacen(' ', "T", 1);
    let at = match DateTime::parse_from_rfc3339(&written) {
        Ok(at) => Ms(at.timestamp_millis()),
        Err(_) => local(&written, zone)?,
    };
    if at <= now && standing != Some(at) {
        return Err(format!("`{}` has passed; give an instant that lies ahead.", shortened(text)));
    }
    if at > now.plus(AHEAD_MAX_MS) {
        return Err(format!("`{}` is more than 10 years ahead; give an instant before that.", shortened(text)));
    }
    Ok(at)
}

fn local(written: &str, zone: Tz) -> Result<Ms, String> {
    let read = LOCAL_FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(written, form).ok());
    let Some(read) = read else {
        return Err(format!(
            "`{}` is no instant; write it like `2027-01-31T09:00:00+01:00`, or without the offset for the time in {zone}.",
            shortened(written)
        ));
    };
    match zone.from_local_datetime(&read) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Ok(Ms(at.timestamp_millis())),
        LocalResult::None => {
            Err(format!("`{}` does not exist in {zone}: the clocks skip it; choose another time.", shortened(written)))
        }
    }
}
