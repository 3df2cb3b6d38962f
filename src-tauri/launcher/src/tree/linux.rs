//! The tree as /proc shows it: found, signalled, measured.

use std::sync::LazyLock;

use nix::sys::resource::{UsageWho, getrusage};
use nix::unistd::{SysconfVar, sysconf};

use super::unix::Tree;
use super::{Look, Measured};
use crate::process::{Ask, Seen};

impl Tree {
    /// Signals everything that lives. Returns how many that were.
    pub fn signal(&self, ask: Ask) -> usize {
        let living = self.thorough();
        let (group, outside): (Vec<&Seen>, Vec<&Seen>) = living.iter().partition(|seen| seen.group == self.pid);
        if !group.is_empty() {
            ask.group(self.pid);
        }
        for seen in outside {
            ask.process(seen.pid);
        }
        living.len()
    }

    /// None where nothing can be seen.
    pub fn look(&self) -> Option<Look> {
        static PAGE_BYTES: LazyLock<u64> = LazyLock::new(|| configured(SysconfVar::PAGE_SIZE).unwrap_or(4096));
        static TICKS_PER_SECOND: LazyLock<u64> = LazyLock::new(|| configured(SysconfVar::CLK_TCK).unwrap_or(100));
        let living = self.living();
        let ticks: u64 = living.iter().map(|seen| seen.cpu_ticks).sum();
        let measured = Measured {
            rss_bytes: living.iter().map(|seen| seen.rss_pages).sum::<u64>() * *PAGE_BYTES,
            cpu_ms: ticks * 1000 / *TICKS_PER_SECOND + ended().1,
            processes: u32::try_from(living.len()).unwrap_or(u32::MAX),
        };
        Some(Look { pids: living.iter().map(|seen| seen.pid).collect(), measured })
    }

    /// [`super::Event::Alone`] comes.
    pub fn tells_when_alone(&self) -> bool {
        true
    }

    pub fn lives(&self) -> bool {
        !self.thorough().is_empty()
    }

    /// The most memory that one process that has ended used, in bytes, and the processor time of all of them, in ms.
    pub fn spent(&self) -> (Option<u64>, Option<u64>) {
        let (rss_bytes, cpu_ms) = ended();
        (Some(rss_bytes), Some(cpu_ms))
    }

    /// Whom the kernel names as children, from the launcher down. Misses one that is born or handed over just now.
    fn living(&self) -> Vec<Seen> {
        let mut found = Vec::new();
        let mut parents = vec![std::process::id()];
        while let Some(parent) = parents.pop() {
            let Some(children) = children(parent) else { return self.thorough() };
            found.extend(children.iter().filter_map(|child| Seen::read(*child)));
            parents.extend(children);
        }
        found
    }

    /// The same from a look at every process of the machine.
    fn thorough(&self) -> Vec<Seen> {
        let all: Vec<Seen> = Seen::all().collect();
        let mut found: Vec<Seen> = Vec::new();
        let mut parents = vec![std::process::id()];
        while let Some(parent) = parents.pop() {
            let children = all.iter().filter(|seen| seen.parent == parent);
            for child in children {
                found.push(*child);
                parents.push(child.pid);
            }
        }
        found
    }
}

/// None if this kernel does not tell.
fn children(pid: u32) -> Option<Vec<u32>> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Some(Vec::new()) };
    let mut found = Vec::new();
    for thread in threads.flatten() {
        let file = thread.path().join("children");
        match std::fs::read_to_string(&file) {
            Ok(pids) => found.extend(pids.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok())),
            Err(_) if thread.path().exists() => return None,
            Err(_) => {}
        }
    }
    Some(found)
}

fn ended() -> (u64, u64) {
    getrusage(UsageWho::RUSAGE_CHILDREN).map_or((0, 0), |usage| {
        let ms =
            |time: nix::sys::time::TimeVal| u64::try_from(time.tv_sec() * 1000 + time.tv_usec() / 1000).unwrap_or(0);
        let rss_kib = u64::try_from(usage.max_rss()).unwrap_or(0);
        (rss_kib * 1024, ms(usage.user_time()) + ms(usage.system_time()))
    })
}

fn configured(what: SysconfVar) -> Option<u64> {
    u64::try_from(sysconf(what).ok()??).ok()
}
