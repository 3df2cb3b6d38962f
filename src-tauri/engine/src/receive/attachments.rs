//! Sessions that a daemon attaches for an agent: it attaches, drops, and from time to time says what it holds.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::caller::Caller;
use super::fields::Fields;
use super::given::{Given, Id};
use super::live_sessions::{LABEL_CHARS, TASK_CHARS, VERSION_CHARS};
use super::messages::header;
use super::problem::Problem;
use super::{Door, wire};
use crate::journal::LiveSessionRow;
use crate::messages::{self, Attached, Attachment};

routes! {
    post "/v1/agents/{id}/attachments" => create;
    delete "/v1/agents/{id}/attachments/{token}" => remove;
    post "/v1/agents/reconcile-attachments" => reconcile;
}

const TOKEN_CHARS: (usize, usize) = (26, 32);
/// Told of at once.
const HELD_MAX: usize = 1_000;

async fn create(
    State(door): State<Door>,
    caller: Caller,
    Id(agent): Id,
    headers: HeaderMap,
    given: Given,
) -> Result<Response, Problem> {
    caller.messages()?;
    let body = given.required()?;
    let known = ["label", "task_name", "ipc_session_token", "attached_at", "monitor_version"];
    let mut fields = Fields::of("body", &body, Some(&known));
    let mut new = Attachment {
        id: uuid::Uuid::new_v4().to_string(),
        label: fields.required_text("label", LABEL_CHARS),
        task_name: fields.required_text("task_name", TASK_CHARS),
        token: token(&mut fields),
        daemon: String::new(),
        attached_at: fields.instant("attached_at"),
        monitor_version: fields.text("monitor_version", VERSION_CHARS),
    };
    fields.done()?;
    new.daemon = daemon(&headers)?;
    let (account, agent) = (caller.account().clone(), by_id(agent)?);
    let attached =
        messages::record(&door.handle, move |recorder| messages::attach(recorder, &account, &agent, new)).await?;
    Ok(match attached {
        Attached::Yes(row, supersedes) => (StatusCode::CREATED, Json(attachment(&row, supersedes))).into_response(),
        Attached::Taken(row) => taken(&row),
    })
}

