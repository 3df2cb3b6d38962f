//! Stays with a started command until it has ended: keeps its output within the bound, stops it when asked, tells how it ended.

use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::Child;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::capture::{self, Capture};
use super::command::{CommandEnd, STDERR, STDOUT};
use super::kin::{self, Ask, Kin};
use super::length;

/// Between two looks for what is left of a tree that was told to end.
const SWEEP_PAUSE: Duration = Duration::from_millis(50);
/// Looks for a writer of a trimmed file before the end is told with the file as it is.
const CLOSING_LOOKS: u32 = 4;
/// Killed processes are gone within milliseconds; one that hangs in the kernel is not waited for longer than this.
const KILL_LIMIT: Duration = Duration::from_secs(2);

/// A command that runs, and everything needed to stay with it.
pub struct Attended {
    pub child: Child,
    pub kin: Kin,
    pub captures: Vec<Capture>,
    pub stop: watch::Receiver<bool>,
    pub stop_grace: Duration,
    pub begun: Instant,
}

impl Attended {
    /// Tells the end when the started process has ended (and, if it was stopped, its whole tree). Grandchildren of a process
    /// that ended by itself are left alone, and are not waited for; only what they print is kept within its bound.
    pub async fn run_to_end(mut self, tell: oneshot::Sender<CommandEnd>) {
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
        self.trim();
        if self.captures.iter().any(Capture::has_gap) {
            self.closed_soon().await;
        }
        // Nobody may be waiting any more; then the end is in the files alone.
        let _ = tell.send(end);
        self.let_go().await;
    }

    /// The rest of a stopped tree gets what remains of the grace, then it is killed. True if something had to be.
    async fn sweep(&self, asked_at: Instant) -> bool {
        let mut killed = false;
        loop {
            if !lives(self.kin.clone()).await || asked_at.elapsed() > self.stop_grace + KILL_LIMIT {
                return killed;
            }
            if asked_at.elapsed() >= self.stop_grace {
                killed = true;
                let kin = self.kin.clone();
                let _ = tokio::task::spawn_blocking(move || kin::signal(&kin, Ask::Firmly)).await;
            }
            sleep(SWEEP_PAUSE).await;
        }
    }

    async fn signal(&mut self, ask: Ask) {
        let kin = self.kin.clone();
        // Reading /proc is quick, but not so quick that everything else should wait for it.
        let reached = tokio::task::spawn_blocking(move || kin::signal(&kin, ask)).await.unwrap_or(0);
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
        let dir = self.kin.dir.clone();
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

    /// Who reads the files of a command that ended finds no hole in them, unless grandchildren still write.
    async fn closed_soon(&mut self) {
        for _ in 0..CLOSING_LOOKS {
            if !self.captures.iter().any(Capture::is_open) {
                return self.close_gaps().await;
            }
            // It may be one that the tower just starts, between its fork and its exec.
            sleep(SWEEP_PAUSE).await;
        }
    }

    /// Keeps the bound while grandchildren still write.
    async fn let_go(mut self) {
        let mut pause = Duration::from_millis(20);
        while self.captures.iter().any(Capture::is_open) {
            sleep(pause).await;
            pause = capture::next_look(self.trim(), pause);
        }
        self.close_gaps().await;
    }

    async fn close_gaps(&mut self) {
        if !self.captures.iter().any(Capture::has_gap) {
            return;
        }
        let mut captures = std::mem::take(&mut self.captures);
        let closed = tokio::task::spawn_blocking(move || captures.iter_mut().try_for_each(Capture::close_gap)).await;
        if let Ok(Err(error)) = closed {
            tracing::warn!(%error, "the trimmed output of a command could not be written anew; it keeps its hole");
        }
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

#[cfg(target_os = "linux")]
async fn lives(kin: Kin) -> bool {
    tokio::task::spawn_blocking(move || !kin::living(&kin).is_empty()).await.unwrap_or(false)
}

#[cfg(not(target_os = "linux"))]
async fn lives(_: Kin) -> bool {
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
