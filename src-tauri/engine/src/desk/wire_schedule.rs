//! Wire types of the schedule beyond one due time: grey bands, the briefing, the audit, tomorrow simulated, trigger URLs.
//! Part of `wire`, under the same rules.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A time in which nothing could be fired: drawn grey, labelled on the axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BandView {
    #[ts(type = "number")]
    pub from_ms: i64,
    #[ts(type = "number")]
    pub to_ms: i64,
    /// `off`, `asleep`, `clock_set`, `stalled`.
    pub reason: String,
    /// "Asleep 5 h 25 min"
    pub label: String,
}

// ---- ledger_audit: AuditRequest -> Audit

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AuditRequest {
    /// How far back; None: the whole history.
    pub days: Option<u32>,
}

/// What should have been, by the history of every cue's definitions, held against the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Audit {
    /// Cues looked at, deleted ones included.
    pub cues: u32,
    /// Instants that the schedules name in that time.
    #[ts(type = "number")]
    pub instants: u64,
    /// Instants without exactly one record, and records that no schedule explains. 0 is the promise.
    #[ts(type = "number")]
    pub unexplained: u64,
    /// The first 100 of them.
    pub findings: Vec<AuditFinding>,
    #[ts(type = "number | null")]
    pub from_ms: Option<i64>,
    #[ts(type = "number")]
    pub to_ms: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AuditFinding {
    pub cue_id: String,
    pub cue_name: String,
    #[ts(type = "number")]
    pub due_ms: i64,
    /// "no record", "two records", "no schedule names it", "no end".
    pub problem: String,
}

// ---- briefing: Nothing -> Briefing · briefing_close: Nothing -> Nothing

/// What was missed while the tower was away, and what the policies did. Shown once, until it is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Briefing {
    /// None: there is nothing to tell.
    pub card: Option<BriefingCard>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BriefingCard {
    /// "37 due times passed while asleep"
    pub title: String,
    /// "4 cues ran once for what they missed, 1 is skipped, 1 waits for you."
    pub sentence: String,
    /// Those in which something was due, oldest first.
    pub bands: Vec<BandView>,
    /// One for each cue that missed something; those that ask come first.
    pub lines: Vec<BriefingLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BriefingLine {
    pub cue_id: String,
    pub cue_name: String,
    /// Due times that passed.
    #[ts(type = "number")]
    pub missed: u64,
    #[ts(type = "number")]
    pub oldest_due_ms: i64,
    #[ts(type = "number")]
    pub newest_due_ms: i64,
    /// `latest`, `all`, `none`, `ask`.
    pub policy: String,
    /// What the policy did: "Ran once, for the newest; 36 coalesced."
    pub sentence: String,
    /// Held until `occurrence_answer` says run or skip.
    pub asks: Option<String>,
    /// The run that made up for it, if one did.
    pub run_id: Option<String>,
}

// ---- occurrence_answer: OccurrenceAnswer -> Nothing

/// Run or skip a held occurrence that asks.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct OccurrenceAnswer {
    pub cue_id: String,
    pub occurrence_id: String,
    /// True: run it now. False: skip it.
    pub run: bool,
}

// ---- cue_pause: CuePause -> CueView

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct CuePause {
    pub cue_id: String,
    /// Resumes by itself then. None: until it is resumed by hand.
    #[serde(default)]
    #[ts(type = "number | null", optional)]
    pub until_ms: Option<i64>,
}

// ---- cue_trigger: CueTrigger -> TriggerUrl

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct CueTrigger {
    pub cue_id: String,
    /// `show`, `renew` (makes one; an older one ends), `remove`.
    pub change: String,
}

/// Whoever knows the URL may fire the cue: `POST` with a JSON body, which becomes the payload.
#[derive(Clone, Serialize, Deserialize, TS)]
pub struct TriggerUrl {
    /// None: the cue has none.
    pub url: Option<String>,
}

impl std::fmt::Debug for TriggerUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TriggerUrl(••••)")
    }
}

// ---- schedule_simulate: SimulateRequest -> Simulation

/// Tomorrow, by the real core on a virtual clock; runs are taken to be confirmed after the median of their past lengths.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SimulateRequest {
    /// 1 to 366.
    pub days: u32,
    /// Of this cue alone.
    pub cue_id: Option<String>,
    /// A definition that is not saved (a whole cue, as `cue_create` takes it), in place of `cue_id`'s or as a new cue.
    #[serde(default)]
    #[ts(type = "unknown", optional)]
    pub definition: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Simulation {
    #[ts(type = "number")]
    pub from_ms: i64,
    #[ts(type = "number")]
    pub to_ms: i64,
    pub lanes: Vec<SimulatedLane>,
    /// In the order of due instants, at most 5 000 in all; `truncated` says if there are more. The counts in `lanes` cover all.
    pub fires: Vec<SimulatedFire>,
    pub truncated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SimulatedLane {
    /// Empty for a definition that is not saved.
    pub cue_id: String,
    pub cue_name: String,
    pub words: String,
    /// Length a run was taken to have.
    #[ts(type = "number")]
    pub run_ms: u64,
    #[ts(type = "number")]
    pub ran: u64,
    /// By the overlap policy.
    #[ts(type = "number")]
    pub skipped_overlap: u64,
    #[ts(type = "number")]
    pub skipped_blackout: u64,
    /// Ran, but waited behind another run first.
    #[ts(type = "number")]
    pub waited: u64,
    /// Most runs live at once.
    pub most_at_once: u32,
    /// Clock changes that touch it, and what else stands out: "23 of 24 due times an hour find the previous run still live."
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SimulatedFire {
    pub cue_id: String,
    #[ts(type = "number")]
    pub due_ms: i64,
    /// `scheduled`, `chain`.
    pub triggered_by: String,
    /// `ran`, `skipped`, `held` (waited, then ran).
    pub end: String,
    /// Why it did not simply run; None if it did.
    pub reason: Option<String>,
    /// Offset of the cue's zone from UTC then, in minutes.
    pub offset_minutes: i32,
}
