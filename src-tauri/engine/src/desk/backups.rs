//! `backups`, `backup_make`, `backup_look`, `backup_restore`: the tower in one file, and back.

use std::path::{Path, PathBuf};

use chrono::DateTime;
use zeroize::Zeroizing;

use super::wire::{BackupMake, BackupRef, BackupRestore, BackupView, Backups as View, DeskError, Nothing, RestoreView};
use super::{Desk, invalid, zone};
use crate::backup::{self, Asked, BackupError, Backups, Restoring, Seen};
use crate::journal::{StoreError, is_staged};

pub(super) async fn list(desk: &Desk, _: Nothing) -> Result<View, DeskError> {
    let backups = &desk.handle.backups;
    let settings = backups.settings.get();
    let folder = backups.folder();
    let listed = folder.clone();
    let found = off_the_threads(move || backup::list(&listed)).await?;
    let now = DateTime::from_timestamp_millis(desk.handle.now().0).unwrap_or_default();
    let cron = settings.backup.cron();
    Ok(View {
        folder: folder.display().to_string(),
        backups: found.iter().map(BackupView::from).collect(),
        schedule: settings.backup.schedule.clone(),
        words: cron.as_ref().map(cuetower_core::schedule::Cron::words),
        next_ms: cron.and_then(|cron| cron.next_after(zone(desk), now)).map(|next| next.timestamp_millis()),
        keep: settings.backup.keep,
        trouble: backups.trouble(),
        restore_waits: is_staged(backups.data_dir()),
    })
}

pub(super) async fn make(desk: &Desk, request: BackupMake) -> Result<BackupView, DeskError> {
    let backups = &desk.handle.backups;
    let to = match request.to {
        Some(to) => whole("to", &to)?,
        None => Backups::named(&backups.folder(), desk.handle.now()),
    };
    let asked = Asked { to, passphrase: request.passphrase.map(Zeroizing::new) };
    Ok(BackupView::from(&backups.make(&desk.handle, asked).await?))
}

pub(super) async fn look(_: &Desk, request: BackupRef) -> Result<BackupView, DeskError> {
    let path = whole("path", &request.path)?;
    Ok(BackupView::from(&off_the_threads(move || backup::look(&path)).await?))
}

pub(super) async fn restore(desk: &Desk, request: BackupRestore) -> Result<RestoreView, DeskError> {
    let path = whole("path", &request.path)?;
    let passphrase = request.passphrase.map(Zeroizing::new);
    if passphrase.is_some() {
        desk.vault.takes().await.map_err(BackupError::Vault)?;
    }
    let (data_dir, paused) = (desk.handle.backups.data_dir().to_owned(), request.paused);
    let ready = move || backup::restore(Restoring { backup: &path, data_dir: &data_dir, passphrase, paused });
    let restored = off_the_threads(ready).await?;
    for (name, value) in &restored.secrets {
        let vault = |error: crate::vault::VaultError| DeskError {
            code: "vault".to_owned(),
            message: format!("The backup is ready for the next start, but secret {name} could not be kept: {error}"),
            field: None,
        };
        desk.vault.set(name, value).await.map_err(vault)?;
    }
    let secrets_set = restored.names();
    Ok(RestoreView { backup: BackupView::from(&restored.seen), secrets_set, secrets_closed: restored.closed })
}

/// Reads and copies block; nothing else of the tower is to wait for them.
async fn off_the_threads<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| BackupError::Store(StoreError::Row(error.to_string())))?
}

/// The tower's own folder is nobody else's: a path is whole, or it means something else here than where it was typed.
fn whole(field: &str, path: &str) -> Result<PathBuf, DeskError> {
    let whole = Path::new(path);
    if whole.is_absolute() && whole.file_name().is_some() {
        Ok(whole.to_owned())
    } else {
        Err(invalid(field, format!("{path:?} must be a whole path to a file, such as /media/disk/tower.backup.")))
    }
}

impl From<&Seen> for BackupView {
    fn from(seen: &Seen) -> BackupView {
        let manifest = &seen.manifest;
        BackupView {
            path: seen.path.display().to_string(),
            bytes: seen.bytes,
            made_at_ms: manifest.made_at_ms,
            program: manifest.program.clone(),
            cues: seen.cues,
            runs: seen.runs,
            secrets: manifest.secrets.clone(),
            sealed: manifest.sealed,
        }
    }
}

impl From<BackupError> for DeskError {
    fn from(error: BackupError) -> DeskError {
        let (code, field) = match &error {
            BackupError::Exists(_) | BackupError::Unwritable(..) | BackupError::NoFolder(_) => ("invalid", Some("to")),
            BackupError::Unreadable(..)
            | BackupError::Store(StoreError::NoBackup(_) | StoreError::Damaged(..))
            | BackupError::Unfit(..) => ("invalid", Some("path")),
            BackupError::ShortPassphrase | BackupError::NothingSealed | BackupError::WrongPassphrase(_) => {
                ("invalid", Some("passphrase"))
            }
            BackupError::Secret { .. } | BackupError::Sealing(_) | BackupError::Vault(_) => ("vault", None),
            BackupError::Underway | BackupError::NoRoom { .. } => ("refused", None),
            BackupError::Store(_) => ("store", None),
        };
        DeskError { code: code.to_owned(), message: error.to_string(), field: field.map(str::to_owned) }
    }
}
