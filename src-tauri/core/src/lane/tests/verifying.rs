//! What can still be said about a run after its outcome.

use super::*;
use crate::cue::{CueStatus, Evidence as Asked};
use crate::outcome::Evidence;
use crate::run::{Phase, Verification};
use crate::sentence;
use crate::verdicts::{outcome_state, validation_state};

fn manual(cue: &mut CueDefinition) {
    cue.expect.manual = true;
}

fn verify(field: &mut Field, run: &RunId, valid: bool) -> Answer {
    let (by, reason) = ("the owner".to_owned(), (!valid).then(|| "the number does not match".to_owned()));
    field.give(Input::Verify { run_id: run.clone(), valid, by, reason })
}

fn ask(field: &mut Field, run: &RunId) -> Answer {
    field.give(Input::AskVerification { run_id: run.clone() })
}

fn show(field: &mut Field, run: &RunId, evidence: Evidence) -> Answer {
    field.give(Input::Evidence { run_id: run.clone(), attempt: None, evidence: Box::new(evidence) })
}

fn url() -> Evidence {
    Evidence { result_url: Some("http://127.0.0.1/report".into()), ..Evidence::default() }
}

/// A run whose outcome was told.
fn reported(field: &mut Field, outcome: Outcome) -> RunId {
    let run = field.fire();
    field.told(&run, 1, ok());
    field.report(&run, None, outcome);
    run
}

fn follows(field: &Field) -> Vec<bool> {
    let of = |event: &Event| match event {
        Event::RunVerified { follows, .. } => Some(*follows),
        _ => None,
    };
    field.last.events.iter().filter_map(of).collect()
}

#[test]
fn a_success_that_somebody_must_look_at_is_claimed_and_keeps_nothing_waiting() {
    let mut field = Field::with(manual);
    field.until(60);
    let run = field.lane.runs.keys().next().unwrap().clone();
    field.told(&run, 1, ok());
    let answer = field.report(&run, None, success());
    assert_eq!(answer, Answer::Recorded { verdict: Some(Verdict::Claimed), reason: None, waits: true });
    assert_eq!(outcome_state(&field.run(&run)), Some("verification_pending"));
    assert!(field.run(&run).is_held_for_verification());
    assert_eq!(sentence::of_run(&field.run(&run)), "Reported success; somebody has to verify it.");
    field.until(120);
    assert_eq!(field.lane.live_runs().count(), 1, "nobody looked yet, and the next one went");
}

#[test]
fn what_somebody_says_is_the_verdict() {
    for (valid, verdict, state, word) in [
        (true, Verdict::Confirmed, "verified_success", "Reported success; verified by the owner."),
        (
            false,
            Verdict::Refuted,
            "verification_failed",
            "Found to be not so by the owner: the number does not match. It reported success.",
        ),
    ] {
        let mut field = Field::manual(manual);
        let run = reported(&mut field, success());
        verify(&mut field, &run, valid);
        assert_eq!(follows(&field), [true], "what follows from its end waited for this");
        assert_eq!((field.verdict(&run), outcome_state(&field.run(&run))), (Some(verdict), Some(state)));
        assert_eq!(validation_state(&field.run(&run)), Some(if valid { "valid" } else { "invalid" }));
        assert_eq!(sentence::of_run(&field.run(&run)), word);
        let again = verify(&mut field, &run, valid);
        assert_eq!(Field::refused(&again), RefusalCode::InvalidState);
        let Answer::Refused(refusal) = again else { unreachable!() };
        assert_eq!(refusal.message, format!("Cannot verify from state '{state}'"));
    }
}

#[test]
fn which_runs_can_be_verified() {
    let mut field = Field::manual(|cue| cue.retry.max_attempts = 1);
    let claimed = reported(&mut field, success());
    verify(&mut field, &claimed, true);
    assert_eq!((field.verdict(&claimed), follows(&field)), (Some(Verdict::Confirmed), vec![false]));
    let failed = reported(&mut field, failure("429"));
    verify(&mut field, &failed, true);
    assert_eq!((field.verdict(&failed), follows(&field)), (Some(Verdict::Confirmed), vec![true]));
    let bounced = field.fire();
    field.told(&bounced, 1, unavailable());
    assert_eq!(field.verdict(&bounced), Some(Verdict::Failed));
    let live = field.fire();
    let stopped = reported(&mut field, failure("429"));
    for run in [&bounced, &live] {
        let answer = verify(&mut field, run, true);
        assert_eq!(Field::refused(&answer), RefusalCode::InvalidState, "nothing was reported");
        let answer = ask(&mut field, run);
        assert_eq!(Field::refused(&answer), RefusalCode::NoOutcome);
    }
    ask(&mut field, &stopped);
    assert_eq!(outcome_state(&field.run(&stopped)), Some("verification_pending"));
    verify(&mut field, &stopped, false);
    assert_eq!((field.verdict(&stopped), follows(&field)), (Some(Verdict::Refuted), vec![false]));
}

