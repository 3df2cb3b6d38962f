//! Runs through the door: fired, delivered to a real agent, reported, replayed.

use std::time::Duration;

use cuetower_tests::{Answer, Seen, Server, until};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Back, Tower, back};

const PATIENCE: Duration = Duration::from_secs(15);

/// The fields that CueAPI's core promises for an execution.
const PROMISED: [&str; 13] = [
    "id",
    "cue_id",
    "scheduled_for",
    "status",
    "http_status",
    "attempts",
    "error_message",
    "started_at",
    "delivered_at",
    "last_attempt_at",
    "outcome",
    "created_at",
    "updated_at",
];

/// Fires, and waits until the agent has the work. The execution's path, and the request as the agent saw it.
async fn flown(tower: &Tower, agent: &Server, cue: &str, nth: usize) -> (String, Seen) {
    let fired = tower.post(&format!("/v1/cues/{cue}/fire"), json!({})).await;
    assert_eq!(fired.status, 200, "{fired:?}");
    let path = format!("/v1/executions/{}", fired.json["id"].as_str().unwrap());
    let seen = agent.seen_at_least(nth, PATIENCE).await;
    until("delivered run", PATIENCE, async || {
        let run = tower.get(&path).await;
        (run.json["status"] == "pending_outcome").then_some(())
    })
    .await;
    (path, seen[nth - 1].clone())
}

async fn reported(tower: &Tower, path: &str, body: Value) -> Back {
    tower.post(&format!("{path}/outcome"), body).await
}

#[tokio::test]
async fn a_fired_cue_is_delivered_and_its_outcome_is_written_once() {
    let tower = Tower::start().await;
    let agent = Server::start(|_, _| Answer::status(202)).await;
    let cue = tower.manual_cue("brief", &format!("{}/run", agent.url)).await;
    let (path, seen) = flown(&tower, &agent, &cue, 1).await;
    assert_eq!(seen.json()["payload"], json!({ "task": "brief", "n": 1 }));
    assert!(path.ends_with(seen.json()["execution_id"].as_str().unwrap()));

    let good =
        json!({ "success": true, "result": "5 records", "metadata": { "processed": 5, "note": "x" }, "tokens": 12 });
    let first = reported(&tower, &path, good.clone()).await;
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(
        (&first.json["outcome_recorded"], &first.json["outcome_state"]),
        (&json!(true), &json!("reported_success"))
    );
    let again = reported(&tower, &path, good).await;
    assert_eq!((again.status, again.json), (200, first.json), "the same outcome gets the same answer");
    let other = reported(&tower, &path, json!({ "success": false })).await;
    assert_eq!((other.status, other.code()), (409, "outcome_already_recorded"));

    let run = tower.get(&path).await.json;
    for field in PROMISED {
        assert!(run.get(field).is_some(), "{field} is missing in {run}");
    }
    assert_eq!(
        (&run["status"], &run["verdict"], &run["outcome_state"]),
        (&json!("success"), &json!("claimed"), &json!("reported_success"))
    );
    assert_eq!(
        (&run["http_status"], &run["attempts"], &run["triggered_by"]),
        (&json!(202), &json!(1), &json!("manual_fire"))
    );
    assert_eq!((&run["outcome"]["processed"], &run["outcome"]["tokens"]), (&json!(5), &json!(12)));
    assert_eq!(run["outcome"]["metadata"], json!({ "processed": 5, "note": "x" }));
    tower.stop().await;
}

