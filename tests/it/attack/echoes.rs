//! The canary, with agents that say every secret again wherever they may say something. What the tower knows to be a secret is
//! blotted out before it is kept, shown, logged or sent.

use super::canary::{Canary, SECRETS};
use super::*;

/// All of them in one text, as a careless program prints its environment.
fn all() -> String {
    SECRETS.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ; ")
}

/// A span in OTLP's JSON that says it in every place that takes a text.
fn span(run: &str, text: &str) -> Value {
    let attribute = |key: &str| json!({ "key": key, "value": { "stringValue": text } });
    let listed = json!({ "key": "list", "value": { "arrayValue": { "values": [{ "stringValue": text }] } } });
    let event = json!({ "name": text, "timeUnixNano": "1790000000100000000", "attributes": [attribute("event")] });
    let span = json!({
        "traceId": run.replace('-', ""), "spanId": "00000000000000c1", "name": text, "startTimeUnixNano": "1790000000000000000",
        "endTimeUnixNano": "1790000000500000000", "attributes": [attribute("gen_ai.prompt"), attribute(text), listed],
        "events": [event], "status": { "code": 2, "message": text },
    });
    let resource = json!({ "attributes": [attribute("service.name")] });
    json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "scope": { "name": text }, "spans": [span] }] }] })
}

/// By its run's token and by a key, wherever a text is taken.
async fn says_it_everywhere(canary: &Canary, held: &Held, text: &str) {
    let of_run = format!("/v1/executions/{}", held.run);
    let nested = json!({ "plain": text, "list": [text, { "deep": text }], text: "as a name" });
    for (method, path, body) in [
        (
            Method::PUT,
            format!("{of_run}/steps/k"),
            json!({ "name": text, "kind": "tool", "model": text, "input": nested }),
        ),
        (Method::POST, format!("{of_run}/steps/k/complete"), json!({ "output": nested, "summary": text })),
        (Method::PUT, format!("{of_run}/steps/bad"), json!({ "name": "bad", "input": text })),
        (Method::POST, format!("{of_run}/steps/bad/fail"), json!({ "error": text })),
        (Method::POST, "/v1/heartbeats".to_owned(), json!({ "execution_id": held.run, "message": text })),
        (Method::POST, format!("{of_run}/heartbeat"), json!({ "message": text })),
        (Method::POST, "/v1/traces".to_owned(), span(&held.run, text)),
        (
            Method::POST,
            "/v1/gates".to_owned(),
            json!({ "key": "leaks", "blocking": false, "title": "Send it?", "body": text, "payload": nested, "diff": text }),
        ),
        (
            Method::POST,
            "/v1/gates".to_owned(),
            json!({ "key": "loud", "blocking": false, "title": text.chars().take(190).collect::<String>() }),
        ),
    ] {
        let (status, told) = canary.speak(&held.token, method, &path, Some(&body)).await;
        assert!(status < 500, "{path}: {told}");
    }
    // In the path, where the keys of steps and tools are named.
    let text_in_path = in_path(text);
    for (path, body) in [
        (format!("{of_run}/steps/{text_in_path}"), json!({ "name": "named so" })),
        (format!("{of_run}/steps/{text_in_path}/complete"), json!({})),
    ] {
        let method = if path.ends_with("/complete") { Method::POST } else { Method::PUT };
        let (status, told) = canary.speak(&held.token, method, &path, Some(&body)).await;
        assert!(status < 500, "{path}: {told}");
    }
    // Its answer may hold what it lends, and is looked at by nobody.
    let lease = format!("/v1/secrets/PLAIN?tool={text_in_path}");
    assert!(speak(&canary.tower, &held.token, Method::GET, &lease, None).await.0 < 500);
    let key = canary.tower.key.clone();
    for (path, body) in [
        ("/v1/heartbeats", json!({ "agent": "talk", "message": text })),
        ("/api/v1/heartbeat", json!({ "agent": "talk", "status": "error", "message": text })),
        ("/v1/worker/heartbeat", json!({ "worker_id": "w", "handlers": [text] })),
        ("/v1/agents", json!({ "slug": "talk", "display_name": "talk", "metadata": nested })),
        ("/v1/messages", json!({ "to": "talk@owner", "subject": text, "body": text, "metadata": nested })),
    ] {
        let (status, told) = canary.speak(&key, Method::POST, path, Some(&body)).await;
        assert!(status < 500, "{path}: {told}");
    }
}

