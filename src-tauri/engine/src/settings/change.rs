//! One setting changed in the file, whose comments and everything else stay as they are. A value stands in the place of its commented
//! line, and the commented line in its place again once it is taken out.

use std::path::Path;

use toml_edit::{DocumentMut, Item};

use super::{COMMENTED, FILE, Settings, SettingsError, UNKNOWN, kind_of, parsed, private, read, section_of, text_of};

/// Sets `section.key` to what is typed; None takes it out, so that it is as it is by default. The file is written only if all of it
/// fits then.
///
/// # Errors
/// If there is no such setting, the value does not fit, or the file cannot be read or written; nothing changes then.
pub fn set(data_dir: &Path, setting: &str, value: Option<&str>) -> Result<Settings, SettingsError> {
    let known = setting.split_once('.').filter(|(section, key)| kind_of(section, key).is_some());
    let (section, key) = known.ok_or_else(|| SettingsError::field(setting, UNKNOWN))?;
    let path = data_dir.join(FILE);
    let text = text_of(data_dir)?;
    let text = if text.trim().is_empty() { COMMENTED.to_owned() } else { text };
    let unfit = |error: toml_edit::TomlError| SettingsError::Unfit {
        place: path.display().to_string(),
        message: error.to_string(),
    };
    let mut document: DocumentMut = text.parse().map_err(unfit)?;
    let table = section_of(&mut document, section)?;
    match value {
        Some(typed) => {
            let value = parsed(section, key, typed).map_err(|message| SettingsError::field(setting, message))?;
            match table.get_mut(key) {
                // What stands behind it on its line stays.
                Some(Item::Value(old)) => {
                    let decor = old.decor().clone();
                    *old = value;
                    *old.decor_mut() = decor;
                }
                _ => drop(table.insert(key, Item::Value(value))),
            }
        }
        None => drop(table.remove(key)),
    }
    let plain = document.to_string();
    // The environment is no part of the file: what is written must fit by itself.
    let settings = read(&plain, &path, std::iter::empty())?;
    if setting == "backup.folder" && value.is_some() {
        make_folder(Path::new(&settings.backup.folder))?;
    }
    // Where the file has its line, as long as that says the same: a text over several lines may look like one.
    let in_place = match value {
        Some(_) => shown(&text, &document, section, key),
        None => hidden(&text, section, key),
    };
    let same = |text: &String| read(text, &path, std::iter::empty()).is_ok_and(|read| read == settings);
    let text = in_place.filter(same).unwrap_or(plain);
    let unwritable = |error: std::io::Error| SettingsError::Unwritable(path.clone(), error.to_string());
    private::write(&path, text.as_bytes()).map_err(unwritable)?;
    super::load(data_dir)
}

/// The line `# key = …` of the section in a file that does not set it, with the value in its place.
fn shown(text: &str, document: &DocumentMut, section: &str, key: &str) -> Option<String> {
    if line_of(text, section, key, Line::Set).is_some() {
        return None;
    }
    let value = document.get(section)?.get(key)?.as_value()?.clone().decorated("", "");
    replaced(text, line_of(text, section, key, Line::Commented)?, &format!("{key} = {value}"))
}

/// The line that sets it, as the commented file has it; gone if that line is there as well.
fn hidden(text: &str, section: &str, key: &str) -> Option<String> {
    let at = line_of(text, section, key, Line::Set)?;
    if line_of(text, section, key, Line::Commented).is_some() {
        return None;
    }
    let default = COMMENTED.lines().nth(line_of(COMMENTED, section, key, Line::Commented)?)?;
    replaced(text, at, default)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Set,
    Commented,
}

/// Which line of the file it is.
fn line_of(text: &str, section: &str, key: &str, kind: Line) -> Option<usize> {
    let mut within = false;
    text.lines().position(|line| {
        if let Some((named, _)) = line.trim_start().strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            within = named.trim() == section;
        }
        let line = match kind {
            Line::Set => Some(line.trim_start()),
            Line::Commented => line.strip_prefix("# "),
        };
        let named = line.and_then(|line| line.split_once('=')).map(|(name, _)| name.trim_end());
        within && named == Some(key)
    })
}

fn replaced(text: &str, at: usize, line: &str) -> Option<String> {
    let mut lines: Vec<&str> = text.split('\n').collect();
    *lines.get_mut(at)? = line;
    Some(lines.join("\n"))
}

/// The folder itself, and nothing that leads to it: a disk that is not there is not made up.
fn make_folder(folder: &Path) -> Result<(), SettingsError> {
    let Some(above) = folder.parent().filter(|_| !folder.exists()) else { return Ok(()) };
    if !above.is_dir() {
        let message = format!("there is no folder {} to make it in", above.display());
        return Err(SettingsError::field("backup.folder", message));
    }
    let failed = |error| SettingsError::field("backup.folder", format!("it could not be made: {error}"));
    private::folder(folder).map_err(failed)
}
