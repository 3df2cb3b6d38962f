//! What the owner's door says about retention.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

// ---- retention: Nothing -> RetentionView; retention_run: Nothing -> RetentionView

/// What is kept by which rule, what would go now, and what the last pass did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RetentionView {
    /// Of all cues that have no rule of their own; None: all of them are kept.
    pub keep_days: Option<u32>,
    pub keep_runs: Option<u32>,
    pub keep_size_mb: Option<u32>,
    pub own: Vec<RetentionOwn>,
    #[ts(type = "number")]
    pub runs: u64,
    /// Of the file; free room in it counts.
    #[ts(type = "number")]
    pub store_bytes: u64,
    #[ts(type = "number")]
    pub free_bytes: u64,
    /// Free room goes back to the disk by itself.
    pub gives_back: bool,
    /// Runs that the rules let go now, at most: those that something needs are among them.
    #[ts(type = "number")]
    pub would_go: u64,
    #[ts(type = "number | null")]
    pub oldest_ms: Option<i64>,
    /// About.
    #[ts(type = "number")]
    pub would_free_bytes: u64,
    pub running: bool,
    /// What the pass that is under way did until now; it has no end and no size after it.
    pub so_far: Option<RetentionPass>,
    /// Since the tower started.
    pub last: Option<RetentionPass>,
    /// Why not all is gone that is to go.
    pub trouble: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RetentionOwn {
    pub cue_id: String,
    pub cue: String,
    pub days: Option<u32>,
    pub runs: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RetentionPass {
    #[ts(type = "number")]
    pub began_ms: i64,
    #[ts(type = "number")]
    pub ended_ms: i64,
    #[ts(type = "number")]
    pub runs: u64,
    /// Due times that never ran.
    #[ts(type = "number")]
    pub never_ran: u64,
    /// Runs beyond the rules that stay, because something needs them.
    #[ts(type = "number")]
    pub needed: u64,
    #[ts(type = "number")]
    pub bytes_before: u64,
    #[ts(type = "number")]
    pub bytes_after: u64,
    /// The longest that anything else could have waited for it.
    #[ts(type = "number")]
    pub slice_ms_most: u64,
}
