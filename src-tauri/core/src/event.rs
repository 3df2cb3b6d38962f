//! Facts of a lane, as they are journaled. An event says what was decided, never what should be done about it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Ms;
use crate::attempt::{RestartBy, Usage};
use crate::cue::{CueDefinition, CueStatus};
use crate::expect::Finding;
use crate::fuse::SpentOf;
use crate::gate::Fact;
use crate::id::{CueId, OccurrenceId, RunId};
use crate::occurrence::{Armed, End};
use crate::outcome::{Evidence, Outcome};
use crate::run::{HeldBy, Run, Verdict};
use crate::step::Broke;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// Created (revision 1) or edited. Instants count from here on.
    CueDefined {
        cue_id: CueId,
        revision: u64,
        definition: Arc<CueDefinition>,
    },
    /// Paused, resumed (instants count from here on), completed, failed, deleted.
    CueStatusChanged {
        status: CueStatus,
        /// Of a pause: it ends by itself then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Ms>,
        /// Of a resumption: instants count from here on, not from the moment it was noticed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Ms>,
    },
    /// The number of the trigger URL that is good from here on; None: none is.
    TriggerUrlChanged {
        number: Option<u64>,
    },
    /// What watched files look like now. `baseline`: none of it was news.
    PathsSeen {
        baseline: bool,
        seen: Vec<(String, FileSeen)>,
        gone: Vec<String>,
    },
    /// A budget of the day is spent: nothing begins until then.
    BudgetSpent {
        until: Ms,
        words: String,
        of: SpentOf,
    },
    /// The budget that was spent is not any more.
    BudgetRaised {},
    OccurrenceArmed {
        armed: Armed,
        fire_key: Option<FireKey>,
    },
    /// Due, but waits: the reason is shown.
    OccurrenceHeld {
        id: OccurrenceId,
        by: String,
        /// For the owner's word.
        #[serde(default, skip_serializing_if = "is_false")]
        asks: bool,
    },
    /// Scheduled instants of a long absence that all end the same way: one record for all of them. None of them was armed.
    SpanEnded {
        id: OccurrenceId,
        from: Ms,
        to: Ms,
        count: u64,
        end: End,
    },
    OccurrenceEnded {
        id: OccurrenceId,
        due: Ms,
        end: End,
    },
    /// The occurrence ran: its run exists, with attempt 1 under way.
    RunBegan {
        run_id: RunId,
        occurrence_id: OccurrenceId,
    },
    AttemptBegan {
        run_id: RunId,
        number: u32,
    },
    /// The attempt waits before its delivery.
    AttemptHeld {
        run_id: RunId,
        number: u32,
        by: HeldBy,
        words: String,
        /// Looked at again then; None: it is told.
        until: Option<Ms>,
    },
    /// What it waited for is there: it is being delivered.
    AttemptReleased {
        run_id: RunId,
        number: u32,
    },
    /// It is there to be claimed, or its first ping is expected.
    AttemptOffered {
        run_id: RunId,
        number: u32,
        until: Ms,
    },
    /// A worker took it.
    AttemptClaimed {
        run_id: RunId,
        number: u32,
        worker: String,
        until: Ms,
        deadline: Option<Ms>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fuse: Option<Ms>,
    },
    /// A sign of life of whoever has it.
    LeaseExtended {
        run_id: RunId,
        number: u32,
        until: Ms,
    },
    /// Word from the agent itself that its work began.
    AttemptPinged {
        run_id: RunId,
        number: u32,
        rid: Option<String>,
    },
    /// The agent has the work: 2xx, process started — or sent whole and unanswered (`answered: false`).
    AttemptDelivered {
        run_id: RunId,
        number: u32,
        answered: bool,
        words: String,
        http_status: Option<u16>,
        pid: Option<u32>,
        /// When silence begins, if no outcome comes.
        deadline: Option<Ms>,
        /// When its budget of time is spent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fuse: Option<Ms>,
    },
    /// Word of a delivery whose fate was settled already, by an outcome or a newer attempt.
    AttemptNoted {
        run_id: RunId,
        number: u32,
        words: String,
        http_status: Option<u16>,
    },
    /// The process of a delivered attempt is gone.
    AttemptExited {
        run_id: RunId,
        number: u32,
        words: String,
        exit_code: Option<i32>,
        deadline: Option<Ms>,
        #[serde(default, skip_serializing_if = "Usage::is_unknown")]
        usage: Usage,
    },
    AttemptFailed {
        run_id: RunId,
        number: u32,
        words: String,
        http_status: Option<u16>,
        exit_code: Option<i32>,
        /// The tower stopped under it: its fate is not known.
        lost: bool,
        retry_at: Option<Ms>,
        #[serde(default, skip_serializing_if = "Usage::is_unknown")]
        usage: Usage,
    },
    /// A long-lived command ended, and is started again.
    AttemptRestarting {
        run_id: RunId,
        number: u32,
        words: String,
        exit_code: Option<i32>,
        usage: Usage,
        retry_at: Ms,
        /// It ended too soon, once too often: from now on this is a crash loop.
        crash_loop: bool,
    },
    /// Its process is told to end, and the run goes on with the next attempt.
    RestartAsked {
        run_id: RunId,
        number: u32,
        by: RestartBy,
    },
    /// After a crash loop it has lived long enough to be trusted again.
    AttemptSteady {
        run_id: RunId,
        number: u32,
    },
    /// The tower was away: its clocks stood still.
    DeadlineMoved {
        run_id: RunId,
        deadline: Ms,
    },
    /// The tower was away: the budget of time stood still.
    FuseMoved {
        run_id: RunId,
        fuse: Ms,
    },
    /// The tower was away: a wait before the delivery is as long as it was.
    WaitMoved {
        run_id: RunId,
        until: Ms,
    },
    /// The clock was set: the wait for the next attempt is as long as it was.
    RetryMoved {
        run_id: RunId,
        retry_at: Ms,
    },
    /// Recorded for good. `late`: after the run had ended.
    OutcomeReported {
        run_id: RunId,
        number: u32,
        late: bool,
        outcome: Box<Outcome>,
    },
    RunEnded {
        run_id: RunId,
        verdict: Verdict,
        late: bool,
        findings: Vec<Finding>,
        /// Somebody has to look at what it did first: what follows from its end waits for that.
        #[serde(default, skip_serializing_if = "is_false")]
        held: bool,
    },
    /// Somebody is to look at what it did. What followed from its end stands.
    VerificationAsked {
        run_id: RunId,
    },
    /// Somebody looked. `follows`: what its end brings about, it brings about now.
    RunVerified {
        run_id: RunId,
        valid: bool,
        by: String,
        reason: Option<String>,
        verdict: Verdict,
        follows: bool,
        /// How it had ended when something followed from that already.
        revises: Option<Verdict>,
    },
    /// Shown after the outcome of that attempt was recorded. `findings`: what the cue asked for, looked at again.
    EvidenceAdded {
        run_id: RunId,
        number: u32,
        evidence: Box<Evidence>,
        findings: Vec<Finding>,
    },
    /// A session of a person's own tool says that it has the run; `session` is a digest of its token.
    LiveClaimed {
        run_id: RunId,
        session: String,
    },
    /// A step failed; shown until it is mended.
    StepBroke {
        run_id: RunId,
        broke: Box<Broke>,
    },
    /// The step that had broken was done after all.
    StepMended {
        run_id: RunId,
    },
    /// The tower began to look whether a success is one. `late`: after the run had ended; `findings`: what the report shows.
    ChecksBegan {
        run_id: RunId,
        number: u32,
        late: bool,
        findings: Vec<Finding>,
        /// Of one that had ended: as it stood. The lane had let it go, and has to have it again until the look is over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recalled: Option<Box<Run>>,
    },
    /// It looked, or gave up looking, and how the run ended stands.
    ChecksEnded {
        run_id: RunId,
        findings: Vec<Finding>,
    },
    /// Something was done because of the run.
    RunNoted {
        run_id: RunId,
        words: String,
    },
    /// What became of a question to the owner.
    Gate {
        run_id: RunId,
        #[serde(flatten)]
        fact: Fact,
    },
    /// A report that was not taken.
    ReportRefused {
        run_id: RunId,
        attempt: Option<u32>,
        reason: String,
    },
}

