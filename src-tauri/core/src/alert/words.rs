//! How alerts are said: titles that name their subject first, and texts within their bounds.

use crate::time::length_in_words;

/// Characters of a title and of a body that are kept.
const TITLE_MAX: usize = 120;
const BODY_MAX: usize = 1_000;

pub(super) fn title(text: &str) -> String {
    clipped(text, TITLE_MAX)
}

pub(super) fn body(text: &str) -> String {
    clipped(text, BODY_MAX)
}

fn clipped(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

const WHILE_OFF: &str = "passed while the tower was off";

/// "1 due time passed while the tower was off"
#[must_use]
pub fn tower_was_off_title(missed: u64) -> String {
    match missed {
        1 => format!("1 due time {WHILE_OFF}"),
        more => format!("{more} due times {WHILE_OFF}"),
    }
}

/// Whether an alert about an absence of the tower is told by the briefing, which has a notification of its own. Another
/// says that the tower ended without a word: nothing may have been due then, and there is no briefing.
#[must_use]
pub fn is_in_the_briefing(title: &str) -> bool {
    title.ends_with(WHILE_OFF)
}

/// "Off for 5 h 25 min. 3 cues were due; what became of each is in the briefing."
#[must_use]
pub fn tower_was_off_body(off_ms: u64, cues: usize, why: Option<&str>) -> String {
    let off = length_in_words(off_ms);
    let cues = if cues == 1 { "1 cue was due".to_owned() } else { format!("{cues} cues were due") };
    let why = why.map(|why| format!(" {why}")).unwrap_or_default();
    format!("Off for {off}.{why} {cues}; what became of each is in the briefing.")
}

/// "For 12 s nothing could be written down, so nothing was fired or taken in: disk is full. It works again."
#[must_use]
pub fn store_trouble_body(lasted_ms: u64, why: &str) -> String {
    let lasted = length_in_words(lasted_ms);
    let why = why.trim_end_matches('.');
    format!("For {lasted} nothing could be written down, so nothing was fired or taken in: {why}. It works again.")
}
