//! What happens to a gate, as it is journaled.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Gate, Settled};
use crate::Ms;
use crate::id::GateId;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    Asked {
        gate: Box<Gate>,
    },
    /// A newer attempt of its run waits for it, or one that has worked on until now.
    AwaitedAgain {
        gate_id: GateId,
        attempt: u32,
    },
    /// Answered, past its deadline, or withdrawn. `handed_over`: the agent may hear of it at once.
    Settled {
        gate_id: GateId,
        settled: Settled,
        /// What the owner made of the payload.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payload: Option<Value>,
        handed_over: bool,
    },
    /// Answered, and its run stands in the line for the permits that it gave up.
    PermitsAskedAgain {
        gate_id: GateId,
    },
    HandedOver {
        gate_id: GateId,
    },
    /// Its deadline passed, and it waits on. `louder`: the owner is told more loudly.
    Overdue {
        gate_id: GateId,
        louder: bool,
    },
    /// The tower was away, or its clock was set: as much time is left as was.
    DeadlineMoved {
        gate_id: GateId,
        deadline: Ms,
    },
    /// The owner wants to be asked again then.
    PutOff {
        gate_id: GateId,
        until: Ms,
    },
    /// Its callback knows, or was given up. `words`: how that went.
    Told {
        gate_id: GateId,
        words: String,
    },
}

impl Fact {
    #[must_use]
    pub fn gate_id(&self) -> &GateId {
        match self {
            Fact::Asked { gate } => &gate.id,
            Fact::AwaitedAgain { gate_id, .. }
            | Fact::Settled { gate_id, .. }
            | Fact::PermitsAskedAgain { gate_id }
            | Fact::HandedOver { gate_id }
            | Fact::Overdue { gate_id, .. }
            | Fact::DeadlineMoved { gate_id, .. }
            | Fact::PutOff { gate_id, .. }
            | Fact::Told { gate_id, .. } => gate_id,
        }
    }

    /// For the journal's column and for logs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Fact::Asked { .. } => "gate_asked",
            Fact::AwaitedAgain { .. } => "gate_awaited_again",
            Fact::Settled { .. } => "gate_settled",
            Fact::PermitsAskedAgain { .. } => "gate_permits_asked_again",
            Fact::HandedOver { .. } => "gate_handed_over",
            Fact::Overdue { .. } => "gate_overdue",
            Fact::DeadlineMoved { .. } => "gate_deadline_moved",
            Fact::PutOff { .. } => "gate_put_off",
            Fact::Told { .. } => "gate_told",
        }
    }
}
