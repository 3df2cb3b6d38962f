//! Commands as real processes: what they get, what they leave, how they end, and what a crashed tower leaves behind.

use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;
use launcher::STDOUT;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn shell(line: &str, folder: &TempDir) -> CommandRequest {
    CommandRequest {
        program: Program::Shell(line.into()),
        cwd: None,
        env: Vec::new(),
        stdin: b"{\"n\": 1}".to_vec(),
        dir: folder.path().join("attempt-1"),
        stop_grace: Duration::from_secs(10),
    }
}

async fn run(request: CommandRequest) -> CommandEnd {
    start(request).await.expect("started").wait().await
}

/// Waits until `path` has a whole line, as a sign of the process that something is so far.
async fn line_in(path: PathBuf) -> String {
    loop {
        match std::fs::read_to_string(&path) {
            Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

/// Not as a zombie.
fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

#[tokio::test]
async fn a_command_gets_its_payload_its_environment_and_its_folder() {
    let folder = folder();
    let work = folder.path().join("work");
    std::fs::create_dir(&work).expect("made");
    let mut request = shell("cat; pwd; echo $KEY; echo oops >&2", &folder);
    request.cwd = Some(work.clone());
    request.env = vec![("KEY".into(), "from the vault".into())];
    let end = run(request).await;
    assert_eq!((end.exit_code, end.signal, end.truncated, end.stopped), (Some(0), None, false, false));
    assert_eq!(end.stdout_tail, format!("{{\"n\": 1}}{}\nfrom the vault\n", work.display()));
    assert_eq!(end.stderr_tail, "oops\n");
    assert!(end.words.starts_with("exit code 0 after "), "{}", end.words);

    let dir = folder.path().join("attempt-1");
    let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&dir.join(STDOUT)), 0o600);
    assert_eq!(std::fs::read(dir.join(PAYLOAD)).expect("there"), b"{\"n\": 1}");
}

#[tokio::test]
async fn how_a_command_ended_is_told_in_words() {
    let end = run(shell("exit 3", &folder())).await;
    assert_eq!((end.exit_code, end.signal, end.oom), (Some(3), None, false));
    let end = run(shell("kill -9 $$", &folder())).await;
    assert_eq!((end.exit_code, end.signal, end.oom), (None, Some(9), false));
    assert!(end.words.starts_with("killed by signal 9 (SIGKILL) after "), "{}", end.words);
}

/// Runs one test of these in a process of its own, with `variable` set. True in that process.
fn alone(name: &str, variable: &str) -> bool {
    if std::env::var_os(variable).is_some() {
        return true;
    }
    let mut again = std::process::Command::new(std::env::current_exe().expect("a test binary"));
    let status = again.arg(name).env(variable, "hush").stdout(std::process::Stdio::null()).status();
    assert!(status.expect("it ran").success());
    false
}

#[tokio::test]
async fn what_is_missing_is_named_and_nothing_is_started() {
    let folder = folder();
    let told = async |request| start(request).await.expect_err("cannot be started");
    let argv = |name: &str| CommandRequest { program: Program::Argv(vec![name.into()]), ..shell("", &folder) };
    assert_eq!(told(argv("python9")).await, "python9: no such program on PATH");
    assert_eq!(
        told(CommandRequest { cwd: Some("/no/such".into()), ..argv("true") }).await,
        "the folder /no/such does not exist"
    );

    let script = folder.path().join("agent");
    std::fs::write(&script, "#!/opt/none/python3 -u\n").expect("written");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("permitted");
    let shown = script.display().to_string();
    assert_eq!(
        told(argv(&shown)).await,
        format!("{shown} is there, but the interpreter its first line names is not: /opt/none/python3")
    );
}

#[tokio::test]
async fn a_program_on_the_cues_own_path_is_found() {
    let folder = folder();
    let script = folder.path().join("leads");
    std::fs::write(&script, "#!/bin/sh\necho \"$0 $1\"\n").expect("written");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("permitted");
    let mut request = shell("", &folder);
    request.program = Program::Argv(vec!["leads".into(), "$HOME; a b".into()]);
    request.env = vec![("PATH".into(), folder.path().display().to_string())];
    assert_eq!(run(request).await.stdout_tail, format!("{} $HOME; a b\n", script.display()));
}

#[tokio::test]
async fn a_stopped_command_takes_its_whole_tree_with_it() {
    let folder = folder();
    // One grandchild in the group, one that left it, one that left it and ignores SIGTERM.
    let line = "sleep 60 & echo $! > a; setsid sleep 60 & echo $! > b; setsid sh -c 'trap \"\" TERM; echo $$ > c; while :; do sleep 1; done' & wait";
    let request = CommandRequest {
        cwd: Some(folder.path().into()),
        stop_grace: Duration::from_millis(300),
        ..shell(line, &folder)
    };
    let running = start(request).await.expect("started");
    let mut pids = vec![running.pid];
    for name in ["a", "b", "c"] {
        pids.push(line_in(folder.path().join(name)).await.parse().expect("a pid"));
    }
    assert!(pids.iter().all(|pid| lives(*pid)), "everybody runs");
    running.stopper().stop(false);
    let end = running.wait().await;
    assert!(
        end.stopped && end.words.starts_with("stopped by the tower (killed, as it did not end within 300 ms) after"),
        "{}",
        end.words
    );
    assert!(!pids.iter().any(|pid| lives(*pid)), "nobody is left");
}

#[tokio::test]
async fn a_hard_stop_kills_the_whole_tree_and_waits_for_nobody() {
    let folder = folder();
    // All of them ignore SIGTERM; one left the group, one is in the middle of a stop already.
    let line = "trap '' TERM; (trap '' TERM; sleep 60) & echo $! > a; setsid sh -c 'trap \"\" TERM; echo $$ > b; while :; do sleep 1; done' & while :; do sleep 1; done";
    for stopping_already in [false, true] {
        let request = CommandRequest {
            cwd: Some(folder.path().into()),
            stop_grace: Duration::from_secs(600),
            dir: folder.path().join(format!("attempt-{stopping_already}")),
            ..shell(line, &folder)
        };
        let running = start(request).await.expect("started");
        let mut pids = vec![running.pid];
        for name in ["a", "b"] {
            pids.push(line_in(folder.path().join(name)).await.parse().expect("a pid"));
            std::fs::remove_file(folder.path().join(name)).expect("there");
        }
        if stopping_already {
            running.stopper().stop(false);
        }
        running.stopper().stop(true);
        let end = running.wait().await;
        assert!(end.stopped && end.words.starts_with("killed by the tower after "), "{}", end.words);
        assert_eq!(end.signal, Some(9));
        assert!(!pids.iter().any(|pid| lives(*pid)), "nobody is left");
    }
}

#[tokio::test]
async fn a_polite_command_is_given_its_grace() {
    let folder = folder();
    let line = "trap 'echo saved; exit 0' TERM; echo ready > ready; while :; do sleep 0.05; done";
    let running =
        start(CommandRequest { cwd: Some(folder.path().into()), ..shell(line, &folder) }).await.expect("started");
    line_in(folder.path().join("ready")).await;
    running.stopper().stop(false);
    let end = running.wait().await;
    assert_eq!((end.exit_code, end.stdout_tail.as_str(), end.stopped), (Some(0), "saved\n", true));
    assert!(end.words.starts_with("stopped by the tower after"), "{}", end.words);
}

#[tokio::test]
async fn a_grandchild_that_keeps_the_output_open_holds_nobody_up() {
    let folder = folder();
    let line = "sleep 60 & echo $! > pid; echo done";
    let end = run(CommandRequest { cwd: Some(folder.path().into()), ..shell(line, &folder) }).await;
    assert_eq!((end.exit_code, end.stdout_tail.as_str()), (Some(0), "done\n"));
    let grandchild = line_in(folder.path().join("pid")).await.parse().expect("a pid");
    assert!(lives(grandchild), "a grandchild of a command that ended by itself is left alone");
    let dir = folder.path().join("attempt-1");
    assert!(matches!(adopted(&dir).await, Adopted::Ended(_)), "the command itself has ended");
    launcher::stop(&dir, None).expect("asked");
    while launcher::lives(&dir) {
        sleep(Duration::from_millis(5)).await;
    }
    assert!(!lives(grandchild), "who prints for it still is ended with it");
}

#[tokio::test]
async fn a_gigabyte_of_output_does_not_grow_the_tower() {
    // Other tests in the same process use memory, too.
    if !alone("a_gigabyte_of_output_does_not_grow_the_tower", "TEST_ALONE") {
        return;
    }
    let folder = folder();
    let line = "echo first; head -c 1000000000 /dev/zero | tr '\\0' 'x'; echo; echo last";
    let running = start(shell(line, &folder)).await.expect("started");
    let dir = folder.path().join("attempt-1");
    let before = memory_kib();
    let mut wait = std::pin::pin!(running.wait());
    let (mut most, mut from) = (0, 0);
    let end = loop {
        tokio::select! {
            end = &mut wait => break end,
            () = sleep(Duration::from_millis(5)) => {
                from = live(&dir, Stream::Stdout, from).next_byte;
                most = most.max(memory_kib().saturating_sub(before));
            }
        }
    };
    assert!(
        end.truncated && end.stdout_tail.len() <= 64 * 1024 && end.stdout_tail.ends_with("x\nlast\n"),
        "the end is kept"
    );
    assert!(most < 30 << 10, "the tower grew by {most} KiB");
    assert!(dir.join(STDOUT).metadata().expect("there").len() < 8 << 20);
}

/// What this process has in memory.
fn memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.split_whitespace().next().expect("a number").parse().expect("a number")
}

