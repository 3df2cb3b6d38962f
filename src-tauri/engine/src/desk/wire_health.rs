//! What the owner's door says about the tower's own health.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

// ---- tower_health: Nothing -> TowerHealth

/// How the tower itself fares right now.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct TowerHealth {
    pub well: bool,
    /// Sentences; none: it is well.
    pub reasons: Vec<String>,
    #[ts(type = "number")]
    pub uptime_ms: u64,
    /// How far the loop is behind what is due.
    #[ts(type = "number")]
    pub due_lag_ms: u64,
    /// Why nothing can be written down, if nothing can.
    pub store_trouble: Option<String>,
    /// A page in Prometheus' text format; None: the store does not answer.
    pub figures: Option<String>,
}
