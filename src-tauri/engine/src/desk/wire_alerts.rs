//! What the owner's door says about alerts: those there are, the rules they are told by, and the report of a day.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

// ---- alerts: AlertsRequest -> Alerts · alert_acknowledge: AlertRef -> AlertView · alert_snooze: AlertSnooze -> AlertView
// ---- alerts_acknowledge: Nothing -> Alerts (all open ones are seen)

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AlertsRequest {
    /// 1 to 500.
    pub limit: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Alerts {
    /// Unresolved ones first, then newest first.
    pub alerts: Vec<AlertView>,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AlertRef {
    pub alert_id: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AlertSnooze {
    pub alert_id: String,
    /// 1 to 43,200 (30 days); 0 ends a snooze.
    pub minutes: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AlertView {
    pub id: String,
    /// `silent_run`, `delivery_failed`, `outcome_failed`, `check_failed`, `missed_occurrence`, `crash_loop`, `fuse_tripped`,
    /// `fallback_failed`, `consecutive_failures`, `gate_waiting`, `heartbeat_lost`, `zombie`, `cost_spike`, `loop_detected`,
    /// `out_of_envelope`, `cadence_drift`, `tower_was_off`, `store_trouble`, `channel_failed`.
    pub kind: String,
    /// `info`, `warning`, `critical`; the worst it has been.
    pub severity: String,
    /// Names what it is about first.
    pub title: String,
    pub body: String,
    /// Of `cue_id`, `agent` and `channel` at most one is set; none: it is about the tower.
    pub cue_id: Option<String>,
    /// An agent outside of any cue.
    pub agent: Option<String>,
    /// The agent's; null: the owner's own.
    pub account: Option<String>,
    /// A channel that alerts are told on.
    pub channel: Option<String>,
    pub run_id: Option<String>,
    /// `open`, `acknowledged`, `resolved`.
    pub state: String,
    /// How often it happened while open.
    pub count: u32,
    #[ts(type = "number")]
    pub opened_at_ms: i64,
    #[ts(type = "number")]
    pub last_at_ms: i64,
    #[ts(type = "number | null")]
    pub resolved_at_ms: Option<i64>,
    #[ts(type = "number | null")]
    pub snoozed_until_ms: Option<i64>,
    /// When it was told louder because nobody had seen it.
    #[ts(type = "number | null")]
    pub escalated_at_ms: Option<i64>,
    /// On which ways it was told; empty: it is only recorded.
    pub told: Vec<ToldView>,
}

/// One way on which an alert was told, or is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ToldView {
    /// `desktop`, `briefing`, or a channel's kind: `slack`, `email`, …; `channel` for one that is gone.
    pub by: String,
    /// The channel's name; null: it is none.
    pub channel: Option<String>,
    /// `sent`; `held` (until `until_ms`: it is quiet); `waiting` (it is on its way); `merged` (into one note with others);
    /// `given_up` (it did not arrive); `kind_off` and `again_too_soon` (it was not to be told).
    pub state: String,
    #[ts(type = "number | null")]
    pub until_ms: Option<i64>,
    /// "email: me (held until 07:00)"
    pub words: String,
}

// ---- alert_rules: Nothing -> AlertRules · alert_rules_set: AlertRules -> AlertRules

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AlertRules {
    /// The same problem is told again after this long at the earliest: 0 to 10,080.
    pub cool_down_minutes: u32,
    /// Told louder, once, if nobody has seen it after 1 to 10,080 minutes.
    pub escalate_minutes: Option<u32>,
    /// Told again each so many minutes until somebody has seen it: 5 to 10,080.
    pub nag_minutes: Option<u32>,
    pub quiet: QuietHours,
    /// "09:00" on the owner's clock; null: no daily report.
    pub report_at: Option<String>,
    /// Kinds that are recorded and told to nobody.
    pub off: Vec<String>,
}

/// Hours in which only what is critical is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct QuietHours {
    pub on: bool,
    /// "22:00"
    pub from: String,
    /// "07:00"; before `from`: of the next day.
    pub to: String,
}

// ---- report: ReportRequest -> Report

#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct ReportRequest {
    /// "2026-11-22", by the owner's clock; null: today so far.
    #[serde(default)]
    pub day: Option<String>,
}

/// What became of a day: of the runs that were due in it, as they stand now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Report {
    pub day: String,
    /// A few sentences.
    pub words: String,
    /// Runs that began.
    pub ran: u32,
    pub confirmed: u32,
    pub claimed: u32,
    pub failed: u32,
    /// Said they had succeeded, and the proof says no.
    #[serde(default)]
    pub refuted: u32,
    pub silent: u32,
    /// Due times that did not run and will not.
    pub missed: u32,
    /// By a fuse or by the owner.
    pub stopped: u32,
    /// Null: nobody said.
    pub cost_usd: Option<f64>,
    #[ts(type = "number")]
    pub tokens: u64,
    /// Alerts that are open and not put off now, the worst first.
    pub needs_you: Vec<AlertView>,
    /// Those that went wrong first, then by name.
    pub by_cue: Vec<ReportCue>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ReportCue {
    pub cue: String,
    pub cue_id: String,
    pub ran: u32,
    /// Confirmed or claimed.
    pub good: u32,
    /// Failed, refuted, silent, stopped or cancelled.
    pub bad: u32,
    pub missed: u32,
    pub cost_usd: Option<f64>,
}
