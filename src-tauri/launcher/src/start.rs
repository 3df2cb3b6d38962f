//! The launcher's half of a start: everything that can be wrong is found before the program is started, and told by its name.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::Sender;

use crate::capture::Capture;
use crate::folder::{PAYLOAD, STDERR, STDOUT};
use crate::leftover::MARK;
use crate::program::{expand_home, find, why_not_started};
use crate::spec::Spec;
use crate::tree::{Event, Tree};

/// A program that can be started, and its files.
pub struct Ready {
    program: PathBuf,
    command: Command,
    captures: Vec<Capture>,
}

/// Finds the program and opens its files.
///
/// # Errors
/// A sentence that names what is missing: "python9: no such program on PATH", "the folder /x does not exist".
pub fn ready(dir: &Path, spec: Spec) -> Result<Ready, String> {
    let Spec { program, cwd, env, .. } = spec;
    let cwd = working_folder(cwd)?;
    let search_path = env
        .iter()
        .rev()
        .find(|(name, _)| name == "PATH")
        .map(|(_, value)| value.into())
        .or_else(|| std::env::var_os("PATH"));
    let found = find(program, &cwd, search_path.as_deref())?;
    let (stdin, (out, stdout), (err, stderr)) =
        files(dir).map_err(|error| format!("the folder {} cannot be used: {error}", dir.display()))?;
    let mut command = Command::new(&found.program);
    command.args(found.arguments).current_dir(cwd).stdin(stdin).stdout(stdout).stderr(stderr);
    command.envs(env).env(MARK, dir);
    Ok(Ready { program: found.program, command, captures: vec![out, err] })
}

impl Ready {
    /// Starts it. Nothing but the program has its end of the files then.
    ///
    /// # Errors
    /// A sentence that says why the system refused.
    pub fn start(self, events: Sender<Event>) -> Result<(Tree, Vec<Capture>), String> {
        let tree = Tree::start(self.command, events).map_err(|error| why_not_started(&self.program, &error))?;
        Ok((tree, self.captures))
    }
}

fn working_folder(cwd: Option<PathBuf>) -> Result<PathBuf, String> {
    let Some(cwd) = cwd else {
        return std::env::current_dir().map_err(|error| format!("the tower's own folder is gone: {error}"));
    };
    let cwd = expand_home(&cwd);
    match cwd.metadata() {
        Ok(metadata) if metadata.is_dir() => Ok(cwd),
        Ok(_) => Err(format!("{} is not a folder", cwd.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(format!("the folder {} does not exist", cwd.display()))
        }
        Err(error) => Err(format!("the folder {} cannot be entered: {error}", cwd.display())),
    }
}

type Output = (Capture, Stdio);

fn files(dir: &Path) -> io::Result<(Stdio, Output, Output)> {
    // The standard input is the file itself: no pipe to feed, none that breaks when somebody is killed.
    let stdin = Stdio::from(std::fs::File::open(dir.join(PAYLOAD))?);
    Ok((stdin, Capture::create(dir.join(STDOUT))?, Capture::create(dir.join(STDERR))?))
}
