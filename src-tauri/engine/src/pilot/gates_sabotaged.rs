//! What the saboteur makes of gates, so that the tests can show that they notice (`crate::sabotage`).

use std::sync::Arc;

use cuetower_core::gate::{Fact, How, Said, Settled};
use cuetower_core::id::CueId;
use cuetower_core::input::{Answer, Input, RefusalCode};

use super::Pilot;
use super::batch::Batch;
use crate::sabotage::Sabotage;

impl Pilot {
    /// A question without clocks that stand still, an answer to whatever is asked.
    pub(super) fn unguarded(&self, batch: &Batch, cue_id: &CueId, input: Input) -> Input {
        match input {
            Input::Ask { run_id, attempt, mut question } if self.sabotage == Some(Sabotage::GateClocks) => {
                question.blocking = false;
                Input::Ask { run_id, attempt, question }
            }
            Input::AnswerGate { run_id, gate_id, mut word } if self.sabotage == Some(Sabotage::GateUnbound) => {
                let run = batch.standing(self, cue_id).and_then(|lane| lane.runs.get(&run_id));
                if let Some(gate) = run.and_then(|run| run.gates.get(&gate_id)) {
                    word.shown = gate.hash.clone();
                }
                Input::AnswerGate { run_id, gate_id, word }
            }
            input => input,
        }
    }

    /// Whoever comes second is the one who said it.
    pub(super) fn answered_twice(&self, batch: &mut Batch, cue_id: &CueId, input: &Input, answer: Answer) -> Answer {
        let wanted = self.sabotage == Some(Sabotage::GateTwice)
            && matches!(&answer, Answer::Refused(refusal) if refusal.code == RefusalCode::GateSettled);
        let Input::AnswerGate { run_id, gate_id, word } = input else { return answer };
        let now = batch.now;
        let run = batch.lane(self, cue_id).filter(|_| wanted).and_then(|lane| lane.runs.get_mut(run_id));
        let Some(run) = run else { return answer };
        let (how, payload) = match &word.said {
            Said::Approve => (How::Approved, None),
            Said::Edit(payload) => (How::Edited, Some(payload.clone())),
            Said::Deny => (How::Denied, None),
        };
        let settled = Settled { at: now, how, face: Some(word.face), comment: word.comment.clone() };
        let fact = Fact::Settled { gate_id: gate_id.clone(), settled, payload, handed_over: true };
        let run = Arc::make_mut(run);
        run.gates.apply(now, &fact);
        let Some(gate) = run.gates.get(gate_id).cloned() else { return answer };
        batch.runs_touched.insert((cue_id.clone(), run_id.clone()));
        batch.gate_brought(None, &fact);
        Answer::Gate { gate: Box::new(gate), is_new: false }
    }
}
