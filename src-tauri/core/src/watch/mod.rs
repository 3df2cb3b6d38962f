//! Watching: signs of life and of work, what is usual, what goes round in circles. Pure.

mod asked;
mod beat;
mod envelope;
#[cfg(test)]
mod envelope_tests;
mod fingerprint;
mod loops;
#[cfg(test)]
mod loops_tests;
mod numbers;
mod pace;
#[cfg(test)]
mod pace_tests;
#[cfg(test)]
mod week_tests;
pub mod words;

pub use self::asked::{Budget, DayBudget, Heartbeat, OnLoop};
pub use self::beat::{News, Subject, Watch, awake_between, due_after};
pub use self::envelope::{Band, Envelope, Measure, Outside, Sample};
pub use self::loops::{Call, Hides, Loop, LoopRule, Loops};
pub use self::pace::{Pace, Spike};
