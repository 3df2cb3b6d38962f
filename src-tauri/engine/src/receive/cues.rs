//! `/v1/cues`: create, list, show, change, delete, fire.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, NaiveDateTime};
use cuetower_core::Ms;
use cuetower_core::cue::{Cue, CueDefinition, CueStatus, Transport};
use cuetower_core::id::{AccountId, CueId};
use cuetower_core::input::{Answer, Fire, Input, RefusalCode};
use cuetower_core::occurrence::Trigger;
use cuetower_core::time::HOUR_MS;
use serde_json::{Map, Value, json};

use super::caller::{Caller, run_token_forbidden};
use super::given::{Given, Id, Query};
use super::problem::Problem;
use super::{Door, executions, kept_headers, own, strict, wire};
use crate::definition::{self, ASSERTION_CHARS_MAX, ASSERTIONS_MAX, Invalid};
use crate::desk::worker_status;
use crate::handle::Trouble;

routes! {
    get "/v1/cues" => list;
    post "/v1/cues" => create;
    get "/v1/cues/{id}" => get;
    patch "/v1/cues/{id}" => change;
    delete "/v1/cues/{id}" => delete;
    post "/v1/cues/{id}/fire" => fire;
}

const CUES_SHOWN: u32 = 50;
/// Among which those of one agent are looked for.
const CUES_MAX: u32 = 10_000;
/// Of so long the detail of a cue says how its runs went.
const STATS_MS: u64 = 7 * 24 * HOUR_MS;
pub(super) const PAGE_MAX: u32 = 100;
const EXECUTIONS_OF_CUE_SHOWN: u32 = 10;
pub(super) const FIRE_KEY_CHARS_MAX: usize = 256;
/// Somebody else may change the cue between reading and writing; a change that keeps losing is told so.
const CHANGES_TRIED: usize = 5;

pub(super) async fn create(State(door): State<Door>, caller: Caller, given: Given) -> Result<Response, Problem> {
    caller.writes_cues()?;
    let mut body = given.required()?;
    let headers = kept_headers::taken(&mut body);
    if let Some(agent) = caller.limited_to() {
        // Whose else should it be?
        body.entry("agent").or_insert_with(|| json!(agent));
    }
    let body = Value::Object(body);
    let mut read =
        definition::read_new(&body, door.handle.now()).map_err(|faults| Problem::definition(faults, &body))?;
    read.definition.account = caller.account().clone();
    if is_the_owners(&read.definition) {
        caller.writes_commands()?;
    }
    own::writes(&door, &caller, &read.definition, None).await?;
    strict::callbacks(&door, &read.definition).await?;
    let warning = warning(&body, &read.unknown, door.handle.channels.send_mail());
    headers.keep(&door).await?;
    let cue = match door.handle.create_cue(read.definition).await {
        Ok(cue) => cue,
        Err(trouble) => {
            headers.forget(&door, None).await;
            return Err(trouble.into());
        }
    };
    let warning = match (warning, nobody_works(&door, &cue).await?) {
        (Some(said), Some(more)) => Some(format!("{more} {said}")),
        (said, more) => more.or(said),
    };
    Ok((StatusCode::CREATED, Json(wire::cue(&cue, door.handle.now(), warning))).into_response())
}

/// What is to be said of a worker's cue that no worker would fetch now.
async fn nobody_works(door: &Door, cue: &Cue) -> Result<Option<String>, Problem> {
    if !matches!(cue.definition.transport, Transport::Worker(_)) {
        return Ok(None);
    }
    let now = door.handle.now();
    let workers = door.handle.reader().workers(Some(cue.definition.account.0.clone())).await?;
    let works = workers.iter().any(|worker| worker_status(worker.last_seen, now) != "dead");
    Ok((!works).then(|| "No active workers found. Start a cueapi-worker to process this cue.".to_owned()))
}

