//! The Python package: its own tests, and its types as mypy sees them.

use crate::call::{self, Limit};
use crate::packages;
use crate::place::Place;

const PACKAGE: &str = "sdk/python";
/// The newest one that still runs on the Python of Debian stable.
const MYPY: &str = "mypy==2.4.1";

pub fn check(place: &Place, limit: Limit) -> Result<(), String> {
    packages::for_rust_tests(place, limit)?;
    // Not into the package's folder: the sources are all that belongs there.
    let python = |program: &str| {
        let mut command = place.program(program, PACKAGE);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    };
    let tests = ["-m", "unittest", "discover", "-s", "tests", "-t", "tests"];
    call::run(python("python3").env("PYTHONPATH", "src").args(tests), limit)?;
    let folder = place.target.join("python");
    let own = folder.join("bin/python");
    let own = own.to_str().ok_or("the target folder has a name that is not text")?.to_owned();
    let there = folder.join(MYPY);
    if !there.is_file() {
        call::run(python("python3").args(["-m", "venv", "--clear"]).arg(&folder), limit)?;
        let install = ["-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet", MYPY];
        call::run(python(&own).args(install), limit)?;
        std::fs::write(&there, "").map_err(|error| format!("{}: {error}", there.display()))?;
    }
    let cache = folder.join("mypy-cache");
    call::run(python(&own).args(["-m", "mypy", "--cache-dir"]).arg(cache), limit)
}
