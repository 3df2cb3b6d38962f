//! Durable steps over HTTP: begun by key, ended once, not done again, fenced, bounded; with what they used.

use cuetower_core::id::RunId;
use cuetower_core::input::Answer::Fired;
use cuetower_tests::{Answer, Server};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Back, Openings, Tower, back};

/// A run that a worker has, with the token of its attempt.
struct AtWork {
    tower: Tower,
    cue: String,
    run: String,
    token: String,
}

impl AtWork {
    async fn begin() -> AtWork {
        AtWork::with(json!({})).await
    }

    async fn with(more: Value) -> AtWork {
        let tower = Tower::start().await;
        let mut cue = json!({ "name": "leads", "transport": "worker", "schedule": { "type": "manual" } });
        cue.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = tower.post("/v1/cues", cue).await;
        assert_eq!(made.status, 201, "{made:?}");
        let cue = made.json["id"].as_str().unwrap().to_owned();
        let fired = tower.post(&format!("/v1/cues/{cue}/fire"), json!({})).await;
        let run = fired.json["id"].as_str().unwrap_or_else(|| panic!("{fired:?}")).to_owned();
        let mut at_work = AtWork { tower, cue, run, token: String::new() };
        at_work.token = at_work.claim("ada").await;
        at_work
    }

    async fn claim(&self, worker: &str) -> String {
        let path = format!("/v1/executions/{}/claim", self.run);
        let claimed = self.tower.post(&path, json!({ "worker_id": worker })).await;
        claimed.json["run_token"].as_str().unwrap_or_else(|| panic!("{claimed:?}")).to_owned()
    }

    async fn put(&self, key: &str, body: Value) -> Back {
        self.put_as(&self.token, key, body).await
    }

    async fn put_as(&self, token: &str, key: &str, body: Value) -> Back {
        let path = format!("/v1/executions/{}/steps/{key}", self.run);
        self.tower.ask_as(token, Method::PUT, &path, Some(&body)).await
    }

    async fn end(&self, key: &str, how: &str, body: Value) -> Back {
        let path = format!("/v1/executions/{}/steps/{key}/{how}", self.run);
        self.tower.ask_as(&self.token, Method::POST, &path, Some(&body)).await
    }

    async fn tree(&self, query: &str) -> Value {
        let back = self.tower.get(&format!("/v1/executions/{}/steps{query}", self.run)).await;
        assert_eq!(back.status, 200, "{back:?}");
        back.json
    }

    async fn execution(&self) -> Value {
        self.tower.get(&format!("/v1/executions/{}", self.run)).await.json
    }
}

#[tokio::test]
async fn a_step_that_was_completed_gives_its_output_and_is_not_done_again() {
    let at_work = AtWork::begin().await;
    let begun = at_work.put("charge%20Ada%2F7", json!({ "kind": "http", "input": { "amount": 7 } })).await;
    let key = begun.json["idempotency_key"].as_str().unwrap().to_owned();
    let expected =
        json!({ "state": "started", "key": "charge Ada/7", "idempotency_key": key, "attempt": 1, "tries": 1 });
    assert_eq!((begun.status, begun.json), (201, expected));
    let again = at_work.put("charge%20Ada%2F7", json!({})).await;
    assert_eq!((again.status, &again.json["tries"]), (201, &json!(2)), "it crashed in between");
    assert_eq!(again.json["idempotency_key"], key.as_str());
    let output = json!({ "receipt": "r-1", "lines": [1, 2.5, null, "ü"] });
    for _ in 0..2 {
        let done = at_work.end("charge%20Ada%2F7", "complete", json!({ "output": output })).await;
        assert_eq!((done.status, &done.json["state"]), (200, &json!("completed")), "the same again is the same answer");
    }
    let recorded = at_work.put("charge%20Ada%2F7", json!({})).await;
    let expected = json!({ "state": "completed", "key": "charge Ada/7", "idempotency_key": key, "output": output });
    assert_eq!((recorded.status, recorded.json), (200, expected));
    let other = at_work.end("charge%20Ada%2F7", "complete", json!({ "output": 8 })).await;
    assert_eq!((other.status, other.code()), (409, "step_already_completed"));
    let failed = at_work.end("charge%20Ada%2F7", "fail", json!({ "error": "no" })).await;
    assert_eq!((failed.status, failed.code()), (409, "step_already_completed"));
    at_work.tower.stop().await;
}

