//! Days of the week as they are written: `mon-fri`, `mon,wed`, `["sat", "sun"]`, full names.

use cuetower_core::schedule_spec::Weekdays;
use serde_json::Value;

use super::reading::{Object, Problems, shortened};

const NAMES: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// None: every day, or something that is noted.
pub(super) fn read(part: &Object, problems: &mut Problems) -> Option<Weekdays> {
    let place = part.place("days");
    let mut days = 0;
    match part.get("days")? {
        Value::String(text) => days = of_text(&place, text, problems)?,
        Value::Array(list) if list.len() > 7 => {
            problems.add(&place, format!("`{place}` lists {} days; a week has seven.", list.len()));
            return None;
        }
        Value::Array(list) => {
            for (index, found) in list.iter().enumerate() {
                let place = format!("{place}[{index}]");
                match found {
                    Value::String(text) => days |= of_text(&place, text, problems)?,
                    other => {
                        problems.mistyped(&place, "a text such as `mon`", other);
                        return None;
                    }
                }
            }
        }
        other => {
            problems.mistyped(&place, "a text such as `mon-fri`, or a list of days", other);
            return None;
        }
    }
    if days == 0 {
        problems.add(&place, "No day is named; write some, such as `mon-fri`, or leave `days` out for every day.");
        return None;
    }
    Some(Weekdays(days))
}

/// Bit 0 is Monday.
fn of_text(place: &str, text: &str, problems: &mut Problems) -> Option<u8> {
    let mut days = 0;
    for piece in text.split(',').map(str::trim) {
        // An empty text names no day, which is said once for all of it.
        if piece.is_empty() && text.trim().is_empty() {
            return Some(0);
        }
        let (first, last) = piece.split_once('-').unwrap_or((piece, piece));
        let (Some(first), Some(last)) = (day(first), day(last)) else {
            let message =
                format!("`{}` is no day of the week; write days like `mon`, `mon-fri` or `mon,wed`.", shortened(piece));
            problems.add(place, message);
            return None;
        };
        // `fri-mon` goes over the end of the week.
        let length = (last + 7 - first) % 7;
        days |= (first..=first + length).fold(0, |days, day| days | 1 << (day % 7));
    }
    Some(days)
}

fn day(word: &str) -> Option<usize> {
    let word = word.trim().to_ascii_lowercase();
    NAMES.iter().position(|name| word == *name || word == name[..3])
}
