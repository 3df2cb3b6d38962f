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
/// Agents kept an eye on; beyond, those that were quiet for a minute are let go.
const AGENTS_MAX: usize = 10_000;

#[derive(Clone, Default)]
pub(crate) struct Pace(Arc<Mutex<HashMap<(AccountId, String), Seen>>>);

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
        if all.len() >= AGENTS_MAX {
            all.retain(|_, seen| seen.telling || now.since(seen.at) < MINUTE_MS);
        }
        let fresh = || Seen { allowed: BURST.into(), at: now, told_at: None, telling: false };
        let seen = all.entry((account.clone(), agent.to_owned())).or_insert_with(fresh);
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
        if let Some(seen) = all.get_mut(&(account.clone(), agent.to_owned())) {
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
