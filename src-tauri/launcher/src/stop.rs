//! Asking a command to end: a file in its folder says so, and a signal to its launcher says that it should look.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::folder::{self, STOP};

/// What the file says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// Instead of the command's own, if that is longer.
    pub grace_ms: Option<u64>,
}

/// Asks the command in the attempt's folder `dir` to end, with everything that came out of it: SIGTERM, and SIGKILL after
/// its grace, or after `grace` if that is shorter; without any grace SIGKILL at once. Returns at once; the exit record tells
/// the end. A command that has not been started yet is not started any more, and one that has ended is left as it is.
///
/// # Errors
/// If the folder cannot be written to.
pub fn stop(dir: &Path, grace: Option<Duration>) -> io::Result<()> {
    let grace_ms = grace.map(|grace| u64::try_from(grace.as_millis()).unwrap_or(u64::MAX));
    folder::write(&dir.join(STOP), &Asked { grace_ms })?;
    rouse(dir);
    Ok(())
}

/// What somebody asked of the command in `dir`; None if nobody did.
pub fn asked(dir: &Path) -> Option<Asked> {
    // A file that cannot be read says "stop" by being there.
    dir.join(STOP).exists().then(|| folder::read(&dir.join(STOP)).unwrap_or_default())
}

/// Where there are no signals, the launcher looks at the file itself.
#[cfg(unix)]
fn rouse(dir: &Path) {
    let launcher = folder::read::<folder::Started>(&dir.join(folder::STARTED)).map(|started| started.launcher);
    // Its pid is surely its own as long as it holds the lock.
    if let Some(launcher) = launcher.or_else(|| crate::lock::note_of(dir).launcher)
        && crate::tower::lives(dir)
    {
        crate::process::Ask::Politely.process(launcher.pid);
    }
}

#[cfg(not(unix))]
fn rouse(_: &Path) {}
