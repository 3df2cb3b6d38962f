//! `cargo xtask package`: what is installed on a person's machine, for the system that this runs on. On Linux a `.deb`, and a
//! `.rpm` and an AppImage where their tools are; elsewhere Tauri's bundler, by `tauri.conf.json`.
//!
//! The same sources and the same compiler give the same bytes: every date in a package is the newest commit's.

mod appimage;
mod bundle;
mod deb;
mod root;
mod rpm;
mod screen;
mod story;
mod tree;

use std::path::{Path, PathBuf};
use std::process::Command;

pub use story::stage;
use tree::Tree;

use crate::call::{self, Limit};
use crate::place::Place;
use crate::{packages, ui};

/// How a package's programs were built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    Dev,
    Release,
}

impl Profile {
    fn word(self) -> &'static str {
        match self {
            Profile::Dev => "dev",
            Profile::Release => "release",
        }
    }

    /// A development build is older than the release that it will be.
    fn version(self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        match self {
            Profile::Dev => format!("{version}~dev"),
            Profile::Release => version.to_owned(),
        }
    }

    fn binaries(self, place: &Place) -> PathBuf {
        match self {
            Profile::Dev => place.binaries(),
            Profile::Release => place.target.join("release"),
        }
    }
}

/// What came of one kind of package.
enum Made {
    File(PathBuf),
    /// A sentence: why there is none.
    Not(String),
}

/// `args`: nothing, or `--profile dev|release`.
pub fn package(place: &Place, args: &[String]) -> Result<(), String> {
    let profile = match args {
        [] => Profile::Release,
        [flag, word] if flag == "--profile" && word == "release" => Profile::Release,
        [flag, word] if flag == "--profile" && word == "dev" => Profile::Dev,
        other => return Err(format!("expected nothing or `--profile dev|release`, found `{}`", other.join(" "))),
    };
    let limit = Limit::minutes(90);
    packages::for_the_window(place)?;
    ui::build(place, limit)?;
    let mut build =
        vec!["build", "--bins", "--package", "cuetower", "--package", "cuetower-cli", "--package", "cuetower-launcher"];
    if profile == Profile::Release {
        build.push("--release");
    }
    call::run(&mut place.cargo(&build), limit)?;
    if cfg!(not(target_os = "linux")) {
        return bundle::make(place, profile, limit);
    }
    let folder = folder(place, profile);
    let tree = Tree::make(place, profile, &folder)?;
    let mut made = Vec::new();
    for kind in [deb::make, rpm::make, appimage::make] {
        match kind(place, &tree, &folder)? {
            Made::File(file) => made.push(file),
            Made::Not(sentence) => println!("{sentence}"),
        }
    }
    for file in made {
        println!("{} ({:.1} MB)", file.display(), length(&file)? as f64 / 1e6);
    }
    Ok(())
}

/// Where packages of this profile go.
fn folder(place: &Place, profile: Profile) -> PathBuf {
    place.target.join("package").join(profile.word())
}

fn length(file: &Path) -> Result<u64, String> {
    std::fs::metadata(file).map(|file| file.len()).map_err(|error| format!("{}: {error}", file.display()))
}

/// Runs it to its end without showing what it says, unless it fails. What it printed is the answer.
fn quietly(command: &mut Command) -> Result<String, String> {
    let words = call::words(command);
    let ended = call::quiet(command).map_err(|error| format!("`{words}` could not be started: {error}"))?;
    if ended.status.success() {
        return Ok(String::from_utf8_lossy(&ended.stdout).into_owned());
    }
    let said = [ended.stdout, ended.stderr].concat();
    Err(format!("`{words}` ended with {}:\n{}", ended.status, String::from_utf8_lossy(&said).trim()))
}

fn folder_made(path: &Path) -> Result<(), String> {
    std::fs::create_dir_all(path).map_err(|error| format!("{} cannot be made: {error}", path.display()))
}

fn written(path: &Path, text: &str) -> Result<(), String> {
    folder_made(path.parent().unwrap_or(path))?;
    std::fs::write(path, text).map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

fn copied(from: &Path, to: &Path) -> Result<(), String> {
    folder_made(to.parent().unwrap_or(to))?;
    std::fs::copy(from, to).map(drop).map_err(|error| format!("{} cannot be copied: {error}", from.display()))
}

fn removed(folder: &Path) -> Result<(), String> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{} cannot be removed: {error}", folder.display()))
        }
        _ => Ok(()),
    }
}
