//! What each tool is, without HTTP; over HTTP they are tested in `tests/it/clients/mcp.rs` and `tests/it/attack/mcp.rs`.

use cuetower_core::Ms;
use cuetower_core::id::RunId;
use serde_json::{Map, Value, json};

use super::super::caller::Caller;
use super::inside::written;
use super::tools::{TOOLS, named, open_to};
use crate::journal::KeyRow;

fn key(scopes: &str) -> Caller {
    Caller::of_test(Some(KeyRow::of_owner("cue_sk_", "test", scopes, Ms(0))), None)
}

fn run(id: &str) -> Caller {
    Caller::of_test(None, Some((RunId(id.to_owned()), 1)))
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

fn target(caller: &Caller, name: &str, arguments: Value) -> Result<(String, String, Value), String> {
    let wanted = named(name).unwrap().wanted(caller, object(arguments));
    let wanted = wanted.map_err(|problem| format!("{}: {}", problem.details[0].field, problem.details[0].message))?;
    Ok((wanted.method.to_string(), wanted.target, wanted.body.map_or(Value::Null, Value::Object)))
}

#[test]
fn every_tool_is_one_of_the_routes() {
    let routes = super::super::routes();
    for tool in &TOOLS {
        let arguments: Map<String, Value> =
            tool.schema()["properties"].as_object().unwrap().keys().map(|name| (name.clone(), json!("x"))).collect();
        let wanted = tool.wanted(&key("cues report"), arguments).unwrap_or_else(|bad| panic!("{}: {bad:?}", tool.name));
        let path = wanted.target.split('?').next().unwrap();
        let fits = |route: &str| {
            let (ours, theirs): (Vec<&str>, Vec<&str>) = (path.split('/').collect(), route.split('/').collect());
            ours.len() == theirs.len()
                && ours.iter().zip(&theirs).all(|(a, b)| if b.starts_with('{') { *a == "x" } else { a == b })
        };
        let known =
            routes.iter().any(|(method, route)| wanted.method.as_str().eq_ignore_ascii_case(method) && fits(route));
        assert!(known, "{}: {} {}", tool.name, wanted.method, wanted.target);
    }
}

#[test]
fn no_tool_answers_for_the_owner_or_hands_out_what_is_his() {
    for tool in &TOOLS {
        for word in ["approve", "deny", "secret", "lease", "key", "exec", "shell", "file", "delete"] {
            assert!(!tool.name.contains(word), "{}", tool.name);
        }
    }
}

#[test]
fn schemas_are_what_clients_read() {
    let mut names: Vec<&str> = TOOLS.iter().map(|tool| tool.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), TOOLS.len(), "each name once");
    for tool in &TOOLS {
        let schema = tool.schema();
        assert_eq!(schema["type"], "object", "{}", tool.name);
        let properties = schema["properties"].as_object().unwrap();
        for name in schema["required"].as_array().unwrap() {
            assert!(properties.contains_key(name.as_str().unwrap()), "{}: {name}", tool.name);
        }
        for (name, property) in properties {
            assert!(property["description"].as_str().is_some_and(|words| words.len() > 5), "{}: {name}", tool.name);
        }
    }
}

#[test]
fn a_caller_is_shown_what_it_may_use() {
    let shown = |caller: Caller| open_to(&caller).iter().map(|tool| tool.name.to_string()).collect::<Vec<_>>();
    assert_eq!(shown(key("cues:read")), ["list_cues", "get_cue", "list_runs", "get_run"]);
    assert_eq!(shown(key("ask")), ["ask_owner", "check_answer"]);
    assert_eq!(shown(key("heartbeat")), ["begin_run", "heartbeat"]);
    assert_eq!(shown(key("cues:write")), ["create_cue", "pause_cue", "resume_cue", "fire_cue"]);
    assert!(shown(key("otlp")).is_empty());
    assert_eq!(shown(key("cues report")).len(), TOOLS.len());
    let of_a_run = [
        "get_cue",
        "get_run",
        "begin_run",
        "report_outcome",
        "begin_step",
        "complete_step",
        "fail_step",
        "heartbeat",
        "ask_owner",
        "check_answer",
    ];
    assert_eq!(shown(run("r")), of_a_run);
}

