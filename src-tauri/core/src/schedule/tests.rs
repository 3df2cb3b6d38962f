//! The parts of the schedule together, on instants: a slow oracle around clock changes, known traps, odd input.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::clock;
use super::instants::GAP_S_MAX;
use super::{Cron, parse_zone};

fn cron(text: &str) -> Cron {
    Cron::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn zone(name: &str) -> Tz {
    parse_zone(name).unwrap_or_else(|error| panic!("{error}"))
}

fn utc(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap_or_else(|error| panic!("{text}: {error}")).to_utc()
}

/// The next fires after `start`, as the local clock shows them.
fn fires(text: &str, zone_name: &str, start: &str, count: usize) -> Vec<String> {
    let (cron, zone) = (cron(text), zone(zone_name));
    let mut after = utc(start);
    std::iter::from_fn(|| {
        after = cron.next_after(zone, after)?;
        Some(after.with_timezone(&zone).format("%d %H:%M%:z").to_string())
    })
    .take(count)
    .collect()
}

#[test]
fn a_fixed_time_in_the_spring_gap_fires_once_right_after_it() {
    assert_eq!(
        fires("15,45 2 * * *", "Europe/Berlin", "2027-03-27T00:00:00Z", 4),
        ["27 02:15+01:00", "27 02:45+01:00", "28 03:00+02:00", "29 02:15+02:00"]
    );
    // The gap's end is itself on the list: still once.
    assert_eq!(fires("0 2,3 * * *", "Europe/Berlin", "2027-03-28T00:00:00Z", 2), ["28 03:00+02:00", "29 02:00+02:00"]);
    assert_eq!(
        fires("15,30 2 * * *", "Australia/Lord_Howe", "2027-10-02T12:00:00Z", 2),
        ["03 02:30+11:00", "04 02:15+11:00"]
    );
}

#[test]
fn a_fixed_time_in_the_autumn_fold_fires_the_first_time_only() {
    assert_eq!(fires("30 2 * * *", "Europe/Berlin", "2027-10-30T12:00:00Z", 2), ["31 02:30+02:00", "01 02:30+01:00"]);
    // Begun inside the second pass: what it shows again is over.
    assert_eq!(fires("30,50 2 * * *", "Europe/Berlin", "2027-10-31T01:10:00Z", 1), ["01 02:30+01:00"]);
    // The fold crosses midnight: 23:00 to 24:00 of the day before comes again.
    assert_eq!(
        fires("30 23 * * *", "America/Sao_Paulo", "2018-02-17T12:00:00Z", 2),
        ["17 23:30-02:00", "18 23:30-03:00"]
    );
    assert_eq!(fires("30 23 * * *", "America/Sao_Paulo", "2018-02-18T02:10:00Z", 1), ["18 23:30-03:00"]);
}

#[test]
fn interval_like_jobs_follow_real_time() {
    assert_eq!(
        fires("*/30 2 * * *", "Europe/Berlin", "2027-10-30T23:00:00Z", 4),
        ["31 02:00+02:00", "31 02:30+02:00", "31 02:00+01:00", "31 02:30+01:00"]
    );
    assert_eq!(fires("*/30 2 * * *", "Europe/Berlin", "2027-03-28T00:00:00Z", 1), ["29 02:00+02:00"]);
    assert_eq!(
        fires("10 * * * *", "Australia/Lord_Howe", "2027-04-03T14:00:00Z", 3),
        ["04 01:10+11:00", "04 02:10+10:30", "04 03:10+10:30"]
    );
}

#[test]
fn a_lost_day_drops_its_fires_and_a_gap_of_three_hours_does_not() {
    assert_eq!(fires("0 9 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z", 2), ["29 09:00-10:00", "31 09:00+14:00"]);
    assert_eq!(fires("0 9 30 12 *", "Pacific/Apia", "2011-12-29T12:00:00Z", 1), ["30 09:00+14:00"]);
    assert_eq!(fires("30 2 * * *", "Antarctica/Casey", "2009-10-17T17:00:00Z", 1), ["18 05:00+11:00"]);
}

#[test]
fn one_star_asks_for_both_days_and_none_for_either() {
    assert_eq!(
        fires("0 0 13 * 5", "UTC", "2026-02-01T00:00:00Z", 3),
        ["06 00:00+00:00", "13 00:00+00:00", "20 00:00+00:00"]
    );
    assert_eq!(fires("0 0 */2 * 5", "UTC", "2026-02-01T00:00:00Z", 2), ["13 00:00+00:00", "27 00:00+00:00"]);
    assert_eq!(fires("0 0 LW * *", "UTC", "2026-02-01T00:00:00Z", 2), ["27 00:00+00:00", "31 00:00+00:00"]);
    assert_eq!(fires("0 0 * 2 1#5", "UTC", "2026-02-01T00:00:00Z", 1), ["29 00:00+00:00"]);
    assert_eq!(fires("0 0 * * 7L", "UTC", "2026-02-01T00:00:00Z", 2), ["22 00:00+00:00", "29 00:00+00:00"]);
}

#[test]
fn six_fields_have_their_seconds_last() {
    let ten = cron("* * * * * */10");
    assert_eq!(ten.next_after(Tz::UTC, utc("2026-02-01T00:00:09.5Z")), Some(utc("2026-02-01T00:00:10Z")));
    assert_eq!(ten.next_after(Tz::UTC, utc("2026-02-01T00:00:10Z")), Some(utc("2026-02-01T00:00:20Z")));
    let error = Cron::parse("0 0 9 * * MON-FRI").expect_err("seconds first").to_string();
    assert!(error.starts_with("second: `MON`") && error.contains("seconds first"), "{error}");
}

#[test]
fn the_newest_of_millions_is_found_at_once() {
    let every_second = cron("* * * * * *");
    let (floor, at) = (utc("1980-01-01T00:00:00Z"), utc("2026-02-01T00:00:00.999Z"));
    assert_eq!(every_second.latest_in(Tz::UTC, floor, at), Some(utc("2026-02-01T00:00:00Z")));
    let yearly = cron("@yearly");
    assert_eq!(yearly.latest_in(Tz::UTC, utc("2026-01-01T00:00:00Z"), at), None, "the floor is left out");
    assert_eq!(yearly.latest_in(Tz::UTC, utc("2025-12-31T23:59:59.999Z"), at), Some(utc("2026-01-01T00:00:00Z")));
}

#[test]
fn instants_at_the_ends_of_time_have_no_fires_and_do_no_harm() {
    let cron = cron("0 0 29 2 *");
    for at in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, utc("9999-12-31T23:59:59Z")] {
        assert_eq!(cron.next_after(Tz::Pacific__Apia, at), None);
        assert_eq!(cron.latest_in(Tz::Pacific__Apia, DateTime::<Utc>::MIN_UTC, at), None);
        assert!(cron.clock_change_notes(Tz::Pacific__Apia, at).is_empty());
    }
    let (first, last) = (utc("0001-01-01T00:00:00Z"), utc("9990-12-31T23:59:59Z"));
    assert_eq!(
        cron.latest_in(Tz::UTC, DateTime::<Utc>::MIN_UTC, first),
        None,
        "the year 0 has a 29 February, but no fires"
    );
    assert_eq!(cron.next_after(Tz::UTC, last), None, "the year 9992 has one too");
    assert_eq!(cron.next_after(Tz::UTC, first), Some(utc("0004-02-29T00:00:00Z")));
    assert_eq!(cron.latest_in(Tz::UTC, first, last), Some(utc("9988-02-29T00:00:00Z")));
}

