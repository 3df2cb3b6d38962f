//! Read-only connections for everybody but the pilot.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use cuetower_core::Ms;
use cuetower_core::away::Band;
use cuetower_core::cue::Cue;
use cuetower_core::lane::Lane;
use cuetower_core::run::Run;
use rusqlite::{Connection, OpenFlags, Row};
use serde::de::DeserializeOwned;

use super::{
    AlertRow, FORMAT, KeyRow, LaneFacts, OccurrenceRow, OutputRow, PassedRow, RunFilter, SecretRow, StoreError,
    WorkerRow,
};
use super::{alerts, audit, bands, cues, entries, keys, lanes, occurrences, outputs, runs, secrets, tower, workers};

/// Idle connections kept.
const KEPT: usize = 4;

/// Cheap to clone. Each call takes a connection of its own and runs off the async threads.
#[derive(Clone)]
pub struct Reader {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

macro_rules! queries {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) -> $result:ty = $query:path;)*) => {
        impl Reader {
            $($(#[$doc])* pub async fn $name(&self, $($argument: $type),*) -> Result<$result, StoreError> {
                self.query(move |connection| $query(connection, $($argument.by()),*)).await
            })*
        }
    };
}

/// How an owned argument is lent to a query.
trait By {
    type Lent<'a>
    where
        Self: 'a;
    fn by(&self) -> Self::Lent<'_>;
}

impl By for String {
    type Lent<'a> = &'a str;
    fn by(&self) -> &str {
        self
    }
}

impl By for Option<String> {
    type Lent<'a> = Option<&'a str>;
    fn by(&self) -> Option<&str> {
        self.as_deref()
    }
}

impl By for u32 {
    type Lent<'a> = u32;
    fn by(&self) -> u32 {
        *self
    }
}

impl By for Ms {
    type Lent<'a> = Ms;
    fn by(&self) -> Ms {
        *self
    }
}

impl By for Option<Ms> {
    type Lent<'a> = Option<Ms>;
    fn by(&self) -> Option<Ms> {
        *self
    }
}

impl By for RunFilter {
    type Lent<'a> = &'a RunFilter;
    fn by(&self) -> &RunFilter {
        self
    }
}

impl By for Arc<Run> {
    type Lent<'a> = &'a Run;
    fn by(&self) -> &Run {
        self
    }
}

queries! {
    /// Also a deleted one.
    cue(id: String) -> Option<Cue> = cues::get;
    /// Newest first, and how many there are in all; `account` None: everybody's.
    cues(account: Option<String>, status: Option<String>, limit: u32, offset: u32) -> (Vec<Cue>, u32) = cues::list;
    run(id: String) -> Option<Run> = runs::get;
    /// Newest sign of life first; `account` None: everybody's.
    workers(account: Option<String>) -> Vec<WorkerRow> = workers::list;
    runs(filter: RunFilter) -> (Vec<Run>, u32) = runs::list;
    /// Median length of a cue's newest good runs, in milliseconds, and of how many runs.
    typical_run_ms(cue_id: String) -> Option<(u64, u32)> = runs::typical_ms;
    /// The lane of a cue as it stands; None for a deleted one.
    lane(cue_id: String) -> Option<Lane> = lanes::get;
    neighbours(run: Arc<Run>) -> (Option<String>, Option<String>) = runs::neighbours;
    outputs(run_id: String) -> Vec<OutputRow> = outputs::of_run;
    /// Due in `[from, to)`, newest first.
    occurrences_between(from: Ms, to: Ms, limit: u32) -> Vec<OccurrenceRow> = occurrences::between;
    /// Due before an instant, newest first; `account` None: everybody's.
    occurrences_page(account: Option<String>, cue_id: Option<String>, before: Ms, limit: u32) -> Vec<OccurrenceRow> = occurrences::page;
    occurrence_of_run(run_id: String) -> Option<OccurrenceRow> = occurrences::of_run;
    /// Those that wait for the owner's word, oldest first.
    occurrences_asking() -> Vec<OccurrenceRow> = occurrences::asking;
    /// What became of the scheduled instants of each cue in `[from, to)`.
    occurrences_passed(from: Ms, to: Ms) -> Vec<PassedRow> = occurrences::passed;
    /// Bands that touch `[from, to)`, oldest first.
    bands(from: Ms, to: Ms) -> Vec<Band> = bands::between;
    /// Up to when the owner has been told what was missed.
    briefed() -> Option<Ms> = tower::briefed;
    /// Last instant the tower is known to have been up.
    alive_at() -> Option<Ms> = tower::alive_at;
    /// Every cue there has been, with its name; deleted ones too.
    cue_names() -> Vec<(String, String)> = cues::names;
    /// The facts of a lane that its audit reads, from an instant on; None: from the beginning.
    lane_facts(cue_id: String, from: Option<Ms>) -> LaneFacts = audit::facts;
    alerts(limit: u32) -> Vec<AlertRow> = alerts::list;
    alert(id: String) -> Option<AlertRow> = alerts::get;
    /// By the SHA-256 of the key, in hex.
    key(hash: String) -> Option<KeyRow> = keys::get;
    secrets() -> Vec<SecretRow> = secrets::list;
    /// Whether the owner paused all firing.
    firing_paused() -> bool = tower::paused;
    /// Journal sequence of the last fact.
    last_seq() -> u64 = entries::last_seq;
}

impl Reader {
    /// Of a store that is there, whether a tower has it open or not. It must be of this program's format.
    pub fn on(path: &Path) -> Result<Reader, StoreError> {
        let shared = Shared { path: path.to_owned(), idle: Mutex::new(Vec::new()) };
        let found = shared.run(|connection| connection.query_row("PRAGMA user_version", [], |row| row.get(0)))?;
        match found {
            FORMAT => Ok(Reader { shared: Arc::new(shared) }),
            found if found > FORMAT => Err(StoreError::NewerFormat { found }),
            _ => Err(StoreError::OlderFormat),
        }
    }

    pub(super) fn of(path: PathBuf) -> Reader {
        Reader { shared: Arc::new(Shared { path, idle: Mutex::new(Vec::new()) }) }
    }

    async fn query<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        let task = tokio::task::spawn_blocking(move || shared.run(work));
        task.await.map_err(|error| StoreError::Row(error.to_string()))?
    }
}

impl Shared {
    fn run<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let wrap = |source| StoreError::Sqlite { path: self.path.clone(), source };
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.open().map_err(wrap)?,
        };
        let result = work(&connection).map_err(wrap);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(connection);
        }
        result
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        Ok(connection)
    }
}

/// A column that holds JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into()))
}
