//! `watchdog …`: has the system start the tower, and start it again whenever it ends: systemd, launchd or Task Scheduler.
//!
//! What is written is made by one file for each of them (`systemd`, `launchd`, `tasks`), from a [`Guarded`] alone. How the
//! tower itself tells its watchdog that it is well: `crate::serve_notify`.

mod launchd;
mod systemd;
mod tasks;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Parser as _;
use cuetower_engine::doctor::Finding;
use serde_json::json;

use crate::args::{Cli, InstallArgs, WatchdogCommand, WindowArgs};
use crate::presence;
use crate::show::{say, say_json};
use crate::tower::Options;

pub use self::systemd::packaged as packaged_unit;

/// What is to be kept up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guarded {
    pub program: PathBuf,
    pub args: Vec<String>,
    /// It has a window, and needs the session's screen.
    pub window: bool,
}

/// Who keeps it up on this system. Each gives what is written, where, and which commands make it so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    Systemd,
    Launchd,
    Tasks,
}

/// One command of the system's own, and whether it may fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub words: Vec<String>,
    /// Nothing depends on it: what it undoes may not be there.
    pub may_fail: bool,
}

impl Step {
    fn of(words: &[&str]) -> Step {
        Step { words: words.iter().map(|word| (*word).to_owned()).collect(), may_fail: false }
    }

    fn or_not(words: &[&str]) -> Step {
        Step { may_fail: true, ..Step::of(words) }
    }

    fn line(&self) -> String {
        self.words.join(" ")
    }
}

pub fn obey(what: WatchdogCommand, data: Option<PathBuf>, as_json: bool) -> Result<(), String> {
    let system = System::here();
    match what {
        WatchdogCommand::Install(args) => install(system, args, data, as_json),
        WatchdogCommand::Status => status(system, as_json),
        WatchdogCommand::Remove => remove(system, as_json),
    }
}

impl System {
    fn here() -> System {
        if cfg!(target_os = "macos") {
            System::Launchd
        } else if cfg!(windows) {
            System::Tasks
        } else {
            System::Systemd
        }
    }

    /// As the tower is told by whom it was started.
    fn word(self) -> &'static str {
        match self {
            System::Systemd => "systemd",
            System::Launchd => "launchd",
            System::Tasks => "Task Scheduler",
        }
    }

    fn text(self, service: &Guarded) -> String {
        match self {
            System::Systemd => systemd::unit(service),
            System::Launchd => launchd::plist(service),
            System::Tasks => tasks::xml(service),
        }
    }

    fn path(self) -> Result<PathBuf, String> {
        let folders = directories::BaseDirs::new().ok_or("This system names no home folder of yours.")?;
        Ok(match self {
            System::Systemd => folders.config_dir().join("systemd/user").join(systemd::UNIT),
            System::Launchd => folders.home_dir().join("Library/LaunchAgents").join(launchd::FILE),
            System::Tasks => folders.data_local_dir().join("cuetower").join(tasks::FILE),
        })
    }

    /// What a package put there, if it did.
    fn packaged(self) -> Option<PathBuf> {
        Some(PathBuf::from(systemd::PACKAGED)).filter(|path| self == System::Systemd && path.is_file())
    }

    /// `runs`: a tower runs already that somebody else started; it is not fought over.
    fn install(self, path: &Path, runs: bool) -> Vec<Step> {
        match self {
            System::Systemd => systemd::install(runs),
            System::Launchd => launchd::install(path, runs),
            System::Tasks => tasks::install(path, runs),
        }
    }

    fn remove(self, path: &Path) -> Vec<Step> {
        match self {
            System::Systemd => systemd::remove(),
            System::Launchd => launchd::remove(path),
            System::Tasks => tasks::remove(),
        }
    }

    fn look(self) -> Step {
        match self {
            System::Systemd => systemd::look(),
            System::Launchd => launchd::look(),
            System::Tasks => tasks::look(),
        }
    }

    fn start(self) -> Step {
        match self {
            System::Systemd => systemd::start(),
            System::Launchd => launchd::start(),
            System::Tasks => tasks::start(),
        }
    }
}

