//! Questions to the owner: asked by agents, answered at the owner's door. No door for agents has an answer to give.

use cuetower_core::Ms;
use cuetower_core::gate::{Asker, Gate, GateAnswer, GateInput, How, Question, Word, words};
use cuetower_core::id::{AccountId, GateId, RunId};
use cuetower_core::input::{Answer, Input, Refusal, RefusalCode};
use tokio::sync::broadcast;

use super::{Handle, Order, Trouble, unrefused};

impl Handle {
    /// In the name of a run, if it is of this account (None: whoever's it is). The gate as it stands, and whether it was not
    /// asked before.
    pub async fn ask_owner(
        &self,
        by: Option<&AccountId>,
        run_id: &RunId,
        attempt: Option<u32>,
        question: Question,
    ) -> Result<(Gate, bool), Trouble> {
        let input = Input::Ask { run_id: run_id.clone(), attempt, question: Box::new(question) };
        as_gate(self.run_by(by, run_id, input).await?)
    }

    /// Outside of any run.
    pub async fn ask_outside(&self, asker: Asker, question: Question) -> Result<(Gate, bool), Trouble> {
        self.gate(GateInput::Ask { asker, question: Box::new(question) }).await
    }

    /// The first answer counts, and only for what was shown. Whose word it is, the caller must know: this asks nobody.
    pub async fn answer_gate(&self, gate_id: &GateId, word: Word) -> Result<Gate, Trouble> {
        let of_run = |run_id| Input::AnswerGate { run_id, gate_id: gate_id.clone(), word: word.clone() };
        let outside = || GateInput::Answer { gate_id: gate_id.clone(), word: word.clone() };
        self.to_gate(gate_id, of_run, outside).await
    }

    /// Nothing more is said of it until then; past: it is asked again now.
    pub async fn put_off_gate(&self, gate_id: &GateId, until: Ms) -> Result<Gate, Trouble> {
        let of_run = |run_id| Input::PutOffGate { run_id, gate_id: gate_id.clone(), until };
        let outside = || GateInput::PutOff { gate_id: gate_id.clone(), until };
        self.to_gate(gate_id, of_run, outside).await
    }

    /// The id of each gate to which something happened, once it is on disk. Take it before the look, so that nothing is missed
    /// between the two; whoever lags behind looks again.
    #[must_use]
    pub fn gates_heard(&self) -> broadcast::Receiver<GateId> {
        self.gates.subscribe()
    }

    /// Whoever waits for an answer now.
    #[must_use]
    pub fn gates_waited_for(&self) -> usize {
        self.gates.receiver_count()
    }

    async fn gate(&self, input: GateInput) -> Result<(Gate, bool), Trouble> {
        match self.ask(|reply| Order::Gate { input, reply: Some(reply) }).await? {
            GateAnswer::Gate { gate, is_new } => Ok((*gate, is_new)),
            GateAnswer::Refused(refusal) => Err(Trouble::Refused(refusal)),
            GateAnswer::Done => Err(no_gate()),
        }
    }

    async fn to_gate(
        &self,
        gate_id: &GateId,
        of_run: impl FnOnce(RunId) -> Input,
        outside: impl FnOnce() -> GateInput,
    ) -> Result<Gate, Trouble> {
        let stored = |error: crate::journal::StoreError| Trouble::Store(error.to_string());
        let row = self.reader.gate(gate_id.0.clone()).await.map_err(stored)?;
        let Some(row) = row else { return Err(Trouble::NotFound(format!("gate {gate_id}"))) };
        let answer = match row.run_id {
            Some(run_id) => self.run(&run_id, of_run(run_id.clone())).await.and_then(as_gate),
            None => self.gate(outside()).await,
        };
        let unknown = |trouble: &Trouble| match trouble {
            Trouble::NotFound(_) => true,
            Trouble::Refused(refusal) => refusal.code == RefusalCode::NotFound,
            _ => false,
        };
        match answer {
            Ok((gate, _)) => Ok(gate),
            // Its cue is gone, or it was answered so long ago that nobody remembers: the store does.
            Err(trouble) if unknown(&trouble) => Err(told_of_old(&row.gate).unwrap_or(trouble)),
            Err(trouble) => Err(trouble),
        }
    }
}

fn told_of_old(gate: &Gate) -> Option<Trouble> {
    let settled = gate.settled.as_ref()?;
    let code = match settled.how {
        How::Withdrawn => RefusalCode::GateWithdrawn,
        How::Approved | How::Edited | How::Denied | How::NoAnswer => RefusalCode::GateSettled,
    };
    Some(Trouble::Refused(Refusal { code, message: words::too_late(gate, settled) }))
}

fn as_gate(answer: Answer) -> Result<(Gate, bool), Trouble> {
    match unrefused(answer)? {
        Answer::Gate { gate, is_new } => Ok((*gate, is_new)),
        _ => Err(no_gate()),
    }
}

/// What was asked about is gone: a cue that is deleted answers to nothing.
fn no_gate() -> Trouble {
    let message = "There is no such gate any more.".to_owned();
    Trouble::Refused(Refusal { code: RefusalCode::NotFound, message })
}
