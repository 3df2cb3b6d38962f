//! What the owner's door says of what is usual for a cue.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

// ---- cue_envelope: CueRef -> EnvelopeView

/// What the last good runs of a cue used, and from where on a run is not as usual.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct EnvelopeView {
    /// Good runs that it rests on, at most 50.
    pub runs: u32,
    /// Those of which anything is known, in the order `duration`, `tokens`, `cost`, `steps`, `processed`.
    pub measures: Vec<MeasureView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MeasureView {
    /// `duration`, `tokens`, `cost`, `steps`, `processed`.
    pub measure: String,
    /// `ms`, `tokens`, `usd`, `steps`, `records`.
    pub unit: String,
    /// None until ten runs told of it: nothing unmeasured is drawn.
    pub band: Option<BandOf>,
    /// Of each run that told of it, newest last.
    pub values: Vec<f64>,
    /// Their runs.
    pub run_ids: Vec<String>,
}

/// What is normal, in the measure's unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct BandOf {
    /// Values it rests on.
    pub n: u32,
    pub median: f64,
    pub mad: f64,
    /// Outside of these two an alert is opened.
    pub low: f64,
    pub high: f64,
    /// What is drawn.
    pub p5: f64,
    pub p95: f64,
}