async fn remove(
    State(door): State<Door>,
    caller: Caller,
    Path((agent, token)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.messages()?;
    let daemon = daemon(&headers)?;
    let (account, agent) = (caller.account().clone(), by_id(agent)?);
    let dropped = messages::record(&door.handle, move |recorder| {
        messages::drop_attachment(recorder, &account, &agent, &token, &daemon)
    });
    Ok(if dropped.await? {
        StatusCode::NO_CONTENT.into_response()
    } else {
        Json(json!({ "deleted": false, "reason": "already_deleted" })).into_response()
    })
}

async fn reconcile(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
    given: Given,
) -> Result<Json<Value>, Problem> {
    caller.messages()?;
    let body = given.required()?;
    let mut fields = Fields::of("body", &body, Some(&["daemon_id", "reconciled_at", "attachments"]));
    let said = fields.required_text("daemon_id", (0, 64));
    let said = uuid::Uuid::parse_str(&said).map(|id| id.to_string());
    if said.is_err() && fields.has("daemon_id") {
        fields.fault("daemon_id", "Input should be a valid UUID");
    }
    fields.require("reconciled_at");
    let reconciled_at = fields.instant("reconciled_at");
    let held = held(&mut fields);
    fields.done()?;
    let (daemon, said) = (daemon(&headers)?, said.unwrap_or_default());
    if daemon != said {
        let message = "X-CueAPI-Daemon-Id header and body.daemon_id must match. Both identify the same calling daemon.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "daemon_id_mismatch", message));
    }
    let account = caller.account().clone();
    let (upserted, downgraded) =
        messages::record(&door.handle, move |recorder| messages::reconcile(recorder, &account, &daemon, &held)).await?;
    Ok(Json(json!({
        "daemon_id": said,
        "reconciled_at": reconciled_at.map(wire::time),
        "upserted_count": upserted,
        "downgraded_count": downgraded,
    })))
}

/// What the daemon holds: label, task and token of each.
fn held(fields: &mut Fields<'_>) -> Vec<(String, String, String)> {
    let list = match fields.value("attachments") {
        None => return Vec::new(),
        Some(Value::Array(list)) if list.len() <= HELD_MAX => list,
        Some(_) => {
            fields.fault("attachments", format!("Input should be a valid list of at most {HELD_MAX}"));
            return Vec::new();
        }
    };
    let mut held = Vec::with_capacity(list.len());
    for (index, entry) in list.iter().enumerate() {
        let Value::Object(entry) = entry else {
            fields.fault(&format!("attachments.{index}"), "Input should be a valid dictionary");
            continue;
        };
        let known = ["label", "task_name", "ipc_session_token", "attached_at"];
        let mut part = Fields::of(format!("body.attachments.{index}"), entry, Some(&known));
        let label = part.required_text("label", LABEL_CHARS);
        let task = part.required_text("task_name", TASK_CHARS);
        let token = token(&mut part);
        part.require("attached_at");
        part.instant("attached_at");
        fields.with(part);
        held.push((label, task, token));
    }
    held
}

/// A ULID, perhaps behind a version: `v3a_01ARZ3NDEKTSV4RRFFQ69G5FAV`.
fn token(fields: &mut Fields<'_>) -> String {
    let token = fields.required_text("ipc_session_token", TOKEN_CHARS);
    if !token.is_empty() && !is_token(&token) {
        let message =
            "Value error, invalid ipc_session_token format — expect 26-char ULID, optional v<version>_ prefix";
        fields.fault("ipc_session_token", message);
    }
    token
}

fn is_token(token: &str) -> bool {
    let ulid = match token.split_once('_') {
        None => token,
        Some((version, ulid)) => {
            let version = version.strip_prefix('v').unwrap_or_default();
            let is_version =
                !version.is_empty() && version.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            if is_version { ulid } else { "" }
        }
    };
    ulid.len() == 26 && ulid.bytes().all(|b| (b.is_ascii_uppercase() || b.is_ascii_digit()) && !b"ILOU".contains(&b))
}

fn daemon(headers: &HeaderMap) -> Result<String, Problem> {
    let bad = |code, message| Problem::new(StatusCode::BAD_REQUEST, code, message);
    let said = header(headers, "x-cueapi-daemon-id").ok_or_else(|| {
        let message = "X-CueAPI-Daemon-Id header is required on this endpoint. Generate a UUID at daemon install time and send it on every attach/reconcile/delete.";
        bad("missing_daemon_id", message)
    })?;
    let id = uuid::Uuid::parse_str(&said);
    id.map(|id| id.to_string()).map_err(|_| bad("invalid_daemon_id", "X-CueAPI-Daemon-Id must be a valid UUID."))
}

/// Daemons know agents by their ids.
fn by_id(agent: String) -> Result<String, Problem> {
    if agent.starts_with("agt_") {
        return Ok(agent);
    }
    let message = "Pass the agent's opaque ID (agt_xxx) on this endpoint, not slug-form.";
    Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_agent_ref", message))
}

fn attachment(row: &LiveSessionRow, supersedes: Option<String>) -> Value {
    json!({
        "id": row.id,
        "agent_id": row.agent,
        "label": row.label,
        "task_name": row.task_name,
        "transport": row.transport,
        "ipc_session_token": row.cue_id,
        "daemon_id": row.daemon,
        "attached_at": wire::time(row.attached_at),
        "last_reconciled_at": row.reconciled_at.map(wire::time),
        "supersedes_token": supersedes,
    })
}

/// Another daemon holds the label; with what its user needs to decide.
fn taken(row: &LiveSessionRow) -> Response {
    let error = json!({
        "code": "attachment_exists",
        "message": format!("The label '{}' is held by another session of this agent.", row.label),
        "status": 409,
        "existing_token": if row.daemon.is_some() { row.cue_id.as_str() } else { "" },
        "existing_daemon_id": row.daemon.as_deref().unwrap_or_default(),
        "existing_attached_at": wire::time(row.attached_at),
        "existing_last_reconciled_at": row.reconciled_at.map(wire::time),
        "hint": "DELETE /attachments/<existing_token> first if the existing attachment is yours; escalate if existing_daemon_id != your daemon_id.",
    });
    (StatusCode::CONFLICT, Json(json!({ "error": error, "detail": { "error": error } }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::is_token;

    #[test]
    fn tokens_are_ulids() {
        for good in ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "v3a_01ARZ3NDEKTSV4RRFFQ69G5FAV"] {
            assert!(is_token(good), "{good}");
        }
        for bad in ["01ARZ3NDEKTSV4RRFFQ69G5FAU", "01arz3ndektsv4rrffq69g5fav", "x_01ARZ3NDEKTSV4RRFFQ69G5FAV", ""] {
            assert!(!is_token(bad), "{bad}");
        }
    }
}
