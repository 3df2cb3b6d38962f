//! Questions to the owner over HTTP: asked once, waited for, heard, refused to whoever is too late or somebody else.

use std::time::Duration;

use cuetower_core::gate::{Face, Said, ShownHash, Word};
use cuetower_core::id::{GateId, RunId};
use cuetower_core::input::Input;
use cuetower_core::pool::{PoolInput, PoolLimits};
use cuetower_tests::{Answer, Server, holds, until};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Back, Openings, Tower};

const PATIENCE: Duration = Duration::from_secs(15);

/// A run that a worker has, with the token of its attempt.
struct AtWork {
    tower: Tower,
    run: String,
    token: String,
}

impl AtWork {
    async fn begin(more: Value) -> AtWork {
        let tower = Tower::start().await;
        let run = fired(&tower, "dunning", more).await;
        let token = claimed(&tower, &run).await;
        AtWork { tower, run, token }
    }

    async fn asks(&self, more: Value) -> Back {
        self.tower.asks_as(&self.token, more).await
    }

    async fn sees(&self, id: &str, query: &str) -> Back {
        self.tower.ask_as(&self.token, Method::GET, &format!("/v1/gates/{id}{query}"), None).await
    }
}

impl Tower {
    async fn asks_as(&self, key: &str, more: Value) -> Back {
        let mut body = json!({ "key": "send", "title": "Send 14 reminders?", "payload": { "to": 14 } });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.ask_as(key, Method::POST, "/v1/gates", Some(&body)).await
    }

    /// Whoever waits for an answer now.
    fn held_gates(&self) -> usize {
        self.handle.gates_waited_for()
    }

    /// As the owner's door would.
    async fn says(&self, asked: &Back, said: Said) {
        let (id, shown) = (GateId(text(asked, "id")), ShownHash(text(asked, "shown")));
        let word = Word { said, shown, comment: Some("leave Bruma out".to_owned()), face: Face::Notification };
        self.handle.answer_gate(&id, word).await.unwrap();
    }
}

async fn fired(tower: &Tower, name: &str, more: Value) -> String {
    let mut cue = json!({ "name": name, "transport": "worker", "schedule": { "type": "manual" }, "overlap": "allow" });
    cue.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = tower.post("/v1/cues", cue).await;
    assert_eq!(made.status, 201, "{made:?}");
    let fired = tower.post(&format!("/v1/cues/{}/fire", made.json["id"].as_str().unwrap()), json!({})).await;
    fired.json["id"].as_str().unwrap_or_else(|| panic!("{fired:?}")).to_owned()
}

async fn claimed(tower: &Tower, run: &str) -> String {
    until("a claim", PATIENCE, async || {
        let claimed = tower.post(&format!("/v1/executions/{run}/claim"), json!({ "worker_id": "ada" })).await;
        claimed.json["run_token"].as_str().map(str::to_owned)
    })
    .await
}

fn text(back: &Back, field: &str) -> String {
    back.json[field].as_str().unwrap_or_else(|| panic!("no {field}: {back:?}")).to_owned()
}

#[tokio::test]
async fn a_question_is_asked_once_and_its_answer_heard_with_what_the_owner_made_of_it() {
    let at = AtWork::begin(json!({})).await;
    let asked = at.asks(json!({ "body": "POST api.postmarkapp.com", "deadline_seconds": 3600 })).await;
    assert_eq!(
        (asked.status, &asked.json["state"], &asked.json["goes"]),
        (201, &json!("waiting"), &Value::Null),
        "{asked:?}"
    );
    let id = text(&asked, "id");
    assert_eq!(asked.header("location"), format!("/v1/gates/{id}"));
    assert_eq!((&asked.json["execution_id"], &asked.json["key"]), (&json!(at.run), &json!("send")));
    assert!(asked.json["deadline"].is_string() && asked.json.get("payload").is_none());
    let again = at.asks(json!({ "body": "POST api.postmarkapp.com", "deadline_seconds": 60 })).await;
    assert_eq!((again.status, text(&again, "id")), (200, id.clone()), "another deadline is no other question");
    let changed = at.asks(json!({ "body": "POST api.example.org" })).await;
    assert_eq!(changed.status, 201);
    assert_ne!(text(&changed, "id"), id);
    let gone = at.sees(&id, "").await;
    assert_eq!((gone.status, gone.code()), (409, "gate_withdrawn"));

    at.tower.says(&changed, Said::Edit(json!({ "to": 13 }))).await;
    let heard = at.sees(&text(&changed, "id"), "?wait=30").await;
    assert_eq!(
        (heard.status, &heard.json["state"], &heard.json["goes"]),
        (200, &json!("edited"), &json!(true)),
        "{heard:?}"
    );
    assert_eq!((&heard.json["payload"], &heard.json["comment"]), (&json!({ "to": 13 }), &json!("leave Bruma out")));
    assert!(heard.json["answered_at"].is_string());
    at.tower.stop().await;
}

