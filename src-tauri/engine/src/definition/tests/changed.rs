//! A change keeps what it does not name.

use cuetower_core::Ms;
use cuetower_core::cue::{CatchUpPolicy, Confirm, CueDefinition, Evidence, Program, ScheduleSpec, Transport};
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
    let expected = ScheduleSpec::Recurring { cron: "5 4 * * *".into(), timezone: "Europe/Berlin".into() };
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
    let nine_in_berlin = ScheduleSpec::Once { at: Ms(1_798_790_400_000), timezone: "Europe/Berlin".into() };
    assert_eq!(once.schedule, nine_in_berlin, "the zone stays");
    let flat = change(&command(), json!({ "cron": "0 9 * * *", "timezone": "UTC" }));
    assert_eq!(flat.schedule, ScheduleSpec::Recurring { cron: "0 9 * * *".into(), timezone: "UTC".into() });
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
    assert_eq!(refused(&webhook(), json!({ "gate": { "before_delivery": true } })).field, "gate");
    assert_eq!(refused(&webhook(), json!([])).field, "definition");
    let read =
        read_change(&read(&webhook()), &json!({ "status": "paused" }), NOW).expect("the doors know what to do with it");
    assert_eq!(read.unknown, ["status"]);
}
