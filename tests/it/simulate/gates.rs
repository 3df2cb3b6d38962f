//! Agents that ask their owner and an owner who answers when he likes, if at all. What he said once stays said, whatever is
//! killed, and nobody's silence is taken for a word of his.

use std::collections::HashMap;

use cuetower_core::cue::GateRules;
use cuetower_core::event::Event;
use cuetower_core::gate::{
    Face, Fact as GateFact, Gate, How, OnNoAnswer, Question, Said, Settled, Shown, ShownHash, Subject, Word,
};
use cuetower_core::id::{CueId, GateId, RunId};
use cuetower_core::input::{Answer, Input, RefusalCode};
use cuetower_core::run::Run;
use cuetower_core::time::HOUR_MS;
use serde_json::json;

use super::luck::Luck;
use super::world::World;

/// What a cue asks by itself.
pub fn rules(luck: &mut Luck) -> GateRules {
    if !luck.chance(8) {
        return GateRules::default();
    }
    let (deadline_ms, on_no_answer) = policy(luck);
    GateRules { before_delivery: true, deadline_ms, on_no_answer, ..GateRules::default() }
}

fn policy(luck: &mut Luck) -> (Option<u64>, OnNoAnswer) {
    let policy = *luck.pick(&OnNoAnswer::ALL);
    let deadline = policy != OnNoAnswer::KeepWaiting || luck.chance(30);
    (deadline.then(|| luck.between(1_000, 1_800_000)), policy)
}

fn question(luck: &mut Luck) -> Question {
    let (deadline_ms, on_no_answer) = policy(luck);
    let to = luck.below(2);
    Question {
        subject: Subject::Asked(format!("key-{}", luck.below(3))),
        title: format!("Send {to} mails?"),
        shown: Shown { payload: Some(json!({ "to": to })), may_edit: true, ..Shown::default() },
        deadline_ms,
        on_no_answer,
        blocking: luck.chance(80),
        callback: None,
    }
}

impl World {
    /// An agent at work asks once or twice.
    pub fn asks_owner(&mut self, luck: &mut Luck, run: &Run, number: u32) {
        for _ in 0..luck.between(1, 2) {
            let attempt = luck.chance(70).then_some(number);
            let question = Box::new(question(luck));
            let input = Input::Ask { run_id: run.id.clone(), attempt, question };
            self.post(luck.between(0, 60_000), run.cue_id.clone(), input, false);
        }
    }

    /// What the agent hears of its question.
    pub fn asked_owner(&mut self, luck: &mut Luck, cue: CueId, run: &RunId, answer: &Answer) {
        let Answer::Gate { gate, is_new } = answer else { return };
        self.tally.owner_asked += u64::from(*is_new);
        if let Some(said) = self.said.get(&gate.id) {
            assert_eq!(gate.settled.as_ref(), Some(said), "{} of {run} forgot what was answered", gate.id);
        }
        if gate.is_waiting() && luck.chance(70) {
            let word = self.word(luck, gate);
            let input = Input::AnswerGate { run_id: run.clone(), gate_id: gate.id.clone(), word };
            self.post(luck.between(1, HOUR_MS), cue, input, false);
        }
    }

    fn word(&self, luck: &mut Luck, gate: &Gate) -> Word {
        let said = match luck.below(3) {
            0 => Said::Deny,
            1 if gate.shown.as_ref().is_some_and(|shown| shown.may_edit) => Said::Edit(json!({ "to": "one" })),
            _ => Said::Approve,
        };
        let shown = if luck.chance(90) { gate.hash.clone() } else { ShownHash("what was shown before".into()) };
        Word { said, shown, comment: None, face: *luck.pick(&Face::ALL) }
    }

