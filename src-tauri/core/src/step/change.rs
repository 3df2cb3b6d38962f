//! What a decision about steps changes in their rows.

use crate::Ms;
use crate::spend::Spend;

use super::{Source, SpanSeen, StepKind, StepState};

/// A step that is new.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Of its run, from 1; never given twice.
    pub ordinal: u32,
    /// The ordinal of the step it stands under; 0: none.
    pub under: u32,
    /// Among its siblings that were begun as steps, from 1; 0 for spans.
    pub place: u32,
    pub key: String,
    /// As it was named; the row of that name may come later, or never.
    pub parent: Option<String>,
    pub name: String,
    pub kind: StepKind,
    pub state: StepState,
    pub source: Source,
    pub attempt: u32,
    pub tries: u32,
    pub retries: Option<u32>,
    pub began: Ms,
    pub ended: Option<Ms>,
    pub idempotency_key: Option<String>,
    pub error: Option<String>,
    pub spend: Spend,
    pub input: Option<String>,
    pub output: Option<String>,
    pub whole_error: Option<String>,
    pub attributes: Option<String>,
    pub digest: u64,
}

impl Row {
    /// The span that it was made of.
    #[must_use]
    pub fn into_span(self, trace: &str) -> SpanSeen {
        SpanSeen {
            trace: trace.to_owned(),
            span: self.key,
            parent: self.parent,
            name: self.name,
            kind: self.kind,
            began: self.began,
            ended: self.ended.unwrap_or(self.began),
            error: self.whole_error.or(self.error),
            spend: self.spend,
            retries: self.retries,
            input: self.input,
            output: self.output,
            attributes: self.attributes,
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    New(Box<Row>),
    /// Begun once more.
    Again {
        ordinal: u32,
        attempt: u32,
        tries: u32,
        at: Ms,
        input: Option<String>,
        name: String,
        /// None: as before.
        model: Option<String>,
    },
    Ended {
        ordinal: u32,
        state: StepState,
        at: Ms,
        error: Option<String>,
        whole_error: Option<String>,
        output: Option<String>,
        digest: u64,
        spend: Spend,
        retries: Option<u32>,
    },
    /// The one it stands under has come.
    Moved {
        ordinal: u32,
        under: u32,
    },
}
