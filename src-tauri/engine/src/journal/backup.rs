//! A copy of the store as it is at one moment, made while it goes on being written, with what else belongs to it in a table of its
//! own; and the way back: such a copy put in the store's place.
//!
//! The copy is an SQLite database like the store. What it carries beside the store's tables lies in the table `backup`, so that
//! one file is all there is; a checksum of all of it stands behind the last page, where SQLite does not look. The way back is one
//! rename; whatever breaks off, the store is the old one or the new one.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::{FORMAT, Journal, StoreError, backup_checksum as checksum};
use crate::private;

/// "CTBK": told apart from a store, and from any other database.
const APPLICATION_ID: i32 = 0x4354_424b;
/// Between two of these the copy lets others at the disk: 1 MiB.
const PAGES_AT_ONCE: i32 = 256;
/// Written, but perhaps not on the disk: more would have the next commit wait for all of it.
const UNSYNCED_PAGES_MAX: u32 = 4_096;
const BETWEEN: Duration = Duration::from_millis(1);
/// What waits in the data folder to become the store.
const STAGED: &str = "restore.db";
/// What was there before is called this, the instant of the restore, and what it was: `before-restore-20261122T033000Z.db`.
const BEFORE: &str = "before-restore-";

const CARRIED: &str = "CREATE TABLE backup (
  name TEXT PRIMARY KEY,
  body BLOB NOT NULL
) STRICT, WITHOUT ROWID;";

/// A file that a backup carries beside the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedFile {
    pub name: String,
    pub body: Vec<u8>,
}

/// How far a copy has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyProgress {
    pub pages: u32,
    pub pages_left: u32,
}

impl super::Reader {
    /// Copies the store to `to`, which must not be there, with `carried`. On disk when this returns. Blocks for as long as it
    /// takes; `goes_on` is asked after each MiB.
    ///
    /// # Errors
    /// If the store cannot be read or the copy not be written; nothing is left of the copy then.
    pub fn back_up(
        &self,
        to: &Path,
        carried: &[CarriedFile],
        goes_on: impl FnMut(CopyProgress) -> bool,
    ) -> Result<(), StoreError> {
        let copied = copy(self.path(), to, carried, goes_on);
        if copied.is_err() {
            drop(std::fs::remove_file(to));
        }
        copied
    }
}

fn copy(
    from: &Path,
    to: &Path,
    carried: &[CarriedFile],
    mut goes_on: impl FnMut(CopyProgress) -> bool,
) -> Result<(), StoreError> {
    let of_source = |source| StoreError::Sqlite { path: from.to_owned(), source };
    let of_copy = |source| StoreError::Sqlite { path: to.to_owned(), source };
    let source = reading(from).map_err(of_source)?;
    // Held to the end: the copy is of this moment, whatever is written meanwhile.
    source
        .execute_batch("BEGIN")
        .and_then(|()| source.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(())))
        .map_err(of_source)?;
    let unwritable = |error| StoreError::Folder(to.to_owned(), error);
    let mut file = private::options().create_new(true).read(true).write(true).open(to).map_err(unwritable)?;
    let mut copy = Connection::open(to).map_err(of_copy)?;
    copy.pragma_update(None, "synchronous", "OFF").map_err(of_copy)?;
    {
        let steps = Backup::new(&source, &mut copy).map_err(of_copy)?;
        let mut synced_left = None;
        loop {
            let step = steps.step(PAGES_AT_ONCE).map_err(of_copy)?;
            let seen = steps.progress();
            let left = u32::try_from(seen.remaining).unwrap_or(0);
            if !goes_on(CopyProgress { pages: u32::try_from(seen.pagecount).unwrap_or(0), pages_left: left }) {
                return Err(StoreError::Broken(to.to_owned()));
            }
            if matches!(step, StepResult::Done) {
                break;
            }
            if *synced_left.get_or_insert(left) >= left + UNSYNCED_PAGES_MAX {
                file.sync_data().map_err(unwritable)?;
                synced_left = Some(left);
            }
            std::thread::sleep(BETWEEN);
        }
    }
    drop(source);
    // One file and nothing beside it, marked for what it is.
    copy.pragma_update(None, "journal_mode", "DELETE").map_err(of_copy)?;
    copy.pragma_update(None, "application_id", APPLICATION_ID).map_err(of_copy)?;
    carry(&copy, carried).map_err(of_copy)?;
    copy.close().map_err(|(_, source)| of_copy(source))?;
    checksum::append(&mut file).map_err(unwritable)?;
    file.sync_all().map_err(unwritable)
}

fn carry(copy: &Connection, carried: &[CarriedFile]) -> rusqlite::Result<()> {
    copy.execute_batch(CARRIED)?;
    put(copy, carried)
}

fn put(copy: &Connection, files: &[CarriedFile]) -> rusqlite::Result<()> {
    let mut insert = copy.prepare("INSERT INTO backup (name, body) VALUES (?1, ?2)")?;
    files.iter().try_for_each(|file| insert.execute((&file.name, &file.body)).map(drop))
}

fn reading(path: &Path) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

