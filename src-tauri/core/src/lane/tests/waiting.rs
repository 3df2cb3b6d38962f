//! What waits before its delivery: for pools, and for pre-flight checks.

use super::*;
use crate::attempt::AttemptState;
use crate::check::{Check, OnFail, Preflight, What};
use crate::cue::Worker;
use crate::pool::Need;
use crate::run::{HeldBy, Phase};
use crate::verdicts::Delivered;

fn pooled(cue: &mut CueDefinition) {
    cue.uses = vec![Need { pool: "openai".into(), weight: 1, tokens: None }];
}

pub(super) fn memory() -> Preflight {
    Preflight { check: Check { what: What::Memory { free_bytes: 1 }, timeout_ms: 1_000 }, on_fail: OnFail::Hold }
}

fn checked(cue: &mut CueDefinition) {
    cue.preflight = vec![memory()];
}

impl Field {
    fn asked(&self) -> Vec<(RunId, u32)> {
        let asked = self.last.effects.iter().filter_map(|effect| match effect {
            Effect::AskPools { run_id, number } => Some((run_id.clone(), *number)),
            _ => None,
        });
        asked.collect()
    }

    fn permitted(&mut self, run: &RunId, number: u32) {
        self.give(Input::Permitted { run_id: run.clone(), number });
    }

    fn unready(&mut self, run: &RunId, number: u32, hold: bool) {
        self.told(run, number, DeliveryResult::Unready { words: "the database does not answer".into(), hold });
    }

