//! What routes answer when all is well: the status, and the fields. `tests/it/guide/api.rs` holds them against real answers.

use serde_json::{Map, Value, json};

use crate::definition;

/// Routes that answer something else than 200.
const STATUSES: &[(u16, &[&str])] = &[
    (
        201,
        &[
            "POST /v1/cues",
            "POST /v1/agents",
            "POST /v1/agents/{id}/attachments",
            "POST /v1/agents/{id}/live-sessions",
            "POST /v1/agents/{id}/subscriptions",
            "POST /v1/auth/device-code",
            "POST /v1/auth/register",
            "POST /v1/gates",
            "POST /v1/messages",
            "PUT /v1/executions/{id}/steps/{key}",
        ],
    ),
    (202, &["POST /v1/triggers/{token}"]),
    (
        204,
        &[
            "DELETE /v1/agents/{id}",
            "DELETE /v1/agents/{id}/attachments/{token}",
            "DELETE /v1/cues/{id}",
            "DELETE /v1/pools/{name}/permits/{permit}",
            "DELETE /v1/workers/{id}",
        ],
    ),
];

/// Routes that may answer a second way.
const ALSO: &[(&str, u16, &str)] = &[
    ("PUT /v1/executions/{id}/steps/{key}", 200, "It was done: here is its output"),
    ("POST /v1/gates", 200, "It was asked before: here is how it stands"),
    ("POST /v1/messages", 200, "It was sent before"),
    ("POST /v1/pools/{name}/permits", 202, "It waits: ask again with this permit"),
];

/// The shape that a route answers with; the others answer as CueAPI and ClevAgent do.
const ANSWERS: &[(&str, &str)] = &[
    ("GET /v1/cues", "CueList"),
    ("POST /v1/cues", "CueShown"),
    ("GET /v1/cues/{id}", "CueWithExecutions"),
    ("PATCH /v1/cues/{id}", "CueShown"),
    ("POST /v1/cues/{id}/fire", "Fired"),
    ("POST /v1/triggers/{token}", "Fired"),
    ("GET /v1/executions", "ExecutionList"),
    ("GET /v1/executions/{id}", "Execution"),
    ("POST /v1/executions/{id}/outcome", "OutcomeTaken"),
    ("GET /v1/executions/{id}/steps", "StepList"),
    ("PUT /v1/executions/{id}/steps/{key}", "StepBegun"),
    ("POST /v1/executions/{id}/steps/{key}/complete", "StepEnded"),
    ("POST /v1/executions/{id}/steps/{key}/fail", "StepEnded"),
    ("POST /v1/executions/claim", "Claim"),
    ("POST /v1/executions/{id}/claim", "Claim"),
    ("POST /v1/gates", "Gate"),
    ("GET /v1/gates/{id}", "Gate"),
    ("POST /v1/heartbeats", "Heard"),
    ("POST /v1/pools/{name}/permits", "Permit"),
    ("PATCH /v1/pools/{name}/permits/{permit}", "Permit"),
    ("POST /v1/messages", "Message"),
    ("GET /v1/messages/{id}", "Message"),
    ("GET /v1/info", "Info"),
];

