//! What agents printed or answered, bounded, apart from the rows.

use rusqlite::{Connection, params};

pub(super) const SCHEMA: &str = "
CREATE TABLE outputs (
  run_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  stdout TEXT NOT NULL,
  stderr TEXT NOT NULL,
  truncated INTEGER NOT NULL,
  PRIMARY KEY (run_id, number)
) STRICT;";

/// The end of one attempt's output; a webhook's answer is its stdout.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputRow {
    pub run_id: String,
    pub number: u32,
    /// At most 64 KiB each.
    pub stdout: String,
    pub stderr: String,
    pub truncated: bool,
}

pub(super) fn upsert(connection: &Connection, output: &OutputRow) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO outputs (run_id, number, stdout, stderr, truncated) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![output.run_id, output.number, output.stdout, output.stderr, output.truncated])?;
    Ok(())
}

pub(super) fn of_run(connection: &Connection, run_id: &str) -> rusqlite::Result<Vec<OutputRow>> {
    connection
        .prepare_cached(
            "SELECT run_id, number, stdout, stderr, truncated FROM outputs WHERE run_id = ?1 ORDER BY number",
        )?
        .query_map([run_id], |row| {
            Ok(OutputRow {
                run_id: row.get(0)?,
                number: row.get(1)?,
                stdout: row.get(2)?,
                stderr: row.get(3)?,
                truncated: row.get(4)?,
            })
        })?
        .collect()
}
