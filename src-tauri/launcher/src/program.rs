//! Finds the program a command names, so that a mistake is told by the name of what is missing before anything is started.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::spec::Program;

/// A program that exists, and its arguments.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    pub program: PathBuf,
    pub arguments: Vec<String>,
}

/// `~` and `~/…` mean the owner's home folder; everything else stays as it is.
#[must_use]
pub fn expand_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// Finds `program`: by its path (relative to `cwd`), or by its name on `search_path`.
///
/// # Errors
/// A sentence that names what is missing: "python9: no such program on PATH".
pub fn find(program: Program, cwd: &Path, search_path: Option<&OsStr>) -> Result<Found, String> {
    match program {
        Program::Shell(line) if line.trim().is_empty() => Err("the shell line is empty".into()),
        Program::Shell(line) if cfg!(windows) => {
            Ok(Found { program: "cmd".into(), arguments: vec!["/C".into(), line] })
        }
        Program::Shell(line) => Ok(Found { program: "/bin/sh".into(), arguments: vec!["-c".into(), line] }),
        Program::Argv(mut argv) => {
            if argv.first().is_none_or(String::is_empty) {
                return Err("the command is empty".into());
            }
            let name = argv.remove(0);
            Ok(Found { program: locate(&name, cwd, search_path)?, arguments: argv })
        }
    }
}

fn locate(name: &str, cwd: &Path, search_path: Option<&OsStr>) -> Result<PathBuf, String> {
    if name.contains('/') || (cfg!(windows) && name.contains('\\')) {
        let path = cwd.join(expand_home(Path::new(name)));
        return match path.metadata() {
            Ok(metadata) if metadata.is_dir() => Err(format!("{} is a folder, not a program", path.display())),
            Ok(_) if !executable(&path) => Err(format!("{} may not be executed (chmod +x helps)", path.display())),
            Ok(_) => Ok(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(format!("there is no program {}", path.display()))
            }
            Err(error) => Err(format!("the program {} cannot be reached: {error}", path.display())),
        };
    }
    if cfg!(windows) {
        // Windows has its own rules for what a bare name means (PATHEXT, the system folder); it is asked at the start.
        return Ok(name.into());
    }
    let default = OsString::from("/usr/local/bin:/usr/bin:/bin");
    std::env::split_paths(search_path.unwrap_or(&default))
        .map(|folder| cwd.join(folder).join(name))
        .find(|path| path.is_file() && executable(path))
        .ok_or_else(|| format!("{name}: no such program on PATH"))
}

#[cfg(unix)]
fn executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn executable(_: &Path) -> bool {
    true
}

/// Why starting `program` failed although it was found.
#[must_use]
pub fn why_not_started(program: &Path, error: &io::Error) -> String {
    let shown = program.display();
    match (error.kind(), interpreter(program)) {
        (io::ErrorKind::NotFound, Some(interpreter)) => {
            format!("{shown} is there, but the interpreter its first line names is not: {interpreter}")
        }
        (io::ErrorKind::ArgumentListTooLong, _) => {
            format!("{shown} was not started: arguments and environment are too long together")
        }
        (io::ErrorKind::PermissionDenied, _) => format!("{shown} was not started: the system does not permit it"),
        _ => format!("{shown} was not started: {error}"),
    }
}

fn interpreter(program: &Path) -> Option<String> {
    let mut first_line = Vec::new();
    let file = std::fs::File::open(program).ok()?;
    BufReader::new(io::Read::take(file, 256)).read_until(b'\n', &mut first_line).ok()?;
    let line = String::from_utf8_lossy(&first_line).into_owned();
    line.strip_prefix("#!")?.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(name: &str) -> Program {
        Program::Argv(vec![name.to_owned()])
    }

    #[test]
    fn what_is_missing_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = std::env::var_os("PATH");
        let told = |program| find(program, folder.path(), path.as_deref()).expect_err("nothing to be found");
        assert_eq!(told(argv("python9")), "python9: no such program on PATH");
        assert_eq!(
            told(argv("./leads.sh")),
            format!("there is no program {}", folder.path().join("./leads.sh").display())
        );
        assert_eq!(told(Program::Argv(Vec::new())), "the command is empty");
        assert_eq!(told(Program::Shell("  ".into())), "the shell line is empty");

        std::fs::write(folder.path().join("leads.sh"), "true").expect("written");
        assert!(told(argv("./leads.sh")).ends_with("may not be executed (chmod +x helps)"));
        std::fs::create_dir(folder.path().join("bin")).expect("made");
        assert!(told(argv("./bin")).ends_with("is a folder, not a program"));
    }

    #[test]
    fn a_name_is_looked_up_on_the_path_and_a_path_from_the_folder() {
        let found = find(argv("sh"), Path::new("/"), Some(OsStr::new("/nowhere:/usr/bin:/bin"))).expect("sh is there");
        assert!(found.program.ends_with("bin/sh"));
        let found = find(argv("bin/sh"), Path::new("/"), None).expect("sh is there");
        assert_eq!(found.program, Path::new("/bin/sh"));
    }

    #[test]
    fn a_tilde_is_the_home_folder_only_in_front() {
        let home = std::env::home_dir().expect("a home folder");
        assert_eq!(expand_home(Path::new("~/agents")), home.join("agents"));
        assert_eq!(expand_home(Path::new("~")), home);
        assert_eq!(expand_home(Path::new("/srv/~/agents")), Path::new("/srv/~/agents"));
        assert_eq!(expand_home(Path::new("~other/agents")), Path::new("~other/agents"));
    }
}
