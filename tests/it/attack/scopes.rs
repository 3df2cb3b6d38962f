//! Every route of the agents' door with every credential that is too weak for it: what opens which is one table, and a route that
//! is not in it fails the first case.

use std::collections::BTreeMap;

use super::wire::asked;
use super::*;

/// What opens a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Open to whoever is on this machine, or its address is the credential.
    Nothing,
    /// Any good key.
    Key,
    /// The token of the run that asks, and no key.
    Token,
    /// A key with this scope.
    Scope(&'static str),
}

use Needs::{Key, Nothing, Scope, Token};

const READ: Needs = Scope("cues:read");
const WRITE: Needs = Scope("cues:write");
const REPORT: Needs = Scope("report");
const CLAIM: Needs = Scope("claim");
const BEAT: Needs = Scope("heartbeat");

/// Method and path, what key opens it, and whether the token of a run does so for that run.
pub(crate) const TABLE: &[(&str, Needs, bool)] = &[
    ("GET /health", Nothing, true),
    ("GET /status", Nothing, true),
    ("GET /openapi.json", Nothing, true),
    ("GET /v1/info", Nothing, true),
    ("GET /ping/{key}", Nothing, true),
    ("POST /ping/{key}", Nothing, true),
    ("GET /ping/{key}/{word}", Nothing, true),
    ("POST /ping/{key}/{word}", Nothing, true),
    ("POST /v1/triggers/{token}", Nothing, true),
    ("POST /v1/echo/{token}", Nothing, true),
    ("POST /v1/auth/register", Nothing, true),
    ("POST /v1/auth/session", Nothing, true),
    ("POST /v1/auth/device-code", Nothing, true),
    ("POST /v1/auth/device-code/submit-email", Nothing, true),
    ("POST /v1/auth/device-code/poll", Nothing, true),
    ("GET /v1/auth/verify", Nothing, true),
    ("GET /v1/auth/me", Key, false),
    ("GET /v1/auth/key", Key, false),
    ("POST /v1/auth/key/regenerate", Key, false),
    ("POST /v1/auth/session/refresh", Key, false),
    ("GET /v1/secrets/{name}", Token, true),
    ("GET /v1/cues", READ, false),
    ("GET /v1/cues/{id}", READ, true),
    ("GET /v1/executions", READ, false),
    ("GET /v1/executions/{id}", READ, true),
    ("GET /v1/executions/{id}/steps", READ, true),
    ("GET /v1/alerts", READ, false),
    ("GET /v1/usage", READ, false),
    ("GET /metrics", READ, false),
    ("GET /v1/workers", READ, false),
    ("GET /v1/echo/{token}", READ, false),
    ("POST /v1/cues", WRITE, false),
    ("PATCH /v1/cues/{id}", WRITE, false),
    ("DELETE /v1/cues/{id}", WRITE, false),
    ("POST /v1/cues/{id}/fire", WRITE, false),
    ("POST /v1/cues/bulk-delete", WRITE, false),
    ("POST /v1/executions/{id}/replay", WRITE, false),
    ("POST /v1/executions/{id}/verify", WRITE, false),
    ("POST /v1/alerts/{id}/acknowledge", WRITE, false),
    ("PATCH /v1/auth/me", WRITE, false),
    ("GET /v1/auth/webhook-secret", WRITE, false),
    ("POST /v1/auth/webhook-secret/regenerate", WRITE, false),
    ("GET /v1/auth/alert-webhook-secret", WRITE, false),
    ("POST /v1/auth/alert-webhook-secret/regenerate", WRITE, false),
    ("GET /v1/executions/claimable", CLAIM, false),
    ("POST /v1/executions/claim", CLAIM, false),
    ("POST /v1/executions/{id}/claim", CLAIM, false),
    ("POST /v1/executions/{id}/live-claim", CLAIM, false),
    ("POST /v1/worker/heartbeat", CLAIM, false),
    ("DELETE /v1/workers/{id}", CLAIM, false),
    ("POST /v1/executions/{id}/outcome", REPORT, true),
    ("POST /v1/executions/{id}/release", REPORT, true),
    ("PATCH /v1/executions/{id}/evidence", REPORT, true),
    ("POST /v1/executions/{id}/verification-pending", REPORT, true),
    ("PUT /v1/executions/{id}/steps/{key}", REPORT, true),
    ("POST /v1/executions/{id}/steps/{key}/complete", REPORT, true),
    ("POST /v1/executions/{id}/steps/{key}/fail", REPORT, true),
    ("POST /v1/pools/{name}/permits", REPORT, true),
    ("PATCH /v1/pools/{name}/permits/{permit}", REPORT, true),
    ("DELETE /v1/pools/{name}/permits/{permit}", REPORT, true),
    ("POST /v1/executions/{id}/heartbeat", BEAT, true),
    ("POST /v1/heartbeats", BEAT, true),
    ("POST /api/v1/heartbeat", BEAT, true),
    ("POST /api/v1/heartbeat/batch", BEAT, true),
    ("GET /api/v1/status", BEAT, false),
    ("GET /api/v1/commands", BEAT, false),
    ("POST /api/v1/commands/{id}/result", BEAT, false),
    ("POST /v1/messages", REPORT, true),
    ("GET /v1/messages/{id}", REPORT, false),
    ("POST /v1/messages/{id}/read", REPORT, false),
    ("POST /v1/messages/{id}/ack", REPORT, false),
    ("GET /v1/agents", REPORT, false),
    ("POST /v1/agents", REPORT, false),
    ("GET /v1/agents/roster", REPORT, false),
    ("GET /v1/agents/{id}", REPORT, false),
    ("PATCH /v1/agents/{id}", REPORT, false),
    ("DELETE /v1/agents/{id}", REPORT, false),
    ("GET /v1/agents/{id}/webhook-secret", REPORT, false),
    ("POST /v1/agents/{id}/webhook-secret/regenerate", REPORT, false),
    ("GET /v1/agents/{id}/inbox", REPORT, false),
    ("GET /v1/agents/{id}/sent", REPORT, false),
    ("POST /v1/agents/{id}/attachments", REPORT, false),
    ("DELETE /v1/agents/{id}/attachments/{token}", REPORT, false),
    ("POST /v1/agents/reconcile-attachments", REPORT, false),
    ("POST /v1/agents/{id}/live-sessions", REPORT, false),
    ("GET /v1/agents/{id}/live-sessions", REPORT, false),
    ("PATCH /v1/agents/{id}/live-sessions/{label}", REPORT, false),
    ("DELETE /v1/agents/{id}/live-sessions/{label}", REPORT, false),
    ("POST /v1/agents/{id}/live-sessions/{label}/heartbeat", REPORT, false),
    ("POST /v1/agents/{id}/subscriptions", REPORT, false),
    ("GET /v1/agents/{id}/subscriptions", REPORT, false),
    ("DELETE /v1/agents/{id}/subscriptions/{subscription}", REPORT, false),
    ("PATCH /v1/agents/{id}/subscriptions/{subscription}/ack", REPORT, false),
    ("GET /v1/agents/{id}/events", REPORT, false),
    ("POST /v1/traces", Scope("otlp"), true),
    ("POST /v1/gates", Scope("ask"), true),
    ("GET /v1/gates/{id}", Scope("ask"), true),
    // What its tools do is refused by the routes that they are: `attack/mcp.rs`.
    ("POST /mcp", Key, true),
];

