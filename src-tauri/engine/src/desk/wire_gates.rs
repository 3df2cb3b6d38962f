//! What the owner's door says about gates: questions that wait for the owner, and those that were answered.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

// ---- gates: GatesRequest -> Gates · gate_get: GateRef -> GateStory · gate_answer: GateAnswer -> GateView
// ---- gate_put_off: GatePutOff -> GateView
// `gate_get` takes the beginning of an id as well, if it is of one gate alone.

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct GatesRequest {
    /// Of each list, 1 to 500.
    pub limit: u32,
    /// Those that were answered as well.
    #[serde(default)]
    pub settled: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Gates {
    /// Those that wait, the nearest deadline first, then by money per hour, then by age. Those that were put off last.
    pub waiting: Vec<GateView>,
    /// How many wait in all.
    pub waiting_count: u32,
    /// Runs whose outcome somebody is to look at (`run_verify`), the oldest first.
    pub confirm: Vec<RunToVerify>,
    /// Newest first; empty if they were not asked for.
    pub settled: Vec<GateView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct GateView {
    pub id: String,
    /// `asked` (by the agent), `step` (the cue, before this step), `delivery` (the cue, before it is delivered).
    pub about: String,
    /// The agent's own key, or the step's; empty of a delivery.
    pub key: String,
    pub title: String,
    pub cue_id: Option<String>,
    pub cue_name: Option<String>,
    /// Null: asked outside of any run.
    pub run_id: Option<String>,
    /// Whoever asks, or is asked for; empty if its cue names none.
    pub agent: String,
    /// Whose it is, if somebody who registered asks; null: your own.
    pub account: Option<String>,
    #[ts(type = "number")]
    pub asked_at_ms: i64,
    /// Null: it has none, or it is past.
    #[ts(type = "number | null")]
    pub deadline_ms: Option<i64>,
    /// Since when it is late, and waits on.
    #[ts(type = "number | null")]
    pub overdue_at_ms: Option<i64>,
    /// It is asked again then.
    #[ts(type = "number | null")]
    pub put_off_until_ms: Option<i64>,
    /// `keep_waiting`, `proceed`, `stop`, `escalate`.
    pub on_no_answer: String,
    /// Nothing is done while it waits: clocks stand still, and permits are others'.
    pub blocking: bool,
    /// `waiting`, `approved`, `edited`, `denied`, `no_answer`, `withdrawn`.
    pub state: String,
    /// Hash of what is shown; an answer names it.
    pub shown: String,
    /// Whether it takes a changed payload (`edit`).
    pub may_edit: bool,
    /// Whether it can be undone; null: its asker does not say.
    pub reversible: Option<bool>,
    /// In words; empty if its asker does not say.
    pub cost_of_waiting: String,
    pub usd_per_hour: Option<f64>,
    /// The window holds an answer back for so long at least, so that it can be taken back; null: as you like it. An answer from
    /// a notification, the tray or the command line is sent at once.
    #[ts(type = "number | null")]
    pub take_back_ms: Option<u64>,
    #[ts(type = "number | null")]
    pub settled_at_ms: Option<i64>,
    /// Where it was answered: `window`, `browser`, `notification`, `tray`, `cli`.
    pub face: Option<String>,
    /// Your words, or why it was withdrawn.
    pub comment: Option<String>,
    /// "Answer by Fri 20 Nov 10:00:00 UTC; with no answer it goes on.", "Approved in the notification."
    pub sentence: String,
}

/// A run that ended well by its own word, and that the owner is to look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RunToVerify {
    pub run_id: String,
    pub cue_id: String,
    pub cue_name: String,
    pub agent: String,
    /// Since when it waits for somebody.
    #[ts(type = "number")]
    pub since_ms: i64,
    /// What follows from its end waits too.
    pub holds: bool,
    /// What it says it did; empty if it gave no words.
    pub summary: String,
    /// What happened, in one sentence.
    pub sentence: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct GateRef {
    pub gate_id: String,
}

/// One gate with all that is shown of it. An agent's words: text, never markup. Payloads are JSON as text: a page that read
/// their numbers would round the long ones, and an edit would send others than were shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct GateStory {
    pub gate: GateView,
    /// What exactly will happen, in words; empty if there are none.
    pub body: String,
    /// What exactly will be done, as JSON text.
    pub payload: Option<String>,
    /// A diff that the agent made.
    pub diff: Option<String>,
    /// What you made of the payload, of one that was edited, as JSON text.
    pub answer: Option<String>,
    /// The newest about the same that was approved before this one was asked.
    pub last_approved: Option<LastApproved>,
}

/// What was done then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LastApproved {
    pub gate_id: String,
    #[ts(type = "number")]
    pub settled_at_ms: i64,
    pub body: String,
    /// With your changes, if it was edited, as JSON text.
    pub payload: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct GateAnswer {
    pub gate_id: String,
    /// The hash of what you saw.
    pub shown: String,
    pub answer: GateWord,
    /// Of an `edit`: in place of the payload that was asked about.
    #[serde(default)]
    #[ts(type = "unknown", optional)]
    pub payload: Option<serde_json::Value>,
    /// The same as JSON text, for whoever would round its numbers.
    #[serde(default)]
    #[ts(optional)]
    pub payload_json: Option<String>,
    /// At most 2,000 characters; the agent hears them.
    #[serde(default)]
    #[ts(optional)]
    pub comment: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum GateWord {
    Approve,
    /// Approve, with a changed payload.
    Edit,
    Deny,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct GatePutOff {
    pub gate_id: String,
    /// 1 to 10,080 (a week); 0: ask again now.
    pub minutes: u32,
}
