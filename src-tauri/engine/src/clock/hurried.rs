//! A clock that begins in the past and runs many times as fast as the machine's until it has caught up with it: a day of a fleet in some
//! minutes, with everything else real. For the pictures of the guide; compiled in with the feature `saboteur` only.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cuetower_core::Ms;
use serde::Deserialize;

use super::{Clock, Reading, Stopwatch, SystemClock};

const VARIABLE: &str = "CUETOWER_CLOCK";
/// Nobody sleeps longer than this: a leap is noticed by the next look.
const LOOK_MOST: Duration = Duration::from_millis(5);
/// The thread whose sleep moves it on.
const DRIVER: &str = "pilot";
/// By no more than this at once: a moment that the machine gives to others, or that one batch takes, is no time in which the tower stalled.
const STEP_MOST_US: u64 = 2_000_000;

/// `{"from_ms": 1795370000000, "speed": 100, "asleep": [[1795390000000, 1795409500000]]}`, in Unix milliseconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Course {
    from_ms: i64,
    /// Its milliseconds in one of the machine's.
    speed: u32,
    /// `[from, to)` in which the machine sleeps: the clock leaps over them. In order.
    #[serde(default)]
    asleep: Vec<(i64, i64)>,
}

pub struct HurriedClock {
    machine: SystemClock,
    since: Stopwatch,
    course: Course,
    shows: Mutex<Shows>,
}

impl HurriedClock {
    /// The one that the environment asks for, if it does.
    ///
    /// # Errors
    /// A sentence, if what it asks for cannot be read.
    pub fn asked() -> Result<Option<HurriedClock>, String> {
        let Ok(asked) = std::env::var(VARIABLE) else { return Ok(None) };
        let course: Course = serde_json::from_str(&asked).map_err(|error| format!("{VARIABLE}: {error}"))?;
        let shows = Mutex::new(Shows { wall_us: course.from_ms.saturating_mul(1_000), ..Shows::default() });
        Ok(Some(HurriedClock { machine: SystemClock::new(), since: Stopwatch::start(), course, shows }))
    }

    fn shows(&self) -> Shows {
        *self.shows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn goes_on(&self) -> Shows {
        let real_us = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut shows = self.shows.lock().unwrap_or_else(PoisonError::into_inner);
        shows.go_on(&self.course, real_us, self.machine.now());
        *shows
    }
}

/// All in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Shows {
    /// Of the machine's, since it began, when it was looked at last.
    looked_us: u64,
    wall_us: i64,
    awake_us: u64,
    asleep_us: u64,
    has_caught_up: bool,
}

impl Shows {
    fn go_on(&mut self, course: &Course, real_us: u64, machine: Ms) {
        let passed_us = real_us.saturating_sub(self.looked_us);
        self.looked_us = real_us;
        if self.has_caught_up {
            self.awake_us += passed_us;
            return;
        }
        let step_us = passed_us.saturating_mul(u64::from(course.speed)).min(STEP_MOST_US);
        let before_us = self.wall_us;
        self.awake_us += step_us;
        self.wall_us = self.wall_us.saturating_add_unsigned(step_us);
        for (from, to) in course.asleep.iter().map(|(from, to)| (from * 1_000, to * 1_000)) {
            if (before_us..self.wall_us).contains(&from) {
                self.wall_us += to - from;
                self.asleep_us += to.abs_diff(from);
            }
        }
        self.has_caught_up = self.wall_us / 1_000 >= machine.0;
    }
}

impl Clock for HurriedClock {
    fn reading(&self) -> Reading {
        let shows = self.shows();
        // From then on it is the machine's, at every look.
        let shows = if shows.has_caught_up { self.goes_on() } else { shows };
        let Shows { wall_us, awake_us, asleep_us, has_caught_up, .. } = shows;
        let wall = if has_caught_up { self.machine.now() } else { Ms(wall_us / 1_000) };
        Reading { wall, elapsed_ms: (awake_us + asleep_us) / 1_000, awake_ms: awake_us / 1_000 }
    }

    fn sleep_until(&self, at: Option<Ms>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let drives = std::thread::current().name() == Some(DRIVER);
        let shows = if drives { self.goes_on() } else { self.shows() };
        if shows.has_caught_up {
            return self.machine.sleep_until(at);
        }
        let away = |at: Ms| Duration::from_millis(at.since(Ms(shows.wall_us / 1_000)));
        let left = at.map_or(LOOK_MOST, |at| away(at) / self.course.speed.max(1));
        Box::pin(tokio::time::sleep(left.min(LOOK_MOST)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_hurries_leaps_over_a_sleep_and_is_the_machines_once_it_has_caught_up() {
        let course = Course { from_ms: 0, speed: 100, asleep: vec![(3_000, 8_000)] };
        let mut shows = Shows::default();
        let mut at = |real_ms: u64, machine: i64| {
            shows.go_on(&course, real_ms * 1_000, Ms(machine));
            (shows.wall_us / 1_000, shows.awake_us / 1_000, shows.asleep_us / 1_000, shows.has_caught_up)
        };
        assert_eq!(at(10, 10_000), (1_000, 1_000, 0, false));
        assert_eq!(at(500, 10_490), (3_000, 3_000, 0, false), "no more than two seconds, however long nobody looked");
        assert_eq!(at(501, 10_491), (8_100, 3_100, 5_000, false));
        assert_eq!(at(521, 10_511), (10_100, 5_100, 5_000, false));
        assert_eq!(at(531, 10_521), (11_100, 6_100, 5_000, true));
        assert_eq!(at(1_531, 11_521), (11_100, 7_100, 5_000, true), "from now on the machine's own milliseconds");
    }
}
