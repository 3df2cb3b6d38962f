//! API keys of the agents' door: their hashes, never the keys.

use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use cuetower_core::time::HOUR_MS;
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
  line TEXT NOT NULL DEFAULT '',
  agent TEXT NOT NULL DEFAULT '',
  own_cues INTEGER NOT NULL DEFAULT 0,
  expires_at_ms INTEGER,
  grace_until_ms INTEGER,
  last_seen_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX keys_by_line ON keys (line);
CREATE INDEX keys_by_account ON keys (account) WHERE rotated_at_ms IS NULL;";

/// Until format 3 all keys were the owner's, and none could be renewed.
pub(super) const FROM_FORMAT_3: &str = "
ALTER TABLE keys ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN prefix TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN number INTEGER;
ALTER TABLE keys ADD COLUMN rotated_at_ms INTEGER;
ALTER TABLE keys ADD COLUMN line TEXT NOT NULL DEFAULT '';
UPDATE keys SET line = hash;
CREATE INDEX keys_by_line ON keys (line);
CREATE INDEX keys_by_account ON keys (account) WHERE rotated_at_ms IS NULL;";

/// Until format 6 keys were nobody's in particular, and good until they were removed.
pub(super) const FROM_FORMAT_6: &str = "
ALTER TABLE keys ADD COLUMN agent TEXT NOT NULL DEFAULT '';
ALTER TABLE keys ADD COLUMN own_cues INTEGER NOT NULL DEFAULT 0;
ALTER TABLE keys ADD COLUMN expires_at_ms INTEGER;
ALTER TABLE keys ADD COLUMN grace_until_ms INTEGER;
ALTER TABLE keys ADD COLUMN last_seen_ms INTEGER;";

/// The name of the owner's own, which the vault keeps.
pub const OWNERS: &str = "owner";
/// As CueAPI shows of a key.
pub const PREFIX_CHARS: usize = 12;
const COLUMNS: &str = "hash, name, scopes, created_at_ms, account, prefix, number, rotated_at_ms, line, agent, own_cues, expires_at_ms, grace_until_ms, last_seen_ms";

/// The owner's own keys kept at most: with a vault that forgets, each start makes a new one.
const OWNERS_KEPT: u32 = 20;
/// So long the owner's key of before is good beside the new one.
const OWNERS_GRACE_MS: u64 = 24 * HOUR_MS;
/// Renewed keys of one line kept at most, beside the first, by which the line is known.
const ROTATED_KEPT: u32 = 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// SHA-256 of the key, in hex.
    pub hash: String,
    pub name: String,
    /// Words, separated by spaces (`scopes::WORDS`).
    pub scopes: String,
    pub created_at: Ms,
    /// Whose it is; it sees no other's cues.
    pub account: AccountId,
    /// Its first 12 characters, to know it by; empty for keys of older versions.
    pub prefix: String,
    /// Of a key that is derived from the tower's own (`TowerKey::account_key`), so that it can be shown again.
    pub number: Option<u64>,
    /// When a newer one took its place: from then on, or from the end of its grace, it opens nothing.
    pub rotated_at: Option<Ms>,
    /// The hash of the first key whose place it took; its own, if it took none's. Sessions belong to the whole line.
    pub line: String,
    /// Which agent shows it; empty: nobody in particular.
    pub agent: String,
    /// It reaches no cues but those of its agent.
    pub own_cues: bool,
    /// From then on it opens nothing.
    pub expires_at: Option<Ms>,
    /// Until then it opens the door beside the newer one.
    pub grace_until: Option<Ms>,
    /// When it last opened the door, to about a minute.
    pub last_seen: Option<Ms>,
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
            agent: String::new(),
            own_cues: false,
            expires_at: None,
            grace_until: None,
            last_seen: None,
        }
    }

    /// The agent whose cues alone it reaches; None: all of its account.
    #[must_use]
    pub fn limited_to(&self) -> Option<&str> {
        self.own_cues.then_some(self.agent.as_str())
    }

    #[must_use]
    pub fn has_expired(&self, now: Ms) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// Whether a newer one has taken its place, and its grace is over.
    #[must_use]
    pub fn was_replaced(&self, now: Ms) -> bool {
        self.rotated_at.is_some() && self.grace_until.is_none_or(|until| until <= now)
    }

    /// To name it by at the owner's door.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.hash[..16.min(self.hash.len())]
    }
}

