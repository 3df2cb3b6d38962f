//! Cues as they stand. Deleted ones stay, so that their history keeps a name.

use cuetower_core::Ms;
use cuetower_core::cue::{Cue, CueStatus};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::reader::json;

pub(super) const SCHEMA: &str = "
CREATE TABLE cues (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  status TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  body TEXT NOT NULL,
  run_count INTEGER NOT NULL DEFAULT 0,
  last_run_at_ms INTEGER,
  account TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX cues_by_name ON cues (account, name) WHERE status <> 'deleted';";

/// In format 1 the counts stood in the body alone.
pub(super) const FROM_FORMAT_1: &str = "
INSERT INTO cues (id, name, status, created_at_ms, body, run_count, last_run_at_ms)
  SELECT id, name, status, created_at_ms, body, json_extract(body, '$.run_count'), json_extract(body, '$.last_run_at')
  FROM cues_1;";

/// Until format 3 all cues were the owner's.
pub(super) const FROM_FORMAT_3: &str = "
ALTER TABLE cues ADD COLUMN account TEXT NOT NULL DEFAULT '';
DROP INDEX cues_by_name;
CREATE UNIQUE INDEX cues_by_name ON cues (account, name) WHERE status <> 'deleted';";

/// A run of the cue began.
pub(super) fn count_run(connection: &Connection, id: &str, run_count: u64, at: Option<Ms>) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE cues SET run_count = ?2, last_run_at_ms = ?3 WHERE id = ?1")?
        .execute(params![id, run_count as i64, at.map(|at| at.0)])?;
    Ok(())
}

pub(super) fn upsert(connection: &Connection, cue: &Cue) -> rusqlite::Result<()> {
    let body = serde_json::to_string(cue).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    connection
        .prepare_cached(
            "INSERT INTO cues (id, name, status, created_at_ms, body, account) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, status = excluded.status, body = excluded.body",
        )?
        .execute(params![
            cue.id.0,
            cue.definition.name,
            status_word(cue.status),
            cue.created_at.0,
            body,
            cue.definition.account.0
        ])?;
    count_run(connection, cue.id.as_str(), cue.run_count, cue.last_run_at)
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
    connection
        .prepare_cached("SELECT body, run_count, last_run_at_ms FROM cues WHERE id = ?1")?
        .query_row([id], body)
        .optional()
}

/// Newest first; those of one account and of one status, if asked. Also returns how many there are in all.
pub(super) fn list(
    connection: &Connection,
    account: Option<&str>,
    status: Option<&str>,
    limit: u32,
    offset: u32,
) -> rusqlite::Result<(Vec<Cue>, u32)> {
    let which = "FROM cues WHERE status <> 'deleted' AND (?1 IS NULL OR status = ?1) AND (?2 IS NULL OR account = ?2)";
    let total = connection.query_row(&format!("SELECT count(*) {which}"), [status, account], |row| row.get(0))?;
    let cues = connection
        .prepare_cached(&format!(
            "SELECT body, run_count, last_run_at_ms {which} ORDER BY created_at_ms DESC, id LIMIT ?3 OFFSET ?4"
        ))?
        .query_map(params![status, account, limit, offset], body)?
        .collect::<rusqlite::Result<_>>()?;
    Ok((cues, total))
}

/// Id and name of every cue there has been.
pub(super) fn names(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare_cached("SELECT id, name FROM cues ORDER BY created_at_ms, id")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn body(row: &Row<'_>) -> rusqlite::Result<Cue> {
    let cue: Cue = json(row, 0)?;
    let last_run_at = row.get::<_, Option<i64>>(2)?.map(Ms);
    Ok(Cue { run_count: row.get::<_, i64>(1)? as u64, last_run_at, ..cue })
}