    /// The owner answers something that waits, if anything does.
    pub fn owners_word(&self, luck: &mut Luck) -> Option<(CueId, Input)> {
        let lanes =
            self.lanes.iter().flat_map(|(id, lane)| lane.gates_waiting().map(move |(run, gate)| (id, run, gate)));
        let waiting: Vec<(&CueId, &RunId, &Gate)> = lanes.collect();
        if waiting.is_empty() {
            return None;
        }
        let (cue, run, gate) = luck.pick(&waiting);
        let (run_id, gate_id) = ((*run).clone(), gate.id.clone());
        if luck.chance(10) {
            let until = self.now().plus(luck.below(HOUR_MS));
            return Some(((*cue).clone(), Input::PutOffGate { run_id, gate_id, until }));
        }
        Some(((*cue).clone(), Input::AnswerGate { run_id, gate_id, word: self.word(luck, gate) }))
    }

    /// No question is left without an answer.
    pub fn all_answered(&self) -> Vec<(CueId, Input)> {
        let of_lane = |(id, lane): (&CueId, &cuetower_core::lane::Lane)| {
            let answer = |(run, gate): (&RunId, &Gate)| {
                let word = Word { said: Said::Approve, shown: gate.hash.clone(), comment: None, face: Face::Window };
                (id.clone(), Input::AnswerGate { run_id: run.clone(), gate_id: gate.id.clone(), word })
            };
            lane.gates_waiting().map(answer).collect::<Vec<_>>()
        };
        self.lanes.iter().flat_map(of_lane).collect()
    }

    /// What the owner hears when his word is on disk.
    pub fn owner_answered(&mut self, gate_id: &GateId, word: &Word, answer: &Answer) {
        match answer {
            Answer::Gate { gate, .. } => {
                assert_eq!(word.shown, gate.hash, "{gate_id} was answered for what was not shown");
                let settled = gate.settled.clone().unwrap_or_else(|| panic!("{gate_id} was answered, and waits"));
                let before = self.said.insert(gate_id.clone(), settled);
                assert_eq!(before, None, "{gate_id} was answered twice");
                self.tally.owner_answered += 1;
            }
            Answer::Refused(refusal) => match refusal.code {
                RefusalCode::GateChanged => {
                    self.tally.answers_unbound += 1;
                    assert_eq!(word.shown.0, "what was shown before");
                }
                RefusalCode::GateSettled | RefusalCode::GateWithdrawn => self.tally.answers_late += 1,
                _ => {}
            },
            // Its cue was deleted in the meantime.
            _ => {}
        }
    }
}

/// Each gate is asked once and ends once, as the owner said if he said something; no answer is one only by its deadline.
pub fn audit(world: &mut World) {
    let mut asked: HashMap<&GateId, (&Gate, &RunId)> = HashMap::new();
    let mut ended: HashMap<&GateId, &Settled> = HashMap::new();
    let mut stood = 0;
    for fact in &world.disk.journal {
        let Event::Gate { run_id, fact } = &fact.event else { continue };
        match fact {
            GateFact::Asked { gate } => {
                assert!(asked.insert(&gate.id, (gate, run_id)).is_none(), "{} was asked twice", gate.id);
            }
            GateFact::Settled { gate_id, settled, .. } => {
                let (gate, run) = asked.get(gate_id).unwrap_or_else(|| panic!("{gate_id} ended and was not asked"));
                assert_eq!(*run, run_id, "{gate_id} is of another run");
                assert!(ended.insert(gate_id, settled).is_none(), "{gate_id} ended twice");
                let by_owner = matches!(settled.how, How::Approved | How::Edited | How::Denied);
                assert_eq!(by_owner, settled.face.is_some(), "{gate_id}: {settled:?}");
                let policy = gate.on_no_answer;
                assert!(settled.how != How::NoAnswer || policy.ends_it(), "{gate_id} ended by itself: {policy:?}");
            }
            GateFact::PermitsAskedAgain { gate_id } | GateFact::HandedOver { gate_id } => {
                assert!(ended.contains_key(gate_id), "the answer to {gate_id} is awaited before there is one");
                stood += 1;
            }
            _ => {}
        }
    }
    for gate in asked.keys() {
        assert!(ended.contains_key(gate), "{gate} waits for ever");
    }
    for (gate, said) in &world.said {
        assert_eq!(ended.get(gate), Some(&said), "what was answered to {gate} is gone");
    }
    world.tally.stood_for_permits += stood;
}
