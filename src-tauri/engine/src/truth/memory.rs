//! How a command's memory developed, from the samples that its launcher takes.

use std::collections::VecDeque;

use cuetower_launcher::Sample;

/// Fewer say nothing of a trend.
const SAMPLES_MIN: usize = 9;
/// Less is noise, whatever share of the whole it is.
const NOISE_BYTES: u64 = 4 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Of all processes together.
    pub bytes: u64,
    /// Over the last two minutes; None if it was not watched for long enough.
    pub trend: Option<Trend>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trend {
    Rising,
    Flat,
    Falling,
}

impl Trend {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Trend::Rising => "rising",
            Trend::Flat => "flat",
            Trend::Falling => "falling",
        }
    }
}

/// Samples are oldest first. None without any.
#[must_use]
pub fn of(samples: &VecDeque<Sample>) -> Option<Memory> {
    let bytes = samples.back()?.rss_bytes;
    // The start of a program is no trend.
    let from = samples.len() / 5;
    let known: Vec<u64> = samples.iter().skip(from).map(|sample| sample.rss_bytes).collect();
    let third = known.len() / 3;
    let trend = (known.len() >= SAMPLES_MIN).then(|| {
        let (then, now) = (mean(&known[..third]), mean(&known[known.len() - third..]));
        // A twentieth more, and then in the whole of it.
        match now.abs_diff(then) > NOISE_BYTES.max(then / 20) {
            false => Trend::Flat,
            true if now > then => Trend::Rising,
            true => Trend::Falling,
        }
    });
    Some(Memory { bytes, trend })
}

fn mean(of: &[u64]) -> u64 {
    of.iter().sum::<u64>() / u64::try_from(of.len().max(1)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn trend(bytes: impl Iterator<Item = u64>) -> Option<Trend> {
        let samples = bytes.enumerate().map(|(at, rss_bytes)| Sample {
            at_ms: i64::try_from(at).expect("few") * 1_000,
            rss_bytes,
            cpu_ms: 0,
            processes: 1,
        });
        of(&samples.collect())?.trend
    }

    #[test]
    fn a_leak_rises_and_a_working_set_that_breathes_does_not() {
        assert_eq!(trend((0..60).map(|at| 100 * MIB + at * 3 * MIB)), Some(Trend::Rising));
        assert_eq!(trend((0..60).map(|at| 400 * MIB - at * 3 * MIB)), Some(Trend::Falling));
        assert_eq!(trend((0..60).map(|at| 300 * MIB + at % 7 * MIB)), Some(Trend::Flat));
        assert_eq!(trend((0..60).map(|at| 10 * MIB + at * MIB / 30)), Some(Trend::Flat), "two MiB are nothing");
        assert_eq!(
            trend((0..100).map(|at| if at < 15 { at * 20 * MIB } else { 300 * MIB })),
            Some(Trend::Flat),
            "its start"
        );
        assert_eq!(trend((0..5).map(|at| at * 100 * MIB)), None, "too early to say");
        assert_eq!(trend(std::iter::empty()), None);
    }
}
