//! Where the tower's own runs go as traces, and how far they have been sent. The queue is the journal itself: what ended after
//! the cursor is still to be sent.

use cuetower_core::Ms;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::reader::json;
use super::{Recorder, StoreError};

pub(super) const SCHEMA: &str = "
CREATE TABLE otlp_out (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  endpoint TEXT NOT NULL,
  headers TEXT NOT NULL,
  cursor INTEGER NOT NULL,
  set_at_ms INTEGER NOT NULL
) STRICT;";

/// Facts looked at in one query.
const LOOKED_AT: u64 = 20_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpOutRow {
    pub endpoint: String,
    /// Secrets by their names: `{{secret:NAME}}`.
    pub headers: Vec<(String, String)>,
    /// Journal sequence up to which runs that ended have been sent.
    pub cursor: u64,
    pub set_at: Ms,
}

/// Runs that ended after an instant of the journal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndedRuns {
    /// Each with the sequence of its end, in order.
    pub runs: Vec<(u64, String)>,
    /// Up to here nothing is left out.
    pub looked_to: u64,
}

impl Recorder<'_> {
    /// What ended before the first endpoint was set stays here; a change of the endpoint loses nothing.
    pub(crate) fn keep_otlp_out(&self, endpoint: &str, headers: &[(String, String)]) -> Result<(), StoreError> {
        let headers = serde_json::to_string(headers).map_err(|error| StoreError::Row(error.to_string()))?;
        self.with(|connection| {
            let sql = "INSERT INTO otlp_out (id, endpoint, headers, cursor, set_at_ms)
                VALUES (1, ?1, ?2, (SELECT coalesce(max(seq), 0) FROM journal), ?3)
                ON CONFLICT (id) DO UPDATE SET endpoint = excluded.endpoint, headers = excluded.headers, set_at_ms = excluded.set_at_ms";
            connection.prepare_cached(sql)?.execute(params![endpoint, headers, self.now.0]).map(drop)
        })
    }

    pub(crate) fn drop_otlp_out(&self) -> Result<(), StoreError> {
        self.with(|connection| connection.prepare_cached("DELETE FROM otlp_out")?.execute([]).map(drop))
    }

    pub(crate) fn move_otlp_cursor(&self, to: u64) -> Result<(), StoreError> {
        self.with(|connection| {
            let sql = "UPDATE otlp_out SET cursor = max(cursor, ?1)";
            connection.prepare_cached(sql)?.execute([to as i64]).map(drop)
        })
    }
}

pub(super) fn get(connection: &Connection) -> rusqlite::Result<Option<OtlpOutRow>> {
    connection
        .prepare_cached("SELECT endpoint, headers, cursor, set_at_ms FROM otlp_out")?
        .query_row([], |row| {
            let (endpoint, set_at) = (row.get(0)?, Ms(row.get(3)?));
            Ok(OtlpOutRow { endpoint, headers: json(row, 1)?, cursor: row.get::<_, i64>(2)? as u64, set_at })
        })
        .optional()
}

pub(super) fn ended_after(connection: &Connection, after: u64, most: u32) -> rusqlite::Result<EndedRuns> {
    let last = super::entries::last_seq(connection)?;
    let to = last.min(after.saturating_add(LOOKED_AT));
    let sql = "SELECT seq, body ->> '$.run_id' FROM journal WHERE seq > ?1 AND seq <= ?2 AND kind = 'run_ended' ORDER BY seq LIMIT ?3";
    let runs: Vec<(u64, String)> = connection
        .prepare_cached(sql)?
        .query_map(params![after as i64, to as i64, most], |row| Ok((row.get::<_, i64>(0)? as u64, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let is_cut = runs.len() >= most as usize;
    let looked_to = if is_cut { runs.last().map_or(after, |(seq, _)| *seq) } else { to.max(after) };
    Ok(EndedRuns { runs, looked_to })
}

/// How many runs wait to be sent; counted up to a bound, among so many facts.
pub(super) fn waiting(connection: &Connection, after: u64) -> rusqlite::Result<u32> {
    const COUNTED: u32 = 1_000;
    const FACTS: u64 = 1_000_000;
    let sql =
        "SELECT count(*) FROM (SELECT 1 FROM journal WHERE seq > ?1 AND seq <= ?2 AND kind = 'run_ended' LIMIT ?3)";
    let to = after.saturating_add(FACTS) as i64;
    connection.prepare_cached(sql)?.query_row(params![after as i64, to, COUNTED], |row| row.get(0))
}
