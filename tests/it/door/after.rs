//! What can still be said about a run after its outcome, what a fire can ask of it, and what is found of it later.
//!
//! CueAPI's known faults, each not copied: the same outcome again (`runs`), a never-firing cron (`refusals`), an autumn
//! morning and missed fires (`core`'s schedule and `tests/it/time`), a live worker's job (`tests/it/worker`); the rest here.

use std::time::Duration;

use cuetower_tests::{Answer, Server, until};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Back, Tower, back};

const PATIENCE: Duration = Duration::from_secs(15);
const NOWHERE: &str = "00000000-0000-4000-8000-000000000000";

fn worker(name: &str) -> Value {
    json!({ "name": name, "transport": "worker", "schedule": { "type": "manual" }, "payload": { "task": "t" } })
}

fn with(mut cue: Value, more: Value) -> Value {
    cue.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    cue
}

impl Tower {
    async fn made(&self, cue: Value) -> String {
        let made = self.post("/v1/cues", cue).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.json["id"].as_str().unwrap().to_owned()
    }

    /// Fires; the execution's path.
    async fn fired(&self, cue: &str, fire: Value) -> String {
        let fired = self.post(&format!("/v1/cues/{cue}/fire"), fire).await;
        assert_eq!(fired.status, 200, "{fired:?}");
        format!("/v1/executions/{}", fired.json["id"].as_str().unwrap())
    }

    /// Fires, claims and reports; the execution's path.
    async fn done(&self, cue: &str, outcome: Value) -> String {
        let path = self.fired(cue, json!({})).await;
        self.ends(&path, outcome).await;
        path
    }

    async fn ends(&self, path: &str, outcome: Value) -> Back {
        let claimed = self.post(&format!("{path}/claim"), json!({ "worker_id": "w" })).await;
        assert_eq!(claimed.status, 200, "{claimed:?}");
        let said = self.post(&format!("{path}/outcome"), outcome).await;
        assert_eq!(said.status, 200, "{said:?}");
        said
    }

    async fn verify(&self, path: &str, body: Value) -> Back {
        self.post(&format!("{path}/verify"), body).await
    }

    async fn shows(&self, path: &str, evidence: Value) -> Back {
        self.ask(Method::PATCH, &format!("{path}/evidence"), Some(&evidence)).await
    }

    async fn state(&self, path: &str) -> Value {
        self.get(path).await.json["outcome_state"].clone()
    }

    /// Kinds of the alerts that are open about a cue.
    async fn open(&self, cue: &str) -> Vec<String> {
        let alerts = self.handle.reader().alerts(100).await.unwrap();
        let open = alerts
            .iter()
            .filter(|alert| alert.resolved_at.is_none() && alert.cue_id.as_ref().is_some_and(|id| id.as_str() == cue));
        open.map(|alert| alert.kind.word().to_owned()).collect()
    }

    async fn total(&self, query: &str) -> Value {
        let page = self.get(&format!("/v1/executions?{query}")).await;
        assert_eq!(page.status, 200, "{query}: {page:?}");
        assert_eq!(page.json["total"].as_u64(), Some(page.json["executions"].as_array().unwrap().len() as u64));
        page.json["total"].clone()
    }
}

