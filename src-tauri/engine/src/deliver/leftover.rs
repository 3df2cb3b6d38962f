//! What a crashed tower left running: a note beside the output says who it was, so that the next tower can tell and stop it.

use std::io;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::kin::{self, Ask, Kin};
use super::length;

/// The note's file in the attempt's folder.
pub const NOTE: &str = "process.json";

/// How long a leftover may take to end by itself, and then to die.
const POLITE_LIMIT: Duration = Duration::from_millis(300);
const FIRM_LIMIT: Duration = Duration::from_millis(200);

#[derive(Debug, Serialize, Deserialize)]
struct Note {
    pid: u32,
    /// 0 where the system does not tell.
    start_ticks: u64,
    /// A pid means nothing after the machine was restarted.
    boot_id: String,
}

/// Notes in `dir` that `pid` was started for this attempt. Returns the clock ticks of its start.
///
/// # Errors
/// If the note cannot be written.
pub fn note(dir: &Path, pid: u32) -> io::Result<u64> {
    let note = Note { pid, start_ticks: start_ticks(pid).unwrap_or(0), boot_id: boot_id().to_owned() };
    std::fs::write(dir.join(NOTE), serde_json::to_vec(&note)?)?;
    Ok(note.start_ticks)
}

/// Stops what an earlier tower started for the attempt in `dir` and never saw end: the noted process with its group, and every
/// process that carries the attempt's mark. Says what it did, or None if nothing was left.
///
/// Blocks for at most half a second, so call it on a thread that may block. A process is only stopped if it is surely the
/// same one: same pid, same start, same start of the machine; or the attempt's own folder in its environment.
#[must_use]
pub fn reap_leftover(dir: &Path) -> Option<String> {
    let kin = noted(dir);
    let count = kin::signal(&kin, Ask::Politely);
    if count == 0 {
        return None;
    }
    let who = match (kin.leader, count) {
        (Some(pid), 1) => format!("process {pid}"),
        (Some(pid), more) => format!("process {pid} and {} more", more - 1),
        (None, 1) => "one process".to_owned(),
        (None, more) => format!("{more} processes"),
    };
    let told = format!("{who} of this attempt outlived a crash of the tower and had to be");
    if gone_within(POLITE_LIMIT, &kin) {
        return Some(format!("{told} stopped"));
    }
    let _ = kin::signal(&kin, Ask::Firmly);
    match gone_within(FIRM_LIMIT, &kin) {
        true => Some(format!("{told} killed, as SIGTERM did not end it within {}", length::in_words(POLITE_LIMIT))),
        false => Some(format!("{told} killed, but it still hangs in the system")),
    }
}

/// Without a start time (elsewhere than on Linux) a noted pid may be anybody's by now, so nobody is stopped.
fn noted(dir: &Path) -> Kin {
    let note = std::fs::read(dir.join(NOTE)).ok().and_then(|note| serde_json::from_slice::<Note>(&note).ok());
    let note = note.filter(|note| note.boot_id == boot_id() && note.start_ticks > 0);
    let same = |note: &Note| start_ticks(note.pid) == Some(note.start_ticks);
    Kin {
        leader: note.as_ref().filter(|note| same(note)).map(|note| note.pid),
        since_ticks: note.map_or(0, |note| note.start_ticks),
        dir: dir.to_owned(),
    }
}

fn gone_within(limit: Duration, kin: &Kin) -> bool {
    let step = Duration::from_millis(10);
    (0..limit.as_millis() / step.as_millis()).any(|_| {
        std::thread::sleep(step);
        !lives(kin)
    })
}

#[cfg(target_os = "linux")]
fn lives(kin: &Kin) -> bool {
    !kin::living(kin).is_empty()
}

#[cfg(not(target_os = "linux"))]
fn lives(_: &Kin) -> bool {
    false
}

#[cfg(target_os = "linux")]
fn start_ticks(pid: u32) -> Option<u64> {
    kin::Process::read(pid).map(|process| process.start_ticks)
}

#[cfg(not(target_os = "linux"))]
fn start_ticks(_: u32) -> Option<u64> {
    None
}

fn boot_id() -> &'static str {
    static BOOT_ID: LazyLock<String> = LazyLock::new(|| {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
    });
    &BOOT_ID
}
