//! The store: the append-only journal, and the read tables that follow from it, in one SQLite file.
//!
//! The one writing connection is `Journal`, owned by the pilot; everybody else reads through `Reader`. Each table file
//! owns its schema, its rows and its queries. No other folder names `rusqlite`.

mod accounts;
mod addresses;
mod agent_commands;
mod agents;
mod alert_rules;
mod alerts;
mod attempts;
mod audit;
mod backup;
mod backup_checksum;
mod bands;
mod beats;
mod cells;
mod channels;
mod commit;
mod costs;
mod costs_apart;
mod counts;
mod cues;
mod entries;
mod facts;
mod fuses;
mod gates;
mod gauges;
#[cfg(test)]
mod heard;
mod keys;
mod lanes;
mod live_sessions;
mod logins;
mod messages;
mod migration;
mod occurrences;
mod otlp_out;
mod outbox;
mod outputs;
#[cfg(test)]
mod plans;
mod prices;
mod put_away;
mod put_away_plan;
mod reader;
mod recording;
mod report;
mod runs;
mod search;
mod search_filling;
mod search_forgetting;
mod search_read;
mod secrets;
mod shrinking;
mod spans_apart;
mod steps;
mod steps_read;
mod steps_tree;
mod subscriptions;
mod tower;
mod usual;
mod watches;
mod workers;

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use thiserror::Error;

use crate::private;

pub use accounts::AccountRow;
pub use addresses::{AddressRow, KnownAddress};
pub use alert_rules::ReportTold;
pub use alerts::{AccountAlertRow, AlertFilter, AlertRow};
pub use audit::{LaneFacts, Start};
pub use backup::{
    BackupSeen, CarriedFile, CopyProgress, check as check_backup, is_staged, seen_in, stage, take_staged,
};
pub use beats::{BeatRow, DaySum, MinuteSum};
pub use cells::{CELLS_MAX, CELLS_OF_ALL, CellRow, CellsAsk, LaneCellsRow, PastRow};
pub use channels::{BeaconRow, ChannelRow};
pub use commit::{Commit, OccurrenceChange, SnapshotRow};
pub use costs::{AgentSpent, DisagreementRow, ModelSpent, RunsDue, SpentRow};
pub use costs_apart::SpentApart;
pub use counts::{UsageRow, VitalsRow};
pub(crate) use cues::status_word;
pub use entries::Entry;
pub use facts::{StoreFacts, TableFacts, facts, look_through, tables};
pub(crate) use fuses::beats_used;
pub use gates::{GATES_LANE, GateChange, GateFilter, GateRow, WaitingGateRow};
pub use gauges::{GaugesRow, RUN_STATES, store_bytes};
pub use keys::{KeyRow, OWNERS, PREFIX_CHARS};
pub use lanes::{ALERTS_LANE, Loaded, POOLS_LANE, load};
pub use live_sessions::LiveSessionRow;
pub use logins::{LoginRow, LoginState};
pub use messages::{Errands, MessageFilter, MessageRow, Side, ToldRow};
pub use occurrences::{OccurrenceRow, PassedRow, SpanRow};
pub use otlp_out::{EndedRuns, OtlpOutRow};
pub use outbox::{OutboxNote, OutboxRow, ToldOf};
pub use outputs::OutputRow;
pub use prices::PriceRow;
pub use put_away::{Going, LeftRow, Slice, SliceDone};
pub use put_away_plan::{Candidate, Candidates, FactsSeen, LaneCut, StoreSize};
pub use reader::Reader;
pub use recording::Recorder;
pub(crate) use recording::{Recorded, Recording};
pub use runs::{RunFilter, RunRow, RunStats, status_word as run_status_word};
pub use search_read::{SearchAsk, SearchDoc, SearchPart, SearchRun, search_doc_at};
pub use secrets::{SecretRow, SecretUseRow};
pub use spans_apart::ApartRow;
pub use steps::{STEPS_LANE, StepOwner, StepsChange, StepsKept};
pub use steps_read::{SpendRow, StepGroup, StepRow};
pub use subscriptions::{EventRow, SubscriptionRow};
pub use tower::{Liveness, TOWER_LANE};
pub use usual::{SampleRow, UsualChange};
pub use watches::WatchRow;
pub use workers::{WorkerRow, WorkerSeen};

