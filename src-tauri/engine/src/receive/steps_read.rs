//! What a request about a step brings, field by field.

use cuetower_core::step::{KEY_BYTES_MAX, PAYLOAD_BYTES_MAX, StepKind};
use serde_json::{Map, Value};

use super::problem::Problem;
use super::steps::too_long;

const RETRIES_MAX: u64 = 1_000_000;

/// 1 to 200 bytes without control characters.
pub(super) fn key(text: &str, field: &str) -> Result<String, Problem> {
    if text.is_empty() || text.len() > KEY_BYTES_MAX || text.chars().any(char::is_control) {
        let message = format!(
            "A step's key is a text of 1 to {KEY_BYTES_MAX} bytes without control characters, such as `charge`."
        );
        return Err(Problem::field(field, message));
    }
    Ok(text.to_owned())
}

pub(super) fn text(body: &Map<String, Value>, field: &str) -> Result<Option<String>, Problem> {
    match body.get(field).filter(|value| !value.is_null()) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Problem::field(format!("body.{field}"), "Input should be a valid string")),
    }
}

pub(super) fn kind(body: &Map<String, Value>) -> Result<Option<StepKind>, Problem> {
    let Some(word) = text(body, "kind")? else { return Ok(None) };
    StepKind::of(&word).map(Some).ok_or_else(|| {
        let words = StepKind::ALL.map(StepKind::word).join(", ");
        Problem::field("body.kind", format!("It should be one of {words}."))
    })
}

/// As JSON text; None if it is not there.
pub(super) fn payload(body: &mut Map<String, Value>, field: &str) -> Result<Option<String>, Problem> {
    let Some(value) = body.remove(field) else { return Ok(None) };
    let text = value.to_string();
    if text.len() > PAYLOAD_BYTES_MAX { Err(too_long(field)) } else { Ok(Some(text)) }
}

pub(super) fn retries(body: &Map<String, Value>) -> Result<Option<u32>, Problem> {
    match body.get("retries").filter(|value| !value.is_null()) {
        None => Ok(None),
        Some(value) => {
            let count =
                value.as_u64().filter(|count| *count <= RETRIES_MAX).and_then(|count| u32::try_from(count).ok());
            let bad =
                || Problem::field("body.retries", format!("Input should be a whole number from 0 to {RETRIES_MAX}"));
            count.map(Some).ok_or_else(bad)
        }
    }
}
