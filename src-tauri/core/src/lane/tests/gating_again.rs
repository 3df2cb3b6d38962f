//! Questions that are asked again: by a later attempt before it is under way, or in another manner.

use super::gating::{pooled, question, within};
use super::*;
use crate::cue::Unanswered;
use crate::gate::{OnNoAnswer, Question, Said};
use crate::run::{HeldBy, Phase, StandPermits};

fn soon(cue: &mut CueDefinition) {
    cue.retry = Retry { max_attempts: 3, backoff_ms: vec![1_000], on_failed_outcome: false };
}

/// With its permits, and sent.
fn sent(field: &mut Field, number: u32) -> RunId {
    let run = field.fire();
    field.give(Input::Permitted { run_id: run.clone(), number });
    run
}

fn other(key: &str) -> Question {
    let mut other = question(key);
    other.shown.payload = Some(json!({ "to": 15 }));
    other
}

#[test]
fn a_web_hook_that_has_its_answer_is_not_sent_again() {
    for (kill, blocking) in [(false, true), (true, true), (false, false), (true, false)] {
        let mut field = Field::manual(|cue| cue.delivery.unanswered = Unanswered::Retry);
        let run = field.fire();
        let gate = field.asks(&run, Question { blocking, ..question("send") });
        field.says(&run, &gate, Said::Approve);
        if kill {
            field.killed_until(60, vec![]);
        } else {
            field.until(30);
            field.told(&run, 1, DeliveryResult::Unanswered { words: "no answer within 30 s".into() });
        }
        field.until(200);
        assert_eq!(field.run(&run).latest().number, 1, "kill: {kill}, blocking: {blocking}");
        field.report(&run, Some(1), success());
        assert_eq!(field.verdict(&run), Some(Verdict::Claimed));
    }
}

#[test]
fn asked_again_before_the_next_attempt_is_under_way_it_stops_no_clock_of_it() {
    let mut field = Field::manual(|cue| {
        pooled(cue);
        soon(cue);
    });
    let run = sent(&mut field, 1);
    let gate = field.asks(&run, question("send"));
    field.told(&run, 1, unavailable());
    assert!(matches!(field.run(&run).phase, Phase::WaitingRetry { .. }));
    assert_eq!(field.asks(&run, question("send")).state(), "waiting");
    field.until(3);
    assert!(matches!(field.run(&run).phase, Phase::Held { by: HeldBy::Pool, .. }));
    assert_eq!(field.asks(&run, question("send")).state(), "waiting");
    assert!(field.last.events.is_empty() && field.run(&run).stand.is_none());
    field.give(Input::Permitted { run_id: run.clone(), number: 2 });
    assert_eq!(field.sent(), [(run.clone(), 2)]);
    field.told(&run, 2, ok());
    assert!(field.run(&run).deadline().is_some(), "its agent has not asked yet");
    field.asks(&run, question("send"));
    assert!(field.run(&run).deadline().is_none() && field.run(&run).has_freed_permits());
    assert_eq!(field.says(&run, &gate, Said::Approve).goes(), None);
    field.give(Input::Permitted { run_id: run.clone(), number: 2 });
    assert_eq!(field.gate(&run, &gate.id).goes(), Some(true));
    assert!(field.run(&run).deadline().is_some() && field.run(&run).occupies());
}

#[test]
fn an_attempt_that_is_held_up_before_it_left_waits_for_no_answer() {
    let mut field = Field::manual(pooled);
    let run = sent(&mut field, 1);
    let gate = field.asks(&run, question("send"));
    assert!(field.run(&run).has_freed_permits());
    field.told(&run, 1, DeliveryResult::Unready { words: "its port is closed".into(), hold: true });
    assert!(field.run(&run).stand.is_none());
    field.until(40);
    assert_eq!(field.asked_pools(), [(run.clone(), 1)], "it is looked at again, whatever was answered");
    field.give(Input::Permitted { run_id: run.clone(), number: 1 });
    field.told(&run, 1, ok());
    field.asks(&run, question("send"));
    assert!(field.run(&run).has_freed_permits(), "now it is its agent that asks");
    field.says(&run, &gate, Said::Approve);
    field.give(Input::Permitted { run_id: run.clone(), number: 1 });
    assert_eq!(field.gate(&run, &gate.id).goes(), Some(true));
}

#[test]
fn asked_again_by_one_that_waits_it_stops_the_clocks() {
    let (mut field, run) = Field::at_work(|_| {});
    let gate = field.asks(&run, Question { blocking: false, ..question("send") });
    assert!(field.run(&run).stand.is_none());
    assert_eq!(field.asks(&run, question("send")).id, gate.id);
    assert!(field.run(&run).stand.is_some());
    field.until(5_000);
    assert!(field.run(&run).is_live());
    field.says(&run, &gate, Said::Approve);
    assert!(field.run(&run).stand.is_none());
}

#[test]
fn asked_anew_by_one_that_works_on_it_gets_its_permits_back_first() {
    let mut field = Field::manual(pooled);
    let run = sent(&mut field, 1);
    field.told(&run, 1, ok());
    let gate = field.asks(&run, question("send"));
    assert!(field.run(&run).has_freed_permits());
    let anew = field.asks(&run, Question { blocking: false, ..other("send") });
    assert_eq!(field.asked_pools(), [(run.clone(), 1)]);
    assert_eq!(field.run(&run).stand.map(|stand| stand.permits), Some(StandPermits::AskedAgain));
    assert!(!field.run(&run).occupies() && field.run(&run).deadline().is_none());
    field.give(Input::Permitted { run_id: run.clone(), number: 1 });
    assert!(field.run(&run).occupies() && field.run(&run).deadline().is_some());
    assert_eq!(field.gate(&run, &gate.id).state(), "withdrawn");
    assert_eq!(field.says(&run, &anew, Said::Deny).goes(), Some(false));
}

#[test]
fn whoever_is_stopped_for_want_of_an_answer_is_told_so() {
    for change in [pooled as fn(&mut CueDefinition), |_| {}] {
        let mut field = Field::manual(change);
        let run = sent(&mut field, 1);
        field.told(&run, 1, ok());
        let callback = Some("http://127.0.0.1:9/told".to_owned());
        let gate = field.asks(&run, Question { callback, ..within(60, OnNoAnswer::Stop) });
        field.now = field.now.plus(60_000);
        field.tick();
        assert_eq!(field.verdict(&run), Some(Verdict::Stopped));
        let tell = Effect::TellAnswer { run_id: run.clone(), gate_id: gate.id.clone() };
        assert_eq!(field.last.effects.iter().filter(|effect| **effect == tell).count(), 1);
    }
}
