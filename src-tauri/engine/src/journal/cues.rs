//! Cues as they stand. Deleted ones stay, so that their history keeps a name.

use cuetower_core::cue::{Cue, CueStatus};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::reader::json;

pub(super) const SCHEMA: &str = "
CREATE TABLE cues (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  status TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX cues_by_name ON cues (name) WHERE status <> 'deleted';";

pub(super) fn upsert(connection: &Connection, cue: &Cue) -> rusqlite::Result<()> {
    let body = serde_json::to_string(cue).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    connection
        .prepare_cached(
            "INSERT INTO cues (id, name, status, created_at_ms, body) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, status = excluded.status, body = excluded.body",
        )?
        .execute(params![cue.id.0, cue.definition.name, status_word(cue.status), cue.created_at.0, body])?;
    Ok(())
}

/// As the doors and the table say it.
#[must_use]
pub(crate) fn status_word(status: CueStatus) -> &'static str {
    match status {
        CueStatus::Active => "active",
        CueStatus::Paused => "paused",
        CueStatus::Completed => "completed",
        CueStatus::Failed => "failed",
        CueStatus::Deleted => "deleted",
    }
}

pub(super) fn get(connection: &Connection, id: &str) -> rusqlite::Result<Option<Cue>> {
    connection.prepare_cached("SELECT body FROM cues WHERE id = ?1")?.query_row([id], body).optional()
}

/// Newest first; those of one status, if asked. Also returns how many there are in all.
pub(super) fn list(
    connection: &Connection,
    status: Option<&str>,
    limit: u32,
    offset: u32,
) -> rusqlite::Result<(Vec<Cue>, u32)> {
    let which = "FROM cues WHERE status <> 'deleted' AND (?1 IS NULL OR status = ?1)";
    let total = connection.query_row(&format!("SELECT count(*) {which}"), [status], |row| row.get(0))?;
    let cues = connection
        .prepare_cached(&format!("SELECT body {which} ORDER BY created_at_ms DESC, id LIMIT ?2 OFFSET ?3"))?
        .query_map(params![status, limit, offset], body)?
        .collect::<rusqlite::Result<_>>()?;
    Ok((cues, total))
}

/// Id and name of every cue there has been.
pub(super) fn names(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare_cached("SELECT id, name FROM cues ORDER BY created_at_ms, id")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn body(row: &Row<'_>) -> rusqlite::Result<Cue> {
    json(row, 0)
}
