//! A reading of a zone's clock as an instant, by the house's one rule: a reading shown twice is the earlier, a skipped one is the end of the gap.

use chrono::offset::LocalResult;
use chrono::{NaiveDateTime, Offset as _, TimeZone as _};
use chrono_tz::Tz;

use crate::Ms;
use crate::time::DAY_MS;

/// None outside the years chrono knows.
#[must_use]
pub fn local_instant(zone: Tz, reading: NaiveDateTime) -> Option<Ms> {
    let local = Ms(reading.and_utc().timestamp_millis());
    match zone.offset_from_local_datetime(&reading) {
        LocalResult::Single(offset) | LocalResult::Ambiguous(offset, _) => Some(minus(local, offset.fix())),
        LocalResult::None => gap_end(zone, local),
    }
}

/// Offset of the zone's clock from UTC, in whole minutes.
#[must_use]
pub fn offset_minutes(zone: Tz, at: Ms) -> i32 {
    at.utc().map_or(0, |at| zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc() / 60)
}

/// The first instant whose reading is past `local`, which is never shown.
fn gap_end(zone: Tz, local: Ms) -> Option<Ms> {
    let past = |at: Ms| {
        let utc = at.utc()?.naive_utc();
        Some(plus(at, zone.offset_from_utc_datetime(&utc).fix()) > local)
    };
    let (mut before, mut after) = (local.minus(2 * DAY_MS), local.plus(2 * DAY_MS));
    while after.since(before) > 1 {
        let middle = before.plus(after.since(before) / 2);
        if past(middle)? { after = middle } else { before = middle }
    }
    Some(after)
}

fn minus(local: Ms, offset: chrono::FixedOffset) -> Ms {
    Ms(local.0 - 1_000 * i64::from(offset.local_minus_utc()))
}

fn plus(at: Ms, offset: chrono::FixedOffset) -> Ms {
    Ms(at.0 + 1_000 * i64::from(offset.local_minus_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_readings_are_the_gaps_end_and_double_ones_the_earlier() {
        let at = |zone: Tz, text: &str| {
            let reading = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
            local_instant(zone, reading).and_then(Ms::utc).unwrap().to_rfc3339()
        };
        assert_eq!(at(Tz::Europe__Berlin, "2027-03-28 02:30"), "2027-03-28T01:00:00+00:00");
        assert_eq!(at(Tz::Europe__Berlin, "2027-10-31 02:30"), "2027-10-31T00:30:00+00:00");
        assert_eq!(at(Tz::Australia__Lord_Howe, "2027-10-03 02:10"), "2027-10-02T15:30:00+00:00");
        assert_eq!(at(Tz::Pacific__Apia, "2011-12-30 12:00"), "2011-12-30T10:00:00+00:00");
        assert_eq!(at(Tz::UTC, "2027-03-28 02:30"), "2027-03-28T02:30:00+00:00");
    }
}
