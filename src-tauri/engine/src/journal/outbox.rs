//! What is to be told on channels: a row for each note and channel, written in the same commit as its alert and kept until
//! it was told, told with others, or given up.

use cuetower_core::Ms;
use cuetower_core::channel::{ChannelKind, Note, WAITING_MAX, Waiting, What};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::json;

use super::reader::json as read_json;
use super::{Recorder, StoreError};

pub(super) const SCHEMA: &str = "
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  channel TEXT NOT NULL,
  dedup TEXT NOT NULL,
  what TEXT NOT NULL,
  alert_id TEXT,
  note TEXT NOT NULL,
  due_ms INTEGER NOT NULL,
  since_ms INTEGER NOT NULL,
  held INTEGER NOT NULL,
  alone INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting',
  tries INTEGER NOT NULL DEFAULT 0,
  words TEXT NOT NULL DEFAULT '',
  ended_at_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX outbox_once ON outbox (channel, dedup);
CREATE INDEX outbox_waiting ON outbox (channel, id) WHERE state = 'waiting';
CREATE INDEX outbox_ended ON outbox (ended_at_ms) WHERE state <> 'waiting';
CREATE INDEX outbox_by_alert ON outbox (alert_id, channel) WHERE alert_id IS NOT NULL;";

/// Journal lane of what was given up.
const LANE: &str = "channels";
/// What was told is remembered so long.
const KEPT_MS: u64 = 30 * 24 * 3_600_000;

/// One note for one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxRow {
    pub channel: String,
    pub kind: ChannelKind,
    pub note: Note,
    pub due: Ms,
    /// For quiet hours.
    pub held: bool,
}

/// A note with what became of it so far.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxNote {
    pub note: Note,
    pub tries: u32,
    /// When it was due first.
    pub since: Ms,
}

/// On which channel an alert was told, or is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldOf {
    pub alert_id: String,
    pub channel: String,
    /// "opened", "resolved", …
    pub what: String,
    /// "waiting", "told", "merged" (in a digest), "given_up".
    pub state: String,
    /// Waiting, for the end of quiet hours: until then.
    pub held_until: Option<Ms>,
}

/// What ends an alert is told only where its beginning was.
pub(super) fn write(connection: &Connection, row: &OutboxRow) -> rusqlite::Result<()> {
    let note = &row.note;
    let alert_id = note.alert.as_ref().map(|alert| alert.id.as_str());
    let text = serde_json::to_string(note).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let follows = matches!(note.what, What::Resolved | What::Acknowledged);
    let alone = follows && row.kind == ChannelKind::Pagerduty;
    // What ends an incident must not overtake what opens it.
    let sql = "INSERT INTO outbox (channel, dedup, what, alert_id, note, due_ms, since_ms, held, alone)
        SELECT ?1, ?2, ?3, ?4, ?5, due, due, ?7, ?8 FROM (SELECT max(?6, iif(?8, coalesce((SELECT max(due_ms) FROM outbox
          WHERE alert_id = ?4 AND channel = ?1 AND state = 'waiting'), ?6), ?6)) AS due)
        WHERE NOT ?9 OR EXISTS (SELECT 1 FROM outbox WHERE alert_id = ?4 AND channel = ?1 AND what IN ('opened', 'repeated', 'escalated')
          AND state <> 'given_up')
        ON CONFLICT (channel, dedup) DO NOTHING";
    let values = params![
        row.channel,
        note.dedup,
        note.what.word(),
        alert_id,
        text,
        row.due.0,
        row.held && !alone,
        alone,
        follows
    ];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

impl Recorder<'_> {
    /// Each once: a row that there was before is left as it is.
    pub(crate) fn write_outbox(&self, rows: &[OutboxRow]) -> Result<(), StoreError> {
        rows.iter().try_for_each(|row| self.with(|connection| write(connection, row)))
    }

    pub(crate) fn outbox_told(&self, id: i64, words: &str) -> Result<(), StoreError> {
        self.end(id, "told", words)?;
        let before = self.now.minus(KEPT_MS).0;
        self.with(|connection| {
            let sql = "DELETE FROM outbox WHERE id IN
                (SELECT id FROM outbox WHERE state <> 'waiting' AND ended_at_ms < ?1 LIMIT 500)";
            connection.prepare_cached(sql)?.execute([before]).map(drop)
        })
    }

    /// It is tried again, not before `due`.
    pub(crate) fn outbox_failed(&self, id: i64, words: &str, due: Ms) -> Result<(), StoreError> {
        self.with(|connection| {
            let sql =
                "UPDATE outbox SET tries = tries + 1, words = ?2, due_ms = ?3 WHERE id = ?1 AND state = 'waiting'";
            connection.prepare_cached(sql)?.execute(params![id, words, due.0]).map(drop)
        })
    }

    /// It is not tried any more; the journal says so.
    pub(crate) fn outbox_given_up(&self, id: i64, channel: &str, note: &Note, words: &str) -> Result<(), StoreError> {
        self.end(id, "given_up", words)?;
        let fact = json!({ "channel": channel, "note": note.dedup, "title": note.title, "words": words });
        self.fact(LANE, "note_given_up", &fact)
    }

    /// These become one.
    pub(crate) fn outbox_digest(&self, digest: &OutboxRow, ids: &[i64]) -> Result<(), StoreError> {
        let ids = serde_json::to_string(ids).map_err(|error| StoreError::Row(error.to_string()))?;
        self.with(|connection| {
            let sql = "UPDATE outbox SET state = 'merged', words = 'told in a digest', ended_at_ms = ?2
                WHERE state = 'waiting' AND id IN (SELECT value FROM json_each(?1))";
            connection.prepare_cached(sql)?.execute(params![ids, self.now.0])?;
            write(connection, digest)
        })
    }

    fn end(&self, id: i64, state: &'static str, words: &str) -> Result<(), StoreError> {
        self.with(|connection| {
            let sql = "UPDATE outbox SET state = ?2, words = ?3, tries = tries + 1, ended_at_ms = ?4
                WHERE id = ?1 AND state = 'waiting'";
            connection.prepare_cached(sql)?.execute(params![id, state, words, self.now.0]).map(drop)
        })
    }
}

