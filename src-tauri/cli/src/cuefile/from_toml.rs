//! TOML with the line of every value, as JSON would have it: an instant is a text.

use serde_json::{Number, Value};
use toml_edit::{Document, Item, TableLike, Value as TomlValue};

use super::{PAYLOAD_JSON, Placed, Trouble, What, cues_of};

pub(super) fn read(text: &str) -> Result<Vec<Placed>, Trouble> {
    let lines = Lines::of(text);
    let document = Document::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| lines.at(span.start));
        (line, format!("This is not TOML: {}.", error.message().trim_end_matches('.')))
    })?;
    let file = Placed { line: 1, what: lines.object(document.as_table(), 1)? };
    cues_of(file, "[[cues]]")?.into_iter().map(payload_read).collect()
}

/// The bytes at which lines begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Lines {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Lines(std::iter::once(0).chain(breaks).collect())
    }

    fn at(&self, byte: usize) -> usize {
        self.0.partition_point(|start| *start <= byte)
    }

    fn object(&self, table: &dyn TableLike, line: usize) -> Result<What, Trouble> {
        let mut fields = Vec::new();
        for (name, item) in table.iter() {
            let span = table.key(name).and_then(toml_edit::Key::span).or_else(|| item.span());
            let line = span.map_or(line, |span| self.at(span.start));
            fields.push((name.to_owned(), self.item(item, line)?));
        }
        Ok(What::Object(fields))
    }

    fn item(&self, item: &Item, line: usize) -> Result<Placed, Trouble> {
        let what = match item {
            Item::None => What::Plain(Value::Null),
            Item::Value(value) => return self.value(value, line),
            Item::Table(table) => self.object(table, line)?,
            Item::ArrayOfTables(tables) => {
                let one = |table: &toml_edit::Table| -> Result<Placed, Trouble> {
                    let line = table.span().map_or(line, |span| self.at(span.start));
                    Ok(Placed { line, what: self.object(table, line)? })
                };
                What::List(tables.iter().map(one).collect::<Result<_, Trouble>>()?)
            }
        };
        Ok(Placed { line, what })
    }

    fn value(&self, value: &TomlValue, line: usize) -> Result<Placed, Trouble> {
        let what = match value {
            TomlValue::String(text) => What::Plain(Value::from(text.value().as_str())),
            TomlValue::Integer(number) => What::Plain(Value::from(*number.value())),
            TomlValue::Float(number) => match Number::from_f64(*number.value()) {
                Some(number) => What::Plain(Value::Number(number)),
                None => return Err((line, format!("`{}` is no number that a cue can have.", number.value()))),
            },
            TomlValue::Boolean(flag) => What::Plain(Value::from(*flag.value())),
            TomlValue::Datetime(at) => What::Plain(Value::from(at.value().to_string())),
            TomlValue::Array(items) => {
                let one = |item: &TomlValue| -> Result<Placed, Trouble> {
                    let line = item.span().map_or(line, |span| self.at(span.start));
                    self.value(item, line)
                };
                What::List(items.iter().map(one).collect::<Result<_, Trouble>>()?)
            }
            TomlValue::InlineTable(table) => self.object(table, line)?,
        };
        Ok(Placed { line, what })
    }
}

/// A cue with its payload as it is meant, where it is written as JSON.
fn payload_read(mut cue: Placed) -> Result<Placed, Trouble> {
    let What::Object(fields) = &mut cue.what else { return Ok(cue) };
    let twice = fields.iter().any(|(field, _)| field == "payload");
    for (field, placed) in fields.iter_mut().filter(|(field, _)| field == PAYLOAD_JSON) {
        let line = placed.line;
        if twice {
            return Err((line, "`payload_json` and `payload` say the same; leave one of them out.".to_owned()));
        }
        let What::Plain(Value::String(text)) = &placed.what else {
            return Err((line, "`payload_json` must be a text with JSON in it.".to_owned()));
        };
        let payload = serde_json::from_str::<Value>(text);
        let payload = payload.map_err(|error| (line, format!("`payload_json` is not JSON: {error}.")))?;
        *placed = Placed { line, what: What::Plain(payload) };
        "payload".clone_into(field);
    }
    Ok(cue)
}
