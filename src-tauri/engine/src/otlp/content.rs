//! What went into a span and what came out of it, as JSON: from one attribute, from numbered ones, or from events. And the
//! rest of its attributes. All of it bounded, and without secrets.

use std::borrow::Cow;
use std::collections::BTreeMap;

use cuetower_core::step::PAYLOAD_BYTES_MAX;
use serde::de::IgnoredAny;

use super::conventions as named;
use super::raw::{Attributes, Event, Raw, Value, get, quoted};
use super::redact;

/// Of the attributes of a span that are kept, all together.
const ATTRIBUTES_BYTES_MAX: usize = 64 * 1024;
/// Of one of them.
const ATTRIBUTE_BYTES_MAX: usize = 4 * 1024;
/// Messages in numbered attributes.
const MESSAGES_MAX: usize = 1_000;

/// Where one side of a call is told.
pub struct Side {
    whole: &'static [&'static str],
    numbered: &'static [&'static str],
    events: &'static [&'static str],
}

pub const INPUT: Side = Side { whole: named::INPUT, numbered: named::INPUT_NUMBERED, events: named::INPUT_EVENTS };
pub const OUTPUT: Side = Side { whole: named::OUTPUT, numbered: named::OUTPUT_NUMBERED, events: named::OUTPUT_EVENTS };

/// The payload as JSON, if the span tells it.
pub fn payload(span: &Raw<'_>, side: &Side) -> Option<String> {
    let in_events = || span.events.iter().filter(|event| named::CONTENT_EVENTS.contains(&&*event.name));
    let whole = side.whole.iter().find_map(|name| {
        get(&span.attributes, name).or_else(|| in_events().find_map(|event| get(&event.attributes, name)))
    });
    if let Some(value) = whole {
        return Some(bounded(as_json(value), PAYLOAD_BYTES_MAX));
    }
    let told = side.numbered.iter().find_map(|prefix| numbered(&span.attributes, prefix));
    Some(bounded(told.or_else(|| events(&span.events, side.events))?, PAYLOAD_BYTES_MAX))
}

/// A text that is JSON already is taken as it is.
fn as_json(value: &Value<'_>) -> String {
    let text = match value {
        Value::Text(text) => text,
        Value::Json(json) => return clean(json),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
            let mut json = String::new();
            value.write_json(&mut json);
            return json;
        }
    };
    let clean = redact::text(text);
    let is_json = clean.trim_start().starts_with(['{', '[', '"']) && serde_json::from_str::<IgnoredAny>(&clean).is_ok();
    if is_json {
        return clean.into_owned();
    }
    let mut json = String::with_capacity(clean.len() + 2);
    quoted(&clean, &mut json);
    json
}

/// JSON without secrets, which is JSON still: what was cut out may have taken a bracket along.
fn clean(json: &str) -> String {
    match redact::text(json) {
        Cow::Borrowed(same) => same.to_owned(),
        Cow::Owned(clean) if serde_json::from_str::<IgnoredAny>(&clean).is_ok() => clean,
        Cow::Owned(clean) => {
            let mut text = String::new();
            quoted(&clean, &mut text);
            text
        }
    }
}

/// Cut with a mark if it is too long, as a JSON text.
fn bounded(json: String, most: usize) -> String {
    if json.len() <= most {
        return json;
    }
    let mark = format!("… [cut: this is the beginning of {} bytes]", json.len());
    let mut cut = String::new();
    // Each byte of the beginning may need two, as quotes do; those of JSON are no control characters.
    let mut room = most.saturating_sub(mark.len() + 8);
    let mut end = 0;
    for (place, found) in json.char_indices() {
        let needs = if matches!(found, '"' | '\\' | '\n' | '\r' | '\t') { 2 } else { found.len_utf8() };
        if needs > room {
            break;
        }
        room -= needs;
        end = place + found.len_utf8();
    }
    quoted(&(json[..end].to_owned() + &mark), &mut cut);
    cut
}

