//! One execution of a cue: its attempts, its phase, its verdict. How it moves is decided in `lane`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Ms;
use crate::attempt::{Attempt, AttemptState, Reported};
use crate::cue::{CueDefinition, Expect, Restart};
use crate::expect::{Finding, Told};
use crate::gate::Gates;
use crate::id::{CueId, OccurrenceId, RunId};
use crate::occurrence::Trigger;
use crate::outcome::Outcome;
use crate::step::Broke;

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
    /// Never empty once begun. The first and the newest; see `ATTEMPTS_KEPT`.
    pub attempts: Vec<Attempt>,
    pub phase: Phase,
    pub findings: Vec<Finding>,
    pub refused: Vec<Refused>,
    /// When its budget of time is spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fuse_at: Option<Ms>,
    /// Names that its outcome has to meet, beside those that its cue asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exit_criteria: Vec<String>,
    /// The tower looks whether its success is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checking: Option<Checking>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verification>,
    /// Something followed from its end a second time, after the first end was revised; not a third time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub revised: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_claim: Option<LiveClaim>,
    /// The step that failed last, until it is done after all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broke: Option<Box<Broke>>,
    /// What was done because of it, such as telling a web hook of its failure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Questions to the owner.
    #[serde(default, skip_serializing_if = "Gates::is_empty")]
    pub gates: Gates,
    /// Its latest attempt does nothing until the owner has answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stand: Option<Stand>,
}

/// An attempt waits for the owner: its deadline, lease and budget of time stand still, and its permits are others'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stand {
    /// Its clocks show this all the while.
    pub since: Ms,
    pub permits: StandPermits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StandPermits {
    /// Others may have them.
    Freed,
    /// An answer is there, and it stands in the line for them.
    AskedAgain,
    /// It has what it needs, such as when another question of it waits on.
    Held,
}

/// Checks that are being made. A run that waits for them is live, if it had not ended before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checking {
    pub since: Ms,
    /// The attempt whose work is looked at.
    pub number: u32,
    /// The run had ended: silent, failed, or refuted before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// What the report shows by itself.
    pub findings: Vec<Finding>,
}

/// Whether somebody looked at what a run did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Verification {
    /// `holds`: what follows from the run's end waits for it too.
    Waiting {
        since: Ms,
        holds: bool,
    },
    Given {
        at: Ms,
        valid: bool,
        by: String,
        reason: Option<String>,
    },
}

impl Verification {
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Verification::Waiting { .. } => "waiting",
            Verification::Given { valid: true, .. } => "valid",
            Verification::Given { valid: false, .. } => "invalid",
        }
    }
}

/// A session of a person's own tool said that it had the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveClaim {
    pub at: Ms,
    /// A digest of the session's token.
    pub session: String,
}

/// Something that was done because of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub at: Ms,
    pub words: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// The next attempt waits before its delivery.
    Held {
        by: HeldBy,
        /// What it waits for, in words; of a pool, the pools themselves say more.
        words: String,
        since: Ms,
        /// Looked at again then; None: it is told.
        until: Option<Ms>,
    },
    /// It is there to be claimed, or its first ping is expected.
    Offered {
        until: Ms,
    },
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