/// Of one channel, by id; one more than may wait one by one at most.
pub(super) fn waiting(connection: &Connection, channel: &str) -> rusqlite::Result<Vec<Waiting>> {
    let sql = "SELECT id, due_ms, held, what = 'digest', alone FROM outbox
        WHERE channel = ?1 AND state = 'waiting' ORDER BY id LIMIT ?2";
    connection
        .prepare_cached(sql)?
        .query_map(params![channel, WAITING_MAX as i64 + 1], |row| {
            let (id, due) = (row.get(0)?, Ms(row.get(1)?));
            Ok(Waiting { id, due, held: row.get(2)?, is_digest: row.get(3)?, alone: row.get(4)? })
        })?
        .collect()
}

/// One that waits still.
pub(super) fn one(connection: &Connection, id: u64) -> rusqlite::Result<Option<OutboxNote>> {
    connection
        .prepare_cached("SELECT note, tries, since_ms FROM outbox WHERE id = ?1 AND state = 'waiting'")?
        .query_row([id as i64], |row| {
            Ok(OutboxNote { note: read_json(row, 0)?, tries: row.get(1)?, since: Ms(row.get(2)?) })
        })
        .optional()
}

/// By id; `ids`: a JSON list.
pub(super) fn notes(connection: &Connection, ids: &str) -> rusqlite::Result<Vec<Note>> {
    let sql = "SELECT note FROM outbox WHERE state = 'waiting' AND id IN (SELECT value FROM json_each(?1)) ORDER BY id";
    connection.prepare_cached(sql)?.query_map([ids], |row| read_json(row, 0))?.collect()
}

/// How many wait for one channel.
pub(super) fn count(connection: &Connection, channel: &str) -> rusqlite::Result<u32> {
    let sql = "SELECT count(*) FROM outbox WHERE channel = ?1 AND state = 'waiting'";
    connection.prepare_cached(sql)?.query_row([channel], |row| row.get(0))
}

/// How many wait for each channel.
pub(super) fn counts(connection: &Connection) -> rusqlite::Result<Vec<(String, u32)>> {
    let sql = "SELECT channel, count(*) FROM outbox WHERE state = 'waiting' GROUP BY channel";
    connection.prepare_cached(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Of these alerts (a JSON list of ids), in order.
pub(super) fn told(connection: &Connection, alerts: &str) -> rusqlite::Result<Vec<ToldOf>> {
    let sql = "SELECT alert_id, channel, what, state, iif(state = 'waiting' AND held, due_ms, NULL) FROM outbox
        WHERE alert_id IN (SELECT value FROM json_each(?1)) ORDER BY id";
    connection
        .prepare_cached(sql)?
        .query_map([alerts], |row| {
            let held_until = row.get::<_, Option<i64>>(4)?.map(Ms);
            Ok(ToldOf {
                alert_id: row.get(0)?,
                channel: row.get(1)?,
                what: row.get(2)?,
                state: row.get(3)?,
                held_until,
            })
        })?
        .collect()
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
