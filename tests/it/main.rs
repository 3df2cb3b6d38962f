//! The integration tests, one binary.

mod cli;
mod crash;
mod desk;
mod door;
mod invariants;
mod paths;
mod simulate;
mod storm;
mod time;
mod webhook;
