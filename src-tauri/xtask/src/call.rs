//! Starts outside programs, with a time limit, and sees to it that none of them is left behind.
//!
//! Everything that is started carries a mark in its environment, so that on Linux even a process that has left its
//! session and its parent is found again. Other systems have the time limit only.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
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

/// How many of its last lines a program is known by after its end.
const LAST_LINES: usize = 12;

static LAST: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

/// The last lines that the program in [`run`] has said, of both its streams. None where they went to a terminal, which
/// still shows them.
pub fn last_lines() -> Vec<String> {
    last().iter().cloned().collect()
}

fn last() -> MutexGuard<'static, VecDeque<String>> {
    LAST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a program to its end, its output shown as it comes. An error is a sentence that names the command.
pub fn run(command: &mut Command, limit: Limit) -> Result<(), String> {
    let words = words(command);
    println!("$ {words}");
    last().clear();
    if io::stdout().is_terminal() {
        return wait(command, &words, limit);
    }
    let (from, to) = io::pipe().map_err(|error| format!("`{words}` could not be given a pipe: {error}"))?;
    let both = to.try_clone().map_err(|error| format!("`{words}` could not be given a pipe: {error}"))?;
    command.stdout(to).stderr(both);
    let shown = std::thread::spawn(move || show(from));
    let end = wait(command, &words, limit);
    // The command holds the pipe's writing end until it is given another.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    // What outlives the program may hold the pipe open: it is ended, and told of, after the stage.
    let until = Instant::now() + Duration::from_secs(2);
    while !shown.is_finished() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    end
}

/// Shows what comes, a line at a time, and keeps the last of it.
fn show(from: impl Read) {
    let mut lines = BufReader::new(from);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        // Nobody left to show it to is no reason to stop reading: the program would be killed by its own next line.
        let _shown = io::stdout().write_all(&line);
        let said = String::from_utf8_lossy(&line).trim_end().to_string();
        if !said.is_empty() {
            let mut last = last();
            last.push_back(said);
            if last.len() > LAST_LINES {
                last.pop_front();
            }
        }
        line.clear();
    }
}

fn wait(command: &mut Command, words: &str, limit: Limit) -> Result<(), String> {
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

        let said = run(Command::new("sh").args(["-c", "seq 20; echo why >&2; exit 3"]), Limit::minutes(1));
        said.expect_err("the shell ends with 3");
        let last = last_lines();
        assert_eq!(last.len(), LAST_LINES, "{last:?}");
        assert_eq!(last.last().map(String::as_str), Some("why"), "{last:?}");

        let refused = run(Command::new("sh").args(["-c", "sleep 600; true"]), Limit::minutes(0));
        let sentence = refused.expect_err("a command that takes too long is stopped");
        assert!(sentence.ends_with("was stopped after 0 minutes"), "{sentence}");
        assert!(end_leftovers(Duration::from_secs(5)).is_empty(), "nothing is left after it was stopped");
    }
}