#[test]
fn errors_name_the_field_and_the_position() {
    let said = |text: &str| Cron::parse(text).expect_err(text).to_string();
    assert_eq!(said("0 0 32 * *"), "day of month: `32` is not in 1 to 31 (at character 5)");
    assert_eq!(
        said("  0 0 * * MON-SUN"),
        "day of week: the range `MON-SUN` runs backwards (at character 11); a range up to Sunday ends in 7"
    );
    assert_eq!(said("0 0 30-31 feb *"), "day of month: never fires: there is no day `30-31` in Feb (at character 5)");
    assert_eq!(said("0 22-6 * * *"), "hour: the range `22-6` runs backwards (at character 3); write `22-23,0-6`");
    assert_eq!(
        said("0 9 * * fri-tue"),
        "day of week: the range `fri-tue` runs backwards (at character 9); write `5-7,1-2`"
    );
    assert_eq!(
        said("0 9 * * friday"),
        "day of week: `friday` is not a name; names have three letters: `FRI` (at character 9)"
    );
    assert_eq!(said("0 9 L-3 * *"), "day of month: `L` stands alone, it has no range (at character 5)");
    assert_eq!(said("1-5-7 * * * *"), "minute: a range has one `-` (at character 4)");
    assert_eq!(
        said("0 9 * * * root"),
        "second: `root` is not a number (at character 11); a sixth field holds the seconds"
    );
    assert_eq!(said("@daily x"), "`@daily` stands alone, nothing may follow it (at character 8)");
    assert_eq!(said("0\u{a0}9 * * *"), "this is not a plain space (at character 2)");
    assert_eq!(said("5\u{200b} * * * *"), "minute: `5\\u{200b}` is not a number (at character 1)");
    assert_eq!(said(" "), "the expression is empty");
    assert_eq!(said("@Daily"), "macros are written in small letters: `@daily`");
    let error = Cron::parse("é 1/é * * *").expect_err("no number");
    assert_eq!((error.field(), error.position()), (Some("minute"), Some(1)));
}

