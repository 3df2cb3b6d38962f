//! Schedules: what is read is what was meant, and every one that can be written reads back as the same.

use cuetower_core::Ms;
use cuetower_core::cue::Overlap;
use cuetower_core::id::CueId;
use cuetower_core::plan::Plan;
use cuetower_core::schedule_spec::{AfterEnd, Blackout, Kind, NextRunLimits, Part, Rate, ScheduleSpec, Weekdays};
use serde_json::{Value, json};

use super::{NOW, command, market, read, webhook, with};
use crate::definition::{read_new, write};

/// 24 December 2026, midnight in Berlin.
const CHRISTMAS_EVE: Ms = Ms(1_798_066_800_000);
const HOUR_MS: u64 = 3_600_000;

fn schedule(schedule: Value) -> ScheduleSpec {
    read(&with(with(webhook(), "schedule", schedule), "overlap", json!(null))).schedule
}

fn part(part: Value) -> Part {
    schedule(json!({ "type": "recurring", "cron": "5 * * * *", "parts": [part] })).parts[0].clone()
}

fn blackout(from: &str, to: &str) -> Blackout {
    let blackout = json!([{ "from": from, "to": to }]);
    let one = json!({ "type": "manual", "timezone": "Europe/Berlin", "blackout": blackout });
    schedule(one).blackout[0].clone()
}

#[test]
fn every_field_is_read() {
    let weekdays = Part {
        days: Weekdays(0b1_1111),
        from_s: 34_200,
        to_s: 57_600,
        timezone: Some("America/New_York".into()),
        rate: Rate::Every { every_ms: 60_000 },
        at_once: Some(4),
    };
    let holidays = Blackout {
        from: CHRISTMAS_EVE,
        to: CHRISTMAS_EVE.plus(4 * 24 * HOUR_MS),
        from_text: "2026-12-24".into(),
        to_text: "2026-12-27".into(),
    };
    let expected = ScheduleSpec {
        kind: Kind::Recurring { cron: Some("5 * * * *".into()) },
        timezone: "Europe/Berlin".into(),
        parts: vec![weekdays],
        blackout: vec![holidays],
        jitter_ms: 20_000,
        paths: vec!["~/inbox/*.csv".into()],
        next_run: NextRunLimits { min_ms: 30_000, max_ms: 86_400_000 },
    };
    assert_eq!(read(&market()).schedule, expected);
    assert_eq!(write(&read(&market()))["schedule"], market()["schedule"], "that is how it is written, too");
}

#[test]
fn an_interval_is_counted_from_1970_or_from_its_instant() {
    let plain = schedule(json!({ "type": "interval", "every_seconds": 1.5 }));
    assert_eq!(plain, ScheduleSpec::of(Kind::Interval { every_ms: 1_500, anchor: Ms(0) }, "UTC"));
    let anchored = |at: &str| {
        schedule(json!({ "type": "interval", "every_seconds": 300, "at": at, "timezone": "Europe/Berlin" })).kind
    };
    assert_eq!(anchored("2001-01-01T01:00"), Kind::Interval { every_ms: 300_000, anchor: Ms(978_307_200_000) });
    assert_eq!(anchored("1970-01-01T00:00:00Z"), Kind::Interval { every_ms: 300_000, anchor: Ms(0) });
    assert!(matches!(anchored("2199-12-31T00:00:00Z"), Kind::Interval { .. }), "or from one that lies ahead");
}

#[test]
fn one_that_follows_keeps_the_other_cue_as_it_was_written() {
    for (on, end) in [
        (json!(null), AfterEnd::Confirmed),
        (json!("confirmed"), AfterEnd::Confirmed),
        (json!("failed"), AfterEnd::Failed),
        (json!("either"), AfterEnd::Either),
    ] {
        let follows = schedule(json!({ "type": "after", "cue": "Load the leads", "on": on }));
        assert_eq!(follows.kind, Kind::After { cue: CueId("Load the leads".into()), on: end });
    }
}

#[test]
fn days_are_read_as_people_write_them() {
    for (written, days, canonical) in [
        (json!("mon-fri"), 0b001_1111, json!("mon-fri")),
        (json!("mon,wed"), 0b000_0101, json!("mon,wed")),
        (json!("sat-sun"), 0b110_0000, json!("sat,sun")),
        (json!("fri-mon"), 0b111_0001, json!("mon,fri-sun")),
        (json!(" Monday - WEDNESDAY , sun "), 0b100_0111, json!("mon-wed,sun")),
        (json!(["mon", "tue"]), 0b000_0011, json!("mon,tue")),
        (json!(["Saturday", "mon-tue"]), 0b010_0011, json!("mon,tue,sat")),
        (json!("tue-mon"), 0b111_1111, json!(null)),
        (json!(null), 0b111_1111, json!(null)),
    ] {
        let body = with(market(), "schedule.parts", json!([{ "days": written, "every_seconds": 60 }]));
        let cue = read(&body);
        assert_eq!(cue.schedule.parts[0].days, Weekdays(days), "{written}");
        assert_eq!(write(&cue)["schedule"]["parts"][0]["days"], canonical, "{written}");
    }
}

