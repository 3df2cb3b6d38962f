//! Who asks: an API key with its scopes, or a run with the token of one of its attempts. Neither can do what the owner can.

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode};
use cuetower_core::id::{AccountId, RunId};

use super::problem::Problem;
use super::{Door, past};
use crate::accounts;
use crate::accounts::scopes::Scope;
use crate::journal::KeyRow;

const RUN_TOKEN: HeaderName = HeaderName::from_static("x-cuetower-run-token");
/// Where ClevAgent's clients show their key.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

#[derive(Debug)]
pub(super) struct Caller {
    /// The API key, if one was shown, or the one that a session stands for.
    key: Option<KeyRow>,
    /// The attempt whose token was shown, if one was.
    run: Option<(RunId, u32)>,
}

impl FromRequestParts<Door> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Caller, Problem> {
        let bearer = match parts.headers.get(AUTHORIZATION) {
            Some(value) => Some(value.to_str().ok().and_then(bearer).ok_or_else(missing)?),
            None => parts.headers.get(API_KEY).map(own_key).transpose()?,
        };
        let shown = match parts.headers.get(RUN_TOKEN) {
            Some(token) => Some(token.to_str().map_err(|_| bad_run_token())?),
            None => None,
        };
        let (key, bearer_run) = match bearer {
            Some(token) if token.starts_with("cue_run_") => (None, Some(token)),
            other => (other, None),
        };
        // A token in the header of its own is more deliberate than one in the place of the key.
        let run = shown
            .or(bearer_run)
            .map(|token| door.handle.tower_key().check_run_token(token).ok_or_else(bad_run_token))
            .transpose()?;
        let key = match key {
            Some(key) => Some(opened(door, key).await?),
            None => None,
        };
        match (&key, &run) {
            (None, None) => return Err(missing()),
            // Beside a key, what speaks for the run sees for itself that it goes on.
            (None, Some((run, _))) => past::refuse_if_over(door, run, parts).await?,
            (Some(_), _) => {}
        }
        Ok(Caller { key, run })
    }
}

/// The token in a header `Authorization`.
pub(super) fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

async fn opened(door: &Door, shown: &str) -> Result<KeyRow, Problem> {
    if shown.starts_with("cue_sk_") {
        return Ok(accounts::opened(&door.handle, shown).await?);
    }
    accounts::good(&door.handle, shown)
        .await?
        .ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "invalid_session", "Invalid session token"))
}

fn own_key(shown: &axum::http::HeaderValue) -> Result<&str, Problem> {
    shown.to_str().ok().filter(|key| key.starts_with("cue_sk_") || key.starts_with("cue_run_")).ok_or_else(|| {
        let message =
            "This is no key of this tower's: they begin with cue_sk_, and `cuetowerctl key` prints the owner's.";
        Problem::new(StatusCode::UNAUTHORIZED, "invalid_api_key", message)
    })
}

fn missing() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "invalid_api_key", "Missing or invalid Authorization header")
}

pub(super) fn bad_run_token() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "invalid_run_token", "This run token is not one of this tower's.")
}

impl Caller {
    #[cfg(test)]
    pub fn of_test(key: Option<KeyRow>, run: Option<(RunId, u32)>) -> Caller {
        Caller { key, run }
    }

    /// Whether a key was shown that allows it. For lists of what can be done; what is done asks for itself.
    pub fn may(&self, scope: Scope) -> bool {
        self.key.as_ref().is_some_and(|key| key.may(scope))
    }

    /// A key with that scope. `what`: "claim executions".
    fn needs(&self, scope: Scope, what: &str) -> Result<(), Problem> {
        self.key()?;
        if self.may(scope) { Ok(()) } else { Err(lacking(scope, what)) }
    }

    /// Whose cues and runs it reaches; None: it is a run's token, and reaches that run.
    pub fn whose(&self) -> Option<&AccountId> {
        self.key.as_ref().map(|key| &key.account)
    }

    /// Whose the cues are that it makes and lists.
    pub fn account(&self) -> &AccountId {
        static OWNER: AccountId = AccountId::OWNER;
        self.whose().unwrap_or(&OWNER)
    }

    /// The key that was shown, or that the session stands for; a run's token has none.
    pub fn key(&self) -> Result<&KeyRow, Problem> {
        self.key.as_ref().ok_or_else(run_token_forbidden)
    }

    /// The agent whose cues alone the key reaches; None: all of its account.
    pub fn limited_to(&self) -> Option<&str> {
        self.key.as_ref().and_then(KeyRow::limited_to)
    }

