//! Agents that fetch their work: what may be claimed, claiming it, signs of life, giving it back; and who these workers are.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use cuetower_core::id::RunId;
use cuetower_core::input::{Answer, Input, RefusalCode};
use cuetower_core::run::Run;
use serde_json::{Map, Value, json};

use super::caller::Caller;
use super::given::{Given, Id, Query};
use super::problem::Problem;
use super::{Door, cues, own, wire};
use crate::desk::worker_status;
use crate::handle::{TowerChange, Trouble};

routes! {
    get "/v1/executions/claimable" => claimable;
    post "/v1/executions/claim" => claim_next;
    post "/v1/executions/{id}/claim" => claim;
    post "/v1/executions/{id}/heartbeat" => heartbeat;
    post "/v1/executions/{id}/release" => release;
    post "/v1/worker/heartbeat" => seen;
    get "/v1/workers" => list;
    delete "/v1/workers/{id}" => remove;
}

/// As CueAPI lists them.
const CLAIMABLE_SHOWN: usize = 50;
/// Whoever wants to wait longer asks again.
const WAIT_MAX_S: u32 = 25;
const WORKER_ID_CHARS_MAX: usize = 255;
const HANDLERS_MAX: usize = 200;
const REASON_CHARS_MAX: usize = 500;

/// What may be claimed; with `wait`, as soon as there is something.
pub(super) async fn claimable(State(door): State<Door>, caller: Caller, query: Query) -> Result<Json<Value>, Problem> {
    caller.looks_for_work()?;
    let tasks: Vec<String> = query.get("task").map(str::to_owned).into_iter().collect();
    let agent = query.get("agent").map(str::to_owned);
    let wait_s = query.number("wait", 0, 0, 3_600)?.min(WAIT_MAX_S);
    // The cue names it, or, as CueAPI has it, the payload.
    let is_for = |run: &Run, agent: &str| run.definition.agent == agent || run.payload["agent"] == agent;
    let fits = |run: &Run| fits(run, &caller, &tasks) && agent.as_ref().is_none_or(|agent| is_for(run, agent));
    let found = found_within(&door, wait_s, async || {
        let offers = door.handle.offers.list_of(fits, CLAIMABLE_SHOWN);
        Ok((!offers.is_empty()).then_some(offers))
    });
    let offers = found.await?.unwrap_or_default();
    let shown = offers.iter().map(|run| {
        json!({
            "execution_id": run.id.0,
            "cue_id": run.cue_id.0,
            "cue_name": run.definition.name,
            "task": run.payload.get("task"),
            "scheduled_for": wire::time(run.due),
            "payload": run.payload,
            "exit_criteria": run.exit_criteria,
            // As CueAPI counts: attempts before this one.
            "attempt": run.latest().number - 1,
        })
    });
    Ok(Json(json!({ "executions": shown.collect::<Vec<_>>() })))
}

/// Claims this one.
pub(super) async fn claim(
    State(door): State<Door>,
    caller: Caller,
    Id(id): Id,
    given: Given,
) -> Result<Json<Value>, Problem> {
    caller.works()?;
    own::run(&door, &caller, &id).await?;
    let worker = worker_id(&given.required()?)?;
    match claimed(&door, &caller, &RunId(id), &worker).await? {
        Some(claim) => Ok(Json(claim)),
        None => Err(claim_failed("Execution not available for claiming")),
    }
}

/// Claims the first that fits; with `wait`, as soon as there is one.
pub(super) async fn claim_next(State(door): State<Door>, caller: Caller, given: Given) -> Result<Json<Value>, Problem> {
    caller.works()?;
    let body = given.required()?;
    let worker = worker_id(&body)?;
    let tasks = tasks(&body)?;
    let wait_s = match body.get("wait").filter(|wait| !wait.is_null()) {
        None => 0,
        Some(wait) => {
            let seconds = wait.as_u64().ok_or_else(|| Problem::field("body.wait", "It should be a number of seconds."));
            u32::try_from(seconds?).unwrap_or(u32::MAX).min(WAIT_MAX_S)
        }
    };
    let claim = found_within(&door, wait_s, async || {
        for offer in door.handle.offers.list_of(|run| fits(run, &caller, &tasks), CLAIMABLE_SHOWN) {
            if let Some(claim) = claimed(&door, &caller, &offer.id, &worker).await? {
                return Ok(Some(claim));
            }
        }
        Ok(None)
    });
    claim.await?.map(Json).ok_or_else(|| claim_failed("No executions available for claiming"))
}

