//! A file of cues: the fields of each in the order in which one reads them, the rest by name. The same cues make the same bytes.

use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};
use serde_json::{Map, Value};
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value as TomlValue, value};

use super::{CUES, PAYLOAD_JSON};
use crate::args::CueFormat;

/// Of sections and lists in a payload that is written as TOML.
const DEPTH_MAX: u32 = 30;
/// Of a cue, and of its sections.
const ORDER: [&str; 43] = [
    "name",
    "description",
    "agent",
    "paused",
    "paused_until",
    "transport",
    "schedule",
    "type",
    "check",
    "cron",
    "every_seconds",
    "at",
    "cue",
    "on",
    "days",
    "from",
    "to",
    "timezone",
    "parts",
    "blackout",
    "command",
    "argv",
    "shell",
    "cwd",
    "callback",
    "url",
    "method",
    "worker",
    "payload",
    "confirm",
    "expect",
    "checks",
    "verification",
    "preflight",
    "uses",
    "pool",
    "secrets",
    "retry",
    "delivery",
    "catch_up",
    "overlap",
    "gate",
    "budget",
];

/// With a line break at its end.
pub fn write(cues: &[Value], format: CueFormat) -> String {
    match format {
        CueFormat::Json => json(cues),
        CueFormat::Toml => toml(cues),
    }
}

fn json(cues: &[Value]) -> String {
    struct File<'a>(&'a [Value]);
    impl Serialize for File<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let cues: Vec<Ordered> = self.0.iter().map(|cue| Ordered(cue, true)).collect();
            let mut file = serializer.serialize_map(Some(1))?;
            file.serialize_entry(CUES, &cues)?;
            file.end()
        }
    }
    serde_json::to_string_pretty(&File(cues)).expect("a cue is JSON") + "\n"
}

/// Whether its fields are the cue's, and not the owner's own.
struct Ordered<'a>(&'a Value, bool);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(map) => {
                let mut object = serializer.serialize_map(Some(map.len()))?;
                for (field, value) in in_order(map, self.1) {
                    object.serialize_entry(field, &Ordered(value, self.1 && !is_own(field)))?;
                }
                object.end()
            }
            Value::Array(list) => {
                let mut items = serializer.serialize_seq(Some(list.len()))?;
                for item in list {
                    items.serialize_element(&Ordered(item, self.1))?;
                }
                items.end()
            }
            plain => plain.serialize(serializer),
        }
    }
}

fn is_own(field: &str) -> bool {
    ["payload", "headers", "env"].contains(&field)
}

fn in_order(map: &Map<String, Value>, is_cues: bool) -> Vec<(&String, &Value)> {
    let rank = |field: &str| ORDER.iter().position(|known| is_cues && *known == field).unwrap_or(ORDER.len());
    let mut fields: Vec<(&String, &Value)> = map.iter().collect();
    fields.sort_by_key(|(field, _)| (rank(field), *field));
    fields
}

fn toml(cues: &[Value]) -> String {
    let mut tables = ArrayOfTables::new();
    for cue in cues.iter().filter_map(Value::as_object) {
        tables.push(table(cue, true));
    }
    let mut document = DocumentMut::new();
    // An array of no tables would be left out altogether, and the file be empty.
    document.insert(CUES, if tables.is_empty() { value(Array::new()) } else { Item::ArrayOfTables(tables) });
    document.to_string()
}

/// What stands on lines of its own comes before the sections: they would swallow it.
fn table(map: &Map<String, Value>, is_cues: bool) -> Table {
    let mut table = Table::new();
    let mut sections = Vec::new();
    for (field, found) in in_order(map, is_cues) {
        match found {
            Value::Object(section) if fits(found, 0) => sections.push((field, section)),
            // Only a payload has anything that TOML has not.
            found if !fits(found, 0) => drop(table.insert(PAYLOAD_JSON, value(found.to_string()))),
            found => drop(table.insert(field, Item::Value(plain(found, is_cues)))),
        }
    }
    for (field, section) in sections {
        table.insert(field, Item::Table(self::table(section, is_cues && !is_own(field))));
    }
    table
}

/// Whether TOML can say it: no null, no whole number beyond 64 bits, and not deeper than its readers go.
fn fits(found: &Value, depth: u32) -> bool {
    match found {
        Value::Null => false,
        Value::Number(number) => number.is_i64() || number.is_f64(),
        Value::Bool(_) | Value::String(_) => true,
        Value::Array(list) => depth < DEPTH_MAX && list.iter().all(|item| fits(item, depth + 1)),
        Value::Object(map) => depth < DEPTH_MAX && map.values().all(|field| fits(field, depth + 1)),
    }
}

fn plain(found: &Value, is_cues: bool) -> TomlValue {
    match found {
        Value::Null => unreachable!("what TOML cannot say is written as JSON"),
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| number.as_f64().unwrap_or_default().into(), TomlValue::from)
        }
        Value::String(text) => text.as_str().into(),
        Value::Array(list) => TomlValue::Array(list.iter().map(|item| plain(item, is_cues)).collect::<Array>()),
        Value::Object(map) => {
            let fields = in_order(map, is_cues).into_iter();
            let fields = fields.map(|(field, found)| (field.as_str(), plain(found, is_cues && !is_own(field))));
            TomlValue::InlineTable(fields.collect::<InlineTable>())
        }
    }
}
