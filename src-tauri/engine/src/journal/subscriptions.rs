//! What agents are told of (events), and who wants to be told (subscriptions).

use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::Value;

use super::{Recorder, StoreError, reader};

pub(super) const SCHEMA: &str = "
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL,
  agent TEXT NOT NULL,
  kind TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  digested INTEGER NOT NULL,
  payload TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_agent ON events (agent, id);
CREATE INDEX events_by_kind ON events (agent, kind, id);
CREATE INDEX events_by_account ON events (account, id);
CREATE INDEX events_to_digest ON events (id) WHERE digested = 0;
CREATE TABLE subscriptions (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  agent TEXT NOT NULL,
  kind TEXT NOT NULL,
  webhook_url TEXT,
  inline_body INTEGER NOT NULL,
  dispatched INTEGER,
  dispatched_at_ms INTEGER,
  acked INTEGER,
  failures INTEGER NOT NULL,
  paused_until_ms INTEGER,
  next_at_ms INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  detached_at_ms INTEGER
) STRICT;
CREATE INDEX subscriptions_by_agent ON subscriptions (agent) WHERE detached_at_ms IS NULL;
CREATE INDEX subscriptions_pushed ON subscriptions (next_at_ms) WHERE detached_at_ms IS NULL AND webhook_url IS NOT NULL;";

const COLUMNS: &str = "id, account, agent, kind, webhook_url, inline_body, dispatched, dispatched_at_ms, acked, failures, paused_until_ms, next_at_ms, created_at_ms, detached_at_ms";
const EVENT: &str = "id, account, agent, kind, payload, at_ms";
/// A pushed subscription that has something to push.
const PUSHED: &str = "detached_at_ms IS NULL AND webhook_url IS NOT NULL
  AND EXISTS (SELECT 1 FROM events e WHERE e.agent = subscriptions.agent AND e.id > coalesce(dispatched, 0) AND e.kind = subscriptions.kind)";

/// Everybody waits meanwhile.
const FORGOTTEN_AT_ONCE: u32 = 1_000;
const FORGET: &str =
    "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE account = ?1 ORDER BY id LIMIT ?4) AND (at_ms < ?2 OR id <=
       (SELECT id FROM events WHERE account = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?3))";

#[derive(Debug, Clone, PartialEq)]
pub struct EventRow {
    /// Grows; never used twice.
    pub id: u64,
    pub account: AccountId,
    /// Id of the address it is for.
    pub agent: String,
    /// `message.delivered`, `message.digest`.
    pub kind: String,
    /// An object.
    pub payload: Value,
    pub at: Ms,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionRow {
    /// A UUID.
    pub id: String,
    pub account: AccountId,
    /// Id of the address that is told.
    pub agent: String,
    pub kind: String,
    /// Where it is told; None: it asks.
    pub webhook_url: Option<String>,
    /// Whether a message's event carries its body.
    pub inline_body: bool,
    /// Id of the last event that was pushed.
    pub dispatched: Option<u64>,
    pub dispatched_at: Option<Ms>,
    /// Id of the last event that the agent has dealt with.
    pub acked: Option<u64>,
    /// Pushes that went wrong since one went well.
    pub failures: u32,
    pub paused_until: Option<Ms>,
    /// Nothing is pushed before.
    pub next_at: Ms,
    pub created_at: Ms,
    pub detached_at: Option<Ms>,
}

/// A subscription to be pushed: its id, and its agent's.
type Due = (String, String);

/// After an id, oldest first.
pub(super) fn events_after(
    connection: &Connection,
    agent: &str,
    after: u64,
    kind: Option<&str>,
    limit: u32,
) -> rusqlite::Result<Vec<EventRow>> {
    connection
        .prepare_cached(&format!(
            "SELECT {EVENT} FROM events WHERE agent = ?1 AND id > ?2 AND (?3 IS NULL OR kind = ?3) ORDER BY id LIMIT ?4"
        ))?
        .query_map(params![agent, i64::try_from(after).unwrap_or(i64::MAX), kind, limit], read_event)?
        .collect()
}

/// Those of an agent that are in force, oldest first.
pub(super) fn of_agent(connection: &Connection, agent: &str) -> rusqlite::Result<Vec<SubscriptionRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM subscriptions WHERE agent = ?1 AND detached_at_ms IS NULL ORDER BY created_at_ms, rowid"))?
        .query_map([agent], read)?
        .collect()
}

