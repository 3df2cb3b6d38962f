//! A check: something that the tower looks at itself, on this machine. Here: what is looked at, in which words, and the
//! proof of what was seen. How it is looked at is the engine's business (`engine/src/check`).

mod reported;
mod words;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Ms;
use crate::cue::Program;
use crate::time::SECOND_MS;

pub use reported::{FILLED_WITH_RUN, field_of};
pub(crate) use words::listed;
pub use words::{shortened, size_in_words, value_in_words};

/// How long a check may take unless it says otherwise.
pub const CHECK_TIMEOUT_MS: u64 = 10 * SECOND_MS;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    pub what: What,
    pub timeout_ms: u64,
}

/// What is looked at. Paths may begin with `~`; a relative one begins in the folder of the cue's command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    File(FileCheck),
    Url(UrlCheck),
    Command(CommandCheck),
    Sql(SqlCheck),
    Git(GitCheck),
    Disk {
        path: String,
        free_bytes: u64,
    },
    Memory {
        free_bytes: u64,
    },
    /// The vault has a value of this name.
    Secret {
        name: String,
    },
}

/// A file that exists, and whatever else is asked of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FileCheck {
    pub path: String,
    /// Changed at or after the instant the run was due.
    pub newer_than_fire: bool,
    pub min_lines: Option<Bound>,
    /// 64 digits, in lower case.
    pub sha256: Option<String>,
    /// A regular expression that one of its lines matches.
    pub matches: Option<String>,
}

/// A GET.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrlCheck {
    pub url: String,
    /// Values may hold `{{secret:NAME}}`.
    pub headers: Vec<(String, String)>,
    /// It may be at an address of a private network.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_private: bool,
    /// None: any of 200 to 299.
    pub status: Option<u16>,
    /// A regular expression that the first 64 KiB of the body match somewhere.
    pub body_matches: Option<String>,
}

/// A command that exits with 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandCheck {
    pub program: Program,
    pub cwd: Option<String>,
    /// Values may hold `{{secret:NAME}}`.
    pub env: Vec<(String, String)>,
}

/// A query that only reads. Its value is the first column of the first row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SqlCheck {
    pub database: Database,
    pub query: String,
    pub gives: Gives,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Database {
    /// Path of the file.
    Sqlite(String),
    /// `postgres://user:{{secret:NAME}}@host/name`, or one secret that is such an address.
    Postgres(String),
}

/// What is asked of the value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gives {
    /// The database answers, with whatever it has.
    Anything,
    /// A number, a text, true, false or null; a text `{{outcome.FIELD}}` is what was reported.
    Exactly(Value),
    /// A number within these bounds; at least one is there.
    Within { at_least: Option<Bound>, at_most: Option<Bound> },
}

/// A bound of a value: as it was written, or a field of the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Bound {
    Number(f64),
    /// "processed", "metadata.rows".
    Reported(String),
}

impl Bound {
    /// None: the report was not looked into yet.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Bound::Number(number) => Some(*number),
            Bound::Reported(_) => None,
        }
    }
}

impl From<f64> for Bound {
    fn from(number: f64) -> Bound {
        Bound::Number(number)
    }
}

/// A folder in a git repository that has a commit, and whatever else is asked of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitCheck {
    pub repo: String,
    /// Nothing is changed and not committed, and no file is unknown to git.
    pub clean: bool,
    /// Name of a remote that answers.
    pub remote: Option<String>,
    /// HEAD was committed at or after the instant the run was due.
    pub new_commit: bool,
}

/// A check before delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preflight {
    pub check: Check,
    pub on_fail: OnFail,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFail {
    /// The delivery waits, and the tower looks again later.
    #[default]
    Hold,
    /// The attempt fails, and is tried again by the backoff.
    Fail,
}

/// What was seen, and when. Holds no value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The check in words: "file report.md has at least 20 lines".
    pub check: String,
    pub passed: bool,
    /// "3 lines".
    pub saw: String,
    pub at: Ms,
    /// The kind of check, as a cue's JSON says it.
    #[serde(default)]
    pub kind: String,
    /// What was looked at: the query, path, address or command as it was used, without secrets.
    #[serde(default)]
    pub detail: String,
    #[serde(default)]
    pub took_ms: u64,
}

impl Proof {
    /// "file report.md has at least 20 lines: 3 lines"
    #[must_use]
    pub fn sentence(&self) -> String {
        format!("{}: {}", self.check, self.saw)
    }
}

impl What {
    /// The word for it in a cue's JSON.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            What::File(_) => "file",
            What::Url(_) => "url",
            What::Command(_) => "command",
            What::Sql(_) => "sql",
            What::Git(_) => "git",
            What::Disk { .. } => "disk",
            What::Memory { .. } => "memory",
            What::Secret { .. } => "secret",
        }
    }

    /// Whoever writes such a check could run a program, read this machine's files and databases, call what is around it, or
    /// learn which secrets there are.
    #[must_use]
    pub fn is_the_owners(&self) -> bool {
        match self {
            What::File(_)
            | What::Command(_)
            | What::Sql(_)
            | What::Git(_)
            | What::Disk { .. }
            | What::Secret { .. } => true,
            What::Url(url) => url.allow_private || url.headers.iter().any(|(_, value)| value.contains("{{secret:")),
            What::Memory { .. } => false,
        }
    }

    /// The texts that `{{secret:NAME}}` is filled into.
    #[must_use]
    pub fn templates(&self) -> Vec<&str> {
        match self {
            What::Url(url) => url.headers.iter().map(|(_, value)| value.as_str()).collect(),
            What::Command(command) => command.env.iter().map(|(_, value)| value.as_str()).collect(),
            What::Sql(SqlCheck { database: Database::Postgres(address), .. }) => vec![address],
            What::Sql(SqlCheck { database: Database::Sqlite(_), .. })
            | What::File(_)
            | What::Git(_)
            | What::Disk { .. }
            | What::Memory { .. }
            | What::Secret { .. } => Vec::new(),
        }
    }
}