#[tokio::test]
async fn what_waits_for_somebody_is_verified_and_then_brings_about_what_follows() {
    let tower = Tower::start().await;
    let next = tower.made(worker("next")).await;
    let manual = with(worker("mail"), json!({ "verification": { "mode": "manual" }, "on_success_fire": next }));
    let cue = tower.made(manual).await;
    assert_eq!(tower.get(&format!("/v1/cues/{cue}")).await.json["verification"], json!({ "mode": "manual" }));
    let path = tower.fired(&cue, json!({})).await;
    let said = tower.ends(&path, json!({ "success": true })).await;
    assert_eq!(said.json["outcome_state"], "verification_pending");
    let shown = tower.get(&path).await.json;
    assert_eq!((&shown["status"], &shown["verification"]), (&json!("success"), &json!("waiting")));
    assert_eq!(tower.total(&format!("cue_id={next}")).await, 0, "nothing follows yet");
    assert_eq!(tower.open(&cue).await, ["gate_waiting"], "somebody is asked");

    let verified = tower.verify(&path, json!({})).await;
    let id = &path["/v1/executions/".len()..];
    assert_eq!((verified.status, &verified.json["valid"], &verified.json["reason"]), (200, &json!(true), &Value::Null));
    assert_eq!(
        (&verified.json["execution_id"], &verified.json["outcome_state"]),
        (&json!(id), &json!("verified_success"))
    );
    assert_eq!(tower.total(&format!("cue_id={next}&triggered_by=chain")).await, 1);
    assert!(tower.open(&cue).await.is_empty());
    let again = tower.verify(&path, json!({ "valid": true })).await;
    assert_eq!((again.status, again.code()), (409, "invalid_state"));
    assert_eq!(again.json["error"]["message"], "Cannot verify from state 'verified_success'");

    let other = tower.done(&cue, json!({ "success": true })).await;
    let words = json!({ "valid": false, "reason": "invoice number does not match" });
    let refused = tower.verify(&other, words).await;
    assert_eq!(refused.json["outcome_state"], "verification_failed");
    assert_eq!(refused.json["reason"], "invoice number does not match");
    assert_eq!(tower.get(&other).await.json["status"], "failed");
    assert_eq!(tower.open(&cue).await, ["check_failed"]);
    assert_eq!(tower.total(&format!("cue_id={next}")).await, 1, "no success, no next one");
    let third = tower.done(&cue, json!({ "success": true })).await;
    let mut open = tower.open(&cue).await;
    open.sort();
    assert_eq!(open, ["check_failed", "gate_waiting"], "its agent's word alone resolves nothing");
    tower.verify(&third, json!({})).await;
    assert!(tower.open(&cue).await.is_empty());
    tower.stop().await;
}

#[tokio::test]
async fn whoever_asks_for_it_gets_a_report_looked_at() {
    let tower = Tower::start().await;
    let cue = tower.made(worker("plain")).await;
    let path = tower.fired(&cue, json!({})).await;
    for (answer, code) in [
        (tower.verify(&path, json!({})).await, "invalid_state"),
        (tower.post(&format!("{path}/verification-pending"), json!({})).await, "no_outcome"),
        (tower.shows(&path, json!({ "external_id": "x" })).await, "no_outcome"),
    ] {
        assert_eq!((answer.status, answer.code()), (409, code), "nothing was reported yet");
    }
    tower.ends(&path, json!({ "success": true })).await;
    let pending = tower.post(&format!("{path}/verification-pending"), json!({})).await;
    assert_eq!((pending.status, &pending.json["outcome_state"]), (200, &json!("verification_pending")));
    assert_eq!(tower.state(&path).await, "verification_pending");
    assert_eq!(tower.verify(&path, json!({ "valid": true })).await.json["outcome_state"], "verified_success");

    let failed = tower.done(&cue, json!({ "success": false, "error": "timed out, or so it thought" })).await;
    assert_eq!(tower.open(&cue).await, ["outcome_failed"]);
    assert_eq!(tower.verify(&failed, json!({})).await.status, 200, "it was done after all");
    assert_eq!((tower.state(&failed).await, tower.open(&cue).await), (json!("verified_success"), vec![]));
    for body in [json!({ "valid": "yes" }), json!({ "reason": 5 }), json!({ "reason": "x".repeat(501) })] {
        let refused = tower.verify(&failed, body.clone()).await;
        assert_eq!((refused.status, refused.code()), (422, "validation_error"), "{body}");
    }
    tower.stop().await;
}

