//! What the command and whoever started it notice of `exec`: nothing.

use std::process::Stdio;

use cuetower_tests::{Answer, Server, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

use super::{SOON, exec, kept, listening, said};

/// Its exit code, output and error output, after it was given `input`.
async fn run(mut child: Child, input: &str) -> (Option<i32>, String, String) {
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    let ended = tokio::time::timeout(SOON, child.wait_with_output()).await.expect("it ends").unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (ended.status.code(), text(ended.stdout), text(ended.stderr))
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn its_streams_and_its_exit_code_are_the_commands_own() {
    let server = listening().await;
    let dir = tempfile::tempdir().unwrap();
    let url = format!("{}/ping/k", server.url);
    let script = "cat; printf 'no end' >&2; exit 3";
    let child = exec(dir.path(), &["--ping", &url, "--verbose"], &["sh", "-c", script]);
    assert_eq!(run(child, "héllo\n").await, (Some(3), "héllo\n".into(), "no end".into()));
    let seen = server.seen();
    let told: Vec<_> = seen.iter().map(said).collect();
    assert_eq!([told[0].0.as_str(), told[1].0.as_str()], ["/start", "/3"]);
    assert_eq!(told[0].1["rid"], told[1].1["rid"]);
    assert!(told[1].1.contains_key("duration_ms") && told[1].1.contains_key("cpu_ms"), "{told:?}");
    let output = String::from_utf8_lossy(&seen[1].body).into_owned();
    assert!(output.contains("héllo") && output.contains("no end"), "{output}");
    assert_eq!((seen.len(), kept(dir.path()).len()), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_reaches_the_command_which_ends_as_it_likes() {
    let dir = tempfile::tempdir().unwrap();
    let trapping = "trap 'echo caught; exit 7' TERM; echo ready; while :; do sleep 0.05; done";
    let plain = "echo ready; exec sleep 1000";
    for (script, signal, code) in
        [(trapping, Signal::SIGTERM, 7), (plain, Signal::SIGTERM, 143), (plain, Signal::SIGHUP, 129)]
    {
        let mut child = exec(dir.path(), &["--cue", "none"], &["sh", "-c", script]);
        let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(out.next_line().await.unwrap().as_deref(), Some("ready"));
        kill(pid(&child), signal).unwrap();
        let status = tokio::time::timeout(SOON, child.wait()).await.expect("it ends").unwrap();
        assert_eq!(status.code(), Some(code), "{signal}");
    }
    let end = std::fs::read_to_string(kept(dir.path()).pop().unwrap()).unwrap();
    assert!(end.contains(r#""exit":129"#), "{end}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ignored_stays_ignored() {
    let dir = tempfile::tempdir().unwrap();
    let line = format!(
        "trap '' HUP; exec {} exec --data {} --cue none -- sh -c 'kill -HUP $$; kill -HUP $PPID; echo alive'",
        cuetower_tests::binary("cuetowerctl").display(),
        dir.path().display()
    );
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(line).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = shell.kill_on_drop(true).spawn().unwrap();
    assert_eq!(run(child, "").await, (Some(0), "alive\n".into(), String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_not_there_is_told_as_a_shell_would() {
    let server = listening().await;
    let dir = tempfile::tempdir().unwrap();
    let url = format!("{}/ping/k", server.url);
    let script = dir.path().join("no-first-line");
    std::fs::write(&script, "echo \"ran $1\"; exit 5").unwrap();
    let script = script.to_str().unwrap();
    let refused = run(exec(dir.path(), &["--ping", &url], &[script, "x"]), "").await;
    assert_eq!((refused.0, refused.1.as_str()), (Some(126), ""));
    let missing = run(exec(dir.path(), &["--ping", &url], &["no-such-command"]), "").await;
    assert_eq!(missing.0, Some(127));
    assert_eq!(missing.2, "cuetowerctl exec: no-such-command: no such program on PATH\n");
    let codes: Vec<_> = server.seen().iter().map(|seen| said(seen).0).collect();
    assert_eq!(codes, ["/126", "/127"], "what never began is not said to have begun");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(script, mode).unwrap();
    let ran = run(exec(dir.path(), &["--ping", &url], &[script, "x"]), "").await;
    assert_eq!((ran.0, ran.1.as_str()), (Some(5), "ran x\n"), "a shell runs it, as cron's would");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tower_that_never_answers_changes_nothing() {
    let server = Server::start(|_, _| Answer::status(200).after(std::time::Duration::from_secs(3_600))).await;
    let dir = tempfile::tempdir().unwrap();
    let url = format!("{}/ping/k", server.url);
    let child = exec(dir.path(), &["--ping", &url], &["sh", "-c", "echo done; exit 2"]);
    assert_eq!(run(child, "").await, (Some(2), "done\n".into(), String::new()));
    let kept = kept(dir.path());
    assert_eq!(kept.len(), 2, "start and end are kept");
    assert!(std::fs::read_to_string(&kept[0]).unwrap().contains(r#""kind":"start""#));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_command_leaves_running_may_still_print() {
    let dir = tempfile::tempdir().unwrap();
    let (gate, marker) = (dir.path().join("gate"), dir.path().join("printed"));
    let script = format!(
        "(while [ ! -e {gate} ]; do sleep 0.05; done; echo late && echo later && touch {marker}) & echo first",
        gate = gate.display(),
        marker = marker.display()
    );
    let mut child = exec(dir.path(), &["--cue", "none"], &["sh", "-c", &script]);
    let mut out = child.stdout.take().unwrap();
    let status = tokio::time::timeout(SOON, child.wait()).await.expect("it does not wait for what was left").unwrap();
    assert_eq!(status.code(), Some(0));
    std::fs::write(&gate, "").unwrap();
    let mut text = String::new();
    tokio::time::timeout(SOON, out.read_to_string(&mut text)).await.expect("its output ends").unwrap();
    assert_eq!(text, "first\nlate\nlater\n");
    assert!(marker.exists(), "no broken pipe");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_away_ends_the_command_by_a_broken_pipe() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = exec(dir.path(), &["--cue", "none"], &["yes"]);
    drop(child.stdout.take());
    let status = tokio::time::timeout(SOON, child.wait()).await.expect("it ends").unwrap();
    assert_eq!(status.code(), Some(141), "128 and SIGPIPE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gigabyte_goes_through_in_bounded_memory() {
    const BYTES: u64 = 1_000_000_000;
    let dir = tempfile::tempdir().unwrap();
    let script = format!("head -c {BYTES} /dev/zero; printf end >&2; read -r line; exit 9");
    let mut child = exec(dir.path(), &["--cue", "none"], &["sh", "-c", &script]);
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (mut count, mut buffer) = (0_u64, vec![0; 1 << 20]);
    while count < BYTES {
        let length = tokio::time::timeout(SOON, out.read(&mut buffer)).await.expect("more comes").unwrap();
        assert!(length > 0, "it broke off after {count} bytes");
        count += length as u64;
    }
    let mut word = [0; 3];
    err.read_exact(&mut word).await.unwrap();
    assert_eq!((count, &word), (BYTES, b"end"));
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id().unwrap())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak_kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak_kib < 64 * 1024, "{peak_kib} KiB for 1 GB");
    child.stdin.take().unwrap().write_all(b"\n").await.unwrap();
    let status = until("end", SOON, async || child.try_wait().unwrap()).await;
    assert_eq!(status.code(), Some(9));
    let end = std::fs::metadata(kept(dir.path()).pop().unwrap()).unwrap().len();
    assert!(end < 1024 * 1024, "the kept end has {end} bytes");
}
