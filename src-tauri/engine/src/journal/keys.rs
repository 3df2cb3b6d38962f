//! API keys of the agents' door: their hashes, never the keys.

use cuetower_core::Ms;
use rusqlite::{Connection, OptionalExtension, params};

pub(super) const SCHEMA: &str = "
CREATE TABLE keys (
  hash TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;";

/// Keys of the owner kept at most: with a vault that forgets, each start makes a new one.
const KEPT_PER_NAME: u32 = 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// SHA-256 of the key, in hex.
    pub hash: String,
    pub name: String,
    /// Words, separated by spaces: `commands`, `cues`, `report`.
    pub scopes: String,
    pub created_at: Ms,
}

pub(super) fn insert(connection: &Connection, key: &KeyRow) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO keys (hash, name, scopes, created_at_ms) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![key.hash, key.name, key.scopes, key.created_at.0])?;
    connection
        .prepare_cached(
            "DELETE FROM keys WHERE name = ?1 AND hash NOT IN (SELECT hash FROM keys WHERE name = ?1 ORDER BY created_at_ms DESC LIMIT ?2)",
        )?
        .execute(params![key.name, KEPT_PER_NAME])?;
    Ok(())
}

pub(super) fn get(connection: &Connection, hash: &str) -> rusqlite::Result<Option<KeyRow>> {
    connection
        .prepare_cached("SELECT hash, name, scopes, created_at_ms FROM keys WHERE hash = ?1")?
        .query_row([hash], |row| {
            Ok(KeyRow { hash: row.get(0)?, name: row.get(1)?, scopes: row.get(2)?, created_at: Ms(row.get(3)?) })
        })
        .optional()
}
