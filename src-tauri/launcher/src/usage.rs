//! Memory and processor time of a command's whole tree: a sample a second, the last two minutes of them in `usage.json`.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::folder::{self, USAGE};
use crate::tree::Measured;

pub const SAMPLES_MAX: usize = 120;
/// Between two samples.
pub const PAUSE: Duration = Duration::from_secs(1);
/// The first one comes sooner, so that a window has something to show.
pub const FIRST: Duration = Duration::from_millis(100);
/// A command that does nothing is written about only so often, so that a hundred sleeping agents cost no disk.
const SAME_MAX: u32 = 10;

/// What the tree used at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Milliseconds since 1970.
    pub at_ms: i64,
    /// Memory of all processes together; what they share is counted for each.
    pub rss_bytes: u64,
    /// Processor time since the start, of those that ended, too.
    pub cpu_ms: u64,
    /// How many lived.
    pub processes: u32,
}

/// The samples of a command, oldest first, about one a second. The file may lag 10 s behind while nothing changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// At most [`SAMPLES_MAX`]; the last one is the latest.
    pub samples: VecDeque<Sample>,
    /// The most since the start.
    pub peak_rss_bytes: u64,
}

/// The samples of the command in the attempt's folder `dir`; None if none was taken (yet).
#[must_use]
pub fn usage(dir: &Path) -> Option<Usage> {
    folder::read(&dir.join(USAGE))
}

/// Keeps the samples of a running command.
#[derive(Debug, Default)]
pub struct Meter {
    usage: Usage,
    same: u32,
}

impl Meter {
    /// Takes a sample in. The file is replaced as a whole; one that cannot be written is tried again with the next.
    pub fn take(&mut self, measured: Measured, dir: &Path) {
        let Measured { rss_bytes, cpu_ms, processes } = measured;
        let sample = Sample { at_ms: clock::now_ms(), rss_bytes, cpu_ms, processes };
        let before = self.usage.samples.back().map(|last| Sample { at_ms: sample.at_ms, ..*last });
        self.same = if before == Some(sample) { self.same + 1 } else { 0 };
        if self.usage.samples.len() == SAMPLES_MAX {
            self.usage.samples.pop_front();
        }
        self.usage.samples.push_back(sample);
        self.usage.peak_rss_bytes = self.usage.peak_rss_bytes.max(rss_bytes);
        if self.same.is_multiple_of(SAME_MAX) {
            let _ = folder::write(&dir.join(USAGE), &self.usage);
        }
    }

    /// "58 MB and rising", "310 MB": how much it had, and whether it was on its way up.
    #[must_use]
    pub fn in_words(&self, bytes: u64) -> String {
        let (first, last) = (self.usage.samples.front(), self.usage.samples.back());
        let rss = |sample: Option<&Sample>| sample.map_or(0, |sample| sample.rss_bytes);
        // A fifth more than two minutes ago, or than at its start, and never more than now.
        let rising = rss(last) > rss(first) / 5 * 6 && rss(last) >= self.usage.peak_rss_bytes / 10 * 9;
        let most = bytes_in_words(bytes);
        if rising { format!("{most} and rising") } else { most }
    }

    /// The most that was seen at once; None before the first sample.
    #[must_use]
    pub fn peak(&self) -> Option<u64> {
        (!self.usage.samples.is_empty()).then_some(self.usage.peak_rss_bytes)
    }
}

/// "310 MB", "3.9 GB".
fn bytes_in_words(bytes: u64) -> String {
    let tenths_of = |unit: u64| (bytes.saturating_mul(10) + unit / 2) / unit;
    match (bytes < 1_000_000_000, tenths_of(1_000_000), tenths_of(1_000_000_000)) {
        (true, tenths, _) => format!("{} MB", tenths.div_ceil(10)),
        (false, _, tenths) if tenths % 10 == 0 => format!("{} GB", tenths / 10),
        (false, _, tenths) => format!("{}.{} GB", tenths / 10, tenths % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_had_ever_more_is_told_from_one_that_had_much() {
        let measured = |rss_bytes| Measured { rss_bytes, cpu_ms: 0, processes: 1 };
        let said = |samples: &[u64], most| {
            let dir = tempfile::tempdir().expect("a folder");
            let mut meter = Meter::default();
            samples.iter().for_each(|bytes| meter.take(measured(*bytes), dir.path()));
            meter.in_words(most)
        };
        assert_eq!(said(&[10_000_000, 3_000_000_000], 3_910_000_000), "3.9 GB and rising");
        assert_eq!(said(&[310_000_000, 900_000_000, 320_000_000], 900_000_000), "900 MB");
        assert_eq!(said(&[310_000_000, 312_000_000], 312_000_000), "312 MB");
        assert_eq!(said(&[], 4_000_000_000), "4 GB");
    }

    #[test]
    fn the_last_two_minutes_are_kept_and_a_quiet_command_is_written_seldom() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut meter = Meter::default();
        for number in 0..200 {
            meter.take(Measured { rss_bytes: 1000 - number, cpu_ms: number, processes: 1 }, dir.path());
        }
        let seen = usage(dir.path()).expect("written");
        assert_eq!((seen.samples.len(), seen.peak_rss_bytes), (SAMPLES_MAX, 1000));
        assert_eq!(seen.samples.back().map(|last| last.cpu_ms), Some(199));

        std::fs::remove_file(dir.path().join(USAGE)).expect("there");
        let quiet = Measured { rss_bytes: 801, cpu_ms: 199, processes: 1 };
        (0..9).for_each(|_| meter.take(quiet, dir.path()));
        assert_eq!(usage(dir.path()), None);
        meter.take(quiet, dir.path());
        assert!(usage(dir.path()).is_some(), "a sign of life comes all the same");
    }
}