fn install(system: System, args: InstallArgs, data: Option<PathBuf>, as_json: bool) -> Result<(), String> {
    let service = service(system, &args, data.clone())?;
    let (text, path) = (system.text(&service), system.path()?);
    if args.print {
        say(&format!("# {}\n{text}", path.display()));
        return Ok(());
    }
    let folder = Options { data, ..Options::default() }.folder().map_err(|error| error.to_string())?;
    let held = presence::is_held(&folder) && !is_up(system);
    let before = std::fs::read_to_string(&path).ok();
    let same = before.as_deref() == Some(text.as_str());
    if !same {
        write(&path, &text)?;
    }
    let steps = system.install(&path, held);
    steps.iter().try_for_each(obeyed).map_err(|why| {
        format!(
            "{} is written, but the system did not take it: {why}{} Undo it with `cuetowerctl watchdog remove`.",
            path.display(),
            no_session(&why)
        )
    })?;
    if as_json {
        say_json(&json!({
            "path": path, "written": !same, "by": system.word(), "waits_for_another_tower": held,
            "ran": steps.iter().map(Step::line).collect::<Vec<_>>(),
        }));
        return Ok(());
    }
    let written = match (&before, same) {
        (_, true) => format!("{} is as it should be already.", path.display()),
        (Some(_), false) => format!("{} is written anew.", path.display()),
        (None, false) => format!("{} is written.", path.display()),
    };
    let then = if held {
        let pid = presence::holder(&folder).map(|pid| format!(" (process {pid})")).unwrap_or_default();
        format!("A tower runs already{pid}, and is left alone: close it, then `{}`.", system.start().line())
    } else {
        format!(
            "{} keeps the tower up from now on: it is started with your session, and again whenever it ends.",
            system.word()
        )
    };
    let mut lines = vec![written, then];
    lines.extend(hints(system));
    lines.push("Undo it with `cuetowerctl watchdog remove`.".to_owned());
    say(&lines.join("\n"));
    Ok(())
}

/// The tower of this very build, with the arguments that were asked for; they are read once, so that a mistake shows here.
/// What helps where nobody is logged in as systemd sees it.
fn no_session(why: &str) -> &'static str {
    if why.contains("Failed to connect to") && why.contains("bus") {
        " systemd runs no session of yours here: log in on this machine itself, or have it keep one with `sudo loginctl enable-linger $USER`, then install it again."
    } else {
        ""
    }
}

fn service(system: System, args: &InstallArgs, data: Option<PathBuf>) -> Result<Guarded, String> {
    let own = std::env::current_exe().map_err(|error| format!("This program's own file is not known: {error}."))?;
    let program = if args.window {
        let window = own.with_file_name(format!("cuetower{}", std::env::consts::EXE_SUFFIX));
        window.is_file().then_some(window).ok_or("The tower with a window, `cuetower`, is not beside this program.")?
    } else {
        own
    };
    let mut words: Vec<String> = if args.window { Vec::new() } else { vec!["serve".to_owned()] };
    words.extend(["--watchdog".to_owned(), system.word().to_owned()]);
    if let Some(data) = data {
        let data = std::path::absolute(&data).map_err(|error| format!("{}: {error}.", data.display()))?;
        words.extend(["--data".to_owned(), data.display().to_string()]);
    }
    words.extend(args.with.iter().cloned());
    let read = std::iter::once("cuetower".to_owned()).chain(words.iter().cloned());
    let misread = if args.window { WindowArgs::try_parse_from(read).err() } else { Cli::try_parse_from(read).err() };
    match misread {
        Some(error) => Err(format!("The tower could not be started with this: {error}")),
        None => Ok(Guarded { program, args: words, window: args.window }),
    }
}

fn status(system: System, as_json: bool) -> Result<(), String> {
    let own = system.path()?;
    let up = is_up(system);
    // Enabled by hand, the package's own does.
    let installed = own.is_file() || up;
    let path = if own.is_file() { own } else { system.packaged().unwrap_or(own) };
    let restarts = if up { restarts(system) } else { None };
    if as_json {
        say_json(&json!({ "installed": installed, "up": up, "restarts": restarts, "path": path, "by": system.word() }));
        return Ok(());
    }
    let times = match restarts {
        None | Some(0) => String::new(),
        Some(1) => " It was started again once.".to_owned(),
        Some(many) => format!(" It was started again {many} times."),
    };
    say(&match (installed, up) {
        (false, _) => "Nothing keeps the tower up. `cuetowerctl watchdog install` changes that.".to_owned(),
        (true, true) => format!("{} keeps the tower up ({}).{times}", system.word(), path.display()),
        (true, false) => {
            let start = system.start().line();
            format!("It is installed ({}), but {} does not run the tower: `{start}`.", path.display(), system.word())
        }
    });
    Ok(())
}

