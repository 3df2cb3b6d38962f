//! ClevAgent's API at `/api/v1`: beats of agents, and what their runners are to do. Its clients work as they are, with a
//! key of the tower's in `X-API-Key`.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use serde_json::{Map, Value, json};

use super::caller::Caller;
use super::given::{Given, Id, Query};
use super::problem::Problem;
use super::{Door, wire};
use crate::definition::Invalid;
use crate::desk::wire::Topic;
use crate::fleet::{self, Agent, Beat, Command, CommandState, Heard, Hearer, Refused, Said, State as Stands, Status};
use crate::redacting::Known;

routes! {
    post "/api/v1/heartbeat" => heartbeat;
    post "/api/v1/heartbeat/batch" => heartbeats;
    get "/api/v1/status" => status;
    get "/api/v1/commands" => commands;
    post "/api/v1/commands/{id}/result" => result;
}

const STATUS_SHOWN: u32 = 100;
const STATUS_SHOWN_MAX: u32 = 1_000;
const MESSAGE_CHARS_MAX: usize = 2_000;
/// Before the owner's faces hear of a beat that followed another within a second.
const TOLD_SOON: Duration = Duration::from_secs(1);

pub(super) async fn heartbeat(State(door): State<Door>, caller: Caller, given: Given) -> Result<Json<Value>, Problem> {
    let speaker = Speaker::of(&door, &caller).await?;
    let beat = Beat::read(&given.required()?, "body").map_err(Problem::fields)?;
    let mut heard = take(&door, &speaker, vec![beat]).await?;
    Ok(Json(told(heard.remove(0))))
}

/// A group of beats, in the order in which they were made: all of them, or none. `{"heartbeats": […]}`, or the bare list.
pub(super) async fn heartbeats(State(door): State<Door>, caller: Caller, body: Bytes) -> Result<Json<Value>, Problem> {
    let speaker = Speaker::of(&door, &caller).await?;
    let heard = take(&door, &speaker, group(&body, door.handle.vault.known())?).await?;
    let results: Vec<Value> = heard.into_iter().map(told).collect();
    Ok(Json(json!({ "ok": true, "accepted": results.len(), "results": results })))
}

fn group(body: &[u8], known: &Known) -> Result<Vec<Beat>, Problem> {
    let bad = || Problem::new(StatusCode::BAD_REQUEST, "invalid_json", "Request body is not valid JSON");
    let mut said: Value = serde_json::from_slice(body).map_err(|_| bad())?;
    known.hide_in(&mut said);
    let (list, at) = match said {
        Value::Array(list) => (list, "body"),
        Value::Object(mut map) => match map.remove("heartbeats") {
            Some(Value::Array(list)) => (list, "body.heartbeats"),
            Some(_) => return Err(Problem::field("body.heartbeats", "Input should be a valid list")),
            None => return Err(Problem::field("body.heartbeats", "Field required")),
        },
        _ => return Err(Problem::field("body", "Input should be a list, or an object with `heartbeats`")),
    };
    if list.is_empty() || list.len() > fleet::BURST as usize {
        return Err(Problem::field(at, format!("It should hold 1 to {} heartbeats.", fleet::BURST)));
    }
    let (mut beats, mut faults) = (Vec::with_capacity(list.len()), Vec::new());
    for (number, beat) in list.iter().enumerate() {
        let at = format!("{at}.{number}");
        match beat.as_object().map(|beat| Beat::read(beat, &at)) {
            Some(Ok(beat)) => beats.push(beat),
            Some(Err(wrong)) => faults.extend(wrong),
            None => faults.push(Invalid { field: at, message: "Input should be a JSON object".to_owned() }),
        }
    }
    if faults.is_empty() { Ok(beats) } else { Err(Problem::fields(faults)) }
}

/// Who beats: a key for any agent of its account, or a run for the agent of its cue.
struct Speaker {
    account: AccountId,
    key: String,
    /// Of the run.
    agent: Option<String>,
    /// The only agent that the key may speak for.
    limited_to: Option<String>,
}

impl Speaker {
    async fn of(door: &Door, caller: &Caller) -> Result<Speaker, Problem> {
        let Some(run_id) = caller.only_run() else {
            caller.beats()?;
            let limited_to = caller.limited_to().map(str::to_owned);
            let (account, key) = (caller.account().clone(), caller.key()?.line.clone());
            return Ok(Speaker { account, key, agent: None, limited_to });
        };
        let run = door.handle.reader().run(run_id.0.clone()).await?.ok_or_else(Problem::no_execution)?;
        if !run.is_live() {
            return Err(Problem::new(StatusCode::CONFLICT, "run_ended", "This run has ended; it beats no more."));
        }
        let definition = &run.definition;
        let agent = Some(definition.agent.clone()).filter(|agent| !agent.is_empty());
        let agent = agent.unwrap_or_else(|| definition.name.clone());
        let account = definition.account.clone();
        Ok(Speaker { account, key: String::new(), agent: Some(agent), limited_to: None })
    }

