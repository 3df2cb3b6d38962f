//! Instants as they are written: with an offset, or as the clocks of the cue's zone show them; and back.

use chrono::{DateTime, Datelike as _, LocalResult, NaiveDateTime, Offset as _, SecondsFormat, TimeZone as _};
use chrono_tz::Tz;
use cuetower_core::Ms;
use cuetower_core::schedule::parse_zone;

use super::reading::shortened;

const LOCAL_FORMS: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
/// Before them the zones have odd offsets, and after them nobody will look.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2199;

/// What was written, before a zone is asked.
pub(super) enum Written {
    Instant(Ms),
    /// A reading of the clocks in the zone.
    Local(NaiveDateTime),
}

/// None: it is no instant, or lies outside of the years 1900 to 2199.
pub(super) fn written(text: &str) -> Option<Written> {
    let text = text.trim().replacen(' ', "T", 1);
    if let Ok(at) = DateTime::parse_from_rfc3339(&text) {
        return YEARS.contains(&at.to_utc().year()).then(|| Written::Instant(Ms(at.timestamp_millis())));
    }
    let read = LOCAL_FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok());
    read.filter(|read| in_reach(read.year())).map(Written::Local)
}

pub(super) fn in_reach(year: i32) -> bool {
    YEARS.contains(&year)
}

/// # Errors
/// A sentence: it is no instant, or one that the clocks of the zone skip.
pub(super) fn read(text: &str, zone: Tz) -> Result<Ms, String> {
    match written(text) {
        Some(Written::Instant(at)) => Ok(at),
        Some(Written::Local(reading)) => match zone.from_local_datetime(&reading) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Ok(Ms(at.timestamp_millis())),
            LocalResult::None => {
                Err(format!("`{}` does not exist in {zone}: the clocks skip it; choose another time.", shortened(text)))
            }
        },
        None => Err(format!(
            "`{}` is no instant; write it like `2027-01-31T09:00:00+01:00`, or without the offset for the time in {zone}.",
            shortened(text)
        )),
    }
}

/// As the clocks of the cue's zone show it, with the offset; in UTC where the offset has seconds, which cannot be written.
pub(super) fn write(at: Ms, timezone: &str) -> Option<String> {
    let at = at.utc()?;
    let local = parse_zone(timezone).ok().map(|zone| at.with_timezone(&zone));
    Some(match local.filter(|local| local.offset().fix().local_minus_utc() % 60 == 0) {
        Some(local) => local.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        None => at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    })
}
