//! What runs cost on a real tower: priced by the table or as it was said, summed by cue, agent, model and day; what nobody said
//! and what nobody can price is counted, never taken for nothing. And the owner's prices.

use std::time::Duration;

use cuetower_tests::{Tower, send, until};
use reqwest::Method;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// A run that a worker has taken.
struct Run {
    id: String,
    token: String,
}

async fn made(tower: &Tower, name: &str, agent: &str) -> String {
    let cue = json!({ "name": name, "agent": agent, "transport": "worker", "schedule": { "type": "manual" }, "overlap": "allow",
                      "retry": { "max_attempts": 1 } });
    let (status, answer) = tower.post("/v1/cues", &cue).await;
    assert_eq!(status, 201, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

async fn begun(tower: &Tower, cue: &str) -> Run {
    let (status, fired) = tower.post(&format!("/v1/cues/{cue}/fire"), &json!({})).await;
    assert!(status < 300, "{fired}");
    let id = fired["id"].as_str().unwrap().to_owned();
    let (status, claimed) = tower.post(&format!("/v1/executions/{id}/claim"), &json!({ "worker_id": "ada" })).await;
    assert_eq!(status, 200, "{claimed}");
    Run { token: claimed["run_token"].as_str().unwrap().to_owned(), id }
}

impl Run {
    async fn tell(&self, tower: &Tower, method: Method, path: &str, body: Value) {
        let url = format!("{}/v1/executions/{}/{path}", tower.agents, self.id);
        let (status, answer) = send(method, &url, Some(&self.token), Some(&body)).await;
        assert!(status < 300, "{path} {body}: {answer}");
    }

    /// One step, begun and completed.
    async fn step(&self, tower: &Tower, key: &str, begin: Value, done: Value) {
        self.tell(tower, Method::PUT, &format!("steps/{key}"), begin).await;
        self.tell(tower, Method::POST, &format!("steps/{key}/complete"), done).await;
    }

    async fn outcome(&self, tower: &Tower, body: Value) {
        self.tell(tower, Method::POST, "outcome", body).await;
    }

    async fn beat(&self, tower: &Tower, body: Value) {
        let (status, answer) =
            send(Method::POST, &format!("{}/v1/heartbeats", tower.agents), Some(&self.token), Some(&body)).await;
        assert_eq!(status, 200, "{answer}");
    }
}

async fn costs(tower: &Tower) -> Value {
    tower.owner("costs", &json!({ "days": 7 })).await
}

fn named<'a>(costs: &'a Value, list: &str, by: &str, name: &str) -> &'a Value {
    let found = costs[list].as_array().unwrap().iter().find(|one| one[by] == name);
    found.unwrap_or_else(|| panic!("no {name} in {}", costs[list]))
}

async fn house_costs(tower: &Tower, input: f64, output: f64) {
    tower.owner("price_set", &json!({ "model": "house-model", "input_usd": input, "output_usd": output })).await;
}

