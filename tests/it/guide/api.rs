//! `/openapi.json` against what the door really opens to whom, refuses and answers.

use std::collections::BTreeSet;

use cuetower_tests::Tower;
use reqwest::Method;
use serde_json::{Value, json};

use crate::attack::scopes::{Needs, TABLE};

async fn document(tower: &Tower) -> Value {
    let (status, document) = tower.get("/openapi.json").await;
    assert_eq!(status, 200, "{document}");
    document
}

fn operation<'d>(document: &'d Value, route: &str) -> &'d Value {
    let (method, path) = route.split_once(' ').unwrap();
    &document["paths"][path][method.to_ascii_lowercase()]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_opens_a_route_is_what_is_tried_in_the_attacks() {
    let tower = Tower::start().await;
    let document = document(&tower).await;
    for (route, needs, run) in TABLE {
        let said = &operation(&document, route)["security"];
        let expected = match needs {
            Needs::Nothing => json!([]),
            Needs::Token => json!([{ "run": [] }]),
            Needs::Key if *run => json!([{ "key": [] }, { "run": [] }]),
            Needs::Key => json!([{ "key": [] }]),
            Needs::Scope(scope) if *run => json!([{ "key": [scope] }, { "run": [] }]),
            Needs::Scope(scope) => json!([{ "key": [scope] }]),
        };
        assert_eq!(*said, expected, "{route}");
    }
}