/// Each shape with its fields. `name:type`; `?` after the name: it may be missing; `|null`: it may be null.
const SHAPES: &[(&str, &str)] = &[
    ("CueList", "cues:list total:whole limit:whole offset:whole"),
    ("Fired", "id:text cue_id:text scheduled_for:instant status:text triggered_by:text reason?:text warning?:text"),
    (
        "ExecutionList",
        "executions:list total:whole limit:whole offset:whole has_more:flag oldest_claimed_at:instant|null",
    ),
    (
        "Execution",
        "id:text cue_id:text scheduled_for:instant status:text verdict:text|null attempt:whole attempts:whole late:flag \
         triggered_by:text http_status:whole|null error_message:text|null started_at:instant|null delivered_at:instant|null \
         last_attempt_at:instant|null created_at:instant updated_at:instant outcome:object|null outcome_state:text|null \
         payload?:object next_retry?:instant|null claimed_by_worker?:text|null claimed_at?:instant|null \
         last_heartbeat_at?:instant|null chain_parent_id?:text|null chain_depth?:whole response_body?:text|null \
         exit_criteria?:list verification?:text|null live_claimed_at?:instant|null replayed_from?:text asked_by?:text path?:text",
    ),
    (
        "OutcomeTaken",
        "execution_id:text outcome_recorded:flag outcome_state:text|null reason:text|null verdict:text|null",
    ),
    ("StepList", "steps:list total:whole limit:whole offset:whole"),
    (
        "StepBegun",
        "state:text key:text idempotency_key:text attempt?:whole tries?:whole output?:any input?:any gate?:any",
    ),
    ("StepEnded", "state:text key:text"),
    (
        "Claim",
        "claimed:flag execution_id:text lease_seconds:whole attempt:whole cue_id:text cue_name:text task:any \
         scheduled_for:instant payload:object exit_criteria:list idempotency_key:text run_token:text",
    ),
    (
        "Gate",
        "id:text key:text|null execution_id:text|null state:text goes:flag|null title:text shown:text asked_at:instant \
         deadline:instant|null on_no_answer:text overdue:flag payload?:any comment?:text|null answered_at?:instant",
    ),
    ("Heard", "ok:flag execution_id?:text agent?:text warning?:object unknown?:text"),
    ("Permit", "permit:text lease_seconds:number position?:whole waits_for?:text since?:instant"),
    (
        "Message",
        "id:text user_id:text from_agent_id:text to_agent_id:text thread_id:text|null reply_to:text|null subject:text|null \
         body:text preview:text priority:whole expects_reply:flag reply_to_agent_id:text|null delivery_state:text \
         metadata:object idempotency_key:text|null created_at:instant delivered_at:instant|null read_at:instant|null \
         acked_at:instant|null failed_at:instant|null send_at:instant|null expires_at:instant correlation_id:text|null \
         dispatch_priority_bucket:whole message_dispatch_error:text|null",
    ),
    ("Info", "version:text authorization_backend:text authentication_paths:object disabled_primitives:list"),
];

/// How a cue stands, beside what it says.
const OF_CUE: &str = "id:text status:text next_run:instant|null paused_until:instant|null last_run:instant|null \
                      run_count:whole fired_count:whole revision:whole warning:text|null created_at:instant updated_at:instant";
const WITH_EXECUTIONS: &str =
    "stats:object executions:list execution_total:whole execution_limit:whole execution_offset:whole";

pub(super) fn status(route: &str) -> u16 {
    STATUSES.iter().find(|(_, routes)| routes.contains(&route)).map_or(200, |(status, _)| *status)
}

/// Each way in which a route answers: the status, in words, and the schema if there is a body.
pub(super) fn answers(route: &str) -> Vec<(u16, &'static str, Option<Value>)> {
    let shape = ANSWERS.iter().find(|(of, _)| *of == route).map(|(_, shape)| *shape);
    let schema = shape.map_or_else(|| json!({}), |shape| json!({ "$ref": format!("#/components/schemas/{shape}") }));
    let first = status(route);
    let body = |status: u16| (status != 204).then(|| schema.clone());
    let more = ALSO.iter().filter(|(of, ..)| *of == route).map(|(_, status, says)| (*status, *says));
    std::iter::once((first, "All is well")).chain(more).map(|(status, says)| (status, says, body(status))).collect()
}

/// Every route that is named here.
pub(super) fn named() -> impl Iterator<Item = &'static str> {
    let statuses = STATUSES.iter().flat_map(|(_, routes)| routes.iter().copied());
    statuses.chain(ALSO.iter().map(|(route, ..)| *route)).chain(ANSWERS.iter().map(|(route, _)| *route))
}

