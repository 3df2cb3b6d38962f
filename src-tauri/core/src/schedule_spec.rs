//! When a cue fires, as it was written. Texts were checked when the definition was read; `plan::Plan` is the form that computes.

use serde::{Deserialize, Serialize};

use crate::Ms;
use crate::id::CueId;
use crate::run::Verdict;
use crate::time::{DAY_MS, MINUTE_MS};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleSpec {
    #[serde(flatten)]
    pub kind: Kind,
    pub timezone: String,
    /// The first part whose window holds decides; outside them all, `kind` does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blackout: Vec<Blackout>,
    /// Each instant comes up to this much later, always the same for the same instant.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub jitter_ms: u64,
    /// Files and patterns; the cue fires when one appears or changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Bounds for the next run that an agent may ask for.
    #[serde(default, skip_serializing_if = "NextRunLimits::is_default")]
    pub next_run: NextRunLimits,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Kind {
    /// `cron` None: it fires in its parts only.
    Recurring {
        cron: Option<String>,
    },
    /// Every `every_ms`, counted from `anchor`.
    Interval {
        every_ms: u64,
        anchor: Ms,
    },
    Once {
        at: Ms,
    },
    Manual,
    /// When a run of another cue ended.
    After {
        cue: CueId,
        on: AfterEnd,
    },
}

/// Which end of the other cue's run counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterEnd {
    /// Well: confirmed, or claimed where that cue asks for no proof.
    Confirmed,
    /// Failed, refuted or silent.
    Failed,
    /// Any end but the cancelling of the other cue.
    Either,
}

impl AfterEnd {
    /// Whether a run that ended so fires the cue. `late`: it had ended before, as silent or failed.
    #[must_use]
    pub fn holds(self, verdict: Verdict, late: bool) -> bool {
        let failed = matches!(verdict, Verdict::Failed | Verdict::Refuted | Verdict::Silent);
        match self {
            AfterEnd::Confirmed => verdict.is_good(),
            AfterEnd::Failed => failed && !late,
            AfterEnd::Either => (verdict.is_good() || failed || verdict == Verdict::Stopped) && !late,
        }
    }
}

/// What holds in a window of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub days: Weekdays,
    /// Seconds of the local day, 0 to 86 399.
    pub from_s: u32,
    /// 1 to 86 400. Not after `from_s`: of the next day.
    pub to_s: u32,
    /// None: the schedule's own.
    pub timezone: Option<String>,
    pub rate: Rate,
    /// Runs that go at once; None: one.
    pub at_once: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rate {
    /// Counted from the beginning of the window.
    Every { every_ms: u64 },
    /// In the part's zone.
    Cron { cron: String },
    /// As outside all parts.
    Otherwise,
}

/// Days of the week: bit 0 is Monday. Never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Weekdays(pub u8);

impl Weekdays {
    pub const ALL: Weekdays = Weekdays(0x7f);

    #[must_use]
    pub fn has(self, days_from_monday: u32) -> bool {
        self.0 >> days_from_monday & 1 == 1
    }
}

/// Due instants in `[from, to)` are recorded as skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blackout {
    pub from: Ms,
    pub to: Ms,
    /// As they were written, in the schedule's zone.
    pub from_text: String,
    pub to_text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextRunLimits {
    pub min_ms: u64,
    pub max_ms: u64,
}

impl Default for NextRunLimits {
    fn default() -> NextRunLimits {
        NextRunLimits { min_ms: MINUTE_MS, max_ms: 30 * DAY_MS }
    }
}

impl NextRunLimits {
    fn is_default(&self) -> bool {
        *self == NextRunLimits::default()
    }
}

impl ScheduleSpec {
    /// With nothing but a kind.
    #[must_use]
    pub fn of(kind: Kind, timezone: impl Into<String>) -> ScheduleSpec {
        ScheduleSpec {
            kind,
            timezone: timezone.into(),
            parts: Vec::new(),
            blackout: Vec::new(),
            jitter_ms: 0,
            paths: Vec::new(),
            next_run: NextRunLimits::default(),
        }
    }

    #[must_use]
    pub fn recurring(cron: impl Into<String>, timezone: impl Into<String>) -> ScheduleSpec {
        ScheduleSpec::of(Kind::Recurring { cron: Some(cron.into()) }, timezone)
    }

    #[must_use]
    pub fn once(at: Ms, timezone: impl Into<String>) -> ScheduleSpec {
        ScheduleSpec::of(Kind::Once { at }, timezone)
    }

    #[must_use]
    pub fn manual(timezone: impl Into<String>) -> ScheduleSpec {
        ScheduleSpec::of(Kind::Manual, timezone)
    }

    #[must_use]
    pub fn is_once(&self) -> bool {
        matches!(self.kind, Kind::Once { .. })
    }

    /// The cue whose runs it follows, if it follows one.
    #[must_use]
    pub fn follows(&self) -> Option<(&CueId, AfterEnd)> {
        match &self.kind {
            Kind::After { cue, on } => Some((cue, *on)),
            Kind::Recurring { .. } | Kind::Interval { .. } | Kind::Once { .. } | Kind::Manual => None,
        }
    }

    /// The blackout that holds at an instant.
    #[must_use]
    pub fn blackout_at(&self, at: Ms) -> Option<&Blackout> {
        self.blackout.iter().find(|blackout| blackout.from <= at && at < blackout.to)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
