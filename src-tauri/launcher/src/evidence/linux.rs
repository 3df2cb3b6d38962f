//! What Linux tells of a program that ran out of memory, weighed.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::{Want, groups, kernel_log, last_words, limits};
use crate::death::Death;

/// What can be seen of a program that has just ended and is not buried yet.
#[derive(Debug, Default)]
pub struct Autopsy {
    /// Memory groups it was in.
    groups: Vec<PathBuf>,
    limit: Option<limits::Limit>,
}

impl Autopsy {
    #[must_use]
    pub fn of(pid: u32) -> Autopsy {
        Autopsy { groups: groups::of(pid), limit: limits::of(pid) }
    }
}

/// More processes than anybody looks for in a log.
const SEEN_MAX: usize = 4096;

/// Watches a program from before its start.
#[derive(Debug)]
pub struct Witness {
    groups: groups::Groups,
    log: Option<kernel_log::KernelLog>,
    limit: Option<limits::Limit>,
    /// Processes of the tree.
    seen: HashSet<u32>,
}

impl Default for Witness {
    /// To be called before the program is started.
    fn default() -> Witness {
        Witness {
            groups: groups::Groups::of_launcher(),
            log: kernel_log::KernelLog::from_now_on(),
            limit: None,
            seen: HashSet::new(),
        }
    }
}

impl Witness {
    /// A quick look at the running program, which may move to another group.
    pub fn look(&mut self, program: u32) {
        self.groups.know(groups::of(program));
        self.seen.insert(program);
    }

    /// A longer look at all processes of the tree, each once.
    pub fn look_at_all(&mut self, living: &[u32]) {
        for pid in living {
            if self.seen.len() >= SEEN_MAX || !self.seen.insert(*pid) {
                continue;
            }
            self.groups.know(groups::of(*pid));
            self.limit = self.limit.or_else(|| limits::of(*pid));
        }
    }

    /// Whether and how memory was wanting, and what says so.
    #[must_use]
    pub fn verdict(&mut self, death: &Death, stderr: &Path) -> Option<(Want, String)> {
        let (code, signal) = (death.exit_code(), death.signal());
        if code == Some(0) {
            return None;
        }
        let logged = self.log.as_mut().and_then(|log| log.killed(&self.seen));
        // A shell that waited for the killed one passes its signal on as a code.
        let like_a_kill = signal == Some(9) || code == Some(128 + 9);
        let counted = self.groups.killed(&death.autopsy.groups).filter(|killed| like_a_kill || !killed.shared);
        if logged.is_some() || counted.is_some() {
            let counted_limit = counted.as_ref().and_then(|killed| groups::limit(&killed.dir));
            let logged_limit = || groups::limit_of(logged.as_ref()?.group.as_deref()?);
            let limit = counted_limit.or_else(logged_limit);
            let may_use = limit.map(|bytes| format!("its group may use {}", bytes_in_words(bytes)));
            let evidence = [
                logged.map(|logged| format!("the kernel's log: {}", logged.line)),
                counted.map(|killed| format!("{} counted {} more", killed.dir.display(), killed.count)),
            ];
            let evidence = evidence.into_iter().flatten().collect::<Vec<_>>().join("; ");
            let want = match (signal, may_use) {
                (Some(9), Some(may_use)) => Want::Killed { why: format!(" ({may_use})") },
                (Some(9), None) => Want::Killed { why: String::new() },
                (_, may_use) => {
                    let and = may_use.map_or_else(String::new, |may_use| format!(", and {may_use}"));
                    Want::Lacked { why: format!(" (the system killed one of its processes{and})") }
                }
            };
            return Some((want, evidence));
        }
        let said = last_words::of(stderr);
        if let Some(limit) = death.autopsy.limit.or(self.limit)
            && let Some(complaint) = &said.complaint
        {
            let why = format!(" ({} is limited to {})", limit.what, bytes_in_words(limit.bytes));
            return Some((Want::Lacked { why }, format!("its limits, and its last words: {complaint}")));
        }
        said.by_itself(code, signal)
    }
}

/// "512 KiB", "50 MiB", "1.5 GiB".
fn bytes_in_words(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..0x10_0000 => (1024, "KiB"),
        0x10_0000..0x4000_0000 => (1 << 20, "MiB"),
        _ => (1 << 30, "GiB"),
    };
    let tenths = (bytes * 10 + unit / 2) / unit;
    match tenths % 10 {
        0 => format!("{} {name}", tenths / 10),
        rest => format!("{}.{rest} {name}", tenths / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_a_person_would_say_them() {
        assert_eq!(bytes_in_words(50 << 20), "50 MiB");
        assert_eq!(bytes_in_words(512 << 10), "512 KiB");
        assert_eq!(bytes_in_words(3 << 29), "1.5 GiB");
        assert_eq!(bytes_in_words(200_000 * 1024), "195.3 MiB");
    }
}
