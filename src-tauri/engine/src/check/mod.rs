//! Performs checks: looks whether what a check says is so, and keeps what was seen. One file per kind of check; what follows
//! from a proof is decided in core.

mod command;
mod file;
mod git;
mod machine;
pub(crate) mod pattern;
pub(crate) mod postgres;
mod process;
mod sql;
mod sqlite;
#[cfg(test)]
mod tests;
mod url;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use cuetower_core::Ms;
use cuetower_core::check::{Check, Database, Proof, SqlCheck, What};
use cuetower_core::cue::{CueDefinition, Transport};
use cuetower_core::time::length_in_words;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) use machine::free_on;

use crate::clock::Clock;
use crate::deliver::expand_home;
use crate::perform::reqwest_client::Client;
use crate::perform::secrets::{self, Lent};
use crate::vault::{Used, Vault, names_in};

/// Of what was seen.
const SAW_CHARS_MAX: usize = 500;
/// Looks under way at once that block a thread: one that hangs, in a network folder that is gone, keeps it.
const BLOCKING_MAX: usize = 16;
static BLOCKING: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(BLOCKING_MAX)));
/// Programs and connections to databases under way at once. A thousand cues may be due in the same second.
const BUSY_MAX: usize = 32;
static BUSY: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(BUSY_MAX)));
/// A request stands in the line of its receiver, where deliveries stand too; that is not the receiver's fault.
const IN_LINE: Duration = Duration::from_secs(60);

/// What checks are performed with.
pub(crate) struct Means<'a> {
    pub vault: &'a Vault,
    pub client: &'a Client,
    pub clock: &'a dyn Clock,
    /// When the run was due.
    pub fire: Ms,
    /// Where relative paths begin, `~` allowed; None: in the tower's own folder.
    pub folder: Option<PathBuf>,
}

/// What was seen: Ok if it is as the check says.
type Seen = Result<String, String>;

/// What a kind of check is given.
struct Look<'a> {
    means: &'a Means<'a>,
    limit: Duration,
    /// The check's templates, in their order, with the secrets in place; for PostgreSQL the secrets alone.
    filled: Vec<String>,
    lent: Lent,
    turn: Mutex<Option<OwnedSemaphorePermit>>,
}

/// The folder in which a cue's command works, and in which the relative paths of its checks begin.
pub(crate) fn folder_of(definition: &CueDefinition) -> Option<PathBuf> {
    let Transport::Command(command) = &definition.transport else { return None };
    command.cwd.as_ref().map(PathBuf::from)
}

/// Looks once, for no longer than the check allows once its turn has come. What it began is ended when the time is over or this
/// is dropped.
pub(crate) async fn perform(check: &Check, means: &Means<'_>) -> Proof {
    let limit = Duration::from_millis(check.timeout_ms);
    let began = means.clock.now();
    let seen = match turn(&check.what, limit).await {
        Ok(turn) => {
            let patience = if matches!(check.what, What::Url(_)) { limit + IN_LINE } else { limit };
            let seen = tokio::time::timeout(patience, seen(&check.what, means, limit, turn)).await;
            seen.unwrap_or_else(|_| Err(format!("nothing within {}", length_in_words(check.timeout_ms))))
        }
        Err(words) => Err(words),
    };
    let (passed, saw) = match seen {
        Ok(saw) => (true, saw),
        Err(saw) => (false, saw),
    };
    proof(check, passed, saw, began, means.clock.now())
}

/// Of a check that cannot be made at all.
pub(crate) fn not_made(check: &Check, why: String, now: Ms) -> Proof {
    proof(check, false, why, now, now)
}

fn proof(check: &Check, passed: bool, saw: String, began: Ms, at: Ms) -> Proof {
    Proof {
        check: check.words(),
        passed,
        saw: cut(saw),
        at,
        kind: check.what.word().to_owned(),
        detail: check.detail(),
        took_ms: at.since(began),
    }
}

