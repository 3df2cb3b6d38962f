//! What a crashed tower left running: a note beside the output says who it was, so that the next tower can tell and stop it.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::kin::{self, Ask};
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

/// Notes in `dir` that `pid` was started for this attempt.
///
/// # Errors
/// If the note cannot be written.
pub fn note(dir: &Path, pid: u32) -> io::Result<()> {
    let note = Note { pid, start_ticks: start_ticks(pid).unwrap_or(0), boot_id: boot_id() };
    std::fs::write(dir.join(NOTE), serde_json::to_vec(&note)?)
}

/// Stops what an earlier tower started for the attempt in `dir` and never saw end: the noted process with its group, and every
/// process that carries the attempt's mark. Says what it did, or None if nothing was left.
///
/// Blocks for at most half a second, so call it on a thread that may block. A process is only stopped if it is surely the
/// same one: same pid, same start, same start of the machine; or the attempt's own folder in its environment.
#[must_use]
pub fn reap_leftover(dir: &Path) -> Option<String> {
    let leader = noted(dir);
    let count = kin::signal(leader, dir, Ask::Politely);
    if count == 0 {
        return None;
    }
    let who = match (leader, count) {
        (Some(pid), 1) => format!("process {pid}"),
        (Some(pid), more) => format!("process {pid} and {} more", more - 1),
        (None, 1) => "one process".to_owned(),
        (None, more) => format!("{more} processes"),
    };
    let told = format!("{who} of this attempt outlived a crash of the tower and had to be");
    if gone_within(POLITE_LIMIT, leader, dir) {
        return Some(format!("{told} stopped"));
    }
    let _ = kin::signal(leader, dir, Ask::Firmly);
    match gone_within(FIRM_LIMIT, leader, dir) {
        true => Some(format!("{told} killed, as SIGTERM did not end it within {}", length::in_words(POLITE_LIMIT))),
        false => Some(format!("{told} killed, but it still hangs in the system")),
    }
}

#[cfg(target_os = "linux")]
fn noted(dir: &Path) -> Option<u32> {
    let note: Note = serde_json::from_slice(&std::fs::read(dir.join(NOTE)).ok()?).ok()?;
    (note.boot_id == boot_id() && start_ticks(note.pid) == Some(note.start_ticks)).then_some(note.pid)
}

/// Without a start time a noted pid may be anybody's by now, so nobody is stopped.
#[cfg(not(target_os = "linux"))]
fn noted(_: &Path) -> Option<u32> {
    None
}

fn gone_within(limit: Duration, leader: Option<u32>, dir: &Path) -> bool {
    let step = Duration::from_millis(10);
    (0..limit.as_millis() / step.as_millis()).any(|_| {
        std::thread::sleep(step);
        !lives(leader, dir)
    })
}

#[cfg(target_os = "linux")]
fn lives(leader: Option<u32>, dir: &Path) -> bool {
    !kin::living(leader, dir).is_empty()
}

#[cfg(not(target_os = "linux"))]
fn lives(_: Option<u32>, _: &Path) -> bool {
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

fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}
