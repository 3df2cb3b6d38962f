//! What is looked at before a delivery, on the real tower: nothing starts before it holds, and the run says what is missing.

use serde_json::{Value, json};

use super::{Scene, of_attempts};

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_file_holds_the_run_with_its_words_over_a_kill_until_its_owner_stops_it() {
    let mut scene = Scene::new().await;
    let file = scene.work.path().join("today.csv");
    let more = json!({ "preflight": [{ "check": "file", "path": file }] });
    let run = scene.fired(&scene.command("leads", "", more)).await;
    let held = |story: &Value| story["waits"]["by"] == "preflight";
    let waits = scene.once(&run, "hold", held).await["waits"].clone();
    let words = waits["words"].as_str().unwrap();
    assert!(words.contains(file.to_str().unwrap()) && words.ends_with("there is no such file"), "{waits}");
    assert!(scene.ctl(&["run", "show", &run]).await.contains("there is no such file"));
    scene.crash().await;
    let again = scene.once(&run, "hold", held).await["waits"].clone();
    assert_eq!((&again["words"], &again["since_ms"]), (&waits["words"], &waits["since_ms"]));
    scene.ctl(&["run", "stop", &run]).await;
    scene.ended(&run, "stopped").await;
    assert_eq!(scene.log(), "", "nothing was started");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_fails_the_attempt_is_made_anew_by_the_next_one() {
    let scene = Scene::new().await;
    let file = scene.work.path().join("today.csv");
    let more = json!({
        "preflight": [{ "check": "file", "path": file, "min_lines": 1, "on_fail": "fail" }],
        "retry": { "max_attempts": 10, "backoff_seconds": [0.5] },
    });
    let run = scene.fired(&scene.command("leads", r#"wc -l < "$WORK/today.csv""#, more)).await;
    scene.once(&run, "second attempt", |story| story["attempts"].as_array().unwrap().len() >= 2).await;
    assert_eq!(scene.log(), "", "nothing was started");
    let draft = scene.work.path().join("draft");
    std::fs::write(&draft, "one\n").unwrap();
    std::fs::rename(draft, file).unwrap();
    let story = scene.ended(&run, "confirmed").await;
    let said = of_attempts(&story, "sentence")[0].as_str().unwrap();
    assert!(said.ends_with("there is no such file"), "{said}");
    assert_eq!(of_attempts(&story, "stdout").last().unwrap().as_str().unwrap().trim(), "1");
    assert_eq!(scene.log().matches("began").count(), 1);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_machine_lacks_is_named() {
    let scene = Scene::new().await;
    for (check, words) in [
        (json!({ "check": "disk", "path": scene.work.path(), "free_gb": 1e6 }), "free"),
        (json!({ "check": "memory", "free_gb": 1e6 }), "free"),
        (
            json!({ "check": "secret", "name": "NOT_THERE" }),
            "the secret NOT_THERE is in the vault does not hold: it is not there",
        ),
    ] {
        let mut check = check;
        check["on_fail"] = json!("fail");
        let name = format!("needs {}", check["check"].as_str().unwrap());
        let run = scene.fired(&scene.command(&name, "", json!({ "preflight": [check] }))).await;
        let story = scene.ended(&run, "failed").await;
        let said = story["attempts"][0]["sentence"].as_str().unwrap();
        assert!(said.starts_with("pre-flight: ") && said.contains(words), "{said}");
    }
    let there = json!([{ "check": "memory", "free_mb": 1 }, { "check": "secret", "name": "THERE" },
        { "check": "command", "shell": "test 1 = 1" }]);
    scene.tower.owner("secret_set", &json!({ "name": "THERE", "value": "sk-very-secret" })).await;
    let run = scene.fired(&scene.command("has all", "", json!({ "preflight": there }))).await;
    scene.ended(&run, "confirmed").await;
    assert_eq!(scene.log().matches("began").count(), 1);
    scene.end().await;
}