#[test]
fn hours_are_read_as_people_write_them() {
    let hours = |from: &str, to: &str| {
        let part = part(json!({ "from": from, "to": to, "every_seconds": 60 }));
        (part.from_s, part.to_s)
    };
    assert_eq!(hours("9:30", "16:00"), (34_200, 57_600));
    assert_eq!(hours("09:30:15", "24:00"), (34_215, 86_400));
    assert_eq!(hours("22:00", "06:00"), (79_200, 21_600), "over midnight");
    assert_eq!(hours("22:00", "00:00"), (79_200, 86_400), "to the end of the day");
    let all_day = part(json!({ "days": "sun", "cron": "0 12 * * *" }));
    assert_eq!((all_day.from_s, all_day.to_s, all_day.at_once), (0, 86_400, None));
    assert_eq!(all_day.rate, Rate::Cron { cron: "0 12 * * *".into() });
    assert_eq!(part(json!({ "days": "sun", "at_once": 3 })).rate, Rate::Otherwise);
    assert_eq!(part(json!({ "from": "09:00", "to": "10:00", "every_seconds": 86_400 })).from_s, 32_400);
}

#[test]
fn it_may_fire_in_its_windows_only() {
    let only = json!({ "type": "recurring", "timezone": "America/New_York",
                       "parts": [{ "days": "mon-fri", "from": "09:30", "to": "16:00", "every_seconds": 60 }] });
    let spec = schedule(only);
    assert_eq!(spec.kind, Kind::Recurring { cron: None });
    let monday_half_past_nine = Ms(1_795_444_200_000);
    assert_eq!(Plan::of(&spec, "cue").unwrap().next_after(NOW), Some(monday_half_past_nine));
}

#[test]
fn a_blackout_of_days_ends_with_its_last_day() {
    let days = |from: &str, to: &str| {
        let blackout = blackout(from, to);
        (blackout.from, blackout.to)
    };
    let eve = CHRISTMAS_EVE;
    assert_eq!(days("2026-12-24", "2026-12-24"), (eve, eve.plus(24 * HOUR_MS)));
    assert_eq!(days("2026-12-24T18:00", "2026-12-24"), (eve.plus(18 * HOUR_MS), eve.plus(24 * HOUR_MS)));
    assert_eq!(days("2026-12-24", "2026-12-24T18:00:30"), (eve, eve.plus(18 * HOUR_MS + 30_000)));
    assert_eq!(days("2026-12-23T23:00:00Z", "2026-12-24 01:00:00+01:00"), (eve, eve.plus(HOUR_MS)));
    // The day of the clock change has 23 hours, and 02:30 is not among them.
    let (from, to) = days("2027-03-28", "2027-03-28");
    assert_eq!(to.since(from), 23 * HOUR_MS);
    assert_eq!(days("2027-03-28T02:30", "2027-03-28").0, from.plus(2 * HOUR_MS), "the end of the gap");
    let kept = blackout(" 2026-12-24 18:00 ", "2026-12-27");
    assert_eq!((kept.from_text.as_str(), kept.to_text.as_str()), ("2026-12-24 18:00", "2026-12-27"));
}

#[test]
fn what_asks_for_nothing_is_no_field_of_another_type() {
    let nothing = json!({ "type": "once", "at": "2027-01-01T00:00:00Z", "cron": null, "parts": [], "blackout": [],
                          "jitter_seconds": 0, "paths": [], "next_run": {}, "every_seconds": null });
    assert_eq!(schedule(nothing), ScheduleSpec::once(Ms(1_798_761_600_000), "UTC"));
}

#[test]
fn what_comes_by_itself_does_not_pile_up_and_what_was_asked_for_runs() {
    let overlap = |schedule: Value| read(&with(with(command(), "overlap", json!(null)), "schedule", schedule)).overlap;
    assert_eq!(overlap(json!({ "type": "recurring", "cron": "@daily" })), Overlap::Skip);
    assert_eq!(overlap(json!({ "type": "interval", "every_seconds": 5 })), Overlap::Skip);
    assert_eq!(overlap(json!({ "type": "once", "at": "2027-01-01T00:00" })), Overlap::Allow);
    assert_eq!(overlap(json!({ "type": "manual" })), Overlap::Allow);
    assert_eq!(overlap(json!({ "type": "after", "cue": "a" })), Overlap::Allow);
    let chosen = with(command(), "overlap", json!("queue"));
    assert_eq!(read(&chosen).overlap, Overlap::Queue);
}

