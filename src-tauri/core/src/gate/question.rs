//! What is asked: its bounds, and the hash that an answer is bound to.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{OnNoAnswer, Subject};
use crate::sentence::grouped;
use crate::step::KEY_BYTES_MAX;
use crate::time::{DAY_MS, SECOND_MS};

pub const TITLE_CHARS_MAX: usize = 200;
/// Of the text and of the diff, each.
pub const BODY_BYTES_MAX: usize = 64 << 10;
/// Of the payload, and of what the owner makes of it, as JSON.
pub const PAYLOAD_BYTES_MAX: usize = 256 << 10;
pub const COMMENT_CHARS_MAX: usize = 2_000;
const CALLBACK_BYTES_MAX: usize = 2_000;
pub const DEADLINE_MS_LEAST: u64 = SECOND_MS;
pub const DEADLINE_MS_MAX: u64 = 30 * DAY_MS;
/// An answer that the window holds back can be taken back for so long at most before it is given.
pub const TAKE_BACK_MS_MAX: u64 = 60 * SECOND_MS;

#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    pub subject: Subject,
    /// One line that says what is asked.
    pub title: String,
    pub shown: Shown,
    pub deadline_ms: Option<u64>,
    pub on_no_answer: OnNoAnswer,
    pub blocking: bool,
    pub callback: Option<String>,
}

/// What the owner sees beside the title.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shown {
    /// What exactly will happen, in words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// What exactly will be done, as data; the owner may change it if `may_edit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    pub may_edit: bool,
    /// Whether it can be undone; None: its asker does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reversible: Option<bool>,
    /// What it costs to wait, in words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cost_of_waiting: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd_per_hour: Option<f64>,
    /// The window holds an answer back for so long, so that it can be taken back; None: as the owner likes it. Answers from
    /// elsewhere are sent at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub take_back_ms: Option<u64>,
}

impl Shown {
    /// That this goes through, which may be changed. What is too long to be shown stands there by its length and its SHA-256,
    /// so that a yes is to this one alone, and is left as it is. `what` is one word for it.
    #[must_use]
    pub fn of_what_goes(mut body: String, what: &str, payload: Option<Value>) -> Shown {
        let text = payload.as_ref().map(Value::to_string).unwrap_or_default();
        if text.len() > PAYLOAD_BYTES_MAX {
            let (long, digest) = (grouped(text.len() as u64), in_hex(&Sha256::digest(text.as_bytes())));
            body.push_str(&format!("\nIts {what} is {long} bytes long, too long to be shown here. SHA-256: {digest}."));
            return Shown { body, ..Shown::default() };
        }
        Shown { body, may_edit: payload.is_some(), payload, ..Shown::default() }
    }
}

/// SHA-256 of what was shown, in hex.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShownHash(pub String);

impl Question {
    /// Of what will happen on a yes. How long it may take, and what waiting costs, is no part of it: an agent that asks
    /// again after a crash says another time.
    #[must_use]
    pub fn hash(&self) -> ShownHash {
        let Shown { body, payload, diff, may_edit, reversible, .. } = &self.shown;
        let mut text = String::new();
        for part in [self.subject.word(), self.subject.key(), &self.title, body, diff.as_deref().unwrap_or("\0")] {
            // With its length, so that no text can pose as the next one.
            text.push_str(&format!("{}:{part};", part.len()));
        }
        text.push_str(&format!("{may_edit} {reversible:?} {};", payload.is_some()));
        canonical(payload.as_ref().unwrap_or(&Value::Null), &mut text);
        ShownHash(in_hex(&Sha256::digest(text.as_bytes())))
    }

    /// The first thing that is wrong with it: a field and a sentence.
    #[must_use]
    pub fn trouble(&self) -> Option<(&'static str, String)> {
        let too_long = |what: &str, most: &str| format!("`{what}` is longer than {most}.");
        let Shown { body, payload, diff, may_edit, cost_of_waiting, usd_per_hour, take_back_ms, .. } = &self.shown;
        let key = self.subject.key();
        let seconds = |most: u64| format!("{} s", most / SECOND_MS);
        if self.subject != Subject::Delivery && key.is_empty() {
            return Some((
                "key",
                "`key` is missing: it names the question, so that asking again finds its answer.".into(),
            ));
        }
        if key.len() > KEY_BYTES_MAX {
            return Some(("key", too_long("key", "200 bytes")));
        }
        if self.title.trim().is_empty() {
            return Some(("title", "`title` is missing: say in one line what is asked.".into()));
        }
        if self.title.chars().count() > TITLE_CHARS_MAX {
            return Some(("title", too_long("title", "200 characters")));
        }
        if self.title.chars().any(char::is_control) {
            return Some(("title", "`title` is one line of text.".into()));
        }
        if body.len() > BODY_BYTES_MAX {
            return Some(("body", too_long("body", "64 KiB")));
        }
        if diff.as_ref().is_some_and(|diff| diff.len() > BODY_BYTES_MAX) {
            return Some(("diff", too_long("diff", "64 KiB")));
        }
        if payload.as_ref().is_some_and(|payload| payload.to_string().len() > PAYLOAD_BYTES_MAX) {
            return Some(("payload", too_long("payload", "256 KiB")));
        }
        if *may_edit && payload.is_none() {
            return Some(("answers", "There is no `payload`, so there is nothing to edit.".into()));
        }
        if cost_of_waiting.chars().count() > TITLE_CHARS_MAX {
            return Some(("cost_of_waiting", too_long("cost_of_waiting", "200 characters")));
        }
        if usd_per_hour.is_some_and(|usd| !usd.is_finite() || usd < 0.0) {
            return Some(("usd_per_hour", "`usd_per_hour` is a number from 0 on.".into()));
        }
        if take_back_ms.is_some_and(|length| length > TAKE_BACK_MS_MAX) {
            return Some((
                "take_back_seconds",
                format!("`take_back_seconds` is at most {}.", seconds(TAKE_BACK_MS_MAX)),
            ));
        }
        if self.callback.as_ref().is_some_and(|url| url.len() > CALLBACK_BYTES_MAX) {
            return Some(("callback", too_long("callback", "2,000 bytes")));
        }
        match self.deadline_ms {
            Some(length) if !(DEADLINE_MS_LEAST..=DEADLINE_MS_MAX).contains(&length) => {
                Some(("deadline_seconds", "`deadline_seconds` is between 1 s and 30 days.".into()))
            }
            None if self.on_no_answer != OnNoAnswer::KeepWaiting => {
                let policy = self.on_no_answer.word();
                Some(("deadline_seconds", format!("`on_no_answer: {policy}` needs `deadline_seconds`: it says when.")))
            }
            _ => None,
        }
    }
}

/// Why this may not stand in for the payload that was asked about.
#[must_use]
pub fn edit_trouble(shown: &Shown, edited: &Value) -> Option<String> {
    let Some(payload) = shown.payload.as_ref().filter(|_| shown.may_edit) else {
        return Some("This question can be approved or denied; its asker takes no changed payload.".into());
    };
    if kind(payload) != kind(edited) {
        return Some(format!("The payload is {}, and what you made of it is {}.", kind(payload), kind(edited)));
    }
    let too_long = edited.to_string().len() > PAYLOAD_BYTES_MAX;
    too_long.then(|| "The changed payload is longer than 256 KiB.".into())
}

fn in_hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// With its fields in order, whatever keeps them in memory.
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (name, value) in fields {
                text.push_str(&format!("{}:{name}=", name.len()));
                canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(list) => {
            text.push('[');
            for value in list {
                canonical(value, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => text.push_str(&value.to_string()),
    }
}
