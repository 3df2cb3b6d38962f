//! `/mcp`: the same credentials, names and bounds as the rest of the agents' door, and JSON-RPC that is none.

use super::wire::{Said, address, asked, request, spoken};
use super::*;

const ACCEPT: (&str, &str) = ("Accept", "application/json, text/event-stream");

fn call(id: u64, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

fn initialize() -> Value {
    let client = json!({ "name": "attack", "version": "0" });
    call(1, "initialize", json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client }))
}

async fn posted(tower: &Tower, bearer: &str, body: &str) -> Said {
    let bearer = format!("Bearer {bearer}");
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("MCP-Protocol-Version", "2025-06-18"),
        ACCEPT,
    ];
    asked(&tower.agents, "POST", "/mcp", &headers, body).await
}

/// What a tool answered: whether it is an error, and all of its text.
async fn tool(tower: &Tower, bearer: &str, name: &str, arguments: Value) -> (bool, String) {
    let said =
        posted(tower, bearer, &call(7, "tools/call", json!({ "name": name, "arguments": arguments })).to_string())
            .await;
    let answer: Value = serde_json::from_str(&said.body).unwrap_or(Value::Null);
    let is_error = said.status >= 400 || answer["error"].is_object() || answer["result"]["isError"] == true;
    (is_error, said.body)
}

