//! A span as it was sent, whatever its encoding was: with its attributes' names and nothing understood yet.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Attributes of one span, event or resource that are looked at; more are left out.
pub const ATTRIBUTES_MAX: usize = 1_024;
/// Events of one span that are looked at; more are left out.
pub const EVENTS_MAX: usize = 512;
/// Values within values; deeper ones are null.
pub const DEPTH_MAX: usize = 32;

/// The value of an attribute. Lists and maps are JSON already: nothing is built of them, so they need no more memory than they came in.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    Text(Cow<'a, str>),
    Bool(bool),
    Int(i64),
    Float(f64),
    Json(String),
}

pub type Attributes<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Event<'a> {
    pub at_ns: u64,
    pub name: Cow<'a, str>,
    pub attributes: Attributes<'a>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Raw<'a> {
    /// Hexadecimal digits in small letters; empty: none that is valid.
    pub trace: String,
    pub span: String,
    /// Empty: none.
    pub parent: String,
    pub name: Cow<'a, str>,
    pub began_ns: u64,
    pub ended_ns: u64,
    pub attributes: Attributes<'a>,
    pub events: Vec<Event<'a>>,
    pub is_error: bool,
    pub status_message: Cow<'a, str>,
}

/// Who takes spans as they are read.
pub trait Sink {
    /// What the spans that follow come from.
    fn resource(&mut self, attributes: &Attributes<'_>);
    fn span(&mut self, span: Raw<'_>);
}

impl Value<'_> {
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Json(_) => None,
        }
    }

    /// A count; some exporters write numbers as text, or as fractions.
    pub fn count(&self) -> Option<u64> {
        match self {
            Value::Int(number) => u64::try_from(*number).ok(),
            Value::Float(number) if *number >= 0.0 && number.fract() == 0.0 && *number < 1e15 => Some(*number as u64),
            Value::Text(text) => text.trim().parse().ok(),
            Value::Float(_) | Value::Bool(_) | Value::Json(_) => None,
        }
    }

    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Int(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            Value::Text(text) => text.trim().parse().ok(),
            Value::Bool(_) | Value::Json(_) => None,
        }
    }

    pub fn write_json(&self, to: &mut String) {
        match self {
            Value::Text(text) => quoted(text, to),
            Value::Bool(truth) => to.push_str(if *truth { "true" } else { "false" }),
            Value::Int(number) => write!(to, "{number}").expect("a String takes all"),
            Value::Float(number) => float(*number, to),
            Value::Json(json) => to.push_str(json),
        }
    }
}

/// The text as a JSON string.
pub fn quoted(text: &str, to: &mut String) {
    to.push('"');
    let mut begun = 0;
    for (place, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "",
            _ => continue,
        };
        to.push_str(&text[begun..place]);
        if escape.is_empty() {
            write!(to, "\\u{byte:04x}").expect("a String takes all");
        } else {
            to.push_str(escape);
        }
        begun = place + 1;
    }
    to.push_str(&text[begun..]);
    to.push('"');
}

/// JSON has no word for what is no number.
pub fn float(number: f64, to: &mut String) {
    if number.is_finite() {
        to.push_str(&serde_json::Number::from_f64(number).map(|number| number.to_string()).unwrap_or_default());
    } else {
        quoted(&number.to_string(), to);
    }
}

/// The value of the first of these names that is there.
pub fn first<'v, 'a>(attributes: &'v Attributes<'a>, names: &[&str]) -> Option<&'v Value<'a>> {
    names.iter().find_map(|name| get(attributes, name))
}

pub fn get<'v, 'a>(attributes: &'v Attributes<'a>, name: &str) -> Option<&'v Value<'a>> {
    attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// A text that is not blank.
pub fn word<'v>(attributes: &'v Attributes<'_>, names: &[&str]) -> Option<&'v str> {
    names.iter().find_map(|name| get(attributes, name)?.text().map(str::trim).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_json_that_a_reader_of_json_reads_back() {
        let json = |value: Value<'_>| {
            let mut text = String::new();
            value.write_json(&mut text);
            serde_json::from_str::<serde_json::Value>(&text).unwrap()
        };
        let odd = "q\"\\ \n\r\t \u{1} ünï 🚀 \u{7f}";
        assert_eq!(json(Value::Text(odd.into())), odd);
        assert_eq!(json(Value::Float(0.1)), 0.1);
        assert_eq!(json(Value::Float(1e300)), 1e300);
        assert_eq!(json(Value::Float(f64::NAN)), "NaN");
        assert_eq!(json(Value::Int(i64::MIN)), i64::MIN);
        assert_eq!(json(Value::Bool(true)), true);
    }

    #[test]
    fn counts_are_whole_and_not_negative() {
        assert_eq!(Value::Int(-1).count(), None);
        assert_eq!(Value::Float(12.0).count(), Some(12));
        assert_eq!(Value::Float(12.5).count(), None);
        assert_eq!(Value::Text(" 7 ".into()).count(), Some(7));
        assert_eq!(Value::Text("-7".into()).count(), None);
        assert_eq!(Value::Float(f64::INFINITY).count(), None);
    }
}
