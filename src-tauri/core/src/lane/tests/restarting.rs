//! Long-lived commands: started again, later each time; a crash loop is told once.

use super::*;
use crate::alert::{AlertBook, AlertEvent, AlertKind, Signal};
use crate::attempt::AttemptState;
use crate::run::{ATTEMPTS_KEPT, Phase};

/// A long-lived agent that has just been started.
fn service(restart: Restart, change: impl FnOnce(&mut CueDefinition)) -> (Field, RunId) {
    let mut field = Field::manual(|cue| {
        command(cue);
        let Transport::Command(command) = &mut cue.transport else { panic!("it is a command") };
        command.restart = restart;
        change(cue);
    });
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    (field, run)
}

impl Field {
    /// The latest attempt lives so long, ends, and the next one is started when its time has come. Returns the wait.
    fn ends_after(&mut self, run: &RunId, lived_ms: u64, code: i32) -> u64 {
        let number = self.run(run).latest().number;
        self.lives(lived_ms);
        self.told(run, number, exited(code));
        let Phase::WaitingRetry { at } = self.run(run).phase else { panic!("{:?}", self.run(run).phase) };
        let wait = at.since(self.now);
        self.now = at;
        self.tick();
        assert_eq!(self.sent(), [(run.clone(), number + 1)]);
        self.told(run, number + 1, DeliveryResult::Started { pid: 7 });
        wait
    }

    fn lives(&mut self, length_ms: u64) {
        let end = self.now.plus(length_ms);
        while let Some(at) = self.lane.wakes_at(self.now).filter(|at| *at <= end) {
            self.now = at;
            self.tick();
        }
        self.now = end;
    }

    fn happened(&self, what: impl Fn(&Event) -> bool) -> bool {
        self.last.events.iter().any(what)
    }
}

fn is_crash_loop(event: &Event) -> bool {
    matches!(event, Event::AttemptRestarting { crash_loop: true, .. })
}

#[test]
fn each_short_life_doubles_the_wait_up_to_five_minutes_and_a_long_one_forgives() {
    let (mut field, run) = service(Restart::Always, |_| ());
    let waits: Vec<u64> = (0..11).map(|_| field.ends_after(&run, 3_000, 1) / 1_000).collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    assert_eq!(field.ends_after(&run, 60_000, 1), 1_000);
    assert_eq!(field.ends_after(&run, 3_000, 1), 1_000);
    assert_eq!(field.run(&run).restarts(), 13);
    assert_eq!(crate::sentence::of_run(&field.run(&run)), "Running: started as process 7, after 13 restarts.");
}

#[test]
fn it_is_started_again_by_what_the_cue_says() {
    let table = [
        (Restart::Always, 0, true),
        (Restart::Always, 1, true),
        (Restart::OnFailure, 0, false),
        (Restart::OnFailure, 1, true),
    ];
    for (restart, code, again) in table {
        let (mut field, run) = service(restart, |cue| cue.confirm = Confirm::ExitCode);
        field.told(&run, 1, exited(code));
        assert_eq!(matches!(field.run(&run).phase, Phase::WaitingRetry { .. }), again, "{restart:?} {code}");
        if !again {
            assert_eq!(field.verdict(&run), Some(Verdict::Confirmed));
        }
    }
}

#[test]
fn a_crash_loop_is_told_once_and_is_over_when_one_lives_for_a_minute() {
    let (mut field, run) = service(Restart::OnFailure, |_| ());
    for life in 1..=7 {
        let number = field.run(&run).latest().number;
        field.told(&run, number, exited(1));
        assert_eq!(field.happened(is_crash_loop), life == 5, "life {life}");
        let Phase::WaitingRetry { at } = field.run(&run).phase else { panic!("it is started again") };
        field.now = at;
        field.tick();
        field.told(&run, number + 1, DeliveryResult::Started { pid: 7 });
    }
    let started = field.now;
    field.lives(59_000);
    assert!(!field.run(&run).latest().steady);
    assert_eq!(field.lane.wakes_at(field.now), Some(started.plus(60_000)));
    field.lives(1_000);
    assert!(field.happened(|event| matches!(event, Event::AttemptSteady { number: 8, .. })));
    field.lives(600_000);
    assert!(field.last.events.iter().all(|event| matches!(event, Event::AttemptSteady { .. })), "and said once");
}

