//! Asks the reader: which fields an object has, what each takes, what it is otherwise.

use cuetower_core::Ms;
use serde_json::{Value, json};

use super::super::{FIELDS, Invalid, read_new, write};
use super::sections::Section;

/// 21 November 2026, 12:00 UTC.
const NOW: Ms = Ms(1_795_262_400_000);
/// A field that nothing has.
const NONE: &str = "?";

pub(super) struct Field {
    pub name: String,
    /// "a whole number from 1 to 10", "`skip`, `queue`, `allow` or `replace`".
    pub takes: String,
    /// Null: nothing.
    pub otherwise: Value,
    pub required: bool,
}

/// Those that the section tells of.
pub(super) fn fields(section: &Section) -> Vec<Field> {
    let all = all_fields(section).into_iter();
    let of_all_checks = |field: &Field| section.kind.is_some() && field.name == "check";
    all.filter(|field| !section.without.contains(&field.name.as_str()) && !of_all_checks(field)).collect()
}

pub(super) fn all_fields(section: &Section) -> Vec<Field> {
    names(section).into_iter().map(|name| field(section, name)).collect()
}

/// As the reader lists them to somebody who wrote another.
fn names(section: &Section) -> Vec<String> {
    if section.at.is_empty() {
        return FIELDS.map(str::to_owned).to_vec();
    }
    let told = problems_with(section, NONE, Some(&json!(1)));
    let message =
        told.iter().find(|problem| problem.field == section.place(NONE)).map(|problem| problem.message.as_str());
    let (_, known) = message
        .and_then(|message| message.split_once("it has "))
        .unwrap_or_else(|| panic!("{}: {told:?}", section.title));
    known.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn field(section: &Section, name: String) -> Field {
    let (takes, required, otherwise) = (takes(section, &name), required(section, &name), otherwise(section, &name));
    Field { name, takes, otherwise, required }
}

/// What the reader says of the first cue's field, with this in its place, or without it; of all cues, one after the other.
fn problems_with(section: &Section, field: &str, value: Option<&Value>) -> Vec<Invalid> {
    (section.cues)().into_iter().flat_map(|cue| problems(section, cue, field, value)).collect()
}

fn problems(section: &Section, mut cue: Value, field: &str, value: Option<&Value>) -> Vec<Invalid> {
    let object = section.within(&mut cue);
    match value {
        Some(value) => drop(object.insert(field.to_owned(), value.clone())),
        None => drop(object.remove(field)),
    }
    read_new(&cue, NOW).err().unwrap_or_default()
}

fn takes(section: &Section, field: &str) -> String {
    let place = section.place(field);
    // "`place` must be …; it is …."
    let must = |value: &Value| -> Option<String> {
        let told = problems_with(section, field, Some(value));
        let said = told.iter().filter(|problem| problem.field == place).find_map(|problem| {
            let (_, must) = problem.message.split_once("` must be ")?;
            Some(must.split_once("; it is ").map_or(must, |(must, _)| must).trim_end_matches('.').to_owned())
        });
        let inside =
            || told.iter().any(|problem| problem.field.strip_prefix(&place).is_some_and(|rest| rest.starts_with('.')));
        said.or_else(|| inside().then(|| "an object".to_owned()))
    };
    let object = json!({ NONE: 1 });
    let wanted =
        must(&object).or_else(|| must(&json!(NONE))).unwrap_or_else(|| panic!("the reader takes anything for {place}"));
    match wanted.as_str() {
        "a text" => must(&json!(NONE)).filter(|words| words.starts_with('`')).unwrap_or(wanted),
        _ => wanted,
    }
}

/// None of its cues may do without it.
fn required(section: &Section, field: &str) -> bool {
    let place = section.place(field);
    (section.cues)()
        .into_iter()
        .all(|cue| problems(section, cue, field, None).iter().any(|problem| problem.field == place))
}

/// As it is written back by a tower that was not told.
fn otherwise(section: &Section, field: &str) -> Value {
    for mut cue in (section.cues)() {
        section.within(&mut cue).remove(field);
        if let Ok(read) = read_new(&cue, NOW) {
            let mut written = write(&read.definition);
            let pointer = format!("/{}", section.place(field).replace("[0]", "/0").replace('.', "/"));
            let found = written.pointer_mut(&pointer).map(Value::take).unwrap_or_default();
            let says_nothing = found == json!([]) || found == json!({}) || found == json!("") || found.is_object();
            return if says_nothing { Value::Null } else { found };
        }
    }
    Value::Null
}