#[tokio::test]
async fn a_success_without_the_evidence_is_refuted() {
    let tower = Tower::start().await;
    let agent = Server::start(|_, _| Answer::status(202)).await;
    let cue = tower.manual_cue("brief", &agent.url).await;
    let patch = json!({ "expect": { "min_processed": 150 }, "verification": { "mode": "require_result_url" } });
    let path = format!("/v1/cues/{cue}");
    assert_eq!(tower.ask(Method::PATCH, &path, Some(&patch)).await.status, 200);
    let (path, _) = flown(&tower, &agent, &cue, 1).await;
    let answer =
        reported(&tower, &path, json!({ "success": true, "processed": 3, "result_url": "https://crm.example/1" }))
            .await;
    assert_eq!(answer.json["outcome_state"], "verification_failed", "{answer:?}");
    assert!(answer.json["reason"].as_str().unwrap().contains("reported 3"), "{answer:?}");
    let run = tower.get(&path).await.json;
    assert_eq!((&run["status"], &run["verdict"]), (&json!("failed"), &json!("refuted")));
    assert!(run["error_message"].is_string());
    tower.stop().await;
}

#[tokio::test]
async fn bad_outcomes_are_refused_and_a_good_one_still_counts() {
    let tower = Tower::start().await;
    let agent = Server::start(|_, _| Answer::status(202)).await;
    let cue = tower.manual_cue("brief", &agent.url).await;
    let (path, _) = flown(&tower, &agent, &cue, 1).await;
    let table = [
        (json!({ "result": "x" }), 422, "validation_error", "body.success"),
        (json!({ "success": "yes" }), 422, "validation_error", "body.success"),
        (json!({ "success": true, "result": "x".repeat(2_001) }), 422, "validation_error", "body.result"),
        (json!({ "success": true, "summary": "x".repeat(501) }), 422, "validation_error", "body.summary"),
        (json!({ "success": true, "result": { "a": 1 } }), 422, "validation_error", "body.result"),
        (json!({ "success": true, "result_url": "not a url" }), 422, "validation_error", "body.result_url"),
        (json!({ "success": true, "artifacts": "a" }), 422, "validation_error", "body.artifacts"),
        (json!({ "success": true, "processed": -1 }), 422, "validation_error", "body.processed"),
        (json!({ "success": true, "metadata": [1] }), 422, "validation_error", "body.metadata"),
        (json!({ "success": true, "next_run_in_seconds": -60 }), 422, "validation_error", "body.next_run_in_seconds"),
        (json!({ "success": true, "metadata": { "x": "y".repeat(10_300) } }), 400, "metadata_too_large", ""),
    ];
    let before = tower.stored();
    for (body, status, code, field) in table {
        let refused = reported(&tower, &path, body).await;
        assert_eq!((refused.status, refused.code(), refused.field()), (status, code, field));
    }
    assert_eq!(tower.stored(), before);
    assert_eq!(tower.get(&path).await.json["outcome"], Value::Null);
    let exact = json!({ "success": true, "result": "\u{fc}".repeat(2_000) });
    assert_eq!(reported(&tower, &path, exact).await.status, 200, "characters are counted, not bytes");
    tower.stop().await;
}

