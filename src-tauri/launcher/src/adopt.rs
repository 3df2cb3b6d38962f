//! What a tower that starts finds in the folder of an attempt that an earlier tower began, whatever killed whom, and when.

use std::path::Path;
use std::time::Duration;

use crate::folder::{self, Exit, STARTED, Started};
use crate::leftover::end_leftovers;
use crate::lock::{self, Lock};
use crate::process;

/// A launcher between its lock and the start of the program is waited for this long; it takes milliseconds.
const START_LIMIT: Duration = Duration::from_secs(2);
const STEP: Duration = Duration::from_millis(5);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The program was not started, and never will be from what was sent before.
    NeverStarted,
    /// Its launcher has it in hand.
    Running(Started),
    Ended(Exit),
    /// It was started, or may have been, and nobody saw how it ended. What was left of it has been ended.
    Lost {
        words: String,
    },
}

/// Looks at the attempt's folder, and makes sure that what it says stays true. Quick, save where something must be ended
/// (half a second) or a launcher is in the middle of its start (milliseconds; two seconds if it hangs). Blocks.
#[must_use]
pub fn adopt(dir: &Path) -> Found {
    let dir = &std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let steps = START_LIMIT.as_millis() / STEP.as_millis();
    for _ in 0..steps {
        if let Some(exit) = folder::ended(dir) {
            return over(exit);
        }
        match Lock::take(dir) {
            Ok(Some(lock)) => return unattended(dir, lock),
            Ok(None) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Found::NeverStarted,
            Err(error) => {
                return Found::Lost { words: format!("its folder {} cannot be read: {error}", dir.display()) };
            }
        }
        if let Some(started) = started(dir).filter(|started| started.program.is_some()) {
            return Found::Running(started);
        }
        std::thread::sleep(STEP);
    }
    hanging(dir)
}

fn started(dir: &Path) -> Option<Started> {
    folder::read(&dir.join(STARTED))
}

fn over(exit: Exit) -> Found {
    match exit.not_started {
        Some(_) => Found::NeverStarted,
        None => Found::Ended(exit),
    }
}

/// No launcher is there, and none can begin while the lock is ours.
fn unattended(dir: &Path, mut lock: Lock) -> Found {
    if let Some(exit) = folder::ended(dir) {
        lock.release();
        return over(exit);
    }
    let note = lock.note();
    let restarted = |boot_id: &str| !boot_id.is_empty() && boot_id != process::boot_id();
    let found = match started(dir) {
        Some(started) if restarted(&started.boot_id) => {
            Found::Lost { words: "the machine was restarted while it ran".to_owned() }
        }
        Some(started) => {
            let ended = end_leftovers(dir, Some(&started));
            let ended = ended.map_or_else(String::new, |words| format!("; {words}"));
            Found::Lost { words: format!("its launcher was killed, so how it ended is not known{ended}") }
        }
        None if dir.join(STARTED).exists() => {
            Found::Lost { words: "the record of its start cannot be read, so how it ended is not known".to_owned() }
        }
        // Records of the last seconds may not have reached the disk.
        None if restarted(&note.boot_id) => {
            Found::Lost { words: "the machine was restarted; whether it was started before is not known".to_owned() }
        }
        None => Found::NeverStarted,
    };
    if found == Found::NeverStarted
        && let Err(error) = lock.write("", None)
    {
        // A late launcher could not be kept away.
        return Found::Lost { words: format!("its folder {} cannot be written to: {error}", dir.display()) };
    }
    lock.release();
    found
}

/// The launcher has the lock and does not come to start anything: it hangs, in a network folder for example.
fn hanging(dir: &Path) -> Found {
    let launcher = lock::note_of(dir).launcher.or_else(|| started(dir).map(|started| started.launcher));
    if let Some(launcher) = launcher.filter(|launcher| launcher.lives()) {
        process::Ask::Firmly.process(launcher.pid);
        for _ in 0..100 {
            if let Ok(Some(lock)) = Lock::take(dir) {
                return unattended(dir, lock);
            }
            std::thread::sleep(STEP);
        }
    }
    Found::Lost { words: "its launcher hangs in the system, and what became of it is not known".to_owned() }
}
