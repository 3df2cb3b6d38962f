//! What is asked, without what looks like a secret: it is shown, told by notifications and written in the journal.

use std::borrow::Cow;

use serde_json::Value;

use super::Question;
use crate::secret;

/// Cuts out what looks like a secret. A payload that is not what it was cannot be changed any more: it would go to the agent
/// with its holes. `is_name`: of a field and its text, whether all that stands there is one.
pub fn without_secrets(question: &mut Question, is_name: impl Fn(&str, Option<&str>) -> bool + Copy) {
    cut(&mut question.title);
    let shown = &mut question.shown;
    cut(&mut shown.body);
    cut(&mut shown.cost_of_waiting);
    if let Some(diff) = &mut shown.diff {
        cut(diff);
    }
    if let Some(payload) = &mut shown.payload
        && cut_in(payload, is_name)
    {
        shown.may_edit = false;
    }
}

/// True if there was something.
fn cut(text: &mut String) -> bool {
    let Cow::Owned(clean) = secret::text(text) else { return false };
    *text = clean;
    true
}

/// In every text of it, and all of what a name calls a secret. What was blotted out before it came here counts as found.
fn cut_in(value: &mut Value, is_name: impl Fn(&str, Option<&str>) -> bool + Copy) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => {
            let was_cut = text.contains(secret::HIDDEN);
            cut(text) || was_cut
        }
        Value::Array(list) => {
            let found = list.iter_mut().filter_map(|value| cut_in(value, is_name).then_some(()));
            found.count() > 0
        }
        Value::Object(map) => {
            let mut found = false;
            for (name, value) in map {
                let is_one = is_name(name, value.as_str()) && !says_nothing(value);
                if is_one {
                    *value = Value::String(secret::HIDDEN.to_owned());
                }
                found |= is_one || name.contains(secret::HIDDEN) || cut_in(value, is_name);
            }
            found
        }
    }
}

/// Or it is a flag or a number, such as that there is a password.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => text.is_empty() || text == secret::HIDDEN,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}
