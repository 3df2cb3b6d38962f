//! What a command prints: straight into a file of its own, kept within a bound.
//!
//! The process writes to the file itself, not to a pipe that somebody copies from. So it neither dies (SIGPIPE) nor stalls
//! when tower or launcher are killed, what it printed is still there afterwards, and a grandchild that keeps its output open
//! holds nobody up. The launcher keeps the bound: it looks at the size a few times a second and gives the middle of the file
//! back to the disk, keeping the beginning and the end.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use crate::folder::private;

/// Kept of the beginning.
pub const HEAD_BYTES: u64 = 64 * 1024;
/// Kept of the end.
const END_BYTES: u64 = 4 * 1024 * 1024;
/// The file may outgrow head and end by this much before it is trimmed.
const SLACK_BYTES: u64 = 1024 * 1024;
/// A multiple of every file system's block.
const BLOCK_BYTES: u64 = 64 * 1024;
/// The line in the place of what was given back, around the count of its bytes.
pub const GAP_WORDS: (&str, &str) = ("\n[… ", " bytes were left out here …]\n");

/// One output file of a running command.
#[derive(Debug)]
pub struct Capture {
    path: PathBuf,
    file: File,
    length: u64,
    /// Everything between the head and this offset has been given back.
    freed_to: u64,
    /// The file was written anew, and nobody writes any more.
    closed: bool,
}

impl Capture {
    /// A new, empty file at `path`, readable by the owner only, and the end of it that the process writes to.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn create(path: PathBuf) -> io::Result<(Capture, Stdio)> {
        // Appending, so that processes that share the file never write over each other, nor past a cut.
        let theirs = private().append(true).create(true).open(&path)?;
        if cfg!(unix) {
            // Where nothing can be locked, what is printed after the command has ended is not bounded; see `is_open`.
            let _ = theirs.lock_shared();
        }
        let file = OpenOptions::new().write(true).open(&path)?;
        if file.metadata()?.len() > 0 {
            file.set_len(0)?;
        }
        Ok((Capture { path, file, length: 0, freed_to: HEAD_BYTES, closed: false }, Stdio::from(theirs)))
    }

    /// Whether any process may still write. The lock taken at the start belongs to what the process was given, and so to
    /// everybody who inherited it; it is gone when the last of them is. Where files are not locked like that: never.
    #[must_use]
    pub fn is_open(&self) -> bool {
        cfg!(unix)
            && match self.file.try_lock() {
                Ok(()) => {
                    drop(self.file.unlock());
                    false
                }
                Err(TryLockError::WouldBlock) => true,
                Err(TryLockError::Error(_)) => false,
            }
    }

    /// Whether something was given back, so that the file has a hole.
    #[must_use]
    pub fn has_gap(&self) -> bool {
        !self.closed && self.freed_to > HEAD_BYTES
    }

    /// Gives back what is beyond the bound. Returns how many bytes were printed since the last time.
    ///
    /// # Errors
    /// If the file cannot be measured or cut.
    pub fn trim(&mut self) -> io::Result<u64> {
        if self.closed {
            return Ok(0);
        }
        let length = self.file.metadata()?.len();
        let grown = length.saturating_sub(self.length);
        self.length = length;
        if length > self.freed_to + END_BYTES + SLACK_BYTES {
            // Whole blocks only: of one that is cut through, nothing is given back, and readers take it for printed zeros.
            let free_to = (length - END_BYTES) / BLOCK_BYTES * BLOCK_BYTES;
            if free_range(&self.file, self.freed_to, free_to - self.freed_to) {
                self.freed_to = free_to;
            } else {
                // A file system without holes: start over rather than fill the disk.
                self.file.set_len(0)?;
                self.length = 0;
            }
        }
        Ok(grown)
    }

    /// Gives everything back to a disk that is full.
    pub fn give_up(&self) {
        let _ = self.file.set_len(0);
    }

    /// Once nobody writes any more: the file without its hole, with a line in its place that says what is missing. Nothing, if
    /// the file is gone.
    ///
    /// # Errors
    /// If the file cannot be written anew.
    pub fn close_gap(&mut self) -> io::Result<()> {
        self.trim()?;
        let gap = self.freed_to - HEAD_BYTES;
        if gap == 0 || self.closed || !self.path.exists() {
            return Ok(());
        }
        let anew = self.path.with_extension("part");
        let mut from = File::open(&self.path)?;
        let mut to = private().write(true).create(true).truncate(true).open(&anew)?;
        io::copy(&mut Read::by_ref(&mut from).take(HEAD_BYTES), &mut to)?;
        write!(to, "{}{gap}{}", GAP_WORDS.0, GAP_WORDS.1)?;
        from.seek(SeekFrom::Start(self.freed_to))?;
        io::copy(&mut from, &mut to)?;
        std::fs::rename(anew, &self.path)?;
        self.closed = true;
        Ok(())
    }
}

/// When to look again, after `grown` bytes came within `pause`: often enough that a fast printer stays near the bound.
#[must_use]
pub fn next_look(grown: u64, pause: Duration) -> Duration {
    let (least, most) = (Duration::from_millis(20), Duration::from_millis(200));
    if grown == 0 {
        return (pause * 2).clamp(least, most);
    }
    pause.mul_f64((SLACK_BYTES as f64 / grown as f64).min(2.0)).clamp(least, most)
}

#[cfg(target_os = "linux")]
fn free_range(file: &File, offset: u64, length: u64) -> bool {
    use nix::fcntl::{FallocateFlags, fallocate};
    let hole = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
    match (i64::try_from(offset), i64::try_from(length)) {
        (Ok(offset), Ok(length)) => fallocate(file, hole, offset, length).is_ok(),
        _ => false,
    }
}

#[cfg(not(target_os = "linux"))]
fn free_range(_: &File, _: u64, _: u64) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_output_keeps_its_beginning_and_its_end_and_gives_the_rest_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("stdout");
        let (mut capture, _process_end) = Capture::create(path.clone()).expect("created");
        let mut printed = 0;
        capture.file.write_all(b"first line\n").expect("written");
        for number in 0..400_000 {
            let line = format!("line {number} of a program that prints a lot and does not stop\n");
            printed += line.len() as u64;
            capture.file.write_all(line.as_bytes()).expect("written");
            if number % 10_000 == 0 {
                capture.trim().expect("trimmed");
            }
        }
        capture.trim().expect("trimmed");
        #[cfg(target_os = "linux")]
        {
            use std::os::unix::fs::MetadataExt;
            let on_disk = capture.file.metadata().expect("there").blocks() * 512;
            assert!(
                printed > 20_000_000 && on_disk < HEAD_BYTES + END_BYTES + 2 * SLACK_BYTES,
                "{on_disk} of {printed} bytes on disk"
            );
        }
        capture.close_gap().expect("closed");
        let text = std::fs::read_to_string(&path).expect("no hole is left, so it is text");
        assert!(
            text.starts_with("first line\nline 0 of") && text.contains("bytes were left out here"),
            "the beginning is kept"
        );
        assert!(text.ends_with("line 399999 of a program that prints a lot and does not stop\n"), "the end is kept");
        assert!((text.len() as u64) < HEAD_BYTES + END_BYTES + 2 * SLACK_BYTES);
    }

    #[test]
    fn a_fast_printer_is_looked_at_often_and_a_quiet_one_seldom() {
        let pause = Duration::from_millis(100);
        assert_eq!(next_look(50 << 20, pause), Duration::from_millis(20));
        assert_eq!(next_look(0, pause), Duration::from_millis(200));
    }
}
