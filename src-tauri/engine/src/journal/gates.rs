//! Questions to the owner, for good: as they were asked, what was shown, and what was answered. What waits is in the lanes and
//! in the book of gates as well; what was answered is here alone.

use cuetower_core::Ms;
use cuetower_core::gate::{Gate, GateBook, Shown};
use cuetower_core::id::{AccountId, CueId, GateId, RunId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::Value;

use super::reader::json;
use super::{Journal, StoreError};

pub(super) const SCHEMA: &str = "
CREATE TABLE gates (
  id TEXT PRIMARY KEY,
  run_id TEXT NOT NULL,
  cue_id TEXT NOT NULL,
  account TEXT NOT NULL,
  agent TEXT NOT NULL,
  state TEXT NOT NULL,
  asked_at_ms INTEGER NOT NULL,
  settled_at_ms INTEGER,
  body TEXT NOT NULL,
  shown TEXT NOT NULL,
  answer TEXT
) STRICT;
CREATE INDEX gates_waiting ON gates (asked_at_ms) WHERE state = 'waiting';
CREATE INDEX gates_by_run ON gates (run_id) WHERE run_id <> '';
CREATE INDEX gates_settled ON gates (settled_at_ms) WHERE settled_at_ms IS NOT NULL;
CREATE INDEX gates_approved ON gates (cue_id, account, agent, settled_at_ms) WHERE state IN ('approved', 'edited');";

/// Journal lane of the gates outside of runs.
pub const GATES_LANE: &str = "gates";
/// Columns as `read` takes them.
const COLUMNS: &str = "body, shown, answer, run_id, cue_id, account, agent";
/// In place of what is shown, in a row that is there already.
const NOTHING: &str = "{}";

/// A gate as it stands after a batch.
#[derive(Debug, Clone)]
pub struct GateChange {
    /// None: asked outside of any run.
    pub run: Option<(RunId, CueId)>,
    pub account: AccountId,
    pub agent: String,
    pub gate: Gate,
    /// Of one that was asked in this batch.
    pub shown: Option<Box<Shown>>,
    /// What the owner made of the payload, of one that was answered in this batch.
    pub answer: Option<Value>,
}

/// A gate, with what was shown and said.
#[derive(Debug, Clone, PartialEq)]
pub struct GateRow {
    /// Without what it shows.
    pub gate: Gate,
    pub shown: Shown,
    /// What the owner made of the payload.
    pub answer: Option<Value>,
    pub run_id: Option<RunId>,
    pub cue_id: Option<CueId>,
    pub account: AccountId,
    /// Who is asked for: the cue's agent, or the one that asked.
    pub agent: String,
}

/// A gate that waits, without what it asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingGateRow {
    pub run_id: Option<RunId>,
    pub account: AccountId,
    pub agent: String,
    pub put_off_until: Option<Ms>,
}

/// Which gates; all of them together must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GateFilter {
    /// Those that wait, oldest first; otherwise those that are settled, newest first.
    pub waiting: bool,
    pub run_id: Option<RunId>,
    pub limit: u32,
}

