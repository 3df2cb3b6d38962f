//! `/v1/heartbeats`: a sign of life of a run, of an agent, or of both; with what it used since the one before.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use cuetower_core::id::RunId;
use cuetower_core::spend::Nanousd;
use cuetower_core::step::StepInput;
use serde_json::{Map, Value, json};

use super::caller::Caller;
use super::given::Given;
use super::problem::Problem;
use super::steps_read::text;
use super::{Door, own, spending};
use crate::fleet::Beat;

routes! {
    post "/v1/heartbeats" => beat;
}

const MESSAGE_CHARS_MAX: usize = 2_000;

const FIELDS: [&str; 7] = ["agent", "execution_id", "progress", "tokens", "cost_usd", "message", "status"];

/// `{agent?, execution_id?, progress?, tokens?, cost_usd?, message?, status?}`: at least one of the first two, unless a run's
/// token says which run it is. The status is the agent's: `ok`, `warning`, `error`, or `shutdown` for a goodbye.
pub(super) async fn beat(State(door): State<Door>, caller: Caller, given: Given) -> Result<Json<Value>, Problem> {
    let body = given.0.unwrap_or_default();
    let run = text(&body, "execution_id")?.or_else(|| caller.only_run().map(|run| run.0.clone()));
    let agent = text(&body, "agent")?;
    if run.is_none() && agent.is_none() {
        return Err(Problem::field("body.agent", "Say who is alive: an `agent`, an `execution_id`, or both."));
    }
    let said = Said::read(&body)?;
    let mut answer = json!({ "ok": true });
    if let Some(run) = &run {
        let attempt = caller.beats_for(run)?;
        own::run(&door, &caller, run).await?;
        let Said { progress, tokens, cost, message, .. } = said.clone();
        let input = StepInput::Beat { tokens, cost, progress, message };
        door.handle.step(caller.whose(), &RunId(run.clone()), attempt, input).await.map_err(unknown_run)?;
        answer["execution_id"] = json!(run);
    }
    if let Some(agent) = agent {
        let beaten = agent_beat(&door, &caller, &agent, &said, run.is_some()).await?;
        answer["agent"] = json!(agent);
        if let Some(warning) = beaten {
            answer["warning"] = warning;
        }
    }
    let unknown: Vec<String> = body.keys().filter(|key| !FIELDS.contains(&key.as_str())).cloned().collect();
    if !unknown.is_empty() {
        answer["unknown"] = json!(super::cues::unknown_words(&unknown));
    }
    Ok(Json(answer))
}

#[derive(Clone)]
struct Said {
    progress: Option<f64>,
    tokens: Option<u64>,
    cost: Option<Nanousd>,
    message: Option<String>,
    status: Value,
}

impl Said {
    fn read(body: &Map<String, Value>) -> Result<Said, Problem> {
        let progress = match body.get("progress").filter(|value| !value.is_null()) {
            None => None,
            Some(value) => {
                let finite = value.as_f64().filter(|number| number.is_finite());
                Some(finite.ok_or_else(|| Problem::field("body.progress", "Input should be a number"))?)
            }
        };
        let message = text(body, "message")?.map(|message| message.chars().take(MESSAGE_CHARS_MAX).collect());
        let tokens = spending::tokens(body.get("tokens"))?.all();
        let status = body.get("status").cloned().unwrap_or_default();
        Ok(Said { progress, tokens, cost: spending::cost(body)?, message, status })
    }
}

/// Beats of an agent are kept with the fleet; what a run used is counted with the run, not twice.
async fn agent_beat(
    door: &Door,
    caller: &Caller,
    agent: &str,
    said: &Said,
    counted: bool,
) -> Result<Option<Value>, Problem> {
    let mut body = json!({ "agent": agent, "message": said.message, "progress": said.progress, "status": said.status });
    if !counted {
        body["tokens_used"] = json!(said.tokens);
        body["cost_usd"] = json!(said.cost.map(Nanousd::usd));
    }
    let Value::Object(body) = body else { return Ok(None) };
    let beat = Beat::read(&body, "body").map_err(Problem::fields)?;
    super::clevagent::beaten(door, caller, Beat { of_run: counted, ..beat }).await
}

fn unknown_run(trouble: crate::handle::Trouble) -> Problem {
    match Problem::from(trouble) {
        missing if missing.code == "not_found" && missing.status == StatusCode::NOT_FOUND => Problem::no_execution(),
        other => other,
    }
}
