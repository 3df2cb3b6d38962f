//! Reads what a command printed as plain text, a bounded piece at a time, also while it prints.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::capture::{GAP_WORDS, HEAD_BYTES};
use crate::folder::{EXIT, STDERR, STDOUT};

/// How much of the end an end shows.
pub const TAIL_BYTES: u64 = 64 * 1024;
/// At most this much is read for one piece.
pub const LIVE_BYTES: u64 = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// A piece of an output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveOutput {
    /// Whole lines: no ANSI escapes, invalid UTF-8 replaced, a line that a carriage return began anew in its last state.
    pub text: String,
    /// The line that is being printed, as far as it is. It comes again with the next piece, so show it after everything else
    /// and take it away then.
    pub unfinished: String,
    /// Where the next piece begins; as it was given if there is nothing new.
    pub next_byte: u64,
    /// So many bytes before `text` were printed and not kept.
    pub skipped_bytes: u64,
}

/// The end of an output, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    /// As in [`LiveOutput`].
    pub text: String,
    /// The command printed more than this.
    pub truncated: bool,
}

impl Stream {
    fn file(self) -> &'static str {
        match self {
            Stream::Stdout => STDOUT,
            Stream::Stderr => STDERR,
        }
    }
}

/// What the command of the attempt's folder `dir` printed from `from_byte` on, at most [`LIVE_BYTES`] of it. Bytes are
/// counted as they were printed, so a reader goes on with `next_byte` whatever was left out meanwhile. A folder that is gone
/// has nothing new.
#[must_use]
pub fn live(dir: &Path, stream: Stream, from_byte: u64) -> LiveOutput {
    // Asked first: what is printed later than this question is read by the next one.
    let over = dir.join(EXIT).exists();
    piece(&dir.join(stream.file()), from_byte, over)
        .unwrap_or_else(|_| LiveOutput { next_byte: from_byte, ..LiveOutput::default() })
}

fn piece(path: &Path, from: u64, over: bool) -> io::Result<LiveOutput> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let gap = closed_gap(&mut file)?;
    let place = match gap {
        Some(gap) => gap.place(from, length),
        None => open_place(&file, from, length),
    };
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(place.at))?;
    file.take(place.length.min(LIVE_BYTES)).read_to_end(&mut bytes)?;

    let full = bytes.len() as u64 == LIVE_BYTES || bytes.len() as u64 == place.length && place.goes_on;
    let whole = match bytes.iter().rposition(|byte| *byte == b'\n') {
        _ if over && !full => bytes.len(),
        Some(last) => last + 1,
        // A line that is longer than a piece, or that ends where something was left out.
        None if full => bytes.len() - cut_character(&bytes),
        None => 0,
    };
    let unfinished = if full { String::new() } else { plain(&String::from_utf8_lossy(&bytes[whole..])) };
    Ok(LiveOutput {
        text: plain(&String::from_utf8_lossy(&bytes[..whole])),
        unfinished,
        next_byte: place.from + whole as u64,
        skipped_bytes: place.from.saturating_sub(from),
    })
}

/// Where in the file a piece is.
struct Place {
    /// Counted as printed.
    from: u64,
    /// In the file.
    at: u64,
    length: u64,
    /// Something was left out after it, and more comes then.
    goes_on: bool,
}

/// What was left out of a file that was written anew without its hole.
struct Gap {
    bytes: u64,
    /// Of the line in its place.
    line: u64,
}

impl Gap {
    fn place(&self, from: u64, length: u64) -> Place {
        if from < HEAD_BYTES {
            return Place { from, at: from, length: HEAD_BYTES - from, goes_on: true };
        }
        let from = from.max(HEAD_BYTES + self.bytes);
        let at = from - self.bytes + self.line;
        Place { from, at, length: length.saturating_sub(at), goes_on: false }
    }
}

/// The line that says what was left out stands at one place only, so the file itself tells.
fn closed_gap(file: &mut File) -> io::Result<Option<Gap>> {
    let mut line = Vec::new();
    file.seek(SeekFrom::Start(HEAD_BYTES))?;
    file.take(80).read_to_end(&mut line)?;
    let line = String::from_utf8_lossy(&line);
    let found = || {
        let (count, _) = line.strip_prefix(GAP_WORDS.0)?.split_once(GAP_WORDS.1)?;
        Some(Gap { bytes: count.parse().ok()?, line: (GAP_WORDS.0.len() + count.len() + GAP_WORDS.1.len()) as u64 })
    };
    Ok(found())
}

/// In a file that may have a hole. One that is shorter than what was read already was begun anew.
fn open_place(file: &File, from: u64, length: u64) -> Place {
    let from = if from > length { 0 } else { from };
    let start = data(file, from).min(length);
    let end = hole(file, start).clamp(start, length);
    Place { from: start, at: start, length: end - start, goes_on: end < length }
}

#[cfg(target_os = "linux")]
fn data(file: &File, from: u64) -> u64 {
    sought(file, from, nix::unistd::Whence::SeekData).unwrap_or(from)
}

#[cfg(target_os = "linux")]
fn hole(file: &File, from: u64) -> u64 {
    sought(file, from, nix::unistd::Whence::SeekHole).unwrap_or(u64::MAX)
}

#[cfg(target_os = "linux")]
fn sought(file: &File, from: u64, whence: nix::unistd::Whence) -> Option<u64> {
    let found = nix::unistd::lseek64(file, i64::try_from(from).ok()?, whence).ok()?;
    u64::try_from(found).ok()
}

#[cfg(not(target_os = "linux"))]
fn data(_: &File, from: u64) -> u64 {
    from
}

#[cfg(not(target_os = "linux"))]
fn hole(_: &File, _: u64) -> u64 {
    u64::MAX
}

/// How many bytes of a character that goes on in the next piece stand at the end.
fn cut_character(bytes: &[u8]) -> usize {
    match std::str::from_utf8(&bytes[bytes.len().saturating_sub(8)..]) {
        Err(error) if error.error_len().is_none() => bytes.len().min(8) - error.valid_up_to(),
        // The eight bytes may begin inside of a character; what is broken there is not at the end.
        _ => (1..=3.min(bytes.len()))
            .find(|count| {
                let lead = bytes[bytes.len() - count];
                lead >= 0xc0 && *count < lead.leading_ones() as usize
            })
            .unwrap_or(0),
    }
}

/// The end of the output in `path`, also while it is being written; an empty one if there is no such file.
#[must_use]
pub fn tail(path: &Path) -> Tail {
    let mut bytes = Vec::new();
    let mut read = || -> io::Result<u64> {
        let mut file = File::open(path)?;
        let start = file.metadata()?.len().saturating_sub(TAIL_BYTES);
        file.seek(SeekFrom::Start(start))?;
        file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        Ok(start)
    };
    let start = read().unwrap_or(0);
    // A cut may fall into the middle of a character.
    let broken = if start > 0 { bytes.iter().take_while(|byte| **byte & 0xc0 == 0x80).count() } else { 0 };
    Tail { text: plain(&String::from_utf8_lossy(&bytes[broken..])), truncated: start > 0 }
}

fn plain(text: &str) -> String {
    let text = anstream::adapter::strip_str(text).to_string().replace("\r\n", "\n");
    if !text.contains(['\r', '\u{8}', '\0']) {
        return text;
    }
    let lines = text.split('\n').map(|line| line.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n").replace(['\u{8}', '\0'], "")
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
