//! The tower is killed -9 under an agent at work, and while it looks at what the agent did: nothing is done twice.

use cuetower_tests::until;
use serde_json::json;

use super::{SOON, Scene, in_short, script, word};

#[tokio::test(flavor = "multi_thread")]
async fn a_tower_killed_amid_the_steps_and_amid_the_checks_ends_with_the_right_word() {
    let mut scene = Scene::new().await;
    let look = r#"echo looked >> looks; while [ ! -e shown ] && [ -e looks ]; do sleep 0.05; done; [ "$(grep -c . log)" = 4 ]"#;
    let cue = json!({
        "expect": { "min_processed": 4 },
        "checks": [{ "check": "command", "shell": look, "cwd": scene.work.path(), "timeout_seconds": 120 }],
        "retry": { "max_attempts": 2, "backoff_seconds": [0.01] },
    });
    let run = scene.fired(&scene.cue("paced", &script("paced.py"), cue)).await;
    let key = scene.written("in the middle").await;
    scene.tower.kill9().await;
    scene.put("go on");
    // It ends the step and begins the next one while nobody is there.
    until("work that goes on", SOON, async || {
        std::fs::read_to_string(scene.at("log")).is_ok_and(|log| log.lines().count() == 3).then_some(())
    })
    .await;
    scene.tower.again().await;

    let looks = |scene: &Scene| std::fs::read_to_string(scene.at("looks")).unwrap_or_default().lines().count();
    for look in 1..=2 {
        until("look", SOON, async || (looks(&scene) >= look).then_some(())).await;
        let story = scene.once(&run, "run that is looked at", |story| !story["checking_since_ms"].is_null()).await;
        assert_eq!(word(&story["mark"], "sentence"), "Reported success; 1 check is looked at.", "{story:#}");
        assert_eq!(story["state"], "pending_outcome", "{story:#}");
        scene.crash().await;
    }
    until("third look", SOON, async || (looks(&scene) >= 3).then_some(())).await;
    scene.put("shown");
    let told = scene.ended(&run).await;
    told.is("confirmed", "Reported success, and both proofs hold. 4 of 4 records were processed.", None);
    let steps = scene.steps(&run).await;
    let once = [1, 2, 3, 4].map(|number| format!("part {number}"));
    assert_eq!(in_short(&steps), once.each_ref().map(|key| (key.as_str(), "completed", 1)), "{steps:#?}");
    assert_eq!(steps[2]["idempotency_key"], key.as_str());
    assert_eq!(std::fs::read_to_string(scene.at("log")).unwrap(), once.join("\n") + "\n");
    assert_eq!((told.of_attempts("number").len(), looks(&scene)), (1, 3));
}

/// As when the machine loses its power: everything is gone at once, and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_killed_with_its_tower_is_tried_again_and_goes_on_with_the_same_step() {
    let mut scene = Scene::new().await;
    let cue = json!({ "expect": { "min_processed": 4 }, "retry": { "max_attempts": 2, "backoff_seconds": [0.01] } });
    let run = scene.fired(&scene.cue("paced", &script("paced.py"), cue)).await;
    let key = scene.written("in the middle").await;
    scene.tower.power_cut().await;
    scene.put("go on");
    scene.tower.again().await;
    let told = scene.ended(&run).await;
    told.is("confirmed", "At least 4 processed, as expected: reported 4. 4 of 4 records were processed.", None);
    let steps = scene.steps(&run).await;
    let tries: Vec<u64> = in_short(&steps).iter().map(|(_, _, tries)| *tries).collect();
    assert_eq!(tries, [1, 1, 2, 1], "{steps:#?}");
    assert_eq!((steps[2]["idempotency_key"].as_str(), told.of_attempts("number").len()), (Some(key.as_str()), 2));
    assert_eq!(std::fs::read_to_string(scene.at("log")).unwrap(), "part 1\npart 2\npart 3\npart 4\n");
}
