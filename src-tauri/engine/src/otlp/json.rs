//! OTLP as JSON: ids in hexadecimal digits, names in camelCase, 64-bit numbers as texts or numbers, unknown fields passed over.
//!
//! Spans are handed on as they are read, so that a body needs little more memory than it has bytes. What spans come from may
//! stand after them, so the body is read twice: first the resources, then the spans.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::json_value::{Count, Pairs, Text};
use super::raw::{Attributes, EVENTS_MAX, Event, Raw, Sink};

/// In one request.
const RESOURCES_MAX: usize = 10_000;

/// Gives each span of the request to the sink; the error says what is wrong, and where.
pub fn read(body: &[u8], sink: &mut impl Sink) -> Result<(), serde_json::Error> {
    let mut resources = Vec::new();
    pass(body, &mut Resources(&mut resources))?;
    pass(body, &mut Spans { resources: resources.into_iter(), sink })
}

fn pass<'de>(body: &'de [u8], work: &mut impl Work<'de>) -> Result<(), serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(body);
    Level { at: At::Request, work }.deserialize(&mut json)?;
    json.end()
}

/// What is done on the way through a request.
trait Work<'de> {
    const READS_RESOURCES: bool;
    /// `resourceSpans` begin.
    fn begin(&mut self) {}
    fn resource(&mut self, _: Attributes<'de>) {}
    /// They end; an error says that there are too many of them.
    fn end(&mut self) -> Result<(), &'static str> {
        Ok(())
    }
    fn span(&mut self, _: Raw<'de>) {}
}

struct Resources<'s, 'de>(&'s mut Vec<Attributes<'de>>);

impl<'de> Work<'de> for Resources<'_, 'de> {
    const READS_RESOURCES: bool = true;

    fn begin(&mut self) {
        self.0.push(Vec::new());
    }

    fn resource(&mut self, attributes: Attributes<'de>) {
        if let Some(last) = self.0.last_mut() {
            *last = attributes;
        }
    }

    fn end(&mut self) -> Result<(), &'static str> {
        if self.0.len() > RESOURCES_MAX { Err("there are more than 10 000 resources") } else { Ok(()) }
    }
}

struct Spans<'s, 'de, S> {
    resources: std::vec::IntoIter<Attributes<'de>>,
    sink: &'s mut S,
}

impl<'de, S: Sink> Work<'de> for Spans<'_, 'de, S> {
    const READS_RESOURCES: bool = false;

    fn begin(&mut self) {
        self.sink.resource(&self.resources.next().unwrap_or_default());
    }

    fn span(&mut self, span: Raw<'de>) {
        self.sink.span(span);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Request,
    ResourceSpans,
    ScopeSpans,
}

/// An object on the way to the spans.
struct Level<'s, W> {
    at: At,
    work: &'s mut W,
}

/// The list below such an object.
struct List<'s, W> {
    of: At,
    work: &'s mut W,
}

impl<'de, W: Work<'de>> DeserializeSeed<'de> for Level<'_, W> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de, W: Work<'de>> Visitor<'de> for Level<'_, W> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Level { at, work } = self;
        if at == At::ResourceSpans {
            work.begin();
        }
        while let Some(Text(key)) = map.next_key()? {
            match (at, &*key) {
                (At::Request, "resourceSpans") | (At::ScopeSpans, "spans") => {
                    map.next_value_seed(List { of: at, work })?
                }
                (At::ResourceSpans, "scopeSpans") if !W::READS_RESOURCES => {
                    map.next_value_seed(List { of: at, work })?
                }
                (At::ResourceSpans, "resource") if W::READS_RESOURCES => {
                    let resource: Option<Resource<'de>> = map.next_value()?;
                    work.resource(resource.unwrap_or_default().attributes.0);
                }
                _ => {
                    let _: IgnoredAny = map.next_value()?;
                }
            }
        }
        if at == At::ResourceSpans { work.end().map_err(A::Error::custom) } else { Ok(()) }
    }
}

impl<'de, W: Work<'de>> DeserializeSeed<'de> for List<'_, W> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de, W: Work<'de>> Visitor<'de> for List<'_, W> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let work = self.work;
        let below = match self.of {
            At::Request => At::ResourceSpans,
            At::ResourceSpans => At::ScopeSpans,
            At::ScopeSpans => {
                while let Some(span) = list.next_element::<Span<'de>>()? {
                    work.span(span.raw());
                }
                return Ok(());
            }
        };
        while list.next_element_seed(Level { at: below, work })?.is_some() {}
        Ok(())
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resource<'a> {
    #[serde(borrow)]
    attributes: Pairs<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Span<'a> {
    #[serde(borrow)]
    trace_id: Text<'a>,
    #[serde(borrow)]
    span_id: Text<'a>,
    #[serde(borrow)]
    parent_span_id: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    start_time_unix_nano: Count,
    end_time_unix_nano: Count,
    #[serde(borrow)]
    attributes: Pairs<'a>,
    #[serde(borrow)]
    events: Few<'a, SpanEvent<'a>, EVENTS_MAX>,
    #[serde(borrow)]
    status: Option<Status<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SpanEvent<'a> {
    time_unix_nano: Count,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    attributes: Pairs<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status<'a> {
    #[serde(borrow)]
    message: Text<'a>,
    code: Code,
}

/// 2, or its name, which the protocol does not want and some send.
#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Code {
    Number(f64),
    Name(String),
    #[default]
    Unset,
}

impl<'a> Span<'a> {
    fn raw(self) -> Raw<'a> {
        let status = self.status.unwrap_or_default();
        let is_error = match status.code {
            Code::Number(code) => code == 2.0,
            Code::Name(name) => name == "STATUS_CODE_ERROR",
            Code::Unset => false,
        };
        let event = |event: SpanEvent<'a>| Event {
            at_ns: event.time_unix_nano.0,
            name: event.name.0,
            attributes: event.attributes.0,
        };
        Raw {
            trace: digits(&self.trace_id.0, 32),
            span: digits(&self.span_id.0, 16),
            parent: digits(&self.parent_span_id.0, 16),
            name: self.name.0,
            began_ns: self.start_time_unix_nano.0,
            ended_ns: self.end_time_unix_nano.0,
            attributes: self.attributes.0,
            events: self.events.kept.into_iter().map(event).collect(),
            is_error,
            status_message: status.message.0,
        }
    }
}

/// Small letters; empty if they are not so many hexadecimal digits, or all zeros.
fn digits(text: &str, length: usize) -> String {
    let fits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if fits && text.bytes().any(|byte| byte != b'0') { text.to_ascii_lowercase() } else { String::new() }
}

/// A list of which so many are kept and the rest is passed over.
struct Few<'a, T, const MOST: usize> {
    kept: Vec<T>,
    of: PhantomData<&'a ()>,
}

impl<T, const MOST: usize> Default for Few<'_, T, MOST> {
    fn default() -> Self {
        Few { kept: Vec::new(), of: PhantomData }
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Few<'a, T, MOST> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(FewVisitor(PhantomData))
    }
}

struct FewVisitor<'a, T, const MOST: usize>(PhantomData<(&'a (), T)>);

impl<'de: 'a, 'a, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for FewVisitor<'a, T, MOST> {
    type Value = Few<'a, T, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Few::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut few = Few::default();
        while few.kept.len() < MOST
            && let Some(item) = list.next_element()?
        {
            few.kept.push(item);
        }
        if few.kept.len() == MOST {
            while list.next_element::<IgnoredAny>()?.is_some() {}
        }
        Ok(few)
    }
}
