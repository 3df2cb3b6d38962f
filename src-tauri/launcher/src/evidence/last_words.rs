//! What a program said of memory before it ended.

use std::path::Path;

use super::Want;
use crate::live;

/// What the run-times that agents are written in say when an allocation is refused.
const COMPLAINTS: [&str; 11] = [
    "MemoryError",
    "Cannot allocate memory",
    "cannot allocate memory",
    "std::bad_alloc",
    "memory allocation of",
    "JavaScript heap out of memory",
    "Allocation failed",
    "OutOfMemoryError",
    "out of memory",
    "Out of memory",
    "memory exhausted",
];

const SIGABRT: i32 = 6;
const LAST_BYTES: usize = 8 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub struct LastWords {
    /// The line that complains.
    pub complaint: Option<String>,
    /// The complaint is the very last line.
    is_last: bool,
}

/// Reads the end of what the program wrote to its standard error.
#[must_use]
pub fn of(stderr: &Path) -> LastWords {
    read(&live::tail(stderr).text)
}

fn read(text: &str) -> LastWords {
    let start = text.char_indices().map(|(at, _)| at).find(|at| text.len() - at <= LAST_BYTES).unwrap_or(0);
    let mut lines = text[start..].lines().map(str::trim).filter(|line| !line.is_empty()).rev();
    let complains = |line: &&str| COMPLAINTS.iter().any(|words| line.contains(words));
    let last = lines.next();
    let is_last = last.is_some_and(|line| complains(&line));
    let complaint = last.into_iter().chain(lines).find(complains);
    LastWords { complaint: complaint.map(|line| line.chars().take(200).collect()), is_last }
}

impl LastWords {
    /// Without a known limit, only the program's own verdict counts: an error nobody caught, or an abort.
    #[must_use]
    pub fn by_itself(self, code: Option<i32>, signal: Option<i32>) -> Option<(Want, String)> {
        let aborted = signal == Some(SIGABRT) || code == Some(128 + SIGABRT);
        let complaint = self.complaint?;
        let uncaught = self.is_last && complaint.starts_with("MemoryError");
        (aborted || uncaught)
            .then(|| (Want::Lacked { why: ", as it says itself".to_owned() }, format!("its last words: {complaint}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_says_why_it_ends_is_believed_and_one_that_mentions_it_is_not() {
        let python = "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\nMemoryError\n";
        assert!(read(python).by_itself(Some(1), None).is_some());
        let caught = "MemoryError in batch 3, trying a smaller one\nconnection refused\n";
        assert_eq!(read(caught).complaint.as_deref(), Some("MemoryError in batch 3, trying a smaller one"));
        assert!(read(caught).by_itself(Some(1), None).is_none());
        let node = "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n----- Native stack trace -----\n 1: 0xb8\n";
        assert!(read(node).by_itself(None, Some(6)).is_some());
        assert!(read("").by_itself(None, Some(6)).is_none());
    }
}
