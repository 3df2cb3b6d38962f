//! The processes under a launcher: the program it started and everything that came out of it. How they are found, signalled
//! and measured.
//!
//! On Linux the launcher is a subreaper: a process whose parent ends becomes the launcher's own child, also if it left the
//! group and the session (a daemon). So the tree is exactly what descends from the launcher, and it is gone exactly when the
//! launcher has no children. Elsewhere on Unix only the program's process group is known, on Windows its job.

use std::io;
use std::sync::mpsc::Sender;

use crate::death::Death;

/// What a launcher waits for.
#[derive(Debug)]
pub enum Event {
    /// The program has ended.
    Ended(Death),
    /// Nothing of the tree is left. After `Ended`; only where that can be told.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux tells"))]
    Alone,
    /// Somebody wants it to end; the `stop` file may say more.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no signals"))]
    Stop,
}

/// The living part of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    pub pids: Vec<u32>,
    pub measured: Measured,
}

/// What it uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    pub rss_bytes: u64,
    /// Of those that ended, too.
    pub cpu_ms: u64,
    pub processes: u32,
}

#[cfg(target_os = "linux")]
mod linux;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::Tree;
#[cfg(windows)]
pub use windows::Tree;

/// Whether somebody who wants the end is heard of as [`Event::Stop`]; else the `stop` file has to be looked for.
pub const TELLS_OF_STOP: bool = cfg!(unix);

/// To be called first of all: from here on the launcher belongs to no terminal, and what its children leave behind is its own.
pub fn stand_apart() {
    #[cfg(unix)]
    {
        // Refused only if it leads a group already; then it has no terminal to lose.
        let _ = nix::unistd::setsid();
        #[cfg(target_os = "linux")]
        let _ = nix::sys::prctl::set_child_subreaper(true);
    }
}

/// Asks to end the launcher become [`Event::Stop`].
///
/// # Errors
/// If they cannot be listened for.
#[cfg(unix)]
pub fn listen(to: Sender<Event>) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        for _ in &mut signals {
            let _ = to.send(Event::Stop);
        }
    })?;
    Ok(())
}

#[cfg(not(unix))]
pub fn listen(_: Sender<Event>) -> io::Result<()> {
    Ok(())
}
