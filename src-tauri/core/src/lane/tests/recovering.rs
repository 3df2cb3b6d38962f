//! The tower starts again.

use super::*;
use crate::attempt::AttemptState;
use crate::input::Found;
use crate::run::Phase;

fn restart(field: &mut Field, alive_at: i64, orderly: bool) {
    restart_with(field, alive_at, orderly, vec![]);
}

fn restart_with(field: &mut Field, alive_at: i64, orderly: bool, found: Vec<(RunId, u32, Found)>) {
    field.give(Input::Recovered { alive_at: Ms(NOON + alive_at * 1_000), orderly, firing: true, found });
}

#[test]
fn an_attempt_under_way_is_lost_and_the_next_number_goes_out_at_once() {
    let mut field = Field::manual(|cue| cue.retry.max_attempts = 1);
    let run = field.fire();
    field.now = Ms(NOON + 20_000);
    restart(&mut field, 1, false);
    assert_eq!(field.run(&run).latest().state, AttemptState::Lost);
    field.tick();
    assert_eq!(field.sent(), [(run.clone(), 2)], "what the tower lost does not count against the agent");
    assert_eq!(Field::refused(&field.report(&run, Some(1), success())), RefusalCode::AttemptSuperseded);
}

#[test]
fn an_armed_delivery_around_a_kill_may_have_gone_out_so_its_number_is_not_used_again() {
    for (orderly, number) in [(false, 2), (true, 1)] {
        let mut field = Field::with(|_| ());
        field.until(58);
        let armed = field.lane.armed[0].clone();
        field.now = Ms(NOON + 61_000);
        restart(&mut field, 59, orderly);
        field.tick();
        assert_eq!(field.sent(), [(armed.run_id, number)], "orderly: {orderly}");
    }
}

#[test]
fn deadlines_stand_still_while_the_tower_is_off() {
    let mut field = Field::manual(|_| ());
    let run = field.fire();
    field.told(&run, 1, ok());
    field.now = Ms(NOON + 3_600_000);
    restart(&mut field, 100, true);
    let Phase::AwaitingOutcome { deadline: Some(deadline) } = field.run(&run).phase else { panic!() };
    assert_eq!(deadline.since(field.now) / 1_000, 200, "100 s of 300 had passed");
}

#[test]
fn a_process_that_is_found_only_now_has_no_longer_than_its_deadline_and_its_budget() {
    let mut field = Field::manual(|cue| {
        command(cue);
        cue.budget.duration_ms = Some(600_000);
    });
    let run = field.fire();
    field.now = Ms(NOON + 8 * 3_600_000);
    restart_with(&mut field, 1, false, vec![(run.clone(), 1, Found::Started { pid: Some(7) })]);
    let Phase::AwaitingOutcome { deadline: Some(deadline) } = field.run(&run).phase else { panic!() };
    assert_eq!(deadline.since(field.now), 300_000, "it is known of since now");
    assert_eq!(field.run(&run).fuse_at.map(|at| at.since(field.now)), Some(600_000));

    // The second try of a budget that began with the first.
    let mut field = Field::manual(|cue| {
        command(cue);
        cue.budget.duration_ms = Some(600_000);
    });
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.now = Ms(NOON + 100_000);
    field.told(&run, 1, exited(1));
    let Phase::WaitingRetry { at } = field.run(&run).phase else { panic!("it waits for its retry") };
    field.now = at;
    field.tick();
    assert_eq!(field.sent().last(), Some(&(run.clone(), 2)));
    let left = field.run(&run).fuse_at.map(|fuse| fuse.since(at));
    field.now = at.plus(8 * 3_600_000);
    field.give(Input::Recovered {
        alive_at: at,
        orderly: false,
        firing: true,
        found: vec![(run.clone(), 2, Found::Started { pid: Some(8) })],
    });
    assert_eq!(field.run(&run).fuse_at.map(|at| at.since(field.now)), left, "the rest of it");
}

#[test]
fn a_command_under_way_is_begun_again_because_its_process_is_gone() {
    let mut field = Field::manual(command);
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.now = Ms(NOON + 20_000);
    restart(&mut field, 19, false);
    field.tick();
    assert_eq!(field.sent(), [(run, 2)]);
}

