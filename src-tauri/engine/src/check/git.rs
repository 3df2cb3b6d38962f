//! Asks git about a repository. Git reads the configuration of whoever runs the tower and, as it refuses those of strangers, of
//! repositories that are theirs.

use std::path::{Path, PathBuf};

use cuetower_core::Ms;
use cuetower_core::check::{GitCheck, shortened};
use cuetower_core::time::length_in_words;

use super::process::{self, Ended};
use super::{Look, Seen};
use crate::deliver::{Program, find};

/// They would lead git to another repository than the one that is asked about.
const LED_ASTRAY_BY: [&str; 6] =
    ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE"];

pub(super) async fn look(check: &GitCheck, look: &Look<'_>) -> Seen {
    let repo = look.path(&check.repo);
    if !repo.is_dir() {
        return Err("there is no such folder".to_owned());
    }
    let git = Git { program: program(&repo)?, repo };
    let (id, committed, subject) = git.head().await?;
    let mut seen = vec![format!("at {id} `{}`", shortened(&look.hidden(subject)))];
    if check.new_commit {
        seen.push(age(committed, look.means.fire).map_err(|words| format!("{} {words}", seen.concat()))?);
    }
    if check.clean {
        seen.push(git.changes().await?);
    }
    if let Some(remote) = &check.remote {
        git.ask(&["ls-remote", "--quiet", "--", remote, "HEAD"]).await.map_err(|words| look.hidden(words))?;
        seen.push(format!("{remote} answers"));
    }
    Ok(seen.join(", "))
}

struct Git {
    program: PathBuf,
    repo: PathBuf,
}

impl Git {
    /// Short id, when it was committed, first line of its message.
    async fn head(&self) -> Result<(String, Ms, String), String> {
        let known = self.ask(&["rev-parse", "--is-inside-work-tree", "--is-bare-repository"]).await?;
        if !known.contains("true") {
            return Err("it is inside of git's own folder".to_owned());
        }
        if self.ask(&["rev-parse", "--quiet", "--verify", "HEAD"]).await.is_err() {
            return Err("it has no commit yet".to_owned());
        }
        let log = self.ask(&["log", "-1", "--no-show-signature", "--no-color", "--format=%h%n%ct%n%s"]).await?;
        let mut lines = log.lines();
        let (id, committed) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let committed = committed.parse::<i64>().map_err(|_| "git did not say when its commit was made".to_owned())?;
        Ok((id.to_owned(), Ms(committed.saturating_mul(1_000)), lines.next().unwrap_or_default().to_owned()))
    }

    async fn changes(&self) -> Seen {
        let changed = self.ask(&["status", "--porcelain", "--no-renames", "--untracked-files=normal"]).await?;
        let first = changed.lines().next().map(str::trim);
        match (first, changed.lines().count()) {
            (None, _) => Ok("clean".to_owned()),
            (Some(first), 1) => Err(format!("1 change: `{}`", shortened(first))),
            (Some(first), count) => Err(format!("{count} changes, such as `{}`", shortened(first))),
        }
    }

    /// What git prints, or why it failed.
    async fn ask(&self, arguments: &[&str]) -> Seen {
        let first = ["-c", "core.fsmonitor=false", "-C"].map(std::ffi::OsString::from);
        let all = first.into_iter().chain([self.repo.clone().into()]).chain(arguments.iter().map(Into::into));
        let mut command = process::command(&self.program, all);
        for name in LED_ASTRAY_BY {
            command.env_remove(name);
        }
        // It never asks anybody for a password, nor writes the index.
        command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_ASKPASS", "true");
        command.env("SSH_ASKPASS_REQUIRE", "never").env("LC_ALL", "C");
        let Ended { code, stdout, stderr, .. } = process::run(command).await?;
        if code == Some(0) {
            return Ok(stdout.text());
        }
        let said = stderr.text();
        let said = said.lines().map(|line| line.trim_start_matches("fatal: ")).find(|line| !line.trim().is_empty());
        Err(said.map_or_else(|| "git failed without a word".to_owned(), shortened))
    }
}

/// Git knows whole seconds.
fn age(committed: Ms, fire: Ms) -> Seen {
    if committed.0 >= fire.0.div_euclid(1_000) * 1_000 {
        Ok(format!("committed {} after the fire", length_in_words(committed.since(fire))))
    } else {
        Err(format!("was committed {} before the fire, and nothing since", length_in_words(fire.since(committed))))
    }
}

fn program(repo: &Path) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH");
    Ok(find(Program::Argv(vec!["git".to_owned()]), repo, path.as_deref())?.program)
}

#[cfg(test)]
#[path = "git_tests.rs"]
mod tests;
