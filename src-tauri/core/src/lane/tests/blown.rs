//! Fuses: a run that used too much, and a budget of the day that is spent.

use super::*;
use crate::alert::{About, AlertBook, AlertKind, Problem, Severity, Signal};
use crate::fuse::SpentOf;
use crate::occurrence::SkipPolicy;

const WORDS: &str = "$50.02 of the $50.00 that this cue may cost a day";

fn blow(run: &RunId) -> Input {
    let words = "$2.01 of the $2.00 that a run may cost".to_owned();
    Input::Blow { run_id: run.clone(), most: Some("$2.00".into()), words }
}

fn spent_until(seconds: i64) -> Input {
    Input::Spent { until: Ms(NOON + seconds * 1_000), words: WORDS.into(), of: SpentOf::Cue }
}

fn budget(end: &End) -> bool {
    *end == End::Skipped { policy: SkipPolicy::Budget }
}

#[test]
fn a_run_that_used_too_much_is_killed_at_once_and_its_door_is_closed() {
    let mut field = Field::manual(command);
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    assert_eq!(field.give(blow(&run)), Answer::Done);
    assert_eq!(field.last.effects, [Effect::Stop { run_id: run.clone(), number: 1, hard: true }]);
    assert_eq!(field.verdict(&run), Some(Verdict::Stopped));
    assert!(field.run(&run).was_cut_off());
    let said = crate::sentence::of_run(&field.run(&run));
    assert_eq!(said, "Stopped: $2.01 of the $2.00 that a run may cost. Attempt 1 of 3.");
    assert_eq!(Field::refused(&field.report(&run, Some(1), success())), RefusalCode::RunStopped);
    field.give(blow(&run));
    assert!(field.last.events.is_empty() && field.last.effects.is_empty(), "it is dead already");
}

#[test]
fn the_alert_names_the_limit_and_one_of_the_day_is_not_told_run_by_run() {
    let told = |input: fn(&RunId) -> Input| {
        let mut field = Field::manual(command);
        let run = field.fire();
        field.told(&run, 1, DeliveryResult::Started { pid: 7 });
        field.give(input(&run));
        let run = Box::new((*field.run(&run)).clone());
        let signal = Signal::RunEnded { cue_name: "leads".into(), run, verdict: Verdict::Stopped, late: false };
        let mut book = AlertBook::default();
        book.decide(&signal, field.now, &mut Counting(1));
        book.unresolved().map(|alert| (alert.kind, alert.title.clone())).collect::<Vec<_>>()
    };
    assert_eq!(told(blow), [(AlertKind::FuseTripped, "leads stopped at $2.00".to_owned())]);
    let looping = |run: &RunId| Input::Blow { run_id: run.clone(), most: None, words: "The same call again".into() };
    assert_eq!(told(looping), [], "whoever saw it go round in circles says so");
    assert_eq!(told(|_| spent_until(600)), []);
}

#[test]
fn what_has_reported_keeps_its_outcome_but_not_its_process() {
    let mut field = Field::manual(command);
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.report(&run, Some(1), success());
    let verdict = field.verdict(&run);
    field.give(blow(&run));
    let killed = field.last.effects.clone();
    field.give(blow(&run));
    if field.run(&run).may_have_a_process() {
        assert_eq!(killed, [Effect::Stop { run_id: run.clone(), number: 1, hard: true }]);
        assert_eq!(field.last.effects, [], "once");
    }
    assert!(verdict.is_none_or(|verdict| field.verdict(&run) == Some(verdict)));
}

#[test]
fn a_spent_day_ends_what_is_live_and_skips_what_is_due_until_midnight() {
    let mut field = Field::with(command);
    field.until(60);
    let run = field.lane.live_runs().next().unwrap().id.clone();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.until(61);
    field.give(spent_until(200));
    assert_eq!(field.verdict(&run), Some(Verdict::Stopped));
    assert!(field.last.effects.contains(&Effect::Stop { run_id: run.clone(), number: 1, hard: true }));
    let finding = field.run(&run).findings[0].clone();
    assert_eq!((finding.claim.as_str(), finding.found.as_str()), (crate::fuse::OF_THE_DAY, WORDS));
    for minute in [2, 3] {
        field.until(minute * 60);
        let ends = field.ends();
        assert_eq!(ends.len(), 1, "{ends:?}");
        assert!(ends[0].0 == minute * 60 && budget(&ends[0].1), "{ends:?}");
        assert_eq!(ends[0].1.reason().unwrap(), "its budget for the day was spent");
    }
    assert!(field.lane.live_runs().next().is_none());
    field.until(240);
    assert_eq!(field.ends(), [(240, End::Ran)], "after midnight all is as it was");
}

#[test]
fn what_waits_behind_a_run_ends_with_it_and_a_retry_does_not_come() {
    let mut field = Field::with(|cue| {
        command(cue);
        cue.overlap = Overlap::Queue;
    });
    field.until(125);
    assert_eq!(field.lane.held.len(), 1);
    field.give(spent_until(100_000));
    let ends = field.ends();
    assert!(ends.len() == 1 && ends[0].0 == 120 && budget(&ends[0].1), "{ends:?}");
    assert!(field.lane.held.is_empty() && field.lane.live_runs().next().is_none());

    let mut field = Field::manual(|_| {});
    let run = field.fire();
    field.told(&run, 1, unavailable());
    assert!(field.run(&run).is_live(), "it waits for its retry");
    field.give(spent_until(100_000));
    field.until(10_000);
    assert_eq!((field.verdict(&run), field.run(&run).attempts.len()), (Some(Verdict::Stopped), 1));
}