#[test]
fn who_is_asked_later_brings_nothing_about_twice() {
    let mut field = Field::manual(|_| ());
    let run = reported(&mut field, success());
    ask(&mut field, &run);
    assert!(!field.run(&run).is_held_for_verification(), "its followers went when it ended");
    ask(&mut field, &run);
    assert!(field.last.events.is_empty(), "it is asked already");
    verify(&mut field, &run, true);
    assert_eq!(follows(&field), [false]);
}

#[test]
fn however_often_somebody_changes_their_mind_it_is_revised_once() {
    let mut field = Field::manual(|_| ());
    let run = reported(&mut field, success());
    let mut followed = Vec::new();
    for valid in [false, true, false] {
        ask(&mut field, &run);
        verify(&mut field, &run, valid);
        followed.extend(follows(&field));
    }
    assert_eq!((followed, field.verdict(&run)), (vec![true, false, false], Some(Verdict::Refuted)));
}

/// Whoever followed its silence would be fired for the same run again.
#[test]
fn what_came_late_and_is_refuted_brings_nothing_about_twice() {
    for (valid, expected) in [(false, false), (true, true)] {
        let mut field = Field::manual(manual);
        let run = field.fire();
        field.told(&run, 1, ok());
        field.until(400);
        assert_eq!(field.verdict(&run), Some(Verdict::Silent));
        field.report(&run, None, success());
        assert!(field.run(&run).is_held_for_verification());
        verify(&mut field, &run, valid);
        assert_eq!(follows(&field), [expected]);
        let revises = field.last.events.iter().find_map(|event| match event {
            Event::RunVerified { revises, .. } => *revises,
            _ => None,
        });
        assert_eq!(revises, Some(Verdict::Silent), "its silence was followed");
    }
}

#[test]
fn a_refutation_does_what_a_failure_does() {
    let mut field = Field::with(|cue| {
        manual(cue);
        cue.pause_on_failure = true;
        cue.on_failure.webhook = Some("http://127.0.0.1/failed".into());
    });
    let run = reported(&mut field, success());
    assert!(field.last.effects.is_empty());
    verify(&mut field, &run, false);
    assert_eq!(field.lane.cue.status, CueStatus::Paused);
    assert_eq!(field.last.effects, [Effect::TellFailure { run_id: run }]);
}

#[test]
fn a_once_cue_is_completed_until_somebody_says_no() {
    let mut field = Field::with(|cue| {
        manual(cue);
        cue.schedule = ScheduleSpec::once(Ms(NOON + 30_000), "UTC");
    });
    field.until(30);
    let run = field.lane.runs.keys().next().unwrap().clone();
    field.told(&run, 1, ok());
    field.report(&run, None, success());
    assert_eq!(field.lane.cue.status, CueStatus::Completed);
    verify(&mut field, &run, false);
    assert_eq!(field.lane.cue.status, CueStatus::Failed);
}

#[test]
fn evidence_shown_later_proves_what_was_refuted_for_want_of_it() {
    let mut field = Field::manual(|cue| cue.expect.evidence = vec![Asked::ResultUrl]);
    let run = reported(&mut field, success());
    assert_eq!(field.verdict(&run), Some(Verdict::Refuted));
    show(&mut field, &run, Evidence { summary: Some("done".into()), ..Evidence::default() });
    assert_eq!(field.verdict(&run), Some(Verdict::Refuted), "a summary is not the address that was asked for");
    let answer = show(&mut field, &run, url());
    assert_eq!(answer, Answer::Recorded { verdict: Some(Verdict::Confirmed), reason: None, waits: false });
    assert!(matches!(field.run(&run).phase, Phase::Ended { verdict: Verdict::Confirmed, late: true, .. }));
    assert!(sentence::of_run(&field.run(&run)).ends_with("What proves it was shown later."));
    let again = field.report(&run, None, success());
    assert!(matches!(again, Answer::Recorded { verdict: Some(Verdict::Confirmed), .. }), "{again:?}");
    show(&mut field, &run, url());
    assert!(field.last.events.is_empty(), "the same again changes nothing");
}

#[test]
fn evidence_needs_an_outcome_and_the_attempt_that_told_it() {
    let mut field = Field::manual(|_| ());
    let run = field.fire();
    let early = show(&mut field, &run, url());
    assert_eq!(Field::refused(&early), RefusalCode::NoOutcome);
    field.told(&run, 1, ok());
    field.report(&run, None, Outcome { metadata: json!({ "a": 1, "b": 1 }), ..success() });
    show(&mut field, &run, Evidence { metadata: json!({ "b": 2 }), ..url() });
    let shown = field.run(&run).outcome().unwrap().1.outcome.clone();
    assert_eq!((shown.metadata, shown.result_url.is_some()), (json!({ "a": 1, "b": 2 }), true));
    let evidence = Box::new(url());
    let other = field.give(Input::Evidence { run_id: run.clone(), attempt: Some(2), evidence });
    assert_eq!(Field::refused(&other), RefusalCode::AttemptSuperseded);
    let much = Evidence { metadata: json!({ "c": "x".repeat(Outcome::METADATA_BYTES_MAX) }), ..Evidence::default() };
    assert_eq!(Field::refused(&show(&mut field, &run, much)), RefusalCode::Invalid);
}

