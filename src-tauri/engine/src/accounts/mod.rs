//! Whoever may come in by the agents' door: accounts and their keys, programs that sign in, sessions.
//!
//! Everything is decided on disk, in the pilot's transaction (`Handle::record`); nothing secret is stored. A key is
//! derived from the tower's own by its account and a random number, and so are the secrets that sign.

mod email;
mod keys;
mod login;
pub(crate) mod note;
mod profile;
pub(crate) mod scopes;
pub(crate) mod seen;
mod session;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use thiserror::Error;
use tokio::sync::{MutexGuard, watch};

use crate::handle::{Handle, Trouble};
use crate::journal::{KeyRow, Recorder, StoreError};
use crate::token::TowerKey;

pub(crate) use email::read as read_email;
pub(crate) use keys::{NewKey, Revealed, add, is_free_name, opened, remove, renew, reveal, rotate};
pub(crate) use login::{
    EXPIRES_S, Poll, Shown, allow_all, answer, ask, expired_before, expires_at, poll, said_email, shown,
};
pub use profile::{AlertHook, alert_hook};
pub(crate) use profile::{Changed, change, email_of, register, renew_alert_secret, renew_webhook_secret, slug_of};
pub(crate) use session::{begin, good, made};

/// Active cues that an account that registered may have, unless the owner says otherwise; the owner's own have no limit.
/// As many as CueAPI's largest plan.
pub const CUES_MAX: u32 = 500;
/// What keys of accounts and of programs that sign in may do. The owner gives more by hand.
pub(crate) const SCOPES: &str = "cues report";
/// Keys remembered at most.
const OPENED_MAX: usize = 10_000;
/// Journal lane of facts about accounts and keys.
const LANE: &str = "accounts";

/// Why it was not done.
#[derive(Debug, Error)]
pub(crate) enum Refused {
    #[error("Email already registered")]
    EmailTaken,
    #[error("This API key has been rotated. Use your new key.")]
    KeyRotated,
    #[error("Invalid API key")]
    KeyGone,
    #[error(
        "This API key has expired, and opens nothing any more. Its owner gives it a new life with `cuetowerctl key rotate`."
    )]
    KeyExpired,
    #[error(
        "This is the owner's own key, which the tower keeps in its keyring and never renews. Make one for each program instead: `cuetowerctl key add NAME --scopes cues,report`."
    )]
    OwnersKey,
    #[error("There are {0} keys already, and no more are kept. Let the owner remove those that nothing uses any more.")]
    TooManyKeys(u32),
    #[error("There is no such key.")]
    NoSuchKey,
    #[error("Device code already in use")]
    CodeTaken,
    #[error(
        "{0} programs wait to sign in already. Answer them in Cuetower, or wait: each code lapses after 15 minutes."
    )]
    TooManyLogins(u32),
    #[error("Device code not found")]
    NoSuchLogin,
    #[error("Device code expired")]
    LoginExpired,
    #[error("This device code has an email already, or its answer.")]
    LoginAnswered,
    #[error("Invalid or expired session token")]
    BadTicket,
    #[error("{0}")]
    Trouble(Trouble),
}

