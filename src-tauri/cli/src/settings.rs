//! `settings …`: what the owner's file says. A running tower takes a change in at once; without one the file is changed.

use std::path::{Path, PathBuf};

use cuetower_engine::desk::wire::{SettingView, SettingsView};
use cuetower_engine::settings::{self, Known, SettingsError};
use serde_json::json;

use crate::args::SettingsCommand;
use crate::owner::Owner;
use crate::show::{say, say_json, table};
use crate::tower::Options;

pub async fn obey(what: Option<SettingsCommand>, data: Option<PathBuf>, as_json: bool) -> Result<(), String> {
    let folder = Options { data: data.clone(), ..Options::default() }.folder().map_err(|error| error.to_string())?;
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
        SettingsCommand::List => settings::load(&folder).map(|settings| settings::all(&settings)),
        SettingsCommand::Set { name, value } => set(data, &folder, &name, Some(&value)).await?,
        SettingsCommand::Unset { name } => set(data, &folder, &name, None).await?,
    };
    let known = now.map_err(|error| error.to_string())?;
    if as_json {
        let entry = |known: &Known| json!({ "name": known.name, "value": known.value, "default": known.default, "about": known.about, "environment": known.environment });
        say_json(
            &json!({ "path": folder.join(settings::FILE), "settings": known.iter().map(entry).collect::<Vec<_>>() }),
        );
    } else {
        let row = |known: &Known| {
            let shown = |value: &String| if value.is_empty() { "\"\"".to_owned() } else { value.clone() };
            let by = match &known.environment {
                Some(variable) => format!("by {variable}"),
                None if known.value == known.default => String::new(),
                None => format!("otherwise {}", shown(&known.default)),
            };
            [known.name.clone(), shown(&known.value), by, known.about.clone()]
        };
        let rows: Vec<[String; 4]> = known.iter().map(row).collect();
        say(&table(["SETTING", "VALUE", "", ""], &rows));
    }
    Ok(())
}

/// By the tower, if one runs on the folder: it is in force when the tower answers.
async fn set(
    data: Option<PathBuf>,
    folder: &Path,
    name: &str,
    value: Option<&str>,
) -> Result<Result<Vec<Known>, SettingsError>, String> {
    let Ok(owner) = Owner::of_tower_on(data) else {
        return Ok(settings::set(folder, name, value).map(|settings| settings::all(&settings)));
    };
    let view: SettingsView = owner.ask("setting_set", json!({ "name": name, "value": value })).await?;
    let set = view.settings.iter().find(|setting| setting.name == name);
    if set.is_some_and(|setting| setting.at_start) {
        eprintln!("The tower reads {name} when it starts the next time.");
    }
    let known = |SettingView { name, value, default, about, environment, at_start: _ }| Known {
        name,
        value,
        default,
        about,
        environment,
    };
    Ok(Ok(view.settings.into_iter().map(known).collect()))
}
