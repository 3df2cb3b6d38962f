//! Everything a lane is asked or told, and how it answers.

use std::sync::Arc;

use serde_json::Value;

use crate::Ms;
use crate::attempt::{RestartBy, Usage};
use crate::away::Band;
use crate::check::Proof;
use crate::cue::CueDefinition;
use crate::effect::Effect;
use crate::event::{Event, FileSeen};
use crate::fuse::SpentOf;
use crate::gate::{Gate, Question, Word};
use crate::id::{GateId, OccurrenceId, RunId};
use crate::occurrence::Trigger;
use crate::outcome::{Evidence, Outcome};
use crate::run::Verdict;
use crate::step::Broke;

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
        /// What became of the commands of this lane's runs; one that is not named was never started, or left no trace.
        found: Vec<(RunId, u32, Found)>,
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
    /// A new start of a command under way: its process ends, and the run goes on with the next attempt.
    Restart {
        run_id: RunId,
        by: RestartBy,
    },
    /// It used more than it may, or goes round in circles: its processes are killed, and it ends.
    Blow {
        run_id: RunId,
        /// What was allowed: "$2.00"; None: what stopped it is no number.
        most: Option<String>,
        /// Why: "$2.01 of the $2.00 that a run may cost"
        words: String,
    },
    /// A budget of the day is spent. Runs under way end, and nothing begins until then.
    Spent {
        until: Ms,
        words: String,
        of: SpentOf,
    },
    /// It was raised, or the day it was spent on is not today.
    BudgetRaised,
    /// The pools gave this attempt what it uses.
    Permitted {
        run_id: RunId,
        number: u32,
    },
    /// The pools cannot ever give it what it uses.
    NotPermitted {
        run_id: RunId,
        number: u32,
        words: String,
    },
    /// A worker takes the run.
    Claim {
        run_id: RunId,
        worker: String,
    },
    /// A sign of life of a run: from the worker that claimed it, or from the holder of an attempt's token.
    Extend {
        run_id: RunId,
        attempt: Option<u32>,
        worker: Option<String>,
    },
    /// A worker gives the run back undone.
    Release {
        run_id: RunId,
        attempt: Option<u32>,
        worker: Option<String>,
        words: String,
    },
    /// Somebody looked at what the run did. `by`: "the owner", "an API key".
    Verify {
        run_id: RunId,
        valid: bool,
        by: String,
        reason: Option<String>,
    },
    /// Somebody will look at it.
    AskVerification {
        run_id: RunId,
    },
    /// More to show for the outcome that was recorded.
    Evidence {
        run_id: RunId,
        attempt: Option<u32>,
        evidence: Box<Evidence>,
    },
    /// A session of a person's own tool has the run; `session` is a digest of its token.
    LiveClaim {
        run_id: RunId,
        session: String,
    },
    /// A step of the run failed for now.
    StepBroke {
        run_id: RunId,
        broke: Box<Broke>,
    },
    /// The step that had broken was done after all.
    StepMended {
        run_id: RunId,
        key: String,
    },
    /// What the checks of a run showed, in their order.
    Checked {
        run_id: RunId,
        number: u32,
        proofs: Vec<Proof>,
    },
    /// Look again: what was missing may be there by now.
    CheckAgain {
        run_id: RunId,
    },
    /// The agent of a run has a question for the owner, or its cue has one about a step of it.
    Ask {
        run_id: RunId,
        attempt: Option<u32>,
        question: Box<Question>,
    },
    /// The owner answers. No door for agents makes one of these.
    AnswerGate {
        run_id: RunId,
        gate_id: GateId,
        word: Word,
    },
    /// The owner wants to be asked again then.
    PutOffGate {
        run_id: RunId,
        gate_id: GateId,
        until: Ms,
    },
    /// The callback of a gate knows the answer, or was given up.
    GateTold {
        run_id: RunId,
        gate_id: GateId,
        words: String,
    },
    Ping(Ping),
    /// Something was done because of the run.
    Note {
        run_id: RunId,
        words: String,
    },
}

/// What a tower that starts finds of the command of one attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// It was, and its end will be told, if it has not ended already.
    Started { pid: Option<u32> },
    /// It was started; nobody knows how it ended.
    Lost { words: String },
    /// It was not started, and will not be.
    NeverStarted,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Exit {
    pub exit_code: Option<i32>,
    pub words: String,
    pub usage: Usage,
}