#[tokio::test]
async fn an_agent_does_not_verify_itself() {
    let tower = Tower::start().await;
    let cue = tower.made(with(worker("mail"), json!({ "verification": { "mode": "manual" } }))).await;
    let path = tower.fired(&cue, json!({})).await;
    let claimed = tower.post(&format!("{path}/claim"), json!({ "worker_id": "w" })).await;
    let token = claimed.json["run_token"].as_str().unwrap();
    let said = tower.ask_as(token, Method::POST, &format!("{path}/outcome"), Some(&json!({ "success": true }))).await;
    assert_eq!(said.status, 200, "{said:?}");
    let report = tower.key_with("report").await;
    for (key, code) in [(token, "run_token_not_allowed"), (&*report, "insufficient_scope")] {
        let refused = tower.ask_as(key, Method::POST, &format!("{path}/verify"), Some(&json!({}))).await;
        assert_eq!((refused.status, refused.code()), (403, code));
    }
    let both = tower.bare(Method::POST, &format!("{path}/verify")).bearer_auth(&tower.key);
    let refused = back(both.header("x-cuetower-run-token", token)).await;
    assert_eq!((refused.status, refused.code()), (403, "run_token_not_allowed"), "whatever else it holds");
    let (evidence, more) = (format!("{path}/evidence"), json!({ "external_id": "a" }));
    let shown = tower.ask_as(token, Method::PATCH, &evidence, Some(&more)).await;
    assert_eq!(shown.status, 200, "but it may show more of its own work");
    assert_eq!(tower.state(&path).await, "verification_pending");
    tower.stop().await;
}

#[tokio::test]
async fn evidence_that_comes_later_counts() {
    let tower = Tower::start().await;
    let cue = tower.made(with(worker("proven"), json!({ "verification": { "mode": "require_result_url" } }))).await;
    let path = tower.done(&cue, json!({ "success": true, "metadata": { "k": 0, "n": 1 } })).await;
    assert_eq!(
        (tower.state(&path).await, tower.open(&cue).await),
        (json!("verification_failed"), vec!["check_failed".to_owned()])
    );
    let more = json!({
        "external_id": "tweet:1", "result_url": "https://x.test/1", "summary": "s", "artifacts": ["a"], "result_type": "post",
        "result_ref": "r", "metadata": { "k": 1 },
    });
    let added = tower.shows(&path, more.clone()).await;
    assert_eq!((added.status, &added.json["evidence_updated"]), (200, &json!(true)));
    assert_eq!(added.json["outcome_state"], "verified_success");
    let shown = tower.get(&path).await.json;
    for field in ["external_id", "result_url", "summary", "artifacts", "result_type", "result_ref"] {
        assert_eq!(shown["outcome"][field], more[field], "{field}");
    }
    assert_eq!(shown["outcome"]["metadata"], json!({ "k": 1, "n": 1 }));
    assert_eq!((&shown["late"], &shown["outcome"]["validation_state"]), (&json!(true), &json!("valid")));
    assert_eq!(tower.open(&cue).await, Vec::<String>::new());
    let again =
        tower.post(&format!("{path}/outcome"), json!({ "success": true, "metadata": { "k": 0, "n": 1 } })).await;
    assert_eq!(again.status, 200, "the same outcome again is the same answer: {again:?}");
    for (body, status, code) in [
        (json!({ "result_url": "nowhere" }), 422, "validation_error"),
        (json!({ "external_id": "x".repeat(501) }), 422, "validation_error"),
        (json!({ "artifacts": "a" }), 422, "validation_error"),
        (json!({ "metadata": { "x": "y".repeat(10_300) } }), 400, "metadata_too_large"),
    ] {
        let refused = tower.shows(&path, body.clone()).await;
        assert_eq!((refused.status, refused.code()), (status, code), "{body}");
    }
    tower.stop().await;
}

#[tokio::test]
async fn a_live_session_attests_before_it_reports() {
    let tower = Tower::start().await;
    let cue = tower.made(worker("live")).await;
    let path = tower.fired(&cue, json!({})).await;
    let live = json!({ "success": true, "metadata": { "executed_via": "live" } });
    let unattested = tower.post(&format!("{path}/outcome"), live.clone()).await;
    assert_eq!((unattested.status, unattested.code()), (422, "live_claim_unattested"));
    let claim = async |token: &str| tower.post(&format!("{path}/live-claim"), json!({ "session_token": token })).await;
    let first = claim("t1").await;
    assert_eq!((first.status, &first.json["attested"]), (200, &json!(true)));
    assert_eq!(claim("t1").await.json, first.json);
    let other = claim("t2").await;
    assert_eq!((other.status, other.code()), (409, "already_attested"));
    let nameless = tower.post(&format!("{path}/live-claim"), json!({})).await;
    assert_eq!((nameless.status, nameless.field()), (422, "body.session_token"));
    assert_eq!(tower.post(&format!("{path}/outcome"), live).await.status, 200);
    let stored = rusqlite::Connection::open(tower.dir.path().join("cuetower.db")).unwrap();
    let tokens = "SELECT count(*) FROM journal WHERE body LIKE '%\"t1\"%'";
    assert_eq!(stored.query_row(tokens, [], |row| row.get::<_, i64>(0)).unwrap(), 0, "a token is not written down");
    tower.stop().await;
}