#[tokio::test]
async fn whoever_waits_hears_as_soon_as_the_owner_has_answered() {
    let at = AtWork::begin(json!({})).await;
    let asked = at.asks(json!({})).await;
    let id = text(&asked, "id");
    let waiting = at.sees(&id, "?wait=60");
    let answering = async {
        // It is held before it is answered.
        until("a poll that is held", PATIENCE, async || (at.tower.held_gates() == 1).then_some(())).await;
        at.tower.says(&asked, Said::Deny).await;
    };
    let (heard, ()) = tokio::join!(waiting, answering);
    assert_eq!(
        (heard.status, &heard.json["state"], &heard.json["goes"]),
        (200, &json!("denied"), &json!(false)),
        "{heard:?}"
    );
    let in_vain = at.asks(json!({ "key": "other" })).await;
    let waited = at.sees(&text(&in_vain, "id"), "?wait=1").await;
    assert_eq!((waited.status, &waited.json["state"]), (200, &json!("waiting")));
    for wait in ["61", "-1", "soon", "0.5"] {
        let refused = at.sees(&text(&in_vain, "id"), &format!("?wait={wait}")).await;
        assert_eq!((refused.status, refused.field()), (422, "query.wait"), "{wait}");
    }
    at.tower.stop().await;
}

#[tokio::test]
async fn a_run_that_is_stopped_while_it_waits_is_told_at_once() {
    let at = AtWork::begin(json!({})).await;
    let asked = at.asks(json!({ "deadline_seconds": 3600, "on_no_answer": "proceed" })).await;
    let id = text(&asked, "id");
    let run = RunId(at.run.clone());
    let stopping = async {
        until("a poll that is held", PATIENCE, async || (at.tower.held_gates() == 1).then_some(())).await;
        at.tower.handle.run(&run, Input::Stop { run_id: run.clone() }).await.unwrap();
    };
    let (heard, ()) = tokio::join!(at.sees(&id, "?wait=60"), stopping);
    assert_eq!((heard.status, heard.code()), (409, "run_stopped"));
    let asked = at.asks(json!({ "key": "another" })).await;
    assert_eq!((asked.status, asked.code()), (409, "run_stopped"));
    at.tower.stop().await;
}

#[tokio::test]
async fn a_question_outlives_the_tower_and_the_next_attempt_hears_its_answer() {
    let at = AtWork::begin(json!({ "worker": { "lease_seconds": 3600 } })).await;
    let asked = at.asks(json!({})).await;
    let id = text(&asked, "id");
    let AtWork { tower, run, token } = at;
    let tower = tower.restart_with(Openings::default()).await;
    let at = AtWork { tower, run, token };
    let seen = at.sees(&id, "").await;
    assert_eq!((seen.status, &seen.json["state"]), (200, &json!("waiting")), "the same token, the same question");
    let released = at.tower.post(&format!("/v1/executions/{}/release", at.run), json!({ "worker_id": "ada" })).await;
    assert!(released.status < 300, "{released:?}");
    let next = claimed(&at.tower, &at.run).await;
    let old = at.sees(&id, "").await;
    assert_eq!((old.status, old.code()), (409, "attempt_superseded"));
    at.tower.says(&asked, Said::Approve).await;
    let heard = at.tower.asks_as(&next, json!({})).await;
    assert_eq!((heard.status, &heard.json["state"], text(&heard, "id")), (200, &json!("approved"), id));
    at.tower.stop().await;
}

