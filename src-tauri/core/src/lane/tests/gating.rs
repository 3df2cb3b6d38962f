//! Questions to the owner: while one waits the run's clocks stand still and its permits are others'; the first answer counts.

use super::*;
use crate::cue::{Transport, Unanswered, Worker};
use crate::gate::{Face, Fact, Gate, How, OnNoAnswer, Question, Said, Shown, ShownHash, Subject, Word};
use crate::id::GateId;
use crate::input::Found;
use crate::pool::Need;
use crate::run::{Phase, StandPermits};

pub(super) fn question(key: &str) -> Question {
    let shown = Shown {
        body: "14 reminders, $6,310 in total".into(),
        payload: Some(json!({ "to": 14 })),
        may_edit: true,
        ..Shown::default()
    };
    Question {
        subject: Subject::Asked(key.into()),
        title: "Send 14 reminders?".into(),
        shown,
        deadline_ms: None,
        on_no_answer: OnNoAnswer::KeepWaiting,
        blocking: true,
        callback: None,
    }
}

pub(super) fn within(seconds: u64, on_no_answer: OnNoAnswer) -> Question {
    Question { deadline_ms: Some(seconds * 1_000), on_no_answer, ..question("send") }
}

pub(super) fn pooled(cue: &mut CueDefinition) {
    cue.uses = vec![Need { pool: "openai".into(), weight: 1, tokens: None }];
}

impl Field {
    pub(super) fn ask(&mut self, run: &RunId, attempt: Option<u32>, question: Question) -> Answer {
        self.give(Input::Ask { run_id: run.clone(), attempt, question: Box::new(question) })
    }

