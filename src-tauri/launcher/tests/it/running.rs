//! Launchers as real processes, with real programs: what a program gets and leaves, how it ends, how its tree is stopped.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use crate::support::*;
use cuetower_launcher::{
    EXIT, PAYLOAD, Program, STDERR, STDOUT, Spec, Stream, live, lives as has_launcher, prepare, stop, tail, usage,
};

#[test]
fn a_program_gets_its_payload_its_environment_and_its_folder_and_leaves_a_record() {
    let place = Place::new();
    let ticket = prepare(&place.dir, b"{\"n\": 1}").expect("a folder");
    let mut spec = place.spec(ticket, "cat; pwd; echo $KEY; echo oops >&2; exit 3");
    spec.env = vec![("KEY".into(), "from the vault".into())];
    let launched = launch(&place.dir, &spec).expect("started");
    let session = std::fs::read_to_string(format!("/proc/{}/stat", launched.launcher.id())).expect("it lives");
    let session = session.rsplit_once(')').expect("a name").1.split_whitespace().nth(3).map(str::to_owned);
    assert_eq!(session, Some(launched.launcher.id().to_string()), "it has a session of its own");
    let exit = launched.end(&place.dir);
    assert_eq!((exit.exit_code, exit.signal, exit.stopped, exit.oom), (Some(3), None, false, false));
    assert!(exit.words.starts_with("exit code 3 after "), "{}", exit.words);
    assert_eq!(place.printed(STDOUT), format!("{{\"n\": 1}}{}\nfrom the vault\n", place.folder.path().display()));
    assert_eq!(place.printed(STDERR), "oops\n");
    let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&place.dir), 0o700);
    for name in [PAYLOAD, STDOUT, STDERR, EXIT, "started.json", "lock"] {
        assert_eq!(mode(&place.dir.join(name)), 0o600, "{name}");
    }
    assert!(!has_launcher(&place.dir), "nobody has the folder any more");
}

#[test]
fn a_signal_is_told_by_its_name_if_it_has_one() {
    let place = Place::new();
    let exit = place.start("kill -11 $$").end(&place.dir);
    assert_eq!((exit.exit_code, exit.signal), (None, Some(11)));
    assert!(exit.words.starts_with("killed by signal 11 (SIGSEGV"), "{}", exit.words);
    // The library that waits has no name for this one, and an orphan that dies of it comes first.
    let place = Place::new();
    let until = |name: &str| format!("until [ -e {name} ]; do sleep 0.01; done; kill -40 $$");
    let launched = place.start(&format!("(sh -c 'echo $$ > orphan; {}' &); {}", until("first"), until("second")));
    let orphan = place.pid_in("orphan");
    std::fs::write(place.path("first"), "").expect("written");
    wait_until("the orphan is buried", || !Path::new(&format!("/proc/{orphan}")).exists());
    std::fs::write(place.path("second"), "").expect("written");
    let exit = launched.end(&place.dir);
    assert_eq!((exit.exit_code, exit.signal), (None, Some(40)), "{exit:?}");
    assert!(exit.words.starts_with("killed by signal 40 (unnamed) after "), "{}", exit.words);
}

#[test]
fn a_secret_is_in_the_program_alone() {
    let place = Place::new();
    let ticket = prepare(&place.dir, b"{}").expect("a folder");
    let mut spec = place.spec(ticket, "echo $$ > pid; exec sleep 60");
    spec.env = vec![("KEY".into(), "hush-4711".into())];
    let launched = launch(&place.dir, &spec).expect("started");
    place.line_in("pid");
    let of = |pid: u32, file: &str| std::fs::read(format!("/proc/{pid}/{file}")).expect("it lives");
    let told = |bytes: &[u8]| bytes.windows(9).any(|window| window == b"hush-4711");
    assert!(told(&of(launched.pid, "environ")), "the program has it");
    let own = launched.launcher.id();
    assert!(!told(&of(own, "environ")) && !told(&of(own, "cmdline")), "the launcher shows it to nobody");
    stop(&place.dir, None).expect("asked");
    launched.end(&place.dir);
    for file in std::fs::read_dir(&place.dir).expect("a folder").flatten() {
        assert!(!told(&std::fs::read(file.path()).expect("a file")), "{}", file.path().display());
    }
}

