//! `cargo xtask simulate`: the simulator over many seeds, built for release, a thread for each core.

use crate::call::{self, Limit};
use crate::place::Place;

const TEST: &[&str] = &["test", "--release", "--package", "cuetower-tests", "--test", "it"];
const SEEDS: &[&str] = &["--", "--ignored", "--nocapture", "--exact", "simulate::simulate_seeds"];

/// `args`: `--seeds N` (1000), `--from SEED` (0).
pub fn simulate(place: &Place, args: &[String]) -> Result<(), String> {
    let (mut seeds, mut from) = (1_000, 0);
    for pair in args.chunks(2) {
        let [flag, value] = pair else { return Err(format!("`{}` takes a whole number", pair[0])) };
        let number: u64 = value.parse().map_err(|_| format!("{flag} takes a whole number, not `{value}`"))?;
        match flag.as_str() {
            "--seeds" => seeds = number,
            "--from" => from = number,
            _ => return Err(format!("expected `--seeds N` or `--from SEED`, found `{flag}`")),
        }
    }
    let mut command = place.cargo(&[TEST, SEEDS].concat());
    command.env("CUETOWER_SIM_SEEDS", seeds.to_string()).env("CUETOWER_SIM_FROM", from.to_string());
    call::run(&mut command, Limit::minutes(24 * 60))
}
