//! `cargo xtask test`: every check, one stage after the other. A stage that fails does not keep the others from being
//! run, save those that need what it makes, so that one run shows everything.

use std::time::{Duration, Instant};

use crate::call::{self, Limit};
use crate::package;
use crate::packages;
use crate::place::Place;
use crate::tidy;
use crate::ui;

/// What every build of a test run names, so that cargo resolves one set of features and compiles each crate once.
/// `saboteur` compiles the test-only switches in; they do nothing unless CUETOWER_SABOTAGE names one.
const TEST_BUILD: &[&str] = &["--workspace", "--features", "cuetower-cli/saboteur"];

struct Stage {
    name: &'static str,
    /// What it makes sure of.
    what: &'static str,
    /// Stages without which this one says nothing.
    needs: &'static [&'static str],
    limit_minutes: u64,
    run: fn(&Place, Limit) -> Result<(), String>,
}

const STAGES: &[Stage] = &[
    Stage {
        name: "packages",
        what: "the system packages and test programs are there",
        needs: &[],
        limit_minutes: 20,
        run: packages::for_tests,
    },
    Stage { name: "ui-build", what: "the UI builds", needs: &["packages"], limit_minutes: 10, run: ui::build },
    Stage { name: "fmt", what: "the Rust code is formatted", needs: &[], limit_minutes: 2, run: fmt },
    Stage {
        name: "clippy",
        what: "no warning, with and without the saboteurs",
        needs: &["packages"],
        limit_minutes: 30,
        run: clippy,
    },
    Stage {
        name: "tidy",
        what: "the code has the shape of the house",
        needs: &[],
        limit_minutes: 2,
        run: |place, _| tidy::check(&place.root),
    },
    Stage {
        name: "build",
        what: "every binary and test compiles",
        needs: &["packages"],
        limit_minutes: 30,
        run: build,
    },
    Stage {
        name: "wire",
        what: "ui/src/wire and docs/reference are what the code says",
        needs: &["build"],
        limit_minutes: 5,
        run: |place, limit| wire(place, "check", limit),
    },
    Stage {
        name: "rust",
        what: "all Rust tests, with crash and saboteur runs on the real binary",
        needs: &["build"],
        limit_minutes: 30,
        run: rust,
    },
    Stage {
        name: "ui-check",
        what: "the UI's types and lint",
        needs: &["ui-build"],
        limit_minutes: 5,
        run: |place, limit| npm(place, &["run", "check"], limit),
    },
    Stage {
        name: "ui-unit",
        what: "the UI's unit tests",
        needs: &["ui-build"],
        limit_minutes: 5,
        run: |place, limit| npm(place, &["test"], limit),
    },
    Stage {
        name: "browser",
        what: "the UI in Chromium, on `cuetowerctl serve`",
        needs: &["ui-build", "build"],
        limit_minutes: 30,
        run: |place, limit| driven(place, "tests/ui", limit),
    },
    Stage {
        name: "desktop",
        what: "the real window, its notifications and its keyring",
        needs: &["ui-build", "build"],
        limit_minutes: 15,
        run: |place, limit| driven(place, "tests/desktop", limit),
    },
    Stage {
        name: "package",
        what: "a package, installed, used, removed and installed again in a clean root",
        needs: &["ui-build", "build"],
        limit_minutes: 20,
        run: package::stage,
    },
];

enum End {
    Passed,
    Failed(Failure),
    /// The stage it needs and that did not pass.
    NotRun(&'static str),
}

impl End {
    fn failure(&self) -> Option<&Failure> {
        match self {
            End::Failed(failure) => Some(failure),
            End::Passed | End::NotRun(_) => None,
        }
    }
}

struct Failure {
    sentence: String,
    /// What was said last: a test runner names there what failed.
    last: Vec<String>,
}

pub fn test(place: &Place, args: &[String]) -> Result<(), String> {
    let stages = chosen(args)?;
    if stages.is_empty() {
        STAGES.iter().for_each(|stage| println!("{:10} {}", stage.name, stage.what));
        return Ok(());
    }
    let began = Instant::now();
    let mut ends: Vec<(&Stage, End, Duration)> = Vec::new();
    for (at, stage) in stages.iter().enumerate() {
        let missing = stage
            .needs
            .iter()
            .find(|need| ends.iter().any(|(other, end, _)| other.name == **need && !matches!(end, End::Passed)));
        println!("\n==== {}/{} {}: {}", at + 1, stages.len(), stage.name, stage.what);
        let stage_began = Instant::now();
        let end = match missing {
            Some(need) => End::NotRun(need),
            None => run(place, stage),
        };
        match &end {
            End::Passed => println!("==== {} passed in {}", stage.name, length(stage_began.elapsed())),
            End::Failed(failure) => println!("==== {} FAILED: {}", stage.name, failure.sentence),
            End::NotRun(need) => println!("==== {} was not run, because {need} did not pass", stage.name),
        }
        ends.push((stage, end, stage_began.elapsed()));
    }
    summary(&ends, began.elapsed())
}

fn run(place: &Place, stage: &Stage) -> End {
    let end = (stage.run)(place, Limit::minutes(stage.limit_minutes));
    let last = call::last_lines();
    let left = call::end_leftovers(Duration::from_secs(3));
    let sentence = match end {
        Ok(()) if left.is_empty() => return End::Passed,
        Ok(()) => format!("it left processes behind, now ended: {}", left.join("; ")),
        Err(sentence) => sentence,
    };
    End::Failed(Failure { sentence, last })
}

fn summary(ends: &[(&Stage, End, Duration)], took: Duration) -> Result<(), String> {
    println!("\n==== summary");
    for (stage, end, took) in ends {
        match end {
            End::Passed => println!("  passed   {:10} {:>10}", stage.name, length(*took)),
            End::Failed(Failure { sentence, .. }) => {
                let first = sentence.lines().next().unwrap_or_default();
                println!("  FAILED   {:10} {:>10}  {first}", stage.name, length(*took));
            }
            End::NotRun(need) => println!("  not run  {:10} {:>10}  needs {need}", stage.name, ""),
        }
    }
    let passed = ends.iter().filter(|(_, end, _)| matches!(end, End::Passed)).count();
    let failed = ends.len() - passed;
    // Last of all, because an end is what is kept of a long output.
    for (stage, failure) in ends.iter().filter_map(|(stage, end, _)| Some((stage, end.failure()?))) {
        println!("\n==== what {} said last", stage.name);
        failure.last.iter().for_each(|line| println!("  {line}"));
    }
    println!("Stages: {passed} passed, {failed} failed, in {}", length(took));
    match failed {
        0 => Ok(()),
        _ => Err("not everything passed".into()),
    }
}

/// The stages that the arguments ask for; none for `--list`.
fn chosen(args: &[String]) -> Result<Vec<&'static Stage>, String> {
    let usage = || format!("expected `--list` or `--only STAGE`, found `{}`", args.join(" "));
    if args.is_empty() {
        return Ok(STAGES.iter().collect());
    }
    if args == ["--list"] {
        return Ok(Vec::new());
    }
    let (pairs, []) = args.as_chunks::<2>() else {
        return Err(usage());
    };
    let by_name = |[flag, name]: &[String; 2]| match STAGES.iter().find(|stage| stage.name == name) {
        _ if flag != "--only" => Err(usage()),
        Some(stage) => Ok(stage),
        None => Err(format!("there is no stage `{name}`; `cargo xtask test --list` names them")),
    };
    pairs.iter().map(by_name).collect()
}

