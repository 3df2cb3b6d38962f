//! The tower looks itself before it believes a success.

use super::*;
use crate::check::{Bound, Check, FileCheck, Proof, What};
use crate::cue::{Budget, Unanswered};
use crate::effect::Effect;
use crate::expect::Finding;
use crate::input::Found;
use crate::run::Phase;
use crate::sentence::of_run;

fn memory() -> Check {
    Check { what: What::Memory { free_bytes: 1 }, timeout_ms: 1_000 }
}

fn checked(cue: &mut CueDefinition) {
    cue.checks = vec![memory(), memory()];
}

fn proof(passed: bool) -> Proof {
    Proof {
        check: "file report.md has at least 20 lines".into(),
        passed,
        saw: if passed { "25 lines" } else { "3 lines" }.into(),
        at: Ms(NOON),
        kind: "file".into(),
        detail: "report.md".into(),
        took_ms: 2,
    }
}

impl Field {
    fn looked(&mut self, run_id: &RunId, passed: [bool; 2]) {
        let proofs = passed.map(proof).into();
        self.give(Input::Checked { run_id: run_id.clone(), number: 1, proofs });
    }

    fn asks_for_checks(&self, run_id: &RunId) -> bool {
        self.last.effects.contains(&Effect::Check { run_id: run_id.clone(), number: 1 })
    }

    /// Fired, delivered and reported as done.
    fn reported(change: impl FnOnce(&mut CueDefinition)) -> (Field, RunId) {
        let mut field = Field::manual(|cue| {
            checked(cue);
            change(cue);
        });
        let run = field.fire();
        field.told(&run, 1, ok());
        field.report(&run, Some(1), success());
        (field, run)
    }
}

#[test]
fn a_reported_success_waits_for_the_checks_and_is_what_they_show() {
    for (shown, verdict, said) in [
        ([true, true], Verdict::Confirmed, "Reported success, and both proofs hold."),
        ([true, false], Verdict::Refuted, "report.md has 3 lines; at least 20 were expected. It said it worked."),
    ] {
        let (mut field, run) = Field::reported(|_| ());
        let answer = field.last.answer.clone();
        assert_eq!(answer, Answer::Recorded { verdict: None, reason: None, waits: true });
        assert!(field.asks_for_checks(&run) && field.verdict(&run).is_none());
        assert_eq!(of_run(&field.run(&run)), "Reported success; 2 checks are looked at.");
        assert_eq!(crate::verdicts::outcome_state(&field.run(&run)), Some("verification_pending"));
        let again = field.report(&run, Some(1), success());
        assert_eq!((again, field.last.events.len()), (answer, 0), "the same again gives the same answer");
        let other = field.report(&run, Some(1), failure("no"));
        assert_eq!(Field::refused(&other), RefusalCode::OutcomeAlreadyRecorded);
        field.until(7_200);
        assert_eq!(field.verdict(&run), None, "no deadline makes it silent meanwhile");

        field.looked(&run, shown);
        assert_eq!((field.verdict(&run), of_run(&field.run(&run)).as_str()), (Some(verdict), said));
        assert_eq!(field.run(&run).checking, None);
        let look = field.run(&run).findings[0].look.clone().expect("the proof is kept");
        assert_eq!((look.kind.as_str(), look.detail.as_str(), look.took_ms), ("file", "report.md", 2));
        field.looked(&run, [true, true]);
        assert_eq!((field.verdict(&run), field.last.events.len()), (Some(verdict), 0), "nobody waits for it any more");
    }
}

#[test]
fn what_the_report_shows_by_itself_counts_beside_the_checks() {
    let mut field = Field::manual(|cue| {
        checked(cue);
        cue.expect.min_processed = Some(150.0);
    });
    let run = field.fire();
    field.told(&run, 1, ok());
    field.report(&run, Some(1), Outcome { processed: Some(3.0), expected: Some(200.0), ..success() });
    assert!(field.asks_for_checks(&run), "every proof is there in the end");
    field.looked(&run, [true, true]);
    assert_eq!((field.verdict(&run), field.run(&run).findings.len()), (Some(Verdict::Refuted), 3));
    let said = "Reported 3; at least 150 were expected. 3 of 200 records were processed. It said it worked.";
    assert_eq!(of_run(&field.run(&run)), said);
}

