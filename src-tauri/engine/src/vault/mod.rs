//! Secret values: where they are kept, and nothing else of theirs. The only place that names the keyring.
//!
//! The store knows names only; a value leaves here for the one delivery (or lease) it was granted to, and from then on is
//! known, so that it is blotted out of whatever comes back (`redacting`). Every call runs on a
//! thread of its own with a time-out, because a locked keyring waits for its owner to type a password and would hang
//! whoever asked. Who may have which secret is decided in core.

mod file;
mod memory;
#[cfg(not(target_os = "linux"))]
mod native;
mod os;
pub(crate) mod sealed;
#[cfg(target_os = "linux")]
mod secret_service;
mod template;
mod thread;
mod uses;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use zeroize::Zeroizing;

pub use file::PASSPHRASE_VARIABLE;
/// Where the vault keeps the owner's own key for the agents' door; users' secrets are in capitals, so that none can take it.
pub const OWNER_KEY: &str = "owner-key";
pub use template::{bad_in, fill, is_name, names_in};
pub(crate) use uses::{How, Used};

use crate::redacting::Known;

/// How long a call may take before its caller is told that the vault does not answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// How secrets are named that came in as headers of a cue; so many digits follow that nobody can guess, so that no other cue
/// can ask for the value.
pub(crate) const OF_CUE: &str = "HEADER_";
pub(crate) const OF_CUE_DIGITS: usize = 32;
/// Whoever may write a cue chooses such a value. A shorter one, such as `success`, is blotted out of what its own deliveries
/// bring back, and not out of what others say.
const OF_CUE_BYTES_LEAST: usize = 16;
/// An entry that is kept for a moment, to see whether one can be.
const TRIED: &str = "tried";
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
    #[error("The thread that speaks to the vault has ended. Secrets cannot be read or saved. Start the tower again.")]
    Ended,
    #[error("{0:?} cannot be the name of a secret: 1 to 128 letters, digits, dots, dashes or underscores.")]
    BadName(String),
}

/// The values' place. Cheap to clone; all clones are the same vault.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    thread: thread::Thread,
    name: String,
    /// From the last call, whichever it was; None: it answered.
    trouble: watch::Sender<Option<VaultError>>,
    known: Known,
    uses: uses::Uses,
    /// Entries with values of before, which runs under way may have; not known yet.
    olds: Mutex<Vec<String>>,
    changing: tokio::sync::Mutex<()>,
}

/// One place that keeps values. Blocking; called from one thread only.
trait Keep: Send {
    fn get(&mut self, name: &str) -> Result<Option<Zeroizing<String>>, VaultError>;
    fn set(&mut self, name: &str, value: &str) -> Result<(), VaultError>;
    /// Deleting what is not there is no error.
    fn delete(&mut self, name: &str) -> Result<(), VaultError>;
    /// Whether values could be had, without asking the owner anything.
    fn probe(&mut self) -> Result<(), VaultError>;
    /// How long a start waits for the probe.
    fn opens_within(&self) -> Duration {
        OPEN_LIMIT
    }
}

impl Vault {
    /// Opens the vault of the tower whose data folder is `data_dir`. Never fails: what is wrong is in [`Vault::health`].
    pub async fn open(kind: VaultKind, data_dir: &Path) -> Vault {
        Vault::open_knowing(kind, data_dir, Known::default()).await
    }

    /// The same, with what is known of its values shared with whoever else is to blot them out, such as the log.
    pub async fn open_knowing(kind: VaultKind, data_dir: &Path, known: Known) -> Vault {
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
        Vault::over_knowing(keep, name, known).await
    }

    #[cfg(test)]
    async fn over(keep: Box<dyn Keep>, name: &str) -> Vault {
        Vault::over_knowing(keep, name, Known::default()).await
    }

    async fn over_knowing(keep: Box<dyn Keep>, name: &str, known: Known) -> Vault {
        let limit = keep.opens_within();
        let vault = Vault(Arc::new(Inner {
            thread: thread::Thread::start(keep),
            name: name.to_owned(),
            trouble: watch::Sender::new(None),
            known,
            uses: uses::Uses::default(),
            olds: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
        }));
        let probed = vault.0.thread.ask(limit, |keep| keep.probe()).await;
        vault.note(&probed);
        vault
    }

    /// The value of `name`; None if there is none.
    ///
    /// # Errors
    /// If the vault is absent, locked or broken; within 5 s in any case.
    pub async fn get(&self, name: &str) -> Result<Option<String>, VaultError> {
        let entry = checked(name)?;
        let name = entry.clone();
        let value = self.ask(move |keep| keep.get(&name)).await?;
        if let Some(value) = &value {
            self.learn(&entry, value);
        }
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
        self.learn(&name, &value);
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
        let message = self.0.trouble.borrow().as_ref().map(ToString::to_string);
        VaultHealth { ok: message.is_none(), name: self.0.name.clone(), message }
    }

