//! The command that `exec` runs: started with the streams of `exec`, its output passed on unchanged and at once.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::signals::{Heard, Signals};
use crate::tail::Tail;

/// Kept of the end of both streams together.
const OUTPUT_MAX: usize = 64 * 1024;
const CHUNK: usize = 64 * 1024;
/// After the command has ended: whoever inherited its output and has been quiet for so long is not waited for.
const QUIET: Duration = Duration::from_millis(300);
/// A stream of somebody else's may be one that does not block.
const UNTIL_IT_TAKES_MORE: Duration = Duration::from_millis(2);

/// What the command and everything it waited for needed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    pub cpu_ms: Option<u64>,
    pub max_rss_bytes: Option<u64>,
}

pub struct End {
    pub code: u8,
    pub output: String,
    pub usage: Usage,
}

/// As a shell would say it: 127 if there is no such program, 126 if it cannot be run.
#[derive(Debug)]
pub struct NotStarted {
    pub code: u8,
    pub words: String,
}

pub struct Running {
    child: Child,
    /// What this process needed at most when it started the command, in bytes.
    own_rss_bytes: Option<u64>,
    tail: Arc<Mutex<Tail>>,
    ended: watch::Sender<bool>,
    relays: [Option<JoinHandle<Option<Stdio>>>; 2],
}

impl Running {
    pub fn start(command: &[OsString]) -> Result<Running, NotStarted> {
        let copies = [copy_of(io::stdout()), copy_of(io::stderr())];
        let mut child = spawn(command, &copies)?;
        let own_rss_bytes = own_rss_bytes();
        let tail = Arc::new(Mutex::new(Tail::of(OUTPUT_MAX)));
        let (ended, _) = watch::channel(false);
        let [out, err] = copies;
        let relays = [
            child.stdout.take().zip(out).map(|(from, to)| relay(from, to, &tail, ended.subscribe())),
            child.stderr.take().zip(err).map(|(from, to)| relay(from, to, &tail, ended.subscribe())),
        ];
        Ok(Running { child, own_rss_bytes, tail, ended, relays })
    }

    /// Until it has ended and what it printed has gone on. Signals go to the command as long as it is there.
    pub async fn wait(mut self, signals: &mut Signals) -> End {
        let status = loop {
            tokio::select! {
                status = self.child.wait() => break status,
                heard = signals.heard() => forward(&self.child, heard),
            }
        };
        self.ended.send_replace(true);
        let usage = usage_of_children(self.own_rss_bytes);
        for (at, relay) in self.relays.into_iter().enumerate() {
            let Some(relay) = relay else { continue };
            tokio::select! {
                left = relay => hand_over(left.ok().flatten(), at),
                // Whoever reads the output has stopped reading, and somebody wants an end of it.
                _ = signals.heard() => break,
            }
        }
        let output = self.tail.lock().unwrap_or_else(PoisonError::into_inner).text();
        End { code: status.map_or(126, code_of), output, usage }
    }
}

fn spawn(command: &[OsString], copies: &[Option<File>; 2]) -> Result<Child, NotStarted> {
    let (program, arguments) = command.split_first().ok_or_else(|| not_started("", &ErrorKind::NotFound.into()))?;
    let piped = |copy: &Option<File>| if copy.is_some() { Stdio::piped() } else { Stdio::inherit() };
    let try_with = |program: &OsString, arguments: &[&[OsString]]| {
        let mut command = Command::new(program);
        command.args(arguments.concat()).stdout(piped(&copies[0])).stderr(piped(&copies[1]));
        command.spawn()
    };
    let child = match try_with(program, &[arguments]) {
        // A script without a first line that says what runs it: a shell runs it itself, and so is done here.
        Err(error) if error.raw_os_error() == Some(8) && cfg!(unix) => {
            try_with(&"/bin/sh".into(), &[std::slice::from_ref(program), arguments])
        }
        other => other,
    };
    child.map_err(|error| not_started(&program.to_string_lossy(), &error))
}

fn not_started(program: &str, error: &io::Error) -> NotStarted {
    match error.kind() {
        ErrorKind::NotFound if program.contains('/') => {
            NotStarted { code: 127, words: format!("{program}: there is no such program") }
        }
        ErrorKind::NotFound => NotStarted { code: 127, words: format!("{program}: no such program on PATH") },
        ErrorKind::PermissionDenied => NotStarted { code: 126, words: format!("{program}: it may not be executed") },
        _ => NotStarted { code: 126, words: format!("{program}: it was not started: {error}") },
    }
}

