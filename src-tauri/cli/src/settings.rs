//! `settings …`: what the owner's file says. A running tower takes a change in at once; without one the file is changed.

use std::path::PathBuf;

use cuetower_engine::settings::{self, Known};
use serde_json::json;

use crate::args::SettingsCommand;
use crate::show::{say, say_json, table};
use crate::tower::Options;

pub fn obey(what: Option<SettingsCommand>, data: Option<PathBuf>, as_json: bool) -> Result<(), String> {
    let folder = Options { data, ..Options::default() }.folder().map_err(|error| error.to_string())?;
    let now = match what.unwrap_or(SettingsCommand::List) {
        SettingsCommand::Path => {
            cuetower_engine::private::folder(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
            let path = settings::make_file(&folder).map_err(|error| error.to_string())?;
            if as_json {
                say_json(&json!({ "path": path }));
            } else {
                say(&path.display().to_string());
            }
            return Ok(());
        }
        SettingsCommand::List => settings::load(&folder),
        SettingsCommand::Set { name, value } => settings::set(&folder, &name, Some(&value)),
        SettingsCommand::Unset { name } => settings::set(&folder, &name, None),
    };
    let known = settings::all(&now.map_err(|error| error.to_string())?);
    if as_json {
        let entry = |known: &Known| json!({ "name": known.name, "value": known.value, "default": known.default, "about": known.about, "environment": known.environment });
        say_json(
            &json!({ "path": folder.join(settings::FILE), "settings": known.iter().map(entry).collect::<Vec<_>>() }),
        );
    } else {
        let row = |known: &Known| {
            let value = if known.value.is_empty() { "\"\"".to_owned() } else { known.value.clone() };
            let by = match &known.environment {
                Some(variable) => format!("by {variable}"),
                None if known.value == known.default => String::new(),
                None => format!("otherwise {}", known.default),
            };
            [known.name.clone(), value, by, known.about.clone()]
        };
        let rows: Vec<[String; 4]> = known.iter().map(row).collect();
        say(&table(["SETTING", "VALUE", "", ""], &rows));
    }
    Ok(())
}