fn fmt(place: &Place, limit: Limit) -> Result<(), String> {
    call::run(&mut place.cargo(&["fmt", "--all", "--", "--check", "--files-with-diff"]), limit)
        .map_err(|sentence| format!("{sentence}; `cargo fmt --all` puts it right"))
}

fn clippy(place: &Place, limit: Limit) -> Result<(), String> {
    // The benchmarks are built by nothing else of a test run.
    let with_benchmarks = [TEST_BUILD, &["--features", "cuetower-tests/bench"]].concat();
    for build in [&["--workspace"][..], &with_benchmarks] {
        let args = [&["clippy", "--all-targets"], build, &["--", "--deny", "warnings"]].concat();
        call::run(&mut place.cargo(&args), limit)?;
    }
    Ok(())
}

pub fn build(place: &Place, limit: Limit) -> Result<(), String> {
    call::run(&mut place.cargo(&[&["build", "--all-targets"], TEST_BUILD].concat()), limit)
}

fn rust(place: &Place, limit: Limit) -> Result<(), String> {
    build(place, limit)?;
    // Most of them wait for a process, a clock or a disk.
    let at_once = (2 * std::thread::available_parallelism().map_or(1, usize::from)).to_string();
    let args = [&["nextest", "run", "--test-threads", &at_once], TEST_BUILD].concat();
    call::run(place.cargo(&args).env("CUETOWER_BIN_DIR", place.binaries()), limit)
}

/// Runs the generators of `ui/src/wire` and `docs/reference`, which compare (`check`) or replace (`write`) what is there.
pub fn wire(place: &Place, mode: &str, limit: Limit) -> Result<(), String> {
    packages::for_rust_tests(place, limit)?;
    let only = ["--filterset", "package(cuetower-engine) and test(/wire/) or test(/reference::the_reference_/)"];
    let args = [&["nextest", "run"], TEST_BUILD, &only].concat();
    call::run(place.cargo(&args).env("CUETOWER_WIRE", mode), limit)
        .map_err(|sentence| format!("{sentence}; `cargo xtask wire` writes it anew"))
}

/// A long run of a test that is ignored by default, with how much of it in an environment variable.
pub fn nightly(place: &Place, test: &str, variable: &str, count: u32) -> Result<(), String> {
    let limit = Limit::minutes(24 * 60);
    build(place, limit)?;
    let args = [&["test"], TEST_BUILD, &["--test", "it", "--", "--ignored", "--nocapture", test]].concat();
    let mut command = place.cargo(&args);
    call::run(command.env(variable, count.to_string()).env("CUETOWER_BIN_DIR", place.binaries()), limit)
}

fn npm(place: &Place, args: &[&str], limit: Limit) -> Result<(), String> {
    ui::install(place, "ui", limit)?;
    call::run(ui::npm(place, "ui").args(args), limit)
}

/// A suite in `folder` that drives the built programs from outside. `run` may have built them anew since, without the
/// saboteurs; building costs nothing when it has not.
fn driven(place: &Place, folder: &str, limit: Limit) -> Result<(), String> {
    ui::build(place, limit)?;
    build(place, limit)?;
    ui::install(place, folder, limit)?;
    call::run(ui::npm(place, folder).arg("test").env("CUETOWER_BIN_DIR", place.binaries()), limit)
}

fn length(took: Duration) -> String {
    match took.as_secs() {
        seconds @ 0..60 => format!("{seconds}.{} s", took.subsec_millis() / 100),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_needs_only_stages_before_it() {
        for (at, stage) in STAGES.iter().enumerate() {
            for need in stage.needs {
                assert!(STAGES[..at].iter().any(|before| before.name == *need), "{} needs {need}", stage.name);
            }
        }
    }

    #[test]
    fn an_unknown_stage_is_refused_by_name() {
        let args = ["--only".to_string(), "clipy".to_string()];
        assert!(chosen(&args).is_err_and(|sentence| sentence.contains("`clipy`")));
    }
}
