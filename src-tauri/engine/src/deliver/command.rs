//! Starts a local process for an attempt, through a launcher (`src-tauri/launcher`) that stays with it whatever becomes of the
//! tower, and finds it again after a restart. The attempt's folder holds what the process is given, what it prints, what it
//! uses, and how it ended.
//!
//! What an exit code means is decided in core.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use cuetower_launcher::{self as launcher, Exit, Found, Spec, Told};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout};
use tokio::sync::Semaphore;
use tokio::time::sleep;

pub use cuetower_launcher::{LiveOutput, PAYLOAD, Program, Sample, Stream, Usage, live, usage};

/// Starts under way at once. Hundreds that share the processor would all be late; in turn, only the last ones are.
static TURNS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(2 * std::thread::available_parallelism().map_or(1, std::num::NonZero::get)));
/// One that hangs (in a network folder that is gone) does not hold the others up for longer.
const TURN: Duration = Duration::from_millis(100);

/// Between two looks for the end of a command whose launcher another tower started.
const LOOK: Duration = Duration::from_millis(100);
/// Every so many looks, whether its launcher lives.
const LOOKS_FOR_LAUNCHER: u32 = 10;

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

/// A started process. Dropping this lets go of it: it runs on under its launcher, and [`adopt`] finds it again.
#[derive(Debug)]
pub struct Running {
    pub pid: u32,
    dir: PathBuf,
    /// None if another tower started it; then its folder tells.
    launcher: Option<Launcher>,
}

/// The launcher as a child of this tower.
#[derive(Debug)]
struct Launcher {
    told: BufReader<ChildStdout>,
    /// Only held: the runtime sees to it that it does not stay a zombie.
    _child: Child,
}

/// Stops a started process; may be cloned and sent anywhere, and does nothing once it has ended.
#[derive(Debug, Clone)]
pub struct Stopper {
    dir: PathBuf,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandEnd {
    /// None if a signal ended it, or if nobody saw its end.
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    /// "exit code 1 after 2.1 s", "killed by signal 9 (SIGKILL) after 3 s", "stopped by the tower after 12 s",
    /// "killed by the system: out of memory (its group may use 50 MiB) after 3 s".
    pub words: String,
    /// It was stopped through a [`Stopper`].
    pub stopped: bool,
    /// It ended for want of memory.
    pub oom: bool,
    /// Of the whole tree at once, as far as it was seen; None where the system does not tell.
    pub peak_rss_bytes: Option<u64>,
    /// Processor time of the whole tree.
    pub cpu_ms: Option<u64>,
    /// The last 64 KiB as plain text: no ANSI escapes, invalid UTF-8 replaced.
    pub stdout_tail: String,
    pub stderr_tail: String,
    /// It printed more than the tails hold; more of it is in the folder's files.
    pub truncated: bool,
    pub elapsed: Duration,
}

/// What became of an attempt that an earlier tower began.
#[derive(Debug)]
pub enum Adopted {
    /// The process surely was not started, and never will be. The attempt may be started (again) in the same folder.
    NeverStarted,
    /// It runs.
    Running(Running),
    Ended(CommandEnd),
    /// It was started, or may have been, and nobody saw how it ended. What was left of it has been ended.
    Lost {
        words: String,
    },
}

impl Running {
    /// Waits for the end of the process. Dropping this future lets go of it, as dropping `self` does.
    pub async fn wait(mut self) -> CommandEnd {
        if let Some(launcher) = &mut self.launcher {
            // Either it tells of the end, or it is gone.
            let _ = launcher.told.read_line(&mut String::new()).await;
        }
        let mut looks = 0;
        loop {
            let over = self.dir.join(launcher::EXIT).exists();
            if over || (looks % LOOKS_FOR_LAUNCHER == 0 && !launcher::lives(&self.dir)) {
                let dir = self.dir.clone();
                let adopted = tokio::task::spawn_blocking(move || adopt(&dir)).await;
                match adopted.expect("reading a folder does not panic") {
                    Adopted::Ended(end) => return end,
                    Adopted::Lost { words } => return CommandEnd::unseen(words),
                    Adopted::NeverStarted => return CommandEnd::unseen("its folder is gone".to_owned()),
                    Adopted::Running(_) => {}
                }
            }
            looks += 1;
            sleep(LOOK).await;
        }
    }

    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper { dir: self.dir.clone() }
    }
}

impl Stopper {
    /// SIGTERM to the whole tree, SIGKILL after the grace, or at once if it is `hard`. Returns at once; `wait` tells the end.
    pub fn stop(&self, hard: bool) {
        if let Err(error) = launcher::stop(&self.dir, hard.then_some(Duration::ZERO))
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, dir = %self.dir.display(), "a command could not be asked to stop");
        }
    }
}

impl CommandEnd {
    /// Reads the tails; the rest is in the record.
    fn of(exit: Exit, dir: &Path) -> CommandEnd {
        let [stdout, stderr] = [launcher::STDOUT, launcher::STDERR].map(|name| launcher::tail(&dir.join(name)));
        CommandEnd {
            exit_code: exit.exit_code,
            signal: exit.signal,
            words: exit.words,
            stopped: exit.stopped,
            oom: exit.oom,
            peak_rss_bytes: exit.peak_rss_bytes,
            cpu_ms: exit.cpu_ms,
            truncated: stdout.truncated || stderr.truncated,
            stdout_tail: stdout.text,
            stderr_tail: stderr.text,
            elapsed: Duration::from_millis(exit.elapsed_ms),
        }
    }

