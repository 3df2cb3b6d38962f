//! The ledger: every occurrence, with its one end.

use cuetower_core::Ms;
use cuetower_core::occurrence::{Armed, End};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::runs::{self, RunRow};

pub(super) const SCHEMA: &str = "
CREATE TABLE occurrences (
  id TEXT PRIMARY KEY,
  cue_id TEXT NOT NULL,
  due_ms INTEGER NOT NULL,
  triggered_by TEXT NOT NULL,
  run_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('due', 'held', 'ran', 'coalesced', 'skipped', 'missed')),
  reason TEXT,
  into_id TEXT,
  armed_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX occurrences_by_due ON occurrences (due_ms);
CREATE INDEX occurrences_by_cue ON occurrences (cue_id, due_ms);
CREATE UNIQUE INDEX occurrences_by_run ON occurrences (run_id);";

/// A row of the ledger with its run, if it ran.
#[derive(Debug, Clone, PartialEq)]
pub struct OccurrenceRow {
    pub id: String,
    pub cue_id: String,
    pub due: Ms,
    pub triggered_by: String,
    /// `due`, `held`, `ran`, `coalesced`, `skipped`, `missed`.
    pub state: String,
    pub reason: Option<String>,
    pub into_id: Option<String>,
    /// Given when it was armed, whether or not that run ever begins.
    pub run_id: String,
    pub run: Option<RunRow>,
}

pub(super) fn arm(connection: &Connection, cue_id: &str, armed: &Armed) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO occurrences (id, cue_id, due_ms, triggered_by, run_id, state, armed_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, 'due', ?6)",
        )?
        .execute(params![armed.id.0, cue_id, armed.due.0, armed.trigger.word(), armed.run_id.0, armed.armed_at.0])?;
    Ok(())
}

pub(super) fn hold(connection: &Connection, id: &str, by: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE occurrences SET state = 'held', reason = ?2 WHERE id = ?1 AND state = 'due'")?
        .execute(params![id, by])?;
    Ok(())
}

/// Fails if the occurrence has an end already: exactly one is the promise.
pub(super) fn end(connection: &Connection, id: &str, end: &End, at: Ms) -> rusqlite::Result<()> {
    let into = match end {
        End::Coalesced { into } => Some(into.0.as_str()),
        End::Ran | End::Skipped { .. } | End::Missed { .. } => None,
    };
    let changed = connection
        .prepare_cached(
            "UPDATE occurrences SET state = ?2, reason = ?3, into_id = ?4, ended_at_ms = ?5 WHERE id = ?1 AND state IN ('due', 'held')",
        )?
        .execute(params![id, end.word(), end.reason(), into, at.0])?;
    if changed == 1 { Ok(()) } else { Err(rusqlite::Error::StatementChangedRows(changed)) }
}

const COLUMNS: &str = "o.id, o.cue_id, o.due_ms, o.triggered_by, o.state, o.reason, o.into_id, o.run_id";

/// Due in `[from, to)`, newest first.
pub(super) fn between(connection: &Connection, from: Ms, to: Ms, limit: u32) -> rusqlite::Result<Vec<OccurrenceRow>> {
    let sql = format!(
        "SELECT {COLUMNS}, {} FROM occurrences o LEFT JOIN runs r ON r.id = o.run_id WHERE o.due_ms >= ?1 AND o.due_ms < ?2 ORDER BY o.due_ms DESC LIMIT ?3",
        runs::COLUMNS
    );
    connection.prepare_cached(&sql)?.query_map(params![from.0, to.0, limit], read)?.collect()
}

/// Due before `before`, newest first; those of one cue, if asked.
pub(super) fn page(
    connection: &Connection,
    cue_id: Option<&str>,
    before: Ms,
    limit: u32,
) -> rusqlite::Result<Vec<OccurrenceRow>> {
    let of_cue = if cue_id.is_some() { "o.cue_id = ?1 AND" } else { "?1 IS NULL AND" };
    let sql = format!(
        "SELECT {COLUMNS}, {} FROM occurrences o LEFT JOIN runs r ON r.id = o.run_id WHERE {of_cue} o.due_ms < ?2 ORDER BY o.due_ms DESC LIMIT ?3",
        runs::COLUMNS
    );
    connection.prepare_cached(&sql)?.query_map(params![cue_id, before.0, limit], read)?.collect()
}

/// The occurrence of a run that has not begun yet, or has.
pub(super) fn of_run(connection: &Connection, run_id: &str) -> rusqlite::Result<Option<OccurrenceRow>> {
    let sql = format!(
        "SELECT {COLUMNS}, {} FROM occurrences o LEFT JOIN runs r ON r.id = o.run_id WHERE o.run_id = ?1",
        runs::COLUMNS
    );
    connection.prepare_cached(&sql)?.query_row([run_id], read).optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<OccurrenceRow> {
    Ok(OccurrenceRow {
        id: row.get(0)?,
        cue_id: row.get(1)?,
        due: Ms(row.get(2)?),
        triggered_by: row.get(3)?,
        state: row.get(4)?,
        reason: row.get(5)?,
        into_id: row.get(6)?,
        run_id: row.get(7)?,
        run: RunRow::read(row, 8)?,
    })
}
