//! A note for Discord's web hooks: one embed, and nobody is mentioned.

use cuetower_core::channel::Note;
use serde_json::{Value, json};

use super::text::{Mood, cut, facts, lines, markdown, mood, one_line};

/// As Discord bounds them.
const TITLE_MAX: usize = 256;
const DESCRIPTION_MAX: usize = 4_096;

pub(super) fn body(note: &Note, link: Option<&str>) -> Value {
    let color = match mood(note) {
        Mood::Critical => 0xE5_48_4D,
        Mood::Warning => 0xF5_A6_23,
        Mood::Info => 0x5B_8D_EF,
        Mood::Good => 0x3D_9A_50,
    };
    let mut embed = json!({
        // Escapes count too.
        "title": cut(&markdown(&one_line(&note.headline(), TITLE_MAX / 2)), TITLE_MAX),
        "description": cut(&markdown(&lines(&note.body, DESCRIPTION_MAX / 2)), DESCRIPTION_MAX),
        "color": color,
        "footer": { "text": facts(note) },
    });
    if let Some(at) = note.at.utc() {
        embed["timestamp"] = json!(at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
    }
    if let Some(link) = link {
        embed["url"] = json!(link);
    }
    json!({ "username": "Cuetower", "embeds": [embed], "allowed_mentions": { "parse": [] } })
}
