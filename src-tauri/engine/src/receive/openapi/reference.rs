//! Writes `docs/reference/openapi.json` and `docs/reference/api.md`, or compares what is there. `cargo xtask wire` writes; CI compares.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::described::{Body, Opens, ROUTES, Route};
use super::shapes;
use crate::receive::mcp;

const HEAD: &str = "\
# The agents' API

Generated from the program's own routes by `cargo xtask wire`; do not edit. The same for programs is [openapi.json](openapi.json), and the tower serves it at `/openapi.json`.

The agents' door listens at `http://127.0.0.1:8737`, unless `--listen` says otherwise. What opens a route is an API key (`Authorization: Bearer cue_sk_…` or `X-API-Key`) with the scope in the column *opens with*, or, where *run* stands, the token of the very run that is meant (`CUETOWER_TOKEN`, `X-Cuetower-Run-Token`). Scopes: [keys.md](../keys.md). A refusal is `{\"error\": {\"code\", \"message\", \"status\", \"details\"}}`, with the bad fields under `details`.

What is the same as CueAPI's and ClevAgent's, and what differs: [compatibility.md](../compatibility.md). The fields of a cue: [cue.md](cue.md).
";

const TAGS: [(&str, &str); 11] = [
    ("cues", "Cues"),
    ("executions", "Executions and their steps"),
    ("gates", "Questions to the owner"),
    ("heartbeats", "Signs of life"),
    ("pools", "Pools and secrets"),
    ("traces", "Traces and tools"),
    ("pings", "Watched jobs"),
    ("messages", "Agents and messages"),
    ("workers", "Workers"),
    ("account", "Accounts and keys"),
    ("tower", "The tower"),
];

fn tag(path: &str) -> &'static str {
    let second = path.trim_start_matches("/v1").split('/').nth(1).unwrap_or_default();
    match second {
        "cues" | "triggers" => "cues",
        "executions" => "executions",
        "gates" => "gates",
        "heartbeats" => "heartbeats",
        "api" => "heartbeats",
        "pools" | "secrets" => "pools",
        "traces" | "mcp" => "traces",
        "ping" => "pings",
        "messages" | "agents" => "messages",
        "worker" | "workers" => "workers",
        "auth" => "account",
        _ => "tower",
    }
}

fn split(route: &str) -> (&str, &str) {
    route.split_once(' ').unwrap_or_else(|| panic!("{route} is a method and a path"))
}

fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for one in ROUTES {
        let (method, path) = split(one.route);
        let operations = paths.entry(path).or_insert_with(|| json!({}));
        operations[method.to_ascii_lowercase()] = operation(one);
    }
    let tags: Vec<Value> = TAGS.iter().map(|(name, says)| json!({ "name": name, "description": says })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Cuetower, the agents' door",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Schedules work, delivers it, and does not believe it happened until it has been confirmed.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "http://127.0.0.1:8737" }],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": { "type": "http", "scheme": "bearer", "description": "An API key, cue_sk_…" },
                "run": { "type": "http", "scheme": "bearer", "description": "The token of the run that is meant, cue_run_…" },
            },
            "schemas": shapes::components(),
            "responses": {
                "Refused": {
                    "description": "A refusal, with a sentence and the fields that do not fit",
                    "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Refusal" } } },
                },
            },
        },
    })
}

fn operation(one: &Route) -> Value {
    let (method, path) = split(one.route);
    let id = format!("{method} {path}").to_ascii_lowercase();
    let words = id.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut operation = json!({
        "operationId": words.collect::<Vec<_>>().join("_"),
        "tags": [tag(path)],
        "summary": one.says,
        "security": security(one.opens),
        "responses": responses(one.route),
    });
    let in_path = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = in_path
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    let queried = |(name, says): &(&str, &str)| json!({ "name": name, "in": "query", "description": says, "schema": { "type": "string" } });
    parameters.extend(one.query.iter().map(queried));
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    if let Some(body) = body(one, path) {
        operation["requestBody"] = body;
    }
    operation
}

