//! The values in OTLP's JSON: texts, numbers that may be texts, and the `AnyValue` of an attribute.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::raw::{ATTRIBUTES_MAX, Attributes, DEPTH_MAX, Value, float, quoted};

/// Not copied where it stands in the body as it is. Null is empty.
#[derive(Default)]
pub struct Text<'a>(pub Cow<'a, str>);

/// A whole number from 0 on, which may be written as a text.
#[derive(Default)]
pub struct Count(pub u64);

/// A list of `{key, value}`.
#[derive(Default)]
pub struct Pairs<'a>(pub Attributes<'a>);

macro_rules! deserialize {
    ($what:ident $(<$life:lifetime>)?, $visitor:ident) => {
        impl<'de $(: $life, $life)?> Deserialize<'de> for $what $(<$life>)? {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_any($visitor)
            }
        }
    };
}

deserialize!(Text<'a>, TextVisitor);
deserialize!(Count, CountVisitor);
deserialize!(Pairs<'a>, PairsVisitor);
deserialize!(One<'a>, OneVisitor);
deserialize!(Whole, WholeVisitor);
deserialize!(Fraction, FractionVisitor);

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_unit<E>(self) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

struct CountVisitor;

impl<'de> Visitor<'de> for CountVisitor {
    type Value = Count;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number, as a number or a text")
    }

    fn visit_unit<E>(self) -> Result<Count, E> {
        Ok(Count(0))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Count, E> {
        Ok(Count(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Count, E> {
        u64::try_from(number).map(Count).map_err(|_| E::custom("a number is below 0"))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Count, E> {
        if number >= 0.0 && number <= u64::MAX as f64 {
            Ok(Count(number as u64))
        } else {
            Err(E::custom("no whole number"))
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Count, E> {
        if text.is_empty() {
            return Ok(Count(0));
        }
        text.parse().map(Count).map_err(|_| E::custom("a text that should be a whole number is none"))
    }
}

/// An `intValue`.
struct Whole(i64);

struct WholeVisitor;

impl<'de> Visitor<'de> for WholeVisitor {
    type Value = Whole;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number, as a number or a text")
    }

    fn visit_i64<E>(self, number: i64) -> Result<Whole, E> {
        Ok(Whole(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Whole, E> {
        i64::try_from(number).map(Whole).map_err(|_| E::custom("a whole number is too large"))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Whole, E> {
        Ok(Whole(number as i64))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Whole, E> {
        text.parse().map(Whole).map_err(|_| E::custom("a text that should be a whole number is none"))
    }
}

/// A `doubleValue`: JSON has no other way to say `NaN` than a text.
struct Fraction(f64);

struct FractionVisitor;

impl<'de> Visitor<'de> for FractionVisitor {
    type Value = Fraction;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_i64<E>(self, number: i64) -> Result<Fraction, E> {
        Ok(Fraction(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Fraction, E> {
        Ok(Fraction(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Fraction, E> {
        Ok(Fraction(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Fraction, E> {
        text.parse().map(Fraction).map_err(|_| E::custom("a text that should be a number is none"))
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of attributes")
    }

    fn visit_unit<E>(self) -> Result<Pairs<'de>, E> {
        Ok(Pairs::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Pairs<'de>, A::Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Pair<'a> {
            #[serde(borrow)]
            key: Text<'a>,
            #[serde(borrow)]
            value: One<'a>,
        }
        let mut pairs = Vec::new();
        while pairs.len() < ATTRIBUTES_MAX
            && let Some(Pair { key, value }) = list.next_element()?
        {
            if let Some(value) = value.0 {
                pairs.push((key.0, value));
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Pairs(pairs))
    }
}

/// An `AnyValue`; None: it is null.
#[derive(Default)]
struct One<'a>(Option<Value<'a>>);

struct OneVisitor;

impl<'de> Visitor<'de> for OneVisitor {
    type Value = One<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value of an attribute")
    }

    fn visit_unit<E>(self) -> Result<One<'de>, E> {
        Ok(One(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<One<'de>, A::Error> {
        let mut read = None;
        while let Some(Text(key)) = map.next_key()? {
            match &*key {
                "stringValue" => read = Some(Value::Text(map.next_value::<Text<'de>>()?.0)),
                "boolValue" => read = Some(Value::Bool(map.next_value()?)),
                "intValue" => read = Some(Value::Int(map.next_value::<Whole>()?.0)),
                "doubleValue" => read = Some(Value::Float(map.next_value::<Fraction>()?.0)),
                "bytesValue" => read = Some(Value::Text(map.next_value::<Text<'de>>()?.0)),
                "arrayValue" | "kvlistValue" => {
                    let mut json = String::new();
                    map.next_value_seed(Written { json: &mut json, depth: 0, as_what: What::of(&key) })?;
                    read = Some(Value::Json(json));
                }
                _ => {
                    let _: IgnoredAny = map.next_value()?;
                }
            }
        }
        Ok(One(read))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Any,
    /// `{values: […]}`, of values or of pairs.
    List,
    Map,
    Values,
    Pairs,
    Pair,
}

impl What {
    fn of(key: &str) -> What {
        if key == "kvlistValue" { What::Map } else { What::List }
    }
}

/// Written down as plain JSON while it is read.
struct Written<'s> {
    json: &'s mut String,
    depth: usize,
    as_what: What,
}

impl<'de> DeserializeSeed<'de> for Written<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Written<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value of an attribute")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.json.push_str(match self.as_what {
            What::Any => "null",
            What::List => "[]",
            What::Map => "{}",
            What::Values | What::Pairs => "",
            What::Pair => return Err(E::custom("null where a key and a value should be")),
        });
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Written { json, depth, as_what } = self;
        let item = match as_what {
            What::Values => What::Any,
            What::Pairs => What::Pair,
            What::Any | What::List | What::Map | What::Pair => {
                return Err(A::Error::custom("a list where none should be"));
            }
        };
        loop {
            let before = json.len();
            let ended_with_item = !json.ends_with(['[', '{']);
            if ended_with_item {
                json.push(',');
            }
            if list.next_element_seed(Written { json: &mut *json, depth, as_what: item })?.is_none() {
                json.truncate(before);
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Written { json, depth, as_what } = self;
        match as_what {
            What::Any => any(&mut map, json, depth),
            What::List | What::Map => {
                let (open, close, items) =
                    if as_what == What::List { ('[', ']', What::Values) } else { ('{', '}', What::Pairs) };
                json.push(open);
                while let Some(Text(key)) = map.next_key()? {
                    if key == "values" {
                        map.next_value_seed(Written { json: &mut *json, depth, as_what: items })?;
                    } else {
                        {
                            let _: IgnoredAny = map.next_value()?;
                        };
                    }
                }
                json.push(close);
                Ok(())
            }
            What::Pair => {
                let (mut name, mut value) = (Cow::Borrowed(""), "null".to_owned());
                while let Some(Text(key)) = map.next_key()? {
                    match &*key {
                        "key" => name = map.next_value::<Text<'de>>()?.0,
                        "value" => {
                            value.clear();
                            map.next_value_seed(Written { json: &mut value, depth, as_what: What::Any })?;
                        }
                        _ => {
                            let _: IgnoredAny = map.next_value()?;
                        }
                    }
                }
                quoted(&name, json);
                json.push(':');
                json.push_str(&value);
                Ok(())
            }
            What::Values | What::Pairs => Err(A::Error::custom("an object where a list should be")),
        }
    }
}

/// An `AnyValue` within another.
fn any<'de, A: MapAccess<'de>>(map: &mut A, json: &mut String, depth: usize) -> Result<(), A::Error> {
    let begun = json.len();
    while let Some(Text(key)) = map.next_key()? {
        if key.ends_with("Value") {
            // Of several, the last counts.
            json.truncate(begun);
        }
        match &*key {
            "stringValue" | "bytesValue" => quoted(&map.next_value::<Text<'de>>()?.0, json),
            "boolValue" => json.push_str(if map.next_value()? { "true" } else { "false" }),
            "intValue" => write!(json, "{}", map.next_value::<Whole>()?.0).expect("a String takes all"),
            "doubleValue" => float(map.next_value::<Fraction>()?.0, json),
            "arrayValue" | "kvlistValue" if depth < DEPTH_MAX => {
                map.next_value_seed(Written { json: &mut *json, depth: depth + 1, as_what: What::of(&key) })?;
            }
            _ => {
                let _: IgnoredAny = map.next_value()?;
            }
        }
    }
    if json.len() == begun {
        json.push_str("null");
    }
    Ok(())
}
