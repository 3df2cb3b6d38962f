//! `/v1/executions/{id}/steps`: durable steps for any language. Begun by key, ended once; what was completed is not done
//! again, whatever crashes.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use cuetower_core::id::RunId;
use cuetower_core::step::{Answer, Begin, Done, Fail, PAYLOAD_BYTES_MAX, StepInput};
use serde_json::{Map, Value, json};

use super::caller::Caller;
use super::given::{Given, Id, Query};
use super::problem::Problem;
use super::steps_read::{key, kind, payload, retries, text};
use super::{Door, own, spending};
use crate::desk::step_view;
use crate::handle::StepTaken;
use crate::otlp::redact;

routes! {
    get "/v1/executions/{id}/steps" => list;
    put "/v1/executions/{id}/steps/{key}" => begin;
    post "/v1/executions/{id}/steps/{key}/complete" => complete;
    post "/v1/executions/{id}/steps/{key}/fail" => fail;
}

const PAGE_MAX: u32 = 500;

/// 201 if it is to be done, 200 with its output if it was.
pub(super) async fn begin(
    State(door): State<Door>,
    caller: Caller,
    Path((id, step)): Path<(String, String)>,
    given: Given,
) -> Result<Response, Problem> {
    let attempt = caller.reports(&id)?;
    let mut body = given.0.unwrap_or_default();
    let step = in_path(&door, &step)?;
    let begin = Begin {
        key: step.clone(),
        name: text(&body, "name")?,
        kind: kind(&body)?,
        parent: text(&body, "parent")?.map(|parent| key(&parent, "body.parent")).transpose()?,
        model: text(&body, "model")?,
        input: payload(&mut body, "input")?,
    };
    let taken = ask(&door, &caller, &id, attempt, StepInput::Begin(begin)).await?;
    Ok(match taken.answer {
        Answer::Started { idempotency_key, attempt, tries, .. } => {
            let mut body = json!({
                "state": "started", "key": step, "idempotency_key": idempotency_key, "attempt": attempt, "tries": tries,
            });
            // The owner approved another one than the agent came with.
            if let Some(input) = taken.input.and_then(|input| serde_json::from_str::<Value>(&input).ok()) {
                body["input"] = input;
            }
            (StatusCode::CREATED, Json(body)).into_response()
        }
        Answer::Completed { ordinal, idempotency_key } => {
            let output = door.handle.reader().step_output(id, ordinal).await?;
            let output = output.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap_or(Value::Null));
            let body =
                json!({ "state": "completed", "key": step, "idempotency_key": idempotency_key, "output": output });
            (StatusCode::OK, Json(body)).into_response()
        }
        Answer::Noted(_) | Answer::Spans { .. } | Answer::Done | Answer::Refused(_) => {
            StatusCode::NO_CONTENT.into_response()
        }
    })
}

pub(super) async fn complete(
    State(door): State<Door>,
    caller: Caller,
    Path((id, step)): Path<(String, String)>,
    given: Given,
) -> Result<Json<Value>, Problem> {
    let attempt = caller.reports(&id)?;
    let step = in_path(&door, &step)?;
    let done = done(&door, &id, &step, given.0.unwrap_or_default()).await?;
    let input = StepInput::Complete { key: step.clone(), done };
    ended(ask(&door, &caller, &id, attempt, input).await?.answer, &step)
}

pub(super) async fn fail(
    State(door): State<Door>,
    caller: Caller,
    Path((id, step)): Path<(String, String)>,
    given: Given,
) -> Result<Json<Value>, Problem> {
    let attempt = caller.reports(&id)?;
    let body = given.0.unwrap_or_default();
    let error = text(&body, "error")?.filter(|error| !error.trim().is_empty());
    let error = error.ok_or_else(|| Problem::field("body.error", "Say in a text what went wrong."))?;
    if error.len() > PAYLOAD_BYTES_MAX {
        return Err(too_long("error"));
    }
    // It goes from here into the run's sentence, alerts, and whatever tells of them.
    let error = redact::text(&error).into_owned();
    let step = in_path(&door, &step)?;
    let fail = Fail { error, done: done(&door, &id, &step, body).await? };
    let input = StepInput::Fail { key: step.clone(), fail };
    ended(ask(&door, &caller, &id, attempt, input).await?.answer, &step)
}

