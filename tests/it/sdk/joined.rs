//! Programs that somebody else starts, or that answer a web hook: they find their run by the cue's name, or in the headers.

use std::time::Duration;

use cuetower_tests::until;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use super::{SOON, Scene, finished};

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_job_is_the_run_that_waits_for_it_or_a_new_one() {
    let scene = Scene::new().await;
    let watched = json!({
        "name": "backup", "transport": "watch", "schedule": { "type": "manual" }, "payload": { "disk": "sda" },
        "expect": { "min_processed": 3 }, "overlap": "allow",
    });
    let cue = scene.made(&watched).await;
    let waiting = scene.fire(&cue).await;
    for expected in [Some(&waiting), None] {
        let (code, out, err) = finished(scene.outside("outside", "backup").spawn().unwrap()).await;
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        let run = out.split_whitespace().next().unwrap();
        assert_eq!(run == waiting, expected.is_some(), "{out}");
        assert!(out.ends_with("True 1\n"), "{out}");
        let story = scene.ended(run, "confirmed").await;
        assert_eq!(story["outcome"]["fields"]["processed"], 3.0, "{story:#}");
        assert_eq!(scene.step(run, "dump").await["state"], "completed");
    }
    assert_eq!(scene.kept(), 0);
}

/// Longer than a first sign of life may take.
#[tokio::test(flavor = "multi_thread")]
async fn a_watched_job_that_works_on_is_not_silent() {
    let scene = Scene::new().await;
    let watched = json!({
        "name": "backup", "transport": "watch", "schedule": { "type": "manual" },
        "delivery": { "timeout_seconds": 2, "outcome_deadline_seconds": 60 },
    });
    scene.made(&watched).await;
    let child = scene.outside("outside", "backup").env("HOLD", "1").spawn().unwrap();
    let run = scene.written("joined").await;
    let story = scene.story(&run).await;
    assert_eq!(story["mark"]["delivered"], "delivered", "its first word says that it began: {story:#}");
    scene.put("go on");
    assert_eq!(finished(child).await.0, Some(0));
    scene.ended(&run, "claimed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_s_run_is_claimed_and_kept_for_longer_than_its_lease() {
    let scene = Scene::new().await;
    let cue = json!({
        "name": "thumbs", "transport": "worker", "schedule": { "type": "manual" }, "worker": { "lease_seconds": 1 },
    });
    let cue = scene.made(&cue).await;
    let child = scene.outside("outside", "thumbs").env("HOLD", "1").spawn().unwrap();
    let run = scene.written("joined").await;
    let leases = async || {
        let (status, shown) = scene.tower.get(&format!("/v1/executions/{run}")).await;
        assert_eq!(status, 200, "{shown}");
        shown["last_heartbeat_at"].as_str().map(str::to_owned)
    };
    let first = until("sign of life", SOON, leases).await;
    until("lease that outlasted itself", SOON, async || {
        let now = leases().await?;
        let at = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap();
        (at(&now) - at(&first) > chrono::Duration::from_std(Duration::from_secs(2)).unwrap()).then_some(())
    })
    .await;
    scene.put("go on");
    let (code, out, err) = finished(child).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    let story = scene.ended(&run, "claimed").await;
    assert_eq!(story["attempts"].as_array().unwrap().len(), 1, "{story:#}");
    assert_eq!(story["mark"]["cue_id"], cue.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_lost_its_lease_stops_before_it_works_on() {
    let scene = Scene::new().await;
    let cue = json!({
        "name": "thumbs", "transport": "worker", "schedule": { "type": "manual" }, "worker": { "lease_seconds": 1 },
        "retry": { "max_attempts": 3 },
    });
    scene.made(&cue).await;
    let first = scene.outside("holds", "thumbs").spawn().unwrap();
    let pid: i32 = scene.written("held").await.parse().unwrap();
    // As a laptop that sleeps.
    kill(Pid::from_raw(pid), Signal::SIGSTOP).unwrap();
    let offered = || async {
        let (_, waiting) = scene.tower.get("/v1/executions/claimable").await;
        waiting["executions"][0]["execution_id"].as_str().map(str::to_owned)
    };
    let run = until("run that is offered again", SOON, async || offered().await).await;
    let (code, out, err) = finished(scene.outside("outside", "thumbs").spawn().unwrap()).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.starts_with(&run) && out.ends_with("True 2\n"), "{out}");
    scene.put("go on");
    kill(Pid::from_raw(pid), Signal::SIGCONT).unwrap();
    let (code, out, err) = finished(first).await;
    assert_eq!((code, out.as_str()), (Some(1), ""), "`except Exception` does not catch it: {err}");
    assert!(err.contains("cuetower.errors.Superseded"), "{err}");
    assert!(!scene.work.path().join("worked on").exists(), "it did nothing that somebody else did");
    let story = scene.ended(&run, "claimed").await;
    assert_eq!(story["outcome"]["fields"]["processed"], 3.0, "the second one's outcome counts: {story:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_joined_runs_on() {
    let scene = Scene::new().await;
    let (code, out, err) = finished(scene.outside("outside", "nobody").spawn().unwrap()).await;
    assert_eq!(code, Some(0));
    assert!(out.starts_with("local-") && out.ends_with("False 1\n"), "{out}");
    assert!(err.contains("has no cue named 'nobody'") && err.lines().count() == 1, "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_hook_agent_finds_its_run_in_the_headers() {
    let scene = Scene::new().await;
    let mut server = scene.outside("hook", "");
    server.env_remove("CUETOWER_URL").env_remove("CUETOWER_API_KEY");
    let _server = server.spawn().unwrap();
    let port = scene.written("port").await;
    let cue = json!({
        "name": "triage", "transport": "webhook", "schedule": { "type": "manual" }, "payload": { "tickets": 12 },
        "callback": { "url": format!("http://127.0.0.1:{port}/run") }, "expect": { "min_processed": 12 },
    });
    let cue = scene.made(&cue).await;
    let run = scene.fire(&cue).await;
    let story = scene.ended(&run, "confirmed").await;
    assert_eq!(story["outcome"]["summary"], "sorted", "{story:#}");
    assert_eq!(scene.step(&run, "sort").await["state"], "completed");
}
