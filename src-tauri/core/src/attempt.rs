//! One delivery try of a run. Outcomes are write-once per attempt.

use serde::{Deserialize, Serialize};

use crate::Ms;
use crate::outcome::Outcome;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1; never used twice in a run.
    pub number: u32,
    pub began_at: Ms,
    pub delivered_at: Option<Ms>,
    pub ended_at: Option<Ms>,
    pub state: AttemptState,
    /// What is known, in words: "200 OK in 293 ms", "exit code 1 after 2.1 s".
    pub words: String,
    pub http_status: Option<u16>,
    pub exit_code: Option<i32>,
    pub pid: Option<u32>,
    pub outcome: Option<Reported>,
    /// Who has the work, if somebody claimed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// What its processes needed, once they are gone.
    #[serde(default, skip_serializing_if = "Usage::is_unknown")]
    pub usage: Usage,
    /// After a crash loop: it lived long enough to be trusted again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub steady: bool,
    /// What the agent calls this try itself, if it said so: pings with the same word belong together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rid: Option<String>,
    /// The newest sign of life of whoever has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beat_at: Option<Ms>,
    /// Its process was told to end, so that the run goes on with the next attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<RestartAsked>,
    /// Since when a check before its delivery holds it up, whatever else it waited for between two looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checks_failed_since: Option<Ms>,
    /// It waited for its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stood: Option<Stood>,
}

/// Waits for the owner that are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stood {
    /// Altogether.
    pub ms: u64,
    pub until: Ms,
}

/// A claim on a run, good until it lapses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub worker: String,
    pub until: Ms,
}

/// That somebody wanted a new start in the middle of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestartAsked {
    pub at: Ms,
    pub by: RestartBy,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "who", rename_all = "snake_case")]
pub enum RestartBy {
    Owner,
    /// The tower itself. `why`: "no progress for 15 min".
    Watch {
        why: String,
    },
}

impl RestartBy {
    /// "restarted by you", "restarted: no progress for 15 min".
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            RestartBy::Owner => "restarted by you".to_owned(),
            RestartBy::Watch { why } => format!("restarted: {why}"),
        }
    }

    #[must_use]
    pub fn is_watch(&self) -> bool {
        match self {
            RestartBy::Owner => false,
            RestartBy::Watch { .. } => true,
        }
    }
}

/// What the processes of an attempt needed, all together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    pub peak_rss_bytes: Option<u64>,
    pub cpu_ms: Option<u64>,
}

impl Usage {
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Usage::default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// For permits of a pool, or for a check before delivery.
    Waiting,
    /// To whoever claims it, or pings first.
    Offered,
    Delivering,
    Delivered,
    /// Sent whole, not answered in time.
    Unanswered,
    Failed,
    /// The tower stopped while it was under way; its fate is not known.
    Lost,
    /// The process is gone, or the answer is read: nothing more comes of the delivery itself.
    Ended,
}

impl AttemptState {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            AttemptState::Waiting => "waiting",
            AttemptState::Offered => "offered",
            AttemptState::Delivering => "delivering",
            AttemptState::Delivered => "delivered",
            AttemptState::Unanswered => "unanswered",
            AttemptState::Failed => "failed",
            AttemptState::Lost => "lost",
            AttemptState::Ended => "ended",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reported {
    pub at: Ms,
    /// After the outcome deadline.
    pub late: bool,
    /// With all that was shown for it later.
    pub outcome: Outcome,
    /// As it was reported, if more was shown for it later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Box<Outcome>>,
}

impl Reported {
    /// What its reporter said, before anything was shown for it later.
    #[must_use]
    pub fn as_reported(&self) -> &Outcome {
        self.first.as_deref().unwrap_or(&self.outcome)
    }
}

impl Attempt {
    #[must_use]
    pub fn begun(number: u32, at: Ms) -> Attempt {
        Attempt {
            number,
            began_at: at,
            delivered_at: None,
            ended_at: None,
            state: AttemptState::Delivering,
            words: String::new(),
            http_status: None,
            exit_code: None,
            pid: None,
            outcome: None,
            lease: None,
            usage: Usage::default(),
            steady: false,
            rid: None,
            beat_at: None,
            restart: None,
            checks_failed_since: None,
            stood: None,
        }
    }

    /// Since when signs of it are expected: its delivery, or the end of its last wait for the owner.
    #[must_use]
    pub fn watched_from(&self) -> Option<Ms> {
        let delivered = self.delivered_at?;
        Some(self.stood.map_or(delivered, |stood| stood.until.max(delivered)))
    }

    /// Whether a process of it may still run: it was started, or is just being started, and its end was not told.
    #[must_use]
    pub fn may_have_a_process(&self) -> bool {
        match self.state {
            AttemptState::Delivering | AttemptState::Delivered => self.ended_at.is_none(),
            AttemptState::Waiting
            | AttemptState::Offered
            | AttemptState::Unanswered
            | AttemptState::Failed
            | AttemptState::Lost
            | AttemptState::Ended => false,
        }
    }
}
