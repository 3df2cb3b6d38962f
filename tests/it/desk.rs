//! The owner's door for a browser: who gets in, who does not, and what is live behind it.

use std::time::Duration;

use cuetower_tests::Tower;
use reqwest::header::{COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, RequestBuilder, Response, redirect};
use serde_json::{Value, json};

fn browser() -> Client {
    Client::builder().no_proxy().redirect(redirect::Policy::none()).timeout(Duration::from_secs(20)).build().unwrap()
}

/// What a browser keeps of the answer to a one-time link: "name=value".
async fn enter(tower: &Tower) -> String {
    let answer = browser().get(&tower.desk_link).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()[LOCATION].to_str().unwrap()), (303, "/"));
    let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Strict"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

/// As the page asks: with its session, and the header only the page can set.
fn page_asks(tower: &Tower, cookie: &str, command: &str, request: &Value) -> RequestBuilder {
    let url = format!("{}/rpc/{command}", tower.desk);
    browser().post(url).header(COOKIE, cookie).header("x-cuetower-desk", "1").body(request.to_string())
}

/// Every refusal has the one shape.
async fn refusal(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let error: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert!(error["message"].as_str().is_some_and(|message| message.ends_with('.')), "{error}");
    (status, error["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_link_opens_the_desk_once_and_the_session_outlives_a_restart() {
    let mut tower = Tower::start().await;
    let cookie = enter(&tower).await;
    let again = browser().get(&tower.desk_link).send().await.unwrap();
    assert!(!again.headers().contains_key(SET_COOKIE), "a used link gives no session");
    let status = page_asks(&tower, &cookie, "tower_status", &json!({})).send().await.unwrap();
    assert_eq!(status.status(), 200);
    let page = browser().get(&tower.desk).send().await.unwrap();
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'self'"));
    tower.stop().await;
    tower.again().await;
    let status = page_asks(&tower, &cookie, "tower_status", &json!({})).send().await.unwrap();
    assert_eq!(status.status(), 200, "the same browser, after a restart");
}

#[tokio::test]
async fn since_when_there_are_records_is_said() {
    let tower = Tower::start().await;
    let since = async || tower.owner("tower_status", &json!({})).await["records_since_ms"].clone();
    assert_eq!(since().await, Value::Null, "nothing was ever due");
    let cue = json!({ "name": "counted", "transport": "command", "schedule": { "type": "manual" }, "command": { "argv": ["true"] }, "confirm": "exit_code" });
    let id = tower.owner("cue_create", &json!({ "definition": cue })).await["id"].clone();
    for _ in 0..2 {
        tower.owner("cue_fire", &json!({ "cue_id": id, "payload": null })).await;
    }
    let ledger = tower.owner("ledger", &json!({ "cue_id": null, "before_ms": null, "limit": 10 })).await;
    let due: Vec<i64> =
        ledger["marks"].as_array().unwrap().iter().map(|mark| mark["due_ms"].as_i64().unwrap()).collect();
    assert_eq!(due.len(), 2);
    assert_eq!(since().await, json!(due.iter().min()));
}

#[tokio::test]
async fn nobody_else_gets_in() {
    let tower = Tower::start().await;
    let cookie = enter(&tower).await;
    let url = format!("{}/rpc/tower_pause", tower.desk);
    let owner = std::fs::read_to_string(tower.data.join("owner.token")).unwrap();
    let table: [(&str, RequestBuilder, (u16, &str)); 9] = [
        ("no credential", browser().post(&url), (401, "session")),
        ("an agents' key", browser().post(&url).bearer_auth(&tower.key), (401, "session")),
        ("a wrong token", browser().post(&url).bearer_auth("0".repeat(64)), (401, "session")),
        ("a form of another page, cookie and all", browser().post(&url).header(COOKIE, &cookie), (401, "session")),
        (
            "another page's script",
            page_asks(&tower, &cookie, "tower_pause", &json!({})).header(ORIGIN, "http://evil.example"),
            (403, "origin_not_allowed"),
        ),
        (
            "a sandboxed page's script",
            page_asks(&tower, &cookie, "tower_pause", &json!({})).header(ORIGIN, "null"),
            (403, "origin_not_allowed"),
        ),
        (
            "a name that was made to point here",
            browser().post(&url).bearer_auth(&owner).header(HOST, "rebound.example"),
            (403, "host_not_allowed"),
        ),
        ("a stranger who wants a link", browser().post(format!("{}/ticket", tower.desk)), (401, "session")),
        ("a stranger who listens", browser().get(format!("{}/events?from=0", tower.desk)), (401, "session")),
    ];
    for (who, request, expected) in table {
        let (status, code) = refusal(request.send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), expected, "{who}");
    }
    assert_eq!(tower.owner("tower_status", &json!({})).await["paused"], false, "nobody paused it");
    let at_agents = browser().get(format!("{}/v1/cues", tower.agents)).bearer_auth(&owner).send().await.unwrap();
    assert_eq!(at_agents.status(), 401, "the owner's token is nothing at the agents' door");
}

#[tokio::test]
async fn bad_requests_are_told_in_the_one_shape() {
    let tower = Tower::start().await;
    let cookie = enter(&tower).await;
    let huge = json!({ "name": "A", "value": "x".repeat(3 * 1024 * 1024) });
    let table = [
        (page_asks(&tower, &cookie, "no_such_thing", &json!({})), (404, "unknown_command")),
        (page_asks(&tower, &cookie, "board", &json!({ "from_ms": "yesterday" })), (422, "invalid")),
        (page_asks(&tower, &cookie, "board", &json!({})).body("not json"), (400, "invalid")),
        (page_asks(&tower, &cookie, "secret_set", &huge), (413, "invalid")),
        (page_asks(&tower, &cookie, "run_get", &json!({ "run_id": "nobody" })), (404, "not_found")),
        (browser().get(format!("{}/events?from=now", tower.desk)).header(COOKIE, &cookie), (400, "invalid")),
        (browser().get(format!("{}/no/such/page", tower.desk)), (404, "not_found")),
    ];
    for (request, expected) in table {
        let (status, code) = refusal(request.send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), expected);
    }
}