    /// A run speaks for nobody else, and watches nobody.
    fn may_send(&self, beats: &mut [Beat]) -> Result<(), Problem> {
        let others = |own: &String| beats.iter().any(|beat| beat.agent != *own);
        if let Some(own) = self.limited_to.as_ref().filter(|own| others(own)) {
            let message = format!("This key beats for its own agent, {own}, alone.");
            return Err(Problem::new(StatusCode::FORBIDDEN, "insufficient_scope", message));
        }
        let Some(own) = &self.agent else { return Ok(()) };
        for beat in beats {
            if beat.agent != *own {
                let message =
                    format!("A run's token beats for its own agent, {own}; for {} it takes an API key.", beat.agent);
                return Err(Problem::new(StatusCode::FORBIDDEN, "run_token_not_allowed", message));
            }
            beat.runner = None;
            beat.of_run = true;
        }
        Ok(())
    }
}

/// On disk, all of them, when this returns.
async fn take(door: &Door, speaker: &Speaker, mut beats: Vec<Beat>) -> Result<Vec<Heard>, Problem> {
    speaker.may_send(&mut beats)?;
    let tells = pass(door, &speaker.account, &beats)?;
    let hearer = Hearer { account: speaker.account.clone(), key: speaker.key.clone(), zone: door.zone };
    let lives = beats.iter().map(|beat| beat.life(&speaker.account)).collect();
    let heard = door.handle.beats(lives, move |recorder| {
        if tells {
            recorder.touch(Topic::Agents);
        }
        let mut all = Vec::with_capacity(beats.len());
        for beat in &beats {
            match fleet::hear(recorder, &hearer, beat)? {
                Ok(heard) => all.push(heard),
                Err(too_many) => return Ok(Err(too_many)),
            }
        }
        Ok(Ok(all))
    });
    heard.await?.map_err(|fleet::TooMany| {
        let message =
            format!("There are {} agents of this account already; the owner can forget some.", fleet::AGENTS_MAX);
        Problem::new(StatusCode::CONFLICT, "too_many_agents", message)
    })
}

/// Whether the owner's faces hear of these beats at once. An agent that beats too fast is told to wait.
fn pass(door: &Door, account: &AccountId, beats: &[Beat]) -> Result<bool, Problem> {
    let now = door.handle.now();
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for beat in beats {
        *counts.entry(&beat.agent).or_default() += 1;
    }
    let mut tells = false;
    for (agent, count) in counts {
        match door.pace.pass(account, agent, count, now) {
            Ok(fleet::Telling::Now) => tells = true,
            Ok(fleet::Telling::Soon) => tell_soon(door.clone(), account.clone(), agent.to_owned()),
            Ok(fleet::Telling::Not) => {}
            Err(wait_s) => {
                let message = format!("{agent} beats more than 50 times a second; wait {wait_s} s.");
                let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", message);
                return Err(Problem { retry_after_s: Some(wait_s), ..problem });
            }
        }
    }
    Ok(tells)
}

fn tell_soon(door: Door, account: AccountId, agent: String) {
    tokio::spawn(async move {
        tokio::time::sleep(TOLD_SOON).await;
        door.pace.tells(&account, &agent, door.handle.now());
        let touched = door.handle.record(|recorder| {
            recorder.touch(Topic::Agents);
            Ok(Ok::<(), std::convert::Infallible>(()))
        });
        // A tower that stops has no faces to tell.
        drop(touched.await);
    });
}

/// As ClevAgent's clients were answered when they were recorded.
/// One beat, wherever it came in; what it is warned of.
pub(super) async fn beaten(door: &Door, caller: &Caller, beat: Beat) -> Result<Option<Value>, Problem> {
    let speaker = Speaker::of(door, caller).await?;
    let heard = take(door, &speaker, vec![beat]).await?;
    let warning = heard.into_iter().find_map(|heard| heard.warning);
    Ok(warning.map(|warning| json!({ "code": warning.kind.word(), "message": warning.reason })))
}

fn told(heard: Heard) -> Value {
    let mut answer = json!({ "ok": true, "agent_id": heard.agent_id, "status": health(heard.status) });
    if let Some(warning) = heard.warning {
        answer["warning"] = json!(warning.kind.word());
        answer["reason"] = json!(warning.reason);
    }
    answer
}