/// What holds a delivery up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldBy {
    Pool,
    Preflight,
    /// The owner is asked first.
    Gate,
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

    /// Somebody, or its budget, ended it; its processes were told then.
    #[must_use]
    pub fn is_called_off(self) -> bool {
        match self {
            Verdict::Stopped | Verdict::Cancelled => true,
            Verdict::Confirmed | Verdict::Claimed | Verdict::Failed | Verdict::Refuted | Verdict::Silent => false,
        }
    }

    /// The work was not done, and nobody called it off.
    #[must_use]
    pub fn is_failure(self) -> bool {
        match self {
            Verdict::Failed | Verdict::Refuted | Verdict::Silent => true,
            Verdict::Confirmed | Verdict::Claimed | Verdict::Stopped | Verdict::Cancelled => false,
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
/// Attempts kept per run: of a long-lived agent that starts again and again, the first one and the newest.
pub const ATTEMPTS_KEPT: usize = 50;

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

    /// None while it is live.
    #[must_use]
    pub fn ended_at(&self) -> Option<Ms> {
        match self.phase {
            Phase::Ended { at, .. } => Some(at),
            Phase::Held { .. }
            | Phase::Offered { .. }
            | Phase::Delivering
            | Phase::AwaitingOutcome { .. }
            | Phase::WaitingRetry { .. } => None,
        }
    }

    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        match &self.phase {
            Phase::Ended { verdict, .. } => Some(*verdict),
            Phase::Held { .. }
            | Phase::Offered { .. }
            | Phase::Delivering
            | Phase::AwaitingOutcome { .. }
            | Phase::WaitingRetry { .. } => None,
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

    /// What its outcome has to show: what its cue asks for, and what it was fired with.
    #[must_use]
    pub fn expect(&self) -> Expect {
        let mut expect = self.definition.expect.clone();
        for name in &self.exit_criteria {
            if !expect.assertions.contains(name) {
                expect.assertions.push(name.clone());
            }
        }
        expect
    }

    /// How its report, or its end, is judged; `now` if there is neither.
    #[must_use]
    pub fn judged_by<'a>(&self, outcome: &'a Outcome, now: Ms) -> Told<'a> {
        let attempt = self.latest();
        let end = attempt.outcome.as_ref().map(|reported| reported.at).or(attempt.ended_at).unwrap_or(now);
        // Reported from inside the request: it was delivered only after that, as far as the tower was told.
        let from = attempt.delivered_at.filter(|from| *from < end).unwrap_or(attempt.began_at);
        // What its owner took to answer is not its own time.
        let stood = attempt.stood.filter(|stood| stood.until <= end).map_or(0, |stood| stood.ms);
        let stands = self.stand.map_or(0, |stand| end.since(stand.since));
        let duration_ms = end.since(from).saturating_sub(stood).saturating_sub(stands);
        Told { outcome, duration_ms: Some(duration_ms), attempt: attempt.number }
    }

    /// It used more than it may, and was stopped for that.
    #[must_use]
    pub fn was_cut_off(&self) -> bool {
        // The owner's own stop says nothing of what the cue asks.
        self.verdict() == Some(Verdict::Stopped) && self.findings.iter().any(|finding| !finding.passed)
    }

    /// Somebody is to look at it first; until then nothing follows from its end.
    #[must_use]
    pub fn is_held_for_verification(&self) -> bool {
        matches!(self.verification, Some(Verification::Waiting { holds: true, .. }))
    }

    /// When this run next wants a tick.
    #[must_use]
    pub fn wakes_at(&self) -> Option<Ms> {
        let gates = self.gates.wakes_at().filter(|_| self.is_live());
        if self.checking.is_some() {
            let fuse = self.fuse_at.filter(|_| self.is_live() && self.may_have_a_process());
            return fuse.into_iter().chain(gates).min();
        }
        if self.stand.is_some() {
            return gates;
        }
        let own = match &self.phase {
            Phase::Held { until, .. } => *until,
            Phase::Offered { until } => Some(*until),
            Phase::AwaitingOutcome { .. } => {
                let lease = self.latest().lease.as_ref().map(|lease| lease.until);
                self.deadline().into_iter().chain(lease).chain(self.steady_at()).min()
            }
            Phase::WaitingRetry { at } => Some(*at),
            Phase::Delivering => None,
            Phase::Ended { .. } => return None,
        };
        own.into_iter().chain(self.fuse_at).chain(gates).min()
    }

    /// What the clocks of its latest attempt show: they stand still while the owner is asked.
    #[must_use]
    pub fn clock(&self, now: Ms) -> Ms {
        self.stand.map_or(now, |stand| stand.since)
    }

    /// A question to the owner just took its permits from it: whoever keeps the pools takes them back.
    #[must_use]
    pub fn has_freed_permits(&self) -> bool {
        self.stand.is_some_and(|stand| stand.permits == StandPermits::Freed)
    }

    /// When silence begins; None: it does not, such as for a long-lived agent that has said how it stands.
    #[must_use]
    pub fn deadline(&self) -> Option<Ms> {
        let said = self.definition.restart() != Restart::Never && self.latest().outcome.is_some();
        match &self.phase {
            Phase::AwaitingOutcome { deadline } => deadline.filter(|_| !said && self.stand.is_none()),
            Phase::Held { .. }
            | Phase::Offered { .. }
            | Phase::Delivering
            | Phase::WaitingRetry { .. }
            | Phase::Ended { .. } => None,
        }
    }

    /// Attempts that count against `max_attempts`: those the tower lost are not the agent's fault. Of a long-lived agent only
    /// those since it last started: its ends are restarts, not tries.
    #[must_use]
    pub fn tries_used(&self) -> u32 {
        let lives_long = self.definition.restart() != Restart::Never;
        let recent = self.attempts.iter().rev().take_while(|attempt| !lives_long || attempt.delivered_at.is_none());
        // Nor is it when somebody wanted a new start.
        let counts = |attempt: &&Attempt| attempt.state != AttemptState::Lost && attempt.restart.is_none();
        u32::try_from(recent.filter(counts).count()).unwrap_or(u32::MAX)
    }

    /// How often it was started again.
    #[must_use]
    pub fn restarts(&self) -> u32 {
        match self.definition.restart() {
            Restart::Never => 0,
            Restart::OnFailure | Restart::Always => self.latest().number - 1,
        }
    }

    /// How often the tower itself wanted a new start of it, from `from` on.
    #[must_use]
    pub fn restarts_by_watch_since(&self, from: Ms) -> u32 {
        let asked = self.attempts.iter().filter_map(|attempt| attempt.restart.as_ref());
        u32::try_from(asked.filter(|asked| asked.by.is_watch() && asked.at > from).count()).unwrap_or(u32::MAX)
    }

    /// Lives in a row, up to the latest that ended, that were too short to be a service. One that the tower lost or
    /// that somebody ended says nothing, and one that did not start was none.
    #[must_use]
    pub fn short_lives(&self) -> u32 {
        let told = self.attempts.iter().rev();
        let told = told.filter(|attempt| attempt.state != AttemptState::Lost && attempt.restart.is_none());
        let lives = told.filter_map(|attempt| Some(attempt.ended_at?.since(attempt.delivered_at?)));
        let short = lives.take_while(|lived| *lived < Restart::STEADY_MS);
        u32::try_from(short.count()).unwrap_or(u32::MAX)
    }

    /// When a long-lived agent that crashed again and again will have lived long enough to be trusted; None: it is.
    #[must_use]
    pub fn steady_at(&self) -> Option<Ms> {
        let latest = self.latest();
        let looping = !latest.steady && self.definition.restart() != Restart::Never && latest.ended_at.is_none();
        let began = latest.delivered_at.filter(|_| looping && self.short_lives() >= Restart::CRASH_LOOP)?;
        Some(began.plus(Restart::STEADY_MS))
    }

    /// Whether it keeps others out of the pools it uses: its agent works, or may.
    #[must_use]
    pub fn occupies(&self) -> bool {
        match &self.phase {
            // Its agent does nothing until the owner has answered.
            _ if self.stand.is_some_and(|stand| stand.permits != StandPermits::Held) => false,
            // Its agent is done; the tower's own looking takes nothing of them.
            _ if self.checking.is_some() => self.may_have_a_process(),
            Phase::Delivering | Phase::Offered { .. } | Phase::AwaitingOutcome { .. } => true,
            Phase::Held { .. } | Phase::WaitingRetry { .. } | Phase::Ended { .. } => self.may_have_a_process(),
        }
    }

    /// Whether a process of its latest attempt may still run, though the run has its outcome, or has ended.
    #[must_use]
    pub fn may_have_a_process(&self) -> bool {
        self.definition.transport.is_command() && self.latest().may_have_a_process()
    }
}
