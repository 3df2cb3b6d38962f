//! `/v1/executions`: what ran, what became of it, and the report of an agent.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use cuetower_core::cue::Transport;
use cuetower_core::id::RunId;
use cuetower_core::input::{Answer, Fire, Input, RefusalCode};
use cuetower_core::occurrence::Trigger;
use cuetower_core::run::{Run, Verdict};
use serde_json::{Value, json};

use super::caller::Caller;
use super::cues::{self, PAGE_MAX};
use super::given::{Given, Id, Query};
use super::problem::Problem;
use super::{Door, outcome, own, wire};
use crate::handle::Trouble;
use crate::journal::RunFilter;

routes! {
    get "/v1/executions" => list;
    get "/v1/executions/{id}" => get;
    post "/v1/executions/{id}/outcome" => report;
    post "/v1/executions/{id}/replay" => replay;
}

const EXECUTIONS_SHOWN: u32 = 20;
/// Executions that wait to begin, told at most.
const WAITING_MAX: u32 = 1_000;
const STATUSES: [&str; 8] =
    ["pending", "delivering", "retrying", "pending_outcome", "success", "failed", "missed", "outcome_timeout"];
/// CueAPI's word for a retry whose time has come; here that is one moment and no state.
const NEVER: &str = "retry_ready";
const OUTCOME_STATES: [&str; 6] = [
    "reported_success",
    "reported_failure",
    "verified_success",
    "verification_pending",
    "verification_failed",
    "unknown",
];
const TRIGGERS: [&str; 9] =
    ["scheduled", "manual_fire", "chain", "replay", "trigger", "path", "fallback", "ping", "dynamic"];
/// Of a web hook's answer so many characters are shown.
const ANSWER_CHARS_MAX: usize = 2_000;
/// Among which those of one agent are looked for.
const CUES_MAX: u32 = 10_000;

#[derive(Debug, Default)]
pub(super) struct Asked {
    pub account: Option<String>,
    pub cue_id: Option<String>,
    /// Any of these; empty means any.
    pub statuses: Vec<String>,
    pub triggered_by: Option<String>,
    /// What only runs that began can be asked for.
    pub began: RunFilter,
    pub limit: u32,
    pub offset: u32,
}

pub(super) struct Page {
    pub executions: Vec<Value>,
    pub total: u32,
}

pub(super) async fn list(State(door): State<Door>, caller: Caller, query: Query) -> Result<Json<Value>, Problem> {
    caller.reads()?;
    if let (Some(_), Some(cue_id)) = (caller.limited_to(), query.get("cue_id")) {
        cues::reached(&door, &caller, cue_id).await?;
    }
    let asked = Asked {
        account: Some(caller.account().0.clone()),
        cue_id: query.get("cue_id").map(str::to_owned),
        statuses: statuses(&query)?,
        triggered_by: query.word("triggered_by", &TRIGGERS)?,
        began: RunFilter {
            worker: query.get("worker_id").map(str::to_owned),
            outcome_state: query.word("outcome_state", &OUTCOME_STATES)?,
            result_type: query.get("result_type").map(str::to_owned),
            has_evidence: query.yes_or_no("has_evidence")?,
            agent: caller.limited_to().map(str::to_owned),
            ..RunFilter::default()
        },
        limit: query.number("limit", EXECUTIONS_SHOWN, 1, PAGE_MAX)?,
        offset: query.number("offset", 0, 0, u32::MAX)?,
    };
    let page = page(&door, &asked).await?;
    let oldest = door.handle.reader().oldest_claim(caller.account().0.clone()).await?;
    let shown = u32::try_from(page.executions.len()).unwrap_or(u32::MAX);
    Ok(Json(json!({
        "executions": page.executions,
        "total": page.total,
        "limit": asked.limit,
        "offset": asked.offset,
        "has_more": asked.offset.saturating_add(shown) < page.total,
        "oldest_claimed_at": oldest.map(wire::offset_time),
    })))
}

