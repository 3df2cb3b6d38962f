//! An attempt that came to nothing, and the next one: what was done is not done again, and the sentence says where it stands.

use std::time::Duration;

use cuetower_tests::{Answer, Server};
use serde_json::{Value, json};

use super::{Scene, house, in_short, numbers, run_of, script, word};

#[tokio::test(flavor = "multi_thread")]
async fn fifty_of_two_hundred_and_then_a_429_is_told_in_one_sentence() {
    let scene = Scene::new().await;
    let provider = Server::start(|before, _| match before {
        0 => Answer::status(503),
        51 => Answer::status(429),
        _ => Answer::status(200),
    })
    .await;
    let cue = json!({
        "payload": { "records": 200, "provider": provider.url },
        "retry": { "max_attempts": 3, "backoff_seconds": [0.01, 300], "on_failed_outcome": true },
    });
    let run = scene.fired(&scene.cue("enrich", &script("enrich.py"), cue)).await;
    let waits = |story: &Value| story["state"] == "retrying" && story["attempts"].as_array().unwrap().len() == 2;
    let story = scene.once(&run, "second wait for a retry", waits).await;
    let sentence = "Step 3 (enrich) failed: api.openai.com answered 429. 50 of 200 records were processed. Attempt 2 of 3; next in 5 min.";
    assert_eq!(word(&story["mark"], "sentence"), sentence, "{story:#}");
    assert_eq!((provider.seen().len(), scene.alerts(&run).await), (52, vec![]), "nothing is lost yet");
    let steps = scene.steps(&run).await;
    let expected = [("list", "completed", 1), ("deduplicate", "completed", 1), ("enrich", "failed", 2)];
    assert_eq!(in_short(&steps), expected, "{steps:#?}");
    let shown = scene.tower.ctl(&["run", "show", &run]).await.good();
    assert!(shown.contains(sentence), "{shown}");
    let (_, execution) = scene.tower.get(&format!("/v1/executions/{run}")).await;
    assert_eq!((&execution["status"], &execution["verdict"]), (&json!("retrying"), &Value::Null), "{execution}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_at_the_last_attempt_is_told_by_its_alert() {
    let scene = Scene::new().await;
    let provider = Server::start(|before, _| Answer::status(if before == 50 { 429 } else { 200 })).await;
    let cue = json!({ "payload": { "records": 200, "provider": provider.url } });
    let told = scene.told("enrich", "enrich.py", cue).await;
    told.is(
        "failed",
        "Step 3 (enrich) failed: api.openai.com answered 429. 50 of 200 records were processed. Attempt 1 of 1.",
        Some(["outcome_failed", "warning", "enrich failed"]),
    );
    assert_eq!(told.execution["outcome_state"], "reported_failure");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_charges_nobody_twice() {
    let scene = Scene::new().await;
    let mailer = Server::start(|before, _| Answer::status(if before < 2 { 503 } else { 200 })).await;
    let charges =
        json!({ "check": "sql", "sqlite": "bank.sqlite", "query": "select count(*) from charges", "equals": 1 });
    let cue = json!({
        "payload": { "bank": "bank.sqlite", "mailer": mailer.url }, "checks": [charges],
        "retry": { "max_attempts": 3, "backoff_seconds": [0.01], "on_failed_outcome": true },
    });
    let told = scene.told("orders", "order.py", cue).await;
    told.is(
        "confirmed",
        "`select count(*) from charges` gives 1 in bank.sqlite, as expected: it gave 1. 1 of 1 records were processed.",
        None,
    );
    let steps = scene.steps(&told.run).await;
    let expected = [("charge", "completed", 1), ("mail the receipt", "completed", 3), ("archive", "completed", 1)];
    assert_eq!(in_short(&steps), expected, "{steps:#?}");
    assert_eq!(numbers(&scene.at("bank.sqlite"), "select cents from charges"), [4200]);
    assert_eq!((told.of_attempts("number").len(), mailer.seen().len()), (3, 3));
    let receipts: Vec<String> = mailer.seen().iter().map(|seen| seen.path.clone()).collect();
    assert_eq!(receipts, ["/receipt/1", "/receipt/1", "/receipt/1"], "the recorded output comes back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_between_charging_and_recording_charges_once() {
    let scene = Scene::new().await;
    let query = "select count(*) from charges";
    let check = json!({ "check": "sql", "sqlite": "bank.sqlite", "query": query, "equals": "{{outcome.processed}}" });
    let cue = json!({
        "payload": { "bank": "bank.sqlite", "customers": 5, "cents": 499 }, "checks": [check],
        "env": { "CHARGING_AGENT_DIES": "after-charge:3" }, "expect": { "min_processed": 5 },
        "retry": { "max_attempts": 2, "backoff_seconds": [0.01] },
    });
    let run = scene.fired(&scene.cue("charging", &house().join("examples/charging_agent.py"), cue)).await;
    let told = scene.ended(&run).await;
    told.is("confirmed", "Reported success, and both proofs hold. 5 of 5 records were processed.", None);
    let said: Vec<&str> = told.of_attempts("sentence").iter().filter_map(|said| said.as_str()).collect();
    assert!(said[0].starts_with("killed by signal 9 (SIGKILL) after "), "{said:?}");
    let tries: Vec<u64> = scene.steps(&run).await.iter().map(|step| step["tries"].as_u64().unwrap()).collect();
    assert_eq!(tries, [1, 1, 2, 1, 1], "the third was asked for again, with the same key");
    assert_eq!(numbers(&scene.at("bank.sqlite"), "select count(*) from charges group by customer"), [1; 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_failed_goes_on_where_its_owner_says() {
    let scene = Scene::new().await;
    let mailer = Server::start(|before, _| Answer::status(if before == 0 { 503 } else { 200 })).await;
    let cue = json!({ "payload": { "bank": "bank.sqlite", "mailer": mailer.url }, "expect": { "min_processed": 1 } });
    let cue = scene.made(&scene.cue("orders", &script("order.py"), cue)).await;
    let first = scene.fire(&cue).await;
    let told = scene.ended(&first).await;
    told.is(
        "failed",
        "Step 2 (mail the receipt) failed: smtp.example.com answered 503. Attempt 1 of 1.",
        Some(["outcome_failed", "warning", "orders failed"]),
    );

    let proven = "At least 1 processed, as expected: reported 1. 1 of 1 records were processed.";
    // From where it broke; then from the charge on, and then as a whole, which charges again.
    let from = |ordinal: Value| json!({ "run_id": first, "ordinal": ordinal });
    let resumed = run_of(&scene.tower.owner("run_resume", &from(Value::Null)).await);
    let told = scene.ended(&resumed).await;
    told.is("confirmed", proven, None);
    assert!(scene.alerts(&first).await.is_empty(), "it has been put right");
    let steps = scene.steps(&resumed).await;
    let sources: Vec<&str> = steps.iter().map(|step| word(step, "source")).collect();
    assert_eq!(sources, ["kept", "step", "step"], "{steps:#?}");
    let first_steps = scene.steps(&first).await;
    assert_eq!(steps[1]["idempotency_key"], first_steps[1]["idempotency_key"], "nobody knows whether it was mailed");
    let charged = || numbers(&scene.at("bank.sqlite"), "select count(*) from charges")[0];
    assert_eq!((charged(), mailer.seen()[1].path.as_str()), (1, "/receipt/1"));

    let resumed = run_of(&scene.tower.owner("run_resume", &from(json!(1))).await);
    scene.ended(&resumed).await.is("confirmed", proven, None);
    assert_eq!(charged(), 2);
    let again = &scene.steps(&resumed).await[0]["idempotency_key"];
    assert_ne!(
        *again, first_steps[0]["idempotency_key"],
        "what was done, and the owner wants done again, is another call"
    );
    let rerun = run_of(&scene.tower.owner("run_replay", &json!({ "run_id": first })).await);
    scene.ended(&rerun).await.is("confirmed", proven, None);
    assert_eq!(charged(), 3);
    assert_eq!(numbers(&scene.at("bank.sqlite"), "select count(distinct key) from charges"), [3]);
    assert_eq!(mailer.seen_at_least(4, Duration::from_secs(1)).await.len(), 4);
}
