//! One execution of a cue: its attempts, its phase, its verdict. How it moves is decided in `lane`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Ms;
use crate::attempt::{Attempt, Reported};
use crate::cue::CueDefinition;
use crate::expect::Finding;
use crate::id::{CueId, OccurrenceId, RunId};
use crate::occurrence::Trigger;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub id: RunId,
    pub cue_id: CueId,
    pub occurrence_id: OccurrenceId,
    pub due: Ms,
    pub trigger: Trigger,
    /// As the cue was when the run began; an edit does not change a run under way.
    pub definition: Arc<CueDefinition>,
    pub payload: Value,
    /// The same on every attempt.
    pub idempotency_key: String,
    pub began_at: Ms,
    /// Never empty once begun; bounded by `max_attempts` and the attempts the tower lost.
    pub attempts: Vec<Attempt>,
    pub phase: Phase,
    pub findings: Vec<Finding>,
    pub refused: Vec<Refused>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    Delivering,
    /// Delivered, or sent and unanswered. `deadline` None: as long as the process lives.
    AwaitingOutcome {
        deadline: Option<Ms>,
    },
    WaitingRetry {
        at: Ms,
    },
    Ended {
        verdict: Verdict,
        at: Ms,
        late: bool,
    },
}

/// Final states. `Claimed` is a success that nothing verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Confirmed,
    Claimed,
    Failed,
    Refuted,
    Silent,
    Stopped,
    Cancelled,
}

impl Verdict {
    pub const ALL: [Verdict; 7] = [
        Verdict::Confirmed,
        Verdict::Claimed,
        Verdict::Failed,
        Verdict::Refuted,
        Verdict::Silent,
        Verdict::Stopped,
        Verdict::Cancelled,
    ];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Confirmed => "confirmed",
            Verdict::Claimed => "claimed",
            Verdict::Failed => "failed",
            Verdict::Refuted => "refuted",
            Verdict::Silent => "silent",
            Verdict::Stopped => "stopped",
            Verdict::Cancelled => "cancelled",
        }
    }

    #[must_use]
    pub fn is_good(self) -> bool {
        match self {
            Verdict::Confirmed | Verdict::Claimed => true,
            Verdict::Failed | Verdict::Refuted | Verdict::Silent | Verdict::Stopped | Verdict::Cancelled => false,
        }
    }
}

/// A report that was not taken; recorded, shown, never dropped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    pub at: Ms,
    /// The attempt the reporter spoke for, if it said so.
    pub attempt: Option<u32>,
    pub reason: String,
}

/// Refused reports kept per run; later ones are counted in the journal only.
pub const REFUSED_KEPT: usize = 20;

impl Run {
    /// The latest attempt. A begun run always has one.
    #[must_use]
    pub fn latest(&self) -> &Attempt {
        self.attempts.last().expect("a run is created with its first attempt")
    }

    #[must_use]
    pub fn attempt(&self, number: u32) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.number == number)
    }

    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        match &self.phase {
            Phase::Ended { verdict, .. } => Some(*verdict),
            Phase::Delivering | Phase::AwaitingOutcome { .. } | Phase::WaitingRetry { .. } => None,
        }
    }

    #[must_use]
    pub fn is_live(&self) -> bool {
        self.verdict().is_none()
    }

    /// The outcome the run shows: its last.
    #[must_use]
    pub fn outcome(&self) -> Option<(&Attempt, &Reported)> {
        self.attempts.iter().rev().find_map(|attempt| Some((attempt, attempt.outcome.as_ref()?)))
    }

    /// When this run next wants a tick.
    #[must_use]
    pub fn wakes_at(&self) -> Option<Ms> {
        match &self.phase {
            Phase::AwaitingOutcome { deadline } => *deadline,
            Phase::WaitingRetry { at } => Some(*at),
            Phase::Delivering | Phase::Ended { .. } => None,
        }
    }

    /// Attempts that count against `max_attempts`: those the tower lost are not the agent's fault.
    #[must_use]
    pub fn tries_used(&self) -> u32 {
        let lost = |attempt: &&Attempt| attempt.state != crate::attempt::AttemptState::Lost;
        u32::try_from(self.attempts.iter().filter(lost).count()).unwrap_or(u32::MAX)
    }
}
