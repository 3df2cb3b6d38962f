//! Keys that name what they may do word by word, that belong to one agent, end, and are renewed; and tokens that die with their
//! run. Each route is tried with each.

use super::scopes::{Needs, rows, tried};
use super::wire::asked;
use super::*;

const NOWHERE: &str = "00000000-0000-4000-8000-000000000000";

/// A key with these words and whatever else is said of it.
async fn key_with(tower: &Tower, scopes: &[&str], more: Value) -> String {
    let mut request = json!({ "name": format!("key {}", tower.owner("keys", &json!({})).await["keys"].as_array().unwrap().len()), "scopes": scopes });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    tower.owner("key_add", &request).await["key"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_one_fine_word_opens_what_it_names_and_nothing_else() {
    let tower = Tower::start().await;
    for word in ["cues:read", "cues:write", "claim", "ask", "otlp", "heartbeat"] {
        let key = key_with(&tower, &[word], json!({})).await;
        for (route, needs, _) in rows() {
            let opens = match needs {
                Needs::Nothing => continue,
                Needs::Key => true,
                Needs::Token => false,
                // Whoever reads may look for work as well.
                Needs::Scope("claim") if route == "GET /v1/executions/claimable" => {
                    matches!(word, "claim" | "cues:read")
                }
                Needs::Scope(scope) => scope == word,
            };
            let (status, code) = tried(&tower, route, NOWHERE, &key).await;
            let refused = status == 403 || status == 401;
            assert_eq!(refused, !opens, "{route} with `{word}`: {status} {code}");
            assert!(status < 500, "{route} with `{word}`: {status} {code}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_is_no_scope_makes_no_key() {
    let tower = Tower::start().await;
    for word in ["owner", "*", "cues:*", "CUES", "cues ", "cues report", "commands\n", "secrets", "gates:answer", ""] {
        let (status, answer) = tower.owner_call("key_add", &json!({ "name": "x", "scopes": [word] })).await;
        assert_eq!(status, 422, "{word:?}: {answer}");
    }
    assert_eq!(tower.owner_call("key_add", &json!({ "name": "x", "scopes": [] })).await.0, 422);
}

/// A key that is limited to its agent is one agent's: other agents' cues are not there for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_one_agent_reaches_no_other_agents_cues() {
    let tower = Tower::start().await;
    let limited = json!({ "agent": "ada", "own_cues": true });
    let ada = key_with(&tower, &["cues", "cues:read", "report", "heartbeat", "claim", "otlp", "ask"], limited).await;
    let bob = Agent::start(&tower, "bobs", json!({ "agent": "bob" })).await;
    let held = bob.run(&tower).await;
    let (cue, run) = (&bob.cue, &held.run);
    let question = |more: Value| {
        let mut body = json!({ "key": "send", "title": "Send it?" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let (status, bobs) = speak(&tower, &held.token, Method::POST, "/v1/gates", Some(&question(json!({})))).await;
    assert_eq!(status, 201, "{bobs}");
    let gate = bobs["id"].as_str().unwrap();
    let (_, bobs) = tower.post("/v1/agents", &json!({ "slug": "bob", "display_name": "bob" })).await;
    let address = bobs["id"].as_str().unwrap();
    let stops = json!({ "execution_id": run, "deadline_seconds": 1, "on_no_answer": "stop" });
    for (method, path, body) in [
        (Method::POST, "/v1/gates".to_owned(), Some(question(stops))),
        (Method::GET, format!("/v1/gates/{gate}"), None),
        (Method::GET, "/v1/agents".to_owned(), None),
        (Method::PATCH, format!("/v1/agents/{address}"), Some(json!({ "display_name": "stolen" }))),
        (Method::DELETE, format!("/v1/agents/{address}"), None),
        (Method::GET, format!("/v1/agents/{address}/inbox"), None),
        (Method::GET, format!("/v1/agents/{address}/webhook-secret"), None),
        (Method::GET, format!("/v1/agents/{address}/live-sessions"), None),
        (Method::GET, format!("/v1/agents/{address}/subscriptions"), None),
        (Method::GET, "/v1/workers".to_owned(), None),
        (Method::DELETE, "/v1/workers/w".to_owned(), None),
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
        (Method::POST, "/v1/heartbeats".to_owned(), Some(json!({ "execution_id": run }))),
    ] {
        let (status, answer) = speak(&tower, &ada, method.clone(), &path, body.as_ref()).await;
        assert!(matches!(status, 403 | 404), "{method} {path}: {answer}");
    }
    for path in ["/v1/cues", "/v1/executions"] {
        let (_, listed) = speak(&tower, &ada, Method::GET, path, None).await;
        assert_eq!(listed["total"], 0, "{path}: {listed}");
    }
    let (status, answer) = speak(&tower, &ada, Method::POST, "/v1/heartbeats", Some(&json!({ "agent": "bob" }))).await;
    assert!((400..500).contains(&status), "it beats for nobody else: {answer}");
    let bobs = question(json!({ "agent": "bob" }));
    let (status, answer) = speak(&tower, &ada, Method::POST, "/v1/gates", Some(&bobs)).await;
    assert_eq!(status, 422, "it asks for nobody else: {answer}");
    let (status, answer) = speak(&tower, &ada, Method::POST, "/v1/gates", Some(&question(json!({})))).await;
    assert_eq!(status, 201, "{answer}");
    let own = format!("/v1/gates/{}", answer["id"].as_str().unwrap());
    assert_eq!(speak(&tower, &ada, Method::GET, &own, None).await.0, 200);
    // Its own it makes, and makes nobody else's of it; nor does it fire another's by a detour.
    let others = [
        hook("others", NOBODY, json!({ "agent": "bob" })),
        hook("nobodys", NOBODY, json!({ "agent": "" })),
        hook("detour", NOBODY, json!({ "agent": "ada", "on_success_fire": cue })),
        hook("other detour", NOBODY, json!({ "agent": "ada", "on_failure": { "fallback_cue": cue } })),
        hook("follower", NOBODY, json!({ "agent": "ada", "schedule": { "type": "after", "cue": cue } })),
        hook("follower", NOBODY, json!({ "agent": "ada", "schedule": { "type": "after", "cue": "bobs" } })),
    ];
    for other in &others {
        let (status, answer) = speak(&tower, &ada, Method::POST, "/v1/cues", Some(other)).await;
        assert!(matches!(status, 403 | 422), "{other}: {answer}");
    }
    let (status, own) = speak(&tower, &ada, Method::POST, "/v1/cues", Some(&hook("own", NOBODY, json!({})))).await;
    assert_eq!(status, 201, "{own}");
    let path = format!("/v1/cues/{}", own["id"].as_str().unwrap());
    for edit in [json!({ "agent": "bob" }), json!({ "on_success_fire": cue })] {
        let (status, answer) = speak(&tower, &ada, Method::PATCH, &path, Some(&edit)).await;
        assert!(matches!(status, 403 | 422), "{edit}: {answer}");
    }
    // Whether another agent has a cue of that name, nobody learns by following it.
    let following = |named: &str| hook("x", NOBODY, json!({ "schedule": { "type": "after", "cue": named } }));
    let mut told = Vec::new();
    for named in ["bobs", "none"] {
        let (status, answer) = speak(&tower, &ada, Method::POST, "/v1/cues", Some(&following(named))).await;
        assert_eq!(status, 422, "{answer}");
        told.push(answer.to_string().replace(named, "it"));
    }
    assert!(told[0] == told[1] && told[0].contains("There is no cue `it`"), "{told:?}");
    let (status, answer) = speak(&tower, &ada, Method::POST, "/v1/cues", Some(&following("own"))).await;
    assert_eq!(status, 201, "its own, by its name: {answer}");
    // What the owner hung on another agent's cue stays so, and is its agent's to pause.
    let after = json!({ "schedule": { "type": "after", "cue": cue } });
    assert_eq!(tower.patch(&path, &after).await.0, 200);
    let (status, answer) = speak(&tower, &ada, Method::PATCH, &path, Some(&json!({ "status": "paused" }))).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(tower.get(&format!("/v1/cues/{cue}")).await.1["name"], "bobs");
    assert!(story(&tower, run).await["mark"]["ended_at_ms"].is_null());
}

/// The store is moved back in time, as the clock would have moved on.
fn aged(tower: &Tower, key: &str, set: &str) {
    let store = rusqlite::Connection::open(tower.data.join("cuetower.db")).unwrap();
    let prefix = &key[..12];
    let changed = store.execute(&format!("update keys set {set} where prefix = ?1"), [prefix]).unwrap();
    assert_eq!(changed, 1, "{set}");
}

/// The tower remembers keys until something is recorded about any.
async fn looked_up_again(tower: &Tower) {
    key_with(tower, &["ask"], json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_has_ended_opens_nothing() {
    let tower = Tower::start().await;
    let key = key_with(&tower, &["cues"], json!({ "expires_in_days": 1 })).await;
    assert_eq!(speak(&tower, &key, Method::GET, "/v1/cues", None).await.0, 200);
    aged(&tower, &key, "expires_at_ms = expires_at_ms - 86400000 - 1000");
    looked_up_again(&tower).await;
    let (status, answer) = speak(&tower, &key, Method::GET, "/v1/cues", None).await;
    assert_eq!((status, code(&answer)), (401, "key_expired"), "{answer}");
    let (status, answer) = speak(&tower, &key, Method::POST, "/v1/auth/key/regenerate", None).await;
    assert_eq!(status, 401, "nor does it renew itself: {answer}");
    assert_eq!(speak(&tower, &key, Method::POST, "/v1/auth/session/refresh", None).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_key_is_good_for_its_grace_and_no_longer() {
    let tower = Tower::start().await;
    let old = key_with(&tower, &["cues:read"], json!({})).await;
    let id = async || {
        let keys = tower.owner("keys", &json!({})).await;
        let own = keys["keys"].as_array().unwrap().iter().find(|one| old.starts_with(one["prefix"].as_str().unwrap()));
        own.unwrap()["id"].clone()
    };
    let new = tower.owner("key_rotate", &json!({ "id": id().await, "grace_hours": 1 })).await["key"]
        .as_str()
        .unwrap()
        .to_owned();
    for key in [&old, &new] {
        assert_eq!(speak(&tower, key, Method::GET, "/v1/cues", None).await.0, 200);
        let (status, _) = speak(&tower, key, Method::POST, "/v1/cues", Some(&hook("x", NOBODY, json!({})))).await;
        assert_eq!(status, 403, "no more than it could before");
    }
    // In its grace it leads nobody to its successor.
    let (status, answer) = speak(&tower, &old, Method::POST, "/v1/auth/session/refresh", None).await;
    assert_eq!((status, code(&answer)), (401, "key_rotated"), "{answer}");
    let (_, shown) = speak(&tower, &new, Method::GET, "/v1/auth/key", None).await;
    assert!(shown["api_key"].is_null() && !shown.to_string().contains(&new), "it was shown once: {shown}");
    aged(&tower, &old, "grace_until_ms = grace_until_ms - 3600000 - 1000");
    looked_up_again(&tower).await;
    let (status, answer) = speak(&tower, &old, Method::GET, "/v1/cues", None).await;
    assert_eq!((status, code(&answer)), (401, "key_rotated"), "{answer}");
    assert_eq!(speak(&tower, &new, Method::GET, "/v1/cues", None).await.0, 200);
    let at_once = tower.owner_call("key_rotate", &json!({ "id": id().await, "grace_hours": 200 })).await;
    assert!(at_once.0 >= 400, "{}", at_once.1);
}

/// What is said of a run after its end, and is answered by how it ended. Nothing of it gives anything away.
const AFTERWARDS: [&str; 14] = [
    "GET /v1/cues/{id}",
    "GET /v1/executions/{id}",
    "GET /v1/executions/{id}/steps",
    "POST /v1/executions/{id}/outcome",
    "PATCH /v1/executions/{id}/evidence",
    "POST /v1/executions/{id}/verification-pending",
    "POST /v1/executions/{id}/heartbeat",
    "POST /v1/executions/{id}/release",
    "PUT /v1/executions/{id}/steps/{key}",
    "POST /v1/executions/{id}/steps/{key}/complete",
    "POST /v1/executions/{id}/steps/{key}/fail",
    "POST /v1/heartbeats",
    "POST /v1/traces",
    "GET /v1/gates/{id}",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_token_dies_with_its_run_on_every_route() {
    let tower = Tower::start().await;
    tower.owner("secret_set", &json!({ "name": "OPENAI", "value": "sk-after-the-end" })).await;
    let agent = Agent::start(&tower, "over", json!({ "secrets": ["OPENAI"] })).await;
    let (ended_run, stopped) = (agent.run(&tower).await, agent.run(&tower).await);
    let path = format!("/v1/executions/{}/outcome", ended_run.run);
    assert_eq!(speak(&tower, &ended_run.token, Method::POST, &path, Some(&json!({ "success": true }))).await.0, 200);
    tower.owner("run_stop", &json!({ "run_id": stopped.run })).await;
    for (held, over) in [(&ended_run, "run_ended"), (&stopped, "run_stopped")] {
        ended(&tower, &held.run).await;
        for (route, needs, by_token) in rows().filter(|(route, ..)| !AFTERWARDS.contains(route)) {
            if needs == Needs::Nothing {
                continue;
            }
            let (status, code) = tried(&tower, route, &held.run, &held.token).await;
            assert!(matches!(status, 401 | 403 | 409), "{route}: {status} {code}");
            if by_token {
                assert_eq!((status, code.as_str()), (409, over), "{route}");
            }
        }
        let said =
            asked(&tower.agents, "GET", "/v1/secrets/OPENAI", &[("X-Cuetower-Run-Token", &held.token)], "").await;
        assert_eq!((said.status, said.code().as_str()), (409, over));
        assert!(!said.body.contains("sk-after"), "{}", said.body);
    }
    let stolen = format!("/v1/executions/{}/outcome", stopped.run);
    let late = speak(&tower, &stopped.token, Method::POST, &stolen, Some(&json!({ "success": true }))).await;
    assert_eq!((late.0, code(&late.1)), (409, "run_stopped"));
    assert_eq!(story(&tower, &stopped.run).await["state"], "stopped");
}