#[tokio::test]
async fn a_run_token_does_its_own_work_and_nothing_else() {
    let tower = Tower::start().await;
    let agent = Server::start(|_, _| Answer::status(202)).await;
    let cue = tower.manual_cue("brief", &agent.url).await;
    let other = tower.manual_cue("other", &agent.url).await;
    let (path, seen) = flown(&tower, &agent, &cue, 1).await;
    let (elsewhere, _) = flown(&tower, &agent, &other, 2).await;
    let token = seen.header("x-cuetower-run-token").to_owned();
    assert!(token.starts_with("cue_run_"), "{token}");
    let run = |method: Method, path: String, body: Option<Value>| {
        let (tower, token) = (&tower, token.clone());
        async move { tower.ask_as(&token, method, &path, body.as_ref()).await }
    };
    assert_eq!(run(Method::GET, path.clone(), None).await.status, 200);
    let own_cue = run(Method::GET, format!("/v1/cues/{cue}"), None).await;
    assert_eq!((own_cue.status, own_cue.json.get("executions")), (200, None));
    let success = json!({ "success": true });
    for (method, path, body) in [
        (Method::GET, elsewhere.clone(), None),
        (Method::GET, format!("/v1/cues/{other}"), None),
        (Method::GET, "/v1/cues".to_owned(), None),
        (Method::GET, "/v1/executions".to_owned(), None),
        (Method::POST, "/v1/cues".to_owned(), Some(json!({ "name": "mine" }))),
        (Method::PATCH, format!("/v1/cues/{cue}"), Some(json!({ "status": "paused" }))),
        (Method::DELETE, format!("/v1/cues/{cue}"), None),
        (Method::POST, format!("/v1/cues/{cue}/fire"), None),
        (Method::POST, format!("{path}/replay"), None),
        (Method::POST, format!("{elsewhere}/outcome"), Some(success.clone())),
    ] {
        let refused = run(method.clone(), path.clone(), body).await;
        assert_eq!((refused.status, refused.code()), (403, "run_token_not_allowed"), "{method} {path}");
    }
    let forged = tower.ask_as(&format!("{token}0"), Method::GET, &path, None).await;
    assert_eq!((forged.status, forged.code()), (401, "invalid_run_token"));
    let in_its_header = tower.bare(Method::POST, &format!("{path}/outcome")).header("x-cuetower-run-token", &token);
    let done = back(in_its_header.body(success.to_string())).await;
    assert_eq!(done.status, 200, "{done:?}");
    tower.stop().await;
}

#[tokio::test]
async fn an_older_attempt_is_fenced_off() {
    let tower = Tower::start().await;
    let agent = Server::start(|before, _| Answer::status(if before == 0 { 500 } else { 202 })).await;
    let cue = tower.manual_cue("brief", &agent.url).await;
    let patch = json!({ "retry": { "backoff_minutes": [0.005] } });
    assert_eq!(tower.ask(Method::PATCH, &format!("/v1/cues/{cue}"), Some(&patch)).await.status, 200);
    let (path, second) = flown(&tower, &agent, &cue, 2).await;
    let first = agent.seen()[0].clone();
    assert_eq!((first.json()["attempt"].clone(), second.json()["attempt"].clone()), (json!(1), json!(2)));
    let report = async |token: &str, key: Option<&str>| {
        let mut request = tower.bare(Method::POST, &format!("{path}/outcome")).header("x-cuetower-run-token", token);
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        back(request.body(json!({ "success": true }).to_string())).await
    };
    let old = first.header("x-cuetower-run-token");
    for key in [None, Some(tower.key.as_str())] {
        let refused = report(old, key).await;
        assert_eq!((refused.status, refused.code()), (409, "attempt_superseded"), "with a key: {}", key.is_some());
    }
    assert_eq!(tower.get(&path).await.json["outcome"], Value::Null);
    let taken = report(second.header("x-cuetower-run-token"), None).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    assert_eq!(tower.get(&path).await.json["attempt"], 2);
    tower.stop().await;
}

#[tokio::test]
async fn a_stopped_run_takes_no_outcome() {
    let tower = Tower::start().await;
    let agent = Server::start(|_, _| Answer::status(202)).await;
    let cue = tower.manual_cue("brief", &agent.url).await;
    let (path, _) = flown(&tower, &agent, &cue, 1).await;
    let run_id = cuetower_core::id::RunId(path.rsplit('/').next().unwrap().to_owned());
    tower.handle.run(&run_id, cuetower_core::input::Input::Stop { run_id: run_id.clone() }).await.unwrap();
    let refused = reported(&tower, &path, json!({ "success": true })).await;
    assert_eq!((refused.status, refused.code()), (409, "run_stopped"));

    let (path, _) = flown(&tower, &agent, &cue, 2).await;
    assert_eq!(tower.ask(Method::DELETE, &format!("/v1/cues/{cue}"), None).await.status, 204);
    let refused = reported(&tower, &path, json!({ "success": true })).await;
    assert_eq!((refused.status, refused.code()), (409, "run_stopped"));
    let gone = tower.get(&path).await;
    assert_eq!((gone.status, gone.code()), (404, "execution_not_found"), "as CueAPI: out of reach with its cue");
    tower.stop().await;
}

