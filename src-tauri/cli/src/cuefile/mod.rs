//! Cues in files: read with the line of every field (`from_json`, `from_toml`), and written (`writing`).

mod from_json;
mod from_toml;
#[cfg(test)]
mod tests;
mod writing;

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::args::CueFormat;
pub use writing::write;

/// The field that holds the cues of a file.
const CUES: &str = "cues";
/// In TOML, which has no null and no numbers beyond 64 bits: a payload as JSON in a text.
const PAYLOAD_JSON: &str = "payload_json";

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// From 1.
    line: usize,
    what: What,
}

#[derive(Debug, Clone, PartialEq)]
enum What {
    Plain(Value),
    List(Vec<Placed>),
    Object(Vec<(String, Placed)>),
}

/// What does not fit, and on which line.
type Trouble = (usize, String);

impl Placed {
    pub fn value(&self) -> Value {
        match &self.what {
            What::Plain(value) => value.clone(),
            What::List(items) => items.iter().map(Placed::value).collect(),
            What::Object(fields) => {
                let fields = fields.iter().map(|(field, placed)| (field.clone(), placed.value()));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    /// Of a field such as `checks[1].headers.X-Team`, or of whatever is there of it.
    pub fn line_of(&self, field: &str) -> usize {
        let (mut at, mut rest) = (self, field);
        while let Some((next, after)) = at.step(rest) {
            (at, rest) = (next, after);
        }
        at.line
    }

    fn step<'p, 'f>(&'p self, path: &'f str) -> Option<(&'p Placed, &'f str)> {
        match &self.what {
            What::Plain(_) => None,
            What::List(items) => {
                let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
                Some((items.get(index.parse::<usize>().ok()?)?, rest))
            }
            What::Object(fields) => {
                let path = path.strip_prefix('.').unwrap_or(path);
                let fits = |(field, placed): &'p (String, Placed)| {
                    let rest = path.strip_prefix(field.as_str())?;
                    (rest.is_empty() || rest.starts_with(['.', '['])).then_some((field.len(), placed, rest))
                };
                // A name of a header may have dots of its own.
                let longest = fields.iter().filter_map(fits).max_by_key(|(length, ..)| *length)?;
                Some((longest.1, longest.2))
            }
        }
    }
}

/// A cue of a file.
#[derive(Debug, Clone)]
pub struct FileCue {
    /// As it is named to the owner.
    pub file: String,
    pub cue: Placed,
}

/// Every cue of a file, or of the *.toml and *.json files of a folder, by their names; `-` is standard input.
///
/// # Errors
/// What cannot be read, a line for each: "cues/leads.toml:12: …".
pub fn read(path: &Path) -> Result<Vec<FileCue>, String> {
    let mut cues = Vec::new();
    let mut troubles = Vec::new();
    for file in files(path)? {
        let named = if is_stdin(&file) { "standard input".to_owned() } else { file.display().to_string() };
        let text =
            if is_stdin(&file) { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(&file) };
        let text = text.map_err(|error| format!("{named} could not be read: {error}."))?;
        match read_text(&text, format_of(&file)) {
            Ok(found) => cues.extend(found.into_iter().map(|cue| FileCue { file: named.clone(), cue })),
            Err((line, trouble)) => troubles.push(format!("{named}:{line}: {trouble}")),
        }
    }
    if troubles.is_empty() { Ok(cues) } else { Err(format!("{}\nNothing was changed.", troubles.join("\n"))) }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn files(path: &Path) -> Result<Vec<PathBuf>, String> {
    if !path.is_dir() || is_stdin(path) {
        return Ok(vec![path.to_owned()]);
    }
    let unread = |error| format!("{} could not be read: {error}.", path.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unread)? {
        let file = entry.map_err(unread)?.path();
        if format_of(&file).is_some() && file.is_file() {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(format!("{} has no file that ends with .toml or .json.", path.display()));
    }
    files.sort();
    Ok(files)
}

/// By its name.
pub fn format_of(path: &Path) -> Option<CueFormat> {
    let end = path.extension()?.to_str()?;
    if end.eq_ignore_ascii_case("json") {
        Some(CueFormat::Json)
    } else if end.eq_ignore_ascii_case("toml") {
        Some(CueFormat::Toml)
    } else {
        None
    }
}

/// The cues of a text whose format is known by its name, or else by how it begins.
fn read_text(text: &str, format: Option<CueFormat>) -> Result<Vec<Placed>, Trouble> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let looks_like_json = || {
        let start = text.trim_start();
        // `[[cues]]` and `[table]` begin with a bracket, too.
        start.starts_with('{') || (start.starts_with('[') && serde_json::from_str::<Value>(text).is_ok())
    };
    match format {
        Some(CueFormat::Json) => cues_of(from_json::read(text)?, "{\"cues\": [ … ]}"),
        Some(CueFormat::Toml) => from_toml::read(text),
        None if looks_like_json() => cues_of(from_json::read(text)?, "{\"cues\": [ … ]}"),
        None => from_toml::read(text),
    }
}

/// Of a list, of an object with a list of `cues`, or of one cue.
fn cues_of(file: Placed, form: &str) -> Result<Vec<Placed>, Trouble> {
    let line = file.line;
    match file.what {
        What::List(cues) => Ok(cues),
        What::Object(fields) if fields.iter().any(|(field, _)| field == CUES) => {
            let mut found = Vec::new();
            for (field, placed) in fields {
                match placed.what {
                    What::List(cues) if field == CUES => found = cues,
                    What::Plain(_) | What::Object(_) if field == CUES => {
                        return Err((placed.line, format!("`cues` must be a list, as in `{form}`.")));
                    }
                    _ => {
                        return Err((
                            placed.line,
                            format!("Beside `cues` stands `{field}`, which means nothing; take it out."),
                        ));
                    }
                }
            }
            Ok(found)
        }
        What::Object(fields) if fields.is_empty() => Ok(Vec::new()),
        // `[[cue]]`, as one would guess; no cue has a field of that name.
        What::Object(fields) if fields.iter().any(|(field, _)| field == "cue") => {
            Err((line, format!("`cue` at the top means nothing; a file of cues says `{form}`.")))
        }
        What::Object(fields) => Ok(vec![Placed { line, what: What::Object(fields) }]),
        What::Plain(_) => Err((line, format!("This is no file of cues; write `{form}`."))),
    }
}
