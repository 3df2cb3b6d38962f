//! What the owner's door says about jobs of other schedulers that are to become cues.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

// ---- adopt_look: AdoptLook -> AdoptPreview

/// Nothing is changed by looking.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct AdoptLook {
    /// A crontab's text, read instead of this machine's own schedulers.
    #[serde(default)]
    #[ts(optional)]
    pub text: Option<String>,
    /// Its lines name a user, as those of /etc/crontab do.
    #[serde(default)]
    #[ts(optional)]
    pub system: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AdoptPreview {
    pub sources: Vec<AdoptSource>,
    /// In the order of their sources.
    pub entries: Vec<AdoptEntry>,
    /// Jobs that were adopted already, and keep their numbers.
    pub adopted: Vec<AdoptedEntry>,
}

/// A job that is a cue already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AdoptedEntry {
    /// As [`AdoptEntry`]'s.
    pub number: u32,
    /// Of [`AdoptSource`].
    pub source: String,
    pub adopted: AdoptedView,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AdoptKind {
    /// The owner's own crontab.
    Crontab,
    /// /etc/crontab and the files of /etc/cron.d.
    SystemCrontab,
    UserTimer,
    SystemTimer,
    /// A text that was handed in; nobody knows where it runs.
    Text,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AdoptSource {
    /// Such as `crontab`, `timers`, `/etc/cron.d/certbot`.
    pub id: String,
    pub kind: AdoptKind,
    /// "your crontab"
    pub name: String,
    pub entries: u32,
    /// About the whole of it, each a sentence.
    pub notes: Vec<String>,
    /// Why it could not be read, as a sentence.
    pub trouble: Option<String>,
}

/// One job. Values that look like secrets are not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AdoptEntry {
    /// Names it in `adopt`; another one once its text is another.
    pub key: String,
    /// From 1 over all sources; adopted jobs are counted too, so that it stays as long as the tables do.
    pub number: u32,
    /// Of [`AdoptSource`].
    pub source: String,
    pub kind: AdoptKind,
    /// Of the file, from 1; null: it is a timer.
    pub line: Option<u32>,
    /// Such as `backup.timer`; null: it is a line.
    pub unit: Option<String>,
    pub text: String,
    /// As whom it is run, if that is said.
    pub user: Option<String>,
    /// Of the cue that would be made.
    pub name: String,
    /// Why it cannot be a cue; then the fields below are empty.
    pub reason: Option<String>,
    /// "daily at 02:30"
    pub words: String,
    /// The cue's definition, as `cue_create` takes it.
    #[ts(type = "unknown")]
    pub definition: serde_json::Value,
    /// The next five.
    #[ts(type = "number[]")]
    pub fires_ms: Vec<i64>,
    pub offsets_minutes: Vec<i32>,
    /// What is different here, each a sentence.
    pub notes: Vec<String>,
    /// Variables of it that are kept as secrets, by the names that those get.
    pub secrets: Vec<String>,
    /// The tower can have its scheduler run it under `exec`, and switch it off there.
    pub can_watch_first: bool,
    /// What the owner has to do by hand, in this order; empty where the tower does it.
    pub owner_steps: Vec<String>,
}

// ---- adopt: Adopt -> AdoptDone · adopt_flip: CueRef -> AdoptDone · adopt_undo: CueRef -> AdoptDone · adopt_list: Nothing -> Adopted

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AdoptMode {
    /// The other scheduler goes on, under `exec`, and the tower watches.
    WatchFirst,
    /// The tower runs it, and the other scheduler does not.
    TakeOver,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Adopt {
    /// Of [`AdoptEntry`].
    pub keys: Vec<String>,
    pub mode: AdoptMode,
    /// As it was looked at.
    #[serde(default)]
    #[ts(optional)]
    pub look: Option<AdoptLook>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AdoptDone {
    pub done: Vec<AdoptedView>,
    pub failed: Vec<AdoptFailed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AdoptFailed {
    /// As it was asked for.
    pub key: String,
    /// One sentence; nothing is changed.
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AdoptStage {
    /// Its scheduler runs it under `exec`.
    Watching,
    /// The tower runs it; it is off there.
    Taken,
    /// The cue is paused until the owner has switched the job off where it was.
    WaitingForOwner,
    /// It is not adopted any more: as it was before.
    Undone,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AdoptedView {
    pub cue_id: String,
    pub cue_name: String,
    pub kind: AdoptKind,
    /// "your crontab", "/etc/crontab", "backup.timer"
    pub source: String,
    pub text: String,
    pub stage: AdoptStage,
    /// What holds now, as a sentence.
    pub words: String,
    pub owner_steps: Vec<String>,
    /// What did not come to its end, as a sentence; the next start of the tower, or the same command, goes on.
    pub trouble: Option<String>,
    #[ts(type = "number")]
    pub since_ms: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Adopted {
    pub adopted: Vec<AdoptedView>,
}
