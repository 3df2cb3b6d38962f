//! Messages that the tower pushes, keeps over a crash, and holds back until they are due: the real program, by a wall clock
//! that is set.

use std::time::Duration;

use cuetower_engine::deliver::signature::sign;
use cuetower_tests::{Answer, Seen, Server, Tower, Wall, until};
use reqwest::Method;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);
const MINUTE_MS: i64 = 60_000;

async fn tower_by(wall: &Wall) -> Tower {
    let env = wall.env();
    let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Tower::start_with(None, &[], &env).await
}

async fn agent(tower: &Tower, slug: &str, webhook_url: Option<&str>) -> Value {
    let body = json!({ "slug": slug, "display_name": slug, "webhook_url": webhook_url });
    let (status, made) = tower.post("/v1/agents", &body).await;
    assert_eq!(status, 201, "{made}");
    made
}

async fn send(tower: &Tower, from: &Value, body: &Value) -> Value {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http
        .request(Method::POST, format!("{}/v1/messages", tower.agents))
        .bearer_auth(&tower.key)
        .body(body.to_string());
    let response = request.header("X-Cueapi-From-Agent", from["id"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(response.status(), 201);
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

async fn message(tower: &Tower, id: &Value) -> Value {
    let (status, message) = tower.get(&format!("/v1/messages/{}", id.as_str().unwrap())).await;
    assert_eq!(status, 200, "{message}");
    message
}

/// The message once it is in this state.
async fn comes_to(tower: &Tower, id: &Value, state: &str) -> Value {
    until(&format!("message that is {state}"), SOON, async || {
        Some(message(tower, id).await).filter(|message| message["delivery_state"] == state)
    })
    .await
}

fn is_signed(seen: &Seen, secret: &Value) -> bool {
    let timestamp_s = seen.header("x-cueapi-timestamp").parse().unwrap();
    sign(secret.as_str().unwrap(), timestamp_s, &seen.body) == seen.header("x-cueapi-signature")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_fails_goes_again_after_a_minute_signed_and_under_the_same_id() {
    let wall = Wall::at("2026-11-20T12:00:00Z");
    let server = Server::start(|count, _| Answer::status(if count == 0 { 503 } else { 200 })).await;
    let tower = tower_by(&wall).await;
    let scout = agent(&tower, "scout", None).await;
    let writer = agent(&tower, "writer", Some(&format!("{}/in", server.url))).await;
    let sent = send(&tower, &scout, &json!({ "to": writer["id"], "subject": "ü", "body": "Hello" })).await;
    let waits = comes_to(&tower, &sent["id"], "retry_ready").await;
    assert!(waits["message_dispatch_error"].as_str().unwrap().starts_with("answered 503"), "{waits}");
    assert_eq!(server.seen().len(), 1, "it waits for its minute");
    wall.step(MINUTE_MS);
    let done = comes_to(&tower, &sent["id"], "delivered").await;
    assert_eq!(done["message_dispatch_error"], Value::Null);
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    for (push, attempt) in seen.iter().zip(["1", "2"]) {
        assert!(is_signed(push, &writer["webhook_secret"]), "{push:?}");
        assert_eq!(push.header("x-cueapi-attempt"), attempt);
        assert_eq!(push.header("x-cueapi-event-type"), "message.created");
        for name in ["x-cueapi-message-id", "webhook-id", "idempotency-key"] {
            assert_eq!(json!(push.header(name)), sent["id"], "{name}");
        }
        let body = push.json();
        assert_eq!(
            (&body["id"], &body["body"], &body["from"]["slug"]),
            (&sent["id"], &json!("Hello"), &json!("scout@owner"))
        );
    }
    let (_, inbox) = tower.get(&format!("/v1/agents/{}/inbox", writer["id"].as_str().unwrap())).await;
    assert_eq!(inbox["total"], 1, "it is in the inbox as well");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_is_final_and_four_failures_are_too() {
    let wall = Wall::at("2026-11-20T12:00:00Z");
    let server = Server::start(|_, seen| Answer::status(if seen.path == "/no" { 410 } else { 500 })).await;
    let tower = tower_by(&wall).await;
    let scout = agent(&tower, "scout", None).await;
    let no = agent(&tower, "no", Some(&format!("{}/no", server.url))).await;
    let ill = agent(&tower, "ill", Some(&format!("{}/ill", server.url))).await;
    let refused = send(&tower, &scout, &json!({ "to": no["id"], "body": "x" })).await;
    let failed = comes_to(&tower, &refused["id"], "failed").await;
    assert!(failed["failed_at"].is_string());
    let sent = send(&tower, &scout, &json!({ "to": ill["id"], "body": "x" })).await;
    for (pushes, wait) in [(1, 1), (2, 5), (3, 15)] {
        until("another push that failed", SOON, async || {
            let count = server.seen().iter().filter(|seen| seen.path == "/ill").count();
            Some(()).filter(|()| count == pushes)
        })
        .await;
        comes_to(&tower, &sent["id"], "retry_ready").await;
        wall.step(wait * MINUTE_MS);
    }
    comes_to(&tower, &sent["id"], "failed").await;
    assert_eq!(server.seen().len(), 5);
    let (_, inbox) = tower.get(&format!("/v1/agents/{}/inbox", ill["id"].as_str().unwrap())).await;
    assert_eq!(inbox["messages"][0]["delivery_state"], "failed", "its recipient still finds it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_that_never_answers_holds_up_nobody_but_itself() {
    let hangs = |_: usize, seen: &Seen| {
        Answer::status(200).after(Duration::from_secs(if seen.path == "/silent" { 600 } else { 0 }))
    };
    let server = Server::start(hangs).await;
    let tower = Tower::start().await;
    let scout = agent(&tower, "scout", None).await;
    let silent = agent(&tower, "silent", Some(&format!("{}/silent", server.url))).await;
    let writer = agent(&tower, "writer", Some(&format!("{}/in", server.url))).await;
    for _ in 0..80 {
        send(&tower, &scout, &json!({ "to": silent["id"], "body": "x" })).await;
    }
    let sent = send(&tower, &scout, &json!({ "to": writer["id"], "body": "x" })).await;
    comes_to(&tower, &sent["id"], "delivered").await;
    let seen = server.seen_at_least(9, SOON).await;
    let held = seen.iter().filter(|seen| seen.path == "/silent").count();
    assert_eq!(held, 8, "so many at once, and no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_keeps_what_was_sent_and_pushes_again_what_was_on_its_way() {
    let hangs =
        |count: usize, _: &Seen| Answer::status(200).after(Duration::from_secs(if count == 0 { 60 } else { 0 }));
    let server = Server::start(hangs).await;
    let mut tower = Tower::start().await;
    let scout = agent(&tower, "scout", None).await;
    let reader = agent(&tower, "reader", None).await;
    let writer = agent(&tower, "writer", Some(&server.url)).await;
    let kept = send(&tower, &scout, &json!({ "to": reader["id"], "body": "kept", "metadata": { "n": 1 } })).await;
    let pushed = send(&tower, &scout, &json!({ "to": writer["id"], "body": "pushed" })).await;
    server.seen_at_least(1, SOON).await;
    assert_eq!(message(&tower, &pushed["id"]).await["delivery_state"], "delivering");
    tower.kill9().await;
    tower.again().await;
    assert_eq!(message(&tower, &kept["id"]).await, kept);
    comes_to(&tower, &pushed["id"], "delivered").await;
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|push| json!(push.header("x-cueapi-message-id")) == pushed["id"]));
    assert_eq!([seen[0].header("x-cueapi-attempt"), seen[1].header("x-cueapi-attempt")], ["1", "2"]);
    assert!(is_signed(&seen[1], &writer["webhook_secret"]), "the secret is the same");
    let (_, events) = tower.get(&format!("/v1/agents/{}/events", reader["id"].as_str().unwrap())).await;
    assert_eq!(events["events"].as_array().unwrap().len(), 1, "told once: {events}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_for_later_is_seen_when_it_is_due_and_an_old_one_expires() {
    let wall = Wall::at("2026-11-20T12:00:00Z");
    let tower = tower_by(&wall).await;
    let scout = agent(&tower, "scout", None).await;
    let writer = agent(&tower, "writer", None).await;
    let own = format!("/v1/agents/{}", writer["id"].as_str().unwrap());
    let sent =
        send(&tower, &scout, &json!({ "to": writer["id"], "body": "later", "send_at": "2026-11-20T13:00:00Z" })).await;
    let (_, inbox) = tower.get(&format!("{own}/inbox")).await;
    assert_eq!(inbox["total"], 0);
    assert_eq!(message(&tower, &sent["id"]).await["delivery_state"], "queued");
    let (_, events) = tower.get(&format!("{own}/events")).await;
    assert_eq!(events["events"], json!([]), "nobody is told before");
    wall.step(61 * MINUTE_MS);
    // Whatever is recorded lets the tower look at the clock.
    send(&tower, &writer, &json!({ "to": scout["id"], "body": "now" })).await;
    let (_, events) = tower.get(&format!("{own}/events?wait=long")).await;
    assert_eq!(events["events"][0]["payload"]["message_id"], sent["id"]);
    let (_, inbox) = tower.get(&format!("{own}/inbox")).await;
    assert_eq!(inbox["messages"][0]["delivery_state"], "delivered");
    wall.step(31 * 24 * 60 * MINUTE_MS);
    send(&tower, &writer, &json!({ "to": scout["id"], "body": "a month later" })).await;
    comes_to(&tower, &sent["id"], "expired").await;
    let (status, refused) = tower.post(&format!("/v1/messages/{}/ack", sent["id"].as_str().unwrap()), &json!({})).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("invalid_state_transition")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_is_pushed_to_until_it_takes_it_and_rests_after_ten_failures() {
    let wall = Wall::at("2026-11-20T12:00:00Z");
    let server = Server::start(|count, _| Answer::status(if count == 0 { 500 } else { 200 })).await;
    let ill = Server::start(|_, _| Answer::status(500)).await;
    let tower = tower_by(&wall).await;
    let scout = agent(&tower, "scout", None).await;
    let writer = agent(&tower, "writer", None).await;
    let path = format!("/v1/agents/{}/subscriptions", writer["id"].as_str().unwrap());
    let wanted = |url: &str| json!({ "event_type": "message.delivered", "delivery_target": "webhook", "webhook_url": format!("{url}/hook?word=x") });
    let (status, made) = tower.post(&path, &wanted(&server.url)).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["webhook_url"], json!(server.url), "the rest may be secret");
    let (_, other) = tower.post(&path, &wanted(&ill.url)).await;
    send(&tower, &scout, &json!({ "to": writer["id"], "body": "x" })).await;
    let row = async |id: &Value| {
        let (_, list) = tower.get(&path).await;
        list["subscriptions"].as_array().unwrap().iter().find(|row| row["id"] == *id).unwrap().clone()
    };
    server.seen_at_least(1, SOON).await;
    for failures in 1..=10 {
        let counted = until("the count", SOON, async || {
            Some(row(&other["id"]).await).filter(|row| row["consecutive_failures"] == failures)
        })
        .await;
        assert_eq!(counted["paused_until"].is_string(), failures == 10, "{counted}");
        wall.step(6_000);
    }
    let seen = server.seen_at_least(2, SOON).await;
    assert!(seen.iter().all(|push| is_signed(push, &made["webhook_secret"])));
    assert_eq!(seen[0].json()["delivery_id"], seen[1].json()["delivery_id"], "the same events, the same id");
    assert_eq!(seen[1].json()["events"][0]["payload"]["sender_agent_id"], scout["id"]);
    let told = until("the end of it", SOON, async || {
        Some(row(&made["id"]).await).filter(|row| row["last_dispatched_event_id"].is_u64())
    })
    .await;
    assert_eq!(told["consecutive_failures"], 0);
    assert_eq!(ill.seen().len(), 10, "it rests");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_little_weight_are_told_of_together_after_ten_minutes() {
    let wall = Wall::at("2026-11-20T12:00:00Z");
    let tower = tower_by(&wall).await;
    let scout = agent(&tower, "scout", None).await;
    let writer = agent(&tower, "writer", None).await;
    let mut ids = Vec::new();
    for priority in [1, 2, 3] {
        let body = json!({ "to": writer["id"], "body": "x", "priority": priority });
        ids.push(send(&tower, &scout, &body).await["id"].clone());
    }
    let path = format!("/v1/agents/{}/events?event_type=message.digest", writer["id"].as_str().unwrap());
    let (_, none) = tower.get(&path).await;
    assert_eq!(none["events"], json!([]));
    wall.step(10 * MINUTE_MS + 1_000);
    // Whatever is recorded lets the tower look at the clock.
    send(&tower, &writer, &json!({ "to": scout["id"], "body": "now" })).await;
    let (_, digest) = tower.get(&format!("{path}&wait=long")).await;
    let payload = &digest["events"][0]["payload"];
    assert_eq!(
        (&payload["bundle_count"], &payload["bundled_messages"][1]["message_id"]),
        (&json!(2), &ids[1]),
        "{digest}"
    );
    assert_eq!(payload["bundled_messages"][0]["emitted_at"].as_str().unwrap().get(..16), Some("2026-11-20T12:00"));
}
