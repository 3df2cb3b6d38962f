//! What is left of a tree whose launcher was killed: found by the record of its start and by the mark that every process of
//! an attempt inherits, and ended.

use std::path::Path;
#[cfg(target_os = "linux")]
use std::time::Duration;

use crate::folder::Started;

/// The environment variable that marks every process of an attempt with the attempt's folder.
pub const MARK: &str = "CUETOWER_ATTEMPT_DIR";

/// How long a leftover may take to end by itself, and then to die.
#[cfg(target_os = "linux")]
const POLITE_LIMIT: Duration = Duration::from_millis(300);
#[cfg(target_os = "linux")]
const FIRM_LIMIT: Duration = Duration::from_secs(2);
#[cfg(target_os = "linux")]
const STEP: Duration = Duration::from_millis(10);

/// Ends what lives on of the attempt in `dir` though its launcher is gone: the program with its group, and every process that
/// carries the attempt's mark. Says what it did, or None if nothing was left.
///
/// Blocks until they are gone: half a second, or two and a half if one hangs. A process is only ended if it is surely the same one: same pid, same start, same start
/// of the machine; or the attempt's own folder in its environment. Where the system does not tell starts, nobody is.
#[cfg(target_os = "linux")]
#[must_use]
pub fn end_leftovers(dir: &Path, started: Option<&Started>) -> Option<String> {
    use crate::length;
    use crate::process::{self, Ask};

    let started = started.filter(|started| started.boot_id == process::boot_id());
    let kin = Kin {
        leader: started
            .and_then(|started| started.program)
            .filter(|program| program.lives())
            .map(|program| program.pid),
        since_ticks: started.map_or(0, |started| started.launcher.start_ticks),
        mark: format!("{MARK}={}", dir.display()).into_bytes(),
    };
    let count = kin.signal(Ask::Politely);
    if count == 0 {
        return None;
    }
    let who = match (kin.leader, count) {
        (Some(pid), 1) => format!("process {pid} of this attempt was left and had to be"),
        (Some(pid), more) => format!("process {pid} and {} more of this attempt were left and had to be", more - 1),
        (None, 1) => "one process of this attempt was left and had to be".to_owned(),
        (None, more) => format!("{more} processes of this attempt were left and had to be"),
    };
    if within(POLITE_LIMIT, || kin.living().is_empty()) {
        return Some(format!("{who} stopped"));
    }
    // Again and again, for those that are born meanwhile.
    match within(FIRM_LIMIT, || kin.signal(Ask::Firmly) == 0) {
        true => Some(format!("{who} killed, as SIGTERM did not end it within {}", length::in_words(POLITE_LIMIT))),
        false => Some(format!("{who} killed, but hangs in the system still")),
    }
}

/// Elsewhere than on Linux nothing can be told for sure, so nobody is ended.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn end_leftovers(_: &Path, _: Option<&Started>) -> Option<String> {
    None
}

/// Whose processes they are.
#[cfg(target_os = "linux")]
struct Kin {
    leader: Option<u32>,
    /// None of them is older. Reading the environment of every process there is takes long.
    since_ticks: u64,
    mark: Vec<u8>,
}

#[cfg(target_os = "linux")]
impl Kin {
    fn living(&self) -> Vec<crate::process::Seen> {
        let own = std::process::id();
        let mine = |seen: &crate::process::Seen| Some(seen.group) == self.leader || seen.has_in_environment(&self.mark);
        crate::process::Seen::all()
            .filter(|seen| seen.pid != own && seen.start_ticks >= self.since_ticks)
            .filter(mine)
            .collect()
    }

    /// Returns how many there were.
    fn signal(&self, ask: crate::process::Ask) -> usize {
        let living = self.living();
        for seen in &living {
            // One call for the whole group, so that a process it forks meanwhile does not slip through.
            if Some(seen.group) == self.leader {
                ask.group(seen.group)
            } else {
                ask.process(seen.pid)
            };
        }
        living.len()
    }
}

/// Whether it comes true in time.
#[cfg(target_os = "linux")]
fn within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    (0..limit.as_millis() / STEP.as_millis()).any(|_| {
        let so = condition();
        if !so {
            std::thread::sleep(STEP);
        }
        so
    })
}
