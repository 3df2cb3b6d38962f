//! The ledger: every occurrence, with its one end.

use cuetower_core::Ms;
use cuetower_core::id::{CueId, OccurrenceId};
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
  ended_at_ms INTEGER,
  asks INTEGER NOT NULL DEFAULT 0,
  count INTEGER NOT NULL DEFAULT 1,
  until_ms INTEGER,
  decided_seq INTEGER
) STRICT;
CREATE INDEX occurrences_by_due ON occurrences (due_ms);
CREATE INDEX occurrences_by_cue ON occurrences (cue_id, due_ms, state, count);
CREATE INDEX occurrences_spans ON occurrences (cue_id, due_ms) WHERE count > 1;
CREATE UNIQUE INDEX occurrences_by_run ON occurrences (run_id);
CREATE INDEX occurrences_asking ON occurrences (asks) WHERE asks = 1;
CREATE INDEX occurrences_waiting ON occurrences (due_ms)
  WHERE state = 'held' OR (state = 'due' AND triggered_by <> 'scheduled');";

/// Formats before 4 had no index of what waits.
pub(super) const FROM_FORMAT_3: &str = "CREATE INDEX IF NOT EXISTS occurrences_waiting ON occurrences (due_ms)
  WHERE state = 'held' OR (state = 'due' AND triggered_by <> 'scheduled');";

/// Formats before 8 had to read the rows to count what became of a lane's due times.
pub(super) const OF_FORMAT_8: [(&str, &str); 2] = [
    ("occurrences_by_cue", "CREATE INDEX occurrences_by_cue ON occurrences (cue_id, due_ms, state, count)"),
    ("occurrences_spans", "CREATE INDEX occurrences_spans ON occurrences (cue_id, due_ms) WHERE count > 1"),
];

/// Format 1 lacked the last five columns and was clustered by id. `decided_seq`: the lane sequence at which a scheduled
/// instant was decided for good.
pub(super) const FROM_FORMAT_1: &str = "
INSERT INTO occurrences (id, cue_id, due_ms, triggered_by, run_id, state, reason, into_id, armed_at_ms, ended_at_ms)
  SELECT id, cue_id, due_ms, triggered_by, run_id, state, reason, into_id, armed_at_ms, ended_at_ms FROM occurrences_1;
UPDATE occurrences SET decided_seq = ended.lane_seq
  FROM (SELECT json_extract(body, '$.id') AS id, lane_seq, at_ms FROM journal WHERE kind = 'occurrence_ended') AS ended
  WHERE ended.id = occurrences.id AND occurrences.triggered_by = 'scheduled'
    AND (occurrences.state <> 'skipped' OR occurrences.due_ms <= ended.at_ms);";

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
    /// Held for the owner's word.
    pub asks: bool,
    /// Due instants this row stands for: more than one in a span.
    pub count: u64,
    /// Last instant of a span.
    pub until: Option<Ms>,
    /// Given when it was armed, whether or not that run ever begins.
    pub run_id: String,
    /// When it was written down; None if that was just now.
    pub armed_at: Option<Ms>,
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

pub(super) fn hold(connection: &Connection, id: &str, by: &str, asks: bool, seq: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE occurrences SET state = 'held', reason = ?2, asks = ?3, decided_seq = ?4 WHERE id = ?1 AND state = 'due'",
        )?
        .execute(params![id, by, asks, seq as i64])?;
    Ok(())
}

/// Many instants that end alike, in one row; its `run_id` is its own id, since nothing ran.
#[derive(Debug, Clone)]
pub struct SpanRow {
    pub id: OccurrenceId,
    pub cue_id: CueId,
    pub from: Ms,
    pub to: Ms,
    pub count: u64,
    pub end: End,
    pub at: Ms,
    /// Lane sequence.
    pub seq: u64,
}

pub(super) fn span(connection: &Connection, span: &SpanRow) -> rusqlite::Result<()> {
    let SpanRow { id, cue_id, from, to, count, end, at, seq } = span;
    let into = end.coalesced_into().map(OccurrenceId::as_str);
    connection
        .prepare_cached(
            "INSERT INTO occurrences (id, cue_id, due_ms, triggered_by, run_id, state, reason, into_id, armed_at_ms,
                ended_at_ms, count, until_ms, decided_seq)
             VALUES (?1, ?2, ?3, 'scheduled', ?1, ?4, ?5, ?6, ?7, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            id.0,
            cue_id.0,
            from.0,
            end.word(),
            end.reason(),
            into,
            at.0,
            *count as i64,
            to.0,
            *seq as i64
        ])?;
    Ok(())
}