/// Every fire of `cron` in a window, found by looking at every minute of it. Windows begin and end far from changes.
fn fires_slowly(cron: &Cron, zone: Tz, window: std::ops::Range<i64>) -> Vec<i64> {
    let matches = |local: i64| {
        let shown = clock::naive(local).expect("in range");
        cron.search.next_from(shown) == Some(shown)
    };
    let minutes = || window.clone().step_by(60);
    if cron.fields.real_time {
        return minutes().filter(|at_s| matches(clock::reading(zone, *at_s))).collect();
    }
    let readings = clock::reading(zone, window.start)..clock::reading(zone, window.end);
    let fire_of = |local: i64| match minutes().find(|at_s| clock::reading(zone, *at_s) >= local) {
        Some(at_s) if clock::reading(zone, at_s) == local => Some(at_s),
        Some(at_s) => {
            let skipped_s = clock::reading(zone, at_s) - clock::reading(zone, at_s - 60) - 60;
            (skipped_s <= GAP_S_MAX).then_some(at_s)
        }
        None => None,
    };
    let mut found: Vec<i64> = readings.step_by(60).filter(|local| matches(*local)).filter_map(fire_of).collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[test]
fn around_every_kind_of_clock_change_both_directions_agree_with_looking_at_every_minute() {
    let changes = [
        ("Europe/Berlin", "2027-03-28T01:00:00Z"),
        ("Europe/Berlin", "2027-10-31T01:00:00Z"),
        ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
        ("America/Sao_Paulo", "2018-02-18T02:00:00Z"),
        ("America/St_Johns", "2009-11-01T02:31:00Z"),
        ("Australia/Lord_Howe", "2027-10-02T15:30:00Z"),
        ("Australia/Lord_Howe", "2027-04-03T15:00:00Z"),
        ("Pacific/Apia", "2011-12-30T10:00:00Z"),
        ("Antarctica/Casey", "2009-10-17T18:00:00Z"),
        ("Antarctica/Casey", "2010-03-04T15:00:00Z"),
        ("America/Caracas", "2007-12-09T07:00:00Z"),
        ("Africa/Casablanca", "2027-02-07T02:00:00Z"),
        ("Asia/Tehran", "2019-09-21T19:30:00Z"),
        ("Asia/Pyongyang", "2018-05-04T15:00:00Z"),
    ];
    let expressions = [
        "* * * * *",
        "*/20 * * * *",
        "30 * * * *",
        "*/15 2 * * *",
        "* 23 * * *",
        "7,37 */2 * * *",
        "30 2 * * *",
        "0,30 0-3 * * *",
        "15 23 * * *",
        "5-55/10 0,1,2,23 * * *",
        "0 9 * * *",
        "0 0 * * 0",
        "45 1-2 L * *",
    ];
    for (name, at) in changes {
        let (zone, at_s) = (zone(name), utc(at).timestamp());
        assert_ne!(clock::offset(zone, at_s - 1), clock::offset(zone, at_s), "{name} changes its clock at {at}");
        for text in expressions {
            let cron = cron(text);
            let fires = fires_slowly(&cron, zone, at_s - 216_000..at_s + 216_000);
            for asked_s in (at_s - 90_000..at_s + 90_000).step_by(900).flat_map(|s| [s, s + 1, s + 59]) {
                let asked = DateTime::from_timestamp(asked_s, 0).expect("in range");
                if let Some(next_s) = fires.iter().copied().find(|fire_s| *fire_s > asked_s) {
                    let next = cron.next_after(zone, asked).map(|at| at.timestamp());
                    assert_eq!(next, Some(next_s), "{text} in {name}, next after {asked}");
                }
                if let Some(latest_s) = fires.iter().rev().copied().find(|fire_s| *fire_s <= asked_s) {
                    let latest = cron.latest_in(zone, DateTime::<Utc>::MIN_UTC, asked).map(|at| at.timestamp());
                    assert_eq!(latest, Some(latest_s), "{text} in {name}, latest at {asked}");
                }
            }
        }
    }
}

/// Texts that often parse: fields made of the grammar's own pieces.
fn cron_like() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        Just("*".to_owned()),
        (0_u32..62).prop_map(|n| n.to_string()),
        (0_u32..32, 0_u32..32).prop_map(|(a, b)| format!("{a}-{b}")),
        "(L|LW|[0-7]L|[0-7]#[1-5]|MON|fri|JAN|dec|\\*/[0-9]{1,2}|[0-9]/[0-9])",
    ];
    let field = prop::collection::vec(number, 1..3).prop_map(|items| items.join(","));
    prop::collection::vec(field, 4..8).prop_map(|fields| fields.join(" "))
}

