//! What the owner's door says about processes.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

// ---- run_truth: RunRef -> Truth · run_restart: RunRef -> Nothing

/// What the machine knows of a run's processes at this moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Truth {
    /// Of the process that was started.
    pub pid: Option<u32>,
    /// Sentences, the one that says most first; never empty.
    pub words: Vec<String>,
    /// The one that was started first, then what came out of it.
    pub processes: Vec<ProcessView>,
    /// "flat", "rising" or "falling", over the last two minutes.
    pub memory_trend: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ProcessView {
    pub pid: u32,
    pub name: String,
    /// "alive", "stopped by a signal", …
    pub state: String,
    /// Of one processor.
    pub cpu_percent: Option<f64>,
    #[ts(type = "number")]
    pub memory_bytes: u64,
    /// "blocked on 203.0.113.9:443", "waiting for its child process"
    pub waits_on: Option<String>,
}
