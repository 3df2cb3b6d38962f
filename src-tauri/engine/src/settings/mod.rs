//! The tower's settings: one commented file in the data folder, `settings.toml`, with the environment before it.
//!
//! What the owner does not say is as `default.toml` says. A file that does not fit is told by its field and by what would be right;
//! a running tower keeps what it had.

mod change;
mod live;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use cuetower_core::retention::Keep;
use cuetower_core::schedule::Cron;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

use crate::private;

pub use change::set;
pub use live::Live;

pub const FILE: &str = "settings.toml";
/// The file as it is made for the owner: everything in it is a comment.
pub const COMMENTED: &str = include_str!("default.toml");
/// Before the name of a setting in the environment: `CUETOWER_SET_BACKUP_KEEP`.
pub const PREFIX: &str = "CUETOWER_SET_";
const UNKNOWN: &str = "there is no such setting; settings.toml names all of them";
/// The tower's own folder of backups, in its data folder.
pub const BACKUPS: &str = "backups";
/// Backups kept at most.
const KEPT_MAX: u32 = 1_000;
const LOG_DAYS_MAX: u32 = 365;
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
/// A hundred years.
const KEPT_DAYS_MAX: u32 = 36_600;
const KEPT_RUNS_MAX: u32 = 100_000_000;
/// A store with nothing in it takes about one.
const SIZE_MB_MIN: u32 = 5;
const SIZE_MB_MAX: u32 = 4_000_000;

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub doors: Doors,
    pub backup: Backup,
    pub log: Log,
    pub metrics: Metrics,
    pub retention: Retention,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Doors {
    pub listen: SocketAddr,
    pub desk: SocketAddr,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Backup {
    /// A cron expression, or "never".
    pub schedule: String,
    pub keep: u32,
    /// Empty: the data folder's own.
    pub folder: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// A level, or directives for parts of the program.
    pub level: String,
    /// Whether it is kept in files of the data folder, too.
    pub files: bool,
    /// A file for each day.
    pub keep_days: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    pub serve: bool,
    /// Whoever is on this machine may read them without a key.
    pub open: bool,
}

/// How much of the past is kept; 0 is all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    pub keep_days: u32,
    /// Of all cues together that have no rule of their own.
    pub keep_runs: u32,
    /// Of the store; the oldest go.
    pub keep_size_mb: u32,
}

impl Retention {
    /// For cues that have no rule of their own.
    #[must_use]
    pub fn keep(&self) -> Keep {
        let some = |number: u32| (number > 0).then_some(number);
        Keep { days: some(self.keep_days), runs: some(self.keep_runs) }
    }

    /// What the store may take of the disk; None: as much as there is.
    #[must_use]
    pub fn most_bytes(&self) -> Option<u64> {
        (self.keep_size_mb > 0).then(|| u64::from(self.keep_size_mb) * 1_000_000)
    }
}

impl Default for Doors {
    fn default() -> Doors {
        let here = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Doors { listen: here(8737), desk: here(8738) }
    }
}

impl Default for Backup {
    fn default() -> Backup {
        Backup { schedule: "30 3 * * *".to_owned(), keep: 7, folder: String::new() }
    }
}

impl Default for Log {
    fn default() -> Log {
        Log { level: "info".to_owned(), files: true, keep_days: 7 }
    }
}

impl Backup {
    /// When backups are made; None: never.
    #[must_use]
    pub fn cron(&self) -> Option<Cron> {
        Cron::parse(&self.schedule).ok()
    }

    /// Where they go.
    #[must_use]
    pub fn folder(&self, data_dir: &Path) -> PathBuf {
        if self.folder.is_empty() { data_dir.join(BACKUPS) } else { PathBuf::from(&self.folder) }
    }
}

/// What is wrong, in a sentence that names the setting.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettingsError {
    #[error("{} could not be read: {}", .0.display(), .1)]
    Unreadable(PathBuf, String),
    #[error("{} could not be written: {}", .0.display(), .1)]
    Unwritable(PathBuf, String),
    #[error("{place} does not fit: {message}")]
    Unfit { place: String, message: String },
    #[error("{setting}: {message}")]
    Field { setting: String, message: String },
}

impl SettingsError {
    fn field(setting: &str, message: impl Into<String>) -> SettingsError {
        SettingsError::Field { setting: setting.to_owned(), message: message.into() }
    }