/// What it shows, and what was made of it, is written once.
pub(super) fn write(connection: &Connection, change: &GateChange) -> rusqlite::Result<()> {
    let GateChange { run, account, agent, gate, shown, answer } = change;
    let (run_id, cue_id) = run.as_ref().map_or(("", ""), |(run_id, cue_id)| (run_id.as_str(), cue_id.as_str()));
    let state = gate.settled.as_ref().map_or("waiting", |settled| settled.how.word());
    // A copy, and a short one: what it shows is not in it.
    let body = text(&Gate { shown: None, ..gate.clone() })?;
    let shown = shown.as_deref().map(text).transpose()?;
    let answer = answer.as_ref().map(text).transpose()?;
    let sql = "INSERT INTO gates (id, run_id, cue_id, account, agent, state, asked_at_ms, settled_at_ms, body, shown, answer)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
        ON CONFLICT (id) DO UPDATE SET state = excluded.state, settled_at_ms = excluded.settled_at_ms, body = excluded.body,
          answer = coalesce(answer, excluded.answer)";
    let values = params![
        gate.id.as_str(),
        run_id,
        cue_id,
        account.as_str(),
        agent,
        state,
        gate.asked_at.0,
        gate.settled.as_ref().map(|settled| settled.at.0),
        body,
        shown.as_deref().unwrap_or(NOTHING),
        answer
    ];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

fn text(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

pub(super) fn get(connection: &Connection, id: &str) -> rusqlite::Result<Option<GateRow>> {
    let sql = format!("SELECT {COLUMNS} FROM gates WHERE id = ?1");
    connection.prepare_cached(&sql)?.query_row([id], read).optional()
}

/// Ids that begin so, at most so many, in their order.
pub(super) fn beginning(connection: &Connection, start: &str, most: u32) -> rusqlite::Result<Vec<String>> {
    // As a span of the ids and not as a pattern: the beginning may hold what stands for others there.
    let sql = "SELECT id FROM gates WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT ?3";
    let end = format!("{start}{}", char::MAX);
    connection.prepare_cached(sql)?.query_map(params![start, end, most], |row| row.get(0))?.collect()
}

pub(super) fn list(connection: &Connection, filter: &GateFilter) -> rusqlite::Result<Vec<GateRow>> {
    let GateFilter { waiting, run_id, limit } = filter;
    let run_id = run_id.as_ref().map(RunId::as_str);
    let (which, order) = if *waiting {
        ("state = 'waiting'", "asked_at_ms, id")
    } else {
        ("settled_at_ms IS NOT NULL", "settled_at_ms DESC, id")
    };
    let of_run = if run_id.is_some() { "run_id = ?1 AND run_id <> ''" } else { "?1 IS NULL" };
    let sql = format!("SELECT {COLUMNS} FROM gates WHERE {which} AND {of_run} ORDER BY {order} LIMIT ?2");
    connection.prepare_cached(&sql)?.query_map(params![run_id, limit], read)?.collect()
}

/// Whatever was asked in a run's name, oldest first.
pub(super) fn of_run(connection: &Connection, run_id: &str) -> rusqlite::Result<Vec<GateRow>> {
    let sql = format!("SELECT {COLUMNS} FROM gates WHERE run_id = ?1 AND run_id <> '' ORDER BY asked_at_ms, id");
    connection.prepare_cached(&sql)?.query_map([run_id], read)?.collect()
}

/// All that wait.
pub(super) fn waiting(connection: &Connection) -> rusqlite::Result<Vec<WaitingGateRow>> {
    let sql = "SELECT run_id, account, agent, json_extract(body, '$.put_off_until') FROM gates WHERE state = 'waiting'";
    let read = |row: &Row<'_>| {
        Ok(WaitingGateRow {
            run_id: named(row.get(0)?).map(RunId),
            account: AccountId(row.get(1)?),
            agent: row.get(2)?,
            put_off_until: row.get::<_, Option<i64>>(3)?.map(Ms),
        })
    };
    connection.prepare_cached(sql)?.query_map([], read)?.collect()
}

/// The newest that was answered with yes before this one was asked, of all that are about the same: of its cue, or of its agent.
pub(super) fn approved_before(connection: &Connection, id: &str) -> rusqlite::Result<Option<GateRow>> {
    // Its name in the table is another there.
    let columns: Vec<String> = COLUMNS.split(", ").map(|column| format!("g.{column}")).collect();
    let sql = format!(
        "SELECT {} FROM gates this CROSS JOIN gates g
        ON g.cue_id = this.cue_id AND g.account = this.account AND g.agent = this.agent
        WHERE this.id = ?1 AND g.state IN ('approved', 'edited') AND g.settled_at_ms <= this.asked_at_ms AND g.id <> this.id
          AND json_extract(g.body, '$.subject') = json_extract(this.body, '$.subject')
        ORDER BY g.settled_at_ms DESC LIMIT 1",
        columns.join(", ")
    );
    connection.prepare_cached(&sql)?.query_row([id], read).optional()
}

/// What the owner made of its payload.
fn payload(connection: &Connection, id: &str) -> rusqlite::Result<Option<Value>> {
    let sql = "SELECT answer FROM gates WHERE id = ?1 AND answer IS NOT NULL";
    connection.prepare_cached(sql)?.query_row([id], |row| json(row, 0)).optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<GateRow> {
    let answer = match row.get_ref(2)? {
        rusqlite::types::ValueRef::Null => None,
        _ => Some(json(row, 2)?),
    };
    Ok(GateRow {
        gate: json(row, 0)?,
        shown: json(row, 1)?,
        answer,
        run_id: named(row.get(3)?).map(RunId),
        cue_id: named(row.get(4)?).map(CueId),
        account: AccountId(row.get(5)?),
        agent: row.get(6)?,
    })
}

fn named(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

impl Journal {
    /// What the owner made of the payload of a gate; None: it was left as it was, or not approved.
    pub fn gate_payload(&self, id: &GateId) -> Result<Option<Value>, StoreError> {
        self.guard(|connection| payload(connection, id.as_str()))
    }

    /// Those that were answered since then, and whose callbacks were not told, nor given up.
    pub fn gates_untold(&self, since: Ms) -> Result<Vec<GateId>, StoreError> {
        self.guard(|connection| {
            let sql = "SELECT id FROM gates WHERE settled_at_ms >= ?1 AND state <> 'withdrawn'
                AND json_extract(body, '$.callback') IS NOT NULL AND json_extract(body, '$.told') IS NULL
                AND json_extract(body, '$.handed_over')";
            connection.prepare(sql)?.query_map([since.0], |row| row.get(0).map(GateId))?.collect()
        })
    }
}

/// Those that were asked outside of runs, as they are in memory.
pub(super) fn load(journal: &Journal) -> Result<GateBook, StoreError> {
    let mut book: GateBook = super::lanes::snapshot(journal, GATES_LANE)?.unwrap_or_default();
    for (_, at, body) in journal.guard(|connection| super::entries::after(connection, GATES_LANE, book.seq))? {
        book.apply(at, &super::lanes::parse(&body)?);
    }
    Ok(book)
}

#[cfg(test)]
#[path = "gates_tests.rs"]
mod tests;
