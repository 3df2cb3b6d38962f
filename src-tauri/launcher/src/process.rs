//! A process by more than its pid, and the signals to it. Linux tells by /proc; elsewhere the pid is all there is.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// A process, known again for as long as the machine runs: a pid comes again, with the instant of its start it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    pub pid: u32,
    /// Clock ticks from the machine's start to the process's; 0 where the system does not tell.
    pub start_ticks: u64,
}

/// How hard to ask a process to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// SIGTERM.
    Politely,
    /// SIGKILL.
    Firmly,
}

impl Who {
    #[must_use]
    pub fn of(pid: u32) -> Who {
        Who { pid, start_ticks: start_ticks(pid) }
    }

    #[must_use]
    pub fn own() -> Who {
        Who::of(std::process::id())
    }

    /// Whether this very process lives; false where that cannot be told.
    #[must_use]
    pub fn lives(self) -> bool {
        self.start_ticks > 0 && start_ticks(self.pid) == self.start_ticks
    }

    /// The same, but true where that cannot be told.
    #[must_use]
    pub fn may_live(self) -> bool {
        self.start_ticks == 0 || self.lives()
    }
}

/// Names one start of the machine; empty where the system does not tell.
#[must_use]
pub fn boot_id() -> &'static str {
    static BOOT_ID: LazyLock<String> = LazyLock::new(|| {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
    });
    &BOOT_ID
}

#[cfg(target_os = "linux")]
fn start_ticks(pid: u32) -> u64 {
    Seen::read(pid).map_or(0, |seen| seen.start_ticks)
}

#[cfg(not(target_os = "linux"))]
fn start_ticks(_: u32) -> u64 {
    0
}

/// A living process (a zombie does not count), as /proc shows it.
#[cfg(target_os = "linux")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub pid: u32,
    pub parent: u32,
    pub group: u32,
    pub start_ticks: u64,
    /// Of itself and of its ended children, in clock ticks.
    pub cpu_ticks: u64,
    pub rss_pages: u64,
}

#[cfg(target_os = "linux")]
impl Seen {
    /// None if there is no such process any more.
    #[must_use]
    pub fn read(pid: u32) -> Option<Seen> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is the program's name in parentheses and may hold anything, so count from its end.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        if matches!(*fields.first()?, "Z" | "X") {
            return None;
        }
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        let id = |at: usize| fields.get(at)?.parse::<u32>().ok();
        Some(Seen {
            pid,
            parent: id(1)?,
            group: id(2)?,
            start_ticks: number(19)?,
            cpu_ticks: number(11)? + number(12)? + number(13)? + number(14)?,
            rss_pages: number(21)?,
        })
    }

    /// Every living process of the machine that may be seen.
    pub fn all() -> impl Iterator<Item = Seen> {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter_map(Seen::read)
    }

    #[must_use]
    pub fn has_in_environment(&self, pair: &[u8]) -> bool {
        std::fs::read(format!("/proc/{}/environ", self.pid))
            .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|found| found == pair))
    }
}

#[cfg(unix)]
impl Ask {
    fn signal(self) -> nix::sys::signal::Signal {
        match self {
            Ask::Politely => nix::sys::signal::Signal::SIGTERM,
            Ask::Firmly => nix::sys::signal::Signal::SIGKILL,
        }
    }

    /// True if the process was there.
    pub fn process(self, pid: u32) -> bool {
        raw(pid).is_some_and(|pid| nix::sys::signal::kill(pid, self.signal()).is_ok())
    }

    /// The whole group in one call, so that a process it forks meanwhile does not slip through. True if anybody was there.
    pub fn group(self, leader: u32) -> bool {
        raw(leader).is_some_and(|leader| nix::sys::signal::killpg(leader, self.signal()).is_ok())
    }
}

#[cfg(not(unix))]
impl Ask {
    /// A pid alone says too little here to end anybody by it.
    pub fn process(self, _: u32) -> bool {
        false
    }
}

/// No pid is 0 or negative: to `kill` these mean more than one process.
#[cfg(unix)]
fn raw(pid: u32) -> Option<nix::unistd::Pid> {
    i32::try_from(pid).ok().filter(|pid| *pid > 1).map(nix::unistd::Pid::from_raw)
}