pub(super) async fn list(State(door): State<Door>, caller: Caller, query: Query) -> Result<Json<Value>, Problem> {
    caller.reads()?;
    let status = query.word("status", &["active", "paused", "completed", "failed"])?;
    let limit = query.number("limit", CUES_SHOWN, 1, PAGE_MAX)?;
    let offset = query.number("offset", 0, 0, u32::MAX)?;
    let account = Some(caller.account().0.clone());
    let reader = door.handle.reader();
    let (cues, total) = match caller.limited_to() {
        None => reader.cues(account, status, limit, offset).await?,
        Some(agent) => {
            let (all, _) = reader.cues(account, status, CUES_MAX, 0).await?;
            let own: Vec<Cue> = all.into_iter().filter(|cue| cue.definition.agent == agent).collect();
            let total = u32::try_from(own.len()).unwrap_or(u32::MAX);
            (own.into_iter().skip(offset as usize).take(limit as usize).collect(), total)
        }
    };
    let now = door.handle.now();
    let cues: Vec<_> = cues.iter().map(|cue| wire::cue(cue, now, None)).collect();
    Ok(Json(json!({ "cues": cues, "total": total, "limit": limit, "offset": offset })))
}

pub(super) async fn get(
    State(door): State<Door>,
    caller: Caller,
    Id(id): Id,
    query: Query,
) -> Result<Json<Value>, Problem> {
    if let Some(run_id) = caller.only_run() {
        let run = door.handle.reader().run(run_id.0.clone()).await?;
        run.filter(|run| run.cue_id.as_str() == id).ok_or_else(run_token_forbidden)?;
        let cue = current(&door, None, &id).await?;
        return Ok(Json(Value::Object(wire::cue(&cue, door.handle.now(), None))));
    }
    let limit = query.number("execution_limit", EXECUTIONS_OF_CUE_SHOWN, 1, PAGE_MAX)?;
    let offset = query.number("execution_offset", 0, 0, u32::MAX)?;
    caller.reads()?;
    let cue = reached(&door, &caller, &id).await?;
    let mut shown = wire::cue(&cue, door.handle.now(), None);
    let asked = executions::Asked {
        account: Some(cue.definition.account.0.clone()),
        cue_id: Some(id),
        limit,
        offset,
        ..executions::Asked::default()
    };
    let page = executions::page(&door, &asked).await?;
    let stats = door.handle.reader().run_stats(cue.id.0.clone(), door.handle.now().minus(STATS_MS)).await?;
    shown.insert("stats".to_owned(), wire::stats(&stats));
    shown.insert("executions".to_owned(), Value::Array(page.executions));
    shown.insert("execution_total".to_owned(), json!(page.total));
    shown.insert("execution_limit".to_owned(), json!(limit));
    shown.insert("execution_offset".to_owned(), json!(offset));
    Ok(Json(Value::Object(shown)))
}

pub(super) async fn change(
    State(door): State<Door>,
    caller: Caller,
    Id(id): Id,
    given: Given,
) -> Result<Json<Map<String, Value>>, Problem> {
    caller.writes_cues()?;
    let mut patch = given.required()?;
    let turn = turn(patch.remove("status"))?;
    let transport = patch.remove("transport");
    let headers = kept_headers::taken(&mut patch);
    let patch = Value::Object(patch);
    let id = CueId(id);
    let mut tries = CHANGES_TRIED;
    loop {
        tries -= 1;
        match change_once(&door, &caller, &id, (&patch, transport.as_ref(), &headers), turn.as_ref()).await {
            Err(Unchanged::Trouble(Trouble::Refused(refusal)))
                if refusal.code == RefusalCode::RevisionConflict && tries > 0 => {}
            Err(Unchanged::Trouble(trouble)) => {
                headers.forget(&door, Some(&id)).await;
                return Err(of_cue(trouble));
            }
            Err(Unchanged::Problem(problem)) => return Err(problem),
            Ok(cue) => {
                let warning = warning(&patch, &[], door.handle.channels.send_mail());
                return Ok(Json(wire::cue(&cue, door.handle.now(), warning)));
            }
        }
    }
}

enum Unchanged {
    Problem(Problem),
    Trouble(Trouble),
}

impl From<Problem> for Unchanged {
    fn from(problem: Problem) -> Unchanged {
        Unchanged::Problem(problem)
    }
}

impl From<Trouble> for Unchanged {
    fn from(trouble: Trouble) -> Unchanged {
        Unchanged::Trouble(trouble)
    }
}

