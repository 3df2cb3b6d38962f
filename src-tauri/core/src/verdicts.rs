//! The second and third verdict of a run, apart and never folded into one. The first, Scheduled, is the occurrence's own state.

use crate::Ms;
use crate::attempt::AttemptState;
use crate::run::{Phase, Run, Verdict};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
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
            AttemptState::Waiting | AttemptState::Offered if run.is_live() => Delivered::Delivering,
            AttemptState::Waiting | AttemptState::Offered => Delivered::Bounced,
            AttemptState::Delivering if run.is_live() => Delivered::Delivering,
            AttemptState::Delivering => Delivered::Unknown,
        }
    }

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
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

impl Confirmed {
    #[must_use]
    pub fn of(run: &Run) -> Confirmed {
        match &run.phase {
            Phase::Ended { verdict: Verdict::Failed, .. } if Delivered::of(run) == Delivered::Bounced => {
                Confirmed::None
            }
            Phase::Ended { verdict, .. } => Confirmed::Ended(*verdict),
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
            Confirmed::Ended(verdict) => verdict.word(),
        }
    }
}
