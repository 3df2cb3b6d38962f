//! The real exporter sends tens of thousands of spans.

use super::*;

const EACH: [u64; 3] = [20_000, 15_000, 15_000];

#[tokio::test(flavor = "multi_thread")]
async fn fifty_thousand_spans_of_the_real_sdk_are_all_there_joined_and_priced() {
    let tower = Tower::start().await;
    tower.owner("price_set", &json!({ "model": "test-model", "input_usd": 2, "output_usd": 8 })).await;
    let mut agent = Agent::start(&tower, "leads").await;
    let runs = [agent.run(&tower).await, agent.run(&tower).await, agent.run(&tower).await];
    let jobs = json!([
        { "by": "resource", "run": runs[0].run, "spans": EACH[0], "compression": "gzip" },
        { "by": "span", "run": runs[1].run, "spans": EACH[1], "compression": "none" },
        { "by": "traceparent", "traceparent": runs[2].traceparent, "spans": EACH[2], "compression": "deflate" },
    ]);
    let (said, _) = exported(&tower, &tower.key, &jobs).await;
    assert_eq!(said["exported"], 50_000);
    for (given, count) in runs.iter().zip(EACH) {
        let story = tower.owner("run_get", &json!({ "run_id": given.run })).await;
        let (agents, calls) = (count.div_ceil(100), count - count.div_ceil(100));
        assert_eq!(story["steps"]["begun"], count, "{story}");
        let spend = &story["spend"];
        assert_eq!((&spend["tokens"], &spend["not_priced"]), (&json!(calls * 1_100), &json!(0)), "{spend}");
        assert_eq!(spend["cost_usd"].as_f64(), Some(calls as f64 * 0.0028), "{spend}");
        assert_eq!((&spend["models"][0]["model"], &spend["models"][0]["calls"]), (&json!("test-model"), &json!(calls)));
        let top = steps(&tower, &given.run).await;
        assert_eq!(
            (&top["total"], &top["steps"][0]["children"]),
            (&json!(agents), &json!(99)),
            "calls stand under their agent"
        );
        let below = json!({ "run_id": given.run, "under": top["steps"][0]["ordinal"], "limit": 1 });
        let call = &tower.owner("run_steps", &below).await["steps"][0];
        assert_eq!((&call["kind"], &call["priced"]), (&json!("llm"), &json!("table")), "{call}");
        let whole = tower.owner("run_step", &json!({ "run_id": given.run, "ordinal": call["ordinal"] })).await;
        assert!(whole["input"].as_str().unwrap().contains("Find leads."), "{whole}");
        assert!(whole["output"].as_str().unwrap().contains("Found 3."), "{whole}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_outlive_a_power_cut_that_follows_their_answer() {
    let mut tower = Tower::start().await;
    let mut agent = Agent::start(&tower, "leads").await;
    let given = agent.run(&tower).await;
    let jobs = json!([{ "by": "resource", "run": given.run, "spans": 2_000, "compression": "gzip" }]);
    exported(&tower, &given.token, &jobs).await;
    tower.kill9().await;
    tower.again().await;
    let story = tower.owner("run_get", &json!({ "run_id": given.run })).await;
    assert_eq!(story["steps"]["begun"], 2_000, "{story}");
    assert_eq!(story["spend"]["not_priced"], 2_000 - 20, "no price of test-model is known: that is not 0");
    assert_eq!(story["spend"]["cost_usd"], Value::Null);
}
