//! What kinds of alerts there are, and how bad each is when nothing says otherwise.

use serde::{Deserialize, Serialize};

use super::Severity;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    SilentRun,
    DeliveryFailed,
    OutcomeFailed,
    CheckFailed,
    MissedOccurrence,
    /// A long-lived agent ends again and again, soon after it starts.
    CrashLoop,
    FuseTripped,
    /// The fallback of a failed run failed as well: a person is needed.
    FallbackFailed,
    /// So many runs failed one after the other as its cue says.
    ConsecutiveFailures,
    /// A run waits for the owner's word.
    GateWaiting,
    /// Beats were expected, and none came.
    HeartbeatLost,
    /// Alive, and its work does not move.
    Zombie,
    /// Tokens per minute far over its own usual.
    CostSpike,
    /// It does the same again and again.
    LoopDetected,
    /// A run that ended took far more or far less than its cue's runs do.
    OutOfEnvelope,
    /// Its runs begin later and later.
    CadenceDrift,
    /// Due times passed while the tower was off.
    TowerWasOff,
    /// Nothing could be written down for a while.
    StoreTrouble,
    /// A channel did not take what it was told.
    ChannelFailed,
}

impl AlertKind {
    pub const ALL: [AlertKind; 19] = [
        AlertKind::SilentRun,
        AlertKind::DeliveryFailed,
        AlertKind::OutcomeFailed,
        AlertKind::CheckFailed,
        AlertKind::MissedOccurrence,
        AlertKind::CrashLoop,
        AlertKind::FuseTripped,
        AlertKind::FallbackFailed,
        AlertKind::ConsecutiveFailures,
        AlertKind::GateWaiting,
        AlertKind::HeartbeatLost,
        AlertKind::Zombie,
        AlertKind::CostSpike,
        AlertKind::LoopDetected,
        AlertKind::OutOfEnvelope,
        AlertKind::CadenceDrift,
        AlertKind::TowerWasOff,
        AlertKind::StoreTrouble,
        AlertKind::ChannelFailed,
    ];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            AlertKind::SilentRun => "silent_run",
            AlertKind::DeliveryFailed => "delivery_failed",
            AlertKind::OutcomeFailed => "outcome_failed",
            AlertKind::CheckFailed => "check_failed",
            AlertKind::MissedOccurrence => "missed_occurrence",
            AlertKind::CrashLoop => "crash_loop",
            AlertKind::FuseTripped => "fuse_tripped",
            AlertKind::FallbackFailed => "fallback_failed",
            AlertKind::ConsecutiveFailures => "consecutive_failures",
            AlertKind::GateWaiting => "gate_waiting",
            AlertKind::HeartbeatLost => "heartbeat_lost",
            AlertKind::Zombie => "zombie",
            AlertKind::CostSpike => "cost_spike",
            AlertKind::LoopDetected => "loop_detected",
            AlertKind::OutOfEnvelope => "out_of_envelope",
            AlertKind::CadenceDrift => "cadence_drift",
            AlertKind::TowerWasOff => "tower_was_off",
            AlertKind::StoreTrouble => "store_trouble",
            AlertKind::ChannelFailed => "channel_failed",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<AlertKind> {
        AlertKind::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// How bad it is unless its signal says.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            AlertKind::SilentRun
            | AlertKind::CheckFailed
            | AlertKind::CrashLoop
            | AlertKind::FuseTripped
            | AlertKind::FallbackFailed
            | AlertKind::HeartbeatLost
            | AlertKind::Zombie
            | AlertKind::StoreTrouble => Severity::Critical,
            AlertKind::DeliveryFailed
            | AlertKind::OutcomeFailed
            | AlertKind::MissedOccurrence
            | AlertKind::ConsecutiveFailures
            | AlertKind::GateWaiting
            | AlertKind::CostSpike
            | AlertKind::LoopDetected
            | AlertKind::OutOfEnvelope
            | AlertKind::CadenceDrift
            | AlertKind::ChannelFailed => Severity::Warning,
            AlertKind::TowerWasOff => Severity::Info,
        }
    }

    /// About a run while it lives: over when that run is, however it ended; another run's success says nothing of it.
    #[must_use]
    pub fn is_of_a_live_run(self) -> bool {
        matches!(
            self,
            AlertKind::CrashLoop
                | AlertKind::HeartbeatLost
                | AlertKind::Zombie
                | AlertKind::CostSpike
                | AlertKind::LoopDetected
        )
    }

    /// Something was lost, spent or done that the end of its cause does not bring back: the owner is to see it all the same.
    pub(super) fn outlives_its_cause(self) -> bool {
        matches!(
            self,
            AlertKind::CostSpike
                | AlertKind::LoopDetected
                | AlertKind::OutOfEnvelope
                | AlertKind::FuseTripped
                | AlertKind::MissedOccurrence
                | AlertKind::StoreTrouble
        )
    }

    /// Whether a good run of the cue ends it. The others end when whoever raised them says so.
    pub(super) fn ends_with_a_good_run(self) -> bool {
        !matches!(
            self,
            AlertKind::HeartbeatLost
                | AlertKind::Zombie
                | AlertKind::CostSpike
                | AlertKind::LoopDetected
                | AlertKind::OutOfEnvelope
                | AlertKind::CadenceDrift
        )
    }
}
