//! Secret values: where they are kept, and nothing else of theirs. The only place that names the keyring.
//!
//! The store knows names only; a value leaves here for the one delivery (or lease) it was granted to. Every call runs on a
//! thread of its own with a time-out, because a locked keyring waits for its owner to type a password and would hang
//! whoever asked. Who may have which secret is decided in core.

mod file;
mod memory;
#[cfg(not(target_os = "linux"))]
mod native;
mod os;
#[cfg(target_os = "linux")]
mod secret_service;
mod template;
mod thread;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use zeroize::Zeroizing;

pub use file::PASSPHRASE_VARIABLE;
pub use template::{bad_in, fill, is_name, names_in};

/// How long a call may take before its caller is told that the vault does not answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// At start the tower waits less: it comes up with a note rather than late.
const OPEN_LIMIT: Duration = Duration::from_secs(2);

/// Which place keeps the values; the owner's choice (`--vault`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VaultKind {
    /// The system's: Secret Service, Keychain, Credential Manager.
    Keyring,
    /// `vault.age` in the data folder, encrypted with the passphrase in `CUETOWER_VAULT_PASSPHRASE`.
    File,
    /// Gone with the process; for tests.
    Memory,
}

/// Whether secrets can be had now, for the owner's eye.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultHealth {
    pub ok: bool,
    /// "Secret Service", "Keychain", "Credential Manager", "encrypted file", "memory".
    pub name: String,
    /// What happened, what it means, what to do; only when it is not ok.
    pub message: Option<String>,
}

/// Why the vault could not do it. Each says what happened, what it means and what to do; none holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    #[error(
        "There is no keyring service on this session. Secrets cannot be read or saved. Start one (gnome-keyring or KWallet), or start the tower with --vault file."
    )]
    Absent(String),
    #[error(
        "The keyring has no default collection. Secrets cannot be read or saved. Make one (Seahorse or KWallet does; so does a login with a password), then try again."
    )]
    NoDefault,
    #[error(
        "The keyring is locked ({0}). Secrets cannot be read or saved until it is unlocked. Unlock it and try again."
    )]
    Locked(String),
    #[error(
        "The keyring did not answer within {} s. It probably waits for its password: look for its window, unlock it and try again.", .0.as_secs()
    )]
    Silent(Duration),
    #[error(
        "The keyring still works on earlier requests, so no further one is taken. It probably waits for its password: look for its window and unlock it."
    )]
    Busy,
    #[error(
        "The passphrase of the encrypted file is not set. Secrets cannot be read or saved. Set CUETOWER_VAULT_PASSPHRASE and start the tower again."
    )]
    NoPassphrase,
    #[error(
        "CUETOWER_VAULT_PASSPHRASE does not open {0}. Secrets cannot be read or saved. Start the tower again with the right passphrase."
    )]
    WrongPassphrase(String),
    #[error(
        "{0} is not a file the tower wrote, or it is damaged. Secrets cannot be read or saved. Restore it from a backup, or move it away to begin anew."
    )]
    Damaged(String),
    #[error("The vault failed: {0}. The secret was neither read nor saved.")]
    Failed(String),
    #[error("{0:?} cannot be the name of a secret: 1 to 128 letters, digits, dots, dashes or underscores.")]
    BadName(String),
}

/// The values' place. Cheap to clone; all clones are the same vault.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    thread: thread::Thread,
    health: Mutex<VaultHealth>,
}

/// One place that keeps values. Blocking; called from one thread only.
trait Keep: Send {
    fn get(&mut self, name: &str) -> Result<Option<Zeroizing<String>>, VaultError>;
    fn set(&mut self, name: &str, value: &str) -> Result<(), VaultError>;
    /// Deleting what is not there is no error.
    fn delete(&mut self, name: &str) -> Result<(), VaultError>;
    /// Whether values could be had, without asking the owner anything.
    fn probe(&mut self) -> Result<(), VaultError>;
}

impl Vault {
    /// Opens the vault of the tower whose data folder is `data_dir`. Never fails: what is wrong is in [`Vault::health`].
    pub async fn open(kind: VaultKind, data_dir: &Path) -> Vault {
        let keep: Box<dyn Keep> = match kind {
            VaultKind::Keyring => Box::new(os::Os::of(data_dir)),
            VaultKind::File => Box::new(file::EncryptedFile::of(data_dir)),
            VaultKind::Memory => Box::new(memory::Memory::default()),
        };
        let name = match kind {
            VaultKind::Keyring => os::NAME,
            VaultKind::File => "encrypted file",
            VaultKind::Memory => "memory",
        };
        Vault::over(keep, name).await
    }

    async fn over(keep: Box<dyn Keep>, name: &str) -> Vault {
        let health = VaultHealth { ok: true, name: name.to_owned(), message: None };
        let vault = Vault(Arc::new(Inner { thread: thread::Thread::start(keep), health: Mutex::new(health) }));
        let probed = vault.0.thread.ask(OPEN_LIMIT, |keep| keep.probe()).await;
        vault.note(&probed);
        vault
    }

    /// The value of `name`; None if there is none.
    ///
    /// # Errors
    /// If the vault is absent, locked or broken; within 5 s in any case.
    pub async fn get(&self, name: &str) -> Result<Option<String>, VaultError> {
        let name = checked(name)?;
        let value = self.ask(move |keep| keep.get(&name)).await?;
        Ok(value.map(|value| value.to_string()))
    }

    /// Keeps `value` under `name`, in place of an earlier one.
    ///
    /// # Errors
    /// If the vault is absent, locked or broken; within 5 s in any case. After [`VaultError::Silent`] the value may
    /// still have been saved.
    pub async fn set(&self, name: &str, value: &str) -> Result<(), VaultError> {
        let name = checked(name)?;
        let value = Zeroizing::new(value.to_owned());
        self.ask(move |keep| keep.set(&name, &value)).await
    }

    /// Forgets `name`; no error if it was not there.
    ///
    /// # Errors
    /// As [`Vault::set`].
    pub async fn delete(&self, name: &str) -> Result<(), VaultError> {
        let name = checked(name)?;
        self.ask(move |keep| keep.delete(&name)).await
    }

    /// What is known of the vault's health: from the last call, whichever it was.
    #[must_use]
    pub fn health(&self) -> VaultHealth {
        self.0.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks again, so that [`Vault::health`] is fresh.
    pub async fn probe(&self) {
        // The outcome is in the health.
        let _ = self.ask(|keep| keep.probe()).await;
    }

    async fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut dyn Keep) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        let answer = self.0.thread.ask(ANSWER_LIMIT, job).await;
        self.note(&answer);
        answer
    }

    fn note<T>(&self, answer: &Result<T, VaultError>) {
        let message = answer.as_ref().err().map(ToString::to_string);
        let mut health = self.0.health.lock().unwrap_or_else(PoisonError::into_inner);
        if health.message != message {
            match &message {
                Some(message) => tracing::warn!(vault = %health.name, "{message}"),
                None => tracing::info!(vault = %health.name, "the vault answers again"),
            }
        }
        health.ok = message.is_none();
        health.message = message;
    }
}

fn checked(name: &str) -> Result<String, VaultError> {
    let fits = (1..=128).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    if fits { Ok(name.to_owned()) } else { Err(VaultError::BadName(name.to_owned())) }
}

#[cfg(test)]
mod tests;
