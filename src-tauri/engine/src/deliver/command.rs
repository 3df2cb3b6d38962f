//! Starts a local process for an attempt. Its folder holds what it is given and what it prints:
//! `payload.json` (also its standard input), `stdout`, `stderr`, and `process.json`, which says who it was.
//!
//! What an exit code means is decided in core. A launcher that outlives the tower is not here yet: when the tower crashes, the
//! process lives on and writes on, and the next tower stops it (`leftover`) before it tries again.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::Instant;

use super::attend::Attended;
use super::capture::Capture;
use super::kin::{self, Kin};
use super::leftover;
use super::program::{expand_home, find, why_not_started};

pub use super::leftover::reap_leftover;
pub use super::program::Program;

/// The files in the attempt's folder.
pub const PAYLOAD: &str = "payload.json";
pub const STDOUT: &str = "stdout";
pub const STDERR: &str = "stderr";

/// The tower's own secrets, which no agent inherits.
const KEPT_BACK: [&str; 1] = ["CUETOWER_VAULT_PASSPHRASE"];

/// Starts under way at once. Hundreds that share the processor would all be late; in turn, only the last ones are.
static TURNS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(2 * std::thread::available_parallelism().map_or(1, std::num::NonZero::get)));
/// One that hangs (in a network folder that is gone) does not hold the others up for longer.
const TURN: Duration = Duration::from_millis(100);

/// What to start. Secrets are filled in, so it is never logged and has no `Debug`.
pub struct CommandRequest {
    pub program: Program,
    /// `~` is expanded; None is the tower's own folder.
    pub cwd: Option<PathBuf>,
    /// Beside the tower's own environment; these win.
    pub env: Vec<(String, String)>,
    /// The payload: written to `payload.json`, which becomes the standard input.
    pub stdin: Vec<u8>,
    /// The attempt's own folder, made here, for the owner only.
    pub dir: PathBuf,
    /// Between the polite and the firm signal when the command is stopped.
    pub stop_grace: Duration,
}

/// A started process.
#[derive(Debug)]
pub struct Running {
    pub pid: u32,
    end: oneshot::Receiver<CommandEnd>,
    stopper: Stopper,
}

/// Stops a started process; may be cloned and sent anywhere, and does nothing once it has ended.
#[derive(Debug, Clone)]
pub struct Stopper(watch::Sender<bool>);

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandEnd {
    /// None if a signal ended it.
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    /// "exit code 1 after 2.1 s", "killed by signal 9 (SIGKILL) after 3 s", "stopped by the tower after 12 s".
    pub words: String,
    /// It was stopped through a [`Stopper`].
    pub stopped: bool,
    /// The last 64 KiB as plain text: no ANSI escapes, invalid UTF-8 replaced.
    pub stdout_tail: String,
    pub stderr_tail: String,
    /// It printed more than the tails hold; more of it is in the folder's files.
    pub truncated: bool,
    pub elapsed: Duration,
}

impl Running {
    /// Waits for the end of the process. Dropping this instead lets it run on, attended as before.
    pub async fn wait(self) -> CommandEnd {
        // Held, because a process whose last stopper is gone could not be stopped any more.
        let _stopper = self.stopper;
        self.end.await.unwrap_or_else(|_| CommandEnd {
            exit_code: None,
            signal: None,
            words: "left running, as the tower shut down".into(),
            stopped: false,
            stdout_tail: String::new(),
            stderr_tail: String::new(),
            truncated: false,
            elapsed: Duration::ZERO,
        })
    }

    #[must_use]
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }
}

impl Stopper {
    /// SIGTERM to the whole tree, SIGKILL after the grace. Returns at once; `wait` tells the end.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

/// Starts the command. From here on it is attended, whether or not [`Running::wait`] is called.
///
/// # Errors
/// A sentence that names what is missing: "python9: no such program on PATH", "the folder /x does not exist".
///
/// # Panics
/// If it is called outside of a tokio runtime.
pub async fn start(request: CommandRequest) -> Result<Running, String> {
    let stop_grace = request.stop_grace;
    let turn = TURNS.acquire().await;
    let begun = Instant::now();
    let mut spawning = tokio::task::spawn_blocking(move || spawn(request));
    let spawned = match tokio::time::timeout(TURN, &mut spawning).await {
        Ok(spawned) => spawned,
        Err(_) => {
            drop(turn);
            spawning.await
        }
    };
    let (child, pid, kin, captures) = spawned.map_err(|error| format!("the command was not started: {error}"))??;
    let (stop, asked) = watch::channel(false);
    let (tell, end) = oneshot::channel();
    let attended = Attended { child, kin, captures, stop: asked, stop_grace, begun };
    tokio::spawn(attended.run_to_end(tell));
    Ok(Running { pid, end, stopper: Stopper(stop) })
}

fn spawn(request: CommandRequest) -> Result<(tokio::process::Child, u32, Kin, Vec<Capture>), String> {
    let CommandRequest { program, cwd, env, stdin, dir, .. } = request;
    let cwd = working_folder(cwd)?;
    let search_path = env
        .iter()
        .rev()
        .find(|(name, _)| name == "PATH")
        .map(|(_, value)| value.into())
        .or_else(|| std::env::var_os("PATH"));
    let found = find(program, &cwd, search_path.as_deref())?;
    let (stdin, out, err) =
        files(&dir, &stdin).map_err(|error| format!("the folder {} cannot be used: {error}", dir.display()))?;

    let mut command = Command::new(&found.program);
    command.args(found.arguments).current_dir(cwd).stdin(stdin).stdout(out.1).stderr(err.1);
    for name in KEPT_BACK {
        command.env_remove(name);
    }
    command.envs(env).env(kin::MARK, &dir);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);

    let child =
        tokio::process::Command::from(command).spawn().map_err(|error| why_not_started(&found.program, &error))?;
    let pid = child.id().ok_or("the process ended before it could be seen")?;
    let since_ticks = leftover::note(&dir, pid).unwrap_or_else(|error| {
        // Without the note the next tower still knows the process by its mark.
        tracing::warn!(%error, pid, "who was started for an attempt could not be noted in its folder");
        0
    });
    Ok((child, pid, Kin { leader: Some(pid), since_ticks, dir }, vec![out.0, err.0]))
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

fn files(dir: &Path, payload: &[u8]) -> io::Result<(Stdio, Output, Output)> {
    make_private(dir)?;
    let path = dir.join(PAYLOAD);
    // The standard input is the file itself: no pipe to feed, none that breaks when the tower crashes.
    std::fs::write(&path, payload)?;
    let stdin = Stdio::from(std::fs::File::open(&path)?);
    Ok((stdin, Capture::create(dir.join(STDOUT))?, Capture::create(dir.join(STDERR))?))
}

#[cfg(unix)]
fn make_private(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn make_private(dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)
}

#[cfg(all(test, unix))]
#[path = "command_tests.rs"]
mod tests;
