//! Agents that talk to each other through the tower: addresses, messages, inboxes, subscriptions, sessions.

use std::time::Duration;

use cuetower_engine::receive::Openings;
use cuetower_tests::holds;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Back, Tower, back};

const SOON: Duration = Duration::from_secs(20);

/// Sends as an agent; with a key under which it stands, or "".
async fn send(tower: &Tower, from: &str, key: &str, body: &Value) -> Back {
    let mut request = tower.bare(Method::POST, "/v1/messages").bearer_auth(&tower.key).body(body.to_string());
    request = request.header("X-Cueapi-From-Agent", from);
    if !key.is_empty() {
        request = request.header("Idempotency-Key", key);
    }
    back(request).await
}

async fn agent(tower: &Tower, slug: &str) -> String {
    let made = tower.post("/v1/agents", json!({ "slug": slug, "display_name": slug })).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json["id"].as_str().unwrap().to_owned()
}

async fn two(tower: &Tower) -> (String, String) {
    (agent(tower, "scout").await, agent(tower, "writer").await)
}

/// The id of a message that is sent.
async fn sent(tower: &Tower, from: &str, to: &str, body: &str) -> String {
    let made = send(tower, from, "", &json!({ "to": to, "body": body })).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json["id"].as_str().unwrap().to_owned()
}

