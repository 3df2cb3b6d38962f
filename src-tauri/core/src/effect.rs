//! What is to be done once the events are on disk. Results come back as inputs.

use crate::id::RunId;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Send this attempt. `licensed`: arming committed the run id, attempt 1 and the key already, so it need not wait for this batch's commit.
    /// The engine may wait all the same, and must when the store is in trouble: see its `pilot`.
    Deliver { run_id: RunId, number: u32, licensed: bool },
    /// End the process tree of this attempt, if it is one of ours and still there.
    Stop { run_id: RunId, number: u32 },
}
