//! The integration tests, one binary.

mod cli;
mod door;
mod simulate;
