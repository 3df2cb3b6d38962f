//! Commands that are stopped: by the owner, by the next run, with their cue, by their budget. The whole tree goes, then the
//! permits come back, and nobody reports for them any more.

use cuetower_tests::{send, until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::Method;
use serde_json::{Value, json};

use super::{PATIENCE, Scene, of_attempts};

/// Writes down who of an earlier run still lives; then a tree of four, with two in sessions of their own, one of which ignores
/// the polite signal. It stays until it is stopped.
const TREE: &str = r#"
    for pid in $(cat "$WORK"/pids.* 2>/dev/null); do lives "$pid" && say "still there: $pid"; done
    pids="$WORK/pids.$CUETOWER_RUN"; echo $$ > "$pids"
    setsid sh -c 'trap "" TERM; echo $$ >> "$0"; while :; do sleep 0.1; done' "$pids" 9>&- &
    (setsid sh -c 'echo $$ >> "$0"; sleep 1000 & echo $! >> "$0"; wait' "$pids" 9>&- &)
    while [ "$(wc -l < "$pids")" -lt 4 ]; do sleep 0.05; done
    say grown; wait"#;

/// Goes as soon as it may, and writes down who of an earlier run still lives.
const NEXT: &str = r#"
    for pid in $(cat "$WORK"/pids.*); do lives "$pid" && say "still there: $pid"; done; :"#;

/// A tree that runs, and the next run, which waits for its permit.
struct Grown {
    scene: Scene,
    cue: String,
    run: String,
    next: String,
}

/// The owner's stop lets it end by itself first; a fuse does not.
const ASKED: &str = "stopped by the tower (killed, as it did not end within 1 s) after ";
const KILLED: &str = "killed by the tower after ";

impl Grown {
    async fn with(more: Value) -> Grown {
        let scene = Scene::new().await;
        scene.ctl(&["pool", "set", "openai", "--concurrency", "1"]).await;
        let mut tree = scene.command("tree", TREE, json!({ "uses": ["openai"] }));
        super::lay_over(&mut tree, more);
        let cue = scene.made(&tree).await;
        let run = scene.fire(&cue).await;
        scene.logged("grown", 1).await;
        let next = scene.fired(&scene.command("next", NEXT, json!({ "uses": ["openai"] }))).await;
        let waiting = scene.once(&next, "wait for the pool", |story| story["waits"]["by"] == "pool").await;
        assert_eq!(waiting["waits"]["words"], "pool openai: 1 of 1 in use (by cue tree); next in line");
        Grown { scene, cue, run, next }
    }

    /// The next one ran only when nothing of the tree was left, and a report for the tree is refused and shown. `by` whom it
    /// was ended, and how.
    async fn is_gone(&self, state: &str, by: &str) -> Value {
        let Grown { scene, run, next, .. } = self;
        scene.ended(run, state).await;
        scene.ended(next, "confirmed").await;
        assert!(!scene.log().contains("still there"), "{}", scene.log());
        assert!(scene.log().contains(&format!("began {next} 1")), "{}", scene.log());
        let late = scene.reported(run, 1, &json!({ "success": true })).await;
        assert_eq!(late, (409, "run_stopped".to_owned()));
        let story = scene.ended(run, state).await;
        // Facts about a run belong to its cue; of one that is deleted nothing more is written down.
        if state != "cancelled" {
            let reason = "This run was stopped; its outcome no longer counts.";
            assert_eq!(story["refused"][0]["reason"], reason, "{story:#}");
            let said = of_attempts(&story, "sentence")[0].as_str().unwrap();
            assert!(said.starts_with(by), "{said}");
        }
        story
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_stopped_by_its_owner_goes_with_its_whole_tree() {
    let grown = Grown::with(json!({})).await;
    assert_eq!(grown.scene.ctl(&["run", "stop", &grown.run]).await, "It is stopped.\n");
    let story = grown.is_gone("stopped", ASKED).await;
    assert_eq!(story["mark"]["sentence"], "Stopped before it reported. Attempt 1 of 1.");
    assert_eq!(grown.scene.alerts("fuse_tripped").await, Vec::<Value>::new());
    grown.scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_cue_is_deleted_goes_with_its_whole_tree() {
    let grown = Grown::with(json!({})).await;
    grown.scene.ctl(&["cue", "rm", "tree"]).await;
    let story = grown.is_gone("cancelled", ASKED).await;
    assert_eq!(story["cue"]["deleted"], true);
    grown.scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_spends_its_budget_of_time_is_stopped_with_its_whole_tree() {
    let grown = Grown::with(json!({ "budget": { "run": { "duration_seconds": 5 } } })).await;
    let story = grown.is_gone("stopped", KILLED).await;
    assert_eq!(
        story["mark"]["sentence"],
        "Stopped: at most 5 s was allowed, and it was still at work. Attempt 1 of 1."
    );
    let alerts = grown.scene.alerts("fuse_tripped").await;
    assert_eq!((alerts.len(), &alerts[0]["severity"], &alerts[0]["state"]), (1, &json!("critical"), &json!("open")));
    assert_eq!((&alerts[0]["title"], &alerts[0]["run_id"]), (&json!("tree stopped at 5 s"), &json!(grown.run)));
    grown.scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_is_kept_by_a_tower_that_was_killed_meanwhile() {
    let mut grown = Grown::with(json!({ "budget": { "run": { "duration_seconds": 6 } } })).await;
    grown.scene.crash().await;
    grown.is_gone("stopped", KILLED).await;
    assert_eq!(grown.scene.alerts("fuse_tripped").await.len(), 1);
    grown.scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_is_cut_off_by_a_kill_of_the_tower_is_carried_out() {
    let mut grown = Grown::with(json!({})).await;
    let (status, answer) = grown.scene.tower.owner_call("run_stop", &json!({ "run_id": grown.run })).await;
    assert_eq!(status, 200, "{answer}");
    grown.scene.crash().await;
    grown.is_gone("stopped", ASKED).await;
    grown.scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_run_replaces_the_one_before_and_gets_its_permit_once_its_whole_tree_is_gone() {
    let grown = Grown::with(json!({ "overlap": "replace", "priority": 10 })).await;
    let Grown { scene, cue, run, .. } = &grown;
    let url = scene.tower.owner("cue_trigger", &json!({ "cue_id": cue, "change": "renew" })).await;
    let url = url["url"].as_str().unwrap_or_else(|| panic!("no address: {url}"));
    let (status, answer) = send(Method::POST, url, None, None).await;
    assert_eq!(status, 202, "{answer}");
    scene.ended(run, "stopped").await;
    let runs = scene.runs_of(cue).await;
    let [_, second] = &runs[..] else { panic!("two runs: {runs:?}") };
    scene.logged(&format!("grown {second} 1"), 1).await;
    assert!(!scene.log().contains("still there"), "{}", scene.log());
    scene.ctl(&["run", "stop", second]).await;
    grown.is_gone("stopped", ASKED).await;
    grown.scene.ended(second, "stopped").await;
    grown.scene.end().await;
}

/// Killed at once: the tower, its launcher and the program, while the program was given its time to end.
#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_run_of_which_nothing_is_left_holds_nothing() {
    for deleted in [false, true] {
        let mut grown = Grown::with(json!({ "command": { "stop_grace_seconds": 600 } })).await;
        let line = if deleted { ["cue", "rm", "tree"] } else { ["run", "stop", grown.run.as_str()] };
        grown.scene.ctl(&line).await;
        grown.scene.tower.kill9().await;
        for (pid, _) in grown.scene.processes() {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        grown.scene.alone().await;
        grown.scene.tower.again().await;
        grown.scene.ended(&grown.next, "confirmed").await;
        assert_eq!(grown.scene.pool().await["in_use"], 0);
        grown.scene.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_stopped_while_its_check_is_made_never_starts_and_gives_its_permit_back_after_it() {
    for passes in [false, true] {
        let scene = Scene::new().await;
        scene.ctl(&["pool", "set", "openai", "--concurrency", "1"]).await;
        let looked = scene.work.path().join("looked");
        let line = format!("touch {0}; while [ ! -e {0}.go ]; do sleep 0.05; done; {passes}", looked.display());
        let check = json!({ "check": "command", "shell": line, "on_fail": "fail", "timeout_seconds": 60 });
        let cue = scene.command("checked", "", json!({ "uses": ["openai"], "preflight": [check] }));
        let run = scene.fired(&cue).await;
        until("look", PATIENCE, async || looked.exists().then_some(())).await;
        scene.ctl(&["run", "stop", &run]).await;
        let next = scene.fired(&scene.command("next", "", json!({ "uses": ["openai"] }))).await;
        scene.put("looked.go");
        scene.ended(&next, "confirmed").await;
        scene.ended(&run, "stopped").await;
        assert_eq!(scene.log(), format!("began {next} 1\n"), "whether its check passes: {passes}");
        scene.end().await;
    }
}
