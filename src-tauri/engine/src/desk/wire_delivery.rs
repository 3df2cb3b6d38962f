//! What the owner's door says about deliveries: what a run waits for, live output and usage, workers, pings.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What holds the next delivery of a run up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WaitView {
    /// `pool`, `preflight`, `worker` (nobody has claimed it), `ping` (its agent has not said that it began).
    pub by: String,
    /// "pool openai: 1 of 1 in use (by leads); 2nd in line".
    pub words: String,
    #[ts(type = "number")]
    pub since_ms: i64,
    /// When it is looked at again, or given up.
    #[ts(type = "number | null")]
    pub until_ms: Option<i64>,
    /// Place in the line, from 1.
    pub position: Option<u32>,
}

/// The run that brought this one about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CausedBy {
    /// `fallback`, `chain`, `replay`, `dynamic`.
    pub how: String,
    pub run_id: String,
    /// None for a run of the same cue.
    pub cue_id: Option<String>,
    pub cue_name: Option<String>,
}

/// Something that was done because of a run: "told https://example.com/hook of the failure: answered 200".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NoteView {
    #[ts(type = "number")]
    pub at_ms: i64,
    pub words: String,
}

// ---- run_output: RunOutputRequest -> RunOutput (asked again while `live`)

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunOutputRequest {
    pub run_id: String,
    /// The attempt.
    pub number: u32,
    /// `stdout` or `stderr`.
    pub stream: String,
    /// 0 at first, then the `next_byte` of the answer before.
    #[ts(type = "number")]
    pub from_byte: u64,
}

/// At most 64 KiB a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RunOutput {
    /// Whole lines of plain text: no ANSI escapes.
    pub text: String,
    /// The line that is being printed, as far as it is: it comes again with the next piece.
    pub unfinished: String,
    #[ts(type = "number")]
    pub next_byte: u64,
    /// Left out between the last call and this text, because so much was printed.
    #[ts(type = "number")]
    pub skipped_bytes: u64,
    /// The process may still print; false: `text` is the end of what is kept, from the start.
    pub live: bool,
}

// ---- run_usage: RunUsageRequest -> RunUsage

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunUsageRequest {
    pub run_id: String,
    pub number: u32,
}

/// What the processes of an attempt need, all together; about one sample a second, the last 120.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RunUsage {
    pub live: bool,
    pub samples: Vec<UsageSample>,
    #[ts(type = "number | null")]
    pub peak_rss_bytes: Option<u64>,
    #[ts(type = "number | null")]
    pub cpu_ms: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UsageSample {
    #[ts(type = "number")]
    pub at_ms: i64,
    #[ts(type = "number")]
    pub rss_bytes: u64,
    /// Of the processor, since the start.
    #[ts(type = "number")]
    pub cpu_ms: u64,
    pub processes: u32,
}

// ---- workers: Nothing -> Workers

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Workers {
    /// Newest sign of life first.
    pub workers: Vec<WorkerView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WorkerView {
    pub id: String,
    /// Tasks it says it can do.
    pub handlers: Vec<String>,
    #[ts(type = "number")]
    pub registered_at_ms: i64,
    #[ts(type = "number")]
    pub last_seen_ms: i64,
    /// `active` (seen within 3 min), `stale` (15 min), `dead`.
    pub status: String,
    /// Runs it has claimed.
    pub runs: Vec<String>,
}

// ---- cue_ping_url: CueRef -> PingUrl

/// Where an agent that is only watched says that it began and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PingUrl {
    /// `http://127.0.0.1:8737/ping/<key>`; `/start`, `/fail`, `/log` and `/<exit code>` after it.
    pub url: String,
}