/// What is in a backup.
#[derive(Debug)]
pub struct BackupSeen {
    /// Beside the store.
    pub carried: Vec<CarriedFile>,
    /// That are not deleted.
    pub cues: u64,
    pub runs: u64,
}

/// Looks into a backup.
///
/// # Errors
/// If it is no backup of a tower, or of a newer one than this.
pub fn seen_in(path: &Path) -> Result<BackupSeen, StoreError> {
    let failed = |source| StoreError::Sqlite { path: path.to_owned(), source };
    // SQLite would make the file.
    File::open(path).map_err(|error| StoreError::Folder(path.to_owned(), error))?;
    let backup = reading(path).map_err(failed)?;
    let number = |pragma: &str| backup.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let id = match number("application_id") {
        Ok(id) => id,
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => 0,
        Err(error) => return Err(failed(error)),
    };
    if id != i64::from(APPLICATION_ID) {
        return Err(StoreError::NoBackup(path.to_owned()));
    }
    let found = number("user_version").map_err(failed)?;
    if found > FORMAT {
        return Err(StoreError::NewerFormat { found });
    }
    let count = |sql: &str| {
        backup.query_row(sql, [], |row| row.get::<_, i64>(0)).map(|count| u64::try_from(count).unwrap_or(0))
    };
    let seen = || {
        Ok(BackupSeen {
            carried: files(&backup)?,
            cues: count("SELECT count(*) FROM cues WHERE status <> 'deleted'")?,
            runs: count("SELECT count(*) FROM runs")?,
        })
    };
    seen().map_err(failed)
}

fn files(backup: &Connection) -> rusqlite::Result<Vec<CarriedFile>> {
    let mut rows = backup.prepare("SELECT name, body FROM backup ORDER BY name")?;
    let rows = rows.query_map([], |row| Ok(CarriedFile { name: row.get(0)?, body: row.get(1)? }))?;
    rows.collect()
}

/// Whether the whole file can be read, and is sound: as its checksum says, and as SQLite sees it. False: it carries no checksum, as
/// those of older programs.
///
/// # Errors
/// With what is wrong in it.
pub fn check(path: &Path) -> Result<bool, StoreError> {
    let unreadable = |error| StoreError::Folder(path.to_owned(), error);
    let fits = File::open(path).and_then(|mut file| checksum::fits(&mut file)).map_err(unreadable)?;
    if fits == Some(false) {
        return Err(StoreError::Damaged(path.to_owned(), "its checksum does not fit".to_owned()));
    }
    let failed = |source| StoreError::Sqlite { path: path.to_owned(), source };
    let backup = reading(path).map_err(failed)?;
    let said: String = backup.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if said == "ok" { Ok(fits.is_some()) } else { Err(StoreError::Damaged(path.to_owned(), said)) }
}

/// Puts a backup where the next tower on `data_dir` finds it and takes it for its store. `files`: what it is to find beside the
/// store, in the place of what the backup carries. `paused`: it fires nothing until it is told to.
///
/// # Errors
/// If it cannot be read or written; nothing changes then.
pub fn stage(backup: &Path, data_dir: &Path, files: &[CarriedFile], paused: bool) -> Result<(), StoreError> {
    let part = data_dir.join("restore.part");
    let unwritable = |error| StoreError::Folder(part.clone(), error);
    private::folder(data_dir).map_err(|error| StoreError::Folder(data_dir.to_owned(), error))?;
    let mut from = File::open(backup).map_err(|error| StoreError::Folder(backup.to_owned(), error))?;
    let mut file = private::made_anew(&part).map_err(unwritable)?;
    std::io::copy(&mut from, &mut file).map_err(unwritable)?;
    checksum::cut(&mut from, &file).map_err(unwritable)?;
    let failed = |source| StoreError::Sqlite { path: part.clone(), source };
    let staged = Connection::open(&part).map_err(failed)?;
    let write = || {
        staged.execute_batch("BEGIN; DELETE FROM backup;")?;
        put(&staged, files)?;
        super::tower::restored(&staged)?;
        if paused {
            super::tower::set(&staged, "paused", 1)?;
        }
        staged.execute_batch("COMMIT")
    };
    write().map_err(failed)?;
    staged.close().map_err(|(_, source)| failed(source))?;
    file.sync_all().map_err(unwritable)?;
    std::fs::rename(&part, data_dir.join(STAGED)).map_err(unwritable)?;
    private::sync(data_dir).map_err(unwritable)
}

/// Whether a backup waits to become the store.
#[must_use]
pub fn is_staged(data_dir: &Path) -> bool {
    data_dir.join(STAGED).exists()
}