fn in_path(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_an_agent_says_again_is_kept_nowhere() {
    let canary = Canary::start().await;
    let held = canary.held("talk").await;
    canary.leases(&held).await;
    says_it_everywhere(&canary, &held, &all()).await;
    for (_, value) in SECRETS {
        says_it_everywhere(&canary, &held, value).await;
    }
    // A ping with a log, for a watched agent.
    let watched = json!({ "name": "watched", "transport": "watch", "schedule": { "type": "manual" } });
    let watched = canary.cue(&watched).await;
    let ping = canary.owner("cue_ping_url", &json!({ "cue_id": watched })).await;
    let ping = ping["url"].as_str().unwrap().strip_prefix(&canary.tower.agents).unwrap().to_owned();
    for word in ["/start", "/log", "/fail"] {
        let (status, told) = canary.speak("none", Method::POST, &format!("{ping}{word}"), Some(&json!(all()))).await;
        assert!(status < 500, "{word}: {told}");
    }
    let outcome = json!({
        "success": false, "error": all(), "summary": all(), "result": all(), "result_url": "https://example.com/?key=canary-plain-7f3a9c1e",
        "artifacts": [all()], "metadata": { "note": all() },
    });
    let path = format!("/v1/executions/{}/outcome", held.run);
    let (status, told) = canary.speak(&held.token, Method::POST, &path, Some(&outcome)).await;
    assert!(status < 500, "{told}");
    let evidence = json!({ "summary": all(), "metadata": { "late": all() } });
    canary.speak(&held.token, Method::PATCH, &format!("/v1/executions/{}/evidence", held.run), Some(&evidence)).await;
    ended(&canary.tower, &held.run).await;
    canary.looks_at_all(&held.run).await;
    canary.sang_nothing().await;
}

/// A careless program: it prints what it was given, also in pieces, and passes it on in what it reports.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_a_program_prints_is_kept_nowhere() {
    const SCRIPT: &str = r#"
import base64, json, os, sys, time, urllib.parse
names = ["PLAIN", "QUOTED", "ENCODED_64", "LINES", "UNICODE", "SHORT", "INNER", "OUTER", "ENCODED_URL"]
for stream in (sys.stdout.buffer, sys.stderr.buffer):
    for name in names:
        value = os.environ[name]
        stream.write(f"{name}={value}\n".encode())
        stream.write(json.dumps({"value": value}).encode() + b"\n")
        stream.write(json.dumps({"value": value}, ensure_ascii=False).encode() + b"\n")
        stream.write(urllib.parse.quote(value, safe="").encode() + b"\n")
        stream.write(base64.b64encode(value.encode()) + b"\n")
        # In two halves with a pause between, and over the border of a pipe's chunk.
        half = len(value.encode()) // 2
        stream.write(b"x" * 65530 + value.encode()[:half]); stream.flush(); time.sleep(0.3)
        stream.write(value.encode()[half:] + b"\n"); stream.flush()
raise SystemExit(f"failed with {os.environ['PLAIN']}")
"#;
    let canary = Canary::start().await;
    let held = canary.held("talk").await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("prints.py"), SCRIPT).unwrap();
    let environment: serde_json::Map<String, Value> =
        SECRETS.iter().map(|(name, _)| ((*name).to_owned(), json!(format!("{{{{secret:{name}}}}}")))).collect();
    let cue = json!({
        "name": "prints", "transport": "command", "schedule": { "type": "manual" }, "confirm": "exit_code", "retry": { "max_attempts": 1 },
        "command": { "argv": ["python3", "prints.py"], "cwd": folder.path(), "env": environment },
    });
    let cue = canary.cue(&cue).await;
    let run = canary.owner("cue_fire", &json!({ "cue_id": cue })).await;
    let run = run["run_id"].as_str().unwrap().to_owned();
    // Live, while it runs.
    until("end of the program", SOON, async || {
        canary.owner("run_output", &json!({ "run_id": run, "number": 1, "stream": "stdout", "from": 0 })).await;
        story(&canary.tower, &run).await["mark"]["ended_at_ms"].is_number().then_some(())
    })
    .await;
    canary.looks_at_all(&run).await;
    let outcome = json!({ "success": true });
    canary.speak(&held.token, Method::POST, &format!("/v1/executions/{}/outcome", held.run), Some(&outcome)).await;
    canary.sang_nothing().await;
}

/// A web hook's answer, and the answer of an address that is checked.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_a_server_answers_with_is_kept_nowhere() {
    let canary = Canary::start().await;
    let held = canary.held("talk").await;
    let echo = Server::start(|_, _| {
        Answer::json(200, &json!({ "success": false, "error": all(), "summary": all(), "x": { "y": all() } }))
    })
    .await;
    let failing = Server::start(|_, _| Answer { body: all(), ..Answer::status(500) }).await;
    let with = json!({ "callback": { "url": echo.url, "headers": { "X-Key": "{{secret:PLAIN}}" } } });
    let also = json!({ "callback": { "url": failing.url, "headers": { "X-Key": "{{secret:OUTER}}" } } });
    for cue in [hook("echo", &echo.url, with), hook("failing", &failing.url, also)] {
        let cue = canary.cue(&cue).await;
        let run = canary.owner("cue_fire", &json!({ "cue_id": cue })).await;
        let run = run["run_id"].as_str().unwrap().to_owned();
        ended(&canary.tower, &run).await;
        canary.looks_at_all(&run).await;
    }
    let outcome = json!({ "success": true });
    canary.speak(&held.token, Method::POST, &format!("/v1/executions/{}/outcome", held.run), Some(&outcome)).await;
    canary.sang_nothing().await;
}
