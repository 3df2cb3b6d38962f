//! Line breaks in headers, markup in pages and mails: what an agent says stays text wherever it is written.

use super::wire::{address, asked, request, spoken};
use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn no_line_break_gets_into_a_header_that_goes_out() {
    let tower = Tower::start().await;
    for (name, value) in [
        ("X-A", "a\r\nEvil: 1"),
        ("X-A", "a\nEvil: 1"),
        ("X-A", "a\rEvil: 1"),
        ("X-A", "a\u{0}b"),
        ("X-A\r\nEvil", "1"),
        ("X-A: 1\r\nEvil", "1"),
        ("X A", "1"),
        ("", "1"),
        ("Content-Length", "5"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "upgrade"),
    ] {
        let with = json!({ "callback": { "url": NOBODY, "headers": { name: value } } });
        let (status, answer) = tower.post("/v1/cues", &hook("split", NOBODY, with)).await;
        assert_eq!(status, 422, "{name:?}: {value:?}: {answer}");
        let check = json!({ "checks": [{ "check": "url", "url": NOBODY, "headers": { name: value } }] });
        let (status, answer) = tower.post("/v1/cues", &hook("split", NOBODY, check)).await;
        assert_eq!(status, 422, "{name:?}: {value:?} in a check: {answer}");
    }
    for url in ["http://127.0.0.1:9/a\r\nEvil: 1", "http://127.0.0.1:9/a b\r\n\r\nGET / HTTP/1.1"] {
        let (status, answer) = tower.post("/v1/cues", &hook("split", url, json!({}))).await;
        assert!(matches!(status, 400 | 422), "{url:?}: {answer}");
    }
    for kind in ["ntfy", "webhook"] {
        let channel = json!({ "name": "x", "kind": kind, "url": NOBODY, "token": "a\r\nEvil: 1" });
        assert_eq!(tower.owner_call("channel_set", &channel).await.0, 422, "{kind}");
    }
    assert_eq!(tower.get("/v1/cues").await.1["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_with_a_line_break_is_not_sent_in_a_header() {
    let tower = Tower::start().await;
    let server = Server::start(|_, _| Answer::status(200)).await;
    tower.owner("secret_set", &json!({ "name": "SPLIT", "value": "a\r\nEvil: 1" })).await;
    let with = json!({ "callback": { "url": server.url, "headers": { "X-Key": "{{secret:SPLIT}}" } } });
    let cue = made(&tower, &hook("split", &server.url, with)).await;
    let story = ended(&tower, &fired(&tower, &cue).await).await;
    assert_eq!(story["state"], "failed");
    let sentence = story["mark"]["sentence"].as_str().unwrap();
    assert!(sentence.contains("X-Key") && !sentence.contains("Evil"), "{sentence}");
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_a_request_comes_back_as_it_was_or_not_at_all() {
    let tower = Tower::start().await;
    for id in ["a\r\n b", "a\u{1}b", "<script>\u{0}"] {
        let bytes = request("GET /health HTTP/1.1", &[("Host", address(&tower.agents)), ("X-Request-Id", id)], "");
        let said = spoken(&tower.agents, &bytes).await.expect("an answer");
        assert_eq!(said.status, 400, "{id:?}");
    }
    for id in ["x".repeat(129), String::new(), "\u{fc}".to_owned()] {
        let said = asked(&tower.agents, "GET", "/health", &[("X-Request-Id", &id)], "").await;
        assert_eq!(said.header("x-request-id").map(str::len), Some(36), "one of ours in the place of {id:?}");
    }
    let bearer = format!("Bearer {}", tower.key);
    for target in
        ["/v1/cues/%0d%0aSet-Cookie:x=1", "/v1/executions?cue_id=%0d%0aSet-Cookie:x=1", "/ping/%0d%0aSet-Cookie:x=1"]
    {
        let said = asked(&tower.agents, "GET", target, &[("Authorization", &bearer)], "").await;
        assert_eq!(said.header("set-cookie"), None, "{target}");
    }
    let said = asked(&tower.desk, "GET", "/?ticket=x%0d%0aSet-Cookie:%20x=1", &[], "").await;
    assert_eq!(said.header("set-cookie"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_titles_have_no_control_characters() {
    let tower = Tower::start().await;
    for name in ["a\r\nBcc: x@evil.test", "a\u{1b}]0;x\u{7}", "a\u{0}b", "\u{9b}31m", "a\tb"] {
        let cue = tower.post("/v1/cues", &hook(name, NOBODY, json!({}))).await;
        assert_eq!(cue.0, 422, "a cue {name:?}: {}", cue.1);
        let agent = tower.post("/v1/cues", &hook("fine", NOBODY, json!({ "agent": name }))).await;
        assert_eq!(agent.0, 422, "a cue of the agent {name:?}: {}", agent.1);
        let beat = tower.post("/v1/heartbeats", &json!({ "agent": name })).await;
        assert_eq!(beat.0, 422, "a beat of {name:?}: {}", beat.1);
        let key = tower.owner_call("key_add", &json!({ "name": name, "scopes": ["report"] })).await;
        assert_eq!(key.0, 422, "a key {name:?}: {}", key.1);
        let channel = json!({ "name": name, "kind": "webhook", "url": NOBODY });
        let channel = tower.owner_call("channel_set", &channel).await;
        assert_eq!(channel.0, 422, "a channel {name:?}: {}", channel.1);
        let pool = tower.owner_call("pool_set", &json!({ "name": name, "concurrency": 1 })).await;
        assert_eq!(pool.0, 422, "a pool {name:?}: {}", pool.1);
    }
}

/// The one page that the agents' door has, shown to the owner with a code of anybody's choosing.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_to_sign_in_with_is_no_markup() {
    const MARKUP: &str = "<script>alert(1)</script>";
    let tower = Tower::start().await;
    let code = json!({ "device_code": MARKUP });
    let (status, answer) = speak(&tower, "", Method::POST, "/v1/auth/device-code", Some(&code)).await;
    let mail = json!({ "device_code": MARKUP, "email": "a@example.com" });
    let (_, submitted) = speak(&tower, "", Method::POST, "/v1/auth/device-code/submit-email", Some(&mail)).await;
    let quoted = "%3Cscript%3Ealert(1)%3C/script%3E%22onload=%22alert(1)";
    for target in [
        format!("/v1/auth/verify?device_code={}", "%3Cscript%3Ealert(1)%3C/script%3E"),
        format!("/v1/auth/verify?device_code={quoted}"),
        format!("/v1/auth/verify?code={quoted}"),
    ] {
        let said = asked(&tower.agents, "GET", &target, &[], "").await;
        assert!(!said.body.contains("<script"), "{target} ({status} {answer}, {submitted}): {}", said.body);
        let policy = said.header("content-security-policy").expect("it has a policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    }
    let agent = [("User-Agent", "<img src=x onerror=alert(1)>"), ("Content-Type", "application/json")];
    let said = asked(&tower.agents, "POST", "/v1/auth/device-code", &agent, r#"{"device_code":"ABCD-1234"}"#).await;
    assert!(said.status < 300, "{}", said.body);
    let said = asked(&tower.agents, "GET", "/v1/auth/verify?device_code=ABCD-1234", &[], "").await;
    assert!(!said.body.contains("<img"), "{}", said.body);
}

/// Whatever is asked, an answer that a browser might take for a page says that it is none.
#[tokio::test(flavor = "multi_thread")]
async fn what_agents_say_comes_back_as_json() {
    let tower = Tower::start().await;
    let markup = "<html><script>alert(1)</script>";
    let held = Agent::start(&tower, markup, json!({})).await.run(&tower).await;
    let path = format!("/v1/executions/{}", held.run);
    let outcome = json!({ "success": true, "summary": markup, "result": markup, "metadata": { markup: markup } });
    let (status, answer) = speak(&tower, &held.token, Method::POST, &format!("{path}/outcome"), Some(&outcome)).await;
    assert_eq!(status, 200, "{answer}");
    let bearer = format!("Bearer {}", tower.key);
    for target in [path.as_str(), "/v1/executions", "/v1/cues", "/v1/alerts", "/v1/<script>", "/v1/cues/<script>"] {
        let said =
            asked(&tower.agents, "GET", target, &[("Authorization", &bearer), ("Accept", "text/html")], "").await;
        // What is no address at all has no answer of the tower's, and nothing in it.
        let is_empty = said.status == 400 && said.body.is_empty();
        assert!(is_empty || said.header("content-type") == Some("application/json"), "{target}: {}", said.body);
    }
    let owner = format!("Bearer {}", owners_token(&tower));
    for (name, request) in [
        ("run_get", json!({ "run_id": held.run })),
        ("board", json!({ "from_ms": 0, "to_ms": 1 })),
        ("none%3Cscript%3E", json!({})),
    ] {
        let headers = [("Authorization", owner.as_str()), ("Accept", "text/html")];
        let said = asked(&tower.desk, "POST", &format!("/rpc/{name}"), &headers, &request.to_string()).await;
        assert_eq!(said.header("content-type"), Some("application/json"), "{name}");
        assert_eq!(said.header("x-content-type-options"), Some("nosniff"), "{name}");
    }
}