pub(super) fn insert(connection: &Connection, key: &KeyRow) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO keys (hash, name, scopes, created_at_ms, account, prefix, number, line, agent, own_cues, expires_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            key.hash,
            key.name,
            key.scopes,
            key.created_at.0,
            key.account.0,
            key.prefix,
            key.number.map(|number| number as i64),
            key.line,
            key.agent,
            key.own_cues,
            key.expires_at.map(|at| at.0)
        ])?;
    if key.account.is_owner() && key.name == OWNERS {
        let owners = "account = '' AND name = ?1";
        // Programs that hold the one of before get the new one meanwhile; it is good no longer than an ordinary renewal's.
        let sql = format!(
            "UPDATE keys SET rotated_at_ms = ?3, grace_until_ms = ?4 WHERE {owners} AND hash <> ?2 AND rotated_at_ms IS NULL"
        );
        let (at, until) = (key.created_at.0, key.created_at.plus(OWNERS_GRACE_MS).0);
        connection.prepare_cached(&sql)?.execute(params![OWNERS, key.hash, at, until])?;
        // A keyring that was locked at the start before has it still.
        let sql = "UPDATE keys SET rotated_at_ms = NULL, grace_until_ms = NULL WHERE hash = ?1";
        connection.prepare_cached(sql)?.execute([&key.hash])?;
        // The one of now stays, whenever it was made.
        let sql = format!(
            "DELETE FROM keys WHERE {owners} AND hash NOT IN (SELECT hash FROM keys WHERE {owners} ORDER BY hash = ?3 DESC, created_at_ms DESC LIMIT ?2)"
        );
        connection.prepare_cached(&sql)?.execute(params![OWNERS, OWNERS_KEPT, key.hash])?;
    }
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

/// When the owner last gave this line a new key; None: never. Whoever renews its own gets one that is derived.
pub(super) fn line_rotated(connection: &Connection, line: &str) -> rusqlite::Result<Option<Ms>> {
    connection
        .prepare_cached("SELECT max(created_at_ms) FROM keys WHERE line = ?1 AND number IS NULL AND hash <> line")?
        .query_row([line], |row| Ok(row.get::<_, Option<i64>>(0)?.map(Ms)))
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

    /// Of the owner's own, the oldest go beyond 20.
    pub fn keep_key(&self, key: &KeyRow) -> Result<(), StoreError> {
        self.with(|connection| insert(connection, key))
    }

    /// From now on it opens nothing; with a grace, from its end on.
    pub fn rotate_key(&self, hash: &str, grace_until: Option<Ms>) -> Result<(), StoreError> {
        self.with(|connection| {
            let sql = "UPDATE keys SET rotated_at_ms = ?2, grace_until_ms = ?3 WHERE hash = ?1 RETURNING line";
            let values = params![hash, self.now.0, grace_until.map(|until| until.0)];
            let line: String = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
            let rotated = "line = ?1 AND rotated_at_ms IS NOT NULL AND hash <> line";
            let sql = format!("DELETE FROM keys WHERE {rotated} AND hash NOT IN (SELECT hash FROM keys WHERE {rotated} ORDER BY rotated_at_ms DESC LIMIT ?2)");
            connection.prepare_cached(&sql)?.execute(params![line, ROTATED_KEPT]).map(drop)
        })
    }

    /// When the life of a line that ends at `end` was given: its holder's renewals keep the end, and give no new life.
    pub fn life_began(&self, line: &str, end: Ms) -> Result<Option<Ms>, StoreError> {
        self.with(|connection| {
            let sql = "SELECT min(created_at_ms) FROM keys WHERE line = ?1 AND expires_at_ms = ?2";
            let began = |row: &Row<'_>| Ok(row.get::<_, Option<i64>>(0)?.map(Ms));
            connection.prepare_cached(sql)?.query_row(params![line, end.0], began)
        })
    }

    /// By `KeyRow::id`.
    pub fn key_with_id(&self, id: &str) -> Result<Option<KeyRow>, StoreError> {
        self.with(|connection| {
            // Hashes are hex digits, all of which come before `g`.
            let sql = format!("SELECT {COLUMNS} FROM keys WHERE hash BETWEEN ?1 AND ?1 || 'g' LIMIT 1");
            let found = connection.prepare_cached(&sql)?.query_row([id], read).optional()?;
            Ok(found.filter(|row| row.id() == id))
        })
    }

    /// Keys of an account that open something.
    pub fn keys_count(&self, account: &AccountId) -> Result<u32, StoreError> {
        self.with(|connection| {
            let sql = "SELECT count(*) FROM keys WHERE account = ?1 AND rotated_at_ms IS NULL";
            connection.prepare_cached(sql)?.query_row([&account.0], |row| row.get(0))
        })
    }

    /// When each of these last opened the door, by their hashes. A key that was removed meanwhile is none.
    pub fn keys_seen(&self, seen: &[(String, Ms)]) -> Result<(), StoreError> {
        self.with(|connection| {
            let sql = "UPDATE keys SET last_seen_ms = max(coalesce(last_seen_ms, 0), ?2) WHERE hash = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            seen.iter().try_for_each(|(hash, at)| statement.execute(params![hash, at.0]).map(drop))
        })
    }

    /// Nothing of the key stays, nor of those it was renewed from and to.
    pub fn drop_line(&self, line: &str) -> Result<(), StoreError> {
        self.with(|connection| connection.prepare_cached("DELETE FROM keys WHERE line = ?1")?.execute([line]).map(drop))
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
        agent: row.get(9)?,
        own_cues: row.get(10)?,
        expires_at: row.get::<_, Option<i64>>(11)?.map(Ms),
        grace_until: row.get::<_, Option<i64>>(12)?.map(Ms),
        last_seen: row.get::<_, Option<i64>>(13)?.map(Ms),
    })
}
