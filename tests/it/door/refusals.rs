//! What the door says no to, in which words, and that nothing of it is kept.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Tower, back, manual};

const URL: &str = "http://127.0.0.1:9/run";

#[tokio::test]
async fn bad_cues_are_refused_by_code_and_field_and_nothing_is_stored() {
    let tower = Tower::start().await;
    let cron = |cron: &str| json!({ "type": "recurring", "cron": cron });
    let with = |field: &str, value: Value| {
        let mut cue = json!({ "name": "a", "schedule": cron("*/15 * * * *"), "callback": { "url": URL } });
        cue[field] = value;
        cue
    };
    let table = [
        (with("name", Value::Null), 422, "validation_error", "body.name"),
        (with("name", json!("x".repeat(256))), 422, "validation_error", "body.name"),
        (with("name", json!(7)), 422, "validation_error", "body.name"),
        (with("schedule", Value::Null), 422, "validation_error", "body.schedule"),
        (with("schedule", cron("nope")), 400, "invalid_schedule", "body.schedule.cron"),
        (with("schedule", cron("0 9 31 2 *")), 400, "invalid_schedule", "body.schedule.cron"),
        (
            with("schedule", json!({ "type": "once", "at": "2020-01-01T00:00:00Z" })),
            400,
            "invalid_schedule",
            "body.schedule.at",
        ),
        (with("schedule", json!({ "type": "hourly" })), 400, "invalid_schedule", "body.schedule.type"),
        (
            with("schedule", json!({ "type": "recurring", "cron": "* * * * *", "timezone": "Mars/X" })),
            422,
            "invalid_timezone",
            "body.schedule.timezone",
        ),
        (with("callback", Value::Null), 422, "validation_error", "body.callback"),
        (with("callback", json!({ "url": "ftp://host/x" })), 400, "invalid_callback_url", "body.callback.url"),
        (
            with("callback", json!({ "url": URL, "transport": "worker" })),
            422,
            "validation_error",
            "body.callback.transport",
        ),
        (with("transport", json!("carrier-pigeon")), 422, "validation_error", "body.transport"),
        (with("retry", json!({ "max_attempts": 0 })), 422, "validation_error", "body.retry.max_attempts"),
        (with("gate", json!({ "before_delivery": 1 })), 422, "validation_error", "body.gate.before_delivery"),
        (with("gate", json!({ "when": true })), 422, "validation_error", "body.gate.when"),
        (json!({ "name": "flat", "cron": "nope", "callback_url": URL }), 400, "invalid_schedule", "body.cron"),
    ];
    let before = tower.stored();
    for (body, status, code, field) in table {
        let refused = tower.post("/v1/cues", body.clone()).await;
        assert_eq!((refused.status, refused.code(), refused.field()), (status, code, field), "{body}");
    }
    for (body, status, code) in [
        ("{\"name\":", 400, "invalid_json"),
        ("\u{fffd}\u{0}", 400, "invalid_json"),
        ("[]", 422, "validation_error"),
        ("", 422, "validation_error"),
    ] {
        let request = tower.bare(Method::POST, "/v1/cues").bearer_auth(&tower.key).body(body);
        let refused = back(request).await;
        assert_eq!((refused.status, refused.code()), (status, code), "{body:?}");
    }
    let deep = format!("{{\"payload\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let refused = back(tower.bare(Method::POST, "/v1/cues").bearer_auth(&tower.key).body(deep)).await;
    assert_eq!((refused.status, refused.code()), (400, "invalid_json"));
    assert_eq!(tower.stored(), before);
    tower.stop().await;
}

#[tokio::test]
async fn what_is_not_there_is_404_and_what_cannot_be_done_there_is_405() {
    let tower = Tower::start().await;
    let nowhere = "00000000-0000-4000-8000-000000000000";
    let table = [
        (Method::GET, "/v1/nope".to_owned(), 404, "http_error"),
        (Method::GET, "/".to_owned(), 404, "http_error"),
        (Method::GET, "/v1/cues/cue_x/executions".to_owned(), 404, "http_error"),
        (Method::GET, "/v1/cues/%ff%fe".to_owned(), 404, "http_error"),
        (Method::PUT, "/v1/cues".to_owned(), 405, "http_error"),
        (Method::GET, "/v1/cues/cue_nope".to_owned(), 404, "cue_not_found"),
        (Method::DELETE, "/v1/cues/cue_nope".to_owned(), 404, "cue_not_found"),
        (Method::POST, "/v1/cues/cue_nope/fire".to_owned(), 404, "cue_not_found"),
        (Method::GET, format!("/v1/cues/{}", "x".repeat(4_000)), 404, "cue_not_found"),
        (Method::GET, "/v1/executions/exec_abc".to_owned(), 404, "execution_not_found"),
        (Method::POST, format!("/v1/executions/{nowhere}/replay"), 404, "execution_not_found"),
        (Method::GET, "/v1/cues?limit=101".to_owned(), 422, "validation_error"),
        (Method::GET, "/v1/cues?limit=0".to_owned(), 422, "validation_error"),
        (Method::GET, "/v1/cues?offset=-1".to_owned(), 422, "validation_error"),
        (Method::GET, "/v1/cues?status=asleep".to_owned(), 422, "validation_error"),
        (Method::GET, "/v1/executions?limit=many".to_owned(), 422, "validation_error"),
        (Method::GET, "/v1/executions?status=success&status__in=failed".to_owned(), 400, "conflicting_filters"),
        (Method::GET, "/v1/executions?status__in=success,great".to_owned(), 400, "invalid_status_in"),
        (Method::GET, "/v1/executions?outcome_state=fine".to_owned(), 422, "validation_error"),
    ];
    for (method, path, status, code) in table {
        let refused = tower.ask(method.clone(), &path, None).await;
        assert_eq!((refused.status, refused.code()), (status, code), "{method} {path}");
    }
    let nowhere = format!("/v1/executions/{nowhere}/outcome");
    let refused = tower.post(&nowhere, json!({ "success": true })).await;
    assert_eq!((refused.status, refused.code()), (404, "execution_not_found"));
    let bare = back(tower.bare(Method::GET, "/v1/nope")).await;
    assert_eq!((bare.status, bare.code()), (404, "http_error"), "a route that is not there needs no key");
    tower.stop().await;
}

#[tokio::test]
async fn without_a_good_key_there_is_401() {
    let tower = Tower::start().await;
    let table = [
        (None, "invalid_api_key", "Missing or invalid Authorization header"),
        (Some("Basic abc".to_owned()), "invalid_api_key", "Missing or invalid Authorization header"),
        (Some("Bearer".to_owned()), "invalid_api_key", "Missing or invalid Authorization header"),
        (Some("Bearer cue_sk_00000000000000000000000000000000".to_owned()), "invalid_api_key", "Invalid API key"),
        (Some("Bearer eyJhbGciOi".to_owned()), "invalid_session", "Invalid session token"),
        (Some("Bearer cue_run_x.1.00".to_owned()), "invalid_run_token", "This run token is not one of this tower's."),
    ];
    for (authorization, code, message) in table {
        let mut request = tower.bare(Method::GET, "/v1/cues");
        if let Some(value) = &authorization {
            request = request.header("authorization", value);
        }
        let refused = back(request).await;
        assert_eq!((refused.status, refused.code()), (401, code), "{authorization:?}");
        assert_eq!(refused.json["error"]["message"], message, "{authorization:?}");
    }
    for path in ["/health", "/status", "/v1/info"] {
        let open = back(tower.bare(Method::GET, path)).await;
        assert_eq!(open.status, 200, "{path} is open to all on this machine");
    }
    tower.stop().await;
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say() {
    let tower = Tower::start().await;
    let cues = tower.key_with("cues").await;
    let report = tower.key_with("report").await;
    let command = json!({ "name": "c", "transport": "command", "schedule": { "type": "manual" }, "command": { "argv": ["true"] } });
    let leaking = json!({ "name": "s", "schedule": { "type": "manual" }, "callback": { "url": URL, "headers": { "X-Api-Key": "{{secret:OPENAI}}" } } });
    let before = tower.stored();
    let looking =
        json!({ "name": "p", "schedule": { "type": "manual", "paths": ["~/.ssh/*"] }, "callback": { "url": URL } });
    let of_list = |list: &str, check: &Value| {
        let mut cue = manual("f", URL);
        cue[list] = json!([check]);
        cue
    };
    let checks = [
        json!({ "check": "command", "argv": ["true"] }),
        json!({ "check": "file", "path": "~/.ssh/id_ed25519", "matches": "a" }),
        json!({ "check": "sql", "sqlite": "/var/lib/crm.db", "query": "select 1" }),
        json!({ "check": "sql", "postgres": "postgres://localhost/crm", "query": "select 1" }),
        json!({ "check": "git", "repo": "~/site" }),
        json!({ "check": "disk", "path": "/", "free_gb": 1 }),
        json!({ "check": "secret", "name": "OPENAI" }),
        json!({ "check": "url", "url": URL, "headers": { "X-Api-Key": "{{secret:OPENAI}}" } }),
        json!({ "check": "url", "url": URL, "allow_private": true }),
    ];
    let checks = ["preflight", "checks"].map(|list| checks.each_ref().map(|check| of_list(list, check)));
    let checks = checks.concat();
    for body in [&command, &leaking, &looking].into_iter().chain(&checks) {
        let refused = tower.ask_as(&cues, Method::POST, "/v1/cues", Some(body)).await;
        assert_eq!((refused.status, refused.code()), (403, "insufficient_scope"), "{body}");
        assert!(refused.json["error"]["message"].as_str().unwrap().contains("`commands`"), "{refused:?}");
    }
    let refused = tower.ask_as(&report, Method::POST, "/v1/cues", Some(&manual("r", URL))).await;
    assert_eq!((refused.status, refused.code()), (403, "insufficient_scope"));
    assert_eq!(tower.stored(), before, "nothing of what was refused is kept");

    let made = tower.post("/v1/cues", command).await;
    assert_eq!(made.status, 201, "{made:?}");
    let path = format!("/v1/cues/{}", made.json["id"].as_str().unwrap());
    for (method, body) in [(Method::PATCH, Some(json!({ "command": { "argv": ["rm"] } }))), (Method::DELETE, None)] {
        let refused = tower.ask_as(&cues, method.clone(), &path, body.as_ref()).await;
        assert_eq!((refused.status, refused.code()), (403, "insufficient_scope"), "{method}");
    }
    let harmless =
        json!([{ "check": "url", "url": URL, "body_matches": "ready" }, { "check": "memory", "free_gb": 1 }]);
    let mut looks = manual("f", URL);
    (looks["preflight"], looks["checks"]) = (harmless.clone(), harmless);
    let made = tower.ask_as(&cues, Method::POST, "/v1/cues", Some(&looks)).await;
    assert_eq!(made.status, 201, "whoever may call an address may ask it first: {made:?}");
    let path = format!("/v1/cues/{}", made.json["id"].as_str().unwrap());
    for list in ["preflight", "checks"] {
        let into_program = json!({ list: [{ "check": "command", "argv": ["true"] }] });
        let refused = tower.ask_as(&cues, Method::PATCH, &path, Some(&into_program)).await;
        assert_eq!((refused.status, refused.code()), (403, "insufficient_scope"), "nor may one of its checks");
    }

    let plain = tower.ask_as(&cues, Method::POST, "/v1/cues", Some(&manual("w", URL))).await;
    let path = format!("/v1/cues/{}", plain.json["id"].as_str().unwrap());
    let into_command = json!({ "transport": "command", "command": { "argv": ["true"] } });
    let refused = tower.ask_as(&cues, Method::PATCH, &path, Some(&into_command)).await;
    assert_eq!((refused.status, refused.field()), (422, "body.transport"), "a web hook does not become a program here");
    assert_eq!(tower.ask_as(&report, Method::GET, &path, None).await.status, 200);
    tower.stop().await;
}

#[tokio::test]
async fn only_our_own_name_is_answered_and_no_web_page() {
    let tower = Tower::start().await;
    let port = tower.base.rsplit(':').next().unwrap().to_owned();
    let asked = async |name: &str, value: &str| back(tower.bare(Method::GET, "/health").header(name, value)).await;
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        "127.0.0.1:1".to_owned(),
        format!("localhost.evil:{port}"),
    ] {
        let refused = asked("host", &host).await;
        assert_eq!((refused.status, refused.code()), (403, "host_not_allowed"), "{host}");
    }
    for host in [format!("localhost:{port}"), format!("[::1]:{port}")] {
        assert_eq!(asked("host", &host).await.status, 200, "{host}");
    }
    for origin in ["null", "http://evil.example", "https://localhost", "http://localhost:1"] {
        let refused = asked("origin", origin).await;
        assert_eq!((refused.status, refused.code()), (403, "origin_not_allowed"), "{origin}");
        assert_eq!(refused.header("access-control-allow-origin"), "");
    }
    assert_eq!(asked("origin", &tower.base.clone()).await.status, 200);
    let preflight = back(tower.bare(Method::OPTIONS, "/v1/cues").header("origin", "http://evil.example")).await;
    assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (403, ""));
    tower.stop().await;
}

