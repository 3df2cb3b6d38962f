//! What others said, made harmless for whoever shows it: a terminal obeys some characters, and some turn round the direction
//! in which all that follows is read ("gpj.exe" for "exe.jpg"). They are written out instead.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with such characters as `\u{202e}`. Line breaks and tabs stay.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    written(text, |safe, letter| write!(safe, "\\u{{{:x}}}", u32::from(letter)))
}

/// JSON, whose strings say the same, with such characters as `\u202e`.
#[must_use]
pub fn plain_json(json: &str) -> Cow<'_, str> {
    // Outside of its strings there are none; all of them have four digits.
    written(json, |safe, letter| write!(safe, "\\u{:04x}", u32::from(letter)))
}

/// Whether whoever shows it would do something else with it than show it.
#[must_use]
pub fn is_obeyed(letter: char) -> bool {
    let turns =
        matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (letter.is_control() && !matches!(letter, '\n' | '\t'))
}

fn written(text: &str, write: impl Fn(&mut String, char) -> std::fmt::Result) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            // How lines end elsewhere.
            '\r' if letters.peek() == Some(&'\n') => {}
            letter if is_obeyed(letter) => write(&mut safe, letter).expect("a String takes all"),
            letter => safe.push(letter),
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        for (text, shown) in [
            ("plain, ünïcode, 日本語 🛫, a\ttab\nand a line", "plain, ünïcode, 日本語 🛫, a\ttab\nand a line"),
            ("\u{1b}[31mred\u{9b}0m", "\\u{1b}[31mred\\u{9b}0m"),
            ("a\r\nb\rc", "a\nb\\u{d}c"),
            ("photo_\u{202e}gpj.exe", "photo_\\u{202e}gpj.exe"),
            ("\u{2066}x\u{2069}\u{200f}\u{61c}\u{7f}\u{0}", "\\u{2066}x\\u{2069}\\u{200f}\\u{61c}\\u{7f}\\u{0}"),
            ("שלום עולם", "שלום עולם"),
        ] {
            assert_eq!(plain(text), shown);
        }
        assert!(matches!(plain("nothing to do"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_says_the_same() {
        let said = serde_json::json!({ "name": "\u{202e}talk\u{9b}\u{7f}\r\n\u{0}" });
        let text = format!("{said:#}");
        let safe = plain_json(&text);
        assert!(!safe.contains(is_obeyed), "{safe}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), said);
    }
}