    pub(super) fn asks(&mut self, run: &RunId, question: Question) -> Gate {
        match self.ask(run, None, question) {
            Answer::Gate { gate, .. } => *gate,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn say(&mut self, run: &RunId, gate: &GateId, shown: &ShownHash, said: Said) -> Answer {
        let word = Word { said, shown: shown.clone(), comment: None, face: Face::Window };
        self.give(Input::AnswerGate { run_id: run.clone(), gate_id: gate.clone(), word })
    }

    pub(super) fn says(&mut self, run: &RunId, gate: &Gate, said: Said) -> Gate {
        match self.say(run, &gate.id, &gate.hash, said) {
            Answer::Gate { gate, .. } => *gate,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn gate(&self, run: &RunId, id: &GateId) -> Gate {
        self.run(run).gates.get(id).cloned().expect("it was asked")
    }

    /// A run that was delivered at noon.
    pub(super) fn at_work(change: impl FnOnce(&mut CueDefinition)) -> (Field, RunId) {
        let mut field = Field::manual(change);
        field.now = Ms(NOON);
        let run = field.fire();
        let started = DeliveryResult::Started { pid: 7 };
        let told = if field.lane.cue.definition.transport.is_command() { started } else { ok() };
        field.told(&run, 1, told);
        (field, run)
    }

    pub(super) fn asked_pools(&self) -> Vec<(RunId, u32)> {
        let asked = self.last.effects.iter().filter_map(|effect| match effect {
            Effect::AskPools { run_id, number } => Some((run_id.clone(), *number)),
            _ => None,
        });
        asked.collect()
    }

    /// Killed and started again at `seconds` after noon.
    pub(super) fn killed_until(&mut self, seconds: i64, found: Vec<(RunId, u32, Found)>) {
        let alive_at = self.now;
        self.now = Ms(NOON + seconds * 1_000);
        self.give(Input::Recovered { alive_at, orderly: false, firing: true, found });
    }

    pub(super) fn said_now(&self, run: &RunId) -> String {
        crate::sentence::of_run(&self.run(run))
    }
}

#[test]
fn silence_is_counted_without_the_time_in_which_the_owner_was_asked() {
    let (mut field, run) = Field::at_work(|_| {});
    field.until(200);
    let gate = field.asks(&run, question("send"));
    assert_eq!((gate.state(), gate.goes()), ("waiting", None));
    assert_eq!(field.said_now(&run), "It asks you: Send 14 reminders?");
    field.until(50_000);
    assert!(field.run(&run).is_live() && field.run(&run).deadline().is_none());
    let gate = field.says(&run, &gate, Said::Approve);
    assert_eq!((gate.state(), gate.goes()), ("approved", Some(true)));
    field.until(50_099);
    assert!(field.run(&run).is_live(), "100 s of its 300 were left");
    field.until(50_100);
    assert_eq!(field.verdict(&run), Some(Verdict::Silent));
}

#[test]
fn it_has_five_seconds_at_least_to_hear_of_the_answer() {
    let (mut field, run) = Field::at_work(|_| {});
    field.until(299);
    let gate = field.asks(&run, question("send"));
    field.until(1_000);
    field.says(&run, &gate, Said::Deny);
    field.until(1_004);
    assert!(field.run(&run).is_live());
    field.until(1_005);
    assert_eq!(field.verdict(&run), Some(Verdict::Silent));
}

#[test]
fn its_budget_of_time_stands_still_while_it_waits() {
    let (mut field, run) = Field::at_work(|cue| {
        cue.delivery.outcome_deadline_ms = Some(900_000);
        cue.budget.duration_ms = Some(100_000);
    });
    field.until(90);
    let gate = field.asks(&run, question("send"));
    field.until(80_000);
    field.says(&run, &gate, Said::Approve);
    field.until(80_009);
    assert!(field.run(&run).is_live());
    field.until(80_010);
    assert_eq!(field.verdict(&run), Some(Verdict::Stopped));
}

#[test]
fn what_the_owner_takes_is_not_the_runs_own_time() {
    let (mut field, run) = Field::at_work(|cue| cue.expect.max_duration_ms = Some(60_000));
    field.until(20);
    let gate = field.asks(&run, question("one"));
    field.until(5_000);
    field.says(&run, &gate, Said::Approve);
    field.until(5_010);
    let gate = field.asks(&run, question("two"));
    field.until(9_000);
    field.says(&run, &gate, Said::Approve);
    assert_eq!(
        field.run(&run).latest().watched_from(),
        Some(Ms(NOON + 9_000_000)),
        "nothing was expected of it till then"
    );
    field.until(9_020);
    field.report(&run, Some(1), success());
    let found = field.run(&run).findings.clone();
    assert_eq!(field.verdict(&run), Some(Verdict::Confirmed), "{found:?}");
    assert!(found[0].found.contains("50 s"), "{found:?}");
}

#[test]
fn a_question_that_does_not_block_stops_no_clock() {
    let (mut field, run) = Field::at_work(|_| {});
    let gate = field.asks(&run, Question { blocking: false, ..question("send") });
    field.until(300);
    assert_eq!(field.verdict(&run), Some(Verdict::Silent));
    let settled = field.gate(&run, &gate.id).settled.expect("nobody waits any more");
    assert_eq!((settled.how, settled.comment.as_deref()), (How::Withdrawn, Some("its run is over")));
}

#[test]
fn asked_again_it_is_the_same_gate_also_by_the_next_attempt() {
    let (mut field, run) = Field::at_work(command);
    let gate = field.asks(&run, question("send"));
    let again = field.ask(&run, Some(1), question("send"));
    assert!(matches!(again, Answer::Gate { gate: same, is_new: false } if *same == gate));
    assert!(field.last.events.is_empty());
    field.told(&run, 1, exited(1));
    assert!(field.run(&run).stand.is_none(), "whoever waited is gone");
    field.until(70);
    field.told(&run, 2, DeliveryResult::Started { pid: 8 });
    assert_eq!(Field::refused(&field.ask(&run, Some(1), question("send"))), RefusalCode::AttemptSuperseded);
    assert_eq!(field.asks(&run, question("send")).id, gate.id);
    assert!(field.run(&run).stand.is_some(), "and now this one waits");
    let said = field.says(&run, &gate, Said::Approve);
    assert_eq!(said.goes(), Some(true));
    field.told(&run, 2, exited(1));
    field.until(900);
    field.told(&run, 3, DeliveryResult::Started { pid: 9 });
    assert_eq!(field.asks(&run, question("send")).goes(), Some(true), "what was answered is not asked again");
}

#[test]
fn the_first_answer_counts_and_the_second_is_told_so() {
    let (mut field, run) = Field::at_work(|_| {});
    let gate = field.asks(&run, question("send"));
    field.says(&run, &gate, Said::Deny);
    let Answer::Refused(refusal) = field.say(&run, &gate.id, &gate.hash, Said::Approve) else {
        panic!("{:?}", field.last)
    };
    assert_eq!((refusal.code, refusal.code.word()), (RefusalCode::GateSettled, "gate_settled"));
    let words = "“Send 14 reminders?” was denied in the window, at Fri 20 Nov 12:00:00 UTC. The first answer counts.";
    assert_eq!(refusal.message, words);
    assert_eq!(field.gate(&run, &gate.id).settled.map(|settled| settled.how), Some(How::Denied));
    assert!(field.run(&run).is_live(), "what a denial means to its agent is its agent's business");
}

#[test]
fn an_answer_is_bound_to_what_was_shown() {
    let (mut field, run) = Field::at_work(|_| {});
    let gate = field.asks(&run, question("send"));
    let other = ShownHash("0".repeat(64));
    assert_eq!(Field::refused(&field.say(&run, &gate.id, &other, Said::Approve)), RefusalCode::GateChanged);
    let mut changed = question("send");
    changed.shown.payload = Some(json!({ "to": 15 }));
    let anew = field.asks(&run, changed.clone());
    assert_ne!((&anew.id, &anew.hash), (&gate.id, &gate.hash));
    assert_eq!(Field::refused(&field.say(&run, &gate.id, &gate.hash, Said::Approve)), RefusalCode::GateWithdrawn);
    field.says(&run, &anew, Said::Approve);
    assert_eq!(field.asks(&run, changed).goes(), Some(true));
    let third = field.asks(&run, question("send"));
    assert_eq!(third.goes(), None, "a yes to something else is no yes");
}

#[test]
fn what_the_owner_changed_is_of_the_same_kind_and_was_allowed() {
    let (mut field, run) = Field::at_work(|_| {});
    let gate = field.asks(&run, question("send"));
    let refused = field.say(&run, &gate.id, &gate.hash, Said::Edit(json!([1])));
    assert_eq!(Field::refused(&refused), RefusalCode::Invalid);
    let said = field.says(&run, &gate, Said::Edit(json!({ "to": 13 })));
    assert_eq!((said.state(), said.goes()), ("edited", Some(true)));
    let told = |field: &Field| {
        field.last.events.iter().find_map(|event| match event {
            Event::Gate { fact: Fact::Settled { payload, .. }, .. } => Some(payload.clone()),
            _ => None,
        })
    };
    assert_eq!(told(&field), Some(Some(json!({ "to": 13 }))));
    let same = field.asks(&run, question("again"));
    assert_eq!(field.says(&run, &same, Said::Edit(json!({ "to": 14 }))).state(), "approved", "nothing was changed");
    let mut fixed = question("fixed");
    fixed.shown.may_edit = false;
    let fixed = field.asks(&run, fixed);
    let refused = field.say(&run, &fixed.id, &fixed.hash, Said::Edit(json!({ "to": 1 })));
    assert_eq!(Field::refused(&refused), RefusalCode::Invalid);
}

#[test]
fn no_answer_is_no_denial_and_its_policy_says_what_follows() {
    for (policy, state, goes, verdict) in [
        (OnNoAnswer::KeepWaiting, "waiting", None, None),
        (OnNoAnswer::Escalate, "waiting", None, None),
        (OnNoAnswer::Proceed, "no_answer", Some(true), None),
        (OnNoAnswer::Stop, "no_answer", Some(false), Some(Verdict::Stopped)),
    ] {
        let (mut field, run) = Field::at_work(|_| {});
        let gate = field.asks(&run, within(60, policy));
        field.until(59);
        assert_eq!(field.gate(&run, &gate.id).state(), "waiting");
        field.until(100);
        let after = field.gate(&run, &gate.id);
        assert_eq!((after.state(), after.goes(), field.verdict(&run)), (state, goes, verdict), "{policy:?}");
        assert_eq!(after.overdue_at.is_some(), !policy.ends_it());
        if verdict.is_some() {
            let said = "Stopped: it asked you “Send 14 reminders?”, and nobody answered in time.";
            assert_eq!(field.said_now(&run), said);
            assert!(!field.run(&run).was_cut_off(), "no fuse blew");
        }
    }
}

#[test]
fn a_deadline_counts_only_while_somebody_could_have_answered() {
    let (mut field, run) = Field::at_work(|_| {});
    let gate = field.asks(&run, within(60, OnNoAnswer::Proceed));
    field.until(50);
    field.killed_until(9_000, vec![]);
    field.tick();
    assert_eq!(field.gate(&run, &gate.id).state(), "waiting", "ten seconds were left");
    field.give(Input::Shifted { slept_ms: 0, stepped_ms: 0 });
    field.now = field.now.plus(1_000_000);
    field.give(Input::Shifted { slept_ms: 1_000_000, stepped_ms: 0 });
    field.tick();
    assert_eq!(field.gate(&run, &gate.id).state(), "waiting");
    field.now = field.now.plus(10_000);
    field.tick();
    assert_eq!(field.gate(&run, &gate.id).goes(), Some(true));
    assert!(field.run(&run).is_live());
}

#[test]
fn a_kill_of_the_tower_keeps_question_answer_and_clocks() {
    let (mut field, run) = Field::at_work(|cue| cue.budget.duration_ms = Some(250_000));
    field.until(200);
    let gate = field.asks(&run, question("send"));
    field.until(1_000);
    let text = serde_json::to_string(&field.lane).unwrap();
    field.lane = serde_json::from_str(&text).unwrap();
    field.lane.rebuild_plan();
    field.killed_until(5_000, vec![]);
    field.tick();
    assert_eq!(field.run(&run).latest().number, 1);
    assert_eq!(field.says(&run, &gate, Said::Approve).goes(), Some(true));
    field.until(5_049);
    assert!(field.run(&run).is_live());
    field.until(5_050);
    assert_eq!(field.verdict(&run), Some(Verdict::Stopped), "50 s were left of its budget");
}

#[test]
fn a_budget_of_time_is_not_stretched_twice_when_the_process_is_lost_at_a_gate() {
    let mut field = Field::manual(|cue| {
        command(cue);
        cue.budget.duration_ms = Some(100_000);
        cue.retry.backoff_ms = vec![0];
    });
    let run = field.fire();
    field.told(&run, 1, DeliveryResult::Started { pid: 7 });
    field.until(40);
    field.asks(&run, question("send"));
    field.until(1_000);
    field.killed_until(2_000, vec![(run.clone(), 1, Found::Lost { words: "gone".into() })]);
    assert_eq!(field.run(&run).fuse_at, Some(Ms(NOON + 2_060_000 + 1)), "60 s are left");
}

#[test]
fn a_web_hook_whose_agent_asks_is_not_sent_again() {
    for kill in [false, true] {
        let mut field = Field::manual(|cue| cue.delivery.unanswered = Unanswered::Retry);
        let run = field.fire();
        let gate = field.asks(&run, question("send"));
        if kill {
            field.killed_until(60, vec![]);
        } else {
            field.until(30);
            field.told(&run, 1, DeliveryResult::Unanswered { words: "no answer within 30 s".into() });
        }
        field.until(5_000);
        assert_eq!(field.run(&run).latest().number, 1, "kill: {kill}");
        assert_eq!(field.says(&run, &gate, Said::Approve).goes(), Some(true));
        field.report(&run, Some(1), success());
        assert_eq!(field.verdict(&run), Some(Verdict::Claimed));
    }
}

#[test]
fn permits_are_others_while_it_waits_and_the_answer_is_heard_once_they_are_back() {
    let mut field = Field::manual(pooled);
    let run = field.fire();
    field.give(Input::Permitted { run_id: run.clone(), number: 1 });
    field.told(&run, 1, ok());
    assert!(field.run(&run).occupies());
    let gate = field.asks(&run, question("send"));
    assert!(field.run(&run).has_freed_permits() && !field.run(&run).occupies());
    let said = field.says(&run, &gate, Said::Approve);
    assert_eq!((said.state(), said.goes()), ("waiting", None), "not before it has its permits");
    assert_eq!(field.asked_pools(), [(run.clone(), 1)]);
    assert!(!field.run(&run).has_freed_permits(), "it stands in the line");
    let words = "You have answered; it hears of it once it has its permits again.";
    assert_eq!(field.said_now(&run), words);
    field.until(9_000);
    assert!(field.run(&run).is_live(), "and its clocks stand still all the while");
    field.give(Input::Permitted { run_id: run.clone(), number: 2 });
    assert_eq!(field.gate(&run, &gate.id).goes(), None, "another attempt's permits are not its own");
    field.give(Input::Permitted { run_id: run.clone(), number: 1 });
    assert_eq!(field.gate(&run, &gate.id).goes(), Some(true));
    assert!(field.run(&run).occupies() && field.run(&run).stand.is_none());
    field.until(9_301);
    assert_eq!(field.verdict(&run), Some(Verdict::Silent));
}

#[test]
fn of_two_questions_one_answer_is_enough_to_want_the_permits_back_and_they_are_kept() {
    let mut field = Field::manual(pooled);
    let run = field.fire();
    field.give(Input::Permitted { run_id: run.clone(), number: 1 });
    field.told(&run, 1, ok());
    let (one, two) = (field.asks(&run, question("one")), field.asks(&run, question("two")));
    assert_eq!(field.said_now(&run), "It asks you 2 things, the last: Send 14 reminders?");
    field.says(&run, &one, Said::Approve);
    field.give(Input::Permitted { run_id: run.clone(), number: 1 });
    assert_eq!(field.run(&run).stand.map(|stand| stand.permits), Some(StandPermits::Held));
    assert!(field.run(&run).occupies());
    assert_eq!(field.gate(&run, &one.id).goes(), Some(true));
    field.asks(&run, question("three"));
    assert!(field.run(&run).occupies(), "they are not taken from it a second time");
    assert_eq!(field.says(&run, &two, Said::Deny).goes(), Some(false));
    assert!(field.asked_pools().is_empty());
}

#[test]
fn what_the_pools_can_never_give_back_keeps_no_answer_from_its_agent() {
    let mut field = Field::manual(pooled);
    let run = field.fire();
    field.give(Input::Permitted { run_id: run.clone(), number: 1 });
    field.told(&run, 1, ok());
    let gate = field.asks(&run, question("send"));
    field.says(&run, &gate, Said::Approve);
    field.give(Input::NotPermitted { run_id: run.clone(), number: 1, words: "It never fits.".into() });
    assert_eq!(field.gate(&run, &gate.id).goes(), Some(true));
    assert!(field.run(&run).is_live());
}

#[test]
fn a_workers_lease_stands_still_and_its_signs_of_life_count_from_the_answer() {
    let mut field = Field::manual(|cue| cue.transport = Transport::Worker(Worker { lease_ms: 60_000 }));
    let run = field.fire();
    field.give(Input::Claim { run_id: run.clone(), worker: "ada".into() });
    field.until(50);
    let gate = field.asks(&run, question("send"));
    field.until(500);
    let extended = field.give(Input::Extend { run_id: run.clone(), attempt: None, worker: Some("ada".into()) });
    assert_eq!(extended, Answer::Extended { until: Some(field.now.plus(60_000)) });
    field.until(5_000);
    assert_eq!(field.run(&run).latest().number, 1);
    field.says(&run, &gate, Said::Approve);
    field.until(5_059);
    assert_eq!(field.run(&run).latest().number, 1);
    field.until(5_060);
    assert_eq!(field.run(&run).latest().number, 2, "a lease of 60 s from there on");
}

#[test]
fn a_sign_of_life_is_answered_by_the_clock_as_it_is_set_now() {
    let mut field = Field::manual(|cue| cue.transport = Transport::Worker(Worker { lease_ms: 60_000 }));
    let run = field.fire();
    field.give(Input::Claim { run_id: run.clone(), worker: "ada".into() });
    field.asks(&run, question("send"));
    for stepped_ms in [-3_600_000, 7_200_000] {
        field.now = Ms(field.now.0 + stepped_ms);
        field.give(Input::Shifted { slept_ms: 0, stepped_ms });
        let extended = field.give(Input::Extend { run_id: run.clone(), attempt: None, worker: Some("ada".into()) });
        assert_eq!(extended, Answer::Extended { until: Some(field.now.plus(60_000)) });
    }
}

#[test]
fn whoever_reports_waits_no_longer() {
    let (mut field, run) = Field::at_work(|cue| {
        command(cue);
        cue.retry.on_failed_outcome = true;
    });
    field.until(100);
    let gate = field.asks(&run, question("send"));
    field.until(1_000);
    field.report(&run, Some(1), failure("nobody answered me"));
    assert!(field.run(&run).stand.is_none() && field.run(&run).is_live(), "its process is about to end");
    field.told(&run, 1, exited(1));
    assert!(field.gate(&run, &gate.id).is_waiting(), "the next attempt may ask for the answer");
    field.until(1_100);
    field.told(&run, 2, DeliveryResult::Started { pid: 8 });
    field.report(&run, Some(2), success());
    assert_eq!(field.verdict(&run), Some(Verdict::Claimed));
    assert_eq!(field.gate(&run, &gate.id).state(), "withdrawn");
}

#[test]
fn one_that_is_stopped_hears_no_yes() {
    let (mut field, run) = Field::at_work(|_| {});
    let gate = field.asks(&run, within(60, OnNoAnswer::Proceed));
    field.give(Input::Stop { run_id: run.clone() });
    let after = field.gate(&run, &gate.id);
    assert_eq!((after.state(), after.goes()), ("withdrawn", Some(false)));
    assert_eq!(Field::refused(&field.say(&run, &gate.id, &gate.hash, Said::Approve)), RefusalCode::GateWithdrawn);
    assert_eq!(Field::refused(&field.ask(&run, None, within(60, OnNoAnswer::Proceed))), RefusalCode::RunStopped);
    field.until(100);
    assert_eq!(field.gate(&run, &gate.id).state(), "withdrawn", "nor does time say one");
}

#[test]
fn a_deleted_cue_asks_nothing() {
    let (mut field, run) = Field::at_work(|_| {});
    let gate = field.asks(&run, question("send"));
    field.give(Input::Delete);
    let settled = field.gate(&run, &gate.id).settled.expect("it is over");
    assert_eq!((settled.how, settled.comment.as_deref()), (How::Withdrawn, Some("its cue was deleted")));
}

#[test]
fn nobody_asks_for_an_attempt_that_is_not_under_way() {
    let mut field = Field::manual(pooled);
    let run = field.fire();
    assert_eq!(Field::refused(&field.ask(&run, None, question("send"))), RefusalCode::NotDelivered);
    assert_eq!(Field::refused(&field.ask(&RunId("?".into()), None, question("send"))), RefusalCode::NotFound);
    field.give(Input::Permitted { run_id: run.clone(), number: 1 });
    field.told(&run, 1, ok());
    field.report(&run, Some(1), success());
    assert_eq!(Field::refused(&field.ask(&run, None, question("send"))), RefusalCode::RunEnded);
}

#[test]
fn a_watched_agent_that_asks_shows_that_it_lives() {
    let mut field = Field::manual(|cue| cue.transport = Transport::Watch);
    let run = field.fire();
    field.asks(&run, question("send"));
    assert!(matches!(field.run(&run).phase, Phase::AwaitingOutcome { .. }));
}

#[test]
fn a_restart_ends_the_wait_but_not_the_question() {
    let (mut field, run) = Field::at_work(|cue| {
        command(cue);
        cue.delivery.outcome_deadline_ms = Some(300_000);
    });
    field.until(299);
    let gate = field.asks(&run, question("send"));
    field.until(2_000);
    field.give(Input::Restart { run_id: run.clone(), by: crate::attempt::RestartBy::Owner });
    field.until(2_009);
    assert!(field.run(&run).is_live(), "it has the time that its end takes");
    field.told(&run, 1, exited(0));
    field.until(2_010);
    field.told(&run, 2, DeliveryResult::Started { pid: 8 });
    assert_eq!(field.asks(&run, question("send")).id, gate.id);
    assert_eq!(field.says(&run, &gate, Said::Approve).goes(), Some(true));
}

#[test]
fn its_callback_is_told_until_it_knows() {
    let (mut field, run) = Field::at_work(pooled);
    field.give(Input::Permitted { run_id: run.clone(), number: 1 });
    field.told(&run, 1, ok());
    let asked = Question { callback: Some("http://127.0.0.1:9/answer".into()), ..question("send") };
    let gate = field.asks(&run, asked);
    let tell = Effect::TellAnswer { run_id: run.clone(), gate_id: gate.id.clone() };
    field.says(&run, &gate, Said::Approve);
    assert!(!field.last.effects.contains(&tell), "not before its permits are back");
    field.give(Input::Permitted { run_id: run.clone(), number: 1 });
    assert_eq!(field.last.effects, std::slice::from_ref(&tell));
    field.killed_until(100, vec![]);
    assert!(field.last.effects.contains(&tell), "nobody knows whether it was told");
    let told = Input::GateTold { run_id: run.clone(), gate_id: gate.id.clone(), words: "200 OK".into() };
    field.give(told.clone());
    assert_eq!(field.last.events.len(), 1);
    field.give(told);
    assert!(field.last.events.is_empty());
    field.killed_until(200, vec![]);
    assert!(!field.last.effects.contains(&tell));
}

#[test]
fn a_run_asks_no_more_than_it_may() {
    let (mut field, run) = Field::at_work(|_| {});
    for place in 0..crate::gate::WAITING_MAX {
        field.asks(&run, question(&format!("k{place}")));
    }
    assert_eq!(Field::refused(&field.ask(&run, None, question("more"))), RefusalCode::TooMany);
    assert!(matches!(field.ask(&run, None, question("k0")), Answer::Gate { is_new: false, .. }));
}

#[test]
fn a_question_that_is_put_off_waits_and_may_still_be_answered() {
    let (mut field, run) = Field::at_work(|_| {});
    let gate = field.asks(&run, question("send"));
    let until = field.now.plus(3_600_000);
    field.give(Input::PutOffGate { run_id: run.clone(), gate_id: gate.id.clone(), until });
    assert_eq!(field.gate(&run, &gate.id).put_off_until, Some(until));
    let far = field.now.plus(8 * 24 * 3_600_000);
    let refused = field.give(Input::PutOffGate { run_id: run.clone(), gate_id: gate.id.clone(), until: far });
    assert_eq!(Field::refused(&refused), RefusalCode::Invalid);
    assert_eq!(field.says(&run, &gate, Said::Approve).goes(), Some(true));
}

#[test]
fn a_question_is_not_put_off_past_its_own_deadline() {
    let (mut field, run) = Field::at_work(|_| {});
    let gate = field.asks(&run, Question { deadline_ms: Some(600_000), ..question("send") });
    let deadline = field.gate(&run, &gate.id).deadline.unwrap();
    let put_off = |until| Input::PutOffGate { run_id: run.clone(), gate_id: gate.id.clone(), until };
    for late in [deadline, deadline.plus(3_600_000)] {
        let Answer::Refused(refusal) = field.give(put_off(late)) else { panic!("it would be too late") };
        assert_eq!(refusal.code, RefusalCode::Invalid);
        assert!(refusal.message.contains(&crate::sentence::instant(deadline)), "{}", refusal.message);
        assert_eq!(field.gate(&run, &gate.id).put_off_until, None);
    }
    let until = field.now.plus(300_000);
    field.give(put_off(until));
    assert_eq!(field.gate(&run, &gate.id).put_off_until, Some(until));
}
