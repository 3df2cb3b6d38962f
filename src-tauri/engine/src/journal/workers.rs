//! Workers: who fetches runs, what they can do, and when they were last heard of.

use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use rusqlite::{Connection, params};

pub(super) const SCHEMA: &str = "
CREATE TABLE workers (
  id TEXT NOT NULL,
  handlers TEXT NOT NULL,
  registered_at_ms INTEGER NOT NULL,
  last_seen_ms INTEGER NOT NULL,
  account TEXT NOT NULL,
  PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;";

/// Until format 3 all workers were the owner's.
pub(super) const FROM_FORMAT_3: &str = "
INSERT INTO workers (id, handlers, registered_at_ms, last_seen_ms, account)
  SELECT id, handlers, registered_at_ms, last_seen_ms, '' FROM workers_3;";

/// Kept at most; the one not heard of for longest goes first.
const KEPT: u32 = 1_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerRow {
    pub account: AccountId,
    pub id: String,
    /// Tasks it says it can do.
    pub handlers: Vec<String>,
    pub registered_at: Ms,
    pub last_seen: Ms,
}

/// A sign of life of a worker, and the tasks it can do.
#[derive(Debug, Clone)]
pub struct WorkerSeen {
    pub account: AccountId,
    pub id: String,
    pub handlers: Vec<String>,
    pub at: Ms,
}

/// A sign of life.
pub(super) fn seen(connection: &Connection, seen: &WorkerSeen) -> rusqlite::Result<()> {
    let WorkerSeen { account, id, handlers, at } = seen;
    let handlers = serde_json::Value::from(handlers.clone()).to_string();
    connection
        .prepare_cached(
            "INSERT INTO workers (id, handlers, registered_at_ms, last_seen_ms, account) VALUES (?1, ?2, ?3, ?3, ?4)
             ON CONFLICT (account, id) DO UPDATE SET handlers = excluded.handlers, last_seen_ms = excluded.last_seen_ms",
        )?
        .execute(params![id, handlers, at.0, account.0])?;
    let most = "DELETE FROM workers WHERE (SELECT count(*) FROM workers) > ?1
        AND (account, id) IN (SELECT account, id FROM workers ORDER BY last_seen_ms LIMIT 1)";
    connection.prepare_cached(most)?.execute([KEPT])?;
    Ok(())
}

pub(super) fn drop(connection: &Connection, account: &AccountId, id: &str) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM workers WHERE account = ?1 AND id = ?2")?.execute([&account.0, id])?;
    Ok(())
}

/// Newest sign of life first; those of one account, if asked.
pub(super) fn list(connection: &Connection, account: Option<&str>) -> rusqlite::Result<Vec<WorkerRow>> {
    connection
        .prepare_cached(
            "SELECT id, handlers, registered_at_ms, last_seen_ms, account FROM workers WHERE ?1 IS NULL OR account = ?1 ORDER BY last_seen_ms DESC, id",
        )?
        .query_map([account], |row| {
            Ok(WorkerRow {
                account: AccountId(row.get(4)?),
                id: row.get(0)?,
                handlers: super::reader::json(row, 1)?,
                registered_at: Ms(row.get(2)?),
                last_seen: Ms(row.get(3)?),
            })
        })?
        .collect()
}