    /// The setting it is about: "backup.keep".
    #[must_use]
    pub fn setting(&self) -> Option<&str> {
        match self {
            SettingsError::Field { setting, .. } => Some(setting),
            SettingsError::Unreadable(..) | SettingsError::Unwritable(..) | SettingsError::Unfit { .. } => None,
        }
    }
}

/// The settings of a data folder, with the environment's before them. A file that is not there says nothing.
///
/// # Errors
/// If the file cannot be read, or something in it does not fit.
pub fn load(data_dir: &Path) -> Result<Settings, SettingsError> {
    read(&text_of(data_dir)?, &data_dir.join(FILE), std::env::vars())
}

fn text_of(data_dir: &Path) -> Result<String, SettingsError> {
    let path = data_dir.join(FILE);
    match private::read(&path) {
        Ok(bytes) => {
            String::from_utf8(bytes).map_err(|_| SettingsError::Unreadable(path, "it is not UTF-8".to_owned()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(SettingsError::Unreadable(path, error.to_string())),
    }
}

/// Makes the file with everything in comments, if it is not there, so that there is something to open.
///
/// # Errors
/// If it cannot be written.
pub fn make_file(data_dir: &Path) -> Result<PathBuf, SettingsError> {
    let path = data_dir.join(FILE);
    if !path.exists() {
        let unwritable = |error: std::io::Error| SettingsError::Unwritable(path.clone(), error.to_string());
        private::write(&path, COMMENTED.as_bytes()).map_err(unwritable)?;
    }
    Ok(path)
}

fn read(
    text: &str,
    path: &Path,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Settings, SettingsError> {
    let place = path.display().to_string();
    let unfit = |message: String| SettingsError::Unfit { place: place.clone(), message };
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| unfit(error.to_string()))?;
    for (name, value) in environment {
        if let Some(setting) = name.strip_prefix(PREFIX) {
            put_from_environment(&mut document, &name, setting, &value)?;
        }
    }
    let settings: Settings =
        toml_edit::de::from_document(document).map_err(|error| unfit(error.to_string().trim().to_owned()))?;
    fits(&settings)?;
    Ok(settings)
}

/// `BACKUP_KEEP`: `keep` of `[backup]`. Read as TOML where it is TOML, as a text otherwise.
fn put_from_environment(
    document: &mut DocumentMut,
    name: &str,
    setting: &str,
    value: &str,
) -> Result<(), SettingsError> {
    let unknown = || SettingsError::field(name, UNKNOWN);
    let lower = setting.to_ascii_lowercase();
    let (section, key) = lower.split_once('_').ok_or_else(unknown)?;
    if kind_of(section, key).is_none() {
        return Err(unknown());
    }
    let value = parsed(section, key, value).map_err(|message| SettingsError::field(name, message))?;
    section_of(document, section)?.insert(key, Item::Value(value));
    Ok(())
}

/// The section of a document; made if it is missing.
fn section_of<'a>(document: &'a mut DocumentMut, section: &str) -> Result<&'a mut dyn TableLike, SettingsError> {
    let table = document.entry(section).or_insert(Item::Table(Table::new()));
    table.as_table_like_mut().ok_or_else(|| SettingsError::field(section, format!("must be a section: [{section}]")))
}

/// A setting, for whoever shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// "backup.keep"
    pub name: String,
    pub value: String,
    pub default: String,
    /// What the commented file says of it.
    pub about: String,
    /// The variable that stands before the file, if it is set.
    pub environment: Option<String>,
}

/// All of them, in the order of the commented file.
#[must_use]
pub fn all(settings: &Settings) -> Vec<Known> {
    let (now, otherwise) = (written(settings), written(&Settings::default()));
    let mut known = Vec::new();
    let (mut section, mut about) = (String::new(), Vec::new());
    for line in COMMENTED.lines() {
        if let Some(named) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            (section, about) = (named.to_owned(), Vec::new());
        }
        let Some(text) = line.strip_prefix("# ") else { continue };
        let key = text.split_once(" = ").map(|(key, _)| key).filter(|key| kind_of(&section, key).is_some());
        let Some(key) = key else {
            about.push(text);
            continue;
        };
        let variable = format!("{PREFIX}{}_{}", section.to_ascii_uppercase(), key.to_ascii_uppercase());
        known.push(Known {
            name: format!("{section}.{key}"),
            value: plain(&now, &section, key),
            default: plain(&otherwise, &section, key),
            about: std::mem::take(&mut about).join(" "),
            environment: std::env::var_os(&variable).is_some().then_some(variable),
        });
    }
    known
}