/// The tree, level by level: a page of what stands under one step, or at the top.
pub(super) async fn list(
    State(door): State<Door>,
    caller: Caller,
    Id(id): Id,
    query: Query,
) -> Result<Json<Value>, Problem> {
    caller.reads_run(&id)?;
    own::run(&door, &caller, &id).await?;
    let limit = query.number("limit", 200, 1, PAGE_MAX)?;
    let offset = query.number("offset", 0, 0, u32::MAX)?;
    let reader = door.handle.reader();
    let run = reader.run(id.clone()).await?.ok_or_else(Problem::no_execution)?;
    if caller.whose().is_some_and(|account| *account != run.definition.account) {
        return Err(Problem::no_execution());
    }
    let parent = query.get("parent").map(|parent| door.handle.vault.known().hidden(parent).into_owned());
    let under = match &parent {
        None => 0,
        Some(parent) => {
            let found = reader.step_ordinal(id.clone(), parent.clone()).await?;
            found.ok_or_else(|| Problem::field("query.parent", format!("This run has no step `{parent}`.")))?
        }
    };
    let (rows, total) = reader.steps(id, under, offset, limit).await?;
    let steps: Vec<Value> = rows
        .iter()
        .map(|row| {
            let view = step_view(row);
            json!({
                "key": view.key, "name": view.name, "kind": view.kind, "state": view.state, "parent": row.step.parent,
                "source": view.source, "attempt": view.attempt, "tries": view.tries, "retries": view.retries,
                "began_at": row.step.began.utc().map(|at| at.to_rfc3339()),
                "ended_at": row.step.ended.and_then(|at| at.utc()).map(|at| at.to_rfc3339()),
                "idempotency_key": view.idempotency_key, "error": view.error, "tokens": view.tokens,
                "cost_usd": view.cost_usd, "priced": view.priced, "model": view.model, "children": view.children,
            })
        })
        .collect();
    Ok(Json(json!({ "steps": steps, "total": total, "limit": limit, "offset": offset })))
}

/// Whether a request is about one step; its payloads may be long.
pub(super) fn tells_of_one(uri: &Uri) -> bool {
    uri.path().starts_with("/v1/executions/") && uri.path().contains("/steps/")
}

/// The key of a step as it is kept: values of secrets are blotted out of it as they are out of bodies (`given`).
fn in_path(door: &Door, step: &str) -> Result<String, Problem> {
    key(step, "path.key").map(|key| door.handle.vault.known().hidden_in(key))
}

async fn ask(
    door: &Door,
    caller: &Caller,
    id: &str,
    attempt: Option<u32>,
    input: StepInput,
) -> Result<StepTaken, Problem> {
    own::run(door, caller, id).await?;
    let run_id = RunId(id.to_owned());
    door.handle.begin_step(caller.whose(), &run_id, attempt, input).await.map_err(|trouble| {
        match Problem::from(trouble) {
            missing if missing.code == "not_found" => Problem::no_execution(),
            other => other,
        }
    })
}

fn ended(answer: Answer, step: &str) -> Result<Json<Value>, Problem> {
    let state = match answer {
        Answer::Noted(state) => state.word(),
        Answer::Started { .. }
        | Answer::Completed { .. }
        | Answer::Spans { .. }
        | Answer::Done
        | Answer::Refused(_) => "started",
    };
    Ok(Json(json!({ "state": state, "key": step })))
}

async fn done(door: &Door, id: &str, step: &str, mut body: Map<String, Value>) -> Result<Done, Problem> {
    let said = |name: &str| body.get(name).is_some_and(|value| !value.is_null());
    if said("tokens") && !said("cost_usd") && !said("model") {
        let begun = door.handle.reader().model_begun(id.to_owned(), step.to_owned()).await?;
        body.extend(begun.map(|model| ("model".to_owned(), Value::String(model))));
    }
    let output = payload(&mut body, "output")?;
    let digest = output.as_deref().map_or(0, crate::token::short_digest);
    let spend = spending::read(door, &body)?;
    Ok(Done { output, digest, spend, retries: retries(&body)? })
}

pub(super) fn too_long(field: &str) -> Problem {
    let message = format!("`{field}` is longer than 1 MiB of JSON. Keep it elsewhere, and put its address here.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message)
}
