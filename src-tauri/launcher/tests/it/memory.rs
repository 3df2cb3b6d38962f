//! Programs that die for want of memory: the record says so, and how much there was.

use std::path::{Path, PathBuf};

use crate::support::*;
use cuetower_launcher::STDERR;

#[test]
fn a_program_without_memory_by_its_own_limit_says_so() {
    let place = Place::new();
    let exit = place.start("ulimit -v 200000; exec tail /dev/zero").end(&place.dir);
    assert!(exit.oom, "{exit:?}, stderr: {}", place.printed(STDERR));
    assert!(exit.words.starts_with("exit code 1 after "), "{}", exit.words);
    assert!(exit.words.contains(": out of memory (its address space is limited to 195.3 MiB), at "), "{}", exit.words);
}

#[test]
fn an_agent_in_python_without_memory_says_so() {
    let place = Place::new();
    let exit = place.start("ulimit -v 200000; python3 -c 'bytearray(1 << 30)'; exit $?").end(&place.dir);
    assert!(exit.oom, "{exit:?}, stderr: {}", place.printed(STDERR));
    assert!(exit.words.contains("out of memory (its address space is limited to 195.3 MiB)"), "{}", exit.words);
    assert!(exit.oom_evidence.expect("evidence").contains("MemoryError"));
}

#[test]
fn a_program_that_fails_for_another_reason_is_not_said_to_lack_memory() {
    let place = Place::new();
    let exit = place.start("ulimit -v 2000000; echo 'connection refused' >&2; exit 1").end(&place.dir);
    assert_eq!((exit.oom, exit.oom_evidence), (false, None));
    let place = Place::new();
    let exit = place.start("kill -9 $$").end(&place.dir);
    assert!(!exit.oom && exit.words.starts_with("killed by signal 9 (SIGKILL) after "), "{exit:?}");
}

/// A control group with little memory, below the test's own; gone with this.
struct SmallGroup(PathBuf);

impl SmallGroup {
    /// None where groups cannot be made: not root, or memory is not accounted for.
    fn of_bytes(bytes: u64, name: &str) -> Option<SmallGroup> {
        let own = std::fs::read_to_string("/proc/self/cgroup").ok()?;
        let inside = |controllers: &str| {
            own.lines().find_map(|line| {
                let (found, path) = line.split_once(':')?.1.split_once(':')?;
                found
                    .split(',')
                    .any(|controller| controller == controllers)
                    .then(|| path.trim_start_matches('/').to_owned())
            })
        };
        let name = format!("cuetower-test-{}-{name}", std::process::id());
        let parents = [
            inside("memory").map(|path| (Path::new("/sys/fs/cgroup/memory").join(path), "memory.limit_in_bytes")),
            inside("").map(|path| (Path::new("/sys/fs/cgroup").join(path), "memory.max")),
        ];
        parents.into_iter().flatten().find_map(|(parent, limit)| {
            let group = SmallGroup(parent.join(&name));
            std::fs::create_dir(&group.0).ok()?;
            std::fs::write(group.0.join(limit), bytes.to_string()).ok()?;
            Some(group)
        })
    }
}

impl Drop for SmallGroup {
    fn drop(&mut self) {
        wait_until("the group is empty", || std::fs::remove_dir(&self.0).is_ok() || !self.0.exists());
    }
}

fn small_group(name: &str) -> Option<SmallGroup> {
    let group = SmallGroup::of_bytes(50 << 20, name);
    if group.is_none() {
        eprintln!(
            "SKIPPED: no control group with a memory limit can be made here (it takes root and a memory controller)"
        );
    }
    group
}

#[test]
fn a_program_killed_by_the_system_says_how_much_its_group_may_use() {
    let Some(group) = small_group("program") else { return };
    let place = Place::new();
    let line = format!("echo $$ > {}/cgroup.procs && exec tail /dev/zero", group.0.display());
    let exit = place.start(&line).end(&place.dir);
    assert_eq!((exit.signal, exit.oom), (Some(9), true), "{exit:?}, stderr: {}", place.printed(STDERR));
    assert!(
        exit.words.starts_with("killed by the system: out of memory (its group may use 50 MiB) after "),
        "{}",
        exit.words
    );
    println!("{} [{}]", exit.words, exit.oom_evidence.expect("evidence"));
}

#[test]
fn a_program_whose_child_is_killed_by_the_system_says_so() {
    let Some(group) = small_group("child") else { return };
    let place = Place::new();
    // The group that a process of the tree moves itself to is known by looking, every 20 ms: one that fills it sooner is not seen in it.
    let line = format!(
        "(echo $BASHPID > {0}/cgroup.procs; sleep 1; sh -c 'echo $$ > {0}/cgroup.procs; exec tail /dev/zero'); exit $?",
        group.0.display()
    );
    let exit = place.start(&line).end(&place.dir);
    assert_eq!((exit.exit_code, exit.oom), (Some(137), true), "{exit:?}");
    assert!(exit.words.starts_with("exit code 137 after "), "{}", exit.words);
    assert!(
        exit.words.contains("out of memory (the system killed one of its processes, and its group may use 50 MiB)"),
        "{}",
        exit.words
    );
    println!("{} [{}]", exit.words, exit.oom_evidence.expect("evidence"));
}