#[tokio::test]
async fn what_runs_used_is_summed_by_cue_agent_model_and_day() {
    let mut tower = Tower::start().await;
    house_costs(&tower, 1.0, 10.0).await;
    let leads = made(&tower, "leads", "bot").await;
    let quiet = made(&tower, "quiet", "mole").await;

    let priced = begun(&tower, &leads).await;
    let tokens = json!({ "tokens": { "input": 1_000, "output": 200 } });
    priced.step(&tower, "ask", json!({ "kind": "llm", "model": "house-model" }), tokens.clone()).await;
    let own = json!({ "tokens": { "input": 1_000_000, "output": 0 }, "model": "gpt-4o-2024-08-06" });
    priced.step(&tower, "big", json!({ "kind": "llm" }), own).await;
    priced.outcome(&tower, json!({ "success": true })).await;

    let unknown = begun(&tower, &leads).await;
    unknown.step(&tower, "ask", json!({ "kind": "llm", "model": "moon-1" }), tokens.clone()).await;
    unknown.step(&tower, "nameless", json!({}), json!({ "tokens": 7 })).await;
    unknown.outcome(&tower, json!({ "success": true })).await;

    let odd = begun(&tower, &leads).await;
    odd.step(&tower, "ask", json!({}), json!({ "cost_usd": 0.1 })).await;
    odd.beat(&tower, json!({ "tokens": 40, "cost_usd": 0.2 })).await;
    odd.outcome(&tower, json!({ "success": false, "error": "no", "cost_usd": 0.5, "tokens": 100 })).await;

    let untold = begun(&tower, &quiet).await;
    untold.outcome(&tower, json!({ "success": true })).await;
    let _live = begun(&tower, &quiet).await;

    // Without steps: what telemetry tells counts once, and an agent's beats are another word for the same money.
    let beat = json!({ "agent": "bot", "status": "ok", "tokens_used": 5, "cost_usd": 9.0 });
    let (status, answer) = tower.post("/api/v1/heartbeat", &beat).await;
    assert!(status < 300, "{answer}");

    let seen = until("costs of all runs", PATIENCE, async || {
        let seen = costs(&tower).await;
        (seen["runs"] == 4).then_some(seen)
    })
    .await;
    let runs_usd = 0.003 + 2.5 + 0.5;
    assert_eq!(seen["today"], json!({ "tokens": 1_200 + 1_000_000 + 1_207 + 100, "cost_usd": 9.0 }), "{seen}");
    for total in ["last_7_days", "last_30_days", "total"] {
        assert_eq!(seen[total], seen["today"], "{total}");
    }
    assert_eq!((&seen["by_day"][6], seen["days"].as_array().unwrap().len()), (&seen["today"], 7));
    assert_eq!(seen["by_day"][0], json!({ "tokens": null, "cost_usd": null }), "nobody said anything on that day");
    assert_eq!((&seen["runs_untold"], &seen["not_priced"]), (&json!(1), &json!(2)));

    let cue = named(&seen, "by_cue", "cue", "leads");
    assert_eq!(cue["total"]["cost_usd"], json!(runs_usd), "{cue}");
    assert_eq!((&cue["runs"], &cue["runs_untold"], &cue["not_priced"]), (&json!(3), &json!(0), &json!(2)));
    let quiet_cue = named(&seen, "by_cue", "cue", "quiet");
    assert_eq!(
        (&quiet_cue["runs"], &quiet_cue["runs_untold"]),
        (&json!(1), &json!(1)),
        "the one at work is not counted"
    );
    assert_eq!(quiet_cue["total"]["cost_usd"], Value::Null, "it said nothing, which is not 0");

    let agents: Vec<_> = seen["by_agent"].as_array().unwrap().iter().map(|one| &one["agent"]).collect();
    assert_eq!(agents, ["bot"]);
    let house = named(&seen, "by_model", "model", "house-model");
    assert_eq!(
        (&house["calls"], &house["total"]["cost_usd"], &house["input"]),
        (&json!(1), &json!(0.003), &json!(1_000))
    );
    assert_eq!(named(&seen, "by_model", "model", "gpt-4o-2024-08-06")["total"]["cost_usd"], json!(2.5));
    let moon = named(&seen, "by_model", "model", "moon-1");
    assert_eq!((&moon["not_priced"], &moon["total"]["cost_usd"]), (&json!(1), &Value::Null));
    assert_eq!(named(&seen, "by_model", "model", "no model named")["not_priced"], json!(1));

    let failed = seen["unproven"].as_array().unwrap().iter().find(|one| one["verdict"] == "failed").unwrap();
    assert_eq!((&failed["runs"], &failed["cost_usd"]), (&json!(1), &json!(0.5)), "{failed}");
    assert_eq!(seen["disagreements_total"], json!(1));
    let odds = &seen["disagreements"][0];
    assert_eq!((&odds["run_id"], &odds["cost_usd"]), (&json!(odd.id), &json!(0.5)));
    assert_eq!(odds["words"], "its outcome says $0.50, its steps say $0.10");

    let mark = &tower.owner("run_get", &json!({ "run_id": odd.id })).await["mark"];
    assert_eq!(mark["cost_usd"], json!(0.5), "the largest of the three: {mark}");
    let today = tower.owner("costs_today", &json!({})).await;
    assert_eq!((&today["today"], &today["day"]), (&seen["today"], &seen["days"][6]));
    let told = |cue: &&Value| !cue["today"]["cost_usd"].is_null();
    let of_cue = |cue: &Value| (cue["cue_id"].as_str().unwrap().to_owned(), cue["today"]["cost_usd"].clone());
    let by_cue: serde_json::Map<_, _> = seen["by_cue"].as_array().unwrap().iter().filter(told).map(of_cue).collect();
    assert_eq!((today["cues"].clone(), by_cue.len()), (Value::from(by_cue), 1), "as the costs have it");

    tower.kill9().await;
    tower.again().await;
    let again = costs(&tower).await;
    for what in ["today", "by_model", "by_agent", "unproven", "disagreements", "not_priced"] {
        assert_eq!(again[what], seen[what], "{what}");
    }
}

#[tokio::test]
async fn a_price_holds_from_when_it_is_set_and_over_a_restart() {
    let mut tower = Tower::start().await;
    let leads = made(&tower, "leads", "bot").await;
    let run = begun(&tower, &leads).await;
    let call = || json!({ "tokens": { "input": 1_000_000, "output": 0 }, "model": "openai/house-model-2026-11-01" });
    let spent = async |tower: &Tower| costs(tower).await["total"]["cost_usd"].clone();

    run.step(&tower, "one", json!({}), call()).await;
    assert_eq!(spent(&tower).await, Value::Null, "no price is known");
    house_costs(&tower, 2.0, 4.0).await;
    run.step(&tower, "two", json!({}), call()).await;
    assert_eq!(spent(&tower).await, json!(2.0), "what was told before keeps the cost it had: none");
    house_costs(&tower, 0.5, 4.0).await;
    tower.kill9().await;
    tower.again().await;
    run.step(&tower, "three", json!({}), call()).await;
    assert_eq!(spent(&tower).await, json!(2.5));
    let model = &costs(&tower).await["by_model"][0];
    assert_eq!((&model["calls"], &model["not_priced"], &model["has_price"]), (&json!(3), &json!(1), &json!(true)));

    tower.owner("price_remove", &json!({ "model": "HOUSE-model" })).await;
    run.step(&tower, "four", json!({}), call()).await;
    assert_eq!(costs(&tower).await["by_model"][0]["not_priced"], json!(2));
}

