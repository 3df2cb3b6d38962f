//! What the machine knows of a run's processes at this moment: who lives, how busy, how much memory, and what it waits on.
//!
//! Only looks, within [`LIMIT`], and never fails: what cannot be seen is left out of the sentence. Why a run is looked at,
//! and what follows from it, is not decided here.

#[cfg(any(test, not(target_os = "linux")))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod hosts;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod locks;
mod memory;
#[cfg(target_os = "linux")]
mod proc;
#[cfg(target_os = "linux")]
pub(crate) mod processes;
#[cfg(target_os = "linux")]
mod sockets;
#[cfg(target_os = "linux")]
mod syscall;
#[cfg(all(test, target_os = "linux"))]
mod tests;
#[cfg(target_os = "linux")]
mod waiting;
mod words;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cuetower_launcher as launcher;
use tokio::sync::Semaphore;

pub use memory::{Memory, Trend};

/// A whole look takes no longer.
pub const LIMIT: Duration = Duration::from_millis(300);
/// Between the two looks that a share of the processor is told from.
const BETWEEN: Duration = Duration::from_millis(150);
/// Looks at once.
const LOOKS_MAX: usize = 32;
/// Processes of one tree that are looked at.
const PROCESSES_MAX: usize = 64;

/// What is known. Everything in it is of one moment, but for the trend of its memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Truth {
    /// The process that was started; None if it is not known.
    pub pid: Option<u32>,
    /// The one that was started first (if it lives), then what came out of it.
    pub processes: Vec<Process>,
    /// Of all of them together.
    pub memory: Option<Memory>,
    /// How it ended: "exit code 1 after 2.1 s"; None while it lives, or if nobody saw it.
    pub ended: Option<String>,
    /// Nobody could look: the system does not let itself be asked, or was not done in time.
    pub unknown: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Process {
    pub pid: u32,
    /// "python3"
    pub name: String,
    pub state: State,
    /// Of one processor, so more than 100 for busy threads; None if it was not looked at long enough.
    pub cpu_percent: Option<f64>,
    pub memory_bytes: u64,
    /// "203.0.113.9:443", "the lock of /tmp/x", "its child process"; what a sentence says after "blocked on" is in `words`.
    pub waits_on: Option<Wait>,
    /// Sockets it has open.
    pub sockets: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// On a processor, or about to be.
    Running,
    Sleeping,
    /// In the kernel, and no signal reaches it: a disk, a network folder.
    Uninterruptible,
    /// By a signal.
    Stopped,
    /// By a debugger.
    Traced,
    /// It has ended, and its parent has not noticed.
    Zombie,
}

/// What a process waits on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wait {
    /// The other end of a connection: "203.0.113.9:443".
    Peer(String),
    /// A connection that is not there yet.
    Connecting(String),
    /// One of several connections.
    Peers(Vec<String>),
    /// Somebody to call: ":8000".
    Callers(String),
    /// "a unix socket (/run/x.sock)", "a pipe", "its terminal".
    Other(String),
    /// A lock on a file, and who has it.
    Lock {
        file: String,
        holder: Option<u32>,
    },
    /// A file that does not answer.
    File(String),
    Child,
    /// Another of its own threads.
    Thread,
    Timer,
    /// Anything at all, and nothing that could be named.
    Events,
}

/// Looks at the process `root` and everything that came out of it: what moved to other sessions, too, if a launcher of ours
/// started it.
#[cfg(test)]
async fn look(root: u32) -> Truth {
    bounded(Truth { pid: Some(root), unknown: true, ..Truth::default() }, root).await
}

/// Looks at the command of the attempt's folder `dir`, whichever tower started it; also at how it ended.
pub async fn of_attempt(dir: &Path) -> Truth {
    let known = {
        let dir = dir.to_owned();
        let reading = tokio::task::spawn_blocking(move || known_of(&dir));
        tokio::time::timeout(LIMIT, reading).await.ok().and_then(Result::ok).unwrap_or_default()
    };
    let Some(root) = known.pid.filter(|_| known.unknown) else { return known };
    let mut seen = bounded(known.clone(), root).await;
    // The launcher looks every second, for two minutes back; what is seen now is newer.
    let now = seen.memory.map(|memory| memory.bytes).filter(|bytes| *bytes > 0);
    seen.memory = match (known.memory, now) {
        (Some(memory), Some(bytes)) => Some(Memory { bytes, ..memory }),
        (memory, Some(bytes)) => memory.or(Some(Memory { bytes, trend: None })),
        (memory, None) => memory,
    };
    seen
}

/// What the folder tells.
fn known_of(dir: &Path) -> Truth {
    let program = launcher::started(dir).and_then(|started| started.program);
    let ended = launcher::ended(dir).map(|exit| exit.not_started.unwrap_or(exit.words));
    // A pid comes again, and then it is another program's.
    let may_live = |program: launcher::Who| !cfg!(target_os = "linux") || program.lives();
    Truth {
        pid: program.map(|program| program.pid),
        memory: launcher::usage(dir).and_then(|usage| memory::of(&usage.samples)),
        unknown: ended.is_none() && program.is_some_and(may_live),
        ended,
        ..Truth::default()
    }
}

/// Two looks on a thread that may wait. If that takes too long, what the first one showed.
async fn bounded(begun: Truth, root: u32) -> Truth {
    // Many are silent at once when a network fails: whoever finds no room is told less, and nobody waits for long.
    static ROOM: Semaphore = Semaphore::const_new(LOOKS_MAX);
    let so_far = Arc::new(Mutex::new(begun));
    let shared = Arc::clone(&so_far);
    let looking = async move {
        let Ok(room) = ROOM.acquire().await else { return };
        let looked = tokio::task::spawn_blocking(move || {
            see(root, |truth| *shared.lock().unwrap_or_else(PoisonError::into_inner) = truth);
            drop(room);
        });
        drop(looked.await);
    };
    let _ = tokio::time::timeout(LIMIT, looking).await;
    so_far.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

#[cfg(target_os = "linux")]
use linux::see;

#[cfg(not(target_os = "linux"))]
use elsewhere::see;
