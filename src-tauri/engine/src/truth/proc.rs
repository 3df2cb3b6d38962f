//! Single files of /proc, read as far as this module needs them.

use std::path::PathBuf;

use super::State;

/// A process or a thread, from its `stat`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    pub pid: u32,
    pub name: String,
    pub state: State,
    pub parent: u32,
    /// Of its own, in clock ticks.
    pub cpu_ticks: u64,
    pub rss_pages: u64,
}

/// None if there is no such process any more.
pub fn stat(pid: u32) -> Option<Stat> {
    read_stat(pid, &std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn read_stat(pid: u32, text: &str) -> Option<Stat> {
    // The name is in parentheses and may hold anything, so count from its end.
    let (before, after) = text.rsplit_once(')')?;
    let name = before.split_once('(')?.1.to_owned();
    let fields: Vec<&str> = after.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Stat {
        pid,
        name,
        state: state(fields.first()?)?,
        parent: fields.get(1)?.parse().ok()?,
        cpu_ticks: number(11)? + number(12)?,
        rss_pages: number(21)?,
    })
}

/// None: it is being removed.
fn state(letter: &str) -> Option<State> {
    match letter {
        "R" => Some(State::Running),
        "D" => Some(State::Uninterruptible),
        "T" => Some(State::Stopped),
        "t" => Some(State::Traced),
        "Z" => Some(State::Zombie),
        "X" | "x" => None,
        _ => Some(State::Sleeping),
    }
}

/// Its threads, the main one first.
pub fn threads(pid: u32, most: usize) -> Vec<u32> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let mut found: Vec<u32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).take(most).collect();
    found.sort_by_key(|tid| (*tid != pid, *tid));
    found
}

/// Processor time of all threads, in nanoseconds, from the scheduler's own books; None if this kernel does not keep them.
pub fn on_cpu_ns(pid: u32) -> Option<u64> {
    let time = |tid: u32| {
        let text = std::fs::read_to_string(format!("/proc/{pid}/task/{tid}/schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    threads(pid, THREADS_MAX).into_iter().map(time).try_fold(0, |sum, time| Some(sum + time?))
}

/// Threads of one process that are looked at.
pub const THREADS_MAX: usize = 64;

/// Children of all its threads; None if this kernel does not tell.
pub fn children(pid: u32) -> Option<Vec<u32>> {
    let mut found = Vec::new();
    for tid in threads(pid, THREADS_MAX) {
        match std::fs::read_to_string(format!("/proc/{pid}/task/{tid}/children")) {
            Ok(pids) => found.extend(pids.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok())),
            Err(_) if PathBuf::from(format!("/proc/{pid}/task/{tid}")).exists() => return None,
            Err(_) => {}
        }
    }
    Some(found)
}

/// Parents of all processes of the machine, where children are not told.
pub fn everybody() -> Vec<Stat> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter_map(stat).collect()
}

/// What a descriptor is: "socket:[123]", "/var/lib/x", "pipe:[7]", "anon_inode:[eventpoll]".
pub fn descriptor(pid: u32, fd: u64) -> Option<String> {
    let link = std::fs::read_link(format!("/proc/{pid}/fd/{fd}")).ok()?;
    Some(link.to_string_lossy().into_owned())
}

/// All of its descriptors, as [`descriptor`] says them.
pub fn descriptors(pid: u32, most: usize) -> Vec<String> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten().take(most);
    entries.filter_map(|entry| Some(std::fs::read_link(entry.path()).ok()?.to_string_lossy().into_owned())).collect()
}

/// The inode of "socket:[123]".
pub fn socket(descriptor: &str) -> Option<u64> {
    descriptor.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let fields = "R 9 9 9 0 -1 4194304 1 2 3 4 70 30 5 6 20 0 1 0 6337126 17309696 3509 0";
        let read = read_stat(7, &format!("7 (a) (Z 1 2) {fields}")).expect("a process");
        let wanted = Stat {
            pid: 7,
            name: "a) (Z 1 2".into(),
            state: State::Running,
            parent: 9,
            cpu_ticks: 100,
            rss_pages: 3509,
        };
        assert_eq!(read, wanted);
        assert_eq!(read_stat(7, "7 (x) X 1"), None);
    }

    #[test]
    fn this_very_process_is_found() {
        let own = std::process::id();
        let stat = stat(own).expect("it lives");
        assert!(stat.rss_pages > 0 && threads(own, 64)[0] == own);
        assert!(on_cpu_ns(own).is_none_or(|ns| ns > 0));
        assert_eq!(socket("socket:[123]"), Some(123));
        assert_eq!(socket("pipe:[123]"), None);
    }
}