fn security(opens: Opens) -> Value {
    match opens {
        Opens::Free => json!([]),
        Opens::Key(false) => json!([{ "key": [] }]),
        Opens::Key(true) => json!([{ "key": [] }, { "run": [] }]),
        Opens::Token => json!([{ "run": [] }]),
        Opens::Scope(scope, false) => json!([{ "key": [scope] }]),
        Opens::Scope(scope, true) => json!([{ "key": [scope] }, { "run": [] }]),
    }
}

fn responses(route: &str) -> Value {
    let mut all = Map::new();
    for (status, says, schema) in shapes::answers(route) {
        let mut response = json!({ "description": says });
        if let Some(schema) = schema {
            response["content"] = json!({ "application/json": { "schema": schema } });
        }
        all.insert(status.to_string(), response);
    }
    all.insert("default".to_owned(), json!({ "$ref": "#/components/responses/Refused" }));
    Value::Object(all)
}

fn body(one: &Route, path: &str) -> Option<Value> {
    let named = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let (schema, needed, says) = match one.body {
        Body::Nothing => return None,
        Body::Cue => (named("Cue"), true, ""),
        Body::Changes => (named("CueChanges"), true, ""),
        Body::Any(says) => (json!({}), false, says),
        Body::Fields(fields) => {
            let schema = of_fields(fields);
            let needed = schema.get("required").is_some();
            (schema, needed, "")
        }
        Body::Tool(tool) => {
            let schema = of_tool(tool, path);
            let needed = schema.get("required").is_some();
            (schema, needed, "")
        }
    };
    let mut body = json!({ "required": needed, "content": { "application/json": { "schema": schema } } });
    if !says.is_empty() {
        body["description"] = json!(says);
    }
    Some(body)
}

fn of_fields(fields: &[(&str, &str)]) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (field, says) in fields {
        let (name, kind) = field.split_once(':').unwrap_or_else(|| panic!("{field} has no type"));
        let plain = name.trim_end_matches('!');
        if plain != name {
            required.push(json!(plain));
        }
        let mut schema = shapes::kind_of(kind);
        schema["description"] = json!(says);
        properties.insert(plain.to_owned(), schema);
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = Value::Array(required);
    }
    schema
}

/// Arguments that stand in the path are left out; a tool's `run_id` is the route's `execution_id`.
fn of_tool(tool: &str, path: &str) -> Value {
    let mut schema = mcp::takes(tool);
    let in_path = |name: &str| {
        path.contains(&format!("{{{name}}}")) || (name == "run_id" && path.contains("{id}")) || name == "wait_seconds"
    };
    let properties = schema["properties"].as_object_mut().map(std::mem::take).unwrap_or_default();
    let renamed = |name: String| if name == "run_id" { "execution_id".to_owned() } else { name };
    let left: Map<String, Value> = properties
        .into_iter()
        .filter(|(name, _)| !in_path(name))
        .map(|(name, schema)| (renamed(name), schema))
        .collect();
    schema["properties"] = Value::Object(left);
    let required: Vec<Value> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|name| !in_path(name.as_str().unwrap_or_default()))
        .cloned()
        .collect();
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("required");
        schema.remove("additionalProperties");
        if !required.is_empty() {
            schema.insert("required".to_owned(), Value::Array(required));
        }
    }
    schema
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    for (name, title) in TAGS {
        let of_tag = || ROUTES.iter().filter(|one| tag(split(one.route).1) == name);
        write!(page, "\n## {title}\n\n| route | | opens with |\n|---|---|---|\n").expect("a String takes all");
        for one in of_tag() {
            let opens = match one.opens {
                Opens::Free => "nothing".to_owned(),
                Opens::Key(run) => format!("any key{}", if run { ", run" } else { "" }),
                Opens::Token => "run".to_owned(),
                Opens::Scope(scope, run) => format!("`{scope}`{}", if run { ", run" } else { "" }),
            };
            writeln!(page, "| `{}` | {} | {opens} |", one.route, one.says).expect("a String takes all");
        }
        for one in of_tag().filter(|one| !one.query.is_empty() || matches!(one.body, Body::Fields(_) | Body::Tool(_))) {
            let rows = rows(one);
            write!(page, "\n### {}\n\n| | field | |\n|---|---|---|\n{rows}", one.route).expect("a String takes all");
        }
    }
    page
}

