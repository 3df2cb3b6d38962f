//! A running tower in one file, and back: what is taken along beside the store, what a backup is called, how many are kept.
//!
//! The copy itself and its way back into a data folder are `journal/backup.rs`; the commands are `desk/backups.rs`. Secrets and the
//! tower's own key go along only where the owner gives a passphrase, and lie in the backup as age's own format under it.

mod kept;
mod restoring;
mod scheduled;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use age::secrecy::SecretString;
use chrono::{DateTime, Utc};
use cuetower_core::Ms;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::check::free_on;
use crate::handle::Handle;
use crate::journal::{CarriedFile, StoreError, check_backup, seen_in};
use crate::private;
use crate::settings::{BACKUPS as FOLDER, FILE as SETTINGS, Live};
use crate::vault::sealed::{self, WORK_FACTOR};
use crate::vault::{OWNER_KEY, Vault, VaultError};

pub use crate::journal::take_staged;
pub use kept::{ENDING, list, rotate};
pub use restoring::{Restored, Restoring, restore};
pub(crate) use scheduled::keep;

const PROGRAM: &str = concat!("Cuetower ", env!("CARGO_PKG_VERSION"));
/// What says of a backup what it is.
const MANIFEST: &str = "manifest.json";
/// The secrets and the tower's key, under a passphrase.
const SEALED: &str = "secrets.age";
/// The tower's own key, from which the keys of agents and the URLs of pings and triggers follow.
const TOWER_KEY: &str = "tower.key";
/// Files of the data folder that go along as they are.
const TAKEN_ALONG: [&str; 2] = [SETTINGS, "adopted.json"];
/// What a backup leaves free on the disk for everything else.
const ROOM_LEFT: u64 = 200 * 1_000_000;
/// Of a passphrase at least: nobody guesses at a running tower here, but at a file, as long as he likes.
pub const PASSPHRASE_CHARS_MIN: usize = 8;

#[derive(Debug, Error)]
pub enum BackupError {
    #[error("{} is there already. Name another file.", .0.display())]
    Exists(PathBuf),
    #[error("{} could not be written: {}", .0.display(), .1)]
    Unwritable(PathBuf, std::io::Error),
    #[error("{} could not be read: {}", .0.display(), .1)]
    Unreadable(PathBuf, std::io::Error),
    #[error("The passphrase is too short: {PASSPHRASE_CHARS_MIN} characters at least.")]
    ShortPassphrase,
    #[error("The backup carries no secrets, so no passphrase opens anything in it. Leave the passphrase out.")]
    NothingSealed,
    #[error("The passphrase does not open the secrets in {}.", .0.display())]
    WrongPassphrase(PathBuf),
    #[error("What {} carries beside the store does not fit: {}", .0.display(), .1)]
    Unfit(PathBuf, String),
    #[error("Secret {name} could not be read, so nothing was backed up. {error}")]
    Secret { name: String, error: VaultError },
    #[error("{0}")]
    Sealing(VaultError),
    #[error("A backup is being made already.")]
    Underway,
    #[error(
        "There is no folder {}, so nothing was backed up. If it is on another disk, attach that; otherwise make the folder.", .0.display()
    )]
    NoFolder(PathBuf),
    #[error("The vault of this machine cannot take the secrets, so nothing was changed. {0}")]
    Vault(VaultError),
    #[error(
        "There is too little room for a backup in {}: {} MB free, and the tower wants {} MB. Make room, or choose another folder (backup.folder).",
        .folder.display(), .free / 1_000_000, .wanted / 1_000_000
    )]
    NoRoom { folder: PathBuf, free: u64, wanted: u64 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// "Cuetower 1.4.0"
    pub program: String,
    pub made_at_ms: i64,
    /// Names of the secrets there were.
    pub secrets: Vec<String>,
    /// Their values are in it, under a passphrase.
    pub sealed: bool,
    /// A checksum of the whole file stands at its end; those of older programs have none.
    #[serde(default)]
    pub checksum: bool,
}

/// A backup that is there.
#[derive(Debug, Clone)]
pub struct Seen {
    pub path: PathBuf,
    pub bytes: u64,
    pub manifest: Manifest,
    pub cues: u64,
    pub runs: u64,
}

