//! Ways to reach the owner, and how each goes; the dead man's ping. What is secret of them is in the vault.

use cuetower_core::Ms;
use cuetower_core::channel::Channel;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::reader::json;
use super::{Journal, Recorder, StoreError};

pub(super) const SCHEMA: &str = "
CREATE TABLE channels (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  target TEXT NOT NULL,
  plain TEXT NOT NULL,
  set_at_ms INTEGER NOT NULL,
  failed INTEGER NOT NULL DEFAULT 0,
  words TEXT NOT NULL DEFAULT '',
  told_at_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE beacon (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  target TEXT NOT NULL,
  every_s INTEGER NOT NULL,
  set_at_ms INTEGER NOT NULL
) STRICT;";

const COLUMNS: &str = "body, target, plain, failed, words, told_at_ms";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelRow {
    pub channel: Channel,
    /// Where it leads, without anything secret: `https://hooks.slack.com/••••`.
    pub target: String,
    /// Settings that are no secrets, as JSON of the sender.
    pub plain: String,
    /// Tries that failed one after the other.
    pub failed: u32,
    /// How the last try went; "" before the first.
    pub words: String,
    pub told_at: Option<Ms>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeaconRow {
    /// Where it leads, without anything secret.
    pub target: String,
    pub every_s: u32,
}

impl Recorder<'_> {
    /// In the place of one with the same name, whose past is forgotten. What waits for one that is off is given up.
    pub(crate) fn keep_channel(&self, channel: &Channel, target: &str, plain: &str) -> Result<(), StoreError> {
        let body = serde_json::to_string(channel).map_err(|error| StoreError::Row(error.to_string()))?;
        self.with(|connection| {
            let sql = "INSERT INTO channels (name, body, target, plain, set_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)
                ON CONFLICT (name) DO UPDATE SET body = excluded.body, target = excluded.target, plain = excluded.plain,
                  set_at_ms = excluded.set_at_ms, failed = 0, words = ''";
            connection.prepare_cached(sql)?.execute(params![channel.name, body, target, plain, self.now.0])?;
            if channel.on { Ok(()) } else { give_up(connection, &channel.name, "the channel was turned off", self.now) }
        })
    }

    /// What waits for it is given up, and says why.
    pub(crate) fn drop_channel(&self, name: &str) -> Result<(), StoreError> {
        self.with(|connection| {
            connection.prepare_cached("DELETE FROM channels WHERE name = ?1")?.execute([name])?;
            give_up(connection, name, "the channel was removed", self.now)
        })
    }

    /// How the last try went. `told`: well.
    pub(crate) fn channel_went(&self, name: &str, failed: u32, words: &str, told: bool) -> Result<(), StoreError> {
        self.with(|connection| {
            let sql =
                "UPDATE channels SET failed = ?2, words = ?3, told_at_ms = iif(?4, ?5, told_at_ms) WHERE name = ?1";
            connection.prepare_cached(sql)?.execute(params![name, failed, words, told, self.now.0]).map(drop)
        })
    }

    pub(crate) fn keep_beacon(&self, target: &str, every_s: u32) -> Result<(), StoreError> {
        self.with(|connection| {
            let sql = "INSERT INTO beacon (id, target, every_s, set_at_ms) VALUES (1, ?1, ?2, ?3)
                ON CONFLICT (id) DO UPDATE SET target = excluded.target, every_s = excluded.every_s, set_at_ms = excluded.set_at_ms";
            connection.prepare_cached(sql)?.execute(params![target, every_s, self.now.0]).map(drop)
        })
    }

    pub(crate) fn drop_beacon(&self) -> Result<(), StoreError> {
        self.with(|connection| connection.prepare_cached("DELETE FROM beacon")?.execute([]).map(drop))
    }
}

fn give_up(connection: &Connection, name: &str, words: &str, now: Ms) -> rusqlite::Result<()> {
    let sql =
        "UPDATE outbox SET state = 'given_up', words = ?2, ended_at_ms = ?3 WHERE channel = ?1 AND state = 'waiting'";
    connection.prepare_cached(sql)?.execute(params![name, words, now.0]).map(drop)
}

impl Journal {
    /// As the tower starts.
    pub fn channels(&self) -> Result<Vec<ChannelRow>, StoreError> {
        self.guard(list)
    }
}

/// By name.
pub(super) fn list(connection: &Connection) -> rusqlite::Result<Vec<ChannelRow>> {
    let sql = format!("SELECT {COLUMNS} FROM channels ORDER BY name");
    connection.prepare_cached(&sql)?.query_map([], read)?.collect()
}

pub(super) fn get(connection: &Connection, name: &str) -> rusqlite::Result<Option<ChannelRow>> {
    let sql = format!("SELECT {COLUMNS} FROM channels WHERE name = ?1");
    connection.prepare_cached(&sql)?.query_row([name], read).optional()
}

pub(super) fn beacon(connection: &Connection) -> rusqlite::Result<Option<BeaconRow>> {
    connection
        .prepare_cached("SELECT target, every_s FROM beacon")?
        .query_row([], |row| Ok(BeaconRow { target: row.get(0)?, every_s: row.get(1)? }))
        .optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<ChannelRow> {
    Ok(ChannelRow {
        channel: json(row, 0)?,
        target: row.get(1)?,
        plain: row.get(2)?,
        failed: row.get(3)?,
        words: row.get(4)?,
        told_at: row.get::<_, Option<i64>>(5)?.map(Ms),
    })
}