/// `prefix.N.rest` as a list of objects.
fn numbered(attributes: &Attributes<'_>, prefix: &str) -> Option<String> {
    let mut messages: BTreeMap<u32, Vec<(&str, &Value<'_>)>> = BTreeMap::new();
    for (name, value) in attributes {
        let Some((number, rest)) = name.strip_prefix(prefix).and_then(|rest| rest.split_once('.').or(Some((rest, ""))))
        else {
            continue;
        };
        let Ok(number) = number.parse() else { continue };
        if messages.len() < MESSAGES_MAX || messages.contains_key(&number) {
            let rest = rest.strip_prefix("message.").unwrap_or(rest);
            messages.entry(number).or_default().push((if rest.is_empty() { "content" } else { rest }, value));
        }
    }
    if messages.is_empty() {
        return None;
    }
    let mut json = String::from("[");
    for pairs in messages.into_values() {
        separated(&mut json);
        json.push('{');
        for (name, value) in pairs {
            pair(name, value, usize::MAX, &mut json);
        }
        json.push('}');
    }
    json.push(']');
    Some(json)
}

/// Messages that were sent as events.
fn events(events: &[Event<'_>], names: &[&str]) -> Option<String> {
    let mut json = String::from("[");
    for event in events.iter().filter(|event| names.contains(&&*event.name)) {
        separated(&mut json);
        json.push('{');
        if get(&event.attributes, "role").is_none()
            && let Some(role) = event.name.strip_prefix("gen_ai.").and_then(|rest| rest.strip_suffix(".message"))
        {
            pair("role", &Value::Text(role.into()), usize::MAX, &mut json);
        }
        for (name, value) in &event.attributes {
            pair(name, value, usize::MAX, &mut json);
        }
        json.push('}');
    }
    json.push(']');
    (json != "[]").then_some(json)
}

/// What else a span says, as a JSON object; None: nothing.
pub fn rest(span: &Raw<'_>) -> Option<String> {
    let is_content = |name: &str| {
        let whole = named::INPUT.contains(&name) || named::OUTPUT.contains(&name);
        whole || named::INPUT_NUMBERED.iter().chain(named::OUTPUT_NUMBERED).any(|prefix| name.starts_with(prefix))
    };
    let mut json = String::from("{");
    let mut left_out = 0_usize;
    for (name, value) in span.attributes.iter().filter(|(name, _)| !is_content(name)) {
        if json.len() >= ATTRIBUTES_BYTES_MAX {
            left_out += 1;
        } else {
            pair(name, value, ATTRIBUTE_BYTES_MAX, &mut json);
        }
    }
    let told: Vec<_> = span.events.iter().filter(|event| !is_message(event)).collect();
    if !told.is_empty() && json.len() < ATTRIBUTES_BYTES_MAX {
        separated(&mut json);
        json.push_str("\"events\":[");
        for event in told {
            if json.len() >= ATTRIBUTES_BYTES_MAX {
                left_out += 1;
                continue;
            }
            separated(&mut json);
            json.push('{');
            pair("name", &Value::Text(event.name.as_ref().into()), ATTRIBUTE_BYTES_MAX, &mut json);
            pair("at_ms", &Value::Int((event.at_ns / 1_000_000).cast_signed()), ATTRIBUTE_BYTES_MAX, &mut json);
            for (name, value) in &event.attributes {
                if json.len() < ATTRIBUTES_BYTES_MAX {
                    pair(name, value, ATTRIBUTE_BYTES_MAX, &mut json);
                } else {
                    left_out += 1;
                }
            }
            json.push('}');
        }
        json.push(']');
    }
    if left_out > 0 {
        pair("…", &Value::Text(format!("{left_out} more did not fit").into()), ATTRIBUTE_BYTES_MAX, &mut json);
    }
    json.push('}');
    (json != "{}").then_some(json)
}

fn is_message(event: &Event<'_>) -> bool {
    let all = named::INPUT_EVENTS.iter().chain(named::OUTPUT_EVENTS).chain(named::CONTENT_EVENTS);
    all.into_iter().any(|name| *name == event.name)
}

fn separated(json: &mut String) {
    if !json.ends_with(['[', '{']) {
        json.push(',');
    }
}

fn pair(name: &str, value: &Value<'_>, most: usize, json: &mut String) {
    separated(json);
    quoted(&redact::text(name), json);
    json.push(':');
    if redact::is_secret_name(name, value.text()) {
        return quoted(redact::HIDDEN, json);
    }
    match value {
        Value::Text(text) => {
            let clean = redact::text(text);
            let mut whole = String::with_capacity(clean.len() + 2);
            quoted(&clean, &mut whole);
            json.push_str(&bounded(whole, most));
        }
        Value::Json(inner) => json.push_str(&bounded(clean(inner), most)),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => value.write_json(json),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn span(pairs: &[(&'static str, &'static str)]) -> Raw<'static> {
        let attributes = pairs.iter().map(|(name, text)| ((*name).into(), Value::Text((*text).into()))).collect();
        Raw { attributes, ..Raw::default() }
    }

    fn read(json: Option<String>) -> serde_json::Value {
        json.map(|json| serde_json::from_str(&json).expect("payloads are JSON")).unwrap_or_default()
    }

    #[test]
    fn one_attribute_is_the_payload_as_json_or_as_a_text() {
        let one = span(&[("input.value", r#"{"q": 1}"#), ("output.value", "plain \"text\"")]);
        assert_eq!(read(payload(&one, &INPUT)), json!({ "q": 1 }));
        assert_eq!(read(payload(&one, &OUTPUT)), json!("plain \"text\""));
        assert_eq!(payload(&span(&[]), &INPUT), None);
        assert_eq!(read(payload(&span(&[("input.value", "{broken")]), &INPUT)), json!("{broken"));
    }

    #[test]
    fn numbered_attributes_are_a_list_of_messages() {
        let openllmetry = span(&[
            ("gen_ai.prompt.1.content", "second"),
            ("gen_ai.prompt.0.role", "user"),
            ("gen_ai.prompt.0.content", "first"),
            ("gen_ai.completion.0.content", "answer"),
            ("gen_ai.prompt.x.content", "no number"),
        ]);
        assert_eq!(
            read(payload(&openllmetry, &INPUT)),
            json!([{ "role": "user", "content": "first" }, { "content": "second" }])
        );
        assert_eq!(read(payload(&openllmetry, &OUTPUT)), json!([{ "content": "answer" }]));
        let openinference =
            span(&[("llm.input_messages.0.message.role", "user"), ("llm.input_messages.0.message.content", "hi")]);
        assert_eq!(read(payload(&openinference, &INPUT)), json!([{ "role": "user", "content": "hi" }]));
    }

    #[test]
    fn events_are_messages_too() {
        let event = |name: &'static str, key: &'static str, text: &'static str| Event {
            name: name.into(),
            attributes: vec![(key.into(), Value::Text(text.into()))],
            at_ns: 0,
        };
        let told = Raw {
            events: vec![
                event("gen_ai.user.message", "content", "hi"),
                event("gen_ai.choice", "message", r#"{"content":"there"}"#),
                event("exception", "exception.type", "E"),
            ],
            ..Raw::default()
        };
        assert_eq!(read(payload(&told, &INPUT)), json!([{ "role": "user", "content": "hi" }]));
        assert_eq!(read(payload(&told, &OUTPUT)), json!([{ "message": r#"{"content":"there"}"# }]));
        assert_eq!(
            read(rest(&told)),
            json!({ "events": [{ "name": "exception", "at_ms": 0, "exception.type": "E" }] })
        );
        let details = Raw {
            events: vec![event("gen_ai.client.inference.operation.details", "gen_ai.input.messages", "[1]")],
            ..Raw::default()
        };
        assert_eq!(read(payload(&details, &INPUT)), json!([1]));
    }

    #[test]
    fn what_is_too_long_is_cut_with_a_mark_and_stays_json() {
        let long = format!("[\"{}\"]", "ü\\\"".repeat(PAYLOAD_BYTES_MAX));
        let told =
            Raw { attributes: vec![("input.value".into(), Value::Text(long.as_str().into()))], ..Raw::default() };
        let json = payload(&told, &INPUT).unwrap();
        assert!(json.len() <= PAYLOAD_BYTES_MAX && json.len() > PAYLOAD_BYTES_MAX - 100, "{}", json.len());
        assert!(read(Some(json)).as_str().unwrap().ends_with("bytes]"));
        let many = Raw {
            attributes: (0..1_000).map(|n| (format!("a{n}").into(), Value::Text("x".repeat(5_000).into()))).collect(),
            ..Raw::default()
        };
        let json = rest(&many).unwrap();
        assert!(json.len() < ATTRIBUTES_BYTES_MAX + 2 * ATTRIBUTE_BYTES_MAX, "{}", json.len());
        assert!(read(Some(json))["…"].as_str().unwrap().ends_with("more did not fit"));
    }

    #[test]
    fn secrets_are_kept_nowhere() {
        let told = span(&[
            ("http.request.header.authorization", "Bearer abcdefghijklmnopqrst"),
            ("url.full", "https://x.org/?api_key=abcdef123456"),
            ("input.value", r#"{"headers": {"Authorization": "Bearer abcdefghijklmnopqrst"}}"#),
            ("gen_ai.usage.input_tokens", "12"),
        ]);
        let kept = [rest(&told), payload(&told, &INPUT)].map(Option::unwrap).concat();
        assert!(!kept.contains("abcdef"), "{kept}");
        assert!(kept.contains("\"gen_ai.usage.input_tokens\":\"12\""));
        let torn = r#"["-----BEGIN PRIVATE KEY-----MIIabcdef"]"#;
        let told = Raw { attributes: vec![("keys".into(), Value::Json(torn.into()))], ..Raw::default() };
        assert_eq!(read(rest(&told)), json!({ "keys": "[\"••••" }), "it is JSON still");
    }
}
