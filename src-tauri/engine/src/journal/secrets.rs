//! Names of the secrets that the vault holds, who used them last, and which names and entries of the vault are of before, for the
//! runs under way. Values never come here.

use cuetower_core::Ms;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Journal, Recorder, StoreError};

pub(super) const SCHEMA: &str = "
CREATE TABLE secrets (
  name TEXT PRIMARY KEY,
  updated_at_ms INTEGER NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  rotated_at_ms INTEGER,
  last_used_ms INTEGER,
  last_used_by TEXT
) STRICT, WITHOUT ROWID;";

/// What is written down about secrets beside them.
pub(super) const BESIDE: &str = "CREATE TABLE secret_uses (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  run_id TEXT NOT NULL,
  cue_id TEXT NOT NULL,
  how TEXT NOT NULL,
  tool TEXT NOT NULL
) STRICT;
CREATE INDEX secret_uses_by_name ON secret_uses (name, id);
CREATE TABLE secret_olds (
  entry TEXT PRIMARY KEY,
  replaced_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE secret_renames (
  was TEXT PRIMARY KEY,
  now TEXT NOT NULL
) STRICT, WITHOUT ROWID;";

/// Until format 6 a name was all that was known of a secret.
pub(super) const FROM_FORMAT_6: &str = "
ALTER TABLE secrets ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE secrets ADD COLUMN rotated_at_ms INTEGER;
ALTER TABLE secrets ADD COLUMN last_used_ms INTEGER;
ALTER TABLE secrets ADD COLUMN last_used_by TEXT;";

/// Uses kept, of all secrets together; the oldest go.
const USES_KEPT: u32 = 10_000;
const COLUMNS: &str = "name, updated_at_ms, version, rotated_at_ms, last_used_ms, last_used_by";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRow {
    pub name: String,
    pub updated_at: Ms,
    /// How many values it has had.
    pub version: u32,
    /// When its value took the place of another; None: it is the first.
    pub rotated_at: Option<Ms>,
    pub last_used: Option<Ms>,
    /// Id of the cue; None: by none.
    pub last_used_by: Option<String>,
}

/// One use of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretUseRow {
    pub name: String,
    pub at: Ms,
    /// Empty: by no run.
    pub run_id: String,
    pub cue_id: String,
    /// `env`, `header`, `lease`, `check`.
    pub how: String,
    /// Empty: not said.
    pub tool: String,
}

/// There is a value, in the place of an earlier one if there was one.
pub(super) fn keep(connection: &Connection, name: &str, at: Ms) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO secrets (name, updated_at_ms) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET updated_at_ms = excluded.updated_at_ms, rotated_at_ms = excluded.updated_at_ms, version = version + 1",
        )?
        .execute(params![name, at.0])?;
    stands_for_itself(connection, name)
}

/// The entry of this name holds what is good now, whatever it was kept for before.
fn stands_for_itself(connection: &Connection, name: &str) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM secret_olds WHERE entry = ?1")?.execute([name])?;
    connection.prepare_cached("DELETE FROM secret_renames WHERE was = ?1")?.execute([name])?;
    Ok(())
}

pub(super) fn drop(connection: &Connection, name: &str) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM secrets WHERE name = ?1")?.execute([name])?;
    Ok(())
}

pub(super) fn list(connection: &Connection) -> rusqlite::Result<Vec<SecretRow>> {
    connection.prepare_cached(&format!("SELECT {COLUMNS} FROM secrets ORDER BY name"))?.query_map([], read)?.collect()
}

pub(super) fn get(connection: &Connection, name: &str) -> rusqlite::Result<Option<SecretRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM secrets WHERE name = ?1"))?
        .query_row([name], read)
        .optional()
}

/// Newest first.
pub(super) fn uses(connection: &Connection, name: &str, limit: u32) -> rusqlite::Result<Vec<SecretUseRow>> {
    let sql =
        "SELECT name, at_ms, run_id, cue_id, how, tool FROM secret_uses WHERE name = ?1 ORDER BY id DESC LIMIT ?2";
    let read = |row: &Row<'_>| {
        Ok(SecretUseRow {
            name: row.get(0)?,
            at: Ms(row.get(1)?),
            run_id: row.get(2)?,
            cue_id: row.get(3)?,
            how: row.get(4)?,
            tool: row.get(5)?,
        })
    };
    connection.prepare_cached(sql)?.query_map(params![name, limit], read)?.collect()
}

