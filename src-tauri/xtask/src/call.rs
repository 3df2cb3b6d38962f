//! Starts outside programs, with a time limit, and sees to it that none of them is left behind.
//!
//! Everything that is started carries a mark in its environment, so that on Linux even a process that has left its
//! session and its parent is found again. Other systems have the time limit only.

use std::io;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const MARK: &str = "CUETOWER_XTASK_MARK";

/// When the work at hand must be over.
#[derive(Clone, Copy)]
pub struct Limit {
    until: Instant,
    minutes: u64,
}

impl Limit {
    pub fn minutes(minutes: u64) -> Limit {
        Limit { until: Instant::now() + Duration::from_secs(60 * minutes), minutes }
    }
}

/// Runs a program to its end, its output shown as it comes. An error is a sentence that names the command.
pub fn run(command: &mut Command, limit: Limit) -> Result<(), String> {
    let words = words(command);
    println!("$ {words}");
    let mut child = command
        .env(MARK, mark())
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| format!("`{words}` could not be started: {error}"))?;
    loop {
        match child.try_wait().map_err(|error| format!("`{words}` could not be waited for: {error}"))? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(format!("`{words}` ended with {status}")),
            None if Instant::now() > limit.until => {
                let killed = child.kill().and_then(|()| child.wait());
                end_leftovers(Duration::ZERO);
                killed.map_err(|error| format!("`{words}` could not be stopped: {error}"))?;
                return Err(format!("`{words}` was stopped after {} minutes", limit.minutes));
            }
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// Runs a program to its end and keeps what it says.
pub fn quiet(command: &mut Command) -> io::Result<Output> {
    command.env(MARK, mark()).stdin(Stdio::null()).output()
}

/// Starts a program that goes on beside what else is done.
pub fn start(command: &mut Command) -> io::Result<Child> {
    command.env(MARK, mark()).stdin(Stdio::null()).spawn()
}

/// What a program prints, or nothing if it cannot be started or fails.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
}

/// The command as one would type it.
pub fn words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// Waits up to `patience` for every process that was started through [`run`] to be gone, ends those that are not, and
/// names them.
pub fn end_leftovers(patience: Duration) -> Vec<String> {
    let until = Instant::now() + patience;
    let mut left = marked();
    while !left.is_empty() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(50));
        left = marked();
    }
    for (pid, _) in &left {
        // Ended meanwhile is as good as ended by this.
        let _ended = Command::new("kill").args(["-KILL", pid]).stderr(Stdio::null()).status();
    }
    left.into_iter().map(|(pid, line)| format!("{line} (process {pid})")).collect()
}

/// Live processes that carry this program's mark, as process id and command line.
fn marked() -> Vec<(String, String)> {
    let wanted = format!("{MARK}={}", mark());
    let Ok(folder) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = folder.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let carries_mark = |pid: &String| {
        std::fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|pair| pair == wanted.as_bytes()))
    };
    pids.filter(|pid| pid.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(carries_mark)
        .map(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            (pid, line.trim().to_string())
        })
        .collect()
}

fn mark() -> String {
    std::process::id().to_string()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// One test, because both halves end whatever this process has started.
    #[test]
    fn nothing_that_was_started_is_left_behind() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "setsid sleep 600 & setsid sleep 600 &"]);
        run(&mut shell, Limit::minutes(1)).expect("the shell itself ends at once");
        let left = end_leftovers(Duration::ZERO);
        assert_eq!(left.len(), 2, "both left their parent and are found by their mark: {left:?}");
        assert!(end_leftovers(Duration::from_secs(5)).is_empty(), "nothing is left after they were ended");

        let refused = run(Command::new("sh").args(["-c", "sleep 600; true"]), Limit::minutes(0));
        let sentence = refused.expect_err("a command that takes too long is stopped");
        assert!(sentence.ends_with("was stopped after 0 minutes"), "{sentence}");
        assert!(end_leftovers(Duration::from_secs(5)).is_empty(), "nothing is left after it was stopped");
    }
}
