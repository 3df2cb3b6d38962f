//! Who else hears of an alert, when, and how many at once: channels, quiet hours, bursts, lines. Pure; sending is the engine's.

mod burst;
mod digest;
mod line;
mod note;
#[cfg(test)]
mod tests;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::Ms;
use crate::alert::{Alert, AlertKind, Rules, Severity};

pub use burst::{BURST, Burst, Taken, Window};
pub use digest::{Digest, Why, counted};
pub use line::{FAILING, GIVEN_UP_MS, Line, Next, WAITING_MAX, Waiting, backoff_ms};
pub use note::{Note, What};

/// Where words go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    Native,
    Tray,
    Webhook,
    Slack,
    Discord,
    Pagerduty,
    Ntfy,
    Email,
}

impl ChannelKind {
    /// Those that leave the machine.
    pub const SENT: [ChannelKind; 6] = [
        ChannelKind::Slack,
        ChannelKind::Discord,
        ChannelKind::Pagerduty,
        ChannelKind::Ntfy,
        ChannelKind::Webhook,
        ChannelKind::Email,
    ];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ChannelKind::Native => "native",
            ChannelKind::Tray => "tray",
            ChannelKind::Webhook => "webhook",
            ChannelKind::Slack => "slack",
            ChannelKind::Discord => "discord",
            ChannelKind::Pagerduty => "pagerduty",
            ChannelKind::Ntfy => "ntfy",
            ChannelKind::Email => "email",
        }
    }

    /// None: there is no such kind that could be set up.
    #[must_use]
    pub fn of(word: &str) -> Option<ChannelKind> {
        ChannelKind::SENT.into_iter().chain([ChannelKind::Native]).find(|kind| kind.word() == word)
    }

    #[must_use]
    pub fn is_sent(self) -> bool {
        ChannelKind::SENT.contains(&self)
    }
}

/// One way to reach the owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// The owner's word for it; unique.
    pub name: String,
    pub kind: ChannelKind,
    /// What is milder is not told here.
    pub min_severity: Severity,
    /// Empty: all.
    #[serde(default)]
    pub kinds: Vec<AlertKind>,
    pub on: bool,
    /// Hears of an alert only once nobody has acknowledged it for as long as the rules say.
    #[serde(default)]
    pub escalation: bool,
}

impl Channel {
    /// Whether it is on, and this is bad enough and of a kind that it is for.
    #[must_use]
    pub fn hears_of(&self, alert: &Alert) -> bool {
        self.on && alert.severity >= self.min_severity && (self.kinds.is_empty() || self.kinds.contains(&alert.kind))
    }
}

/// Whether a channel is told of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    Now,
    /// Quiet hours: not before then.
    Held(Ms),
    No,
}

/// Whether `channel` is told of `alert` as it now is.
#[must_use]
pub fn wants(channel: &Channel, alert: &Alert, rules: &Rules, now: Ms, zone: Tz) -> Wants {
    let is_its_own = alert.channel.as_ref() == Some(&channel.name);
    let is_wanted = !is_its_own
        && channel.hears_of(alert)
        && rules.tell(alert.kind)
        && (!channel.escalation || alert.escalated_at.is_some());
    if !is_wanted {
        return Wants::No;
    }
    rules.held_until(alert.severity, now, zone).map_or(Wants::Now, Wants::Held)
}

/// Whether `channel` is told that what it was told of is seen or over: whoever was woken hears that it has ended, also if
/// nobody is to be woken for it any more. At a service that keeps incidents it ends one at once.
#[must_use]
pub fn wants_the_end(channel: &Channel, alert: &Alert, rules: &Rules, now: Ms, zone: Tz) -> Wants {
    if !channel.on {
        return Wants::No;
    }
    let held = rules.held_until(alert.severity, now, zone).filter(|_| channel.kind != ChannelKind::Pagerduty);
    held.map_or(Wants::Now, Wants::Held)
}

/// Whether the daily report goes to `channel`: to whoever is there to be read, not to whoever is there to wake somebody.
#[must_use]
pub fn wants_report(channel: &Channel) -> bool {
    channel.on
        && !channel.escalation
        && channel.kind.is_sent()
        && channel.kind != ChannelKind::Pagerduty
        && channel.min_severity <= Severity::Warning
        && channel.kinds.is_empty()
}