/// Fails if the occurrence has an end already: exactly one is the promise.
/// `seq`: the lane sequence, if the instant was decided (and not taken back before it was due).
pub(super) fn end(connection: &Connection, id: &str, end: &End, at: Ms, seq: Option<u64>) -> rusqlite::Result<()> {
    let changed = connection
        .prepare_cached(
            "UPDATE occurrences SET state = ?2, reason = ?3, into_id = ?4, ended_at_ms = ?5, asks = 0,
                decided_seq = coalesce(decided_seq, ?6)
             WHERE id = ?1 AND state IN ('due', 'held')",
        )?
        .execute(params![
            id,
            end.word(),
            end.reason(),
            end.coalesced_into().map(OccurrenceId::as_str),
            at.0,
            seq.map(|seq| seq as i64)
        ])?;
    if changed == 1 { Ok(()) } else { Err(rusqlite::Error::StatementChangedRows(changed)) }
}

const COLUMNS: &str = "o.id, o.cue_id, o.due_ms, o.triggered_by, o.state, o.reason, o.into_id, o.run_id, o.asks, o.count, o.until_ms, o.armed_at_ms";

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

/// The oldest due time there is a row of.
pub(super) fn oldest_due(connection: &Connection) -> rusqlite::Result<Option<Ms>> {
    let oldest: Option<i64> =
        connection.prepare_cached("SELECT min(due_ms) FROM occurrences")?.query_row([], |row| row.get(0))?;
    Ok(oldest.map(Ms))
}

/// One lane's in `[from, to)`, oldest first.
pub(super) fn of_cue(
    connection: &Connection,
    cue_id: &str,
    from: Ms,
    to: Ms,
    limit: usize,
) -> rusqlite::Result<Vec<OccurrenceRow>> {
    let sql = format!(
        "SELECT {COLUMNS}, {} FROM occurrences o LEFT JOIN runs r ON r.id = o.run_id
         WHERE o.cue_id = ?1 AND o.due_ms >= ?2 AND o.due_ms < ?3 ORDER BY o.due_ms LIMIT ?4",
        runs::COLUMNS
    );
    connection.prepare_cached(&sql)?.query_map(params![cue_id, from.0, to.0, limit as i64], read)?.collect()
}