pub(super) fn components() -> Map<String, Value> {
    let cue = definition::reference::schema();
    let mut changes = cue.clone();
    changes["properties"]["status"] =
        json!({ "type": "string", "enum": ["active", "paused"], "description": "Pauses it, or goes on" });
    if let Some(changes) = changes.as_object_mut() {
        changes.remove("required");
        changes.insert("additionalProperties".to_owned(), json!(false));
    }
    let mut shown = cue.clone();
    extend(&mut shown, OF_CUE);
    let mut with_executions = shown.clone();
    extend(&mut with_executions, WITH_EXECUTIONS);
    for whole in [&mut shown, &mut with_executions] {
        // What is shown has every field; what is not asked for is null.
        take_bounds(whole);
        whole["additionalProperties"] = json!(false);
    }
    let mut all = Map::from_iter([
        ("Cue".to_owned(), cue),
        ("CueChanges".to_owned(), changes),
        ("CueShown".to_owned(), shown),
        ("CueWithExecutions".to_owned(), with_executions),
        ("Refusal".to_owned(), refusal()),
    ]);
    for (name, fields) in SHAPES {
        let mut shape = json!({ "type": "object", "properties": {}, "required": [], "additionalProperties": false });
        extend(&mut shape, fields);
        all.insert((*name).to_owned(), shape);
    }
    let list = |of: &str| json!({ "type": "array", "items": { "$ref": format!("#/components/schemas/{of}") } });
    for (shape, field, of) in [
        ("CueList", "cues", "CueShown"),
        ("ExecutionList", "executions", "Execution"),
        ("CueWithExecutions", "executions", "Execution"),
    ] {
        all[shape]["properties"][field] = list(of);
    }
    all
}

/// Of what is shown the types alone are said: a cue made by an older tower may lie outside of today's bounds.
fn take_bounds(shown: &mut Value) {
    let Some(properties) = shown["properties"].as_object_mut() else { return };
    for schema in properties.values_mut() {
        let says = schema.get("description").cloned();
        let kind = schema.get("type").cloned();
        *schema = match kind {
            Some(Value::String(kind)) if !kind.is_empty() => json!({ "type": [kind, "null"] }),
            Some(Value::Array(kinds)) => json!({ "type": kinds }),
            _ => json!({}),
        };
        if let Some(says) = says {
            schema["description"] = says;
        }
    }
    // Numbers of whole steps are integers as well.
    shown["required"] = json!(["id", "name", "status", "schedule", "transport", "revision"]);
}

fn refusal() -> Value {
    let error = json!({
        "type": "object",
        "required": ["code", "message", "status"],
        "properties": {
            "code": { "type": "string", "description": "For programs" },
            "message": { "type": "string", "description": "For people" },
            "status": { "type": "integer" },
            "details": {
                "type": "array",
                "items": { "type": "object", "properties": { "field": { "type": "string" }, "message": { "type": "string" } } },
                "description": "Each field that does not fit",
            },
        },
    });
    json!({ "type": "object", "required": ["error"], "properties": { "error": error, "detail": { "type": "object", "description": "The same once more, where CueAPI's clients look" } } })
}

/// Adds fields written as in [`SHAPES`].
pub(super) fn extend(schema: &mut Value, fields: &str) {
    for field in fields.split_whitespace() {
        let (name, kind) = field.split_once(':').unwrap_or_else(|| panic!("{field} has no type"));
        let (name, optional) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
        schema["properties"][name] = kind_of(kind);
        if !optional && let Some(required) = schema["required"].as_array_mut() {
            required.push(json!(name));
        }
    }
}

/// "whole", "text|null"
pub(super) fn kind_of(kind: &str) -> Value {
    let (kind, null) = kind.strip_suffix("|null").map_or((kind, false), |kind| (kind, true));
    let word = match kind {
        "any" => return json!({}),
        "text" | "instant" => "string",
        "whole" => "integer",
        "number" => "number",
        "flag" => "boolean",
        "list" => "array",
        "object" => "object",
        other => panic!("{other} is no type"),
    };
    let mut schema = if null { json!({ "type": [word, "null"] }) } else { json!({ "type": word }) };
    if kind == "instant" {
        schema["format"] = json!("date-time");
    }
    schema
}
