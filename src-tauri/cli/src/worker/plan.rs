//! The worker's file: which tower, how much at once, and which program does which task.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::{folder_of, template};

pub const URL: &str = "http://127.0.0.1:8737";
pub const KEY_ENV: &str = "CUETOWER_KEY";
const ID_MAX: usize = 200;
const CONCURRENCY_MAX: usize = 256;

/// The file, read and found sound.
#[derive(Debug)]
pub struct Plan {
    pub url: Option<String>,
    pub key_env: Option<String>,
    pub worker_id: String,
    pub concurrency: usize,
    /// For what runs when the worker is told to stop.
    pub grace: Duration,
    pub handlers: Vec<Handler>,
}

/// What is run for one task.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handler {
    pub task: String,
    argv: Option<Vec<String>>,
    shell: Option<String>,
    /// Seen from the file's folder, which it is if none is named.
    #[serde(default)]
    pub cwd: PathBuf,
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    #[serde(default = "timeout_seconds")]
    timeout_seconds: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    url: Option<String>,
    key_env: Option<String>,
    worker_id: Option<String>,
    #[serde(default = "concurrency")]
    concurrency: usize,
    #[serde(default = "grace_seconds")]
    grace_seconds: u64,
    #[serde(default, rename = "handler")]
    handlers: Vec<Handler>,
}

fn timeout_seconds() -> u64 {
    300
}

fn concurrency() -> usize {
    4
}

fn grace_seconds() -> u64 {
    30
}

impl Handler {
    /// The program and its arguments, before templates are filled in.
    pub fn argv(&self) -> Vec<String> {
        match (&self.argv, &self.shell) {
            (Some(argv), _) => argv.clone(),
            (None, line) => {
                let shell: [&str; 2] = if cfg!(windows) { ["cmd", "/C"] } else { ["/bin/sh", "-c"] };
                shell.into_iter().map(str::to_owned).chain(line.clone()).collect()
            }
        }
    }

    /// A shell would read what is filled in as commands: only arguments and the environment have templates.
    pub fn is_shell(&self) -> bool {
        self.shell.is_some()
    }

    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }
}

impl Plan {
    /// # Errors
    /// A sentence that names the file and what is wrong in it.
    pub fn read(path: &Path) -> Result<Plan, String> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| format!("{shown} cannot be read: {error}."))?;
        Plan::of(&text, &folder_of(path)).map_err(|error| format!("{shown}: {error}"))
    }

    fn of(text: &str, folder: &Path) -> Result<Plan, String> {
        let written: Written = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        let worker_id = written.worker_id.or_else(host_name).unwrap_or_else(|| "worker".to_owned());
        if worker_id.trim().is_empty() || worker_id.len() > ID_MAX || worker_id.chars().any(char::is_control) {
            return Err(format!("worker_id should have 1 to {ID_MAX} plain characters."));
        }
        if !(1..=CONCURRENCY_MAX).contains(&written.concurrency) {
            return Err(format!("concurrency should be from 1 to {CONCURRENCY_MAX}."));
        }
        if written.handlers.is_empty() {
            return Err("it names no [[handler]], so there is nothing it could do.".to_owned());
        }
        let folder = std::path::absolute(folder).map_err(|error| error.to_string())?;
        let (mut handlers, mut tasks) = (written.handlers, BTreeSet::new());
        for handler in &mut handlers {
            sound(handler).map_err(|error| format!("the handler of `{}`: {error}", handler.task))?;
            if !tasks.insert(handler.task.clone()) {
                return Err(format!("two handlers have the task `{}`.", handler.task));
            }
            handler.cwd = folder.join(&handler.cwd);
        }
        Ok(Plan {
            url: written.url,
            key_env: written.key_env,
            worker_id,
            concurrency: written.concurrency,
            grace: Duration::from_secs(written.grace_seconds),
            handlers,
        })
    }

    pub fn tasks(&self) -> Vec<&str> {
        self.handlers.iter().map(|handler| handler.task.as_str()).collect()
    }
}

