//! Looks at real processes that do what agents do when nothing comes of them any more.

use std::collections::HashMap;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::deliver::command::{self, CommandRequest, Program};

/// A program that ends with the test.
struct Agent(Child);

impl Agent {
    fn python(script: &str, args: &[&str]) -> Agent {
        Agent::start(Command::new("python3").args(["-u", "-c", script]).args(args))
    }

    fn shell(line: &str) -> Agent {
        Agent::start(Command::new("sh").args(["-c", line]))
    }

    fn start(command: &mut Command) -> Agent {
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Agent(command.process_group(0).spawn().expect("started"))
    }

    /// Looks until the sentence is as it should be.
    async fn says(&self, wanted: &[&str]) -> Truth {
        self.shows(|truth| wanted.iter().all(|part| truth.words().contains(part))).await
    }

    async fn shows(&self, wanted: impl Fn(&Truth) -> bool) -> Truth {
        let mut last = Truth::default();
        for _ in 0..100 {
            last = look(self.0.id()).await;
            if wanted(&last) {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it is seen as: {}\n{last:?}", last.words());
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let group = nix::unistd::Pid::from_raw(i32::try_from(self.0.id()).expect("a pid"));
        let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
        let _ = self.0.wait();
    }
}

/// Somebody who takes calls and never answers.
fn mute() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = listener.local_addr().expect("an address").to_string();
    (listener, at)
}

const CALL: &str = "import socket, sys, select, selectors, threading, time
host, port = sys.argv[1].split(':')
call = socket.create_connection((host, int(port)))
";

#[tokio::test]
async fn one_that_is_blocked_on_a_socket_says_on_whose() {
    let (_mute, at) = mute();
    let ways = [
        "call.recv(1)",
        "call.settimeout(600); call.recv(1)",
        "select.select([call], [], [])",
        "s = selectors.EpollSelector(); s.register(call, selectors.EVENT_READ); s.select()",
        "t = threading.Thread(target=call.recv, args=(1,)); t.start(); t.join()",
        // A side thread that is busy staying alive hides nothing.
        "threading.Thread(target=lambda: [time.sleep(0.01) for _ in iter(int, 1)], daemon=True).start(); call.recv(1)",
    ];
    for way in ways {
        let agent = Agent::python(&format!("{CALL}{way}"), &[&at]);
        let truth = agent.says(&[" alive, ", &format!("blocked on {at}, memory ")]).await;
        assert_eq!(truth.processes[0].sockets, 1, "{way}");
        assert!(truth.words().starts_with(&format!("process {} alive", agent.0.id())), "{}", truth.words());
    }
}

#[tokio::test]
async fn where_calls_may_not_be_looked_at_the_kernels_function_says_it_roughly() {
    let (_mute, at) = mute();
    for way in ["call.recv(1)", "call.settimeout(600); call.recv(1)"] {
        let agent = Agent::python(&format!("{CALL}{way}"), &[&at]);
        let pid = agent.0.id();
        agent.says(&[&format!("blocked on {at}")]).await;
        let around = waiting::Around { sockets: &sockets::Sockets::of(pid), pipes: &HashMap::new() };
        // A kernel may be built without these names.
        if let Some(function) = syscall::by_function(pid, pid) {
            assert_eq!(waiting::roughly(pid, function, &around), Some(Wait::Peer(at.clone())), "{way}");
        }
    }
}

#[tokio::test]
async fn of_several_connections_nobody_says_which() {
    let (_mute, at) = mute();
    let (_another, other) = mute();
    let script = format!(
        "{CALL}host, port = sys.argv[2].split(':')\nother = socket.create_connection((host, int(port)))\nselect.select([call, other], [], [])"
    );
    let agent = Agent::python(&script, &[&at, &other]);
    let truth = agent.says(&["blocked on one of 2 connections (", &at, &other]).await;
    assert!(truth.sentences().contains(&"2 sockets are open.".to_owned()), "{:?}", truth.sentences());
}

#[tokio::test]
async fn a_call_that_is_not_taken_and_one_that_waits_for_callers_are_told_apart() {
    // Once its line is full, the system leaves the next callers waiting.
    let script = "import socket\ns = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(0)\nfor _ in range(64): socket.socket().connect(s.getsockname())\n";
    let keeping = script
        .replace("socket.socket().connect", "c = socket.socket(); keep.append(c); c.connect")
        .replace("import socket\n", "import socket\nkeep = []\n");
    let agent = Agent::python(&keeping, &[]);
    agent.says(&["blocked on a connection to 127.0.0.1:", "that does not come about"]).await;
    let agent =
        Agent::python("import socket\ns = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); s.accept()", &[]);
    agent.says(&["waiting for somebody to call :"]).await;
}

#[tokio::test]
async fn pipes_locks_timers_and_children_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("index.lock").display().to_string();
    let lock = "import fcntl, sys, time\nf = open(sys.argv[1], 'w')\nfcntl.flock(f, fcntl.LOCK_EX)\ntime.sleep(600)";
    let first = Agent::python(lock, &[&file]);
    first.says(&["waiting for a timer"]).await;
    let second = Agent::python(lock, &[&file]);
    second.says(&[&format!("blocked on the lock of {file}, which process {} has", first.0.id())]).await;

