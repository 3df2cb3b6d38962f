//! A change keeps what it does not name.

use cuetower_core::Ms;
use cuetower_core::cue::{CatchUpPolicy, Confirm, CueDefinition, Evidence, Overlap, Program, Transport};
use cuetower_core::schedule_spec::{Kind, ScheduleSpec};
use serde_json::{Value, json};

use super::{NOW, command, read, webhook, with};
use crate::definition::{Invalid, read_again, read_change, write};

fn change(current: &Value, patch: Value) -> CueDefinition {
    let read = read_change(&read(current), &patch, NOW);
    read.unwrap_or_else(|problems| panic!("{patch} was refused: {problems:?}")).definition
}

fn refused(current: &Value, patch: Value) -> Invalid {
    let problems = read_change(&read(current), &patch, NOW).expect_err("the change should be refused");
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.into_iter().next().expect("there is one")
}

#[test]
fn nothing_changes_nothing() {
    assert_eq!(change(&webhook(), json!({})), read(&webhook()));
    assert_eq!(change(&command(), json!({})), read(&command()));
    assert_eq!(change(&webhook(), write(&read(&webhook()))), read(&webhook()));
}

#[test]
fn a_section_is_merged_and_the_rest_replaced() {
    let before = read(&webhook());
    let patch = json!({
        "name": "renamed", "description": null, "payload": { "b": 1 }, "schedule": { "cron": "5 4 * * *" },
        "retry": { "max_attempts": 1 }, "expect": { "min_processed": null }, "catch_up": "skip_missed",
        "on_failure": { "email": true }
    });
    let after = change(&webhook(), patch);
    let expected = ScheduleSpec::recurring("5 4 * * *", "Europe/Berlin");
    assert_eq!((after.name.as_str(), after.description, &after.schedule), ("renamed", None, &expected));
    assert_eq!(after.payload, json!({ "b": 1 }), "a payload is replaced whole");
    assert_eq!((after.retry.max_attempts, after.retry.backoff_ms), (1, before.retry.backoff_ms));
    assert_eq!((after.expect.min_processed, after.expect.max_error_rate), (None, Some(0.1)));
    assert_eq!((after.catch_up.policy, after.catch_up.within_ms), (CatchUpPolicy::None, None));
    assert!(after.pause_on_failure, "only `email` was named");
    assert_eq!(after.transport, before.transport);
}

#[test]
fn a_change_of_kind_leaves_nothing_behind() {
    let once = change(&webhook(), json!({ "schedule": { "type": "once", "at": "2027-01-01T09:00" } }));
    let nine_in_berlin = ScheduleSpec::once(Ms(1_798_790_400_000), "Europe/Berlin");
    assert_eq!(once.schedule, nine_in_berlin, "the zone stays");
    let flat = change(&command(), json!({ "cron": "0 9 * * *", "timezone": "UTC" }));
    assert_eq!(flat.schedule, ScheduleSpec::recurring("0 9 * * *", "UTC"));
    let Transport::Command(shell) = change(&command(), json!({ "command": { "shell": "make" } })).transport else {
        panic!("it stays a command")
    };
    assert_eq!((shell.program, shell.cwd.as_deref()), (Program::Shell("make".into()), Some("~/agents")));
    let becomes = json!({ "transport": "command", "command": { "argv": ["true"] }, "confirm": "exit_code" });
    let became = change(&webhook(), becomes);
    assert!(became.transport.is_command() && became.confirm == Confirm::ExitCode);
    let problem = refused(&webhook(), json!({ "transport": "command" }));
    assert_eq!(problem.field, "command");
}