/// What lies under the passphrase.
#[derive(Serialize, Deserialize)]
struct Sealed {
    /// With the owner's own key.
    secrets: BTreeMap<String, String>,
    /// In hex.
    tower_key: String,
}

/// Where to, and with what.
pub struct Asked {
    /// The file; none may be there.
    pub to: PathBuf,
    /// The secrets go along under it.
    pub passphrase: Option<Zeroizing<String>>,
}

/// Makes backups of one running tower, one at a time. Cheap to clone.
#[derive(Clone)]
pub struct Backups {
    data_dir: PathBuf,
    pub settings: Live,
    underway: Arc<AtomicBool>,
    /// Why the last one that was due is not there.
    trouble: Arc<Mutex<Option<String>>>,
}

impl Backups {
    #[must_use]
    pub fn of(data_dir: &Path, settings: Live) -> Backups {
        Backups { data_dir: data_dir.to_owned(), settings, underway: Arc::default(), trouble: Arc::default() }
    }

    /// Where they go unless the owner names another file.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.settings.get().backup.folder(&self.data_dir)
    }

    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Why the last one that was due is not there; None: it is.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// A name in the folder that no other backup has, by the instant: `cuetower-2026-11-22-033000.backup`, in UTC.
    #[must_use]
    pub fn named(folder: &Path, now: Ms) -> PathBuf {
        let at = DateTime::<Utc>::from_timestamp_millis(now.0).unwrap_or_default();
        folder.join(format!("cuetower-{}.{ENDING}", at.format("%Y-%m-%d-%H%M%S")))
    }

    /// Makes one. Nobody else waits for it. It is there whole, or not at all.
    ///
    /// # Errors
    /// In a sentence; nothing is left behind then.
    pub async fn make(&self, handle: &Handle, asked: Asked) -> Result<Seen, BackupError> {
        if asked.passphrase.as_ref().is_some_and(|passphrase| passphrase.chars().count() < PASSPHRASE_CHARS_MIN) {
            return Err(BackupError::ShortPassphrase);
        }
        let _turn = Turn::take(&self.underway).ok_or(BackupError::Underway)?;
        let names: Vec<String> = handle.reader().secrets().await?.into_iter().map(|secret| secret.name).collect();
        let manifest = Manifest {
            program: PROGRAM.to_owned(),
            made_at_ms: handle.now().0,
            secrets: names.clone(),
            sealed: asked.passphrase.is_some(),
            checksum: true,
        };
        let sealed = match asked.passphrase {
            Some(passphrase) => Some(self.sealed(&handle.vault, &names, passphrase).await?),
            None => None,
        };
        let (reader, data_dir) = (handle.reader().clone(), self.data_dir.clone());
        let writing = tokio::task::spawn_blocking(move || {
            let carried = carried(&data_dir, &manifest, sealed)?;
            let store = std::fs::metadata(data_dir.join("cuetower.db")).map_or(0, |store| store.len());
            let own = data_dir.join(FOLDER);
            write(&asked.to, &own, store + ROOM_LEFT, |part| reader.back_up(part, &carried, |_| true))?;
            look(&asked.to)
        });
        writing.await.map_err(|error| StoreError::Row(error.to_string()))?
    }

    async fn sealed(
        &self,
        vault: &Vault,
        names: &[String],
        passphrase: Zeroizing<String>,
    ) -> Result<Vec<u8>, BackupError> {
        let mut secrets = BTreeMap::new();
        for name in names.iter().map(String::as_str).chain([OWNER_KEY]) {
            let failed = |error| BackupError::Secret { name: name.to_owned(), error };
            // One whose value is gone from the keyring is a name alone, as it is for every run.
            if let Some(value) = vault.get(name).await.map_err(failed)? {
                secrets.insert(name.to_owned(), value);
            }
        }
        let path = self.data_dir.join(TOWER_KEY);
        let key = private::read(&path).map_err(|error| BackupError::Unreadable(path, error))?;
        let sealed = Sealed { secrets, tower_key: crate::token::hex(&key) };
        let plain = Zeroizing::new(serde_json::to_vec(&sealed).expect("names and values are texts"));
        let passphrase = SecretString::from(passphrase.as_str());
        let sealing = tokio::task::spawn_blocking(move || sealed::seal(passphrase, WORK_FACTOR, &plain));
        let sealed = sealing.await.map_err(|error| StoreError::Row(error.to_string()))?;
        sealed.map_err(BackupError::Sealing)
    }
}

