//! Keys with finer words, keys for one agent's cues, and tokens that die with their runs, over real HTTP.

use cuetower_engine::handle::TowerChange;
use cuetower_engine::journal::KeyRow;
use cuetower_engine::token::new_api_key;
use cuetower_tests::{Answer, Server};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Tower, manual};

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

impl Tower {
    /// A key that reaches the cues of this agent alone.
    async fn key_for(&self, agent: &str, scopes: &str) -> String {
        let key = new_api_key();
        let row = KeyRow::of_owner(&key, &format!("{agent}'s"), scopes, self.handle.now());
        let row = KeyRow { agent: agent.to_owned(), own_cues: true, ..row };
        self.handle.tower(TowerChange::KeyAdded(Box::new(row))).await.unwrap();
        key
    }
}

fn worked(name: &str, agent: &str) -> Value {
    json!({ "name": name, "agent": agent, "transport": "worker", "schedule": { "type": "manual" } })
}

#[tokio::test]
async fn a_key_reads_with_one_word_and_writes_with_another() {
    let tower = Tower::start().await;
    let cue = tower.manual_cue("leads", "http://127.0.0.1:9/run").await;
    let (reads, writes) = (tower.key_with("cues:read").await, tower.key_with("cues:write").await);
    let path = format!("/v1/cues/{cue}");
    assert_eq!(tower.ask_as(&reads, Method::GET, &path, None).await.status, 200);
    assert_eq!(tower.ask_as(&reads, Method::GET, "/v1/cues", None).await.json["total"], 1);
    let renamed = json!({ "name": "digest" });
    let refused = tower.ask_as(&reads, Method::PATCH, &path, Some(&renamed)).await;
    assert_eq!((refused.status, refused.code()), (403, "insufficient_scope"));
    assert!(refused.json["error"]["message"].as_str().unwrap().contains("`cues:write`"), "{refused:?}");
    assert_eq!(tower.ask_as(&writes, Method::PATCH, &path, Some(&renamed)).await.status, 200);
    let refused = tower.ask_as(&writes, Method::GET, &path, None).await;
    assert_eq!((refused.status, refused.code()), (403, "insufficient_scope"));
    tower.stop().await;
}

#[tokio::test]
async fn beside_a_finer_word_report_claims_nothing() {
    let tower = Tower::start().await;
    let narrow = tower.key_with("cues:read report").await;
    let claims = tower.key_with("claim").await;
    let cue = tower.post("/v1/cues", worked("leads", "")).await.json["id"].as_str().unwrap().to_owned();
    let run = tower.post(&format!("/v1/cues/{cue}/fire"), json!({})).await.json["id"].as_str().unwrap().to_owned();
    let (claim, worker) = (format!("/v1/executions/{run}/claim"), json!({ "worker_id": "ada" }));
    let refused = tower.ask_as(&narrow, Method::POST, &claim, Some(&worker)).await;
    assert_eq!((refused.status, refused.code()), (403, "insufficient_scope"));
    let claimed = tower.ask_as(&claims, Method::POST, &claim, Some(&worker)).await;
    assert_eq!(claimed.status, 200, "{claimed:?}");
    let (outcome, done) = (format!("/v1/executions/{run}/outcome"), json!({ "success": true }));
    let refused = tower.ask_as(&claims, Method::POST, &outcome, Some(&done)).await;
    assert_eq!((refused.status, refused.code()), (403, "insufficient_scope"), "its run's token reports");
    assert_eq!(tower.ask_as(&narrow, Method::POST, &outcome, Some(&done)).await.status, 200);
    tower.stop().await;
}

