//! Published Python programs as their users have them: each in a virtual environment of its own, at pinned versions, run
//! with a home of its own. They are fetched from PyPI once and kept in `target/clients`.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use crate::program::{Ended, Process, offspring};

/// For making one environment: a dozen small packages over a slow line.
const INSTALL_LIMIT: Duration = Duration::from_secs(240);
/// `cueapi quickstart` alone needs a quarter of a minute.
const RUN_LIMIT: Duration = Duration::from_secs(120);

/// A package from PyPI, installed.
pub struct Package {
    bin: PathBuf,
}

impl Package {
    /// `pins`: the lines of a requirements file; the first names the package itself, as in "cueapi-sdk==0.1.3".
    ///
    /// # Panics
    /// If it cannot be installed; the words say what was tried.
    pub async fn installed(pins: &str) -> Package {
        let name = pins.lines().next().expect("the first line names the package").replace("==", "-");
        let test = std::env::current_exe().expect("a running test has a file");
        let clients = test.ancestors().nth(3).expect("tests are built to target/debug/deps").join("clients");
        std::fs::create_dir_all(&clients).unwrap();
        let folder = clients.join(&name);
        // Tests are processes: whoever comes second waits, and finds it complete.
        let lock = File::create(clients.join(format!("{name}.lock"))).unwrap();
        let locked = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await.unwrap();
        let _held = locked.unwrap_or_else(|error| panic!("{name} cannot be locked: {error}"));
        let ready = folder.join(".ready");
        if std::fs::read_to_string(&ready).is_ok_and(|made_of| made_of == pins) {
            return Package { bin: folder.join("bin") };
        }
        // An environment knows its own path and cannot be moved: the mark, written last, says that it is complete.
        drop(std::fs::remove_dir_all(&folder));
        let list = clients.join(format!("{name}.txt"));
        std::fs::write(&list, pins).unwrap();
        let list = list.to_str().expect("plain names").to_owned();
        let python = std::env::var("CUETOWER_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let target = folder.to_str().expect("plain names");
        tool(&python, &["-m", "venv", target], "on Debian, `apt-get install python3-venv` helps").await;
        let pip = folder.join("bin/python");
        let options = ["-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet", "--no-deps"];
        let from = ["--only-binary", ":all:", "--requirement", &list];
        tool(pip.to_str().expect("plain names"), &[&options[..], &from].concat(), "PyPI must be reachable").await;
        std::fs::write(&ready, pins).unwrap();
        Package { bin: folder.join("bin") }
    }

    /// One of its programs, or `python`, in this home and with nothing else of this process's environment.
    #[must_use]
    pub fn program(&self, name: &str, home: &Home) -> Command {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = std::process::Command::new(self.bin.join(name));
        command
            .env_clear()
            .env("PATH", format!("{}:{}:{path}", home.0.path().join("bin").display(), self.bin.display()))
            .env("HOME", home.path())
            .env("XDG_CONFIG_HOME", home.path().join(".config"))
            .env("LANG", "C.UTF-8")
            .env("PYTHONUNBUFFERED", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            // Whoever wants a browser gets one that shows nothing.
            .env("BROWSER", "true")
            .current_dir(home.path())
            .process_group(0);
        Command::from(command)
    }
}

/// A home folder, with its settings in `.config` and its own programs in `bin`.
pub struct Home(TempDir);

impl Home {
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it makes a folder")]
    pub fn new() -> Home {
        let folder = tempfile::Builder::new().prefix("home-").tempdir().unwrap();
        std::fs::create_dir(folder.path().join("bin")).unwrap();
        Home(folder)
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file in it; its path.
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().expect("plain names").to_owned()
    }
}

/// A client that runs until it is stopped; nothing of it is left when this is dropped.
pub struct Client {
    child: Child,
    log: PathBuf,
}

impl Client {
    /// What it prints goes to a file of its home.
    #[must_use]
    pub fn start(mut command: Command, home: &Home) -> Client {
        let log = home.path().join("client.log");
        let file = File::options().create(true).append(true).open(&log).unwrap();
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file).kill_on_drop(true);
        Client { child: command.spawn().unwrap(), log }
    }

    #[must_use]
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id().expect("it is waited for by its drop alone")).expect("process ids are small")
    }

    /// What it has said so far.
    #[must_use]
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Ends it as a power cut would: with whatever it started.
    pub fn kill9(&mut self) {
        let Some(pid) = self.child.id() else { return };
        let started = offspring(pid);
        let _ = self.child.start_kill();
        started.iter().for_each(Process::end);
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).unwrap();
    }

    /// Its exit code, once it has ended by itself.
    ///
    /// # Panics
    /// If it does not end.
    pub async fn ended(&mut self) -> Option<i32> {
        let waited = tokio::time::timeout(RUN_LIMIT, self.child.wait()).await;
        waited.unwrap_or_else(|_| panic!("the client does not end:\n{}", self.said())).unwrap().code()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.kill9();
        if std::thread::panicking() {
            eprintln!("what the client said:\n{}", self.said());
        }
    }
}

/// Runs a client to its end, with this on its standard input.
///
/// # Panics
/// If it does not end in time.
pub async fn finished(mut command: Command, stdin: &str) -> Ended {
    run(&mut command, stdin, RUN_LIMIT).await.unwrap_or_else(|| panic!("{command:?} does not end"))
}

async fn tool(program: &str, args: &[&str], advice: &str) {
    let mut command = std::process::Command::new(program);
    command.args(args).process_group(0);
    let ended = run(&mut Command::from(command), "", INSTALL_LIMIT).await;
    let words = format!("{program} {}", args.join(" "));
    let Some(ended) = ended else { panic!("`{words}` does not end within {INSTALL_LIMIT:?}; {advice}") };
    assert_eq!(ended.code, Some(0), "`{words}` failed; {advice}.\n{}{}", ended.out, ended.err);
}

/// Nothing if it was ended after `limit`.
async fn run(command: &mut Command, stdin: &str, limit: Duration) -> Option<Ended> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
    let group = Pid::from_raw(i32::try_from(child.id().expect("it runs")).expect("process ids are small"));
    let mut input = child.stdin.take().expect("it is piped");
    let text = stdin.to_owned();
    let writing = tokio::spawn(async move { drop(input.write_all(text.as_bytes()).await) });
    let output = tokio::time::timeout(limit, child.wait_with_output()).await;
    if output.is_err() {
        // What it started would outlive it.
        let _ = killpg(group, Signal::SIGKILL);
    }
    writing.await.unwrap();
    let output = output.ok()?.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Some(Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) })
}
