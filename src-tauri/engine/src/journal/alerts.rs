//! Alerts, open and past.

use cuetower_core::Ms;
use cuetower_core::alert::{Alert, AlertState};
use cuetower_core::cue::Cue;
use cuetower_core::id::CueId;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Value, json};

use super::reader::json as read_json;
use super::{Recorder, StoreError};

pub(super) const SCHEMA: &str = "
CREATE TABLE alerts (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  -- Empty: not about a cue.
  cue_id TEXT NOT NULL,
  state TEXT NOT NULL,
  last_at_ms INTEGER NOT NULL,
  body TEXT NOT NULL,
  acknowledged INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX alerts_by_last ON alerts (last_at_ms);
CREATE INDEX alerts_in_order ON alerts (state = 'resolved', last_at_ms DESC, id);";

/// Until format 5 all of them were put in order for each list.
pub(super) const FROM_FORMAT_5: &str =
    "CREATE INDEX alerts_in_order ON alerts (state = 'resolved', last_at_ms DESC, id);";

pub(super) const LIST: &str = "SELECT body FROM alerts ORDER BY state = 'resolved', last_at_ms DESC, id LIMIT ?1";

/// Until format 3 an acknowledgement was forgotten when the alert was resolved.
pub(super) const FROM_FORMAT_3: &str = "
ALTER TABLE alerts ADD COLUMN acknowledged INTEGER NOT NULL DEFAULT 0;
UPDATE alerts SET acknowledged = 1 WHERE state = 'acknowledged';";

/// Journal lane of acknowledgements that came after the alert had resolved itself.
const LATE_LANE: &str = "alerts_acknowledged";

pub type AlertRow = Alert;

/// An alert with what an account is shown beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountAlertRow {
    pub alert: Alert,
    /// Somebody said so, before or after it was resolved.
    pub acknowledged: bool,
    /// As it stands now; deleted ones too. None: it is about no cue.
    pub cue: Option<Cue>,
}

/// Which alerts to list. None means any.
#[derive(Debug, Clone, Default)]
pub struct AlertFilter {
    /// Whose; "" is the owner.
    pub account: String,
    pub id: Option<String>,
    /// Any of these kinds; empty means any.
    pub kinds: Vec<String>,
    /// Opened or repeated since then.
    pub since: Option<Ms>,
    pub cue_id: Option<String>,
    pub acknowledged: Option<bool>,
    pub limit: u32,
    pub offset: u32,
}

pub(super) fn upsert(connection: &Connection, alert: &Alert) -> rusqlite::Result<()> {
    let body = serde_json::to_string(alert).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    connection
        .prepare_cached(
            "INSERT INTO alerts (id, kind, cue_id, state, last_at_ms, body, acknowledged) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (id) DO UPDATE SET state = excluded.state, last_at_ms = excluded.last_at_ms, body = excluded.body,
               acknowledged = max(acknowledged, excluded.acknowledged)",
        )?
        .execute(params![
            alert.id.0,
            alert.kind.word(),
            alert.cue_id.as_ref().map_or("", CueId::as_str),
            alert.state.word(),
            alert.last_at.0,
            body,
            alert.state == AlertState::Acknowledged
        ])?;
    Ok(())
}

/// Unresolved ones first, then newest first.
pub(super) fn list(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<AlertRow>> {
    connection.prepare_cached(LIST)?.query_map([limit], |row| read_json(row, 0))?.collect()
}

pub(super) fn get(connection: &Connection, id: &str) -> rusqlite::Result<Option<AlertRow>> {
    connection
        .prepare_cached("SELECT body FROM alerts WHERE id = ?1")?
        .query_row(params![id], |row| read_json(row, 0))
        .optional()
}

/// Of one account, newest news first, and how many there are in all.
pub(super) fn of_account(
    connection: &Connection,
    filter: &AlertFilter,
) -> rusqlite::Result<(Vec<AccountAlertRow>, u32)> {
    const FROM: &str = "FROM alerts a LEFT JOIN cues c ON c.id = a.cue_id
        WHERE coalesce(c.account, a.body ->> '$.agent.account', '') = ?1
        AND (?2 IS NULL OR a.id = ?2)
        AND (?3 IS NULL OR a.kind IN (SELECT value FROM json_each(?3)))
        AND (?4 IS NULL OR a.last_at_ms >= ?4)
        AND (?5 IS NULL OR a.cue_id = ?5)
        AND (?6 IS NULL OR a.acknowledged = ?6)";
    let kinds = (!filter.kinds.is_empty()).then(|| Value::from(filter.kinds.clone()).to_string());
    let which =
        params![filter.account, filter.id, kinds, filter.since.map(|at| at.0), filter.cue_id, filter.acknowledged];
    let total =
        connection.prepare_cached(&format!("SELECT count(*) {FROM}"))?.query_row(which, |row| row.get::<_, u32>(0))?;
    let page = format!(
        "SELECT a.body, a.acknowledged, c.body {FROM} ORDER BY a.last_at_ms DESC, a.id LIMIT {} OFFSET {}",
        filter.limit, filter.offset
    );
    let rows = connection
        .prepare(&page)?
        .query_map(which, |row| {
            Ok(AccountAlertRow {
                alert: read_json(row, 0)?,
                acknowledged: row.get(1)?,
                cue: row.get::<_, Option<String>>(2)?.map(|_| read_json(row, 2)).transpose()?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok((rows, total))
}

impl Recorder<'_> {
    /// Somebody has seen an alert that had resolved itself. Once said, it stays said.
    pub fn acknowledge_resolved(&self, id: &str) -> Result<(), StoreError> {
        let news = self.with(|connection| {
            let sql = "UPDATE alerts SET acknowledged = 1 WHERE id = ?1 AND acknowledged = 0 AND state = 'resolved'";
            connection.prepare_cached(sql)?.execute([id])
        })?;
        if news > 0 { self.fact(LATE_LANE, "alert_acknowledged", &json!({ "alert_id": id })) } else { Ok(()) }
    }
}
