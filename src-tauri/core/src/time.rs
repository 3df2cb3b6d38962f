//! Instants and lengths of time, in whole milliseconds. Where they come from is the engine's business.

use chrono::{DateTime, TimeZone, Utc};
use serde::{Deserialize, Serialize};

/// An instant: Unix milliseconds, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ms(pub i64);

impl Ms {
    /// The instant `length_ms` later; saturates.
    #[must_use]
    pub fn plus(self, length_ms: u64) -> Ms {
        Ms(self.0.saturating_add(i64::try_from(length_ms).unwrap_or(i64::MAX)))
    }

    /// The instant `length_ms` earlier; saturates.
    #[must_use]
    pub fn minus(self, length_ms: u64) -> Ms {
        Ms(self.0.saturating_sub(i64::try_from(length_ms).unwrap_or(i64::MAX)))
    }

    /// Milliseconds since `earlier`; 0 if that lies ahead.
    #[must_use]
    pub fn since(self, earlier: Ms) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }

    /// None outside the years chrono knows.
    #[must_use]
    pub fn utc(self) -> Option<DateTime<Utc>> {
        Utc.timestamp_millis_opt(self.0).single()
    }
}

impl From<DateTime<Utc>> for Ms {
    fn from(at: DateTime<Utc>) -> Ms {
        Ms(at.timestamp_millis())
    }
}

pub const SECOND_MS: u64 = 1_000;
pub const MINUTE_MS: u64 = 60 * SECOND_MS;
pub const HOUR_MS: u64 = 60 * MINUTE_MS;
pub const DAY_MS: u64 = 24 * HOUR_MS;
/// After a gap, in which the tower was off or the machine asleep, every wait has at least so much left, or its whole length if
/// that is shorter (SPEC §5).
pub const AFTER_GAP_MS: u64 = 5 * SECOND_MS;

/// A length in words as the window says it: "320 ms", "2.1 s", "41 min", "5 h 25 min".
#[must_use]
pub fn length_in_words(length_ms: u64) -> String {
    match length_ms {
        0..1_000 => format!("{length_ms} ms"),
        1_000..10_000 => format!("{:.1} s", length_ms as f64 / 1_000.0).replace(".0 s", " s"),
        10_000..60_000 => format!("{} s", length_ms / SECOND_MS),
        60_000..3_600_000 => with_rest(length_ms / MINUTE_MS, "min", length_ms % MINUTE_MS / SECOND_MS, "s"),
        _ => with_rest(length_ms / HOUR_MS, "h", length_ms % HOUR_MS / MINUTE_MS, "min"),
    }
}

fn with_rest(whole: u64, unit: &str, rest: u64, rest_unit: &str) -> String {
    if rest == 0 { format!("{whole} {unit}") } else { format!("{whole} {unit} {rest} {rest_unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_read_like_speech() {
        let said: Vec<String> = [320, 2_100, 3_000, 42_000, 300_000, 61_000, 19_500_000].map(length_in_words).into();
        assert_eq!(said, ["320 ms", "2.1 s", "3 s", "42 s", "5 min", "1 min 1 s", "5 h 25 min"]);
    }
}
