//! What the owner's door says about the steps of a run, what it used, and how it compares with the last good one.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One page of the steps that stand under one, or at the top; oldest first.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct StepsRequest {
    pub run_id: String,
    /// Ordinal of the step they stand under; null or 0: those at the top.
    pub under: Option<u32>,
    #[serde(default)]
    pub offset: u32,
    /// At most 500.
    pub limit: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Steps {
    pub steps: Vec<StepView>,
    /// Of those that stand there, however many were asked for.
    pub total: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct StepView {
    /// Names the step within its run, from 1.
    pub ordinal: u32,
    /// 0: at the top.
    pub under: u32,
    /// Its number among its siblings, from 1; 0 for a span. With those above it: "3.4".
    pub place: u32,
    pub key: String,
    pub name: String,
    /// "llm", "tool", "http", "decision", "check", "other".
    pub kind: String,
    /// "started", "completed", "failed".
    pub state: String,
    /// "step", "span", "kept" (completed in the run that this one resumes).
    pub source: String,
    /// The attempt that worked on it last.
    pub attempt: u32,
    /// How often it was begun.
    pub tries: u32,
    /// Tries inside of it, such as calls that were answered 429; null: not told.
    pub retries: Option<u32>,
    #[ts(type = "number")]
    pub began_ms: i64,
    #[ts(type = "number | null")]
    pub ended_ms: Option<i64>,
    pub idempotency_key: Option<String>,
    /// One line.
    pub error: Option<String>,
    #[ts(type = "number | null")]
    pub tokens: Option<u64>,
    pub cost_usd: Option<f64>,
    /// "nothing", "said", "table", "not_priced".
    pub priced: String,
    pub model: Option<String>,
    /// Steps that stand right under it.
    pub children: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct StepRef {
    pub run_id: String,
    pub ordinal: u32,
}

/// A step with what it was given and what came of it. Payloads are JSON texts of up to 1 MiB.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct StepStory {
    pub step: StepView,
    pub input: Option<String>,
    pub output: Option<String>,
    /// The whole of it.
    pub error: Option<String>,
    /// Of a span: its attributes.
    pub attributes: Option<String>,
}

/// How many steps a run has, and from when to when they went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct StepsSummary {
    pub begun: u32,
    pub completed: u32,
    pub failed: u32,
    #[ts(type = "number | null")]
    pub first_ms: Option<i64>,
    #[ts(type = "number | null")]
    pub last_ms: Option<i64>,
}

/// What a run used, by who says so; the largest of them counts. Null is "nobody said", which is not 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SpendView {
    #[ts(type = "number | null")]
    pub tokens: Option<u64>,
    pub cost_usd: Option<f64>,
    pub steps: TotalView,
    pub beats: TotalView,
    pub outcome: TotalView,
    /// Calls of models that no price is known for.
    #[ts(type = "number")]
    pub not_priced: u64,
    /// "its steps say $0.41, its outcome says $0.10"
    pub disagreement: Option<String>,
    pub models: Vec<ModelView>,
    /// As its beats said last.
    pub progress: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TotalView {
    #[ts(type = "number | null")]
    pub tokens: Option<u64>,
    pub cost_usd: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ModelView {
    pub model: String,
    #[ts(type = "number")]
    pub calls: u64,
    #[ts(type = "number | null")]
    pub tokens: Option<u64>,
    pub cost_usd: Option<f64>,
    #[ts(type = "number")]
    pub not_priced: u64,
}

/// A run beside the last good one of its cue before it.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Compare {
    /// Null: there is none.
    pub with: Option<CompareWith>,
    pub rows: Vec<CompareRow>,
    /// Steps that one of the two has and the other has not, or that ended differently; at most 50.
    pub steps: Vec<StepDiff>,
    /// One sentence: where the two first part.
    pub first_difference: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct CompareWith {
    pub run_id: String,
    #[ts(type = "number")]
    pub due_ms: i64,
    /// "confirmed" or "claimed".
    pub verdict: String,
}

/// One figure of both; null: not known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CompareRow {
    /// "Processed", "Working time", "Tokens", …
    pub name: String,
    /// "count", "ms", "usd", "percent".
    pub unit: String,
    pub this: Option<f64>,
    pub other: Option<f64>,
    /// Far enough apart to be looked at.
    pub stands_out: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct StepDiff {
    /// "3.4"
    pub number: String,
    pub name: String,
    /// Its ordinal in this run; null: it is not there.
    pub ordinal: Option<u32>,
    /// "completed", "failed", "started", or null: not there.
    pub this: Option<String>,
    pub other: Option<String>,
    /// "429 too many requests"
    pub words: Option<String>,
}

/// The run that another one goes on with, and from where: "step 3 (enrich)".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ResumedView {
    pub run_id: String,
    pub from: String,
}

/// From where a run goes on: what was completed before this step is kept.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunResume {
    pub run_id: String,
    /// Null: from the first step that is not completed.
    pub ordinal: Option<u32>,
}
