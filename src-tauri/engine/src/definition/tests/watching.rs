//! What is watched while a run works: read, refused where it means nothing, written back, and changed.

use cuetower_core::cue::{Budget, Confirm, DayBudget, Heartbeat, OnLoop};
use cuetower_core::spend::Nanousd;

use super::super::{read_change, write};
use super::refused::{each_refused, refused};
use super::*;

/// A long-lived command that reports its outcome.
fn agent() -> Value {
    with(with(command(), "command.restart", json!("always")), "confirm", json!("outcome"))
}

pub(super) fn watched() -> Value {
    let body = with(
        agent(),
        "heartbeat",
        json!({ "interval_seconds": 60, "grace_seconds": 30, "start_grace_seconds": 120, "progress_within_seconds": 600, "restart": true }),
    );
    let budget = json!({ "run": { "cost_usd": 2, "tokens": 500000, "duration_seconds": 3600, "steps": 500 }, "day": { "cost_usd": 10.5, "tokens": 5e6 } });
    with(with(body, "budget", budget), "loops", json!("stop"))
}

fn budget() -> Budget {
    Budget {
        duration_ms: Some(3_600_000),
        cost: Nanousd::of_usd(2.0),
        tokens: Some(500_000),
        steps: Some(500),
        day: DayBudget { cost: Nanousd::of_usd(10.5), tokens: Some(5_000_000) },
    }
}

#[test]
fn what_is_watched_is_read_and_written_back() {
    let cue = read(&watched());
    let heartbeat = Heartbeat {
        interval_ms: 60_000,
        grace_ms: 30_000,
        start_grace_ms: 120_000,
        progress_within_ms: Some(600_000),
        restart: true,
    };
    assert_eq!((cue.heartbeat, &cue.budget, cue.loops), (Some(heartbeat), &budget(), OnLoop::Stop));
    let written = write(&cue);
    assert_eq!(written["heartbeat"], watched()["heartbeat"]);
    assert_eq!(written["budget"]["day"], json!({ "cost_usd": 10.5, "tokens": 5_000_000 }));
    assert_eq!(read(&written), cue);
}

#[test]
fn what_is_left_out_gets_its_default() {
    let plain = read(&agent());
    assert_eq!((plain.heartbeat, &plain.budget, plain.loops), (None, &Budget::default(), OnLoop::Alert));
    let written = write(&plain);
    assert_eq!((&written["heartbeat"], &written["loops"]), (&Value::Null, &json!("alert")));
    assert_eq!(
        written["budget"]["run"],
        json!({ "cost_usd": null, "tokens": null, "steps": null, "duration_seconds": null })
    );
    for nothing in [json!(null), json!({}), json!({ "interval_seconds": null, "restart": null })] {
        assert_eq!(read(&with(agent(), "heartbeat", nothing.clone())).heartbeat, None, "{nothing}");
    }
    let every = |seconds: f64| read(&with(agent(), "heartbeat", json!({ "interval_seconds": seconds }))).heartbeat;
    assert_eq!(every(60.0), Some(Heartbeat::every(60_000)));
    let graces = |beat: Option<Heartbeat>| beat.map(|beat| (beat.grace_ms, beat.start_grace_ms));
    assert_eq!(
        [every(2.5), every(60.0), every(600.0)].map(graces),
        [Some((5_000, 120_000)), Some((30_000, 120_000)), Some((300_000, 900_000))]
    );
}

#[test]
fn older_stores_have_no_heartbeat_and_are_alerted_of_loops() {
    let Value::Object(mut stored) = serde_json::to_value(read(&agent())).unwrap() else { panic!("an object") };
    for field in ["heartbeat", "loops", "budget"] {
        assert!(!stored.contains_key(field), "what is the default is not stored: {field}");
    }
    stored.insert("budget".to_owned(), json!({ "duration_ms": 5_000 }));
    let old: CueDefinition = serde_json::from_value(Value::Object(stored)).expect("as issue 6 wrote it");
    assert_eq!((old.budget.duration_ms, old.budget.cost, old.heartbeat), (Some(5_000), None, None));
}