fn statuses(query: &Query) -> Result<Vec<String>, Problem> {
    let known = |word: &str| STATUSES.contains(&word) || word == NEVER;
    match (query.get("status"), query.get("status__in")) {
        (Some(_), Some(_)) => {
            let message = "Pass either `status` or `status__in`, not both.";
            Err(Problem::new(StatusCode::BAD_REQUEST, "conflicting_filters", message))
        }
        (Some(word), None) if known(word) => Ok(vec![word.to_owned()]),
        (Some(_), None) => Err(Problem::field("query.status", format!("It should be one of {}.", STATUSES.join(", ")))),
        (None, Some(list)) => {
            let words: Vec<&str> = list.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
            if words.is_empty() || words.len() > STATUSES.len() + 1 || !words.iter().all(|word| known(word)) {
                let message = format!("`status__in` should list some of {}, separated by commas.", STATUSES.join(", "));
                return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_status_in", message));
            }
            Ok(words.into_iter().map(str::to_owned).collect())
        }
        (None, None) => Ok(Vec::new()),
    }
}

/// What waits to begin first, then what began, each newest first.
pub(super) async fn page(door: &Door, asked: &Asked) -> Result<Page, Problem> {
    let reader = door.handle.reader();
    let mut waiting = Vec::new();
    let pending = asked.statuses.is_empty() || asked.statuses.iter().any(|status| status == "pending");
    if pending && !asked.began.asks_of_runs() {
        let asked_for = |by: &str| asked.triggered_by.as_deref().is_none_or(|wanted| wanted == by);
        waiting = reader.occurrences_waiting(asked.account.clone(), asked.cue_id.clone(), WAITING_MAX).await?;
        waiting.retain(|row| asked_for(&row.triggered_by));
        if let Some(agent) = &asked.began.agent {
            let (cues, _) = reader.cues(asked.account.clone(), None, CUES_MAX, 0).await?;
            let own: HashSet<&str> =
                cues.iter().filter(|cue| cue.definition.agent == *agent).map(|cue| cue.id.as_str()).collect();
            waiting.retain(|row| own.contains(row.cue_id.as_str()));
        }
    }
    let waiting_total = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
    let shown = waiting.iter().skip(asked.offset as usize).take(asked.limit as usize);
    let mut executions: Vec<Value> = shown.map(wire::unbegun).collect();
    let taken = u32::try_from(executions.len()).unwrap_or(u32::MAX);
    let filter = RunFilter {
        account: asked.account.clone(),
        cue_id: asked.cue_id.clone(),
        statuses: asked.statuses.clone(),
        triggered_by: asked.triggered_by.clone(),
        limit: asked.limit - taken,
        offset: asked.offset.saturating_sub(waiting_total),
        ..asked.began.clone()
    };
    let (runs, began) = reader.runs(filter).await?;
    for run in &runs {
        executions.push(dressed(door, run).await?);
    }
    Ok(Page { executions, total: began.saturating_add(waiting_total) })
}

/// A run with what is kept apart from it: what its web hook answered, and how deep in a chain it is.
async fn dressed(door: &Door, run: &Run) -> Result<Value, Problem> {
    let mut execution = wire::execution(run);
    let reader = door.handle.reader();
    if matches!(run.definition.transport, Transport::Webhook(_)) {
        let outputs = reader.outputs(run.id.0.clone()).await?;
        let answer = outputs.last().map(|output| output.stdout.chars().take(ANSWER_CHARS_MAX).collect::<String>());
        execution["response_body"] = json!(answer);
    }
    if matches!(run.trigger, Trigger::Chain { .. } | Trigger::Fallback { .. }) {
        execution["chain_depth"] = json!(reader.chain_depth(run.id.0.clone()).await?);
    }
    Ok(execution)
}

