//! Live sessions of agents: attached, kept alive, made the default, detached.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use cuetower_core::Ms;
use serde_json::{Map, Value, json};

use super::agents::{flag, known, which};
use super::caller::Caller;
use super::fields::Fields;
use super::given::{Given, Id, Query};
use super::problem::Problem;
use super::{Door, wire};
use crate::journal::LiveSessionRow;
use crate::messages::{self, NewSession, SessionChange};

routes! {
    post "/v1/agents/{id}/live-sessions" => create;
    get "/v1/agents/{id}/live-sessions" => list;
    patch "/v1/agents/{id}/live-sessions/{label}" => change;
    delete "/v1/agents/{id}/live-sessions/{label}" => remove;
    post "/v1/agents/{id}/live-sessions/{label}/heartbeat" => heartbeat;
}

pub(super) const LABEL_CHARS: (usize, usize) = (1, 64);
pub(super) const TASK_CHARS: (usize, usize) = (1, 255);
pub(super) const VERSION_CHARS: (usize, usize) = (0, 64);
const CUE_CHARS: (usize, usize) = (1, 128);
const TOKEN_CHARS: (usize, usize) = (0, 80);

async fn create(State(door): State<Door>, caller: Caller, Id(written): Id, given: Given) -> Result<Response, Problem> {
    caller.messages()?;
    let body = given.required()?;
    let mut fields = Fields::of("body", &body, None);
    let new = NewSession {
        id: uuid::Uuid::new_v4().to_string(),
        label: fields.required_text("label", LABEL_CHARS),
        cue_id: fields.required_text("cue_id", CUE_CHARS),
        task_name: fields.required_text("task_name", TASK_CHARS),
        is_default: fields.flag("is_default").unwrap_or(false),
        monitor_version: fields.text("monitor_version", VERSION_CHARS),
        session_token: fields.text("session_token", TOKEN_CHARS),
    };
    fields.done()?;
    let (account, agent) = (caller.account().clone(), which(&door, &caller, &written).await?);
    let row =
        messages::record(&door.handle, move |recorder| messages::register(recorder, &account, &agent, new)).await?;
    Ok((StatusCode::CREATED, Json(with_token(&row, door.handle.now()))).into_response())
}

async fn list(State(door): State<Door>, caller: Caller, Id(written): Id, query: Query) -> Result<Json<Value>, Problem> {
    caller.messages()?;
    let with_detached = flag(&query, "include_detached")?;
    let agent = known(&door, &caller, &written, false).await?;
    let rows = door.handle.reader().live_sessions(agent.id, with_detached.into()).await?;
    let now = door.handle.now();
    Ok(Json(rows.iter().map(|row| entry(row, now)).collect()))
}

async fn change(
    State(door): State<Door>,
    caller: Caller,
    Path((written, label)): Path<(String, String)>,
    given: Given,
) -> Result<Json<Value>, Problem> {
    caller.messages()?;
    let body = given.required()?;
    let mut fields = Fields::of("body", &body, None);
    let is_default = fields.flag("is_default");
    let session_token = fields.text("session_token", TOKEN_CHARS);
    fields.done()?;
    let bad = |code, message| Err(Problem::new(StatusCode::BAD_REQUEST, code, message));
    if is_default == Some(false) {
        let message = "is_default=false on its own is a no-op; flip another session to is_default=true (the swap is atomic), or DELETE this session to detach it.";
        return bad("invalid_default_flip", message);
    }
    if is_default.is_none() && session_token.is_none() {
        let message = "PATCH requires at least one mutable field set: `is_default=true` (atomic flip) or `session_token=<ulid>` (rotation).";
        return bad("no_mutable_fields", message);
    }
    let entry = if session_token.is_some() { with_token } else { entry };
    let change = SessionChange { make_default: is_default.is_some(), session_token };
    let (account, agent) = (caller.account().clone(), which(&door, &caller, &written).await?);
    let row = messages::record(&door.handle, move |recorder| {
        messages::change_session(recorder, &account, &agent, &label, change)
    });
    Ok(Json(entry(&row.await?, door.handle.now())))
}

async fn remove(
    State(door): State<Door>,
    caller: Caller,
    Path((written, label)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    caller.messages()?;
    let (account, agent) = (caller.account().clone(), which(&door, &caller, &written).await?);
    let row =
        messages::record(&door.handle, move |recorder| messages::detach(recorder, &account, &agent, &label)).await?;
    Ok(Json(entry(&row, door.handle.now())))
}

async fn heartbeat(
    State(door): State<Door>,
    caller: Caller,
    Path((written, label)): Path<(String, String)>,
    given: Given,
) -> Result<Json<Value>, Problem> {
    caller.messages()?;
    let body: Map<String, Value> = given.0.unwrap_or_default();
    let mut fields = Fields::of("body", &body, None);
    let version = fields.text("monitor_version", VERSION_CHARS);
    fields.done()?;
    let (account, agent) = (caller.account().clone(), which(&door, &caller, &written).await?);
    let row =
        messages::record(&door.handle, move |recorder| messages::beat(recorder, &account, &agent, &label, version));
    Ok(Json(entry(&row.await?, door.handle.now())))
}

/// For who has just said its token.
fn with_token(row: &LiveSessionRow, now: Ms) -> Value {
    let mut entry = entry(row, now);
    entry["session_token"] = Value::from(row.session_token.as_deref());
    entry
}

fn entry(row: &LiveSessionRow, now: Ms) -> Value {
    let age_s = |at: Option<Ms>| at.map(|at| now.since(at) / 1_000);
    json!({
        "label": row.label,
        "cue_id": row.cue_id,
        "task_name": row.task_name,
        "is_default": row.is_default,
        "attached": row.detached_at.is_none(),
        "heartbeat_age_sec": age_s(row.beat_at),
        "last_claim_at": row.claimed_at.map(wire::time),
        "last_claim_age_sec": age_s(row.claimed_at),
        "monitor_version": row.monitor_version,
        "attached_at": wire::time(row.attached_at),
        "session_token": null,
    })
}
