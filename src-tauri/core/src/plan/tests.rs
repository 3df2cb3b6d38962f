//! Plans of windows, intervals, jitter and blackouts, against a walk minute by minute.

use chrono::DateTime;

use super::Plan;
use crate::Ms;
use crate::schedule_spec::{Blackout, Kind, Part, Rate, ScheduleSpec, Weekdays};

fn at(text: &str) -> Ms {
    Ms(DateTime::parse_from_rfc3339(text).expect(text).timestamp_millis())
}

fn part(days: u8, from: u32, to: u32, timezone: Option<&str>, rate: Rate) -> Part {
    Part { days: Weekdays(days), from_s: from, to_s: to, timezone: timezone.map(str::to_owned), rate, at_once: None }
}

fn market() -> ScheduleSpec {
    let rate = Rate::Every { every_ms: 60_000 };
    let part = part(0b1_1111, 34_200, 57_600, Some("America/New_York"), rate);
    ScheduleSpec { parts: vec![part], ..ScheduleSpec::recurring("0 * * * *", "Europe/Berlin") }
}

fn fires(plan: &Plan, from: &str, to: &str) -> Vec<Ms> {
    let to = at(to);
    std::iter::successors(plan.next_after(at(from)), |at| plan.next_after(*at)).take_while(|due| *due <= to).collect()
}

/// Both directions name the same instants.
fn mirrored(plan: &Plan, from: &str, to: &str) {
    let forward = fires(plan, from, to);
    let floor = at(from);
    let back = std::iter::successors(plan.latest_in(floor, at(to)), |at| plan.latest_in(floor, at.minus(1)));
    let mut back: Vec<Ms> = back.collect();
    back.reverse();
    assert_eq!(forward, back);
}

#[test]
fn every_minute_in_market_hours_else_hourly() {
    let plan = Plan::of(&market(), "cue_a").unwrap();
    // A Friday: New York opens at 14:30 UTC and closes at 21:00.
    let day = fires(&plan, "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z");
    let minutes = 6 * 60 + 30;
    // 1:00 to 14:00 by the hour, then the window, then 21:00 to 24:00.
    assert_eq!(day.len(), 14 + minutes + 4);
    assert!(day.contains(&at("2026-11-20T14:30:00Z")) && day.contains(&at("2026-11-20T20:59:00Z")));
    assert_eq!(fires(&plan, "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z").len(), 24, "a Saturday is hourly");
    assert_eq!(plan.words(), "hourly at :00; mon-fri 09:30-16:00 New York every 1 min");
    mirrored(&plan, "2026-11-19T00:00:00Z", "2026-11-24T00:00:00Z");
    // The week in which New York's clocks go forward and Berlin's do not.
    mirrored(&plan, "2027-03-12T00:00:00Z", "2027-03-16T00:00:00Z");
    let monday = fires(&plan, "2027-03-15T00:00:00Z", "2027-03-16T00:00:00Z");
    assert!(monday.contains(&at("2027-03-15T13:30:00Z")) && monday.contains(&at("2027-03-15T13:31:00Z")));
}