#[tokio::test]
async fn a_command_without_memory_says_so() {
    let folder = folder();
    let end = run(shell("ulimit -v 200000; exec tail /dev/zero", &folder)).await;
    assert!(end.oom && end.words.contains("out of memory (its address space is limited to 195.3 MiB), at "), "{end:?}");
    assert!(end.cpu_ms.is_some() && end.peak_rss_bytes > Some(1 << 20), "{end:?}");
}

#[tokio::test]
async fn a_command_that_is_started_twice_runs_once() {
    let folder = folder();
    let request = || CommandRequest {
        cwd: Some(folder.path().into()),
        ..shell("echo x >> ran; echo y > begun; sleep 60", &folder)
    };
    let running = start(request()).await.expect("started");
    line_in(folder.path().join("begun")).await;
    assert_eq!(start(request()).await.expect_err("refused"), "another launcher has this attempt already");
    running.stopper().stop(false);
    assert!(running.wait().await.stopped);
    while launcher::lives(&folder.path().join("attempt-1")) {
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(start(request()).await.expect_err("refused"), "this attempt was started before");
    assert_eq!(std::fs::read_to_string(folder.path().join("ran")).expect("it ran"), "x\n");
}

#[tokio::test]
async fn a_start_that_nobody_waits_for_any_more_leaves_nothing_running() {
    for round in 0..20 {
        let folder = folder();
        let request =
            CommandRequest { cwd: Some(folder.path().into()), ..shell("echo x >> ran; exec sleep 60", &folder) };
        let given = Duration::from_micros(round * 300);
        if let Ok(running) = tokio::time::timeout(given, start(request)).await {
            running.expect("started").stopper().stop(false);
        }
        let dir = folder.path().join("attempt-1");
        let ended = tokio::task::spawn_blocking(move || {
            loop {
                match adopt(&dir) {
                    Adopted::Running(_) => std::thread::sleep(Duration::from_millis(5)),
                    Adopted::NeverStarted => return,
                    Adopted::Ended(end) => return assert!(end.stopped, "{end:?}"),
                    Adopted::Lost { words } => panic!("{words}"),
                }
            }
        });
        ended.await.expect("it was not started, or was stopped");
    }
}

#[tokio::test]
async fn the_vaults_passphrase_does_not_reach_the_command() {
    // The test's own environment cannot be changed safely.
    if alone("the_vaults_passphrase_does_not_reach_the_command", "CUETOWER_VAULT_PASSPHRASE") {
        let end = run(shell("echo \"[$CUETOWER_VAULT_PASSPHRASE]\"", &folder())).await;
        assert_eq!(end.stdout_tail, "[]\n");
    }
}

/// Starts `line` as a tower that then vanishes: the process is there, nobody attends it.
fn left_behind(line: &str, folder: &TempDir) -> u32 {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let request = CommandRequest { cwd: Some(folder.path().into()), ..shell(line, folder) };
    let running = runtime.block_on(start(request)).expect("started");
    let pid = running.pid;
    runtime.shutdown_background();
    pid
}

/// As the next tower does, on a thread that may wait.
async fn adopted(dir: &Path) -> Adopted {
    let dir = dir.to_owned();
    tokio::task::spawn_blocking(move || adopt(&dir)).await.expect("no panic")
}

#[test]
fn a_process_outlives_the_tower_and_the_next_one_takes_it_up() {
    let folder = folder();
    let line =
        "echo x >> ran; trap 'echo bye; exit 3' TERM; n=0; while :; do n=$((n+1)); echo tick $n; sleep 0.01; done";
    let pid = left_behind(line, &folder);
    let dir = folder.path().join("attempt-1");
    let printed = || live(&dir, Stream::Stdout, 0).next_byte;
    let before = printed();
    while printed() < before + 50 {
        std::thread::sleep(Duration::from_millis(5));
    }
    tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
        let Adopted::Running(running) = adopted(&dir).await else { panic!("it runs on") };
        assert_eq!(running.pid, pid);
        running.stopper().stop(false);
        let end = running.wait().await;
        assert_eq!((end.exit_code, end.stopped), (Some(3), true), "{end:?}");
        let ticks: Vec<&str> = end.stdout_tail.lines().collect();
        let (last, ticks) = ticks.split_last().expect("it printed");
        assert_eq!(*last, "bye");
        assert!(ticks.iter().enumerate().all(|(at, tick)| *tick == format!("tick {}", at + 1)), "nothing is missing");
        let Adopted::Ended(again) = adopted(&dir).await else { panic!("its end was recorded") };
        assert_eq!(again, end);
    });
    assert_eq!(std::fs::read_to_string(folder.path().join("ran")).expect("it ran"), "x\n");
}

