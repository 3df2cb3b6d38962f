//! What the owner asked of an agent's runner, and how it stands. Pure.

use cuetower_core::Ms;
use cuetower_core::time::MINUTE_MS;

/// For the runner to fetch it (it looks every 10 s), and again to say what became of it.
const PATIENCE_MS: u64 = 10 * MINUTE_MS;
const UNFETCHED: &str = "Its runner did not fetch it within 10 min. Does it run?";
const UNSAID: &str = "The runner did not say what became of it.";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Restart,
    Stop,
}

impl Action {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Action::Restart => "restart",
            Action::Stop => "stop",
        }
    }

    #[must_use]
    pub fn of(word: &str) -> Option<Action> {
        [Action::Restart, Action::Stop].into_iter().find(|action| action.word() == word)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandState {
    /// Its runner has not fetched it.
    Asked,
    Fetched,
    Completed,
    Failed,
    /// The runner would not: the target is not on its own list.
    Rejected,
    /// Nobody fetched it.
    Expired,
}

impl CommandState {
    const ALL: [CommandState; 6] = [
        CommandState::Asked,
        CommandState::Fetched,
        CommandState::Completed,
        CommandState::Failed,
        CommandState::Rejected,
        CommandState::Expired,
    ];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            CommandState::Asked => "asked",
            CommandState::Fetched => "fetched",
            CommandState::Completed => "completed",
            CommandState::Failed => "failed",
            CommandState::Rejected => "rejected",
            CommandState::Expired => "expired",
        }
    }

    #[must_use]
    pub fn of(word: &str) -> Option<CommandState> {
        CommandState::ALL.into_iter().find(|state| state.word() == word)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub id: u32,
    /// The agent's id.
    pub agent: u32,
    pub action: Action,
    /// As the runner named it when it was asked: `docker`, `my-bot`.
    pub kind: String,
    pub target: String,
    pub state: CommandState,
    /// What the runner said, or why there is no word of it.
    pub message: Option<String>,
    pub asked_at: Ms,
    pub fetched_at: Option<Ms>,
    pub ended_at: Option<Ms>,
}

/// A runner's word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub state: CommandState,
    pub message: Option<String>,
}

impl Command {
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.ended_at.is_none()
    }

    /// Ends it, if its time has passed. True if so.
    pub fn overdue(&mut self, now: Ms) -> bool {
        let (state, message) = match self.state {
            CommandState::Asked if self.asked_at.plus(PATIENCE_MS) <= now => (CommandState::Expired, UNFETCHED),
            CommandState::Fetched if self.fetched_at.is_some_and(|at| at.plus(PATIENCE_MS) <= now) => {
                (CommandState::Failed, UNSAID)
            }
            _ => return false,
        };
        (self.state, self.message, self.ended_at) = (state, Some(message.to_owned()), Some(now));
        true
    }

    /// True if it is handed out now: once, and only while it is wanted.
    pub fn fetch(&mut self, now: Ms) -> bool {
        if self.overdue(now) || self.state != CommandState::Asked {
            return false;
        }
        (self.state, self.fetched_at) = (CommandState::Fetched, Some(now));
        true
    }

    /// The runner's word. The same again changes nothing; a late one takes the place of "did not say".
    /// False if it says something else than before, or about a command that it never got.
    pub fn said(&mut self, said: &Said, now: Ms) -> bool {
        let unsaid = self.state == CommandState::Failed && self.message.as_deref() == Some(UNSAID);
        if self.state == CommandState::Fetched || unsaid {
            (self.state, self.message, self.ended_at) = (said.state, said.message.clone(), Some(now));
            return true;
        }
        self.fetched_at.is_some() && self.state == said.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Command {
        Command {
            id: 1,
            agent: 1,
            action: Action::Restart,
            kind: "docker".to_owned(),
            target: "bot".to_owned(),
            state: CommandState::Asked,
            message: None,
            asked_at: Ms(0),
            fetched_at: None,
            ended_at: None,
        }
    }

    fn said(state: CommandState) -> Said {
        Said { state, message: Some("Restarted docker:bot".to_owned()) }
    }

    #[test]
    fn a_command_is_handed_out_once_and_only_while_it_is_wanted() {
        let mut command = asked();
        assert!(command.fetch(Ms(599_999)));
        assert!(!command.fetch(Ms(599_999)));
        let mut stale = asked();
        assert!(!stale.fetch(Ms(600_000)));
        assert_eq!((stale.state, stale.is_open()), (CommandState::Expired, false));
        assert!(!stale.said(&said(CommandState::Completed), Ms(600_001)), "nobody got it");
    }

    #[test]
    fn a_runner_that_says_nothing_has_failed_until_it_says_more() {
        let mut command = asked();
        assert!(command.fetch(Ms(1)) && !command.overdue(Ms(600_000)) && command.overdue(Ms(600_001)));
        assert_eq!((command.state, command.message.as_deref()), (CommandState::Failed, Some(UNSAID)));
        assert!(!command.overdue(Ms(9_000_000)), "it has ended");
        assert!(command.said(&said(CommandState::Completed), Ms(700_000)));
        assert_eq!((command.state, command.ended_at), (CommandState::Completed, Some(Ms(700_000))));
        assert!(command.said(&said(CommandState::Completed), Ms(800_000)));
        assert_eq!(command.ended_at, Some(Ms(700_000)), "the same again changes nothing");
        assert!(!command.said(&said(CommandState::Failed), Ms(800_000)));
    }
}
