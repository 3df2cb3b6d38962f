//! Backups by the settings' schedule: made when one is due, also when it became due while the tower was away, and the oldest go.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use cuetower_core::Ms;

use super::{Asked, BackupError, Backups, list, rotate};
use crate::handle::Handle;
use crate::notify::{Note, Notifier};
use crate::settings::Settings;

/// After a start: what is due then goes first.
const FIRST_LOOK: Duration = Duration::from_secs(30);
/// An instant that is due is noticed within this; a changed schedule is, too.
const LOOKS: Duration = Duration::from_secs(30);
/// After one that failed.
const AGAIN: Duration = Duration::from_secs(15 * 60);

/// Until the tower stops.
pub(crate) async fn keep(backups: Backups, handle: Handle, notifier: Notifier, zone: Tz) {
    tokio::time::sleep(FIRST_LOOK).await;
    loop {
        let settings = backups.settings.get();
        let wait = match due(&backups, &handle, &settings, zone).await {
            Ok(false) => LOOKS,
            Ok(true) => match back_up(&backups, &handle, &settings).await {
                Ok(()) => LOOKS,
                Err(error) => failed(&backups, &notifier, &error),
            },
            Err(error) => failed(&backups, &notifier, &error),
        };
        tokio::time::sleep(wait).await;
    }
}

/// Told once, until one is there again.
fn failed(backups: &Backups, notifier: &Notifier, error: &BackupError) -> Duration {
    tracing::error!(%error, "the backup that was due is not there");
    let words = error.to_string();
    if backups.trouble().as_ref() != Some(&words) {
        notifier.show(Note {
            key: "backup".to_owned(),
            title: "The tower could not be backed up".to_owned(),
            body: words.clone(),
            critical: false,
            opens: None,
            buttons: Vec::new(),
        });
    }
    backups.note(Some(words));
    AGAIN
}

/// Whether an instant of the schedule has passed since the newest backup. Without one, it is due as soon as there is something that
/// could be lost.
pub(super) async fn due(
    backups: &Backups,
    handle: &Handle,
    settings: &Settings,
    zone: Tz,
) -> Result<bool, BackupError> {
    let Some(cron) = settings.backup.cron() else { return Ok(false) };
    let now: Ms = handle.now();
    let folder = backups.folder();
    let newest = tokio::task::spawn_blocking(move || list(&folder)).await;
    let newest = newest.map_err(|error| crate::journal::StoreError::Row(error.to_string()))??;
    // Those with secrets are the owner's; the schedule does not count them.
    let newest = newest.iter().find(|seen| !seen.manifest.sealed).map(super::Seen::made_at);
    Ok(match newest {
        // One from the future is of a clock that was wrong.
        Some(at) if at <= now => cron.next_after(zone, at_utc(at)).is_some_and(|next| next <= at_utc(now)),
        Some(_) => true,
        None => handle.reader().has_something().await?,
    })
}

pub(super) async fn back_up(backups: &Backups, handle: &Handle, settings: &Settings) -> Result<(), BackupError> {
    let folder = backups.folder();
    let made = backups.make(handle, Asked { to: Backups::named(&folder, handle.now()), passphrase: None }).await?;
    tracing::info!(backup = %made.path.display(), bytes = made.bytes, "the tower is backed up");
    backups.note(None);
    let keep = usize::try_from(settings.backup.keep).unwrap_or(usize::MAX);
    let rotated = tokio::task::spawn_blocking(move || rotate(&folder, keep)).await;
    for gone in rotated.map_err(|error| crate::journal::StoreError::Row(error.to_string()))?? {
        tracing::info!(backup = %gone.display(), "an old backup is gone");
    }
    Ok(())
}

fn at_utc(at: Ms) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.0).unwrap_or_default()
}