impl From<Trouble> for Refused {
    fn from(trouble: Trouble) -> Refused {
        Refused::Trouble(trouble)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Refused {
        Refused::Trouble(Trouble::Store(error.to_string()))
    }
}

/// What has to be known at once, without asking the store. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Accounts(Arc<Known>);

struct Known {
    key: TowerKey,
    /// Active cues that an account may have.
    cues_max: u32,
    /// The number of each account's webhook secret, of those that renewed it.
    webhook_secrets: RwLock<HashMap<AccountId, u64>>,
    /// Held from a renewal's writing until it is known here, so that the newest is.
    renewing: tokio::sync::Mutex<()>,
    /// The tower was started so that every program that asks to sign in gets a key.
    logins_open: AtomicBool,
    /// Programs of other machines may ask, so that each waits for the owner's word, whatever he said before.
    elsewhere: AtomicBool,
    /// Counts programs that began to wait for the owner's word.
    waiting: watch::Sender<u64>,
    opened: Mutex<Opened>,
    seen: seen::Seen,
}

/// Rows of keys that were shown at the door, by hash, so that not every request asks the store; good as long as nothing was
/// recorded since.
#[derive(Default)]
struct Opened {
    /// Commits with something recorded in them, when the rows were read.
    recorded: u64,
    rows: HashMap<String, KeyRow>,
}

impl Accounts {
    pub fn new(key: TowerKey, webhook_secrets: HashMap<AccountId, u64>, cues_max: u32) -> Accounts {
        Accounts(Arc::new(Known {
            key,
            cues_max,
            webhook_secrets: RwLock::new(webhook_secrets),
            renewing: tokio::sync::Mutex::default(),
            logins_open: AtomicBool::new(false),
            elsewhere: AtomicBool::new(false),
            waiting: watch::Sender::new(0),
            opened: Mutex::default(),
            seen: seen::Seen::default(),
        }))
    }

    /// Active cues that an account may have; the owner's own have no limit.
    pub fn cues_max(&self) -> u32 {
        self.0.cues_max
    }

    /// What an account's webhooks are signed with now.
    pub fn webhook_secret(&self, account: &AccountId) -> String {
        let known = self.0.webhook_secrets.read().unwrap_or_else(PoisonError::into_inner);
        self.0.key.webhook_secret(account, known.get(account).copied().unwrap_or(0))
    }

    /// One renewal of a webhook secret at a time.
    async fn renewing(&self) -> MutexGuard<'_, ()> {
        self.0.renewing.lock().await
    }

    /// It is on disk. Called in the turn (`renewing`) it was written in.
    fn webhook_secret_is(&self, account: &AccountId, number: u64) {
        let mut known = self.0.webhook_secrets.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(account.clone(), number);
    }

    /// The row of a key by its hash, if it was looked up since the commit of this number.
    fn opened_with(&self, hash: &str, recorded: u64) -> Option<KeyRow> {
        let opened = self.0.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.rows.get(hash).filter(|_| opened.recorded == recorded).cloned()
    }

    /// `recorded`: the number of the last commit before it was looked up.
    fn opens(&self, row: &KeyRow, recorded: u64) {
        let mut opened = self.0.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.recorded != recorded || opened.rows.len() >= OPENED_MAX {
            *opened = Opened { recorded: opened.recorded.max(recorded), rows: HashMap::new() };
        }
        if opened.recorded == recorded {
            opened.rows.insert(row.hash.clone(), row.clone());
        }
    }

    /// A key opened the door.
    fn seen(&self, hash: &str, now: Ms) {
        self.0.seen.now(hash, now);
    }

    /// When a key last opened the door, as far as it is not on disk yet.
    pub fn last_seen(&self, hash: &str) -> Option<Ms> {
        self.0.seen.last(hash)
    }

    /// Said by whoever started the tower.
    pub fn open_logins(&self, open: bool) {
        self.0.logins_open.store(open, Ordering::Relaxed);
    }

    pub fn logins_are_open(&self) -> bool {
        self.0.logins_open.load(Ordering::Relaxed)
    }

    /// The agents' door is open to other machines.
    pub fn hears_elsewhere(&self) {
        self.0.elsewhere.store(true, Ordering::Relaxed);
    }

    /// Whether each program that asks to sign in waits for the owner's word, because it may be anybody's.
    pub fn asks_for_each_login(&self) -> bool {
        self.0.elsewhere.load(Ordering::Relaxed)
    }

    fn one_waits(&self) {
        self.0.waiting.send_modify(|count| *count += 1);
    }

    fn waiting(&self) -> watch::Receiver<u64> {
        self.0.waiting.subscribe()
    }
}

/// Decides and writes, with the one kind of refusal.
async fn record<T: Send + 'static>(
    handle: &Handle,
    work: impl FnOnce(&Recorder<'_>) -> Result<Result<T, Refused>, StoreError> + Send + 'static,
) -> Result<T, Refused> {
    handle.record(work).await.map_err(Refused::from).and_then(|answer| answer)
}