async fn tools(tower: &Tower, bearer: &str) -> Vec<String> {
    let said = posted(tower, bearer, &call(2, "tools/list", json!({})).to_string()).await;
    let answer: Value = serde_json::from_str(&said.body).unwrap_or_else(|_| panic!("{}: {}", said.status, said.body));
    answer["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_speaks_the_protocol_without_a_credential_or_by_another_name() {
    let tower = Tower::start().await;
    let body = initialize().to_string();
    for bearer in ["", "x", "cue_sk_00000000000000000000000000000000", &owners_token(&tower)] {
        assert_eq!(posted(&tower, bearer, &body).await.status, 401, "{bearer}");
    }
    let good = format!("Bearer {}", tower.key);
    let port = address(&tower.agents).rsplit(':').next().unwrap();
    for host in [
        format!("evil.test:{port}"),
        format!("0.0.0.0:{port}"),
        "localhost".to_owned(),
        format!("localhost.:{port}"),
        String::new(),
    ] {
        let headers =
            [("Host", host.as_str()), ("Authorization", good.as_str()), ("Content-Type", "application/json"), ACCEPT];
        let said = spoken(&tower.agents, &request("POST /mcp HTTP/1.1", &headers, &body)).await.expect("an answer");
        assert_eq!(said.status, 403, "{host}: {}", said.body);
    }
    for origin in ["null", "http://evil.test", "http://localhost:6274", "vscode-webview://x"] {
        let headers =
            [("Authorization", good.as_str()), ("Origin", origin), ("Content-Type", "application/json"), ACCEPT];
        let said = asked(&tower.agents, "POST", "/mcp", &headers, &body).await;
        assert_eq!(said.status, 403, "{origin}");
        assert!(!said.opens_to_pages());
    }
    assert_eq!(posted(&tower, &tower.key, &body).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_rpc_is_told_so_and_harms_nobody() {
    let tower = Tower::start().await;
    let deep = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{}1{}}}",
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    let many = format!("[{}]", vec![initialize().to_string(); 1_000].join(","));
    let none = call(1, "no/such/method", json!({})).to_string();
    let wrong = json!({ "jsonrpc": "1.0", "id": 1, "method": "tools/list" }).to_string();
    let strange = json!({ "jsonrpc": "2.0", "id": { "a": 1 }, "method": "tools/list" }).to_string();
    let notified = json!({ "jsonrpc": "2.0", "id": 5, "method": "notifications/initialized" }).to_string();
    let long = call(1, &"x".repeat(100_000), json!({})).to_string();
    for body in ["", "{", "null", "[]", "1", "\u{0}", deep.as_str(), &many, &none, &wrong, &strange, &notified, &long] {
        let said = posted(&tower, &tower.key, body).await;
        let answer: Value = serde_json::from_str(&said.body).unwrap_or(Value::Null);
        let refused = (400..500).contains(&said.status) || answer["error"].is_object() || said.status == 202;
        assert!(refused, "{:.60}: {} {:.200}", body, said.status, said.body);
        assert!(answer["result"].is_null(), "{:.60} was taken: {:.200}", body, said.body);
    }
    let huge =
        call(1, "tools/call", json!({ "name": "create_cue", "arguments": { "name": "x".repeat(2 * 1024 * 1024) } }));
    assert_eq!(posted(&tower, &tower.key, &huge.to_string()).await.status, 413);
    for method in ["PUT", "PATCH", "DELETE", "OPTIONS"] {
        let said =
            asked(&tower.agents, method, "/mcp", &[("Authorization", &format!("Bearer {}", tower.key))], "").await;
        assert!(said.status >= 400, "{method}: {}", said.status);
    }
    assert_eq!(tower.get("/v1/cues").await.1["total"], 0);
    is_well(&tower).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_sees_and_calls_the_tools_of_its_scopes_alone() {
    let tower = Tower::start().await;
    let cue = made(&tower, &hook("kept", NOBODY, json!({}))).await;
    for (scopes, allowed, barred) in [
        (
            &["cues:read"][..],
            &["list_cues", "get_run"][..],
            &["create_cue", "fire_cue", "pause_cue", "report_outcome", "ask_owner", "heartbeat"][..],
        ),
        (
            &["report", "heartbeat"],
            &["report_outcome", "begin_step", "heartbeat"],
            &["list_cues", "create_cue", "fire_cue", "ask_owner", "check_answer"],
        ),
        (&["ask"], &["ask_owner", "check_answer"], &["list_cues", "create_cue", "fire_cue", "report_outcome"]),
        (&["otlp"], &[], &["list_cues", "create_cue", "fire_cue", "report_outcome", "ask_owner"]),
    ] {
        let key = key(&tower, scopes).await;
        let listed = tools(&tower, &key).await;
        for name in allowed {
            assert!(listed.iter().any(|tool| tool == name), "{scopes:?} lacks {name}: {listed:?}");
        }
        for name in barred {
            assert!(!listed.iter().any(|tool| tool == name), "{scopes:?} is shown {name}");
            let arguments = json!({ "cue_id": cue, "id": cue, "name": "made by mcp", "agent": "x", "title": "?" });
            let (is_error, told) = tool(&tower, &key, name, arguments).await;
            assert!(is_error, "{scopes:?} called {name}: {told}");
        }
    }
    assert_eq!(tower.get("/v1/cues").await.1["total"], 1);
    assert_eq!(tower.get("/v1/executions").await.1["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_tool_answers_a_gate_reads_a_secret_or_runs_a_program() {
    let tower = Tower::start().await;
    let listed = tools(&tower, &tower.key).await;
    for word in ["answer_gate", "approve", "deny", "secret", "lease", "key", "exec", "shell", "file"] {
        assert!(!listed.iter().any(|tool| tool.contains(word)), "{word}: {listed:?}");
    }
    let weak = key(&tower, &["cues", "report"]).await;
    for cue in [
        json!({ "name": "p", "transport": "command", "schedule": { "type": "manual" }, "command": { "argv": ["true"] } }),
        hook("s", NOBODY, json!({ "callback": { "url": NOBODY, "headers": { "X-Api-Key": "{{secret:OPENAI}}" } } })),
        hook("a", NOBODY, json!({ "callback": { "url": "http://169.254.169.254/", "allow_private": true } })),
    ] {
        for arguments in [cue.clone(), json!({ "cue": cue }), json!({ "definition": cue })] {
            let (is_error, told) = tool(&tower, &weak, "create_cue", arguments).await;
            assert!(is_error, "{told}");
        }
    }
    for name in ["tools/call", "gate_answer", "secret_set", "owner_key", "../rpc/tower_pause"] {
        let (is_error, told) = tool(&tower, &tower.key, name, json!({})).await;
        assert!(is_error, "{name}: {told}");
    }
    assert_eq!(tower.get("/v1/cues").await.1["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_no_resource_to_whoever_may_not_read_it() {
    let tower = Tower::start().await;
    let agent = Agent::start(&tower, "read", json!({ "agent": "bob" })).await;
    let (held, other) = (agent.run(&tower).await, agent.run(&tower).await);
    let blind = key(&tower, &["otlp"]).await;
    let limited = tower
        .owner("key_add", &json!({ "name": "ada", "scopes": ["cues:read"], "agent": "ada", "own_cues": true }))
        .await;
    let limited = limited["key"].as_str().unwrap();
    for bearer in [blind.as_str(), limited, &other.token] {
        let said = posted(
            &tower,
            bearer,
            &call(3, "resources/read", json!({ "uri": format!("cuetower://runs/{}", held.run) })).to_string(),
        )
        .await;
        assert!(!said.body.contains("read (by hand)") && !said.body.contains("\"contents\""), "{}", said.body);
        let said = posted(&tower, bearer, &call(4, "resources/list", json!({})).to_string()).await;
        assert!(!said.body.contains(&held.run), "{}", said.body);
    }
    for uri in [
        "file:///etc/passwd",
        "cuetower://runs/../../owner.token",
        "cuetower://secrets/OPENAI",
        "http://169.254.169.254/",
        "cuetower://runs/",
    ] {
        let said = posted(&tower, &tower.key, &call(5, "resources/read", json!({ "uri": uri })).to_string()).await;
        assert!(!said.body.contains("\"contents\""), "{uri}: {}", said.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_a_run_speaks_for_that_run_until_its_end() {
    let tower = Tower::start().await;
    let agent = Agent::start(&tower, "own", json!({})).await;
    let (held, other) = (agent.run(&tower).await, agent.run(&tower).await);
    let listed = tools(&tower, &held.token).await;
    let cue = json!({ "cue_id": agent.cue });
    for (name, arguments) in [
        ("list_cues", json!({})),
        ("create_cue", json!({ "name": "n" })),
        ("fire_cue", cue.clone()),
        ("pause_cue", cue.clone()),
        ("list_runs", cue.clone()),
    ] {
        assert!(!listed.iter().any(|tool| tool == name), "{listed:?}");
        let (is_error, told) = tool(&tower, &held.token, name, arguments).await;
        assert!(is_error && told.contains("run_token_not_allowed"), "{name}: {told}");
    }
    for (name, arguments) in [
        ("get_run", json!({ "run_id": other.run })),
        ("report_outcome", json!({ "run_id": other.run, "success": true })),
        ("begin_step", json!({ "run_id": other.run, "key": "k" })),
        ("heartbeat", json!({ "run_id": other.run })),
        ("ask_owner", json!({ "run_id": other.run, "key": "k", "title": "?", "wait_seconds": 0 })),
    ] {
        let (is_error, told) = tool(&tower, &held.token, name, arguments).await;
        assert!(is_error && told.contains("run_token_not_allowed"), "{name}: {told}");
    }
    let (_, asked) =
        tool(&tower, &other.token, "ask_owner", json!({ "key": "k", "title": "Go?", "wait_seconds": 0 })).await;
    let asked: Value = serde_json::from_str(&asked).unwrap();
    let gate = asked["result"]["structuredContent"]["id"].as_str().unwrap_or_else(|| panic!("{asked}"));
    let (is_error, told) =
        tool(&tower, &held.token, "check_answer", json!({ "gate_id": gate, "wait_seconds": 0 })).await;
    assert!(is_error && told.contains("gate_not_found"), "{told}");
    // It need not say which run it is.
    let (is_error, told) = tool(&tower, &held.token, "get_run", json!({})).await;
    assert!(!is_error && told.contains(&held.run), "{told}");
    let (is_error, told) = tool(&tower, &held.token, "report_outcome", json!({ "success": true })).await;
    assert!(!is_error, "{told}");
    ended(&tower, &held.run).await;
    for method in ["initialize", "tools/list", "resources/list"] {
        let said = posted(&tower, &held.token, &call(9, method, json!({})).to_string()).await;
        assert_eq!((said.status, said.code().as_str()), (409, "run_ended"), "{method}: {}", said.body);
    }
    tower.owner("run_stop", &json!({ "run_id": other.run })).await;
    ended(&tower, &other.run).await;
    let said = posted(&tower, &other.token, &call(9, "tools/list", json!({})).to_string()).await;
    assert_eq!((said.status, said.code().as_str()), (409, "run_stopped"), "{}", said.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_one_agent_reaches_its_own_cues_alone() {
    let tower = Tower::start().await;
    let bobs = made(&tower, &hook("bob's", NOBODY, json!({ "agent": "bob" }))).await;
    let limited = tower
        .owner("key_add", &json!({ "name": "ada", "scopes": ["cues", "report"], "agent": "ada", "own_cues": true }))
        .await;
    let limited = limited["key"].as_str().unwrap();
    for name in ["get_cue", "pause_cue", "resume_cue", "fire_cue"] {
        let (is_error, told) = tool(&tower, limited, name, json!({ "cue_id": bobs })).await;
        assert!(is_error && told.contains("cue_not_found") && !told.contains("bob's"), "{name}: {told}");
    }
    let (is_error, told) =
        tool(&tower, limited, "create_cue", hook("for bob", NOBODY, json!({ "agent": "bob" }))).await;
    assert!(is_error, "{told}");
    let chained = hook("by a detour", NOBODY, json!({ "on_success_fire": bobs }));
    let (is_error, told) = tool(&tower, limited, "create_cue", chained).await;
    assert!(is_error, "{told}");
    let (is_error, told) = tool(&tower, limited, "create_cue", hook("ada's", NOBODY, json!({}))).await;
    assert!(!is_error, "{told}");
    let (_, told) = tool(&tower, limited, "list_cues", json!({})).await;
    let told: Value = serde_json::from_str(&told).unwrap();
    let cues = &told["result"]["structuredContent"]["cues"];
    assert_eq!((cues.as_array().unwrap().len(), &cues[0]["agent"]), (1, &json!("ada")), "{told}");
    assert_eq!(tower.get("/v1/executions").await.1["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_an_agent_tells_by_a_tool_is_blotted_out() {
    const VALUE: &str = "sk-told-by-a-tool-4711";
    let tower = Tower::start().await;
    tower.owner("secret_set", &json!({ "name": "OPENAI", "value": VALUE })).await;
    let agent = Agent::start(&tower, "echo", json!({ "secrets": ["OPENAI"] })).await;
    let held = agent.run(&tower).await;
    let (status, lease) = speak(&tower, &held.token, Method::GET, "/v1/secrets/OPENAI", None).await;
    assert_eq!((status, &lease["value"]), (200, &json!(VALUE)));
    let words = format!("the key is {VALUE}");
    for (name, arguments) in [
        ("begin_step", json!({ "key": "k", "name": words, "input": { "key": VALUE } })),
        ("complete_step", json!({ "key": "k", "output": [words] })),
        ("heartbeat", json!({ "message": words })),
        (
            "ask_owner",
            json!({ "key": "k", "title": words, "body": words, "payload": { "k": VALUE }, "wait_seconds": 0 }),
        ),
        ("report_outcome", json!({ "success": true, "summary": words, "metadata": { "k": VALUE } })),
    ] {
        let (is_error, told) = tool(&tower, &held.token, name, arguments).await;
        assert!(!is_error, "{name}: {told}");
        assert!(!told.contains(VALUE), "{name}: {told}");
    }
    ended(&tower, &held.run).await;
    let read = call(3, "resources/read", json!({ "uri": format!("cuetower://runs/{}", held.run) }));
    let said = posted(&tower, &tower.key, &read.to_string()).await;
    assert!(said.body.contains("the key is ••••") && !said.body.contains(VALUE), "{}", said.body);
    let gates = tower.owner("gates", &json!({ "limit": 10, "settled": true })).await.to_string();
    assert!(gates.contains("the key is") && !gates.contains(VALUE), "{gates}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_begins_is_watched_and_what_a_worker_claims_is_refused_in_words() {
    let tower = Tower::start().await;
    let key = tower.key.clone();
    for transport in ["watch", "worker"] {
        let cue = json!({ "name": transport, "transport": transport, "schedule": { "type": "manual" } });
        let cue = made(&tower, &cue).await;
        let (is_error, told) = tool(&tower, &key, "fire_cue", json!({ "cue_id": cue })).await;
        assert!(!is_error, "{told}");
        let told: Value = serde_json::from_str(&told).unwrap();
        let run = &told["result"]["structuredContent"]["id"];
        // Fired, it is handed out in a moment.
        until(transport, SOON, async || {
            let (is_error, told) = tool(&tower, &key, "begin_run", json!({ "run_id": run })).await;
            let wanted = if transport == "worker" { told.contains("is claimed by a worker") } else { !is_error };
            assert!(is_error || transport == "watch", "{told}");
            wanted.then_some(())
        })
        .await;
    }
    let question = json!({ "agent": "ada", "key": "k", "title": "Send?", "wait_seconds": 0 });
    let (is_error, told) = tool(&tower, &key, "ask_owner", question).await;
    assert!(!is_error && told.contains("as `gate_id`"), "{told}");
    let told: Value = serde_json::from_str(&told).unwrap();
    let id = &told["result"]["structuredContent"]["id"];
    for name in ["gate_id", "id"] {
        let (is_error, told) = tool(&tower, &key, "check_answer", json!({ name: id, "wait_seconds": 0 })).await;
        assert!(!is_error && told.contains("waiting"), "{name}: {told}");
    }
}