#[test]
fn what_goes_with_the_new_type_stays_and_the_rest_goes() {
    let busy = with(
        webhook(),
        "schedule",
        json!({
            "type": "interval", "every_seconds": 3600, "at": "2026-01-01T00:30:00Z", "timezone": "Europe/Berlin",
            "parts": [{ "days": "mon-fri", "from": "09:00", "to": "17:00", "every_seconds": 600 }], "jitter_seconds": 60,
            "blackout": [{ "from": "2026-12-24", "to": "2026-12-26" }], "paths": ["~/inbox/*.csv"],
            "next_run": { "min_seconds": 5 }
        }),
    );
    let before = read(&busy).schedule;
    let crons = change(&busy, json!({ "schedule": { "type": "recurring", "cron": "0 * * * *" } })).schedule;
    let cron = Kind::Recurring { cron: Some("0 * * * *".into()) };
    assert_eq!(crons, ScheduleSpec { kind: cron, ..before.clone() }, "a cron has parts and jitter too");
    let once = change(&busy, json!({ "schedule": { "type": "once", "at": "2027-01-01T09:00" } })).schedule;
    assert_eq!((once.parts.len(), once.jitter_ms), (0, 0), "once has neither");
    assert_eq!((&once.blackout, &once.paths, once.next_run), (&before.blackout, &before.paths, before.next_run));
    assert_eq!(
        refused(&busy, json!({ "schedule": { "type": "once" } })).message,
        "`schedule.at` is missing; a `once` schedule needs an instant such as `2027-01-31T09:00:00+01:00`.",
        "an anchor is no instant to fire at"
    );
    let follows = change(&busy, json!({ "schedule": { "type": "after", "cue": "other" } }));
    assert_eq!(follows.overlap, Overlap::Queue, "what was chosen is kept");
    assert!(matches!(follows.schedule.kind, Kind::After { .. }));
}

#[test]
fn lists_of_a_schedule_are_replaced_whole() {
    let parts = json!([{ "days": "sat", "every_seconds": 600 }, { "days": "sun", "every_seconds": 1200 }]);
    let blackout = json!([{ "from": "2026-12-24", "to": "2026-12-26" }]);
    let cue = with(with(webhook(), "schedule.parts", parts), "schedule.blackout", blackout);
    let before = read(&cue).schedule;
    let after = change(&cue, json!({ "schedule": { "parts": [{ "days": "sun", "every_seconds": 60 }] } })).schedule;
    assert_eq!((after.parts.len(), &after.blackout), (1, &before.blackout));
    let none = change(&cue, json!({ "schedule": { "parts": null, "blackout": [] } })).schedule;
    assert_eq!(none, read(&webhook()).schedule);
    let windows_only = change(&cue, json!({ "schedule": { "cron": null } })).schedule;
    assert_eq!(windows_only, ScheduleSpec { kind: Kind::Recurring { cron: None }, ..before.clone() });
    // Written days are days of whichever zone the cue is in.
    let moved = change(&cue, json!({ "schedule": { "timezone": "UTC" } })).schedule.blackout;
    assert_eq!(moved[0].from, before.blackout[0].from.plus(3_600_000));
}

#[test]
fn overlap_is_what_it_was_unless_it_is_named() {
    let cue = with(webhook(), "overlap", json!(null));
    assert_eq!(read(&cue).overlap, Overlap::Skip);
    assert_eq!(change(&cue, json!({ "schedule": { "type": "manual" } })).overlap, Overlap::Skip);
    let named = change(&cue, json!({ "schedule": { "type": "manual" }, "overlap": null }));
    assert_eq!(named.overlap, Overlap::Allow, "null asks for the default of the new type");
}

#[test]
fn a_schedule_that_stands_is_not_refused_on_another_day() {
    // Half an hour apart only where the window begins, which is further ahead than 200 fires on a Saturday.
    let parts = json!([{ "days": "thu", "from": "09:30", "to": "16:00", "every_seconds": 3600 }]);
    let schedule = json!({ "type": "recurring", "cron": "0,20,40 * * * *", "parts": parts, "jitter_seconds": 900 });
    let body = with(webhook(), "schedule", schedule);
    let cue = read(&body);
    let wednesday = NOW.plus(4 * 24 * 3_600_000);
    let renamed = read_change(&cue, &json!({ "name": "b" }), wednesday).expect("its schedule was good enough before");
    assert_eq!(renamed.definition.schedule, cue.schedule);
    let problems = read_change(&cue, &json!({ "schedule": { "jitter_seconds": 901 } }), wednesday);
    assert_eq!(problems.expect_err("a new one is looked at")[0].field, "schedule.jitter_seconds");
}

