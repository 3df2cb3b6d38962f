//! What a tower that starts finds, whenever the one before it was killed: nothing runs twice, nothing that ran is lost.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cuetower_launcher::{EXIT, Found, LOCK, STARTED, STDOUT, Started, adopt, prepare, stop};

use crate::support::*;

/// This test binary, started anew as a tower that begins the attempt in `dir` and then hangs until it is killed.
fn tower(place: &Place, line: &str) -> std::process::Child {
    Command::new(std::env::current_exe().expect("a test binary"))
        .args(["--exact", "adoption::acts_as_a_tower", "--nocapture"])
        .env("TEST_FOLDER", place.folder.path())
        .env("TEST_LINE", line)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("started")
}

/// No test of its own: what [`tower`] starts.
#[test]
fn acts_as_a_tower() {
    let Some(folder) = std::env::var_os("TEST_FOLDER") else { return };
    let folder = Path::new(&folder);
    let dir = folder.join("attempt-1");
    let ticket = prepare(&dir, b"{}").expect("a folder");
    let spec = cuetower_launcher::Spec {
        ticket,
        program: cuetower_launcher::Program::Shell(std::env::var("TEST_LINE").expect("a line")),
        cwd: Some(folder.into()),
        env: Vec::new(),
        stop_grace_ms: 10_000,
    };
    let launched = launch(&dir, &spec).expect("started");
    println!("\nSTARTED {}", launched.pid);
    std::io::stdout().flush().expect("written");
    // Until it is killed, or whoever started it is gone.
    let _ = std::io::stdin().read_line(&mut String::new());
}

fn wait_for_start(tower: &mut std::process::Child) {
    let lines = BufReader::new(tower.stdout.take().expect("a pipe")).lines();
    lines.map_while(Result::ok).find(|line| line.starts_with("STARTED")).expect("it starts the command");
}

fn kill_tower(mut tower: std::process::Child) {
    tower.kill().expect("killed");
    tower.wait().expect("seen");
}

#[test]
fn an_agent_that_prints_while_the_tower_is_killed_ran_once_with_all_its_output_and_its_exit_code() {
    let place = Place::new();
    let line = "echo x >> ran; for n in $(seq 1 20); do echo line $n; sleep 0.1; done; echo over >&2; exit 7";
    let mut tower = tower(&place, line);
    wait_for_start(&mut tower);
    wait_until("it has printed", || place.printed(STDOUT).contains("line 3\n"));
    kill_tower(tower);
    let Found::Running(started) = adopt(&place.dir) else { panic!("it runs on") };
    assert!(started.program.is_some_and(|program| program.lives()));
    wait_until("it has ended", || place.dir.join(EXIT).exists());
    let Found::Ended(exit) = adopt(&place.dir) else { panic!("its end was recorded") };
    assert_eq!((exit.exit_code, exit.stopped), (Some(7), false));
    let expected: String = (1..=20).map(|number| format!("line {number}\n")).collect();
    assert_eq!(place.printed(STDOUT), expected);
    assert_eq!(place.printed("stderr"), "over\n");
    assert_eq!(std::fs::read_to_string(place.path("ran")).expect("it ran"), "x\n");
    wait_until("the launcher is gone", || !cuetower_launcher::lives(&place.dir));
}

#[test]
fn whenever_the_tower_is_killed_the_command_runs_once() {
    let mut found = [0; 3];
    for round in 0..60 {
        let place = Place::new();
        let tower = tower(&place, "echo x >> ran; exit 5");
        let pause = Duration::from_micros(round * 400);
        std::thread::sleep(pause);
        kill_tower(tower);
        match adopt(&place.dir) {
            Found::NeverStarted => {
                found[0] += 1;
                // The next tower begins anew, whatever late launcher comes meanwhile.
                assert_eq!(place.start("echo x >> ran; exit 5").end(&place.dir).exit_code, Some(5));
            }
            Found::Running(_) => {
                found[1] += 1;
                wait_until("it has ended", || place.dir.join(EXIT).exists());
            }
            Found::Ended(exit) => {
                found[2] += 1;
                assert_eq!(exit.exit_code, Some(5));
            }
            Found::Lost { words } => panic!("nobody killed the launcher: {words}"),
        }
        wait_until("the launcher is gone", || !cuetower_launcher::lives(&place.dir));
        let Found::Ended(exit) = adopt(&place.dir) else { panic!("its end was recorded") };
        assert_eq!(exit.exit_code, Some(5));
        assert_eq!(std::fs::read_to_string(place.path("ran")).expect("it ran"), "x\n", "round {round}");
    }
    println!("found never started, running, ended: {found:?}");
}

