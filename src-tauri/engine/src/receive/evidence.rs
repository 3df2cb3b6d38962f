//! What is said about an execution after its outcome: evidence shown later, whether it is so, and which session had it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use cuetower_core::id::RunId;
use cuetower_core::input::{Answer, Input, RefusalCode};
use cuetower_core::verdicts;
use serde_json::{Value, json};

use super::caller::Caller;
use super::given::{Given, Id};
use super::problem::Problem;
use super::{Door, cues, outcome, own, wire};
use crate::handle::Trouble;
use crate::token::key_hash;

routes! {
    post "/v1/executions/{id}/verify" => verify;
    post "/v1/executions/{id}/verification-pending" => pending;
    patch "/v1/executions/{id}/evidence" => add;
    post "/v1/executions/{id}/live-claim" => live_claim;
}

const REASON_CHARS_MAX: usize = 500;
const SESSION_CHARS_MAX: usize = 500;

/// Whoever may fire cues may say whether what they did is so. The run itself may not.
pub(super) async fn verify(
    State(door): State<Door>,
    caller: Caller,
    Id(id): Id,
    given: Given,
) -> Result<Json<Value>, Problem> {
    caller.writes_cues()?;
    if matches!(caller.reports(&id), Ok(Some(_))) {
        let message = "A run does not verify itself; leave its token out.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "run_token_not_allowed", message));
    }
    let body = given.0.unwrap_or_default();
    let valid = match body.get("valid").filter(|valid| !valid.is_null()) {
        None => true,
        Some(valid) => {
            valid.as_bool().ok_or_else(|| Problem::field("body.valid", "Input should be a valid boolean"))?
        }
    };
    let reason = text(body.get("reason"), "reason", REASON_CHARS_MAX)?;
    let input = Input::Verify { run_id: RunId(id.clone()), valid, by: "an API key".to_owned(), reason: reason.clone() };
    let none_yet = (RefusalCode::InvalidState, "Cannot verify from state 'None'");
    said(&door, &caller, &id, input, none_yet).await?;
    let mut shown = shown(&door, id).await?;
    shown["valid"] = json!(valid);
    shown["reason"] = json!(reason);
    Ok(Json(shown))
}

/// Somebody is to look at it.
pub(super) async fn pending(State(door): State<Door>, caller: Caller, Id(id): Id) -> Result<Json<Value>, Problem> {
    caller.reports(&id)?;
    let input = Input::AskVerification { run_id: RunId(id.clone()) };
    said(&door, &caller, &id, input, (RefusalCode::NoOutcome, "No outcome recorded yet")).await?;
    shown(&door, id).await.map(Json)
}

/// More to show for the outcome; what is left out or null stays as it was.
pub(super) async fn add(
    State(door): State<Door>,
    caller: Caller,
    Id(id): Id,
    given: Given,
) -> Result<Json<Value>, Problem> {
    let attempt = caller.reports(&id)?;
    let evidence = Box::new(outcome::read_evidence(&given.required()?)?);
    let input = Input::Evidence { run_id: RunId(id.clone()), attempt, evidence };
    let none_yet = (RefusalCode::NoOutcome, "Report outcome first before appending evidence");
    said(&door, &caller, &id, input, none_yet).await?;
    let mut shown = shown(&door, id).await?;
    shown["evidence_updated"] = json!(true);
    Ok(Json(shown))
}

/// A session of a person's own tool says that it has the execution; what runs in the background cannot say so.
pub(super) async fn live_claim(
    State(door): State<Door>,
    caller: Caller,
    Id(id): Id,
    given: Given,
) -> Result<Json<Value>, Problem> {
    caller.works()?;
    let body = given.required()?;
    let session = text(body.get("session_token"), "session_token", SESSION_CHARS_MAX)?;
    let session = session.ok_or_else(|| Problem::field("body.session_token", "Field required"))?;
    let input = Input::LiveClaim { run_id: RunId(id.clone()), session: key_hash(&session) };
    let none_yet = (RefusalCode::NotDelivered, "This execution has not begun, so nobody can have it yet.");
    match said(&door, &caller, &id, input, none_yet).await? {
        Answer::LiveClaimed { at } => {
            Ok(Json(json!({ "attested": true, "execution_id": id, "live_claimed_at": wire::time(at) })))
        }
        _ => Err(Problem::no_execution()),
    }
}

/// Hands it to the run. `none_yet`: the refusal if the execution is there, and has not begun.
async fn said(
    door: &Door,
    caller: &Caller,
    id: &str,
    input: Input,
    none_yet: (RefusalCode, &str),
) -> Result<Answer, Problem> {
    own::run(door, caller, id).await?;
    match door.handle.run_by(caller.whose(), &RunId(id.to_owned()), input).await {
        Err(Trouble::Refused(refusal)) if refusal.code == RefusalCode::NotFound => {
            let row = door.handle.reader().occurrence_of_run(id.to_owned()).await?;
            let row = row.filter(|row| row.run.is_none()).ok_or_else(Problem::no_execution)?;
            cues::of_execution(door, caller, &row.cue_id).await?;
            Err(Problem::new(StatusCode::CONFLICT, none_yet.0.word(), none_yet.1))
        }
        answer => Ok(answer?),
    }
}

/// How the execution stands after it.
async fn shown(door: &Door, id: String) -> Result<Value, Problem> {
    let run = door.handle.reader().run(id.clone()).await?.ok_or_else(Problem::no_execution)?;
    Ok(json!({ "execution_id": id, "outcome_state": verdicts::outcome_state(&run) }))
}

fn text(found: Option<&Value>, field: &str, chars_max: usize) -> Result<Option<String>, Problem> {
    let bad = |message: String| Err(Problem::field(format!("body.{field}"), message));
    match found {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() > chars_max => {
            bad(format!("String should have at most {chars_max} characters"))
        }
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => bad("Input should be a valid string".to_owned()),
    }
}
