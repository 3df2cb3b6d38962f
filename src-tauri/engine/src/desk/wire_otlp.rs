//! What the owner's door says about OpenTelemetry: telemetry that belongs to no run, and the tower's own runs as traces.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

// ---- spans_apart: SpansApartRequest -> SpansApart

/// Telemetry that belongs to no known run.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct SpansApartRequest {
    /// Of this agent alone.
    #[serde(default)]
    pub agent: Option<String>,
    /// 1 to 500; null: 100.
    #[serde(default)]
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SpansApart {
    /// Newest first.
    pub apart: Vec<ApartView>,
}

/// What one agent's telemetry told on one of the owner's days, outside of its runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ApartView {
    /// In the place of a run's id for `run_steps` and `run_step`.
    pub id: String,
    /// Its `service.name`, or "unknown".
    pub agent: String,
    /// "2026-11-22".
    pub day: String,
    pub spans: u32,
    /// Of all that came; some may have gone to their run since.
    pub failed: u32,
    #[ts(type = "number | null")]
    pub tokens: Option<u64>,
    pub cost_usd: Option<f64>,
    #[ts(type = "number")]
    pub not_priced: u64,
    #[ts(type = "number | null")]
    pub last_ms: Option<i64>,
    /// Whose key it came with; null: the owner's.
    pub account: Option<String>,
}

// ---- otlp_out_get: Nothing -> OtlpOut · otlp_out_set: OtlpOutSet -> OtlpOut

/// Where ended runs go as traces, and how that goes. Counts are since the tower started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct OtlpOut {
    /// "https://collector.example.com/v1/traces"; null: they go nowhere.
    pub endpoint: Option<String>,
    /// Secrets by their names: `Bearer {{secret:COLLECTOR}}`.
    pub headers: Vec<HeaderPair>,
    #[ts(type = "number | null")]
    pub set_at_ms: Option<i64>,
    /// Runs that were sent.
    #[ts(type = "number")]
    pub sent: u64,
    #[ts(type = "number | null")]
    pub sent_at_ms: Option<i64>,
    /// Runs that have ended and are still to be sent; counted up to 1000.
    pub waiting: u32,
    /// Why the last try failed, in one line; null: it did not.
    pub trouble: Option<String>,
    /// Runs that the collector refused for good, and what it said of the last of them.
    #[ts(type = "number")]
    pub refused: u64,
    pub refused_words: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HeaderPair {
    pub name: String,
    pub value: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct OtlpOutSet {
    /// A URL; without a path it gets `/v1/traces`. Null: nothing is sent any more.
    pub endpoint: Option<String>,
    #[serde(default)]
    pub headers: Vec<HeaderPair>,
}