/// Those of the table that there are.
pub(super) fn rows() -> impl Iterator<Item = (&'static str, Needs, bool)> {
    let there: Vec<String> = cuetower_engine::receive::routes()
        .iter()
        .map(|(method, path)| format!("{} {path}", method.to_uppercase()))
        .collect();
    TABLE.iter().copied().filter(move |(route, ..)| there.iter().any(|one| one == route))
}

/// A request that a route would read, with nothing in it that exists. `run` stands where an execution is named.
pub(super) fn target(route: &str, run: &str) -> (String, String) {
    let (method, path) = route.split_once(' ').unwrap();
    let mut of_run = false;
    let parts = path.split('/').map(|part| match part {
        "executions" => {
            of_run = true;
            part
        }
        "{id}" if of_run => run,
        part if part.starts_with('{') => "00000000-0000-4000-8000-000000000000",
        part => part,
    });
    (method.to_owned(), parts.collect::<Vec<_>>().join("/"))
}

/// A body that gets as far as the question who asks.
pub(super) fn body(route: &str) -> &'static str {
    match route {
        route if route.starts_with("GET ") || route.starts_with("DELETE ") => "",
        "POST /v1/heartbeats" | "POST /api/v1/heartbeat" => r#"{"agent":"probe","status":"ok"}"#,
        "POST /api/v1/heartbeat/batch" => r#"[{"agent":"probe","status":"ok"}]"#,
        _ => "{}",
    }
}

/// What was answered to this bearer ("": nobody): the status, and the code of a refusal.
pub(super) async fn tried(tower: &Tower, route: &str, run: &str, bearer: &str) -> (u16, String) {
    let ((method, target), bearer) = (target(route, run), format!("Bearer {bearer}"));
    let mut headers = vec![("Content-Type", "application/json")];
    if bearer != "Bearer " {
        headers.push(("Authorization", bearer.as_str()));
    }
    let said = asked(&tower.agents, &method, &target, &headers, body(route)).await;
    (said.status, said.code())
}

