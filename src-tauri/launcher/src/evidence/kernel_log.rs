//! What the kernel's log says of killed processes. Readable for root, and on some systems for everybody; else it is not asked.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;

/// One record is never longer.
const RECORD_BYTES: usize = 8 * 1024;
/// More than the kernel keeps.
const RECORDS_MAX: usize = 100_000;

/// The log from the moment it was opened.
#[derive(Debug)]
pub struct KernelLog(File);

/// A kill that the log tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    pub line: String,
    /// The group that had too little, as the kernel names it; None if it was the whole machine.
    pub group: Option<String>,
}

impl KernelLog {
    /// None if it may not be read.
    #[must_use]
    pub fn from_now_on() -> Option<KernelLog> {
        let mut file = OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open("/dev/kmsg").ok()?;
        file.seek(SeekFrom::End(0)).ok()?;
        Some(KernelLog(file))
    }

    /// What tells that the kernel killed one of `pids` for want of memory.
    #[must_use]
    pub fn killed(&mut self, pids: &HashSet<u32>) -> Option<Logged> {
        let mut record = vec![0; RECORD_BYTES];
        let mut group = None;
        for _ in 0..RECORDS_MAX {
            match self.0.read(&mut record) {
                Ok(0) => return None,
                Ok(count) => {
                    let text = String::from_utf8_lossy(&record[..count]);
                    group = group_of(&text).or(group);
                    match kill(&text) {
                        Some((pid, line)) if pids.contains(&pid) => {
                            return Some(Logged { line: line.to_owned(), group });
                        }
                        // The group was somebody else's.
                        Some(_) => group = None,
                        None => {}
                    }
                }
                // Records were overwritten before they could be read; the next read goes on behind them.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
                Err(_) => return None,
            }
        }
        None
    }
}

/// "6,1338,22742625050,-;oom-kill:constraint=CONSTRAINT_MEMCG,…,oom_memcg=/agents,task_memcg=/agents/1,task=python3,…"
fn group_of(record: &str) -> Option<String> {
    let words = record.split_once(";oom-kill:")?.1;
    words.split(',').find_map(|word| word.strip_prefix("oom_memcg=")).map(str::to_owned)
}

/// "6,1339,22742625052,-;Memory cgroup out of memory: Killed process 812 (python3) total-vm:…"
fn kill(record: &str) -> Option<(u32, &str)> {
    let line = record.split_once(';')?.1.lines().next()?;
    let (before, after) = line.split_once("Killed process ")?;
    let pid = after.split(' ').next()?.trim_end_matches(',').parse().ok()?;
    before.to_ascii_lowercase().contains("out of memory").then_some((pid, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_is_read_off_the_log() {
        let record = "3,1339,22742625052,-;Memory cgroup out of memory: Killed process 812 (python3) total-vm:68kB, anon-rss:9kB\n SUBSYSTEM=x\n";
        let (pid, line) = kill(record).expect("a kill");
        assert!(pid == 812 && line.ends_with("anon-rss:9kB"));
        assert_eq!(kill("6,1,1,-;oom_reaper: reaped process 812 (python3), now anon-rss:0kB"), None);
        let before = "6,1,1,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg=/agents,task_memcg=/agents/1,task=tail,pid=812,uid=0";
        assert_eq!(group_of(before).as_deref(), Some("/agents"));
        assert_eq!(group_of("6,1,1,-;oom-kill:constraint=CONSTRAINT_NONE,global_oom,task_memcg=/agents"), None);
        assert_eq!(kill("6,1,1,-;traps: dunst[3811] trap int3"), None);
    }
}