fn bodies(inbox: &Back) -> Vec<&str> {
    assert_eq!(inbox.status, 200, "{inbox:?}");
    inbox.json["messages"].as_array().unwrap().iter().map(|message| message["body"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn two_agents_talk_and_answer_in_one_thread() {
    let tower = Tower::start().await;
    let (scout, writer) = two(&tower).await;
    let asked = json!({ "to": "writer@owner", "subject": "leads", "body": "Who is new?", "expects_reply": true, "priority": 4, "correlation_id": "c-1", "metadata": { "n": 1 } });
    let first = send(&tower, "scout@owner", "", &asked).await;
    assert_eq!(first.status, 201, "{first:?}");
    assert_eq!(first.json["to_agent_id"], json!(writer));
    assert_eq!(first.json["delivery_state"], "queued");
    assert_eq!(first.json["thread_id"], first.json["id"]);
    assert_eq!(first.json["dispatch_priority_bucket"], 4);
    let id = first.json["id"].as_str().unwrap();

    let counted = tower.get(&format!("/v1/agents/{writer}/inbox?count_only=true")).await;
    assert_eq!(counted.json, json!({ "count": 1 }));
    let still = tower.get(&format!("/v1/messages/{id}")).await;
    assert_eq!(still.json["delivery_state"], "queued", "counting delivers nothing");
    let inbox = tower.get("/v1/agents/writer@owner/inbox").await;
    assert_eq!(bodies(&inbox), ["Who is new?"]);
    assert_eq!(inbox.json["messages"][0]["delivery_state"], "delivered");
    assert_eq!(inbox.json["total"], 1);

    let answer = json!({ "to": scout, "body": "Ann is.", "reply_to": id });
    let second = send(&tower, &writer, "", &answer).await;
    assert_eq!(second.json["thread_id"], json!(id));
    assert_eq!(second.json["reply_to"], json!(id));
    assert_eq!(bodies(&tower.get(&format!("/v1/agents/{scout}/inbox?thread_id={id}")).await), ["Ann is."]);
    assert_eq!(bodies(&tower.get(&format!("/v1/agents/{writer}/sent?counterpart={scout}")).await), ["Ann is."]);
    assert_eq!(bodies(&tower.get(&format!("/v1/agents/{writer}/sent?counterpart={writer}")).await), [""; 0]);

    let read = tower.post(&format!("/v1/messages/{id}/read"), json!({})).await;
    assert_eq!(read.json["delivery_state"], "read");
    assert_eq!(
        tower.post(&format!("/v1/messages/{id}/read"), json!({})).await.json,
        read.json,
        "again changes nothing"
    );
    let acked = tower.post(&format!("/v1/messages/{id}/ack"), json!({})).await;
    assert_eq!(acked.json["delivery_state"], "acked");
    let late = tower.post(&format!("/v1/messages/{id}/read"), json!({})).await;
    assert_eq!((late.status, late.code()), (409, "invalid_state_transition"));
    assert_eq!(bodies(&tower.get(&format!("/v1/agents/{writer}/inbox")).await), [""; 0], "it is done with");
    assert_eq!(bodies(&tower.get(&format!("/v1/agents/{writer}/inbox?state=acked")).await), ["Who is new?"]);
    assert_eq!(bodies(&tower.get(&format!("/v1/agents/{scout}/sent")).await), ["Who is new?"]);
    let odd = tower.get(&format!("/v1/agents/{scout}/sent?state=gone")).await;
    assert_eq!((odd.status, odd.code()), (400, "invalid_state_filter"));

    // What the owner's faces are told.
    let known = tower.handle.reader().addresses(None).await.unwrap();
    let unread: Vec<(&str, u32)> = known.iter().map(|known| (known.slug.as_str(), known.unread)).collect();
    assert_eq!(unread, [("scout", 1), ("writer", 0)]);
    let told = tower.handle.reader().agent_messages(String::new(), "writer".to_owned(), 50).await.unwrap();
    let told: Vec<(&str, &str, &str)> =
        told.iter().map(|told| (told.from.as_str(), told.body.as_str(), told.state.as_str())).collect();
    assert_eq!(told, [("writer", "Ann is.", "delivered"), ("scout", "Who is new?", "acked")]);
    tower.stop().await;
}

#[tokio::test]
async fn a_key_stands_for_one_message() {
    let tower = Tower::start().await;
    let (scout, writer) = two(&tower).await;
    let body = json!({ "to": writer, "body": "once" });
    let (first, second) = tokio::join!(send(&tower, &scout, "k", &body), send(&tower, &scout, "k", &body));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201], "however close they come");
    assert_eq!(first.json, second.json);
    let other = send(&tower, &scout, "k", &json!({ "to": writer, "body": "other" })).await;
    assert_eq!((other.status, other.code()), (409, "idempotency_key_conflict"));
    let id = first.json["id"].as_str().unwrap();
    assert!(other.json["error"]["message"].as_str().unwrap().ends_with(id), "{other:?}");
    assert_eq!(tower.get(&format!("/v1/agents/{writer}/inbox?count_only=1")).await.json["count"], 1);
    tower.stop().await;
}

#[tokio::test]
async fn bad_messages_and_agents_are_refused_by_code_and_field_and_nothing_is_stored() {
    let tower = Tower::start().await;
    let (scout, writer) = two(&tower).await;
    let with = |field: &str, value: Value| {
        let mut body = json!({ "to": writer, "body": "x" });
        body[field] = value;
        body
    };
    let messages = [
        (with("body", Value::Null), 422, "validation_error", "body.body"),
        (with("body", json!("")), 422, "validation_error", "body.body"),
        (with("body", json!("x".repeat(32_769))), 422, "validation_error", "body.body"),
        (with("body", json!("ü".repeat(16_385))), 422, "validation_error", "body.body"),
        (with("priority", json!(6)), 422, "validation_error", "body.priority"),
        (with("reply_to", json!("msg_1")), 422, "validation_error", "body.reply_to"),
        (with("send_at", json!("soon")), 422, "validation_error", "body.send_at"),
        (with("metadata", json!([])), 422, "validation_error", "body.metadata"),
        (with("colour", json!("red")), 422, "validation_error", "body.colour"),
        (with("metadata", json!({ "x": "y".repeat(10_240) })), 400, "metadata_too_large", ""),
        (with("reply_to", json!("msg_000000000000")), 404, "reply_to_not_found", ""),
        (with("to", json!("agt_000000000000")), 404, "agent_not_found", ""),
        (with("to", json!("writer@nobody")), 404, "agent_not_found", ""),
        (with("to", json!("writer")), 400, "invalid_agent_address", ""),
        (with("reply_to_agent", json!("nobody@owner")), 404, "agent_not_found", ""),
    ];
    for (body, status, code, field) in messages {
        let refused = send(&tower, &scout, "", &body).await;
        assert_eq!((refused.status, refused.code(), refused.field()), (status, code, field), "{body}");
    }
    let nobody =
        back(tower.bare(Method::POST, "/v1/messages").bearer_auth(&tower.key).body(with("n", json!(1)).to_string()))
            .await;
    assert_eq!(nobody.status, 422, "what is sent is looked at first");
    let long = send(&tower, &scout, &"k".repeat(256), &with("body", json!("x"))).await;
    assert_eq!((long.status, long.code()), (400, "invalid_idempotency_key"));
    let agents = [
        (json!({ "display_name": "S", "slug": "scout" }), 409, "slug_taken"),
        (json!({ "display_name": "S", "slug": "api" }), 400, "reserved_slug"),
        (json!({ "display_name": "S", "slug": "-a" }), 422, "validation_error"),
        (json!({ "slug": "a" }), 422, "validation_error"),
        (json!({ "display_name": "S", "webhook_url": "http://169.254.169.254/" }), 400, "invalid_callback_url"),
        (json!({ "display_name": "S", "webhook_url": "ftp://host/" }), 400, "invalid_callback_url"),
    ];
    for (body, status, code) in agents {
        let refused = tower.post("/v1/agents", body.clone()).await;
        assert_eq!((refused.status, refused.code()), (status, code), "{body}");
    }
    let file = rusqlite::Connection::open(tower.dir.path().join("cuetower.db")).unwrap();
    let count = |sql: &str| file.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap();
    assert_eq!((count("SELECT count(*) FROM messages"), count("SELECT count(*) FROM addresses")), (0, 2));
    assert_eq!(count("SELECT count(*) FROM journal WHERE lane = 'messages'"), 2);
    tower.stop().await;
}

#[tokio::test]
async fn a_name_makes_a_slug_and_a_deleted_agent_gets_nothing() {
    let tower = Tower::start().await;
    let made = tower.post("/v1/agents", json!({ "display_name": "Lead Scout #2" })).await;
    assert_eq!(made.json["slug"], "lead-scout-2");
    let twin = tower.post("/v1/agents", json!({ "display_name": "Lead Scout #2" })).await;
    assert_eq!(twin.status, 201);
    assert!(twin.json["slug"].as_str().unwrap().starts_with("lead-scout-2-"), "{twin:?}");
    let (scout, writer) = two(&tower).await;
    assert_eq!(tower.ask(Method::DELETE, &format!("/v1/agents/{writer}"), None).await.status, 204);
    let gone = tower.get(&format!("/v1/agents/{writer}")).await;
    assert_eq!((gone.status, gone.code()), (404, "agent_not_found"));
    let shown = tower.get(&format!("/v1/agents/{writer}?include_deleted=true")).await;
    assert!(shown.json["deleted_at"].is_string());
    assert_eq!(send(&tower, &scout, "", &json!({ "to": writer, "body": "x" })).await.status, 404);
    assert_eq!(tower.get("/v1/agents").await.json["total"], 3);
    assert_eq!(tower.get("/v1/agents?include_deleted=true&limit=1").await.json["total"], 4);
    assert_eq!(tower.get("/v1/agents?status=asleep").await.code(), "invalid_status");
    tower.stop().await;
}

#[tokio::test]
async fn the_roster_says_who_is_there_and_whether_something_changed() {
    let tower = Tower::start().await;
    let (scout, writer) = two(&tower).await;
    let roster = tower.get("/v1/agents/roster").await;
    assert_eq!(roster.json["agents"][0]["last_seen_relative"], "never");
    assert_eq!(roster.json["agents"][0]["status"], "offline", "nobody has heard of it yet");
    let tag = roster.header("etag").to_owned();
    let ask = async |tag: &str| {
        let request = tower.bare(Method::GET, "/v1/agents/roster").bearer_auth(&tower.key);
        back(request.header("if-none-match", tag)).await
    };
    let same = ask(&tag).await;
    assert_eq!((same.status, same.header("etag"), &same.json), (304, tag.as_str(), &Value::Null));
    sent(&tower, &scout, &writer, "x").await;
    let news = ask(&tag).await;
    assert_eq!(news.status, 200);
    assert_eq!(news.json["agents"][0]["name"], "scout");
    assert_eq!(news.json["agents"][0]["online"], true);
    let away = json!({ "status": "away", "metadata": { "description": "Finds leads." } });
    assert_eq!(tower.ask(Method::PATCH, &format!("/v1/agents/{scout}"), Some(&away)).await.status, 200);
    let roster = tower.get("/v1/agents/roster").await;
    assert_eq!(roster.json["agents"][0]["status"], "away");
    assert_eq!(roster.json["agents"][0]["description"], "Finds leads.");
    tower.stop().await;
}

#[tokio::test]
async fn an_agents_secret_is_derived_and_renewed() {
    let tower = Tower::start().await;
    let body = json!({ "display_name": "Pushed", "webhook_url": "http://127.0.0.1:9/in" });
    let made = tower.post("/v1/agents", body).await;
    let first = made.json["webhook_secret"].as_str().unwrap().to_owned();
    assert!(first.starts_with("whsec_") && first.len() == 70, "{first}");
    let id = made.json["id"].as_str().unwrap();
    assert_eq!(tower.get(&format!("/v1/agents/{id}")).await.json["webhook_secret"], Value::Null);
    let path = format!("/v1/agents/{id}/webhook-secret");
    assert_eq!(tower.get(&path).await.json, json!({ "webhook_secret": first }));
    let renew = format!("{path}/regenerate");
    assert_eq!(tower.post(&renew, json!({})).await.code(), "confirmation_required");
    let confirmed = || {
        let request = tower.bare(Method::POST, &renew).bearer_auth(&tower.key);
        back(request.header("X-Confirm-Destructive", "true"))
    };
    let second = confirmed().await.json["webhook_secret"].as_str().unwrap().to_owned();
    assert_ne!(second, first);
    assert_eq!(tower.get(&path).await.json["webhook_secret"], json!(second));
    let stored = std::fs::read(tower.dir.path().join("cuetower.db")).unwrap();
    let wal = std::fs::read(tower.dir.path().join("cuetower.db-wal")).unwrap_or_default();
    for secret in [&first, &second] {
        let hex = &secret.as_bytes()[6..];
        assert!(![&stored, &wal].iter().any(|file| holds(file, hex)), "it is not stored");
    }
    let unset = json!({ "webhook_url": null });
    assert_eq!(tower.ask(Method::PATCH, &format!("/v1/agents/{id}"), Some(&unset)).await.status, 200);
    assert_eq!(tower.get(&path).await.code(), "no_webhook_secret");
    assert_eq!(confirmed().await.code(), "no_webhook_url");
    tower.stop().await;
}

#[tokio::test]
async fn who_waits_for_events_is_woken_by_a_message() {
    let tower = Tower::start().await;
    let (scout, writer) = two(&tower).await;
    let wanted = json!({ "event_type": "message.delivered", "delivery_target": "pull", "inline_body": true });
    let subscribed = tower.post(&format!("/v1/agents/{writer}/subscriptions"), wanted).await;
    assert_eq!(subscribed.status, 201, "{subscribed:?}");
    let path = format!("/v1/agents/{writer}/events");
    assert_eq!(tower.get(&path).await.json, json!({ "events": [], "next_cursor": null, "has_more": false }));

    let waits =
        async { tokio::time::timeout(SOON, tower.get(&format!("{path}?wait=long"))).await.expect("it is woken") };
    let sends = async {
        // Something else, first: it is no reason to answer.
        agent(&tower, "other").await;
        sent(&tower, &scout, &writer, "wake up").await
    };
    let (woken, id) = tokio::join!(waits, sends);
    assert_eq!(woken.json["events"][0]["payload"]["message_id"], json!(id));
    assert_eq!(woken.json["events"][0]["payload"]["body"], "wake up", "it asked for the words too");
    let cursor = woken.json["next_cursor"].as_u64().unwrap();

    // What comes between two asks is not lost, and asking on is an acknowledgement.
    for n in 0..3 {
        sent(&tower, &scout, &writer, &n.to_string()).await;
    }
    let page = tower.get(&format!("{path}?wait=long&since={cursor}&limit=2")).await;
    assert_eq!(page.json["events"].as_array().unwrap().len(), 2);
    assert_eq!(page.json["has_more"], true);
    let next = page.json["next_cursor"].as_u64().unwrap();
    let rest = tower.get(&format!("{path}?since={next}")).await;
    assert_eq!(rest.json["events"].as_array().unwrap().len(), 1);
    let listed = tower.get(&format!("/v1/agents/{writer}/subscriptions")).await;
    assert_eq!(listed.json["subscriptions"][0]["last_acked_event_id"], json!(next));
    let id = listed.json["subscriptions"][0]["id"].as_str().unwrap();
    let own = format!("/v1/agents/{writer}/subscriptions/{id}");
    let acked = tower.ask(Method::PATCH, &format!("{own}/ack"), Some(&json!({ "acked_event_id": 1 }))).await;
    assert_eq!((acked.status, &acked.json), (200, &json!({ "acked": true })));
    let listed = tower.get(&format!("/v1/agents/{writer}/subscriptions")).await;
    assert_eq!(listed.json["subscriptions"][0]["last_acked_event_id"], json!(next), "it never goes back");
    for _ in 0..2 {
        assert_eq!(tower.ask(Method::DELETE, &own, None).await.json, json!({ "detached": true }));
    }
    assert_eq!(tower.get(&format!("/v1/agents/{writer}/subscriptions")).await.json, json!({ "subscriptions": [] }));
    assert_eq!(tower.get(&format!("{path}?wait=short")).await.field(), "query.wait");
    tower.stop().await;
}

#[tokio::test]
async fn subscriptions_say_what_is_wrong_with_them() {
    let tower = Tower::start().await;
    let writer = agent(&tower, "writer").await;
    let path = format!("/v1/agents/{writer}/subscriptions");
    let delivered = |target: &str, url: Value| json!({ "event_type": "message.delivered", "delivery_target": target, "webhook_url": url });
    for (body, status, code) in [
        (delivered("pull", json!("http://127.0.0.1:9/")), 400, "invalid_delivery_target"),
        (delivered("webhook", Value::Null), 400, "invalid_delivery_target"),
        (delivered("webhook", json!("http://10.0.0.1/")), 400, "invalid_webhook_url"),
        (delivered("pigeon", Value::Null), 422, "validation_error"),
        (json!({ "event_type": "zzz", "delivery_target": "pull" }), 400, "unknown_event_type"),
    ] {
        let refused = tower.post(&path, body.clone()).await;
        assert_eq!((refused.status, refused.code()), (status, code), "{body}");
    }
    let odd = tower.ask(Method::DELETE, &format!("{path}/nonsense"), None).await;
    assert_eq!((odd.status, odd.field()), (422, "path.subscription_id"));
    tower.stop().await;
}

#[tokio::test]
async fn live_sessions_have_one_default_and_their_labels() {
    let tower = Tower::start().await;
    let scout = agent(&tower, "scout").await;
    let path = format!("/v1/agents/{scout}/live-sessions");
    let session = |label: &str, cue: &str, is_default: bool| json!({ "label": label, "cue_id": cue, "task_name": "t", "is_default": is_default });
    assert_eq!(tower.post(&path, session("main", "cue_a", true)).await.status, 201);
    for clash in [session("main", "cue_b", false), session("b", "cue_a", false), session("b", "cue_b", true)] {
        let refused = tower.post(&path, clash.clone()).await;
        assert_eq!((refused.status, refused.code()), (409, "live_session_conflict"), "{clash}");
    }
    assert_eq!(tower.post(&path, session("b", "cue_b", false)).await.status, 201);
    let change =
        async |label: &str, body: Value| tower.ask(Method::PATCH, &format!("{path}/{label}"), Some(&body)).await;
    assert_eq!(change("b", json!({})).await.code(), "no_mutable_fields");
    assert_eq!(change("b", json!({ "is_default": false })).await.code(), "invalid_default_flip");
    assert_eq!(change("c", json!({ "is_default": true })).await.code(), "live_session_not_found");
    assert_eq!(change("b", json!({ "is_default": true, "session_token": "t1" })).await.json["session_token"], "t1");
    let listed = tower.get(&path).await;
    let defaults: Vec<(&str, bool)> = listed
        .json
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["label"].as_str().unwrap(), row["is_default"] == true))
        .collect();
    assert_eq!(defaults, [("b", true), ("main", false)]);
    assert!(!listed.json.to_string().contains("\"t1\""), "who does not know it need not: {listed:?}");
    let beaten = tower.post(&format!("{path}/b/heartbeat"), json!({ "monitor_version": "v2" })).await;
    assert_eq!((&beaten.json["monitor_version"], &beaten.json["heartbeat_age_sec"]), (&json!("v2"), &json!(0)));
    let gone = tower.ask(Method::DELETE, &format!("{path}/b"), None).await;
    assert_eq!((&gone.json["attached"], &gone.json["is_default"]), (&json!(false), &json!(false)));
    assert_eq!(tower.post(&format!("{path}/b/heartbeat"), json!({})).await.status, 404);
    assert_eq!(tower.post(&path, session("b", "cue_b", true)).await.status, 201, "what is detached is free again");
    assert_eq!(tower.get(&format!("{path}?include_detached=true")).await.json.as_array().unwrap().len(), 3);
    tower.stop().await;
}

