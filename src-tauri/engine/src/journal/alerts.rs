//! Alerts, open and past.

use cuetower_core::alert::Alert;
use rusqlite::{Connection, OptionalExtension, params};

use super::reader::json;

pub(super) const SCHEMA: &str = "
CREATE TABLE alerts (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  cue_id TEXT NOT NULL,
  state TEXT NOT NULL,
  last_at_ms INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX alerts_by_last ON alerts (last_at_ms);";

pub type AlertRow = Alert;

pub(super) fn upsert(connection: &Connection, alert: &Alert) -> rusqlite::Result<()> {
    let body = serde_json::to_string(alert).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    connection
        .prepare_cached(
            "INSERT INTO alerts (id, kind, cue_id, state, last_at_ms, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (id) DO UPDATE SET state = excluded.state, last_at_ms = excluded.last_at_ms, body = excluded.body",
        )?
        .execute(params![alert.id.0, alert.kind.word(), alert.cue_id.0, alert.state.word(), alert.last_at.0, body])?;
    Ok(())
}

/// Unresolved ones first, then newest first.
pub(super) fn list(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<AlertRow>> {
    connection
        .prepare_cached("SELECT body FROM alerts ORDER BY state = 'resolved', last_at_ms DESC, id LIMIT ?1")?
        .query_map([limit], |row| json(row, 0))?
        .collect()
}

pub(super) fn get(connection: &Connection, id: &str) -> rusqlite::Result<Option<AlertRow>> {
    connection
        .prepare_cached("SELECT body FROM alerts WHERE id = ?1")?
        .query_row(params![id], |row| json(row, 0))
        .optional()
}
