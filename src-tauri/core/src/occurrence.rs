//! One due instant of a cue, in the ledger: armed before it is due, ended exactly once.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Ms;
use crate::id::{CueId, OccurrenceId, RunId};

/// What made the instant due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Trigger {
    Scheduled,
    ManualFire,
    Replay {
        of: RunId,
    },
    /// It goes on where that run broke off: the steps completed before `from` are kept.
    Resume {
        of: RunId,
        /// In words: "step 3 (enrich)".
        from: String,
    },
    /// A run of another cue ended.
    Chain {
        of: RunId,
        cue: CueId,
    },
    /// Somebody called the cue's trigger URL.
    Url,
    /// A watched file appeared or changed.
    Path {
        path: String,
        appeared: bool,
    },
    /// In the place of a run of another cue that failed for good.
    Fallback {
        of: RunId,
        cue: CueId,
    },
    /// Its agent began by itself, and said so.
    Ping,
    /// The agent asked for it with the outcome of that run.
    Dynamic {
        of: RunId,
    },
}

impl Trigger {
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Trigger::Scheduled => "scheduled",
            Trigger::ManualFire => "manual_fire",
            Trigger::Replay { .. } => "replay",
            Trigger::Resume { .. } => "resume",
            Trigger::Chain { .. } => "chain",
            Trigger::Url => "trigger",
            Trigger::Path { .. } => "path",
            Trigger::Fallback { .. } => "fallback",
            Trigger::Ping => "ping",
            Trigger::Dynamic { .. } => "dynamic",
        }
    }

    /// By the owner's own hand, or an agent's in his name: overlap, pauses and blackouts do not hold it.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        match self {
            Trigger::ManualFire | Trigger::Replay { .. } | Trigger::Resume { .. } | Trigger::Ping => true,
            Trigger::Scheduled
            | Trigger::Chain { .. }
            | Trigger::Fallback { .. }
            | Trigger::Url
            | Trigger::Path { .. }
            | Trigger::Dynamic { .. } => false,
        }
    }
}

/// An occurrence that has not ended. Its run id and idempotency key are committed, so that at the due instant only the delivery is left to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Armed {
    pub id: OccurrenceId,
    pub due: Ms,
    pub trigger: Trigger,
    pub run_id: RunId,
    pub idempotency_key: String,
    /// Instead of the cue's own payload.
    pub payload: Option<Value>,
    /// Names that the outcome of its run has to meet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exit_criteria: Vec<String>,
    pub armed_at: Ms,
}

/// How an occurrence ended. Exactly one of these, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum End {
    Ran,
    Coalesced { into: OccurrenceId },
    Skipped { policy: SkipPolicy },
    Missed { reason: String },
}

impl End {
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            End::Ran => "ran",
            End::Coalesced { .. } => "coalesced",
            End::Skipped { .. } => "skipped",
            End::Missed { .. } => "missed",
        }
    }

    /// Taken back before it was due, by the owner's own hand: the instant itself was not decided.
    #[must_use]
    pub fn is_withdrawn(&self) -> bool {
        match self {
            End::Skipped { policy: SkipPolicy::Edited | SkipPolicy::Paused | SkipPolicy::Deleted } => true,
            End::Ran | End::Coalesced { .. } | End::Skipped { .. } | End::Missed { .. } => false,
        }
    }

    /// The occurrence that stands for this one, if it was coalesced.
    #[must_use]
    pub fn coalesced_into(&self) -> Option<&OccurrenceId> {
        match self {
            End::Coalesced { into } => Some(into),
            End::Ran | End::Skipped { .. } | End::Missed { .. } => None,
        }
    }

    /// Why it did not simply run, in words.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            End::Ran => None,
            End::Coalesced { .. } => Some("a later due time stands for it".to_owned()),
            End::Skipped { policy } => Some(policy.words().to_owned()),
            End::Missed { reason } => Some(reason.clone()),
        }
    }
}

/// Which policy said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipPolicy {
    Edited,
    Paused,
    Deleted,
    Overlap,
    QueueFull,
    TowerPaused,
    Blackout,
    /// The agent asked for another instant.
    Superseded,
    /// The owner was asked.
    Owner,
    Budget,
}

impl SkipPolicy {
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            SkipPolicy::Edited => "the cue was edited before it began",
            SkipPolicy::Paused => "the cue was paused before it began",
            SkipPolicy::Deleted => "the cue was deleted before it began",
            SkipPolicy::Overlap => "the previous run was still live",
            SkipPolicy::QueueFull => "its queue was full",
            SkipPolicy::TowerPaused => "all firing was paused",
            SkipPolicy::Blackout => "it fell into a blackout",
            SkipPolicy::Superseded => "its agent asked for another time",
            SkipPolicy::Owner => "you said skip",
            SkipPolicy::Budget => "its budget for the day was spent",
        }
    }
}