#[tokio::test]
async fn steps_are_a_tree_with_what_each_used() {
    let at_work = AtWork::begin().await;
    at_work.put("score", json!({ "name": "score leads" })).await;
    for lead in ["1", "2"] {
        let body = json!({ "kind": "llm", "parent": "score", "model": "house-model" });
        assert_eq!(at_work.put(&format!("lead-{lead}"), body).await.status, 201);
    }
    let used = json!({ "output": 0.82, "tokens": { "input": 100, "output": 20 }, "cost_usd": 0.003, "retries": 5 });
    assert_eq!(at_work.end("lead-1", "complete", used).await.status, 200);
    assert_eq!(at_work.end("lead-2", "fail", json!({ "error": "429\nfive times", "tokens": 7 })).await.status, 200);
    let top = at_work.tree("").await;
    assert_eq!(
        (&top["total"], &top["steps"][0]["name"], &top["steps"][0]["children"]),
        (&json!(1), &json!("score leads"), &json!(2))
    );
    let below = at_work.tree("?parent=score&limit=1&offset=1").await;
    assert_eq!((below["steps"].as_array().unwrap().len(), &below["total"]), (1, &json!(2)));
    let lead = &below["steps"][0];
    assert_eq!((&lead["state"], &lead["error"], &lead["tokens"]), (&json!("failed"), &json!("429"), &json!(7)));
    assert_eq!((&lead["priced"], &lead["cost_usd"]), (&json!("not_priced"), &Value::Null), "unknown is not zero");
    let first = at_work.tree("?parent=score&limit=1").await;
    let first = &first["steps"][0];
    assert_eq!((&first["cost_usd"], &first["retries"], &first["priced"]), (&json!(0.003), &json!(5), &json!("said")));
    let story = at_work.tower.handle.reader().spend(at_work.run.clone()).await.unwrap().unwrap();
    assert_eq!((story.sums.total().tokens, story.sums.not_priced), (Some(127), 1));
    at_work.tower.stop().await;
}

#[tokio::test]
async fn bad_input_is_told_by_its_field_and_stores_nothing() {
    let at_work = AtWork::begin().await;
    let long = "k".repeat(201);
    for (key, body, field) in [
        (long.as_str(), json!({}), "path.key"),
        ("a%0Ab", json!({}), "path.key"),
        ("a", json!({ "kind": "magic" }), "body.kind"),
        ("a", json!({ "name": 7 }), "body.name"),
        ("a", json!({ "parent": "" }), "body.parent"),
    ] {
        let back = at_work.put(key, body).await;
        assert_eq!((back.status, back.code(), back.field()), (422, "validation_error", field), "{back:?}");
    }
    let nowhere = at_work.put("a", json!({ "parent": "never begun" })).await;
    assert_eq!(nowhere.status, 422);
    assert!(nowhere.json["error"]["message"].as_str().unwrap().contains("`never begun`"), "{nowhere:?}");
    assert_eq!(at_work.put("a", json!({})).await.status, 201);
    for (how, body, field) in [
        ("complete", json!({ "tokens": -1 }), "body.tokens"),
        ("complete", json!({ "tokens": { "in": 1 } }), "body.tokens.in"),
        ("complete", json!({ "tokens": { "input": 1.5 } }), "body.tokens.input"),
        ("complete", json!({ "cost_usd": "1" }), "body.cost_usd"),
        ("complete", json!({ "retries": -1 }), "body.retries"),
        ("fail", json!({}), "body.error"),
    ] {
        let back = at_work.end("a", how, body).await;
        assert_eq!((back.status, back.field()), (422, field), "{back:?}");
    }
    let huge = at_work.end("a", "complete", json!({ "output": "x".repeat(1 << 20) })).await;
    assert_eq!((huge.status, huge.code()), (413, "payload_too_large"), "{huge:?}");
    let never = at_work.end("b", "complete", json!({})).await;
    assert_eq!((never.status, never.code()), (404, "step_not_found"));
    let tree = at_work.tree("").await;
    assert_eq!((&tree["total"], &tree["steps"][0]["state"]), (&json!(1), &json!("started")));
    let just = at_work.end("a", "complete", json!({ "output": "x".repeat((1 << 20) - 2) })).await;
    assert_eq!(just.status, 200, "1 MiB of JSON fits");
    at_work.tower.stop().await;
}

