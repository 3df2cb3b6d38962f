//! Attempt numbers that were used. The primary key is the promise: none is used twice.

use cuetower_core::Ms;
use rusqlite::{Connection, params};

pub(super) const SCHEMA: &str = "
CREATE TABLE attempts (
  run_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  began_at_ms INTEGER NOT NULL,
  PRIMARY KEY (run_id, number)
) STRICT, WITHOUT ROWID;";

pub(super) fn begin(connection: &Connection, run_id: &str, number: u32, at: Ms) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO attempts (run_id, number, began_at_ms) VALUES (?1, ?2, ?3)")?
        .execute(params![run_id, number, at.0])?;
    Ok(())
}
