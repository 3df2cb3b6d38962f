//! The tower starts again.

use super::*;
use crate::attempt::AttemptState;
use crate::run::Phase;

fn restart(field: &mut Field, alive_at: i64, orderly: bool) {
    field.give(Input::Recovered { alive_at: Ms(NOON + alive_at * 1_000), orderly, firing: true, found: vec![] });
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
fn a_command_under_way_is_begun_again_because_its_process_is_gone() {
    let mut field = Field::manual(command);
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.now = Ms(NOON + 20_000);
    restart(&mut field, 19, false);
    field.tick();
    assert_eq!(field.sent(), [(run, 2)]);
}
