//! Runs a command and looks at its exit code.

use cuetower_core::check::{CommandCheck, shortened};
use cuetower_core::cue;

use super::{Look, Seen, process};
use crate::deliver::{Program, find};

pub(super) async fn look(check: &CommandCheck, look: &Look<'_>) -> Seen {
    let cwd = match (&check.cwd, &look.means.folder) {
        (Some(written), _) => look.path(written),
        (None, Some(_)) => look.path(""),
        (None, None) => std::env::current_dir().map_err(|error| format!("the tower's own folder is gone: {error}"))?,
    };
    if !cwd.is_dir() {
        return Err(format!("the folder {} does not exist", cwd.display()));
    }
    let env: Vec<(&str, &str)> =
        check.env.iter().map(|(name, _)| name.as_str()).zip(look.filled.iter().map(String::as_str)).collect();
    let own_path = env.iter().find(|(name, _)| *name == "PATH").map(|(_, value)| value.into());
    let search_path = own_path.or_else(|| std::env::var_os("PATH"));
    let program = match &check.program {
        cue::Program::Argv(argv) => Program::Argv(argv.clone()),
        cue::Program::Shell(line) => Program::Shell(line.clone()),
    };
    let found = find(program, &cwd, search_path.as_deref())?;
    let mut command = process::command(&found.program, &found.arguments);
    command.envs(env).current_dir(&cwd);
    let ended = process::run(command).await?;
    let said = said(look.hidden(ended.stderr.text())).or_else(|| said(look.hidden(ended.stdout.text())));
    match (ended.code, ended.signal) {
        (Some(0), _) => Ok(said_after("exit code 0", said)),
        (Some(code), _) => Err(said_after(&format!("exit code {code}"), said)),
        (None, Some(signal)) => Err(said_after(&format!("killed by signal {signal}"), said)),
        (None, None) => Err(said_after("no exit code", said)),
    }
}

fn said_after(end: &str, said: Option<String>) -> String {
    said.map_or_else(|| end.to_owned(), |said| format!("{end}: {said}"))
}

/// The last line.
fn said(text: String) -> Option<String> {
    text.lines().rev().map(shortened).find(|line| !line.is_empty())
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
