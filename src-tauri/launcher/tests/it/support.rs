//! A tower in small, for the tests: starts launchers, listens to them, looks at what is left.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout};
use std::time::{Duration, Instant};

use cuetower_launcher::{Exit, Program, Spec, Told, command, ended, hear, prepare};
use tempfile::TempDir;

/// Nothing here takes so long unless it hangs.
pub const LIMIT: Duration = Duration::from_secs(60);

pub fn launcher() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_cuetower-launcher"))
}

/// A folder for one attempt and the files of its program beside it.
pub struct Place {
    pub folder: TempDir,
    pub dir: PathBuf,
}

impl Place {
    pub fn new() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        Place { dir: folder.path().join("attempt-1"), folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn spec(&self, ticket: String, line: &str) -> Spec {
        Spec {
            ticket,
            program: Program::Shell(line.into()),
            cwd: Some(self.folder.path().into()),
            env: Vec::new(),
            stop_grace_ms: 10_000,
        }
    }

    /// Starts a shell line and expects it to run.
    pub fn start(&self, line: &str) -> Launched {
        let ticket = prepare(&self.dir, b"{\"n\": 1}").expect("a folder");
        launch(&self.dir, &self.spec(ticket, line)).expect("started")
    }

    pub fn printed(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.join(name)).unwrap_or_default()
    }

    /// Waits until the program has written a whole line into `name`.
    pub fn line_in(&self, name: &str) -> String {
        let mut line = String::new();
        wait_until(&format!("there is a line in {name}"), || {
            line = std::fs::read_to_string(self.path(name)).unwrap_or_default();
            line.ends_with('\n')
        });
        line.trim().to_owned()
    }

    pub fn pid_in(&self, name: &str) -> u32 {
        self.line_in(name).parse().expect("a pid")
    }
}

/// A launcher that started its program.
pub struct Launched {
    pub launcher: Child,
    pub pid: u32,
    told: BufReader<ChildStdout>,
}

/// What a launcher says to its spec: it runs, or why it does not.
pub fn launch(dir: &Path, spec: &Spec) -> Result<Launched, String> {
    let mut child = command(launcher(), dir).spawn().expect("the launcher is there");
    spec.send(child.stdin.take().expect("a pipe")).expect("it listens");
    let mut told = BufReader::new(child.stdout.take().expect("a pipe"));
    match hear(&mut told).expect("an answer") {
        Some(Told::Started { pid }) => Ok(Launched { launcher: child, pid, told }),
        Some(Told::NotStarted { words }) => {
            child.wait().expect("it ends");
            Err(words)
        }
        other => panic!("{other:?}"),
    }
}

impl Launched {
    /// Waits for the end as the tower does, and for the launcher's own.
    pub fn end(mut self, dir: &Path) -> Exit {
        assert_eq!(hear(&mut self.told).expect("an answer"), Some(Told::Ended));
        let exit = ended(dir).expect("a record, as it said so");
        self.launcher.wait().expect("seen");
        exit
    }
}

pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < LIMIT, "{what}: it never came");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Not as a zombie.
pub fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

/// A line of `/proc/PID/status` in KiB.
pub fn status_kib(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of that name");
    line.trim_start_matches(':').split_whitespace().next().expect("a number").parse().expect("a number")
}

pub fn kill(pid: u32) {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).expect("a pid"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("it was there");
}
