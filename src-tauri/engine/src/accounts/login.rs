//! Programs that ask to sign in with a code they show to their user (`cueapi login`). The owner says yes or no; a key is
//! made when it is fetched, and handed out once.

use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use cuetower_core::time::{DAY_MS, SECOND_MS};
use serde_json::json;

use super::keys::{Derived, keep_one_more};
use super::profile::say_email;
use super::{LANE, Refused, SCOPES, email_of, record};
use crate::desk::wire::Topic;
use crate::handle::Handle;
use crate::journal::{LoginRow, LoginState};
use crate::token::{key_hash, new_ticket};

/// A code lapses this long after it was asked with.
pub(crate) const EXPIRES_S: u64 = 900;
/// Codes that wait or have not fetched their key, at most.
const OPEN_MAX: u32 = 100;
/// How long it is remembered what became of a code, and of how many at most.
const KEPT_MS: u64 = DAY_MS;
const ENDED_KEPT: u32 = 1_000;
const PROGRAM_CHARS_MAX: usize = 120;
/// Journal lane of these facts.
const LOGINS: &str = "logins";

/// What whoever asked with the code is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Poll {
    /// For the owner's word.
    Waits {
        has_email: bool,
    },
    /// Said once.
    Approved {
        api_key: String,
        email: String,
        ticket: String,
    },
    Claimed,
    /// Too late, never asked, or the owner said no.
    Expired {
        denied: bool,
    },
}

/// How it stands with a code, for its user's eye.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    Waits(LoginRow),
    Approved,
    Denied,
    Expired,
}

pub(crate) fn expires_at(login: &LoginRow) -> Ms {
    login.asked_at.plus(EXPIRES_S * SECOND_MS)
}

/// Codes asked with by then have lapsed.
pub(crate) fn expired_before(now: Ms) -> Ms {
    now.minus(EXPIRES_S * SECOND_MS)
}

/// `program`: its User-Agent.
pub(crate) async fn ask(handle: &Handle, code: String, program: Option<&str>) -> Result<(), Refused> {
    let program = program.map(plain).filter(|program| !program.is_empty());
    let (open, each) = (handle.accounts.logins_are_open(), handle.accounts.asks_for_each_login());
    let state = record(handle, move |recorder| {
        let now = recorder.now;
        recorder.forget_logins(now.minus(KEPT_MS), ENDED_KEPT)?;
        let lapsed = |login: &LoginRow| matches!(state_of(login, now), State::Lapsed);
        if recorder.login(&code)?.is_some_and(|login| !lapsed(&login)) {
            return Ok(Err(Refused::CodeTaken));
        }
        if recorder.logins_open(expired_before(now))? >= OPEN_MAX {
            return Ok(Err(Refused::TooManyLogins(OPEN_MAX)));
        }
        let allowed = !each && (open || recorder.logins_allowed()?);
        let state = if allowed { LoginState::Approved } else { LoginState::Waiting };
        let login = LoginRow { code, email: None, program, asked_at: now, state, line: None, ticket: None };
        recorder.keep_login(&login)?;
        let fact = json!({ "code": login.code, "program": login.program, "state": state.word() });
        recorder.fact(LOGINS, "login_asked", &fact)?;
        recorder.touch(Topic::Logins);
        Ok(Ok(state))
    })
    .await?;
    if state == LoginState::Waiting {
        handle.accounts.one_waits();
    }
    Ok(())
}

/// Whose mail its user says to be reached by. Nothing is sent there.
pub(crate) async fn said_email(handle: &Handle, code: String, email: String) -> Result<(), Refused> {
    record(handle, move |recorder| {
        let Some(mut login) = recorder.login(&code)? else { return Ok(Err(Refused::NoSuchLogin)) };
        if login.asked_at <= expired_before(recorder.now) {
            return Ok(Err(Refused::LoginExpired));
        }
        if login.email.is_some() || !matches!(login.state, LoginState::Waiting | LoginState::Approved) {
            return Ok(Err(Refused::LoginAnswered));
        }
        login.email = Some(email);
        recorder.keep_login(&login)?;
        recorder.touch(Topic::Logins);
        Ok(Ok(()))
    })
    .await
}

pub(crate) async fn poll(handle: &Handle, code: String) -> Result<Poll, Refused> {
    let Some(login) = handle.reader().login(code.clone()).await? else { return Ok(Poll::Expired { denied: false }) };
    match state_of(&login, handle.now()) {
        State::Live(LoginState::Waiting) => Ok(Poll::Waits { has_email: login.email.is_some() }),
        State::Live(LoginState::Approved) => claim(handle, code).await,
        State::Live(LoginState::Claimed) => Ok(Poll::Claimed),
        State::Live(LoginState::Denied) => Ok(Poll::Expired { denied: true }),
        State::Lapsed => Ok(Poll::Expired { denied: false }),
    }
}

enum State {
    Live(LoginState),
    Lapsed,
}

fn state_of(login: &LoginRow, now: Ms) -> State {
    let ended = matches!(login.state, LoginState::Claimed | LoginState::Denied);
    if ended || now < expires_at(login) { State::Live(login.state) } else { State::Lapsed }
}

