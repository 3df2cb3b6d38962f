//! What follows when a run fails for good, and what comes of a failure that is tried again.

use super::*;
use crate::alert::{AlertBook, AlertKind, Signal};
use crate::attempt::AttemptState;
use crate::cue::OnFailure;
use crate::run::Phase;

fn told_of(cue: &mut CueDefinition) {
    cue.on_failure = OnFailure { webhook: Some("http://127.0.0.1/failed".into()), ..OnFailure::default() };
}

impl Field {
    fn tells_failure(&self) -> bool {
        self.last.effects.iter().any(|effect| matches!(effect, Effect::TellFailure { .. }))
    }
}

#[test]
fn a_web_hook_is_told_of_failures_that_are_final() {
    type Ends = fn(&mut Field, &RunId);
    let table: [(&str, Ends, bool); 8] = [
        ("given up", |field, run| field.told(run, 1, unavailable()), true),
        ("reported", |field, run| drop(field.report(run, Some(1), failure("429"))), true),
        (
            "silent",
            |field, run| {
                field.told(run, 1, ok());
                field.until(301);
            },
            true,
        ),
        ("stopped", |field, run| drop(field.give(Input::Stop { run_id: run.clone() })), false),
        ("cancelled", |field, _| drop(field.give(Input::Delete)), false),
        ("a success", |field, run| drop(field.report(run, Some(1), success())), false),
        (
            "a late failure",
            |field, run| {
                field.told(run, 1, ok());
                field.until(301);
                assert!(field.tells_failure(), "it was told of the silence");
                field.report(run, Some(1), failure("late"));
            },
            false,
        ),
        (
            "one that is tried again",
            |field, run| {
                let retry = Retry { max_attempts: 2, ..Retry::default() };
                let again = CueDefinition { retry, ..(*field.lane.cue.definition).clone() };
                field.give(Input::Stop { run_id: run.clone() });
                field.give(Input::Edit { definition: Box::new(again), revision: None });
                let run = field.fire();
                field.told(&run, 1, unavailable());
            },
            false,
        ),
    ];
    for (what, ends, told) in table {
        let mut field = Field::manual(|cue| {
            told_of(cue);
            cue.retry.max_attempts = 1;
        });
        let run = field.fire();
        ends(&mut field, &run);
        assert_eq!(field.tells_failure(), told, "{what}");
    }
}

#[test]
fn what_was_done_because_of_a_run_is_kept_with_it() {
    let mut field = Field::manual(|cue| cue.retry.max_attempts = 1);
    let run = field.fire();
    field.told(&run, 1, unavailable());
    field.give(Input::Note { run_id: run.clone(), words: "the web hook was told: 200 OK".into() });
    assert_eq!(field.run(&run).notes[0].words, "the web hook was told: 200 OK");
    field.give(Input::Note { run_id: RunId("nobody".into()), words: "?".into() });
    assert!(field.last.events.is_empty());
}

#[test]
fn a_fallback_that_fails_too_needs_a_person_unless_there_is_one_more() {
    let last = CueId("cue_last".into());
    for (verdict, next, kind) in [
        (Verdict::Failed, None, Some(AlertKind::FallbackFailed)),
        (Verdict::Silent, None, Some(AlertKind::FallbackFailed)),
        (Verdict::Silent, Some(last), Some(AlertKind::SilentRun)),
        (Verdict::Stopped, None, None),
        (Verdict::Claimed, None, None),
    ] {
        let mut field = Field::manual(|cue| cue.on_failure.fallback = next);
        let trigger = Trigger::Fallback { of: RunId("first".into()), cue: CueId("cue_first".into()) };
        let fired = Input::Triggered(crate::input::Triggered { trigger, payload: None, key: None, firing: true });
        let Answer::Fired { run_id, .. } = field.give(fired) else { panic!("it fires") };
        let phase = Phase::Ended { verdict, at: field.now, late: false };
        let run = Box::new(Run { phase, ..(*field.run(&run_id)).clone() });
        let mut book = AlertBook::default();
        let signal = Signal::RunEnded { cue_name: "leads".into(), run, verdict, late: false };
        book.decide(&signal, field.now, &mut Counting(1));
        let open: Vec<_> = book.unresolved().collect();
        assert_eq!(open.first().map(|alert| alert.kind), kind, "{verdict:?}");
        if kind == Some(AlertKind::FallbackFailed) {
            assert!(open[0].body.ends_with("A person is needed."), "{}", open[0].body);
            assert_eq!(open[0].title, "leads failed as the fallback too");
        }
    }
}

/// A command that reported its failure, and whose process still lives.
fn failed_and_lives() -> (Field, RunId) {
    let mut field = Field::manual(|cue| {
        command(cue);
        cue.retry = Retry { max_attempts: 2, backoff_ms: vec![1_000], on_failed_outcome: true };
    });
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    assert_eq!(
        field.report(&run, Some(1), failure("429")),
        Answer::Recorded { verdict: None, reason: None, waits: false }
    );
    (field, run)
}

#[test]
fn the_next_attempt_waits_for_the_end_of_the_process_before_it() {
    let (mut field, run) = failed_and_lives();
    field.until(8);
    assert_eq!(field.run(&run).attempts.len(), 1, "two processes of one run are never at work");
    field.told(&run, 1, exited(0));
    let now = field.run(&run);
    assert_eq!(now.latest().words, "reported failure: 429; exit code 0");
    assert_eq!((now.latest().state, now.latest().exit_code), (AttemptState::Failed, Some(0)));
    field.until(10);
    assert_eq!(field.run(&run).latest().number, 2);
    field.told(&run, 2, DeliveryResult::Started { pid: 8 });
    field.report(&run, Some(2), failure("429"));
    assert_eq!(field.verdict(&run), Some(Verdict::Failed), "and the last failure is final");
}

#[test]
fn a_process_that_does_not_end_by_itself_is_ended() {
    let (mut field, run) = failed_and_lives();
    field.until(9);
    assert!(field.last.effects.is_empty());
    field.until(11);
    let stop = Effect::Stop { run_id: run.clone(), number: 1, hard: false };
    assert_eq!(field.last.effects, std::slice::from_ref(&stop));
    assert!(field.run(&run).is_live());
    field.until(22);
    assert_eq!(field.last.effects, [stop], "asked for again, in case it was lost");
    field.told(
        &run,
        1,
        DeliveryResult::Exited(Exit { exit_code: None, words: "SIGTERM".into(), usage: Usage::default() }),
    );
    assert!(matches!(field.run(&run).phase, Phase::WaitingRetry { .. }));
}

#[test]
fn one_whose_start_fails_after_its_report_is_tried_again() {
    let mut field = Field::manual(|cue| {
        command(cue);
        cue.retry = Retry { max_attempts: 2, backoff_ms: vec![1_000], on_failed_outcome: true };
    });
    let run = field.fire();
    field.report(&run, None, failure("somebody else said so"));
    field.told(&run, 1, DeliveryResult::NotDelivered { words: "no such program".into() });
    assert!(matches!(field.run(&run).phase, Phase::WaitingRetry { .. }));
}
