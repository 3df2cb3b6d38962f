//! An attempt's folder: the names of its files, what the records in it hold, and how they are written.
//!
//! ```text
//! payload.json   the program's standard input            (tower)
//! lock           flocked by the launcher for its life     (`lock`)
//! started.json   who was started; written before and after the start, so that nothing starts twice
//! stdout stderr  what it printed, within a bound          (`capture`)
//! usage.json     memory and processor time                (`usage`)
//! stop           somebody asked for its end               (`stop`)
//! exit.json      how it ended
//! launcher.log   why the launcher gave up, if it did: a mistake in it
//! ```

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::process::Who;

pub const PAYLOAD: &str = "payload.json";
pub const LOCK: &str = "lock";
pub const STARTED: &str = "started.json";
pub const STDOUT: &str = "stdout";
pub const STDERR: &str = "stderr";
pub const USAGE: &str = "usage.json";
pub const STOP: &str = "stop";
pub const EXIT: &str = "exit.json";
pub const LOG: &str = "launcher.log";

/// That a launcher set out to start the program. Never taken back: a folder with this record starts nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    pub launcher: Who,
    /// None while the start is under way.
    pub program: Option<Who>,
    /// A pid means nothing after the machine was restarted.
    pub boot_id: String,
    /// Milliseconds since 1970.
    pub at_ms: i64,
}

/// How a command ended, or why it was not started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Exit {
    /// The program was not started, and this says why; everything else is empty then.
    pub not_started: Option<String>,
    /// None if a signal ended it.
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    /// "exit code 1 after 2.1 s", "killed by the system: out of memory (its group may use 50 MiB) after 3 s".
    pub words: String,
    /// It was asked to end.
    pub stopped: bool,
    /// It ended for want of memory.
    pub oom: bool,
    /// What that is concluded from.
    pub oom_evidence: Option<String>,
    pub elapsed_ms: u64,
    /// Of the whole tree at once, as far as it was seen; None where the system does not tell.
    pub peak_rss_bytes: Option<u64>,
    /// Of the whole tree.
    pub cpu_ms: Option<u64>,
    /// Milliseconds since 1970.
    pub at_ms: i64,
}

/// How the command of this folder ended; None while it has not.
#[must_use]
pub fn ended(dir: &Path) -> Option<Exit> {
    read(&dir.join(EXIT))
}

/// Who was started for this folder; None if nobody was (yet).
#[must_use]
pub fn started(dir: &Path) -> Option<Started> {
    read(&dir.join(STARTED))
}

/// A record; None if it is not there or not whole.
pub fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Writes a record, so that it is read whole or not at all, whoever crashes.
///
/// # Errors
/// If it cannot be written.
pub fn write(path: &Path, record: &impl Serialize) -> io::Result<()> {
    replace(path, record, false)
}

/// Like [`write`], and on the disk itself when this returns.
///
/// # Errors
/// If it cannot be written.
pub fn write_durably(path: &Path, record: &impl Serialize) -> io::Result<()> {
    replace(path, record, true)
}

fn replace(path: &Path, record: &impl Serialize, durably: bool) -> io::Result<()> {
    let part = path.with_extension("part");
    let mut file = private().write(true).create(true).truncate(true).open(&part)?;
    file.write_all(&serde_json::to_vec(record)?)?;
    if durably {
        file.sync_all()?;
    }
    std::fs::rename(part, path)?;
    if durably && cfg!(unix) {
        // The new name is on the disk only with its folder.
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// The length of a record that is written over.
const RECORD_BYTES: usize = 512;

/// Writes a small record over the one in `file`, in one piece of a fixed length. Nothing is cut off or renamed, which file
/// systems take as a hint to go to the disk at once; a start has no time for that.
///
/// # Errors
/// If it cannot be written.
pub fn overwrite(file: &mut File, record: &impl Serialize) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(record)?;
    bytes.resize(bytes.len().max(RECORD_BYTES), b' ');
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&bytes)
}

/// How files that only their owner may read are opened.
#[cfg(unix)]
pub fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
pub fn private() -> OpenOptions {
    OpenOptions::new()
}

/// Makes the folder, for its owner only.
///
/// # Errors
/// If it cannot be made.
#[cfg(unix)]
pub fn make(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))
}

/// Makes the folder.
///
/// # Errors
/// If it cannot be made.
#[cfg(not(unix))]
pub fn make(dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)
}
