//! Reads the fields of a body, or of an entry in it, and says what is wrong with them in the words of CueAPI's own server:
//! all faults at once.

use chrono::DateTime;
use cuetower_core::Ms;
use serde_json::{Map, Value};

use super::problem::Problem;
use crate::definition::Invalid;

pub(super) struct Fields<'a> {
    /// "body", "body.attachments.0".
    at: String,
    given: &'a Map<String, Value>,
    faults: Vec<Invalid>,
}

impl<'a> Fields<'a> {
    /// `known`: any other is a fault; None: others are let by.
    pub fn of(at: impl Into<String>, given: &'a Map<String, Value>, known: Option<&[&str]>) -> Fields<'a> {
        let mut fields = Fields { at: at.into(), given, faults: Vec::new() };
        if let Some(known) = known {
            for name in given.keys().filter(|name| !known.contains(&name.as_str())) {
                fields.fault(name, "Extra inputs are not permitted");
            }
        }
        fields
    }

    pub fn fault(&mut self, name: &str, message: impl Into<String>) {
        self.faults.push(Invalid { field: format!("{}.{name}", self.at), message: message.into() });
    }

    /// Takes over what is wrong with a part.
    pub fn with(&mut self, part: Fields<'_>) {
        self.faults.extend(part.faults);
    }

    pub fn done(self) -> Result<(), Problem> {
        if self.faults.is_empty() { Ok(()) } else { Err(Problem::fields(self.faults)) }
    }

    pub fn has(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// None: it is not there, or `null`.
    pub fn value(&self, name: &str) -> Option<&'a Value> {
        self.given.get(name).filter(|value| !value.is_null())
    }

    fn required(&mut self, name: &str) -> Option<&'a Value> {
        let value = self.given.get(name);
        if value.is_none() {
            self.fault(name, "Field required");
        }
        value
    }

    /// `characters`: least and most.
    pub fn text(&mut self, name: &str, characters: (usize, usize)) -> Option<String> {
        let value = self.value(name)?;
        self.as_text(name, value, characters)
    }

    /// Empty if there is a fault, which is noted.
    pub fn required_text(&mut self, name: &str, characters: (usize, usize)) -> String {
        let value = self.required(name);
        value.and_then(|value| self.as_text(name, value, characters)).unwrap_or_default()
    }

    fn as_text(&mut self, name: &str, value: &Value, (least, most): (usize, usize)) -> Option<String> {
        let Value::String(text) = value else {
            self.fault(name, "Input should be a valid string");
            return None;
        };
        let plural = |count: usize| if count == 1 { "character" } else { "characters" };
        let length = text.chars().count();
        if length < least {
            self.fault(name, format!("String should have at least {least} {}", plural(least)));
        } else if length > most {
            self.fault(name, format!("String should have at most {most} {}", plural(most)));
        } else {
            return Some(text.clone());
        }
        None
    }

    /// A whole number; also one in a text, as CueAPI takes it.
    pub fn whole(&mut self, name: &str, (least, most): (i64, i64)) -> Option<i64> {
        let value = self.value(name)?;
        let number = match value {
            Value::Number(number) => {
                number.as_i64().or_else(|| number.as_f64().filter(|n| n.fract() == 0.0).map(|n| n as i64))
            }
            Value::String(text) => text.trim().parse().ok(),
            Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
        };
        match number {
            None => self.fault(name, "Input should be a valid integer"),
            Some(number) if number < least => {
                self.fault(name, format!("Input should be greater than or equal to {least}"));
            }
            Some(number) if number > most => self.fault(name, format!("Input should be less than or equal to {most}")),
            Some(number) => return Some(number),
        }
        None
    }