    /// One change of a secret that takes several calls at a time.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.changing.lock().await
    }

    /// Changes with what is wrong.
    pub(crate) fn trouble(&self) -> watch::Receiver<Option<VaultError>> {
        self.0.trouble.subscribe()
    }

    /// The values that have left it.
    pub(crate) fn known(&self) -> &Known {
        &self.0.known
    }

    /// To be written down soon.
    pub(crate) fn was_used(&self, used: Used) {
        self.0.uses.note(used);
    }

    /// Once there is something to be written down.
    pub(crate) async fn some_used(&self) {
        self.0.uses.some().await;
    }

    /// Held by whoever takes them to write them down.
    pub(crate) async fn writing_uses(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.uses.writing().await
    }

    pub(crate) fn take_used(&self) -> Vec<Used> {
        self.0.uses.take()
    }

    /// They were taken, and could not be written down.
    pub(crate) fn put_back_used(&self, used: Vec<Used>) {
        self.0.uses.put_back(used);
    }

    /// Entries with values of before that runs under way may have: what these print is looked through for them.
    pub(crate) fn has_olds(&self, entries: impl IntoIterator<Item = String>) {
        self.0.olds.lock().unwrap_or_else(PoisonError::into_inner).extend(entries);
    }

    /// Makes them known. Those that cannot be had now stay for the next time.
    pub(crate) async fn learn_olds(&self) {
        let entries = std::mem::take(&mut *self.0.olds.lock().unwrap_or_else(PoisonError::into_inner));
        for (number, entry) in entries.iter().enumerate() {
            if let Err(error) = self.get(entry).await {
                tracing::warn!(%error, "what a run may have of a secret of before cannot be told from its output now");
                self.has_olds(entries[number..].iter().cloned());
                return;
            }
        }
    }

    fn learn(&self, name: &str, value: &str) {
        if !is_of_cue(name) || value.len() >= OF_CUE_BYTES_LEAST {
            self.0.known.learn(value);
        }
    }

    /// Looks again, so that [`Vault::health`] is fresh.
    pub async fn probe(&self) {
        // The outcome is in the health.
        let _ = self.ask(|keep| keep.probe()).await;
    }

    /// Keeps a value for a moment, so that whoever has many to keep knows before that they can be kept.
    ///
    /// # Errors
    /// As [`Vault::set`].
    pub async fn takes(&self) -> Result<(), VaultError> {
        // Not by `set` and `get`: what is learnt there is blotted out of everything.
        self.ask(|keep| keep.set(TRIED, TRIED)).await?;
        let back = self.ask(|keep| keep.get(TRIED)).await?;
        self.ask(|keep| keep.delete(TRIED)).await?;
        if back.is_some() { Ok(()) } else { Err(VaultError::Failed("what it kept did not come back".to_owned())) }
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
        let trouble = answer.as_ref().err().cloned();
        self.0.trouble.send_if_modified(|known| {
            if *known == trouble {
                return false;
            }
            match &trouble {
                Some(error) => tracing::warn!(vault = %self.0.name, "{error}"),
                None => tracing::info!(vault = %self.0.name, "the vault answers again"),
            }
            *known = trouble.clone();
            true
        });
    }
}

impl VaultError {
    /// Whether it may answer again by itself, or once its owner unlocks it: asked again, it costs nobody anything.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            VaultError::Absent(_)
            | VaultError::NoDefault
            | VaultError::Locked(_)
            | VaultError::Silent(_)
            | VaultError::Busy
            // A keyring that breaks off in the middle, a disk that is full.
            | VaultError::Failed(_) => true,
            VaultError::NoPassphrase
            | VaultError::WrongPassphrase(_)
            | VaultError::Damaged(_)
            | VaultError::Ended
            | VaultError::BadName(_) => false,
        }
    }
}

/// Whether the secret of this name is a cue's own, which came in as a header of it.
pub(crate) fn is_of_cue(name: &str) -> bool {
    name.strip_prefix(OF_CUE).is_some_and(|digits| {
        digits.len() == OF_CUE_DIGITS
            && digits.bytes().all(|digit| digit.is_ascii_digit() || (b'A'..=b'F').contains(&digit))
    })
}

fn checked(name: &str) -> Result<String, VaultError> {
    let fits = (1..=128).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    if fits { Ok(name.to_owned()) } else { Err(VaultError::BadName(name.to_owned())) }
}

#[cfg(test)]
pub(crate) mod tests;
