//! The owner's rules of when alerts are told, and up to which day the daily report was.

use cuetower_core::Ms;
use cuetower_core::alert::Rules;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::reader::json;
use super::{Journal, Recorder, StoreError};

pub(super) const SCHEMA: &str = "
CREATE TABLE alert_rules (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  body TEXT NOT NULL,
  -- When the time of the report was last set: none is due before.
  report_since_ms INTEGER NOT NULL,
  -- The newest day that was told: '2026-11-22'.
  reported TEXT NOT NULL
) STRICT;";

/// How far the daily reports have come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportTold {
    /// None is due before.
    pub since: Ms,
    /// The newest day that was told; "" none.
    pub day: String,
}

impl Journal {
    /// As they are unless the owner said otherwise.
    pub fn alert_rules(&self) -> Result<Rules, StoreError> {
        self.guard(rules)
    }
}

pub(super) fn rules(connection: &Connection) -> rusqlite::Result<Rules> {
    let mut kept = connection.prepare_cached("SELECT body FROM alert_rules")?;
    Ok(kept.query_row([], |row| json(row, 0)).optional()?.unwrap_or_default())
}

pub(super) fn report_told(connection: &Connection) -> rusqlite::Result<ReportTold> {
    let mut kept = connection.prepare_cached("SELECT report_since_ms, reported FROM alert_rules")?;
    let read = |row: &rusqlite::Row<'_>| Ok(ReportTold { since: Ms(row.get(0)?), day: row.get(1)? });
    Ok(kept.query_row([], read).optional()?.unwrap_or_default())
}

pub(super) fn keep(connection: &Connection, rules: &Rules, now: Ms) -> rusqlite::Result<()> {
    let body = serde_json::to_string(rules).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let sql = "INSERT INTO alert_rules (id, body, report_since_ms, reported) VALUES (1, ?1, ?2, '')
        ON CONFLICT (id) DO UPDATE SET body = excluded.body, report_since_ms =
          iif(body ->> '$.report_at' IS excluded.body ->> '$.report_at', report_since_ms, excluded.report_since_ms)";
    connection.prepare_cached(sql)?.execute(params![body, now.0]).map(drop)
}

impl Recorder<'_> {
    /// The report of this day is told now. False: it was, or one of a later day.
    pub(crate) fn take_report(&self, day: &str) -> Result<bool, StoreError> {
        let news = self.with(|connection| {
            connection.prepare_cached("UPDATE alert_rules SET reported = ?1 WHERE reported < ?1")?.execute([day])
        })?;
        Ok(news == 1)
    }
}
