//! A clock that tests move by hand: by and by, over a sleep of the machine, or as if somebody set it.

use std::future::Future;
use std::pin::Pin;

use cuetower_core::Ms;

use super::moves::Moves;
use super::{Clock, Reading};

/// Starts that have nothing to do with each other, so that who mistakes one clock for another notices.
const ELAPSED_AT_START_MS: u64 = 7_000_000;
const AWAKE_AT_START_MS: u64 = 3_000_000;

pub struct ManualClock {
    shows: Moves<Reading>,
}

impl ManualClock {
    #[must_use]
    pub fn at(now: Ms) -> ManualClock {
        let shows = Reading { wall: now, elapsed_ms: ELAPSED_AT_START_MS, awake_ms: AWAKE_AT_START_MS };
        ManualClock { shows: Moves::from(shows) }
    }

    /// Time passes until the wall clock shows `now`; one that lies behind is a [`step`](ManualClock::step) back.
    pub fn set(&self, now: Ms) {
        self.move_by(|shows| {
            let passed_ms = now.since(shows.wall);
            shows.wall = now;
            shows.elapsed_ms += passed_ms;
            shows.awake_ms += passed_ms;
        });
    }

    /// Time passes while the machine is awake.
    pub fn advance(&self, length_ms: u64) {
        self.move_by(|shows| {
            shows.wall = shows.wall.plus(length_ms);
            shows.elapsed_ms += length_ms;
            shows.awake_ms += length_ms;
        });
    }

    /// Time passes while the machine sleeps.
    pub fn sleep_machine(&self, length_ms: u64) {
        self.move_by(|shows| {
            shows.wall = shows.wall.plus(length_ms);
            shows.elapsed_ms += length_ms;
        });
    }

    /// Somebody sets the wall clock; no time passes.
    pub fn step(&self, by_ms: i64) {
        self.move_by(|shows| shows.wall = Ms(shows.wall.0.saturating_add(by_ms)));
    }

    fn move_by(&self, change: impl FnOnce(&mut Reading)) {
        self.shows.value().send_modify(change);
    }
}

impl Clock for ManualClock {
    fn reading(&self) -> Reading {
        self.shows.get()
    }

    /// Wakes with every move, so that no look is missing that the machine's clock would have caused.
    fn sleep_until(&self, at: Option<Ms>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let moved = self.shows.moved();
        let is_due = at.is_some_and(|at| at <= self.now());
        Box::pin(async move {
            if !is_due {
                moved.await;
            }
        })
    }
}