#[tokio::test]
async fn what_was_never_started_is_told_from_what_is_lost() {
    let folder = folder();
    let dir = folder.path().join("attempt-1");
    assert!(matches!(adopted(&dir).await, Adopted::NeverStarted), "no folder at all");
    std::fs::create_dir(&dir).expect("made");
    assert!(
        matches!(adopted(&dir).await, Adopted::NeverStarted),
        "the tower was killed right after it made the folder"
    );
    let running = start(shell("exec sleep 60", &folder)).await.expect("it may still be started");
    let started = std::fs::read(dir.join(launcher::STARTED)).expect("there");
    let started: launcher::Started = serde_json::from_slice(&started).expect("a record");
    let id = nix::unistd::Pid::from_raw(i32::try_from(started.launcher.pid).expect("a pid"));
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGKILL).expect("it lives");
    let pid = running.pid;
    let end = running.wait().await;
    assert_eq!((end.exit_code, end.signal), (None, None));
    assert!(end.words.starts_with("its launcher was killed, so how it ended is not known; process "), "{}", end.words);
    assert!(!lives(pid), "nothing of it is left");
    assert!(matches!(adopted(&dir).await, Adopted::Lost { .. }), "it stays lost");
}

#[test]
fn a_command_of_an_earlier_tower_can_be_stopped_at_once() {
    for hard in [false, true] {
        let folder = folder();
        let pid = left_behind("trap '' TERM; echo ready > ready; while :; do sleep 0.05; done", &folder);
        let dir = folder.path().join("attempt-1");
        tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
            line_in(folder.path().join("ready")).await;
            let Adopted::Running(running) = adopted(&dir).await else { panic!("it runs on") };
            if hard {
                running.stopper().stop(true);
            } else {
                launcher::stop(&dir, Some(Duration::from_millis(100))).expect("asked");
            }
            let end = running.wait().await;
            let said = if hard { "killed by the tower after " } else { "killed, as it did not end within 100 ms" };
            assert!(end.words.contains(said), "{}", end.words);
        });
        assert!(!lives(pid));
    }
}
