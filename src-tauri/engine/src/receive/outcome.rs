//! Outcomes as agents report them: strictly from a POST, leniently from the answer to a webhook.

use axum::http::StatusCode;
use cuetower_core::outcome::Outcome;
use serde_json::{Map, Value};

use super::problem::Problem;
use crate::definition::Invalid;

/// Characters, as CueAPI counts them.
const RESULT_MAX: usize = 2_000;
const REFERENCE_MAX: usize = 500;
const TYPE_MAX: usize = 100;
const URL_MAX: usize = 2_083;
/// Bytes of JSON.
const METADATA_MAX: usize = 10_240;
const ARTIFACTS_MAX: usize = 64 * 1024;

/// Part of SPEC 3 and not built yet; ignoring them would be a run that never comes.
const UNBUILT: [&str; 2] = ["next_run_at", "next_run_in_seconds"];

/// Reads a reported outcome. Fields that no outcome has are ignored, as CueAPI does.
pub(super) fn read(body: &Map<String, Value>) -> Result<Outcome, Problem> {
    let metadata = body.get("metadata").unwrap_or(&Value::Null);
    if json_length(metadata) > METADATA_MAX {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "metadata_too_large", "Outcome metadata must be under 10KB"));
    }
    let mut reading = Reading { body, strict: true, faults: Vec::new() };
    let outcome = reading.outcome();
    for field in UNBUILT.iter().filter(|field| body.get(**field).is_some_and(|value| !value.is_null())) {
        reading.fault(field, format!("`{field}` is not built yet, so it would be ignored; leave it out."));
    }
    if reading.faults.is_empty() { Ok(outcome) } else { Err(Problem::fields(reading.faults)) }
}

/// The outcome in a webhook's answer, if its `success` is a boolean. What does not fit is cut or left out: the answer
/// cannot be sent back.
#[must_use]
pub fn outcome_in_answer(answer: &Value) -> Option<Outcome> {
    let body = answer.as_object().filter(|body| body.get("success").is_some_and(Value::is_boolean))?;
    Some(Reading { body, strict: false, faults: Vec::new() }.outcome())
}

struct Reading<'a> {
    body: &'a Map<String, Value>,
    strict: bool,
    /// Kept when strict.
    faults: Vec<Invalid>,
}

impl Reading<'_> {
    fn outcome(&mut self) -> Outcome {
        Outcome {
            success: self.success(),
            result: self.text("result", RESULT_MAX),
            error: self.text("error", RESULT_MAX),
            summary: self.text("summary", REFERENCE_MAX),
            external_id: self.text("external_id", REFERENCE_MAX),
            result_url: self.url("result_url"),
            result_ref: self.text("result_ref", REFERENCE_MAX),
            result_type: self.text("result_type", TYPE_MAX),
            artifacts: self.artifacts(),
            processed: self.count("processed"),
            errors: self.count("errors"),
            expected: self.count("expected"),
            tokens: self.count("tokens"),
            cost_usd: self.count("cost_usd"),
            metadata: self.metadata(),
        }
    }

    fn fault(&mut self, field: &str, message: impl Into<String>) {
        self.faults.push(Invalid { field: format!("body.{field}"), message: message.into() });
    }

    /// A field that is there and not null.
    fn get(&self, field: &str) -> Option<Value> {
        self.body.get(field).filter(|value| !value.is_null()).cloned()
    }

    fn success(&mut self) -> bool {
        match self.get("success") {
            Some(Value::Bool(success)) => return success,
            None => self.fault("success", "Field required"),
            Some(_) => self.fault("success", "Input should be a valid boolean"),
        }
        false
    }

    fn text(&mut self, field: &str, chars_max: usize) -> Option<String> {
        match self.get(field)? {
            Value::String(text) if text.chars().count() <= chars_max => return Some(text),
            Value::String(text) if !self.strict => return Some(text.chars().take(chars_max).collect()),
            Value::String(_) => self.fault(field, format!("String should have at most {chars_max} characters")),
            _ => self.fault(field, "Input should be a valid string"),
        }
        None
    }

    /// A cut URL leads elsewhere, so a long one is left out.
    fn url(&mut self, field: &str) -> Option<String> {
        let good =
            |text: &String| text.chars().count() <= URL_MAX && url::Url::parse(text).is_ok_and(|url| url.has_host());
        match self.get(field)? {
            Value::String(text) if good(&text) => Some(text),
            _ => {
                self.fault(field, format!("Input should be a valid URL of at most {URL_MAX} characters"));
                None
            }
        }
    }

    fn artifacts(&mut self) -> Vec<Value> {
        match self.get("artifacts") {
            None => return Vec::new(),
            Some(Value::Array(list)) if list.iter().map(json_length).sum::<usize>() <= ARTIFACTS_MAX => return list,
            Some(Value::Array(_)) => self.fault("artifacts", "The list should be under 64 KiB; send references"),
            Some(_) => self.fault("artifacts", "Input should be a valid list"),
        }
        Vec::new()
    }

    fn metadata(&mut self) -> Value {
        match self.get("metadata") {
            None => Value::Null,
            Some(map @ Value::Object(_)) if json_length(&map) <= METADATA_MAX => map,
            Some(_) => {
                self.fault("metadata", "Input should be a valid dictionary");
                Value::Null
            }
        }
    }

    /// From the top level, else from `metadata`, which is free form: what is no count there is something else.
    fn count(&mut self, field: &str) -> Option<f64> {
        let is_count = |number: &f64| number.is_finite() && *number >= 0.0;
        if let Some(value) = self.get(field) {
            let count = value.as_f64().filter(is_count);
            if count.is_none() {
                self.fault(field, "Input should be a number of 0 or more");
            }
            return count;
        }
        self.body.get("metadata")?.get(field)?.as_f64().filter(is_count)
    }
}

fn json_length(value: &Value) -> usize {
    value.to_string().len()
}
