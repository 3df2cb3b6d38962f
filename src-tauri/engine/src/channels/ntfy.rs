//! A note for ntfy, published as JSON to the server's root with its topic inside.

use cuetower_core::channel::Note;
use serde_json::{Value, json};
use url::Url;

use super::text::{Mood, lines, mood, one_line};

/// A longer message becomes a file.
const MESSAGE_MAX: usize = 1_500;

pub(super) fn body(note: &Note, topic: &str, link: Option<&str>) -> Value {
    let (priority, tag) = match mood(note) {
        Mood::Critical => (5, "rotating_light"),
        Mood::Warning => (4, "warning"),
        Mood::Info => (3, "information_source"),
        Mood::Good => (2, "white_check_mark"),
    };
    let words = lines(&note.body, MESSAGE_MAX);
    let mut body = json!({
        "topic": topic,
        "title": one_line(&note.headline(), 200),
        // An empty one would read "triggered".
        "message": if words.is_empty() { one_line(&note.headline(), MESSAGE_MAX) } else { words },
        "priority": priority,
        "tags": [tag, note.alert.as_ref().map_or(note.what.word(), |alert| alert.kind.word())],
    });
    if let Some(link) = link {
        body["click"] = json!(link);
    }
    body
}

/// The server's root, and the topic: the last part of `https://ntfy.sh/mytopic`.
pub(super) fn split(url: &str) -> Option<(String, String)> {
    let mut url = Url::parse(url).ok()?;
    let topic = url.path_segments()?.rfind(|part| !part.is_empty())?.to_owned();
    url.path_segments_mut().ok()?.pop_if_empty().pop().push("");
    url.set_query(None);
    url.set_fragment(None);
    Some((url.to_string(), topic))
}
