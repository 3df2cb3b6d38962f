//! Schedules that cannot be: refused at which field, and in which words.

use serde_json::{Value, json};

use super::refused::{each_refused, refused};
use super::{NOW, market, problems, webhook, with};
use crate::definition::{read_new, write};

/// With the one part that has these fields.
fn part(fields: Value) -> Value {
    with(market(), "schedule.parts", json!([fields]))
}

fn interval() -> Value {
    with(webhook(), "schedule", json!({ "type": "interval", "every_seconds": 300 }))
}

fn after() -> Value {
    with(webhook(), "schedule", json!({ "type": "after", "cue": "other" }))
}

#[test]
fn types_that_lack_what_says_when() {
    each_refused(
        &interval(),
        &[
            ("schedule.every_seconds", json!(null), "is missing; an `interval` schedule needs a length such as 300."),
            ("schedule.every_seconds", json!(0.5), "must be a number from 1 to 31622400; it is 0.5."),
            ("schedule.every_seconds", json!(31_622_401), "it is 31622401."),
            ("schedule.every_seconds", json!("300"), "it is a text."),
            ("schedule.at", json!("noon"), "`noon` is no instant; write it like"),
            ("schedule.at", json!("2200-01-01T00:00:00Z"), "is no instant"),
            ("schedule.at", json!(0), "must be a text; it is a number."),
            ("schedule.cron", json!("0 9 * * *"), "belongs to a schedule of type `recurring`; leave it out"),
            ("schedule.cue", json!("other"), "belongs to a schedule of type `after`"),
        ],
    );
    each_refused(
        &after(),
        &[
            ("schedule.cue", json!(null), "needs the name or the id of the cue whose runs it follows."),
            ("schedule.cue", json!("  "), "`schedule.cue` is empty"),
            ("schedule.cue", json!("x".repeat(256)), "at most 255 characters"),
            ("schedule.on", json!("success"), "must be `confirmed`, `failed` or `either`; it is `success`."),
            ("schedule.parts", json!([{ "every_seconds": 60 }]), "a schedule of type `recurring` or `interval`"),
            ("schedule.jitter_seconds", json!(5), "a schedule of type `recurring` or `interval`"),
            ("schedule.every_seconds", json!(60), "a schedule of type `interval`"),
        ],
    );
}

#[test]
fn parts_that_cannot_be() {
    for (fields, place, words) in [
        (json!({ "days": "funday" }), "days", "`funday` is no day of the week; write days like `mon`, `mon-fri`"),
        (json!({ "days": "mon-funday" }), "days", "`mon-funday` is no day of the week"),
        (json!({ "days": "mon,,tue" }), "days", "`` is no day of the week"),
        (json!({ "days": " " }), "days", "No day is named; write some, such as `mon-fri`"),
        (json!({ "days": [] }), "days", "No day is named"),
        (json!({ "days": 5 }), "days", "must be a text such as `mon-fri`, or a list of days; it is a number."),
        (json!({ "days": ["mon", 2] }), "days[1]", "must be a text such as `mon`; it is a number."),
        (json!({ "days": ["mon", "x"] }), "days[1]", "`x` is no day of the week"),
        (json!({ "from": "09:30" }), "to", "`from` stands alone; write `to` too, or leave both out"),
        (json!({ "to": "09:30" }), "from", "`to` stands alone; write `from` too"),
        (json!({ "from": "9.30", "to": "10:00" }), "from", "`9.30` is no time of the day; write it like `09:30`."),
        (json!({ "from": "09:30", "to": "24:01" }), "to", "write it like `09:30`, up to `24:00`."),
        (json!({ "from": "09:30", "to": "10:5" }), "to", "`10:5` is no time of the day"),
        (json!({ "from": "24:00", "to": "10:00" }), "from", "A window cannot begin at `24:00`"),
        (json!({ "from": "09:30", "to": "09:30:00" }), "to", "ends as it begins, so it is empty"),
        (json!({ "from": 9, "to": "10:00" }), "from", "must be a text; it is a number."),
        (json!({ "timezone": "Europe/Berln" }), "timezone", "did you mean `Europe/Berlin`?"),
        (json!({ "every_seconds": 0 }), "every_seconds", "must be a number from 1 to 31622400; it is 0."),
        (json!({ "cron": "61 * * * *" }), "cron", "Minute: `61` is not in 0 to 59"),
        (json!({ "cron": "@hourly", "every_seconds": 5 }), "cron", "either `every_seconds` or a `cron`"),
        (json!({ "at_once": 0 }), "at_once", "must be a whole number from 1 to 1000; it is 0."),
        (json!({ "at_once": 1.5 }), "at_once", "must be a whole number"),
        (json!({ "until": "16:00" }), "until", "`schedule.parts[0]` has no field `until`; it has `days`, `from`"),
        (
            json!({ "days": "mon", "from": "09:00", "to": "10:00", "cron": "0 12 * * *" }),
            "cron",
            "`0 12 * * *` names no time inside the window of this part, so it would never fire there",
        ),
    ] {
        refused(&part(fields), &format!("schedule.parts[0].{place}"), words);
    }
    refused(&with(market(), "schedule.parts", json!({})), "schedule.parts", "must be a list; it is an object.");
    refused(&with(market(), "schedule.parts", json!([5])), "schedule.parts[0]", "must be an object; it is a number.");
    let many = with(market(), "schedule.parts", json!(vec![json!({}); 51]));
    refused(&many, "schedule.parts", "`schedule.parts` lists 51; at most 50 fit.");
}

