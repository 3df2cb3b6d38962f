//! Checks that run real programs.

use std::sync::Arc;

use cuetower_core::check::{CommandCheck, What};
use cuetower_core::cue::Program;

use crate::check::tests::{Place, eventually};

fn shell(line: &str) -> CommandCheck {
    CommandCheck { program: Program::Shell(line.into()), cwd: None, env: vec![] }
}

fn argv(words: &[&str]) -> What {
    let argv = words.iter().map(|word| (*word).to_owned()).collect();
    What::Command(CommandCheck { program: Program::Argv(argv), cwd: None, env: vec![] })
}

#[cfg(target_os = "linux")]
fn lives(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

#[tokio::test]
async fn a_command_holds_with_exit_code_0() {
    let place = Place::new().await;
    assert_eq!(place.holds(argv(&["true"])).await, "exit code 0");
    assert_eq!(place.holds(argv(&["echo", "a  b"])).await, "exit code 0: a b");
    assert_eq!(place.fails(argv(&["false"])).await, "exit code 1");
    let said = What::Command(shell("echo out; printf '\\033[31mno route\\033[0m\\n' >&2; exit 3"));
    assert_eq!(place.fails(said).await, "exit code 3: no route", "its last word on standard error");
    assert_eq!(place.fails(What::Command(shell("kill -9 $$"))).await, "killed by signal 9");
    assert_eq!(place.fails(argv(&["python9"])).await, "python9: no such program on PATH");
}

#[tokio::test]
async fn it_works_in_the_folder_of_the_cue_unless_it_has_its_own() {
    let place = Place::new().await;
    std::fs::create_dir(place.folder.path().join("inner")).expect("made");
    place.file("inner/marker", "");
    assert_eq!(place.holds(What::Command(shell("test -d inner"))).await, "exit code 0");
    let inner = |cwd: &str| What::Command(CommandCheck { cwd: Some(cwd.into()), ..shell("test -f marker") });
    assert_eq!(place.holds(inner("inner")).await, "exit code 0");
    assert!(place.fails(inner("outer")).await.ends_with("outer does not exist"));
}

#[tokio::test]
async fn a_secret_is_a_variable_of_the_program_and_not_in_the_proof() {
    let place = Place::new().await;
    place.secret("PASSWORD", "correct horse").await;
    let env = vec![("PGPASSWORD".to_owned(), "{{secret:PASSWORD}}".to_owned())];
    let check = CommandCheck { env, ..shell(r#"test "$PGPASSWORD" = "correct horse" && echo "I know: $PGPASSWORD""#) };
    assert_eq!(place.holds(What::Command(check)).await, "exit code 0: I know: ••••");
}

#[tokio::test]
async fn it_has_nothing_to_read_and_may_print_a_lot() {
    let place = Place::new().await;
    assert_eq!(place.holds(argv(&["cat"])).await, "exit code 0");
    let flood = What::Command(shell("yes | head -c 50000000; echo last"));
    assert_eq!(place.holds(flood).await, "exit code 0: last");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_it_leaves_behind_is_ended() {
    let place = Place::new().await;
    let proof = place.perform(What::Command(shell("sleep 1000 & echo $!"))).await;
    let pid = proof.saw.strip_prefix("exit code 0: ").expect("it said whom it left").to_owned();
    eventually("the grandchild is gone", || !lives(&pid)).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_look_that_is_given_up_ends_the_whole_group() {
    let place = Arc::new(Place::new().await);
    let line = "sleep 1000 & echo $! > child.part; echo $$ >> child.part; mv child.part child; wait";
    let looking = tokio::spawn({
        let place = Arc::clone(&place);
        async move { place.perform(What::Command(shell(line))).await }
    });
    let noted = place.folder.path().join("child");
    eventually("both are under way", || noted.exists()).await;
    let pids = std::fs::read_to_string(noted).expect("there");
    assert!(pids.lines().count() == 2 && pids.lines().all(lives), "{pids}");
    looking.abort();
    eventually("both are gone", || !pids.lines().any(lives)).await;
    let proof = place.within(What::Command(shell("sleep 1000")), 300).await;
    assert!(!proof.passed && proof.saw == "nothing within 300 ms", "{proof:?}");
}

#[tokio::test]
async fn more_checks_than_turns_have_theirs_one_after_the_other() {
    let place = Place::new().await;
    let looks = (0..100).map(|_| place.perform(argv(&["true"])));
    let proofs = futures::future::join_all(looks).await;
    assert_eq!(proofs.iter().filter(|proof| proof.passed).count(), 100, "{:?}", proofs.iter().find(|p| !p.passed));
}
