//! A new start that the owner, or the watch, asks for.

use super::*;
use crate::attempt::{AttemptState, RestartBy};
use crate::input::Found;
use crate::run::Phase;

/// A run of a command under way as process 7.
fn at_work(change: impl FnOnce(&mut CueDefinition)) -> (Field, RunId) {
    let mut field = Field::manual(|cue| {
        command(cue);
        change(cue);
    });
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    (field, run)
}

fn asked(run: &RunId) -> Input {
    Input::Restart { run_id: run.clone(), by: RestartBy::Owner }
}

fn why(run: &RunId, why: &str) -> Input {
    Input::Restart { run_id: run.clone(), by: RestartBy::Watch { why: why.into() } }
}

fn stop(run: &RunId, number: u32) -> Effect {
    Effect::Stop { run_id: run.clone(), number, hard: false }
}

fn killed() -> DeliveryResult {
    let words = "stopped by the tower after 3 s".to_owned();
    DeliveryResult::Exited(Exit { exit_code: None, words, usage: Usage::default() })
}

#[test]
fn its_process_ends_and_the_run_goes_on_with_the_next_attempt() {
    let (mut field, run) = at_work(|cue| cue.retry.max_attempts = 1);
    assert_eq!(field.give(asked(&run)), Answer::Done);
    assert_eq!(field.last.effects, [stop(&run, 1)]);
    assert!(matches!(field.run(&run).phase, Phase::AwaitingOutcome { .. }), "first it has to end");
    field.told(&run, 1, killed());
    let now = field.run(&run);
    let first = now.attempt(1).unwrap();
    assert_eq!(
        (first.words.as_str(), first.state),
        ("restarted by you; stopped by the tower after 3 s", AttemptState::Failed)
    );
    assert_eq!(field.lane.wakes_at(field.now), Some(field.now), "at once");
    field.tick();
    assert_eq!(field.sent(), [(run.clone(), 2)], "though the cue gives it one try: this was no failure of its own");
    assert_eq!(field.run(&run).tries_used(), 1);
    field.told(&run, 2, DeliveryResult::Started { pid: 8 });
    assert_eq!(Field::refused(&field.report(&run, Some(1), success())), RefusalCode::AttemptSuperseded);
    field.report(&run, Some(2), success());
    assert_eq!(field.verdict(&run), Some(Verdict::Claimed));
}

#[test]
fn one_that_ends_well_when_it_is_told_to_is_started_again_all_the_same() {
    for confirm in [Confirm::Outcome, Confirm::ExitCode] {
        let (mut field, run) = at_work(|cue| cue.confirm = confirm);
        field.give(asked(&run));
        field.told(&run, 1, exited(0));
        assert!(matches!(field.run(&run).phase, Phase::WaitingRetry { .. }), "{confirm:?}");
    }
}

#[test]
fn asked_twice_it_is_told_twice_and_recorded_once() {
    let (mut field, run) = at_work(|_| ());
    field.give(asked(&run));
    field.give(why(&run, "no progress for 15 min"));
    assert_eq!(
        (field.last.events.as_slice(), field.last.effects.as_slice()),
        ([].as_slice(), [stop(&run, 1)].as_slice())
    );
    field.told(&run, 1, killed());
    assert!(field.run(&run).latest().words.starts_with("restarted by you"));
}