/// How a watched file looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSeen {
    /// Unix milliseconds, as the file system says it.
    pub modified_ms: i64,
    pub bytes: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// A fire's idempotency key, good for 24 h.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FireKey {
    pub key: String,
    /// The request it came with, in canonical text: another one under the same key is a conflict.
    pub request: String,
}

impl Event {
    /// The word under `kind`, for the journal's column and for logs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Event::CueDefined { .. } => "cue_defined",
            Event::CueStatusChanged { .. } => "cue_status_changed",
            Event::TriggerUrlChanged { .. } => "trigger_url_changed",
            Event::PathsSeen { .. } => "paths_seen",
            Event::BudgetSpent { .. } => "budget_spent",
            Event::BudgetRaised {} => "budget_raised",
            Event::OccurrenceArmed { .. } => "occurrence_armed",
            Event::OccurrenceHeld { .. } => "occurrence_held",
            Event::OccurrenceEnded { .. } => "occurrence_ended",
            Event::SpanEnded { .. } => "span_ended",
            Event::RunBegan { .. } => "run_began",
            Event::AttemptBegan { .. } => "attempt_began",
            Event::AttemptHeld { .. } => "attempt_held",
            Event::AttemptReleased { .. } => "attempt_released",
            Event::AttemptOffered { .. } => "attempt_offered",
            Event::AttemptClaimed { .. } => "attempt_claimed",
            Event::LeaseExtended { .. } => "lease_extended",
            Event::AttemptPinged { .. } => "attempt_pinged",
            Event::AttemptRestarting { .. } => "attempt_restarting",
            Event::RestartAsked { .. } => "restart_asked",
            Event::AttemptSteady { .. } => "attempt_steady",
            Event::FuseMoved { .. } => "fuse_moved",
            Event::WaitMoved { .. } => "wait_moved",
            Event::ChecksBegan { .. } => "checks_began",
            Event::ChecksEnded { .. } => "checks_ended",
            Event::RunNoted { .. } => "run_noted",
            Event::AttemptDelivered { .. } => "attempt_delivered",
            Event::AttemptNoted { .. } => "attempt_noted",
            Event::AttemptExited { .. } => "attempt_exited",
            Event::AttemptFailed { .. } => "attempt_failed",
            Event::DeadlineMoved { .. } => "deadline_moved",
            Event::RetryMoved { .. } => "retry_moved",
            Event::OutcomeReported { .. } => "outcome_reported",
            Event::RunEnded { .. } => "run_ended",
            Event::VerificationAsked { .. } => "verification_asked",
            Event::RunVerified { .. } => "run_verified",
            Event::EvidenceAdded { .. } => "evidence_added",
            Event::LiveClaimed { .. } => "live_claimed",
            Event::StepBroke { .. } => "step_broke",
            Event::StepMended { .. } => "step_mended",
            Event::Gate { fact, .. } => fact.word(),
            Event::ReportRefused { .. } => "report_refused",
        }
    }

    /// The run it is about, if it is about one.
    #[must_use]
    pub fn run_id(&self) -> Option<&RunId> {
        match self {
            Event::RunBegan { run_id, .. }
            | Event::AttemptBegan { run_id, .. }
            | Event::AttemptHeld { run_id, .. }
            | Event::AttemptReleased { run_id, .. }
            | Event::AttemptOffered { run_id, .. }
            | Event::AttemptClaimed { run_id, .. }
            | Event::LeaseExtended { run_id, .. }
            | Event::AttemptPinged { run_id, .. }
            | Event::AttemptRestarting { run_id, .. }
            | Event::RestartAsked { run_id, .. }
            | Event::AttemptSteady { run_id, .. }
            | Event::FuseMoved { run_id, .. }
            | Event::WaitMoved { run_id, .. }
            | Event::ChecksBegan { run_id, .. }
            | Event::ChecksEnded { run_id, .. }
            | Event::RunNoted { run_id, .. }
            | Event::AttemptDelivered { run_id, .. }
            | Event::AttemptNoted { run_id, .. }
            | Event::AttemptExited { run_id, .. }
            | Event::AttemptFailed { run_id, .. }
            | Event::DeadlineMoved { run_id, .. }
            | Event::RetryMoved { run_id, .. }
            | Event::OutcomeReported { run_id, .. }
            | Event::RunEnded { run_id, .. }
            | Event::VerificationAsked { run_id, .. }
            | Event::RunVerified { run_id, .. }
            | Event::EvidenceAdded { run_id, .. }
            | Event::LiveClaimed { run_id, .. }
            | Event::StepBroke { run_id, .. }
            | Event::StepMended { run_id }
            | Event::Gate { run_id, .. }
            | Event::ReportRefused { run_id, .. } => Some(run_id),
            Event::CueDefined { .. }
            | Event::CueStatusChanged { .. }
            | Event::TriggerUrlChanged { .. }
            | Event::PathsSeen { .. }
            | Event::BudgetSpent { .. }
            | Event::BudgetRaised {}
            | Event::SpanEnded { .. }
            | Event::OccurrenceArmed { .. }
            | Event::OccurrenceHeld { .. }
            | Event::OccurrenceEnded { .. } => None,
        }
    }
}
