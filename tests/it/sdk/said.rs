//! Agents that the tower starts: what they say through the SDK is what the owner sees.

use serde_json::json;

use super::{Scene, root, script};

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_says_is_what_the_owner_sees() {
    let scene = Scene::new().await;
    scene.tower.owner("secret_set", &json!({ "name": "OPENAI", "value": "sk-12345" })).await;
    scene.tower.owner("pool_set", &json!({ "name": "openai", "concurrency": 1 })).await;
    let with = json!({ "payload": { "leads": 2 }, "secrets": ["OPENAI"], "expect": { "min_processed": 2 } });
    let cue = scene.command("everything", &[&script("agent.py"), "everything"], with).await;
    let run = scene.fire(&cue).await;
    let story = scene.ended(&run, "confirmed").await;
    assert_eq!(story["outcome"]["summary"], "all said", "{story:#}");

    let enrich = scene.step(&run, "enrich").await;
    let told = (&enrich["state"], &enrich["kind"], &enrich["model"], &enrich["retries"], &enrich["cost_usd"]);
    assert_eq!(told, (&json!("completed"), &json!("llm"), &json!("gpt-5-mini"), &json!(1), &json!(0.25)), "{enrich}");
    let fetch = scene.steps(&run, "enrich").await;
    assert_eq!((fetch.len(), &fetch[0]["key"]), (1, &json!("enrich > fetch")), "{fetch:?}");
    let odd = scene.step(&run, "a/b?c=1&ü %2F..").await;
    assert_eq!((&odd["name"], &odd["tries"]), (&json!("odd/key?#"), &json!(1)));
    let long = scene.step(&run, "too long").await;
    assert_eq!(long["state"], "failed", "{long}");
    let pools = scene.tower.owner("pools", &json!({})).await;
    assert!(!pools.to_string().contains("permit_"), "the permit was given back: {pools}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exception_in_a_step_is_the_sentence_that_the_owner_reads() {
    let scene = Scene::new().await;
    let cue = scene.command("fails", &[&script("agent.py"), "fails"], json!({})).await;
    let run = scene.fire(&cue).await;
    let story = scene.ended(&run, "failed").await;
    let sentence = story["mark"]["sentence"].as_str().unwrap();
    let begins = "Step 3 (enrich) failed: api.openai.com answered 429. 50 of 200 records were processed.";
    assert!(sentence.starts_with(begins), "{sentence}");
    let trace = story["outcome"]["fields"]["metadata"]["traceback"].as_str().unwrap_or_else(|| panic!("{story:#}"));
    assert!(trace.contains("in fails") && trace.ends_with("api.openai.com answered 429\n"), "{trace}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charging_agent_killed_at_each_boundary_charges_everybody_once() {
    let scene = Scene::new().await;
    let bank = scene.work.path().join("bank.sqlite");
    let deaths = "before-begin:1, after-begin:2, after-charge:3, after-complete:4, after-charge:5, after-begin:9";
    let agent = root().join("examples/charging_agent.py");
    let with = json!({
        "payload": { "bank": bank, "customers": 12, "cents": 5 },
        "env": { "CHARGING_AGENT_DIES": deaths },
        "retry": { "max_attempts": 7, "backoff_minutes": [0.001] },
        "expect": { "min_processed": 12 },
    });
    let cue = scene.command("charging", &[agent.to_str().unwrap()], with).await;
    let run = scene.fire(&cue).await;
    let story = scene.ended(&run, "confirmed").await;
    assert_eq!(story["attempts"].as_array().unwrap().len(), 7, "{story:#}");
    let bank = rusqlite::Connection::open(bank).unwrap();
    let charges: (u32, u32) = bank
        .query_row("SELECT count(*), count(DISTINCT customer) FROM charges", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(charges, (12, 12), "everybody once");
    // The one that was charged when the agent died was asked for again with the same key.
    let step = scene.step(&run, "charge customer 003").await;
    assert_eq!((&step["state"], &step["tries"]), (&json!("completed"), &json!(2)), "{step}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agents_of_the_demo_end_as_they_say() {
    let scene = Scene::new().await;
    let examples = root().join("examples");
    let expect = json!({ "expect": { "min_processed": 150 }, "payload": { "leads": 200, "batches": 1 } });
    for (file, state, words) in [
        ("confirming_agent.py", "confirmed", ""),
        ("three_of_two_hundred.py", "refuted", "3 of 200"),
        ("honest_failure.py", "failed", "The bank's statement for today is missing."),
    ] {
        let cue = scene.command(file, &[examples.join(file).to_str().unwrap()], expect.clone()).await;
        let run = scene.fire(&cue).await;
        let story = scene.ended(&run, state).await;
        let sentence = story["mark"]["sentence"].as_str().unwrap_or_default();
        assert!(sentence.contains(words), "{file}: {sentence}");
    }
    let cue = scene.command("quota", &[examples.join("shared_quota.py").to_str().unwrap()], json!({})).await;
    let run = scene.fire(&cue).await;
    // Its cue asks for no proof.
    scene.ended(&run, "claimed").await;
}