/// Held while one is made.
struct Turn(Arc<AtomicBool>);

impl Turn {
    fn take(underway: &Arc<AtomicBool>) -> Option<Turn> {
        (!underway.swap(true, Ordering::AcqRel)).then(|| Turn(Arc::clone(underway)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

fn carried(data_dir: &Path, manifest: &Manifest, sealed: Option<Vec<u8>>) -> Result<Vec<CarriedFile>, BackupError> {
    let manifest = serde_json::to_vec_pretty(manifest).expect("a manifest is plain data");
    let mut carried = vec![CarriedFile { name: MANIFEST.to_owned(), body: manifest }];
    carried.extend(sealed.map(|body| CarriedFile { name: SEALED.to_owned(), body }));
    for name in TAKEN_ALONG {
        let path = data_dir.join(name);
        match private::read(&path) {
            Ok(body) => carried.push(CarriedFile { name: name.to_owned(), body }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(BackupError::Unreadable(path, error)),
        }
    }
    Ok(carried)
}

/// Written beside where it is to be, and put there when it is whole; what is there already stays. Of folders only the tower's `own`
/// is made: any other that is not there may be on a disk that is not there.
fn write(
    to: &Path,
    own: &Path,
    wanted: u64,
    copy: impl FnOnce(&Path) -> Result<(), StoreError>,
) -> Result<(), BackupError> {
    let unwritable = |error| BackupError::Unwritable(to.to_owned(), error);
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.exists() {
        if folder != own {
            return Err(BackupError::NoFolder(folder.to_owned()));
        }
        private::folder(folder).map_err(unwritable)?;
    }
    let part = to.with_extension("part");
    match std::fs::remove_file(&part) {
        // Left by one that was killed.
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(unwritable(error)),
    }
    has_room(folder, wanted)?;
    copy(&part)?;
    // Fails where a file is by now, which a rename would take the place of.
    let placed = std::fs::hard_link(&part, to).or_else(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Err(error),
        // A disk without links, such as a stick.
        _ => std::fs::rename(&part, to),
    });
    drop(std::fs::remove_file(&part));
    match placed {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(BackupError::Exists(to.to_owned())),
        placed => placed.and_then(|()| private::sync(folder)).map_err(unwritable),
    }
}

/// A disk that a backup filled would stop the tower itself.
fn has_room(folder: &Path, wanted: u64) -> Result<(), BackupError> {
    match free_on(folder) {
        Ok(free) if free < wanted => Err(BackupError::NoRoom { folder: folder.to_owned(), free, wanted }),
        // Where the disk cannot be asked, writing will tell.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// What a backup says of itself, and how much is in it.
///
/// # Errors
/// If it is none, or cannot be read.
pub fn look(path: &Path) -> Result<Seen, BackupError> {
    let bytes = std::fs::metadata(path).map_err(|error| BackupError::Unreadable(path.to_owned(), error))?.len();
    let seen = seen_in(path)?;
    let manifest = seen.carried.iter().find(|file| file.name == MANIFEST);
    let manifest = manifest.ok_or_else(|| StoreError::NoBackup(path.to_owned()))?;
    let manifest = serde_json::from_slice(&manifest.body)
        .map_err(|error| BackupError::Unfit(path.to_owned(), error.to_string()))?;
    Ok(Seen { path: path.to_owned(), bytes, manifest, cues: seen.cues, runs: seen.runs })
}

/// The same of one that is read through and sound. False: it carries no checksum, so that a changed byte may not be noticed.
///
/// # Errors
/// With what is wrong in it, or if it is no backup.
pub fn checked(path: &Path) -> Result<(Seen, bool), BackupError> {
    let seen = look(path).map_err(|error| match check_backup(path) {
        // That says more than what could not be read because of it.
        Err(damaged @ StoreError::Damaged(..)) => damaged.into(),
        Err(_) | Ok(_) => error,
    })?;
    let has = check_backup(path)?;
    if seen.manifest.checksum && !has {
        let words = "it lacks the checksum that it was made with".to_owned();
        return Err(StoreError::Damaged(path.to_owned(), words).into());
    }
    Ok((seen, has))
}

impl Seen {
    #[must_use]
    pub fn made_at(&self) -> Ms {
        Ms(self.manifest.made_at_ms)
    }
}