/// The claim as its worker is told of it; None: somebody else has it, or it has ended.
async fn claimed(door: &Door, caller: &Caller, run_id: &RunId, worker: &str) -> Result<Option<Value>, Problem> {
    let input = Input::Claim { run_id: run_id.clone(), worker: worker.to_owned() };
    let (number, until) = match door.handle.run_by(caller.whose(), run_id, input).await {
        Ok(Answer::Claimed { number, until }) => (number, until),
        Ok(_) => return Ok(None),
        Err(Trouble::Refused(refusal)) if refusal.code == RefusalCode::ClaimFailed => return Ok(None),
        Err(Trouble::Refused(refusal)) if refusal.code == RefusalCode::NotFound => {
            let row = door.handle.reader().occurrence_of_run(run_id.0.clone()).await?;
            let cue_id = row.ok_or_else(Problem::no_execution)?.cue_id;
            cues::of_execution(door, caller, &cue_id).await?;
            return Ok(None);
        }
        Err(trouble) => return Err(trouble.into()),
    };
    let run = door.handle.reader().run(run_id.0.clone()).await?.ok_or_else(Problem::no_execution)?;
    Ok(Some(json!({
        "claimed": true,
        "execution_id": run_id.0,
        "lease_seconds": until.since(door.handle.now()).div_ceil(1_000),
        "attempt": number,
        "cue_id": run.cue_id.0,
        "cue_name": run.definition.name,
        "task": run.payload.get("task"),
        "scheduled_for": wire::time(run.due),
        "payload": run.payload,
        "exit_criteria": run.exit_criteria,
        "idempotency_key": run.idempotency_key,
        "run_token": door.handle.tower_key().run_token(run_id, number),
    })))
}

/// A sign of life: the lease begins anew, and so does the wait for the outcome.
pub(super) async fn heartbeat(
    State(door): State<Door>,
    caller: Caller,
    Id(id): Id,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let attempt = caller.beats_for(&id)?;
    own::run(&door, &caller, &id).await?;
    let run_id = RunId(id);
    let input = Input::Extend { run_id: run_id.clone(), attempt, worker: header_worker(&headers) };
    let until = match door.handle.run_by(caller.whose(), &run_id, input).await.map_err(of_execution)? {
        Answer::Extended { until } => until,
        _ => None,
    };
    Ok(Json(json!({
        "execution_id": run_id.0,
        "lease_extended_until": until.map(wire::offset_time),
        "acknowledged": true,
    })))
}

/// Gives it back undone: somebody else may claim it at once.
pub(super) async fn release(
    State(door): State<Door>,
    caller: Caller,
    Id(id): Id,
    headers: HeaderMap,
    given: Given,
) -> Result<Json<Value>, Problem> {
    let attempt = caller.reports(&id)?;
    own::run(&door, &caller, &id).await?;
    let body = given.0.unwrap_or_default();
    let named = body.get("worker_id").and_then(Value::as_str).map(str::to_owned);
    let reason = body.get("reason").and_then(Value::as_str).unwrap_or_default();
    let run_id = RunId(id);
    let input = Input::Release {
        run_id: run_id.clone(),
        attempt,
        worker: named.or_else(|| header_worker(&headers)),
        words: reason.chars().take(REASON_CHARS_MAX).collect(),
    };
    door.handle.run_by(caller.whose(), &run_id, input).await.map_err(of_execution)?;
    Ok(Json(json!({ "execution_id": run_id.0, "released": true })))
}

/// A worker lives, and can do these tasks; what it has claimed is kept for it.
pub(super) async fn seen(State(door): State<Door>, caller: Caller, given: Given) -> Result<Json<Value>, Problem> {
    caller.works()?;
    let body = given.required()?;
    let worker = worker_id(&body)?;
    let handlers = words(&body, "handlers")?;
    door.handle.worker(caller.account().clone(), worker, handlers).await?;
    Ok(Json(json!({ "acknowledged": true, "server_time": wire::time(door.handle.now()) })))
}

pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<Value>, Problem> {
    caller.reads()?;
    caller.unlimited()?;
    let now = door.handle.now();
    let workers = door.handle.reader().workers(Some(caller.account().0.clone())).await?;
    let shown = workers.iter().map(|worker| {
        json!({
            "worker_id": worker.id,
            "last_heartbeat": wire::time(worker.last_seen),
            "seconds_since_heartbeat": now.since(worker.last_seen) / 1_000,
            "heartbeat_status": worker_status(worker.last_seen, now),
            "handlers": worker.handlers,
            "registered_since": wire::time(worker.registered_at),
        })
    });
    Ok(Json(json!({ "workers": shown.collect::<Vec<_>>() })))
}

pub(super) async fn remove(State(door): State<Door>, caller: Caller, Id(id): Id) -> Result<StatusCode, Problem> {
    caller.works()?;
    caller.unlimited()?;
    let known = door.handle.reader().workers(Some(caller.account().0.clone())).await?;
    if !known.iter().any(|worker| worker.id == id) {
        return Err(Problem::new(StatusCode::NOT_FOUND, "worker_not_found", "Worker not found"));
    }
    door.handle.tower(TowerChange::WorkerDropped(caller.account().clone(), id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Looks now, and again at each news, for so long.
async fn found_within<T, Look>(door: &Door, wait_s: u32, look: impl Fn() -> Look) -> Result<Option<T>, Problem>
where
    Look: Future<Output = Result<Option<T>, Problem>>,
{
    let mut news = door.handle.offers.news();
    let until = tokio::time::sleep(Duration::from_secs(wait_s.into()));
    tokio::pin!(until);
    loop {
        news.mark_unchanged();
        if let Some(found) = look().await? {
            return Ok(Some(found));
        }
        tokio::select! {
            changed = news.changed() => if changed.is_err() { return Ok(None) },
            () = &mut until => return Ok(None),
        }
    }
}

/// A run is for a task if its payload says so; without tasks, every run of the account fits.
fn fits(run: &Run, caller: &Caller, tasks: &[String]) -> bool {
    let task = || run.payload.get("task").and_then(Value::as_str);
    let fits = tasks.is_empty() || task().is_some_and(|task| tasks.iter().any(|wanted| wanted == task));
    let is_own = caller.limited_to().is_none_or(|agent| run.definition.agent == agent);
    fits && is_own && run.definition.account == *caller.account()
}

fn tasks(body: &Map<String, Value>) -> Result<Vec<String>, Problem> {
    let mut tasks = words(body, "tasks")?;
    tasks.extend(body.get("task").and_then(Value::as_str).map(str::to_owned));
    Ok(tasks)
}

fn words(body: &Map<String, Value>, field: &str) -> Result<Vec<String>, Problem> {
    let bad =
        || Problem::field(format!("body.{field}"), format!("It should be a list of at most {HANDLERS_MAX} texts."));
    let list = match body.get(field) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) if list.len() <= HANDLERS_MAX => list,
        Some(_) => return Err(bad()),
    };
    list.iter().map(|word| word.as_str().map(str::to_owned).ok_or_else(bad)).collect()
}

fn worker_id(body: &Map<String, Value>) -> Result<String, Problem> {
    let bad = |message: &str| Err(Problem::field("body.worker_id", message));
    match body.get("worker_id") {
        None | Some(Value::Null) => bad("Field required"),
        Some(Value::String(id)) if id.trim().is_empty() => bad("It should not be empty."),
        Some(Value::String(id)) if id.chars().count() > WORKER_ID_CHARS_MAX => {
            bad("String should have at most 255 characters")
        }
        Some(Value::String(id)) => Ok(id.clone()),
        Some(_) => bad("Input should be a valid string"),
    }
}

fn header_worker(headers: &HeaderMap) -> Option<String> {
    headers.get("x-worker-id").and_then(|id| id.to_str().ok()).map(str::to_owned)
}

fn claim_failed(message: &str) -> Problem {
    Problem::new(StatusCode::CONFLICT, RefusalCode::ClaimFailed.word(), message)
}

fn of_execution(trouble: Trouble) -> Problem {
    match trouble {
        Trouble::Refused(refusal) if refusal.code == RefusalCode::NotFound => Problem::no_execution(),
        trouble => trouble.into(),
    }
}