#[test]
fn what_cannot_be_is_refused() {
    each_refused(
        &watched(),
        &[
            ("heartbeat", json!(60), "must be an object; it is a number"),
            ("heartbeat.interval_seconds", json!(null), "is missing; write how often"),
            ("heartbeat.interval_seconds", json!(0), "a number from 0.5 to 604800; it is 0."),
            ("heartbeat.grace_seconds", json!(-1), "it is -1"),
            ("heartbeat.start_grace_seconds", json!("2 min"), "it is a text"),
            ("heartbeat.progress_within_seconds", json!(30), "is shorter than the interval"),
            ("heartbeat.restart", json!("yes"), "must be true or false"),
            ("heartbeat.every", json!(5), "`heartbeat` has no field `every`; it has `interval_seconds`, "),
            ("budget.run.cost_usd", json!(0), "must be at least 0.0001; to spend nothing, pause the cue."),
            ("budget.run.cost_usd", json!(-2), "a number from 0.0001 to 1000000; it is -2."),
            ("budget.run.cost_usd", json!("2"), "it is a text"),
            ("budget.run.tokens", json!(0), "must be a whole number, at least 1; it is 0."),
            ("budget.run.tokens", json!(1.5), "at least 1; it is 1.5."),
            ("budget.run.tokens", json!(1e15), "must be at most 1000000000000; it is 1000000000000000"),
            ("budget.run.steps", json!(0), "at least 1; it is 0."),
            ("budget.run.steps", json!(5e9), "must be at most 1000000000"),
            ("budget.run.duration_seconds", json!(0), "a number from 1 to "),
            ("budget.run.usd", json!(1), "`budget.run` has no field `usd`"),
            ("budget.day.cost_usd", json!(0), "must be at least 0.0001"),
            ("budget.day.tokens", json!(0), "at least 1; it is 0."),
            ("budget.day.steps", json!(5), "`budget.day` has no field `steps`"),
            ("budget.week", json!({}), "`budget` has no field `week`"),
            ("loops", json!("maybe"), "must be `alert`, `stop` or `off`; it is `maybe`"),
            ("loops", json!(false), "must be a text; it is false"),
        ],
    );
}

#[test]
fn only_what_the_tower_starts_again_can_be_started_again() {
    let beat = json!({ "interval_seconds": 60, "restart": true });
    for body in [with(webhook(), "confirm", json!("outcome")), with(agent(), "command.restart", json!("never"))] {
        refused(&with(body, "heartbeat", beat.clone()), "heartbeat.restart", "can start again only what it started");
    }
    let worker = json!({ "name": "a", "transport": "worker", "schedule": { "type": "manual" }, "heartbeat": beat });
    refused(&worker, "heartbeat.restart", "whose `restart` is `on_failure` or `always`");
}

#[test]
fn a_run_that_is_over_at_once_is_not_watched() {
    let beat = json!({ "interval_seconds": 60 });
    assert_eq!(read(&webhook()).confirm, Confirm::Delivery);
    let words = "a run is over as soon as it is delivered";
    refused(&with(webhook(), "heartbeat", beat.clone()), "heartbeat", words);
    refused(&with(webhook(), "loops", json!("stop")), "loops", words);
    refused(&with(webhook(), "budget", json!({ "run": { "steps": 5 } })), "budget.run.steps", words);
    read(&with(webhook(), "budget", json!({ "run": { "duration_seconds": 5 }, "day": { "tokens": 5 } })));
    let watch = |schedule: &str| json!({ "name": "w", "transport": "watch", "confirm": "delivery", "heartbeat": beat, "schedule": { "type": schedule, "cron": (schedule == "recurring").then_some("0 3 * * *") } });
    assert!(read(&watch("manual")).heartbeat.is_some(), "its agent is expected to beat always");
    refused(&watch("recurring"), "heartbeat", words);
}

#[test]
fn a_change_leaves_the_rest_as_it_was() {
    let cue = read(&watched());
    let changed = |patch: Value| read_change(&cue, &patch, NOW).map(|read| read.definition);
    let raised = changed(json!({ "budget": { "day": { "cost_usd": 20 } } })).expect("it fits").budget;
    let day = DayBudget { cost: Nanousd::of_usd(20.0), ..budget().day };
    assert_eq!(raised, Budget { day, ..budget() }, "to raise the day's budget leaves the run's");
    let none = changed(json!({ "budget": { "run": { "steps": null }, "day": null } })).expect("it fits").budget;
    assert_eq!(none, Budget { steps: None, day: DayBudget::default(), ..budget() });
    let beat =
        changed(json!({ "heartbeat": { "grace_seconds": 5, "progress_within_seconds": null } })).expect("it fits");
    let expected = Heartbeat { grace_ms: 5_000, progress_within_ms: None, ..cue.heartbeat.expect("it has one") };
    assert_eq!(beat.heartbeat, Some(expected));
    assert_eq!(
        changed(json!({ "heartbeat": null, "loops": null })).map(|cue| (cue.heartbeat, cue.loops)),
        Ok((None, OnLoop::Alert))
    );
    // A restart goes with the command that could be started again.
    let fetched = changed(json!({ "transport": "worker", "worker": {} })).expect("it fits");
    assert_eq!(fetched.heartbeat.map(|beat| (beat.interval_ms, beat.restart)), Some((60_000, false)));
}