    /// A key that reaches all of its account.
    pub fn unlimited(&self) -> Result<(), Problem> {
        let Some(agent) = self.limited_to() else { return Ok(()) };
        let message =
            format!("This key reaches the cues of its agent, {agent}, and nothing that belongs to all of the account.");
        Err(Problem::new(StatusCode::FORBIDDEN, "insufficient_scope", message))
    }

    /// The account of a key that may read and replace what belongs to all of the account: its secrets, where its alerts go.
    pub fn keeps_account(&self) -> Result<&AccountId, Problem> {
        self.needs(Scope::CuesWrite, "read or change the account's settings and secrets")?;
        self.unlimited()?;
        self.key().map(|key| &key.account)
    }

    /// Reading is closed to run tokens beyond what `reads_run` and `run` give.
    pub fn reads(&self) -> Result<(), Problem> {
        self.needs(Scope::CuesRead, "read cues and executions")
    }

    /// Every key that reads, and the run's own token.
    pub fn reads_run(&self, id: &str) -> Result<(), Problem> {
        match &self.run {
            Some((run, _)) if run.as_str() == id => Ok(()),
            Some(_) | None => self.reads(),
        }
    }

    /// The run that asks, when it has no key beside its token.
    pub fn only_run(&self) -> Option<&RunId> {
        self.run.as_ref().filter(|_| self.key.is_none()).map(|(run, _)| run)
    }

    /// The run whose token was shown, whatever else was.
    pub fn run_shown(&self) -> Option<&RunId> {
        self.run.as_ref().map(|(run, _)| run)
    }

    pub fn writes_cues(&self) -> Result<(), Problem> {
        self.needs(Scope::CuesWrite, "create, change or fire cues")
    }

    pub fn writes_commands(&self) -> Result<(), Problem> {
        let what = "create or change cues that run programs, use secrets or watch files";
        if self.may(Scope::Commands) { Ok(()) } else { Err(lacking(Scope::Commands, what)) }
    }

    /// Makes a cue ask its owner less than it did.
    pub fn takes_gates_off(&self) -> Result<(), Problem> {
        let what = "make a cue ask its owner less than it does";
        if self.may(Scope::Commands) { Ok(()) } else { Err(lacking(Scope::Commands, what)) }
    }

    /// Fetches work.
    pub fn works(&self) -> Result<(), Problem> {
        self.needs(Scope::Claim, "claim executions")
    }

    /// Looks for work: whoever may claim it, or read.
    pub fn looks_for_work(&self) -> Result<(), Problem> {
        if self.may(Scope::Claim) { Ok(()) } else { self.reads() }
    }

    /// Beats, or runs agents.
    pub fn beats(&self) -> Result<(), Problem> {
        self.needs(Scope::Heartbeat, "send heartbeats")
    }

    /// Whether this run may be said to live, and for which attempt: the token's, or (None) the latest.
    pub fn beats_for(&self, id: &str) -> Result<Option<u32>, Problem> {
        match &self.run {
            None => self.beats().map(|()| None),
            Some(_) => self.reports(id),
        }
    }

    /// Whether spans may be sent, and of which run alone: the one whose token was shown.
    pub fn tells_spans(&self) -> Result<Option<&RunId>, Problem> {
        match &self.run {
            None => self.needs(Scope::Otlp, "send spans").map(|()| None),
            Some((run, _)) => Ok(Some(run)),
        }
    }

    /// Sends and reads messages of agents. They, their addresses and what pushes to them belong to all of the account.
    pub fn messages(&self) -> Result<(), Problem> {
        self.needs(Scope::Report, "send or read messages of agents")?;
        self.unlimited()
    }

    /// Whether permits of pools may be asked for; in the name of the run whose token was shown, if one was.
    pub fn asks_pools(&self) -> Result<Option<&(RunId, u32)>, Problem> {
        match &self.run {
            None => self.needs(Scope::Report, "ask for permits of pools").map(|()| None),
            run => Ok(run.as_ref()),
        }
    }

    /// Whether the owner may be asked, and by which run and attempt, if a run's token was shown.
    pub fn asks(&self) -> Result<Option<&(RunId, u32)>, Problem> {
        match &self.run {
            None => self.needs(Scope::Ask, "ask the owner").map(|()| None),
            run => Ok(run.as_ref()),
        }
    }

