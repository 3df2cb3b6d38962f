//! What an agent reported about a run. Whether it is believed is `expect`'s question.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Ms;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcome {
    pub success: bool,
    pub result: Option<String>,
    pub error: Option<String>,
    pub summary: Option<String>,
    pub external_id: Option<String>,
    pub result_url: Option<String>,
    pub result_ref: Option<String>,
    pub result_type: Option<String>,
    pub artifacts: Vec<Value>,
    /// Records worked on, of them wrong, and how many there should have been.
    pub processed: Option<f64>,
    pub errors: Option<f64>,
    pub expected: Option<f64>,
    pub tokens: Option<f64>,
    pub cost_usd: Option<f64>,
    /// When the agent wants its next run, if it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_run: Option<NextRun>,
    /// Free form, at most 10 KiB of JSON; `Null` if none.
    pub metadata: Value,
}

/// The next run that an agent asks for; within the limits of its cue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextRun {
    At(Ms),
    /// Counted from the report.
    InMs(u64),
}

impl Outcome {
    /// The outcome a process makes by ending, for cues confirmed by their exit code.
    #[must_use]
    pub fn of_exit(success: bool, words: &str) -> Outcome {
        let words = Some(words.to_owned());
        if success {
            Outcome { success, result: words, ..Outcome::default() }
        } else {
            Outcome { success, error: words, ..Outcome::default() }
        }
    }
}