/// For `doctor`.
pub fn finding() -> Finding {
    const CHECK: &str = "watchdog";
    let (system, install) =
        (System::here(), "`cuetowerctl watchdog install` has the system start it, and start it again.");
    let Some(path) = system.path().ok().filter(|path| path.is_file()) else {
        return Finding::warn(
            CHECK,
            "Nothing keeps the tower up: after a crash or a restart of the machine it stays down.",
            install,
        );
    };
    if is_up(system) {
        return Finding::good(CHECK, format!("{} keeps the tower up ({}).", system.word(), path.display()));
    }
    let fact = format!("It is installed ({}), but {} does not run the tower.", path.display(), system.word());
    Finding::warn(CHECK, fact, format!("`{}`.", system.start().line()))
}

fn remove(system: System, as_json: bool) -> Result<(), String> {
    let path = system.path()?;
    let installed = path.is_file();
    if installed {
        let steps = system.remove(&path);
        let (before, after): (Vec<_>, Vec<_>) =
            steps.iter().partition(|step| !step.words.contains(&"daemon-reload".to_owned()));
        before.into_iter().try_for_each(obeyed).map_err(|why| format!("The system did not let go of it: {why}"))?;
        std::fs::remove_file(&path).map_err(|error| format!("{} could not be removed: {error}.", path.display()))?;
        after.into_iter().try_for_each(obeyed)?;
    }
    if as_json {
        say_json(&json!({ "removed": installed, "path": path }));
    } else if installed {
        say(&format!("{} is removed. A tower that runs goes on; nothing starts it again.", path.display()));
    } else {
        say("There is nothing to remove.");
    }
    Ok(())
}

/// Whether it runs under the watchdog.
fn is_up(system: System) -> bool {
    ran(&system.look()).is_ok_and(|said| match system {
        System::Systemd => systemd::is_up(&said),
        System::Launchd => launchd::is_up(&said),
        System::Tasks => tasks::is_up(&said),
    })
}

fn restarts(system: System) -> Option<u32> {
    match system {
        System::Systemd => systemd::restarts(&ran(&system.look()).ok()?),
        System::Launchd | System::Tasks => None,
    }
}

fn hints(system: System) -> Vec<String> {
    match system {
        System::Systemd => systemd::hints(),
        System::Launchd | System::Tasks => Vec::new(),
    }
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let unwritten = |error: std::io::Error| format!("{} could not be written: {error}.", path.display());
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(unwritten)?;
    let part = path.with_extension("part");
    std::fs::write(&part, text).and_then(|()| std::fs::rename(&part, path)).map_err(unwritten)
}

fn obeyed(step: &Step) -> Result<(), String> {
    match ran(step) {
        Err(why) if !step.may_fail => Err(why),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// What it printed; else why it failed, in a sentence.
fn ran(step: &Step) -> Result<String, String> {
    let (program, args) = step.words.split_first().ok_or("there is nothing to run.")?;
    let output = Command::new(program).args(args).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("`{}` could not be run: {error}.", step.line()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().trim_end_matches('.').to_owned();
    let said = if said.is_empty() { output.status.to_string() } else { said };
    Err(format!("`{}`: {said}.", step.line()))
}

#[cfg(test)]
pub(crate) fn example() -> Guarded {
    Guarded {
        program: "/opt/cue tower/cuetowerctl".into(),
        args: ["serve", "--watchdog", "systemd", "--data", "/home/me/50% & <more>"].map(str::to_owned).into(),
        window: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_tower_is_started_with_is_read_before_it_is_written() {
        let args = |with: &[&str]| InstallArgs {
            window: false,
            print: false,
            with: with.iter().map(ToString::to_string).collect(),
        };
        let good = service(System::Systemd, &args(&["--vault", "file"]), Some("/d".into())).unwrap();
        assert_eq!(good.args, ["serve", "--watchdog", "systemd", "--data", "/d", "--vault", "file"]);
        let bad = service(System::Systemd, &args(&["--vualt", "file"]), None).unwrap_err();
        assert!(bad.starts_with("The tower could not be started with this:") && bad.contains("--vualt"), "{bad}");
        let window = service(System::Systemd, &InstallArgs { window: true, ..args(&[]) }, None).unwrap_err();
        assert!(window.contains("is not beside this program"), "{window}");
    }
}