#[test]
fn windows_alone_may_fire_and_may_reach_over_midnight() {
    let night = part(0b100_0000, 79_200, 21_600, None, Rate::Cron { cron: "*/30 * * * *".into() });
    let spec = ScheduleSpec { parts: vec![night], ..ScheduleSpec::of(Kind::Recurring { cron: None }, "Europe/Berlin") };
    let plan = Plan::of(&spec, "").unwrap();
    // The night of the autumn fold, Sunday 22:00 to Monday 06:00 in winter time.
    let found = fires(&plan, "2026-11-21T00:00:00Z", "2026-11-28T00:00:00Z");
    assert_eq!((found.len(), found[0]), (16, at("2026-11-22T21:00:00Z")));
    assert_eq!(plan.words(), "sun 22:00-06:00 every 30 min");
    mirrored(&plan, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z");
}

#[test]
fn intervals_count_from_their_anchor() {
    let spec = ScheduleSpec::of(Kind::Interval { every_ms: 7_000, anchor: Ms(0) }, "UTC");
    let plan = Plan::of(&spec, "").unwrap();
    assert_eq!(plan.next_after(Ms(0)), Some(Ms(7_000)));
    assert_eq!(plan.next_after(Ms(6_999)), Some(Ms(7_000)));
    assert_eq!(plan.next_after(Ms(-1)), Some(Ms(0)));
    assert_eq!(plan.latest_in(Ms(0), Ms(6_999)), None);
    assert_eq!(plan.latest_in(Ms(0), Ms(7_000)), Some(Ms(7_000)));
    assert_eq!(plan.next_after(Ms(i64::MAX)), None);
}

#[test]
fn jitter_is_the_same_every_time_and_loses_nothing() {
    let spec = ScheduleSpec { jitter_ms: 45_000, ..ScheduleSpec::recurring("* * * * *", "UTC") };
    let plan = Plan::of(&spec, "cue_a").unwrap();
    let (from, to) = ("2026-11-21T00:00:00Z", "2026-11-21T06:00:30Z");
    let found = fires(&plan, from, to);
    assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
    assert!((359..=362).contains(&found.len()), "{}", found.len());
    assert_eq!(found, fires(&Plan::of(&spec, "cue_a").unwrap(), from, to));
    assert_ne!(found, fires(&Plan::of(&spec, "cue_b").unwrap(), from, to), "another cue moves otherwise");
    let late: Vec<i64> = found.iter().map(|due| due.0.rem_euclid(60_000)).collect();
    assert!(late.iter().all(|late| *late <= 45_000) && late.iter().any(|late| *late > 30_000));
    mirrored(&plan, from, to);
}

#[test]
fn a_blackout_takes_no_instant_away_but_nothing_fires_in_it() {
    let blackout = Blackout {
        from: at("2026-12-23T23:00:00Z"),
        to: at("2026-12-27T23:00:00Z"),
        from_text: "2026-12-24".into(),
        to_text: "2026-12-27".into(),
    };
    let spec = ScheduleSpec { blackout: vec![blackout], ..ScheduleSpec::recurring("0 9 * * *", "Europe/Berlin") };
    let plan = Plan::of(&spec, "").unwrap();
    let eve = at("2026-12-23T12:00:00Z");
    assert_eq!(plan.next_after(eve), Some(at("2026-12-24T08:00:00Z")));
    assert_eq!(plan.next_fire_after(eve), Some(at("2026-12-28T08:00:00Z")));
    assert_eq!(plan.latest_fire_in(Ms(0), at("2026-12-26T12:00:00Z")), Some(at("2026-12-23T08:00:00Z")));
    assert_eq!(plan.note_at(at("2026-12-24T08:00:00Z")), Some("skipped: blackout until 2026-12-27".into()));
}

#[test]
fn the_first_part_wins_and_sets_how_many_go_at_once() {
    let mut lunch = part(0x7f, 43_200, 46_800, None, Rate::Otherwise);
    lunch.at_once = Some(2);
    let mut business = part(0b1_1111, 32_400, 64_800, None, Rate::Otherwise);
    business.at_once = Some(8);
    let spec = ScheduleSpec { parts: vec![lunch, business], ..ScheduleSpec::recurring("*/10 * * * *", "UTC") };
    let plan = Plan::of(&spec, "").unwrap();
    assert_eq!(plan.at_once(at("2026-11-20T10:00:00Z")), Some(8));
    assert_eq!(plan.at_once(at("2026-11-20T12:30:00Z")), Some(2));
    assert_eq!(plan.at_once(at("2026-11-20T20:00:00Z")), None);
    assert_eq!(plan.next_edge(at("2026-11-20T10:00:00Z")), Some(at("2026-11-20T12:00:00Z")));
    assert_eq!(fires(&plan, "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z").len(), 144);
}

#[test]
fn schedules_written_before_windows_came_read_the_same() {
    let spec: ScheduleSpec =
        serde_json::from_str(r#"{"type":"recurring","cron":"0 9 * * *","timezone":"Europe/Berlin"}"#).unwrap();
    assert_eq!(spec, ScheduleSpec::recurring("0 9 * * *", "Europe/Berlin"));
    let text = serde_json::to_string(&spec).unwrap();
    assert_eq!(text, r#"{"type":"recurring","cron":"0 9 * * *","timezone":"Europe/Berlin"}"#);
    let once: ScheduleSpec = serde_json::from_str(r#"{"type":"once","at":5,"timezone":"UTC"}"#).unwrap();
    assert_eq!(once, ScheduleSpec::once(Ms(5), "UTC"));
    let whole = market();
    assert_eq!(serde_json::from_str::<ScheduleSpec>(&serde_json::to_string(&whole).unwrap()).unwrap(), whole);
}
