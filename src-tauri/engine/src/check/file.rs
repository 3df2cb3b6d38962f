//! Looks at a file: whether it is there, when it changed, and what is in it. Its content is streamed, never held.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use cuetower_core::Ms;
use cuetower_core::check::{FileCheck, shortened, size_in_words};
use cuetower_core::time::length_in_words;
use regex::bytes::Regex;
use sha2::{Digest, Sha256};

use super::{Abandoned, Look, Seen, pattern};

/// Read of one file at most.
const READ_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The beginning of a longer line is looked at.
const LINE_BYTES_MAX: usize = 64 * 1024;
const PIECE_BYTES: usize = 64 * 1024;
/// File systems stamp with the clock's last tick, which may be a little earlier than the instant of the change.
const TICK_MS: u64 = 10;

pub(super) async fn look(check: &FileCheck, look: &Look<'_>) -> Seen {
    let (check, path, fire) = (check.clone(), look.path(&check.path), look.means.fire);
    look.blocking(move |abandoned| seen(&check, &path, fire, abandoned)).await?
}

fn seen(check: &FileCheck, path: &Path, fire: Ms, abandoned: &Abandoned) -> Seen {
    let metadata = path.metadata().map_err(|error| why_not_seen(&error))?;
    if metadata.is_dir() {
        return Err("it is a folder".to_owned());
    }
    if !metadata.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let mut seen = Vec::new();
    if check.newer_than_fire {
        seen.push(age(&metadata, fire)?);
    }
    if check.min_lines.is_some() || check.sha256.is_some() || check.matches.is_some() {
        seen.extend(content(check, open(path).map_err(|error| why_not_seen(&error))?, abandoned)?);
    }
    if seen.is_empty() {
        seen.push(size_in_words(metadata.len()));
    }
    Ok(seen.join(", "))
}

fn why_not_seen(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "the tower may not read it".to_owned(),
        _ => format!("it cannot be read: {error}"),
    }
}

fn age(metadata: &Metadata, fire: Ms) -> Seen {
    let changed = metadata.modified().map_err(|error| format!("when it changed is not known: {error}"))?;
    let changed = Ms::from(chrono::DateTime::<chrono::Utc>::from(changed));
    if changed.plus(TICK_MS) >= fire {
        Ok(format!("changed {} after the fire", length_in_words(changed.since(fire))))
    } else {
        Err(format!("it changed {} before the fire, and not since", length_in_words(fire.since(changed))))
    }
}

/// Never waits: a pipe that took the file's place since it was looked at has nobody at its other end.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().read(true).custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits()).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

fn content(check: &FileCheck, file: File, abandoned: &Abandoned) -> Result<Vec<String>, String> {
    let pattern = check.matches.as_deref().map(pattern::of_bytes).transpose();
    // More than any file has, where the report was not looked into.
    let least = check.min_lines.as_ref().map(|least| least.number().unwrap_or(f64::INFINITY));
    let mut lines = Lines::of(pattern.map_err(|trouble| format!("the pattern {trouble}"))?);
    let mut hash = check.sha256.is_some().then(Sha256::new);
    let long = file.metadata().map_err(|error| why_not_seen(&error))?.len();
    let mut file = file.take(READ_BYTES_MAX + 1);
    let (mut piece, mut read) = (vec![0; PIECE_BYTES], 0);
    let whole = loop {
        let enough = read < long
            && hash.is_none()
            && least.is_none_or(|least| lines.ended as f64 >= least)
            && (check.matches.is_none() || lines.matching.is_some());
        if enough || abandoned.yet() {
            break false;
        }
        let length = file.read(&mut piece).map_err(|error| why_not_seen(&error))?;
        if length == 0 {
            break true;
        }
        read += length as u64;
        if read > READ_BYTES_MAX {
            return Err("it is longer than the 64 MiB that are looked at".to_owned());
        }
        lines.take(&piece[..length]);
        if let Some(hash) = &mut hash {
            hash.update(&piece[..length]);
        }
    };
    if whole {
        lines.end();
    }
    let mut seen = Vec::new();
    if let Some(least) = least {
        let count = format!("{} {}", lines.ended, if lines.ended == 1 { "line" } else { "lines" });
        if (lines.ended as f64) < least {
            return Err(count);
        }
        seen.push(if whole { count } else { format!("{count} and more") });
    }
    if let (Some(wanted), Some(hash)) = (&check.sha256, hash) {
        let found = hash.finalize().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        if found != *wanted {
            return Err(format!("its SHA-256 is {found}"));
        }
        seen.push("the same SHA-256".to_owned());
    }
    if check.matches.is_some() {
        let (number, line) = lines.matching.ok_or_else(|| format!("none of {} lines matches", lines.ended))?;
        seen.push(format!("line {number} is `{line}`"));
    }
    Ok(seen)
}

/// Cuts a stream into lines, counts them, and looks for the first that matches.
struct Lines {
    pattern: Option<Regex>,
    ended: u64,
    line: Vec<u8>,
    /// Something stands in the line that has not ended.
    begun: bool,
    matching: Option<(u64, String)>,
}

impl Lines {
    fn of(pattern: Option<Regex>) -> Lines {
        Lines { pattern, ended: 0, line: Vec::new(), begun: false, matching: None }
    }

    fn take(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
            self.add(&rest[..at]);
            self.line_ends();
            rest = &rest[at + 1..];
        }
        self.add(rest);
    }

    fn add(&mut self, text: &[u8]) {
        self.begun |= !text.is_empty();
        if self.pattern.is_some() && self.matching.is_none() {
            let room = LINE_BYTES_MAX - self.line.len();
            self.line.extend_from_slice(&text[..text.len().min(room)]);
        }
    }

    fn line_ends(&mut self) {
        self.ended += 1;
        let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        if self.matching.is_none() && self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(line)) {
            self.matching = Some((self.ended, shortened(&String::from_utf8_lossy(line))));
        }
        self.line.clear();
        self.begun = false;
    }

    /// A last line needs no end.
    fn end(&mut self) {
        if self.begun {
            self.line_ends();
        }
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