fn sound(handler: &Handler) -> Result<(), String> {
    if handler.task.trim().is_empty() {
        return Err("its task is empty.".to_owned());
    }
    match (&handler.argv, &handler.shell) {
        (Some(_), Some(_)) => return Err("it has both argv and shell; one of them says what to run.".to_owned()),
        (None, None) => return Err("it has neither argv nor shell to run.".to_owned()),
        (Some(argv), None) if argv.first().is_none_or(|program| program.trim().is_empty()) => {
            return Err("its argv is empty.".to_owned());
        }
        (None, Some(line)) if line.trim().is_empty() => return Err("its shell line is empty.".to_owned()),
        (None, Some(line)) if template::is_in(line) => {
            return Err(
                "a shell would run what a payload says: put {{payload.…}} into env, and use the variable.".to_owned()
            );
        }
        _ => {}
    }
    if handler.timeout_seconds == 0 {
        return Err("timeout_seconds should be 1 or more.".to_owned());
    }
    let texts = handler.argv.iter().flatten().chain(handler.env.values());
    texts.map(String::as_str).try_for_each(template::check)
}

#[cfg(unix)]
fn host_name() -> Option<String> {
    nix::unistd::gethostname().ok()?.into_string().ok().filter(|name| !name.is_empty())
}

#[cfg(not(unix))]
fn host_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Result<Plan, String> {
        Plan::of(text, Path::new("/srv/agents"))
    }

    #[test]
    fn a_short_file_is_enough() {
        let plan = plan("[[handler]]\ntask = \"thumbs\"\nargv = [\"true\"]\n").unwrap();
        assert_eq!((plan.concurrency, plan.grace.as_secs(), plan.url.as_deref()), (4, 30, None));
        assert!(!plan.worker_id.is_empty());
        let handler = &plan.handlers[0];
        assert_eq!((handler.timeout().as_secs(), handler.cwd.as_path()), (300, Path::new("/srv/agents/")));
        assert_eq!((handler.argv(), plan.tasks()), (vec!["true".to_owned()], vec!["thumbs"]));
    }

    #[test]
    fn everything_may_be_said() {
        let text = r#"
            url = "https://tower.example"
            key_env = "KEY"
            worker_id = "gpu-1"
            concurrency = 1
            grace_seconds = 5
            [[handler]]
            task = "a"
            shell = "echo $LEAD"
            cwd = "work"
            env = { LEAD = "{{payload.lead}}" }
            timeout_seconds = 7
        "#;
        let plan = plan(text).unwrap();
        assert_eq!((plan.worker_id.as_str(), plan.key_env.as_deref()), ("gpu-1", Some("KEY")));
        assert_eq!(plan.handlers[0].argv().last().map(String::as_str), Some("echo $LEAD"));
        assert_eq!(plan.handlers[0].cwd, Path::new("/srv/agents/work"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let with = |lines: &str| format!("[[handler]]\ntask = \"t\"\n{lines}");
        let cases = [
            (String::new(), "no [[handler]]"),
            ("concurency = 3".to_owned(), "concurency"),
            ("concurrency = 0\n".to_owned() + &with("argv = [\"x\"]"), "from 1 to"),
            (with(""), "neither argv nor shell"),
            (with("argv = [\"x\"]\nshell = \"y\""), "both argv and shell"),
            (with("argv = []"), "argv is empty"),
            (with("shell = \"rm {{payload.file}}\""), "a shell would run what a payload says"),
            (with("argv = [\"x\", \"{{payload.}}\"]"), "{{payload.}}"),
            (with("argv = [\"x\"]\ntimeout_seconds = 0"), "timeout_seconds"),
            (with("argv = [\"x\"]\n") + &with("argv = [\"y\"]"), "two handlers have the task `t`"),
        ];
        for (text, wrong) in cases {
            let said = plan(&text).unwrap_err();
            assert!(said.contains(wrong), "{text}: {said}");
        }
    }
}
