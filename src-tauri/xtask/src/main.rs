//! `cargo xtask`: the commands that set up, build, run and check Cuetower. Standard library only, so that it compiles
//! in seconds. What each command does lives in the module of its name; nothing of the product lives here.

mod bench;
mod bench_timeline;
mod call;
mod launch;
mod package;
mod packages;
mod place;
mod screenshots;
mod simulate;
mod stages;
mod tidy;
mod ui;

use std::process::ExitCode;

use call::Limit;
use place::Place;

const USAGE: &str = "\
cargo xtask run [-- ARGS]        install what is missing, build, open the app (without a display: serve it to a browser)
cargo xtask run -- --demo        the same, with a living demo fleet in a data folder of its own
cargo xtask test                 install what is missing, run every check
cargo xtask test --list          name the stages
cargo xtask test --only STAGE    run this stage alone (may be given again)
cargo xtask package              build what is installed on a machine: .deb, .rpm, AppImage, or Tauri's bundles (docs/install.md);
                                 --profile dev: of a development build
cargo xtask tidy                 check the shape of the code
cargo xtask wire                 write ui/src/wire anew from the Rust types
cargo xtask screenshots          every screen, of a fleet after a day and a night, into target/screenshots (--out DIR: there);
                                 --guide: those that docs/ shows, into docs/pictures
cargo xtask crash --cycles N     kill -9 the real binary N times, under load and in a storm of edits and clock changes
cargo xtask simulate --seeds N   run the simulator over N seeds, built for release (a night on two cores: 1000000);
                                 --from SEED: from there on; a failing seed prints how to replay it
cargo xtask bench [NAME] [--json]  measure a release build: lateness, same-second, arming, ready, window, timeline (docs/benchmarks.md)";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match command(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("xtask: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn command(args: &[String]) -> Result<(), String> {
    let place = Place::find()?;
    let rest = args.get(1..).unwrap_or_default();
    match args.first().map(String::as_str) {
        Some("run") => launch::run(&place, rest.strip_prefix(&["--".to_string()]).unwrap_or(rest)),
        Some("test") => stages::test(&place, rest),
        Some("package") => package::package(&place, rest),
        Some("screenshots") => screenshots::screenshots(&place, rest),
        Some("bench") => bench::bench(&place, rest),
        Some("tidy") => {
            tidy::check(&place.root)?;
            println!("Tidy: nothing to put away.");
            Ok(())
        }
        Some("wire") => stages::wire(&place, "write", Limit::minutes(30)),
        Some("crash") => {
            stages::nightly(&place, "crash_cycles", "CUETOWER_CRASH_CYCLES", number(rest, "--cycles", 200)?)
        }
        Some("simulate") => simulate::simulate(&place, rest),
        Some("help" | "--help" | "-h") | None => {
            println!("{USAGE}");
            Ok(())
        }
        Some(other) => Err(format!("there is no command `{other}`.\n{USAGE}")),
    }
}

/// The number after `flag`, or `otherwise` when nothing was given.
fn number(args: &[String], flag: &str, otherwise: u32) -> Result<u32, String> {
    match args {
        [] => Ok(otherwise),
        [name, value] if name == flag => {
            value.parse().map_err(|_| format!("{flag} takes a whole number, not `{value}`"))
        }
        _ => Err(format!("expected nothing or `{flag} N`, found `{}`", args.join(" "))),
    }
}
