//! Gates: questions that only the owner may answer. An agent asks, or a cue does: before its delivery, before a named step.
//!
//! What is asked never changes under its id: asked anew with other contents, it is another gate, and the one before is
//! withdrawn. An answer names the hash of what was shown, and the first one counts. No answer is never a denial.
//!
//! The gates of a run live and end with it, in its lane ([`Gates`]); those that agents ask outside of any run are a unit of
//! their own beside the lanes ([`GateBook`]). What was shown leaves the memory once it is answered; the store has it.

mod book;
mod cut;
mod fact;
mod gates;
mod question;
mod telling;
#[cfg(test)]
mod tests;
pub mod words;

use serde::{Deserialize, Serialize};

pub use self::book::{Asker, GateAnswer, GateBook, GateDecision, GateEvent, GateInput, KEPT_MS};
pub use self::cut::without_secrets;
pub use self::fact::Fact;
pub use self::gates::{GATES_MAX, Gates, WAITING_MAX};
pub use self::question::{
    BODY_BYTES_MAX, COMMENT_CHARS_MAX, DEADLINE_MS_MAX, PAYLOAD_BYTES_MAX, Question, Shown, ShownHash, edit_trouble,
};
pub use self::telling::{news, of_owner, still_waits};

use crate::Ms;
use crate::id::GateId;

/// What a gate is about; asked again about the same, it is the same gate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "about", content = "key", rename_all = "snake_case")]
pub enum Subject {
    /// The agent asks; the key is its own.
    Asked(String),
    /// The cue asks before this step begins.
    Step(String),
    /// The cue asks before anything is delivered.
    Delivery,
}

impl Subject {
    /// The agent's own key, or the step's.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Subject::Asked(key) | Subject::Step(key) => key,
            Subject::Delivery => "",
        }
    }

    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Subject::Asked(_) => "asked",
            Subject::Step(_) => "step",
            Subject::Delivery => "delivery",
        }
    }
}

/// What happens at the deadline.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnNoAnswer {
    /// It is overdue, and waits on.
    #[default]
    KeepWaiting,
    /// The agent is told that nobody answered, and goes on.
    Proceed,
    /// The agent is told that nobody answered, and its run is stopped.
    Stop,
    /// It is overdue, the owner is told more loudly, and it waits on.
    Escalate,
}

impl OnNoAnswer {
    pub const ALL: [OnNoAnswer; 4] =
        [OnNoAnswer::KeepWaiting, OnNoAnswer::Proceed, OnNoAnswer::Stop, OnNoAnswer::Escalate];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            OnNoAnswer::KeepWaiting => "keep_waiting",
            OnNoAnswer::Proceed => "proceed",
            OnNoAnswer::Stop => "stop",
            OnNoAnswer::Escalate => "escalate",
        }
    }

    #[must_use]
    pub fn of(word: &str) -> Option<OnNoAnswer> {
        OnNoAnswer::ALL.into_iter().find(|policy| policy.word() == word)
    }

    /// Whether the deadline ends the wait.
    #[must_use]
    pub fn ends_it(self) -> bool {
        match self {
            OnNoAnswer::Proceed | OnNoAnswer::Stop => true,
            OnNoAnswer::KeepWaiting | OnNoAnswer::Escalate => false,
        }
    }
}

/// Where the owner answered. There is no word for an agent's credential: none can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Face {
    Window,
    Browser,
    Notification,
    Tray,
    Cli,
}

impl Face {
    pub const ALL: [Face; 5] = [Face::Window, Face::Browser, Face::Notification, Face::Tray, Face::Cli];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Face::Window => "window",
            Face::Browser => "browser",
            Face::Notification => "notification",
            Face::Tray => "tray",
            Face::Cli => "cli",
        }
    }

    #[must_use]
    pub fn of(word: &str) -> Option<Face> {
        Face::ALL.into_iter().find(|face| face.word() == word)
    }
}

/// What the owner says.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    pub said: Said,
    /// Of what was on the screen when it was said.
    pub shown: ShownHash,
    pub comment: Option<String>,
    pub face: Face,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    Approve,
    /// Approved, with this in place of the payload that was asked about.
    Edit(serde_json::Value),
    Deny,
}

/// How a gate ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    Approved,
    Edited,
    Denied,
    /// By the deadline; what follows is what it was asked with.
    NoAnswer,
    /// Nobody waits for the answer any more.
    Withdrawn,
}

impl How {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            How::Approved => "approved",
            How::Edited => "edited",
            How::Denied => "denied",
            How::NoAnswer => "no_answer",
            How::Withdrawn => "withdrawn",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    pub at: Ms,
    pub how: How,
    /// Of an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face: Option<Face>,
    /// The owner's own words, or why it was withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    pub id: GateId,
    pub subject: Subject,
    pub title: String,
    pub hash: ShownHash,
    /// The newest attempt that waits for it; 0 outside of a run.
    pub attempt: u32,
    /// Nothing is done while it waits: clocks stand still, and permits are others'.
    pub blocking: bool,
    pub on_no_answer: OnNoAnswer,
    /// None: it has none, or it is past.
    pub deadline: Option<Ms>,
    /// As it was asked for; after an absence so much is left at least, or 5 s.
    pub deadline_ms: Option<u64>,
    pub asked_at: Ms,
    /// Its deadline passed, and it waits on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue_at: Option<Ms>,
    /// The owner wants to be asked again then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put_off_until: Option<Ms>,
    /// While it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Box<Shown>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Settled>,
    /// The answer may be heard: permits that were others' meanwhile are its run's again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub handed_over: bool,
    /// Where the answer is told; the agent may ask for it as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<String>,
    /// It was told there, or that was given up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub told: bool,
}

impl Gate {
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.settled.is_none()
    }

    /// The word that the agent hears: `waiting` until the answer is handed over.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match &self.settled {
            Some(settled) if self.handed_over => settled.how.word(),
            Some(_) | None => "waiting",
        }
    }

    /// Whether its agent may go on; None: it is not known yet.
    #[must_use]
    pub fn goes(&self) -> Option<bool> {
        let settled = self.settled.as_ref().filter(|_| self.handed_over)?;
        Some(match settled.how {
            How::Approved | How::Edited => true,
            How::NoAnswer => self.on_no_answer == OnNoAnswer::Proceed,
            How::Denied | How::Withdrawn => false,
        })
    }

    /// Whether this attempt does nothing until it has heard.
    #[must_use]
    pub fn blocks(&self, attempt: u32) -> bool {
        self.blocking && self.attempt == attempt && !self.handed_over
    }

    /// Its answer is to be told to a callback, and has not been.
    #[must_use]
    pub fn is_to_be_told(&self) -> bool {
        let heard = self.handed_over && self.settled.as_ref().is_some_and(|settled| settled.how != How::Withdrawn);
        heard && self.callback.is_some() && !self.told
    }
}
