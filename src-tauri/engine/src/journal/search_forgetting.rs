//! Runs that are gone are not found by their words any more; a part in which no run is left goes with its table, a few rows at a time.

use cuetower_core::Ms;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::search::{Shelf, left, part_of};

/// Rows of a full-text table's data up to here are about the table itself.
const OWN_ROWS: i64 = 10;

/// A run that was due then is not found any more.
pub(super) fn forget_run(connection: &Connection, run_id: &str, due: Ms) -> rusqlite::Result<()> {
    let Some((doc, ..)) = Shelf::Runs.find(connection, run_id)? else { return Ok(()) };
    // What has no row here is not found, whatever its words.
    connection.prepare_cached("DELETE FROM search_docs WHERE doc = ?1")?.execute([doc])?;
    let part = part_of(connection, due)?;
    connection.prepare_cached("UPDATE search_parts SET docs = max(docs - 1, 0) WHERE part = ?1")?.execute([part])?;
    connection.execute_batch("SAVEPOINT forgetting")?;
    let sql = format!("DELETE FROM search_words_p{part} WHERE rowid = ?1");
    let forget = || leave_unmerged(connection, part).and_then(|()| connection.prepare_cached(&sql)?.execute([doc]));
    if let Err(error) = forget() {
        tracing::warn!(%error, run_id, "the words of a run that is gone stay; it is not found by them");
        connection.execute_batch("ROLLBACK TO forgetting")?;
    }
    connection.execute_batch("RELEASE forgetting")
}

/// A closed part is not merged for what goes out of it, which takes longer than anybody should wait: it goes as a whole once
/// nothing is left in it.
fn leave_unmerged(connection: &Connection, part: i64) -> rusqlite::Result<()> {
    if part == part_of(connection, Ms(i64::MAX))? {
        return Ok(());
    }
    let table = format!("search_words_p{part}");
    let sql = format!("SELECT 1 FROM {table}_config WHERE k = 'automerge' AND v = 0");
    if !connection.prepare_cached(&sql)?.exists([])? {
        connection.execute(&format!("INSERT INTO {table} ({table}, rank) VALUES ('automerge', 0)"), [])?;
    }
    Ok(())
}

/// Parts in which no run is left, but for the newest.
pub(super) fn empty_parts(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    if left(connection, "runs")?.is_some() {
        return Ok(Vec::new());
    }
    let sql = "SELECT part, from_ms, lead(from_ms) OVER (ORDER BY from_ms) FROM search_parts";
    let parts: Vec<(i64, i64, Option<i64>)> = connection
        .prepare_cached(sql)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut empty = Vec::new();
    for (part, from, next) in parts {
        let Some(next) = next else { continue };
        let (first, end) = Shelf::Runs.docs(Ms(from), Ms(next));
        let sql = "SELECT 1 FROM search_docs WHERE doc >= ?1 AND doc < ?2 LIMIT 1";
        if !connection.prepare_cached(sql)?.exists([first, end])? {
            empty.push(part);
        }
    }
    Ok(empty)
}

/// Nothing is looked for in this part from now on, if it is empty still.
pub(super) fn forget_part(connection: &Connection, part: i64) -> rusqlite::Result<bool> {
    if !empty_parts(connection)?.contains(&part) {
        return Ok(false);
    }
    let from: i64 =
        connection.query_row("SELECT from_ms FROM search_parts WHERE part = ?1", [part], |row| row.get(0))?;
    connection.execute("DELETE FROM search_parts WHERE part = ?1", [part])?;
    // What was due in it and is told late goes into the part before, or into the first one.
    let before = "SELECT part FROM search_parts WHERE from_ms < ?1 LIMIT 1";
    if connection.query_row(before, [from], |row| row.get::<_, i64>(0)).optional()?.is_none() {
        let first = "UPDATE search_parts SET from_ms = ?1 WHERE from_ms = (SELECT min(from_ms) FROM search_parts)";
        connection.execute(first, [from])?;
    }
    Ok(true)
}

/// Some rows of the table of a part that nobody looks in any more. Whether it is gone.
pub(super) fn empty_part(connection: &Connection, part: i64, most: u32) -> rusqlite::Result<bool> {
    let table = format!("search_words_p{part}");
    let there = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1";
    if !connection.prepare_cached(there)?.exists([&table])? {
        return Ok(true);
    }
    let rows = [
        format!("DELETE FROM {table}_data WHERE id IN (SELECT id FROM {table}_data WHERE id > ?1 LIMIT ?2)"),
        format!(
            "DELETE FROM {table}_idx WHERE ?1 > 0 AND (segid, term) IN (SELECT segid, term FROM {table}_idx LIMIT ?2)"
        ),
        format!("DELETE FROM {table}_docsize WHERE ?1 > 0 AND id IN (SELECT id FROM {table}_docsize LIMIT ?2)"),
    ];
    for sql in rows {
        if connection.execute(&sql, params![OWN_ROWS, most])? > 0 {
            return Ok(false);
        }
    }
    connection.execute_batch(&format!("DROP TABLE {table}"))?;
    Ok(true)
}
