//! How fast one agent may beat, and how often the owner's faces hear of its plain beats. In memory: a new start begins anew.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use cuetower_core::time::{MINUTE_MS, SECOND_MS};

const BEATS_PER_SECOND: f64 = 50.0;
/// At once, after a quiet while; and the most that a group may hold.
pub(crate) const BURST: u32 = 100;
const TELL_EVERY_MS: u64 = SECOND_MS;
/// Names of one account kept an eye on, twice as many as it may have agents: whether there is room for a new one is asked
/// later. Beyond, those that were quiet for a minute are let go, and the rest share one pace.
const NAMES_MAX: usize = 2 * super::AGENTS_MAX as usize;
/// Accounts kept an eye on before those that were quiet for a minute are let go.
const ACCOUNTS_MAX: usize = 1_000;
/// No agent has this name.
const THE_REST: &str = "";

#[derive(Clone, Default)]
pub(crate) struct Pace(Arc<Mutex<HashMap<AccountId, Names>>>);

type Names = HashMap<String, Seen>;

struct Seen {
    /// Beats that may come now.
    allowed: f64,
    at: Ms,
    told_at: Option<Ms>,
    telling: bool,
}

/// Whether the faces hear of a beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    Now,
    /// In a second, by whoever got this answer.
    Soon,
    /// Somebody will anyway.
    Not,
}

impl Pace {
    /// Lets so many beats of the agent pass; Err: try again in so many seconds.
    pub fn pass(&self, account: &AccountId, agent: &str, beats: u32, now: Ms) -> Result<Telling, u16> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = |seen: &Seen| seen.telling || now.since(seen.at) < MINUTE_MS;
        if all.len() >= ACCOUNTS_MAX && !all.contains_key(account) {
            all.retain(|_, names| names.values().any(lately));
        }
        let names = all.entry(account.clone()).or_default();
        if names.len() >= NAMES_MAX && !names.contains_key(agent) {
            names.retain(|_, seen| lately(seen));
        }
        let agent = if names.len() >= NAMES_MAX && !names.contains_key(agent) { THE_REST } else { agent };
        let fresh = || Seen { allowed: BURST.into(), at: now, told_at: None, telling: false };
        let seen = names.entry(agent.to_owned()).or_insert_with(fresh);
        let passed_s = now.since(seen.at) as f64 / 1_000.0;
        (seen.allowed, seen.at) = ((seen.allowed + passed_s * BEATS_PER_SECOND).min(BURST.into()), now);
        let lacking = f64::from(beats) - seen.allowed;
        if lacking > 0.0 {
            return Err((lacking / BEATS_PER_SECOND).ceil() as u16);
        }
        seen.allowed -= f64::from(beats);
        let told_lately = seen.told_at.is_some_and(|at| at <= now && now.since(at) < TELL_EVERY_MS);
        if !told_lately {
            seen.told_at = Some(now);
            return Ok(Telling::Now);
        }
        Ok(if std::mem::replace(&mut seen.telling, true) { Telling::Not } else { Telling::Soon })
    }

    /// After [`Telling::Soon`]: it is told now.
    pub fn tells(&self, account: &AccountId, agent: &str, now: Ms) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(names) = all.get_mut(account) else { return };
        let known = if names.contains_key(agent) { agent } else { THE_REST };
        if let Some(seen) = names.get_mut(known) {
            (seen.told_at, seen.telling) = (Some(now), false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_beats_a_second_pass_and_a_burst_now_and_then() {
        let pace = Pace::default();
        let pass = |agent: &str, beats, ms| pace.pass(&AccountId::OWNER, agent, beats, Ms(ms));
        for _ in 0..100 {
            assert!(pass("a", 1, 0).is_ok());
        }
        assert_eq!(pass("a", 1, 0), Err(1));
        assert!(pass("b", 100, 0).is_ok(), "another agent has a pace of its own");
        assert!(pass("a", 50, 1_000).is_ok());
        assert_eq!(pass("a", 100, 1_000), Err(2));
        assert!(pass("a", 1, 500).is_err() && pass("a", 25, 1_000).is_ok(), "a clock that was set back stops nobody");
    }

    #[test]
    fn made_up_names_take_no_more_room_than_there_is_and_nobody_elses() {
        let pace = Pace::default();
        let account = AccountId("acc_1".to_owned());
        let pass = |account: &AccountId, name: usize, ms| pace.pass(account, &format!("bot-{name}"), 50, Ms(ms));
        let kept = || pace.0.lock().unwrap().values().map(HashMap::len).collect::<Vec<_>>();
        for name in 0..NAMES_MAX {
            assert_eq!(pass(&account, name, 0), Ok(Telling::Now));
        }
        assert!(pass(&account, NAMES_MAX, 0).is_ok() && pass(&account, NAMES_MAX + 1, 0).is_ok());
        assert_eq!(pass(&account, NAMES_MAX + 2, 0), Err(1), "beyond, they share one pace");
        assert_eq!(kept(), [NAMES_MAX + 1]);
        assert!(pass(&account, 0, 0).is_ok(), "a known one keeps its own");
        assert_eq!(pass(&AccountId::OWNER, 1, 0), Ok(Telling::Now), "and so does another account");
        pace.tells(&account, "bot-no-more", Ms(10));
        assert!(!pace.0.lock().unwrap()[&account][THE_REST].telling);
        assert!(pass(&account, NAMES_MAX, MINUTE_MS as i64).is_ok());
        assert_eq!(
            pace.0.lock().unwrap()[&account].len(),
            2,
            "the quiet ones went, but for one that is yet to be told of"
        );
    }

    #[test]
    fn the_faces_hear_of_it_once_a_second_and_never_miss_the_last() {
        let pace = Pace::default();
        let pass = |ms| pace.pass(&AccountId::OWNER, "a", 1, Ms(ms)).unwrap();
        assert_eq!([pass(0), pass(10), pass(20), pass(900)], [Telling::Now, Telling::Soon, Telling::Not, Telling::Not]);
        pace.tells(&AccountId::OWNER, "a", Ms(1_010));
        assert_eq!([pass(1_500), pass(1_600)], [Telling::Soon, Telling::Not]);
        pace.tells(&AccountId::OWNER, "a", Ms(2_500));
        assert_eq!(pass(5_000), Telling::Now);
    }
}
