//! Agents that fetch their work: claims, leases, signs of life, giving back.

use super::*;
use crate::attempt::AttemptState;
use crate::cue::Worker;
use crate::run::{Phase, Run as AnyRun};

const LEASE_S: i64 = 60;

/// One run that is there to be claimed; a lease is a minute, an offer five.
fn offered(change: impl FnOnce(&mut CueDefinition)) -> (Field, RunId) {
    let mut field = Field::manual(|cue| {
        cue.transport = Transport::Worker(Worker { lease_ms: 60_000 });
        cue.delivery.timeout_ms = 300_000;
        change(cue);
    });
    let run = field.fire();
    assert_eq!(field.run(&run).phase, Phase::Offered { until: field.now.plus(300_000) });
    assert!(field.last.effects.is_empty(), "nothing is sent to a worker");
    (field, run)
}

impl Field {
    fn claim(&mut self, run: &RunId, worker: &str) -> Answer {
        self.give(Input::Claim { run_id: run.clone(), worker: worker.into() })
    }

    fn claimed(&mut self, run: &RunId, worker: &str) -> u32 {
        match self.claim(run, worker) {
            Answer::Claimed { number, .. } => number,
            other => panic!("{worker} was answered {other:?}"),
        }
    }

    fn extend(&mut self, run: &RunId, attempt: Option<u32>, worker: Option<&str>) -> Answer {
        self.give(Input::Extend { run_id: run.clone(), attempt, worker: worker.map(str::to_owned) })
    }

    fn release(&mut self, run: &RunId, attempt: Option<u32>, worker: &str) -> Answer {
        let (run_id, worker) = (run.clone(), Some(worker.to_owned()));
        self.give(Input::Release { run_id, attempt, worker, words: "no GPU".into() })
    }
}

fn lease_s(run: &AnyRun, now: Ms) -> u64 {
    run.latest().lease.as_ref().expect("it is claimed").until.since(now) / 1_000
}

#[test]
fn the_first_to_claim_has_it_and_nobody_gets_it_twice() {
    let (mut field, run) = offered(|_| ());
    let first = field.claim(&run, "ada");
    assert_eq!(first, Answer::Claimed { number: 1, until: field.now.plus(60_000) });
    assert_eq!(field.run(&run).phase, Phase::AwaitingOutcome { deadline: None }, "delivered, not confirmed");
    assert_eq!(Field::refused(&field.claim(&run, "bob")), RefusalCode::ClaimFailed);
    field.now = field.now.plus(10_000);
    let again = field.claim(&run, "ada");
    assert_eq!(Field::refused(&again), RefusalCode::ClaimFailed, "two workers may share a name");
    assert!(field.last.events.is_empty(), "and nothing is new");
}

#[test]
fn a_claim_alone_confirms_what_asks_for_no_more_than_delivery() {
    let (mut field, run) = offered(|cue| cue.confirm = Confirm::Delivery);
    assert_eq!(field.claimed(&run, "ada"), 1);
    assert_eq!(field.verdict(&run), Some(Verdict::Confirmed));
    assert_eq!(Field::refused(&field.claim(&run, "bob")), RefusalCode::ClaimFailed);
}

#[test]
fn a_lapsed_lease_returns_the_run_with_the_next_number_and_fences_the_old_one_off() {
    let (mut field, run) = offered(|_| ());
    field.claimed(&run, "ada");
    field.until(LEASE_S - 1);
    assert_eq!(field.run(&run).latest().number, 1);
    field.until(LEASE_S + 1);
    let now = field.run(&run);
    assert_eq!(now.attempt(1).unwrap().words, "claimed by ada, and no sign of life for 1 min");
    assert!(matches!(now.phase, Phase::Offered { .. }) && now.latest().number == 2, "there to be claimed at once");
    assert_eq!(Field::refused(&field.report(&run, Some(1), success())), RefusalCode::AttemptSuperseded);
    assert_eq!(Field::refused(&field.extend(&run, Some(1), Some("ada"))), RefusalCode::AttemptSuperseded);
    assert_eq!(Field::refused(&field.release(&run, Some(1), "ada")), RefusalCode::AttemptSuperseded);
    assert_eq!(field.claimed(&run, "bob"), 2);
    field.report(&run, Some(2), success());
    assert_eq!(field.verdict(&run), Some(Verdict::Claimed));
    assert_eq!(field.run(&run).refused.len(), 1, "the late report is recorded and shown");
}

