//! A wall clock that a test sets while the tower runs: libfaketime laid over the real program. Only CLOCK_REALTIME is
//! moved; what has elapsed and how long the machine was awake stay true, as where somebody really sets the clock.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};
use tempfile::TempDir;

/// Ends with its folder: a tower that still runs would read the real time then.
pub struct Wall {
    folder: TempDir,
    library: PathBuf,
    /// What it is ahead of the real clock.
    ahead_ms: Mutex<i64>,
}

impl Wall {
    /// Shows this instant now, and goes on from there.
    ///
    /// # Panics
    /// If libfaketime is not on this machine.
    #[must_use]
    pub fn at(instant: &str) -> Wall {
        let wall = Wall { folder: tempfile::tempdir().unwrap(), library: library(), ahead_ms: Mutex::new(0) };
        wall.set(instant);
        wall
    }

    /// What a tower is started with to live by it.
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        let text = |path: &Path| path.to_str().expect("test folders have plain names").to_owned();
        [
            ("LD_PRELOAD", text(&self.library)),
            ("FAKETIME_TIMESTAMP_FILE", text(&self.file())),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// Sets it, such as to "2026-03-29T00:59:50Z".
    pub fn set(&self, instant: &str) {
        self.set_ms(ms(instant));
    }

    pub fn set_ms(&self, instant_ms: i64) {
        let mut ahead_ms = self.ahead_ms.lock().unwrap();
        *ahead_ms = instant_ms - real_ms();
        self.write(*ahead_ms);
    }

    /// Sets it forward, or back.
    pub fn step(&self, by_ms: i64) {
        let mut ahead_ms = self.ahead_ms.lock().unwrap();
        *ahead_ms += by_ms;
        self.write(*ahead_ms);
    }

    /// What it shows.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        real_ms() + *self.ahead_ms.lock().unwrap()
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("wall")
    }

    /// In one step: the tower reads it each time it looks at its clock.
    fn write(&self, ahead_ms: i64) {
        let (sign, ahead) = (if ahead_ms < 0 { '-' } else { '+' }, ahead_ms.unsigned_abs());
        let draft = self.folder.path().join("draft");
        std::fs::write(&draft, format!("{sign}{}.{:03}\n", ahead / 1_000, ahead % 1_000)).unwrap();
        std::fs::rename(draft, self.file()).unwrap();
    }
}

/// Unix milliseconds of "2026-03-29T00:59:50Z".
///
/// # Panics
/// If it is not such an instant.
#[must_use]
pub fn ms(instant: &str) -> i64 {
    let read = DateTime::parse_from_rfc3339(instant).unwrap_or_else(|error| panic!("{instant}: {error}"));
    read.with_timezone(&Utc).timestamp_millis()
}

#[expect(clippy::disallowed_methods, reason = "the test lives by the real clock; only the tower's is set")]
fn real_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    let mut libraries = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
    libraries.find(|library| library.exists()).expect("libfaketime is missing: apt-get install faketime")
}
