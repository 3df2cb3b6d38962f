//! Pings that could not be told when they happened: kept as files in the data folder, one for each, and told later.
//!
//! `cuetowerctl exec` writes them while no tower answers. Whoever reaches a tower next tells them, the oldest first: another
//! `exec`, or the tower itself (`deliver`). Only one of them at a time has the turn, so that none is told twice by two.

mod deliver;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use cuetower_core::Ms;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::private;
use crate::token::{new_ticket, write_private};

pub(crate) use deliver::deliver_spooled;

/// Under the data folder.
const FOLDER: &str = "spool";
const REFUSED: &str = "refused";
const LOCK: &str = "turn.lock";
const FILES_MAX: usize = 1_000;
const BYTES_MAX: u64 = 64 * 1024 * 1024;
const REFUSED_MAX: usize = 100;
/// What a ping says at most, in bytes; more than that is never read back.
pub const OUTPUT_MAX: usize = 64 * 1024;
/// JSON may need six signs for one byte.
const FILE_MAX: u64 = 6 * OUTPUT_MAX as u64 + 16 * 1024;
/// A file that was begun so long before another and is still not whole is a crash's.
const HALF_WRITTEN_MS: i64 = 60_000;

/// Whom a ping is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Addressee {
    /// A cue's ping URL, of whatever tower.
    Url(String),
    /// The key of such a URL, of this machine's tower.
    Key(String),
    /// A cue of the tower on this data folder, by name or id.
    Cue(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Start,
    Success,
    Fail,
    Log,
    Exit(u8),
}

impl Kind {
    /// The last part of a ping's URL; none for plain success.
    #[must_use]
    pub fn path(self) -> Option<String> {
        match self {
            Kind::Start => Some("start".to_owned()),
            Kind::Success => None,
            Kind::Fail => Some("fail".to_owned()),
            Kind::Log => Some("log".to_owned()),
            Kind::Exit(code) => Some(code.to_string()),
        }
    }
}

/// One ping, as it is sent or kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spooled {
    pub to: Addressee,
    pub kind: Kind,
    /// When it happened.
    pub at: Ms,
    /// The agent's own word for this try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_rss_bytes: Option<u64>,
    /// The end of what was printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Pings before this one that were thrown away because there was no room.
    #[serde(default, skip_serializing_if = "is_none")]
    pub dropped: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_none(count: &u32) -> bool {
    *count == 0
}

impl Spooled {
    /// What to say with it: the end of the output, and before it what was thrown away.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let said = self.dropped_in_words();
        match (said, &self.output) {
            (None, output) => output.clone(),
            (Some(said), None) => Some(said),
            (Some(said), Some(output)) => Some(format!("{said}\n{output}")),
        }
    }

    /// What was thrown away, as a ping of its own; for a start, which says nothing else.
    #[must_use]
    pub fn dropped_as_log(&self) -> Option<Spooled> {
        let output = Some(self.dropped_in_words().filter(|_| self.kind == Kind::Start)?);
        Some(Spooled { kind: Kind::Log, output, dropped: 0, ..self.clone() })
    }

    fn dropped_in_words(&self) -> Option<String> {
        match self.dropped {
            0 => None,
            1 => Some("(one earlier ping was dropped, because no more can be kept)".to_owned()),
            count => Some(format!("({count} earlier pings were dropped, because no more can be kept)")),
        }
    }
}

/// The pings kept in one data folder.
#[derive(Debug, Clone)]
pub struct Spool {
    folder: PathBuf,
}

/// A file of the spool. Sorted by name they are in the order in which they happened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

impl Spool {
    #[must_use]
    pub fn of(data_dir: &Path) -> Spool {
        Spool { folder: data_dir.join(FOLDER) }
    }

    /// Keeps a ping. If there is no room, the oldest ones that only say something go first, then the oldest ones.
    ///
    /// # Errors
    /// If it could not be written.
    pub fn keep(&self, ping: &Spooled) -> io::Result<Name> {
        private::folder(&self.folder)?;
        let mut ping = ping.clone();
        ping.output = ping.output.map(|output| end_of(&output, OUTPUT_MAX));
        let written = |ping: &Spooled| serde_json::to_vec(ping).expect("a ping is plain data");
        ping.dropped += self.make_room(ping.at, written(&ping).len() as u64)?;
        let (order, word) = match ping.kind {
            Kind::Start => (0, "start"),
            Kind::Log => (1, "log"),
            Kind::Success | Kind::Fail | Kind::Exit(_) => (2, "end"),
        };
        let name = Name(format!("{:015}-{order}-{word}-{}.json", ping.at.0.max(0), &new_ticket()[..8]));
        write_private(&self.folder.join(&name.0), &written(&ping))?;
        Ok(name)
    }

    #[must_use]
    pub fn holds(&self, name: &Name) -> bool {
        self.folder.join(&name.0).exists()
    }

    /// The right to tell what is kept; None if somebody else has it, or if nothing was ever kept.
    #[must_use]
    pub fn turn(&self) -> Option<Turn> {
        let lock = private::file(&self.folder.join(LOCK)).ok()?;
        lock.try_lock().ok()?;
        Some(Turn { spool: self.clone(), _lock: lock })
    }