fn health(status: Status) -> &'static str {
    match status {
        Status::Ok => "healthy",
        Status::Warning => "warning",
        Status::Error => "error",
        Status::Shutdown => "stopped",
    }
}

/// The account's agents by name. What hosted ClevAgent answers here is not known.
pub(super) async fn status(State(door): State<Door>, caller: Caller, query: Query) -> Result<Json<Value>, Problem> {
    caller.beats()?;
    let limit = query.number("limit", STATUS_SHOWN, 1, STATUS_SHOWN_MAX)?;
    let offset = query.number("offset", 0, 0, u32::MAX)?;
    let now = door.handle.now();
    let mut agents = door.handle.reader().agents(Some(caller.account().0.clone())).await?;
    agents.retain(|agent| caller.limited_to().is_none_or(|own| agent.name == own));
    let days = door.handle.reader().agent_days(fleet::day_of(now, door.zone).to_string()).await?;
    let shown = agents.iter().skip(offset as usize).take(limit as usize).map(|agent| {
        let today = days.iter().find(|sum| sum.agent == agent.id).copied().unwrap_or_default();
        let last = agent.last.as_ref();
        json!({
            "agent_id": agent.id,
            "agent": agent.name,
            "status": stands(agent, now),
            "last_heartbeat": last.map(|last| wire::time(last.at)),
            "message": last.and_then(|last| last.message.as_ref()),
            "agent_type": agent.kind,
            "iteration_count": agent.iterations,
            "memory_mb": agent.memory_mb,
            "tokens_today": today.tokens,
            "cost_today_usd": agent.tells_cost.then_some(today.cost_usd),
            "daily_budget_usd": agent.day_cost_usd,
        })
    });
    let shown: Vec<Value> = shown.collect();
    Ok(Json(json!({ "agents": shown, "total": agents.len(), "limit": limit, "offset": offset })))
}

fn stands(agent: &Agent, now: Ms) -> &'static str {
    match (agent.state(now), &agent.last) {
        (Stands::Working | Stands::Alive, Some(last)) => health(last.status),
        (state, _) => state.word(),
    }
}

/// What the runner with this key is to do now: a bare list. Each command is handed out once.
pub(super) async fn commands(State(door): State<Door>, caller: Caller) -> Result<Json<Value>, Problem> {
    caller.beats()?;
    let key = caller.key()?.line.clone();
    // It looks every 10 s, and mostly for nothing: that needs no commit.
    if !door.handle.reader().agent_commands_wait(key.clone()).await? {
        return Ok(Json(json!([])));
    }
    let fetched = door.handle.record(move |recorder| fleet::fetch(recorder, &key)).await?.map_err(refused)?;
    let shown = |command: &Command| json!({ "id": command.id, "action": command.action.word(), "type": command.kind, "target": command.target });
    Ok(Json(fetched.iter().map(shown).collect()))
}

/// What became of a command.
pub(super) async fn result(
    State(door): State<Door>,
    caller: Caller,
    Id(id): Id,
    given: Given,
) -> Result<Json<Value>, Problem> {
    caller.beats()?;
    let id = id.parse().map_err(|_| refused(Refused::NotThere("There is no such command.".to_owned())))?;
    let said = said(&given.required()?)?;
    let key = caller.key()?.line.clone();
    let agent_id = door.handle.record(move |recorder| fleet::answered(recorder, &key, id, &said)).await?;
    Ok(Json(json!({ "ok": true, "agent_id": agent_id.map_err(refused)? })))
}

fn said(body: &Map<String, Value>) -> Result<Said, Problem> {
    let state = match body.get("status").and_then(Value::as_str) {
        Some("completed") => CommandState::Completed,
        Some("failed") => CommandState::Failed,
        Some("rejected") => CommandState::Rejected,
        _ => return Err(Problem::field("body.status", "Input should be 'completed', 'failed' or 'rejected'")),
    };
    let message = match body.get("message") {
        None | Some(Value::Null) => None,
        Some(Value::String(message)) => Some(message.chars().take(MESSAGE_CHARS_MAX).collect()),
        Some(_) => return Err(Problem::field("body.message", "Input should be a valid string")),
    };
    Ok(Said { state, message })
}

fn refused(refused: Refused) -> Problem {
    match refused {
        Refused::NotThere(message) => Problem::new(StatusCode::NOT_FOUND, "command_not_found", message),
        Refused::No(message) => Problem::new(StatusCode::CONFLICT, "command_ended", message),
    }
}
