//! Grey bands: when nothing could be fired, by the tower's own signs of life.

use cuetower_core::Ms;
use cuetower_core::away::{Band, Reason};
use rusqlite::{Connection, Row, params};

use super::{Journal, Recorder, StoreError};

pub(super) const SCHEMA: &str = "
CREATE TABLE bands (
  from_ms INTEGER PRIMARY KEY,
  to_ms INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT;";

impl Journal {
    /// The newest bands, oldest of them first.
    pub fn recent_bands(&self, limit: u32) -> Result<Vec<Band>, StoreError> {
        let mut bands: Vec<Band> = self.guard(|connection| {
            let sql = "SELECT from_ms, to_ms, reason FROM bands ORDER BY from_ms DESC LIMIT ?1";
            connection.prepare(sql)?.query_map([limit], band)?.collect()
        })?;
        bands.reverse();
        Ok(bands)
    }
}

impl Recorder<'_> {
    /// Those that touch `[from, to)`, oldest first.
    pub(crate) fn bands_between(&self, from: Ms, to: Ms) -> Result<Vec<Band>, StoreError> {
        self.with(|connection| between(connection, from, to))
    }
}

pub(super) fn upsert(connection: &Connection, band: &Band) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO bands (from_ms, to_ms, reason) VALUES (?1, ?2, ?3)
             ON CONFLICT (from_ms) DO UPDATE SET to_ms = max(to_ms, excluded.to_ms), reason = excluded.reason",
        )?
        .execute(params![band.from.0, band.to.0, band.reason.word()])?;
    Ok(())
}

/// Those that touch `[from, to)`, oldest first.
pub(super) fn between(connection: &Connection, from: Ms, to: Ms) -> rusqlite::Result<Vec<Band>> {
    let sql = "SELECT from_ms, to_ms, reason FROM bands WHERE from_ms < ?2 AND to_ms > ?1 ORDER BY from_ms";
    connection.prepare_cached(sql)?.query_map(params![from.0, to.0], band)?.collect()
}

fn band(row: &Row<'_>) -> rusqlite::Result<Band> {
    let reason: String = row.get(2)?;
    let reason = Reason::from_word(&reason).unwrap_or(Reason::Off);
    Ok(Band { from: Ms(row.get(0)?), to: Ms(row.get(1)?), reason })
}