/// Takes a backup that waits for the store, and puts the files that it carries into their places. Before anything else of a tower
/// looks at the folder; what a crash broke off is done again. True if the store is another one now.
///
/// # Errors
/// If a tower runs on the folder, or something cannot be moved; the store is whole then, the old one or the new one.
pub fn take_staged(data_dir: &Path) -> Result<bool, StoreError> {
    let (staged, store) = (data_dir.join(STAGED), data_dir.join("cuetower.db"));
    if !staged.exists() && !store.exists() {
        return Ok(false);
    }
    let _lock = super::lock(data_dir)?;
    let waits = staged.exists();
    if waits {
        let failed = |error| StoreError::Folder(store.clone(), error);
        if store.exists() {
            keep_aside(&store, &aside(&staged, data_dir, "db", |kept| is_same_file(kept, &store)))?;
        }
        std::fs::rename(&staged, &store).map_err(failed)?;
        private::sync(data_dir).map_err(failed)?;
        tracing::info!(store = %store.display(), "a backup has become the store");
    }
    unpack(&store, data_dir)?;
    Ok(waits)
}

/// The store that was, whole in one file, under another name as well. It stays where it is.
fn keep_aside(store: &Path, before: &Path) -> Result<(), StoreError> {
    let folded = Connection::open(store).and_then(|old| {
        old.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        old.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
        old.close().map_err(|(_, error)| error)
    });
    if let Err(error) = folded {
        // Perhaps that is why a backup is put in its place.
        tracing::warn!(%error, "the store that was could not be folded into one file");
    }
    let failed = |error| StoreError::Folder(before.to_owned(), error);
    let fresh = before.with_extension("new");
    drop(std::fs::remove_file(&fresh));
    std::fs::hard_link(store, &fresh).or_else(|_| std::fs::copy(store, &fresh).map(drop)).map_err(failed)?;
    std::fs::rename(&fresh, before).map_err(failed)?;
    // Two names of one file: the rename left both.
    drop(std::fs::remove_file(&fresh));
    for ending in ["db-wal", "db-shm"] {
        let beside = store.with_extension(ending);
        if beside.exists() {
            std::fs::rename(&beside, before.with_extension(ending)).map_err(failed)?;
        }
    }
    Ok(())
}

/// Where what is to be replaced is kept: by the instant at which the backup was put into the folder, which stays the same when the
/// way back is broken off and begun again. What an earlier restore kept is never written over; `is_it`: it is what is to be kept.
fn aside(staged: &Path, data_dir: &Path, what: &str, is_it: impl Fn(&Path) -> bool) -> PathBuf {
    let at = std::fs::metadata(staged).and_then(|seen| seen.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let at = DateTime::<Utc>::from(at).format("%Y%m%dT%H%M%SZ");
    let names = (1..).map(|number| match number {
        1 => data_dir.join(format!("{BEFORE}{at}.{what}")),
        number => data_dir.join(format!("{BEFORE}{at}-{number}.{what}")),
    });
    let mut free = names.filter(|path| !path.exists() || is_it(path));
    free.next().unwrap_or_else(|| data_dir.join(format!("{BEFORE}{at}.{what}")))
}

/// Broken off between the link and the rename, the store has the other name already.
fn is_same_file(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let inode = |path: &Path| std::fs::metadata(path).ok().map(|seen| (seen.dev(), seen.ino()));
        inode(one).is_some() && inode(one) == inode(other)
    }
    #[cfg(not(unix))]
    {
        let _ = (one, other);
        false
    }
}

/// A file of the folder that is to become `body`, under another name as well.
fn keep_file(store: &Path, path: &Path, body: &[u8]) -> std::io::Result<()> {
    let old = match std::fs::read(path) {
        Ok(old) if old == body => return Ok(()),
        Ok(old) => old,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // The store is the backup by now, with the time that it had while it waited.
    let kept = aside(store, folder, &name, |kept| std::fs::read(kept).is_ok_and(|bytes| bytes == old));
    private::write(&kept, &old)
}

/// The files that the store carries, if it was a backup.
fn unpack(store: &Path, data_dir: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::Sqlite { path: store.to_owned(), source };
    let connection = Connection::open(store).map_err(failed)?;
    let of_backup = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'backup'";
    if connection.query_row(of_backup, [], |_| Ok(())).optional().map_err(failed)?.is_none() {
        return Ok(());
    }
    for CarriedFile { name, body } in files(&connection).map_err(failed)? {
        if is_plain(&name) {
            let path = data_dir.join(&name);
            keep_file(store, &path, &body).map_err(|error| StoreError::Folder(path.clone(), error))?;
            private::write(&path, &body).map_err(|error| StoreError::Folder(path, error))?;
        }
    }
    private::sync(data_dir).map_err(|error| StoreError::Folder(data_dir.to_owned(), error))?;
    let plain = "BEGIN; DROP TABLE backup; PRAGMA application_id = 0; COMMIT;";
    connection.execute_batch(plain).map_err(failed)
}

/// A name that leads nowhere else.
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

impl Journal {
    /// A copy of the store as an older program left it, before it is brought up to date.
    pub(super) fn keep_old_format(&self, data_dir: &Path, found: i64) -> Result<PathBuf, StoreError> {
        let kept = data_dir.join(format!("before-format-{FORMAT}-was-{found}.db"));
        // One that is there was broken off, or is of another try with the same store.
        drop(std::fs::remove_file(&kept));
        super::Reader::of(self.path.clone()).back_up(&kept, &[], |_| true)?;
        Ok(kept)
    }
}

#[cfg(test)]
#[path = "backup_tests.rs"]
mod tests;
