//! The integration tests, one binary.

mod alerts;
mod channels;
mod checks;
mod cli;
mod clients;
mod confirm;
mod costs;
mod crash;
mod deliver;
mod desk;
mod door;
mod exec;
mod invariants;
mod paths;
mod pools;
mod preflight;
mod sdk;
mod simulate;
mod storm;
mod time;
mod traces;
mod watching;
mod webhook;
mod worker;
