//! What the owner's door says when something is looked for, and what it hands out as a file.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::wire::Mark;

// ---- search: SearchRequest -> SearchFound (as one types; a bad filter is a DeskError with `field: "text"` that names the word)

/// What is looked for. All that is said holds at once.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct SearchRequest {
    /// Words, each of which must begin a word of what is found; `"in quotes"`: exactly so, one after the other. Among them may
    /// stand filters: `cue:NAME agent:NAME is:failed kind:run cost:>0.5 since:7d until:2026-11-20`; `-` before a word: not that.
    pub text: String,
    /// Empty: every kind.
    #[serde(default)]
    #[ts(optional, as = "Option<Vec<SearchKind>>")]
    pub kinds: Vec<SearchKind>,
    /// Of each kind at most; 1 to 100. None: 20.
    #[serde(default)]
    #[ts(optional)]
    pub limit: Option<u32>,
    /// `SearchFound.cursor`: what comes after. Only of runs.
    #[serde(default)]
    #[ts(optional)]
    pub cursor: Option<String>,
    /// Of this cue alone.
    #[serde(default)]
    #[ts(optional)]
    pub cue_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SearchKind {
    Cue,
    Agent,
    Alert,
    Run,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SearchFound {
    /// Cues, agents, alerts, runs, in this order; within a kind the newest first.
    pub hits: Vec<SearchHit>,
    /// There may be more runs, older ones: ask again with this.
    pub cursor: Option<String>,
    /// With a cursor: the search stopped here so that it answers at once; runs due before were not looked at yet.
    #[ts(type = "number | null")]
    pub searched_until_ms: Option<i64>,
    /// After an update: runs due before this are not in the index yet, and will be. Null: all are.
    #[ts(type = "number | null")]
    pub indexed_until_ms: Option<i64>,
    /// The filters that were read out of the text, in words: "cue score-new-leads", "failed", "at least $0.50".
    pub filters: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SearchHit {
    pub kind: SearchKind,
    /// Of the cue, alert or run; of an agent its name.
    pub id: String,
    /// Name of the cue or agent, title of the alert; of a run its cue's name.
    pub title: String,
    /// Where the words stand, in pieces; those that are hit are marked. Of a run without words in the text: its sentence.
    pub snippet: Vec<SearchPiece>,
    /// Which text the snippet is of: `name`, `description`, `summary`, `error`, `result`, `step`, `check`, `output`, `sentence`.
    pub field: String,
    /// Of a run, and of an alert that is about a cue.
    pub cue_id: Option<String>,
    /// Of an alert that is about a run.
    pub run_id: Option<String>,
    /// Empty if there is none.
    pub agent: String,
    /// Of an agent: whose it is; null: your own.
    pub account: Option<String>,
    /// Due (run), opened (alert), written (cue); null for an agent.
    #[ts(type = "number | null")]
    pub at_ms: Option<i64>,
    /// Of a run: its three verdicts.
    pub mark: Option<Mark>,
    /// `active`, `paused`, `completed`, `failed` of a cue; `open`, `acknowledged`, `snoozed`, `resolved` of an alert; else empty.
    pub state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SearchPiece {
    pub text: String,
    pub hit: bool,
}

// ---- run_export: RunExport -> Exported · costs_csv: CostsRequest -> Exported

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunExport {
    pub run_id: String,
    pub format: ExportFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// Documented and versioned: docs/search.md.
    Json,
    /// One page that needs nothing else.
    Html,
}

/// A file, as it is to be saved.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Exported {
    /// "score-new-leads-2026-11-21-0805.html": letters, digits, dots and dashes only.
    pub file_name: String,
    /// "text/html; charset=utf-8".
    pub mime: String,
    pub text: String,
}