#[test]
fn the_watchs_own_restarts_are_counted_by_the_hour_and_are_no_crashes() {
    let (mut field, run) = at_work(|cue| {
        if let Transport::Command(command) = &mut cue.transport {
            command.restart = Restart::OnFailure;
        }
    });
    let hour_ago = field.now.minus(1);
    let mut waits = Vec::new();
    for number in 1..=7 {
        field.give(why(&run, "no progress for 15 min"));
        field.told(&run, number, killed());
        assert_eq!(field.run(&run).latest().words, "restarted: no progress for 15 min; stopped by the tower after 3 s");
        let crash_loop = |event: &Event| matches!(event, Event::AttemptRestarting { crash_loop: true, .. });
        assert!(!field.last.events.iter().any(crash_loop));
        let Phase::WaitingRetry { at } = field.run(&run).phase else { panic!("{:?}", field.run(&run).phase) };
        waits.push(at.since(field.now) / 1_000);
        field.now = field.now.plus(30_000);
        field.tick();
        field.told(&run, number + 1, DeliveryResult::Started { pid: 7 });
        field.now = field.now.plus(20 * 60_000 - 30_000);
    }
    assert_eq!(waits, [1, 2, 4, 4, 4, 4, 4], "of those within the hour each comes later");
    field.give(asked(&run));
    let now = field.run(&run);
    assert_eq!(
        (now.restarts_by_watch_since(hour_ago), now.short_lives()),
        (7, 0),
        "the owner's own is not the watch's"
    );
    assert_eq!(now.restarts_by_watch_since(Ms(field.now.0 - 60 * 60_000)), 2);
}

#[test]
fn its_silence_is_no_news_while_it_is_being_ended() {
    let (mut field, run) = at_work(|cue| cue.delivery.outcome_deadline_ms = Some(60_000));
    field.until(59);
    field.give(asked(&run));
    field.until(65);
    assert_eq!(field.verdict(&run), None);
    field.told(&run, 1, killed());
    field.tick();
    assert_eq!(field.sent(), [(run.clone(), 2)]);
}

#[test]
fn an_outcome_that_comes_before_its_end_counts() {
    let (mut field, run) = at_work(|_| ());
    field.give(asked(&run));
    field.report(&run, Some(1), success());
    field.told(&run, 1, killed());
    field.until(600);
    assert_eq!((field.verdict(&run), field.run(&run).attempts.len()), (Some(Verdict::Claimed), 1));
}

#[test]
fn the_wait_for_a_retry_is_over_at_once() {
    let (mut field, run) = at_work(|cue| cue.retry.backoff_ms = vec![600_000]);
    field.told(&run, 1, exited(1));
    let Phase::WaitingRetry { at } = field.run(&run).phase else { panic!("it waits") };
    assert!(at > field.now);
    assert_eq!(field.give(asked(&run)), Answer::Done);
    field.tick();
    assert_eq!(field.sent(), [(run.clone(), 2)]);
    assert_eq!(field.run(&run).notes[0].words, "restarted by you");
}

#[test]
fn what_has_no_process_of_the_towers_is_not_restarted_by_it() {
    let mut field = Field::manual(|_| ());
    let run = field.fire();
    assert_eq!(Field::refused(&field.give(asked(&run))), RefusalCode::InvalidState);
    let (mut field, run) = at_work(|_| ());
    field.report(&run, Some(1), success());
    assert_eq!(Field::refused(&field.give(asked(&run))), RefusalCode::RunEnded);
    assert_eq!(Field::refused(&field.give(asked(&RunId("none".into())))), RefusalCode::NotFound);
    let mut field = Field::manual(command);
    let run = field.fire();
    assert_eq!(Field::refused(&field.give(asked(&run))), RefusalCode::InvalidState, "it is only being started");
}

#[test]
fn a_tower_that_crashes_meanwhile_ends_the_process_when_it_is_back() {
    let (mut field, run) = at_work(|_| ());
    field.give(asked(&run));
    let back = |pid| Input::Recovered {
        alive_at: Ms(NOON + 1),
        orderly: false,
        firing: true,
        found: vec![(run.clone(), 1, Found::Started { pid })],
    };
    field.give(back(Some(7)));
    assert_eq!(field.last.effects, [stop(&run, 1)]);
    field.give(back(None));
    assert_eq!(field.last.effects, [], "it has ended, and its end will be told");
    field.told(&run, 1, killed());
    field.tick();
    assert_eq!(field.sent(), [(run.clone(), 2)]);
}