#[tokio::test]
async fn changes_arrive_live_from_the_number_one_asks_for() {
    let mut tower = Tower::start().await;
    let cookie = enter(&tower).await;
    let seq = tower.owner("tower_status", &json!({})).await["seq"].as_u64().unwrap();
    let url = format!("{}/events?from={seq}", tower.desk);
    let mut stream = browser().get(url).header(COOKIE, &cookie).send().await.unwrap();
    let definition = json!({
        "name": "live", "transport": "command", "command": { "argv": ["true"] }, "confirm": "exit_code",
        "schedule": { "type": "manual" },
    });
    let cue = tower.owner("cue_create", &json!({ "definition": definition })).await;
    tower.owner("cue_fire", &json!({ "cue_id": cue["id"], "payload": null })).await;
    let mut told = String::new();
    while !told.contains(r#""confirmed":"confirmed""#) {
        let chunk = stream.chunk().await.unwrap().expect("the stream goes on");
        told.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    let numbers: Vec<u64> = told.lines().filter_map(|line| line.strip_prefix("id: ")?.parse().ok()).collect();
    assert!(numbers.len() > 1 && numbers.is_sorted() && numbers[0] > seq, "{numbers:?} after {seq}");
    tower.stop().await;
    tower.again().await;
    let old = browser().get(format!("{}/events?from=0", tower.desk)).header(COOKIE, &cookie);
    let mut from_the_start = old.send().await.unwrap();
    let first = from_the_start.chunk().await.unwrap().unwrap();
    assert!(first.starts_with(b"event: gap"), "what is no longer at hand is a gap: {first:?}");
}
