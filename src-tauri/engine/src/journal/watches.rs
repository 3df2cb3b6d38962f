//! What the watch knows of each run and cue that is expected to beat, and how fast each cue usually spends.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Journal, StoreError};

pub(super) const SCHEMA: &str = "
CREATE TABLE watches (
  subject TEXT PRIMARY KEY,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;";

/// What is known of a subject, as JSON; None: no more.
#[derive(Debug, Clone)]
pub struct WatchRow {
    /// `run:ID`, `cue:ID`, or `pace:CUE`.
    pub subject: String,
    pub body: Option<String>,
}

pub(super) fn write(connection: &Connection, row: &WatchRow) -> rusqlite::Result<()> {
    match &row.body {
        Some(body) => {
            let sql = "INSERT INTO watches (subject, body) VALUES (?1, ?2) ON CONFLICT (subject) DO UPDATE SET body = excluded.body";
            connection.prepare_cached(sql)?.execute(params![row.subject, body])?;
        }
        None => {
            connection.prepare_cached("DELETE FROM watches WHERE subject = ?1")?.execute([&row.subject])?;
        }
    }
    Ok(())
}

impl Journal {
    /// Those of runs and of cues.
    pub fn watches(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.guard(|connection| {
            let sql = "SELECT subject, body FROM watches WHERE subject >= 'cue:' AND subject < 'cue;' OR subject >= 'run:' AND subject < 'run;'";
            connection.prepare_cached(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
    }

    pub fn watch(&self, subject: &str) -> Result<Option<String>, StoreError> {
        self.guard(|connection| {
            let sql = "SELECT body FROM watches WHERE subject = ?1";
            connection.prepare_cached(sql)?.query_row([subject], |row| row.get(0)).optional()
        })
    }
}