#[tokio::test]
async fn a_body_of_two_mebibytes_gets_to_read_413() {
    let tower = Tower::start().await;
    let big = json!({ "name": "x".repeat(2 * 1024 * 1024) }).to_string();
    for round in 0..3 {
        let refused = back(tower.bare(Method::POST, "/v1/cues").bearer_auth(&tower.key).body(big.clone())).await;
        assert_eq!((refused.status, refused.code()), (413, "request_too_large"), "round {round}");
        let keyless = back(tower.bare(Method::POST, "/v1/nope").body(big.clone())).await;
        assert_eq!((keyless.status, keyless.code()), (413, "request_too_large"));
    }
    assert_eq!(tower.get("/v1/cues").await.json["total"], 0);
    tower.stop().await;
}

/// As Python's clients do it. If the door closed on what it did not read, the sender would be reset before it could read why.
#[tokio::test]
async fn who_sends_all_before_reading_gets_to_read_413() {
    let tower = Tower::start().await;
    let address = tower.base.strip_prefix("http://").unwrap().to_owned();
    let body = vec![b'x'; 20 * 1024 * 1024];
    let mut line = TcpStream::connect(&address).await.unwrap();
    let head = format!("POST /v1/cues HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n", body.len());
    line.write_all(head.as_bytes()).await.unwrap();
    line.write_all(&body).await.unwrap();
    let mut answer = vec![0; 12];
    line.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 413");
    tower.stop().await;
}

