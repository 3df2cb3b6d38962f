//! The tower goes away, by `kill -9`, while an agent works.

use cuetower_tests::until;
use serde_json::json;

use super::{SOON, Scene, finished, script};

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_outlasts_its_tower_is_told_to_the_next_one() {
    let mut scene = Scene::new().await;
    let cue =
        scene.command("waits", &[&script("agent.py"), "waits"], json!({ "expect": { "min_processed": 1 } })).await;
    let run = scene.fire(&cue).await;
    let key = scene.written("in the middle").await;
    scene.tower.kill9().await;
    scene.put("go on");
    scene.tower.again().await;
    let story = scene.ended(&run, "confirmed").await;
    assert_eq!(story["attempts"].as_array().unwrap().len(), 1, "{story:#}");
    let steps = scene.steps(&run, "").await;
    assert!(steps.iter().all(|step| step["state"] == "completed" && step["tries"] == 1), "{steps:#?}");
    assert_eq!((steps.len(), steps[1]["idempotency_key"].as_str()), (3, Some(key.as_str())), "{steps:#?}");
    assert_eq!(scene.kept(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_could_not_tell_is_told_by_the_next_program() {
    let mut scene = Scene::new().await;
    let watched = |name: &str| {
        let delivery = json!({ "outcome_deadline_seconds": 300 });
        json!({ "name": name, "transport": "watch", "schedule": { "type": "manual" }, "delivery": delivery })
    };
    let backup = scene.made(&watched("backup")).await;
    scene.made(&watched("other")).await;
    let cue = scene.command("late", &[&script("agent.py"), "impatient"], json!({})).await;
    let run = scene.fire(&cue).await;
    scene.written("in the middle").await;
    scene.tower.kill9().await;
    scene.put("go on");
    // Its end of the step and its outcome; and of a job that found no tower at all, the same.
    until("reports that are kept", SOON, async || (scene.kept() == 2).then_some(())).await;
    std::fs::remove_file(scene.work.path().join("go on")).unwrap();
    let (code, out, err) = finished(scene.outside("outside", "backup").spawn().unwrap()).await;
    assert_eq!((code, out.ends_with("False 1\n")), (Some(0), true), "{out}{err}");
    assert_eq!(scene.kept(), 4, "{err}");
    scene.tower.again().await;

    let (code, out, err) = finished(scene.outside("outside", "other").spawn().unwrap()).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert_eq!(scene.kept(), 0);
    let story = scene.ended(&run, "claimed").await;
    assert_eq!(story["outcome"]["fields"]["processed"], 2.0, "{story:#}");
    assert_eq!(scene.step(&run, "unheard").await["state"], "completed");
    let runs = scene.tower.ctl(&["runs", "--json"]).await.good();
    let runs: serde_json::Value = serde_json::from_str(&runs).unwrap();
    let late = runs["runs"].as_array().unwrap().iter().find(|run| run["cue_id"] == backup.as_str());
    let late = late.unwrap_or_else(|| panic!("{runs:#}"));
    let story = scene.ended(late["run_id"].as_str().unwrap(), "claimed").await;
    assert_eq!(story["outcome"]["fields"]["processed"], 3.0, "{story:#}");
}
