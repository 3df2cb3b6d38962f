//! To whom a cue goes, and how: a web hook, a worker that fetches it, a local command, or an agent that is only watched.

use serde::{Deserialize, Serialize};

use crate::time::{MINUTE_MS, SECOND_MS};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    Webhook(Callback),
    /// Agents fetch it, keep it by a lease, and report.
    Worker(Worker),
    Command(Command),
    /// Somebody else starts the agent; the tower expects its pings.
    Watch,
}

impl Transport {
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Transport::Webhook(_) => "webhook",
            Transport::Worker(_) => "worker",
            Transport::Command(_) => "command",
            Transport::Watch => "watch",
        }
    }

    #[must_use]
    pub fn is_command(&self) -> bool {
        match self {
            Transport::Command(_) => true,
            Transport::Webhook(_) | Transport::Worker(_) | Transport::Watch => false,
        }
    }

    #[must_use]
    pub fn is_watch(&self) -> bool {
        match self {
            Transport::Watch => true,
            Transport::Webhook(_) | Transport::Worker(_) | Transport::Command(_) => false,
        }
    }

    /// Name and value of what may hold `{{secret:NAME}}`.
    #[must_use]
    pub fn pairs(&self) -> &[(String, String)] {
        match self {
            Transport::Webhook(callback) => &callback.headers,
            Transport::Command(command) => &command.env,
            Transport::Worker(_) | Transport::Watch => &[],
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    pub url: String,
    /// POST, PUT, PATCH or GET.
    pub method: String,
    /// Values may hold `{{secret:NAME}}`.
    pub headers: Vec<(String, String)>,
    /// It may be at an address of a private network.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_private: bool,
}

/// How long a worker keeps a run that it claimed, without another sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    pub lease_ms: u64,
}

impl Worker {
    /// CueAPI's.
    pub const LEASE_MS: u64 = 15 * MINUTE_MS;
    /// As long as CueAPI waits for somebody to claim a run.
    pub const CLAIM_WITHIN_MS: u64 = 15 * MINUTE_MS;
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    pub program: Program,
    pub cwd: Option<String>,
    /// Values may hold `{{secret:NAME}}`.
    pub env: Vec<(String, String)>,
    /// Between the polite and the firm stop.
    pub stop_grace_ms: u64,
    /// Anything but `Never` makes a long-lived agent of it.
    #[serde(default)]
    pub restart: Restart,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Program {
    Argv(Vec<String>),
    Shell(String),
}

/// Whether a command that ended is started again, in the same run, as its next attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restart {
    #[default]
    Never,
    /// If its exit code is not 0.
    OnFailure,
    Always,
}

impl Restart {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Restart::Never => "never",
            Restart::OnFailure => "on_failure",
            Restart::Always => "always",
        }
    }

    /// Whether it holds for an end with this success.
    #[must_use]
    pub fn holds(self, ended_well: bool) -> bool {
        match self {
            Restart::Never => false,
            Restart::OnFailure => !ended_well,
            Restart::Always => true,
        }
    }

    /// The wait before the next start, after so many lives in a row that were too short: 1 s, doubled each time, at most 5 min.
    #[must_use]
    pub fn wait_ms(short_lives: u32) -> u64 {
        let doublings = short_lives.saturating_sub(1).min(16);
        (SECOND_MS << doublings).min(5 * MINUTE_MS)
    }

    /// A life as long as this was a good one.
    pub const STEADY_MS: u64 = MINUTE_MS;
    /// So many short lives in a row are a crash loop, and the owner is told.
    pub const CRASH_LOOP: u32 = 5;
}