/// All of it is read and allowed before any of it is done. A pause comes before the edit, a resumption after it, so that nothing is armed in between.
async fn change_once(
    door: &Door,
    caller: &Caller,
    id: &CueId,
    (patch, transport, headers): (&Value, Option<&Value>, &kept_headers::Moved),
    turn: Option<&Input>,
) -> Result<Cue, Unchanged> {
    let mut cue = reached(door, caller, &id.0).await?;
    if transport.is_some_and(|transport| !transport.is_null() && transport != cue.definition.transport.word()) {
        return Err(Problem::field("body.transport", EXTRA).into());
    }
    let read = definition::read_change(&cue.definition, patch, door.handle.now());
    let read = read.map_err(|faults| Problem::definition(faults, patch))?;
    if !read.unknown.is_empty() {
        return Err(extra(&read.unknown).into());
    }
    if is_the_owners(&cue.definition) || is_the_owners(&read.definition) {
        caller.writes_commands()?;
    }
    if !read.definition.gate.asks_all_of(&cue.definition.gate) {
        caller.takes_gates_off()?;
    }
    if kept_headers::would_lead_elsewhere(&cue.definition, &read.definition) && caller.writes_commands().is_err() {
        let message =
            "Headers of this cue that are shown as `••••` would go to another address; write them again with it.";
        return Err(Problem::field("body.callback.url", message).into());
    }
    own::writes(door, caller, &read.definition, Some(&cue.definition)).await?;
    if read.definition != *cue.definition {
        strict::callbacks(door, &read.definition).await?;
    }
    headers.keep(door).await?;
    if let Some(pause @ Input::Pause { .. }) = turn {
        cue = door.handle.cue(id, pause.clone()).await?.1;
    }
    if read.definition != *cue.definition {
        let edit = Input::Edit { definition: Box::new(read.definition), revision: Some(cue.revision) };
        let before = Arc::clone(&cue.definition);
        cue = door.handle.cue(id, edit).await?.1;
        kept_headers::forget_replaced(door, &before, &cue).await;
    }
    if let Some(Input::Resume) = turn {
        cue = door.handle.cue(id, Input::Resume).await?.1;
    }
    Ok(cue)
}

/// A field that no change has: mistyped, it must not pass for one that was made.
const EXTRA: &str = "Extra inputs are not permitted";

fn extra(unknown: &[String]) -> Problem {
    let fault = |name: &String| {
        let name: String = name.chars().take(64).collect();
        Invalid { field: format!("body.{name}"), message: EXTRA.to_owned() }
    };
    Problem::fields(unknown.iter().take(20).map(fault).collect())
}

/// What `status` in a PATCH asks for.
fn turn(status: Option<Value>) -> Result<Option<Input>, Problem> {
    match status.as_ref().map(|status| status.as_str()) {
        None => Ok(None),
        Some(Some("active")) => Ok(Some(Input::Resume)),
        Some(Some("paused")) => Ok(Some(Input::Pause { until: None })),
        Some(None) if status == Some(Value::Null) => Ok(None),
        Some(_) => Err(Problem::field("body.status", "Value error, status must be 'active' or 'paused'")),
    }
}