/// Entries of the vault with values of before, each with when it was replaced.
pub(super) fn olds(connection: &Connection) -> rusqlite::Result<Vec<(String, Ms)>> {
    connection
        .prepare_cached("SELECT entry, replaced_at_ms FROM secret_olds ORDER BY replaced_at_ms, entry")?
        .query_map([], |row| Ok((row.get(0)?, Ms(row.get(1)?))))?
        .collect()
}

/// Names of before, each with what it was changed to, for the runs that began with it.
pub(super) fn renames(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    connection
        .prepare_cached("SELECT was, now FROM secret_renames ORDER BY was")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// When the oldest run began that is under way; None: there is none.
pub(super) fn oldest_live(connection: &Connection) -> rusqlite::Result<Option<Ms>> {
    connection
        .prepare_cached("SELECT min(started_at_ms) FROM runs WHERE ended_at_ms IS NULL")?
        .query_row([], |row| Ok(row.get::<_, Option<i64>>(0)?.map(Ms)))
}

impl Journal {
    /// Entries of the vault with values of before.
    pub fn secret_olds(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.guard(olds)?.into_iter().map(|(entry, _)| entry).collect())
    }
}

impl Recorder<'_> {
    pub fn secret(&self, name: &str) -> Result<Option<SecretRow>, StoreError> {
        self.with(|connection| get(connection, name))
    }

    /// It was used, now, in this order.
    pub(crate) fn secrets_used(&self, used: &[SecretUseRow]) -> Result<(), StoreError> {
        self.with(|connection| {
            // A header of a cue's own is no secret that anybody knows by its name.
            let add = "INSERT INTO secret_uses (name, at_ms, run_id, cue_id, how, tool)
                SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM secrets WHERE name = ?1)";
            let mut add = connection.prepare_cached(add)?;
            let last = "UPDATE secrets SET last_used_ms = ?2, last_used_by = nullif(?3, '') WHERE name = ?1";
            let mut last = connection.prepare_cached(last)?;
            for row in used {
                add.execute(params![row.name, row.at.0, row.run_id, row.cue_id, row.how, row.tool])?;
                last.execute(params![row.name, row.at.0, row.cue_id])?;
            }
            let sql = "DELETE FROM secret_uses WHERE id <= (SELECT coalesce(max(id), 0) FROM secret_uses) - ?1";
            connection.prepare_cached(sql)?.execute([USES_KEPT]).map(std::mem::drop)
        })
    }

    /// The same secret has a second name, until `secret_renamed`.
    pub(crate) fn keep_secret_as(&self, from: &str, to: &str) -> Result<(), StoreError> {
        self.with(|connection| {
            let sql = "INSERT OR IGNORE INTO secrets (name, updated_at_ms, version, rotated_at_ms, last_used_ms, last_used_by)
                SELECT ?2, updated_at_ms, version, rotated_at_ms, last_used_ms, last_used_by FROM secrets WHERE name = ?1";
            connection.prepare_cached(sql)?.execute([from, to])?;
            stands_for_itself(connection, to)?;
            let sql = "INSERT OR REPLACE INTO secret_renames (was, now) VALUES (?1, ?2)";
            connection.prepare_cached(sql)?.execute([from, to]).map(std::mem::drop)
        })
    }

    /// From now on it has this name alone; its old entry in the vault stays for the runs under way.
    pub(crate) fn secret_renamed(&self, from: &str, to: &str) -> Result<(), StoreError> {
        self.with(|connection| {
            drop(connection, from)?;
            connection.prepare_cached("UPDATE secret_uses SET name = ?2 WHERE name = ?1")?.execute([from, to])?;
            Ok(())
        })?;
        self.keep_old_secret(from)
    }

    /// An entry of the vault that only runs under way may need.
    pub(crate) fn keep_old_secret(&self, entry: &str) -> Result<(), StoreError> {
        self.with(|connection| {
            let sql = "INSERT OR REPLACE INTO secret_olds (entry, replaced_at_ms) VALUES (?1, ?2)";
            connection.prepare_cached(sql)?.execute(params![entry, self.now.0]).map(std::mem::drop)
        })
    }

    pub(crate) fn forget_old_secrets(&self, entries: &[String]) -> Result<(), StoreError> {
        self.with(|connection| entries.iter().try_for_each(|entry| stands_for_itself(connection, entry)))
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<SecretRow> {
    Ok(SecretRow {
        name: row.get(0)?,
        updated_at: Ms(row.get(1)?),
        version: row.get(2)?,
        rotated_at: row.get::<_, Option<i64>>(3)?.map(Ms),
        last_used: row.get::<_, Option<i64>>(4)?.map(Ms),
        last_used_by: row.get(5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(work: impl FnOnce(&Recorder<'_>) -> Result<T, StoreError>) -> T {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        journal.guard(|connection| Ok(work(&Recorder::on(connection, Ms(50))).unwrap())).unwrap()
    }

    fn used(name: &str, at: i64, cue_id: &str) -> SecretUseRow {
        let (run_id, how, tool) = (format!("run-{at}"), "env".to_owned(), String::new());
        SecretUseRow { name: name.to_owned(), at: Ms(at), run_id, cue_id: cue_id.to_owned(), how, tool }
    }

    #[test]
    fn a_value_that_is_replaced_is_counted() {
        let row = with(|recorder| {
            recorder.with(|connection| {
                keep(connection, "OPENAI", Ms(1))?;
                keep(connection, "OPENAI", Ms(2))
            })?;
            recorder.secret("OPENAI")
        });
        let row = row.unwrap();
        assert_eq!((row.version, row.updated_at, row.rotated_at), (2, Ms(2), Some(Ms(2))));
        assert_eq!((row.last_used, row.last_used_by), (None, None));
    }

    #[test]
    fn uses_are_kept_newest_first_and_the_oldest_go() {
        let (row, newest, oldest) = with(|recorder| {
            recorder.with(|connection| keep(connection, "OPENAI", Ms(1)))?;
            let many: Vec<SecretUseRow> = (0..i64::from(USES_KEPT) + 5).map(|at| used("OPENAI", at, "cue_a")).collect();
            recorder.secrets_used(&many)?;
            recorder.secrets_used(&[used("OPENAI", 20_000, "")])?;
            let uses = recorder.with(|connection| uses(connection, "OPENAI", u32::MAX))?;
            Ok((recorder.secret("OPENAI")?.unwrap(), uses[0].at, (uses.len(), uses[uses.len() - 1].at)))
        });
        assert_eq!((row.last_used, row.last_used_by, newest), (Some(Ms(20_000)), None, Ms(20_000)));
        assert_eq!(oldest, (USES_KEPT as usize, Ms(6)));
    }

    #[test]
    fn a_new_name_takes_the_story_with_it_and_leaves_the_old_entry_to_runs_under_way() {
        let (names, uses, then, now) = with(|recorder| {
            recorder.with(|connection| keep(connection, "OLD", Ms(1)))?;
            recorder.secrets_used(&[used("OLD", 3, "cue_a")])?;
            recorder.keep_secret_as("OLD", "NEW")?;
            recorder.secret_renamed("OLD", "NEW")?;
            let rows = recorder.with(list)?;
            let names: Vec<_> = rows.into_iter().map(|row| (row.name, row.last_used)).collect();
            let uses = recorder.with(|connection| uses(connection, "NEW", 10))?.len();
            let then = (recorder.with(olds)?, recorder.with(renames)?);
            // Somebody makes a new one of the old name: its entry is nobody's leftover any more.
            recorder.with(|connection| keep(connection, "OLD", Ms(9)))?;
            Ok((names, uses, then, (recorder.with(olds)?, recorder.with(renames)?)))
        });
        assert_eq!((names, uses), (vec![("NEW".to_owned(), Some(Ms(3)))], 1));
        assert_eq!(then, (vec![("OLD".to_owned(), Ms(50))], vec![("OLD".to_owned(), "NEW".to_owned())]));
        assert_eq!(now, (vec![], vec![]));
    }
}
