//! The second and third verdict of a run, apart and never folded into one. The first, Scheduled, is the occurrence's own state.

use crate::Ms;
use crate::attempt::AttemptState;
use crate::run::{HeldBy, Phase, Run, Verdict, Verification};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// A pool has no room, its preflight asks for something, or its owner is asked first.
    Waiting,
    Delivering,
    Delivered,
    /// Sent whole, not answered: the agent may be at work inside the request.
    Unknown,
    /// Every attempt failed.
    Bounced,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed {
    /// Nothing to confirm yet, or never will be.
    None,
    Working,
    /// Nothing is done until its owner has answered.
    Gate,
    Ended(Verdict),
}

impl Delivered {
    #[must_use]
    pub fn of(run: &Run) -> Delivered {
        let latest = run.latest();
        let proven = run.attempts.iter().any(|attempt| attempt.outcome.is_some());
        match latest.state {
            _ if proven => Delivered::Delivered,
            AttemptState::Delivered | AttemptState::Ended => Delivered::Delivered,
            AttemptState::Unanswered => Delivered::Unknown,
            AttemptState::Failed if latest.delivered_at.is_some() => Delivered::Delivered,
            // Nobody was to deliver anything; it may have run, and not said so.
            AttemptState::Failed if run.definition.transport.is_watch() => Delivered::Unknown,
            AttemptState::Failed if run.is_live() => Delivered::Delivering,
            AttemptState::Failed => Delivered::Bounced,
            AttemptState::Lost => Delivered::Unknown,
            AttemptState::Waiting if run.is_live() => Delivered::Waiting,
            AttemptState::Offered if run.is_live() => Delivered::Delivering,
            AttemptState::Waiting | AttemptState::Offered => Delivered::Bounced,
            AttemptState::Delivering if run.is_live() => Delivered::Delivering,
            AttemptState::Delivering => Delivered::Unknown,
        }
    }

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Delivered::Waiting => "waiting",
            Delivered::Delivering => "delivering",
            Delivered::Delivered => "delivered",
            Delivered::Unknown => "unknown",
            Delivered::Bounced => "bounced",
        }
    }
}

/// When the agent had the work, by the first attempt that reached it.
#[must_use]
pub fn delivered_at(run: &Run) -> Option<Ms> {
    run.attempts.iter().find_map(|attempt| attempt.delivered_at)
}

/// CueAPI's word for what is known of a run's outcome (SPEC 13); None where it has none.
#[must_use]
pub fn outcome_state(run: &Run) -> Option<&'static str> {
    let outcome = run.outcome();
    let success = outcome.map(|(_, reported)| reported.outcome.success);
    let waits = outcome.is_some() && matches!(run.verification, Some(Verification::Waiting { .. }));
    if run.checking.is_some() || waits {
        return Some("verification_pending");
    }
    match (run.verdict(), success) {
        (Some(Verdict::Claimed), _) => Some("reported_success"),
        (Some(Verdict::Confirmed), _) => Some("verified_success"),
        (Some(Verdict::Refuted), _) => Some("verification_failed"),
        (Some(Verdict::Silent), _) => Some("unknown"),
        (Some(Verdict::Failed | Verdict::Stopped | Verdict::Cancelled) | None, Some(false)) => Some("reported_failure"),
        (Some(Verdict::Failed | Verdict::Stopped | Verdict::Cancelled), Some(true) | None) => None,
        // Of an older attempt it says nothing about this one.
        (None, Some(true)) => run.latest().outcome.is_some().then_some("verification_pending"),
        (None, None) => None,
    }
}

/// Whether what was asked for as proof is there: `valid`, `invalid`; None: nothing was asked, or nobody has looked.
#[must_use]
pub fn validation_state(run: &Run) -> Option<&'static str> {
    match (&run.verification, run.verdict()) {
        _ if run.checking.is_some() => None,
        (Some(Verification::Waiting { .. }), _) => None,
        (_, Some(Verdict::Confirmed)) => Some("valid"),
        (_, Some(Verdict::Refuted)) => Some("invalid"),
        (
            _,
            Some(Verdict::Claimed | Verdict::Failed | Verdict::Silent | Verdict::Stopped | Verdict::Cancelled) | None,
        ) => None,
    }
}

impl Confirmed {
    #[must_use]
    pub fn of(run: &Run) -> Confirmed {
        match &run.phase {
            Phase::Ended { verdict: Verdict::Failed, .. } if Delivered::of(run) == Delivered::Bounced => {
                Confirmed::None
            }
            Phase::Ended { verdict, .. } => Confirmed::Ended(*verdict),
            Phase::Held { by: HeldBy::Gate, .. } => Confirmed::Gate,
            _ if run.stand.is_some() => Confirmed::Gate,
            Phase::AwaitingOutcome { .. } => Confirmed::Working,
            Phase::Held { .. } | Phase::Offered { .. } | Phase::Delivering | Phase::WaitingRetry { .. } => {
                Confirmed::None
            }
        }
    }

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Confirmed::None => "none",
            Confirmed::Working => "working",
            Confirmed::Gate => "gate",
            Confirmed::Ended(verdict) => verdict.word(),
        }
    }
}