pub(super) async fn delete(State(door): State<Door>, caller: Caller, Id(id): Id) -> Result<StatusCode, Problem> {
    caller.writes_cues()?;
    deleted(&door, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes one cue that the caller reaches.
pub(super) async fn deleted(door: &Door, caller: &Caller, id: &str) -> Result<(), Problem> {
    let cue = reached(door, caller, id).await?;
    if is_the_owners(&cue.definition) {
        caller.writes_commands()?;
    }
    match door.handle.cue(&cue.id, Input::Delete).await {
        // The lane is gone by the time its answer is made.
        Ok(_) | Err(Trouble::NotFound(_)) => {
            kept_headers::forget_of(door, &cue.definition).await;
            Ok(())
        }
        Err(trouble) => Err(trouble.into()),
    }
}

pub(super) async fn fire(
    State(door): State<Door>,
    caller: Caller,
    Id(id): Id,
    headers: HeaderMap,
    given: Given,
) -> Result<Json<Value>, Problem> {
    caller.writes_cues()?;
    let body = given.0.unwrap_or_default();
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    let cue = reached(&door, &caller, &id).await?;
    let (fire, unknown) = read_fire(&body, &cue.definition, key)?;
    let mut fired = fired(&door, &cue.id, fire).await?;
    if !unknown.is_empty() {
        fired["warning"] = json!(unknown_words(&unknown));
    }
    Ok(Json(fired))
}

/// Fires, and says so as CueAPI does.
pub(super) async fn fired(door: &Door, cue_id: &CueId, fire: Fire) -> Result<Value, Problem> {
    let triggered_by = fire.trigger.word();
    match door.handle.cue(cue_id, Input::Fire(fire)).await.map_err(of_cue)?.0 {
        Answer::Fired { run_id, due, .. } => Ok(json!({
            "id": run_id.0,
            "cue_id": cue_id.0,
            "scheduled_for": wire::offset_time(due),
            "status": "pending",
            "triggered_by": triggered_by,
        })),
        _ => Err(Problem::no_cue()),
    }
}

fn read_fire(
    body: &Map<String, Value>,
    definition: &CueDefinition,
    header_key: Option<&str>,
) -> Result<(Fire, Vec<String>), Problem> {
    const KNOWN: [&str; 5] = ["payload_override", "merge_strategy", "send_at", "idempotency_key", "exit_criteria"];
    let given = |field: &str| body.get(field).filter(|value| !value.is_null());
    let replace = match given("merge_strategy").map(Value::as_str) {
        None | Some(Some("merge")) => false,
        Some(Some("replace")) => true,
        Some(_) => return Err(Problem::field("body.merge_strategy", "It should be `merge` or `replace`.")),
    };
    if given("payload_override").is_some_and(definition::holds_nul) {
        let message = "Payload contains null bytes which are not supported.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_payload", message));
    }
    let payload = match given("payload_override") {
        None => None,
        Some(Value::Object(over)) if replace => Some(Value::Object(over.clone())),
        Some(Value::Object(over)) => Some(definition.payload_under(over.clone())),
        Some(_) => return Err(Problem::field("body.payload_override", "Input should be a JSON object")),
    };
    let send_at = match given("send_at") {
        None => None,
        Some(at) => Some(at.as_str().and_then(instant).ok_or_else(|| {
            Problem::field("body.send_at", "It should be an instant such as 2027-01-31T09:00:00+01:00.")
        })?),
    };
    let key = match given("idempotency_key").map(Value::as_str) {
        None => header_key,
        Some(Some(key)) => Some(key),
        Some(None) => return Err(Problem::field("body.idempotency_key", "Input should be a valid string")),
    };
    if key.is_some_and(|key| !(1..=FIRE_KEY_CHARS_MAX).contains(&key.chars().count())) {
        return Err(Problem::field(
            "body.idempotency_key",
            format!("It should have 1 to {FIRE_KEY_CHARS_MAX} characters."),
        ));
    }
    let exit_criteria = names(given("exit_criteria"), "body.exit_criteria")?;
    if definition.fires.payload_required && payload.is_none() {
        let message = "This cue requires a payload_override with each fire";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "payload_override_required", message));
    }
    let missing = definition.fires.missing_in(payload.as_ref().unwrap_or(&definition.payload));
    if !missing.is_empty() {
        let message = format!("The payload lacks keys that this cue requires: {}", missing.join(", "));
        let problem = Problem::new(StatusCode::BAD_REQUEST, "missing_required_payload_keys", message);
        return Err(Problem { beside: vec![("missing_keys", json!(missing))], ..problem });
    }
    let unknown = body.keys().filter(|field| !KNOWN.contains(&field.as_str())).cloned().collect();
    let (key, trigger) = (key.map(str::to_owned), Trigger::ManualFire);
    Ok((Fire { payload, send_at, key, exit_criteria, trigger }, unknown))
}

