//! Giving room back to the disk: a store that is made now gives back free pages while it runs; an older one is written anew for
//! it, at once where that is quick, otherwise when the owner says so. And bringing the log into the file, beside the pilot.

use std::fs::File;

use rusqlite::{Connection, OpenFlags};

use super::{Journal, Reader, StoreError, put_away_plan};

/// Written anew in about a second, when it is opened.
const SMALL_BYTES: u64 = 64 << 20;
/// The store, its copy and its log.
const ROOM_OF_COPY: u64 = 2;

impl Journal {
    /// An older store that is small gives room back from now on. One that cannot be written anew works as it is.
    pub(super) fn shrink_if_small(&self) {
        let size = match self.guard(put_away_plan::size) {
            Ok(size) => size,
            Err(error) => return tracing::warn!(%error, "the size of the store could not be read"),
        };
        if size.gives_back || size.bytes() > SMALL_BYTES {
            return;
        }
        match self.compact() {
            Ok(()) => tracing::info!("the store gives room back to the disk from now on"),
            Err(error) => tracing::warn!(%error, "the store gives no room back to the disk; it works as it is"),
        }
    }

    /// Writes the whole store anew, as small as it can be. Takes about a second for each 50 MB, and as much room as the store
    /// twice; breaking off leaves it as it was.
    ///
    /// # Errors
    /// If there is too little room, or the store cannot be written.
    pub fn compact(&self) -> Result<(), StoreError> {
        let size = self.guard(put_away_plan::size)?;
        let folder = self.path.parent().unwrap_or(&self.path);
        if let Ok(free) = crate::check::free_on(folder)
            && free < size.used_bytes() * ROOM_OF_COPY
        {
            return Err(StoreError::NoRoom { free, wanted: size.used_bytes() * ROOM_OF_COPY });
        }
        self.guard(|connection| {
            // How far the words are filled in is told by numbers of rows, which are others afterwards: what is in already is looked
            // at again.
            connection.execute_batch(
                "BEGIN; UPDATE search_left SET at = 0 WHERE what = 'cues'; UPDATE search_left SET at = at + 1 WHERE what = 'runs';
                 DELETE FROM search_left WHERE what = 'runs_row'; COMMIT;",
            )?;
            connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
            connection.execute_batch("VACUUM")?;
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        })
    }
}

impl Reader {
    /// Brings what is in the write-ahead log into the file, off the pilot's thread: nobody waits for it. The file is cut where it has
    /// become shorter.
    pub(crate) async fn bring_in(&self) -> Result<(), StoreError> {
        let path = self.path().to_owned();
        let task = tokio::task::spawn_blocking(move || {
            let bring_in = || {
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let connection = Connection::open_with_flags(&path, flags)?;
                connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
            };
            bring_in().map_err(|source| StoreError::Sqlite { path: path.clone(), source })
        });
        task.await.map_err(|error| StoreError::Row(error.to_string()))?
    }

    /// Has the disk take what is in the log, off the pilot's thread: the next commit that somebody waits for would have to bring it
    /// there, too. SQLite holds no lock on this file, so opening and closing it beside the pilot is harmless. A disk that does not
    /// take it is told of by that commit.
    pub(crate) async fn sync_log(&self) {
        let mut log = self.path().as_os_str().to_owned();
        log.push("-wal");
        drop(tokio::task::spawn_blocking(move || File::open(log)?.sync_data()).await);
    }
}
