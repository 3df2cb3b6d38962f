//! Delivered is not confirmed.

use super::*;
use crate::attempt::AttemptState;
use crate::cue::{Evidence, Unanswered};
use crate::run::Phase;

#[test]
fn what_confirms_a_run() {
    let asks = |cue: &mut CueDefinition| cue.expect.min_processed = Some(150.0);
    let evidence = |cue: &mut CueDefinition| cue.expect.evidence = vec![Evidence::ResultUrl];
    let counted = |processed: f64| Outcome { processed: Some(processed), ..success() };
    let url = Outcome { result_url: Some("http://127.0.0.1/report".into()), ..success() };
    type Change = fn(&mut CueDefinition);
    let table: [(Change, Outcome, Verdict); 7] = [
        (|_| (), success(), Verdict::Claimed),
        (|_| (), failure("429"), Verdict::Failed),
        (asks, counted(200.0), Verdict::Confirmed),
        (asks, counted(3.0), Verdict::Refuted),
        (asks, success(), Verdict::Refuted),
        (evidence, url, Verdict::Confirmed),
        (evidence, success(), Verdict::Refuted),
    ];
    for (change, outcome, verdict) in table {
        let mut field = Field::manual(change);
        let run = field.fire();
        field.told(&run, 1, ok());
        assert_eq!(field.verdict(&run), None, "a 200 is delivered, not confirmed");
        field.report(&run, Some(1), outcome.clone());
        assert_eq!(field.verdict(&run), Some(verdict), "{outcome:?}");
    }
}

#[test]
fn an_outcome_is_written_once() {
    let mut field = Field::manual(|_| ());
    let run = field.fire();
    field.told(&run, 1, ok());
    let first = field.report(&run, Some(1), success());
    let again = field.report(&run, Some(1), success());
    assert_eq!((first.clone(), field.last.events.len()), (again, 0), "the same again gives the same answer");
    let other = field.report(&run, Some(1), failure("changed my mind"));
    assert_eq!(Field::refused(&other), RefusalCode::OutcomeAlreadyRecorded);
    assert_eq!(field.verdict(&run), Some(Verdict::Claimed));
    assert_eq!(field.run(&run).refused.len(), 1, "refused, recorded and shown");
}

#[test]
fn an_older_attempt_is_fenced_off() {
    let mut field = Field::manual(|cue| cue.retry.backoff_ms = vec![1_000]);
    let run = field.fire();
    field.told(&run, 1, unavailable());
    field.until(3);
    assert_eq!(field.run(&run).latest().number, 2);
    let old = field.report(&run, Some(1), success());
    assert_eq!(Field::refused(&old), RefusalCode::AttemptSuperseded);
    let unborn = field.report(&run, Some(3), success());
    assert_eq!(Field::refused(&unborn), RefusalCode::Invalid);
    field.report(&run, None, success());
    assert_eq!(field.verdict(&run), Some(Verdict::Claimed), "a reporter without a token speaks for the latest");
}

#[test]
fn an_outcome_overrides_a_5xx_of_the_same_attempt_and_cancels_its_backoff() {
    let mut field = Field::manual(|_| ());
    let run = field.fire();
    field.told(&run, 1, unavailable());
    assert!(matches!(field.run(&run).phase, Phase::WaitingRetry { .. }));
    field.report(&run, Some(1), success());
    assert_eq!(field.verdict(&run), Some(Verdict::Claimed));
    field.until(600);
    assert_eq!(field.run(&run).attempts.len(), 1);
}

#[test]
fn a_failed_delivery_is_tried_again_by_the_backoff_and_then_given_up() {
    let mut field = Field::manual(|cue| {
        cue.retry = Retry { max_attempts: 3, backoff_ms: vec![1_000, 5_000], on_failed_outcome: false }
    });
    let run = field.fire();
    for (number, least, most) in [(1, 1_000, 1_100), (2, 5_000, 5_500)] {
        field.told(&run, number, unavailable());
        let Phase::WaitingRetry { at } = field.run(&run).phase else { panic!("{:?}", field.run(&run)) };
        assert!((least..=most).contains(&at.since(field.now)), "after attempt {number}");
        field.now = at;
        field.tick();
        assert_eq!(field.sent(), [(run.clone(), number + 1)]);
    }
    field.told(&run, 3, unavailable());
    assert_eq!(field.verdict(&run), Some(Verdict::Failed));
}