/// Those to be pushed now, each with its agent's id, and when the next one may be. `full`: agents who get no more for now, a
/// JSON list of ids.
pub(super) fn pushed(
    connection: &Connection,
    now: Ms,
    limit: u32,
    full: &str,
) -> rusqlite::Result<(Vec<Due>, Option<Ms>)> {
    let ids = connection
        .prepare_cached(&format!(
            "SELECT id, agent FROM subscriptions WHERE next_at_ms <= ?1 AND agent NOT IN (SELECT value FROM json_each(?3)) AND {PUSHED}
             ORDER BY next_at_ms LIMIT ?2"
        ))?
        .query_map(params![now.0, limit, full], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let next: Option<i64> = connection
        .prepare_cached(&format!("SELECT min(next_at_ms) FROM subscriptions WHERE {PUSHED}"))?
        .query_row([], |row| row.get(0))?;
    Ok((ids, next.map(Ms)))
}

/// When the oldest event of little weight came that is in no digest yet.
pub(super) fn oldest_undigested(connection: &Connection) -> rusqlite::Result<Option<Ms>> {
    let sql = "SELECT at_ms FROM events WHERE digested = 0 ORDER BY id LIMIT 1";
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0).map(Ms)).optional()
}

fn read_event(row: &Row<'_>) -> rusqlite::Result<EventRow> {
    Ok(EventRow {
        id: row.get::<_, i64>(0)? as u64,
        account: AccountId(row.get(1)?),
        agent: row.get(2)?,
        kind: row.get(3)?,
        payload: reader::json(row, 4)?,
        at: Ms(row.get(5)?),
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<SubscriptionRow> {
    let at = |column: usize| row.get::<_, Option<i64>>(column).map(|at| at.map(Ms));
    let id = |column: usize| row.get::<_, Option<i64>>(column).map(|id| id.map(|id| id as u64));
    Ok(SubscriptionRow {
        id: row.get(0)?,
        account: AccountId(row.get(1)?),
        agent: row.get(2)?,
        kind: row.get(3)?,
        webhook_url: row.get(4)?,
        inline_body: row.get(5)?,
        dispatched: id(6)?,
        dispatched_at: at(7)?,
        acked: id(8)?,
        failures: row.get(9)?,
        paused_until: at(10)?,
        next_at: Ms(row.get(11)?),
        created_at: Ms(row.get(12)?),
        detached_at: at(13)?,
    })
}

impl Recorder<'_> {
    /// Tells an agent's subscribers. `digest`: whether it is of so little weight that it goes into the next digest too.
    pub fn add_event(
        &self,
        account: &AccountId,
        agent: &str,
        kind: &str,
        payload: &Value,
        digest: bool,
    ) -> Result<u64, StoreError> {
        self.with(|connection| {
            connection
                .prepare_cached("INSERT INTO events (account, agent, kind, payload, at_ms, digested) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
                .execute(params![account.0, agent, kind, payload.to_string(), self.now.0, !digest])?;
            Ok(u64::try_from(connection.last_insert_rowid()).unwrap_or(0))
        })
    }

    /// Forgets what is older than `before`, and of one account all but the newest `most`; at most [`FORGOTTEN_AT_ONCE`], the
    /// oldest first.
    pub fn forget_events(&self, account: &AccountId, before: Ms, most: u32) -> Result<(), StoreError> {
        self.with(|connection| {
            connection.prepare_cached(FORGET)?.execute(params![account.0, before.0, most, FORGOTTEN_AT_ONCE]).map(drop)
        })
    }

    /// Those of little weight that are in no digest yet, oldest first; at most `most`. They count as digested from here on.
    pub fn take_undigested(&self, most: u32) -> Result<Vec<EventRow>, StoreError> {
        self.with(|connection| {
            let rows: Vec<EventRow> = connection
                .prepare_cached(&format!("SELECT {EVENT} FROM events WHERE digested = 0 ORDER BY id LIMIT ?1"))?
                .query_map([most], read_event)?
                .collect::<rusqlite::Result<_>>()?;
            let mut done = connection.prepare_cached("UPDATE events SET digested = 1 WHERE id = ?1")?;
            for row in &rows {
                done.execute([row.id as i64])?;
            }
            Ok(rows)
        })
    }

    pub fn events_after(
        &self,
        agent: &str,
        after: u64,
        kind: Option<&str>,
        limit: u32,
    ) -> Result<Vec<EventRow>, StoreError> {
        self.with(|connection| events_after(connection, agent, after, kind, limit))
    }

    pub fn subscriptions_of(&self, agent: &str) -> Result<Vec<SubscriptionRow>, StoreError> {
        self.with(|connection| of_agent(connection, agent))
    }

    /// Also one that is no longer in force.
    pub fn subscription(&self, id: &str) -> Result<Option<SubscriptionRow>, StoreError> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM subscriptions WHERE id = ?1"))?
                .query_row([id], read)
                .optional()
        })
    }

    /// A new one, or what has changed of one.
    pub fn put_subscription(&self, row: &SubscriptionRow) -> Result<(), StoreError> {
        let id = |id: Option<u64>| id.map(|id| i64::try_from(id).unwrap_or(i64::MAX));
        self.with(|connection| {
            connection
                .prepare_cached(&format!(
                    "INSERT INTO subscriptions ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
                     ON CONFLICT (id) DO UPDATE SET dispatched = excluded.dispatched, dispatched_at_ms = excluded.dispatched_at_ms,
                       acked = excluded.acked, failures = excluded.failures, paused_until_ms = excluded.paused_until_ms,
                       next_at_ms = excluded.next_at_ms, detached_at_ms = excluded.detached_at_ms"
                ))?
                .execute(params![
                    row.id,
                    row.account.0,
                    row.agent,
                    row.kind,
                    row.webhook_url,
                    row.inline_body,
                    id(row.dispatched),
                    row.dispatched_at.map(|at| at.0),
                    id(row.acked),
                    row.failures,
                    row.paused_until.map(|at| at.0),
                    row.next_at.0,
                    row.created_at.0,
                    row.detached_at.map(|at| at.0),
                ])
                .map(drop)
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::journal::Journal;

    #[test]
    fn the_oldest_events_go_a_thousand_at_once_and_those_of_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let other = AccountId("acc_1".to_owned());
        journal
            .guard(|connection| {
                let at = |now: i64| Recorder::on(connection, Ms(now));
                let add =
                    |now: i64, account: &AccountId| at(now).add_event(account, "a", "k", &json!({}), false).unwrap();
                let left = |account: &AccountId| -> rusqlite::Result<(u32, i64)> {
                    let sql = "SELECT count(*), min(at_ms) FROM events WHERE account = ?1";
                    connection.query_row(sql, [&account.0], |row| Ok((row.get(0)?, row.get(1)?)))
                };
                connection.execute_batch("BEGIN")?;
                add(0, &other);
                for now in 0..3_000 {
                    add(now, &AccountId::OWNER);
                }
                connection.execute_batch("COMMIT")?;
                let forget = |before, most| at(5_000).forget_events(&AccountId::OWNER, Ms(before), most).unwrap();
                forget(10, 9_000);
                assert_eq!(left(&AccountId::OWNER)?, (2_990, 10), "those that are too old");
                forget(0, 2_980);
                assert_eq!(left(&AccountId::OWNER)?, (2_980, 20), "those that are too many");
                forget(2_900, 100);
                assert_eq!(left(&AccountId::OWNER)?, (1_980, 1_020), "a thousand at once");
                for _ in 0..5 {
                    forget(2_900, 9_000);
                }
                assert_eq!(left(&AccountId::OWNER)?, (100, 2_900));
                assert_eq!(left(&other)?, (1, 0));
                Ok(())
            })
            .unwrap();
    }
}