/// The body that a route is described with, or the one that it refers to.
fn schema<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str().and_then(|name| name.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).unwrap_or_else(|| panic!("{pointer} is not there")),
        None => schema,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_described_is_known_and_one_that_is_needed_is_asked_for() {
    let tower = Tower::start().await;
    let document = document(&tower).await;
    let (mut asked, mut known, mut wrong) = (0, 0, Vec::new());
    for (route, needs, _) in TABLE {
        let content = &operation(&document, route)["requestBody"]["content"]["application/json"]["schema"];
        let body = schema(&document, content);
        let Some(properties) = body["properties"].as_object() else { continue };
        if matches!(needs, Needs::Token) {
            continue;
        }
        let (method, path) = route.split_once(' ').unwrap();
        let path = path
            .replace("{id}", "none")
            .replace("{name}", "none")
            .replace("{label}", "none")
            .replace("{key}", "none")
            .replace("{permit}", "none")
            .replace("{subscription}", "none");
        let method: Method = method.parse().unwrap();
        let faults = async |body: Value| -> Vec<(String, String)> {
            let (_, answer) = tower.speak(method.clone(), &path, Some(&body)).await;
            let details = answer["error"]["details"].as_array().cloned().unwrap_or_default();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            details.iter().map(|fault| (text(&fault["field"]), text(&fault["message"]))).collect()
        };
        let required: BTreeSet<&str> =
            body["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (field, message) in faults(json!({})).await {
            let field = field.trim_start_matches("body.");
            if message == "Field required" {
                asked += 1;
                if !required.contains(field) {
                    wrong.push(format!("{route} asks for `{field}`, and nothing says so"));
                }
            }
        }
        // A list fits nowhere where it is not wanted, so that nothing is done; an unknown field is told all the same.
        let all: Value =
            properties.keys().map(|name| (name.clone(), json!([[]]))).collect::<serde_json::Map<_, _>>().into();
        for (field, message) in faults(all).await {
            known += 1;
            if message.contains("Extra inputs") {
                wrong.push(format!("{route} does not know `{field}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(asked > 10 && known > 40, "{asked} {known}");
}

/// Every field of an answer is described, and what is described as always there is there, of the type that is said.
fn fits(document: &Value, route: &str, status: u16, answer: &Value) {
    let content = &operation(document, route)["responses"][status.to_string()]["content"]["application/json"]["schema"];
    let shape = schema(document, content);
    let properties = shape["properties"].as_object().unwrap_or_else(|| panic!("{route} {status} has no shape"));
    for (name, value) in answer.as_object().unwrap_or_else(|| panic!("{route}: {answer}")) {
        let said = properties.get(name).unwrap_or_else(|| panic!("{route} answers `{name}`, which is not described"));
        let kinds: Vec<&str> = match &said["type"] {
            Value::String(kind) => vec![kind],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => continue,
        };
        let is = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let fits = kinds.contains(&is) || (is == "integer" && kinds.contains(&"number"));
        assert!(fits, "{route} answers {value} as `{name}`, which is said to be {kinds:?}");
    }
    for name in shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        assert!(answer.get(name).is_some(), "{route} does not answer `{name}`: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_as_they_are_described() {
    let tower = Tower::start().await;
    let document = document(&tower).await;
    let fit = |route: &str, (status, answer): (u16, Value)| {
        fits(&document, route, status, &answer);
        answer
    };
    tower.owner("pool_set", &json!({ "name": "shared", "concurrency": 5 })).await;
    let cue = json!({ "name": "described", "transport": "worker", "schedule": { "type": "manual" } });
    let cue = fit("POST /v1/cues", tower.post("/v1/cues", &cue).await);
    let at = |rest: &str| format!("/v1/cues/{}{rest}", cue["id"].as_str().unwrap());
    let changed = tower.patch(&at(""), &json!({ "description": "once more", "status": "active" })).await;
    fit("PATCH /v1/cues/{id}", changed);
    fit("POST /v1/cues/{id}/fire", tower.post(&at("/fire"), &json!({})).await);
    let claim = fit(
        "POST /v1/executions/claim",
        tower.post("/v1/executions/claim", &json!({ "worker_id": "w", "wait": 20 })).await,
    );
    let run = claim["execution_id"].as_str().unwrap();
    let of_run = |rest: &str| format!("/v1/executions/{run}{rest}");
    let begun = "PUT /v1/executions/{id}/steps/{key}";
    let put = async |body: Value| tower.speak(Method::PUT, &of_run("/steps/look"), Some(&body)).await;
    fit(begun, put(json!({ "kind": "tool" })).await);
    fit(
        "POST /v1/executions/{id}/steps/{key}/complete",
        tower.post(&of_run("/steps/look/complete"), &json!({ "output": 1 })).await,
    );
    let (status, again) = put(json!({})).await;
    assert_eq!(status, 200, "it was done: {again}");
    fit(begun, (status, again));
    fit("GET /v1/executions/{id}/steps", tower.get(&of_run("/steps")).await);
    fit(
        "POST /v1/heartbeats",
        tower.post("/v1/heartbeats", &json!({ "execution_id": run, "agent": "described", "odd": 1 })).await,
    );
    let gate = json!({ "execution_id": run, "key": "q", "title": "May I?", "blocking": false });
    let gate = fit("POST /v1/gates", tower.post("/v1/gates", &gate).await);
    fit("GET /v1/gates/{id}", tower.get(&format!("/v1/gates/{}", gate["id"].as_str().unwrap())).await);
    let permit = fit("POST /v1/pools/{name}/permits", tower.post("/v1/pools/shared/permits", &json!({})).await);
    let permit = format!("/v1/pools/shared/permits/{}", permit["permit"].as_str().unwrap());
    fit("PATCH /v1/pools/{name}/permits/{permit}", tower.patch(&permit, &json!({})).await);
    fit(
        "POST /v1/executions/{id}/outcome",
        tower.post(&of_run("/outcome"), &json!({ "success": true, "processed": 2 })).await,
    );
    fit("GET /v1/executions/{id}", tower.get(&of_run("")).await);
    fit("GET /v1/executions", tower.get("/v1/executions").await);
    fit("GET /v1/cues", tower.get("/v1/cues").await);
    fit("GET /v1/cues/{id}", tower.get(&at("")).await);
    fit("GET /v1/info", tower.get("/v1/info").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_in_the_guide_is_the_one_that_is_served() {
    let tower = Tower::start().await;
    let file = std::fs::read_to_string(super::root().join("docs/reference/openapi.json")).unwrap();
    assert_eq!(document(&tower).await, serde_json::from_str::<Value>(&file).unwrap());
}
