//! What follows a run's end: the fallback, the next of a chain, a pause, a web hook that is told.

use cuetower_tests::{Answer, Server};
use serde_json::{Value, json};

use super::{PATIENCE, Scene, of_attempts};

#[tokio::test(flavor = "multi_thread")]
async fn the_fallback_runs_once_every_attempt_failed_and_says_for_whom() {
    let mut scene = Scene::new().await;
    let instead = scene.made(&scene.command("instead", "", json!({}))).await;
    let more = json!({
        "retry": { "max_attempts": 2, "backoff_seconds": [0.1] }, "on_failure": { "fallback_cue": "instead" },
    });
    let first = scene.fired(&scene.command("first", "exit 4", more)).await;
    let story = scene.ended(&first, "failed").await;
    assert_eq!(of_attempts(&story, "exit_code"), [4, 4], "{story:#}");
    let run = scene.run_of(&instead).await;
    let story = scene.ended(&run, "confirmed").await;
    let cause = &story["caused_by"];
    assert_eq!(
        [&cause["how"], &cause["run_id"], &cause["cue_name"]],
        [&json!("fallback"), &json!(first), &json!("first")]
    );
    assert_eq!(story["mark"]["triggered_by"], "fallback");
    let (_, execution) = scene.tower.get(&format!("/v1/executions/{run}")).await;
    assert_eq!((&execution["chain_parent_id"], &execution["triggered_by"]), (&json!(first), &json!("fallback")));
    scene.crash().await;
    assert_eq!(scene.runs_of(&instead).await, [run], "once, also for a tower that was killed");
    assert_eq!(scene.alerts("fallback_failed").await, Vec::<Value>::new());
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_that_fails_too_says_that_a_person_is_needed() {
    let scene = Scene::new().await;
    let instead = scene.made(&scene.command("instead", "exit 5", json!({}))).await;
    let more = json!({ "on_failure": { "fallback_cue": "instead" } });
    let first = scene.fired(&scene.command("first", "exit 4", more)).await;
    scene.ended(&first, "failed").await;
    let run = scene.run_of(&instead).await;
    scene.ended(&run, "failed").await;
    let alerts = scene.alerts("fallback_failed").await;
    let [alert] = &alerts[..] else { panic!("not one: {alerts:?}") };
    assert_eq!((&alert["run_id"], &alert["severity"]), (&json!(run), &json!("critical")));
    assert_eq!(alert["title"], "instead failed as the fallback too");
    assert!(alert["body"].as_str().unwrap().ends_with(" A person is needed."), "{alert}");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_run_falls_back_and_its_late_success_is_taken_without_undoing_that() {
    let scene = Scene::new().await;
    let instead = scene.made(&scene.command("instead", "", json!({}))).await;
    let more = json!({
        "confirm": "outcome", "delivery": { "outcome_deadline_seconds": 1 }, "on_failure": { "fallback_cue": "instead" },
    });
    let script = r#"until_there speak; report '{"success":true,"summary":"at last"}'"#;
    let quiet = scene.fired(&scene.command("quiet", script, more)).await;
    scene.ended(&quiet, "silent").await;
    let run = scene.run_of(&instead).await;
    scene.ended(&run, "confirmed").await;
    assert_eq!(scene.alerts("silent_run").await[0]["state"], "open");
    scene.put("speak");
    let story = scene.once(&quiet, "late outcome", |story| story["state"] == "claimed").await;
    assert_eq!((&story["mark"]["late"], &story["outcome"]["late"]), (&json!(true), &json!(true)), "{story:#}");
    assert_eq!(scene.alerts("silent_run").await[0]["state"], "resolved");
    assert_eq!(scene.runs_of(&instead).await, [run]);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_goes_on_after_success_alone() {
    let scene = Scene::new().await;
    let third = scene.made(&scene.command("third", "", json!({}))).await;
    let second = scene.made(&scene.command("second", "", json!({ "on_success_fire": "third" }))).await;
    let script = r#"[ -e "$WORK/well" ]"#;
    let first = scene.made(&scene.command("first", script, json!({ "on_success_fire": "second" }))).await;
    let failed = scene.fire(&first).await;
    scene.ended(&failed, "failed").await;
    scene.put("well");
    let began = scene.fire(&first).await;
    scene.ended(&began, "confirmed").await;
    let [then, last] = [scene.run_of(&second).await, scene.run_of(&third).await];
    for (run, of) in [(&then, &began), (&last, &then)] {
        let story = scene.ended(run, "confirmed").await;
        assert_eq!((&story["caused_by"]["how"], &story["caused_by"]["run_id"]), (&json!("chain"), &json!(of)));
        let (_, execution) = scene.tower.get(&format!("/v1/executions/{run}")).await;
        assert_eq!(execution["chain_parent_id"], json!(of));
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn circles_and_names_that_are_not_there_are_refused_with_their_field() {
    let scene = Scene::new().await;
    let refused = async |cue: &Value| scene.refused("cue_create", &json!({ "definition": cue })).await;
    let [fallback, chain] = ["on_failure.fallback_cue", "on_success_fire"].map(str::to_owned);
    let cue = scene.command("a", "", json!({ "on_failure": { "fallback_cue": "nobody" } }));
    assert_eq!(refused(&cue).await, (fallback.clone(), "There is no cue `nobody`; name one that there is.".to_owned()));
    let cue = scene.command("a", "", json!({ "on_success_fire": "nobody" }));
    assert_eq!(refused(&cue).await.0, chain);
    let cue = scene.command("a", "", json!({ "on_success_fire": "a" }));
    assert_eq!(refused(&cue).await, (chain.clone(), "A cue cannot follow itself; name another.".to_owned()));
    let cue = scene.command("a", "", json!({ "uses": ["nothing"] }));
    let (field, message) = refused(&cue).await;
    assert_eq!(field, "uses");
    assert!(
        message.starts_with("There is no pool `nothing`; make it first, with `cuetowerctl pool set nothing"),
        "{message}"
    );

    let a = scene.made(&scene.command("a", "", json!({}))).await;
    scene.made(&scene.command("b", "", json!({ "on_success_fire": "a" }))).await;
    scene.made(&scene.command("c", "", json!({ "on_failure": { "fallback_cue": "b" } }))).await;
    scene.made(&scene.command("d", "", json!({ "schedule": { "type": "after", "cue": "a", "on": "failed" } }))).await;
    for (field, more) in [
        (&fallback, json!({ "on_failure": { "fallback_cue": "c" } })),
        (&chain, json!({ "on_success_fire": "c" })),
        (&"schedule.cue".to_owned(), json!({ "schedule": { "type": "after", "cue": "d", "on": "confirmed" } })),
    ] {
        let definition = scene.command("a", "", more);
        let (found, message) = scene.refused("cue_update", &json!({ "cue_id": a, "definition": definition })).await;
        assert_eq!(&found, field, "{message}");
        assert!(message.ends_with("leads back to this cue; a circle would never end."), "{message}");
    }
    // At the agents' door the field is named alike.
    let (status, answer) =
        scene.tower.post("/v1/cues", &scene.command("e", "", json!({ "on_success_fire": "nobody" }))).await;
    assert_eq!((status, &answer["error"]["details"][0]["field"]), (422, &json!("body.on_success_fire")), "{answer}");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cue_that_pauses_on_failure_fires_no_more() {
    let scene = Scene::new().await;
    let more = json!({
        "on_failure": { "pause": true }, "schedule": { "type": "recurring", "cron": "* * * * * *", "timezone": "UTC" },
    });
    let cue = scene.made(&scene.command("fragile", "exit 1", more)).await;
    let run = scene.run_of(&cue).await;
    scene.ended(&run, "failed").await;
    let view = scene.tower.owner("cue_get", &json!({ "cue_id": cue })).await;
    assert_eq!((&view["status"], &view["next_run_ms"]), (&json!("paused"), &Value::Null), "{view}");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_web_hook_of_on_failure_hears_cueapis_words_once_and_the_run_says_that_it_was_told() {
    let mut scene = Scene::new().await;
    let hook = Server::start(|_, _| Answer::status(204)).await;
    let receiver = Server::start(|_, _| Answer::status(500)).await;
    let cue = json!({
        "name": "leads", "callback": { "url": receiver.url }, "schedule": { "type": "manual" },
        "retry": { "max_attempts": 2, "backoff_seconds": [0.1] },
        "on_failure": { "webhook": format!("{}/hook?who=me", hook.url) },
    });
    let cue_id = scene.made(&cue).await;
    let run = scene.fire(&cue_id).await;
    scene.ended(&run, "failed").await;
    let told = hook.seen_at_least(1, PATIENCE).await.remove(0);
    assert_eq!((told.method.as_str(), told.path.as_str()), ("POST", "/hook?who=me"));
    assert_eq!(told.header("content-type"), "application/json");
    assert!(!told.headers.keys().any(|name| name.as_str().contains("signature")), "CueAPI does not sign it");
    let body = told.json();
    let mut fields: Vec<&String> = body.as_object().unwrap().keys().collect();
    fields.retain(|field| *field != "execution_id");
    let mut cueapis =
        ["event", "cue_id", "cue_name", "attempts", "last_http_status", "last_error", "failed_at", "dashboard_url"];
    cueapis.sort_unstable();
    fields.sort();
    assert_eq!(fields, cueapis);
    assert_eq!(
        [&body["event"], &body["cue_id"], &body["cue_name"]],
        [&json!("cue.failed"), &json!(cue_id), &json!("leads")]
    );
    assert_eq!([&body["attempts"], &body["last_http_status"]], [2, 500]);
    assert!(body["last_error"].as_str().unwrap().contains("500"), "{body}");
    assert!(chrono::DateTime::parse_from_rfc3339(body["failed_at"].as_str().unwrap()).is_ok(), "{body}");
    let noted = |story: &Value| story["notes"].as_array().is_some_and(|notes| !notes.is_empty());
    let story = scene.once(&run, "note of the hook", noted).await;
    // The path of many a hook is a secret.
    let words = story["notes"][0]["words"].as_str().unwrap();
    assert!(words.starts_with("told http://127.0.0.1:") && words.ends_with(" of the failure: answered 204"), "{words}");
    scene.crash().await;
    let next = scene.fire(&cue_id).await;
    scene.ended(&next, "failed").await;
    let story = scene.once(&next, "note of the hook", noted).await;
    assert_eq!(story["notes"].as_array().unwrap().len(), 1);
    let runs: Vec<String> =
        hook.seen().iter().map(|seen| seen.json()["execution_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(runs, [run, next], "each told once");
    scene.end().await;
}
