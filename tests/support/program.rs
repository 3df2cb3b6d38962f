//! The real `cuetowerctl`: where it is, how it is run to its end, and how nothing of it is left behind.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

const RUN_LIMIT: Duration = Duration::from_secs(60);

/// A program of this build: in `CUETOWER_BIN_DIR`, else in `target/debug`, where this test's own file is built to.
///
/// # Panics
/// If it has not been built.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let folder = std::env::var_os("CUETOWER_BIN_DIR").map(PathBuf::from).unwrap_or_else(|| {
        let test = std::env::current_exe().expect("a running test has a file");
        test.ancestors().nth(2).expect("tests are built to target/debug/deps").to_owned()
    });
    let path = folder.join(name);
    assert!(
        path.exists(),
        "{} is missing: cargo build -p cuetower-launcher -p cuetower-cli --features saboteur",
        path.display()
    );
    path
}

/// How a command line ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// Its standard output.
    ///
    /// # Panics
    /// If it did not end well.
    pub fn good(self) -> String {
        assert_eq!(self.code, Some(0), "stdout: {}\nstderr: {}", self.out, self.err);
        self.out
    }
}

/// Runs `cuetowerctl` on a data folder to its end.
pub async fn ctl_in(data: &Path, args: &[&str], stdin: &str) -> Ended {
    let data = data.to_str().expect("test folders have plain names");
    ctl(&[&["--data", data], args].concat(), stdin).await
}

/// Runs `cuetowerctl` to its end.
///
/// # Panics
/// If it does not end within a minute.
pub async fn ctl(args: &[&str], stdin: &str) -> Ended {
    let mut child = Command::new(binary("cuetowerctl"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().expect("it is piped");
    let text = stdin.to_owned();
    // Beside reading its output, so that neither waits for the other.
    let writing = tokio::spawn(async move { drop(input.write_all(text.as_bytes()).await) });
    let output = tokio::time::timeout(RUN_LIMIT, child.wait_with_output()).await;
    let output = output.unwrap_or_else(|_| panic!("cuetowerctl {args:?} does not end")).unwrap();
    writing.await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A process that cannot be mistaken for a later one with the same id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pid: i32,
    started: String,
}

impl Process {
    /// Ends it, if it is still there.
    pub(crate) fn end(&self) {
        if seen(self.pid).is_some_and(|(_, process)| process == *self) {
            let _ = kill(Pid::from_raw(self.pid), Signal::SIGKILL);
        }
    }
}

/// Every process that `root` started, directly or not. Agents have groups of their own, so that a group does not name them.
pub(crate) fn offspring(root: u32) -> Vec<Process> {
    let ids = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let all: Vec<(i32, Process)> = ids.filter_map(seen).collect();
    let mut parents = vec![i32::try_from(root).expect("process ids are small")];
    let mut found = Vec::new();
    while let Some(parent) = parents.pop() {
        for (_, process) in all.iter().filter(|(of, _)| *of == parent) {
            parents.push(process.pid);
            found.push(process.clone());
        }
    }
    found
}

/// Its parent and itself, as /proc says.
fn seen(pid: i32) -> Option<(i32, Process)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in brackets, may hold anything. After it: state, parent, …, and the start time as the 20th.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some((fields.get(1)?.parse().ok()?, Process { pid, started: (*fields.get(19)?).to_owned() }))
}
