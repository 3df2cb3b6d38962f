//! Which processes belong to an attempt, and signals to all of them. Linux tells by /proc; elsewhere only the group is known.
//!
//! A command leads its own process group. A grandchild may leave that group (setsid), but it inherits the environment: the
//! attempt's folder in [`MARK`] is how it is found again, by this tower or by the next one.

use std::path::PathBuf;

/// The environment variable that marks every process of an attempt with the attempt's folder.
pub const MARK: &str = "CUETOWER_ATTEMPT_DIR";

/// How hard to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// SIGTERM.
    Politely,
    /// SIGKILL.
    Firmly,
}

/// Whose processes they are.
#[derive(Debug, Clone)]
pub struct Kin {
    /// Whom the tower started, if that is known.
    pub leader: Option<u32>,
    /// None of them is older; 0 if that is not known. Reading the environment of every process there is takes long.
    pub since_ticks: u64,
    /// The attempt's folder.
    pub dir: PathBuf,
}

/// Signals the leader's group and every marked process outside of it. Returns how many processes lived.
#[cfg(target_os = "linux")]
#[must_use]
pub fn signal(kin: &Kin, ask: Ask) -> usize {
    let living = living(kin);
    let (group, outside): (Vec<&Process>, Vec<&Process>) =
        living.iter().partition(|process| Some(process.group) == kin.leader);
    // One call for the whole group, so that a process it forks meanwhile does not slip through.
    if let Some(group) = group.first().and_then(|process| raw(process.group)) {
        let _ = nix::sys::signal::killpg(group, ask.unix());
    }
    for pid in outside.iter().filter_map(|process| raw(process.pid)) {
        let _ = nix::sys::signal::kill(pid, ask.unix());
    }
    living.len()
}

/// The processes of an attempt that live: the leader's group, and every marked process outside of it.
#[cfg(target_os = "linux")]
#[must_use]
pub fn living(kin: &Kin) -> Vec<Process> {
    let mark = format!("{MARK}={}", kin.dir.display());
    let own = std::process::id();
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != own)
        .filter_map(Process::read)
        .filter(|process| process.start_ticks >= kin.since_ticks)
        .filter(|process| Some(process.group) == kin.leader || process.has_in_environment(mark.as_bytes()))
        .collect()
}

/// A living process (a zombie does not count), as /proc shows it.
#[cfg(target_os = "linux")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    pub group: u32,
    /// Clock ticks from the machine's start to the process's; with the pid it names a process for good.
    pub start_ticks: u64,
}

#[cfg(target_os = "linux")]
impl Process {
    /// None if there is no such process any more.
    #[must_use]
    pub fn read(pid: u32) -> Option<Process> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is the program's name in parentheses and may hold anything, so count from its end.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        if matches!(*fields.first()?, "Z" | "X") {
            return None;
        }
        Some(Process { pid, group: fields.get(2)?.parse().ok()?, start_ticks: fields.get(19)?.parse().ok()? })
    }

    fn has_in_environment(&self, mark: &[u8]) -> bool {
        std::fs::read(format!("/proc/{}/environ", self.pid))
            .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|pair| pair == mark))
    }
}

#[cfg(unix)]
fn raw(pid: u32) -> Option<nix::unistd::Pid> {
    i32::try_from(pid).ok().map(nix::unistd::Pid::from_raw)
}

/// Signals the leader's group. Returns 1 if it lived.
#[cfg(all(unix, not(target_os = "linux")))]
#[must_use]
pub fn signal(kin: &Kin, ask: Ask) -> usize {
    usize::from(kin.leader.and_then(raw).is_some_and(|group| nix::sys::signal::killpg(group, ask.unix()).is_ok()))
}

/// Only the process itself can be stopped here (its handle does that), so there is nothing to signal.
#[cfg(not(unix))]
#[must_use]
pub fn signal(_: &Kin, _: Ask) -> usize {
    0
}

#[cfg(unix)]
impl Ask {
    fn unix(self) -> nix::sys::signal::Signal {
        match self {
            Ask::Politely => nix::sys::signal::Signal::SIGTERM,
            Ask::Firmly => nix::sys::signal::Signal::SIGKILL,
        }
    }
}