#[test]
fn windows_that_never_fire() {
    let only = with(part(json!({ "days": "sat" })), "schedule.cron", json!(null));
    refused(&only, "schedule.cron", "no part has `every_seconds` or a `cron` of its own, so it would never fire");
    let covered = json!([{ "at_once": 2 }, { "days": "sat", "every_seconds": 60 }]);
    let covered = with(with(market(), "schedule.parts", covered), "schedule.cron", json!(null));
    refused(&covered, "schedule.parts", "This schedule would never fire: a part without a rate of its own covers");
    let nothing = with(with(market(), "schedule.parts", json!([])), "schedule.cron", json!(null));
    refused(&nothing, "schedule.cron", "a `recurring` schedule needs an expression such as `0 9 * * 1-5`.");
}

#[test]
fn at_once_where_nothing_limits() {
    let message = "`at_once` sets how many runs go at once, and `\"overlap\": \"allow\"` sets no limit; write `queue` or `skip` there";
    refused(&with(market(), "overlap", json!("allow")), "schedule.parts[0].at_once", message);
    let unlimited = with(part(json!({ "every_seconds": 60 })), "overlap", json!("allow"));
    assert!(read_new(&unlimited, NOW).is_ok(), "without `at_once` it is fine");
}

#[test]
fn blackouts_that_cannot_be() {
    for (fields, place, words) in [
        (
            json!({ "to": "2026-12-27" }),
            "from",
            "is missing; write the first day, such as `2026-12-24`, or an instant.",
        ),
        (json!({ "from": "2026-12-24" }), "to", "is missing; write the last day, such as `2026-12-27`, or the instant"),
        (json!({ "from": "24.12.", "to": "2026-12-27" }), "from", "`24.12.` is no day; write one like `2026-12-24`"),
        (json!({ "from": "2026-02-30", "to": "2026-12-27" }), "from", "`2026-02-30` is no day"),
        (json!({ "from": "2026-12-24", "to": "9999-12-27" }), "to", "`9999-12-27` is no day"),
        (json!({ "from": 2026, "to": "2026-12-27" }), "from", "must be a text; it is a number."),
        (json!({ "from": "2026-12-27", "to": "2026-12-24" }), "to", "`2026-12-24` does not come after `2026-12-27`."),
        (json!({ "from": "2026-12-27T12:00", "to": "2026-12-27T12:00" }), "to", "A blackout ends after it begins"),
        (json!({ "from": "2026-12-24", "to": "2026-12-27", "why": "x" }), "why", "has no field `why`"),
    ] {
        let body = with(market(), "schedule.blackout", json!([fields]));
        refused(&body, &format!("schedule.blackout[0].{place}"), words);
    }
    let day = json!({ "from": "2026-12-24", "to": "2026-12-24" });
    refused(&with(market(), "schedule.blackout", json!(vec![day; 101])), "schedule.blackout", "at most 100 fit.");
    let dark = json!({ "type": "once", "at": "2026-12-24T18:00", "timezone": "Europe/Berlin",
                       "blackout": [{ "from": "2026-12-24", "to": "2026-12-27" }] });
    let words = "It lies in the blackout from 2026-12-24 to 2026-12-27, so it would never fire; give another instant.";
    refused(&with(webhook(), "schedule", dark), "schedule.at", words);
}

#[test]
fn jitter_that_could_change_the_order() {
    let message = "It must be shorter than the shortest gap between two due times, which is 1 min (";
    refused(&with(market(), "schedule.jitter_seconds", json!(60)), "schedule.jitter_seconds", message);
    assert!(read_new(&with(market(), "schedule.jitter_seconds", json!(59)), NOW).is_ok());
    let told = problems(&with(interval(), "schedule.jitter_seconds", json!(301)));
    assert_eq!(
        told[0].message,
        "It must be shorter than the shortest gap between two due times, which is 5 min (Sat 21 Nov 12:05:00 to 12:10:00); it is 5 min 1 s."
    );
    each_refused(
        &market(),
        &[
            ("schedule.jitter_seconds", json!(3_601), "must be a whole number from 0 to 3600; it is 3601."),
            ("schedule.jitter_seconds", json!(0.5), "must be a whole number"),
            ("schedule.jitter_seconds", json!("5"), "it is a text."),
        ],
    );
    let manual = with(webhook(), "schedule", json!({ "type": "manual", "jitter_seconds": 5 }));
    refused(&manual, "schedule.jitter_seconds", "belongs to a schedule of type `recurring` or `interval`");
}