#[tokio::test]
async fn a_daemon_attaches_replaces_and_reconciles() {
    const TOKENS: [&str; 3] =
        ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAW", "01ARZ3NDEKTSV4RRFFQ69G5FAX"];
    let tower = Tower::start().await;
    let scout = agent(&tower, "scout").await;
    let (mine, others) = ("8f0b3f0e-0000-4000-8000-000000000001", "8f0b3f0e-0000-4000-8000-000000000002");
    let path = format!("/v1/agents/{scout}/attachments");
    let ask = async |method: Method, path: &str, daemon: &str, body: Option<Value>| {
        let mut request = tower.bare(method, path).bearer_auth(&tower.key);
        if !daemon.is_empty() {
            request = request.header("X-CueAPI-Daemon-Id", daemon);
        }
        back(if let Some(body) = body { request.body(body.to_string()) } else { request }).await
    };
    let attach =
        |label: &str, token: &str| Some(json!({ "label": label, "task_name": "t", "ipc_session_token": token }));
    assert_eq!(ask(Method::POST, &path, "", attach("main", TOKENS[0])).await.code(), "missing_daemon_id");
    assert_eq!(ask(Method::POST, &path, "me", attach("main", TOKENS[0])).await.code(), "invalid_daemon_id");
    assert_eq!(
        ask(Method::POST, &path, mine, attach("main", "lower-case-is-no-ulid-here")).await.field(),
        "body.ipc_session_token"
    );
    let by_slug = ask(Method::POST, "/v1/agents/scout@owner/attachments", mine, attach("main", TOKENS[0])).await;
    assert_eq!(by_slug.code(), "invalid_agent_ref");
    let first = ask(Method::POST, &path, mine, attach("main", TOKENS[0])).await;
    assert_eq!(
        (first.status, &first.json["transport"], &first.json["supersedes_token"]),
        (201, &json!("ipc"), &Value::Null)
    );
    let second = ask(Method::POST, &path, mine, attach("main", TOKENS[1])).await;
    assert_eq!((second.status, &second.json["supersedes_token"]), (201, &json!(TOKENS[0])));
    let taken = ask(Method::POST, &path, others, attach("main", TOKENS[2])).await;
    assert_eq!(
        (taken.status, taken.code(), &taken.json["error"]["existing_daemon_id"]),
        (409, "attachment_exists", &json!(mine))
    );
    let tell =
        |held: Value| Some(json!({ "daemon_id": mine, "reconciled_at": "2026-11-20T19:25:16Z", "attachments": held }));
    let reconcile = "/v1/agents/reconcile-attachments";
    let held = json!([{ "label": "main", "task_name": "t2", "ipc_session_token": TOKENS[1], "attached_at": "2026-11-20T19:25:16Z" }]);
    assert_eq!(ask(Method::POST, reconcile, others, tell(json!([]))).await.code(), "daemon_id_mismatch");
    let kept = ask(Method::POST, reconcile, mine, tell(held)).await;
    assert_eq!((&kept.json["upserted_count"], &kept.json["downgraded_count"]), (&json!(1), &json!(0)), "{kept:?}");
    let none = ask(Method::POST, reconcile, mine, tell(json!([]))).await;
    assert_eq!((&none.json["upserted_count"], &none.json["downgraded_count"]), (&json!(0), &json!(1)));
    let own = format!("{path}/{}", TOKENS[1]);
    assert_eq!(ask(Method::DELETE, &own, mine, None).await.status, 204);
    let again = ask(Method::DELETE, &own, mine, None).await;
    assert_eq!((again.status, &again.json), (200, &json!({ "deleted": false, "reason": "already_deleted" })));
    let file = rusqlite::Connection::open(tower.dir.path().join("cuetower.db")).unwrap();
    for token in TOKENS {
        let sql = "SELECT count(*) FROM journal WHERE instr(body, ?1) > 0";
        let told: u32 = file.query_row(sql, [token], |row| row.get(0)).unwrap();
        assert_eq!(told, 0, "the journal is kept for ever, and the token speaks for the session");
    }
    tower.stop().await;
}