#[tokio::test]
async fn who_asks_before_sending_too_much_is_told_at_once() {
    let tower = Tower::start().await;
    let address = tower.base.strip_prefix("http://").unwrap().to_owned();
    let mut line = TcpStream::connect(&address).await.unwrap();
    let head =
        format!("POST /v1/cues HTTP/1.1\r\nHost: {address}\r\nContent-Length: 9000000\r\nExpect: 100-continue\r\n\r\n");
    line.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(Duration::from_secs(10), line.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    tower.stop().await;
}

#[tokio::test]
async fn the_door_closes_while_somebody_holds_a_connection() {
    let tower = Tower::start().await;
    let address = tower.base.strip_prefix("http://").unwrap().to_owned();
    let mut half = TcpStream::connect(&address).await.unwrap();
    half.write_all(format!("POST /v1/cues HTTP/1.1\r\nHost: {address}\r\nContent-Length: 100\r\n\r\n{{").as_bytes())
        .await
        .unwrap();
    assert_eq!(tower.get("/health").await.status, 200);
    tokio::time::timeout(Duration::from_secs(20), tower.stop()).await.expect("the door closes within its bound");
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_their_turn() {
    let tower = Tower::start().await;
    let address = tower.base.strip_prefix("http://").unwrap().to_owned();
    let mut held = Vec::new();
    for _ in 0..256 {
        held.push(TcpStream::connect(&address).await.unwrap());
    }
    let ask = back(tower.bare(Method::GET, "/status"));
    tokio::pin!(ask);
    let early = tokio::time::timeout(Duration::from_millis(500), &mut ask).await;
    assert!(early.is_err(), "all 256 seats are taken: {early:?}");
    held.pop();
    let answered = tokio::time::timeout(Duration::from_secs(10), ask).await.expect("a seat is free again");
    assert_eq!(answered.status, 200);
    drop(held);
    tower.stop().await;
}

#[tokio::test]
async fn every_answer_carries_its_id_and_the_rate() {
    let tower = Tower::start().await;
    let mine = back(tower.bare(Method::GET, "/v1/cues").bearer_auth(&tower.key).header("x-request-id", "mine-7")).await;
    assert_eq!(mine.header("x-request-id"), "mine-7");
    assert_eq!((mine.header("x-ratelimit-limit"), mine.header("x-ratelimit-remaining")), ("1000000", "999999"));
    assert!(mine.header("x-ratelimit-reset").parse::<i64>().unwrap() > 1_700_000_000);
    let other = tower.get("/v1/nope").await;
    assert_eq!(other.header("x-request-id").len(), 36, "a UUID is made");
    let health = back(tower.bare(Method::GET, "/health")).await;
    assert_eq!(health.header("x-ratelimit-limit"), "", "CueAPI exempts it");
    assert_eq!((&health.json["status"], &health.json["version"]), (&json!("healthy"), &json!("0.0.0-test")));
    tower.stop().await;
}
