//! Names of time zones. The rules of the zones are chrono-tz's.

use std::str::FromStr;

use chrono_tz::{TZ_VARIANTS, Tz};
use thiserror::Error;

/// Longer names get no suggestion: no zone has one.
const NAME_CHARS_MAX: usize = 48;

/// A name that no time zone has. Reads like "unknown time zone `Europe/Berln`; did you mean `Europe/Berlin`?"
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown time zone `{name}`{}", suggestion.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
pub struct ZoneError {
    name: String,
    suggestion: Option<&'static str>,
}

impl ZoneError {
    /// The nearest name there is, if one is near.
    #[must_use]
    pub fn suggestion(&self) -> Option<&'static str> {
        self.suggestion
    }
}

/// The zone of an IANA name such as `Europe/Berlin` or `UTC`.
///
/// # Errors
/// The error suggests the nearest name.
pub fn parse_zone(name: &str) -> Result<Tz, ZoneError> {
    Tz::from_str(name)
        .map_err(|_| ZoneError { name: name.chars().take(NAME_CHARS_MAX).collect(), suggestion: nearest(name) })
}

fn nearest(name: &str) -> Option<&'static str> {
    let typed: Vec<char> = name.trim().to_ascii_lowercase().replace(' ', "_").chars().collect();
    if typed.is_empty() || typed.len() > NAME_CHARS_MAX {
        return None;
    }
    let mistakes_max = 1 + typed.len() / 5;
    let distance = |zone: &Tz| {
        let known = zone.name().to_ascii_lowercase();
        let city = known.rsplit('/').next().unwrap_or(&known);
        // A city alone is as good as the whole name, but the whole name wins a draw.
        (2 * mistakes(&typed, &known)).min(2 * mistakes(&typed, city) + 1)
    };
    let (near, zone) = TZ_VARIANTS.iter().map(|zone| (distance(zone), zone)).min_by_key(|(near, _)| *near)?;
    (near <= 2 * mistakes_max + 1).then(|| zone.name())
}

/// Levenshtein's distance.
fn mistakes(typed: &[char], known: &str) -> usize {
    let mut row: Vec<usize> = (0..=typed.len()).collect();
    for (line, expected) in (1..).zip(known.chars()) {
        let mut corner = std::mem::replace(&mut row[0], line);
        for (column, found) in (1..).zip(typed) {
            let replaced = corner + usize::from(*found != expected);
            corner = row[column];
            row[column] = replaced.min(row[column] + 1).min(row[column - 1] + 1);
        }
    }
    row[typed.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_zone_is_answered_with_the_nearest_name() {
        assert_eq!(parse_zone("Europe/Berlin"), Ok(Tz::Europe__Berlin));
        assert_eq!(
            parse_zone("Europe/Berln").map_err(|error| error.to_string()),
            Err("unknown time zone `Europe/Berln`; did you mean `Europe/Berlin`?".to_owned())
        );
        let suggested = |name: &str| parse_zone(name).err().and_then(|error| error.suggestion());
        assert_eq!(suggested("europe/berlin"), Some("Europe/Berlin"));
        assert_eq!(suggested("Tokyo"), Some("Asia/Tokyo"));
        assert_eq!(suggested("America/New York"), Some("America/New_York"));
        assert_eq!(suggested("the moon, far side of it"), None);
        assert_eq!(suggested(""), None);
        assert_eq!(suggested(&"x".repeat(100_000)), None);
    }
}