/// The query and the body of a route.
fn rows(one: &Route) -> String {
    let path = split(one.route).1;
    let mut rows: String = one.query.iter().map(|(name, says)| format!("| query | `{name}` | {says} |\n")).collect();
    let schema = match one.body {
        Body::Fields(fields) => of_fields(fields),
        Body::Tool(tool) => of_tool(tool, path),
        Body::Nothing | Body::Cue | Body::Changes | Body::Any(_) => return rows,
    };
    let required: BTreeSet<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let needed = if required.contains(name.as_str()) { " **needed**" } else { "" };
        let says = field["description"].as_str().unwrap_or_default().replace('|', "\\|");
        let words: Vec<String> = field["enum"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|word| format!("`{}`", word.as_str().unwrap_or_default()))
            .collect();
        let words = if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) };
        writeln!(rows, "| body | `{name}`{needed} | {says}{words} |").expect("a String takes all");
    }
    rows
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference")
}

#[test]
fn the_reference_says_what_the_routes_say() {
    let document = serde_json::to_string_pretty(&document()).expect("it is JSON") + "\n";
    let (mut differs, writes) = (Vec::new(), std::env::var("CUETOWER_WIRE").as_deref() == Ok("write"));
    for (name, wanted) in [("openapi.json", document), ("api.md", page())] {
        let file = folder().join(name);
        if writes {
            std::fs::write(&file, wanted).expect("written");
        } else if std::fs::read_to_string(&file).unwrap_or_default() != wanted {
            differs.push(name);
        }
    }
    assert!(differs.is_empty(), "`cargo xtask wire` is due: {differs:?} of docs/reference differ");
}

#[test]
fn every_route_is_described_once_and_no_other() {
    let served: BTreeSet<String> =
        crate::receive::routes().iter().map(|(method, path)| format!("{} {path}", method.to_uppercase())).collect();
    let mut described: BTreeMap<&str, usize> = BTreeMap::new();
    for one in ROUTES {
        *described.entry(one.route).or_default() += 1;
    }
    for route in &served {
        assert_eq!(described.get(route.as_str()), Some(&1), "say in openapi/described.rs what {route} is for");
    }
    for route in described.into_keys().chain(shapes::named()) {
        assert!(served.contains(route), "{route} is described, and not served");
    }
}

/// What a handler asks a query for stands in its file as a text.
#[test]
fn every_name_in_a_query_that_is_read_is_described() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/receive");
    let files = std::fs::read_dir(sources).expect("the folder is there").flatten();
    let mut looked = 0;
    for file in files.filter(|file| file.path().extension().is_some_and(|end| end == "rs")) {
        let text = std::fs::read_to_string(file.path()).expect("a source is text");
        let own: Vec<&Route> = ROUTES.iter().filter(|one| has(&text, one.route)).collect();
        let known: BTreeSet<&str> = own.iter().flat_map(|one| one.query).map(|(name, _)| *name).collect();
        for reads in [
            "query.get(\"",
            "query.number(\"",
            "query.word(\"",
            "query.yes_or_no(\"",
            "flag(&query, \"",
            "amount(&query, \"",
        ] {
            for rest in text.split(reads).skip(1) {
                let name = rest.split('"').next().unwrap_or_default();
                // A file without routes reads for others.
                assert!(
                    own.is_empty() || known.contains(name),
                    "{}: `{name}` is read and not described",
                    file.path().display()
                );
                looked += 1;
            }
        }
        for name in known {
            assert!(
                text.contains(&format!("\"{name}\"")) || name == "tokens",
                "{}: `{name}` is described and not read",
                file.path().display()
            );
        }
    }
    assert!(looked > 40, "{looked}");
}

fn has(text: &str, route: &str) -> bool {
    let (method, path) = split(route);
    text.contains(&format!("    {} \"{path}\" =>", method.to_ascii_lowercase()))
}

#[test]
fn what_the_document_refers_to_is_in_it() {
    let document = document();
    let text = document.to_string();
    for name in text.split("\"#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap_or_default()) {
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
    let ids: Vec<&str> =
        text.split("\"operationId\":\"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default()).collect();
    let different: BTreeSet<&&str> = ids.iter().collect();
    assert_eq!((ids.len(), different.len()), (ROUTES.len(), ROUTES.len()), "operation ids are unique");
}