#[test]
fn one_that_was_steady_when_it_ended_says_so_though_nobody_ticked_meanwhile() {
    let (mut field, run) = service(Restart::Always, |_| ());
    for _ in 0..5 {
        field.ends_after(&run, 1_000, 1);
    }
    // The tower was away.
    field.now = field.now.plus(90_000);
    field.told(&run, 6, exited(1));
    assert!(field.happened(|event| matches!(event, Event::AttemptSteady { .. })));
    assert!(!field.happened(is_crash_loop));
}

#[test]
fn the_alert_of_a_crash_loop_ends_with_the_loop_or_with_the_run() {
    let (mut field, run) = service(Restart::Always, |_| ());
    for _ in 0..4 {
        field.ends_after(&run, 1_000, 1);
    }
    field.told(&run, 5, exited(1));
    for (signal, over) in [
        (Signal::Steady { cue_id: field.lane.cue.id.clone() }, true),
        (ended(&field, &run, Verdict::Stopped), true),
        (ended(&field, &run, Verdict::Confirmed), true),
        (ended(&field, &RunId("another".into()), Verdict::Stopped), false),
    ] {
        let mut book = AlertBook::default();
        let looping = Signal::CrashLoop { cue_name: "leads".into(), run: Box::new((*field.run(&run)).clone()) };
        let opened = book.decide(&looping, field.now, &mut Counting(1));
        let [AlertEvent::AlertOpened { alert, .. }] = opened.as_slice() else { panic!("{opened:?}") };
        assert_eq!((alert.kind, alert.title.as_str()), (AlertKind::CrashLoop, "leads crashes again and again"));
        assert!(
            alert.body.starts_with("It ended 5 times in a row soon after its start, the last time with exit code 1.")
        );
        book.decide(&signal, field.now, &mut Counting(9));
        assert_eq!(book.unresolved().next().is_none(), over, "{signal:?}");
    }
}

fn ended(field: &Field, run_id: &RunId, verdict: Verdict) -> Signal {
    let some = field.lane.runs.values().next().expect("there is one run");
    let run =
        Run { id: run_id.clone(), phase: Phase::Ended { verdict, at: field.now, late: false }, ..(**some).clone() };
    Signal::RunEnded { cue_name: "leads".into(), run: Box::new(run), verdict, late: false }
}

#[test]
fn of_its_attempts_the_first_and_the_newest_are_kept() {
    let (mut field, run) = service(Restart::Always, |_| ());
    for _ in 0..120 {
        field.ends_after(&run, 70_000, 0);
    }
    let now = field.run(&run);
    assert_eq!((now.attempts.len(), now.attempts[0].number, now.latest().number), (ATTEMPTS_KEPT, 1, 121));
    assert_eq!(now.attempts[1].number, 121 - ATTEMPTS_KEPT as u32 + 2);
    assert_eq!(now.restarts(), 120);
}

#[test]
fn it_has_no_deadline_unless_the_cue_sets_one() {
    let (mut field, run) = service(Restart::Always, |_| ());
    assert_eq!(field.run(&run).phase, Phase::AwaitingOutcome { deadline: None });
    field.until(30 * 24 * 3_600);
    assert!(field.run(&run).is_live());
    let (mut field, run) = service(Restart::Always, |cue| cue.delivery.outcome_deadline_ms = Some(60_000));
    field.until(61);
    assert_eq!(field.verdict(&run), Some(Verdict::Silent));
}

#[test]
fn the_owner_ends_it_and_it_stays_ended() {
    let (mut field, run) = service(Restart::Always, |_| ());
    field.give(Input::Stop { run_id: run.clone() });
    assert_eq!(field.last.effects, [Effect::Stop { run_id: run.clone(), number: 1, hard: false }]);
    field.told(&run, 1, exited(1));
    field.until(600);
    let now = field.run(&run);
    assert_eq!((now.verdict(), now.attempts.len()), (Some(Verdict::Stopped), 1));
    assert_eq!(now.latest().exit_code, Some(1), "how it ended is kept");
    assert_eq!(crate::sentence::of_run(&now), "Stopped before it reported. Attempt 1 of 3.");
}

