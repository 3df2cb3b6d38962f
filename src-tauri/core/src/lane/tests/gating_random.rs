//! By chance: whatever is asked, answered, killed, lost and slept through in whatever order, no answer is one that nobody
//! gave, nothing that waits for its owner falls silent, and the journal tells it all again.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::gating::{pooled, question};
use super::*;
use crate::gate::{Fact, How, OnNoAnswer, Question, Said, Settled, ShownHash};
use crate::id::GateId;
use crate::input::Found;
use crate::run::{Phase, StandPermits};

#[derive(Debug, Clone)]
enum Move {
    Ask { key: u8, to: u8, blocking: bool, deadline: Option<u16>, policy: usize, attempt: Option<u32> },
    Answer { which: usize, said: u8, right: bool },
    Pass(u32),
    Sleep(u32),
    Step(i32),
    Kill { gap: u32, lost: bool },
    Permit,
    NotPermitted,
    Exit(i32),
    Report(bool),
    Extend,
    Restart,
    Stop,
    Later(usize),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let ask = (0..4_u8, 0..3_u8, any::<bool>(), prop::option::of(1..400_u16), 0..4_usize, prop::option::of(1..4_u32))
        .prop_map(|(key, to, blocking, deadline, policy, attempt)| Move::Ask {
            key,
            to,
            blocking,
            deadline,
            policy,
            attempt,
        });
    let one = prop_oneof![
        8 => ask,
        6 => (any::<usize>(), 0..3_u8, prop::bool::weighted(0.9))
            .prop_map(|(which, said, right)| Move::Answer { which, said, right }),
        6 => (0..200_000_u32).prop_map(Move::Pass),
        1 => (1_000..500_000_u32).prop_map(Move::Sleep),
        1 => (-300_000..300_000_i32).prop_map(Move::Step),
        2 => (1_000..500_000_u32, any::<bool>()).prop_map(|(gap, lost)| Move::Kill { gap, lost }),
        5 => Just(Move::Permit),
        1 => Just(Move::NotPermitted),
        2 => (0..2_i32).prop_map(Move::Exit),
        1 => any::<bool>().prop_map(Move::Report),
        2 => Just(Move::Extend),
        1 => Just(Move::Restart),
        1 => Just(Move::Stop),
        2 => any::<usize>().prop_map(Move::Later),
    ];
    prop::collection::vec(one, 1..60)
}

/// The lane under test, a second one that only hears its events, and what was seen of every gate.
struct Twins {
    field: Field,
    told: Lane,
    run: RunId,
    settled: BTreeMap<GateId, Settled>,
    said: BTreeMap<GateId, ShownHash>,
}

impl Twins {
    fn new(uses: bool, first: bool) -> Twins {
        let mut field = Field::manual(|cue| {
            command(cue);
            cue.delivery.outcome_deadline_ms = Some(300_000);
            cue.budget.duration_ms = Some(600_000);
            cue.retry = Retry { max_attempts: 4, backoff_ms: vec![20_000], on_failed_outcome: true };
            cue.gate.before_delivery = first;
            if uses {
                pooled(cue);
            }
        });
        let told = field.lane.clone();
        let run = field.fire();
        let mut twins = Twins { field, told, run, settled: BTreeMap::new(), said: BTreeMap::new() };
        twins.look();
        twins
    }

    fn give(&mut self, input: Input) -> Answer {
        let answer = self.field.give(input);
        self.look();
        for (run_id, number) in self.field.sent() {
            self.give(Input::Delivery { run_id, number, result: DeliveryResult::Started { pid: 7 } });
        }
        answer
    }

    fn tick(&mut self) {
        self.give(Input::Tick { away: Arc::new([]), firing: true });
    }

    fn now(&self) -> Ms {
        self.field.now
    }

