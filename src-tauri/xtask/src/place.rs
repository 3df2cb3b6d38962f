//! Where things are: the repository, the one target folder, the programs of the tools. Creates no folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

pub struct Place {
    /// The repository: the folder of the root `Cargo.toml`.
    pub root: PathBuf,
    /// The one target folder.
    pub target: PathBuf,
    /// `PATH` for everything that is started, with cargo's own folder for installed programs in it.
    search: OsString,
}

impl Place {
    pub fn find() -> Result<Place, String> {
        let root = repository()?;
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => root.join(folder),
            None => root.join("target"),
        };
        let search = std::env::join_paths(
            std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).chain(cargo_programs()),
        )
        .map_err(|error| format!("PATH cannot be read: {error}"))?;
        Ok(Place { root, target, search })
    }

    /// A program, to be started in `folder` of the repository.
    pub fn program(&self, name: &str, folder: &str) -> Command {
        let mut command = Command::new(name);
        command.current_dir(self.root.join(folder)).env("PATH", &self.search);
        command
    }

    pub fn cargo(&self, args: &[&str]) -> Command {
        let mut command = self.program("cargo", "");
        command.args(args).env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// Where debug binaries are: `cuetower`, `cuetowerctl`.
    pub fn binaries(&self) -> PathBuf {
        self.target.join("debug")
    }

    /// The full path of a program, if it is installed.
    pub fn installed(&self, program: &str) -> Option<PathBuf> {
        let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
        std::env::split_paths(&self.search).map(|folder| folder.join(&file)).find(|path| path.is_file())
    }
}

/// The repository this program was built from; nothing else is ever checked or run.
pub fn repository() -> Result<PathBuf, String> {
    let package =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    package
        .ancestors()
        .nth(2)
        .filter(|root| root.join("tauri.conf.json").is_file())
        .map(Path::to_path_buf)
        .ok_or_else(|| format!("{} is not inside the repository; start it with `cargo xtask`", package.display()))
}

fn cargo_programs() -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")))?;
    Some(home.join("bin"))
}