#[test]
fn what_a_person_found_is_not_outdone_by_evidence() {
    let mut field = Field::manual(|cue| cue.expect.evidence = vec![Asked::ResultUrl]);
    let run = reported(&mut field, success());
    ask(&mut field, &run);
    verify(&mut field, &run, false);
    show(&mut field, &run, url());
    assert_eq!(field.verdict(&run), Some(Verdict::Refuted));
}

#[test]
fn evidence_of_a_cue_that_asks_a_person_leaves_it_to_the_person() {
    let mut field = Field::manual(|cue| {
        manual(cue);
        cue.expect.evidence = vec![Asked::ResultUrl];
    });
    let run = reported(&mut field, success());
    assert_eq!(field.verdict(&run), Some(Verdict::Refuted));
    show(&mut field, &run, url());
    assert_eq!(field.verdict(&run), Some(Verdict::Claimed));
    assert!(field.run(&run).is_held_for_verification());
}

#[test]
fn a_live_session_is_named_once_and_before_it_is_believed() {
    let mut field = Field::manual(|_| ());
    let run = field.fire();
    field.told(&run, 1, ok());
    let live = Outcome { metadata: json!({ "executed_via": "live" }), ..success() };
    let unattested = field.report(&run, None, live.clone());
    assert_eq!(Field::refused(&unattested), RefusalCode::LiveClaimUnattested);
    assert_eq!((field.verdict(&run), field.run(&run).refused.len()), (None, 1), "refused, recorded and shown");
    let claim = |field: &mut Field, session: &str| {
        field.give(Input::LiveClaim { run_id: run.clone(), session: session.to_owned() })
    };
    let first = claim(&mut field, "a");
    assert_eq!(first, Answer::LiveClaimed { at: field.now });
    field.now = field.now.plus(1_000);
    assert_eq!(claim(&mut field, "a"), first, "the same session may say it again");
    assert_eq!(Field::refused(&claim(&mut field, "b")), RefusalCode::AlreadyAttested);
    field.report(&run, None, live);
    assert_eq!(field.verdict(&run), Some(Verdict::Claimed));
}

#[test]
fn criteria_of_a_fire_bind_its_run_alone() {
    let mut field = Field::manual(|_| ());
    let fire = |field: &mut Field, criteria: &[&str], key: &str| {
        let exit_criteria = criteria.iter().map(|name| (*name).to_owned()).collect();
        let key = Some(key.to_owned());
        field.give(Input::Fire(Fire { payload: None, send_at: None, key, exit_criteria, trigger: Trigger::ManualFire }))
    };
    let Answer::Fired { run_id, .. } = fire(&mut field, &["sent"], "k") else { panic!() };
    let other = fire(&mut field, &["filed"], "k");
    assert_eq!(Field::refused(&other), RefusalCode::IdempotencyKeyConflict, "other criteria are another fire");
    field.told(&run_id, 1, ok());
    field.report(&run_id, None, success());
    assert_eq!(field.verdict(&run_id), Some(Verdict::Refuted));
    let met = Evidence { assertions: [("sent".to_owned(), true)].into(), ..Evidence::default() };
    show(&mut field, &run_id, met);
    assert_eq!(field.verdict(&run_id), Some(Verdict::Confirmed));
    let next = reported(&mut field, success());
    assert_eq!(field.verdict(&next), Some(Verdict::Claimed));
}

#[test]
fn failures_in_a_row_are_counted_and_a_good_run_ends_them() {
    let mut field = Field::manual(|_| ());
    for times in 1..=3 {
        reported(&mut field, failure("429"));
        assert_eq!(field.lane.failed_in_a_row, times);
    }
    let good = reported(&mut field, success());
    assert_eq!(field.lane.failed_in_a_row, 0);
    ask(&mut field, &good);
    verify(&mut field, &good, false);
    assert_eq!(field.lane.failed_in_a_row, 1, "it was not good after all");
    let manual = CueDefinition::clone(&field.lane.cue.definition);
    let mut expect = manual.expect.clone();
    expect.manual = true;
    field.give(Input::Edit { definition: Box::new(CueDefinition { expect, ..manual }), revision: None });
    reported(&mut field, success());
    assert_eq!(field.lane.failed_in_a_row, 1, "nobody has looked yet");
}

#[test]
fn a_lane_read_back_knows_who_waits() {
    let mut field = Field::manual(manual);
    let run = reported(&mut field, success());
    let kept = serde_json::to_string(&*field.run(&run)).unwrap();
    let back: Run = serde_json::from_str(&kept).unwrap();
    assert!(matches!(back.verification, Some(Verification::Waiting { holds: true, .. })));
    assert_eq!(back, *field.run(&run));
}
