//! What the steps of a run are told, and how they answer.

use crate::Ms;
use crate::id::RunId;
use crate::input::Refusal;
use crate::spend::{Nanousd, Spend};

use super::{Broke, StepKind, StepState};

#[derive(Debug, Clone, PartialEq)]
pub enum StepInput {
    Begin(Begin),
    Complete {
        key: String,
        done: Done,
    },
    Fail {
        key: String,
        fail: Fail,
    },
    /// A sign of life with what was used since the one before.
    Beat {
        tokens: Option<u64>,
        cost: Option<Nanousd>,
        progress: Option<f64>,
        message: Option<String>,
    },
    /// What the outcome says that the whole run used.
    Said {
        tokens: Option<u64>,
        cost: Option<Nanousd>,
    },
    Spans(Vec<SpanSeen>),
}

/// Payloads are JSON texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Begin {
    pub key: String,
    pub name: Option<String>,
    pub kind: Option<StepKind>,
    pub parent: Option<String>,
    pub model: Option<String>,
    pub input: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Done {
    pub output: Option<String>,
    /// A digest of `output`, to know the same again.
    pub digest: u64,
    pub spend: Spend,
    /// Tries inside the step, such as calls that were answered 429.
    pub retries: Option<u32>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fail {
    /// As it was told; the whole of it is kept as a payload.
    pub error: String,
    pub done: Done,
}

/// A span of an agent's telemetry, whatever its conventions were.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanSeen {
    /// 32 and 16 hexadecimal digits.
    pub trace: String,
    pub span: String,
    /// Another span's 16 digits, or a step's key.
    pub parent: Option<String>,
    pub name: String,
    pub kind: StepKind,
    pub began: Ms,
    pub ended: Ms,
    pub error: Option<String>,
    pub spend: Spend,
    pub retries: Option<u32>,
    pub input: Option<String>,
    pub output: Option<String>,
    /// Its attributes, a JSON object.
    pub attributes: Option<String>,
}

/// How it was taken.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Do it, with this key for the outside call.
    Started {
        ordinal: u32,
        idempotency_key: String,
        attempt: u32,
        tries: u32,
    },
    /// It was done already; the output stands in the payload of this step.
    Completed {
        ordinal: u32,
        idempotency_key: String,
    },
    /// What was told stands.
    Noted(StepState),
    /// How many spans were new, and how many there was no room for.
    Spans {
        taken: u32,
        refused: u32,
    },
    Done,
    Refused(Refusal),
}

/// What the lane of the run has to hear.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    /// All of it was told before, such as by a client that did not hear the answer.
    pub again: bool,
    /// Of spans, those that are new, by their place in the input.
    pub spans: Vec<u32>,
    pub broke: Option<Broke>,
    /// The key of a step that is whole again.
    pub mended: Option<String>,
}

impl Begin {
    #[must_use]
    pub fn shown_name(&self) -> &str {
        self.said_name().unwrap_or(&self.key)
    }

    #[must_use]
    pub fn said_name(&self) -> Option<&str> {
        self.name.as_deref().filter(|name| !name.trim().is_empty())
    }
}

/// The run that a trace belongs to, if its id was made by the tower: trace ids are run ids without their dashes.
#[must_use]
pub fn run_of_trace(trace: &str) -> Option<RunId> {
    let parts = [trace.get(..8)?, trace.get(8..12)?, trace.get(12..16)?, trace.get(16..20)?, trace.get(20..32)?];
    (trace.len() == 32 && trace.bytes().all(|digit| digit.is_ascii_hexdigit())).then(|| RunId(parts.join("-")))
}

/// The trace id that a run's deliveries carry.
#[must_use]
pub fn trace_of_run(run: &RunId) -> String {
    run.0.replace('-', "")
}
