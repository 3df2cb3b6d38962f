//! `cargo xtask bench`: builds the program and its benchmarks for release, and runs them. What they measure is in
//! `tests/bench`, and of the window in `tests/desktop/bench`; docs/benchmarks.md says how to read it.

use std::time::Duration;

use crate::bench_timeline;
use crate::call::{self, Limit};
use crate::packages;
use crate::place::Place;
use crate::ui;

const BUILD: &[&str] = &[
    "build",
    "--release",
    "--package",
    "cuetower-cli",
    "--package",
    "cuetower-launcher",
    "--package",
    "cuetower-tests",
    "--bins",
];
const FEATURES: &[&str] = &["--features", "cuetower-tests/bench"];

/// The desktop program, and the empty window that it is held against.
const WINDOW: &[&str] = &[
    "build",
    "--release",
    "--package",
    "cuetower",
    "--package",
    "cuetower-cli",
    "--package",
    "cuetower-launcher",
    "--bins",
    "--example",
    "empty_window",
];

/// `args` go to the benchmarks: names, sizes, `--json` for one object per line among the lines of the build. `window` is measured
/// alone, as it needs a desktop.
pub fn bench(place: &Place, args: &[String]) -> Result<(), String> {
    let limit = Limit::minutes(180);
    if let Some((first, rest)) = args.split_first()
        && first == "window"
    {
        return window(place, rest, limit);
    }
    if let Some((first, rest)) = args.split_first()
        && first == "timeline"
    {
        return bench_timeline::timeline(place, rest);
    }
    packages::for_serving(place)?;
    ui::build(place, limit)?;
    call::run(&mut place.cargo(&[BUILD, FEATURES].concat()), limit)?;
    let programs = place.target.join("release");
    let mut bench = place.program(&programs.join("bench").display().to_string(), "");
    // Before the others, so that a `--dir` among them wins.
    bench.arg("--dir").arg(place.target.join("bench")).args(args).env("CUETOWER_BIN_DIR", &programs);
    let ended = call::run(&mut bench, limit);
    call::end_leftovers(Duration::from_secs(3));
    ended
}

fn window(place: &Place, args: &[String], limit: Limit) -> Result<(), String> {
    packages::for_tests(place, limit)?;
    ui::build(place, limit)?;
    call::run(&mut place.cargo(WINDOW), limit)?;
    ui::install(place, "tests/desktop", limit)?;
    let mut bench = place.program("node", "tests/desktop");
    bench.arg("bench/window.js").args(args).env("CUETOWER_BIN_DIR", place.target.join("release"));
    let ended = call::run(&mut bench, limit);
    call::end_leftovers(Duration::from_secs(3));
    ended
}
