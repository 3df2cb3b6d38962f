//! One setting changed in the file, whose comments and everything else stay as they are.

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
    let text = document.to_string();
    // The environment is no part of the file: what is written must fit by itself.
    read(&text, &path, std::iter::empty())?;
    let unwritable = |error: std::io::Error| SettingsError::Unwritable(path.clone(), error.to_string());
    private::write(&path, text.as_bytes()).map_err(unwritable)?;
    super::load(data_dir)
}
