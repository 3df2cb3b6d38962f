//! Alerts: what deserves the owner's eye, once. A unit of its own; lanes and watches speak to it through signals only.

mod book;
mod deciding;
pub mod drift;
mod kind;
mod rules;
mod severity;
mod signal;
#[cfg(test)]
mod tests;
pub mod words;

use serde::{Deserialize, Serialize};

use crate::Ms;
use crate::id::{AccountId, AlertId, CueId, RunId};

pub use book::{AlertBook, OPEN_MAX, Undo};
pub use deciding::to_verify;
pub use kind::AlertKind;
pub use rules::{Quiet, Rules, TimeOfDay};
pub use severity::Severity;
pub use signal::{Problem, Signal};

/// What an alert is about; there is at most one open alert per kind and subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    Cue(CueId),
    /// An agent outside of any cue.
    Agent(AgentRef),
    /// A channel that alerts are told on, by its name.
    Channel(String),
    Tower,
}

impl About {
    #[must_use]
    pub fn agent(account: AccountId, name: impl Into<String>) -> About {
        About::Agent(AgentRef { account, name: name.into() })
    }
}

/// An agent, by the account that it reports to and the name that it gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AgentRef {
    pub account: AccountId,
    pub name: String,
}

/// One problem: opened, repeated, acknowledged or snoozed, and resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Kept")]
pub struct Alert {
    pub id: AlertId,
    pub kind: AlertKind,
    /// The worst it has been.
    pub severity: Severity,
    /// Of these three at most one; with none it is about the tower.
    pub cue_id: Option<CueId>,
    pub agent: Option<AgentRef>,
    pub channel: Option<String>,
    pub run_id: Option<RunId>,
    pub title: String,
    pub body: String,
    pub state: AlertState,
    /// How often it happened while open.
    pub count: u32,
    pub opened_at: Ms,
    pub last_at: Ms,
    /// When the owner was last told; before `opened_at` if this kind of problem was told shortly before this one opened.
    pub notified_at: Ms,
    pub resolved_at: Option<Ms>,
    /// The owner wants to hear no more of it until then.
    pub snoozed_until: Option<Ms>,
    /// It was told more loudly, once, because nobody had acknowledged it.
    pub escalated_at: Option<Ms>,
    /// Since when it waits to be acknowledged, if not since it opened: a snooze ended then, or it got worse.
    pub waits_since: Option<Ms>,
}

/// An alert as it is on disk; older ones have no severity of their own and are all about a cue.
#[derive(Deserialize)]
struct Kept {
    id: AlertId,
    kind: AlertKind,
    severity: Option<Severity>,
    cue_id: Option<CueId>,
    agent: Option<AgentRef>,
    channel: Option<String>,
    run_id: Option<RunId>,
    title: String,
    body: String,
    state: AlertState,
    count: u32,
    opened_at: Ms,
    last_at: Ms,
    notified_at: Ms,
    resolved_at: Option<Ms>,
    snoozed_until: Option<Ms>,
    escalated_at: Option<Ms>,
    waits_since: Option<Ms>,
}

impl From<Kept> for Alert {
    fn from(kept: Kept) -> Alert {
        Alert {
            id: kept.id,
            kind: kept.kind,
            severity: kept.severity.unwrap_or_else(|| kept.kind.severity()),
            cue_id: kept.cue_id,
            agent: kept.agent,
            channel: kept.channel,
            run_id: kept.run_id,
            title: kept.title,
            body: kept.body,
            state: kept.state,
            count: kept.count,
            opened_at: kept.opened_at,
            last_at: kept.last_at,
            notified_at: kept.notified_at,
            resolved_at: kept.resolved_at,
            snoozed_until: kept.snoozed_until,
            escalated_at: kept.escalated_at,
            waits_since: kept.waits_since,
        }
    }
}

impl Alert {
    #[must_use]
    pub fn about(&self) -> About {
        match (&self.cue_id, &self.agent, &self.channel) {
            (Some(cue), ..) => About::Cue(cue.clone()),
            (None, Some(agent), _) => About::Agent(agent.clone()),
            (None, None, Some(channel)) => About::Channel(channel.clone()),
            (None, None, None) => About::Tower,
        }
    }

    /// Whether it is open and the owner has not put it off.
    #[must_use]
    pub fn needs_somebody(&self, now: Ms) -> bool {
        self.state == AlertState::Open && !self.is_snoozed(now)
    }

