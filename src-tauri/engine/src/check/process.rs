//! Runs a program for a check: nothing on its standard input, the end of what it prints kept, and its whole group gone when
//! it ends, or when nobody waits for it any more.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use crate::deliver::why_not_started;

/// Kept of the end of each output.
const TAIL_BYTES: usize = 64 * 1024;
/// A grandchild that left the group may keep the output open; nobody waits longer for it.
const LAST_WORDS: Duration = Duration::from_millis(200);

pub(super) struct Ended {
    /// None if a signal ended it.
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: Tail,
    pub stderr: Tail,
}

/// The end of an output.
#[derive(Default)]
pub(super) struct Tail {
    bytes: Vec<u8>,
    pub cut: bool,
}

impl Tail {
    fn add(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
        if self.bytes.len() > 2 * TAIL_BYTES {
            self.bytes.drain(..self.bytes.len() - TAIL_BYTES);
            self.cut = true;
        }
    }

    /// Invalid UTF-8 replaced, ANSI escapes taken out.
    pub fn text(&self) -> String {
        anstream::adapter::strip_str(&String::from_utf8_lossy(&self.bytes)).to_string()
    }
}

pub(super) fn command(program: &Path, arguments: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    cuetower_launcher::keep_back(command.as_std_mut());
    #[cfg(unix)]
    command.process_group(0);
    command
}

/// Runs it to its end.
///
/// # Errors
/// Why it was not started, or cannot be waited for.
pub(super) async fn run(mut command: Command) -> Result<Ended, String> {
    let program = command.as_std().get_program().to_owned();
    let mut child = command.spawn().map_err(|error| why_not_started(Path::new(&program), &error))?;
    let group = Group::of(&child);
    let (mut out, mut err) = (Tail::default(), Tail::default());
    let (pipe_out, pipe_err) = (child.stdout.take(), child.stderr.take());
    let status = {
        let mut printed = std::pin::pin!(async { tokio::join!(read(pipe_out, &mut out), read(pipe_err, &mut err)) });
        let mut over = false;
        let status = loop {
            tokio::select! {
                status = child.wait() => break status,
                _ = &mut printed, if !over => over = true,
            }
        };
        drop(group);
        if !over {
            drop(tokio::time::timeout(LAST_WORDS, printed).await);
        }
        status.map_err(|error| format!("its end was not seen: {error}"))?
    };
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal = None;
    Ok(Ended { code: status.code(), signal, stdout: out, stderr: err })
}

async fn read(pipe: Option<impl AsyncRead + Unpin>, tail: &mut Tail) {
    let Some(mut pipe) = pipe else { return };
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = pipe.read(&mut piece).await {
        tail.add(&piece[..length]);
    }
}

/// Everybody the program started who stayed in its group; ended when this is dropped.
struct Group {
    #[cfg(unix)]
    leader: Option<nix::unistd::Pid>,
}

impl Group {
    #[cfg(unix)]
    fn of(child: &Child) -> Group {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Group { leader: id.map(nix::unistd::Pid::from_raw) }
    }

    #[cfg(not(unix))]
    fn of(_: &Child) -> Group {
        Group {}
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // An empty group is no error, and its number is not given to another so soon after.
        #[cfg(unix)]
        if let Some(leader) = self.leader {
            let _ = nix::sys::signal::killpg(leader, nix::sys::signal::Signal::SIGKILL);
        }
    }
}
