//! The journal proper: every fact, in order. Unique by (lane, lane sequence), so that two towers can never both write one lane.

use cuetower_core::Ms;
use rusqlite::{Connection, params};

pub(super) const SCHEMA: &str = "
CREATE TABLE journal (
  seq INTEGER PRIMARY KEY,
  lane TEXT NOT NULL,
  lane_seq INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (lane, lane_seq)
) STRICT;";

/// One fact, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Cue id, or `alerts`, `tower`.
    pub lane: String,
    pub lane_seq: u64,
    pub at: Ms,
    pub kind: &'static str,
    /// The event as JSON.
    pub body: String,
}

/// Returns the journal sequence of the new row.
pub(super) fn append(connection: &Connection, epoch: i64, entry: &Entry) -> rusqlite::Result<u64> {
    connection
        .prepare_cached(
            "INSERT INTO journal (lane, lane_seq, epoch, at_ms, kind, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![entry.lane, entry.lane_seq as i64, epoch, entry.at.0, entry.kind, entry.body])?;
    Ok(u64::try_from(connection.last_insert_rowid()).unwrap_or(0))
}

pub(super) fn last_seq(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT coalesce(max(seq), 0) FROM journal")?
        .query_row([], |row| row.get::<_, i64>(0))
        .map(|seq| seq as u64)
}

/// Facts of one lane after `lane_seq`, oldest first: `(lane_seq, at, body)`.
pub(super) fn after(connection: &Connection, lane: &str, lane_seq: u64) -> rusqlite::Result<Vec<(u64, Ms, String)>> {
    connection
        .prepare_cached(
            "SELECT lane_seq, at_ms, body FROM journal WHERE lane = ?1 AND lane_seq > ?2 ORDER BY lane_seq",
        )?
        .query_map(params![lane, lane_seq as i64], |row| {
            Ok((row.get::<_, i64>(0)? as u64, Ms(row.get(1)?), row.get(2)?))
        })?
        .collect()
}
