//! The owner's fuses: one row, which is there once he has said something.

use cuetower_core::fuse::Limits;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::reader::json;
use super::{Journal, StoreError};

pub(super) const SCHEMA: &str = "
CREATE TABLE fuses (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  body TEXT NOT NULL
) STRICT;";

impl Journal {
    /// As they are unless the owner said otherwise.
    pub fn fuses(&self) -> Result<Limits, StoreError> {
        self.guard(limits)
    }
}

pub(super) fn limits(connection: &Connection) -> rusqlite::Result<Limits> {
    let mut kept = connection.prepare_cached("SELECT body FROM fuses")?;
    Ok(kept.query_row([], |row| json(row, 0)).optional()?.unwrap_or_default())
}

pub(super) fn keep(connection: &Connection, limits: &Limits) -> rusqlite::Result<()> {
    let body = serde_json::to_string(limits).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let sql = "INSERT INTO fuses (id, body) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET body = excluded.body";
    connection.prepare_cached(sql)?.execute(params![body]).map(drop)
}