#[test]
fn paths_that_cannot_be_watched() {
    for (path, words) in [
        (json!("inbox/*.csv"), "`inbox/*.csv` does not say from where; begin it with `/` or `~/`"),
        (json!("~other/a"), "does not say from where"),
        (json!(""), "does not say from where"),
        (
            json!("/data/*/report.csv"),
            "has a pattern in its folder; `*`, `?` and `[…]` may stand in the last part only.",
        ),
        (json!("~/in[12]/a"), "has a pattern in its folder"),
        (json!("~/inbox/"), "names a folder; name a file in it, or all of them with `*`."),
        (json!("/tmp/.."), "names a folder"),
        (json!("/tmp/report-[0-9.csv"), "opens a `[` that is not closed, as in `report-[0-9].csv`."),
        (json!("/tmp/report-[].csv"), "opens a `[` that is not closed"),
        (json!("/tmp/a\0b"), "has a NUL character"),
        (json!(format!("/{}", "x".repeat(4_096))), "is longer than 4096 characters"),
        (json!(5), "must be a text; it is a number."),
    ] {
        refused(&with(market(), "schedule.paths", json!(["/tmp/ok", path])), "schedule.paths[1]", words);
    }
    refused(&with(market(), "schedule.paths", json!("/tmp/a")), "schedule.paths", "must be a list; it is a text.");
    refused(
        &with(market(), "schedule.paths", json!(vec!["/tmp/a"; 21])),
        "schedule.paths",
        "lists 21; at most 20 fit.",
    );
}

#[test]
fn limits_for_the_next_run_that_contradict_each_other() {
    let next_run = |limits: Value| with(market(), "schedule.next_run", limits);
    for (limits, field, words) in [
        (json!({ "min_seconds": 0 }), "min_seconds", "must be a number from 1 to 31622400; it is 0."),
        (json!({ "max_seconds": 31_622_401 }), "max_seconds", "it is 31622401."),
        (
            json!({ "min_seconds": 600, "max_seconds": 300 }),
            "min_seconds",
            "`min_seconds` (600) is more than `max_seconds` (300); the soonest must not come after the latest.",
        ),
        (json!({ "max_seconds": 30 }), "max_seconds", "`min_seconds` (60 if left out) is more than `max_seconds` (30)"),
        (json!({ "min_seconds": 2_592_001 }), "min_seconds", "is more than `max_seconds` (2592000 if left out)"),
        (json!({ "min": 5 }), "min", "`schedule.next_run` has no field `min`"),
    ] {
        refused(&next_run(limits), &format!("schedule.next_run.{field}"), words);
    }
    refused(&next_run(json!(5)), "schedule.next_run", "must be an object; it is a number.");
}

#[test]
fn every_problem_of_a_schedule_is_told_at_once() {
    let schedule = json!({
        "type": "recurring", "cron": "x", "timezone": "Mars", "parts": [{ "days": "x", "from": "x", "to": "25:00" }, 5],
        "blackout": [{}], "jitter_seconds": -1, "paths": ["x"], "next_run": []
    });
    let told = problems(&with(webhook(), "schedule", schedule));
    let fields: Vec<&str> = told.iter().map(|problem| problem.field.strip_prefix("schedule.").unwrap()).collect();
    let expected = [
        "timezone",
        "parts[1]",
        "parts[0].from",
        "parts[0].to",
        "parts[0].days",
        "cron",
        "blackout[0].from",
        "blackout[0].to",
        "jitter_seconds",
        "paths[0]",
        "next_run",
    ];
    assert_eq!(fields, expected, "{told:?}");
}

/// Fifty windows that never fire cost no more than one.
#[test]
fn a_hostile_schedule_is_refused_quickly() {
    let part = json!({ "days": "mon", "from": "09:00", "to": "10:00", "cron": "0 12 * * *" });
    let words = "names no time inside the window";
    refused(&with(market(), "schedule.parts", json!(vec![part; 50])), "schedule.parts[0].cron", words);
    let mut covered = vec![json!({})];
    covered.resize(50, json!({ "from": "09:00", "to": "10:00", "every_seconds": 60 }));
    let covered = with(with(market(), "schedule.cron", json!(null)), "schedule.parts", json!(covered));
    refused(&covered, "schedule.parts", "would never fire");
    let shown = write(&read_new(&market(), NOW).unwrap().definition);
    assert_eq!(shown["schedule"], market()["schedule"]);
}
