//! Credentials that are stolen, forged, old, or shown where they do not belong; and keys that try to become stronger.

use super::wire::asked;
use super::*;

/// What a token gives to whoever holds it, all in one: reads its run, begins a step, leases a secret, reports.
async fn all_ways(tower: &Tower, run: &str, token: &str) -> Vec<(u16, String)> {
    let ways = [
        (Method::GET, format!("/v1/executions/{run}"), None),
        (Method::PUT, format!("/v1/executions/{run}/steps/forged"), Some(json!({}))),
        (Method::GET, "/v1/secrets/OPENAI".to_owned(), None),
        (Method::POST, format!("/v1/executions/{run}/heartbeat"), Some(json!({}))),
        (Method::POST, format!("/v1/executions/{run}/outcome"), Some(json!({ "success": true }))),
    ];
    let mut answers = Vec::new();
    for (method, path, body) in ways {
        let (status, answer) = speak(tower, token, method, &path, body.as_ref()).await;
        answers.push((status, code(&answer).to_owned()));
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_one_bit_changed_is_nobodys() {
    let tower = Tower::start().await;
    let held = Agent::start(&tower, "flipped", json!({})).await.run(&tower).await;
    let (front, mac) = held.token.rsplit_once('.').unwrap();
    let flipped = (0..mac.len()).map(|at| {
        let mut digits = mac.to_owned().into_bytes();
        digits[at] = if digits[at] == b'0' { b'1' } else { b'0' };
        format!("{front}.{}", String::from_utf8(digits).unwrap())
    });
    let other_attempt = format!("{}.2.{mac}", front.rsplit_once('.').unwrap().0);
    let strange = [
        other_attempt,
        format!("{front}.{}", mac.to_uppercase()),
        format!("{front}.{mac}0"),
        format!("{front}."),
        front.to_owned(),
    ];
    let path = format!("/v1/executions/{}", held.run);
    for token in flipped.chain(strange) {
        let (status, answer) = speak(&tower, &token, Method::GET, &path, None).await;
        assert_eq!((status, code(&answer)), (401, "invalid_run_token"), "{token}");
    }
    assert_eq!(speak(&tower, &held.token, Method::GET, &path, None).await.0, 200, "the real one is good");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_one_run_reaches_no_other() {
    let tower = Tower::start().await;
    tower.owner("secret_set", &json!({ "name": "OPENAI", "value": "sk-of-the-other" })).await;
    let poor = Agent::start(&tower, "poor", json!({})).await.run(&tower).await;
    let rich = Agent::start(&tower, "rich", json!({ "secrets": ["OPENAI"] })).await.run(&tower).await;
    for (status, code) in all_ways(&tower, &rich.run, &poor.token).await {
        assert_eq!(status, 403, "{code}");
    }
    let (status, answer) = speak(&tower, &rich.token, Method::GET, "/v1/secrets/OPENAI", None).await;
    assert_eq!((status, &answer["value"]), (200, &json!("sk-of-the-other")), "its own run may");
    assert!(story(&tower, &rich.run).await["mark"]["ended_at_ms"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_an_older_attempt_is_worth_nothing_to_the_newer_one() {
    let tower = Tower::start().await;
    tower.owner("secret_set", &json!({ "name": "OPENAI", "value": "sk-again" })).await;
    let again = json!({ "retry": { "max_attempts": 2, "backoff_seconds": [0], "on_failed_outcome": true }, "secrets": ["OPENAI"] });
    let agent = Agent::start(&tower, "again", again).await;
    let first = agent.run(&tower).await;
    let path = format!("/v1/executions/{}/outcome", first.run);
    let (status, answer) = speak(&tower, &first.token, Method::POST, &path, Some(&json!({ "success": false }))).await;
    assert_eq!(status, 200, "{answer}");
    let seen = agent.server.seen_at_least(2, SOON).await;
    let second = seen[1].header("x-cuetower-run-token").to_owned();
    assert_ne!(second, first.token);
    once(&tower, &first.run, "second delivery", |story| story["attempts"][1]["delivered_at_ms"].is_number()).await;

    let (status, answer) = speak(&tower, &first.token, Method::POST, &path, Some(&json!({ "success": true }))).await;
    assert!(status == 409 && matches!(code(&answer), "attempt_superseded" | "outcome_already_recorded"), "{answer}");
    let lease = speak(&tower, &first.token, Method::GET, "/v1/secrets/OPENAI", None).await;
    assert_eq!((lease.0, lease.1["value"].is_null()), (409, true), "{}", lease.1);
    let step = format!("/v1/executions/{}/steps/late", first.run);
    let (status, answer) = speak(&tower, &first.token, Method::PUT, &step, Some(&json!({}))).await;
    assert_eq!((status, code(&answer)), (409, "attempt_superseded"));
    assert!(story(&tower, &first.run).await["mark"]["ended_at_ms"].is_null(), "the old one does not end it");
    let (status, answer) = speak(&tower, &second, Method::POST, &path, Some(&json!({ "success": true }))).await;
    assert_eq!(status, 200, "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_replayed_after_its_run_gets_no_secret_and_changes_no_verdict() {
    let tower = Tower::start().await;
    tower.owner("secret_set", &json!({ "name": "OPENAI", "value": "sk-after" })).await;
    let held = Agent::start(&tower, "over", json!({ "secrets": ["OPENAI"] })).await.run(&tower).await;
    let path = format!("/v1/executions/{}/outcome", held.run);
    let (status, _) =
        speak(&tower, &held.token, Method::POST, &path, Some(&json!({ "success": false, "error": "no" }))).await;
    assert_eq!(status, 200);
    let before = ended(&tower, &held.run).await;
    let (status, answer) = speak(&tower, &held.token, Method::GET, "/v1/secrets/OPENAI", None).await;
    assert_eq!((status, answer["value"].is_null()), (409, true), "{answer}");
    let (status, answer) = speak(&tower, &held.token, Method::POST, &path, Some(&json!({ "success": true }))).await;
    assert!((400..500).contains(&status), "a failure is not turned into a success: {answer}");
    let permits = speak(&tower, &held.token, Method::POST, "/v1/pools/openai/permits", Some(&json!({}))).await;
    assert!((400..500).contains(&permits.0), "{}", permits.1);
    let after = story(&tower, &held.run).await;
    assert_eq!(after["state"], before["state"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_credential_is_good_where_another_belongs() {
    let tower = Tower::start().await;
    let held = Agent::start(&tower, "mixed", json!({})).await.run(&tower).await;
    let cue = made(&tower, &hook("target", NOBODY, json!({}))).await;
    let trigger = tower.owner("cue_trigger", &json!({ "cue_id": cue, "change": "renew" })).await;
    let trigger = trigger["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let watched = json!({ "name": "watched", "transport": "watch", "schedule": { "type": "manual" } });
    let watched = tower.owner("cue_create", &json!({ "definition": watched })).await;
    let ping = tower.owner("cue_ping_url", &json!({ "cue_id": watched["id"] })).await;
    let ping = ping["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let hook_secret = tower.get("/v1/auth/webhook-secret").await.1["webhook_secret"].as_str().unwrap().to_owned();
    let ticket = tower.desk_link.split("ticket=").nth(1).unwrap().to_owned();
    let owner = owners_token(&tower);
    let key = format!("cue_sk_{}", &owner[..32]);
    for bearer in [&trigger, &ping, &hook_secret, &ticket, &owner, &key] {
        let (status, answer) = speak(&tower, bearer, Method::GET, "/v1/cues", None).await;
        assert_eq!(status, 401, "{bearer}: {answer}");
        for (header, value) in [("X-Api-Key", bearer.as_str()), ("X-Cuetower-Run-Token", bearer.as_str())] {
            let said = asked(&tower.agents, "GET", "/v1/cues", &[(header, value)], "").await;
            assert_eq!(said.status, 401, "{header}: {bearer}: {}", said.body);
        }
    }
    for (as_trigger, as_ping) in
        [(&ping, &trigger), (&tower.key, &tower.key), (&held.token, &held.token), (&owner, &owner)]
    {
        assert_eq!(asked(&tower.agents, "POST", &format!("/v1/triggers/{as_trigger}"), &[], "{}").await.status, 404);
        assert_eq!(asked(&tower.agents, "GET", &format!("/ping/{as_ping}"), &[], "").await.status, 404);
    }
    let said = asked(&tower.agents, "GET", "/v1/cues", &[("X-Api-Key", &held.token)], "").await;
    assert_eq!(
        (said.status, said.code().as_str()),
        (403, "run_token_not_allowed"),
        "a token is no key in the place of one"
    );
    for target in [format!("/v1/cues?api_key={}", tower.key), format!("/v1/cues?token={}", tower.key)] {
        assert_eq!(asked(&tower.agents, "GET", &target, &[], "").await.status, 401, "nor is one read from an address");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_taken_back_is_worth_nothing_at_once() {
    let tower = Tower::start().await;
    let key = key(&tower, &["cues", "report", "commands"]).await;
    assert_eq!(speak(&tower, &key, Method::GET, "/v1/cues", None).await.0, 200);
    let session = speak(&tower, "", Method::POST, "/v1/auth/session", Some(&json!({}))).await;
    assert!(session.0 >= 400, "nobody gets a session for nothing");
    let (status, session) = speak(&tower, &key, Method::POST, "/v1/auth/session/refresh", None).await;
    assert_eq!(status, 200, "{session}");
    let session = session["session_token"].as_str().unwrap().to_owned();
    let keys = tower.owner("keys", &json!({})).await;
    let id = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| key.starts_with(one["prefix"].as_str().unwrap()))
        .unwrap()["id"]
        .clone();
    tower.owner("key_remove", &json!({ "id": id })).await;
    for bearer in [&key, &session] {
        let (status, answer) = speak(&tower, bearer, Method::GET, "/v1/cues", None).await;
        assert_eq!(status, 401, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn registration_is_closed_and_gives_no_power_where_the_owner_opened_it() {
    let closed = Tower::start().await;
    let email = json!({ "email": "mallory@example.com" });
    let answer = speak(&closed, "", Method::POST, "/v1/auth/register", Some(&email)).await;
    assert_eq!((answer.0, code(&answer.1)), (403, "registration_closed"));

    let open = Tower::start_with(None, &["--open-registration"], &[]).await;
    let (status, answer) = speak(&open, "", Method::POST, "/v1/auth/register", Some(&email)).await;
    assert_eq!(status, 201, "{answer}");
    let mallory = answer["api_key"].as_str().unwrap();
    let program = json!({ "name": "p", "transport": "command", "schedule": { "type": "manual" }, "command": { "argv": ["true"] } });
    let refused = speak(&open, mallory, Method::POST, "/v1/cues", Some(&program)).await;
    assert_eq!((refused.0, code(&refused.1)), (403, "insufficient_scope"));
}

/// Ids are told by links, logs and screens: knowing one is no right.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_reaches_nothing_of_the_owners_by_its_id() {
    let tower = Tower::start_with(None, &["--open-registration"], &[]).await;
    let (_, mallory) =
        speak(&tower, "", Method::POST, "/v1/auth/register", Some(&json!({ "email": "mallory@example.com" }))).await;
    let mallory = mallory["api_key"].as_str().unwrap();
    let agent = Agent::start(&tower, "owners", json!({ "agent": "owners" })).await;
    let held = agent.run(&tower).await;
    let (_, address) = tower.post("/v1/agents", &json!({ "slug": "owners", "display_name": "owners" })).await;
    let address = address["id"].as_str().unwrap();
    let (cue, run) = (&agent.cue, &held.run);
    let ways = [
        (Method::GET, format!("/v1/cues/{cue}"), None),
        (Method::PATCH, format!("/v1/cues/{cue}"), Some(json!({ "name": "stolen" }))),
        (Method::POST, format!("/v1/cues/{cue}/fire"), Some(json!({}))),
        (Method::DELETE, format!("/v1/cues/{cue}"), None),
        (Method::GET, format!("/v1/executions/{run}"), None),
        (Method::GET, format!("/v1/executions/{run}/steps"), None),
        (Method::POST, format!("/v1/executions/{run}/outcome"), Some(json!({ "success": true }))),
        (Method::PUT, format!("/v1/executions/{run}/steps/x"), Some(json!({}))),
        (Method::POST, format!("/v1/executions/{run}/replay"), None),
        (Method::PATCH, format!("/v1/executions/{run}/evidence"), Some(json!({ "result_url": "https://example.com" }))),
        (Method::POST, format!("/v1/executions/{run}/heartbeat"), Some(json!({}))),
        (Method::GET, format!("/v1/agents/{address}"), None),
        (Method::GET, format!("/v1/agents/{address}/inbox"), None),
        (Method::GET, format!("/v1/agents/{address}/webhook-secret"), None),
        (Method::DELETE, format!("/v1/agents/{address}"), None),
    ];
    for (method, path, body) in ways {
        let (status, answer) = speak(&tower, mallory, method.clone(), &path, body.as_ref()).await;
        assert_eq!(status, 404, "{method} {path}: {answer}");
    }
    let (_, bulk) = speak(&tower, mallory, Method::GET, "/v1/executions", None).await;
    assert_eq!(bulk["total"], 0, "{bulk}");
    // The token of the owner's run with a key of another account beside it.
    let said = asked(
        &tower.agents,
        "GET",
        "/v1/cues",
        &[("Authorization", &format!("Bearer {mallory}")), ("X-Cuetower-Run-Token", &held.token)],
        "",
    )
    .await;
    assert!(!said.body.contains(cue.as_str()), "{}", said.body);
    assert_eq!(tower.get(&format!("/v1/cues/{cue}")).await.1["name"], "owners");
    assert!(story(&tower, run).await["mark"]["ended_at_ms"].is_null());
}

/// Whatever runs a program, reads a file or a database, or uses a secret takes the owner's word. By itself and by every way
/// around: in a check, as a change of a harmless cue, as what follows another.
/// Or it would take the question away and do unasked what it was to ask about.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_commands_takes_no_gate_off() {
    let tower = Tower::start().await;
    let gate = json!({ "before_delivery": true, "steps": ["send"], "deadline_seconds": 600, "on_no_answer": "stop" });
    let made = tower.owner("cue_create", &json!({ "definition": hook("asks", NOBODY, json!({ "gate": gate })) })).await;
    let path = format!("/v1/cues/{}", made["id"].as_str().unwrap());
    let weak = key(&tower, &["cues", "report"]).await;
    let with = |field: &str, value: Value| {
        let mut gate = gate.clone();
        gate[field] = value;
        json!({ "gate": gate })
    };
    for edit in [
        json!({ "gate": null }),
        with("before_delivery", json!(false)),
        with("steps", json!(["other"])),
        with("on_no_answer", json!("proceed")),
    ] {
        let (status, answer) = speak(&tower, &weak, Method::PATCH, &path, Some(&edit)).await;
        assert!(matches!((status, code(&answer)), (403, "insufficient_scope") | (422, _)), "{edit}: {answer}");
    }
    let kept = tower.get(&path).await.1;
    assert_eq!((&kept["gate"]["before_delivery"], &kept["gate"]["steps"]), (&json!(true), &json!(["send"])), "{kept}");
    let (status, answer) =
        speak(&tower, &weak, Method::PATCH, &path, Some(&with("before_confirmation", json!(true)))).await;
    assert_eq!(status, 200, "it may ask for more: {answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_commands_makes_no_program_run() {
    let tower = Tower::start().await;
    let weak = key(&tower, &["cues", "report"]).await;
    let ask = async |method: Method, path: &str, body: &Value| {
        let (status, answer) = speak(&tower, &weak, method, path, Some(body)).await;
        (status, code(&answer).to_owned())
    };
    let program = json!({ "argv": ["sh", "-c", "touch pwned"] });
    let checks = [
        json!({ "check": "command", "argv": ["true"] }),
        json!({ "check": "file", "path": "/etc/shadow", "matches": "root" }),
        json!({ "check": "sql", "sqlite": "/etc/passwd", "query": "select 1" }),
        json!({ "check": "sql", "postgres": "postgres://localhost/crm", "query": "select 1" }),
        json!({ "check": "git", "repo": "/" }),
        json!({ "check": "url", "url": NOBODY, "headers": { "X-Api-Key": "{{secret:OPENAI}}" } }),
        json!({ "check": "url", "url": "http://169.254.169.254/", "allow_private": true }),
    ];
    let mut forbidden = vec![
        json!({ "name": "a", "transport": "command", "schedule": { "type": "manual" }, "command": program }),
        json!({ "name": "b", "transport": "command", "schedule": { "type": "manual" }, "command": { "shell": "true" } }),
        json!({ "name": "c", "schedule": { "type": "manual", "paths": ["~/.ssh/*"] }, "callback": { "url": NOBODY } }),
        hook("d", NOBODY, json!({ "callback": { "url": NOBODY, "headers": { "X-Api-Key": "{{secret:OPENAI}}" } } })),
        hook("e", NOBODY, json!({ "callback": { "url": "http://169.254.169.254/", "allow_private": true } })),
        hook("f", NOBODY, json!({ "secrets": ["OPENAI"] })),
    ];
    for list in ["checks", "preflight"] {
        forbidden.extend(checks.iter().map(|check| hook("g", NOBODY, json!({ list: [check] }))));
    }
    for cue in &forbidden {
        assert_eq!(ask(Method::POST, "/v1/cues", cue).await, (403, "insufficient_scope".to_owned()), "{cue}");
    }
    let (_, harmless) =
        speak(&tower, &weak, Method::POST, "/v1/cues", Some(&hook("harmless", NOBODY, json!({})))).await;
    let path = format!("/v1/cues/{}", harmless["id"].as_str().unwrap());
    let mut edits = vec![
        json!({ "schedule": { "type": "manual", "paths": ["/etc/*"] } }),
        json!({ "callback": { "url": NOBODY, "headers": { "X-Api-Key": "{{secret:OPENAI}}" } } }),
        json!({ "callback": { "url": "http://10.0.0.1/", "allow_private": true } }),
        json!({ "secrets": ["OPENAI"] }),
    ];
    for list in ["checks", "preflight"] {
        edits.extend(checks.iter().map(|check| json!({ list: [check] })));
    }
    for edit in &edits {
        assert_eq!(ask(Method::PATCH, &path, edit).await, (403, "insufficient_scope".to_owned()), "{edit}");
    }
    let turned = ask(Method::PATCH, &path, &json!({ "transport": "command", "command": program })).await;
    assert!(turned.0 == 403 || turned.0 == 422, "{turned:?}");
    assert_eq!(tower.get(&path).await.1["transport"], "webhook");

    // What the owner made cannot be turned, moved or deleted by it either.
    let owners = made(&tower, &json!({ "name": "owners", "transport": "command", "schedule": { "type": "manual" }, "command": { "argv": ["true"] } })).await;
    let path = format!("/v1/cues/{owners}");
    for edit in [json!({ "name": "mine" }), json!({ "command": { "argv": ["sh"] } }), json!({ "status": "paused" })] {
        let (status, code) = ask(Method::PATCH, &path, &edit).await;
        assert_eq!((status, code.as_str()), (403, "insufficient_scope"), "{edit}");
    }
    assert_eq!(ask(Method::DELETE, &path, &json!({})).await.0, 403);
    assert_eq!(tower.get("/v1/cues").await.1["total"], 2, "nothing of what was refused is kept");
}

/// Nothing that says where a request comes from is believed.
#[tokio::test(flavor = "multi_thread")]
async fn headers_of_proxies_change_nothing() {
    let tower = Tower::start().await;
    let tricks = [
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Forwarded-Host", "127.0.0.1"),
        ("X-Real-IP", "127.0.0.1"),
        ("Forwarded", "for=127.0.0.1;host=127.0.0.1"),
        ("X-Original-URL", "/health"),
        ("X-Rewrite-URL", "/health"),
        ("X-User", "owner"),
        ("X-Remote-User", "owner"),
    ];
    for trick in tricks {
        assert_eq!(asked(&tower.agents, "GET", "/v1/cues", &[trick], "").await.status, 401, "{trick:?}");
        assert_eq!(asked(&tower.desk, "POST", "/rpc/tower_status", &[trick], "").await.status, 401, "{trick:?}");
    }
}