    fn held_since(&self, run: &RunId) -> (HeldBy, i64) {
        match &self.run(run).phase {
            Phase::Held { by, since, .. } => (*by, (since.0 - NOON) / 1_000),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn nothing_is_sent_before_the_pools_give_way() {
    let mut field = Field::manual(pooled);
    let run = field.fire();
    assert_eq!((field.asked(), field.sent()), (vec![(run.clone(), 1)], vec![]));
    assert_eq!(field.held_since(&run), (HeldBy::Pool, 0));
    assert!(!field.run(&run).occupies(), "whoever waits keeps nobody out");
    field.until(50_000);
    assert!(field.run(&run).is_live(), "it waits as long as it takes");
    assert_eq!(Delivered::of(&field.run(&run)), Delivered::Waiting, "held back, and not on its way");
    assert_eq!(crate::sentence::of_run(&field.run(&run)), "Waits for pool openai. Attempt 1 of 3.");
    field.permitted(&run, 1);
    assert_eq!(Delivered::of(&field.run(&run)), Delivered::Delivering);
    assert_eq!(field.sent(), [(run.clone(), 1)]);
    assert!(field.run(&run).occupies());
    field.permitted(&run, 1);
    assert!(field.last.effects.is_empty(), "and once");
    field.told(&run, 1, ok());
    field.report(&run, Some(1), success());
    assert_eq!(field.verdict(&run), Some(Verdict::Claimed));
    assert!(!field.run(&run).occupies());
}

#[test]
fn a_delivery_that_has_to_ask_goes_by_no_licence() {
    let mut field = Field::with(pooled);
    field.until(60);
    let run = field.lane.runs.keys().next().expect("it is due").clone();
    field.permitted(&run, 1);
    assert_eq!(field.last.effects, [Effect::Deliver { run_id: run, number: 1, licensed: false }]);
}

#[test]
fn one_that_waits_is_live_for_overlap() {
    let mut field = Field::with(pooled);
    field.until(125);
    assert_eq!(field.lane.runs.len(), 1);
    assert_eq!(field.ends(), [(120, End::Skipped { policy: crate::occurrence::SkipPolicy::Overlap })]);
}

#[test]
fn one_that_ended_while_it_waited_is_not_delivered() {
    let mut field = Field::manual(pooled);
    let run = field.fire();
    field.give(Input::Stop { run_id: run.clone() });
    field.permitted(&run, 1);
    assert!(field.last.effects.is_empty() && field.last.events.is_empty());
    let run = field.fire();
    field.report(&run, None, success());
    assert_eq!(field.verdict(&run), Some(Verdict::Claimed), "its agent was there all the same");
    field.permitted(&run, 1);
    assert!(field.last.effects.is_empty());
}

#[test]
fn one_that_began_and_ended_in_one_decision_asks_for_nothing() {
    let mut field = Field::with(|cue| {
        pooled(cue);
        cue.catch_up.policy = CatchUpPolicy::All;
        cue.overlap = Overlap::Replace;
    });
    field.now = Ms(NOON + 64_000);
    field.tick();
    field.now = Ms(NOON + 124_000);
    field.tick();
    let live: Vec<RunId> = field.lane.live_runs().map(|run| run.id.clone()).collect();
    let asked: Vec<RunId> = field.asked().into_iter().map(|(run, _)| run).collect();
    assert!(asked.iter().all(|run| live.contains(run)), "{asked:?} asked, {live:?} live");
    assert!(!asked.is_empty());
}

#[test]
fn what_the_pools_can_never_give_fails() {
    let mut field = Field::manual(pooled);
    let run = field.fire();
    let words = "A weight of 3 never fits into pool openai".to_owned();
    field.give(Input::NotPermitted { run_id: run.clone(), number: 1, words });
    assert_eq!(field.verdict(&run), Some(Verdict::Failed), "another try would be no different");
    let said = crate::sentence::of_run(&field.run(&run));
    assert_eq!(said, "A weight of 3 never fits into pool openai. Attempt 1 of 3.");
}

#[test]
fn every_attempt_asks_anew() {
    let mut field = Field::manual(|cue| {
        pooled(cue);
        cue.retry.backoff_ms = vec![1_000];
    });
    let run = field.fire();
    field.permitted(&run, 1);
    field.told(&run, 1, unavailable());
    assert!(!field.run(&run).occupies(), "it lets others go while it waits for its backoff");
    field.until(3);
    assert_eq!(field.run(&run).latest().number, 2);
    field.permitted(&run, 1);
    assert_eq!(field.sent(), [], "the permit of an older attempt is not its own");
    field.permitted(&run, 2);
    assert_eq!(field.sent(), [(run, 2)]);
}

#[test]
fn a_workers_run_is_offered_once_it_has_its_permits_and_its_checks_hold() {
    let mut field = Field::manual(|cue| {
        cue.transport = Transport::Worker(Worker { lease_ms: 60_000 });
        pooled(cue);
        checked(cue);
    });
    let run = field.fire();
    let claim = || Input::Claim { run_id: run.clone(), worker: "ada".into() };
    assert_eq!(Field::refused(&field.give(claim())), RefusalCode::ClaimFailed);
    field.permitted(&run, 1);
    assert_eq!(field.sent(), [(run.clone(), 1)], "its checks are made");
    assert_eq!(Field::refused(&field.give(claim())), RefusalCode::ClaimFailed);
    field.told(&run, 1, DeliveryResult::Ready);
    assert!(matches!(field.give(claim()), Answer::Claimed { number: 1, .. }));
}

#[test]
fn a_failed_check_holds_the_delivery_and_is_looked_at_again() {
    let mut field = Field::manual(checked);
    let run = field.fire();
    field.until(2);
    field.unready(&run, 1, true);
    assert_eq!(field.held_since(&run), (HeldBy::Preflight, 2));
    field.until(31);
    assert_eq!(field.run(&run).latest().state, AttemptState::Waiting);
    assert_eq!(Delivered::of(&field.run(&run)), Delivered::Waiting);
    field.until(33);
    assert_eq!(field.sent(), [(run.clone(), 1)], "the same attempt: nothing was sent");
    field.unready(&run, 1, true);
    assert_eq!(field.held_since(&run), (HeldBy::Preflight, 2), "it has waited since the first look");
    let said = crate::sentence::of_run(&field.run(&run));
    assert_eq!(said, "The database does not answer. Attempt 1 of 3.");
    field.until(64);
    field.told(&run, 1, ok());
    field.report(&run, Some(1), success());
    assert_eq!((field.verdict(&run), field.run(&run).attempts.len()), (Some(Verdict::Claimed), 1));
}

#[test]
fn a_check_that_does_not_hold_for_twelve_hours_fails_the_run() {
    let mut field = Field::manual(checked);
    let run = field.fire();
    let mut looks = 0;
    while field.verdict(&run).is_none() {
        field.unready(&run, 1, true);
        looks += 1;
        let Phase::Held { until: Some(until), .. } = field.run(&run).phase else { break };
        field.now = until;
        field.tick();
    }
    assert_eq!((field.now.since(Ms(NOON)) / 3_600_000, looks), (12, 12 * 120 + 1));
    assert_eq!(field.verdict(&run), Some(Verdict::Failed));
    assert_eq!(field.run(&run).latest().words, "the database does not answer, for 12 h");
}

#[test]
fn waiting_for_a_pool_is_no_failing_check() {
    let mut field = Field::manual(|cue| {
        pooled(cue);
        checked(cue);
    });
    let run = field.fire();
    field.until(13 * 3_600);
    field.permitted(&run, 1);
    field.unready(&run, 1, true);
    assert_eq!(field.held_since(&run), (HeldBy::Preflight, 13 * 3_600), "its first look was just now");
}

#[test]
fn while_a_check_holds_it_the_permits_are_others_and_are_asked_for_anew() {
    let mut field = Field::manual(|cue| {
        pooled(cue);
        checked(cue);
    });
    let run = field.fire();
    field.permitted(&run, 1);
    field.unready(&run, 1, true);
    assert!(!field.run(&run).occupies());
    field.until(31);
    assert_eq!(field.asked(), [(run.clone(), 1)]);
    field.permitted(&run, 1);
    assert_eq!(field.sent(), [(run, 1)]);
}

#[test]
fn a_check_may_fail_the_attempt_instead() {
    let mut field = Field::manual(|cue| {
        checked(cue);
        cue.retry = Retry { max_attempts: 2, backoff_ms: vec![1_000], on_failed_outcome: false };
    });
    let run = field.fire();
    field.unready(&run, 1, false);
    assert!(matches!(field.run(&run).phase, Phase::WaitingRetry { .. }));
    field.until(3);
    field.unready(&run, 2, false);
    assert_eq!(field.verdict(&run), Some(Verdict::Failed));
}

#[test]
fn the_wait_between_two_looks_is_as_long_as_it_was_when_the_clock_was_set() {
    let mut field = Field::manual(checked);
    let run = field.fire();
    field.unready(&run, 1, true);
    let left = |field: &Field| match field.run(&run).phase {
        Phase::Held { until: Some(until), .. } => until.since(field.now),
        ref other => panic!("{other:?}"),
    };
    assert_eq!(left(&field), 30_000);
    field.now = Ms(1_000);
    field.give(Input::Shifted { slept_ms: 0, stepped_ms: 1_000 - NOON - 1 });
    assert_eq!(left(&field), 30_000, "back to 1970");
}

#[test]
fn one_that_was_stopped_while_its_checks_were_made_lets_its_pools_go() {
    let mut field = Field::manual(|cue| {
        command(cue);
        pooled(cue);
        checked(cue);
    });
    let run = field.fire();
    field.permitted(&run, 1);
    field.give(Input::Stop { run_id: run.clone() });
    assert!(field.run(&run).occupies(), "it may have been started meanwhile");
    field.unready(&run, 1, true);
    assert!(!field.run(&run).occupies(), "it was not");
    assert_eq!(field.verdict(&run), Some(Verdict::Stopped));
}
