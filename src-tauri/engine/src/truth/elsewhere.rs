//! What other systems tell of processes: state, memory and processor time. What they wait on is not known there.

use std::collections::HashMap;

use sysinfo::{Pid, ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System};

use super::{BETWEEN, Memory, PROCESSES_MAX, Process, State, Truth};

/// Keeps what the first look shows, and then the whole of it. Blocks.
pub fn see(root: u32, mut keep: impl FnMut(Truth)) {
    let Ok(mut system) = System::new() else { return };
    look(&mut system);
    let parents: HashMap<u32, u32> =
        system.processes().values().filter_map(|seen| Some((seen.pid().as_u32(), seen.parent()?.as_u32()))).collect();
    let tree = tree(root, &parents);
    keep(truth(root, &tree, &system, false));
    std::thread::sleep(BETWEEN);
    look(&mut system);
    keep(truth(root, &tree, &system, true));
}

fn look(system: &mut System) {
    let what = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, what);
}

/// The root, then what descends from it.
fn tree(root: u32, parents: &HashMap<u32, u32>) -> Vec<u32> {
    let mut found = vec![root];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        let children = parents.iter().filter(|(_, of)| **of == parent).map(|(child, _)| *child);
        let mut children: Vec<u32> = children.filter(|child| !found.contains(child)).collect();
        children.sort_unstable();
        found.extend(children);
        at += 1;
    }
    found.truncate(PROCESSES_MAX);
    found
}

fn truth(root: u32, tree: &[u32], system: &System, measured: bool) -> Truth {
    let processes: Vec<Process> = tree
        .iter()
        .filter_map(|pid| system.process(Pid::from_u32(*pid)))
        .map(|seen| Process {
            pid: seen.pid().as_u32(),
            name: seen.name().to_string_lossy().into_owned(),
            state: state(seen.status()),
            cpu_percent: measured.then(|| f64::from(seen.cpu_usage())),
            memory_bytes: seen.memory(),
            waits_on: None,
            sockets: 0,
        })
        .collect();
    let bytes = processes.iter().map(|process| process.memory_bytes).sum();
    Truth {
        pid: Some(root),
        memory: (bytes > 0).then_some(Memory { bytes, trend: None }),
        unknown: system.processes().is_empty(),
        processes,
        ended: None,
    }
}

fn state(status: ProcessStatus) -> State {
    match status {
        ProcessStatus::Run => State::Running,
        ProcessStatus::Stop => State::Stopped,
        ProcessStatus::Tracing => State::Traced,
        ProcessStatus::Zombie | ProcessStatus::Dead => State::Zombie,
        ProcessStatus::UninterruptibleDiskSleep => State::Uninterruptible,
        _ => State::Sleeping,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_found_from_who_came_out_of_whom() {
        let parents = HashMap::from([(2, 1), (3, 2), (4, 3), (9, 8), (1, 4)]);
        assert_eq!(tree(1, &parents), [1, 2, 3, 4], "a circle ends");
    }

    #[test]
    fn this_very_process_is_found() {
        let mut kept = Vec::new();
        see(std::process::id(), |truth| kept.push(truth));
        let [_, truth] = kept.as_slice() else { panic!("two looks") };
        assert_eq!(truth.processes[0].pid, std::process::id());
        assert!(truth.memory.is_some_and(|memory| memory.bytes > 0) && truth.processes[0].cpu_percent.is_some());
    }
}
