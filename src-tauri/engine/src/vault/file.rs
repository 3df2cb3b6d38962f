//! For machines without a keyring: all values in one file, `vault.age` in the data folder, encrypted with a passphrase.
//!
//! The format is age's own (scrypt recipient around a JSON object of names and values), so `age -d vault.age` opens it with the
//! same passphrase, without the tower. The file is decrypted once; the values then live in this process's memory.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use age::secrecy::SecretString;
use zeroize::Zeroizing;

use super::sealed::{self, WORK_FACTOR};
use super::{Keep, VaultError};
use crate::private;

/// The environment variable that holds the passphrase. No command the tower starts inherits it.
pub const PASSPHRASE_VARIABLE: &str = "CUETOWER_VAULT_PASSPHRASE";

/// The passphrase is worked into its key slowly, on purpose; on a busy machine that takes seconds. Nobody has to be asked.
const OPEN_LIMIT: Duration = Duration::from_secs(60);

type Values = BTreeMap<String, Zeroizing<String>>;

pub struct EncryptedFile {
    path: PathBuf,
    passphrase: Option<SecretString>,
    work_factor: u8,
    values: Option<Values>,
}

impl EncryptedFile {
    pub fn of(data_dir: &Path) -> EncryptedFile {
        let passphrase = std::env::var(PASSPHRASE_VARIABLE).ok().filter(|passphrase| !passphrase.is_empty());
        EncryptedFile::with(data_dir, passphrase.map(SecretString::from), WORK_FACTOR)
    }

    pub(super) fn with(data_dir: &Path, passphrase: Option<SecretString>, work_factor: u8) -> EncryptedFile {
        EncryptedFile { path: data_dir.join("vault.age"), passphrase, work_factor, values: None }
    }

    fn passphrase(&self) -> Result<SecretString, VaultError> {
        self.passphrase.clone().ok_or(VaultError::NoPassphrase)
    }

    fn values(&mut self) -> Result<&mut Values, VaultError> {
        let values = match self.values.take() {
            Some(values) => values,
            None => self.read()?,
        };
        Ok(self.values.insert(values))
    }

    fn read(&self) -> Result<Values, VaultError> {
        let passphrase = self.passphrase()?;
        let encrypted = match fs::read(&self.path) {
            Ok(encrypted) => encrypted,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Values::new()),
            Err(error) => return Err(self.failed("read", &error)),
        };
        let shown = self.path.display().to_string();
        let plain = sealed::open(passphrase, &encrypted, &shown)?;
        let values: BTreeMap<String, String> =
            serde_json::from_slice(&plain).map_err(|_| VaultError::Damaged(shown))?;
        Ok(values.into_iter().map(|(name, value)| (name, Zeroizing::new(value))).collect())
    }

    /// Writes `values` beside the old file and puts them in its place, so that a crash leaves the one or the other.
    fn write(&mut self, values: Values) -> Result<(), VaultError> {
        let passphrase = self.passphrase()?;
        let borrowed: BTreeMap<&str, &str> =
            values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let plain = Zeroizing::new(serde_json::to_vec(&borrowed).expect("names and values are texts"));
        let encrypted = sealed::seal(passphrase, self.work_factor, &plain)?;
        replace(&self.path, &encrypted).map_err(|error| self.failed("written", &error))?;
        self.values = Some(values);
        Ok(())
    }

    fn failed(&self, what: &str, error: &io::Error) -> VaultError {
        VaultError::Failed(format!("{} could not be {what}: {error}", self.path.display()))
    }
}

impl Keep for EncryptedFile {
    fn get(&mut self, name: &str) -> Result<Option<Zeroizing<String>>, VaultError> {
        Ok(self.values()?.get(name).cloned())
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), VaultError> {
        let mut values = self.values()?.clone();
        values.insert(name.to_owned(), Zeroizing::new(value.to_owned()));
        self.write(values)
    }

    fn delete(&mut self, name: &str) -> Result<(), VaultError> {
        let mut values = self.values()?.clone();
        match values.remove(name) {
            Some(_) => self.write(values),
            None => Ok(()),
        }
    }

    fn probe(&mut self) -> Result<(), VaultError> {
        self.values().map(|_| ())
    }

    fn opens_within(&self) -> Duration {
        OPEN_LIMIT
    }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let anew = path.with_extension("age.part");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&anew)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&anew, path)?;
    // The rename itself lasts once the folder is on disk.
    private::sync(folder)
}
