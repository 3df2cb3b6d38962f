//! Cron as Debian means it, in a time zone: which instants an expression names, and how to say it in words.
//!
//! Here: parsing and refusing (`cron_text`, `cron_field`, `cron_error`), days of a month (`days`), the search in local
//! time (`search`), local time to instants (`instants`), clock changes (`clock`), words (`words`), zones (`zone`).
//! Not here: kinds of schedule other than cron, windows, jitter, policies; and no clock: instants are handed in.

pub(crate) mod clock;
mod cron_error;
mod cron_field;
mod cron_text;
mod days;
mod instants;
mod notes;
mod search;
#[cfg(test)]
mod tests;
mod words;
mod zone;

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;

pub use self::cron_error::CronError;
pub use self::zone::{ZoneError, parse_zone};

use self::cron_text::Fields;
use self::instants::Instants;
use self::search::LocalSearch;

/// Instants outside these years (Gregorian, UTC) have no fires; it keeps all arithmetic far from chrono's limits.
const YEARS: std::ops::RangeInclusive<i32> = 1..=9_990;

/// A parsed cron expression, Debian's meaning: five fields, or six with the seconds last, or a macro such as `@daily`.
///
/// A job whose minute and hour both do not start with `*` is a fixed-time job: a reading that the clock skips (a gap of
/// up to three hours) fires once, at the gap's end; a reading that the clock shows twice fires the first time. Longer
/// gaps (a lost day) drop their fires. Every other job follows real time: it fires whenever the local clock shows a
/// matching reading, so not in a gap, and in both passes of a fold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    fields: Fields,
    search: LocalSearch,
}

impl Cron {
    /// Parses an expression; space around it is dropped.
    ///
    /// # Errors
    /// The error names the field and the position. Refused are also `@reboot`, expressions that can never fire, and
    /// what only Debian's C parser lets through (`5-1`, trailing junk).
    pub fn parse(text: &str) -> Result<Cron, CronError> {
        let fields = cron_text::parse(text)?;
        let search = LocalSearch::new(&fields)?;
        Ok(Cron { text: text.trim_ascii().to_owned(), fields, search })
    }

    /// The expression as it was written, without the space around it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// First fire strictly after `after`, a whole second. None if there is none in the years 1 to 9990.
    ///
    /// The corpus in `tests/data/cron` means the same: its `start` is not itself a fire.
    #[must_use]
    pub fn next_after(&self, zone: Tz, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if !YEARS.contains(&after.year()) {
            return None;
        }
        let next_s = self.instants(zone).next_after(after.timestamp())?;
        DateTime::from_timestamp(next_s, 0).filter(|next| YEARS.contains(&next.year()))
    }

    /// Newest fire in `(floor, at]`; the cost does not depend on how many fires lie between.
    #[must_use]
    pub fn latest_in(&self, zone: Tz, floor: DateTime<Utc>, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if floor >= at || !YEARS.contains(&at.year()) {
            return None;
        }
        let latest_s = self.instants(zone).latest_at(at.timestamp())?;
        DateTime::from_timestamp(latest_s, 0).filter(|latest| *latest > floor && YEARS.contains(&latest.year()))
    }

    /// In words: "every 15 min", "hourly at :05", "daily at 02:30", "weekdays at 09:00"; the expression itself where
    /// words would be longer than it is.
    #[must_use]
    pub fn words(&self) -> String {
        words::of(&self.fields).unwrap_or_else(|| self.text.clone())
    }

    /// Coming clock changes in `(from, from + 400 days]` that touch this cron in that zone, at most 2 sentences, such as
    /// "Sun 28 Mar 2027 has no 02:30: fires at 03:00."
    #[must_use]
    pub fn clock_change_notes(&self, zone: Tz, from: DateTime<Utc>) -> Vec<String> {
        if !YEARS.contains(&from.year()) {
            return Vec::new();
        }
        notes::coming(&self.fields, &self.search, zone, from.timestamp())
    }

    fn instants(&self, zone: Tz) -> Instants<'_> {
        Instants { search: &self.search, zone, real_time: self.fields.real_time }
    }
}