#[tokio::test]
async fn a_webhooks_answer_with_success_is_its_outcome() {
    let tower = Tower::start().await;
    let answer = json!({ "success": true, "result": "r".repeat(3_000), "processed": 7, "result_url": 5 });
    let agent = Server::start(move |_, _| Answer::json(200, &answer)).await;
    let cue = tower.manual_cue("brief", &agent.url).await;
    let fired = tower.post(&format!("/v1/cues/{cue}/fire"), json!({})).await;
    let path = format!("/v1/executions/{}", fired.json["id"].as_str().unwrap());
    let run = until("ended run", PATIENCE, async || {
        let run = tower.get(&path).await.json;
        (run["status"] == "success").then_some(run)
    })
    .await;
    assert_eq!(run["outcome"]["result"].as_str().unwrap().len(), 2_000, "what is too long is cut");
    assert_eq!((&run["outcome"]["processed"], &run["outcome"]["result_url"]), (&json!(7), &Value::Null));
    tower.stop().await;
}

#[tokio::test]
async fn fires_are_idempotent_by_their_key() {
    let tower = Tower::start().await;
    let agent = Server::start(|_, _| Answer::status(202)).await;
    let cue = tower.manual_cue("brief", &agent.url).await;
    let path = format!("/v1/cues/{cue}/fire");
    let body = json!({ "payload_override": { "n": 2 }, "idempotency_key": "k1" });
    let first = tower.post(&path, body.clone()).await;
    let again = tower.post(&path, body).await;
    assert_eq!((first.status, again.status, &first.json), (200, 200, &again.json));
    let other = tower.post(&path, json!({ "payload_override": { "n": 3 }, "idempotency_key": "k1" })).await;
    assert_eq!((other.status, other.code()), (409, "idempotency_key_conflict"));
    let seen = agent.seen_at_least(1, PATIENCE).await;
    assert_eq!(seen[0].json()["payload"], json!({ "task": "brief", "n": 2 }), "laid over the cue's own");
    let replaced = json!({ "payload_override": { "only": true }, "merge_strategy": "replace" });
    assert_eq!(tower.ask(Method::DELETE, &format!("/v1/cues/{cue}"), None).await.status, 204);
    let cue = tower.manual_cue("second", &agent.url).await;
    assert_eq!(tower.post(&format!("/v1/cues/{cue}/fire"), replaced).await.status, 200);
    let seen = agent.seen_at_least(2, PATIENCE).await;
    assert_eq!(seen[1].json()["payload"], json!({ "only": true }));
    assert_eq!(seen.len(), 2, "one delivery per key");
    tower.stop().await;
}

#[tokio::test]
async fn bad_fires_are_refused_and_arm_nothing() {
    let tower = Tower::start().await;
    let cue = tower.manual_cue("brief", "http://127.0.0.1:9/run").await;
    let before = tower.stored();
    for (body, field) in [
        (json!({ "payload_override": [1] }), "body.payload_override"),
        (json!({ "merge_strategy": "mix" }), "body.merge_strategy"),
        (json!({ "send_at": "tomorrow" }), "body.send_at"),
        (json!({ "send_at": 5 }), "body.send_at"),
        (json!({ "idempotency_key": "" }), "body.idempotency_key"),
        (json!({ "idempotency_key": "k".repeat(257) }), "body.idempotency_key"),
        (json!({ "exit_criteria": "x" }), "body.exit_criteria"),
    ] {
        let refused = tower.post(&format!("/v1/cues/{cue}/fire"), body).await;
        assert_eq!((refused.status, refused.code(), refused.field()), (422, "validation_error", field));
    }
    assert_eq!(tower.stored(), before);
    tower.stop().await;
}