#[test]
fn one_that_waits_for_its_restart_can_be_ended_too() {
    let (mut field, run) = service(Restart::Always, |_| ());
    field.told(&run, 1, exited(1));
    field.give(Input::Stop { run_id: run.clone() });
    field.until(600);
    assert_eq!((field.verdict(&run), field.run(&run).attempts.len()), (Some(Verdict::Stopped), 1));
}

#[test]
fn a_start_that_fails_after_many_restarts_is_tried_as_often_as_the_cue_says() {
    let (mut field, run) = service(Restart::Always, |cue| {
        cue.retry = Retry { max_attempts: 2, backoff_ms: vec![1_000], on_failed_outcome: false };
    });
    for _ in 0..5 {
        field.ends_after(&run, 70_000, 1);
    }
    field.told(&run, 6, exited(1));
    let missing = || DeliveryResult::NotDelivered { words: "no such program: agent.py".into() };
    for number in [7, 8] {
        let Phase::WaitingRetry { at } = field.run(&run).phase else { panic!("attempt {number} is to come") };
        field.now = at;
        field.tick();
        field.told(&run, number, missing());
    }
    assert_eq!(field.verdict(&run), Some(Verdict::Failed));
    assert_eq!(crate::sentence::of_run(&field.run(&run)), "No such program: agent.py. Attempt 2 of 2.");
}

#[test]
fn a_long_lived_agent_that_reports_lives_on() {
    let (mut field, run) = service(Restart::Always, |cue| cue.delivery.outcome_deadline_ms = Some(60_000));
    assert_eq!(field.report(&run, Some(1), success()), Answer::Recorded { verdict: None, reason: None, waits: false });
    field.until(600);
    assert!(field.run(&run).is_live(), "it has said how it stands, so it is not silent");
    field.told(&run, 1, exited(0));
    assert!(matches!(field.run(&run).phase, Phase::WaitingRetry { .. }));
    assert_eq!(Field::refused(&field.report(&run, Some(1), failure("no"))), RefusalCode::OutcomeAlreadyRecorded);
    assert!(field.run(&run).is_live());
}

#[test]
fn what_it_reported_counts_once_it_ends_well() {
    for (outcome, verdict) in [(success(), Verdict::Claimed), (failure("no leads"), Verdict::Failed)] {
        let (mut field, run) = service(Restart::OnFailure, |_| ());
        field.report(&run, Some(1), outcome);
        assert!(field.run(&run).is_live());
        field.told(&run, 1, exited(0));
        assert_eq!(field.verdict(&run), Some(verdict));
    }
}

#[test]
fn a_restart_survives_a_crash_of_the_tower() {
    let (mut field, run) = service(Restart::Always, |_| ());
    field.told(&run, 1, exited(1));
    let alive_at = field.now;
    field.now = field.now.plus(30_000);
    field.give(Input::Recovered { alive_at, orderly: false, firing: true, found: vec![] });
    field.tick();
    assert_eq!(field.sent(), [(run.clone(), 2)]);
    assert_eq!(field.run(&run).attempt(1).unwrap().state, AttemptState::Failed);
}

#[test]
fn the_same_end_told_twice_is_one_end() {
    let (mut field, run) = service(Restart::Always, |_| ());
    for _ in 0..3 {
        field.ends_after(&run, 1_000, 1);
    }
    field.told(&run, 4, exited(1));
    let once = field.run(&run);
    // Its traces were still there after a crash.
    field.told(&run, 4, exited(1));
    assert!(field.last.events.is_empty(), "{:?}", field.last.events);
    assert_eq!(field.last.effects, [Effect::Forget { run_id: run.clone(), number: 4 }]);
    assert_eq!(field.run(&run), once);
}
