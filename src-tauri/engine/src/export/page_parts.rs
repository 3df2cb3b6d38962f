//! Pieces of the page: text that cannot be anything else, times, lengths, marks.

use std::fmt::Write as _;

use chrono_tz::Tz;
use cuetower_core::Ms;
use cuetower_core::plain::plain;
use cuetower_core::sentence::capital;
use cuetower_core::time::length_in_words;
use serde::Serialize;

/// Text, and nothing but text, wherever it stands in the page.
pub(super) fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    // Whatever would not be seen, or would turn the rest of the line round, is written out.
    for letter in plain(text).chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

/// The word that a wire type is written with: "refuted".
pub(super) fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

pub(super) fn at(ms: i64, zone: Tz) -> String {
    let at = Ms(ms).utc().map(|at| at.with_timezone(&zone).format("%a %-d %b %Y %H:%M:%S").to_string());
    at.unwrap_or_default()
}

pub(super) fn length(ms: i64) -> String {
    match u64::try_from(ms).unwrap_or(0) {
        ms if ms < 1_000 => format!("{ms} ms"),
        ms if ms < 60_000 => format!("{:.1} s", ms as f64 / 1_000.0),
        ms => length_in_words(ms),
    }
}

pub(super) fn usd(usd: f64) -> String {
    if usd != 0.0 && usd < 0.01 { format!("${usd:.4}") } else { format!("${usd:.2}") }
}

/// A label and its value; nothing where there is no value.
pub(super) fn fact(page: &mut String, name: &str, value: Option<String>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        push(page, format_args!("<div class=\"fact\"><dt>{}</dt><dd>{}</dd></div>", safe(name), safe(&value)));
    }
}

pub(super) fn push(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("a String takes all");
}

/// Shape says which verdict, fill how far, colour repeats it.
pub(super) fn mark(row: u8, state: &str) -> String {
    let tone = tone(state);
    let shape = match (row, state) {
        (_, "none") => "<path d=\"M3 6h6\"/>".to_owned(),
        (0, "ran") => "<path class=\"f\" d=\"M4.5 1h3v10h-3z\"/>".to_owned(),
        (0, "due") => "<path d=\"M4.5 1h3v10h-3z\"/>".to_owned(),
        (0, "held") => "<path class=\"f\" d=\"M3 1h2v10H3zM7 1h2v10H7z\"/>".to_owned(),
        (0, _) => "<path d=\"M6 1v3M6 8v3M3 9l6-6\"/>".to_owned(),
        (1, "delivered") => "<path class=\"f\" d=\"M2 1l9 5-9 5z\"/>".to_owned(),
        (1, "bounced") => "<path class=\"f\" d=\"M1 2l7 4-7 4z\"/><path d=\"M10 1v10\"/>".to_owned(),
        (1, _) => "<path d=\"M2 1.5l8 4.5-8 4.5z\"/>".to_owned(),
        (_, state) => {
            let inside = match state {
                "confirmed" => "<path d=\"M3 6l2 2 4-4\"/>",
                "claimed" => "<path class=\"f\" d=\"M1 6h10v5H1z\"/>",
                "refuted" => "<path class=\"f\" d=\"M1 1h5v10H1z\"/><path d=\"M2 10l8-8\"/>",
                "failed" => "<path d=\"M3 3l6 6M9 3l-6 6\"/>",
                "stopped" => "<path d=\"M1 6h10\"/>",
                "cancelled" => "<path d=\"M4 6h4\"/>",
                "silent" => return svg(tone, "<path d=\"M1 4V1h3M8 11h3V8\"/>"),
                "gate" => return svg(tone, "<path d=\"M6 1l5 5-5 5-5-5z\"/>"),
                _ => "",
            };
            format!("<path d=\"M1 1h10v10H1z\"/>{inside}")
        }
    };
    svg(tone, &shape)
}

fn svg(tone: &str, shape: &str) -> String {
    format!(
        "<svg class=\"mark {tone}\" viewBox=\"0 0 12 12\" width=\"14\" height=\"14\" aria-hidden=\"true\">{shape}</svg>"
    )
}

pub(super) fn tone(state: &str) -> &'static str {
    match state {
        "confirmed" => "ok",
        "refuted" | "failed" | "bounced" | "stopped" | "missed" => "bad",
        "silent" | "held" | "waiting" | "gate" | "unknown" => "warn",
        "delivering" | "working" | "started" => "live",
        _ => "plain",
    }
}

/// "Refuted".
pub(super) fn titled(state: &str) -> String {
    capital(&state.replace('_', " "))
}