#[test]
fn a_reported_failure_is_not_looked_at() {
    let mut field = Field::manual(checked);
    let run = field.fire();
    field.told(&run, 1, ok());
    field.report(&run, Some(1), failure("429"));
    assert!(!field.asks_for_checks(&run));
    assert_eq!(field.verdict(&run), Some(Verdict::Failed));
}

#[test]
fn a_word_for_the_owner_follows_the_checks() {
    let (mut field, run) = Field::reported(|cue| cue.expect.manual = true);
    assert_eq!(field.run(&run).verification, None, "first the tower looks");
    field.looked(&run, [true, true]);
    assert_eq!(field.verdict(&run), Some(Verdict::Claimed));
    assert!(field.run(&run).is_held_for_verification());
    let (mut field, run) = Field::reported(|cue| cue.expect.manual = true);
    field.looked(&run, [false, true]);
    assert_eq!((field.verdict(&run), field.run(&run).verification.clone()), (Some(Verdict::Refuted), None));
}

#[test]
fn it_stays_live_for_overlap_and_the_owner_may_stop_it() {
    let (mut field, run) = Field::reported(|_| ());
    assert_eq!(field.lane.live_runs().count(), 1);
    assert!(!field.run(&run).occupies(), "its permits are of no use to it");
    field.give(Input::Stop { run_id: run.clone() });
    assert_eq!((field.verdict(&run), field.run(&run).checking.clone()), (Some(Verdict::Stopped), None));
    field.looked(&run, [true, true]);
    assert_eq!((field.verdict(&run), field.last.events.len()), (Some(Verdict::Stopped), 0));
}

#[test]
fn a_worker_cannot_give_back_what_is_looked_at() {
    let mut field = Field::manual(|cue| {
        checked(cue);
        cue.transport = Transport::Worker(crate::cue::Worker { lease_ms: 60_000 });
    });
    let run = field.fire();
    field.give(Input::Claim { run_id: run.clone(), worker: "ada".into() });
    field.report(&run, Some(1), success());
    let (run_id, worker) = (run.clone(), Some("ada".to_owned()));
    let release = Input::Release { run_id, attempt: None, worker, words: String::new() };
    assert_eq!(Field::refused(&field.give(release)), RefusalCode::NotClaimed);
    field.until(600);
    assert_eq!((field.run(&run).attempts.len(), field.verdict(&run)), (1, None), "no lease lapses meanwhile");
    field.looked(&run, [true, true]);
    assert_eq!(field.verdict(&run), Some(Verdict::Confirmed));
}

#[test]
fn a_budget_of_time_is_for_the_agent_and_not_for_the_tower() {
    let budget = |cue: &mut CueDefinition| cue.budget = Budget { duration_ms: Some(60_000), ..Budget::default() };
    let (mut field, run) = Field::reported(budget);
    field.until(600);
    assert_eq!(field.verdict(&run), None);
    // Its process works on.
    let mut field = Field::manual(|cue| {
        command(cue);
        checked(cue);
        budget(cue);
    });
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.report(&run, Some(1), success());
    field.until(600);
    assert_eq!(field.verdict(&run), Some(Verdict::Stopped));
}

