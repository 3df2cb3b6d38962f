//! What the owner's door says about fuses.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

// ---- fuses: Nothing -> Fuses · fuses_set: FusesSet -> Fuses

/// What stops work that uses too much. Null: no limit. What a cue says of itself stands before these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Fuses {
    pub run: RunLimits,
    pub cue_day: DayLimits,
    pub agent_day: DayLimits,
    pub fleet_day: DayLimits,
    pub spent: FleetSpent,
    /// Budgets of the day that are spent.
    pub blown: Vec<BlownView>,
}

/// All of them; what is null is off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct FusesSet {
    pub run: RunLimits,
    pub cue_day: DayLimits,
    pub agent_day: DayLimits,
    pub fleet_day: DayLimits,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct RunLimits {
    pub cost_usd: Option<f64>,
    #[ts(type = "number | null")]
    pub tokens: Option<u64>,
    pub steps: Option<u32>,
}

/// From midnight to midnight where the owner is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct DayLimits {
    pub cost_usd: Option<f64>,
    #[ts(type = "number | null")]
    pub tokens: Option<u64>,
}

/// What all agents together used today.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct FleetSpent {
    pub fleet_cost_usd: f64,
    #[ts(type = "number")]
    pub fleet_tokens: u64,
}

/// A budget of the day that is spent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct BlownView {
    /// "cue", "agent", "fleet"
    pub what: String,
    pub name: String,
    pub cue_id: Option<String>,
    /// "$50.02 of the $50.00 that this cue may cost a day"
    pub words: String,
    /// The owner's next midnight.
    #[ts(type = "number")]
    pub until_ms: i64,
}
