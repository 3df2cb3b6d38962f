//! Whether a program died for want of memory, and what that is concluded from: the counters of its control group, the
//! kernel's log, its own limits together with its last words.

#[cfg(target_os = "linux")]
mod groups;
#[cfg(target_os = "linux")]
mod kernel_log;
mod last_words;
#[cfg(target_os = "linux")]
mod limits;

use std::collections::HashSet;
use std::path::Path;

use crate::death::Death;

/// What can be seen of a program that has just ended and is not buried yet.
#[derive(Debug, Default)]
pub struct Autopsy {
    /// Memory groups it was in.
    #[cfg(target_os = "linux")]
    groups: Vec<std::path::PathBuf>,
    #[cfg(target_os = "linux")]
    limit: Option<limits::Limit>,
}

/// That memory was wanting. The words follow "out of memory".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// The system killed the program itself.
    Killed { why: String },
    /// The program ended by itself, as it or a process of it did not get what it asked for.
    Lacked { why: String },
}

/// More processes than anybody looks for in a log.
const SEEN_MAX: usize = 4096;

/// Watches a program from before its start.
#[derive(Debug)]
pub struct Witness {
    #[cfg(target_os = "linux")]
    groups: groups::Groups,
    #[cfg(target_os = "linux")]
    log: Option<kernel_log::KernelLog>,
    #[cfg(target_os = "linux")]
    limit: Option<limits::Limit>,
    /// Processes of the tree.
    seen: HashSet<u32>,
}

impl Autopsy {
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn of(pid: u32) -> Autopsy {
        Autopsy { groups: groups::of(pid), limit: limits::of(pid) }
    }
}

impl Witness {
    /// To be called before the program is started.
    #[must_use]
    pub fn new() -> Witness {
        Witness {
            #[cfg(target_os = "linux")]
            groups: groups::Groups::of_launcher(),
            #[cfg(target_os = "linux")]
            log: kernel_log::KernelLog::from_now_on(),
            #[cfg(target_os = "linux")]
            limit: None,
            seen: HashSet::new(),
        }
    }

    /// A quick look at the running program, which may move to another group.
    #[cfg(target_os = "linux")]
    pub fn look(&mut self, program: u32) {
        self.groups.know(groups::of(program));
        self.seen.insert(program);
    }

    /// A longer look at all processes of the tree.
    #[cfg(target_os = "linux")]
    pub fn look_at_all(&mut self, living: impl IntoIterator<Item = u32>) {
        for pid in living {
            if self.seen.len() >= SEEN_MAX || !self.seen.insert(pid) {
                continue;
            }
            self.groups.know(groups::of(pid));
            self.limit = self.limit.or_else(|| limits::of(pid));
        }
    }

    /// Whether and how memory was wanting, and what says so.
    #[cfg(target_os = "linux")]
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

    #[cfg(not(target_os = "linux"))]
    #[must_use]
    pub fn verdict(&mut self, death: &Death, stderr: &Path) -> Option<(Want, String)> {
        if death.exit_code() == Some(0) {
            return None;
        }
        last_words::of(stderr).by_itself(death.exit_code(), death.signal())
    }
}

/// "512 KiB", "50 MiB", "1.5 GiB".
#[cfg(target_os = "linux")]
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

#[cfg(all(test, target_os = "linux"))]
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
