//! The four transports, and what follows a run: read, refused where it makes no sense, and written back.

use cuetower_core::cue::{CatchUpPolicy, Confirm, Overlap, Restart, Transport};

use super::super::write;
use super::*;

fn worker() -> Value {
    json!({ "name": "fetched", "transport": "worker", "schedule": { "type": "manual" } })
}

fn watch() -> Value {
    json!({ "name": "watched", "transport": "watch", "schedule": { "type": "recurring", "cron": "0 3 * * *" } })
}

fn refused(body: &Value, field: &str, words: &str) {
    let problems = problems(body);
    let fits = problems.iter().any(|problem| problem.field == field && problem.message.contains(words));
    assert!(fits, "wanted {field}: …{words}…, got {problems:?}");
}

#[test]
fn a_worker_has_a_quarter_of_an_hour_to_come_and_as_long_a_lease() {
    let cue = read(&worker());
    let Transport::Worker(work) = &cue.transport else { panic!("{:?}", cue.transport) };
    assert_eq!((work.lease_ms, cue.delivery.timeout_ms), (900_000, 900_000));
    assert_eq!(cue.outcome_deadline_ms(), None, "as long as the lease is kept");
    let short = read(&with(worker(), "worker", json!({ "lease_seconds": 2.5 })));
    assert_eq!(write(&short)["worker"], json!({ "lease_seconds": 2.5 }));
    let flat = read(&json!({ "name": "a", "cron": "0 9 * * *", "worker": true }));
    assert!(matches!(flat.transport, Transport::Worker(_)), "CueAPI's flat body");
    let shown = json!({ "url": null, "method": "POST", "headers": {} });
    assert_eq!(read(&with(worker(), "callback", shown)), cue, "as CueAPI shows it");
    refused(&with(worker(), "confirm", json!("exit_code")), "confirm", "no exit code");
    refused(&with(worker(), "worker", json!({ "lease_seconds": 0.5 })), "worker.lease_seconds", "from 1 to 86400");
    refused(&with(worker(), "worker", json!({ "lease": 5 })), "worker.lease", "has no field");
}

#[test]
fn what_is_only_watched_is_neither_caught_up_on_nor_held_back() {
    let cue = read(&watch());
    assert_eq!((cue.transport.word(), cue.overlap, cue.delivery.timeout_ms), ("watch", Overlap::Allow, 300_000));
    assert_eq!(cue.catch_up.policy, CatchUpPolicy::None);
    assert_eq!(read(&with(watch(), "confirm", json!("exit_code"))).confirm, Confirm::ExitCode);
    refused(&with(watch(), "catch_up", json!("latest")), "catch_up", "cannot catch up for it");
    let week = json!({ "timeout_seconds": 604_800 });
    assert_eq!(read(&with(watch(), "delivery", week)).delivery.timeout_ms, 604_800_000);
    refused(&with(watch(), "uses", json!(["openai"])), "uses", "nothing waits for `uses`");
    let disk = json!([{ "check": "disk", "path": "/", "free_gb": 1 }]);
    refused(&with(watch(), "preflight", disk), "preflight", "nothing waits for `preflight`");
    let connect = json!({ "connect_timeout_seconds": 1 });
    refused(&with(watch(), "delivery", connect), "delivery.connect_timeout_seconds", "is for web hooks");
}

#[test]
fn a_long_lived_command_has_no_outcome_deadline_unless_it_is_set() {
    let agent = with(with(command(), "command.restart", json!("on_failure")), "confirm", json!("outcome"));
    let cue = read(&agent);
    assert_eq!((cue.restart(), cue.outcome_deadline_ms()), (Restart::OnFailure, None));
    let set = read(&with(agent, "delivery", json!({ "outcome_deadline_seconds": 9 })));
    assert_eq!(set.outcome_deadline_ms(), Some(9_000));
    assert_eq!(write(&set)["command"]["restart"], "on_failure");
    let started = with(with(command(), "command.restart", json!("always")), "confirm", json!("delivery"));
    refused(&started, "confirm", "nothing would start it again");
}

#[test]
fn what_follows_and_bounds_a_run_is_kept() {
    let mut body = with(webhook(), "budget", json!({ "run": { "duration_seconds": 3600 } }));
    body =
        with(body, "on_failure", json!({ "webhook": "http://127.0.0.1:1/x", "fallback_cue": "other", "pause": false }));
    body = with(with(body, "on_success_fire", json!("next")), "priority", json!(-7));
    body = with(body, "callback.allow_private", json!(true));
    body = with(body, "delivery.connect_timeout_seconds", json!(2));
    body = with(body, "delivery.first_byte_timeout_seconds", json!(9.5));
    let cue = read(&body);
    assert_eq!((cue.budget.duration_ms, cue.priority), (Some(3_600_000), -7));
    assert_eq!(cue.on_failure.fallback.as_ref().map(|cue| cue.as_str()), Some("other"));
    assert_eq!(cue.on_success_fire.as_ref().map(|cue| cue.as_str()), Some("next"));
    let limits = (cue.delivery.connect_timeout_ms, cue.delivery.first_byte_timeout_ms);
    assert_eq!(limits, (Some(2_000), Some(9_500)));
    assert!(matches!(&cue.transport, Transport::Webhook(callback) if callback.allow_private));
    assert_eq!(read(&write(&cue)), cue);
}

#[test]
fn a_change_of_transport_leaves_nothing_of_the_old_one_behind() {
    let changed = |patch: Value| super::super::read_change(&read(&webhook()), &patch, NOW).map(|read| read.definition);
    let watched = changed(json!({ "transport": "watch", "confirm": "outcome" })).expect("it fits");
    assert_eq!((watched.catch_up.policy, watched.delivery.timeout_ms), (CatchUpPolicy::None, 300_000));
    let fetched = changed(json!({ "transport": "worker", "worker": { "lease_seconds": 60 } })).expect("it fits");
    assert_eq!(fetched.delivery.timeout_ms, 900_000);
}
