//! The system's keyring: Secret Service on Linux, Keychain on macOS, Credential Manager on Windows.
//!
//! An item carries `service` = `cuetower` and `username` = `NAME@xxxxxxxx`, where the second part stands for the data folder, so that
//! two towers of one person do not share secrets. On Linux it also carries `name` = `NAME` and `folder` = the data
//! folder. The owner finds a secret called NAME of a tower in the default data folder with
//!
//! ```text
//! secret-tool lookup service cuetower name NAME folder "${XDG_DATA_HOME:-$HOME/.local/share}/cuetower"
//! ```
//!
//! and all of them with `secret-tool search --all service cuetower`. The folder is the canonical path (symbolic links resolved).

use std::path::Path;

use keyring::{Entry, Error};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

#[cfg(not(target_os = "linux"))]
use super::native as session;
#[cfg(target_os = "linux")]
use super::secret_service as session;
use super::{Keep, VaultError};

#[cfg(target_os = "linux")]
pub const NAME: &str = "Secret Service";
#[cfg(target_os = "macos")]
pub const NAME: &str = "Keychain";
#[cfg(target_os = "windows")]
pub const NAME: &str = "Credential Manager";
#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "windows")))]
pub const NAME: &str = "keyring";

pub const SERVICE: &str = "cuetower";

pub struct Os {
    folder: String,
    /// The first 8 hex digits of the SHA-256 of `folder`.
    discriminator: String,
    session: Option<session::Session>,
}

impl Os {
    pub fn of(data_dir: &Path) -> Os {
        let folder =
            data_dir.canonicalize().or_else(|_| std::path::absolute(data_dir)).unwrap_or_else(|_| data_dir.to_owned());
        let folder = folder.display().to_string();
        let digest = Sha256::digest(folder.as_bytes());
        let discriminator = digest.iter().take(4).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        Os { folder, discriminator, session: None }
    }

    /// Does `work` on the item of `name`. A keyring that was restarted has forgotten us, so a failure is tried once more
    /// in a new session.
    fn with<T>(&mut self, name: &str, work: impl Fn(&Entry) -> keyring::Result<T>) -> Result<Option<T>, VaultError> {
        let user = format!("{name}@{}", self.discriminator);
        for again in [true, false] {
            let session = match self.session.take() {
                Some(session) => session,
                None => session::Session::open().map_err(|error| VaultError::Absent(cause(&error)))?,
            };
            match session.entry(&user, name).and_then(|entry| work(&entry)) {
                Ok(done) => {
                    self.session = Some(session);
                    return Ok(Some(done));
                }
                Err(Error::NoEntry) => {
                    self.session = Some(session);
                    return Ok(None);
                }
                Err(Error::PlatformFailure(_)) if again => drop(session),
                Err(Error::NoStorageAccess(error)) => {
                    self.session = Some(session);
                    return Err(session::state().err().unwrap_or(VaultError::Locked(error.to_string())));
                }
                Err(error) => return Err(VaultError::Failed(cause(&error))),
            }
        }
        Err(VaultError::Failed("the keyring broke off twice".into()))
    }
}

impl Keep for Os {
    fn get(&mut self, name: &str) -> Result<Option<Zeroizing<String>>, VaultError> {
        match self.with(name, |entry| entry.get_password().map(Zeroizing::new))? {
            Some(value) => Ok(Some(value)),
            // A keyring without its default collection finds nothing either, and then that is the news.
            None => session::state().map(|()| None),
        }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), VaultError> {
        let folder = self.folder.clone();
        let done = self.with(name, |entry| {
            entry.set_password(value)?;
            session::describe(entry, name, &folder)
        })?;
        done.ok_or_else(|| VaultError::Failed("the keyring lost the item while it was saved".into()))
    }

    fn delete(&mut self, name: &str) -> Result<(), VaultError> {
        self.with(name, Entry::delete_credential).map(|_| ())
    }

    fn probe(&mut self) -> Result<(), VaultError> {
        session::state()
    }
}

/// The innermost reason. The keyring's own texts never hold a value; its `Debug` would, for a value that is not UTF-8.
pub fn cause(error: &Error) -> String {
    match error {
        Error::PlatformFailure(cause) | Error::NoStorageAccess(cause) => cause.to_string(),
        other => other.to_string(),
    }
}
