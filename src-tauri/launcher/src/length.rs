//! A length of time in words, as the sentences of deliveries say it. Nothing else.

use std::time::Duration;

/// "40 ms", "2.1 s", "30 s", "5 min", "1 h 5 min": short, one unit where one is enough.
#[must_use]
pub fn in_words(length: Duration) -> String {
    let ms = length.as_millis();
    if ms < 1000 {
        return format!("{ms} ms");
    }
    if ms < 120_000 {
        let tenths = (ms + 50) / 100;
        return match tenths % 10 {
            0 => format!("{} s", tenths / 10),
            rest => format!("{}.{rest} s", tenths / 10),
        };
    }
    let minutes = (ms + 30_000) / 60_000;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_read_as_a_person_would_say_them() {
        let said = |ms| in_words(Duration::from_millis(ms));
        assert_eq!(said(0), "0 ms");
        assert_eq!(said(999), "999 ms");
        assert_eq!(said(2_130), "2.1 s");
        assert_eq!(said(30_000), "30 s");
        assert_eq!(said(300_000), "5 min");
        assert_eq!(said(3_900_000), "1 h 5 min");
        assert_eq!(said(7_200_000), "2 h");
    }
}
