//! Sentences about coming clock changes that touch a cron. When clocks change is `clock`'s, what fires is `instants`'.

use chrono::{Datelike, NaiveDateTime, Timelike};
use chrono_tz::Tz;

use super::clock::{self, Change};
use super::cron_text::Fields;
use super::instants::GAP_S_MAX;
use super::search::LocalSearch;
use super::words;

const NOTES_MAX: usize = 2;
const DAY_S: i64 = 86_400;
const AHEAD_DAYS: i64 = 400;
const EVERY_HOUR: u64 = 0xff_ffff;

/// At most two sentences about the changes in `(from_s, from_s + 400 days]`.
pub(super) fn coming(fields: &Fields, search: &LocalSearch, zone: Tz, from_s: i64) -> Vec<String> {
    // What runs around the clock in real time has nothing to say about it.
    if fields.real_time && fields.hours == EVERY_HOUR {
        return Vec::new();
    }
    (0..AHEAD_DAYS)
        .map(|day| from_s + day * DAY_S)
        .filter(|start_s| clock::offset(zone, *start_s) != clock::offset(zone, start_s + DAY_S))
        .map(|start_s| clock::change_between(zone, start_s, start_s + DAY_S))
        .filter_map(|change| note(fields.real_time, search, change))
        .take(NOTES_MAX)
        .collect()
}

fn note(real_time: bool, search: &LocalSearch, change: Change) -> Option<String> {
    let gap = change.new > change.old;
    let (from, behind) = if gap { (change.old, change.new) } else { (change.new, change.old) };
    let (first, last) = matches_in(search, from, behind)?;
    let day = day_in_words(first);
    let several = first != last;
    let readings = match (several, last.date() == first.date()) {
        (false, _) => time_in_words(first),
        (true, true) => format!("{} to {}", time_in_words(first), time_in_words(last)),
        (true, false) => format!("{} to {} {}", time_in_words(first), day_in_words(last), time_in_words(last)),
    };
    Some(if !gap && real_time {
        format!("{day} has {readings} twice: fires both times.")
    } else if !gap {
        format!("{day} has {readings} twice: fires once, the first time.")
    } else if real_time || change.new - change.old > GAP_S_MAX {
        format!("{day} has no {readings}: does not fire then.")
    } else {
        let end = time_in_words(clock::naive(change.new)?);
        format!("{day} has no {readings}: fires {}at {end}.", if several { "once, " } else { "" })
    })
}

/// First and last match of the readings in `from..behind`.
fn matches_in(search: &LocalSearch, from: i64, behind: i64) -> Option<(NaiveDateTime, NaiveDateTime)> {
    let (start, end) = (clock::naive(from)?, clock::naive(behind)?);
    let first = search.next_from(start).filter(|first| *first < end)?;
    let last = search.latest_to(clock::naive(behind - 1)?)?;
    Some((first, last))
}

/// "Sun 28 Mar 2027"
fn day_in_words(at: NaiveDateTime) -> String {
    let weekday = words::weekday_name(at.weekday().num_days_from_sunday());
    format!("{weekday} {} {} {}", at.day(), words::month_name(at.month()), at.year())
}

fn time_in_words(at: NaiveDateTime) -> String {
    let minutes = format!("{:02}:{:02}", at.hour(), at.minute());
    if at.second() == 0 { minutes } else { format!("{minutes}:{:02}", at.second()) }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::super::{Cron, parse_zone};

    fn notes(text: &str, zone: &str, from: &str) -> Vec<String> {
        let from = DateTime::parse_from_rfc3339(from).expect(from).to_utc();
        Cron::parse(text).expect(text).clock_change_notes(parse_zone(zone).expect(zone), from)
    }

    #[test]
    fn clock_changes_are_told_where_they_touch_the_cron() {
        let from = "2026-12-01T00:00:00Z";
        assert_eq!(
            notes("30 2 * * *", "Europe/Berlin", from),
            [
                "Sun 28 Mar 2027 has no 02:30: fires at 03:00.",
                "Sun 31 Oct 2027 has 02:30 twice: fires once, the first time."
            ]
        );
        assert_eq!(
            notes("*/15 2 * * *", "Europe/Berlin", from),
            [
                "Sun 28 Mar 2027 has no 02:00 to 02:45: does not fire then.",
                "Sun 31 Oct 2027 has 02:00 to 02:45 twice: fires both times."
            ]
        );
        assert_eq!(
            notes("0,30 2 * * *", "Europe/Berlin", from)[0],
            "Sun 28 Mar 2027 has no 02:00 to 02:30: fires once, at 03:00."
        );
        assert_eq!(
            notes("0 9 * * *", "Pacific/Apia", "2011-12-01T00:00:00Z"),
            ["Fri 30 Dec 2011 has no 09:00: does not fire then."]
        );
    }

    #[test]
    fn what_is_not_touched_says_nothing() {
        for (text, zone) in [
            ("0 9 * * *", "Europe/Berlin"),
            ("*/15 * * * *", "Europe/Berlin"),
            ("30 2 * * 1-5", "Europe/Berlin"),
            ("30 2 * * *", "UTC"),
            ("30 2 * * *", "Asia/Kolkata"),
        ] {
            assert_eq!(notes(text, zone, "2026-12-01T00:00:00Z"), Vec::<String>::new(), "{text} in {zone}");
        }
    }
}