/// What a restarted tower makes of a command, by what it finds of it: the number that goes out next, if any, and whether the
/// traces may go.
#[test]
fn a_command_is_taken_up_by_what_is_found_of_it() {
    let started = || Some(Found::Started { pid: Some(7) });
    let ended = || Some(Found::Started { pid: None });
    let lost = || Some(Found::Lost { words: "the machine went down under it".into() });
    let never = || Some(Found::NeverStarted);
    let table = [
        ("being started", false, started(), None, false),
        ("being started", false, ended(), None, false),
        ("being started", false, lost(), Some(2), true),
        ("being started", false, never(), Some(2), true),
        ("being started", false, None, Some(2), false),
        ("at work", true, started(), None, false),
        ("at work", true, ended(), None, false),
        ("at work", true, lost(), Some(2), true),
        ("at work", true, never(), Some(2), true),
        ("at work", true, None, Some(2), false),
    ];
    for (phase, at_work, found, next, forgotten) in table {
        let mut field = Field::manual(command);
        let run = field.fire();
        if at_work {
            field.told(&run, 1, DeliveryResult::Started { pid: 7 });
        }
        field.now = Ms(NOON + 20_000);
        let traces = found.clone().map(|found| (run.clone(), 1, found)).into_iter().collect();
        restart_with(&mut field, 10, false, traces);
        let forgets = field.last.effects.contains(&Effect::Forget { run_id: run.clone(), number: 1 });
        assert_eq!(forgets, forgotten, "{phase}, {found:?}");
        let now = field.run(&run);
        let taken_up = matches!(now.phase, Phase::AwaitingOutcome { .. });
        assert_eq!(taken_up, next.is_none(), "{phase}, {found:?}: {:?}", now.phase);
        field.tick();
        assert_eq!(field.sent(), Vec::from_iter(next.map(|number| (run.clone(), number))), "{phase}, {found:?}");
        if next.is_some() {
            assert_eq!(field.run(&run).attempt(1).unwrap().state, AttemptState::Lost);
        } else {
            field.told(&run, 1, exited(3));
            assert_eq!(field.run(&run).attempt(1).unwrap().exit_code, Some(3), "its end is not lost");
        }
    }
}

#[test]
fn a_process_that_ended_while_its_outcome_is_awaited_is_not_begun_again() {
    let mut field = Field::manual(command);
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.told(&run, 1, exited(0));
    field.now = Ms(NOON + 20_000);
    restart(&mut field, 1, false);
    assert!(matches!(field.run(&run).phase, Phase::AwaitingOutcome { .. }), "{:?}", field.run(&run).phase);
    assert_eq!(field.run(&run).attempts.len(), 1);
}

#[test]
fn an_armed_command_leaves_a_trace_if_it_went_out_and_is_simply_due_if_not() {
    for (found, number) in [
        (None, Some(1)),
        (Some(Found::Started { pid: Some(7) }), None),
        (Some(Found::Lost { words: "gone".into() }), Some(2)),
        (Some(Found::NeverStarted), Some(2)),
    ] {
        let mut field = Field::with(command);
        field.until(58);
        let armed = field.lane.armed[0].run_id.clone();
        field.now = Ms(NOON + 61_000);
        let traces = found.clone().map(|found| (armed.clone(), 1, found)).into_iter().collect();
        restart_with(&mut field, 59, false, traces);
        assert_eq!(field.lane.runs.contains_key(&armed), found.is_some(), "{found:?}");
        field.tick();
        assert_eq!(field.sent(), Vec::from_iter(number.map(|number| (armed.clone(), number))), "{found:?}");
        assert!(field.run(&armed).is_live());
    }
}

#[test]
fn a_command_that_went_out_has_begun_whatever_else_would_be_decided_now() {
    let mut field = Field::with(command);
    field.until(58);
    let armed = field.lane.armed[0].run_id.clone();
    // All firing was paused meanwhile, and the clock was set back.
    field.now = Ms(NOON + 50_000);
    let found = vec![(armed.clone(), 1, Found::Started { pid: Some(7) })];
    field.give(Input::Recovered { alive_at: Ms(NOON + 59_000), orderly: true, firing: false, found });
    assert!(field.run(&armed).is_live());
    assert_eq!(field.run(&armed).latest().pid, Some(7));
}

#[test]
fn traces_of_what_is_over_go() {
    let mut field = Field::manual(|cue| {
        command(cue);
        cue.retry.backoff_ms = vec![1_000];
    });
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.told(&run, 1, exited(1));
    field.until(3);
    field.told(&run, 2, DeliveryResult::Started { pid: 8 });
    let unknown = RunId("nobody".into());
    let found = vec![
        (run.clone(), 1, Found::Lost { words: "gone".into() }),
        (run.clone(), 2, Found::Started { pid: Some(8) }),
        (unknown.clone(), 1, Found::NeverStarted),
    ];
    restart_with(&mut field, 3, false, found);
    let forgets = [(run, 1), (unknown, 1)].map(|(run_id, number)| Effect::Forget { run_id, number });
    assert_eq!(field.last.effects, forgets, "and the one that is at work is left alone");
}

#[test]
fn a_run_that_waits_for_its_pools_goes_on_waiting() {
    let mut field = Field::manual(|cue| {
        cue.uses = vec![crate::pool::Need { pool: "openai".into(), weight: 1, tokens: None }];
    });
    let run = field.fire();
    field.now = Ms(NOON + 20_000);
    restart(&mut field, 1, false);
    assert!(matches!(field.run(&run).phase, Phase::Held { .. }), "its place in the line is on disk too");
    assert!(field.last.effects.is_empty());
}

#[test]
fn checks_of_a_workers_run_that_were_cut_off_are_made_again() {
    let mut field = Field::manual(|cue| {
        cue.transport = Transport::Worker(crate::cue::Worker { lease_ms: 60_000 });
        cue.preflight = vec![super::waiting::memory()];
    });
    let run = field.fire();
    field.now = Ms(NOON + 20_000);
    restart(&mut field, 1, false);
    assert_eq!(field.sent(), [(run.clone(), 1)], "nobody was offered anything: the number is the same");
    field.told(&run, 1, DeliveryResult::Ready);
    assert!(matches!(field.run(&run).phase, Phase::Offered { .. }));
}