#[test]
fn what_is_asked_for_by_hand_is_refused_with_the_words_until_it_is_raised() {
    let mut field = Field::manual(|_| {});
    field.give(spent_until(3_600));
    let fire = |at: Option<i64>| {
        let send_at = at.map(|seconds| Ms(NOON + seconds * 1_000));
        Input::Fire(Fire { payload: None, send_at, key: None, exit_criteria: vec![], trigger: Trigger::ManualFire })
    };
    let Answer::Refused(refusal) = field.give(fire(None)) else { panic!("{:?}", field.last) };
    assert_eq!((refusal.code, refusal.code.word()), (RefusalCode::BudgetSpent, "budget_spent"));
    assert_eq!(
        refusal.message,
        "Its budget for the day is spent: $50.02 of the $50.00 that this cue may cost a day. Nothing of it begins until Fri 20 Nov 13:00:00 UTC, or until you raise it."
    );
    assert!(field.last.events.is_empty());
    assert_eq!(Field::refused(&field.give(fire(Some(3_599)))), RefusalCode::BudgetSpent);
    assert!(matches!(field.give(fire(Some(3_600))), Answer::Fired { .. }), "tomorrow is another day");
    field.give(Input::BudgetRaised);
    field.fire();
    field.give(Input::BudgetRaised);
    assert!(field.last.events.is_empty(), "there is nothing to raise");
}

#[test]
fn what_was_to_be_fired_later_today_is_skipped_and_recorded() {
    let mut field = Field::manual(|_| {});
    let send_at = Some(Ms(NOON + 90_000));
    let fire = Fire { payload: None, send_at, key: None, exit_criteria: vec![], trigger: Trigger::ManualFire };
    field.give(Input::Fire(fire));
    field.give(spent_until(1_000));
    field.until(100);
    let ends = field.ends();
    assert!(ends.len() == 1 && budget(&ends[0].1), "{ends:?}");
}

#[test]
fn instants_of_a_spent_day_are_not_caught_up_on() {
    let mut field = Field::with(|cue| {
        cue.catch_up.policy = CatchUpPolicy::All;
    });
    field.until(61);
    field.give(spent_until(300));
    field.off_until(421);
    let ends: Vec<(i64, bool)> = field.ends().into_iter().map(|(at, end)| (at, budget(&end))).collect();
    assert_eq!(ends, [(120, true), (180, true), (240, true), (300, false)], "then it was midnight: {ends:?}");
}

#[test]
fn it_survives_being_written_down() {
    let mut field = Field::with(|_| {});
    field.until(61);
    field.give(spent_until(3_600));
    let kept = serde_json::to_string(&field.lane).unwrap();
    let mut read: Lane = serde_json::from_str(&kept).unwrap();
    read.rebuild_plan();
    field.lane = read;
    field.until(120);
    assert!(budget(&field.ends()[0].1), "{:?}", field.ends());
    let old = kept.replace(&kept[kept.find(",\"spent\":").unwrap()..], "}");
    assert_eq!(serde_json::from_str::<Lane>(&old).unwrap().spent, None, "older stores read");
}

/// What the book makes of trouble with a cue; whether each was told.
fn trouble(book: &mut AlertBook, field: &Field, run: &RunId, words: (AlertKind, Severity, &str)) -> Vec<bool> {
    let (kind, severity, title) = words;
    let about = About::Cue(field.lane.cue.id.clone());
    let run_id = Some(run.clone());
    let signal = Signal::Trouble(Problem { about, kind, severity, run_id, title: title.into(), body: String::new() });
    let events = book.decide(&signal, field.now, &mut Counting(book.seq));
    events.iter().map(crate::alert::AlertEvent::wants_notification).collect()
}

#[test]
fn a_loop_that_ended_its_run_waits_for_a_good_one_and_one_that_goes_on_does_not() {
    for (severity, stays) in [(Severity::Critical, false), (Severity::Warning, true)] {
        let mut field = Field::manual(|_| {});
        let mut book = AlertBook::default();
        let other = RunId("another run".into());
        trouble(&mut book, &field, &other, (AlertKind::LoopDetected, severity, "leads repeats itself"));
        let run = field.fire();
        field.told(&run, 1, ok());
        field.report(&run, Some(1), success());
        let verdict = field.verdict(&run).unwrap();
        let run = Box::new((*field.run(&run)).clone());
        book.decide(
            &Signal::RunEnded { cue_name: "leads".into(), run, verdict, late: false },
            field.now,
            &mut Counting(9),
        );
        assert_eq!(!book.is_empty(), stays, "{severity:?}");
    }
}

#[test]
fn that_nobody_starts_it_again_is_news_however_short_after_its_last_silence() {
    let (field, run) = (Field::manual(|_| {}), RunId("run".into()));
    let mut book = AlertBook::default();
    let mut told = |title: &str| {
        let told = trouble(&mut book, &field, &run, (AlertKind::HeartbeatLost, Severity::Critical, title));
        let (about, kind) = (About::Cue(field.lane.cue.id.clone()), AlertKind::HeartbeatLost);
        book.decide(&Signal::Over { about, kind, run_id: Some(run.clone()) }, field.now, &mut Counting(7));
        told
    };
    assert_eq!(told("leads has gone quiet"), [true]);
    assert_eq!(told("leads has gone quiet"), [false]);
    assert_eq!(told("leads is not started again any more"), [true]);
    assert_eq!(told("leads is not started again any more"), [false]);
}