#[tokio::test]
async fn an_older_attempt_begins_and_ends_no_steps() {
    let at_work = AtWork::begin().await;
    at_work.put("a", json!({})).await;
    let given_back = format!("/v1/executions/{}/release", at_work.run);
    let back = at_work.tower.ask_as(&at_work.token, Method::POST, &given_back, Some(&json!({}))).await;
    assert_eq!(back.status, 200, "{back:?}");
    let newer = at_work.claim("bob").await;
    for back in [at_work.put("b", json!({})).await, at_work.end("a", "complete", json!({})).await] {
        assert_eq!((back.status, back.code()), (409, "attempt_superseded"), "{back:?}");
    }
    let again = at_work.put_as(&newer, "a", json!({})).await;
    assert_eq!((again.status, &again.json["attempt"], &again.json["tries"]), (201, &json!(2), &json!(2)));
    at_work.tower.stop().await;
}

#[tokio::test]
async fn runs_that_ended_begin_nothing_and_stopped_ones_tell_nothing() {
    let at_work = AtWork::begin().await;
    at_work.put("a", json!({})).await;
    let outcome = format!("/v1/executions/{}/outcome", at_work.run);
    assert_eq!(
        at_work.tower.ask_as(&at_work.token, Method::POST, &outcome, Some(&json!({ "success": true }))).await.status,
        200
    );
    let begun = at_work.put("b", json!({})).await;
    assert_eq!((begun.status, begun.code()), (409, "run_ended"));
    assert_eq!(at_work.end("a", "complete", json!({})).await.status, 200, "what was begun may end");
    let none = at_work.tower.ask(Method::PUT, "/v1/executions/nowhere/steps/a", Some(&json!({}))).await;
    assert_eq!((none.status, none.code()), (404, "execution_not_found"));
    at_work.tower.stop().await;
}

#[tokio::test]
async fn a_failed_step_is_named_with_what_is_known() {
    let at_work = AtWork::begin().await;
    for key in ["list", "fetch", "enrich"] {
        at_work.put(key, json!({})).await;
        if key != "enrich" {
            at_work.end(key, "complete", json!({})).await;
        }
    }
    at_work.end("enrich", "fail", json!({ "error": "api.openai.com answered 429" })).await;
    let outcome = json!({ "success": false, "error": "gave up", "processed": 50, "expected": 200 });
    let path = format!("/v1/executions/{}/outcome", at_work.run);
    assert_eq!(at_work.tower.ask_as(&at_work.token, Method::POST, &path, Some(&outcome)).await.status, 200);
    let run = at_work.tower.handle.reader().run(at_work.run.clone()).await.unwrap().unwrap();
    let sentence = cuetower_core::sentence::of_run(&run);
    let (began, counted) =
        ("Step 3 (enrich) failed: api.openai.com answered 429.", "50 of 200 records were processed.");
    assert!(sentence.starts_with(began) && sentence.contains(counted), "{sentence}");
    at_work.tower.stop().await;
}