#[test]
fn exit_code_and_delivery_are_looked_at_too() {
    let mut field = Field::manual(|cue| {
        command(cue);
        checked(cue);
        cue.confirm = Confirm::ExitCode;
    });
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.told(&run, 1, exited(0));
    assert!(field.asks_for_checks(&run));
    assert_eq!(of_run(&field.run(&run)), "Ended with exit code 0; 2 checks are looked at.");
    field.looked(&run, [true, true]);
    assert_eq!(of_run(&field.run(&run)), "Ended with exit code 0, and all 3 proofs hold.");

    let mut field = Field::manual(|cue| {
        checked(cue);
        cue.confirm = Confirm::Delivery;
    });
    let run = field.fire();
    field.told(&run, 1, ok());
    assert!(field.asks_for_checks(&run));
    let answer = field.report(&run, Some(1), success());
    assert_eq!(answer, Answer::Recorded { verdict: None, reason: None, waits: true });
    assert!(field.last.effects.is_empty(), "once is enough");
    field.looked(&run, [true, false]);
    assert_eq!(field.verdict(&run), Some(Verdict::Refuted));
}

#[test]
fn checks_alone_decide_at_a_report_at_exit_zero_or_when_the_time_is_over() {
    let alone = |cue: &mut CueDefinition| cue.confirm = Confirm::Checks;
    let (mut field, run) = Field::reported(alone);
    field.looked(&run, [true, true]);
    assert_eq!(field.verdict(&run), Some(Verdict::Confirmed));

    for unanswered in [Unanswered::Wait, Unanswered::Retry] {
        let mut field = Field::manual(|cue| {
            checked(cue);
            alone(cue);
            cue.delivery.unanswered = unanswered;
        });
        let run = field.fire();
        field.told(&run, 1, ok());
        field.until(301);
        assert!(field.asks_for_checks(&run), "instead of silence");
        assert_eq!(of_run(&field.run(&run)), "Nothing was reported; 2 checks are looked at.");
        field.looked(&run, [true, true]);
        assert_eq!(field.verdict(&run), Some(Verdict::Confirmed));
        assert_eq!(of_run(&field.run(&run)), "Nothing was reported, and both proofs hold.");
    }

    let mut field = Field::manual(|cue| {
        command(cue);
        checked(cue);
        alone(cue);
        cue.retry.max_attempts = 1;
    });
    for (code, looks) in [(0, true), (2, false)] {
        let run = field.fire();
        field.told(&run, 1, DeliveryResult::Started { pid: 7 });
        field.until(3_600);
        assert_eq!(field.verdict(&run), None, "it may work as long as it lives");
        field.told(&run, 1, exited(code));
        assert_eq!(field.asks_for_checks(&run), looks, "{code}");
        assert_eq!(field.verdict(&run), (!looks).then_some(Verdict::Failed));
        field.looked(&run, [true, true]);
    }
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.report(&run, Some(1), failure("429"));
    assert_eq!(field.verdict(&run), Some(Verdict::Failed), "a reported failure stays one");
}

#[test]
fn what_the_owner_alone_decides_waits_for_the_owner() {
    let mut field = Field::manual(|cue| {
        cue.confirm = Confirm::Checks;
        (cue.expect.manual, cue.expect.manual_check) = (true, true);
    });
    let run = field.fire();
    field.told(&run, 1, ok());
    field.until(301);
    assert_eq!((field.verdict(&run), field.run(&run).is_held_for_verification()), (Some(Verdict::Claimed), true));
    assert_eq!(of_run(&field.run(&run)), "Nothing was reported; somebody has to verify it.");
}

#[test]
fn what_ends_as_soon_as_the_look_begins_is_not_looked_at() {
    let mut field = Field::with(|cue| {
        checked(cue);
        cue.confirm = Confirm::Checks;
        cue.overlap = Overlap::Replace;
        cue.delivery.outcome_deadline_ms = Some(60_000);
    });
    field.until(60);
    let first = field.sent()[0].0.clone();
    field.told(&first, 1, ok());
    // Its time is over in the very tick in which the next one takes its place.
    field.now = Ms(NOON + 120_000);
    field.tick();
    assert_eq!(field.verdict(&first), Some(Verdict::Stopped));
    assert!(!field.asks_for_checks(&first));
}