#[test]
fn of_many_launchers_with_the_same_ticket_one_starts_the_program() {
    let place = Place::new();
    let ticket = prepare(&place.dir, b"{}").expect("a folder");
    let started: Vec<_> = std::thread::scope(|scope| {
        let racing: Vec<_> = (0..12)
            .map(|_| scope.spawn(|| launch(&place.dir, &place.spec(ticket.clone(), "echo x >> ran; sleep 0.2"))))
            .collect();
        racing.into_iter().map(|launch| launch.join().expect("no panic")).collect()
    });
    let (ran, refused): (Vec<_>, Vec<_>) = started.into_iter().partition(Result::is_ok);
    assert_eq!(ran.len(), 1);
    for words in refused.into_iter().filter_map(Result::err) {
        assert!(
            ["another launcher has this attempt already", "this attempt was started before"].contains(&words.as_str()),
            "{words}"
        );
    }
    assert!(prepare(&place.dir, b"{}").is_err(), "nor is it made ready again");
    for launched in ran.into_iter().flatten() {
        launched.end(&place.dir);
    }
    assert_eq!(prepare(&place.dir, b"{}"), Err("this attempt was started before".into()));
    assert_eq!(std::fs::read_to_string(place.path("ran")).expect("it ran"), "x\n");
}

#[test]
fn a_launcher_that_comes_late_starts_nothing() {
    let place = Place::new();
    assert_eq!(adopt(&place.dir), Found::NeverStarted, "no folder");
    std::fs::create_dir(&place.dir).expect("made");
    assert_eq!(adopt(&place.dir), Found::NeverStarted, "an empty folder");
    let late = place.spec(prepare(&place.dir, b"{}").expect("a folder"), "echo late >> ran");
    assert_eq!(adopt(&place.dir), Found::NeverStarted, "a launcher that did not come yet");
    let refused = Err("this attempt was given to another launcher".to_owned());
    assert_eq!(launch(&place.dir, &late).map(|_| ()), refused);
    let again = place.spec(prepare(&place.dir, b"{}").expect("a folder"), "echo again >> ran");
    assert_eq!(launch(&place.dir, &late).map(|_| ()), refused, "nor in the folder made ready anew");
    launch(&place.dir, &again).expect("started").end(&place.dir);
    assert_eq!(std::fs::read_to_string(place.path("ran")).expect("it ran"), "again\n");
}

/// As launchers do that come late, towers that ask whether a launcher lives, and towers that look what became of an attempt.
#[test]
fn who_only_looks_at_a_folder_keeps_nobody_from_starting_in_it() {
    let over = AtomicBool::new(false);
    let place = Place::new();
    std::fs::create_dir(&place.dir).expect("made");
    let file = std::fs::File::create(place.dir.join(LOCK)).expect("made");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                if file.try_lock().is_ok() {
                    std::thread::sleep(Duration::from_millis(3));
                    file.unlock().expect("free again");
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let _over = Over(&over);
        for round in 0..20 {
            let ticket = prepare(&place.dir, b"{}").expect("a folder");
            let refused = launch(&place.dir, &place.spec(ticket, " ")).err();
            assert_eq!(refused.as_deref(), Some("the shell line is empty"), "round {round}");
        }
        let ticket = prepare(&place.dir, b"{}").expect("a folder");
        let launched = launch(&place.dir, &place.spec(ticket, "until [ -e go ]; do sleep 0.01; done; exit 5"));
        let launched = launched.expect("started");
        let has_it = Err("another launcher has this attempt already".to_owned());
        assert_eq!(prepare(&place.dir, b"{}"), has_it, "who runs a program has the folder for good");
        std::fs::write(place.path("go"), "\n").expect("written");
        assert_eq!(launched.end(&place.dir).exit_code, Some(5));
    });
}