    /// Whether an outcome of this run may be reported, and for which attempt: the token's, or (None) the latest.
    pub fn reports(&self, id: &str) -> Result<Option<u32>, Problem> {
        match &self.run {
            Some((run, attempt)) if run.as_str() == id => Ok(Some(*attempt)),
            Some(_) => Err(run_token_forbidden()),
            None => self.needs(Scope::Report, "report outcomes").map(|()| None),
        }
    }
}

pub(super) fn run_token_forbidden() -> Problem {
    let message =
        "A run token reads its own execution and its cue, and reports its own outcome; anything else needs an API key.";
    Problem::new(StatusCode::FORBIDDEN, "run_token_not_allowed", message)
}

fn lacking(scope: Scope, what: &str) -> Problem {
    let (wide, alone) = match scope {
        Scope::CuesRead | Scope::CuesWrite => ("cues", format!(" (or `{}` alone)", scope.word())),
        Scope::Claim | Scope::Ask | Scope::Otlp | Scope::Heartbeat => {
            ("report", format!(" (or `{}` alone)", scope.word()))
        }
        Scope::Report | Scope::Commands => (scope.word(), String::new()),
    };
    let message =
        format!("This key may not {what}; that needs a key to which the owner gave the scope `{wide}`{alone}.");
    Problem::new(StatusCode::FORBIDDEN, "insufficient_scope", message)
}

#[cfg(test)]
mod tests {
    use cuetower_core::Ms;

    use super::*;

    fn key(scopes: &str) -> Caller {
        Caller { key: Some(KeyRow::of_owner("cue_sk_", "test", scopes, Ms(0))), run: None }
    }

    fn run(id: &str, attempt: u32) -> Caller {
        Caller { key: None, run: Some((RunId(id.to_owned()), attempt)) }
    }

    #[test]
    fn scopes_are_whole_words() {
        assert!(key("cues report").writes_cues().is_ok());
        assert!(key("cues report").writes_commands().is_err());
        assert!(key("cuesandmore").writes_cues().is_err());
        assert_eq!(key("report").reports("r").unwrap(), None);
        assert!(key("cues").reports("r").is_err());
    }

    #[test]
    fn each_word_opens_what_it_names() {
        let opens = |scopes: &str| {
            let caller = key(scopes);
            [
                caller.reads().is_ok(),
                caller.writes_cues().is_ok(),
                caller.reports("r").is_ok(),
                caller.works().is_ok(),
                caller.asks().is_ok(),
                caller.tells_spans().is_ok(),
                caller.beats().is_ok(),
                caller.writes_commands().is_ok(),
            ]
        };
        for (number, word) in
            ["cues:read", "cues:write", "", "claim", "ask", "otlp", "heartbeat", ""].into_iter().enumerate()
        {
            let mut only = [false; 8];
            only[number] = !word.is_empty();
            assert_eq!(opens(word), only, "{word}");
        }
        assert_eq!(opens("cues:read report commands"), [true, false, true, false, false, false, false, true]);
        assert_eq!(opens("report"), [true, false, true, true, true, true, true, false], "the wide one");
        assert!(key("claim").looks_for_work().is_ok() && key("cues:read").looks_for_work().is_ok());
        assert!(key("ask").looks_for_work().is_err());
    }

    #[test]
    fn a_limited_key_keeps_nothing_of_the_account() {
        let row =
            |own_cues| KeyRow { agent: "ada".to_owned(), own_cues, ..KeyRow::of_owner("k", "test", "cues", Ms(0)) };
        let limited = Caller { key: Some(row(true)), run: None };
        assert_eq!((limited.limited_to(), limited.keeps_account().is_err()), (Some("ada"), true));
        assert!(limited.writes_cues().is_ok());
        let free = Caller { key: Some(row(false)), run: None };
        assert_eq!((free.limited_to(), free.keeps_account().is_ok()), (None, true));
    }

    #[test]
    fn a_run_token_reaches_its_own_run_only() {
        assert!(run("r", 2).reads_run("r").is_ok());
        assert_eq!(run("r", 2).reports("r").unwrap(), Some(2));
        assert!(run("r", 2).reports("other").is_err());
        assert!(run("r", 2).reads().is_err());
        assert!(run("r", 2).writes_cues().is_err());
    }

    #[test]
    fn the_attempt_of_a_token_counts_beside_a_key() {
        let both = Caller { run: Some((RunId("r".to_owned()), 1)), ..key("cues report") };
        assert_eq!(both.reports("r").unwrap(), Some(1));
        assert!(both.reports("other").is_err(), "the token says that it speaks for another run");
        assert!(both.reads_run("other").is_ok());
    }
}
