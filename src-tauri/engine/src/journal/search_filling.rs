//! What was there before format 8 is written into what is looked in, a few rows at a time, the newest runs first.

use cuetower_core::id::AccountId;
use cuetower_core::run::Run;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::reader::json;
use super::search::{PART_DOCS, agent, alert, cue, left, open, write_run};
use super::{Recorder, StoreError, alerts, cues};

impl Recorder<'_> {
    /// Writes in some of what was there before there was anything to look in. Whether there is more.
    pub(crate) fn write_in(&self, most: u32) -> Result<bool, StoreError> {
        self.with(|connection| {
            if let Some(after) = left(connection, "cues")? {
                return more_cues(connection, after, most).map(|()| true);
            }
            let sql = "SELECT at FROM search_left WHERE what = 'alerts'";
            if let Some(after) = connection.query_row(sql, [], |row| row.get::<_, String>(0)).optional()? {
                return more_alerts(connection, &after, most).map(|()| true);
            }
            match left(connection, "runs")? {
                Some(until) => more_runs(connection, until, most).map(|()| true),
                None => Ok(false),
            }
        })
    }
}

/// The next time it goes on from here; None: all is done.
fn leave(connection: &Connection, what: &str, at: Option<&dyn rusqlite::ToSql>) -> rusqlite::Result<()> {
    match at {
        Some(at) => {
            connection.execute("INSERT OR REPLACE INTO search_left (what, at) VALUES (?1, ?2)", params![what, at])
        }
        None => connection.execute("DELETE FROM search_left WHERE what = ?1", [what]),
    }
    .map(drop)
}

/// A row that holds what nobody can read is passed over, and all others are found; that the store itself fails is no such row.
fn passed_over<T>(what: &str, row: &str, read: rusqlite::Result<T>) -> rusqlite::Result<Option<T>> {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error};
    match read {
        Ok(read) => Ok(Some(read)),
        Err(
            error
            @ (FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) | Utf8Error(..)),
        ) => {
            tracing::warn!(%error, "{what} {row} cannot be read and is not found by its words");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn more_cues(connection: &Connection, after: i64, most: u32) -> rusqlite::Result<()> {
    let sql = "SELECT rowid, id FROM cues WHERE rowid > ?1 ORDER BY rowid LIMIT ?2";
    let rows: Vec<(i64, String)> = connection
        .prepare_cached(sql)?
        .query_map(params![after, most], |row| Ok((row.get(0)?, text(row, 1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (_, id) in &rows {
        let written = cues::get(connection, id).and_then(|found| found.map_or(Ok(()), |found| cue(connection, &found)));
        passed_over("cue", id, written)?;
    }
    if rows.is_empty() {
        // Those that beat, and may be named by no cue.
        let sql = "SELECT account, name FROM agents";
        let names: Vec<(String, String)> = connection
            .prepare_cached(sql)?
            .query_map([], |row| Ok((text(row, 0)?, text(row, 1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        names.iter().try_for_each(|(account, name)| agent(connection, &AccountId(account.clone()), name))?;
    }
    leave(connection, "cues", rows.last().map(|(rowid, _)| rowid as &dyn rusqlite::ToSql))
}

fn more_alerts(connection: &Connection, after: &str, most: u32) -> rusqlite::Result<()> {
    let sql = "SELECT id FROM alerts WHERE id > ?1 ORDER BY id LIMIT ?2";
    let ids: Vec<String> = connection
        .prepare_cached(sql)?
        .query_map(params![after, most], |row| text(row, 0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in &ids {
        let found = alerts::get(connection, id);
        let written = found.and_then(|found| found.map_or(Ok(()), |found| alert(connection, &found)));
        passed_over("alert", id, written)?;
    }
    // An id that is no text comes to stand before itself.
    let last = ids.last().filter(|last| last.as_str() > after);
    leave(connection, "alerts", last.map(|id| id as &dyn rusqlite::ToSql))
}

/// The newest that are not written in; of one instant those with the highest row numbers first.
fn more_runs(connection: &Connection, until: i64, most: u32) -> rusqlite::Result<()> {
    // What of the instant itself is left; until it is begun, nothing.
    let below = left(connection, "runs_row")?.unwrap_or(i64::MIN);
    let same = "SELECT due_ms, rowid, id, ended_at_ms IS NOT NULL, body FROM runs INDEXED BY runs_by_due
        WHERE due_ms = ?1 AND rowid < ?2 ORDER BY rowid DESC LIMIT ?3";
    let (seen, reached) = write_runs(connection, same, params![until, below, most])?;
    let older = "SELECT due_ms, rowid, id, ended_at_ms IS NOT NULL, body FROM runs INDEXED BY runs_by_due
        WHERE due_ms < ?1 ORDER BY due_ms DESC, rowid DESC LIMIT ?2";
    let (_, further) = write_runs(connection, older, params![until, most - seen])?;
    let reached = further.or(reached);
    let Some((due, rowid)) = reached else {
        leave(connection, "runs_row", None)?;
        return leave(connection, "runs", None);
    };
    let (oldest, docs): (i64, i64) =
        connection.query_row("SELECT part, docs FROM search_parts ORDER BY from_ms LIMIT 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if docs >= PART_DOCS {
        // What is older still goes into a part of its own.
        connection.execute("UPDATE search_parts SET from_ms = ?2 WHERE part = ?1", [oldest, due])?;
        open(connection, i64::MIN)?;
    }
    leave(connection, "runs_row", Some(&rowid))?;
    leave(connection, "runs", Some(&due))
}

/// How many rows there were, and which was the last.
fn write_runs(
    connection: &Connection,
    sql: &str,
    which: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<(u32, Option<(i64, i64)>)> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(which)?;
    let (mut seen, mut reached) = (0, None);
    while let Some(row) = rows.next()? {
        (seen, reached) = (seen + 1, Some((row.get(0)?, row.get(1)?)));
        // The end of one that is under way will write it in.
        if row.get::<_, bool>(3)? {
            let written = json::<Run>(row, 4).and_then(|run| write_run(connection, &run));
            passed_over("run", &text(row, 2)?, written)?;
        }
    }
    Ok((seen, reached))
}

/// Also what is not well-formed: as far as it can be read.
fn text(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(String::from_utf8_lossy(row.get_ref(column)?.as_bytes()?).into_owned())
}

#[cfg(test)]
#[path = "search_filling_tests.rs"]
mod tests;
