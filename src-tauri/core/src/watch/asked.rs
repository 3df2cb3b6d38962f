//! What a cue asks of the watch: which signs of life it expects, what its runs may use, what becomes of loops.

use serde::{Deserialize, Serialize};

use crate::spend::Nanousd;
use crate::time::SECOND_MS;

/// The beats that a cue expects of its runs; of one that is watched and has no schedule, of its agent, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    pub interval_ms: u64,
    /// How late a beat may be.
    pub grace_ms: u64,
    /// Until the first one, from the delivery on.
    pub start_grace_ms: u64,
    /// How long the progress number may stand still; None: nobody looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress_within_ms: Option<u64>,
    /// The tower stops a command that lost its beat or its progress, and starts it again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restart: bool,
}

impl Heartbeat {
    /// Every `interval_ms`, with what the rest is if nobody says: half as much grace, and two minutes to start.
    #[must_use]
    pub fn every(interval_ms: u64) -> Heartbeat {
        let grace_ms = Heartbeat::grace_of(interval_ms);
        let start_grace_ms = Heartbeat::start_grace_of(interval_ms, grace_ms);
        Heartbeat { interval_ms, grace_ms, start_grace_ms, progress_within_ms: None, restart: false }
    }

    /// Half the interval, at least 5 s: beats come over a network, from a machine that does other things too.
    #[must_use]
    pub fn grace_of(interval_ms: u64) -> u64 {
        (interval_ms / 2).max(5 * SECOND_MS)
    }

    /// Two minutes, or as long as any other beat may take if that is longer.
    #[must_use]
    pub fn start_grace_of(interval_ms: u64, grace_ms: u64) -> u64 {
        interval_ms.saturating_add(grace_ms).max(120 * SECOND_MS)
    }
}

/// What one run, and all runs of a day, may use before the tower stops them. None: as the owner's fuses say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Budget {
    /// From the first delivery on; of a long-lived command, from each start. None: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Nanousd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    #[serde(skip_serializing_if = "DayBudget::is_default")]
    pub day: DayBudget,
}

impl Budget {
    pub(crate) fn is_default(&self) -> bool {
        *self == Budget::default()
    }
}

/// Of all runs of a cue, from midnight to midnight where its owner is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DayBudget {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Nanousd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
}

impl DayBudget {
    fn is_default(&self) -> bool {
        *self == DayBudget::default()
    }
}

/// What becomes of a run that goes round in circles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnLoop {
    #[default]
    Alert,
    /// The run is stopped, and the owner hears of it.
    Stop,
    /// Nobody looks.
    Off,
}

impl OnLoop {
    pub const ALL: [OnLoop; 3] = [OnLoop::Alert, OnLoop::Stop, OnLoop::Off];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            OnLoop::Alert => "alert",
            OnLoop::Stop => "stop",
            OnLoop::Off => "off",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    pub(crate) fn is_default(&self) -> bool {
        *self == OnLoop::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_says_is_generous() {
        let quick = Heartbeat::every(2_000);
        assert_eq!((quick.grace_ms, quick.start_grace_ms), (5_000, 120_000));
        let slow = Heartbeat::every(600_000);
        assert_eq!((slow.grace_ms, slow.start_grace_ms), (300_000, 900_000));
    }

    #[test]
    fn older_budgets_read() {
        let old: Budget = serde_json::from_str(r#"{"duration_ms":5000}"#).unwrap();
        assert_eq!(old, Budget { duration_ms: Some(5_000), ..Budget::default() });
        assert_eq!(serde_json::to_string(&old).unwrap(), r#"{"duration_ms":5000}"#);
        assert_eq!(serde_json::from_str::<Budget>("{}").unwrap(), Budget::default());
    }
}