/// Set however the scope is left, or a test that fails would wait for ever.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_command_that_could_not_be_started_was_never_started() {
    let place = Place::new();
    let spec = place.spec(prepare(&place.dir, b"{}").expect("a folder"), " ");
    assert_eq!(launch(&place.dir, &spec).err().as_deref(), Some("the shell line is empty"));
    assert_eq!(adopt(&place.dir), Found::NeverStarted);
    assert_eq!(place.start("exit 4").end(&place.dir).exit_code, Some(4));
}

#[test]
fn a_command_whose_launcher_is_killed_is_lost_and_nothing_of_it_is_left() {
    let place = Place::new();
    let mut launched = place.start(
        "sleep 60 & echo $! > a; setsid sh -c 'trap \"\" TERM; echo $$ > b; while :; do sleep 1; done' & sleep 60",
    );
    let pids = [launched.pid, place.pid_in("a"), place.pid_in("b")];
    launched.launcher.kill().expect("killed");
    launched.launcher.wait().expect("seen");
    assert!(pids.iter().all(|pid| lives(*pid)), "they live on");
    let Found::Lost { words } = adopt(&place.dir) else { panic!("it is lost") };
    assert!(words.starts_with("its launcher was killed, so how it ended is not known; process "), "{words}");
    assert!(words.contains(&format!("process {} and ", launched.pid)) && words.contains("had to be killed"), "{words}");
    assert!(!pids.iter().any(|pid| lives(*pid)), "nobody is left");
    let Found::Lost { words } = adopt(&place.dir) else { panic!("it stays lost") };
    assert_eq!(words, "its launcher was killed, so how it ended is not known");
    assert!(prepare(&place.dir, b"{}").is_err(), "it is not started again");
}

#[test]
fn a_stranger_with_the_noted_pid_is_left_alone() {
    let place = Place::new();
    let mut launched = place.start("exec sleep 60");
    launched.launcher.kill().expect("killed");
    launched.launcher.wait().expect("seen");
    kill(launched.pid);
    wait_until("its end", || !lives(launched.pid));
    let mut stranger = Command::new("sleep").arg("60").spawn().expect("started");
    let path = place.dir.join(STARTED);
    let mut started: Started = serde_json::from_slice(&std::fs::read(&path).expect("there")).expect("a record");
    let program = started.program.as_mut().expect("it was started");
    assert_eq!(program.pid, launched.pid);
    program.pid = stranger.id();
    std::fs::write(&path, serde_json::to_vec(&started).expect("JSON")).expect("written");
    let Found::Lost { words } = adopt(&place.dir) else { panic!("it is lost") };
    assert_eq!(words, "its launcher was killed, so how it ended is not known");
    assert!(stranger.try_wait().expect("seen").is_none(), "the stranger lives");
    stranger.kill().expect("killed");
    stranger.wait().expect("seen");
}

#[test]
fn what_ran_before_the_machine_was_restarted_is_lost() {
    let place = Place::new();
    let mut launched = place.start("exec sleep 60");
    launched.launcher.kill().expect("killed");
    launched.launcher.wait().expect("seen");
    kill(launched.pid);
    let elsewhen = |name: &str| {
        let path = place.dir.join(name);
        let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("Linux says it");
        let text = std::fs::read_to_string(&path).expect("there");
        assert!(text.contains(boot_id.trim()));
        std::fs::write(&path, text.replace(boot_id.trim(), "another-start-of-the-machine")).expect("written");
    };
    elsewhen(STARTED);
    elsewhen(LOCK);
    assert_eq!(adopt(&place.dir), Found::Lost { words: "the machine was restarted while it ran".into() });
    std::fs::remove_file(place.dir.join(STARTED)).expect("there");
    let words = "the machine was restarted; whether it was started before is not known".into();
    assert_eq!(adopt(&place.dir), Found::Lost { words });
}

#[test]
fn an_adopted_command_can_be_stopped() {
    let place = Place::new();
    let mut tower = tower(&place, "echo $$ > pid; exec sleep 60");
    wait_for_start(&mut tower);
    let pid = place.pid_in("pid");
    kill_tower(tower);
    assert!(matches!(adopt(&place.dir), Found::Running(_)));
    stop(&place.dir, None).expect("asked");
    wait_until("it has ended", || place.dir.join(EXIT).exists());
    let Found::Ended(exit) = adopt(&place.dir) else { panic!("its end was recorded") };
    assert!(exit.stopped && exit.words.starts_with("stopped by the tower after "), "{}", exit.words);
    assert!(!lives(pid));
}