const NOWHERE: &str = "00000000-0000-4000-8000-000000000000";

#[test]
fn every_route_is_in_the_table_once() {
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    for (route, ..) in TABLE {
        *rows.entry(route).or_default() += 1;
    }
    for (method, path) in cuetower_engine::receive::routes() {
        let route = format!("{} {path}", method.to_uppercase());
        assert_eq!(rows.get(route.as_str()), Some(&1), "say in TABLE who may call {route}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_shows_nothing_opens_what_is_open_and_nothing_else() {
    let tower = Tower::start().await;
    for (route, needs, _) in rows() {
        let (status, code) = tried(&tower, route, NOWHERE, "").await;
        assert!(status < 500, "{route}: {status} {code}");
        assert_eq!(status == 401, needs != Nothing, "{route}: {status} {code}");
    }
}

/// What a key with one of the words that there were from the beginning may do.
fn old_word_opens(word: &str, needs: Needs) -> bool {
    match needs {
        Nothing | Key => true,
        Token => false,
        // Keys of these words may all read.
        Scope("cues:read") => true,
        Scope("cues:write") => word == "cues",
        // Looking for work is reading.
        Scope("commands") => word == "commands",
        Scope(_) => word == "report",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_what_its_one_scope_opens_and_nothing_else() {
    let tower = Tower::start().await;
    for word in ["cues", "report", "commands"] {
        let key = key(&tower, &[word]).await;
        for (route, needs, _) in rows() {
            if matches!(needs, Nothing) || route == "GET /v1/executions/claimable" {
                continue;
            }
            let (status, code) = tried(&tower, route, NOWHERE, &key).await;
            let refused = status == 403 || status == 401;
            assert_eq!(refused, !old_word_opens(word, needs), "{route} with `{word}`: {status} {code}");
            assert!(status < 500, "{route} with `{word}`: {status} {code}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_a_run_opens_what_is_its_own_and_nothing_else() {
    let tower = Tower::start().await;
    let agent = Agent::start(&tower, "own", json!({})).await;
    let held = agent.run(&tower).await;
    for (route, _, opens) in rows() {
        // An outcome would end it; its own cue is not at the address that is tried.
        if route.ends_with("/outcome") || route == "GET /v1/cues/{id}" {
            continue;
        }
        let (status, code) = tried(&tower, route, &held.run, &held.token).await;
        let refused = status == 401 || (status == 403 && code == "run_token_not_allowed");
        if opens {
            let own_agent = code == "run_token_not_allowed" && body(route).contains("probe");
            assert!(!refused || own_agent, "{route}: {status} {code}");
        } else {
            assert!(refused, "{route}: {status} {code}");
        }
        assert!(status < 500, "{route}: {status} {code}");
    }
    assert!(story(&tower, &held.run).await["mark"]["ended_at_ms"].is_null(), "nothing of it ended the run");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_credential_of_an_agent_opens_a_command_of_the_owners() {
    let tower = Tower::start().await;
    let agent = Agent::start(&tower, "below", json!({})).await;
    let held = agent.run(&tower).await;
    let strong = key(&tower, &["cues", "report", "commands"]).await;
    for bearer in [&tower.key, &strong, &held.token] {
        let bearer = format!("Bearer {bearer}");
        for (method, target) in
            owners_routes().into_iter().filter(|(_, target)| !matches!(target.as_str(), "/" | "/index.html"))
        {
            for headers in [
                vec![("Authorization", bearer.as_str())],
                vec![("Authorization", bearer.as_str()), ("X-Cuetower-Desk", "1")],
                vec![("X-Api-Key", &bearer["Bearer ".len()..]), ("X-Cuetower-Desk", "1")],
                vec![("X-Cuetower-Run-Token", held.token.as_str()), ("X-Cuetower-Desk", "1")],
            ] {
                let said = asked(&tower.desk, &method, &target, &headers, "").await;
                assert_eq!(said.status, 401, "{method} {target} with {headers:?}: {}", said.body);
            }
        }
    }
    is_well(&tower).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owners_token_is_nothing_at_the_agents_door() {
    let tower = Tower::start().await;
    let token = owners_token(&tower);
    for (route, needs, _) in rows().filter(|(_, needs, _)| *needs != Nothing) {
        let (status, _) = tried(&tower, route, NOWHERE, &token).await;
        assert_eq!(status, 401, "{route}, which needs {needs:?}");
    }
}
