//! Runs that share a pool: what each waits for is said, whoever dies gives back what it held, the line survives the tower.

use cuetower_tests::until;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::{PATIENCE, Scene, of_attempts};

/// Holds its permit until it may leave.
const HOLDER: &str = r#"echo $$ > "$WORK/pid"; until_there leave"#;

fn uses_openai() -> Value {
    json!({ "uses": ["openai"] })
}

async fn with_pool(limits: &[&str]) -> Scene {
    let scene = Scene::new().await;
    scene.ctl(&[&["pool", "set", "openai"], limits].concat()).await;
    scene
}

impl Scene {
    async fn waits_for_a_permit(&self, run: &str) -> Value {
        self.once(run, "wait for the pool", |story| story["waits"]["by"] == "pool").await["waits"].clone()
    }

    /// Runs in the pool's line, in their order.
    async fn line(&self) -> Vec<Value> {
        self.pool().await["waiting"].as_array().unwrap().iter().map(|waiting| waiting["run_id"].clone()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fourth_of_three_a_minute_says_what_it_waits_for_also_over_a_kill_and_goes_once_the_limit_is_raised() {
    let mut scene = with_pool(&["--calls-per-min", "3"]).await;
    let cue = scene.made(&scene.command("caller", "", uses_openai())).await;
    let mut runs = Vec::new();
    for _ in 0..3 {
        runs.push(scene.fire(&cue).await);
        scene.ended(runs.last().unwrap(), "confirmed").await;
    }
    let [fourth, fifth] = [scene.fire(&cue).await, scene.fire(&cue).await];
    let waits = scene.waits_for_a_permit(&fourth).await;
    let words = waits["words"].as_str().unwrap();
    assert!(words.starts_with("pool openai: 3 calls in the last minute; next in "), "{waits}");
    assert!(words.ends_with("; next in line") && waits["position"] == 1, "{waits}");
    let second = scene.waits_for_a_permit(&fifth).await;
    assert!(second["words"].as_str().unwrap().ends_with("; 2nd in line") && second["position"] == 2, "{second}");
    let shown = scene.ctl(&["run", "show", &fourth]).await;
    assert!(shown.contains("pool openai: 3 calls in the last minute; next in "), "{shown}");
    let listed = scene.ctl(&["pool", "list"]).await;
    assert!(listed.contains("openai") && listed.contains("caller"), "{listed}");

    scene.crash().await;
    let pool = scene.pool().await;
    assert_eq!((&pool["calls_last_min"], &pool["calls_per_min"]), (&json!(3), &json!(3)), "{pool}");
    assert_eq!(scene.line().await, [json!(fourth), json!(fifth)], "the line is as it was");
    assert_eq!(scene.waits_for_a_permit(&fourth).await["since_ms"], waits["since_ms"]);
    assert_eq!(scene.log().matches("began").count(), 3, "the fourth is not begun: {}", scene.log());
    scene.ctl(&["pool", "set", "openai", "--calls-per-min", "100"]).await;
    for run in [fourth, fifth] {
        scene.ended(&run, "confirmed").await;
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_is_kept_over_kills_of_the_tower_and_given_back_when_its_holder_is_killed() {
    let mut scene = with_pool(&["--concurrency", "1"]).await;
    let holder = scene.fired(&scene.command("holder", HOLDER, uses_openai())).await;
    scene.once(&holder, "started process", |story| story["state"] == "pending_outcome").await;
    let next = scene.fired(&scene.command("next", "", uses_openai())).await;
    for _ in 0..3 {
        assert_eq!(
            scene.waits_for_a_permit(&next).await["words"],
            "pool openai: 1 of 1 in use (by cue holder); next in line"
        );
        scene.crash().await;
    }
    let pool = scene.pool().await;
    assert_eq!((&pool["in_use"], &pool["holders"][0]["run_id"]), (&json!(1), &json!(holder)), "{pool}");
    let file = scene.work.path().join("pid");
    let pid = std::fs::read_to_string(file).unwrap().trim().parse().unwrap();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    let story = scene.ended(&holder, "failed").await;
    assert!(story["attempts"][0]["sentence"].as_str().unwrap().starts_with("killed by signal 9"), "{story:#}");
    scene.ended(&next, "confirmed").await;
    assert_eq!(scene.pool().await["in_use"], 0);
    scene.end().await;
}

/// Whoever gets the permits that come free as the tower starts must not be taken for cut off by the crash.
#[tokio::test(flavor = "multi_thread")]
async fn the_permits_of_a_holder_that_died_while_the_tower_was_down_come_back_with_the_tower_and_each_next_one_runs_once()
 {
    let mut scene = with_pool(&["--concurrency", "6"]).await;
    let holder = scene.command("holder", HOLDER, json!({ "uses": [{ "pool": "openai", "weight": 6 }] }));
    let holder = scene.fired(&holder).await;
    scene.logged("began", 1).await;
    let mut waiting = Vec::new();
    for number in 0..6 {
        waiting.push(scene.fired(&scene.command(&format!("next {number}"), "sleep 0.3", uses_openai())).await);
        scene.waits_for_a_permit(waiting.last().unwrap()).await;
    }
    scene.tower.kill9().await;
    // Its launcher with it, so that nobody is left to say how it ended.
    for (pid, _) in scene.processes() {
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
    scene.alone().await;
    scene.tower.again().await;
    // It is lost, and tried again: after those that stood in the line.
    for run in &waiting {
        let story = scene.ended(run, "confirmed").await;
        assert_eq!(of_attempts(&story, "number"), [1], "{story:#}");
    }
    let story = scene.once(&holder, "second attempt", |story| story["attempts"][1]["state"] == "delivered").await;
    assert_eq!(of_attempts(&story, "state"), ["lost", "delivered"], "{story:#}");
    scene.put("leave");
    scene.ended(&holder, "confirmed").await;
    assert_eq!(scene.pool().await["in_use"], 0);
    assert_eq!(scene.log().matches("began").count(), 8, "{}", scene.log());
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_gone_gives_its_permit_back_with_its_lease() {
    let mut scene = with_pool(&["--concurrency", "1"]).await;
    let job = |name: &str| {
        json!({ "name": name, "transport": "worker", "schedule": { "type": "manual" }, "uses": ["openai"],
            "worker": { "lease_seconds": 2 } })
    };
    let first = scene.fired(&job("first")).await;
    let (status, claim) = scene.tower.post("/v1/executions/claim", &json!({ "worker_id": "w1" })).await;
    assert_eq!((status, &claim["execution_id"]), (200, &json!(first)), "{claim}");
    let second = scene.fired(&job("second")).await;
    scene.waits_for_a_permit(&second).await;
    scene.crash().await;
    assert_eq!(scene.pool().await["holders"][0]["run_id"], json!(first), "its lease still runs");
    scene.once(&second, "offer", |story| story["waits"]["by"] == "worker").await;
    scene.waits_for_a_permit(&first).await;
    for (run, attempt) in [(&second, 1), (&first, 2)] {
        let body = json!({ "worker_id": "w2", "wait": 20 });
        let (status, claim) = scene.tower.post("/v1/executions/claim", &body).await;
        assert_eq!((status, &claim["execution_id"], &claim["attempt"]), (200, &json!(run), &json!(attempt)), "{claim}");
        let outcome = format!("/v1/executions/{run}/outcome");
        assert_eq!(scene.tower.post(&outcome, &json!({ "success": true })).await.0, 200);
        scene.ended(run, "claimed").await;
    }
    assert_eq!(scene.pool().await["in_use"], 0);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_in_the_line_is_live_for_overlap() {
    let scene = with_pool(&["--concurrency", "1"]).await;
    let holder = scene.fired(&scene.command("holder", HOLDER, uses_openai())).await;
    scene.logged("began", 1).await;
    let often = json!({
        "uses": ["openai"], "overlap": "skip", "catch_up": { "policy": "none" },
        "schedule": { "type": "recurring", "cron": "* * * * * *", "timezone": "UTC" },
    });
    let cue = scene.made(&scene.command("often", "", often)).await;
    let skipped = until("skipped occurrences", PATIENCE, async || {
        let ledger = scene.tower.owner("ledger", &json!({ "cue_id": cue, "before_ms": null, "limit": 500 })).await;
        let marks = ledger["marks"].as_array().unwrap().clone();
        let skipped: Vec<Value> = marks.into_iter().filter(|mark| mark["scheduled"] == "skipped").collect();
        (skipped.len() >= 3).then_some(skipped)
    })
    .await;
    assert_eq!(skipped[0]["scheduled_reason"], "the previous run was still live", "{}", skipped[0]);
    let runs = scene.runs_of(&cue).await;
    assert_eq!(runs.len(), 1, "one waits for its permit, and the others are skipped: {runs:?}");
    scene.waits_for_a_permit(&runs[0]).await;
    scene.tower.owner("cue_pause", &json!({ "cue_id": cue })).await;
    scene.put("leave");
    scene.ended(&runs[0], "confirmed").await;
    scene.ended(&holder, "confirmed").await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_higher_priority_goes_first_and_equals_in_the_order_they_came() {
    let scene = with_pool(&["--concurrency", "1"]).await;
    let holder = scene.fired(&scene.command("holder", HOLDER, uses_openai())).await;
    scene.logged("began", 1).await;
    let mut runs = Vec::new();
    for (name, priority) in [("first", 0), ("second", 0), ("urgent", 5)] {
        let cue = scene.command(name, "", json!({ "uses": ["openai"], "priority": priority }));
        runs.push(scene.fired(&cue).await);
        scene.waits_for_a_permit(runs.last().unwrap()).await;
    }
    let [first, second, urgent] = &runs[..] else { panic!("three were fired") };
    assert_eq!(scene.line().await, [urgent, first, second].map(|run| json!(run)));
    scene.put("leave");
    for run in runs.iter().chain([&holder]) {
        scene.ended(run, "confirmed").await;
    }
    let log = scene.log();
    let begun: Vec<&str> = log.lines().filter_map(|line| line.strip_prefix("began ")?.split(' ').next()).collect();
    assert_eq!(begun, [&holder, urgent, first, second].map(String::as_str), "{log}");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_can_be_stopped_and_leaves_the_line() {
    let scene = with_pool(&["--concurrency", "1"]).await;
    let holder = scene.fired(&scene.command("holder", HOLDER, uses_openai())).await;
    scene.logged("began", 1).await;
    let waiting = scene.fired(&scene.command("waiting", "", uses_openai())).await;
    scene.waits_for_a_permit(&waiting).await;
    scene.ctl(&["run", "stop", &waiting]).await;
    scene.ended(&waiting, "stopped").await;
    assert_eq!(scene.line().await, Vec::<Value>::new());
    scene.put("leave");
    scene.ended(&holder, "confirmed").await;
    assert!(!scene.log().contains(&format!("began {waiting}")), "{}", scene.log());
    scene.end().await;
}
