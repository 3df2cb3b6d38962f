//! What is decided. Pure: no IO, no clock, no async, no randomness, no globals.
//!
//! `(lane state, input, now) → events` or a refusal; time, ids and random numbers are handed in by the engine.
//! What is done with the events (journal, effects) lives in `cuetower-engine`.

pub mod adopt;
pub mod alert;
pub mod attempt;
pub mod audit;
pub mod away;
pub mod channel;
pub mod check;
pub mod cue;
pub mod effect;
pub mod event;
pub mod expect;
pub mod fuse;
pub mod gate;
pub mod id;
pub mod input;
pub mod lane;
pub mod lend;
pub mod local_time;
pub mod occurrence;
pub mod outcome;
pub mod plain;
pub mod plan;
pub mod pool;
pub mod price;
pub mod retention;
pub mod run;
pub mod schedule;
pub mod schedule_spec;
pub mod secret;
pub mod sentence;
pub mod spend;
pub mod step;
pub mod time;
pub mod tomorrow;
pub mod transport;
pub mod verdicts;
pub mod watch;

pub use time::Ms;
