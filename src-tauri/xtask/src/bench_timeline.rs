//! `cargo xtask bench timeline`: the board in a browser with a million runs in five hundred lanes, on the release build. What is
//! measured is in `tests/ui/bench`; docs/benchmarks.md says how to read it.

use std::time::Duration;

use crate::call::{self, Limit};
use crate::packages;
use crate::place::Place;
use crate::ui;

const SUITE: &str = "tests/ui";
const BUILD: &[&str] = &["build", "--release", "--package", "cuetower-cli", "--package", "cuetower-launcher", "--bins"];

/// `args`: nothing, or `--runs N`. The store is grown once and stays in `target/bench`.
pub fn timeline(place: &Place, args: &[String]) -> Result<(), String> {
    let runs = match args {
        [] => None,
        [flag, runs] if flag == "--runs" => Some(runs),
        other => return Err(format!("expected nothing, or `--runs N`, found `{}`", other.join(" "))),
    };
    let limit = Limit::minutes(120);
    packages::for_tests(place, limit)?;
    ui::build(place, limit)?;
    call::run(&mut place.cargo(BUILD), limit)?;
    ui::install(place, SUITE, limit)?;
    let mut suite = ui::npm(place, SUITE);
    suite.args(["exec", "--", "playwright", "test", "--config", "bench.config.ts"]);
    suite.env("CUETOWER_BIN_DIR", place.target.join("release"));
    if let Some(runs) = runs {
        suite.env("CUETOWER_BENCH_RUNS", runs);
    }
    let ended = call::run(&mut suite, limit);
    call::end_leftovers(Duration::from_secs(3));
    ended
}
