//! Lengths of time as systemd writes them: `15min`, `1h 30min`, `90`.

/// In milliseconds; None if it is none, or `infinity`.
pub(super) fn read_ms(text: &str) -> Option<u64> {
    let text = text.trim();
    let (mut total_ms, mut rest) = (0.0, text);
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        let number: f64 = rest[..end].parse().ok()?;
        rest = rest[end..].trim_start();
        let end = rest.find(|letter: char| !letter.is_alphabetic()).unwrap_or(rest.len());
        total_ms += number * unit_ms(&rest[..end])?;
        rest = rest[end..].trim_start();
    }
    (!text.is_empty() && total_ms.is_finite()).then_some(total_ms.round() as u64)
}

fn unit_ms(unit: &str) -> Option<f64> {
    const SECOND: f64 = 1_000.0;
    const DAY: f64 = 86_400.0 * SECOND;
    Some(match unit {
        "us" | "usec" | "µs" => 0.001,
        "ms" | "msec" => 1.0,
        "" | "s" | "sec" | "second" | "seconds" => SECOND,
        "m" | "min" | "minute" | "minutes" => 60.0 * SECOND,
        "h" | "hr" | "hour" | "hours" => 3_600.0 * SECOND,
        "d" | "day" | "days" => DAY,
        "w" | "week" | "weeks" => 7.0 * DAY,
        "M" | "month" | "months" => 30.44 * DAY,
        "y" | "year" | "years" => 365.25 * DAY,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read() {
        for (text, ms) in [
            ("90", 90_000),
            ("15min", 900_000),
            ("1h 30min", 5_400_000),
            ("2days", 172_800_000),
            ("0.5h", 1_800_000),
            ("5m30s", 330_000),
            ("200ms", 200),
        ] {
            assert_eq!(read_ms(text), Some(ms), "{text}");
        }
        for text in ["", "infinity", "soon", "5 parsecs", "min"] {
            assert_eq!(read_ms(text), None, "{text}");
        }
    }
}
