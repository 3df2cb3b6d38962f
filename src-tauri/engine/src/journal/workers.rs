//! Workers: who fetches runs, what they can do, and when they were last heard of.

use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use rusqlite::{Connection, params};

pub(super) const SCHEMA: &str = "
CREATE TABLE workers (
  id TEXT NOT NULL,
  handlers TEXT NOT NULL,
  registered_at_ms INTEGER NOT NULL,
  last_seen_ms INTEGER NOT NULL,
  account TEXT NOT NULL,
  PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;";

/// Until format 3 all workers were the owner's.
pub(super) const FROM_FORMAT_3: &str = "
INSERT INTO workers (id, handlers, registered_at_ms, last_seen_ms, account)
  SELECT id, handlers, registered_at_ms, last_seen_ms, '' FROM workers_3;";

/// Kept at most of one account; the one not heard of for longest goes first.
const KEPT: u32 = 1_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerRow {
    pub account: AccountId,
    pub id: String,
    /// Tasks it says it can do.
    pub handlers: Vec<String>,
    pub registered_at: Ms,
    pub last_seen: Ms,
}

/// A sign of life of a worker, and the tasks it can do.
#[derive(Debug, Clone)]
pub struct WorkerSeen {
    pub account: AccountId,
    pub id: String,
    pub handlers: Vec<String>,
    pub at: Ms,
}

/// A sign of life.
pub(super) fn seen(connection: &Connection, seen: &WorkerSeen) -> rusqlite::Result<()> {
    let WorkerSeen { account, id, handlers, at } = seen;
    let handlers = serde_json::Value::from(handlers.clone()).to_string();
    connection
        .prepare_cached(
            "INSERT INTO workers (id, handlers, registered_at_ms, last_seen_ms, account) VALUES (?1, ?2, ?3, ?3, ?4)
             ON CONFLICT (account, id) DO UPDATE SET handlers = excluded.handlers, last_seen_ms = excluded.last_seen_ms",
        )?
        .execute(params![id, handlers, at.0, account.0])?;
    let most = "DELETE FROM workers WHERE account = ?1 AND (SELECT count(*) FROM workers WHERE account = ?1) > ?2
        AND id = (SELECT id FROM workers WHERE account = ?1 AND id <> ?3 ORDER BY last_seen_ms, id LIMIT 1)";
    connection.prepare_cached(most)?.execute(params![account.0, KEPT, id])?;
    Ok(())
}

pub(super) fn drop(connection: &Connection, account: &AccountId, id: &str) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM workers WHERE account = ?1 AND id = ?2")?.execute([&account.0, id])?;
    Ok(())
}

/// Newest sign of life first; those of one account, if asked.
pub(super) fn list(connection: &Connection, account: Option<&str>) -> rusqlite::Result<Vec<WorkerRow>> {
    connection
        .prepare_cached(
            "SELECT id, handlers, registered_at_ms, last_seen_ms, account FROM workers WHERE ?1 IS NULL OR account = ?1 ORDER BY last_seen_ms DESC, id",
        )?
        .query_map([account], |row| {
            Ok(WorkerRow {
                account: AccountId(row.get(4)?),
                id: row.get(0)?,
                handlers: super::reader::json(row, 1)?,
                registered_at: Ms(row.get(2)?),
                last_seen: Ms(row.get(3)?),
            })
        })?
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_with_too_many_workers_loses_its_own_alone() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        let seen = |account: &str, id: String, at| {
            let account = AccountId(account.to_owned());
            super::seen(&connection, &WorkerSeen { account, id, handlers: Vec::new(), at: Ms(at) }).unwrap();
        };
        seen("", "mac-mini".to_owned(), 1);
        for number in 0..=i64::from(KEPT) {
            seen("acc_1", format!("w{number}"), 2 + number);
        }
        let ids = |account| list(&connection, Some(account)).unwrap().into_iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(ids(""), ["mac-mini"]);
        let theirs = ids("acc_1");
        assert_eq!((theirs.len(), theirs.last().unwrap().as_str()), (KEPT as usize, "w1"), "the quietest went");
        seen("acc_1", "late".to_owned(), 0);
        assert!(ids("acc_1").contains(&"late".to_owned()), "not the one that was just heard of");
    }
}