#[test]
fn leases_that_lapse_use_up_the_attempts() {
    let (mut field, run) = offered(|cue| cue.retry.max_attempts = 2);
    field.claimed(&run, "ada");
    field.until(LEASE_S + 1);
    field.claimed(&run, "ada");
    field.until(2 * LEASE_S + 5);
    assert_eq!(field.verdict(&run), Some(Verdict::Failed));
    let words = crate::sentence::of_run(&field.run(&run));
    assert_eq!(words, "Claimed by ada, and no sign of life for 1 min. Attempt 2 of 2.");
}

#[test]
fn what_is_given_back_is_there_again_at_once_and_is_nobodys_fault() {
    let (mut field, run) = offered(|cue| cue.retry.max_attempts = 1);
    field.claimed(&run, "ada");
    assert_eq!(Field::refused(&field.release(&run, None, "bob")), RefusalCode::NotOwner);
    assert_eq!(field.release(&run, Some(1), "ada"), Answer::Done);
    let now = field.run(&run);
    assert_eq!(now.attempt(1).unwrap().words, "given back by ada: no GPU");
    assert_eq!((now.latest().number, now.tries_used()), (2, 1), "the one that waits; the other was no try");
    assert_eq!(Field::refused(&field.release(&run, None, "ada")), RefusalCode::NotClaimed);
    assert_eq!(field.claimed(&run, "ada"), 2);
    field.report(&run, Some(2), success());
    assert_eq!(field.verdict(&run), Some(Verdict::Claimed));
}

#[test]
fn giving_back_for_ever_comes_to_an_end() {
    let (mut field, run) = offered(|_| ());
    for number in 1..40 {
        assert_eq!(field.claimed(&run, "ada"), number);
        field.release(&run, None, "ada");
    }
    assert_eq!(field.claimed(&run, "ada"), 40);
    field.release(&run, None, "ada");
    assert_eq!(field.verdict(&run), Some(Verdict::Failed));
}

#[test]
fn a_sign_of_life_moves_the_lease_and_the_deadline_on() {
    let (mut field, run) = offered(|cue| cue.delivery.outcome_deadline_ms = Some(90_000));
    field.claimed(&run, "ada");
    field.until(50);
    assert_eq!(Field::refused(&field.extend(&run, None, Some("bob"))), RefusalCode::NotOwner);
    assert_eq!(field.extend(&run, Some(1), Some("ada")), Answer::Extended { until: Some(field.now.plus(60_000)) });
    assert_eq!(lease_s(&field.run(&run), field.now), 60);
    assert_eq!(field.run(&run).phase, Phase::AwaitingOutcome { deadline: Some(field.now.plus(90_000)) });
    field.until(109);
    assert_eq!(field.run(&run).latest().number, 1);
    field.until(111);
    assert_eq!(field.run(&run).latest().number, 2, "and no more than that");
}

#[test]
fn what_nobody_has_cannot_be_extended_and_what_is_over_neither() {
    let (mut field, run) = offered(|_| ());
    assert_eq!(Field::refused(&field.extend(&run, None, Some("ada"))), RefusalCode::NotClaimed);
    field.claimed(&run, "ada");
    field.report(&run, Some(1), success());
    assert_eq!(Field::refused(&field.extend(&run, Some(1), Some("ada"))), RefusalCode::NotClaimed);
    let unknown = RunId("nobody".into());
    assert_eq!(Field::refused(&field.claim(&unknown, "ada")), RefusalCode::NotFound);
    let mut field = Field::manual(|_| ());
    let run = field.fire();
    assert_eq!(Field::refused(&field.claim(&run, "ada")), RefusalCode::ClaimFailed, "the tower delivers it itself");
}