/// Passes on what comes until it ends, or until nothing came for a while after the command's end: then what is left.
fn relay<R>(
    mut from: R,
    to: File,
    tail: &Arc<Mutex<Tail>>,
    mut ended: watch::Receiver<bool>,
) -> JoinHandle<Option<Stdio>>
where
    R: AsyncRead + Unpin + Send + TryInto<Stdio> + 'static,
{
    let tail = Arc::clone(tail);
    tokio::spawn(async move {
        let mut bytes = vec![0; CHUNK];
        let mut to = to;
        loop {
            let read = tokio::select! {
                read = from.read(&mut bytes) => read,
                () = quiet_after(&mut ended) => return from.try_into().ok(),
            };
            let length = match read {
                Ok(0) | Err(_) => return None,
                Ok(length) => length,
            };
            tail.lock().unwrap_or_else(PoisonError::into_inner).push(&bytes[..length]);
            let writing = tokio::task::spawn_blocking(move || {
                let written = write_whole(&mut to, &bytes[..length]);
                (written, to, bytes)
            });
            let Ok((written, file, buffer)) = writing.await else { return None };
            (to, bytes) = (file, buffer);
            // Nobody reads any more: the command hears of it as it would have, by a broken pipe.
            if written.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe) {
                return None;
            }
        }
    })
}

async fn quiet_after(ended: &mut watch::Receiver<bool>) {
    if ended.wait_for(|ended| *ended).await.is_ok() {
        tokio::time::sleep(QUIET).await;
    }
}

fn write_whole(to: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(length) => bytes = &bytes[length..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(UNTIL_IT_TAKES_MORE),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What the command left running may print on: where it went so far, and without `exec`.
fn hand_over(left: Option<Stdio>, stream: usize) {
    let Some(left) = left.filter(|_| cfg!(unix)) else { return };
    let to = if stream == 0 { copy_of(io::stdout()) } else { copy_of(io::stderr()) };
    let Some(to) = to else { return };
    // Without a `cat` what was left running would hear of a broken pipe; nothing better can be done for it.
    drop(std::process::Command::new("cat").stdin(left).stdout(to).stderr(Stdio::null()).spawn());
}

#[cfg(unix)]
fn copy_of(stream: impl std::os::fd::AsFd) -> Option<File> {
    stream.as_fd().try_clone_to_owned().ok().map(File::from)
}

#[cfg(windows)]
fn copy_of(stream: impl std::os::windows::io::AsHandle) -> Option<File> {
    stream.as_handle().try_clone_to_owned().ok().map(File::from)
}

#[cfg(unix)]
fn forward(child: &Child, heard: Heard) {
    if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) {
        // It has ended by itself in the meantime: then there is nobody to tell.
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), heard);
    }
}

#[cfg(not(unix))]
fn forward(_: &Child, _: Heard) {
    // The console tells every process on it; nobody needs to pass it on.
}

#[cfg(unix)]
fn code_of(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(255)
}

#[cfg(not(unix))]
fn code_of(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(255)
}

#[cfg(unix)]
fn usage_of_children(own_rss_bytes: Option<u64>) -> Usage {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike as _;
    let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) else { return Usage::default() };
    let cpu = usage.user_time() + usage.system_time();
    // A child begins as a copy of this process, and the system counts that: what is not more says nothing of the command.
    let peak = bytes_of(usage.max_rss()).filter(|peak| own_rss_bytes.is_none_or(|own| *peak > own));
    Usage { cpu_ms: u64::try_from(cpu.num_milliseconds()).ok(), max_rss_bytes: peak }
}

#[cfg(unix)]
fn own_rss_bytes() -> Option<u64> {
    use nix::sys::resource::{UsageWho, getrusage};
    bytes_of(getrusage(UsageWho::RUSAGE_SELF).ok()?.max_rss())
}

/// Linux counts in KiB, macOS in bytes.
#[cfg(unix)]
fn bytes_of(max_rss: i64) -> Option<u64> {
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    u64::try_from(max_rss).ok().map(|peak| peak * unit)
}

#[cfg(not(unix))]
fn usage_of_children(_: Option<u64>) -> Usage {
    Usage::default()
}

#[cfg(not(unix))]
fn own_rss_bytes() -> Option<u64> {
    None
}

/// Runs the command with nothing beside it, when not even a runtime could be had.
pub fn run_plainly(command: &[OsString], why: &io::Error) -> u8 {
    let Some((program, arguments)) = command.split_first() else { return 127 };
    match std::process::Command::new(program).args(arguments).status() {
        Ok(status) => code_of(status),
        Err(error) => {
            let error = not_started(&program.to_string_lossy(), &error);
            eprintln!("cuetowerctl exec: {} (and the tower could not be told: {why})", error.words);
            error.code
        }
    }
}