/// Records of one lane that stand for many due times, and touch `[from, to)`; the newest, oldest first.
pub(super) fn spans_of_cue(
    connection: &Connection,
    cue_id: &str,
    from: Ms,
    to: Ms,
    limit: usize,
) -> rusqlite::Result<Vec<OccurrenceRow>> {
    let sql = format!(
        "SELECT {COLUMNS}, {} FROM occurrences o INDEXED BY occurrences_spans LEFT JOIN runs r ON r.id = o.run_id
         WHERE o.cue_id = ?1 AND o.count > 1 AND o.due_ms < ?3 AND o.until_ms >= ?2 ORDER BY o.due_ms DESC LIMIT ?4",
        runs::COLUMNS
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map(params![cue_id, from.0, to.0, limit as i64], read)?;
    let mut found: Vec<OccurrenceRow> = found.collect::<rusqlite::Result<_>>()?;
    found.reverse();
    Ok(found)
}

/// By the numbers of their own rows, and of those of their runs.
pub(super) fn numbered(connection: &Connection, own: &[i64], of_runs: &[i64]) -> rusqlite::Result<Vec<OccurrenceRow>> {
    let list = |numbers: &[i64]| serde_json::json!(numbers).to_string();
    let sql = format!(
        "SELECT {COLUMNS}, {runs} FROM json_each(?1) asked CROSS JOIN occurrences o ON o.rowid = asked.value
           LEFT JOIN runs r ON r.id = o.run_id
         UNION ALL
         SELECT {COLUMNS}, {runs} FROM json_each(?2) asked CROSS JOIN runs r ON r.rowid = asked.value
           CROSS JOIN occurrences o ON o.run_id = r.id",
        runs = runs::COLUMNS
    );
    connection.prepare_cached(&sql)?.query_map(params![list(own), list(of_runs)], read)?.collect()
}

pub(super) fn get(connection: &Connection, id: &str) -> rusqlite::Result<Option<OccurrenceRow>> {
    let sql = format!(
        "SELECT {COLUMNS}, {} FROM occurrences o LEFT JOIN runs r ON r.id = o.run_id WHERE o.id = ?1",
        runs::COLUMNS
    );
    connection.prepare_cached(&sql)?.query_row([id], read).optional()
}

/// What waits to begin, newest first: held, or asked for and not yet begun. A scheduled instant that was only armed ahead is
/// no execution yet. `None`: of every account, of every cue.
pub(super) fn waiting(
    connection: &Connection,
    account: Option<&str>,
    cue_id: Option<&str>,
    limit: u32,
) -> rusqlite::Result<Vec<OccurrenceRow>> {
    connection.prepare_cached(&waiting_sql())?.query_map(params![account, cue_id, limit], read)?.collect()
}

/// Its condition is the index's own, so that only what waits is looked through, however long the ledger.
pub(super) fn waiting_sql() -> String {
    format!(
        "SELECT {COLUMNS}, {} FROM occurrences o INDEXED BY occurrences_waiting LEFT JOIN runs r ON r.id = o.run_id
         WHERE (o.state = 'held' OR (o.state = 'due' AND o.triggered_by <> 'scheduled'))
           AND (?1 IS NULL OR (SELECT account FROM cues WHERE id = o.cue_id) = ?1)
           AND (?2 IS NULL OR o.cue_id = ?2)
         ORDER BY o.due_ms DESC LIMIT ?3",
        runs::COLUMNS
    )
}

/// The occurrence of a run that has not begun yet, or has.
pub(super) fn of_run(connection: &Connection, run_id: &str) -> rusqlite::Result<Option<OccurrenceRow>> {
    let sql = format!(
        "SELECT {COLUMNS}, {} FROM occurrences o LEFT JOIN runs r ON r.id = o.run_id WHERE o.run_id = ?1",
        runs::COLUMNS
    );
    connection.prepare_cached(&sql)?.query_row([run_id], read).optional()
}

/// Those that wait for the owner's word, oldest first.
pub(super) fn asking(connection: &Connection) -> rusqlite::Result<Vec<OccurrenceRow>> {
    let sql = format!(
        "SELECT {COLUMNS}, {} FROM occurrences o LEFT JOIN runs r ON r.id = o.run_id WHERE o.asks = 1 ORDER BY o.due_ms",
        runs::COLUMNS
    );
    connection.prepare_cached(&sql)?.query_map([], read)?.collect()
}

/// What became of the scheduled instants of one cue in `[from, to)`, by their state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedRow {
    pub cue_id: String,
    pub state: String,
    pub count: u64,
    pub oldest: Ms,
    pub newest: Ms,
    pub reason: Option<String>,
    /// Newest occurrence of them, and its run if it ran.
    pub newest_id: String,
    pub run_id: String,
    pub asks: bool,
}

pub(super) fn passed(connection: &Connection, from: Ms, to: Ms) -> rusqlite::Result<Vec<PassedRow>> {
    // SQLite takes the bare columns of an aggregate with one max() from the row that has it.
    let sql = "SELECT cue_id, state, sum(count), min(due_ms), max(coalesce(until_ms, due_ms)), reason, id, run_id, asks
        FROM occurrences WHERE due_ms >= ?1 AND due_ms < ?2 AND triggered_by = 'scheduled' AND state <> 'due'
        GROUP BY cue_id, state, asks";
    let row = |row: &Row<'_>| {
        Ok(PassedRow {
            cue_id: row.get(0)?,
            state: row.get(1)?,
            count: row.get::<_, i64>(2)? as u64,
            oldest: Ms(row.get(3)?),
            newest: Ms(row.get(4)?),
            reason: row.get(5)?,
            newest_id: row.get(6)?,
            run_id: row.get(7)?,
            asks: row.get(8)?,
        })
    };
    connection.prepare_cached(sql)?.query_map(params![from.0, to.0], row)?.collect()
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
        asks: row.get(8)?,
        count: row.get::<_, i64>(9)? as u64,
        until: row.get::<_, Option<i64>>(10)?.map(Ms),
        armed_at: Some(Ms(row.get(11)?)),
        run: RunRow::read(row, 12)?,
    })
}
