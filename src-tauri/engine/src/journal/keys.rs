//! API keys of the agents' door: their hashes, never the keys.

use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Recorder, StoreError};
use crate::token::key_hash;

pub(super) const SCHEMA: &str = "
CREATE TABLE keys (
  hash TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  account TEXT NOT NULL DEFAULT '',
  prefix TEXT NOT NULL DEFAULT '',
  number INTEGER,
  rotated_at_ms INTEGER,
  line TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX keys_by_line ON keys (line);";

/// Until format 3 all keys were the owner's, and none could be renewed.
pub(super) const FROM_FORMAT_3: &str = "
ALTER TABLE keys ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN prefix TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN number INTEGER;
ALTER TABLE keys ADD COLUMN rotated_at_ms INTEGER;
ALTER TABLE keys ADD COLUMN line TEXT NOT NULL DEFAULT '';
UPDATE keys SET line = hash;
CREATE INDEX keys_by_line ON keys (line);";

/// As CueAPI shows of a key.
pub const PREFIX_CHARS: usize = 12;
const COLUMNS: &str = "hash, name, scopes, created_at_ms, account, prefix, number, rotated_at_ms, line";

/// Keys of one name kept at most: with a vault that forgets, each start makes a new one of the owner's.
const KEPT_PER_NAME: u32 = 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// SHA-256 of the key, in hex.
    pub hash: String,
    pub name: String,
    /// Words, separated by spaces: `commands`, `cues`, `report`.
    pub scopes: String,
    pub created_at: Ms,
    /// Whose it is; it sees no other's cues.
    pub account: AccountId,
    /// Its first 12 characters, to know it by; empty for keys of older versions.
    pub prefix: String,
    /// Of a key that is derived from the tower's own (`TowerKey::account_key`), so that it can be shown again.
    pub number: Option<u64>,
    /// When a newer one took its place: from then on it opens nothing.
    pub rotated_at: Option<Ms>,
    /// The hash of the first key whose place it took; its own, if it took none's. Sessions belong to the whole line.
    pub line: String,
}

impl KeyRow {
    /// A key of the owner's.
    #[must_use]
    pub fn of_owner(key: &str, name: &str, scopes: &str, created_at: Ms) -> KeyRow {
        KeyRow {
            hash: key_hash(key),
            name: name.to_owned(),
            scopes: scopes.to_owned(),
            created_at,
            account: AccountId::OWNER,
            prefix: key.chars().take(PREFIX_CHARS).collect(),
            number: None,
            rotated_at: None,
            line: key_hash(key),
        }
    }

    /// To name it by at the owner's door.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.hash[..16.min(self.hash.len())]
    }
}

pub(super) fn insert(connection: &Connection, key: &KeyRow) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO keys (hash, name, scopes, created_at_ms, account, prefix, number, line) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?
        .execute(params![
            key.hash,
            key.name,
            key.scopes,
            key.created_at.0,
            key.account.0,
            key.prefix,
            key.number.map(|number| number as i64),
            key.line
        ])?;
    connection
        .prepare_cached(
            "DELETE FROM keys WHERE account = ?1 AND name = ?2 AND hash NOT IN (SELECT hash FROM keys WHERE account = ?1 AND name = ?2 ORDER BY rotated_at_ms IS NOT NULL, created_at_ms DESC LIMIT ?3)",
        )?
        .execute(params![key.account.0, key.name, KEPT_PER_NAME])?;
    Ok(())
}

pub(super) fn get(connection: &Connection, hash: &str) -> rusqlite::Result<Option<KeyRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM keys WHERE hash = ?1"))?
        .query_row([hash], read)
        .optional()
}

/// The key of a line that is good now.
pub(super) fn of_line(connection: &Connection, line: &str) -> rusqlite::Result<Option<KeyRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM keys WHERE line = ?1 AND rotated_at_ms IS NULL"))?
        .query_row([line], read)
        .optional()
}

/// Newest first.
pub(super) fn list(connection: &Connection) -> rusqlite::Result<Vec<KeyRow>> {
    let sql = format!("SELECT {COLUMNS} FROM keys ORDER BY created_at_ms DESC, hash");
    connection.prepare_cached(&sql)?.query_map([], read)?.collect()
}

impl Recorder<'_> {
    /// By the SHA-256 of the key, in hex.
    pub fn key(&self, hash: &str) -> Result<Option<KeyRow>, StoreError> {
        self.with(|connection| get(connection, hash))
    }

    /// Beyond 20 of one name, the oldest go.
    pub fn keep_key(&self, key: &KeyRow) -> Result<(), StoreError> {
        self.with(|connection| insert(connection, key))
    }

    /// From now on it opens nothing.
    pub fn rotate_key(&self, hash: &str) -> Result<(), StoreError> {
        self.with(|connection| {
            let sql = "UPDATE keys SET rotated_at_ms = ?2 WHERE hash = ?1";
            connection.prepare_cached(sql)?.execute(params![hash, self.now.0]).map(drop)
        })
    }

    /// Nothing of it stays.
    pub fn drop_key(&self, hash: &str) -> Result<(), StoreError> {
        self.with(|connection| connection.prepare_cached("DELETE FROM keys WHERE hash = ?1")?.execute([hash]).map(drop))
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<KeyRow> {
    Ok(KeyRow {
        hash: row.get(0)?,
        name: row.get(1)?,
        scopes: row.get(2)?,
        created_at: Ms(row.get(3)?),
        account: AccountId(row.get(4)?),
        prefix: row.get(5)?,
        number: row.get::<_, Option<i64>>(6)?.map(|number| number as u64),
        rotated_at: row.get::<_, Option<i64>>(7)?.map(Ms),
        line: row.get(8)?,
    })
}