fn written(settings: &Settings) -> DocumentMut {
    toml_edit::ser::to_document(settings).expect("settings are numbers, texts and truths")
}

fn plain(document: &DocumentMut, section: &str, key: &str) -> String {
    match document.get(section).and_then(|table| table.get(key)).and_then(Item::as_value) {
        Some(Value::String(text)) => text.value().clone(),
        Some(value) => value.clone().decorated("", "").to_string(),
        None => String::new(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Switch,
}

/// What a setting is; None if there is none of the name.
fn kind_of(section: &str, key: &str) -> Option<Kind> {
    Some(match written(&Settings::default()).get(section)?.get(key)?.as_value()? {
        Value::Integer(_) => Kind::Number,
        Value::Boolean(_) => Kind::Switch,
        _ => Kind::Text,
    })
}

/// A value as somebody types it.
fn parsed(section: &str, key: &str, text: &str) -> Result<Value, String> {
    match kind_of(section, key) {
        Some(Kind::Number) => {
            text.trim().parse::<i64>().map(Value::from).map_err(|_| format!("{text:?} is no whole number"))
        }
        Some(Kind::Switch) => {
            text.trim().parse::<bool>().map(Value::from).map_err(|_| format!("{text:?} is neither true nor false"))
        }
        Some(Kind::Text) if section == "doors" => match text.trim().parse::<SocketAddr>() {
            Ok(address) => Ok(Value::from(address.to_string())),
            Err(_) => Err(format!("`{text}` is no address such as 127.0.0.1:8737")),
        },
        Some(Kind::Text) => Ok(Value::from(text)),
        None => Err("there is no such setting".to_owned()),
    }
}

/// `debug`, or `cuetower_engine::pilot=debug`.
fn is_directive(text: &str) -> bool {
    let (part, level) = text.trim().split_once('=').map_or((None, text.trim()), |(part, level)| (Some(part), level));
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':')
    };
    LEVELS.contains(&level) && part.is_none_or(is_part)
}

/// What the types alone do not say.
fn fits(settings: &Settings) -> Result<(), SettingsError> {
    let Settings { doors, backup, log, metrics: _, retention } = settings;
    for (setting, address) in [("doors.listen", doors.listen), ("doors.desk", doors.desk)] {
        if !address.ip().is_loopback() {
            let message = format!(
                "{address} can be reached from other machines, and the doors are for this one alone; use 127.0.0.1:{} (serve --expose lets agents of others in)",
                address.port()
            );
            return Err(SettingsError::field(setting, message));
        }
    }
    if backup.schedule != "never"
        && let Err(error) = Cron::parse(&backup.schedule)
    {
        return Err(SettingsError::field("backup.schedule", format!("{error}; or say \"never\"")));
    }
    if !(1..=KEPT_MAX).contains(&backup.keep) {
        return Err(SettingsError::field("backup.keep", format!("must be 1 to {KEPT_MAX}, not {}", backup.keep)));
    }
    for (setting, number, most) in [
        ("retention.keep_days", retention.keep_days, KEPT_DAYS_MAX),
        ("retention.keep_runs", retention.keep_runs, KEPT_RUNS_MAX),
    ] {
        if number > most {
            let message = format!("must be 0 to {most}, not {number}; 0 keeps all of them");
            return Err(SettingsError::field(setting, message));
        }
    }
    let size = retention.keep_size_mb;
    if size != 0 && !(SIZE_MB_MIN..=SIZE_MB_MAX).contains(&size) {
        let message = format!("must be {SIZE_MB_MIN} to {SIZE_MB_MAX}, or 0 for no limit, not {size}");
        return Err(SettingsError::field("retention.keep_size_mb", message));
    }
    if !backup.folder.is_empty() && !Path::new(&backup.folder).is_absolute() {
        return Err(SettingsError::field(
            "backup.folder",
            "must be a whole path, such as /media/disk/cuetower, or empty",
        ));
    }
    if let Some(bad) = log.level.split(',').find(|directive| !is_directive(directive)) {
        let message = format!(
            "{bad:?} is none of {}, nor one of them for a part of the program, such as cuetower_engine=debug",
            LEVELS.join(", ")
        );
        return Err(SettingsError::field("log.level", message));
    }
    if !(1..=LOG_DAYS_MAX).contains(&log.keep_days) {
        return Err(SettingsError::field(
            "log.keep_days",
            format!("must be 1 to {LOG_DAYS_MAX}, not {}", log.keep_days),
        ));
    }
    Ok(())
}
