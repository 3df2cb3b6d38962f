//! `settings` and `setting_set`: what the owner's file says, setting by setting.

use super::wire::{DeskError, Nothing, SettingSet, SettingView, SettingsView};
use super::{Desk, invalid};
use crate::settings::{self, Known, SettingsError};

pub(super) async fn list(desk: &Desk, _: Nothing) -> Result<SettingsView, DeskError> {
    let backups = &desk.handle.backups;
    let now = backups.settings.get();
    let view = |known: Known| SettingView {
        value: known.value,
        default: known.default,
        about: known.about,
        environment: known.environment,
        at_start: known.name.starts_with("doors."),
        name: known.name,
    };
    Ok(SettingsView {
        path: backups.data_dir().join(settings::FILE).display().to_string(),
        settings: settings::all(&now).into_iter().map(view).collect(),
        trouble: backups.settings.trouble().map(|trouble| trouble.to_string()),
    })
}

pub(super) async fn set(desk: &Desk, request: SettingSet) -> Result<SettingsView, DeskError> {
    desk.handle.backups.settings.set(&request.name, request.value.as_deref())?;
    list(desk, Nothing {}).await
}

impl From<SettingsError> for DeskError {
    fn from(error: SettingsError) -> DeskError {
        match &error {
            SettingsError::Field { setting, .. } => invalid(setting, error.to_string()),
            SettingsError::Unfit { .. } => invalid("settings", error.to_string()),
            SettingsError::Unreadable(..) | SettingsError::Unwritable(..) => {
                DeskError { code: "store".to_owned(), message: error.to_string(), field: None }
            }
        }
    }
}
