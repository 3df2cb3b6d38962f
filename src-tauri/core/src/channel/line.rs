//! The line before one channel: what goes next, what waits, and what is told as one.

use crate::Ms;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};

use super::{Why, Window};

/// Rows that wait one by one; more become one digest.
pub const WAITING_MAX: usize = 10_000;
/// Not told for so long: given up, with a record that says so.
pub const GIVEN_UP_MS: u64 = DAY_MS;
/// Failures one after the other that deserve an alert.
pub const FAILING: u32 = 3;
const PAUSES_MS: [u64; 5] = [10 * SECOND_MS, 30 * SECOND_MS, 2 * MINUTE_MS, 10 * MINUTE_MS, 30 * MINUTE_MS];

/// A service may ask for more; it gets as much.
const WAIT_MAX_MS: u64 = HOUR_MS;

/// Before the next try, after so many failures one after the other.
#[must_use]
pub fn backoff_ms(failed: u32) -> u64 {
    let last = PAUSES_MS.len() - 1;
    usize::try_from(failed.saturating_sub(1)).map_or(PAUSES_MS[last], |at| PAUSES_MS[at.min(last)])
}

/// A row of the outbox that is not told yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub id: i64,
    pub due: Ms,
    /// For quiet hours.
    pub held: bool,
    /// It stands for others already.
    pub is_digest: bool,
    /// Never told with others, nor counted among them: what ends an incident at a service that has such.
    pub alone: bool,
}

impl Waiting {
    fn may_join(&self) -> bool {
        !self.is_digest && !self.alone
    }
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    Send(i64),
    /// These become one.
    Digest(Vec<i64>, Why),
    /// Until then, or until something is written.
    Wait(Option<Ms>),
}

/// How one channel goes. Failures are kept over restarts, the rest begins anew.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// One after the other.
    pub failed: u32,
    pub paused_until: Option<Ms>,
    window: Window,
    holds_back: bool,
}

impl Line {
    #[must_use]
    pub fn of(failed: u32) -> Line {
        Line { failed, ..Line::default() }
    }

    /// After failures nothing is sent before then; rows need not be looked at unless there are too many of them.
    #[must_use]
    pub fn rests_until(&self, now: Ms) -> Option<Ms> {
        self.paused_until.filter(|until| now < *until && until.since(now) <= DAY_MS)
    }

    /// `rows`: by id. Whatever it answers is taken as done.
    pub fn next(&mut self, rows: &[Waiting], now: Ms) -> Next {
        let ids = |rows: &[&Waiting]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
        let plain: Vec<&Waiting> = rows.iter().filter(|row| row.may_join()).collect();
        if plain.len() > WAITING_MAX {
            return Next::Digest(ids(&plain), Why::Overflow);
        }
        if let Some(until) = self.rests_until(now) {
            return Next::Wait(Some(until));
        }
        let due: Vec<&Waiting> = rows.iter().filter(|row| row.due <= now).collect();
        let Some(first) = due.first() else { return Next::Wait(rows.iter().map(|row| row.due).min()) };
        let quiet: Vec<&Waiting> = due.iter().copied().filter(|row| row.held && row.may_join()).collect();
        if quiet.len() > 1 {
            return Next::Digest(ids(&quiet), Why::Quiet);
        }
        // It stands for what came before.
        if let Some(digest) = due.iter().find(|row| row.is_digest) {
            return Next::Send(digest.id);
        }
        if self.holds_back && self.window.is_over(now) {
            self.holds_back = false;
            let held_back: Vec<&Waiting> = due.iter().copied().filter(|row| row.may_join()).collect();
            if held_back.len() > 1 {
                self.window.digested(now);
                return Next::Digest(ids(&held_back), Why::Burst);
            }
        }
        if first.alone || self.window.take(now) {
            return Next::Send(first.id);
        }
        self.holds_back = true;
        Next::Wait(self.window.ends_at())
    }

    /// One was told. Whether that ends a failure that was told of.
    pub fn told(&mut self) -> bool {
        let was_failing = self.failed >= FAILING;
        (self.failed, self.paused_until) = (0, None);
        was_failing
    }

    /// One was not told. `wait_ms`: as the service asked; `is_the_note`: another note may fare better.
    pub fn failed(&mut self, now: Ms, wait_ms: Option<u64>, is_the_note: bool) {
        self.failed = self.failed.saturating_add(1);
        if !is_the_note || self.failed >= FAILING {
            self.paused_until = Some(now.plus(wait_ms.unwrap_or(0).min(WAIT_MAX_MS).max(backoff_ms(self.failed))));
        }
    }
}