#[tokio::test]
async fn a_beat_moves_progress_and_adds_up_what_was_used() {
    let at_work = AtWork::begin().await;
    for progress in [1.0, 2.5] {
        let body = json!({ "progress": progress, "tokens": 40, "cost_usd": 0.01, "message": "on it" });
        let beat = at_work.tower.ask_as(&at_work.token, Method::POST, "/v1/heartbeats", Some(&body)).await;
        assert_eq!((beat.status, &beat.json["execution_id"]), (200, &json!(at_work.run)), "{beat:?}");
    }
    let spend = at_work.tower.handle.reader().spend(at_work.run.clone()).await.unwrap().unwrap().sums;
    assert_eq!(
        (spend.beats.tokens, spend.beats.cost.map(|cost| cost.0), spend.progress),
        (Some(80), Some(20_000_000), Some(2.5))
    );
    let agent = at_work.tower.post("/v1/heartbeats", json!({ "agent": "ada", "tokens": 3 })).await;
    assert_eq!((agent.status, &agent.json["agent"]), (200, &json!("ada")), "{agent:?}");
    let nobody = at_work.tower.post("/v1/heartbeats", json!({ "tokens": 3 })).await;
    assert_eq!((nobody.status, nobody.field()), (422, "body.agent"));
    let bad = at_work.tower.post("/v1/heartbeats", json!({ "agent": "ada", "progress": "much" })).await;
    assert_eq!((bad.status, bad.field()), (422, "body.progress"));
    at_work.tower.stop().await;
}

#[tokio::test]
async fn a_run_goes_on_where_it_broke_and_keeps_what_was_done() {
    let at_work = AtWork::begin().await;
    let mut keys = Vec::new();
    for key in ["list", "charge", "mail"] {
        keys.push(at_work.put(key, json!({})).await.json["idempotency_key"].clone());
        if key != "mail" {
            at_work.end(key, "complete", json!({ "output": key })).await;
        }
    }
    at_work.end("mail", "fail", json!({ "error": "smtp is down" })).await;
    let path = format!("/v1/executions/{}/outcome", at_work.run);
    at_work.tower.ask_as(&at_work.token, Method::POST, &path, Some(&json!({ "success": false, "error": "no" }))).await;
    let ended = RunId(at_work.run.clone());
    let resumed = at_work.tower.handle.resume(&ended, 3, "step 3 (mail)".to_owned()).await.unwrap();
    let Fired { run_id, .. } = resumed else { panic!("it is fired") };
    let at_work = AtWork { run: run_id.0, token: String::new(), ..at_work };
    let at_work = AtWork { token: at_work.claim("bob").await, ..at_work };
    let listed = at_work.put("list", json!({})).await;
    assert_eq!((listed.status, &listed.json["output"]), (200, &json!("list")), "{listed:?}");
    let mail = at_work.put("mail", json!({})).await;
    assert_eq!((mail.status, &mail.json["idempotency_key"]), (201, &keys[2]), "nobody knows whether the mail went out");
    let new = at_work.put("archive", json!({})).await;
    assert!(!keys.contains(&new.json["idempotency_key"]), "{new:?}");
    let tree = at_work.tree("").await;
    let sources: Vec<_> = tree["steps"].as_array().unwrap().iter().map(|step| step["source"].clone()).collect();
    assert_eq!(sources, ["kept", "kept", "step", "step"]);
    assert!(at_work.execution().await["replayed_from"].is_string());
    at_work.tower.stop().await;
}

#[tokio::test]
async fn another_account_sees_no_steps_and_begins_none() {
    let at_work = AtWork::begin().await;
    let openings = Openings { registration: true, ..Default::default() };
    at_work.put("a", json!({})).await;
    let AtWork { tower, run, .. } = at_work;
    let tower = tower.restart_with(openings).await;
    let who = json!({ "email": "eve@example.com" }).to_string();
    let registered = back(tower.bare(Method::POST, "/v1/auth/register").body(who)).await;
    let key = registered.json["api_key"].as_str().unwrap().to_owned();
    for (method, path) in [
        (Method::PUT, format!("/v1/executions/{run}/steps/b")),
        (Method::POST, format!("/v1/executions/{run}/steps/a/complete")),
        (Method::GET, format!("/v1/executions/{run}/steps")),
    ] {
        let body = (method != Method::GET).then(|| json!({}));
        let refused = tower.ask_as(&key, method.clone(), &path, body.as_ref()).await;
        assert_eq!((refused.status, refused.code()), (404, "execution_not_found"), "{method} {path}");
    }
    let body = json!({ "execution_id": run, "tokens": 9 });
    let beat = tower.ask_as(&key, Method::POST, "/v1/heartbeats", Some(&body)).await;
    assert_eq!((beat.status, beat.code()), (404, "execution_not_found"));
    tower.stop().await;
}

