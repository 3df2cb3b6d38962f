//! Workers: who fetches runs, what they can do, and when they were last heard of.

use cuetower_core::Ms;
use rusqlite::{Connection, params};

pub(super) const SCHEMA: &str = "
CREATE TABLE workers (
  id TEXT PRIMARY KEY,
  handlers TEXT NOT NULL,
  registered_at_ms INTEGER NOT NULL,
  last_seen_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;";

/// Kept at most; the one not heard of for longest goes first.
const KEPT: u32 = 1_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerRow {
    pub id: String,
    /// Tasks it says it can do.
    pub handlers: Vec<String>,
    pub registered_at: Ms,
    pub last_seen: Ms,
}

/// A sign of life.
pub(super) fn seen(connection: &Connection, id: &str, handlers: &[String], at: Ms) -> rusqlite::Result<()> {
    let handlers = serde_json::Value::from(handlers.to_vec()).to_string();
    connection
        .prepare_cached(
            "INSERT INTO workers (id, handlers, registered_at_ms, last_seen_ms) VALUES (?1, ?2, ?3, ?3)
             ON CONFLICT (id) DO UPDATE SET handlers = excluded.handlers, last_seen_ms = excluded.last_seen_ms",
        )?
        .execute(params![id, handlers, at.0])?;
    let most = "DELETE FROM workers WHERE (SELECT count(*) FROM workers) > ?1
        AND id IN (SELECT id FROM workers ORDER BY last_seen_ms LIMIT 1)";
    connection.prepare_cached(most)?.execute([KEPT])?;
    Ok(())
}

pub(super) fn drop(connection: &Connection, id: &str) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM workers WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Newest sign of life first.
pub(super) fn list(connection: &Connection) -> rusqlite::Result<Vec<WorkerRow>> {
    connection
        .prepare_cached(
            "SELECT id, handlers, registered_at_ms, last_seen_ms FROM workers ORDER BY last_seen_ms DESC, id",
        )?
        .query_map([], |row| {
            Ok(WorkerRow {
                id: row.get(0)?,
                handlers: super::reader::json(row, 1)?,
                registered_at: Ms(row.get(2)?),
                last_seen: Ms(row.get(3)?),
            })
        })?
        .collect()
}