#[test]
fn what_is_missing_is_named_and_nothing_is_started() {
    let told = |make: &dyn Fn(&Place, String) -> Spec| {
        let place = Place::new();
        let ticket = prepare(&place.dir, b"{}").expect("a folder");
        let spec = make(&place, ticket);
        let words = launch(&place.dir, &spec).err().expect("cannot be started");
        let exit = cuetower_launcher::ended(&place.dir).expect("a record");
        assert_eq!(exit.not_started.as_ref(), Some(&words));
        words
    };
    let argv = |name: &str| Program::Argv(vec![name.into()]);
    let missing = told(&|place, ticket| Spec { program: argv("python9"), ..place.spec(ticket, "") });
    assert_eq!(missing, "python9: no such program on PATH");
    let folder = told(&|place, ticket| Spec { cwd: Some("/no/such".into()), ..place.spec(ticket, "true") });
    assert_eq!(folder, "the folder /no/such does not exist");
    let interpreter = told(&|place, ticket| {
        let script = place.path("agent");
        std::fs::write(&script, "#!/opt/none/python3 -u\n").expect("written");
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("permitted");
        Spec { program: argv("./agent"), ..place.spec(ticket, "") }
    });
    assert!(
        interpreter.ends_with("agent is there, but the interpreter its first line names is not: /opt/none/python3"),
        "{interpreter}"
    );
}

#[test]
fn a_stopped_program_takes_its_whole_tree_with_it() {
    let place = Place::new();
    // In the group; out of it; out of it and deaf; a daemon (its parent is gone) that dropped every mark it inherited.
    let line = "sleep 60 & echo $! > a
        setsid sleep 60 & echo $! > b
        setsid sh -c 'trap \"\" TERM; echo $$ > c; while :; do sleep 1; done' &
        env -i setsid sh -c 'echo $$ > parent; sh -c \"echo \\$\\$ > d; exec sleep 60\" > /dev/null 2>&1 &' &
        wait";
    let ticket = prepare(&place.dir, b"{}").expect("a folder");
    let spec = Spec { stop_grace_ms: 300, ..place.spec(ticket, line) };
    let launched = launch(&place.dir, &spec).expect("started");
    let mut pids: Vec<u32> = ["a", "b", "c", "d"].into_iter().map(|name| place.pid_in(name)).collect();
    wait_until("the daemon's parent is gone", || !lives(place.pid_in("parent")));
    pids.push(launched.pid);
    assert!(pids.iter().all(|pid| lives(*pid)), "everybody runs");
    stop(&place.dir, None).expect("asked");
    let exit = launched.end(&place.dir);
    assert!(exit.stopped);
    assert!(
        exit.words.starts_with("stopped by the tower (killed, as it did not end within 300 ms) after"),
        "{}",
        exit.words
    );
    assert!(!pids.iter().any(|pid| lives(*pid)), "nobody is left");
}

#[test]
fn a_polite_program_is_given_its_grace() {
    let place = Place::new();
    let launched = place.start("trap 'echo saved; exit 0' TERM; echo ready > ready; while :; do sleep 0.05; done");
    place.line_in("ready");
    stop(&place.dir, None).expect("asked");
    let exit = launched.end(&place.dir);
    assert_eq!((exit.exit_code, place.printed(STDOUT).as_str(), exit.stopped), (Some(0), "saved\n", true));
    assert!(exit.words.starts_with("stopped by the tower after"), "{}", exit.words);
}

#[test]
fn a_grace_may_be_cut_short() {
    let place = Place::new();
    let launched = place.start("trap '' TERM; echo ready > ready; while :; do sleep 0.05; done");
    place.line_in("ready");
    stop(&place.dir, None).expect("asked");
    stop(&place.dir, Some(Duration::from_millis(50))).expect("asked again");
    let exit = launched.end(&place.dir);
    assert!(exit.words.contains("killed, as it did not end within 50 ms"), "{}", exit.words);
}

#[test]
fn a_program_told_to_stop_before_its_start_is_not_started() {
    let place = Place::new();
    let ticket = prepare(&place.dir, b"{}").expect("a folder");
    stop(&place.dir, None).expect("asked");
    let words = launch(&place.dir, &place.spec(ticket, "echo ran > ran")).err().expect("refused");
    assert_eq!(words, "it was stopped before it was started");
    assert!(!place.path("ran").exists());
    let again = place.start("echo ran > ran");
    assert_eq!(again.end(&place.dir).exit_code, Some(0), "a new start of the same attempt is one");
}

