//! Stays with a started command until it has ended: keeps its output within the bound, stops it when asked, tells how it ended.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::Child;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::capture::{self, Capture};
use super::command::{CommandEnd, STDERR, STDOUT};
use super::kin::{self, Ask};
use super::length;

/// Between two looks for what is left of a tree that was told to end.
const SWEEP_PAUSE: Duration = Duration::from_millis(50);
/// Killed processes are gone within milliseconds; one that hangs in the kernel is not waited for longer than this.
const KILL_LIMIT: Duration = Duration::from_secs(2);

/// A command that runs, and everything needed to stay with it.
pub struct Attended {
    pub child: Child,
    pub pid: u32,
    pub dir: PathBuf,
    pub captures: [Capture; 2],
    pub stop: watch::Receiver<bool>,
    pub stop_grace: Duration,
    pub begun: Instant,
}

impl Attended {
    /// Returns when the started process has ended (and, if it was stopped, its whole tree). Grandchildren of a process that
    /// ended by itself are left alone, and are not waited for.
    pub async fn run_to_end(mut self) -> CommandEnd {
        let mut asked_at = None;
        let mut killed = false;
        let mut pause = Duration::from_millis(20);
        let status = loop {
            let kill_at = asked_at.map(|at: Instant| at + self.stop_grace);
            tokio::select! {
                status = self.child.wait() => break status,
                () = stop_asked(&mut self.stop), if asked_at.is_none() => {
                    asked_at = Some(Instant::now());
                    self.signal(Ask::Politely).await;
                }
                () = sleep_until(kill_at.unwrap_or_else(Instant::now)), if kill_at.is_some() && !killed => {
                    killed = true;
                    self.signal(Ask::Firmly).await;
                }
                () = sleep(pause) => pause = capture::next_look(self.trim(), pause),
            }
        };
        let elapsed = self.begun.elapsed();
        if let Some(asked_at) = asked_at {
            killed |= self.sweep(asked_at).await;
        }
        let end = self.end(status, elapsed, asked_at.is_some(), killed).await;
        self.let_go().await;
        end
    }

    /// The rest of a stopped tree gets what remains of the grace, then it is killed. True if something had to be.
    async fn sweep(&self, asked_at: Instant) -> bool {
        let mut killed = false;
        loop {
            if !lives(self.pid, self.dir.clone()).await || asked_at.elapsed() > self.stop_grace + KILL_LIMIT {
                return killed;
            }
            if asked_at.elapsed() >= self.stop_grace {
                killed = true;
                let (pid, dir) = (self.pid, self.dir.clone());
                let _ = tokio::task::spawn_blocking(move || kin::signal(Some(pid), &dir, Ask::Firmly)).await;
            }
            sleep(SWEEP_PAUSE).await;
        }
    }

    async fn signal(&mut self, ask: Ask) {
        let (pid, dir) = (self.pid, self.dir.clone());
        // Reading /proc is quick, but not so quick that everything else should wait for it.
        let reached = tokio::task::spawn_blocking(move || kin::signal(Some(pid), &dir, ask)).await.unwrap_or(0);
        if reached == 0 && (ask == Ask::Firmly || cfg!(not(unix))) {
            let _ = self.child.start_kill();
        }
    }

    fn trim(&mut self) -> u64 {
        self.captures.iter_mut().map(trimmed).max().unwrap_or(0)
    }

    async fn end(
        &mut self,
        status: std::io::Result<ExitStatus>,
        elapsed: Duration,
        stopped: bool,
        killed: bool,
    ) -> CommandEnd {
        let dir = self.dir.clone();
        let tails =
            tokio::task::spawn_blocking(move || [STDOUT, STDERR].map(|name| capture::tail(&dir.join(name)))).await;
        let [stdout, stderr] = tails.expect("reading a file's end does not panic");
        let (exit_code, signal) = status.as_ref().map_or((None, None), |status| (status.code(), signal_of(*status)));
        let how = match (stopped, killed, &status) {
            (true, false, _) => "stopped by the tower".to_owned(),
            (true, true, _) => {
                format!("stopped by the tower (killed, as it did not end within {})", length::in_words(self.stop_grace))
            }
            (false, _, Err(error)) => format!("its end could not be seen: {error}"),
            (false, _, Ok(status)) => in_words(*status),
        };
        CommandEnd {
            exit_code,
            signal,
            words: format!("{how} after {}", length::in_words(elapsed)),
            stopped,
            truncated: stdout.truncated || stderr.truncated,
            stdout_tail: stdout.text,
            stderr_tail: stderr.text,
            elapsed,
        }
    }

    /// Closes the gaps in the files, or, while grandchildren still write, leaves a task behind that keeps the bound until then.
    async fn let_go(self) {
        let Attended { pid, dir, mut captures, .. } = self;
        if !lives(pid, dir.clone()).await {
            close_gaps(captures).await;
            return;
        }
        tokio::spawn(async move {
            let mut pause = Duration::from_millis(20);
            let mut looked = Instant::now();
            loop {
                sleep(pause).await;
                pause = capture::next_look(captures.iter_mut().map(trimmed).max().unwrap_or(0), pause);
                if looked.elapsed() > Duration::from_secs(2) {
                    looked = Instant::now();
                    if !lives(pid, dir.clone()).await {
                        return close_gaps(captures).await;
                    }
                }
            }
        });
    }
}

/// Never returns once nobody can ask any more.
async fn stop_asked(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|asked| *asked).await.is_err() {
        std::future::pending().await
    }
}

fn trimmed(capture: &mut Capture) -> u64 {
    capture.trim().unwrap_or_else(|error| {
        tracing::warn!(%error, "the output of a command could not be kept within its bound");
        0
    })
}

async fn close_gaps(mut captures: [Capture; 2]) {
    let closed = tokio::task::spawn_blocking(move || captures.iter_mut().try_for_each(Capture::close_gap)).await;
    if let Ok(Err(error)) = closed {
        tracing::warn!(%error, "the trimmed output of a command could not be written anew; it keeps its hole");
    }
}

#[cfg(target_os = "linux")]
async fn lives(pid: u32, dir: PathBuf) -> bool {
    tokio::task::spawn_blocking(move || !kin::living(Some(pid), &dir).is_empty()).await.unwrap_or(false)
}

#[cfg(not(target_os = "linux"))]
async fn lives(_: u32, _: PathBuf) -> bool {
    false
}

#[cfg(unix)]
fn in_words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(number)) => {
            let name = nix::sys::signal::Signal::try_from(number).map_or("unnamed", nix::sys::signal::Signal::as_str);
            let core = if status.core_dumped() { ", core dumped" } else { "" };
            format!("killed by signal {number} ({name}{core})")
        }
        (None, None) => "ended".to_owned(),
    }
}

#[cfg(not(unix))]
fn in_words(status: ExitStatus) -> String {
    status.code().map_or_else(|| "ended".to_owned(), |code| format!("exit code {code}"))
}

#[cfg(unix)]
fn signal_of(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal_of(_: ExitStatus) -> Option<i32> {
    None
}
