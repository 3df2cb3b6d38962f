//! Everything that happens to pools. Small, because every permit leaves two of them in the journal.

use serde::{Deserialize, Serialize};

use super::{Holder, HolderKey, Need, PoolLimits};
use crate::Ms;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PoolEvent {
    /// Made, or with other limits.
    PoolSet {
        name: String,
        limits: PoolLimits,
    },
    PoolRemoved {
        name: String,
    },
    /// Could not go at once, and stands in the line now.
    PermitsAwaited {
        holder: Holder,
        needs: Vec<Need>,
        priority: i32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lease_ms: Option<u64>,
    },
    /// At once, or out of the line.
    PermitsGranted {
        holder: Holder,
        needs: Vec<Need>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lease_ms: Option<u64>,
    },
    /// `tokens`: what was really used, if that was said.
    PermitsGivenBack {
        holder: HolderKey,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tokens: Option<u64>,
    },
    /// Left the line by its own will, or because its run ended.
    AskWithdrawn {
        holder: HolderKey,
    },
    /// Was not renewed: permits came back, or a place in the line is free.
    LeaseLapsed {
        holder: HolderKey,
    },
    LeaseRenewed {
        holder: HolderKey,
        until: Ms,
    },
    PoolRateLimited {
        pool: String,
        until: Ms,
        /// 429s in a row.
        strikes: u32,
    },
    /// `holder`: counted towards its estimate.
    TokensUsed {
        pool: String,
        tokens: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        holder: Option<HolderKey>,
    },
    /// The machine slept, or its clock was set.
    PoolsShifted {
        slept_ms: u64,
        stepped_ms: i64,
    },
}

impl PoolEvent {
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            PoolEvent::PoolSet { .. } => "pool_set",
            PoolEvent::PoolRemoved { .. } => "pool_removed",
            PoolEvent::PermitsAwaited { .. } => "permits_awaited",
            PoolEvent::PermitsGranted { .. } => "permits_granted",
            PoolEvent::PermitsGivenBack { .. } => "permits_given_back",
            PoolEvent::AskWithdrawn { .. } => "ask_withdrawn",
            PoolEvent::LeaseLapsed { .. } => "lease_lapsed",
            PoolEvent::LeaseRenewed { .. } => "lease_renewed",
            PoolEvent::PoolRateLimited { .. } => "pool_rate_limited",
            PoolEvent::TokensUsed { .. } => "tokens_used",
            PoolEvent::PoolsShifted { .. } => "pools_shifted",
        }
    }
}