#[tokio::test]
async fn a_key_for_one_agents_cues_finds_no_others() {
    let tower = Tower::start().await;
    let key = tower.key_for("ada", "cues report").await;
    let other = tower.post("/v1/cues", worked("bobs", "bob")).await.json["id"].as_str().unwrap().to_owned();
    let run = tower.post(&format!("/v1/cues/{other}/fire"), json!({})).await.json["id"].as_str().unwrap().to_owned();
    let ask = async |method: Method, path: String, body: Option<Value>| {
        tower.ask_as(&key, method, &path, body.as_ref()).await
    };
    let made = ask(Method::POST, "/v1/cues".to_owned(), Some(manual("own", "http://127.0.0.1:9/run"))).await;
    assert_eq!((made.status, &made.json["agent"]), (201, &json!("ada")), "whose else: {made:?}");
    let own = made.json["id"].as_str().unwrap().to_owned();

    let executions = format!("/v1/executions/{run}");
    let done = json!({ "success": true });
    for (method, path, body) in [
        (Method::GET, format!("/v1/cues/{other}"), None),
        (Method::PATCH, format!("/v1/cues/{other}"), Some(json!({ "name": "mine" }))),
        (Method::POST, format!("/v1/cues/{other}/fire"), Some(json!({}))),
        (Method::DELETE, format!("/v1/cues/{other}"), None),
        (Method::GET, executions.clone(), None),
        (Method::GET, format!("{executions}/steps"), None),
        (Method::PUT, format!("{executions}/steps/a"), Some(json!({}))),
        (Method::POST, format!("{executions}/claim"), Some(json!({ "worker_id": "ada" }))),
        (Method::POST, format!("{executions}/live-claim"), Some(json!({ "session_token": "s" }))),
        (Method::POST, format!("{executions}/heartbeat"), Some(json!({}))),
        (Method::POST, format!("{executions}/release"), Some(json!({}))),
        (Method::POST, format!("{executions}/outcome"), Some(done)),
        (Method::POST, format!("{executions}/replay"), None),
        (Method::POST, format!("{executions}/verify"), Some(json!({}))),
        (Method::POST, format!("{executions}/verification-pending"), None),
        (Method::PATCH, format!("{executions}/evidence"), Some(json!({ "result_url": "https://x.org" }))),
        (Method::POST, "/v1/heartbeats".to_owned(), Some(json!({ "execution_id": run }))),
        (Method::GET, format!("/v1/executions?cue_id={other}"), None),
    ] {
        let refused = ask(method.clone(), path.clone(), body).await;
        assert_eq!(refused.status, 404, "{method} {path}: {refused:?}");
    }
    for path in ["/v1/alerts", "/v1/auth/webhook-secret"] {
        let refused = ask(Method::GET, path.to_owned(), None).await;
        assert_eq!((refused.status, refused.code()), (403, "insufficient_scope"), "{path}");
    }
    let beat = ask(Method::POST, "/api/v1/heartbeat".to_owned(), Some(json!({ "agent": "bob", "status": "ok" }))).await;
    assert_eq!((beat.status, beat.code()), (403, "insufficient_scope"));
    let beat = ask(Method::POST, "/api/v1/heartbeat".to_owned(), Some(json!({ "agent": "ada", "status": "ok" }))).await;
    assert_eq!(beat.status, 200, "{beat:?}");
    let listed = ask(Method::GET, "/v1/cues".to_owned(), None).await;
    assert_eq!((&listed.json["total"], &listed.json["cues"][0]["id"]), (&json!(1), &json!(own)));
    let claimable = ask(Method::GET, "/v1/executions/claimable".to_owned(), None).await;
    assert_eq!(claimable.json["executions"], json!([]), "bob's run waits for others");
    assert_eq!(ask(Method::GET, format!("/v1/executions?cue_id={own}"), None).await.status, 200);
    let executions = ask(Method::GET, "/v1/executions".to_owned(), None).await;
    assert_eq!((executions.status, &executions.json["total"]), (200, &json!(0)), "bob's is not among them");
    ask(Method::POST, format!("/v1/cues/{own}/fire"), Some(json!({}))).await;
    let executions = ask(Method::GET, "/v1/executions".to_owned(), None).await;
    assert_eq!((&executions.json["total"], &executions.json["executions"][0]["cue_id"]), (&json!(1), &json!(own)));
    tower.stop().await;
}

#[tokio::test]
async fn a_key_for_one_agents_cues_gives_none_away_and_fires_no_others() {
    let tower = Tower::start().await;
    let key = tower.key_for("ada", "cues report").await;
    let other = tower.post("/v1/cues", worked("bobs", "bob")).await.json["id"].as_str().unwrap().to_owned();
    let write = async |method: Method, path: &str, body: Value| tower.ask_as(&key, method, path, Some(&body)).await;
    let foreign = write(Method::POST, "/v1/cues", worked("stolen", "bob")).await;
    assert_eq!((foreign.status, foreign.field()), (422, "body.agent"));
    let mut chained = worked("chained", "ada");
    chained["on_success_fire"] = json!(other);
    let refused = write(Method::POST, "/v1/cues", chained).await;
    assert_eq!((refused.status, refused.field()), (422, "body.on_success_fire"));
    let made = write(Method::POST, "/v1/cues", worked("own", "ada")).await;
    let path = format!("/v1/cues/{}", made.json["id"].as_str().unwrap());
    let given = write(Method::PATCH, &path, json!({ "agent": "bob" })).await;
    assert_eq!((given.status, given.field()), (422, "body.agent"));
    let falls = write(Method::PATCH, &path, json!({ "on_failure": { "fallback_cue": other } })).await;
    assert_eq!((falls.status, falls.field()), (422, "body.on_failure.fallback_cue"));
    assert_eq!(write(Method::PATCH, &path, json!({ "name": "still own" })).await.status, 200);
    tower.stop().await;
}