#[tokio::test]
async fn permits_are_others_while_the_owner_is_asked() {
    let tower = Tower::start().await;
    let limits = PoolLimits { concurrency: Some(1), ..PoolLimits::default() };
    tower.handle.pools(PoolInput::Set { name: "openai".to_owned(), limits }).await.unwrap();
    let first = fired(&tower, "first", json!({ "uses": ["openai"] })).await;
    let one = claimed(&tower, &first).await;
    let second = fired(&tower, "second", json!({ "uses": ["openai"] })).await;
    let asked = tower.asks_as(&one, json!({})).await;
    let two = claimed(&tower, &second).await;
    tower.says(&asked, Said::Approve).await;
    let path = format!("/v1/gates/{}?wait=20", text(&asked, "id"));
    let ending = async {
        until("a poll that is held", PATIENCE, async || (tower.held_gates() == 1).then_some(())).await;
        let outcome = format!("/v1/executions/{second}/outcome");
        tower.ask_as(&two, Method::POST, &outcome, Some(&json!({ "success": true }))).await
    };
    let (heard, ended) = tokio::join!(tower.ask_as(&one, Method::GET, &path, None), ending);
    assert!(ended.status < 300, "{ended:?}");
    assert_eq!((heard.status, &heard.json["state"]), (200, &json!("approved")));
    tower.stop().await;
}

#[tokio::test]
async fn a_key_asks_in_the_name_of_an_agent_or_of_a_run_and_hears_of_its_own_alone() {
    let at = AtWork::begin(json!({})).await;
    let tower = &at.tower;
    let nobody = tower.asks_as(&tower.key, json!({})).await;
    assert_eq!((nobody.status, nobody.field()), (422, "body.agent"));
    let outside = tower.asks_as(&tower.key, json!({ "agent": "ada" })).await;
    assert_eq!((outside.status, &outside.json["execution_id"]), (201, &Value::Null));
    let of_run = tower.asks_as(&tower.key, json!({ "execution_id": at.run })).await;
    assert_eq!((of_run.status, &of_run.json["execution_id"]), (201, &json!(at.run)));
    assert_eq!(at.sees(&text(&of_run, "id"), "").await.status, 200, "it is the run's");
    let none = tower.asks_as(&tower.key, json!({ "execution_id": "nope" })).await;
    assert_eq!((none.status, none.code()), (404, "execution_not_found"));
    let other = at.asks(json!({ "execution_id": "00000000-0000-4000-8000-000000000000" })).await;
    assert_eq!((other.status, other.code()), (403, "run_token_not_allowed"));

    let strange = at.sees(&text(&outside, "id"), "").await;
    assert_eq!((strange.status, strange.code()), (404, "gate_not_found"), "it is not this run's");
    let another = fired(tower, "another", json!({})).await;
    let another = claimed(tower, &another).await;
    let path = format!("/v1/gates/{}", text(&of_run, "id"));
    let strange = tower.ask_as(&another, Method::GET, &path, None).await;
    assert_eq!((strange.status, strange.code()), (404, "gate_not_found"));
    let reads = tower.key_with("cues").await;
    let refused = tower.ask_as(&reads, Method::GET, &path, None).await;
    assert_eq!((refused.status, refused.code()), (403, "insufficient_scope"));
    let asks = tower.key_with("ask").await;
    assert_eq!(tower.asks_as(&asks, json!({ "agent": "bo" })).await.status, 201, "it may ask, and nothing else");
    // There is no way to answer here.
    for (method, path) in [(Method::POST, path.clone()), (Method::PUT, path.clone()), (Method::PATCH, path.clone())] {
        let refused = tower.ask(method, &path, Some(&json!({ "state": "approved" }))).await;
        assert_eq!(refused.status, 405, "{refused:?}");
    }
    let refused = tower.post(&format!("{path}/answer"), json!({ "answer": "approve" })).await;
    assert_eq!(refused.status, 404);
    at.tower.stop().await;
}

