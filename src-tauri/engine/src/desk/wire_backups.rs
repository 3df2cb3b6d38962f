//! What the owner's door says about backups and settings.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

// ---- backups: Nothing -> Backups; backup_make: BackupMake -> BackupView; backup_look: BackupRef -> BackupView

/// The backups that there are, the newest first, and when the next one is due.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Backups {
    pub folder: String,
    pub backups: Vec<BackupView>,
    /// A cron expression, or "never".
    pub schedule: String,
    /// The schedule in words; None: never.
    pub words: Option<String>,
    #[ts(type = "number | null")]
    pub next_ms: Option<i64>,
    /// How many of them are kept.
    pub keep: u32,
    /// Why the last one that was due is not there.
    pub trouble: Option<String>,
    /// A backup waits to become the store when the tower starts the next time.
    pub restore_waits: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct BackupView {
    pub path: String,
    #[ts(type = "number")]
    pub bytes: u64,
    #[ts(type = "number")]
    pub made_at_ms: i64,
    /// "Cuetower 1.4.0"
    pub program: String,
    #[ts(type = "number")]
    pub cues: u64,
    #[ts(type = "number")]
    pub runs: u64,
    /// Names of the secrets there were.
    pub secrets: Vec<String>,
    /// Their values are in it, under a passphrase.
    pub sealed: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct BackupMake {
    /// A whole path; none may be there. None: a name of the instant in the folder of backups.
    #[serde(default)]
    #[ts(optional)]
    pub to: Option<String>,
    /// The values of secrets and the tower's own key go along under it; 8 characters at least. None: they stay here.
    #[serde(default)]
    #[ts(optional)]
    pub passphrase: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct BackupRef {
    pub path: String,
}

// ---- backup_restore: BackupRestore -> RestoreView

/// It becomes the store when the tower starts the next time; until then nothing changes.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct BackupRestore {
    pub path: String,
    /// Opens the secrets in it; None: they stay closed.
    #[serde(default)]
    #[ts(optional)]
    pub passphrase: Option<String>,
    /// It fires nothing until it is resumed.
    #[serde(default)]
    pub paused: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RestoreView {
    pub backup: BackupView,
    /// Secrets that are in the vault now.
    pub secrets_set: Vec<String>,
    /// Secrets whose values did not come along: they are to be set again, unless this machine's vault has them.
    pub secrets_closed: Vec<String>,
}

// ---- settings: Nothing -> SettingsView; setting_set: SettingSet -> SettingsView

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SettingsView {
    /// The file.
    pub path: String,
    pub settings: Vec<SettingView>,
    /// Why the file is not what holds.
    pub trouble: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SettingView {
    /// "backup.keep"
    pub name: String,
    /// As it is written: 7, true, 30 3 * * *
    pub value: String,
    pub default: String,
    /// What it is, as the file says it.
    pub about: String,
    /// The variable of the environment that stands before the file, if it is set.
    pub environment: Option<String>,
    /// It is read at the start alone.
    pub at_start: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SettingSet {
    /// "backup.keep"
    pub name: String,
    /// None: as it is by default.
    #[serde(default)]
    #[ts(optional)]
    pub value: Option<String>,
}
