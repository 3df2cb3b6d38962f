//! Times in which nothing could be fired, by the tower's own signs of life. A miss that falls into one says so.

use serde::{Deserialize, Serialize};

use crate::Ms;
use crate::time::length_in_words;

/// `[from, to)`, of the wall clock as it then was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Band {
    pub from: Ms,
    pub to: Ms,
    pub reason: Reason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Off,
    Asleep,
    /// The clock was set forward: these instants never were.
    ClockSet,
    /// The machine was up and the tower's loop did not come to its turn.
    Stalled,
}

impl Reason {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Reason::Off => "off",
            Reason::Asleep => "asleep",
            Reason::ClockSet => "clock_set",
            Reason::Stalled => "stalled",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Reason> {
        [Reason::Off, Reason::Asleep, Reason::ClockSet, Reason::Stalled]
            .into_iter()
            .find(|reason| reason.word() == word)
    }

    /// Why an instant in such a band was missed.
    #[must_use]
    pub fn cause(self) -> &'static str {
        match self {
            Reason::Off => "the tower was off",
            Reason::Asleep => "the machine was asleep",
            Reason::ClockSet => "the clock was set forward over it",
            Reason::Stalled => "the machine was too busy",
        }
    }
}

impl Band {
    /// "Asleep 5 h 25 min"
    #[must_use]
    pub fn label(&self) -> String {
        let what = match self.reason {
            Reason::Off => "Tower off",
            Reason::Asleep => "Asleep",
            Reason::ClockSet => "Clock set forward",
            Reason::Stalled => "Too busy",
        };
        format!("{what} {}", length_in_words(self.to.since(self.from)))
    }

    #[must_use]
    pub fn holds(&self, at: Ms) -> bool {
        self.from <= at && at < self.to
    }
}

/// Why an instant was not handled in its time. `away`: newest last.
#[must_use]
pub fn cause_of(away: &[Band], due: Ms) -> &'static str {
    let band = away.iter().rev().find(|band| band.holds(due));
    band.map_or(Reason::Stalled, |band| band.reason).cause()
}

/// What the clocks showed: the wall's, one that counts sleep too, one that stands still while the machine sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    pub wall: Ms,
    pub elapsed_ms: u64,
    pub awake_ms: u64,
}

/// What happened between two looks at the clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gap {
    pub slept_ms: u64,
    /// The tower was up and did not look.
    pub stalled_ms: u64,
    /// The clock was set forward (positive) or back.
    pub stepped_ms: i64,
}

/// The loop looks every second; a look that is later by this much is no ordinary one.
const STALLED_AFTER_MS: u64 = 5_000;
/// Smaller differences are the clocks' own drift.
const NOTICED_FROM_MS: u64 = 1_000;

impl Gap {
    #[must_use]
    pub fn between(before: Clocks, after: Clocks) -> Gap {
        let elapsed = after.elapsed_ms.saturating_sub(before.elapsed_ms);
        let awake = after.awake_ms.saturating_sub(before.awake_ms);
        let noticed = |length: u64, from: u64| if length >= from { length } else { 0 };
        let stepped = after.wall.0.saturating_sub(before.wall.0).saturating_sub(i64::try_from(elapsed).unwrap_or(0));
        Gap {
            slept_ms: noticed(elapsed.saturating_sub(awake), NOTICED_FROM_MS),
            stalled_ms: noticed(awake, STALLED_AFTER_MS),
            stepped_ms: if stepped.unsigned_abs() >= NOTICED_FROM_MS { stepped } else { 0 },
        }
    }

    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Gap::default()
    }

    /// The band it leaves, if time went by in which nothing could be fired.
    #[must_use]
    pub fn band(&self, before: Clocks, after: Clocks) -> Option<Band> {
        let reason = if self.slept_ms > 0 {
            Reason::Asleep
        } else if self.stepped_ms > 0 {
            Reason::ClockSet
        } else if self.stalled_ms > 0 {
            Reason::Stalled
        } else {
            return None;
        };
        (before.wall < after.wall).then_some(Band { from: before.wall, to: after.wall, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clocks(wall: i64, elapsed: u64, awake: u64) -> Clocks {
        Clocks { wall: Ms(wall * 1_000), elapsed_ms: elapsed * 1_000, awake_ms: awake * 1_000 }
    }

    #[test]
    fn sleep_steps_and_stalls_are_told_apart() {
        let before = clocks(1_000_000, 500, 400);
        let gap = |after| Gap::between(before, after);
        let band = |after: Clocks| gap(after).band(before, after).map(|band| band.label());
        assert!(gap(clocks(1_000_001, 501, 401)).is_nothing(), "an ordinary second");
        assert_eq!(band(clocks(1_003_600, 4_100, 401)), Some("Asleep 1 h".to_owned()));
        assert_eq!(band(clocks(1_003_601, 501, 401)), Some("Clock set forward 1 h".to_owned()));
        assert_eq!(band(clocks(1_000_060, 560, 460)), Some("Too busy 1 min".to_owned()));
        let back = clocks(0, 501, 401);
        assert_eq!((gap(back).stepped_ms, band(back)), (-1_000_001_000, None), "back to 1970");
        let both = gap(clocks(1_007_200, 4_100, 401));
        assert_eq!((both.slept_ms, both.stepped_ms), (3_599_000, 3_600_000), "asleep, and set meanwhile");
    }
}
