//! `schedule.blackout`: days and stretches in which nothing fires.

use chrono::{Datelike as _, NaiveDate, NaiveTime};
use chrono_tz::Tz;
use cuetower_core::Ms;
use cuetower_core::local_time::local_instant;
use cuetower_core::schedule_spec::Blackout;

use super::instants::{self, Written};
use super::reading::{Object, Problems, shortened};

const BLACKOUTS_MAX: usize = 100;
const TEXT_CHARS_MAX: usize = 40;

pub(super) fn read(schedule: &Object, zone: Tz, problems: &mut Problems) -> Vec<Blackout> {
    let objects = schedule.objects("blackout", &["from", "to"], BLACKOUTS_MAX, problems);
    objects.iter().filter_map(|blackout| one(blackout, zone, problems)).collect()
}

fn one(blackout: &Object, zone: Tz, problems: &mut Problems) -> Option<Blackout> {
    let from = edge(blackout, "from", zone, problems);
    let to = edge(blackout, "to", zone, problems);
    let ((from, from_text), (to, to_text)) = (from?, to?);
    if from >= to {
        let message = format!("A blackout ends after it begins, and `{to_text}` does not come after `{from_text}`.");
        problems.add(blackout.place("to"), message);
        return None;
    }
    Some(Blackout { from, to, from_text, to_text })
}

fn edge(blackout: &Object, key: &str, zone: Tz, problems: &mut Problems) -> Option<(Ms, String)> {
    let need = if key == "from" {
        "write the first day, such as `2026-12-24`, or an instant"
    } else {
        "write the last day, such as `2026-12-27`, or the instant at which it ends"
    };
    blackout.required_text(key, need, problems)?;
    let text = blackout.text_within(key, TEXT_CHARS_MAX, problems)?.trim();
    let at = instant(text, key == "to", zone);
    if at.is_none() {
        let message = format!(
            "`{}` is no day; write one like `2026-12-24`, or an instant like `2026-12-24T18:00` or `2026-12-24T18:00:00+01:00`.",
            shortened(text)
        );
        problems.add(blackout.place(key), message);
    }
    Some((at?, text.to_owned()))
}

/// A bare day is all of that day; as an end, it holds until the next one begins.
fn instant(text: &str, is_end: bool, zone: Tz) -> Option<Ms> {
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        let midnight = if is_end { day.succ_opt()? } else { day }.and_time(NaiveTime::MIN);
        return if instants::in_reach(day.year()) { local_instant(zone, midnight) } else { None };
    }
    match instants::written(text)? {
        Written::Instant(at) => Some(at),
        Written::Local(reading) => local_instant(zone, reading),
    }
}