#[test]
fn retry_after_is_honoured() {
    let mut field = Field::manual(|cue| cue.retry.backoff_ms = vec![1_000]);
    let run = field.fire();
    let asked =
        DeliveryResult::Answered { status: 429, words: "429".into(), retry_after_ms: Some(90_000), outcome: None };
    field.told(&run, 1, asked);
    let Phase::WaitingRetry { at } = field.run(&run).phase else { panic!() };
    assert!(at.since(field.now) >= 90_000);
}

#[test]
fn a_reported_failure_is_tried_again_only_if_the_cue_asks_for_it() {
    for (again, phase) in [(false, false), (true, true)] {
        let mut field = Field::manual(|cue| cue.retry.on_failed_outcome = again);
        let run = field.fire();
        field.told(&run, 1, ok());
        field.report(&run, Some(1), failure("429"));
        assert_eq!(matches!(field.run(&run).phase, Phase::WaitingRetry { .. }), phase, "{again}");
    }
}

#[test]
fn silence_is_a_verdict_and_a_late_outcome_revises_it() {
    let mut field = Field::manual(|_| ());
    let run = field.fire();
    field.told(&run, 1, ok());
    field.until(299);
    assert_eq!(field.verdict(&run), None);
    field.until(301);
    assert_eq!(field.verdict(&run), Some(Verdict::Silent));
    field.report(&run, Some(1), success());
    assert!(matches!(field.run(&run).phase, Phase::Ended { verdict: Verdict::Claimed, late: true, .. }));
}

#[test]
fn a_request_that_was_sent_and_not_answered_is_not_sent_again_before_the_deadline() {
    let unanswered = || DeliveryResult::Unanswered { words: "no answer within 30 s".into() };
    let mut field = Field::manual(|_| ());
    let run = field.fire();
    field.told(&run, 1, unanswered());
    assert_eq!(field.run(&run).latest().state, AttemptState::Unanswered);
    field.until(200);
    assert_eq!(field.run(&run).attempts.len(), 1);
    field.until(400);
    assert_eq!(field.run(&run).attempts.len(), 2, "no outcome by the deadline either");

    let mut field = Field::manual(|cue| cue.delivery.unanswered = Unanswered::Retry);
    let run = field.fire();
    field.told(&run, 1, unanswered());
    assert!(matches!(field.run(&run).phase, Phase::WaitingRetry { .. }));
}

#[test]
fn an_answer_may_carry_the_outcome_and_a_posted_one_wins() {
    let answer = || DeliveryResult::Answered {
        status: 200,
        words: "200".into(),
        retry_after_ms: None,
        outcome: Some(Box::new(failure("from the answer"))),
    };
    let mut field = Field::manual(|_| ());
    let run = field.fire();
    field.told(&run, 1, answer());
    assert_eq!(field.verdict(&run), Some(Verdict::Failed));

    let mut field = Field::manual(|_| ());
    let run = field.fire();
    field.report(&run, Some(1), success());
    field.told(&run, 1, answer());
    assert_eq!(field.verdict(&run), Some(Verdict::Claimed));
}

#[test]
fn a_command_is_judged_by_what_its_cue_says_confirms_it() {
    let started = || DeliveryResult::Started { pid: 7 };
    let table = [
        (Confirm::ExitCode, 0, Some(Verdict::Confirmed)),
        (Confirm::ExitCode, 2, Some(Verdict::Failed)),
        (Confirm::Outcome, 0, None),
        (Confirm::Outcome, 2, Some(Verdict::Failed)),
        (Confirm::Delivery, 2, Some(Verdict::Confirmed)),
    ];
    for (confirm, code, verdict) in table {
        let mut field = Field::manual(|cue| {
            command(cue);
            cue.confirm = confirm;
            cue.retry.max_attempts = 1;
        });
        let run = field.fire();
        field.told(&run, 1, started());
        field.told(&run, 1, exited(code));
        assert_eq!(field.verdict(&run), verdict, "{confirm:?} {code}");
    }
}

#[test]
fn exit_zero_without_a_word_is_silence_after_ten_seconds() {
    let mut field = Field::manual(command);
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.told(&run, 1, exited(0));
    field.until(9);
    assert_eq!(field.verdict(&run), None);
    field.until(11);
    assert_eq!(field.verdict(&run), Some(Verdict::Silent));
}

#[test]
fn an_outcome_before_the_start_is_told_does_not_stop_the_exit_code_from_deciding() {
    let mut field = Field::manual(|cue| {
        command(cue);
        cue.confirm = Confirm::ExitCode;
        cue.retry.max_attempts = 1;
    });
    let run = field.fire();
    field.report(&run, Some(1), success());
    field.told(&run, 1, DeliveryResult::NotDelivered { words: "no such program".into() });
    assert_eq!(field.verdict(&run), Some(Verdict::Failed));
}
