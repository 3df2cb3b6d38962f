//! The keyrings of macOS and Windows, as the keyring crate opens them: once per process.

use keyring::{Entry, Error};

use super::VaultError;
use super::os::{SERVICE, cause};

pub struct Session;

impl Session {
    pub fn open() -> keyring::Result<Session> {
        match Entry::store_status() {
            Ok(()) => Ok(Session),
            Err(error) => Err(Error::NotSupportedByStore(cause(error))),
        }
    }

    pub fn entry(&self, user: &str, _: &str) -> keyring::Result<Entry> {
        Entry::new(SERVICE, user)
    }
}

/// The name is already readable in the user name.
pub fn describe(_: &Entry, _: &str, _: &str) -> keyring::Result<()> {
    Ok(())
}

/// Whether the keyring is there. Whether it is open shows at the first use.
pub fn state() -> Result<(), VaultError> {
    Session::open().map(|_| ()).map_err(|error| VaultError::Absent(cause(&error)))
}