/// Word from an agent that somebody else started.
#[derive(Debug, Clone, PartialEq)]
pub struct Ping {
    pub kind: PingKind,
    /// When it happened; earlier than now if it could not be told at once.
    pub at: Ms,
    /// The run it is about, if it ended already and was looked up by `at`.
    pub run_id: Option<RunId>,
    /// The agent's own word for this try.
    pub rid: Option<String>,
    /// What the agent says about it, such as the end of its output.
    pub words: Option<String>,
    pub usage: Usage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PingKind {
    Start,
    Success,
    Fail,
    /// It only says something.
    Log,
    Exit(i32),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Fire {
    pub payload: Option<Value>,
    pub send_at: Option<Ms>,
    pub key: Option<String>,
    /// Names that the outcome has to meet.
    pub exit_criteria: Vec<String>,
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
    Exited(Exit),
    /// A check before the delivery failed; nothing was sent. `hold`: it is looked at again later.
    Unready {
        words: String,
        hold: bool,
    },
    /// The checks before the delivery hold, and the rest is not the engine's to do: somebody else takes it.
    Ready,
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
    /// The report stands. `verdict` None: the run goes on (a retry follows). `waits`: somebody has to look at it.
    Recorded {
        verdict: Option<Verdict>,
        reason: Option<String>,
        waits: bool,
    },
    /// It has said so before, at that time, or says so now.
    LiveClaimed {
        at: Ms,
    },
    Claimed {
        number: u32,
        until: Ms,
    },
    Extended {
        until: Option<Ms>,
    },
    /// The gate as it stands.
    Gate {
        gate: Box<Gate>,
        is_new: bool,
    },
    /// The run a ping is about.
    Pinged {
        run_id: RunId,
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
    /// Somebody else has it, or it has ended.
    ClaimFailed,
    /// It is not claimed, so there is no lease to extend.
    NotClaimed,
    /// Another worker has it.
    NotOwner,
    /// It could never be granted while its asker holds what it holds.
    WaitsForItself,
    TooMany,
    /// The account has as many active cues as it may.
    CueLimit,
    /// Nothing can be verified as it stands.
    InvalidState,
    NoOutcome,
    /// Another session has said that it has the run.
    AlreadyAttested,
    /// It is said to be a person's own session, and none has said so.
    LiveClaimUnattested,
    /// Another output stands already.
    StepAlreadyCompleted,
    StepNotFound,
    /// A budget of the day is spent.
    BudgetSpent,
    /// It was answered, or its time is over: the first answer counts.
    GateSettled,
    /// What it asks is not what was shown.
    GateChanged,
    /// Nobody waits for its answer any more.
    GateWithdrawn,
    Invalid,
}

impl RefusalCode {
    pub const ALL: [RefusalCode; 25] = [
        RefusalCode::NotFound,
        RefusalCode::OutcomeAlreadyRecorded,
        RefusalCode::AttemptSuperseded,
        RefusalCode::RunStopped,
        RefusalCode::RunEnded,
        RefusalCode::NotDelivered,
        RefusalCode::RevisionConflict,
        RefusalCode::IdempotencyKeyConflict,
        RefusalCode::ClaimFailed,
        RefusalCode::NotClaimed,
        RefusalCode::NotOwner,
        RefusalCode::WaitsForItself,
        RefusalCode::TooMany,
        RefusalCode::CueLimit,
        RefusalCode::InvalidState,
        RefusalCode::NoOutcome,
        RefusalCode::AlreadyAttested,
        RefusalCode::LiveClaimUnattested,
        RefusalCode::StepAlreadyCompleted,
        RefusalCode::StepNotFound,
        RefusalCode::BudgetSpent,
        RefusalCode::GateSettled,
        RefusalCode::GateChanged,
        RefusalCode::GateWithdrawn,
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
            RefusalCode::ClaimFailed => "claim_failed",
            RefusalCode::NotClaimed => "execution_not_claiming",
            RefusalCode::NotOwner => "not_execution_owner",
            RefusalCode::WaitsForItself => "waits_for_itself",
            RefusalCode::TooMany => "too_many",
            RefusalCode::CueLimit => "cue_limit_exceeded",
            RefusalCode::InvalidState => "invalid_state",
            RefusalCode::NoOutcome => "no_outcome",
            RefusalCode::AlreadyAttested => "already_attested",
            RefusalCode::LiveClaimUnattested => "live_claim_unattested",
            RefusalCode::StepAlreadyCompleted => "step_already_completed",
            RefusalCode::StepNotFound => "step_not_found",
            RefusalCode::BudgetSpent => "budget_spent",
            RefusalCode::GateSettled => "gate_settled",
            RefusalCode::GateChanged => "gate_changed",
            RefusalCode::GateWithdrawn => "gate_withdrawn",
            RefusalCode::Invalid => "invalid",
        }
    }
}
