//! A note for Slack's incoming web hooks: blocks, and the text that notifications show. What agents said stands in plain
//! text objects, in which nothing is markup.

use cuetower_core::channel::Note;
use serde_json::{Value, json};

use super::text::{cut, facts, lines, one_line, slack};

/// As Slack bounds them.
const HEADER_MAX: usize = 150;
const SECTION_MAX: usize = 3_000;

pub(super) fn body(note: &Note, link: Option<&str>) -> Value {
    let (headline, words) = (slack(&one_line(&note.headline(), HEADER_MAX)), slack(&lines(&note.body, SECTION_MAX)));
    let plain = |text: String| json!({ "type": "plain_text", "text": text, "emoji": false });
    let mut blocks = vec![json!({ "type": "header", "text": plain(cut(&headline, HEADER_MAX)) })];
    if !words.is_empty() {
        blocks.push(json!({ "type": "section", "text": plain(cut(&words, SECTION_MAX)) }));
    }
    blocks.push(json!({ "type": "context", "elements": [plain(slack(&facts(note)))] }));
    if let Some(link) = link {
        let button = json!({ "type": "button", "text": plain("Open in Cuetower".to_owned()), "url": link });
        blocks.push(json!({ "type": "actions", "elements": [button] }));
    }
    let text = if words.is_empty() { headline } else { format!("{headline}: {}", cut(&words, 300)) };
    json!({ "text": text, "mrkdwn": false, "blocks": blocks })
}