pub(super) async fn get(State(door): State<Door>, caller: Caller, Id(id): Id) -> Result<Json<Value>, Problem> {
    caller.reads_run(&id)?;
    let reader = door.handle.reader();
    if let Some(run) = reader.run(id.clone()).await? {
        cues::of_execution(&door, &caller, &run.cue_id.0).await?;
        return dressed(&door, &run).await.map(Json);
    }
    let row = reader.occurrence_of_run(id).await?.ok_or_else(Problem::no_execution)?;
    cues::of_execution(&door, &caller, &row.cue_id).await?;
    Ok(Json(wire::unbegun(&row)))
}

pub(super) async fn report(
    State(door): State<Door>,
    caller: Caller,
    Id(id): Id,
    given: Given,
) -> Result<Json<Value>, Problem> {
    let attempt = caller.reports(&id)?;
    own::run(&door, &caller, &id).await?;
    let outcome = outcome::read(&given.required()?)?;
    let success = outcome.success;
    let run_id = RunId(id);
    let input = Input::Report { run_id: run_id.clone(), attempt, outcome: Box::new(outcome) };
    let (verdict, reason, waits) = match door.handle.run_by(caller.whose(), &run_id, input).await {
        Ok(Answer::Recorded { verdict, reason, waits }) => (verdict, reason, waits),
        Ok(_) => (None, None, false),
        Err(Trouble::Refused(refusal)) if refusal.code == RefusalCode::NotFound => {
            return Err(unreported(&door, &caller, run_id).await?);
        }
        Err(trouble) => return Err(trouble.into()),
    };
    Ok(Json(json!({
        "execution_id": run_id.0,
        "outcome_recorded": true,
        "outcome_state": wire::state_after_report(verdict, success, waits),
        "reason": reason,
        "verdict": verdict.map(Verdict::word),
    })))
}

/// Why there was no live run to report about.
async fn unreported(door: &Door, caller: &Caller, run_id: RunId) -> Result<Problem, Problem> {
    let mut row = door.handle.reader().occurrence_of_run(run_id.0).await?;
    if let (Some(found), Some(account)) = (&row, caller.whose()) {
        let cue = door.handle.reader().cue(found.cue_id.clone()).await?;
        row = row.filter(|_| cue.is_some_and(|cue| cue.definition.account == *account));
    }
    Ok(match row.map(|row| row.run.is_some()) {
        None => Problem::no_execution(),
        Some(true) => {
            let message = "The cue of this run was deleted; its outcome no longer counts.";
            Problem::new(StatusCode::CONFLICT, RefusalCode::RunStopped.word(), message)
        }
        Some(false) => {
            let message = "This execution has not begun, so there is nothing to report about it yet.";
            Problem::new(StatusCode::CONFLICT, RefusalCode::NotDelivered.word(), message)
        }
    })
}

pub(super) async fn replay(State(door): State<Door>, caller: Caller, Id(id): Id) -> Result<Json<Value>, Problem> {
    caller.writes_cues()?;
    let reader = door.handle.reader();
    let (in_flight, cue_id, payload, exit_criteria) = match reader.run(id.clone()).await? {
        Some(run) => (run.is_live(), run.cue_id, Some(run.payload), run.exit_criteria),
        None => {
            let row = reader.occurrence_of_run(id.clone()).await?.ok_or_else(Problem::no_execution)?;
            let in_flight = matches!(row.state.as_str(), "due" | "held");
            (in_flight, cuetower_core::id::CueId(row.cue_id), None, Vec::new())
        }
    };
    // First: another account is not told that there is such a run.
    cues::of_execution(&door, &caller, &cue_id.0).await?;
    if in_flight {
        let message = "Cannot replay an execution that is still in progress";
        return Err(Problem::new(StatusCode::CONFLICT, "execution_in_flight", message));
    }
    let trigger = Trigger::Replay { of: RunId(id.clone()) };
    let fire = Fire { payload, send_at: None, key: None, exit_criteria, trigger };
    let mut fired = cues::fired(&door, &cue_id, fire).await?;
    fired["replayed_from"] = json!(id);
    Ok(Json(fired))
}
