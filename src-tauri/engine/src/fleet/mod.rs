//! The fleet: whoever beats, what each costs a day, and what the owner asks of its runner.
//!
//! `beat` reads a beat and `agent` takes it in, `warning` says what to answer with, `command` how a request to a runner
//! stands; all pure. `hearing` and `asking` write it down inside the pilot's transaction, `pace` bounds how fast, and
//! `minding` notices what time alone changed. The doors are `receive/clevagent.rs` and `desk/agents.rs`.

mod agent;
mod asking;
mod beat;
mod command;
mod hearing;
mod minding;
mod pace;
#[cfg(test)]
mod tests;
mod warning;

use chrono::NaiveDate;
use chrono_tz::Tz;
use cuetower_core::Ms;

pub use agent::{Agent, Runner, State};
pub(crate) use asking::{Refused, answered, ask, budget, fetch, forget};
pub use beat::{Beat, Status};
pub use command::{Action, Command, CommandState, Said};
pub(crate) use hearing::{AGENTS_MAX, Heard, Hearer, TooMany, hear};
pub(crate) use minding::mind;
pub(crate) use pace::{BURST, Pace, Telling};
pub use warning::WarningKind;

/// The owner's day that holds this instant: it begins at midnight in the machine's zone.
#[must_use]
pub fn day_of(now: Ms, zone: Tz) -> NaiveDate {
    now.utc().map_or(NaiveDate::MIN, |at| at.with_timezone(&zone).date_naive())
}

/// Whole minutes since 1970, which is how beats are counted.
pub(crate) fn minute_of(at: Ms) -> i64 {
    at.0.div_euclid(60_000)
}