#[test]
fn an_agent_at_work_inside_its_request_may_give_signs_of_life() {
    let mut field = Field::manual(|_| ());
    let run = field.fire();
    assert_eq!(field.extend(&run, Some(1), None), Answer::Extended { until: None }, "no clock of it runs yet");
    field.told(&run, 1, ok());
    field.until(200);
    field.extend(&run, Some(1), None);
    field.until(400);
    assert_eq!(field.verdict(&run), None, "the deadline of 300 s began anew");
    field.until(501);
    assert_eq!(field.verdict(&run), Some(Verdict::Silent));
}

#[test]
fn what_nobody_claims_fails() {
    let (mut field, run) = offered(|cue| cue.on_failure.webhook = Some("http://127.0.0.1/failed".into()));
    field.until(299);
    assert!(field.run(&run).is_live());
    field.until(301);
    assert_eq!(field.verdict(&run), Some(Verdict::Failed));
    assert_eq!(field.last.effects, [Effect::TellFailure { run_id: run.clone() }]);
    let words = crate::sentence::of_run(&field.run(&run));
    assert_eq!(words, "No worker claimed it within 5 min. Attempt 1 of 3.");
    assert_eq!(Field::refused(&field.claim(&run, "ada")), RefusalCode::ClaimFailed);
}

#[test]
fn leases_and_offers_stand_still_in_gaps_and_leave_five_seconds() {
    let (mut field, claimed) = offered(|_| ());
    let waiting = field.fire();
    field.claimed(&claimed, "ada");
    field.now = Ms(NOON + 59_001);
    field.now = field.now.plus(3_600_000);
    field.give(Input::Shifted { slept_ms: 3_600_000, stepped_ms: 0 });
    assert_eq!(lease_s(&field.run(&claimed), field.now), 5, "a second was left, and five are left at least");
    assert_eq!(field.run(&waiting).phase, Phase::Offered { until: field.now.plus(241_000) });
    // The tower was off for an hour.
    let alive_at = field.now;
    field.now = field.now.plus(3_600_000);
    field.give(Input::Recovered { alive_at, orderly: false, firing: true, found: vec![] });
    assert_eq!(field.run(&claimed).latest().number, 1, "a claim survives a restart of the tower");
    assert_eq!(lease_s(&field.run(&claimed), field.now), 5);
    field.report(&claimed, Some(1), success());
    assert_eq!(field.verdict(&claimed), Some(Verdict::Claimed));
}

#[test]
fn a_lease_shorter_than_five_seconds_is_not_made_longer_by_a_gap() {
    let (mut field, run) = offered(|cue| cue.transport = Transport::Worker(Worker { lease_ms: 2_000 }));
    field.claimed(&run, "ada");
    field.now = field.now.plus(3_600_000);
    field.give(Input::Shifted { slept_ms: 3_600_000, stepped_ms: 0 });
    assert_eq!(lease_s(&field.run(&run), field.now), 2);
}

#[test]
fn a_reported_failure_is_offered_again_by_the_backoff_if_the_cue_asks_for_that() {
    let (mut field, run) = offered(|cue| {
        cue.retry = Retry { max_attempts: 2, backoff_ms: vec![10_000], on_failed_outcome: true };
    });
    field.claimed(&run, "ada");
    field.report(&run, Some(1), failure("429"));
    assert!(matches!(field.run(&run).phase, Phase::WaitingRetry { .. }));
    assert_eq!(Field::refused(&field.claim(&run, "ada")), RefusalCode::ClaimFailed);
    field.until(12);
    assert_eq!(field.run(&run).latest().state, AttemptState::Offered);
    assert_eq!(field.claimed(&run, "bob"), 2);
}