/// Format of the file. An older program refuses a newer file.
const FORMAT: i64 = 9;
const CACHE_KIB: i64 = 32 * 1024;
/// SQLite's own choice for a new file.
const PAGE_BYTES: u64 = 4096;
/// What is left of the write-ahead log after a checkpoint, at most.
const WAL_KEPT_BYTES: i64 = 16 * 1024 * 1024;
/// Oldest SQLite we trust with WAL resets under several readers.
const SQLITE_LEAST: (i32, &str) = (3_053_000, "3.53.0");

#[derive(Debug, Error)]
pub enum StoreError {
    #[error("the store at {path} could not be used: {source}", path = path.display())]
    Sqlite { path: PathBuf, source: rusqlite::Error },
    #[error("this program carries SQLite {found}; Cuetower needs {least} or newer", least = SQLITE_LEAST.1)]
    OldSqlite { found: String },
    #[error(
        "the store was written by a newer Cuetower (format {found}, this one knows {FORMAT}); install that version to open it"
    )]
    NewerFormat { found: i64 },
    #[error("the store was written by an older Cuetower; start the tower on it once, which brings it up to date")]
    OlderFormat,
    #[error("another Cuetower has this data folder open ({}); close it first, or choose another with --data", .0.display())]
    InUse(PathBuf),
    #[error("the data folder {} could not be prepared: {}", .0.display(), .1)]
    Folder(PathBuf, std::io::Error),
    #[error("a row of the store could not be read: {0}")]
    Row(String),
    #[error("{} is no backup of a tower", .0.display())]
    NoBackup(PathBuf),
    #[error("{} is damaged, so nothing was taken out of it: {}", .0.display(), .1)]
    Damaged(PathBuf, String),
    #[error("the copy to {} was broken off", .0.display())]
    Broken(PathBuf),
    #[error("there is too little room on the disk: {} MB free, and {} MB are wanted", .free / 1_000_000, .wanted / 1_000_000)]
    NoRoom { free: u64, wanted: u64 },
}

impl StoreError {
    /// Whether the store works, and refused what was to be written: not for want of room, of a disk, or of its turn.
    #[must_use]
    pub fn is_about_what_was_written(&self) -> bool {
        use rusqlite::ErrorCode;
        match self {
            StoreError::Sqlite { source: rusqlite::Error::SqliteFailure(error, _), .. } => matches!(
                error.code,
                ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig | ErrorCode::Unknown
            ),
            StoreError::Sqlite { source, .. } => matches!(source, rusqlite::Error::ToSqlConversionFailure(_)),
            StoreError::OldSqlite { .. }
            | StoreError::NewerFormat { .. }
            | StoreError::OlderFormat
            | StoreError::InUse(_)
            | StoreError::Folder(..)
            | StoreError::Row(_)
            | StoreError::NoBackup(_)
            | StoreError::Damaged(..)
            | StoreError::NoRoom { .. }
            | StoreError::Broken(_) => false,
        }
    }
}

