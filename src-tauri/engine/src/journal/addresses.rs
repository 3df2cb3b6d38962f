//! Where agents can be reached by other agents: what CueAPI's clients register as agents.

use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::Value;

use super::{Recorder, StoreError, reader};

pub(super) const SCHEMA: &str = "
CREATE TABLE addresses (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  slug TEXT NOT NULL,
  display_name TEXT NOT NULL,
  webhook_url TEXT,
  secret_number INTEGER NOT NULL,
  metadata TEXT NOT NULL,
  status TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  deleted_at_ms INTEGER,
  seen_at_ms INTEGER,
  UNIQUE (account, slug)
) STRICT;";

const COLUMNS: &str = "id, account, slug, display_name, webhook_url, secret_number, metadata, status, created_at_ms, updated_at_ms, deleted_at_ms, seen_at_ms";
const PAGED: &str = "account = ?1 AND (?2 IS NULL OR status = ?2) AND (?3 <> 0 OR deleted_at_ms IS NULL)";

#[derive(Debug, Clone, PartialEq)]
pub struct AddressRow {
    /// `agt_` and 12 of [a-z0-9].
    pub id: String,
    pub account: AccountId,
    /// Unique within the account, also among the deleted; never changes.
    pub slug: String,
    pub display_name: String,
    /// Where its messages are pushed; None: it looks for itself.
    pub webhook_url: Option<String>,
    /// The secret its messages are signed with is made of the tower's key, its id and this.
    pub secret_number: u64,
    /// An object.
    pub metadata: Value,
    /// `online`, `away`, `offline`: as it says itself.
    pub status: String,
    pub created_at: Ms,
    pub updated_at: Ms,
    pub deleted_at: Option<Ms>,
    /// When it last sent, looked or beat.
    pub seen_at: Option<Ms>,
}

/// An address that is in use, and what waits there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAddress {
    pub account: AccountId,
    pub id: String,
    pub slug: String,
    pub display_name: String,
    /// Messages that it has not read.
    pub unread: u32,
}

/// `which` is an id or a slug; no slug looks like an id. Deleted ones too.
pub(super) fn get(connection: &Connection, account: &str, which: &str) -> rusqlite::Result<Option<AddressRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM addresses WHERE account = ?1 AND (id = ?2 OR slug = ?2)"))?
        .query_row([account, which], read)
        .optional()
}

/// Newest first, and how many there are in all.
pub(super) fn page(
    connection: &Connection,
    account: &str,
    status: Option<&str>,
    with_deleted: u32,
    limit: u32,
    offset: u32,
) -> rusqlite::Result<(Vec<AddressRow>, u32)> {
    let total = connection
        .prepare_cached(&format!("SELECT count(*) FROM addresses WHERE {PAGED}"))?
        .query_row(params![account, status, with_deleted], |row| row.get(0))?;
    let rows = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM addresses WHERE {PAGED} ORDER BY created_at_ms DESC, rowid DESC LIMIT ?4 OFFSET ?5"
        ))?
        .query_map(params![account, status, with_deleted, limit, offset], read)?
        .collect::<rusqlite::Result<_>>()?;
    Ok((rows, total))
}

/// Those in use, by slug.
pub(super) fn roster(connection: &Connection, account: &str) -> rusqlite::Result<Vec<AddressRow>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM addresses WHERE account = ?1 AND deleted_at_ms IS NULL ORDER BY slug"
        ))?
        .query_map([account], read)?
        .collect()
}

/// Those in use, with what is unread; `account` None: everybody's.
pub(super) fn known(connection: &Connection, account: Option<&str>) -> rusqlite::Result<Vec<KnownAddress>> {
    connection
        .prepare_cached(
            "SELECT a.account, a.id, a.slug, a.display_name,
               (SELECT count(*) FROM messages m WHERE m.to_id = a.id AND m.announced = 1
                 AND m.state IN ('queued', 'delivering', 'retry_ready', 'delivered', 'failed'))
             FROM addresses a WHERE (?1 IS NULL OR a.account = ?1) AND a.deleted_at_ms IS NULL ORDER BY a.account, a.slug",
        )?
        .query_map([account], |row| {
            Ok(KnownAddress {
                account: AccountId(row.get(0)?),
                id: row.get(1)?,
                slug: row.get(2)?,
                display_name: row.get(3)?,
                unread: row.get(4)?,
            })
        })?
        .collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<AddressRow> {
    Ok(AddressRow {
        id: row.get(0)?,
        account: AccountId(row.get(1)?),
        slug: row.get(2)?,
        display_name: row.get(3)?,
        webhook_url: row.get(4)?,
        secret_number: row.get::<_, i64>(5)? as u64,
        metadata: reader::json(row, 6)?,
        status: row.get(7)?,
        created_at: Ms(row.get(8)?),
        updated_at: Ms(row.get(9)?),
        deleted_at: row.get::<_, Option<i64>>(10)?.map(Ms),
        seen_at: row.get::<_, Option<i64>>(11)?.map(Ms),
    })
}

impl Recorder<'_> {
    /// `which` is an id or a slug; deleted ones too.
    pub fn address(&self, account: &AccountId, which: &str) -> Result<Option<AddressRow>, StoreError> {
        self.with(|connection| get(connection, &account.0, which))
    }

    /// How many an account has, with the deleted ones.
    pub fn addresses_count(&self, account: &AccountId) -> Result<u32, StoreError> {
        self.with(|connection| {
            connection
                .prepare_cached("SELECT count(*) FROM addresses WHERE account = ?1")?
                .query_row([&account.0], |row| row.get(0))
        })
    }

    /// A new one, or what has changed of one.
    pub fn put_address(&self, row: &AddressRow) -> Result<(), StoreError> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!(
                    "INSERT INTO addresses ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
                     ON CONFLICT (id) DO UPDATE SET display_name = excluded.display_name, webhook_url = excluded.webhook_url,
                       secret_number = excluded.secret_number, metadata = excluded.metadata, status = excluded.status,
                       updated_at_ms = excluded.updated_at_ms, deleted_at_ms = excluded.deleted_at_ms, seen_at_ms = excluded.seen_at_ms"
                ))?
                .execute(params![
                    row.id,
                    row.account.0,
                    row.slug,
                    row.display_name,
                    row.webhook_url,
                    row.secret_number as i64,
                    row.metadata.to_string(),
                    row.status,
                    row.created_at.0,
                    row.updated_at.0,
                    row.deleted_at.map(|at| at.0),
                    row.seen_at.map(|at| at.0),
                ])
                .map(drop)
        })
    }

    /// It sent something, looked, or beat.
    pub fn address_seen(&self, id: &str) -> Result<(), StoreError> {
        self.with(|connection| {
            connection
                .prepare_cached("UPDATE addresses SET seen_at_ms = ?2 WHERE id = ?1")?
                .execute(params![id, self.now.0])
                .map(drop)
        })
    }
}
