//! Everything a lane is asked or told, and how it answers.

use std::sync::Arc;

use serde_json::Value;

use crate::Ms;
use crate::away::Band;
use crate::cue::CueDefinition;
use crate::effect::Effect;
use crate::event::{Event, FileSeen};
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
    /// Until it is resumed, or until then.
    Pause {
        until: Option<Ms>,
    },
    Resume,
    Delete,
    Fire(Fire),
    /// Something outside fires it: another cue's end, its URL, a file. Policies hold it as they hold what is scheduled.
    Triggered(Triggered),
    /// A new trigger URL (the older one ends), or none.
    TriggerUrl {
        wanted: bool,
    },
    /// What watched files look like now; all of them.
    Files {
        seen: Vec<(String, FileSeen)>,
        firing: bool,
    },
    /// Run or skip a held occurrence that asks.
    Answer {
        occurrence_id: OccurrenceId,
        run: bool,
    },
    /// Time has passed. `away`: when nothing could be fired, newest last.
    Tick {
        away: Arc<[Band]>,
        firing: bool,
    },
    /// The machine slept, or its clock was set (forward: positive): waiting times are as long as they were.
    Shifted {
        slept_ms: u64,
        stepped_ms: i64,
    },
    /// The tower starts again. It was last known to be up at `alive_at`; after a crash (not `orderly`) what was due
    /// around then may or may not have been delivered.
    Recovered {
        alive_at: Ms,
        orderly: bool,
        firing: bool,
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

#[derive(Debug, Clone, PartialEq)]
pub struct Triggered {
    pub trigger: Trigger,
    pub payload: Option<Value>,
    pub key: Option<String>,
    /// All firing may be paused.
    pub firing: bool,
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