/// Of this age mostly, else near the first and last year that have fires.
fn instants() -> impl Strategy<Value = DateTime<Utc>> {
    let ends = vec![utc("0001-01-01T00:00:00Z").timestamp(), utc("9990-12-31T23:59:59Z").timestamp()];
    let near_ends =
        (prop::sample::select(ends), -4_000_000_000_i64..4_000_000_000).prop_map(|(end_s, off_s)| end_s + off_s);
    let seconds = prop_oneof![3 => -4_000_000_000_i64..8_000_000_000, 1 => near_ends];
    (seconds, 0_u32..1_000_000_000).prop_map(|(s, ns)| DateTime::from_timestamp(s, ns).expect("chrono's years"))
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_every_error_points_into_the_text(bytes in prop::collection::vec(any::<u8>(), 0..80), like in cron_like(), place in 0_usize..60) {
        let raw = String::from_utf8_lossy(&bytes).into_owned();
        let cut: String = like.chars().take(place).chain(raw.chars().take(3)).chain(like.chars().skip(place)).collect();
        for text in [raw, cut] {
            prop_assert!(parse_zone(&text).is_ok() || parse_zone(&text).is_err());
            let Err(error) = Cron::parse(&text) else { continue };
            prop_assert!(!error.to_string().is_empty());
            prop_assert!(error.field().is_none() || error.position().is_some(), "{error}");
            // One behind the last character is where something is missing.
            prop_assert!(error.position().is_none_or(|at| (1..=text.chars().count() + 1).contains(&at)), "{error}");
        }
    }

    #[test]
    fn forwards_and_backwards_meet(text in cron_like(), zone in prop::sample::select(&chrono_tz::TZ_VARIANTS[..]), at in instants()) {
        let Ok(cron) = Cron::parse(&text) else { return Ok(()) };
        prop_assert!(!cron.words().is_empty());
        prop_assert!(cron.clock_change_notes(zone, at).len() <= 2);
        let (next, latest) = (cron.next_after(zone, at), cron.latest_in(zone, DateTime::<Utc>::MIN_UTC, at));
        if let Some(next) = next {
            // Decades when every one of its fires falls into a gap: `*/30 2 * 3 7L` in Europe.
            prop_assert!(next > at && next < at + TimeDelta::days(300 * 366));
            prop_assert_eq!(cron.latest_in(zone, at, next), Some(next), "nothing lies between but the fire itself");
            prop_assert_eq!(cron.latest_in(zone, at, next - TimeDelta::nanoseconds(1)), None);
        }
        if let Some(latest) = latest {
            prop_assert!(latest <= at);
            prop_assert_eq!(cron.next_after(zone, latest), next, "nothing lies between the two");
        }
        if (100..9_900).contains(&at.year()) {
            prop_assert!(next.is_some() && latest.is_some(), "what parses fires some day");
        }
    }
}