/// What a run's token opens after its end is one list: everything else is refused for the same reason.
#[tokio::test]
async fn a_token_dies_with_its_run_on_every_route() {
    let tower = Tower::start().await;
    let agent = Server::start(|_, _| Answer::status(202)).await;
    let cue = tower.manual_cue("leads", &agent.url).await;
    tower.post(&format!("/v1/cues/{cue}/fire"), json!({})).await;
    let seen = agent.seen_at_least(1, PATIENCE).await;
    let (token, run) =
        (seen[0].header("x-cuetower-run-token").to_owned(), seen[0].header("x-cueapi-execution-id").to_owned());
    let outcome = format!("/v1/executions/{run}/outcome");
    let done = tower.ask_as(&token, Method::POST, &outcome, Some(&json!({ "success": true }))).await;
    assert_eq!(done.status, 200, "{done:?}");

    let lives_on = [
        "get /v1/cues/{id}",
        "get /v1/executions/{id}",
        "post /v1/executions/{id}/outcome",
        "patch /v1/executions/{id}/evidence",
        "post /v1/executions/{id}/verification-pending",
        "post /v1/executions/{id}/verify",
        "post /v1/executions/{id}/heartbeat",
        "post /v1/executions/{id}/release",
        "get /v1/executions/{id}/steps",
        "put /v1/executions/{id}/steps/{key}",
        "post /v1/executions/{id}/steps/{key}/complete",
        "post /v1/executions/{id}/steps/{key}/fail",
        "post /v1/heartbeats",
        "post /v1/traces",
        "get /v1/gates/{id}",
    ];
    let mut dead = 0;
    for (method, route) in cuetower_engine::receive::routes() {
        let path = route.replace("{id}", &run).replace("{key}", "k").replace("{name}", "n").replace("{permit}", "p");
        if lives_on.contains(&format!("{method} {route}").as_str()) || path.contains('{') {
            continue;
        }
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let body = (method != Method::GET).then(|| json!({}));
        let alive = tower.ask_as("cue_run_x.1.00", method.clone(), &path, body.as_ref()).await;
        if alive.status != 401 {
            // It asks for no credential at all, or for another one.
            continue;
        }
        let refused = tower.ask_as(&token, method.clone(), &path, body.as_ref()).await;
        assert_eq!((refused.status, refused.code()), (409, "run_ended"), "{method} {route}: {refused:?}");
        dead += 1;
    }
    assert!(dead > 30, "{dead} routes were tried");
    let read = tower.ask_as(&token, Method::GET, &format!("/v1/executions/{run}"), None).await;
    assert_eq!((read.status, &read.json["status"]), (200, &json!("success")));

    // A restart knows no less of it.
    let tower = tower.restart_with(super::Openings::default()).await;
    let refused = tower.ask_as(&token, Method::GET, "/v1/secrets/OPENAI", None).await;
    assert_eq!((refused.status, refused.code()), (409, "run_ended"));
    tower.stop().await;
}

#[tokio::test]
async fn the_token_of_a_run_that_was_stopped_says_so() {
    let tower = Tower::start().await;
    let agent = Server::start(|_, _| Answer::status(202)).await;
    let cue = tower.manual_cue("leads", &agent.url).await;
    tower.post(&format!("/v1/cues/{cue}/fire"), json!({})).await;
    let seen = agent.seen_at_least(1, PATIENCE).await;
    let (token, run) =
        (seen[0].header("x-cuetower-run-token").to_owned(), seen[0].header("x-cueapi-execution-id").to_owned());
    let run_id = cuetower_core::id::RunId(run);
    let stop = cuetower_core::input::Input::Stop { run_id: run_id.clone() };
    tower.handle.run(&run_id, stop).await.unwrap();
    let refused = tower.ask_as(&token, Method::POST, "/v1/messages", Some(&json!({}))).await;
    assert_eq!((refused.status, refused.code()), (409, "run_stopped"));
    tower.stop().await;
}
