//! What other schedulers of a machine were told, read: crontabs and systemd's timers. Each job becomes a proposal for a cue,
//! or the reason why it is none. Pure: texts in. Who finds and changes them is the engine's `adopt`.
//!
//! Here: crontabs line by line (`crontab`, `line`), the fields of a line as cron itself reads them (`fields`), variables
//! (`variables`), a unit's file (`unit`), a timer with its service (`timer`), `OnCalendar=` (`calendar`), lengths of time
//! (`span`), `ExecStart=` (`exec_start`), what a job is called (`naming`).

mod calendar;
pub mod crontab;
mod exec_start;
mod fields;
pub mod line;
mod naming;
mod span;
#[cfg(test)]
mod tests;
pub mod timer;
pub mod unit;
mod variables;

use crate::cue::{CatchUpPolicy, Overlap, Program};
use crate::schedule_spec::ScheduleSpec;

/// The machine and the user whose jobs are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The machine's own, by its IANA name.
    pub zone: String,
    /// Empty: not known.
    pub home: String,
    pub user: String,
    pub uid: u32,
    pub cron: CronKind,
}

/// Whose cron reads the tables here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CronKind {
    /// Of Debian and those that descend from it.
    Debian,
    /// Of Fedora, Arch and others; it obeys `CRON_TZ`.
    Cronie,
}

/// One job of another scheduler.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Of the file, from 1; 0: it is not on one line.
    pub line: usize,
    /// As it is written: the line, or the timer's schedule and its command.
    pub text: String,
    /// As whom it is run, if the file says so.
    pub user: Option<String>,
    /// Made of its command; not unique.
    pub name: String,
    /// Or why it cannot be a cue, as a sentence.
    pub what: Result<Proposal, String>,
}

/// The cue that would do the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    pub schedule: ScheduleSpec,
    pub program: Program,
    pub cwd: Option<String>,
    pub env: Vec<(String, String)>,
    pub overlap: Overlap,
    pub catch_up: CatchUpPolicy,
    /// What is different here, each a sentence.
    pub notes: Vec<String>,
}

/// A word as a shell reads it, whatever is in it.
#[must_use]
pub fn shell_word(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-=:,+@".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
