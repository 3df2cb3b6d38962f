//! What the alerts hear of questions to the owner.

use super::gating::{question, within};
use super::*;
use crate::alert::{About, AlertBook, AlertKind, Problem, Severity, Signal};
use crate::gate::{Gate, OnNoAnswer, Said, news, of_owner, still_waits};

#[test]
fn a_good_run_answers_nothing_that_another_one_asks() {
    let (mut field, run) = Field::at_work(|cue| cue.overlap = Overlap::Allow);
    let (about, mut book) = (About::Cue(CueId("cue_a".into())), AlertBook::default());
    let gate = field.asks(&run, question("send"));
    let asked = of_owner(&about, "leads", Some(&run), &gate);
    book.decide(&asked, field.now, &mut Counting(7));
    let other = field.fire();
    field.told(&other, 1, ok());
    field.report(&other, Some(1), success());
    let ended = |run: &RunId, field: &Field| Signal::RunEnded {
        cue_name: "leads".into(),
        run: Box::new(Run::clone(&field.run(run))),
        verdict: Verdict::Claimed,
        late: false,
    };
    book.decide(&ended(&other, &field), field.now, &mut Counting(8));
    assert_eq!(book.len(), 1, "it still waits");
    field.says(&run, &gate, Said::Approve);
    field.report(&run, Some(1), success());
    book.decide(&ended(&run, &field), field.now, &mut Counting(9));
    assert!(book.is_empty());
}

/// Its owner did not choose that: it needs him as any failed run does. One that he denied does not.
#[test]
fn a_run_that_nobody_answered_in_time_needs_its_owner() {
    for denied in [false, true] {
        let (mut field, run) = Field::at_work(|_| {});
        let gate = field.asks(&run, within(60, OnNoAnswer::Stop));
        if denied {
            field.says(&run, &gate, Said::Deny);
            field.give(Input::Stop { run_id: run.clone() });
        } else {
            field.now = field.now.plus(60_000);
            field.tick();
        }
        assert_eq!(field.run(&run).verdict(), Some(Verdict::Stopped));
        let ended = Signal::RunEnded {
            cue_name: "leads".into(),
            run: Box::new(Run::clone(&field.run(&run))),
            verdict: Verdict::Stopped,
            late: false,
        };
        let mut book = AlertBook::default();
        book.decide(&ended, field.now, &mut Counting(7));
        let told: Vec<_> = book.unresolved().map(|alert| (alert.kind, &*alert.title, &*alert.body)).collect();
        let words = "Stopped: it asked you “Send 14 reminders?”, and nobody answered in time.";
        match denied {
            true => assert_eq!(told, []),
            false => assert_eq!(told, [(AlertKind::OutcomeFailed, "leads was stopped: nobody answered", words)]),
        }
    }
}

#[test]
fn the_alert_says_who_asks_until_when_and_is_over_with_the_last_answer() {
    let (mut field, run) = Field::at_work(|_| {});
    let about = About::Cue(CueId("cue_a".into()));
    let heard = |field: &Field| -> Vec<Signal> {
        let facts = field.last.events.iter().filter_map(|event| match event {
            Event::Gate { fact, .. } => Some(fact),
            _ => None,
        });
        let waiting = || field.lane.gates_waiting().map(|(run_id, gate)| (Some(run_id), gate));
        facts.flat_map(|fact| news(&about, "dunning-emails", Some(&run), fact, waiting(), field.now)).collect()
    };
    let trouble = |severity, body: &str| {
        Signal::Trouble(Problem {
            about: about.clone(),
            kind: AlertKind::GateWaiting,
            severity,
            run_id: Some(run.clone()),
            title: "dunning-emails asks: Send 14 reminders?".into(),
            body: body.into(),
        })
    };
    let first = field.asks(&run, within(60, OnNoAnswer::Escalate));
    let body = "14 reminders, $6,310 in total. With no answer in time you are told once more, louder.";
    assert_eq!(heard(&field), [trouble(Severity::Warning, body)]);
    field.now = field.now.plus(60_000);
    field.tick();
    let over = "14 reminders, $6,310 in total. Its time is over. It waits until you answer.";
    assert_eq!(heard(&field), [trouble(Severity::Critical, over)]);
    let second = field.asks(&run, question("other"));
    field.says(&run, &second, Said::Approve);
    assert_eq!(heard(&field), [trouble(Severity::Critical, over)], "the first still waits");
    field.says(&run, &first, Said::Approve);
    let kind = AlertKind::GateWaiting;
    assert_eq!(heard(&field), [Signal::Over { about: about.clone(), kind, run_id: Some(run.clone()) }]);
}

#[test]
fn what_was_put_off_is_told_when_its_time_comes_and_not_before() {
    let (mut field, run) = Field::at_work(|_| {});
    let (about, mut book) = (About::Cue(CueId("cue_a".into())), AlertBook::default());
    let (first, second) = (field.asks(&run, question("first")), field.asks(&run, question("second")));
    let until = |gate: &Gate, minutes: u64, field: &mut Field| {
        let until = field.now.plus(minutes * 60_000);
        field.give(Input::PutOffGate { run_id: run.clone(), gate_id: gate.id.clone(), until });
        until
    };
    let said = |field: &Field| {
        let waiting = field.lane.gates_waiting().map(|(run_id, gate)| (Some(run_id), gate));
        still_waits(&about, "leads", waiting, std::iter::empty(), field.now)
    };
    let later = until(&first, 30, &mut field);
    assert_eq!(said(&field), Some(of_owner(&about, "leads", Some(&run), &second)), "this one waits now");
    let sooner = until(&second, 10, &mut field);
    assert!(sooner < later);
    let put_off = said(&field).expect("both still wait");
    assert!(matches!(&put_off, Signal::PutOff { until, .. } if *until == sooner), "{put_off:?}");
    let opened = book.decide(&put_off, field.now, &mut Counting(7));
    assert!(opened.iter().all(|event| !event.wants_notification()), "{opened:?}");
    assert_eq!(book.wakes_at(), Some(sooner));
    let woken = book.decide(&Signal::Tick, sooner, &mut Counting(8));
    assert!(woken.iter().any(crate::alert::AlertEvent::wants_notification), "{woken:?}");
}
