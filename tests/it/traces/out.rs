//! The tower's own runs at a collector: decoded with OpenTelemetry's own classes, none lost, none sent twice.

use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use cuetower_tests::Seen;

use super::*;

/// A collector that answers with this status.
async fn collector(status: &Arc<AtomicU16>) -> Server {
    let status = Arc::clone(status);
    Server::start(move |_, _| Answer::status(status.load(Ordering::Relaxed))).await
}

/// Its spans by name, as OpenTelemetry's classes for Python read them; attributes as one object.
async fn decoded(seen: &Seen) -> Vec<Value> {
    assert_eq!((seen.path.as_str(), seen.header("content-type")), ("/v1/traces", "application/x-protobuf"));
    let mut body = Vec::new();
    flate2::read::GzDecoder::new(&seen.body[..]).read_to_end(&mut body).expect("it is gzip");
    let hex: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
    let (package, home) = (Package::installed(PINS).await, Home::new());
    let mut python = package.program("python", &home);
    python.arg(script("collector.py"));
    let Ended { code, out, err } = finished(python, &hex).await;
    assert_eq!(code, Some(0), "{err}");
    let request: Value = serde_json::from_str(&out).unwrap();
    let resource = flat(&request["resourceSpans"][0]["resource"]);
    assert_eq!(resource["service.name"], "cuetower", "{request}");
    let mut spans = request["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone();
    for span in &mut spans {
        span["attributes"] = flat(span);
        let mut events = span["events"].as_array().cloned().unwrap_or_default();
        events.iter_mut().for_each(|event| event["attributes"] = flat(event));
        span["events"] = json!(events);
    }
    spans
}

fn flat(of: &Value) -> Value {
    let pairs = of["attributes"].as_array().cloned().unwrap_or_default();
    let value = |value: &Value| value.as_object().and_then(|kinds| kinds.values().next().cloned()).unwrap_or_default();
    pairs.iter().map(|pair| (pair["key"].as_str().unwrap().to_owned(), value(&pair["value"]))).collect()
}

fn named<'v>(spans: &'v [Value], name: &str) -> &'v Value {
    spans.iter().find(|span| span["name"] == name).unwrap_or_else(|| panic!("no {name} among {spans:?}"))
}

