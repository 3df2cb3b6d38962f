//! What the owner's hand does.

use super::*;
use crate::cue::CueStatus;
use crate::occurrence::SkipPolicy;

#[test]
fn an_edit_takes_back_what_was_armed_and_arms_anew_in_the_same_decision() {
    let mut field = Field::with(|_| ());
    field.until(57);
    let mut definition = CueDefinition::clone(&field.lane.cue.definition);
    definition.payload = json!({ "new": true });
    field.give(Input::Edit { definition: Box::new(definition), revision: Some(1) });
    assert_eq!(field.ends(), [(60, End::Skipped { policy: SkipPolicy::Edited })]);
    let ids: Vec<_> = field.lane.armed.iter().map(|armed| armed.id.0.clone()).collect();
    assert_eq!(ids, [format!("cue_a@{}.2", NOON + MINUTE)], "a new record of the same instant");
    field.until(60);
    assert_eq!(field.sent().len(), 1);
}

#[test]
fn an_edit_of_an_older_revision_is_a_conflict() {
    let mut field = Field::with(|_| ());
    let definition = Box::new(CueDefinition::clone(&field.lane.cue.definition));
    let answer = field.give(Input::Edit { definition, revision: Some(7) });
    assert_eq!(Field::refused(&answer), RefusalCode::RevisionConflict);
    assert!(field.last.events.is_empty());
}

#[test]
fn a_paused_cue_fires_by_hand_only_and_goes_on_from_its_resumption() {
    let mut field = Field::with(|_| ());
    field.until(57);
    field.give(Input::Pause { until: None });
    assert_eq!(field.ends(), [(60, End::Skipped { policy: SkipPolicy::Paused })]);
    field.until(300);
    assert!(field.lane.runs.is_empty());
    field.fire();
    field.give(Input::Resume);
    assert_eq!(field.lane.next_instant(), Some(Ms(NOON + 6 * MINUTE)), "what passed while paused is not asked for");
}

#[test]
fn a_pause_with_an_end_ends_by_itself_and_asks_for_what_came_after_it_even_unnoticed() {
    let mut field = Field::with(|cue| cue.catch_up.policy = CatchUpPolicy::None);
    field.give(Input::Pause { until: Some(Ms(NOON + 200_000)) });
    assert_eq!(field.lane.wakes_at(field.now), Some(Ms(NOON + 200_000)));
    // The tower was off from 12:00 to 12:06; the pause was over at 12:03:20.
    field.off_until(360);
    assert_eq!((field.lane.cue.status, field.lane.cue.paused_until), (CueStatus::Active, None));
    let missed: Vec<i64> = field.ends().iter().map(|(due, _)| *due).collect();
    assert_eq!(missed, [240, 300, 360]);
}

#[test]
fn a_pause_can_be_given_another_end() {
    let mut field = Field::with(|_| ());
    field.give(Input::Pause { until: Some(Ms(NOON + 200_000)) });
    field.give(Input::Pause { until: None });
    field.until(600);
    assert_eq!(field.lane.cue.status, CueStatus::Paused);
}

#[test]
fn a_pause_by_a_failure_leaves_no_instant_without_a_record() {
    let mut field = Field::with(|cue| {
        cue.pause_on_failure = true;
        cue.retry.max_attempts = 1;
        cue.overlap = Overlap::Allow;
    });
    field.until(60);
    let run = field.sent()[0].0.clone();
    // Nobody ticked since: 12:02 and 12:03 have come due meanwhile.
    field.now = Ms(NOON + 200_000);
    field.told(&run, 1, unavailable());
    assert_eq!(field.lane.cue.status, CueStatus::Paused);
    let skipped = End::Skipped { policy: SkipPolicy::Paused };
    assert_eq!(field.ends(), [(120, skipped.clone()), (180, skipped)]);
}

#[test]
fn a_deleted_cues_runs_are_cancelled_and_its_late_reports_refused() {
    let mut field = Field::with(|_| ());
    field.until(60);
    let run = field.sent()[0].0.clone();
    field.give(Input::Delete);
    assert_eq!(field.verdict(&run), Some(Verdict::Cancelled));
    assert_eq!(Field::refused(&field.report(&run, None, success())), RefusalCode::RunStopped);
}

#[test]
fn a_stopped_run_takes_no_outcome() {
    let mut field = Field::manual(command);
    let run = field.fire();
    field.give(Input::Stop { run_id: run.clone() });
    assert_eq!(field.last.effects, [Effect::Stop { run_id: run.clone(), number: 1, hard: false }]);
    assert_eq!(Field::refused(&field.report(&run, Some(1), success())), RefusalCode::RunStopped);
    assert_eq!(Field::refused(&field.give(Input::Stop { run_id: run })), RefusalCode::RunEnded);
}

#[test]
fn a_silent_runs_program_that_works_on_can_be_ended() {
    let mut field = Field::manual(|cue| {
        command(cue);
        cue.delivery.outcome_deadline_ms = Some(1_000);
    });
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.until(5);
    assert_eq!(field.verdict(&run), Some(Verdict::Silent));
    assert_eq!(field.give(Input::Stop { run_id: run.clone() }), Answer::Done);
    assert_eq!(field.last.effects, [Effect::Stop { run_id: run.clone(), number: 1, hard: false }]);
    field.told(&run, 1, exited(143));
    assert_eq!(field.verdict(&run), Some(Verdict::Silent), "what it was stays");
    assert_eq!(Field::refused(&field.give(Input::Stop { run_id: run })), RefusalCode::RunEnded);
}

#[test]
fn a_fires_key_is_good_once_a_day() {
    let mut field = Field::manual(|_| ());
    let fire = |payload: i32| {
        Input::Fire(Fire {
            payload: Some(json!(payload)),
            send_at: None,
            key: Some("k".into()),
            exit_criteria: vec![],
            trigger: Trigger::ManualFire,
        })
    };
    let first = field.give(fire(1));
    assert_eq!(field.give(fire(1)), first);
    assert!(field.last.effects.is_empty(), "the same fire again fires nothing");
    assert_eq!(Field::refused(&field.give(fire(2))), RefusalCode::IdempotencyKeyConflict);
    field.now = field.now.plus(25 * 3_600_000);
    assert_ne!(field.give(fire(2)), first);
}

#[test]
fn a_fire_for_later_waits_for_its_time() {
    let mut field = Field::manual(|_| ());
    let send_at = Some(Ms(NOON + 90_000));
    field.give(Input::Fire(Fire {
        payload: None,
        send_at,
        key: None,
        exit_criteria: vec![],
        trigger: Trigger::ManualFire,
    }));
    assert!(field.sent().is_empty());
    field.until(90);
    assert_eq!((field.sent().len(), field.ends()), (1, vec![(90, End::Ran)]));
}

#[test]
fn a_once_cue_is_completed_by_a_good_run_and_failed_by_another() {
    for (outcome, status) in [(success(), CueStatus::Completed), (failure("no"), CueStatus::Failed)] {
        let mut field = Field::with(|cue| cue.schedule = ScheduleSpec::once(Ms(NOON + 30_000), "UTC"));
        field.until(30);
        let run = field.sent()[0].0.clone();
        field.report(&run, None, outcome);
        assert_eq!(field.lane.cue.status, status);
    }
}
