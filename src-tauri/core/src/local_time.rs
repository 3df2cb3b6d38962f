//! A reading of a zone's clock as an instant, by the house's one rule: a reading shown twice is the earlier, a skipped one is the end of the gap.

use chrono::NaiveDateTime;
use chrono_tz::Tz;

use crate::Ms;
use crate::schedule::clock::{self, Shown};

/// None outside the years chrono knows.
#[must_use]
pub fn local_instant(zone: Tz, reading: NaiveDateTime) -> Option<Ms> {
    let (at_s, ms) = match clock::shown(zone, reading) {
        Shown::Once(at_s) | Shown::Twice(at_s, _) => (at_s, reading.and_utc().timestamp_subsec_millis()),
        Shown::Never(gap) => (gap.at_s, 0),
    };
    at_s.checked_mul(1_000)?.checked_add(i64::from(ms)).map(Ms)
}

/// Offset of the zone's clock from UTC, in whole minutes.
#[must_use]
pub fn offset_minutes(zone: Tz, at: Ms) -> i32 {
    i32::try_from(clock::offset(zone, at.0.div_euclid(1_000)) / 60).unwrap_or(0)
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