#[test]
fn dots_keep_the_value() {
    let patch = json!({ "callback": { "headers": { "authorization": "••••", "X-New": "1" } } });
    let Transport::Webhook(callback) = change(&webhook(), patch).transport else { panic!("it stays a webhook") };
    let kept = [("X-New", "1"), ("authorization", "Bearer {{secret:OPENAI}}")]
        .map(|(name, text)| (name.to_owned(), text.to_owned()));
    assert_eq!(callback.headers, kept, "headers are replaced as a whole, but for the dots");
    let Transport::Command(command) = change(&command(), json!({ "command": { "env": { "KEY": "••••" } } })).transport
    else {
        panic!("it stays a command")
    };
    assert_eq!(command.env, [("KEY".to_owned(), "{{secret:OPENAI}}".to_owned())]);
    let problem = refused(&webhook(), json!({ "callback": { "headers": { "X-Other": "••••" } } }));
    assert!(problem.field == "callback.headers.X-Other" && problem.message.contains("none to keep"), "{problem:?}");
}

#[test]
fn an_instant_that_has_passed_may_stand_but_not_be_chosen() {
    let cue = read(&command());
    let later = NOW.plus(60 * 24 * 3_600_000);
    let renamed = read_change(&cue, &json!({ "name": "b" }), later).expect("the instant was there before");
    assert_eq!(renamed.definition.schedule, cue.schedule);
    let same = json!({ "schedule": { "at": "2026-11-30T08:00:00Z" } });
    assert_eq!(read_change(&cue, &same, later).map(|read| read.definition), Ok(cue.clone()));
    let other = json!({ "schedule": { "at": "2026-11-30T08:00:01Z" } });
    let problems = read_change(&cue, &other, later).expect_err("another one has passed");
    assert!(problems[0].field == "schedule.at" && problems[0].message.contains("has passed"), "{problems:?}");
}

#[test]
fn a_whole_body_in_place_of_the_old_one_keeps_only_dots_and_the_instant() {
    let cue = read(&with(command(), "expect", json!({ "min_processed": 5 })));
    let later = NOW.plus(60 * 24 * 3_600_000);
    let mut whole = write(&cue);
    whole["expect"] = json!({});
    whole["command"] = json!({ "argv": ["true"], "env": { "KEY": "••••" } });
    let again = read_again(&cue, &whole, later).expect("the instant may stand").definition;
    assert_eq!((again.schedule, again.expect), (cue.schedule.clone(), Default::default()), "what is left out is gone");
    let Transport::Command(command) = again.transport else { panic!("it stays a command") };
    assert_eq!((command.env, command.cwd), (vec![("KEY".to_owned(), "{{secret:OPENAI}}".to_owned())], None));
    let problems = read_again(&cue, &json!({ "name": "only this" }), NOW).expect_err("it is not a change");
    assert_eq!(problems.iter().map(|problem| problem.field.as_str()).collect::<Vec<_>>(), ["schedule", "callback"]);
}

#[test]
fn cueapis_mode_replaces_what_a_mode_can_ask_for() {
    let evidence = |patch: Value| change(&webhook(), patch).expect.evidence;
    assert_eq!(
        evidence(json!({ "verification": { "mode": "require_external_id" } })),
        [Evidence::Summary, Evidence::ExternalId]
    );
    assert_eq!(evidence(json!({ "verification": { "mode": "none" } })), [Evidence::Summary]);
    assert_eq!(evidence(json!({ "verification": null })), [Evidence::Summary]);
    assert_eq!(evidence(json!({ "expect": { "evidence": [] } })), []);
}

#[test]
fn a_bad_change_is_told_where_it_is() {
    assert_eq!(refused(&webhook(), json!({ "schedule": { "cron": "x" } })).field, "schedule.cron");
    assert_eq!(refused(&webhook(), json!({ "cron": "x" })).field, "cron");
    assert_eq!(refused(&webhook(), json!({ "callback": null })).field, "callback");
    assert_eq!(refused(&webhook(), json!({ "gate": { "steps": 1 } })).field, "gate.steps");
    assert_eq!(refused(&webhook(), json!([])).field, "definition");
    let read =
        read_change(&read(&webhook()), &json!({ "status": "paused" }), NOW).expect("the doors know what to do with it");
    assert_eq!(read.unknown, ["status"]);
}