/// A list of names, each of 1 to 255 characters.
fn names(given: Option<&Value>, field: &str) -> Result<Vec<String>, Problem> {
    let bad = || {
        let message =
            format!("It should be a list of at most {ASSERTIONS_MAX} texts of 1 to {ASSERTION_CHARS_MAX} characters.");
        Problem::field(field, message)
    };
    let list = match given {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) if list.len() <= ASSERTIONS_MAX => list,
        Some(_) => return Err(bad()),
    };
    let plain = |name: &str| !name.trim().is_empty() && !name.chars().any(char::is_control);
    let fits = |name: &&str| plain(name) && name.chars().count() <= ASSERTION_CHARS_MAX;
    list.iter().map(|name| name.as_str().filter(fits).map(str::to_owned).ok_or_else(bad)).collect()
}

/// With an offset; without one it is UTC, as CueAPI has it.
pub(super) fn instant(text: &str) -> Option<Ms> {
    let text = text.trim().replacen(' ', "T", 1);
    let with_offset = DateTime::parse_from_rfc3339(&text).map(|at| Ms(at.timestamp_millis()));
    with_offset
        .or_else(|_| {
            NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f").map(|at| Ms(at.and_utc().timestamp_millis()))
        })
        .ok()
}

/// The cue of an execution. As CueAPI has it, executions of deleted cues are out of reach, and so are those of others.
pub(super) async fn of_execution(door: &Door, caller: &Caller, cue_id: &str) -> Result<Cue, Problem> {
    reached(door, caller, cue_id).await.map_err(|_| Problem::no_execution())
}

/// A cue that is not deleted, if whoever asks reaches it.
pub(super) async fn reached(door: &Door, caller: &Caller, id: &str) -> Result<Cue, Problem> {
    let cue = current(door, caller.whose(), id).await?;
    let is_own = caller.limited_to().is_none_or(|agent| cue.definition.agent == agent);
    if is_own { Ok(cue) } else { Err(Problem::no_cue()) }
}

/// A cue that is not deleted, if it is of this account; None: whoever's it is.
pub(super) async fn current(door: &Door, account: Option<&AccountId>, id: &str) -> Result<Cue, Problem> {
    let cue = door.handle.reader().cue(id.to_owned()).await?;
    let reached = |cue: &Cue| account.is_none_or(|account| cue.definition.account == *account);
    cue.filter(|cue| cue.status != CueStatus::Deleted && reached(cue)).ok_or_else(Problem::no_cue)
}

/// Whoever writes such a cue could run any program, send a secret anywhere, call the network around this machine, or be told
/// what files there are, also through its checks: the owner's scope `commands` is needed.
fn is_the_owners(definition: &CueDefinition) -> bool {
    let reaches_around = matches!(&definition.transport, Transport::Webhook(callback) if callback.allow_private);
    reaches_around
        || definition.transport.is_command()
        || !definition.schedule.paths.is_empty()
        || definition::secret_names(definition).iter().any(|name| !crate::vault::is_of_cue(name))
        || definition.preflight.iter().any(|preflight| preflight.check.what.is_the_owners())
        || definition.checks.iter().any(|check| check.what.is_the_owners())
}

fn of_cue(trouble: Trouble) -> Problem {
    match trouble {
        Trouble::NotFound(_) => Problem::no_cue(),
        Trouble::Refused(_)
        | Trouble::DuplicateName(_)
        | Trouble::Unfit { .. }
        | Trouble::Gated { .. }
        | Trouble::Busy
        | Trouble::Stopping
        | Trouble::Store(_) => trouble.into(),
    }
}

/// `mails`: the owner has a channel for mail.
fn warning(body: &Value, unknown: &[String], mails: bool) -> Option<String> {
    let mut words = Vec::new();
    if !unknown.is_empty() {
        words.push(unknown_words(unknown));
    }
    if !mails && body["on_failure"]["email"] == json!(true) {
        words.push(
            "on_failure.email: there is no mail channel, so no mail is sent; a failure is shown in the tower's window and as a notification."
                .to_owned(),
        );
    }
    (!words.is_empty()).then(|| words.join(" "))
}

/// Names are cut: a warning is read by people.
pub(super) fn unknown_words(unknown: &[String]) -> String {
    let names: Vec<String> = unknown.iter().take(20).map(|name| name.chars().take(64).collect()).collect();
    format!("Not known here, and not used: {}.", names.join(", "))
}