#[tokio::test]
async fn accounts_see_nothing_of_each_others_agents_and_messages() {
    let tower = Tower::start_with(Openings { registration: true, ..Openings::default() }).await;
    let (scout, writer) = two(&tower).await;
    let id = sent(&tower, &scout, &writer, "between us").await;
    let registered =
        back(tower.bare(Method::POST, "/v1/auth/register").body(json!({ "email": "b@example.com" }).to_string())).await;
    let key = registered.json["api_key"].as_str().unwrap_or_else(|| panic!("{registered:?}")).to_owned();
    let ask =
        async |method: Method, path: &str, body: Option<Value>| tower.ask_as(&key, method, path, body.as_ref()).await;

    let twin = ask(Method::POST, "/v1/agents", Some(json!({ "slug": "scout", "display_name": "Other scout" }))).await;
    assert_eq!(twin.status, 201, "names are per account: {twin:?}");
    let twin_id = twin.json["id"].as_str().unwrap().to_owned();
    assert_ne!(twin.json["user_id"], tower.get(&format!("/v1/agents/{scout}")).await.json["user_id"]);
    assert_eq!(ask(Method::GET, "/v1/agents", None).await.json["total"], 1);
    assert_eq!(ask(Method::GET, "/v1/agents/roster", None).await.json["agents"].as_array().unwrap().len(), 1);
    for path in [
        format!("/v1/agents/{writer}"),
        "/v1/agents/writer@owner".to_owned(),
        format!("/v1/agents/{writer}/inbox"),
        format!("/v1/agents/{writer}/sent"),
        format!("/v1/agents/{writer}/events"),
        format!("/v1/agents/{writer}/subscriptions"),
        format!("/v1/agents/{writer}/live-sessions"),
        format!("/v1/agents/{writer}/webhook-secret"),
        format!("/v1/messages/{id}"),
    ] {
        assert_eq!(ask(Method::GET, &path, None).await.status, 404, "{path}");
    }
    let session = json!({ "label": "main", "cue_id": "cue_a", "task_name": "t" });
    let wanted = json!({ "event_type": "message.delivered", "delivery_target": "pull" });
    for (method, path, body) in [
        (Method::POST, format!("/v1/messages/{id}/read"), json!({})),
        (Method::POST, format!("/v1/messages/{id}/ack"), json!({})),
        (Method::PATCH, format!("/v1/agents/{writer}"), json!({ "status": "away" })),
        (Method::DELETE, format!("/v1/agents/{writer}"), json!({})),
        (Method::POST, format!("/v1/agents/{writer}/live-sessions"), session.clone()),
        (Method::POST, format!("/v1/agents/{writer}/subscriptions"), wanted),
    ] {
        assert_eq!(ask(method, &path, Some(body)).await.status, 404, "{path}");
    }
    let from_as = async |from: &str, to: &str| {
        let request = tower
            .bare(Method::POST, "/v1/messages")
            .bearer_auth(&key)
            .body(json!({ "to": to, "body": "x" }).to_string());
        back(request.header("X-Cueapi-From-Agent", from)).await
    };
    for (from, to) in [(twin_id.as_str(), writer.as_str()), (&scout, &twin_id), ("scout@b", "writer@owner")] {
        let refused = from_as(from, to).await;
        assert_eq!((refused.status, refused.code()), (404, "agent_not_found"), "{from} to {to}");
    }
    assert_eq!(from_as("scout@b", &twin_id).await.status, 201);
    let main = format!("/v1/agents/{scout}/live-sessions");
    assert_eq!(tower.post(&main, session.clone()).await.status, 201);
    let same = ask(Method::POST, &format!("/v1/agents/{twin_id}/live-sessions"), Some(session)).await;
    assert_eq!(same.status, 201, "nor does another account's session stand in the way");
    assert_eq!(bodies(&tower.get(&format!("/v1/agents/{writer}/inbox")).await), ["between us"]);
    tower.stop().await;
}