/// Ends a run with this outcome.
async fn ended(tower: &Tower, run: &str, outcome: Value) {
    let (status, answer) = tower.post(&format!("/v1/executions/{run}/outcome"), &outcome).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_a_trace_with_its_attempts_steps_and_findings() {
    let tower = Tower::start().await;
    let collector = collector(&Arc::new(AtomicU16::new(200))).await;
    let mut agent = Agent::start(&tower, "leads").await;
    let expects = json!({ "expect": { "min_processed": 150 } });
    let (status, answer) = tower.patch(&format!("/v1/cues/{}", agent.cue), &expects).await;
    assert_eq!(status, 200, "{answer}");
    tower.owner("secret_set", &json!({ "name": "COLLECTOR", "value": "hush-hush-hush" })).await;
    let header = "Authorization=Bearer {{secret:COLLECTOR}}";
    let said = tower.ctl(&["otlp", "set", &collector.url, "--header", header]).await;
    assert_eq!(said.good().trim(), format!("Every run that ends from now on is sent to {}/v1/traces.", collector.url));

    let given = agent.run(&tower).await;
    let step = format!("/v1/executions/{}/steps", given.run);
    let begin = json!({ "kind": "llm", "name": "Write the digest", "model": "gpt-4o" });
    let (status, _) = tower.speak(reqwest::Method::PUT, &format!("{step}/digest"), Some(&begin)).await;
    assert_eq!(status, 201);
    let done = json!({ "output": "hidden", "tokens": { "input": 100, "output": 20 }, "cost_usd": 0.5 });
    assert_eq!(tower.post(&format!("{step}/digest/complete"), &done).await.0, 200);
    let child = json!({ "kind": "tool", "parent": "digest" });
    assert_eq!(tower.speak(reqwest::Method::PUT, &format!("{step}/send"), Some(&child)).await.0, 201);
    assert_eq!(tower.post(&format!("{step}/send/fail"), &json!({ "error": "smtp answered 550" })).await.0, 200);
    told(&tower, &given.token, &one("5b8efff798038103d269b633813fc60c", "00000000000000f1", &[], &[])).await;
    ended(&tower, &given.run, json!({ "success": true, "processed": 3, "expected": 200 })).await;

    let seen = &collector.seen_at_least(1, PATIENCE).await[0];
    assert_eq!(seen.header("authorization"), "Bearer hush-hush-hush");
    let spans = decoded(seen).await;
    assert_eq!(spans.len(), 4, "the run, its attempt and two steps; not what came in as telemetry: {spans:?}");
    let (run, attempt) = (named(&spans, "leads"), named(&spans, "attempt 1"));
    let (digest, send) = (named(&spans, "Write the digest"), named(&spans, "send"));
    assert!(run["parentSpanId"].is_null());
    assert_eq!(attempt["parentSpanId"], run["spanId"]);
    assert_eq!((&digest["parentSpanId"], &send["parentSpanId"]), (&attempt["spanId"], &digest["spanId"]));
    let facts = &run["attributes"];
    assert_eq!(facts["cuetower.run_id"], *given.run);
    assert_eq!((&facts["cuetower.verdict"], &facts["cuetower.processed"]), (&json!("refuted"), &json!(3.0)), "{facts}");
    assert_eq!((&facts["cuetower.tokens"], &facts["cuetower.cost_usd"]), (&json!("120"), &json!(0.5)));
    assert_eq!(run["status"]["code"], "STATUS_CODE_ERROR");
    let finding = run["events"].as_array().unwrap().iter().find(|event| event["name"] == "cuetower.finding").unwrap();
    assert_eq!(finding["attributes"]["cuetower.claim"], "At least 150 processed");
    assert_eq!(finding["attributes"]["cuetower.passed"], false);
    assert_eq!(
        (&send["status"]["code"], &send["status"]["message"]),
        (&json!("STATUS_CODE_ERROR"), &json!("smtp answered 550"))
    );
    let llm = &digest["attributes"];
    assert_eq!((&llm["gen_ai.request.model"], &llm["gen_ai.usage.input_tokens"]), (&json!("gpt-4o"), &json!("100")));
    assert!(!format!("{spans:?}").contains("hidden"), "payloads stay here");
    // The ids that the agent was handed are those that are exported.
    assert_eq!(base64(&given.traceparent[36..52]), attempt["spanId"]);
}

/// Protobuf's JSON writes bytes so.
fn base64(hex: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: String =
        (0..hex.len()).map(|at| format!("{:04b}", u8::from_str_radix(&hex[at..=at], 16).unwrap())).collect();
    let digits = bits.as_bytes().chunks(6).map(|six| {
        let text = format!("{:0<6}", std::str::from_utf8(six).unwrap());
        char::from(DIGITS[usize::from_str_radix(&text, 2).unwrap()])
    });
    let mut text: String = digits.collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_fails_is_told_of_and_gets_everything_once_it_is_well_again() {
    let mut tower = Tower::start().await;
    let status = Arc::new(AtomicU16::new(503));
    let collector = collector(&status).await;
    let mut agent = Agent::start(&tower, "leads").await;
    let before = agent.run(&tower).await;
    ended(&tower, &before.run, json!({ "success": true })).await;
    tower.owner("otlp_out_set", &json!({ "endpoint": collector.url })).await;
    let mut runs = Vec::new();
    for _ in 0..3 {
        let given = agent.run(&tower).await;
        ended(&tower, &given.run, json!({ "success": true })).await;
        runs.push(given.run);
    }
    let told = until("word of it", PATIENCE, async || {
        let status = tower.owner("tower_status", &json!({})).await;
        status["traces_out"].as_str().map(str::to_owned)
    })
    .await;
    assert!(told.starts_with("Runs do not get through as traces: answered 503"), "{told}");
    let out = tower.owner("otlp_out_get", &json!({})).await;
    assert_eq!((&out["waiting"], &out["sent"]), (&json!(3), &json!(0)), "{out}");
    tower.kill9().await;
    let refused = collector.seen().len();
    status.store(200, Ordering::Relaxed);
    tower.again().await;
    let out = until("an empty queue", PATIENCE, async || {
        let out = tower.owner("otlp_out_get", &json!({})).await;
        (out["waiting"] == 0 && out["sent"] == 3).then_some(out)
    })
    .await;
    assert_eq!((&out["trouble"], &out["refused"]), (&Value::Null, &json!(0)));
    let good = &collector.seen()[refused..];
    let mut got = Vec::new();
    for seen in good {
        let spans = decoded(seen).await;
        let roots = spans.iter().filter(|span| span["parentSpanId"].is_null());
        got.extend(roots.map(|span| span["attributes"]["cuetower.run_id"].as_str().unwrap().to_owned()));
    }
    assert_eq!(got, runs, "in order, each once, and not the one that ended before");
    tower.stop().await;
    tower.again().await;
    let given = agent.run(&tower).await;
    ended(&tower, &given.run, json!({ "success": true })).await;
    let all = collector.seen_at_least(refused + good.len() + 1, PATIENCE).await;
    let spans = decoded(all.last().unwrap()).await;
    assert_eq!(named(&spans, "leads")["attributes"]["cuetower.run_id"], *given.run, "a restart repeats nothing");
    assert_eq!(all.len(), refused + good.len() + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_collector_refuses_for_good_is_left_out_and_counted() {
    let tower = Tower::start().await;
    let status = Arc::new(AtomicU16::new(400));
    let collector = collector(&status).await;
    tower.owner("otlp_out_set", &json!({ "endpoint": collector.url })).await;
    let mut agent = Agent::start(&tower, "leads").await;
    let given = agent.run(&tower).await;
    ended(&tower, &given.run, json!({ "success": true })).await;
    let refused = until("a refusal", PATIENCE, async || {
        let out = tower.owner("otlp_out_get", &json!({})).await;
        (out["refused"] == 1).then_some(out)
    })
    .await;
    assert!(refused["refused_words"].as_str().unwrap().starts_with("answered 400"), "{refused}");
    status.store(200, Ordering::Relaxed);
    let next = agent.run(&tower).await;
    ended(&tower, &next.run, json!({ "success": true })).await;
    collector.seen_at_least(2, PATIENCE).await;
    until("the next", PATIENCE, async || (tower.owner("otlp_out_get", &json!({})).await["sent"] == 1).then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tower_sends_nothing_to_itself_and_another_takes_it_in() {
    let (tower, other) = (Tower::start().await, Tower::start().await);
    let own = tower.ctl(&["otlp", "set", &tower.agents.replace("127.0.0.1", "localhost")]).await;
    assert_ne!(own.code, Some(0));
    assert!(own.err.contains("the tower's own address"), "{}", own.err);
    let open =
        json!({ "endpoint": other.agents, "headers": [{ "name": "Authorization", "value": "Bearer cue_sk_open" }] });
    let (status, refused) = tower.owner_call("otlp_out_set", &open).await;
    assert_eq!((status, &refused["field"]), (422, &json!("headers.Authorization")), "{refused}");
    tower.owner("secret_set", &json!({ "name": "OTHER", "value": other.key })).await;
    let headers = json!([{ "name": "Authorization", "value": "Bearer {{secret:OTHER}}" }]);
    tower.owner("otlp_out_set", &json!({ "endpoint": other.agents, "headers": headers })).await;
    let mut agent = Agent::start(&tower, "leads").await;
    let given = agent.run(&tower).await;
    ended(&tower, &given.run, json!({ "success": true })).await;
    until("a run that was sent", PATIENCE, async || {
        let out = tower.owner("otlp_out_get", &json!({})).await;
        assert_eq!(out["trouble"], Value::Null, "{out}");
        (out["sent"] == 1).then_some(())
    })
    .await;
    let off = tower.ctl(&["otlp", "off"]).await;
    assert_eq!(off.good().trim(), "No runs are sent as traces any more.");
    let shown = tower.ctl(&["otlp", "show"]).await.good();
    assert!(shown.starts_with("Runs are sent nowhere"), "{shown}");
}
