//! OTLP's protobuf messages: spans out of an `ExportTraceServiceRequest`. Unknown fields are passed over, as the protocol wants it.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::raw::{ATTRIBUTES_MAX, Attributes, DEPTH_MAX, EVENTS_MAX, Event, Raw, Sink, Value, float, quoted};
use super::wire::{Broken, Field, Fields};

/// Gives each span of the request to the sink.
pub fn read(body: &[u8], sink: &mut impl Sink) -> Result<(), Broken> {
    each(body, 1, |resource_spans| {
        let mut attributes = Vec::new();
        each(resource_spans, 1, |resource| each(resource, 1, |pair| push(&mut attributes, pair)))?;
        sink.resource(&attributes);
        each(resource_spans, 2, |scope_spans| {
            each(scope_spans, 2, |span| {
                sink.span(read_span(span)?);
                Ok(())
            })
        })
    })
}

/// Looks at every field of a message, so that a broken one is told; those of one number are worked on.
fn each<'a>(
    message: &'a [u8],
    number: u64,
    mut work: impl FnMut(&'a [u8]) -> Result<(), Broken>,
) -> Result<(), Broken> {
    for field in Fields::of(message) {
        let (found, value) = field?;
        if found == number {
            work(value.bytes()?)?;
        }
    }
    Ok(())
}

fn read_span(message: &[u8]) -> Result<Raw<'_>, Broken> {
    let mut span = Raw::default();
    for field in Fields::of(message) {
        let (number, value) = field?;
        match number {
            1 => span.trace = hex(value.bytes()?, 16),
            2 => span.span = hex(value.bytes()?, 8),
            4 => span.parent = hex(value.bytes()?, 8),
            5 => span.name = text(value)?,
            7 => span.began_ns = value.fixed64()?,
            8 => span.ended_ns = value.fixed64()?,
            9 => push(&mut span.attributes, value.bytes()?)?,
            11 if span.events.len() < EVENTS_MAX => span.events.push(read_event(value.bytes()?)?),
            15 => read_status(value.bytes()?, &mut span)?,
            _ => {}
        }
    }
    Ok(span)
}

fn read_event(message: &[u8]) -> Result<Event<'_>, Broken> {
    let mut event = Event::default();
    for field in Fields::of(message) {
        let (number, value) = field?;
        match number {
            1 => event.at_ns = value.fixed64()?,
            2 => event.name = text(value)?,
            3 => push(&mut event.attributes, value.bytes()?)?,
            _ => {}
        }
    }
    Ok(event)
}

fn read_status<'a>(message: &'a [u8], span: &mut Raw<'a>) -> Result<(), Broken> {
    const ERROR: u64 = 2;
    for field in Fields::of(message) {
        let (number, value) = field?;
        match number {
            2 => span.status_message = text(value)?,
            3 => span.is_error = value.varint()? == ERROR,
            _ => {}
        }
    }
    Ok(())
}

fn push<'a>(attributes: &mut Attributes<'a>, pair: &'a [u8]) -> Result<(), Broken> {
    let (mut key, mut value) = (Cow::Borrowed(""), None);
    for field in Fields::of(pair) {
        match field? {
            (1, name) => key = text(name)?,
            (2, any) => value = read_value(any.bytes()?)?,
            _ => {}
        }
    }
    if let Some(value) = value
        && attributes.len() < ATTRIBUTES_MAX
    {
        attributes.push((key, value));
    }
    Ok(())
}

/// None: it is null.
fn read_value(message: &[u8]) -> Result<Option<Value<'_>>, Broken> {
    let mut read = None;
    for field in Fields::of(message) {
        let (number, value) = field?;
        match number {
            1 => read = Some(Value::Text(text(value)?)),
            2 => read = Some(Value::Bool(value.varint()? != 0)),
            3 => read = Some(Value::Int(value.varint()?.cast_signed())),
            4 => read = Some(Value::Float(f64::from_bits(value.fixed64()?))),
            5..=7 => {
                let mut json = String::new();
                write_compound(number, value, 0, &mut json)?;
                read = Some(Value::Json(json));
            }
            _ => {}
        }
    }
    Ok(read)
}

fn write_value(message: &[u8], depth: usize, json: &mut String) -> Result<(), Broken> {
    let begun = json.len();
    for field in Fields::of(message) {
        let (number, value) = field?;
        if (1..=7).contains(&number) {
            // Of several, the last counts.
            json.truncate(begun);
        }
        match number {
            1 => quoted(&text(value)?, json),
            2 => json.push_str(if value.varint()? != 0 { "true" } else { "false" }),
            3 => write!(json, "{}", value.varint()?.cast_signed()).expect("a String takes all"),
            4 => float(f64::from_bits(value.fixed64()?), json),
            5..=7 if depth < DEPTH_MAX => write_compound(number, value, depth + 1, json)?,
            _ => {}
        }
    }
    if json.len() == begun {
        json.push_str("null");
    }
    Ok(())
}

/// A list (5), a map (6) or bytes (7).
fn write_compound(number: u64, value: Field<'_>, depth: usize, json: &mut String) -> Result<(), Broken> {
    let message = value.bytes()?;
    if number == 7 {
        json.push('"');
        BASE64_STANDARD.encode_string(message, json);
        json.push('"');
        return Ok(());
    }
    json.push(if number == 5 { '[' } else { '{' });
    let mut is_first = true;
    each(message, 1, |item| {
        if !std::mem::take(&mut is_first) {
            json.push(',');
        }
        if number == 5 { write_value(item, depth, json) } else { write_pair(item, depth, json) }
    })?;
    json.push(if number == 5 { ']' } else { '}' });
    Ok(())
}

fn write_pair(pair: &[u8], depth: usize, json: &mut String) -> Result<(), Broken> {
    let (mut key, mut value): (Cow<'_, str>, &[u8]) = (Cow::Borrowed(""), &[]);
    for field in Fields::of(pair) {
        match field? {
            (1, name) => key = text(name)?,
            (2, any) => value = any.bytes()?,
            _ => {}
        }
    }
    quoted(&key, json);
    json.push(':');
    write_value(value, depth, json)
}

fn text(value: Field<'_>) -> Result<Cow<'_, str>, Broken> {
    // Some exporters cut texts in the middle of a character; the rest of it is worth having.
    Ok(String::from_utf8_lossy(value.bytes()?))
}

/// The digits of an id of that many bytes; empty if it is none, or all zeros.
fn hex(bytes: &[u8], length: usize) -> String {
    if bytes.len() != length || bytes.iter().all(|byte| *byte == 0) {
        return String::new();
    }
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