#[tokio::test]
async fn what_looks_like_a_secret_is_cut_out_before_anybody_sees_it() {
    let at = AtWork::begin(json!({})).await;
    let more = json!({ "body": "with sk-proj-abcdefghijklmnop", "payload": { "password": "hunter2", "to": 14 } });
    let asked = at.asks(more).await;
    let row = at.tower.handle.reader().gate(text(&asked, "id")).await.unwrap().unwrap();
    assert_eq!(row.shown.body, "with ••••");
    assert_eq!((row.shown.payload, row.shown.may_edit), (Some(json!({ "password": "••••", "to": 14 })), false));
    let file = std::fs::read(at.tower.dir.path().join("cuetower.db-wal")).unwrap();
    for secret in ["sk-proj-abcdefghijklmnop", "hunter2"] {
        assert!(!holds(&file, secret), "{secret} is on disk");
    }
    at.tower.stop().await;
}

#[tokio::test]
async fn a_step_waits_for_the_owner_and_begins_with_what_he_made_of_it() {
    let at = AtWork::begin(json!({ "gate": { "steps": ["send"] } })).await;
    let path = format!("/v1/executions/{}/steps/send", at.run);
    let begin = async || at.tower.ask_as(&at.token, Method::PUT, &path, Some(&json!({ "input": { "to": 14 } }))).await;
    let waits = begin().await;
    assert_eq!((waits.status, waits.code()), (409, "step_waits_for_owner"), "{waits:?}");
    let id = waits.json["error"]["gate"].as_str().expect("it names the gate").to_owned();
    let asked = at.sees(&id, "").await;
    assert_eq!((asked.status, &asked.json["title"]), (200, &json!("Begin send?")));
    at.tower.says(&asked, Said::Edit(json!({ "to": 13 }))).await;
    let begun = begin().await;
    assert_eq!((begun.status, &begun.json["input"]), (201, &json!({ "to": 13 })), "{begun:?}");
    at.tower.stop().await;

    let at = AtWork::begin(json!({ "gate": { "steps": ["send"] } })).await;
    let path = format!("/v1/executions/{}/steps/send", at.run);
    let waits = at.tower.ask_as(&at.token, Method::PUT, &path, Some(&json!({}))).await;
    let asked = at.sees(waits.json["error"]["gate"].as_str().unwrap(), "").await;
    at.tower.says(&asked, Said::Deny).await;
    let denied = at.tower.ask_as(&at.token, Method::PUT, &path, Some(&json!({}))).await;
    assert_eq!((denied.status, denied.code()), (409, "step_denied"));
    at.tower.stop().await;
}

#[tokio::test]
async fn the_answer_is_told_to_a_callback_that_may_be_called() {
    let at = AtWork::begin(json!({})).await;
    for (url, said) in
        [("http://169.254.169.254/latest", "blocked"), ("ftp://host/", "http"), ("nonsense", "Invalid URL")]
    {
        let refused = at.asks(json!({ "callback": url })).await;
        assert_eq!((refused.status, refused.code()), (400, "invalid_callback_url"), "{refused:?}");
        assert!(refused.json["error"]["message"].as_str().unwrap().contains(said), "{refused:?}");
    }
    let server = Server::start(|_, _| Answer::status(202)).await;
    let asked = at.asks(json!({ "callback": format!("{}/answer", server.url) })).await;
    assert_eq!(asked.status, 201, "{asked:?}");
    at.tower.says(&asked, Said::Approve).await;
    let seen = server.seen_at_least(1, PATIENCE).await;
    assert_eq!((seen[0].path.as_str(), &seen[0].json()["id"]), ("/answer", &asked.json["id"]));
    assert_eq!((&seen[0].json()["state"], &seen[0].json()["goes"]), (&json!("approved"), &json!(true)));
    assert!(
        seen[0].header("x-cueapi-signature").starts_with("v1=") && seen[0].header("webhook-id").starts_with("gate_")
    );
    let id = text(&asked, "id");
    until("it is noted", PATIENCE, async || {
        let row = at.tower.handle.reader().gate(id.clone()).await.unwrap().unwrap();
        row.gate.told.then_some(())
    })
    .await;
    at.tower.stop().await;
}
