//! Looking for things, without the looking: how text falls into words, what a query asks, what is written down of a run, a
//! cue, an alert, and where in it the words stand. Pure, but for `filling`, which asks the pilot. The tables are
//! `journal/search.rs`, the command is `desk/search.rs`.

pub mod doc;
pub(crate) mod filling;
pub mod query;
pub mod snippet;
#[cfg(test)]
pub(crate) mod tests;
pub mod words;