/// Makes the key and hands it out, unless somebody was faster.
async fn claim(handle: &Handle, code: String) -> Result<Poll, Refused> {
    let ticket = new_ticket();
    let derived = Derived::new(handle.tower_key(), AccountId::OWNER);
    record(handle, move |recorder| {
        let Some(mut login) = recorder.login(&code)? else { return Ok(Ok(Poll::Expired { denied: false })) };
        if login.state != LoginState::Approved {
            return Ok(Ok(Poll::Claimed));
        }
        let Some(mut owner) = recorder.account(&AccountId::OWNER)? else { return Ok(Err(Refused::KeyGone)) };
        // The first that says one: agents are addressed by it.
        if let (None, Some(email)) = (&owner.email, &login.email) {
            say_email(recorder, &mut owner, email.clone())?;
            recorder.keep_account(&owner)?;
        }
        let email = login.email.clone().unwrap_or_else(|| email_of(Some(&owner)));
        let name = format!("{} ({email})", called(login.program.as_deref()));
        let (api_key, row) = derived.named(recorder, name, SCOPES);
        if let Err(refused) = keep_one_more(recorder, &row)? {
            return Ok(Err(refused));
        }
        login.state = LoginState::Claimed;
        login.line = Some(row.line.clone());
        login.ticket = Some(key_hash(&ticket));
        recorder.keep_login(&login)?;
        let fact = json!({ "account": row.account, "name": row.name, "hash": row.hash, "scopes": row.scopes, "login": login.code });
        recorder.fact(LANE, "key_made", &fact)?;
        recorder.touch(Topic::Logins);
        recorder.touch(Topic::Accounts);
        Ok(Ok(Poll::Approved { api_key, email, ticket }))
    })
    .await
}

/// The owner's word.
pub(crate) async fn answer(handle: &Handle, code: String, approve: bool) -> Result<(), Refused> {
    record(handle, move |recorder| {
        let Some(mut login) = recorder.login(&code)? else { return Ok(Err(Refused::NoSuchLogin)) };
        if login.asked_at <= expired_before(recorder.now) {
            return Ok(Err(Refused::LoginExpired));
        }
        if login.state != LoginState::Waiting {
            return Ok(Err(Refused::LoginAnswered));
        }
        login.state = if approve { LoginState::Approved } else { LoginState::Denied };
        recorder.keep_login(&login)?;
        let kind = if approve { "login_approved" } else { "login_denied" };
        recorder.fact(LOGINS, kind, &json!({ "code": login.code }))?;
        recorder.touch(Topic::Logins);
        Ok(Ok(()))
    })
    .await
}

/// Whether programs get a key without the owner's click; those that wait now get theirs.
pub(crate) async fn allow_all(handle: &Handle, allow: bool) -> Result<(), Refused> {
    record(handle, move |recorder| {
        recorder.allow_logins(allow)?;
        if allow {
            recorder.approve_waiting()?;
        }
        recorder.fact(LOGINS, if allow { "logins_allowed" } else { "logins_asked_for" }, &json!({}))?;
        recorder.touch(Topic::Logins);
        Ok(Ok(()))
    })
    .await
}

pub(crate) async fn shown(handle: &Handle, code: String) -> Result<Shown, Refused> {
    let Some(login) = handle.reader().login(code).await? else { return Ok(Shown::Expired) };
    Ok(match state_of(&login, handle.now()) {
        State::Live(LoginState::Waiting) => Shown::Waits(login),
        State::Live(LoginState::Approved | LoginState::Claimed) => Shown::Approved,
        State::Live(LoginState::Denied) => Shown::Denied,
        State::Lapsed => Shown::Expired,
    })
}

/// On one line, and not too long.
fn plain(program: &str) -> String {
    program.chars().filter(|c| !c.is_control()).take(PROGRAM_CHARS_MAX).collect::<String>().trim().to_owned()
}

/// What a key is named after: the program, where it does not only name the library it speaks through.
fn called(program: Option<&str>) -> &str {
    const LIBRARIES: [&str; 7] =
        ["python-httpx", "python-requests", "aiohttp", "python-urllib", "curl", "node", "undici"];
    let product = program.and_then(|program| program.split(['/', ' ']).next()).unwrap_or_default();
    let unsaid = product.is_empty() || LIBRARIES.iter().any(|library| product.to_lowercase().starts_with(library));
    if unsaid { "CueAPI client" } else { product }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_after_the_program_and_not_after_its_library() {
        for (program, name) in [
            (Some("cueapi-cli/0.3.0 (linux)"), "cueapi-cli"),
            (Some("my agent"), "my"),
            (Some("python-httpx/0.28.1"), "CueAPI client"),
            (Some("Python-urllib/3.11"), "CueAPI client"),
            (None, "CueAPI client"),
        ] {
            assert_eq!(called(program), name, "{program:?}");
        }
        assert_eq!(plain(" a\u{7}b\n "), "ab");
        assert_eq!(plain(&"x".repeat(500)).len(), PROGRAM_CHARS_MAX);
    }
}