#[test]
fn a_grandchild_that_keeps_the_output_open_holds_nobody_up_and_is_stopped_when_asked() {
    let place = Place::new();
    let mut launched = place.start("sleep 60 & echo $! > pid; echo done");
    wait_until("the end is recorded", || place.dir.join(EXIT).exists());
    let grandchild = place.pid_in("pid");
    assert!(lives(grandchild), "a grandchild of a program that ended by itself is left alone");
    assert_eq!(cuetower_launcher::ended(&place.dir).expect("a record").exit_code, Some(0));
    assert!(has_launcher(&place.dir), "somebody bounds what it prints");
    stop(&place.dir, None).expect("asked");
    launched.launcher.wait().expect("seen");
    assert!(!lives(grandchild));
    assert_eq!(place.printed(STDOUT), "done\n");
}

/// So many times 10 MB of `x`, with a breath after each: as fast as memory allows, what is on the disk at once would be the speed of
/// this machine times whatever else its disk has to do.
fn printing(times: u32) -> String {
    format!("for _ in $(seq {times}); do head -c 10000000 /dev/zero | tr '\\0' 'x'; sleep 0.02; done")
}

#[test]
fn a_gigabyte_of_output_fills_neither_memory_nor_disk() {
    let place = Place::new();
    let own_before = status_kib(std::process::id(), "VmRSS");
    let launched = place.start(&format!("echo first; {}; echo; echo last", printing(100)));
    let launcher = launched.launcher.id();
    let path = place.dir.join(STDOUT);
    let on_disk = || std::os::unix::fs::MetadataExt::blocks(&path.metadata().expect("there")) * 512;
    let (mut most, mut launcher_kib, mut seen) = (0, 0, 0);
    wait_until("it has ended", || {
        most = most.max(on_disk());
        if lives(launcher) && !place.dir.join(EXIT).exists() {
            launcher_kib = status_kib(launcher, "VmHWM");
        }
        seen = live(&place.dir, Stream::Stdout, seen).next_byte.max(seen);
        place.dir.join(EXIT).exists()
    });
    let exit = launched.end(&place.dir);
    assert_eq!(exit.exit_code, Some(0));
    assert!(most < 200 << 20, "{} MiB were on disk at once", most >> 20);
    let text = std::fs::read_to_string(&path).expect("text, as no hole is left");
    assert!(text.len() < 8 << 20 && text.starts_with("first\nxxx"), "{} bytes are kept", text.len());
    let end = tail(&path).text;
    assert!(end.ends_with("x\nlast\n"), "the end is kept: {}", &end[end.len().saturating_sub(50)..]);
    let own_kib = status_kib(std::process::id(), "VmRSS").saturating_sub(own_before);
    // The whole text was just read in.
    assert!(own_kib < 30 << 10, "the reader grew by {own_kib} KiB");
    assert!(launcher_kib > 0 && launcher_kib < 30 << 10, "the launcher used {launcher_kib} KiB");
    println!(
        "on disk {} MiB at most, launcher {launcher_kib} KiB, reader +{own_kib} KiB, {} ms",
        most >> 20,
        exit.elapsed_ms
    );
}

#[test]
fn what_a_grandchild_prints_is_bounded_after_the_program_has_ended() {
    let place = Place::new();
    // It left the group and dropped the mark: only that it holds the output open is known of it.
    let printer = format!("{}; echo; echo over > over", printing(40));
    let mut launched =
        place.start(&format!("env -i PATH=\"$PATH\" setsid sh -c '{}' & echo begun", printer.replace('\'', "'\\''")));
    let path = place.dir.join(STDOUT);
    let mut most = 0;
    wait_until("the grandchild has printed everything", || {
        most = most.max(std::os::unix::fs::MetadataExt::blocks(&path.metadata().expect("there")) * 512);
        place.path("over").exists()
    });
    launched.launcher.wait().expect("seen");
    assert!(most < 200 << 20, "{} MiB were on disk at once", most >> 20);
    assert!(path.metadata().expect("there").len() < 8 << 20);
}

#[test]
fn memory_and_processor_time_of_the_tree_are_sampled() {
    let place = Place::new();
    let launched = place.start("sleep 60 & setsid sleep 60 & while :; do :; done");
    let mut seen = None;
    wait_until("two samples are there", || {
        seen = usage(&place.dir).filter(|usage| usage.samples.len() > 1);
        seen.is_some()
    });
    let seen = seen.expect("just seen");
    let last = seen.samples.back().expect("the latest");
    assert_eq!(last.processes, 3, "{seen:?}");
    assert!(last.rss_bytes > 100_000 && last.cpu_ms > 0 && seen.peak_rss_bytes >= last.rss_bytes, "{seen:?}");
    stop(&place.dir, None).expect("asked");
    let exit = launched.end(&place.dir);
    assert!(exit.peak_rss_bytes >= Some(seen.peak_rss_bytes) && exit.cpu_ms >= Some(last.cpu_ms), "{exit:?}");
}