/// SplitMix64: the same schedules on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ bits >> 31) % most
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }

    fn maybe(&mut self) -> bool {
        self.below(2) == 0
    }

    fn zone(&mut self) -> &'static str {
        self.one(&["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Africa/Monrovia"])
    }

    fn seconds(&mut self) -> Value {
        if self.maybe() { json!(self.below(31_622_399) + 1) } else { json!((self.below(9_000) + 1_000) as f64 / 1e3) }
    }

    fn at(&mut self) -> String {
        let (month, day, hour, minute) = (self.below(12) + 1, self.below(28) + 1, self.below(24), self.below(60));
        let local = format!("{}-{month:02}-{day:02}T{hour:02}:{minute:02}", self.below(250) + 1940);
        local + self.one(&[":00Z", ":07.123+05:30", ":59-03:00"])
    }

    fn part(&mut self) -> Value {
        let mut part = json!({});
        if self.maybe() {
            part["days"] = json!(self.one(&["mon-fri", "sat,sun", "fri-mon", "wed", "mon,wed-thu"]));
        }
        if self.maybe() {
            let from = self.below(1_440);
            let to = (from + 1 + self.below(1_438)) % 1_440;
            part["from"] = json!(format!("{:02}:{:02}", from / 60, from % 60));
            part["to"] = json!(format!("{:02}:{:02}:{:02}", to / 60, to % 60, self.below(60)));
        }
        if self.maybe() {
            part["timezone"] = json!(self.zone());
        }
        match self.below(3) {
            0 => part["every_seconds"] = self.seconds(),
            1 => part["cron"] = json!(self.one(&["* * * * *", "*/7 * * * *", "@hourly", "*/5 * * * * *"])),
            _ => {}
        }
        if self.maybe() {
            part["at_once"] = json!(self.below(1_000) + 1);
        }
        part
    }

    fn schedule(&mut self) -> Value {
        let mut schedule = match self.below(5) {
            0 => {
                json!({ "type": "recurring", "cron": self.one(&["0 9 * * 1-5", "@daily", "*/15 * * * *", "0 0 L * *"]) })
            }
            1 => json!({ "type": "interval", "every_seconds": self.seconds() }),
            2 => json!({ "type": "once", "at": "2028-02-29T23:59:59.999Z" }),
            3 => json!({ "type": "manual" }),
            _ => json!({ "type": "after", "cue": "cue_ü", "on": self.one(&["confirmed", "failed", "either"]) }),
        };
        if schedule["type"] == "interval" && self.maybe() {
            schedule["at"] = json!(self.at());
        }
        if schedule["type"] == "recurring" || schedule["type"] == "interval" {
            let parts = self.below(4);
            schedule["parts"] = (0..parts).map(|_| self.part()).collect();
            schedule["jitter_seconds"] = json!(self.below(3));
        }
        schedule["timezone"] = json!(self.zone());
        let blackouts = self.below(3);
        let blackout = |dice: &mut Dice| {
            let (from, to) = (dice.at(), dice.at());
            let (from, to) = if from[..10] <= to[..10] { (from, to) } else { (to, from) };
            // The day after: offsets may turn the order of two instants of one day.
            json!({ "from": from[..10], "to": if dice.maybe() { to[..10].to_owned() } else { format!("{}T23:59", &to[..10]) } })
        };
        schedule["blackout"] = (0..blackouts).map(|_| blackout(self)).collect();
        if self.maybe() {
            schedule["paths"] = json!(["/var/spool/in [1].txt", "~/inbox/*.csv"]);
        }
        if self.maybe() {
            let min = self.below(1_000) + 1;
            schedule["next_run"] = json!({ "min_seconds": min, "max_seconds": min + self.below(1_000) });
        }
        schedule
    }
}

/// Canonical: it reads back as the same, is written the same again, and stays the same under an empty change.
#[test]
fn every_schedule_reads_back_as_the_same() {
    let mut dice = Dice(3);
    let (mut read_back, mut refused) = (0, Vec::new());
    for _ in 0..800 {
        let body = with(webhook(), "schedule", dice.schedule());
        let cue = match read_new(&body, NOW) {
            Ok(read) => read.definition,
            Err(problems) => {
                refused.push(problems);
                continue;
            }
        };
        let written = write(&cue);
        let again = read_new(&written, NOW).unwrap_or_else(|problems| panic!("{written} is refused: {problems:?}"));
        assert_eq!(again.definition, cue, "from {body}");
        assert_eq!(write(&again.definition), written);
        let kept = serde_json::from_value::<ScheduleSpec>(serde_json::to_value(&cue.schedule).unwrap()).unwrap();
        assert_eq!(kept, cue.schedule, "the journal keeps it too");
        read_back += 1;
    }
    // Lines of the dice that make no sense: a cron outside of its window, a gap of a second, a blackout over all of `once`.
    let expected = ["names no time inside the window", "shortest gap", "It lies in the blackout"];
    let odd = refused.iter().flatten().find(|problem| !expected.iter().any(|words| problem.message.contains(words)));
    assert_eq!(odd, None);
    assert!(read_back > 500, "{read_back} of 800 were read");
}
