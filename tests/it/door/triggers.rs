//! A cue fired from outside by its trigger URL: whoever has the URL needs nothing else, and an old URL is dead for good.

use cuetower_core::id::CueId;
use cuetower_core::input::Input;
use cuetower_engine::handle::TowerChange;
use cuetower_tests::{Answer, Server};
use reqwest::{Method, header};
use serde_json::{Value, json};
use std::time::Duration;

use super::{Back, Tower, back, manual};

const LIMIT: Duration = Duration::from_secs(20);

impl Tower {
    /// The path of the cue's new trigger URL.
    async fn trigger(&self, cue: &str) -> String {
        let id = CueId(cue.to_owned());
        let (_, cue) = self.handle.cue(&id, Input::TriggerUrl { wanted: true }).await.unwrap();
        let number = cue.trigger_url.expect("it was asked for");
        format!("/v1/triggers/{}", self.handle.tower_key().trigger_token(&id, number))
    }

    /// As a stranger who has the URL.
    async fn pull(&self, path: &str, body: &str) -> Back {
        back(self.bare(Method::POST, path).body(body.to_owned())).await
    }

    async fn change(&self, cue: &str, input: Input) {
        self.handle.cue(&CueId(cue.to_owned()), input).await.unwrap();
    }
}

#[tokio::test]
async fn a_trigger_url_fires_its_cue_with_the_payload_that_comes() {
    let (tower, agent) = (Tower::start().await, Server::start(|_, _| Answer::status(204)).await);
    let made = tower
        .post(
            "/v1/cues",
            json!({ "overlap": "allow", "name": "lead", "schedule": { "type": "manual" },
        "callback": { "url": agent.url }, "payload": { "task": "brief", "n": 1 } }),
        )
        .await;
    let cue = made.json["id"].as_str().unwrap();
    let path = tower.trigger(cue).await;
    let fired = tower.pull(&path, r#"{ "lead": 7 }"#).await;
    assert_eq!(fired.status, 202, "{fired:?}");
    let (run, due) = (fired.json["id"].as_str().unwrap(), fired.json["scheduled_for"].as_str().unwrap());
    assert!(due.ends_with("+00:00"), "{fired:?}");
    let expected =
        json!({ "id": run, "cue_id": cue, "scheduled_for": due, "status": "pending", "triggered_by": "trigger" });
    assert_eq!(fired.json, expected);
    assert_eq!(
        agent.seen_at_least(1, LIMIT).await[0].json()["payload"],
        json!({ "lead": 7 }),
        "in place of the cue's own"
    );
    let shown = tower.get(&format!("/v1/executions/{run}")).await.json;
    assert_eq!((&shown["triggered_by"], &shown["payload"]), (&json!("trigger"), &json!({ "lead": 7 })));

    for (body, payload) in [
        ("", json!({ "task": "brief", "n": 1 })),
        ("[7, 8]", json!({ "body": [7, 8] })),
        ("null", json!({ "body": null })),
    ] {
        let before = agent.seen().len();
        assert_eq!(tower.pull(&path, body).await.status, 202);
        assert_eq!(agent.seen_at_least(before + 1, LIMIT).await[before].json()["payload"], payload, "{body:?}");
    }
    tower.stop().await;
}

#[tokio::test]
async fn the_same_key_fires_once() {
    let tower = Tower::start().await;
    let cue = tower.manual_cue("once", "http://127.0.0.1:9/run").await;
    let path = tower.trigger(&cue).await;
    let keyed = async |key: &str, body: &str| {
        back(tower.bare(Method::POST, &path).header("Idempotency-Key", key).body(body.to_owned())).await
    };
    let first = keyed("mail-17", "{}").await;
    let again = keyed("mail-17", " {} ").await;
    assert_eq!((first.status, &first.json), (202, &again.json));
    assert_eq!(tower.stored().1, 1, "one occurrence");
    let other = keyed("mail-17", r#"{"n":2}"#).await;
    assert_eq!((other.status, other.code()), (409, "idempotency_key_conflict"));
    for key in ["", &"x".repeat(257), "schl\u{fc}ssel"] {
        let refused = keyed(key, "{}").await;
        assert_eq!((refused.status, refused.field()), (422, "header.idempotency-key"), "{key:?}");
    }
    assert_eq!(keyed(&"x".repeat(256), "{}").await.status, 202);
    assert_eq!(tower.stored().1, 2);
    tower.stop().await;
}

#[tokio::test]
async fn a_url_that_is_forged_old_taken_away_or_of_a_deleted_cue_is_not_there() {
    let tower = Tower::start().await;
    let cue = tower.manual_cue("lead", "http://127.0.0.1:9/run").await;
    let dead = async |path: &str, what: &str| {
        let answer = tower.pull(path, "").await;
        assert_eq!((answer.status, answer.code()), (404, "trigger_not_found"), "{what}");
        answer.json
    };
    let first = tower.trigger(&cue).await;
    let mut forged = first.clone();
    let last = if forged.ends_with('0') { '1' } else { '0' };
    forged.replace_range(forged.len() - 1.., &last.to_string());
    let answer = dead(&forged, "one digit is another").await;
    let guessed = format!("/v1/triggers/{cue}.1.{}", "0".repeat(64));
    for path in [guessed.as_str(), "/v1/triggers/x", "/v1/triggers/%00", &format!("/v1/triggers/{}", tower.key)] {
        assert_eq!(dead(path, path).await, answer, "all look alike");
    }

    let second = tower.trigger(&cue).await;
    assert_eq!(dead(&first, "renewed").await, answer);
    assert_eq!(tower.pull(&second, "").await.status, 202);
    tower.change(&cue, Input::TriggerUrl { wanted: false }).await;
    assert_eq!(dead(&second, "taken away").await, answer);
    let third = tower.trigger(&cue).await;
    for old in [&first, &second] {
        assert_eq!(dead(old, "an old number is never used again").await, answer);
    }
    assert_eq!(tower.pull(&third, "").await.status, 202);
    assert_eq!(tower.ask(Method::DELETE, &format!("/v1/cues/{cue}"), None).await.status, 204);
    assert_eq!(dead(&third, "deleted").await, answer);
    tower.stop().await;
}

#[tokio::test]
async fn what_a_policy_keeps_back_is_said_at_once_with_its_reason() {
    let tower = Tower::start().await;
    let skipped = async |path: &str, words: &str| {
        let answer = tower.pull(path, "").await;
        assert_eq!(answer.status, 202, "{answer:?}");
        assert_eq!((&answer.json["status"], &answer.json["reason"]), (&json!("skipped"), &json!(words)));
        let id = answer.json["id"].as_str().unwrap();
        let shown = tower.get(&format!("/v1/executions/{id}")).await.json;
        assert_eq!((&shown["status"], &shown["error_message"]), (&json!("missed"), &json!(words)), "nothing vanishes");
    };
    let silent = Server::start(|_, _| Answer::status(204)).await;
    let mut skips = manual("lead", &silent.url);
    skips["overlap"] = json!("skip");
    let cue = tower.post("/v1/cues", skips).await.json["id"].as_str().unwrap().to_owned();
    let path = tower.trigger(&cue).await;
    tower.change(&cue, Input::Pause { until: None }).await;
    skipped(&path, "the cue was paused before it began").await;
    tower.change(&cue, Input::Resume).await;
    tower.handle.tower(TowerChange::PauseFiring).await.unwrap();
    skipped(&path, "all firing was paused").await;
    tower.handle.tower(TowerChange::ResumeFiring).await.unwrap();
    assert_eq!(tower.pull(&path, "").await.json["status"], json!("pending"));
    skipped(&path, "the previous run was still live").await;

    let dark = json!({ "name": "dark", "callback": { "url": silent.url },
        "schedule": { "type": "manual", "blackout": [{ "from": "2020-01-01", "to": "2090-12-31" }] } });
    let made = tower.post("/v1/cues", dark).await;
    assert_eq!(made.status, 201, "{made:?}");
    skipped(&tower.trigger(made.json["id"].as_str().unwrap()).await, "it fell into a blackout").await;

    let mut queues = manual("queues", &silent.url);
    queues["overlap"] = json!("queue");
    let made = tower.post("/v1/cues", queues).await;
    let path = tower.trigger(made.json["id"].as_str().unwrap()).await;
    assert_eq!(tower.pull(&path, "").await.json.get("reason"), None);
    let waits = tower.pull(&path, "").await.json;
    assert_eq!((&waits["status"], &waits["reason"]), (&json!("pending"), &json!("the previous run is still live")));
    tower.stop().await;
}

#[tokio::test]
async fn what_is_not_a_trigger_is_refused_and_fires_nothing() {
    let tower = Tower::start().await;
    let cue = tower.manual_cue("lead", "http://127.0.0.1:9/run").await;
    let path = tower.trigger(&cue).await;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let answer = back(tower.bare(method, &path)).await;
        assert_eq!((answer.status, answer.code()), (405, "http_error"));
    }
    assert_eq!(tower.bare(Method::HEAD, &path).send().await.unwrap().status(), 405, "a link that is only looked at");
    for body in ["lead=7&from=form", "{\"lead\":", "hello"] {
        let answer = tower.pull(&path, body).await;
        assert_eq!((answer.status, answer.code()), (400, "invalid_json"), "{body}");
        let message = answer.json["error"]["message"].as_str().unwrap();
        assert!(message.contains("Send a JSON object") && message.contains("no body at all"), "{message}");
    }
    let page = back(tower.bare(Method::POST, &path).header(header::ORIGIN, "https://evil.example")).await;
    assert_eq!((page.status, page.code()), (403, "origin_not_allowed"));
    let elsewhere = back(tower.bare(Method::POST, &path).header(header::HOST, "evil.example")).await;
    assert_eq!((elsewhere.status, elsewhere.code()), (403, "host_not_allowed"));
    let large = tower.pull(&path, &format!("\"{}\"", "x".repeat(1024 * 1024))).await;
    assert_eq!((large.status, large.code()), (413, "request_too_large"));
    assert_eq!(tower.stored().1, 0);
    assert_eq!(tower.get(&format!("/v1/cues/{cue}")).await.json["executions"], Value::Array(vec![]));
    tower.stop().await;
}