    /// What holds after every decision.
    fn look(&mut self) {
        for event in &self.field.last.events {
            // As the journal has it.
            let text = serde_json::to_string(event).unwrap();
            let read: Event = serde_json::from_str(&text).unwrap();
            assert_eq!(read, *event);
            self.told.apply(self.field.now, &read);
        }
        assert_eq!(self.told, self.field.lane, "the journal tells the same");
        let run = self.field.run(&self.run);
        for gate in run.gates.iter() {
            if let Some(before) = self.settled.get(&gate.id) {
                assert_eq!(gate.settled.as_ref(), Some(before), "the first answer stands");
            } else if let Some(settled) = &gate.settled {
                self.settled.insert(gate.id.clone(), settled.clone());
                match settled.how {
                    How::Approved | How::Edited | How::Denied => {
                        assert_eq!(self.said.get(&gate.id), Some(&gate.hash), "somebody said so of what was shown");
                    }
                    How::NoAnswer => assert!(gate.on_no_answer.ends_it() && gate.deadline_ms.is_some()),
                    How::Withdrawn => {}
                }
            }
            assert!(!gate.is_waiting() || run.is_live(), "nobody waits for a run that is over");
            assert_eq!(gate.shown.is_some(), gate.is_waiting());
        }
        let number = run.latest().number;
        match run.stand {
            Some(stand) => {
                assert!(run.is_live() && run.gates.block(number) && run.checking.is_none());
                assert!(run.deadline().is_none());
                let at_work = matches!(run.phase, Phase::Delivering | Phase::AwaitingOutcome { .. });
                assert!(at_work, "nobody waits in the name of an attempt that is not under way");
                let unheard = run.gates.unheard().any(|gate| gate.blocks(number));
                assert_eq!(
                    unheard,
                    stand.permits == StandPermits::AskedAgain,
                    "an answer is kept back for permits alone"
                );
            }
            None => assert_eq!(run.gates.unheard().count(), 0),
        }
        let ends = self.field.last.events.iter().find_map(|event| match event {
            Event::RunEnded { verdict, findings, .. } => Some((*verdict, findings.clone())),
            _ => None,
        });
        if let Some((Verdict::Silent, _)) = ends {
            assert!(
                !self
                    .field
                    .last
                    .events
                    .iter()
                    .any(|event| matches!(event, Event::Gate { fact: Fact::Asked { .. }, .. }))
            );
        }
    }

    /// Lets time pass, tick by tick; whoever waits for its owner is not called silent meanwhile, and no fuse blows.
    fn pass(&mut self, length_ms: u64) {
        let end = self.now().plus(length_ms);
        for _ in 0..10_000 {
            let Some(at) = self.field.lane.wakes_at(self.now()).filter(|at| *at <= end) else { break };
            self.field.now = self.now().max(at);
            let stood = self.field.run(&self.run).stand.is_some();
            self.tick();
            let run = self.field.run(&self.run);
            let stopped_by_owner = run.gates.iter().any(|gate| {
                gate.settled.as_ref().is_some_and(|settled| settled.how == How::NoAnswer)
                    && gate.on_no_answer == OnNoAnswer::Stop
            });
            assert!(!stood || run.is_live() || stopped_by_owner, "{:?}", run.phase);
            assert!(self.field.lane.wakes_at(self.now()).is_none_or(|at| at > self.now()), "it would spin");
        }
        self.field.now = end;
    }

    fn nth_gate(&self, which: usize) -> Option<(GateId, ShownHash)> {
        let run = self.field.run(&self.run);
        let gates: Vec<_> = run.gates.iter().collect();
        let gate = gates.get(which.checked_rem(gates.len())?)?;
        Some((gate.id.clone(), gate.hash.clone()))
    }

