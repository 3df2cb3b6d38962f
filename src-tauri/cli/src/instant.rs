//! Instants and lengths as the owner types them.

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone as _, Utc};
use cuetower_core::schedule::parse_zone;
use cuetower_core::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};

/// RFC 3339, or a date and a time in the machine's own zone. Unix milliseconds.
pub fn typed(text: &str) -> Result<i64, String> {
    in_zone(text, &crate::tower::machine_zone())
}

fn in_zone(text: &str, zone: &str) -> Result<i64, String> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.timestamp_millis());
    }
    let wrong = || format!("`{text}` is not an instant such as 2026-11-23T09:00:00+01:00 or \"2026-11-23 09:00\".");
    let forms = ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];
    let local = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).ok_or_else(wrong)?;
    match parse_zone(zone).unwrap_or(chrono_tz::Tz::UTC).from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Ok(at.with_timezone(&Utc).timestamp_millis()),
        LocalResult::None => Err(format!("There is no {text} in {zone}: the clock is set forward over it.")),
    }
}

/// "90s", "45m", "2h", "3d"; milliseconds.
pub fn length_ms(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is not a length such as 90s, 45m, 2h or 3d.");
    let unit = match text.chars().last() {
        Some('s') => SECOND_MS,
        Some('m') => MINUTE_MS,
        Some('h') => HOUR_MS,
        Some('d') => DAY_MS,
        _ => return Err(wrong()),
    };
    let number: i64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    number.checked_mul(unit as i64).filter(|length| *length > 0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_read_with_its_offset_or_in_the_zone() {
        let read = |text| in_zone(text, "Europe/Berlin");
        let nine = read("2026-11-23T09:00:00+01:00");
        assert_eq!(nine, Ok(1_795_420_800_000));
        assert_eq!((read("2026-11-23 09:00"), read("2026-11-23T09:00:00")), (nine.clone(), nine));
        assert!(read("2027-03-28 02:30").unwrap_err().contains("set forward"));
        assert!(read("tomorrow").unwrap_err().contains("`tomorrow`"));
    }

    #[test]
    fn a_length_has_a_number_and_a_unit() {
        assert_eq!(
            ["90s", "45m", "2h", "3d"].map(|text| length_ms(text).unwrap() / 1_000),
            [90, 2_700, 7_200, 259_200]
        );
        for wrong in ["", "2", "h", "-1h", "0s", "2w", "1.5h", "9223372036854775807d", "2é"] {
            assert!(length_ms(wrong).is_err(), "{wrong}");
        }
    }
}
