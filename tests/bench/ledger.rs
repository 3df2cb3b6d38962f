//! The tower's store, looked at from outside while it is at work: when facts became durable, and the rows behind a figure.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use crate::machine::{cpu_us, now_us};

/// Between two looks; what is seen is late by up to this.
const LOOK_EVERY: Duration = Duration::from_millis(2);

#[must_use]
pub fn open(data: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(data.join("cuetower.db"), flags).expect("the store opens");
    connection.busy_timeout(Duration::from_secs(5)).expect("it may wait");
    connection
}

/// Sequence of the last fact.
#[must_use]
pub fn last_seq(connection: &Connection) -> i64 {
    connection.query_row("SELECT coalesce(max(seq), 0) FROM journal", [], |row| row.get(0)).expect("the journal reads")
}

/// Transactions that were committed so far, each made durable by one `fdatasync` of the log: SQLite counts them in the header of
/// the log's index (`iChange`, the third word), so that reading them costs the tower nothing. Wraps at 2^32.
#[must_use]
pub fn commits(data: &Path) -> u32 {
    const COUNT: std::ops::Range<usize> = 8..12;
    let mut header = [0; COUNT.end];
    let mut index =
        std::fs::File::open(data.join("cuetower.db-shm")).expect("the log has an index while the tower runs");
    index.read_exact(&mut header).expect("it has a header");
    u32::from_ne_bytes(header[COUNT].try_into().expect("four bytes"))
}

/// What a watch saw.
#[derive(Debug, Clone, Copy)]
pub struct Watched {
    /// How many of the facts came.
    pub count: usize,
    /// When the first and the last of them could be read, in Unix microseconds.
    pub first_us: i64,
    pub last_us: i64,
    /// Commits seen from the first to the last; several within one look count as one.
    pub commits: usize,
    /// Processor time of the tower from the start of the watch to the last of them.
    pub cpu_us: f64,
    /// The range of the journal they are in: after, up to.
    pub seqs: (i64, i64),
}

/// Watches the journal until `count` facts of a kind are durable, counted from now, or the patience is over.
pub async fn watch(data: &Path, pid: u32, kind: &'static str, count: usize, patience: Duration) -> Watched {
    let data: PathBuf = data.to_owned();
    let watching = tokio::task::spawn_blocking(move || look(&open(&data), pid, kind, count, patience));
    watching.await.expect("the watch ends")
}

fn look(connection: &Connection, pid: u32, kind: &str, count: usize, patience: Duration) -> Watched {
    let (begun, began_cpu_us, from) = (Instant::now(), cpu_us(pid), last_seq(connection));
    let mut seen = Watched { count: 0, first_us: 0, last_us: 0, commits: 0, cpu_us: 0.0, seqs: (from, from) };
    let mut facts =
        connection.prepare("SELECT max(seq), count(*) FILTER (WHERE kind = ?2) FROM journal WHERE seq > ?1").unwrap();
    let mut version = 0;
    while seen.count < count && begun.elapsed() < patience {
        std::thread::sleep(LOOK_EVERY);
        let now_version: i64 = connection.query_row("PRAGMA data_version", [], |row| row.get(0)).unwrap();
        if now_version == version {
            continue;
        }
        version = now_version;
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, i64>(1)?));
        let (last, new) = facts.query_row(rusqlite::params![seen.seqs.1, kind], row).unwrap();
        seen.seqs.1 = last.unwrap_or(seen.seqs.1);
        if new > 0 {
            seen.count += usize::try_from(new).expect("counts are positive");
            seen.last_us = now_us();
            seen.commits += 1;
            seen.cpu_us = cpu_us(pid) - began_cpu_us;
            if seen.first_us == 0 {
                seen.first_us = seen.last_us;
            }
        }
    }
    seen
}

/// Occurrences due then that ended as `ran`.
#[must_use]
pub fn ran(connection: &Connection, due_us: i64) -> i64 {
    let sql = "SELECT count(*) FROM occurrences WHERE due_ms = ?1 AND state = 'ran'";
    connection.query_row(sql, [due_us / 1_000], |row| row.get(0)).expect("the ledger reads")
}

/// What writing rows that the tower wrote costs without the tower: the same rows into the same tables with the same
/// indexes, in one durable transaction. Returns wall and processor time in milliseconds.
///
/// `rows` names tables of the store, each with the condition that finds the rows.
#[must_use]
pub fn raw(data: &Path, rows: &[(&str, String)]) -> (f64, f64) {
    let folder = tempfile::tempdir_in(data).expect("a folder can be made");
    let mut connection = Connection::open(folder.path().join("raw.db")).expect("a store can be made");
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    let uri = format!("file:{}?mode=ro", data.join("cuetower.db").display());
    connection.execute("ATTACH ?1 AS tower", [uri]).expect("the store can be read beside it");
    for (table, condition) in rows {
        let schema: Vec<String> = connection
            .prepare("SELECT sql FROM tower.sqlite_master WHERE tbl_name = ?1 AND sql IS NOT NULL ORDER BY type DESC")
            .and_then(|mut found| found.query_map([table], |row| row.get(0))?.collect())
            .expect("a table has a schema");
        schema.iter().for_each(|sql| connection.execute_batch(sql).expect("the schema is taken over"));
        // Read before the clock runs, so that only the writing is timed.
        let held = format!("CREATE TEMP TABLE held_{table} AS SELECT * FROM tower.{table} WHERE {condition}");
        connection.execute_batch(&held).expect("the rows can be read");
    }
    let (begun, cpu_before_us) = (Instant::now(), cpu_us(std::process::id()));
    let transaction = connection.transaction().unwrap();
    for (table, _) in rows {
        let sql = format!("INSERT INTO main.{table} SELECT * FROM temp.held_{table}");
        transaction.execute(&sql, []).expect("the rows can be written");
    }
    transaction.commit().expect("they are durable");
    (begun.elapsed().as_secs_f64() * 1e3, (cpu_us(std::process::id()) - cpu_before_us) / 1e3)
}
