//! How an agent's memory developed since it began, by what its beats told: a few points over all of that time. Pure.

use cuetower_core::Ms;
use serde::{Deserialize, Serialize};

/// So many are kept at most; then every second one goes, and the rest lie twice as far apart.
const POINTS_MAX: usize = 48;
const GAP_FIRST_MS: u64 = 30_000;
/// Fewer say nothing of a trend.
const POINTS_MIN: usize = 9;
/// Less is noise, whatever share of the whole it is.
const NOISE_MB: f64 = 16.0;
/// More than what there was by this share is no working set that breathes.
const MORE: f64 = 1.2;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MemoryPast {
    /// Oldest first, in megabytes.
    points: Vec<(Ms, f64)>,
    /// Between two of them, at least.
    #[serde(default)]
    gap_ms: u64,
}

/// It needs more and more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rise {
    pub since: Ms,
    pub from_mb: f64,
}

impl MemoryPast {
    pub(super) fn hear(&mut self, mb: f64, now: Ms) {
        let gap_ms = self.gap_ms.max(GAP_FIRST_MS);
        if self.points.last().is_some_and(|(at, _)| now.since(*at) < gap_ms) {
            return;
        }
        self.points.push((now, mb));
        if self.points.len() > POINTS_MAX {
            let mut place = 0;
            self.points.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            // As far apart as those that stay, or nearly: what beats seldom would else have most of its points in the last of its time.
            let lies_apart_ms = now.since(self.points[0].0) / (POINTS_MAX as u64 / 2);
            self.gap_ms = (2 * gap_ms).max(lies_apart_ms - lies_apart_ms / 8);
        }
    }

    /// Another program bears its name from now on.
    pub(super) fn begins_anew(&mut self) {
        *self = MemoryPast::default();
    }

    /// Whether it rises: all of its last third lies above all of what it had at first, and clearly so. None: it does not, or too
    /// little is known. What it took to start is no rise.
    #[must_use]
    pub fn rise(&self) -> Option<Rise> {
        let known = &self.points[self.points.len() / 5..];
        if known.len() < POINTS_MIN {
            return None;
        }
        let third = known.len() / 3;
        let (then, now) = (&known[..third], &known[known.len() - third..]);
        let most = then.iter().map(|(_, mb)| *mb).fold(0.0, f64::max);
        let least = now.iter().map(|(_, mb)| *mb).fold(f64::INFINITY, f64::min);
        let (since, from_mb) = *then.first()?;
        (least > most * MORE && least - most > NOISE_MB).then_some(Rise { since, from_mb })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One beat each half minute.
    fn past(megabytes: impl IntoIterator<Item = f64>) -> MemoryPast {
        past_each(30_000, megabytes)
    }

    fn past_each(apart_ms: i64, megabytes: impl IntoIterator<Item = f64>) -> MemoryPast {
        let mut past = MemoryPast::default();
        for (at, mb) in megabytes.into_iter().enumerate() {
            // No beat comes at its very millisecond.
            past.hear(mb, Ms(i64::try_from(at).expect("few") * apart_ms + (at % 7) as i64));
        }
        past
    }

    #[test]
    fn a_leak_rises_and_a_working_set_that_breathes_does_not() {
        let leak = past((0..240).map(|at| 300.0 + f64::from(at) * 3.0)).rise().expect("it leaks");
        assert!((300.0..450.0).contains(&leak.from_mb), "{leak:?}");
        assert_eq!(past((0..240).map(|at| 300.0 + f64::from(at % 40) * 10.0)).rise(), None, "it breathes");
        assert_eq!(past((0..240).map(|at| 300.0 - f64::from(at))).rise(), None);
        assert_eq!(past((0..240).map(|at| 10.0 + f64::from(at) * 0.05)).rise(), None, "12 MB are nothing");
        assert_eq!(
            past((0..240).map(|at| if at < 20 { f64::from(at) * 20.0 } else { 400.0 })).rise(),
            None,
            "its start"
        );
        assert_eq!(past([1.0, 500.0, 900.0, 1_500.0]).rise(), None, "too early to say");
        assert_eq!(MemoryPast::default().rise(), None);
    }

    #[test]
    fn a_leak_is_seen_however_seldom_it_beats() {
        for apart_ms in [30_000, 60_000, 120_000, 300_000] {
            for beats in [100, 300, 500] {
                let mb = |at: i32| 310.0 + f64::from(at) * 800.0 / f64::from(beats);
                let past = past_each(apart_ms, (0..beats).map(mb));
                let rise = past.rise().unwrap_or_else(|| panic!("{beats} beats, {apart_ms} ms apart: {past:?}"));
                assert!(rise.from_mb < 600.0, "{rise:?}");
            }
        }
    }

    #[test]
    fn few_points_are_kept_however_long_it_lives() {
        let mut long = past((0..100_000).map(f64::from));
        assert!(long.points.len() <= POINTS_MAX, "{}", long.points.len());
        assert_eq!(long.points[0], (Ms(0), 0.0), "back to its beginning");
        let (last, _) = long.points[long.points.len() - 1];
        assert!(Ms(100_000 * 30_000).since(last) <= long.gap_ms, "and to now");
        long.begins_anew();
        assert_eq!(long, MemoryPast::default());
        let mut often = MemoryPast::default();
        (0..1_000).for_each(|at| often.hear(1.0, Ms(at)));
        assert_eq!(often.points.len(), 1, "a flurry of beats is one");
    }
}