#[tokio::test]
async fn a_secret_is_lent_to_a_run_that_is_granted_it_and_each_lease_is_written_down() {
    let at_work = AtWork::with(json!({ "secrets": ["OPENAI"] })).await;
    let lease = async |token: &str, name: &str| {
        at_work.tower.ask_as(token, Method::GET, &format!("/v1/secrets/{name}"), None).await
    };
    let absent = lease(&at_work.token, "OPENAI").await;
    assert_eq!((absent.status, absent.code()), (404, "secret_not_found"));
    let other = lease(&at_work.token, "STRIPE").await;
    assert_eq!((other.status, other.code()), (403, "secret_not_granted"));
    let key = at_work.tower.key.clone();
    let with_key = lease(&key, "OPENAI").await;
    assert_eq!((with_key.status, with_key.code()), (403, "run_token_needed"), "{with_key:?}");
    let least = at_work.tower.key_with("cues report").await;
    let cue =
        json!({ "name": "thief", "transport": "worker", "schedule": { "type": "manual" }, "secrets": ["OPENAI"] });
    let thief = at_work.tower.ask_as(&least, Method::POST, "/v1/cues", Some(&cue)).await;
    assert_eq!((thief.status, thief.code()), (403, "insufficient_scope"), "{thief:?}");
    let shown = at_work.tower.get(&format!("/v1/cues/{}", at_work.cue)).await;
    assert_eq!(shown.status, 200);
    at_work.tower.stop().await;
}

#[tokio::test]
async fn a_step_moves_the_deadline_of_its_run_on() {
    let tower = Tower::start().await;
    let agent = Server::start(|_, _| Answer::status(202)).await;
    let mut cue = super::manual("slow", &agent.url);
    cue["delivery"] = json!({ "outcome_deadline_seconds": 2 });
    let cue = tower.post("/v1/cues", cue).await.json["id"].as_str().unwrap().to_owned();
    tower.post(&format!("/v1/cues/{cue}/fire"), json!({})).await;
    let seen = agent.seen_at_least(1, std::time::Duration::from_secs(10)).await;
    let (token, run) =
        (seen[0].header("x-cuetower-run-token").to_owned(), seen[0].header("x-cueapi-execution-id").to_owned());
    let started = tower.handle.now();
    // For longer than its deadline is away, it works step by step.
    let mut steps = 0;
    while tower.handle.now().since(started) < 5_000 {
        let begun =
            tower.ask_as(&token, Method::PUT, &format!("/v1/executions/{run}/steps/s{steps}"), Some(&json!({}))).await;
        assert_eq!(begun.status, 201, "{begun:?}");
        steps += 1;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let path = format!("/v1/executions/{run}/outcome");
    let done = tower.ask_as(&token, Method::POST, &path, Some(&json!({ "success": true }))).await;
    assert_eq!((done.status, &done.json["verdict"]), (200, &json!("claimed")), "{done:?}");
    let file = rusqlite::Connection::open(tower.dir.path().join("cuetower.db")).unwrap();
    let moved: u32 =
        file.query_row("SELECT count(*) FROM journal WHERE kind = 'deadline_moved'", [], |row| row.get(0)).unwrap();
    assert!(moved >= 2 && moved < steps, "{moved} of {steps}: not each step is worth a fact of its run");
    tower.stop().await;
}

#[tokio::test]
async fn a_secret_in_an_error_is_kept_nowhere() {
    let at_work = AtWork::begin().await;
    at_work.put("enrich", json!({})).await;
    let error = "openai: bad key sk-proj-abcdefghijklmnop\nsent {\"api_key\": \"hunter2hunter2\"}";
    assert_eq!(at_work.end("enrich", "fail", json!({ "error": error })).await.status, 200);
    let run = at_work.tower.handle.reader().run(at_work.run.clone()).await.unwrap().unwrap();
    assert_eq!(run.broke.unwrap().error, "openai: bad key ••••");
    let step = at_work.tower.handle.reader().step(at_work.run.clone(), 1).await.unwrap().unwrap().step;
    assert_eq!(step.whole_error.unwrap(), "openai: bad key ••••\nsent {\"api_key\": \"••••\"}");
    at_work.tower.stop().await;
}
