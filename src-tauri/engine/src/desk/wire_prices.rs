//! What the owner's door says about prices of models, and about what was spent.
//!
//! Amounts are dollars. Null is "nobody said", which is not 0.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

// ---- prices: Nothing -> Prices · price_set: PriceSet -> Prices · price_remove: PriceRef -> Prices

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Prices {
    /// By name.
    pub prices: Vec<PriceView>,
    /// The day that the prices of the program are of: "2026-11-04".
    pub as_of: String,
    /// Where they are from.
    pub source: String,
    /// What is not in them, in sentences.
    pub notes: String,
    /// When the owner last set one; null: there is none of the owner's.
    #[ts(type = "number | null")]
    pub own_changed_ms: Option<i64>,
}

/// What a million tokens of a model cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct PriceView {
    /// One that ends in `*` stands for every name that begins so.
    pub model: String,
    /// Other names that it is known by.
    pub aliases: Vec<String>,
    /// "openai"; null for a model that the program knows nothing of.
    pub provider: Option<String>,
    pub input_usd: f64,
    pub output_usd: f64,
    /// Null: as input.
    pub cached_input_usd: Option<f64>,
    /// Null: as output.
    pub reasoning_usd: Option<f64>,
    /// Set by the owner.
    pub own: bool,
    /// When it was.
    #[ts(type = "number | null")]
    pub set_at_ms: Option<i64>,
    /// Of the owner's: what the program has for this model, which holds again when the owner's is taken away.
    pub shipped: Option<ShippedPrice>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ShippedPrice {
    pub input_usd: f64,
    pub output_usd: f64,
    pub cached_input_usd: Option<f64>,
    pub reasoning_usd: Option<f64>,
}

/// From now on: what was told before keeps the cost it had.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct PriceSet {
    /// 1 to 200 characters; `gpt-4o*` stands for every name that begins so.
    pub model: String,
    /// Each from 0 to 100,000 dollars for a million tokens.
    pub input_usd: f64,
    pub output_usd: f64,
    #[serde(default)]
    pub cached_input_usd: Option<f64>,
    #[serde(default)]
    pub reasoning_usd: Option<f64>,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct PriceRef {
    pub model: String,
}

// ---- costs: CostsRequest -> Costs · costs_today: Nothing -> CostsToday

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct CostsRequest {
    /// With today; 1 to 366.
    pub days: u32,
}

/// What was spent on the owner's days. An agent's day is the larger of what its beats say and what its runs say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Costs {
    /// The days, oldest first: "2026-11-21"; the last is today.
    pub days: Vec<String>,
    pub today: CostTotal,
    pub last_7_days: CostTotal,
    pub last_30_days: CostTotal,
    /// Of the days that were asked for, as are the lists.
    pub total: CostTotal,
    /// One for each of `days`.
    pub by_day: Vec<CostTotal>,
    /// Dearest first.
    pub by_agent: Vec<AgentCost>,
    /// Dearest first; each cue that ran on these days.
    pub by_cue: Vec<CueCost>,
    /// Dearest first.
    pub by_model: Vec<ModelCost>,
    /// Runs that were due on these days and have ended.
    pub runs: u32,
    /// Of them, those that told nothing of what they used.
    pub runs_untold: u32,
    /// What went to runs that were not confirmed, by how they ended.
    pub unproven: Vec<VerdictCost>,
    /// Calls of models that no price is known for, and calls that name no model.
    #[ts(type = "number")]
    pub not_priced: u64,
    /// The newest 20, where a run's steps, beats and outcome do not say the same.
    pub disagreements: Vec<CostDisagreement>,
    pub disagreements_total: u32,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct CostTotal {
    #[ts(type = "number | null")]
    pub tokens: Option<u64>,
    pub cost_usd: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AgentCost {
    /// "" for runs of cues that name no agent.
    pub agent: String,
    /// Whose; null: the owner's own.
    pub account: Option<String>,
    pub today: CostTotal,
    pub total: CostTotal,
    /// One for each of the days, in dollars.
    pub days: Vec<Option<f64>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CueCost {
    pub cue_id: String,
    pub cue: String,
    pub agent: String,
    pub deleted: bool,
    pub today: CostTotal,
    pub total: CostTotal,
    /// Runs that were due on these days and have ended.
    pub runs: u32,
    pub runs_untold: u32,
    /// What all of it cost, for each run that was confirmed and told what it used; null: none was.
    pub per_confirmed_usd: Option<f64>,
    /// What went to runs that ended otherwise.
    pub unproven_usd: Option<f64>,
    #[ts(type = "number")]
    pub not_priced: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ModelCost {
    /// As it was reported; "no model named" and "other models" stand for those that are not one by one.
    pub model: String,
    #[ts(type = "number")]
    pub calls: u64,
    #[ts(type = "number | null")]
    pub input: Option<u64>,
    #[ts(type = "number | null")]
    pub output: Option<u64>,
    #[ts(type = "number | null")]
    pub cached_input: Option<u64>,
    #[ts(type = "number | null")]
    pub reasoning: Option<u64>,
    pub today: CostTotal,
    pub total: CostTotal,
    /// Of the calls.
    #[ts(type = "number")]
    pub not_priced: u64,
    /// Whether the table has a price for it now.
    pub has_price: bool,
}

/// Runs that ended so: "claimed", "refuted", "failed", "silent", "stopped", "cancelled".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct VerdictCost {
    pub verdict: String,
    /// That told what they used.
    pub runs: u32,
    pub cost_usd: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CostDisagreement {
    pub run_id: Option<String>,
    pub cue: Option<String>,
    pub agent: String,
    #[ts(type = "number")]
    pub at_ms: i64,
    /// "its steps say $0.41, its outcome says $0.10"
    pub words: String,
    /// What counts: the largest.
    pub cost_usd: Option<f64>,
}

/// What the owner's day has cost so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CostsToday {
    pub day: String,
    pub today: CostTotal,
    /// The same as `CueCost.today` in dollars, by the cue's id; cues of which nobody told are left out.
    pub cues: BTreeMap<String, f64>,
}
