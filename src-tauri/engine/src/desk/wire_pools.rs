//! What the owner's door says about pools.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

// ---- pools: Nothing -> Pools · pool_set: PoolSet -> Pools · pool_remove: PoolRef -> Pools

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Pools {
    /// By name.
    pub pools: Vec<PoolView>,
}

/// A shared resource with its limits, and how it is used. A limit that is null does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PoolView {
    pub name: String,
    pub concurrency: Option<u32>,
    pub calls_per_min: Option<u32>,
    #[ts(type = "number | null")]
    pub tokens_per_min: Option<u64>,
    /// Of the concurrency: the weights of all holders.
    #[ts(type = "number")]
    pub in_use: u64,
    #[ts(type = "number")]
    pub calls_last_min: u64,
    #[ts(type = "number")]
    pub tokens_last_min: u64,
    /// Nothing is given out until then, because somebody was rate-limited.
    #[ts(type = "number | null")]
    pub backs_off_until_ms: Option<i64>,
    /// The oldest 100.
    pub holders: Vec<PoolHolderView>,
    /// The first 100 of the line.
    pub waiting: Vec<PoolWaitingView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PoolHolderView {
    /// "cue leads", or who the agent is that asked by itself.
    pub words: String,
    /// The run that holds it, or in whose name an agent does.
    pub run_id: Option<String>,
    #[ts(type = "number")]
    pub since_ms: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PoolWaitingView {
    /// "cue leads", or who the agent is that asked by itself.
    pub words: String,
    /// The run that waits, or in whose name an agent does.
    pub run_id: Option<String>,
    #[ts(type = "number")]
    pub since_ms: i64,
    /// Place in this pool's line, from 1.
    pub position: u32,
}

/// Makes a pool, or gives it other limits; at least one of them.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct PoolSet {
    /// 1 to 64 of `[a-z0-9._-]`, beginning with a letter or digit.
    pub name: String,
    pub concurrency: Option<u32>,
    pub calls_per_min: Option<u32>,
    #[ts(type = "number | null")]
    pub tokens_per_min: Option<u64>,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct PoolRef {
    pub name: String,
}
