//! Names of the secrets that the vault holds. Values never come here.

use cuetower_core::Ms;
use rusqlite::{Connection, params};

pub(super) const SCHEMA: &str = "
CREATE TABLE secrets (
  name TEXT PRIMARY KEY,
  updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRow {
    pub name: String,
    pub updated_at: Ms,
}

pub(super) fn keep(connection: &Connection, name: &str, at: Ms) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO secrets (name, updated_at_ms) VALUES (?1, ?2)")?
        .execute(params![name, at.0])?;
    Ok(())
}

pub(super) fn drop(connection: &Connection, name: &str) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM secrets WHERE name = ?1")?.execute([name])?;
    Ok(())
}

pub(super) fn list(connection: &Connection) -> rusqlite::Result<Vec<SecretRow>> {
    connection
        .prepare_cached("SELECT name, updated_at_ms FROM secrets ORDER BY name")?
        .query_map([], |row| Ok(SecretRow { name: row.get(0)?, updated_at: Ms(row.get(1)?) }))?
        .collect()
}
