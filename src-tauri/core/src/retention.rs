//! Which of the past may go: how long runs are kept, and what is kept longer because something else still needs it.
//!
//! A rule gives each lane a cut, an instant; what was due before it may go, unless [`needed`] says why not.

use serde::{Deserialize, Serialize};

use crate::Ms;
use crate::time::DAY_MS;

/// What ended within this long stays, whatever the rules say: a fire that is asked for again with its key is answered with it,
/// and what happened today can be looked at.
pub const FRESH_MS: u64 = DAY_MS;

/// How much of the past is kept. None: there is no such rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Keep {
    /// Runs that were due within so many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// The newest so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<u32>,
}

/// Which rule lets something go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    Age,
    Count,
    Size,
}

/// What was due before it may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    pub before: Ms,
    pub because: Because,
}

/// Why a run stays that its rule would let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    UnderWay,
    /// It ended within a day.
    Fresh,
    /// It is the newest of its cue.
    Newest,
    /// An open alert is about it.
    Alert,
    /// Its owner has not answered a question of it, or has not looked at what it did.
    Owner,
    /// It is one of those by which the usual is known.
    Envelope,
    /// It is still to be sent as a trace.
    Unsent,
}

/// What is known of a run whose rule would let it go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Past {
    pub ended_at: Option<Ms>,
    pub is_newest: bool,
    pub in_open_alert: bool,
    pub waits_for_owner: bool,
    pub in_envelope: bool,
    pub unsent: bool,
}

impl Keep {
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Keep::default()
    }

    /// `oldest_kept`: when the oldest was due of the newest `runs`, if there are more than those. None: nothing may go.
    #[must_use]
    pub fn cut(&self, now: Ms, oldest_kept: Option<Ms>) -> Option<Cut> {
        let age = self.days.map(|days| Cut { before: now.minus(u64::from(days) * DAY_MS), because: Because::Age });
        let count = self.runs.and(oldest_kept).map(|before| Cut { before, because: Because::Count });
        match (age, count) {
            (Some(age), Some(count)) => Some(if count.before > age.before { count } else { age }),
            (age, count) => age.or(count),
        }
    }
}

/// Why a run has to stay; None: it may go.
#[must_use]
pub fn needed(past: &Past, now: Ms) -> Option<Need> {
    let Some(ended_at) = past.ended_at else { return Some(Need::UnderWay) };
    let needs = [
        (is_fresh(ended_at, now), Need::Fresh),
        (past.is_newest, Need::Newest),
        (past.in_open_alert, Need::Alert),
        (past.waits_for_owner, Need::Owner),
        (past.in_envelope, Need::Envelope),
        (past.unsent, Need::Unsent),
    ];
    needs.into_iter().find_map(|(is, need)| is.then_some(need))
}

/// What ended in the future is of a clock that was wrong; it stays until its time has come.
#[must_use]
pub fn is_fresh(ended_at: Ms, now: Ms) -> bool {
    now.since(ended_at) < FRESH_MS
}

/// How what is gone is told: "put away by retention (140 confirmed, 3 failed)". `state`: what became of the due times. `how`: of those
/// that ran, their verdicts and how many; of others, why they did not.
#[must_use]
pub fn words(state: &str, how: &[(String, u64)]) -> String {
    let told = how.iter().filter(|(how, count)| !how.is_empty() && *count > 0);
    let told = match state {
        "ran" => told.map(|(verdict, count)| ran_words(verdict, *count)).collect::<Vec<_>>().join(", "),
        _ => told.map(|(why, _)| why.clone()).collect::<Vec<_>>().join("; "),
    };
    if told.is_empty() { "put away by retention".to_owned() } else { format!("put away by retention ({told})") }
}

fn ran_words(verdict: &str, count: u64) -> String {
    format!("{} {}", crate::sentence::grouped(count), verdict_word(verdict))
}

/// `verdicts::Confirmed::word`, in a sentence.
fn verdict_word(verdict: &str) -> &str {
    if verdict == "none" { "without an outcome" } else { verdict }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Ms = Ms(1_795_176_000_000);

    fn ago(days: u64) -> Ms {
        NOW.minus(days * DAY_MS)
    }

    #[test]
    fn the_stricter_of_two_rules_cuts() {
        let keep = |days, runs| Keep { days, runs };
        assert_eq!(Keep::default().cut(NOW, Some(ago(1))), None, "without a rule nothing goes");
        assert_eq!(keep(None, Some(10)).cut(NOW, None), None, "there are not so many yet");
        let age = Cut { before: ago(30), because: Because::Age };
        assert_eq!(keep(Some(30), None).cut(NOW, Some(ago(1))), Some(age), "nobody asked for a count");
        assert_eq!(keep(Some(30), Some(10)).cut(NOW, Some(ago(40))), Some(age));
        let count = Cut { before: ago(20), because: Because::Count };
        assert_eq!(keep(Some(30), Some(10)).cut(NOW, Some(ago(20))), Some(count));
    }

    #[test]
    fn what_something_else_needs_stays() {
        let ended = Past { ended_at: Some(ago(90)), ..Past::default() };
        assert_eq!(needed(&ended, NOW), None);
        let cases = [
            (Past { ended_at: None, ..ended }, Need::UnderWay),
            (Past { ended_at: Some(NOW.minus(FRESH_MS - 1)), ..ended }, Need::Fresh),
            (Past { ended_at: Some(NOW.plus(DAY_MS)), ..ended }, Need::Fresh),
            (Past { is_newest: true, ..ended }, Need::Newest),
            (Past { in_open_alert: true, ..ended }, Need::Alert),
            (Past { waits_for_owner: true, ..ended }, Need::Owner),
            (Past { in_envelope: true, ..ended }, Need::Envelope),
            (Past { unsent: true, ..ended }, Need::Unsent),
        ];
        for (past, need) in cases {
            assert_eq!(needed(&past, NOW), Some(need), "{past:?}");
        }
        assert_eq!(needed(&Past { ended_at: Some(NOW.minus(FRESH_MS)), ..ended }, NOW), None);
    }

    #[test]
    fn what_is_gone_is_told_by_its_verdicts() {
        let of = |state: &str, how: &[(&str, u64)]| {
            words(state, &how.iter().map(|(how, count)| ((*how).to_owned(), *count)).collect::<Vec<_>>())
        };
        assert_eq!(
            of("ran", &[("confirmed", 1140), ("failed", 3)]),
            "put away by retention (1,140 confirmed, 3 failed)"
        );
        assert_eq!(of("ran", &[("none", 1)]), "put away by retention (1 without an outcome)");
        assert_eq!(of("skipped", &[("blackout", 5), ("budget", 2)]), "put away by retention (blackout; budget)");
        assert_eq!(of("coalesced", &[("", 5)]), "put away by retention");
    }
}
