//! Writes `docs/reference/cue.md`, or compares what is there. `cargo xtask wire` writes; CI compares.
//!
//! Which fields there are, what they take and what they are otherwise is asked of the reader itself (`asked`); what each is for is
//! said in `words`. The agents' API describes a cue by the same answers (`schema`).

mod asked;
mod sections;
mod words;

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};

use self::asked::Field;
use self::sections::{SECTIONS, Section};

const HEAD: &str = "\
# The fields of a cue

Generated from the program's own reader by `cargo xtask wire`; do not edit. The column *takes* is what the reader says when something else is written, the column *otherwise* is what it puts where a field is left out (a dash: nothing).

A cue is a JSON object. `null` counts as left out. Seconds may have fractions. A top-level field that no cue has is not used, and the answer names it under `warning`; inside of the objects such a field is refused. CueAPI's flat fields `cron`, `at`, `timezone`, `callback_url` and `worker: true` are understood at the top level, in the place of `schedule`, `callback` and `transport`.

`cuetowerctl cue show CUE` prints a whole cue with every field that counts.
";

/// Written as a mere text, too.
const TEXT_TOO: [&str; 3] = ["uses[0]", "secrets[0]", "catch_up"];

fn page() -> String {
    let mut page = HEAD.to_owned();
    for section in &SECTIONS {
        let at = section.at.replace("[0]", "[]");
        write!(page, "\n## {}\n\n{}\n\n", section.title, section.says.replace("{}", &at)).expect("a String takes all");
        page += "| field | takes | otherwise | |\n|---|---|---|---|\n";
        for field in asked::fields(section) {
            let Field { name, takes, otherwise, required } = &field;
            let otherwise = match otherwise {
                _ if *required => "**needed**".to_owned(),
                Value::Null => "–".to_owned(),
                other => format!("`{other}`"),
            };
            let says = words::said(section.at, section.title, name);
            writeln!(page, "| `{name}` | {} | {otherwise} | {} |", cell(takes), cell(says))
                .expect("a String takes all");
        }
    }
    page
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// A cue as JSON Schema has it.
pub(crate) fn schema() -> Value {
    of_sections(&SECTIONS.iter().filter(|section| section.at.is_empty()).collect::<Vec<_>>())
}

/// One object, or one of several.
fn of_sections(sections: &[&Section]) -> Value {
    let mut each: Vec<Value> = sections.iter().map(|section| of_section(section)).collect();
    if sections.iter().any(|section| TEXT_TOO.contains(&section.at)) {
        each.push(json!({ "type": "string" }));
    }
    if each.len() == 1 { each.remove(0) } else { json!({ "anyOf": each }) }
}

/// One of each kind. After a run you may be asked as well; before it there is a word for what becomes of it.
fn checks(after: bool) -> Vec<Value> {
    let kinds = SECTIONS.iter().filter(|section| section.kind.is_some());
    let mut each: Vec<Value> = kinds.map(of_section).collect();
    if after {
        let manual = json!({ "check": { "const": "manual" } });
        each.push(
            json!({ "type": "object", "properties": manual, "required": ["check"], "additionalProperties": false }),
        );
    } else {
        for check in &mut each {
            check["properties"]["on_fail"] = json!({ "type": "string", "enum": ["hold", "fail"], "default": "hold" });
        }
    }
    each
}

fn of_section(section: &Section) -> Value {
    let below = |at: &str| -> Vec<&Section> { SECTIONS.iter().filter(|section| section.at == at).collect() };
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for field in asked::all_fields(section) {
        let place = section.place(&field.name);
        let (one, many) = (below(&place), below(&format!("{place}[0]")));
        let mut schema = match (one.as_slice(), many.as_slice()) {
            ([], []) => of_words(&field.takes),
            (one @ [_, ..], _) => of_sections(one),
            ([], many) => json!({ "type": "array", "items": of_sections(many) }),
        };
        if section.at.is_empty() && ["checks", "preflight"].contains(&field.name.as_str()) {
            schema = json!({ "type": "array", "items": { "anyOf": checks(field.name == "checks") } });
        }
        if field.name == "check"
            && let Some(kind) = section.kind
        {
            schema = json!({ "const": kind });
        }
        if let Some(says) = words::found(section.at, section.title, &field.name) {
            schema["description"] = json!(says);
        }
        if !field.otherwise.is_null() {
            schema["default"] = field.otherwise.clone();
        }
        if field.required {
            required.push(json!(field.name));
        }
        properties.insert(field.name, schema);
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = Value::Array(required);
    }
    schema["additionalProperties"] = json!(section.at.is_empty());
    schema
}

/// "a whole number from 1 to 10" as JSON Schema says it.
fn of_words(takes: &str) -> Value {
    let kind = match takes {
        "true or false" => json!({ "type": "boolean" }),
        "a list" => json!({ "type": "array" }),
        "an object of texts" => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        "a text" => json!({ "type": "string" }),
        _ if takes.starts_with("an object") => json!({ "type": "object" }),
        _ if takes.starts_with('`') => {
            let words: Vec<&str> = takes.split('`').skip(1).step_by(2).collect();
            json!({ "type": "string", "enum": words })
        }
        _ => Value::Null,
    };
    if !kind.is_null() {
        return kind;
    }
    let kind = match takes {
        _ if takes.starts_with("a whole number") => "integer",
        _ if takes.starts_with("a number from") => "number",
        _ => return json!({}),
    };
    let mut schema = json!({ "type": kind });
    let number = |text: &str| text.trim().parse::<f64>().ok().map(super::writing::number);
    if let Some((low, high)) = takes.split_once("from ").and_then(|(_, range)| range.split_once(" to ")) {
        for (key, bound) in [("minimum", low), ("maximum", high)] {
            schema[key] = number(bound).unwrap_or_else(|| panic!("{takes} has no such bound"));
        }
    } else if takes.ends_with("at least 1") {
        schema["minimum"] = json!(1);
    }
    schema
}

#[test]
fn the_reference_says_what_the_reader_says() {
    let (file, wanted) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/cue.md"), page());
    if std::env::var("CUETOWER_WIRE").as_deref() == Ok("write") {
        std::fs::create_dir_all(file.parent().expect("it lies in a folder")).expect("the folder can be made");
        std::fs::write(&file, wanted).expect("written");
        return;
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == wanted, "`cargo xtask wire` is due: docs/reference/cue.md differs");
}

/// What is described and no field any more, would be read by people and refused by the tower.
#[test]
fn nothing_is_described_that_the_reader_does_not_know() {
    for (section, names) in words::described() {
        let known: Vec<String> = SECTIONS
            .iter()
            .filter(|one| one.at == section || one.title == section)
            .flat_map(asked::all_fields)
            .map(|field| field.name)
            .collect();
        for name in names {
            assert!(known.iter().any(|known| known == name), "{section}: {name}");
        }
    }
}

#[test]
fn the_schema_has_the_bounds_of_the_reader() {
    let schema = schema();
    let at = |pointer: &str| schema.pointer(pointer).cloned().unwrap_or(Value::Null);
    assert_eq!(at("/properties/retry/properties/max_attempts/maximum"), json!(10));
    assert_eq!(at("/properties/expect/properties/max_error_rate/maximum"), json!(1));
    assert_eq!(at("/properties/overlap/enum"), json!(["skip", "queue", "allow", "replace"]));
    assert_eq!(at("/properties/schedule/properties/parts/items/properties/at_once/minimum"), json!(1));
    assert_eq!(at("/properties/checks/items/anyOf").as_array().map(Vec::len), Some(9));
    assert_eq!(at("/required"), json!(["name", "schedule"]));
}
