//! Accounts: whoever registered by the agents' door, and what is known of the owner's own.

use std::collections::HashMap;

use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Journal, Recorder, StoreError};

pub(super) const SCHEMA: &str = "
CREATE TABLE accounts (
  id TEXT PRIMARY KEY,
  email TEXT,
  email_key TEXT UNIQUE,
  slug TEXT,
  webhook_secret INTEGER NOT NULL,
  alert_secret INTEGER NOT NULL,
  alert_webhook_url TEXT,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;";

const COLUMNS: &str = "id, email, slug, webhook_secret, alert_secret, alert_webhook_url, created_at_ms";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    pub id: AccountId,
    /// None: the owner, who never said. Of those who registered no two have the same, whatever its case.
    pub email: Option<String>,
    /// What stands behind the `@` of its agents' addresses; None: never said yet. It stays when the address changes.
    pub slug: Option<String>,
    /// Number of its webhook secret; 0 until it is renewed.
    pub webhook_secret: u64,
    /// Number of its alert secret; 0 until it is renewed.
    pub alert_secret: u64,
    pub alert_webhook_url: Option<String>,
    pub created_at: Ms,
}

impl AccountRow {
    #[must_use]
    pub fn new(id: AccountId, email: Option<String>, created_at: Ms) -> AccountRow {
        AccountRow { id, email, slug: None, webhook_secret: 0, alert_secret: 0, alert_webhook_url: None, created_at }
    }

    /// Every address may be registered once; the owner's is only a word to show.
    fn email_key(&self) -> Option<String> {
        self.email.as_ref().filter(|_| !self.id.is_owner()).map(|email| email.to_lowercase())
    }
}

impl Journal {
    /// The number of each account's webhook secret, of those that renewed it.
    pub fn webhook_secrets(&self) -> Result<HashMap<AccountId, u64>, StoreError> {
        self.guard(|connection| {
            connection
                .prepare("SELECT id, webhook_secret FROM accounts WHERE webhook_secret > 0")?
                .query_map([], |row| Ok((AccountId(row.get(0)?), row.get::<_, i64>(1)? as u64)))?
                .collect()
        })
    }
}

pub(super) fn get(connection: &Connection, id: &str) -> rusqlite::Result<Option<AccountRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM accounts WHERE id = ?1"))?
        .query_row([id], read)
        .optional()
}

/// Those who registered, oldest first, each with how many cues it has.
pub(super) fn list(connection: &Connection) -> rusqlite::Result<Vec<(AccountRow, u32)>> {
    let cues = "SELECT count(*) FROM cues c WHERE c.account = a.id AND c.status <> 'deleted'";
    let sql = format!("SELECT {COLUMNS}, ({cues}) FROM accounts a WHERE id <> '' ORDER BY created_at_ms, id");
    connection.prepare_cached(&sql)?.query_map([], |row| Ok((read(row)?, row.get(7)?)))?.collect()
}

impl Recorder<'_> {
    /// Also the owner's, of which there may be no row yet. None: nobody registered under this id.
    pub fn account(&self, id: &AccountId) -> Result<Option<AccountRow>, StoreError> {
        let unsaid = || id.is_owner().then(|| AccountRow::new(AccountId::OWNER, None, self.now));
        Ok(self.with(|connection| get(connection, &id.0))?.or_else(unsaid))
    }

    /// Whether another account has this address.
    pub fn email_is_taken(&self, account: &AccountRow) -> Result<bool, StoreError> {
        self.with(|connection| {
            let sql = "SELECT EXISTS (SELECT 1 FROM accounts WHERE email_key = ?1 AND id <> ?2)";
            connection.prepare_cached(sql)?.query_row(params![account.email_key(), account.id.0], |row| row.get(0))
        })
    }

    pub fn keep_account(&self, account: &AccountRow) -> Result<(), StoreError> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "INSERT INTO accounts (id, email, email_key, slug, webhook_secret, alert_secret, alert_webhook_url, created_at_ms)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                     ON CONFLICT (id) DO UPDATE SET email = excluded.email, email_key = excluded.email_key, slug = excluded.slug,
                       webhook_secret = excluded.webhook_secret, alert_secret = excluded.alert_secret, alert_webhook_url = excluded.alert_webhook_url",
                )?
                .execute(params![
                    account.id.0,
                    account.email,
                    account.email_key(),
                    account.slug,
                    account.webhook_secret as i64,
                    account.alert_secret as i64,
                    account.alert_webhook_url,
                    account.created_at.0
                ])
                .map(drop)
        })
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<AccountRow> {
    let number = |column| row.get::<_, i64>(column).map(|number| number as u64);
    Ok(AccountRow {
        id: AccountId(row.get(0)?),
        email: row.get(1)?,
        slug: row.get(2)?,
        webhook_secret: number(3)?,
        alert_secret: number(4)?,
        alert_webhook_url: row.get(5)?,
        created_at: Ms(row.get(6)?),
    })
}