#[tokio::test]
async fn a_fire_for_later_waits_and_is_shown_while_it_does() {
    let tower = Tower::start().await;
    let cue = tower.manual_cue("brief", "http://127.0.0.1:9/run").await;
    let at = "2036-01-01T00:00:00+00:00";
    let fired = tower.post(&format!("/v1/cues/{cue}/fire"), json!({ "send_at": at, "colour": 1 })).await;
    assert_eq!(
        (fired.status, &fired.json["scheduled_for"], &fired.json["status"]),
        (200, &json!(at), &json!("pending"))
    );
    assert!(fired.json["warning"].as_str().unwrap().contains("colour"));
    let id = fired.json["id"].as_str().unwrap();
    let path = format!("/v1/executions/{id}");
    let waiting = tower.get(&path).await.json;
    assert_eq!((&waiting["status"], &waiting["scheduled_for"]), (&json!("pending"), &json!("2036-01-01T00:00:00Z")));
    for query in ["", "?status=pending", "?status__in=pending,failed", "?triggered_by=manual_fire"] {
        let list = tower.get(&format!("/v1/executions{query}")).await.json;
        assert_eq!((&list["total"], &list["executions"][0]["id"]), (&json!(1), &json!(id)), "{query}");
    }
    for query in ["?status=failed", "?triggered_by=replay", "?cue_id=cue_other"] {
        assert_eq!(tower.get(&format!("/v1/executions{query}")).await.json["total"], 0, "{query}");
    }
    for path in [format!("{path}/outcome"), format!("{path}/replay")] {
        let refused = tower.post(&path, json!({ "success": true })).await;
        let code = if path.ends_with("replay") { "execution_in_flight" } else { "not_delivered" };
        assert_eq!((refused.status, refused.code()), (409, code));
    }
    tower.stop().await;
}

#[tokio::test]
async fn a_run_is_replayed_once_it_has_ended() {
    let tower = Tower::start().await;
    let agent = Server::start(|_, _| Answer::status(202)).await;
    let cue = tower.manual_cue("brief", &agent.url).await;
    let (path, _) = flown(&tower, &agent, &cue, 1).await;
    let early = tower.post(&format!("{path}/replay"), json!({})).await;
    assert_eq!((early.status, early.code()), (409, "execution_in_flight"));
    assert_eq!(
        reported(&tower, &path, json!({ "success": false, "error": "429" })).await.json["outcome_state"],
        "reported_failure"
    );
    assert_eq!(tower.get(&path).await.json["error_message"], "429");
    let replayed = tower.post(&format!("{path}/replay"), json!({})).await;
    let old = path.rsplit('/').next().unwrap();
    assert_eq!(
        (replayed.status, &replayed.json["triggered_by"], &replayed.json["replayed_from"]),
        (200, &json!("replay"), &json!(old))
    );
    let seen = agent.seen_at_least(2, PATIENCE).await;
    assert_eq!(seen[1].json()["payload"], seen[0].json()["payload"]);
    let list = tower.get("/v1/executions?triggered_by=replay").await.json;
    assert_eq!((&list["total"], &list["executions"][0]["replayed_from"]), (&json!(1), &json!(old)));
    let page = tower.get(&format!("/v1/executions?cue_id={cue}&limit=1")).await.json;
    assert_eq!(
        (&page["total"], &page["has_more"], page["executions"].as_array().unwrap().len()),
        (&json!(2), &json!(true), 1)
    );
    tower.stop().await;
}

#[tokio::test]
async fn a_paused_cue_is_fired_by_hand() {
    let tower = Tower::start().await;
    let agent = Server::start(|_, _| Answer::status(202)).await;
    let cue = tower.manual_cue("brief", &agent.url).await;
    assert_eq!(
        tower.ask(Method::PATCH, &format!("/v1/cues/{cue}"), Some(&json!({ "status": "paused" }))).await.status,
        200
    );
    let (path, _) = flown(&tower, &agent, &cue, 1).await;
    assert_eq!(reported(&tower, &path, json!({ "success": true })).await.status, 200);
    tower.stop().await;
}
