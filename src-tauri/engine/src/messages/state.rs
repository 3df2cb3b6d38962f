//! How far a message has come.

use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Waits for its recipient to look, or to be pushed.
    Queued,
    /// On its way to the recipient's webhook.
    Delivering,
    /// A push went wrong; another follows.
    RetryReady,
    /// The recipient has it.
    Delivered,
    Read,
    /// Of CueAPI's words; nothing here becomes it.
    Claimed,
    /// The recipient is done with it. Final.
    Acked,
    /// Nobody was done with it in time. Final.
    Expired,
    /// It could not be pushed; the recipient still finds it in its inbox.
    Failed,
}

impl State {
    pub const ALL: [State; 9] = [
        State::Queued,
        State::Delivering,
        State::RetryReady,
        State::Delivered,
        State::Read,
        State::Claimed,
        State::Acked,
        State::Expired,
        State::Failed,
    ];

    /// CueAPI's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Delivering => "delivering",
            State::RetryReady => "retry_ready",
            State::Delivered => "delivered",
            State::Read => "read",
            State::Claimed => "claimed",
            State::Acked => "acked",
            State::Expired => "expired",
            State::Failed => "failed",
        }
    }

    #[must_use]
    pub fn of(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Nothing comes after it.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, State::Acked | State::Expired)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_back() {
        for state in State::ALL {
            assert_eq!(State::of(state.word()), Some(state));
        }
        assert_eq!(State::of("gone"), None);
        assert!(State::ALL.into_iter().filter(|state| state.is_final()).eq([State::Acked, State::Expired]));
    }
}