/// Waits for as long as the look itself may take.
async fn turn(what: &What, limit: Duration) -> Result<Option<OwnedSemaphorePermit>, String> {
    let turns = match what {
        What::File(_)
        | What::Disk { .. }
        | What::Memory { .. }
        | What::Sql(SqlCheck { database: Database::Sqlite(_), .. }) => &BLOCKING,
        What::Command(_) | What::Git(_) | What::Sql(SqlCheck { database: Database::Postgres(_), .. }) => &BUSY,
        What::Url(_) | What::Secret { .. } => return Ok(None),
    };
    match tokio::time::timeout(limit, Arc::clone(turns).acquire_owned()).await {
        Ok(Ok(turn)) => Ok(Some(turn)),
        Ok(Err(_)) | Err(_) => Err("it was not looked at: too many other checks are under way".to_owned()),
    }
}

async fn seen(what: &What, means: &Means<'_>, limit: Duration, turn: Option<OwnedSemaphorePermit>) -> Seen {
    let templates = match what {
        // An address needs its secrets one by one.
        What::Sql(SqlCheck { database: Database::Postgres(template), .. }) => postgres::templates(template),
        other => other.templates().into_iter().map(str::to_owned).collect(),
    };
    let unnamed: Vec<(String, String)> = templates.into_iter().map(|template| (String::new(), template)).collect();
    let secrets::Filled { pairs, lent } = secrets::filled_from(means.vault, &unnamed).await?;
    for name in unnamed.iter().flat_map(|(_, template)| names_in(template)) {
        means.vault.was_used(Used::by_check(&name));
    }
    let filled = pairs.into_iter().map(|(_, value)| value).collect();
    let look = Look { means, limit, filled, lent, turn: Mutex::new(turn) };
    let seen = match what {
        What::File(check) => file::look(check, &look).await,
        What::Url(check) => url::look(check, &look).await,
        What::Command(check) => command::look(check, &look).await,
        What::Sql(SqlCheck { database: Database::Sqlite(path), query, gives }) => {
            sqlite::look(path, query, gives, &look).await
        }
        What::Sql(SqlCheck { database: Database::Postgres(template), query, gives }) => {
            postgres::look(template, query, gives, &look).await
        }
        What::Git(check) => git::look(check, &look).await,
        What::Disk { path, free_bytes } => machine::disk(path, *free_bytes, &look).await,
        What::Memory { free_bytes } => machine::memory(*free_bytes, &look).await,
        What::Secret { name } => secret(name, means.vault).await,
    };
    match seen {
        Ok(saw) => Ok(look.hidden(saw)),
        Err(saw) => Err(look.hidden(saw)),
    }
}

async fn secret(name: &str, vault: &Vault) -> Seen {
    match vault.get(name).await {
        Ok(Some(_)) => Ok("it is there".to_owned()),
        Ok(None) => Err("it is not there; add it under Secrets".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

impl Look<'_> {
    fn path(&self, written: &str) -> PathBuf {
        let path = expand_home(Path::new(written));
        match &self.means.folder {
            Some(folder) if path.is_relative() => expand_home(folder).join(path),
            Some(_) | None => path,
        }
    }

    /// Anything that may hold a secret goes through here before it is cut: half a secret is not found any more.
    fn hidden(&self, text: String) -> String {
        self.lent.hidden_in(text)
    }

    /// A look that blocks, on a thread of its own; it is told when nobody waits for it any more.
    async fn blocking<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Abandoned) -> T + Send + 'static,
    ) -> Result<T, String> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner).take();
        let abandoned = Abandoned::default();
        let _asking = Asking(abandoned.clone());
        let done = tokio::task::spawn_blocking(move || {
            // Kept for as long as the thread is busy, whoever has given up on it.
            let _turn = turn;
            job(&abandoned)
        });
        done.await.map_err(|error| format!("the look was broken off: {error}"))
    }
}

/// Whether whoever asked has gone away.
#[derive(Clone, Default)]
struct Abandoned(Arc<AtomicBool>);

impl Abandoned {
    fn yet(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

struct Asking(Abandoned);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

fn cut(text: String) -> String {
    if text.chars().count() <= SAW_CHARS_MAX {
        return text;
    }
    text.chars().take(SAW_CHARS_MAX - 1).chain(['…']).collect()
}