    let agent = Agent::python("import socket\na, b = socket.socketpair()\na.recv(1)", &[]);
    agent.says(&["blocked on a unix socket"]).await;
    let agent = Agent::shell("sleep 600 | cat; true");
    let truth = agent.shows(|truth| truth.sentences().iter().any(|said| said.contains("its standard input"))).await;
    let said =
        truth.sentences().into_iter().find(|said| said.contains("its standard input")).expect("it was just there");
    assert!(said.contains("(cat)") && said.contains("blocked on its standard input from sleep ("), "{said}");
    let agent = Agent::shell("python3 -c 'import time; time.sleep(600)'; true");
    let truth = agent.says(&["and its child ", "waiting for a timer"]).await;
    assert_eq!(truth.processes.len(), 2);
}

#[tokio::test]
async fn one_that_turns_in_circles_is_busy() {
    let agent = Agent::python("while True: pass", &[]);
    let truth = agent.shows(|truth| truth.cpu_percent().is_some_and(|percent| percent > 20.0)).await;
    assert!(truth.words().contains(" % CPU, at work, memory "), "{}", truth.words());
}

#[tokio::test]
async fn stopped_dead_and_gone_are_three_things() {
    let mut agent = Agent::shell("sleep 600 & wait");
    let pid = nix::unistd::Pid::from_raw(i32::try_from(agent.0.id()).expect("a pid"));
    let child = agent.shows(|truth| truth.processes.len() == 2).await.processes[1].pid;
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGSTOP).expect("it lives");
    agent.says(&["stopped by a signal"]).await;
    // Nobody buries its child now.
    let child = nix::unistd::Pid::from_raw(i32::try_from(child).expect("a pid"));
    nix::sys::signal::kill(child, nix::sys::signal::Signal::SIGKILL).expect("it lives");
    let truth = agent.shows(|truth| truth.processes.get(1).is_some_and(|child| child.state == State::Zombie)).await;
    assert!(truth.sentences().iter().any(|said| said.contains("is dead, and not buried by its parent")));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("it lives");
    agent.says(&["dead, and not buried by its parent"]).await;
    agent.0.wait().expect("buried");
    assert_eq!(look(agent.0.id()).await.words(), format!("process {} is gone", agent.0.id()));
}

fn request(line: &str, folder: &TempDir) -> CommandRequest {
    CommandRequest {
        program: Program::Shell(line.to_owned()),
        cwd: Some(folder.path().into()),
        env: Vec::new(),
        stdin: Vec::new(),
        dir: folder.path().join("attempt-1"),
        stop_grace: Duration::from_secs(1),
    }
}

async fn attempt_shows(dir: &Path, wanted: impl Fn(&Truth) -> bool) -> Truth {
    let mut last = Truth::default();
    for _ in 0..600 {
        last = of_attempt(dir).await;
        if wanted(&last) {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it is seen as: {}\n{last:?}", last.words());
}

#[tokio::test]
async fn what_left_its_session_still_belongs_to_the_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("attempt-1");
    assert_eq!(of_attempt(&dir).await, Truth::default(), "there is nothing to know");
    let line = "(setsid sh -c 'exec sleep 611' &) ; exec sleep 612";
    let running = command::start(request(line, &folder)).await.expect("started");
    let truth = attempt_shows(&dir, |truth| truth.processes.len() == 2).await;
    assert_eq!((truth.pid, truth.processes[0].pid), (Some(running.pid), running.pid));
    assert_eq!(look(running.pid).await.processes.len(), 2, "the launcher is known from the process, too");
    running.stopper().stop(true);
    running.wait().await;
    let truth = of_attempt(&dir).await;
    let ended = format!("process {} has ended: killed by the tower after ", truth.pid.expect("known"));
    assert!(truth.words().starts_with(&ended), "{}", truth.words());
}

#[tokio::test]
async fn a_leak_is_seen_to_rise() {
    let folder = tempfile::tempdir().expect("a folder");
    let line =
        "exec python3 -c 'import time\nkept = []\nwhile True: kept.append(bytearray(2_000_000)); time.sleep(0.1)'";
    let running = command::start(request(line, &folder)).await.expect("started");
    let rising = |truth: &Truth| truth.memory.is_some_and(|memory| memory.trend == Some(Trend::Rising));
    let truth = attempt_shows(&folder.path().join("attempt-1"), rising).await;
    assert!(truth.words().ends_with(" MB and rising"), "{}", truth.words());
    running.stopper().stop(true);
    running.wait().await;
}