#[test]
fn a_late_success_is_looked_at_and_outlives_the_forgetting() {
    for (shown, verdict) in [([true, true], Verdict::Confirmed), ([false, true], Verdict::Refuted)] {
        let mut field = Field::manual(checked);
        let run = field.fire();
        field.told(&run, 1, ok());
        field.until(301);
        assert_eq!(field.verdict(&run), Some(Verdict::Silent));
        let answer = field.report(&run, Some(1), success());
        assert_eq!(answer, Answer::Recorded { verdict: Some(Verdict::Silent), reason: None, waits: true });
        assert!(field.asks_for_checks(&run));
        assert_eq!(field.lane.live_runs().count(), 0, "it holds nobody up");
        field.lane.forget_ended();
        let text = serde_json::to_string(&field.lane).unwrap();
        field.lane = serde_json::from_str(&text).unwrap();
        field.lane.rebuild_plan();
        field.give(Input::Recovered { alive_at: field.now, orderly: true, firing: true, found: vec![] });
        assert!(field.asks_for_checks(&run), "asked for again after a restart");
        assert_eq!(of_run(&field.run(&run)), "Reported success after the deadline; 2 checks are looked at.");
        field.looked(&run, shown);
        assert!(
            matches!(field.run(&run).phase, Phase::Ended { verdict: found, late: true, .. } if found == verdict),
            "{:?}",
            field.run(&run).phase
        );
        field.lane.forget_ended();
        assert!(field.lane.runs.is_empty());
    }
}

#[test]
fn a_run_that_was_let_go_is_there_again_while_it_is_looked_at_late() {
    let mut field = Field::manual(checked);
    let run = field.fire();
    field.told(&run, 1, ok());
    field.until(301);
    let ended = field.run(&run);
    field.lane.forget_ended();
    let mut replayed = field.lane.clone();
    field.lane.recall((*ended).clone());
    field.report(&run, Some(1), success());
    for event in &field.last.events {
        replayed.apply(field.now, event);
    }
    field.lane.forget_ended();
    assert_eq!(replayed, field.lane, "a start after a crash finds it");
    assert!(replayed.runs.contains_key(&run));
}

#[test]
fn a_crash_in_the_middle_asks_for_the_checks_again_and_for_nothing_else() {
    let (mut field, run) = Field::reported(|_| ());
    field.give(Input::Recovered { alive_at: field.now, orderly: false, firing: true, found: vec![] });
    assert!(field.asks_for_checks(&run) && field.sent().is_empty());

    for found in [Found::Started { pid: Some(7) }, Found::Lost { words: "the machine went down".into() }] {
        let mut field = Field::manual(|cue| {
            command(cue);
            checked(cue);
        });
        let run = field.fire();
        field.told(&run, 1, DeliveryResult::Started { pid: 7 });
        field.report(&run, Some(1), success());
        let found = vec![(run.clone(), 1, found)];
        field.give(Input::Recovered { alive_at: field.now, orderly: false, firing: true, found });
        field.until(600);
        assert_eq!(field.run(&run).attempts.len(), 1, "what was reported as done is not done again");
        field.told(&run, 1, exited(0));
        field.looked(&run, [true, true]);
        assert_eq!(field.verdict(&run), Some(Verdict::Confirmed));
    }
}

#[test]
fn an_outcome_that_cancels_a_backoff_is_looked_at_and_nothing_is_tried_again() {
    let mut field = Field::manual(|cue| {
        checked(cue);
        cue.retry.backoff_ms = vec![1_000];
    });
    let run = field.fire();
    field.told(&run, 1, unavailable());
    assert!(matches!(field.run(&run).phase, Phase::WaitingRetry { .. }));
    field.report(&run, Some(1), success());
    field.until(600);
    assert_eq!(field.run(&run).attempts.len(), 1);
    field.looked(&run, [true, true]);
    assert_eq!(field.verdict(&run), Some(Verdict::Confirmed));
}

