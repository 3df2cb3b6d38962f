//! Commands as real processes: what they get, what they leave, how they end, and what a crashed tower leaves behind.

use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;
use crate::deliver::kin::Process;

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

fn lives(pid: u32) -> bool {
    Process::read(pid).is_some()
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
    let folder = folder();
    let end = run(shell("exit 3", &folder)).await;
    assert_eq!((end.exit_code, end.signal), (Some(3), None));
    let end = run(shell("kill -9 $$", &folder)).await;
    assert_eq!((end.exit_code, end.signal), (None, Some(9)));
    assert!(end.words.starts_with("killed by signal 9 (SIGKILL) after "), "{}", end.words);
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
    running.stopper().stop();
    let end = running.wait().await;
    assert!(
        end.stopped && end.words.starts_with("stopped by the tower (killed, as it did not end within 300 ms) after"),
        "{}",
        end.words
    );
    assert!(!pids.iter().any(|pid| lives(*pid)), "nobody is left");
}

#[tokio::test]
async fn a_polite_command_is_given_its_grace() {
    let folder = folder();
    let line = "trap 'echo saved; exit 0' TERM; echo ready > ready; while :; do sleep 0.05; done";
    let running =
        start(CommandRequest { cwd: Some(folder.path().into()), ..shell(line, &folder) }).await.expect("started");
    line_in(folder.path().join("ready")).await;
    running.stopper().stop();
    let end = running.wait().await;
    assert_eq!((end.exit_code, end.stdout_tail.as_str(), end.stopped), (Some(0), "saved\n", true));
    assert!(end.words.starts_with("stopped by the tower after"), "{}", end.words);
    assert!(end.elapsed < Duration::from_secs(8), "SIGKILL was not waited for");
}

#[tokio::test]
async fn a_grandchild_that_keeps_the_output_open_holds_nobody_up() {
    let folder = folder();
    let begun = Instant::now();
    let end = run(CommandRequest {
        cwd: Some(folder.path().into()),
        ..shell("sleep 60 & echo $! > pid; echo done", &folder)
    })
    .await;
    assert_eq!((end.exit_code, end.stdout_tail.as_str()), (Some(0), "done\n"));
    assert!(begun.elapsed() < Duration::from_secs(30), "the grandchild was not waited for");
    let grandchild = line_in(folder.path().join("pid")).await.parse().expect("a pid");
    assert!(lives(grandchild), "a grandchild of a command that ended by itself is left alone");
    reap_leftover(&folder.path().join("attempt-1")).expect("it carries the attempt's mark");
    assert!(!lives(grandchild));
}

#[tokio::test]
async fn a_gigabyte_of_output_fills_neither_memory_nor_disk() {
    let folder = folder();
    let running = start(shell("echo first; head -c 1000000000 /dev/zero | tr '\\0' 'x'; echo; echo last", &folder))
        .await
        .expect("started");
    let path = folder.path().join("attempt-1").join(STDOUT);
    let on_disk = || std::os::unix::fs::MetadataExt::blocks(&path.metadata().expect("there")) * 512;
    let mut wait = std::pin::pin!(running.wait());
    let mut most = 0;
    let end = loop {
        tokio::select! {
            end = &mut wait => break end,
            () = tokio::time::sleep(Duration::from_millis(5)) => most = most.max(on_disk()),
        }
    };
    assert!(
        end.truncated && end.stdout_tail.len() <= 64 * 1024 && end.stdout_tail.ends_with("x\nlast\n"),
        "the end is kept"
    );
    assert!(most < 200 << 20, "{} MiB were on disk at once", most >> 20);
    let text = std::fs::read_to_string(&path).expect("text");
    assert!(text.len() < 8 << 20 && text.starts_with("first\nxxx"), "{} bytes are kept", text.len());
    println!("most on disk at once: {} MiB in {:?}", most >> 20, end.elapsed);
}

#[tokio::test]
async fn what_a_grandchild_prints_is_bounded_after_the_command_has_ended() {
    let folder = folder();
    // It left the group and dropped the mark: only that it holds the output open is known of it.
    let printer = "head -c 400000000 /dev/zero | tr '\\0' 'x'; echo; echo over > over";
    let line = format!("env -i PATH=\"$PATH\" setsid sh -c '{}' & echo begun", printer.replace('\'', "'\\''"));
    let end = run(CommandRequest { cwd: Some(folder.path().into()), ..shell(&line, &folder) }).await;
    assert_eq!(end.exit_code, Some(0));
    let path = folder.path().join("attempt-1").join(STDOUT);
    let (mut most, mut length) = (0, 0);
    while !folder.path().join("over").exists() || length > 8 << 20 {
        let file = path.metadata().expect("there");
        (most, length) = (most.max(std::os::unix::fs::MetadataExt::blocks(&file) * 512), file.len());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(most < 200 << 20, "{} MiB were on disk at once", most >> 20);
}

#[tokio::test]
async fn the_vaults_passphrase_does_not_reach_the_command() {
    // The test's own environment cannot be changed safely, so a copy of this test runs with the variable set.
    if std::env::var_os("CUETOWER_VAULT_PASSPHRASE").is_none() {
        let name = "the_vaults_passphrase_does_not_reach_the_command";
        let mut again = Command::new(std::env::current_exe().expect("a test binary"));
        let status = again.arg(name).env("CUETOWER_VAULT_PASSPHRASE", "hush").stdout(Stdio::null()).status();
        assert!(status.expect("it ran").success());
        return;
    }
    let end = run(shell("echo \"[$CUETOWER_VAULT_PASSPHRASE]\"", &folder())).await;
    assert_eq!(end.stdout_tail, "[]\n");
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

#[test]
fn a_process_outlives_the_tower_keeps_printing_and_is_stopped_by_the_next_tower() {
    let folder = folder();
    let pid = left_behind("while :; do echo tick; sleep 0.01; done", &folder);
    let dir = folder.path().join("attempt-1");
    let printed = || std::fs::metadata(dir.join(STDOUT)).expect("there").len();
    let before = printed();
    while printed() < before + 50 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let told = reap_leftover(&dir).expect("it was left");
    assert!(
        told.starts_with(&format!("process {pid}"))
            && told.ends_with("outlived a crash of the tower and had to be stopped"),
        "{told}"
    );
    assert!(!lives(pid));
    assert_eq!(reap_leftover(&dir), None, "there is nothing left");
}

#[test]
fn a_leftover_that_ignores_the_polite_signal_is_killed() {
    let folder = folder();
    let pid = left_behind("trap '' TERM; echo ready > ready; while :; do sleep 0.05; done", &folder);
    while !folder.path().join("ready").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let told = reap_leftover(&folder.path().join("attempt-1")).expect("it was left");
    assert!(told.contains("killed, as SIGTERM did not end it"), "{told}");
    assert!(!lives(pid));
}

#[test]
fn a_stranger_with_the_noted_pid_is_left_alone() {
    let folder = folder();
    let mut stranger = Command::new("sleep").arg("60").spawn().expect("started");
    leftover::note(folder.path(), stranger.id()).expect("noted");
    let path = folder.path().join(leftover::NOTE);
    let note = std::fs::read_to_string(&path).expect("there");
    let ticks = Process::read(stranger.id()).expect("it lives").start_ticks;
    std::fs::write(&path, note.replace(&ticks.to_string(), &(ticks - 1).to_string())).expect("written");
    assert_eq!(reap_leftover(folder.path()), None);
    assert!(stranger.try_wait().expect("seen").is_none(), "the stranger lives");
    stranger.kill().expect("killed");
    stranger.wait().expect("seen");
}
