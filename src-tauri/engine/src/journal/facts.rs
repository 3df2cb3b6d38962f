//! What can be said of a store without what is in it: its format, its tables and how much each holds, whether it is sound. Read
//! while a tower runs on it, and while none does.

use std::path::{Path, PathBuf};

use cuetower_core::Ms;
use rusqlite::{Connection, OpenFlags};
use serde::Serialize;

use super::{FORMAT, StoreError, tower};

#[derive(Debug, Clone, Serialize)]
pub struct StoreFacts {
    pub path: PathBuf,
    /// Of the file, and the one that this program writes.
    pub format: i64,
    pub format_known: i64,
    pub sqlite: String,
    pub bytes: u64,
    pub bytes_of_log: u64,
    /// Pages that hold nothing, in bytes.
    pub bytes_free: u64,
    /// Last instant the tower is known to have been up, in Unix milliseconds.
    #[serde(skip)]
    pub alive_at: Option<Ms>,
}

#[derive(Debug, Clone, Serialize)]
pub struct TableFacts {
    pub name: String,
    pub rows: u64,
}

fn reading(data_dir: &Path) -> Result<(Connection, PathBuf), StoreError> {
    let path = data_dir.join("cuetower.db");
    // SQLite would say no more than that it is unable to.
    std::fs::File::open(&path).map_err(|error| StoreError::Folder(path.clone(), error))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(&path, flags).and_then(|connection| {
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        Ok(connection)
    });
    opened.map(|connection| (connection, path.clone())).map_err(|source| StoreError::Sqlite { path, source })
}

/// # Errors
/// If it cannot be read, or a later program wrote it.
pub fn facts(data_dir: &Path) -> Result<StoreFacts, StoreError> {
    let (connection, path) = reading(data_dir)?;
    let failed = |source| StoreError::Sqlite { path: path.clone(), source };
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let format = number("user_version").map_err(failed)?;
    if format > FORMAT {
        return Err(StoreError::NewerFormat { found: format });
    }
    let free = number("freelist_count").and_then(|pages| Ok(pages * number("page_size")?)).map_err(failed)?;
    // An older format may not have it.
    let alive_at = tower::alive_at(&connection).ok().flatten();
    let (bytes, bytes_of_log) = super::store_bytes(data_dir);
    Ok(StoreFacts {
        format,
        format_known: FORMAT,
        sqlite: rusqlite::version().to_owned(),
        bytes,
        bytes_of_log,
        bytes_free: u64::try_from(free).unwrap_or(0),
        alive_at,
        path,
    })
}

/// Goes through the whole file, which takes a while if it is large.
///
/// # Errors
/// With what is wrong in it.
pub fn look_through(data_dir: &Path) -> Result<(), StoreError> {
    let (connection, path) = reading(data_dir)?;
    let said: rusqlite::Result<String> = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    match said {
        Ok(said) if said == "ok" => Ok(()),
        Ok(said) => Err(StoreError::Row(format!("{} is damaged: {said}", path.display()))),
        Err(source) => Err(StoreError::Sqlite { path, source }),
    }
}

/// Each table with how many rows it has, and the statements that make the schema. No row of any is read out.
///
/// # Errors
/// If it cannot be read.
pub fn tables(data_dir: &Path) -> Result<(Vec<TableFacts>, Vec<String>), StoreError> {
    let (connection, path) = reading(data_dir)?;
    let read = || {
        let sql = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC, name";
        let mut statement = connection.prepare(sql)?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?)))?;
        let (mut tables, mut schema) = (Vec::new(), Vec::new());
        for row in rows {
            let (kind, name, sql) = row?;
            // Tables within a table have their own; a module of the index of words counts by itself.
            if kind == "table" {
                let count =
                    connection.query_row(&format!("SELECT count(*) FROM \"{name}\""), [], |row| row.get::<_, i64>(0));
                tables.push(TableFacts { name, rows: count.map_or(0, |count| u64::try_from(count).unwrap_or(0)) });
            }
            schema.push(sql);
        }
        Ok((tables, schema))
    };
    read().map_err(|source| StoreError::Sqlite { path, source })
}
