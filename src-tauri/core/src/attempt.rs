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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
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
    pub outcome: Outcome,
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
        }
    }
}
