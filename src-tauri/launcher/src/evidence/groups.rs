//! The control groups that account for memory, in both versions of Linux's: which ones a process is in, how many processes
//! of one were killed for want of memory, how much it may use.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The groups that the tree was seen in, and how many had been killed in each at the first sight.
#[derive(Debug)]
pub struct Groups(Vec<Known>);

#[derive(Debug)]
struct Known {
    dir: PathBuf,
    kills: u64,
    /// The launcher is in it, and so are others whom it did not start.
    shared: bool,
}

/// Somebody was killed.
#[derive(Debug)]
pub struct Killed {
    pub dir: PathBuf,
    pub count: u64,
    /// It may have been somebody else.
    pub shared: bool,
}

impl Groups {
    #[must_use]
    pub fn of_launcher() -> Groups {
        let known = of(std::process::id()).into_iter();
        Groups(known.map(|dir| Known { kills: kills(&dir).unwrap_or(0), dir, shared: true }).collect())
    }

    pub fn know(&mut self, dirs: Vec<PathBuf>) {
        for dir in dirs {
            if !self.0.iter().any(|known| known.dir == dir) {
                self.0.push(Known { kills: kills(&dir).unwrap_or(0), dir, shared: false });
            }
        }
    }

    /// Looks again, also at `dirs`: a group seen only now that has counted any kill at all.
    #[must_use]
    pub fn killed(&mut self, dirs: &[PathBuf]) -> Option<Killed> {
        for dir in dirs {
            if !self.0.iter().any(|known| known.dir == *dir) {
                self.0.push(Known { dir: dir.clone(), kills: 0, shared: false });
            }
        }
        self.0.iter().rev().find_map(|known| {
            let count = kills(&known.dir)?.checked_sub(known.kills).filter(|count| *count > 0)?;
            Some(Killed { dir: known.dir.clone(), count, shared: known.shared })
        })
    }
}

/// A mounted hierarchy that accounts for memory.
#[derive(Debug, PartialEq, Eq)]
struct Hierarchy {
    mounted_at: PathBuf,
    /// What of the hierarchy is mounted there: "/" unless this is a container.
    root: PathBuf,
    version: u8,
}

static HIERARCHIES: LazyLock<Vec<Hierarchy>> =
    LazyLock::new(|| hierarchies(&std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default()));

fn hierarchies(mountinfo: &str) -> Vec<Hierarchy> {
    let read = |line: &str| {
        let (before, after) = line.split_once(" - ")?;
        let mut after = after.split(' ');
        let version = match (after.next()?, after.nth(1)?) {
            ("cgroup2", _) => 2,
            ("cgroup", options) if options.split(',').any(|option| option == "memory") => 1,
            _ => return None,
        };
        let mut before = before.split(' ').skip(3);
        Some(Hierarchy { root: before.next()?.into(), mounted_at: before.next()?.into(), version })
    };
    mountinfo.lines().filter_map(read).collect()
}

/// The folders of the memory groups that a process is in. A group of version 2 is told also of one that has just ended.
#[must_use]
pub fn of(pid: u32) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    text.lines().filter_map(|line| folder(line, &HIERARCHIES)).filter(|dir| kills(dir).is_some()).collect()
}

/// "4:memory:/agents" or "0::/agents".
fn folder(line: &str, hierarchies: &[Hierarchy]) -> Option<PathBuf> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, path) = (parts.next()?, parts.next()?);
    let version = match controllers {
        "" => 2,
        _ if controllers.split(',').any(|name| name == "memory") => 1,
        _ => return None,
    };
    let hierarchy = hierarchies.iter().find(|hierarchy| hierarchy.version == version)?;
    let path = Path::new(path.strip_suffix(" (deleted)").unwrap_or(path));
    Some(hierarchy.mounted_at.join(path.strip_prefix(&hierarchy.root).ok()?))
}

/// How much a group may use that the kernel's log names.
#[must_use]
pub fn limit_of(name: &str) -> Option<u64> {
    HIERARCHIES.iter().find_map(|hierarchy| {
        let inside = Path::new(name).strip_prefix(&hierarchy.root).ok()?;
        limit(&hierarchy.mounted_at.join(inside))
    })
}

/// How many processes of the group were killed so far; None if it has no such counter.
fn kills(dir: &Path) -> Option<u64> {
    ["memory.events", "memory.oom_control"].iter().find_map(|file| {
        let text = std::fs::read_to_string(dir.join(file)).ok()?;
        text.lines().find_map(|line| line.strip_prefix("oom_kill "))?.trim().parse().ok()
    })
}

/// How much memory the group may use, by its own limit or that of a group around it. None: as much as there is.
#[must_use]
pub fn limit(dir: &Path) -> Option<u64> {
    // Version 1 says "no limit" with a number that no machine reaches.
    let no_limit = 1 << 60;
    let limits = dir.ancestors().filter_map(|dir| {
        ["memory.max", "memory.limit_in_bytes"]
            .iter()
            .find_map(|file| std::fs::read_to_string(dir.join(file)).ok()?.trim().parse::<u64>().ok())
    });
    limits.min().filter(|limit| *limit < no_limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
41 31 0:38 /box /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate";

    #[test]
    fn a_process_is_found_in_the_groups_of_both_versions() {
        let hierarchies = hierarchies(MOUNTS);
        let folder = |line| folder(line, &hierarchies).map(|dir| dir.display().to_string());
        assert_eq!(folder("4:memory:/agents/1").as_deref(), Some("/sys/fs/cgroup/memory/agents/1"));
        assert_eq!(folder("0::/box/agents (deleted)").as_deref(), Some("/sys/fs/cgroup/unified/agents"));
        assert_eq!(folder("0::/elsewhere"), None, "it is not mounted here");
        assert_eq!(folder("2:cpu:/agents"), None);
    }
}