/// Somebody else who writes in the store and does not come to an end, until it is dropped.
#[cfg(test)]
pub(crate) fn held_by_another(data_dir: &Path) -> impl Drop + use<> {
    struct Held(Connection);
    impl Drop for Held {
        fn drop(&mut self) {
            self.0.execute_batch("ROLLBACK").unwrap();
        }
    }
    let other = Connection::open(data_dir.join("cuetower.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    Held(other)
}

/// The writer. One per data folder: a lock file says whose it is.
pub struct Journal {
    connection: Connection,
    path: PathBuf,
    _lock: Lock,
}

impl Journal {
    /// Opens or creates `cuetower.db` in the folder, which is made private to the user.
    pub fn open(data_dir: &Path) -> Result<Journal, StoreError> {
        private::folder(data_dir).map_err(|error| StoreError::Folder(data_dir.to_owned(), error))?;
        let lock = lock(data_dir)?;
        if rusqlite::version_number() < SQLITE_LEAST.0 {
            return Err(StoreError::OldSqlite { found: rusqlite::version().to_owned() });
        }
        let path = data_dir.join("cuetower.db");
        // Made before SQLite makes it, whose log and index beside it are as open as it is.
        for file in [path.clone(), path.with_extension("db-wal"), path.with_extension("db-shm")] {
            if file == path || file.exists() {
                drop(private::file(&file).map_err(|error| StoreError::Folder(file, error))?);
            }
        }
        let connection = open_writer(&path).map_err(|source| StoreError::Sqlite { path: path.clone(), source })?;
        let journal = Journal { connection, path, _lock: lock };
        journal.migrate()?;
        journal.shrink_if_small();
        Ok(journal)
    }

    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::of(self.path.clone())
    }

    fn migrate(&self) -> Result<(), StoreError> {
        let found: i64 = self.guard(|connection| connection.query_row("PRAGMA user_version", [], |row| row.get(0)))?;
        if found > FORMAT {
            return Err(StoreError::NewerFormat { found });
        }
        if found == FORMAT {
            return Ok(());
        }
        if found > 0 {
            let data_dir = self.path.parent().unwrap_or(&self.path);
            let kept = self.keep_old_format(data_dir, found)?;
            tracing::info!(from = found, to = FORMAT, kept = %kept.display(), "the store is brought up to date");
            return self.guard(|connection| migration::bring(connection, found));
        }
        let schemas = [
            entries::SCHEMA,
            lanes::SCHEMA,
            cues::SCHEMA,
            occurrences::SCHEMA,
            runs::SCHEMA,
            attempts::SCHEMA,
            outputs::SCHEMA,
            alerts::SCHEMA,
            keys::SCHEMA,
            secrets::SCHEMA,
            secrets::BESIDE,
            tower::SCHEMA,
            bands::SCHEMA,
            audit::SCHEMA,
            workers::SCHEMA,
            agents::SCHEMA,
            beats::SCHEMA,
            agent_commands::SCHEMA,
            addresses::SCHEMA,
            messages::SCHEMA,
            subscriptions::SCHEMA,
            live_sessions::SCHEMA,
            counts::SCHEMA,
            accounts::SCHEMA,
            logins::SCHEMA,
            steps::SCHEMA,
            usual::SCHEMA,
            watches::SCHEMA,
            fuses::SCHEMA,
            gates::SCHEMA,
            prices::SCHEMA,
            costs::SCHEMA,
            otlp_out::SCHEMA,
            channels::SCHEMA,
            outbox::SCHEMA,
            alert_rules::SCHEMA,
            search::SCHEMA,
            put_away::SCHEMA,
        ];
        let all = format!("BEGIN;\n{}\nPRAGMA user_version = {FORMAT};\nCOMMIT;", schemas.join("\n"));
        self.guard(|connection| connection.execute_batch(&all))
    }

    /// Brings what is in the write-ahead log into the database, as far as no reader needs it there. Costs as much as was written.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        self.guard(|connection| connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())))
    }

    /// What [`Journal::checkpoint`] would have to bring in.
    pub fn unchecked_bytes(&self) -> Result<u64, StoreError> {
        self.guard(|connection| {
            // Brings nothing in: it only tells how many pages the log has, and how many of them are in already.
            let mut counts = connection.prepare_cached("PRAGMA wal_checkpoint(NOOP)")?;
            let pages: i64 = counts.query_row([], |row| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?))?;
            Ok(u64::try_from(pages).unwrap_or(0) * PAGE_BYTES)
        })
    }

    fn guard<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        work(&self.connection).map_err(|source| StoreError::Sqlite { path: self.path.clone(), source })
    }
}

fn open_writer(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    // Of a new file, before it has anything in it: what retention frees goes back to the disk. Said again it would be written
    // again, also into a store that a newer program has written.
    if connection.query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0))? == 0 {
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "OFF")?;
    // A burst touches more pages than SQLite's 2 MB hold.
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // Not in the middle of a commit: the pilot chooses the moment (`Journal::checkpoint`).
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", WAL_KEPT_BYTES)?;
    connection.set_prepared_statement_cache_capacity(256);
    Ok(connection)
}

/// Let go of by name: a program that is just being started has every open file too, until it is under way.
struct Lock(std::fs::File);

impl Drop for Lock {
    fn drop(&mut self) {
        drop(self.0.unlock());
    }
}

fn lock(data_dir: &Path) -> Result<Lock, StoreError> {
    let path = data_dir.join("lock");
    let file = private::file(&path).map_err(|error| StoreError::Folder(path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(_) => Err(StoreError::InUse(data_dir.to_owned())),
    }
}
