//! What the book is asked or told, and how it answers.

use super::{Holder, HolderKey, Need, PoolEvent, PoolLimits, WaitsFor};
use crate::Ms;
use crate::id::{PermitId, RunId};
use crate::input::Refusal;

#[derive(Debug, Clone, PartialEq)]
pub enum PoolInput {
    /// Makes a pool, or changes its limits.
    Set {
        name: String,
        limits: PoolLimits,
    },
    /// Refused while somebody holds or awaits permits of it.
    Remove {
        name: String,
    },
    /// For an agent that asks again with its permit's id, only the lease is renewed: needs and priority are those of its
    /// first ask. `lease_ms` is an agent's; a run has none.
    Ask {
        holder: Holder,
        needs: Vec<Need>,
        priority: i32,
        lease_ms: Option<u64>,
    },
    /// Gives permits back, or leaves the line. `tokens`: what was really used, altogether; it puts right the estimate in
    /// every pool of the permit that limits tokens.
    GiveBack {
        holder: HolderKey,
        tokens: Option<u64>,
    },
    /// Everything that this run, its attempts, and the agents with its token hold or wait for.
    RunEnded {
        run_id: RunId,
    },
    Renew {
        permit_id: PermitId,
    },
    /// Somebody was answered 429 there.
    RateLimited {
        pool: String,
        retry_after_ms: Option<u64>,
    },
    /// With a holder: what it has used in this pool so far, altogether. Without: so much more was used.
    Used {
        pool: String,
        holder: Option<HolderKey>,
        tokens: u64,
    },
    Tick,
    /// The machine slept (or the tower was off, or stalled), or its clock was set (forward: positive). To be told before
    /// anything else of the same instant.
    Shifted {
        slept_ms: u64,
        stepped_ms: i64,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct PoolDecision {
    pub events: Vec<PoolEvent>,
    /// Whoever got permits just now, the asker included.
    pub granted: Vec<Grant>,
    /// Agents that did not renew: they hold, or wait for, nothing any more.
    pub lapsed: Vec<Holder>,
    pub answer: PoolAnswer,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    pub holder: Holder,
    pub needs: Vec<Need>,
    pub lease_ms: Option<u64>,
    /// Since when it stood in the line, if it did.
    pub waited_since: Option<Ms>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum PoolAnswer {
    Done,
    /// The asker (or renewer) has its permits.
    Granted {
        lease_ms: Option<u64>,
    },
    /// The asker (or renewer) stands in the line.
    Waits(WaitsFor),
    Refused(Refusal),
}
