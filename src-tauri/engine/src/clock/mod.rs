//! The only place that asks what time it is, and that waits for a time to come.
//!
//! The wall clock decides; a monotonic sleep only wakes who waits, so that he looks at the wall clock again: every second,
//! and at once when the system tells that its clock was set or that the machine slept. What a jump means is not decided here.

#[cfg(target_os = "linux")]
mod ears;
#[cfg(feature = "saboteur")]
mod hurried;
mod manual;
mod moves;
mod system;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use cuetower_core::Ms;

#[cfg(feature = "saboteur")]
pub use hurried::HurriedClock;
pub use manual::ManualClock;
pub use system::SystemClock;

/// What the machine's clocks show at one moment, read one after the other: a busy machine may put some milliseconds between.
pub use cuetower_core::away::Clocks as Reading;

/// How long something takes: a measured fact for whoever watches the tower, on which nothing is decided.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Ms {
        self.reading().wall
    }

    fn reading(&self) -> Reading;

    /// Returns at `at`, or earlier: the caller looks again.
    ///
    /// A jump of the clock between the caller's last sleep and this one counts: it returns at once. That is remembered for
    /// one sleeper; of several at the same clock, another may have heard it, and then this one looks within a second.
    fn sleep_until(&self, at: Option<Ms>) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}