    pub fn flag(&mut self, name: &str) -> Option<bool> {
        let value = self.value(name)?;
        let flag = value.as_bool().or_else(|| value.as_str().and_then(said_flag)).or_else(|| match value.as_i64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            Some(_) | None => None,
        });
        if flag.is_none() {
            self.fault(name, "Input should be a valid boolean");
        }
        flag
    }

    /// An object; empty if it is not there.
    pub fn object(&mut self, name: &str) -> Option<Value> {
        let value = self.value(name)?;
        if value.is_object() {
            return Some(value.clone());
        }
        self.fault(name, "Input should be a valid dictionary");
        None
    }

    /// An instant; one without a zone is in UTC.
    pub fn instant(&mut self, name: &str) -> Option<Ms> {
        let value = self.value(name)?;
        let at = match value {
            Value::String(text) => instant(text),
            Value::Number(number) => number.as_f64().map(|seconds| Ms((seconds * 1_000.0) as i64)),
            Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
        };
        if at.is_none() {
            self.fault(name, "Input should be a valid datetime, such as 2026-11-20T19:25:16Z");
        }
        at
    }

    /// One of a few words.
    pub fn word(&mut self, name: &str, words: &[&'static str]) -> Option<&'static str> {
        let value = self.value(name)?;
        let found = words.iter().copied().find(|word| value.as_str() == Some(word));
        if found.is_none() {
            let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
            let (last, others) = quoted.split_last().expect("there are words");
            self.fault(name, format!("Input should be {} or {last}", others.join(", ")));
        }
        found
    }

    /// Faults of its own if it is not there at all.
    pub fn require(&mut self, name: &str) {
        self.required(name);
    }
}

/// `2026-11-20T19:25:16.5+01:00`; without a zone it is UTC.
pub(super) fn instant(text: &str) -> Option<Ms> {
    let text = text.trim();
    let spaced = text.replacen(' ', "T", 1);
    let zoned = DateTime::parse_from_rfc3339(&spaced).ok();
    let at = zoned.or_else(|| DateTime::parse_from_rfc3339(&format!("{spaced}Z")).ok())?;
    Some(Ms(at.timestamp_millis()))
}

/// As query strings and forms say yes and no.
pub(super) fn said_flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" | "t" | "y" => Some(true),
        "false" | "0" | "no" | "off" | "f" | "n" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_fault_is_told_at_once_by_its_field() {
        let body = json!({ "slug": 7, "long": "xyz", "n": 9, "flag": "maybe", "when": "soon", "kind": "c", "more": 1 });
        let body = body.as_object().unwrap();
        let known = ["slug", "long", "n", "flag", "when", "kind", "name"];
        let mut fields = Fields::of("body", body, Some(&known));
        assert_eq!(fields.text("slug", (1, 5)), None);
        assert_eq!(fields.text("long", (1, 2)), None);
        assert_eq!(fields.whole("n", (1, 5)), None);
        assert_eq!(fields.flag("flag"), None);
        assert_eq!(fields.instant("when"), None);
        assert_eq!(fields.word("kind", &["a", "b"]), None);
        assert_eq!(fields.required_text("name", (1, 5)), "");
        let problem = fields.done().unwrap_err();
        let said: Vec<(&str, &str)> =
            problem.details.iter().map(|bad| (bad.field.as_str(), bad.message.as_str())).collect();
        assert_eq!(
            said,
            [
                ("body.more", "Extra inputs are not permitted"),
                ("body.slug", "Input should be a valid string"),
                ("body.long", "String should have at most 2 characters"),
                ("body.n", "Input should be less than or equal to 5"),
                ("body.flag", "Input should be a valid boolean"),
                ("body.when", "Input should be a valid datetime, such as 2026-11-20T19:25:16Z"),
                ("body.kind", "Input should be 'a' or 'b'"),
                ("body.name", "Field required"),
            ]
        );
    }

    #[test]
    fn instants_are_read_with_and_without_a_zone() {
        let at = instant("2026-11-20T19:25:16Z").unwrap();
        assert_eq!(instant("2026-11-20 20:25:16+01:00"), Some(at));
        assert_eq!(instant("2026-11-20T19:25:16"), Some(at));
        assert_eq!(instant("tomorrow"), None);
    }
}
