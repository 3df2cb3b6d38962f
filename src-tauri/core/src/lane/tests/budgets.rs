//! The budget of time: when it is spent, the processes end, and so does the run.

use super::*;
use crate::alert::{AlertBook, AlertKind, Signal};
use crate::cue::{Budget, Worker};

fn within(seconds: u64) -> impl Fn(&mut CueDefinition) {
    move |cue| cue.budget = Budget { duration_ms: Some(seconds * 1_000), ..Budget::default() }
}

fn long(cue: &mut CueDefinition) {
    command(cue);
    within(60)(cue);
    cue.delivery.outcome_deadline_ms = Some(3_600_000);
}

fn left_s(field: &Field, run: &RunId) -> u64 {
    field.run(run).fuse_at.expect("it has a budget").since(field.now) / 1_000
}

#[test]
fn a_spent_budget_ends_the_process_and_the_run_and_says_so() {
    let mut field = Field::manual(long);
    let run = field.fire();
    field.until(20);
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.until(79);
    assert!(field.run(&run).is_live(), "it counts from the delivery");
    field.until(81);
    assert_eq!(field.last.effects, [Effect::Stop { run_id: run.clone(), number: 1, hard: true }]);
    assert_eq!(field.verdict(&run), Some(Verdict::Stopped));
    let said = crate::sentence::of_run(&field.run(&run));
    assert_eq!(said, "Stopped: at most 1 min was allowed, and it was still at work. Attempt 1 of 3.");
    assert_eq!(Field::refused(&field.report(&run, Some(1), success())), RefusalCode::RunStopped);
    field.told(&run, 1, exited(1));
    assert_eq!(field.run(&run).latest().exit_code, Some(1), "how it ended is kept");
    assert_eq!(field.verdict(&run), Some(Verdict::Stopped));
}

#[test]
fn the_alert_of_a_spent_budget_is_its_own_and_a_stop_by_the_owner_is_none() {
    let stopped = |by_owner: bool| {
        let mut field = Field::manual(long);
        let run = field.fire();
        field.told(&run, 1, DeliveryResult::Started { pid: 7 });
        if by_owner {
            field.give(Input::Stop { run_id: run.clone() });
        }
        field.until(70);
        let run = Box::new((*field.run(&run)).clone());
        let signal = Signal::RunEnded { cue_name: "leads".into(), run, verdict: Verdict::Stopped, late: false };
        let mut book = AlertBook::default();
        book.decide(&signal, field.now, &mut Counting(1));
        book.unresolved().map(|alert| (alert.kind, alert.title.clone())).collect::<Vec<_>>()
    };
    assert_eq!(stopped(false), [(AlertKind::FuseTripped, "leads stopped at 1 min".to_owned())]);
    assert_eq!(stopped(true), []);
}

#[test]
fn one_budget_is_for_all_attempts_of_a_run() {
    let mut field = Field::manual(|cue| {
        long(cue);
        cue.retry = Retry { max_attempts: 3, backoff_ms: vec![1_000], on_failed_outcome: false };
    });
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.until(40);
    field.told(&run, 1, exited(1));
    field.until(42);
    field.told(&run, 2, DeliveryResult::Started { pid: 8 });
    assert_eq!(left_s(&field, &run), 18);
    field.until(61);
    assert_eq!(field.last.effects, [Effect::Stop { run_id: run.clone(), number: 2, hard: true }]);
}

#[test]
fn it_is_spent_while_a_retry_waits_too() {
    let mut field = Field::manual(|cue| {
        long(cue);
        cue.retry.backoff_ms = vec![600_000];
    });
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.told(&run, 1, exited(1));
    field.until(61);
    assert_eq!(field.verdict(&run), Some(Verdict::Stopped));
}

#[test]
fn a_long_lived_agent_has_its_budget_anew_with_each_start() {
    let mut field = Field::manual(|cue| {
        long(cue);
        cue.delivery.outcome_deadline_ms = None;
        let Transport::Command(command) = &mut cue.transport else { panic!("it is a command") };
        command.restart = Restart::Always;
    });
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.until(50);
    field.told(&run, 1, exited(1));
    assert_eq!(field.run(&run).fuse_at, None);
    field.until(52);
    field.told(&run, 2, DeliveryResult::Started { pid: 8 });
    assert_eq!(left_s(&field, &run), 60);
}

#[test]
fn it_begins_with_a_workers_claim_and_with_what_was_sent_unanswered() {
    let mut field = Field::manual(|cue| {
        within(60)(cue);
        cue.transport = Transport::Worker(Worker { lease_ms: 600_000 });
        cue.delivery.timeout_ms = 600_000;
    });
    let run = field.fire();
    field.until(100);
    assert_eq!(field.run(&run).fuse_at, None, "nobody has it yet");
    field.give(Input::Claim { run_id: run.clone(), worker: "ada".into() });
    field.until(161);
    assert_eq!(field.verdict(&run), Some(Verdict::Stopped));

    let mut field = Field::manual(within(60));
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Unanswered { words: "no answer within 30 s".into() });
    field.until(61);
    assert_eq!(field.verdict(&run), Some(Verdict::Stopped));
}

#[test]
fn it_stands_still_in_gaps_and_leaves_five_seconds() {
    let mut field = Field::manual(long);
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.until(20);
    field.now = field.now.plus(3_600_000);
    field.give(Input::Shifted { slept_ms: 3_600_000, stepped_ms: 0 });
    assert_eq!(left_s(&field, &run), 40);
    field.now = field.now.plus(38_000);
    let alive_at = field.now;
    field.now = field.now.plus(60_000);
    let found = vec![(run.clone(), 1, crate::input::Found::Started { pid: Some(7) })];
    field.give(Input::Recovered { alive_at, orderly: true, firing: true, found });
    assert_eq!(left_s(&field, &run), 5, "two were left, and five are left at least");
}

#[test]
fn a_fast_failure_comes_before_the_budget() {
    let mut field = Field::manual(|cue| {
        long(cue);
        cue.retry.max_attempts = 1;
    });
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.told(&run, 1, exited(2));
    assert_eq!(field.verdict(&run), Some(Verdict::Failed));
    field.until(100);
    assert_eq!(field.verdict(&run), Some(Verdict::Failed), "an ended run has no budget");
}
