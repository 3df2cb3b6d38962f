//! The way back: a backup is looked through, its secrets are opened, and it is put where the next start of the tower takes it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;
use zeroize::Zeroizing;

use super::{BackupError, MANIFEST, SEALED, Sealed, Seen, TOWER_KEY, checked};
use crate::journal::{CarriedFile, seen_in, stage};
use crate::vault::{VaultError, sealed};

/// What to put where.
pub struct Restoring<'a> {
    pub backup: &'a Path,
    pub data_dir: &'a Path,
    /// Opens the secrets in it; without one they stay closed.
    pub passphrase: Option<Zeroizing<String>>,
    /// The tower fires nothing until the owner resumes it.
    pub paused: bool,
}

/// What is ready to be taken.
pub struct Restored {
    pub seen: Seen,
    /// The backup carries one, and it fits.
    pub checksum: bool,
    /// For the vault: names and values, with the owner's own key.
    pub secrets: Vec<(String, Zeroizing<String>)>,
    /// Secrets of which no value came along: the owner has to set them again, unless this machine's vault has them.
    pub closed: Vec<String>,
}

impl Restored {
    /// The user's secrets among those for the vault.
    pub fn names(&self) -> Vec<String> {
        let is_users = |name: &&String| self.seen.manifest.secrets.contains(name);
        self.secrets.iter().map(|(name, _)| name).filter(is_users).cloned().collect()
    }
}

/// Blocks while the backup is read through and copied. The folder may be that of a running tower: it takes the backup when it starts
/// the next time.
///
/// # Errors
/// In a sentence; nothing is changed then.
pub fn restore(restoring: Restoring<'_>) -> Result<Restored, BackupError> {
    let Restoring { backup, data_dir, passphrase, paused } = restoring;
    let (seen, checksum) = checked(backup)?;
    let mut files: Vec<CarriedFile> = seen_in(backup)?.carried;
    let closed = files.iter().position(|file| file.name == SEALED).map(|at| files.swap_remove(at).body);
    let opened = match (passphrase, closed) {
        (None, _) => None,
        (Some(_), None) => return Err(BackupError::NothingSealed),
        (Some(passphrase), Some(closed)) => Some(open(backup, &passphrase, &closed)?),
    };
    files.retain(|file| file.name != MANIFEST);
    let mut secrets = Vec::new();
    if let Some(opened) = opened {
        let key = bytes(&opened.tower_key)
            .ok_or_else(|| BackupError::Unfit(backup.to_owned(), "the tower's key is damaged".to_owned()))?;
        files.push(CarriedFile { name: TOWER_KEY.to_owned(), body: key });
        secrets.extend(opened.secrets.into_iter().map(|(name, value)| (name, Zeroizing::new(value))));
    }
    let has = |name: &String| secrets.iter().any(|(known, _)| known == name);
    let without: Vec<String> = seen.manifest.secrets.iter().filter(|name| !has(name)).cloned().collect();
    stage(backup, data_dir, &files, paused)?;
    Ok(Restored { seen, checksum, secrets, closed: without })
}

fn open(backup: &Path, passphrase: &str, closed: &[u8]) -> Result<Sealed, BackupError> {
    let of = |path: &Path| PathBuf::from(path);
    let plain = sealed::open(SecretString::from(passphrase), closed, "secrets").map_err(|error| match error {
        VaultError::WrongPassphrase(_) => BackupError::WrongPassphrase(of(backup)),
        error => BackupError::Unfit(of(backup), error.to_string()),
    })?;
    serde_json::from_slice(&plain).map_err(|error| BackupError::Unfit(of(backup), error.to_string()))
}

/// 32 bytes, out of hex.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let whole = hex.len() == 64 && hex.is_ascii();
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).ok();
    whole.then(|| (0..64).step_by(2).map(byte).collect::<Option<Vec<u8>>>()).flatten()
}

/// Names alone: what is still to be set.
impl std::fmt::Debug for Restored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: BTreeMap<&str, &str> = self.secrets.iter().map(|(name, _)| (name.as_str(), "••••")).collect();
        f.debug_struct("Restored")
            .field("seen", &self.seen)
            .field("secrets", &names)
            .field("closed", &self.closed)
            .finish()
    }
}