#[test]
fn arguments_go_where_the_route_has_them() {
    let owner = key("cues report");
    let asked = |name: &str, arguments: Value| target(&owner, name, arguments).unwrap();
    let get = |target: &str| ("GET".to_owned(), target.to_owned(), Value::Null);
    assert_eq!(asked("list_cues", json!({})), get("/v1/cues"));
    assert_eq!(
        asked("list_runs", json!({ "cue_id": "a&b=c", "limit": 5, "status": null })),
        get("/v1/executions?cue_id=a%26b%3Dc&limit=5")
    );
    assert_eq!(asked("get_cue", json!({ "cue_id": "../runs" })), get("/v1/cues/%2E%2E%2Fruns"));
    let paused = ("PATCH".to_owned(), "/v1/cues/c".to_owned(), json!({ "status": "paused" }));
    assert_eq!(asked("pause_cue", json!({ "cue_id": "c" })), paused);
    let fired = ("POST".to_owned(), "/v1/cues/c/fire".to_owned(), json!({ "payload_override": { "n": 1 } }));
    assert_eq!(asked("fire_cue", json!({ "cue_id": "c", "payload": { "n": 1 } })), fired);
    let begun = ("PUT".to_owned(), "/v1/executions/r/steps/a%20%2F%20%C3%BC".to_owned(), json!({ "kind": "http" }));
    assert_eq!(asked("begin_step", json!({ "run_id": "r", "key": "a / ü", "kind": "http" })), begun);
    let beat = ("POST".to_owned(), "/v1/heartbeats".to_owned(), json!({ "execution_id": "r", "progress": 2 }));
    assert_eq!(asked("heartbeat", json!({ "run_id": "r", "progress": 2 })), beat);
    let made = ("POST".to_owned(), "/v1/cues".to_owned(), json!({ "name": "n", "overlap": "queue" }));
    assert_eq!(asked("create_cue", json!({ "name": "n", "overlap": "queue" })), made);
}

#[test]
fn a_run_that_speaks_for_itself_need_not_say_which_it_is() {
    let (own, owner) = (run("r 1"), key("report"));
    assert_eq!(target(&own, "get_run", json!({})).unwrap().1, "/v1/executions/r%201");
    assert_eq!(target(&own, "report_outcome", json!({ "success": true })).unwrap().1, "/v1/executions/r%201/outcome");
    assert_eq!(target(&own, "get_run", json!({ "run_id": "other" })).unwrap().1, "/v1/executions/other");
    assert_eq!(target(&owner, "get_run", json!({})).unwrap_err(), "run_id: Field required");
    assert_eq!(target(&own, "get_cue", json!({})).unwrap_err(), "cue_id: Field required");
}

#[test]
fn what_a_tool_does_not_take_is_told() {
    let owner = key("cues report");
    for (name, arguments, told) in [
        ("list_cues", json!({ "page": 2 }), "page: `list_cues` takes no such argument."),
        ("pause_cue", json!({ "cue_id": "c", "status": "active" }), "status: `pause_cue` takes no such argument."),
        ("fire_cue", json!({ "cue_id": "c", "payload_override": {} }), "payload_override: `fire_cue` takes"),
        ("heartbeat", json!({ "execution_id": "r" }), "execution_id: `heartbeat` takes"),
        ("get_run", json!({ "run_id": 7 }), "run_id: Input should be a text"),
        ("get_run", json!({ "run_id": "" }), "run_id: Input should be a text"),
    ] {
        let found = target(&owner, name, arguments).unwrap_err();
        assert!(found.starts_with(told), "{found}");
    }
}

#[test]
fn a_name_in_a_target_is_one_part_of_it() {
    assert_eq!(written("cue_1a-2~B"), "cue_1a-2~B");
    assert_eq!(written(".. /?#%&=+ü\n"), "%2E%2E%20%2F%3F%23%25%26%3D%2B%C3%BC%0A");
}
