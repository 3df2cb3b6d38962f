//! The one shape in which this door says no: CueAPI's, in both the places where its clients look.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use cuetower_core::input::RefusalCode;
use serde_json::{Value, json};

use crate::definition::{self, Invalid};
use crate::handle::Trouble;
use crate::journal::StoreError;

/// A refusal on its way out. `code` is for programs, `message` for people.
#[derive(Debug)]
pub(super) struct Problem {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
    /// For bad fields, each.
    pub details: Vec<Invalid>,
    pub retry_after_s: Option<u16>,
    /// What else the refusal names, beside `code` and `message`.
    pub beside: Vec<(&'static str, Value)>,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Problem {
        Problem { status, code, message: message.into(), details: Vec::new(), retry_after_s: None, beside: Vec::new() }
    }

    pub fn no_cue() -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "cue_not_found", "Cue not found")
    }

    pub fn no_execution() -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "execution_not_found", "Execution not found")
    }

    /// One bad field of the body or the query: `body.send_at`, `query.limit`.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem::fields(vec![Invalid { field: field.into(), message: message.into() }])
    }

    /// Several; they are named from the outside in (`body.retry.max_attempts`).
    pub fn fields(details: Vec<Invalid>) -> Problem {
        let message =
            details.iter().map(|bad| format!("{}: {}", bad.field, bad.message)).collect::<Vec<_>>().join("; ");
        Problem { details, ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_error", message) }
    }

    /// What is wrong with the definition of a cue, under the code that CueAPI has for its first fault.
    pub fn definition(faults: Vec<Invalid>, body: &Value) -> Problem {
        let code = faults.first().map(|fault| code_of(&fault.field, body)).unwrap_or_default();
        let first = faults.first().map(|fault| fault.message.clone()).unwrap_or_default();
        let details = faults.into_iter().map(|fault| Invalid { field: below_body(&fault.field), ..fault }).collect();
        let fields = Problem::fields(details);
        match code {
            Some((status, code)) => Problem { status, code, message: first, ..fields },
            None => fields,
        }
    }

    pub fn retry_after(self, seconds: u16) -> Problem {
        Problem { retry_after_s: Some(seconds), ..self }
    }
}

fn below_body(field: &str) -> String {
    if field.is_empty() { "body".to_owned() } else { format!("body.{field}") }
}

fn code_of(field: &str, body: &Value) -> Option<(StatusCode, &'static str)> {
    match field {
        "schedule.cron" | "schedule.at" | "schedule.type" | "cron" | "at" => {
            Some((StatusCode::BAD_REQUEST, "invalid_schedule"))
        }
        "schedule.timezone" | "timezone" => Some((StatusCode::UNPROCESSABLE_ENTITY, "invalid_timezone")),
        "callback.url" if !body["callback"]["url"].is_null() => Some((StatusCode::BAD_REQUEST, "invalid_callback_url")),
        "payload" if definition::holds_nul(&body["payload"]) => Some((StatusCode::BAD_REQUEST, "invalid_payload")),
        "payload" if body["payload"].is_object() => Some((StatusCode::BAD_REQUEST, "invalid_payload_size")),
        "callback_url" => Some((StatusCode::BAD_REQUEST, "invalid_callback_url")),
        _ => None,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut error = json!({ "code": self.code, "message": self.message, "status": self.status.as_u16() });
        if !self.details.is_empty() {
            let details: Vec<Value> =
                self.details.iter().map(|bad| json!({ "field": bad.field, "message": bad.message })).collect();
            error["details"] = Value::from(details);
        }
        for (field, value) in self.beside {
            error[field] = value;
        }
        let mut response = (self.status, Json(json!({ "error": error, "detail": { "error": error } }))).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Problem {
        let message = trouble.to_string();
        match trouble {
            Trouble::Refused(refusal) => match refusal.code {
                RefusalCode::NotFound => Problem::new(StatusCode::NOT_FOUND, "not_found", message),
                code @ RefusalCode::StepNotFound => Problem::new(StatusCode::NOT_FOUND, code.word(), message),
                RefusalCode::Invalid => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_error", message),
                RefusalCode::TooMany => {
                    Problem::new(StatusCode::TOO_MANY_REQUESTS, RefusalCode::TooMany.word(), message).retry_after(5)
                }
                code @ (RefusalCode::NotOwner | RefusalCode::CueLimit) => {
                    Problem::new(StatusCode::FORBIDDEN, code.word(), message)
                }
                code @ RefusalCode::LiveClaimUnattested => {
                    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code.word(), message)
                }
                code @ (RefusalCode::OutcomeAlreadyRecorded
                | RefusalCode::AttemptSuperseded
                | RefusalCode::RunStopped
                | RefusalCode::RunEnded
                | RefusalCode::NotDelivered
                | RefusalCode::RevisionConflict
                | RefusalCode::ClaimFailed
                | RefusalCode::WaitsForItself
                | RefusalCode::NotClaimed
                | RefusalCode::InvalidState
                | RefusalCode::NoOutcome
                | RefusalCode::StepAlreadyCompleted
                | RefusalCode::AlreadyAttested
                | RefusalCode::BudgetSpent
                | RefusalCode::GateSettled
                | RefusalCode::GateChanged
                | RefusalCode::GateWithdrawn
                | RefusalCode::IdempotencyKeyConflict) => Problem::new(StatusCode::CONFLICT, code.word(), message),
            },
            Trouble::DuplicateName(name) => {
                let message = format!("A cue named '{name}' already exists; names are unique. Choose another.");
                Problem::new(StatusCode::CONFLICT, "duplicate_cue_name", message)
            }
            Trouble::NotFound(_) => Problem::new(StatusCode::NOT_FOUND, "not_found", message),
            Trouble::Unfit { field, .. } => Problem::field(below_body(field), message),
            Trouble::Gated { gate, waits } => {
                let code = if waits { "step_waits_for_owner" } else { "step_denied" };
                let beside = vec![("gate", Value::String(gate.0))];
                Problem { beside, ..Problem::new(StatusCode::CONFLICT, code, message) }
            }
            Trouble::Busy => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message).retry_after(1),
            Trouble::Stopping => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", message).retry_after(5),
            Trouble::Store(_) => store_trouble(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        tracing::error!(%error, "the agents' door could not read the store");
        store_trouble()
    }
}

/// An agent is not told where the owner's files are.
fn store_trouble() -> Problem {
    let message = "The tower's store could not be used, so nothing was done; try again.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store_trouble", message).retry_after(5)
}