#[test]
fn a_refuted_run_may_be_looked_at_again() {
    let (mut field, run) = Field::reported(|cue| cue.pause_on_failure = true);
    let again = |field: &mut Field| field.give(Input::CheckAgain { run_id: run.clone() });
    assert_eq!(Field::refused(&again(&mut field)), RefusalCode::InvalidState, "it is being looked at");
    field.looked(&run, [false, true]);
    assert_eq!(field.verdict(&run), Some(Verdict::Refuted));
    assert_eq!(again(&mut field), Answer::Done);
    assert!(field.asks_for_checks(&run));
    assert_eq!(of_run(&field.run(&run)), "Not proven so far; 2 checks are looked at again.");
    field.looked(&run, [false, true]);
    assert_eq!((field.verdict(&run), field.run(&run).findings.len()), (Some(Verdict::Refuted), 2));
    assert!(field.last.events.iter().all(|event| matches!(event, Event::ChecksEnded { .. })), "nothing is told twice");
    again(&mut field);
    field.looked(&run, [true, true]);
    assert!(matches!(field.run(&run).phase, Phase::Ended { verdict: Verdict::Confirmed, late: true, .. }));
    assert_eq!(of_run(&field.run(&run)), "Reported success, and both proofs hold. What proves it was shown later.");
    assert_eq!(Field::refused(&again(&mut field)), RefusalCode::InvalidState, "there is nothing to mend");
}

#[test]
fn evidence_that_comes_meanwhile_counts() {
    let (mut field, run) = Field::reported(|cue| cue.expect.evidence = vec![crate::cue::Evidence::ExternalId]);
    let evidence = crate::outcome::Evidence { external_id: Some("crm-7".into()), ..Default::default() };
    field.give(Input::Evidence { run_id: run.clone(), attempt: None, evidence: Box::new(evidence) });
    field.looked(&run, [true, true]);
    assert_eq!(field.verdict(&run), Some(Verdict::Confirmed));
}

#[test]
fn a_deleted_cue_looks_at_nothing_any_more() {
    let mut field = Field::manual(checked);
    let late = field.fire();
    field.told(&late, 1, ok());
    field.until(301);
    field.report(&late, Some(1), success());
    let live = field.fire();
    field.told(&live, 1, ok());
    field.report(&live, Some(1), success());
    field.give(Input::Delete);
    let (late, live) = (field.run(&late), field.run(&live));
    assert_eq!((late.verdict(), late.checking.clone()), (Some(Verdict::Silent), None));
    assert_eq!((live.verdict(), live.checking.clone()), (Some(Verdict::Cancelled), None));
}

#[test]
fn fewer_proofs_than_checks_prove_nothing() {
    let (mut field, run) = Field::reported(|_| ());
    field.give(Input::Checked { run_id: run.clone(), number: 1, proofs: vec![proof(true)] });
    assert_eq!(field.verdict(&run), Some(Verdict::Refuted));
    let all_hold = |finding: &Finding| finding.passed;
    assert!(field.run(&run).findings.iter().all(all_hold));
}

#[test]
fn what_an_earlier_attempt_reported_says_nothing_of_a_later_one() {
    let processed = Bound::Reported("processed".to_owned());
    let lines =
        Check { what: What::File(FileCheck { min_lines: Some(processed), ..FileCheck::default() }), timeout_ms: 1_000 };
    let mut field = Field::manual(|cue| {
        command(cue);
        cue.confirm = Confirm::ExitCode;
        cue.expect.assert = vec!["attempt == 2".into()];
        cue.checks = vec![lines.clone()];
        cue.retry = Retry { max_attempts: 2, backoff_ms: vec![1_000], on_failed_outcome: true };
    });
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.report(&run, Some(1), Outcome { processed: Some(200.0), ..failure("429") });
    field.told(&run, 1, exited(1));
    field.until(60);
    field.told(&run, 2, DeliveryResult::Started { pid: 8 });
    field.told(&run, 2, exited(0));
    let ended = field.run(&run);
    assert_eq!(ended.attempts.len(), 2);
    assert_eq!(of_run(&ended), "Ended with exit code 0; 1 check is looked at.");
    assert_eq!(lines.made_for(&ended), Err("`processed` was not reported".to_owned()));
    assert_eq!(ended.judged_by(&Outcome::default(), field.now).attempt, 2);
}