    #[must_use]
    pub fn is_snoozed(&self, now: Ms) -> bool {
        self.snoozed_until.is_some_and(|until| until > now)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    Open,
    Acknowledged,
    Resolved,
}

impl AlertState {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            AlertState::Open => "open",
            AlertState::Acknowledged => "acknowledged",
            AlertState::Resolved => "resolved",
        }
    }
}

/// The alert as it now is; resolved ones leave the book with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AlertEvent {
    /// `tells` false: the same was told within the cool-down.
    AlertOpened {
        alert: Alert,
        #[serde(default = "yes")]
        tells: bool,
    },
    AlertRepeated {
        alert: Alert,
        #[serde(default)]
        tells: bool,
    },
    /// It is still open, and it was not told when it opened: the cool-down is over.
    AlertCooled {
        alert: Alert,
    },
    AlertAcknowledged {
        alert: Alert,
    },
    AlertSnoozed {
        alert: Alert,
    },
    /// Its snooze is over and it still holds.
    AlertWoke {
        alert: Alert,
    },
    /// Nobody has acknowledged it for as long as the rules wait.
    AlertEscalated {
        alert: Alert,
    },
    /// Nobody has acknowledged it, and the owner asked to be reminded.
    AlertReminded {
        alert: Alert,
    },
    AlertResolved {
        alert: Alert,
    },
}

fn yes() -> bool {
    true
}

impl AlertEvent {
    #[must_use]
    pub fn alert(&self) -> &Alert {
        match self {
            AlertEvent::AlertOpened { alert, .. }
            | AlertEvent::AlertRepeated { alert, .. }
            | AlertEvent::AlertCooled { alert }
            | AlertEvent::AlertAcknowledged { alert }
            | AlertEvent::AlertSnoozed { alert }
            | AlertEvent::AlertWoke { alert }
            | AlertEvent::AlertEscalated { alert }
            | AlertEvent::AlertReminded { alert }
            | AlertEvent::AlertResolved { alert } => alert,
        }
    }

    /// For whoever looks over its words before anybody sees them.
    pub fn alert_mut(&mut self) -> &mut Alert {
        match self {
            AlertEvent::AlertOpened { alert, .. }
            | AlertEvent::AlertRepeated { alert, .. }
            | AlertEvent::AlertCooled { alert }
            | AlertEvent::AlertAcknowledged { alert }
            | AlertEvent::AlertSnoozed { alert }
            | AlertEvent::AlertWoke { alert }
            | AlertEvent::AlertEscalated { alert }
            | AlertEvent::AlertReminded { alert }
            | AlertEvent::AlertResolved { alert } => alert,
        }
    }

    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            AlertEvent::AlertOpened { .. } => "alert_opened",
            AlertEvent::AlertRepeated { .. } => "alert_repeated",
            AlertEvent::AlertCooled { .. } => "alert_cooled",
            AlertEvent::AlertAcknowledged { .. } => "alert_acknowledged",
            AlertEvent::AlertSnoozed { .. } => "alert_snoozed",
            AlertEvent::AlertWoke { .. } => "alert_woke",
            AlertEvent::AlertEscalated { .. } => "alert_escalated",
            AlertEvent::AlertReminded { .. } => "alert_reminded",
            AlertEvent::AlertResolved { .. } => "alert_resolved",
        }
    }

    /// Whether what was told of it may go: it is seen, put off, or over and past caring.
    #[must_use]
    pub fn settles(&self) -> bool {
        match self {
            AlertEvent::AlertAcknowledged { .. } | AlertEvent::AlertSnoozed { .. } => true,
            AlertEvent::AlertResolved { alert } => !alert.kind.outlives_its_cause(),
            AlertEvent::AlertOpened { .. }
            | AlertEvent::AlertRepeated { .. }
            | AlertEvent::AlertCooled { .. }
            | AlertEvent::AlertWoke { .. }
            | AlertEvent::AlertEscalated { .. }
            | AlertEvent::AlertReminded { .. } => false,
        }
    }

    /// Whether the owner is to be told now, if the rules let this kind be told at all.
    #[must_use]
    pub fn wants_notification(&self) -> bool {
        match self {
            AlertEvent::AlertOpened { tells, .. } | AlertEvent::AlertRepeated { tells, .. } => *tells,
            AlertEvent::AlertCooled { .. }
            | AlertEvent::AlertWoke { .. }
            | AlertEvent::AlertEscalated { .. }
            | AlertEvent::AlertReminded { .. } => true,
            AlertEvent::AlertAcknowledged { .. }
            | AlertEvent::AlertSnoozed { .. }
            | AlertEvent::AlertResolved { .. } => false,
        }
    }
}
