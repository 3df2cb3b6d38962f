//! The folder's lock: whoever holds it may start the program, look at the folder in peace, or bar it. A launcher holds it
//! for its life. The file itself says for which launcher the folder waits, and which one has it.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::folder::{self, LOCK};
use crate::process::{self, Who};

/// Who only looks has the lock for microseconds, and is waited for this long: a busy machine may stop it right then.
const LOOK_LIMIT: Duration = Duration::from_secs(2);
const STEP: Duration = Duration::from_millis(5);

#[derive(Debug)]
pub struct Lock(File);

/// What the file of the lock says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Note {
    /// Only the launcher with this ticket may start the program. Empty: none may.
    pub ticket: String,
    /// Of the machine's start in which this was written.
    pub boot_id: String,
    /// Who took the lock with that ticket.
    pub launcher: Option<Who>,
}

impl Lock {
    /// None if somebody else has it.
    ///
    /// # Errors
    /// If there is no such folder, or the file system has no locks.
    pub fn take(dir: &Path) -> io::Result<Option<Lock>> {
        let file = folder::private().read(true).write(true).create(true).truncate(false).open(dir.join(LOCK))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// For whoever would have the folder for good. None if a launcher has it so, which says so in the file. Somebody who only
    /// looks (a launcher that comes late, a tower that asks whether one lives) is waited for. Blocks.
    ///
    /// # Errors
    /// As [`Lock::take`].
    pub fn take_for_good(dir: &Path) -> io::Result<Option<Lock>> {
        for _ in 0..LOOK_LIMIT.as_millis() / STEP.as_millis() {
            if let Some(lock) = Lock::take(dir)? {
                return Ok(Some(lock));
            }
            if note_of(dir).launcher.is_some_and(Who::may_live) {
                return Ok(None);
            }
            std::thread::sleep(STEP);
        }
        Ok(None)
    }

    /// Empty if nobody wrote one, or not whole.
    pub fn note(&mut self) -> Note {
        let mut text = Vec::new();
        let read = self.0.seek(SeekFrom::Start(0)).and_then(|_| self.0.read_to_end(&mut text));
        read.ok().and_then(|_| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    /// # Errors
    /// If it cannot be written.
    pub fn write(&mut self, ticket: &str, launcher: Option<Who>) -> io::Result<()> {
        let note = Note { ticket: ticket.to_owned(), boot_id: process::boot_id().to_owned(), launcher };
        folder::overwrite(&mut self.0, &note)
    }

    /// Gives it back at once, also if a process that is just being started has the file open still.
    pub fn release(self) {
        let _ = self.0.unlock();
    }
}

/// What the lock's file says while somebody else has it. Empty where a locked file cannot be read.
pub fn note_of(dir: &Path) -> Note {
    folder::read(&dir.join(LOCK)).unwrap_or_default()
}
