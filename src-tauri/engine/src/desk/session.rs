//! Who may come in by the browser's way: a one-time ticket gives a session, a signed cookie keeps it.
//!
//! The session is stateless (an expiry and the tower key's signature), so that it outlives a restart of the tower. Cookies
//! do not know ports, hence each tower's has a name of its own.

use std::sync::{Mutex, PoisonError};

use cuetower_core::Ms;
use cuetower_core::time::HOUR_MS;
use subtle::ConstantTimeEq;

use crate::token::{TowerKey, new_ticket};

const SESSION_MS: i64 = 30 * 24 * HOUR_MS as i64;
const TICKET_MS: i64 = 12 * HOUR_MS as i64;
/// Unused tickets kept; the oldest gives way.
const TICKETS_MAX: usize = 32;

pub(super) struct Sessions {
    key: TowerKey,
    /// Gives new tickets to whoever can read the owner's private files.
    owner_token: String,
    tickets: Mutex<Vec<(String, Ms)>>,
}

impl Sessions {
    pub(super) fn new(key: TowerKey, owner_token: String) -> Sessions {
        Sessions { key, owner_token, tickets: Mutex::new(Vec::new()) }
    }

    pub(super) fn ticket(&self, now: Ms) -> String {
        let ticket = new_ticket();
        let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        if tickets.len() == TICKETS_MAX {
            tickets.remove(0);
        }
        tickets.push((ticket.clone(), Ms(now.0 + TICKET_MS)));
        ticket
    }

    /// Uses a ticket up. The value of the session cookie for it, or None if it was used, has expired or never was.
    pub(super) fn redeem(&self, ticket: &str, now: Ms) -> Option<String> {
        let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        let at = tickets.iter().position(|(known, _)| same(known, ticket))?;
        let (_, expires) = tickets.remove(at);
        (now < expires).then(|| {
            let until = now.0 + SESSION_MS;
            format!("{until}.{}", self.key.sign(&session_text(until)))
        })
    }

    /// `Set-Cookie` for a session.
    pub(super) fn cookie(&self, session: &str) -> String {
        let age = SESSION_MS / 1_000;
        format!("{}={session}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}", self.cookie_name())
    }

    /// Whether a `Cookie` header holds a session that is ours and not over.
    pub(super) fn is_session(&self, cookies: &str, now: Ms) -> bool {
        let name = self.cookie_name();
        let ours = cookies.split(';').filter_map(|pair| pair.trim().split_once('=')).filter(|(key, _)| *key == name);
        ours.into_iter().any(|(_, session)| {
            let Some((until, signature)) = session.split_once('.') else { return false };
            let Ok(until) = until.parse::<i64>() else { return false };
            now.0 < until && same(&self.key.sign(&session_text(until)), signature)
        })
    }

    /// Whether an `Authorization` header is the owner's own.
    pub(super) fn is_owner(&self, authorization: &str) -> bool {
        authorization.strip_prefix("Bearer ").is_some_and(|token| same(&self.owner_token, token))
    }

    fn cookie_name(&self) -> String {
        format!("cuetower_{}", &self.key.sign("cookie name")[..8])
    }
}

fn session_text(until: i64) -> String {
    format!("session until {until}")
}

fn same(known: &str, given: &str) -> bool {
    known.as_bytes().ct_eq(given.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions() -> (tempfile::TempDir, Sessions) {
        let dir = tempfile::tempdir().unwrap();
        let key = TowerKey::load(dir.path()).unwrap();
        (dir, Sessions::new(key, "owner".to_owned()))
    }

    #[test]
    fn a_ticket_opens_once_and_not_for_ever() {
        let (_dir, sessions) = sessions();
        let ticket = sessions.ticket(Ms(0));
        let session = sessions.redeem(&ticket, Ms(1)).unwrap();
        assert_eq!(sessions.redeem(&ticket, Ms(2)), None, "a second use");
        let late = sessions.ticket(Ms(0));
        assert_eq!(sessions.redeem(&late, Ms(TICKET_MS)), None, "an old ticket");
        let header = sessions.cookie(&session);
        let pair = header.split(';').next().unwrap();
        assert!(sessions.is_session(&format!("other=1; {pair}"), Ms(3)));
        assert!(!sessions.is_session(pair, Ms(1 + SESSION_MS)), "a session that is over");
    }

    #[test]
    fn nobody_makes_a_session_but_the_tower() {
        let (_dir, ours) = sessions();
        let (_other, theirs) = sessions();
        let session = theirs.redeem(&theirs.ticket(Ms(0)), Ms(0)).unwrap();
        let forged = format!("{}={session}", ours.cookie_name());
        assert!(!ours.is_session(&forged, Ms(1)));
        assert!(ours.is_owner("Bearer owner") && !ours.is_owner("Bearer owne") && !ours.is_owner("owner"));
    }

    #[test]
    fn unused_tickets_are_bounded() {
        let (_dir, sessions) = sessions();
        let first = sessions.ticket(Ms(0));
        for _ in 0..TICKETS_MAX {
            sessions.ticket(Ms(0));
        }
        assert_eq!(sessions.redeem(&first, Ms(1)), None);
    }
}
