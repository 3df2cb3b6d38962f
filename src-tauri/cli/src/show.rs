//! How answers are printed: JSON as it came, or words in columns. Nothing here asks anybody anything.

use std::io::{IsTerminal as _, Write as _};

use chrono_tz::Tz;
use cuetower_core::Ms;
use cuetower_core::local_time::offset_minutes;
use cuetower_core::plain::{plain, plain_json};
use cuetower_core::schedule::parse_zone;
use cuetower_engine::desk::wire::{ConfirmedMark, DeliveredMark, Mark, ScheduledMark};
use serde_json::Value;

/// Prints a text and ends the line; what a terminal would obey in it is written out. A reader that went away (`| head`) wants
/// no more, and that is no error.
pub fn say(text: &str) {
    print(&plain(text));
}

/// The same on standard error.
pub fn complain(text: &str) {
    eprintln!("{}", plain(text));
}

/// Prints a file as it is, so that it can be kept; to a terminal as [`say`] does.
pub fn hand_out(text: &str) {
    let mut out = std::io::stdout().lock();
    if out.is_terminal() {
        say(text);
    } else {
        drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    }
}

fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "{text}").and_then(|()| out.flush()));
}

/// `value` as JSON, for programs.
pub fn say_json(value: &Value) {
    print(&plain_json(&format!("{value:#}")));
}

/// Rows in columns, each as wide as its widest cell; the last one ends the line as it is.
pub fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |cells: [&str; N]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let rows = rows.iter().map(|row| line(std::array::from_fn(|column| row[column].as_str())));
    std::iter::once(line(head)).chain(rows).collect::<Vec<_>>().join("\n")
}

/// Instants in the machine's own zone.
pub struct Zone(Tz);

impl Zone {
    pub fn of_machine() -> Zone {
        Zone(parse_zone(&crate::tower::machine_zone()).unwrap_or(Tz::UTC))
    }

    /// "2026-11-21 12:45:11"
    pub fn at(&self, at_ms: i64) -> String {
        self.written(at_ms, "%Y-%m-%d %H:%M:%S")
    }

    #[cfg(test)]
    pub fn named(name: &str) -> Zone {
        Zone(parse_zone(name).expect("a zone"))
    }

    /// By a pattern of chrono's, such as `%H:%M`.
    pub fn written(&self, at_ms: i64, pattern: &str) -> String {
        let at = Ms(at_ms).utc();
        at.map_or_else(|| "-".to_owned(), |at| at.with_timezone(&self.0).format(pattern).to_string())
    }

    /// Of the zone's clock from UTC, in minutes.
    pub fn offset_minutes(&self, at_ms: i64) -> i32 {
        offset_minutes(self.0, Ms(at_ms))
    }

    /// "2026-11-21T11:45:11Z"
    pub fn utc(at_ms: i64) -> String {
        let at = Ms(at_ms).utc();
        at.map_or_else(|| "-".to_owned(), |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string())
    }

    /// The same, with its offset where the clock of the zone of that name shows another time: "2026-11-21 12:45:11 +01:00".
    pub fn beside(&self, at_ms: Option<i64>, other: &str) -> String {
        let other = at_ms.zip(parse_zone(other).ok()).map(|(at_ms, other)| offset_minutes(other, Ms(at_ms)));
        match at_ms {
            Some(at_ms) if other.is_some_and(|other| other != self.offset_minutes(at_ms)) => {
                self.written(at_ms, "%Y-%m-%d %H:%M:%S %:z")
            }
            _ => self.maybe(at_ms),
        }
    }

    pub fn maybe(&self, at_ms: Option<i64>) -> String {
        at_ms.map_or_else(|| "-".to_owned(), |at_ms| self.at(at_ms))
    }
}

/// The three verdicts of a run in three words, never folded into one.
pub fn verdicts(mark: &Mark) -> [&'static str; 3] {
    let scheduled = match mark.scheduled {
        ScheduledMark::Due => "due",
        ScheduledMark::Ran => "ran",
        ScheduledMark::Coalesced => "coalesced",
        ScheduledMark::Skipped => "skipped",
        ScheduledMark::Missed => "missed",
        ScheduledMark::Held => "held",
    };
    let delivered = match mark.delivered {
        DeliveredMark::None => "-",
        DeliveredMark::Waiting => "waiting",
        DeliveredMark::Delivering => "delivering",
        DeliveredMark::Delivered => "delivered",
        DeliveredMark::Unknown => "unanswered",
        DeliveredMark::Bounced => "bounced",
    };
    let confirmed = match mark.confirmed {
        ConfirmedMark::None => "-",
        ConfirmedMark::Working => "working",
        ConfirmedMark::Gate => "at a gate",
        ConfirmedMark::Confirmed => "confirmed",
        ConfirmedMark::Claimed => "claimed",
        ConfirmedMark::Refuted => "refuted",
        ConfirmedMark::Failed => "failed",
        ConfirmedMark::Silent => "silent",
        ConfirmedMark::Stopped => "stopped",
        ConfirmedMark::Cancelled => "cancelled",
    };
    [scheduled, delivered, confirmed]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let rows = [["ä".to_owned(), "1".to_owned()], ["long".to_owned(), String::new()]];
        assert_eq!(table(["A", "NUMBER"], &rows), "A     NUMBER\nä     1\nlong");
    }

    #[test]
    fn an_instant_says_its_offset_beside_another_zone() {
        let (here, at_ms) = (Zone::named("UTC"), Some(1_795_176_000_000));
        assert_eq!(here.beside(at_ms, "Europe/Berlin"), "2026-11-20 12:00:00 +00:00");
        assert_eq!(here.beside(at_ms, "Europe/London"), here.at(1_795_176_000_000), "the same clock");
        assert_eq!(here.beside(None, "Europe/Berlin"), "-");
    }
}
