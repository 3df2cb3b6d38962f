//! The npm packages of the repository: `npm ci` when the lock changed, the UI's build when its sources changed. What was
//! done last is remembered as a fingerprint in the target folder.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::process::Command;

use crate::call::{self, Limit};
use crate::place::Place;

/// Builds `ui/dist`, which the desktop and `cuetowerctl serve` carry inside.
pub fn build(place: &Place, limit: Limit) -> Result<(), String> {
    install(place, "ui", limit)?;
    let built = place.root.join("ui/dist/index.html");
    once_per(place, "ui-build", fingerprint(&place.root.join("ui"))?, built.is_file(), || {
        call::run(npm(place, "ui").args(["run", "build"]), limit)
    })
}

/// `npm ci` in a folder of the repository, unless it was done for this very lock.
pub fn install(place: &Place, folder: &str, limit: Limit) -> Result<(), String> {
    let lock = place.root.join(folder).join("package-lock.json");
    let there = place.root.join(folder).join("node_modules").is_dir();
    once_per(place, &format!("{}-npm", folder.replace('/', "-")), fingerprint(&lock)?, there, || {
        call::run(npm(place, folder).args(["ci", "--no-audit", "--no-fund"]), limit)
    })
}

/// npm in a folder of the repository. Browsers come from Debian, so none is downloaded.
pub fn npm(place: &Place, folder: &str) -> Command {
    let mut command = place.program(if cfg!(windows) { "npm.cmd" } else { "npm" }, folder);
    command.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1").env("NPM_CONFIG_UPDATE_NOTIFIER", "false");
    command
}

fn once_per(
    place: &Place,
    name: &str,
    print: u64,
    there: bool,
    work: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    let stamp = place.target.join("xtask").join(name);
    if there && std::fs::read_to_string(&stamp).is_ok_and(|last| last == print.to_string()) {
        return Ok(());
    }
    work()?;
    std::fs::create_dir_all(place.target.join("xtask"))
        .and_then(|()| std::fs::write(&stamp, print.to_string()))
        .map_err(|error| format!("{} cannot be written: {error}", stamp.display()))
}

/// A number that changes with any name or content below `path`, save what npm and the build leave there.
fn fingerprint(path: &Path) -> Result<u64, String> {
    let mut hasher = DefaultHasher::new();
    add(path, &mut hasher).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    Ok(hasher.finish())
}

fn add(path: &Path, hasher: &mut DefaultHasher) -> std::io::Result<()> {
    if path.is_file() {
        path.hash(hasher);
        std::fs::read(path)?.hash(hasher);
        return Ok(());
    }
    let mut entries = std::fs::read_dir(path)?.map(|entry| entry.map(|e| e.path())).collect::<Result<Vec<_>, _>>()?;
    entries.sort();
    for entry in entries.iter().filter(|entry| !entry.ends_with("node_modules") && !entry.ends_with("dist")) {
        add(entry, hasher)?;
    }
    Ok(())
}
