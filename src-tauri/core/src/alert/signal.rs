//! What lanes, watches, channels and the owner have to say to the alerts.

use super::{About, AlertKind, Severity};
use crate::Ms;
use crate::id::{AlertId, CueId, RunId};
use crate::run::{Run, Verdict};

#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    RunEnded {
        cue_name: String,
        run: Box<Run>,
        verdict: Verdict,
        late: bool,
    },
    /// This many runs failed one after the other, up to this one.
    FailedInARow {
        cue_name: String,
        run: Box<Run>,
        times: u32,
    },
    Missed {
        cue_id: CueId,
        cue_name: String,
        due: Ms,
        reason: String,
    },
    CrashLoop {
        cue_name: String,
        run: Box<Run>,
    },
    /// After a crash loop it lives.
    Steady {
        cue_id: CueId,
    },
    /// Opens the alert of this kind and subject, or repeats it. A severity worse than before is told again at once.
    Trouble(Problem),
    /// It goes on, and the owner wants to hear of it no earlier than then: nothing is told now.
    PutOff {
        problem: Problem,
        until: Ms,
    },
    /// Its cause ended. With a run only if the alert is about that run.
    Over {
        about: About,
        kind: AlertKind,
        run_id: Option<RunId>,
    },
    CueDeleted {
        cue_id: CueId,
    },
    Acknowledged {
        alert_id: AlertId,
    },
    /// Not to be told of again until then, unless it gets worse. An instant that is past ends a snooze without a word.
    Snoozed {
        alert_id: AlertId,
        until: Ms,
    },
    /// Time has passed: escalation, reminders, the end of a snooze. [`super::AlertBook::wakes_at`] says when one is due.
    Tick,
}

/// What is wrong with whom, as it is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    pub about: About,
    pub kind: AlertKind,
    pub severity: Severity,
    pub run_id: Option<RunId>,
    /// Names what it is about first; 120 characters are kept.
    pub title: String,
    /// 1,000 characters are kept.
    pub body: String,
}
