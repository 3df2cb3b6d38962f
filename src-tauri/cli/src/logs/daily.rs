//! A file for each day (UTC), which its owner alone can read; the oldest go. Each has a bound: who asks for more than a disk holds
//! gets the beginning of the day.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use cuetower_core::Ms;
use cuetower_engine::clock::{Clock as _, SystemClock};
use cuetower_engine::private;

/// In the data folder.
pub const FOLDER: &str = "logs";
const PREFIX: &str = "cuetower-";
const ENDING: &str = ".jsonl";
const BYTES_MAX: u64 = 64 * 1024 * 1024;
const FULL: &str = "{\"level\":\"WARN\",\"fields\":{\"message\":\"the log of this day is full\"}}\n";

pub struct Daily {
    folder: PathBuf,
    keep_days: usize,
    clock: SystemClock,
    /// Of the day that its name says.
    open: Option<(String, File, u64)>,
}

impl Daily {
    /// # Errors
    /// If the folder cannot be made, or today's file not be written.
    pub fn open(folder: &Path, keep_days: u32) -> io::Result<Daily> {
        private::folder(folder)?;
        let keep_days = usize::try_from(keep_days).unwrap_or(usize::MAX);
        let mut daily = Daily { folder: folder.to_owned(), keep_days, clock: SystemClock::new(), open: None };
        daily.today()?;
        Ok(daily)
    }

    /// Today's file, and how much is in it.
    fn today(&mut self) -> io::Result<&mut (String, File, u64)> {
        let name = name_of(self.clock.now());
        if self.open.as_ref().is_none_or(|(open, ..)| *open != name) {
            let path = self.folder.join(&name);
            let file = private::options().create(true).append(true).open(&path)?;
            let bytes = file.metadata()?.len();
            self.open = Some((name, file, bytes));
            self.let_go();
        }
        self.open.as_mut().ok_or_else(|| io::Error::other("no file is open"))
    }

    /// Those of the newest days stay; what is no file of ours is not touched.
    fn let_go(&self) {
        let mut days = days(&self.folder);
        let too_many = days.len().saturating_sub(self.keep_days);
        for path in days.drain(..too_many) {
            // It stays until the next day.
            drop(std::fs::remove_file(path));
        }
    }
}

impl Write for Daily {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (_, file, written) = self.today()?;
        let more = bytes.len() as u64;
        if *written + more <= BYTES_MAX {
            file.write_all(bytes)?;
        } else if *written <= BYTES_MAX {
            file.write_all(FULL.as_bytes())?;
            *written = BYTES_MAX;
        }
        *written += more;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.open.as_mut().map_or(Ok(()), |(_, file, _)| file.flush())
    }
}

/// The files of a folder of logs, oldest day first.
pub fn days(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_day = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let day = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(ENDING)).unwrap_or_default();
        day.len() == 10 && day.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    };
    let mut days: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_day).collect();
    days.sort_unstable();
    days
}

fn name_of(now: Ms) -> String {
    let day = now.utc().unwrap_or_default();
    format!("{PREFIX}{}{ENDING}", day.format("%Y-%m-%d"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_days_stay_and_what_is_not_ours_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FOLDER);
        std::fs::create_dir(&path).unwrap();
        for day in 1..=9 {
            std::fs::write(path.join(format!("{PREFIX}2020-01-0{day}{ENDING}")), "{}\n").unwrap();
        }
        std::fs::write(path.join("notes.jsonl"), "mine").unwrap();
        let mut daily = Daily::open(&path, 3).unwrap();
        daily.write_all(b"{\"one\":1}\n").unwrap();
        let names: Vec<String> =
            days(&path).iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
        assert_eq!(names[..2], ["cuetower-2020-01-08.jsonl", "cuetower-2020-01-09.jsonl"]);
        assert_eq!(
            (names.len(), std::fs::read_to_string(days(&path).last().unwrap()).unwrap().as_str()),
            (3, "{\"one\":1}\n")
        );
        assert!(path.join("notes.jsonl").exists());
    }

    #[test]
    fn a_day_that_is_full_says_so_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut daily = Daily::open(&folder.path().join(FOLDER), 1).unwrap();
        daily.today().unwrap().2 = BYTES_MAX - 1;
        for _ in 0..3 {
            daily.write_all(b"more than one\n").unwrap();
        }
        let text = std::fs::read_to_string(days(&folder.path().join(FOLDER)).last().unwrap()).unwrap();
        assert_eq!(text, FULL);
    }
}
