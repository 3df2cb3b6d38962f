//! The tower's half of a start: the folder made ready for one launcher, and the launcher's command line.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::folder::{self, EXIT, PAYLOAD, STARTED, STOP};
use crate::lock::Lock;
use crate::process::Who;

/// Names the launcher's file, where it is not beside the tower's own.
pub const LAUNCHER: &str = "CUETOWER_LAUNCHER";

/// The tower's own: its secrets, and its line to systemd, which no agent inherits.
const KEPT_BACK: [&str; 4] = ["CUETOWER_VAULT_PASSPHRASE", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"];

/// What the tower's own window may be told, and a value that nobody else gives it: any but `0` means the same to WebKit.
pub const OWN_DRAWING: (&str, &str) = ("WEBKIT_DISABLE_COMPOSITING_MODE", "cuetower");

/// Takes what is the tower's own out of a program's environment. What its owner set for all programs stays.
pub fn keep_back(command: &mut Command) {
    for name in KEPT_BACK {
        command.env_remove(name);
    }
    let (drawing, ours) = OWN_DRAWING;
    if std::env::var_os(drawing).is_some_and(|value| value == ours) {
        command.env_remove(drawing);
    }
}

/// The launcher's file: what [`LAUNCHER`] names, else `cuetower-launcher` beside the running program, else one folder up
/// (test programs live in `target/debug/deps`).
///
/// # Errors
/// A sentence that says where it was looked for.
pub fn launcher_path() -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os(LAUNCHER).filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let own = std::env::current_exe().map_err(|error| format!("the tower's own file is not known: {error}"))?;
    let folders = own.ancestors().skip(1).take(2);
    let name = format!("cuetower-launcher{}", std::env::consts::EXE_SUFFIX);
    folders.map(|folder| folder.join(&name)).find(|path| path.is_file()).ok_or_else(|| {
        format!(
            "{name}, which starts every command, is not beside {} (in a source tree `cargo build -p cuetower-launcher` makes it; {LAUNCHER} may name it)",
            own.display()
        )
    })
}

/// Makes the attempt's folder, with its payload, for one launcher. Returns the ticket for its spec; a launcher that an
/// earlier tower sent here, and that comes late, has another one and starts nothing. Blocks for as long as such a launcher
/// looks at the folder, which is milliseconds at most, if the machine is not too busy.
///
/// # Errors
/// A sentence, if the attempt was started before or the folder cannot be used.
pub fn prepare(dir: &Path, payload: &[u8]) -> Result<String, String> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let unusable = |error: io::Error| format!("the folder {} cannot be used: {error}", dir.display());
    folder::make(dir).map_err(unusable)?;
    let Some(mut lock) = Lock::take_for_good(dir).map_err(unusable)? else {
        return Err("another launcher has this attempt already".into());
    };
    // A start that failed left its records, and an attempt that never began may have been told to stop.
    let failed = folder::ended(dir).is_some_and(|exit| exit.not_started.is_some());
    if dir.join(STARTED).exists() && !failed {
        return Err("this attempt was started before".into());
    }
    for old in [STARTED, STOP, EXIT] {
        match std::fs::remove_file(dir.join(old)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unusable(error)),
            _ => {}
        }
    }
    let own = Who::own();
    let ticket = format!("{}.{}.{}", own.pid, own.start_ticks, COUNT.fetch_add(1, Ordering::Relaxed));
    let written = lock.write(&ticket, None).and_then(|()| {
        // No longer than it was, and private, as the folder is.
        let _ = std::fs::remove_file(dir.join(PAYLOAD));
        folder::private().write(true).create_new(true).open(dir.join(PAYLOAD))?.write_all(payload)
    });
    lock.release();
    written.map(|()| ticket).map_err(unusable)
}

/// The launcher for `dir`, to be spawned, given its spec and listened to. It belongs to no terminal and to no group of the
/// tower's, and holds nothing of the tower's open.
#[must_use]
pub fn command(launcher: &Path, dir: &Path) -> Command {
    let mut command = Command::new(launcher);
    command.arg(dir).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    keep_back(&mut command);
    #[cfg(windows)]
    {
        const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
        const CREATE_NO_WINDOW: u32 = 0x0800_0000;
        // A console that nobody sees: without one, the program would open its own on the owner's screen.
        std::os::windows::process::CommandExt::creation_flags(
            &mut command,
            CREATE_NEW_PROCESS_GROUP | CREATE_NO_WINDOW,
        );
    }
    command
}

/// Whether a launcher has this folder: one that will start its program, runs it, or still bounds what its grandchildren print.
#[must_use]
pub fn lives(dir: &Path) -> bool {
    match Lock::take(dir) {
        Ok(Some(lock)) => {
            lock.release();
            false
        }
        Ok(None) => true,
        Err(_) => false,
    }
}
