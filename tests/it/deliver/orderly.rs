//! The tower is stopped in order and started again, as at an update: the commands do not notice.

use nix::unistd::{Pid, getpgid, getsid};
use serde_json::json;

use super::{Scene, of_attempts};

#[tokio::test(flavor = "multi_thread")]
async fn a_command_goes_on_while_the_tower_is_stopped_and_its_outcome_is_taken_once_it_is_back() {
    let mut scene = Scene::new().await;
    let script = r#"
        while [ ! -e "$WORK/report" ]; do say tick; sleep 0.1; done
        report '{"success":true,"summary":"done while nobody listened"}'
        until_there leave; echo bye"#;
    let cue = scene.command("steady", script, json!({ "confirm": "outcome" }));
    let run = scene.fired(&cue).await;
    let story = scene.once(&run, "started process", |story| story["state"] == "pending_outcome").await;
    let pid = story["attempts"][0]["pid"].clone();
    scene.tower.stop().await;
    let before = scene.log().matches("tick").count();
    scene.logged("tick", before + 3).await;
    scene.put("report");
    scene.logged("answered:000", 2).await;
    scene.tower.again().await;
    scene.logged("answered:200", 1).await;
    let story = scene.ended(&run, "claimed").await;
    assert_eq!(story["outcome"]["summary"], "done while nobody listened", "{story:#}");
    assert_eq!((&story["attempts"][0]["pid"], &story["attempts"][0]["exit_code"]), (&pid, &json!(null)), "{story:#}");
    // The run has ended; its process has not, and its end is still noted.
    scene.put("leave");
    let story = scene.once(&run, "exit code", |story| story["attempts"][0]["exit_code"] == 0).await;
    assert_eq!(
        (of_attempts(&story, "number"), of_attempts(&story, "stdout")),
        (vec![&json!(1)], vec![&json!("bye\n")])
    );
    assert_eq!(scene.log().matches("began").count(), 1);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_command_while_the_tower_was_stopped_is_told_with_its_output_and_its_exit_code() {
    let mut scene = Scene::new().await;
    let again = json!({ "retry": { "max_attempts": 2, "backoff_seconds": [0.1] } });
    let script =
        r#"until_there leave; echo "attempt $CUETOWER_ATTEMPT"; echo oh >&2; [ $CUETOWER_ATTEMPT = 2 ] || exit 7"#;
    let run = scene.fired(&scene.command("leaver", script, again)).await;
    scene.logged("began", 1).await;
    scene.tower.stop().await;
    scene.put("leave");
    scene.alone().await;
    scene.tower.again().await;
    let story = scene.ended(&run, "confirmed").await;
    assert_eq!(of_attempts(&story, "exit_code"), [7, 0], "{story:#}");
    assert_eq!(of_attempts(&story, "stdout"), ["attempt 1\n", "attempt 2\n"]);
    assert_eq!(of_attempts(&story, "stderr"), ["oh\n", "oh\n"]);
    assert!(story["attempts"][0]["sentence"].as_str().unwrap().starts_with("exit code 7 after "), "{story:#}");
    assert_eq!(scene.log().matches("began").count(), 2);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_in_the_towers_terminal_reaches_no_command() {
    let scene = Scene::new().await;
    let run = scene.fired(&scene.command("deaf", "until_there leave", json!({}))).await;
    scene.logged("began", 1).await;
    let tower = Pid::from_raw(i32::try_from(scene.tower.pid()).unwrap());
    let processes = scene.processes();
    assert!(processes.len() >= 2, "the launcher and its command: {processes:?}");
    for (pid, line) in processes {
        let pid = Pid::from_raw(pid);
        // One that ended meanwhile is in no group.
        assert_ne!(getpgid(Some(pid)).ok(), getpgid(Some(tower)).ok(), "{line}");
        assert_ne!(getsid(Some(pid)).ok(), getsid(Some(tower)).ok(), "{line}");
    }
    scene.put("leave");
    scene.ended(&run, "confirmed").await;
    scene.end().await;
}
