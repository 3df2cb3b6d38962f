//! What the owner's door says of cues that are kept in files: what goes into one, and what a set of them would change here.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

// ---- cues_export: CuesExport -> PortableCues

#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct CuesExport {
    /// Of your own. Empty: all but those of the demo, test fires, and `once` cues that are over.
    #[serde(default)]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub names: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct PortableCues {
    /// By name. Each as in SPEC's JSON without what is at its default, with the names of other cues instead of ids, and with
    /// `paused` or `paused_until`.
    #[ts(type = "unknown[]")]
    pub cues: Vec<serde_json::Value>,
    pub left_out: Vec<LeftOutCue>,
    /// What does not come along, and what is worth a look: one sentence each.
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LeftOutCue {
    pub name: String,
    /// "its only instant has passed"
    pub why: String,
}

// ---- cues_apply: CuesApply -> CuesApplied

#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct CuesApply {
    /// As `cues_export` has them; each is the cue of its name.
    #[ts(type = "unknown[]")]
    pub cues: Vec<serde_json::Value>,
    /// Your own cues that are not among them go, but for those of the demo and test fires.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub prune: bool,
    /// `CuesApplied.plan` of what was shown: nothing is done if it would be something else by now (`conflict`). None: nothing is
    /// done, it is only said what would be.
    #[serde(default)]
    #[ts(optional)]
    pub plan: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct CuesApplied {
    /// One for each cue that was handed in, in that order; then those that go.
    pub changes: Vec<CueChange>,
    /// What does not fit. As long as there is one, nothing is done, and `changes` is empty.
    pub problems: Vec<CueProblem>,
    pub notes: Vec<String>,
    /// Names exactly this.
    pub plan: String,
    pub done: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CueChange {
    pub name: String,
    pub what: CueChangeKind,
    /// None: it is to be made.
    pub cue_id: Option<String>,
    /// The schedule in words, as it will be.
    pub words: String,
    /// Of a cue that changes.
    pub fields: Vec<CueFieldChange>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CueChangeKind {
    Make,
    Change,
    Keep,
    Remove,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CueFieldChange {
    /// "schedule.cron"
    pub field: String,
    /// Null: there is none.
    #[ts(type = "unknown")]
    pub old: serde_json::Value,
    #[ts(type = "unknown")]
    pub new: serde_json::Value,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CueProblem {
    /// Of the cue, among those that were handed in.
    pub index: u32,
    /// "schedule.cron"; empty: the cue as a whole.
    pub field: String,
    pub message: String,
}
