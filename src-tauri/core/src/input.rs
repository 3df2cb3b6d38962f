//! Everything a lane is asked or told, and how it answers.

use serde_json::Value;

use crate::Ms;
use crate::cue::CueDefinition;
use crate::effect::Effect;
use crate::event::Event;
use crate::id::{OccurrenceId, RunId};
use crate::occurrence::Trigger;
use crate::outcome::Outcome;
use crate::run::Verdict;

#[derive(Debug, Clone)]
pub enum Input {
    /// A new definition; `revision` is the one that was edited, if the editor said so.
    Edit {
        definition: Box<CueDefinition>,
        revision: Option<u64>,
    },
    Pause,
    Resume,
    Delete,
    Fire(Fire),
    /// Time has passed. `up_since`: when the tower started; what was due before it was missed while it was off.
    Tick {
        up_since: Ms,
        firing: bool,
    },
    /// The tower starts again. It was last known to be up at `alive_at`; after a crash (not `orderly`) what was due
    /// around then may or may not have been delivered.
    Recovered {
        alive_at: Ms,
        orderly: bool,
    },
    /// The armed delivery of this run went out by its licence, but the batch that said so could not be written.
    WentOut {
        run_id: RunId,
    },
    Delivery {
        run_id: RunId,
        number: u32,
        result: DeliveryResult,
    },
    Report {
        run_id: RunId,
        attempt: Option<u32>,
        outcome: Box<Outcome>,
    },
    Stop {
        run_id: RunId,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Fire {
    pub payload: Option<Value>,
    pub send_at: Option<Ms>,
    pub key: Option<String>,
    pub trigger: Trigger,
}

/// What became of one attempt, told by the engine's `deliver`.
#[derive(Debug, Clone, PartialEq)]
pub enum DeliveryResult {
    Answered {
        status: u16,
        words: String,
        retry_after_ms: Option<u64>,
        outcome: Option<Box<Outcome>>,
    },
    /// Sent whole; no answer within the time-out.
    Unanswered {
        words: String,
    },
    /// Nothing reached the agent: refused connection, missing program, missing secret.
    NotDelivered {
        words: String,
    },
    Started {
        pid: u32,
    },
    Exited {
        exit_code: Option<i32>,
        words: String,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub events: Vec<Event>,
    pub effects: Vec<Effect>,
    pub answer: Answer,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Done,
    Fired {
        run_id: RunId,
        occurrence_id: OccurrenceId,
        due: Ms,
    },
    /// The report stands. `verdict` None: the run goes on (a retry follows).
    Recorded {
        verdict: Option<Verdict>,
        reason: Option<String>,
    },
    Refused(Refusal),
}

/// A refusal is a value, not an error: the lane is fine, the request is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: RefusalCode,
    /// One sentence: what is wrong and what would be right.
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalCode {
    NotFound,
    /// Another outcome stands already.
    OutcomeAlreadyRecorded,
    /// The reporter holds an older attempt.
    AttemptSuperseded,
    RunStopped,
    RunEnded,
    NotDelivered,
    RevisionConflict,
    IdempotencyKeyConflict,
    TooMany,
    Invalid,
}

impl RefusalCode {
    pub const ALL: [RefusalCode; 10] = [
        RefusalCode::NotFound,
        RefusalCode::OutcomeAlreadyRecorded,
        RefusalCode::AttemptSuperseded,
        RefusalCode::RunStopped,
        RefusalCode::RunEnded,
        RefusalCode::NotDelivered,
        RefusalCode::RevisionConflict,
        RefusalCode::IdempotencyKeyConflict,
        RefusalCode::TooMany,
        RefusalCode::Invalid,
    ];

    /// As the doors say it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            RefusalCode::NotFound => "not_found",
            RefusalCode::OutcomeAlreadyRecorded => "outcome_already_recorded",
            RefusalCode::AttemptSuperseded => "attempt_superseded",
            RefusalCode::RunStopped => "run_stopped",
            RefusalCode::RunEnded => "run_ended",
            RefusalCode::NotDelivered => "not_delivered",
            RefusalCode::RevisionConflict => "revision_conflict",
            RefusalCode::IdempotencyKeyConflict => "idempotency_key_conflict",
            RefusalCode::TooMany => "too_many",
            RefusalCode::Invalid => "invalid",
        }
    }
}