#[tokio::test]
async fn a_key_needs_the_scope_and_a_run_speaks_for_its_own_agent() {
    let tower = Tower::start().await;
    let (scout, writer) = two(&tower).await;
    let cues = tower.key_with("cues").await;
    let refused = tower.ask_as(&cues, Method::GET, "/v1/agents", None).await;
    assert_eq!((refused.status, refused.code()), (403, "insufficient_scope"));
    let cue = json!({ "name": "worked", "agent": "scout", "schedule": { "type": "manual" }, "transport": "worker", "payload": { "task": "t" } });
    let made = tower.post("/v1/cues", cue).await;
    assert_eq!(made.status, 201, "{made:?}");
    let fired = tower.post(&format!("/v1/cues/{}/fire", made.json["id"].as_str().unwrap()), json!({})).await;
    let claim = tower.post("/v1/executions/claim", json!({ "worker_id": "w", "task": "t", "wait": 20 })).await;
    assert_eq!(claim.status, 200, "{claim:?} after {fired:?}");
    let token = claim.json["run_token"].as_str().unwrap();
    let send_as = async |from: &str| {
        let request = tower
            .bare(Method::POST, "/v1/messages")
            .bearer_auth(token)
            .body(json!({ "to": writer, "body": "done" }).to_string());
        back(request.header("X-Cueapi-From-Agent", from)).await
    };
    assert_eq!(send_as(&scout).await.status, 201);
    let other = send_as(&writer).await;
    assert_eq!((other.status, other.code()), (403, "run_token_not_allowed"));
    let reads = tower.ask_as(token, Method::GET, &format!("/v1/agents/{scout}/inbox"), None).await;
    assert_eq!((reads.status, reads.code()), (403, "run_token_not_allowed"));
    let outcome = format!("/v1/executions/{}/outcome", claim.json["execution_id"].as_str().unwrap());
    let ended = tower.ask_as(token, Method::POST, &outcome, Some(&json!({ "success": true }))).await;
    assert_eq!(ended.status, 200, "{ended:?}");
    let late = send_as(&scout).await;
    assert_eq!((late.status, late.code()), (409, "run_ended"), "a token that leaked is worth nothing afterwards");
    tower.stop().await;
}

#[tokio::test]
async fn an_account_keeps_so_many_and_forgets_only_what_was_read() {
    let tower = Tower::start().await;
    let (scout, writer) = two(&tower).await;
    let read = sent(&tower, &scout, &writer, "read").await;
    let unread = sent(&tower, &scout, &writer, "unread").await;
    tower.post(&format!("/v1/messages/{read}/read"), json!({})).await;
    let file = rusqlite::Connection::open(tower.dir.path().join("cuetower.db")).unwrap();
    file.busy_timeout(SOON).unwrap();
    file.execute("UPDATE messages_kept SET count = 100000", []).unwrap();
    sent(&tower, &scout, &writer, "makes room").await;
    assert_eq!(tower.get(&format!("/v1/messages/{read}")).await.code(), "message_not_found");
    let full = send(&tower, &scout, "", &json!({ "to": writer, "body": "one too many" })).await;
    assert_eq!((full.status, full.code(), full.header("retry-after")), (429, "too_many_messages", "60"));
    assert_eq!(tower.get(&format!("/v1/messages/{unread}")).await.status, 200, "what nobody has read stays");
    tower.stop().await;
}
