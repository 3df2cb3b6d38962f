//! How a program ended, and why, in words.

use std::process::ExitStatus;
use std::time::Duration;

use crate::evidence::{Autopsy, Want};
use crate::length;

/// What is known of a program at the moment of its end.
#[derive(Debug)]
pub struct Death {
    /// The error says why it could not be seen.
    pub status: Result<ExitStatus, String>,
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "there is nothing in it"))]
    pub autopsy: Autopsy,
}

/// How a stop went that somebody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    pub grace: Duration,
    /// The grace was not enough.
    pub killed: bool,
}

impl Death {
    #[must_use]
    pub fn unseen(why: &str) -> Death {
        Death { status: Err(why.to_owned()), autopsy: Autopsy::default() }
    }

    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        self.status.as_ref().ok()?.code()
    }

    #[cfg(unix)]
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        std::os::unix::process::ExitStatusExt::signal(self.status.as_ref().ok()?)
    }

    #[cfg(not(unix))]
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        None
    }

    /// "exit code 1 after 2.1 s", "killed by signal 9 (SIGKILL) after 3 s", "stopped by the tower after 12 s",
    /// "killed by the system: out of memory (its group may use 50 MiB) after 3 s".
    #[must_use]
    pub fn words(&self, elapsed: Duration, stopped: Option<Stopped>, want: Option<&Want>) -> String {
        let after = length::in_words(elapsed);
        match (stopped, want) {
            (Some(Stopped { killed: false, .. }), _) => format!("stopped by the tower after {after}"),
            (Some(Stopped { killed: true, grace }), _) if grace.is_zero() => {
                format!("killed by the tower after {after}")
            }
            (Some(Stopped { killed: true, grace }), _) => {
                let grace = length::in_words(grace);
                format!("stopped by the tower (killed, as it did not end within {grace}) after {after}")
            }
            (None, Some(Want::Killed { why })) => format!("killed by the system: out of memory{why} after {after}"),
            (None, Some(Want::Lacked { why })) => format!("{} after {after}: out of memory{why}", self.how()),
            (None, None) => format!("{} after {after}", self.how()),
        }
    }

    fn how(&self) -> String {
        match &self.status {
            Ok(status) => in_words(*status),
            Err(error) => format!("its end could not be seen: {error}"),
        }
    }
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_stop_says_whether_there_was_a_grace() {
        let death =
            Death { status: Ok(std::os::unix::process::ExitStatusExt::from_raw(9)), autopsy: Autopsy::default() };
        let words = |ms, killed| {
            let stopped = Stopped { grace: Duration::from_millis(ms), killed };
            death.words(Duration::from_secs(3), Some(stopped), None)
        };
        assert_eq!(words(300, false), "stopped by the tower after 3 s");
        assert_eq!(words(300, true), "stopped by the tower (killed, as it did not end within 300 ms) after 3 s");
        assert_eq!(words(0, true), "killed by the tower after 3 s");
    }
}
