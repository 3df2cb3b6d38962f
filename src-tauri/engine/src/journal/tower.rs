//! What the tower knows of itself: when it was last up, whether it stopped in order, whether firing is paused.

use cuetower_core::Ms;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Journal, StoreError};

pub(super) const SCHEMA: &str = "
CREATE TABLE tower (
  key TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;";

/// Lane of the tower's own facts in the journal.
pub const TOWER_LANE: &str = "tower";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Liveness {
    /// Last instant the tower is known to have been up. None in a new store.
    pub alive_at: Option<Ms>,
    /// The newest such instant, whatever the clock was set back to later.
    pub newest_at: Option<Ms>,
    /// It stopped in order: nothing was under way unrecorded.
    pub orderly: bool,
    /// It came out of a backup and no tower has run on it since: how the one ended that it is of, nobody knows.
    pub restored: bool,
    /// The owner paused all firing.
    pub paused: bool,
}

/// What `orderly` holds in a store that comes out of a backup, until the first tower starts on it.
const RESTORED: i64 = 2;

impl Journal {
    pub fn liveness(&self) -> Result<Liveness, StoreError> {
        self.guard(|connection| {
            Ok(Liveness {
                alive_at: get(connection, "alive_at_ms")?.map(Ms),
                newest_at: get(connection, "newest_alive_ms")?.map(Ms),
                orderly: get(connection, "orderly")? == Some(1),
                restored: get(connection, "orderly")? == Some(RESTORED),
                paused: get(connection, "paused")? == Some(1),
            })
        })
    }
}

/// Up to when the owner has been told what was missed. None: never.
pub(super) fn briefed(connection: &Connection) -> rusqlite::Result<Option<Ms>> {
    Ok(get(connection, "briefed_ms")?.map(Ms))
}

/// Last instant the tower is known to have been up.
pub(super) fn alive_at(connection: &Connection) -> rusqlite::Result<Option<Ms>> {
    Ok(get(connection, "alive_at_ms")?.map(Ms))
}

pub(super) fn paused(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(get(connection, "paused")? == Some(1))
}

/// Whether there is anything that its owner made: a cue, an agent, a secret, also one that is gone.
pub(super) fn has_something(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM cues) OR EXISTS (SELECT 1 FROM agents) OR EXISTS (SELECT 1 FROM secrets)";
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
}

pub(super) fn get(connection: &Connection, key: &str) -> rusqlite::Result<Option<i64>> {
    connection.prepare_cached("SELECT value FROM tower WHERE key = ?1")?.query_row([key], |row| row.get(0)).optional()
}

/// The store is a backup's.
pub(super) fn restored(connection: &Connection) -> rusqlite::Result<()> {
    set(connection, "orderly", RESTORED)
}

/// A sign of life.
pub(super) fn alive(connection: &Connection, at: Ms) -> rusqlite::Result<()> {
    set(connection, "alive_at_ms", at.0)?;
    let newest = get(connection, "newest_alive_ms")?;
    if newest.is_none_or(|newest| newest < at.0) { set(connection, "newest_alive_ms", at.0) } else { Ok(()) }
}

pub(super) fn set(connection: &Connection, key: &str, value: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO tower (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )?
        .execute(params![key, value])?;
    Ok(())
}