    fn unseen(words: String) -> CommandEnd {
        let nothing = Exit { words, ..Exit::default() };
        CommandEnd::of(nothing, Path::new("/nowhere"))
    }
}

/// Starts the command. From here on its launcher stays with it, whether or not [`Running::wait`] is called. If the future is
/// dropped before it is done, the command is not started, or stopped.
///
/// # Errors
/// A sentence that names what is missing: "python9: no such program on PATH", "the folder /x does not exist".
///
/// # Panics
/// If it is called outside of a tokio runtime.
pub async fn start(request: CommandRequest) -> Result<Running, String> {
    let launcher = launcher::launcher_path()?;
    let CommandRequest { program, cwd, env, stdin, dir, stop_grace } = request;
    let dir = std::path::absolute(&dir).map_err(|error| format!("the tower's own folder is gone: {error}"))?;
    let turn = TURNS.acquire().await;
    let unwanted = Unwanted { dir: dir.clone(), is_so: Arc::default(), started: false };
    let (there, is_unwanted) = (dir.clone(), Arc::clone(&unwanted.is_so));
    let beginning = async move {
        let stop_grace_ms = u64::try_from(stop_grace.as_millis()).unwrap_or(u64::MAX);
        let spawned = tokio::task::spawn_blocking(move || {
            let ticket = launcher::prepare(&there, &stdin)?;
            match is_unwanted.load(Ordering::SeqCst) {
                true => Err("nobody waits for it any more".into()),
                false => spawn(&launcher, &there, Spec { ticket, program, cwd, env, stop_grace_ms }),
            }
        });
        answer(spawned.await.map_err(|error| format!("the command was not started: {error}"))??).await
    };
    let mut beginning = std::pin::pin!(beginning);
    let begun = match tokio::time::timeout(TURN, &mut beginning).await {
        Ok(begun) => begun,
        Err(_) => {
            drop(turn);
            beginning.await
        }
    };
    unwanted.decided();
    let (pid, launcher) = begun?;
    Ok(Running { pid, dir, launcher: Some(launcher) })
}

/// Starts the launcher and hands the spec over. Blocks, so that between the two nobody waits for a turn of the runtime's.
fn spawn(path: &Path, dir: &Path, spec: Spec) -> Result<Child, String> {
    let not_started = |error| format!("{}, which starts every command, was not started: {error}", path.display());
    let (theirs, mut ours) = std::io::pipe().map_err(not_started)?;
    let mut command = launcher::command(path, dir);
    command.stdin(theirs);
    let child = tokio::process::Command::from(command).spawn().map_err(not_started)?;
    // A launcher that is gone already says so by its silence.
    let _ = spec.send(&mut ours);
    Ok(child)
}

async fn answer(mut child: Child) -> Result<(u32, Launcher), String> {
    let told = child.stdout.take().ok_or("the launcher has no pipe")?;
    let mut told = BufReader::new(told);
    let mut line = String::new();
    let heard = told.read_line(&mut line).await.map_err(|error| error.to_string());
    match heard.and_then(|_| launcher::hear(line.as_bytes()).map_err(|error| error.to_string())) {
        Ok(Some(Told::Started { pid })) => Ok((pid, Launcher { told, _child: child })),
        Ok(Some(Told::NotStarted { words })) => Err(words),
        Ok(Some(Told::Ended) | None) => Err("its launcher ended before it had started anything".into()),
        Err(error) => Err(format!("its launcher cannot be understood: {error}")),
    }
}

/// Makes sure that a start nobody waits for any more starts nothing that goes on.
struct Unwanted {
    dir: PathBuf,
    is_so: Arc<AtomicBool>,
    started: bool,
}

impl Unwanted {
    /// The start is over, well or not.
    fn decided(mut self) {
        self.started = true;
    }
}

impl Drop for Unwanted {
    fn drop(&mut self) {
        if !self.started {
            // The flag for who makes the folder, the word in the folder for whoever comes afterwards.
            self.is_so.store(true, Ordering::SeqCst);
            let _ = launcher::stop(&self.dir, None);
        }
    }
}

/// Looks at an attempt's folder that an earlier tower left. Quick, save where something must be ended (half a second) or
/// its launcher is in the middle of the start (milliseconds; two seconds if it hangs). Blocks, so call it on a thread that may.
#[must_use]
pub fn adopt(dir: &Path) -> Adopted {
    match launcher::adopt(dir) {
        Found::NeverStarted => Adopted::NeverStarted,
        Found::Running(started) => Adopted::Running(Running {
            pid: started.program.map_or(0, |program| program.pid),
            dir: dir.to_owned(),
            launcher: None,
        }),
        Found::Ended(exit) => Adopted::Ended(CommandEnd::of(exit, dir)),
        Found::Lost { words } => Adopted::Lost { words },
    }
}

#[cfg(all(test, target_os = "linux"))]
#[path = "command_tests.rs"]
mod tests;