    fn make(&mut self, step: Move) {
        let (run_id, number) = (self.run.clone(), self.field.run(&self.run).latest().number);
        match step {
            Move::Ask { key, to, blocking, deadline, policy, attempt } => {
                let on_no_answer = OnNoAnswer::ALL[policy];
                let mut asked = Question { blocking, ..question(&format!("k{key}")) };
                asked.shown.payload = Some(json!({ "to": to }));
                asked.deadline_ms = deadline.map(|seconds| u64::from(seconds) * 1_000);
                asked.on_no_answer = if deadline.is_some() { on_no_answer } else { OnNoAnswer::KeepWaiting };
                let hash = asked.hash();
                let answer = self.give(Input::Ask { run_id, attempt, question: Box::new(asked) });
                if let Answer::Gate { gate, is_new } = answer {
                    assert!(gate.hash == hash && (!is_new || gate.is_waiting()));
                    let yes =
                        matches!(gate.settled.as_ref().map(|settled| settled.how), Some(How::Approved | How::Edited));
                    let passed = gate.on_no_answer == OnNoAnswer::Proceed;
                    assert!(gate.goes() != Some(true) || yes || passed);
                }
            }
            Move::Answer { which, said, right } => {
                let Some((gate_id, hash)) = self.nth_gate(which) else { return };
                let hash = if right { hash } else { ShownHash("0".repeat(64)) };
                let said = [Said::Approve, Said::Deny, Said::Edit(json!({ "to": 77 }))][usize::from(said)].clone();
                let waits = self.field.run(&self.run).gates.get(&gate_id).is_some_and(|gate| gate.is_waiting());
                if waits {
                    self.said.insert(gate_id.clone(), hash.clone());
                }
                let answer = self.field.say(&run_id, &gate_id, &hash, said);
                assert_eq!(matches!(answer, Answer::Gate { .. }), waits && right);
                self.look();
                for (run_id, number) in self.field.sent() {
                    self.give(Input::Delivery { run_id, number, result: DeliveryResult::Started { pid: 7 } });
                }
            }
            Move::Pass(length_ms) => self.pass(u64::from(length_ms)),
            Move::Sleep(length_ms) => {
                self.field.now = self.now().plus(u64::from(length_ms));
                self.give(Input::Shifted { slept_ms: u64::from(length_ms), stepped_ms: 0 });
                self.tick();
            }
            Move::Step(by_ms) => {
                self.field.now = Ms(self.now().0 + i64::from(by_ms));
                self.give(Input::Shifted { slept_ms: 0, stepped_ms: i64::from(by_ms) });
                self.tick();
            }
            Move::Kill { gap, lost } => {
                let text = serde_json::to_string(&self.field.lane).unwrap();
                self.field.lane = serde_json::from_str(&text).unwrap();
                self.field.lane.rebuild_plan();
                self.field.lane.forget_ended();
                if !self.field.lane.runs.contains_key(&run_id) {
                    self.field.lane = self.told.clone();
                }
                let alive_at = self.now();
                self.field.now = alive_at.plus(u64::from(gap));
                let words = "gone".to_owned();
                let found = if lost { Found::Lost { words } } else { Found::Started { pid: Some(7) } };
                let found = vec![(run_id, number, found)];
                self.give(Input::Recovered { alive_at, orderly: false, firing: true, found });
                self.tick();
            }
            Move::Permit => drop(self.give(Input::Permitted { run_id, number })),
            Move::NotPermitted => {
                // Of one that has its answer; the run would end otherwise, and there is nothing to see.
                if self.field.run(&self.run).stand.is_some() {
                    self.give(Input::NotPermitted { run_id, number, words: "It never fits.".into() });
                }
            }
            Move::Exit(code) => {
                if self.field.run(&self.run).may_have_a_process() {
                    self.give(Input::Delivery { run_id, number, result: exited(code) });
                }
            }
            Move::Report(good) => {
                let outcome = if good { success() } else { failure("no") };
                self.give(Input::Report { run_id, attempt: Some(number), outcome: Box::new(outcome) });
            }
            Move::Extend => drop(self.give(Input::Extend { run_id, attempt: None, worker: None })),
            Move::Restart => {
                self.give(Input::Restart { run_id, by: crate::attempt::RestartBy::Owner });
            }
            Move::Stop => drop(self.give(Input::Stop { run_id })),
            Move::Later(which) => {
                let Some((gate_id, _)) = self.nth_gate(which) else { return };
                let until = self.now().plus(60_000);
                self.give(Input::PutOffGate { run_id, gate_id, until });
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_no_answer_is_one_that_nobody_gave(
        uses in any::<bool>(),
        first in prop::bool::weighted(0.3),
        moves in moves(),
    ) {
        let mut twins = Twins::new(uses, first);
        for step in moves {
            twins.make(step);
        }
    }

    /// What it may still take to fall silent is what it was when it asked, however long the owner took.
    #[test]
    fn a_wait_for_the_owner_costs_no_time(worked in 0..295_u64, asked in 1..1_000_000_u64, kill in any::<bool>()) {
        let mut field = Field::manual(|_| {});
        let run = field.fire();
        field.told(&run, 1, ok());
        let began = field.now;
        field.now = began.plus(worked * 1_000);
        field.tick();
        let Answer::Gate { gate, .. } = field.ask(&run, None, question("send")) else { panic!() };
        let alive_at = field.now.plus(asked * 500);
        field.now = field.now.plus(asked * 1_000);
        if kill {
            field.give(Input::Recovered { alive_at, orderly: true, firing: true, found: vec![] });
        }
        field.tick();
        field.say(&run, &gate.id, &gate.hash, Said::Approve);
        let left = field.run(&run).deadline().expect("its clock goes on").since(field.now);
        prop_assert_eq!(left, 300_000 - worked * 1_000);
    }
}
