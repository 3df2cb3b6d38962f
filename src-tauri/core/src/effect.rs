//! What is to be done once the events are on disk. Results come back as inputs.

use crate::id::{GateId, RunId};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Send this attempt. `licensed`: arming committed the run id, attempt 1 and the key already, so it need not wait for this batch's commit.
    /// The engine may wait all the same, and must when the store is in trouble: see its `pilot`.
    Deliver { run_id: RunId, number: u32, licensed: bool },
    /// Ask the pools for what this attempt uses; the answer is `Input::Permitted`. Done in the same commit.
    AskPools { run_id: RunId, number: u32 },
    /// End the process tree of this attempt, if it is one of ours and still there. `hard`: killed at once, without the grace
    /// that a program has for its own end.
    Stop { run_id: RunId, number: u32, hard: bool },
    /// The end of this attempt is on disk: what its process left behind may go.
    Forget { run_id: RunId, number: u32 },
    /// Make the checks of this run; the result is `Input::Checked`.
    Check { run_id: RunId, number: u32 },
    /// Tell the web hook of `on_failure` that the run failed for good.
    TellFailure { run_id: RunId },
    /// Tell the callback of this gate what the owner said; the result is `Input::GateTold`.
    TellAnswer { run_id: RunId, gate_id: GateId },
}

impl Effect {
    #[must_use]
    pub fn run_id(&self) -> &RunId {
        match self {
            Effect::Deliver { run_id, .. }
            | Effect::AskPools { run_id, .. }
            | Effect::Stop { run_id, .. }
            | Effect::Forget { run_id, .. }
            | Effect::Check { run_id, .. }
            | Effect::TellAnswer { run_id, .. }
            | Effect::TellFailure { run_id } => run_id,
        }
    }
}
