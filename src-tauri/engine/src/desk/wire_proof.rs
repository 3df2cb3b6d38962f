//! What was reported of a run, what its cue asked for as proof, and what came of it, in the owner's words.

use cuetower_core::check::Check;
use cuetower_core::expect::Finding;
use cuetower_core::sentence::capital;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct OutcomeView {
    pub success: bool,
    #[ts(type = "number")]
    pub reported_at_ms: i64,
    pub attempt: u32,
    pub late: bool,
    pub result: Option<String>,
    pub error: Option<String>,
    pub summary: Option<String>,
    /// Every other reported field, by name: `processed`, `expected`, `tokens`, `external_id`, `metadata`, …
    #[ts(type = "Record<string, unknown>")]
    pub fields: serde_json::Value,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RefusedReport {
    #[ts(type = "number")]
    pub at_ms: i64,
    pub attempt: Option<u32>,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ProofView {
    /// "At least 150 processed".
    pub claim: String,
    /// None: it is not known yet, or never will be.
    pub passed: Option<bool>,
    /// "reported 3".
    pub found: String,
    /// Of a check that the tower makes itself: `file`, `sql`, …
    pub kind: Option<String>,
    /// What it looked at: the query, path, address or command, without secrets.
    pub detail: Option<String>,
    /// When it looked.
    #[ts(type = "number | null")]
    pub at_ms: Option<i64>,
    #[ts(type = "number | null")]
    pub took_ms: Option<u64>,
}

impl ProofView {
    pub(super) fn of(finding: &Finding, passed: Option<bool>, found: String) -> ProofView {
        let look = finding.look.as_ref();
        ProofView {
            claim: finding.claim.clone(),
            passed,
            found,
            kind: look.map(|look| look.kind.clone()),
            detail: look.map(|look| look.detail.clone()).filter(|detail| !detail.is_empty()),
            at_ms: look.map(|look| look.at.0),
            took_ms: look.map(|look| look.took_ms),
        }
    }

    /// Of a check that was not made, or is being made.
    pub(super) fn unmade(check: &Check, why: &str) -> ProofView {
        ProofView {
            claim: capital(&check.words()),
            passed: None,
            found: why.to_owned(),
            kind: Some(check.what.word().to_owned()),
            detail: Some(check.detail()).filter(|detail| !detail.is_empty()),
            at_ms: None,
            took_ms: None,
        }
    }
}
