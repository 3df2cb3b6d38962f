//! What a zone's clock shows: local readings to instants, and the moments when the clock changes. No cron here.
//!
//! Instants are Unix seconds; readings are seconds on the local clock's own count (the reading taken as if it were UTC).

use chrono::offset::LocalResult;
use chrono::{DateTime, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;

/// No zone's clock has ever stood further from UTC than 16 h, or jumped by more than 24 h.
const FARTHEST_S: i64 = 48 * 3_600;

/// When the clock shows a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    Once(i64),
    Twice(i64, i64),
    Never(Change),
}

/// The clock is set at instant `at_s` from the reading `old` to the reading `new`. Forward: a gap. Back: a fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    pub at_s: i64,
    pub old: i64,
    pub new: i64,
}

/// The reading of `zone`'s clock at an instant.
pub(super) fn reading(zone: Tz, at_s: i64) -> i64 {
    at_s + offset(zone, at_s)
}

/// A reading for people and for calendars.
pub(super) fn naive(reading: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp(reading, 0).map(|at| at.naive_utc())
}

pub(super) fn seconds(naive: NaiveDateTime) -> i64 {
    naive.and_utc().timestamp()
}

/// When `zone`'s clock shows `reading`.
pub(crate) fn shown(zone: Tz, reading: NaiveDateTime) -> Shown {
    let local = seconds(reading);
    match zone.offset_from_local_datetime(&reading) {
        LocalResult::Single(offset) => Shown::Once(local - i64::from(offset.fix().local_minus_utc())),
        LocalResult::Ambiguous(one, other) => {
            let instants = [one, other].map(|offset| local - i64::from(offset.fix().local_minus_utc()));
            Shown::Twice(instants[0].min(instants[1]), instants[0].max(instants[1]))
        }
        LocalResult::None => {
            let at_s = first_true(local - FARTHEST_S, local + FARTHEST_S, |at_s| self::reading(zone, at_s) > local);
            Shown::Never(change_at(zone, at_s))
        }
    }
}

/// The change between two instants whose offsets differ.
pub(super) fn change_between(zone: Tz, before_s: i64, after_s: i64) -> Change {
    let old = offset(zone, before_s);
    change_at(zone, first_true(before_s, after_s, |at_s| offset(zone, at_s) != old))
}

pub(crate) fn offset(zone: Tz, at_s: i64) -> i64 {
    let utc = DateTime::from_timestamp(at_s, 0).unwrap_or_default().naive_utc();
    i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc())
}

fn change_at(zone: Tz, at_s: i64) -> Change {
    Change { at_s, old: at_s + offset(zone, at_s - 1), new: reading(zone, at_s) }
}

/// An instant in `(before_s, after_s]` where `question` turns true; false at the first, true at the second.
fn first_true(mut before_s: i64, mut after_s: i64, question: impl Fn(i64) -> bool) -> i64 {
    while after_s - before_s > 1 {
        let middle_s = before_s + (after_s - before_s) / 2;
        if question(middle_s) {
            after_s = middle_s;
        } else {
            before_s = middle_s;
        }
    }
    after_s
}
