//! `cargo xtask screenshots`: every screen of a fleet that lived through a day and a night (`tests/ui/shots/day`), at both
//! sizes and in both themes, into a folder outside git, to be laid beside the mock-ups. `--guide` takes the few that README
//! and the guide show, into `docs/pictures`.

use std::path::Path;

use crate::call::{self, Limit};
use crate::packages;
use crate::place::Place;
use crate::{stages, ui};

const SUITE: &str = "tests/ui";

/// `args`: nothing, `--guide`, or `--out DIR`.
pub fn screenshots(place: &Place, args: &[String]) -> Result<(), String> {
    let folder = match args {
        [] => place.target.join("screenshots"),
        [flag] if flag == "--guide" => place.root.join("docs/pictures"),
        [flag, folder] if flag == "--out" => {
            std::path::absolute(folder).map_err(|error| format!("{folder} is no folder: {error}"))?
        }
        other => return Err(format!("expected nothing, `--guide` or `--out DIR`, found `{}`", other.join(" "))),
    };
    let limit = Limit::minutes(60);
    packages::for_tests(place, limit)?;
    ui::build(place, limit)?;
    stages::build(place, limit)?;
    ui::install(place, SUITE, limit)?;
    take(place, args.first().is_some_and(|flag| flag == "--guide"), &folder, limit)?;
    println!("The pictures are in {}.", folder.display());
    Ok(())
}

fn take(place: &Place, guide: bool, folder: &Path, limit: Limit) -> Result<(), String> {
    let mut suite = ui::npm(place, SUITE);
    suite.args(["exec", "--", "playwright", "test", "--config", "shots.config.ts"]);
    suite.env(if guide { "CUETOWER_SHOTS_GUIDE" } else { "CUETOWER_SHOTS" }, folder);
    call::run(suite.env("CUETOWER_BIN_DIR", place.binaries()), limit)
}