    /// How many were thrown away for `more` bytes of a new one that happened at `at`.
    fn make_room(&self, at: Ms, more: u64) -> io::Result<u32> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.folder)?.flatten() {
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            if half_written(&name, at) {
                drop(std::fs::remove_file(entry.path()));
            } else if name.ends_with(".json") {
                files.push((name, entry.metadata().map_or(0, |metadata| metadata.len())));
            }
        }
        let mut bytes: u64 = files.iter().map(|(_, length)| length).sum();
        if files.len() < FILES_MAX && bytes + more <= BYTES_MAX {
            return Ok(0);
        }
        files.sort_by_key(|(name, _)| (!name.contains("-log-"), name.clone()));
        let (mut left, mut dropped) = (files.len(), 0);
        for (name, length) in files {
            if left < FILES_MAX && bytes + more <= BYTES_MAX {
                break;
            }
            let path = self.folder.join(name);
            let had_dropped = read_ping(&path).map_or(0, |ping| ping.dropped);
            // Told by somebody in the meantime: there is room all the same.
            if std::fs::remove_file(&path).is_ok() {
                dropped += 1 + had_dropped;
            }
            (left, bytes) = (left - 1, bytes.saturating_sub(length));
        }
        Ok(dropped)
    }
}

/// Tells what a spool holds. Given up with its drop, and by the system if the process ends.
#[derive(Debug)]
pub struct Turn {
    spool: Spool,
    _lock: File,
}

impl Turn {
    /// What waits to be told, oldest first.
    #[must_use]
    pub fn waiting(&self) -> Vec<Name> {
        let entries = std::fs::read_dir(&self.spool.folder).into_iter().flatten().flatten();
        let mut names: Vec<Name> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| name.ends_with(".json"))
            .map(Name)
            .collect();
        names.sort();
        names
    }

    /// One ping; None if it is gone. One that nobody can read is put aside.
    #[must_use]
    pub fn read(&self, name: &Name) -> Option<Spooled> {
        match read_ping(&self.spool.folder.join(&name.0)) {
            Ok(ping) => Some(ping),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                self.refuse(name, &format!("It cannot be read: {error}."));
                None
            }
            Err(error) => {
                tracing::warn!(%error, name = name.0, "a kept ping could not be read");
                None
            }
        }
    }

    /// It is told.
    pub fn done(&self, name: &Name) {
        if let Err(error) = std::fs::remove_file(self.spool.folder.join(&name.0))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, name = name.0, "a ping that was told could not be deleted and may be told again");
        }
    }

    /// It will never be told: put aside in `spool/refused` with the reason.
    pub fn refuse(&self, name: &Name, reason: &str) {
        let path = self.spool.folder.join(&name.0);
        let ping = std::fs::read_to_string(&path).unwrap_or_default();
        let ping = serde_json::from_str(&ping).unwrap_or(serde_json::Value::String(ping));
        if let Err(error) = self.spool.put_aside(name, reason, &ping) {
            tracing::warn!(%error, name = name.0, "a refused ping could not be put aside");
        }
        self.done(name);
    }
}

impl Spool {
    /// How many pings wait to be told, and how many were refused for good.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let pings = |folder: &Path| {
            let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
            names.filter(|entry| entry.file_name().to_str().is_some_and(|name| name.ends_with(".json"))).count()
        };
        (pings(&self.folder), pings(&self.folder.join(REFUSED)))
    }

    /// One that a tower refused before it was ever kept.
    ///
    /// # Errors
    /// If it could not be written.
    pub fn keep_refused(&self, ping: &Spooled, reason: &str) -> io::Result<()> {
        let name = Name(format!("{:015}-{}.json", ping.at.0.max(0), &new_ticket()[..8]));
        self.put_aside(&name, reason, &json!(ping))
    }

    fn put_aside(&self, name: &Name, reason: &str, ping: &serde_json::Value) -> io::Result<()> {
        let folder = self.folder.join(REFUSED);
        private::folder(&folder)?;
        let mut names: Vec<_> = std::fs::read_dir(&folder)?.flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        for oldest in names.iter().take((names.len() + 1).saturating_sub(REFUSED_MAX)) {
            drop(std::fs::remove_file(folder.join(oldest)));
        }
        let text = json!({ "reason": reason, "ping": ping }).to_string();
        write_private(&folder.join(&name.0), text.as_bytes())
    }
}

fn read_ping(path: &Path) -> io::Result<Spooled> {
    let mut text = String::new();
    io::Read::read_to_string(&mut io::Read::take(File::open(path)?, FILE_MAX), &mut text)?;
    serde_json::from_str(&text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// What `write_private` had not renamed yet.
fn half_written(name: &str, at: Ms) -> bool {
    let began = name.split('-').next().and_then(|digits| digits.parse::<i64>().ok());
    name.ends_with(".new") && began.is_none_or(|began| began + HALF_WRITTEN_MS < at.0)
}

/// The last `limit` bytes of a text, or a little less, so that no sign is cut.
#[must_use]
pub fn end_of(text: &str, limit: usize) -> String {
    let mut from = text.len().saturating_sub(limit);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text[from..].to_owned()
}