#[tokio::test]
async fn prices_are_listed_set_and_taken_away_at_the_command_line() {
    let tower = Tower::start().await;
    let json_of = async |args: &[&str]| -> Value {
        let said = tower.ctl(&[args, &["--json"]].concat()).await.good();
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{args:?}: {error} in {said}"))
    };
    let all = json_of(&["price", "list"]).await;
    assert!(all["prices"].as_array().unwrap().len() > 400 && all["as_of"].as_str().unwrap().starts_with("20"), "{all}");
    let shipped = named(&all, "prices", "model", "gpt-4o").clone();
    assert_eq!(
        (&shipped["own"], &shipped["input_usd"], &shipped["output_usd"]),
        (&json!(false), &json!(2.5), &json!(10.0))
    );

    let line = ["price", "set", "gpt-4o", "--input", "2", "--output", "8", "--cached-input", "0.5"];
    let said = tower.ctl(&line).await.good();
    assert!(said.starts_with("From now on a million tokens of gpt-4o cost $2 in and $8 out."), "{said}");
    let own = json_of(&["price", "list", "--own"]).await;
    let price = named(&own, "prices", "model", "gpt-4o");
    assert_eq!((own["prices"].as_array().unwrap().len(), &price["cached_input_usd"]), (1, &json!(0.5)));
    assert_eq!((&price["shipped"]["input_usd"], &price["provider"]), (&json!(2.5), &json!("openai")));
    let listed = tower.ctl(&["price", "list", "gpt-4o-2024-08-06"]).await.good();
    assert!(
        listed.contains("gpt-4o") && listed.contains("you") && listed.contains("US dollars per million tokens"),
        "{listed}"
    );

    let said = tower.ctl(&["price", "rm", "gpt-4o"]).await.good();
    assert_eq!(said, "Your own price of gpt-4o is gone.\n");
    assert_eq!(named(&json_of(&["price", "list"]).await, "prices", "model", "gpt-4o"), &shipped);
    let twice = tower.ctl(&["price", "rm", "gpt-4o"]).await;
    assert!(twice.code == Some(1) && twice.err.contains("price of your own for `gpt-4o`"), "{twice:?}");

    let nothing = tower.ctl(&["costs"]).await.good();
    assert!(nothing.starts_with("Today -, 7 days -, 30 days -\n"), "{nothing}");
    for by in ["cue", "agent", "model", "day"] {
        tower.ctl(&["costs", "--days", "30", "--by", by]).await.good();
    }
    assert_eq!(json_of(&["costs", "--days", "3"]).await["days"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn bad_prices_and_days_are_told_by_their_field_and_store_nothing() {
    let tower = Tower::start().await;
    let long = "m".repeat(201);
    for (model, input, output, more, field) in [
        ("", json!(1), json!(1), json!({}), "model"),
        ("  ", json!(1), json!(1), json!({}), "model"),
        ("*", json!(1), json!(1), json!({}), "model"),
        ("g*t", json!(1), json!(1), json!({}), "model"),
        ("a\nb", json!(1), json!(1), json!({}), "model"),
        (&long, json!(1), json!(1), json!({}), "model"),
        ("m", json!(-1), json!(1), json!({}), "input_usd"),
        ("m", json!(1), json!(100_001), json!({}), "output_usd"),
        ("m", json!(1), json!(1), json!({ "cached_input_usd": -0.5 }), "cached_input_usd"),
        ("m", json!(1), json!(1), json!({ "reasoning_usd": 1e12 }), "reasoning_usd"),
        ("m", json!("much"), json!(1), json!({}), "request"),
    ] {
        let mut request = json!({ "model": model, "input_usd": input, "output_usd": output });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, answer) = tower.owner_call("price_set", &request).await;
        assert_eq!((status >= 400, answer["field"].as_str()), (true, Some(field)), "{request}: {answer}");
    }
    let own = tower.owner("prices", &json!({})).await;
    assert_eq!(own["own_changed_ms"], Value::Null, "nothing of it was kept");
    for days in [json!(0), json!(367), json!(-1)] {
        let (status, answer) = tower.owner_call("costs", &json!({ "days": days })).await;
        assert!(status >= 400 && answer["field"].is_string(), "{days}: {answer}");
    }
}
