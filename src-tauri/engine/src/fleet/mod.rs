//! The fleet: whoever beats, what each costs a day, and what the owner asks of its runner.
//!
//! `beat` reads a beat and `agent` takes it in (`memory`: what it says of its memory), `expected` says what is owed next and `judging` what was found, `warning` what
//! to answer with, `command` how a request to a runner stands; all pure. `hearing`, `asking` and `watching` write it down inside
//! the pilot's transaction, and `pace` bounds how fast. `pilot/agents.rs` notices silence; `minding` ends commands that nobody
//! cares for. The doors are `receive/clevagent.rs` and `desk/agents.rs`.

mod agent;
mod asking;
mod beat;
mod command;
mod expected;
mod hearing;
mod judging;
mod memory;
mod minding;
mod pace;
#[cfg(test)]
mod tests;
mod warning;
mod watching;

use chrono::NaiveDate;
use chrono_tz::Tz;
use cuetower_core::Ms;

pub use agent::{Agent, Runner, State};
pub(crate) use asking::{Refused, answered, ask, budget, fetch, forget, stop_now};
pub(crate) use beat::Life;
pub use beat::{Beat, Status};
pub use command::{Action, Command, CommandState, Said};
pub use expected::{AgentWatch, Armed};
pub(crate) use hearing::{AGENTS_MAX, Heard, Hearer, TooMany, hear};
pub(crate) use judging::KINDS;
pub use judging::{AgentNews, AgentSpends};
pub(crate) use minding::mind;
pub(crate) use pace::{BURST, Pace, Telling};
pub use warning::WarningKind;
pub(crate) use watching::{Watched, falls_silent, stands_still, watch};

/// The owner's day that holds this instant: it begins at midnight in the machine's zone.
#[must_use]
pub fn day_of(now: Ms, zone: Tz) -> NaiveDate {
    now.utc().map_or(NaiveDate::MIN, |at| at.with_timezone(&zone).date_naive())
}

/// Whole minutes since 1970, which is how beats are counted.
pub(crate) fn minute_of(at: Ms) -> i64 {
    at.0.div_euclid(60_000)
}
