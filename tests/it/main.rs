//! The integration tests, one binary.

mod cli;
mod crash;
mod door;
mod invariants;
mod simulate;
