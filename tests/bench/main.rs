//! `bench NAME…`: measures the real `cuetowerctl serve` from outside, as docs/benchmarks.md says. Started by
//! `cargo xtask bench`, which builds everything for release first. It measures and never judges: nothing here fails by a clock.

mod arming;
mod arrivals;
mod at_work;
mod figure;
mod fleet;
mod history;
mod lateness;
mod ledger;
mod line;
mod machine;
mod outcomes;
mod ready;
mod restore;
mod retention;
mod same_second;
mod search;
mod silence;
mod spans;
mod stamp;
mod steps;

use std::path::PathBuf;
use std::process::ExitCode;

use figure::Figure;
use machine::Machine;

const USAGE: &str = "bench [lateness|same-second|arming|ready|search|outcomes|steps|spans|silence|retention|restore]… [--json] [--minutes N] [--cues N] [--runs N] [--steps N] [--dir DIR] [--keep]";
const NAMES: [&str; 11] = [
    "lateness",
    "same-second",
    "arming",
    "ready",
    "search",
    "outcomes",
    "steps",
    "spans",
    "silence",
    "retention",
    "restore",
];

/// What is measured, and how large.
pub struct Plan {
    names: Vec<String>,
    json: bool,
    /// Minutes that each of the timed benchmarks watches.
    pub minutes: u32,
    /// Cues due in one second, cues in the full store, and runs that report their outcome.
    pub cues: u32,
    /// Steps of each run that takes steps.
    pub steps: u32,
    /// Past runs in the full store.
    pub runs: u32,
    /// Where the stores are: on the disk that is to be measured.
    pub folder: PathBuf,
    /// Leaves the generated store for the next time.
    pub keep: bool,
}

fn main() -> ExitCode {
    // Before anything else, because a command that the tower starts says with it when it began.
    if let Some(stamped) = stamp::if_asked() {
        return stamped;
    }
    let plan = match plan(std::env::args().skip(1)) {
        Ok(plan) => plan,
        Err(sentence) => {
            eprintln!("{sentence}\n{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    std::fs::create_dir_all(&plan.folder).expect("the folder for the stores can be made");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("the runtime starts");
    for name in &plan.names {
        let before = Machine::look(&plan.folder);
        let figures = runtime.block_on(measure(name, &plan));
        // The worse of the two looks: whoever reads the figures shall know what else was going on.
        let machine = before.worse(Machine::look(&plan.folder));
        for figure in figures {
            println!("{}", if plan.json { figure.json(name, &machine) } else { figure.line(name) });
        }
        if !plan.json {
            println!("{:12} {machine}", "");
        }
    }
    ExitCode::SUCCESS
}

async fn measure(name: &str, plan: &Plan) -> Vec<Figure> {
    match name {
        "lateness" => lateness::measure(plan).await,
        "same-second" => same_second::measure(plan).await,
        "arming" => arming::measure(plan).await,
        "ready" => ready::measure(plan).await,
        "search" => search::measure(plan).await,
        "outcomes" => outcomes::measure(plan).await,
        "steps" => steps::measure(plan).await,
        "spans" => spans::measure(plan).await,
        "silence" => silence::measure(plan).await,
        "retention" => retention::measure(plan).await,
        "restore" => restore::measure(plan).await,
        other => unreachable!("{other} was refused"),
    }
}

fn plan(mut args: impl Iterator<Item = String>) -> Result<Plan, String> {
    let folder = PathBuf::from("target/bench");
    let mut plan = Plan {
        names: Vec::new(),
        json: false,
        minutes: 2,
        cues: 10_000,
        steps: 2_000,
        runs: 1_000_000,
        folder,
        keep: false,
    };
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--json" => plan.json = true,
            "--keep" => plan.keep = true,
            "--dir" => plan.folder = value()?.into(),
            "--minutes" => plan.minutes = number(&value()?)?,
            "--cues" => plan.cues = number(&value()?)?,
            "--steps" => plan.steps = number(&value()?)?,
            "--runs" => plan.runs = number(&value()?)?,
            name if NAMES.contains(&name) => plan.names.push(name.to_owned()),
            other => return Err(format!("there is no benchmark and no option `{other}`")),
        }
    }
    if plan.names.is_empty() {
        plan.names = NAMES.map(str::to_owned).into();
    }
    Ok(plan)
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| format!("`{text}` is not a whole number above 0"))
}
