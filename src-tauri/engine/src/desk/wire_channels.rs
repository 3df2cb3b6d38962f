//! What the owner's door says about ways to reach the owner: channels, and the dead man's ping.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

// ---- channels: Nothing -> Channels · channel_set: ChannelSet -> Channels · channel_remove: ChannelRef -> Channels

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Channels {
    /// `desktop` first, this machine's own notifications; then by name.
    pub channels: Vec<ChannelView>,
    /// Null: it is off.
    pub beacon: Option<BeaconView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ChannelView {
    pub name: String,
    /// `native` (of `desktop` alone), `slack`, `discord`, `pagerduty`, `ntfy`, `webhook`, `email`.
    pub kind: String,
    /// Where it leads, without anything secret: "https://hooks.slack.com/••••".
    pub target: String,
    pub on: bool,
    /// `info`, `warning`, `critical`: what is milder is not told here.
    pub min_severity: String,
    /// Kinds of alerts that are told here; empty: all.
    pub kinds: Vec<String>,
    /// Hears of an alert only once nobody has seen it for as long as the rules say.
    pub escalation: bool,
    /// Of a mail channel, without its password.
    pub smtp: Option<SmtpSet>,
    /// `ok`, `failing` (the last try did not get through), `untried`.
    pub state: String,
    /// How the last try went, in one line.
    pub words: String,
    /// Notes that are not told yet.
    pub waiting: u32,
    #[ts(type = "number | null")]
    pub last_told_ms: Option<i64>,
}

/// Makes a channel, or changes the one of this name. What is secret and null, or holds `••••`, stays as it is kept; "" takes it away.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ChannelSet {
    pub name: String,
    pub kind: String,
    #[serde(default = "yes")]
    pub on: bool,
    /// `warning` if it is not said.
    #[serde(default)]
    pub min_severity: Option<String>,
    #[serde(default)]
    pub kinds: Vec<String>,
    #[serde(default)]
    pub escalation: bool,
    /// Of Slack, Discord, ntfy (with its topic) and web hooks; of PagerDuty another one than the service's own.
    #[serde(default)]
    pub url: Option<String>,
    /// PagerDuty's integration key.
    #[serde(default)]
    pub routing_key: Option<String>,
    /// ntfy's access token; of a web hook the secret that signs (none: the tower's own).
    #[serde(default)]
    pub token: Option<String>,
    #[serde(default)]
    pub smtp: Option<SmtpSet>,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SmtpSet {
    pub host: String,
    pub port: u16,
    /// `starttls`, `tls`, `none`.
    pub tls: String,
    pub user: Option<String>,
    /// Shown as `••••`.
    pub password: Option<String>,
    pub from: String,
    /// One or several, divided by commas.
    pub to: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ChannelRef {
    pub name: String,
}

// ---- channel_test: ChannelRef -> ChannelTested

/// What the service answered to a real note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChannelTested {
    pub ok: bool,
    pub words: String,
}

// ---- beacon_set: BeaconSet -> Channels

/// A request that goes out for as long as the tower lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BeaconView {
    /// Without its path.
    pub url: String,
    pub every_seconds: u32,
    /// Since the tower started.
    #[ts(type = "number | null")]
    pub last_ok_ms: Option<i64>,
    /// How the last one went; "" before the first.
    pub words: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct BeaconSet {
    /// Null: off; `••••` in it: as it is kept.
    pub url: Option<String>,
    /// 10 to 86,400; null: 60.
    #[serde(default)]
    pub every_seconds: Option<u32>,
}
