//! Steps: the named, durable parts of a run. They nest. What a run's agent begins and ends over HTTP, and the spans that its
//! telemetry tells of, fill one tree.
//!
//! The steps of a run are a unit beside its lane ([`Book`]), because there may be a hundred thousand of them; the lane hears
//! of them only what moves its run: a sign of life, and which step broke. A book holds what decisions need; names, payloads
//! and the rest stand in rows.

mod book;
mod change;
mod input;
mod sums;
#[cfg(test)]
mod tests;
mod tree;

use serde::{Deserialize, Serialize};

use crate::Ms;

pub use self::book::{Book, Decided, Node, NodeRow, STEPS_MAX};
pub use self::change::{Change, Row};
pub use self::input::{Answer, Begin, Done, Fail, SpanSeen, StepInput, Told, run_of_trace, trace_of_run};
pub use self::sums::{ModelSum, SUM_MOST, Sums, Total};
pub use self::tree::{OTHER_MODELS, UNNAMED_MODEL};

/// Of a step's key, in bytes.
pub const KEY_BYTES_MAX: usize = 200;
/// Of a step's name, in characters; longer ones are cut.
pub const NAME_CHARS_MAX: usize = 200;
/// Of each payload, as JSON.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;
/// Of an error as it is shown in a line; the whole of it is a payload.
pub const ERROR_CHARS_MAX: usize = 500;
/// Steps within steps.
pub const DEPTH_MAX: usize = 64;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    Llm,
    Tool,
    Http,
    Decision,
    Check,
    #[default]
    Other,
}

impl StepKind {
    pub const ALL: [StepKind; 6] =
        [StepKind::Llm, StepKind::Tool, StepKind::Http, StepKind::Decision, StepKind::Check, StepKind::Other];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            StepKind::Llm => "llm",
            StepKind::Tool => "tool",
            StepKind::Http => "http",
            StepKind::Decision => "decision",
            StepKind::Check => "check",
            StepKind::Other => "other",
        }
    }

    #[must_use]
    pub fn of(word: &str) -> Option<StepKind> {
        StepKind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Begun, and no end was told.
    Started,
    Completed,
    Failed,
}

impl StepState {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            StepState::Started => "started",
            StepState::Completed => "completed",
            StepState::Failed => "failed",
        }
    }

    #[must_use]
    pub fn of(word: &str) -> Option<StepState> {
        [StepState::Started, StepState::Completed, StepState::Failed].into_iter().find(|state| state.word() == word)
    }
}

/// Who told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Its agent began it.
    Step,
    /// A span of its telemetry.
    Span,
    /// It was completed in the run that this one resumes.
    Kept,
}

impl Source {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Source::Step => "step",
            Source::Span => "span",
            Source::Kept => "kept",
        }
    }

    #[must_use]
    pub fn of(word: &str) -> Option<Source> {
        [Source::Step, Source::Span, Source::Kept].into_iter().find(|source| source.word() == word)
    }
}

/// The step that broke last in a run, until it is mended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broke {
    pub key: String,
    /// Its place among its siblings, and theirs above it: "3", "3.4".
    pub number: String,
    pub name: String,
    /// One line, at most [`ERROR_CHARS_MAX`] characters.
    pub error: String,
    pub attempt: u32,
    pub at: Ms,
}

/// The key that goes along with a step's outside call: the same on every try of it.
#[must_use]
pub fn idempotency_key(of_run: &str, ordinal: u32) -> String {
    format!("{of_run}-{ordinal}")
}
