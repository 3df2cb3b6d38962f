//! Two looks at a tree of processes, as /proc shows it.

use std::collections::{BTreeMap, HashMap};

use nix::unistd::{SysconfVar, sysconf};

use super::proc::{self, Stat};
use super::sockets::Sockets;
use super::waiting::{self, Around};
use super::{BETWEEN, Memory, PROCESSES_MAX, Process, State, Truth};
use crate::clock::{Clock, SystemClock};

/// As the kernel cuts it.
pub(super) const LAUNCHER: &str = "cuetower-launch";
/// Descriptors of one process that are counted.
const DESCRIPTORS_MAX: usize = 4_096;

/// Keeps what the first look shows, and then the whole of it. Blocks.
pub fn see(root: u32, mut keep: impl FnMut(Truth)) {
    let clock = SystemClock::new();
    let began = clock.reading().awake_ms;
    let tree = tree(root);
    let busy: HashMap<u32, Busy> = tree.iter().map(|stat| (stat.pid, Busy::of(stat))).collect();
    keep(truth(root, &tree, |_| None));
    if tree.is_empty() {
        return;
    }
    std::thread::sleep(BETWEEN);
    let again: Vec<Stat> = tree.iter().filter_map(|stat| proc::stat(stat.pid)).collect();
    let now: HashMap<u32, Busy> = again.iter().map(|stat| (stat.pid, Busy::of(stat))).collect();
    let passed_ms = clock.reading().awake_ms.saturating_sub(began).max(1);
    keep(truth(root, &again, |pid| busy.get(&pid)?.percent(now.get(&pid)?, passed_ms)));
}

/// The root, if it is there, then everything that came out of it.
fn tree(root: u32) -> Vec<Stat> {
    let first = proc::stat(root);
    let launcher = first.as_ref().and_then(|stat| proc::stat(stat.parent)).filter(|parent| parent.name == LAUNCHER);
    // The launcher inherits whoever loses its parent, whatever session it moved to.
    let top = launcher.map_or(root, |launcher| launcher.pid);
    let mut found: BTreeMap<u32, Stat> = BTreeMap::new();
    let mut everybody: Option<Vec<Stat>> = None;
    let mut parents = vec![top];
    while let Some(parent) = parents.pop() {
        let children = match (&everybody, proc::children(parent)) {
            (None, Some(children)) => children,
            _ => {
                let all = everybody.get_or_insert_with(proc::everybody);
                all.iter().filter(|stat| stat.parent == parent).map(|stat| stat.pid).collect()
            }
        };
        for child in children {
            if found.len() < PROCESSES_MAX
                && !found.contains_key(&child)
                && let Some(stat) = proc::stat(child)
            {
                found.insert(child, stat);
                parents.push(child);
            }
        }
    }
    found.remove(&root);
    first.into_iter().chain(found.into_values()).collect()
}

fn truth(root: u32, tree: &[Stat], percent: impl Fn(u32) -> Option<f64>) -> Truth {
    let page_bytes = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().and_then(|size| u64::try_from(size).ok());
    let page_bytes = page_bytes.unwrap_or(4_096);
    let sockets = tree.first().map(|first| Sockets::of(first.pid)).unwrap_or_default();
    let mut pipes: HashMap<String, Vec<(u32, String)>> = HashMap::new();
    let mut open = HashMap::new();
    for stat in tree {
        let descriptors = proc::descriptors(stat.pid, DESCRIPTORS_MAX);
        for pipe in descriptors.iter().filter(|what| what.starts_with("pipe:")) {
            pipes.entry(pipe.clone()).or_default().push((stat.pid, stat.name.clone()));
        }
        open.insert(stat.pid, descriptors.iter().filter(|what| proc::socket(what).is_some()).count());
    }
    let around = Around { sockets: &sockets, pipes: &pipes };
    let process = |stat: &Stat| Process {
        pid: stat.pid,
        name: stat.name.clone(),
        state: stat.state,
        cpu_percent: percent(stat.pid),
        memory_bytes: stat.rss_pages * page_bytes,
        waits_on: waiting::of(stat.pid, stat.state, &around),
        sockets: open.get(&stat.pid).copied().unwrap_or_default(),
    };
    let processes: Vec<Process> = tree.iter().map(process).collect();
    let bytes = processes.iter().map(|process| process.memory_bytes).sum();
    let lives = processes.iter().any(|process| process.state != State::Zombie);
    Truth {
        pid: Some(root),
        processes,
        memory: lives.then_some(Memory { bytes, trend: None }),
        ended: None,
        unknown: false,
    }
}

/// How much a process has worked so far.
#[derive(Debug, Clone, Copy)]
struct Busy {
    ns: Option<u64>,
    ticks: u64,
}

impl Busy {
    fn of(stat: &Stat) -> Busy {
        Busy { ns: proc::on_cpu_ns(stat.pid), ticks: stat.cpu_ticks }
    }

    /// Of one processor. Threads that ended meanwhile are not counted.
    #[expect(clippy::cast_precision_loss, reason = "a share of a few hundred milliseconds")]
    fn percent(self, later: &Busy, passed_ms: u64) -> Option<f64> {
        let worked_ns = match (self.ns, later.ns) {
            (Some(before), Some(after)) => after.saturating_sub(before),
            _ => {
                let per_second =
                    sysconf(SysconfVar::CLK_TCK).ok().flatten().and_then(|ticks| u64::try_from(ticks).ok())?;
                later.ticks.saturating_sub(self.ticks) * 1_000_000_000 / per_second.max(1)
            }
        };
        Some(worked_ns as f64 / (passed_ms as f64 * 10_000.0))
    }
}