#[tokio::test]
async fn criteria_and_assertions_have_to_be_met_by_name() {
    let tower = Tower::start().await;
    let asks = json!({ "verification": { "mode": "none", "required_assertions": ["sent"] } });
    let cue = tower.made(with(worker("mail"), asks)).await;
    for (outcome, state) in [
        (json!({ "assertions": { "sent": true } }), "verified_success"),
        (
            json!({ "assertions": [{ "name": "sent", "passed": true }, { "id": "x", "met": false }] }),
            "verified_success",
        ),
        (json!({ "metadata": { "assertions": [{ "id": "sent", "value": true }] } }), "verified_success"),
        (json!({ "assertions": { "sent": false } }), "verification_failed"),
        (json!({}), "verification_failed"),
    ] {
        let path = tower.done(&cue, with(json!({ "success": true }), outcome.clone())).await;
        assert_eq!(tower.state(&path).await, state, "{outcome}");
    }
    let path = tower.fired(&cue, json!({ "exit_criteria": ["filed", "sent"] })).await;
    let listed = tower.get("/v1/executions/claimable").await.json["executions"][0].clone();
    assert_eq!(listed["exit_criteria"], json!(["filed", "sent"]));
    let said = tower.ends(&path, json!({ "success": true, "assertions": { "sent": true } })).await;
    assert_eq!(said.json["outcome_state"], "verification_failed");
    assert_eq!(said.json["reason"], "Met: filed: not reported");
    for criteria in [json!("filed"), json!([5]), json!([""]), json!(["a\nb"]), json!(vec!["x"; 101])] {
        let refused = tower.post(&format!("/v1/cues/{cue}/fire"), json!({ "exit_criteria": criteria })).await;
        assert_eq!((refused.status, refused.field()), (422, "body.exit_criteria"));
    }
    let bad = tower.fired(&cue, json!({})).await;
    let refused = tower.post(&format!("{bad}/outcome"), json!({ "success": true, "assertions": "sent" })).await;
    assert_eq!((refused.status, refused.field()), (422, "body.assertions"));

    let agent =
        Server::start(|_, _| Answer::json(200, &json!({ "success": true, "assertions": { "seen": true } }))).await;
    let hook = tower.manual_cue("hook", &agent.url).await;
    let path = tower.fired(&hook, json!({ "exit_criteria": ["seen"] })).await;
    let seen = agent.seen_at_least(1, PATIENCE).await;
    assert_eq!(seen[0].header("x-cuetower-exit-criteria"), r#"["seen"]"#);
    let mut fields: Vec<String> = seen[0].json().as_object().unwrap().keys().cloned().collect();
    fields.sort();
    assert_eq!(fields, ["attempt", "cue_id", "execution_id", "name", "payload", "scheduled_for"], "CueAPI's own body");
    let run = until("the end of the run", PATIENCE, async || {
        let run = tower.get(&path).await.json;
        (run["status"] == "success").then_some(run)
    })
    .await;
    assert_eq!((&run["outcome_state"], &run["exit_criteria"]), (&json!("verified_success"), &json!(["seen"])));
    assert!(run["response_body"].as_str().unwrap().contains("\"seen\""), "{run}");
    tower.stop().await;
}

#[tokio::test]
async fn a_fire_brings_what_its_cue_requires() {
    let tower = Tower::start().await;
    let asks = json!({ "required_payload_keys": ["lead", "task"], "require_payload_override": true });
    let cue = tower.made(with(worker("leads"), asks)).await;
    let fire = async |body: Value| tower.post(&format!("/v1/cues/{cue}/fire"), body).await;
    let bare = fire(json!({})).await;
    assert_eq!((bare.status, bare.code()), (400, "payload_override_required"));
    let half = fire(json!({ "payload_override": { "x": 1 } })).await;
    assert_eq!((half.status, half.code()), (400, "missing_required_payload_keys"));
    assert_eq!(half.json["error"]["missing_keys"], json!(["lead"]), "its own payload has the task");
    let replaced = fire(json!({ "payload_override": { "lead": 7 }, "merge_strategy": "replace" })).await;
    assert_eq!(replaced.json["error"]["missing_keys"], json!(["task"]));
    assert_eq!(fire(json!({ "payload_override": { "lead": 7 } })).await.status, 200);
    let nul = fire(json!({ "payload_override": { "lead": "a\u{0}" } })).await;
    assert_eq!((nul.status, nul.code()), (400, "invalid_payload"));
    let shown = tower.get(&format!("/v1/cues/{cue}")).await.json;
    assert_eq!(shown["required_payload_keys"], json!(["lead", "task"]));
    tower.stop().await;
}

#[tokio::test]
async fn executions_are_found_by_what_is_known_of_them() {
    let tower = Tower::start().await;
    let proof = json!({ "verification": { "mode": "require_external_id" } });
    let (plain, proven) = (tower.made(worker("plain")).await, tower.made(with(worker("proven"), proof)).await);
    let good = json!({ "success": true, "external_id": "a", "result_type": "post" });
    let outcomes = [
        (&plain, json!({ "success": true }), "reported_success"),
        (&plain, json!({ "success": false, "error": "no" }), "reported_failure"),
        (&proven, good, "verified_success"),
        (&proven, json!({ "success": true, "artifacts": ["x"] }), "verification_failed"),
        (&plain, json!({ "success": true, "result_type": "post", "result_ref": "r" }), "verification_pending"),
    ];
    for (cue, outcome, state) in outcomes {
        let path = tower.done(cue, outcome).await;
        if state == "verification_pending" {
            tower.post(&format!("{path}/verification-pending"), json!({})).await;
        }
        assert_eq!(tower.state(&path).await, state);
        assert_eq!(tower.total(&format!("outcome_state={state}")).await, 1, "{state}");
    }
    let held = tower.fired(&plain, json!({})).await;
    tower.post(&format!("{held}/claim"), json!({ "worker_id": "other" })).await;
    tower.fired(&plain, json!({})).await;
    for (query, total) in [
        ("worker_id=w", 5),
        ("worker_id=other", 1),
        ("worker_id=nobody", 0),
        ("result_type=post", 2),
        ("has_evidence=true", 3),
        ("has_evidence=false", 4),
        ("outcome_state=unknown", 0),
        ("triggered_by=chain", 0),
        ("status=retry_ready", 0),
        ("status=pending_outcome&worker_id=other", 1),
    ] {
        assert_eq!(tower.total(query).await, total, "{query}");
    }
    for query in ["outcome_state=great", "has_evidence=perhaps", "triggered_by=magic"] {
        let refused = tower.get(&format!("/v1/executions?{query}")).await;
        assert_eq!((refused.status, refused.code()), (422, "validation_error"), "{query}");
    }
    let page = tower.get("/v1/executions?worker_id=w&limit=2&offset=4").await.json;
    assert_eq!((&page["total"], &page["has_more"]), (&json!(5), &json!(false)));
    assert_eq!(page["executions"].as_array().unwrap().len(), 1);
    let claimed = tower.get(&held).await.json["claimed_at"].as_str().unwrap().to_owned();
    assert_eq!(page["oldest_claimed_at"].as_str().unwrap(), claimed.replace('Z', "+00:00"));
    assert_eq!(tower.get(&held).await.json["last_heartbeat_at"], Value::Null);
    tower.post(&format!("{held}/heartbeat"), json!({})).await;
    assert!(tower.get(&held).await.json["last_heartbeat_at"].is_string());
    let stats = tower.get(&format!("/v1/cues/{plain}")).await.json["stats"].clone();
    assert_eq!((&stats["executions"], &stats["ended"], &stats["succeeded"]), (&json!(5), &json!(3), &json!(2)));
    assert_eq!(stats["success_rate"], json!(0.6667));
    tower.stop().await;
}

#[tokio::test]
async fn how_deep_in_a_chain_a_run_is_is_known() {
    let tower = Tower::start().await;
    let third = tower.made(worker("third")).await;
    let second = tower.made(with(worker("second"), json!({ "on_success_fire": third }))).await;
    let first = tower.made(with(worker("first"), json!({ "on_success_fire": second }))).await;
    let top = tower.done(&first, json!({ "success": true })).await;
    let mut parent = top["/v1/executions/".len()..].to_owned();
    for (depth, cue) in [(1, &second), (2, &third)] {
        let run = tower.get(&format!("/v1/executions?cue_id={cue}")).await.json["executions"][0].clone();
        assert_eq!((&run["chain_depth"], &run["chain_parent_id"]), (&json!(depth), &json!(parent)));
        parent = run["id"].as_str().unwrap().to_owned();
        tower.ends(&format!("/v1/executions/{parent}"), json!({ "success": true })).await;
    }
    assert_eq!(tower.get(&top).await.json["chain_depth"], 0);
    tower.stop().await;
}

#[tokio::test]
async fn failures_in_a_row_are_told_once_there_are_as_many_as_the_cue_says() {
    let tower = Tower::start().await;
    let twice = tower.made(with(worker("twice"), json!({ "alerts": { "consecutive_failures": 2 } }))).await;
    let thrice = tower.made(worker("thrice")).await;
    let failed = json!({ "success": false, "error": "OpenAI returned 429" });
    for (cue, enough) in [(&twice, 2), (&thrice, 3)] {
        for times in 1..=enough {
            assert!(!tower.open(cue).await.contains(&"consecutive_failures".to_owned()), "{times} of {enough}");
            tower.done(cue, failed.clone()).await;
        }
        assert!(tower.open(cue).await.contains(&"consecutive_failures".to_owned()), "{enough}");
        tower.done(cue, json!({ "success": true })).await;
        assert_eq!(tower.open(cue).await, Vec::<String>::new());
    }
    let listed = tower.get("/v1/alerts?alert_type=consecutive_failures").await.json;
    assert_eq!(listed["total"], 2, "{listed}");
    tower.stop().await;
}

#[tokio::test]
async fn many_cues_are_deleted_at_once_if_it_is_confirmed() {
    let tower = Tower::start().await;
    let (one, two) = (tower.made(worker("one")).await, tower.made(worker("two")).await);
    let body = json!({ "ids": [one, "cue_nowhere", two, one] });
    let bare = tower.post("/v1/cues/bulk-delete", body.clone()).await;
    assert_eq!((bare.status, bare.code()), (400, "confirmation_required"));
    let confirmed = async |body: &Value| {
        let request = tower.bare(Method::POST, "/v1/cues/bulk-delete").bearer_auth(&tower.key);
        let request = request.header("x-confirm-destructive", "true").header("content-type", "application/json");
        back(request.body(body.to_string())).await
    };
    let gone = confirmed(&body).await;
    assert_eq!(gone.status, 200, "{gone:?}");
    assert_eq!((&gone.json["deleted"], &gone.json["skipped"]), (&json!([one, two]), &json!(["cue_nowhere"])));
    assert_eq!(tower.get("/v1/cues").await.json["total"], 0);
    for body in [json!({}), json!({ "ids": [] }), json!({ "ids": vec!["x"; 101] }), json!({ "ids": [1] })] {
        let refused = confirmed(&body).await;
        assert_eq!((refused.status, refused.field()), (422, "body.ids"));
    }
    tower.stop().await;
}

#[tokio::test]
async fn a_worker_cue_says_if_nobody_would_fetch_it() {
    let tower = Tower::start().await;
    let words = "No active workers found. Start a cueapi-worker to process this cue.";
    let made = tower.post("/v1/cues", worker("alone")).await.json;
    assert_eq!(made["warning"], words);
    let path = format!("/v1/cues/{}", made["id"].as_str().unwrap());
    assert_eq!(tower.get(&path).await.json["warning"], Value::Null, "said once");
    tower.post("/v1/worker/heartbeat", json!({ "worker_id": "w" })).await;
    assert_eq!(tower.post("/v1/cues", worker("served")).await.json["warning"], Value::Null);
    tower.stop().await;
}

#[tokio::test]
async fn a_mistyped_change_does_not_pass_for_one() {
    let tower = Tower::start().await;
    let cue = tower.manual_cue("c", "http://127.0.0.1:9/").await;
    let path = format!("/v1/cues/{cue}");
    let change = async |patch: Value| tower.ask(Method::PATCH, &path, Some(&patch)).await;
    for (patch, field) in [
        (json!({ "descripton": "x", "name": "d" }), "body.descripton"),
        (json!({ "transport": "worker" }), "body.transport"),
    ] {
        let refused = change(patch).await;
        assert_eq!((refused.status, refused.code(), refused.field()), (422, "validation_error", field));
        assert!(refused.json["error"]["message"].as_str().unwrap().ends_with("Extra inputs are not permitted"));
    }
    assert_eq!(tower.get(&path).await.json["name"], "c", "none of it was done");
    assert_eq!(change(json!({ "transport": "webhook", "name": "d" })).await.status, 200, "what it says is so");
    let zoned = json!({ "schedule": { "type": "recurring", "cron": "0 9 * * *", "timezone": "Europe/Berlin" } });
    change(zoned).await;
    let later = change(json!({ "schedule": { "type": "recurring", "cron": "0 10 * * *" } })).await;
    assert_eq!(later.json["schedule"]["timezone"], "Europe/Berlin", "a change of the hour does not move the desk");
    // In the body a number may be shorter than it is kept.
    let grows = format!(r#"{{ "payload": {{ "n": [{}1e5] }} }}"#, "1e5,".repeat(150_000));
    for (body, code) in
        [(r#"{ "payload": { "x": "a\u0000b" } }"#, "invalid_payload"), (&*grows, "invalid_payload_size")]
    {
        let request =
            tower.bare(Method::PATCH, &path).bearer_auth(&tower.key).header("content-type", "application/json");
        let refused = back(request.body(body.to_owned())).await;
        assert_eq!((refused.status, &refused.json["error"]["code"]), (400, &json!(code)));
    }
    tower.stop().await;
}

#[tokio::test]
async fn known_faults_are_not_copied() {
    let tower = Tower::start().await;
    let cue = tower.made(with(worker("paused by failure"), json!({ "on_failure": { "pause": true } }))).await;
    let later = tower.fired(&cue, json!({ "send_at": "2099-01-01T00:00:00Z" })).await;
    assert_eq!(tower.get("/v1/executions/claimable").await.json["executions"], json!([]), "not before its time");
    let early = tower.post(&format!("{later}/claim"), json!({ "worker_id": "w" })).await;
    assert_eq!((early.status, early.code()), (409, "claim_failed"));
    tower.done(&cue, json!({ "success": false })).await;
    assert_eq!(tower.get(&format!("/v1/cues/{cue}")).await.json["status"], "paused", "a reported failure is a failure");

    for id in ["not-a-uuid", NOWHERE, "%00", "..%2f.."] {
        let path = format!("/v1/executions/{id}");
        for (method, path, body) in [
            (Method::GET, path.clone(), None),
            (Method::POST, format!("{path}/verify"), Some(json!({}))),
            (Method::POST, format!("{path}/verification-pending"), None),
            (Method::PATCH, format!("{path}/evidence"), Some(json!({ "summary": "x" }))),
            (Method::POST, format!("{path}/live-claim"), Some(json!({ "session_token": "t" }))),
            (Method::POST, format!("{path}/outcome"), Some(json!({ "success": true }))),
            (Method::POST, format!("{path}/heartbeat"), None),
            (Method::POST, format!("{path}/claim"), Some(json!({ "worker_id": "w" }))),
            (Method::POST, format!("{path}/replay"), None),
        ] {
            let answer = tower.ask(method.clone(), &path, body.as_ref()).await;
            assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
        }
    }
    tower.stop().await;
}

#[tokio::test]
async fn a_replay_is_held_to_what_the_first_was() {
    let tower = Tower::start().await;
    let cue = tower.made(worker("mail")).await;
    let path = tower.fired(&cue, json!({ "exit_criteria": ["sent"] })).await;
    tower.ends(&path, json!({ "success": true })).await;
    let replay = tower.post(&format!("{path}/replay"), json!({})).await;
    let again = tower.get(&format!("/v1/executions/{}", replay.json["id"].as_str().unwrap())).await.json;
    assert_eq!(again["exit_criteria"], json!(["sent"]));
    tower.stop().await;
}
