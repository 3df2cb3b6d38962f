//! Outcomes as agents report them: strictly from a POST, leniently from the answer to a webhook.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use cuetower_core::outcome::{Evidence, NextRun, Outcome};
use serde_json::{Map, Value};

use super::cues::instant;
use super::problem::Problem;
use crate::definition::{ASSERTION_CHARS_MAX, ASSERTIONS_MAX, Invalid};
use crate::redacting::HIDDEN;

/// Characters, as CueAPI counts them.
const RESULT_MAX: usize = 2_000;
const REFERENCE_MAX: usize = 500;
const TYPE_MAX: usize = 100;
const URL_MAX: usize = 2_083;
/// Bytes of JSON.
const METADATA_MAX: usize = Outcome::METADATA_BYTES_MAX;
const ARTIFACTS_MAX: usize = 64 * 1024;

/// Further ahead no cue lets its agent ask.
const NEXT_RUN_S_MAX: f64 = 366.0 * 24.0 * 3_600.0;

/// Reads a reported outcome. Fields that no outcome has are ignored, as CueAPI does.
pub(super) fn read(body: &Map<String, Value>) -> Result<Outcome, Problem> {
    metadata_fits(body)?;
    let mut reading = Reading { body, strict: true, faults: Vec::new() };
    let outcome = reading.outcome();
    if reading.faults.is_empty() { Ok(outcome) } else { Err(Problem::fields(reading.faults)) }
}

/// The outcome in a webhook's answer, if its `success` is a boolean. What does not fit is cut or left out: the answer
/// cannot be sent back.
#[must_use]
pub fn outcome_in_answer(answer: &Value) -> Option<Outcome> {
    let body = answer.as_object().filter(|body| body.get("success").is_some_and(Value::is_boolean))?;
    Some(Reading { body, strict: false, faults: Vec::new() }.outcome())
}

/// Reads what is shown for an outcome after it was recorded.
pub(super) fn read_evidence(body: &Map<String, Value>) -> Result<Evidence, Problem> {
    metadata_fits(body)?;
    let mut reading = Reading { body, strict: true, faults: Vec::new() };
    let evidence = Evidence {
        summary: reading.text("summary", REFERENCE_MAX),
        external_id: reading.text("external_id", REFERENCE_MAX),
        result_url: reading.url("result_url"),
        result_ref: reading.text("result_ref", REFERENCE_MAX),
        result_type: reading.text("result_type", TYPE_MAX),
        artifacts: reading.get("artifacts").map(|_| reading.artifacts()),
        assertions: reading.assertions(),
        metadata: reading.metadata(),
    };
    if reading.faults.is_empty() { Ok(evidence) } else { Err(Problem::fields(reading.faults)) }
}

fn metadata_fits(body: &Map<String, Value>) -> Result<(), Problem> {
    if json_length(body.get("metadata").unwrap_or(&Value::Null)) <= METADATA_MAX {
        return Ok(());
    }
    Err(Problem::new(StatusCode::BAD_REQUEST, "metadata_too_large", "Outcome metadata must be under 10KB"))
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
            next_run: self.next_run(),
            assertions: self.assertions(),
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

    /// A cut URL leads elsewhere, so a long one is left out; so is one whose beginning was blotted out.
    fn url(&mut self, field: &str) -> Option<String> {
        let good =
            |text: &String| text.chars().count() <= URL_MAX && url::Url::parse(text).is_ok_and(|url| url.has_host());
        match self.get(field)? {
            Value::String(text) if good(&text) => Some(text),
            Value::String(text) if text.contains(HIDDEN) => None,
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

    /// From the top level, else from `metadata`, which is free form.
    fn assertions(&mut self) -> BTreeMap<String, bool> {
        if let Some(found) = self.get("assertions") {
            let read = assertions_in(&found);
            if read.is_none() {
                let message = format!(
                    "Input should be an object of names and true or false, or a list of {{\"name\", \"passed\"}}, at most {ASSERTIONS_MAX} of them"
                );
                self.fault("assertions", message);
            }
            return read.unwrap_or_default();
        }
        let of_metadata = self.body.get("metadata").and_then(|metadata| metadata.get("assertions"));
        of_metadata.and_then(assertions_in).unwrap_or_default()
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

    /// From the top level, else from `metadata`.
    fn next_run(&mut self) -> Option<NextRun> {
        let (at, length) = (self.get("next_run_at"), self.get("next_run_in_seconds"));
        let asked = next_run_at(at.as_ref()).or_else(|| next_run_in(length.as_ref()));
        if at.is_some() && length.is_some() {
            self.fault("next_run_at", "`next_run_at` and `next_run_in_seconds` say the same; send one of them");
            return asked;
        }
        if asked.is_none() && at.is_some() {
            self.fault("next_run_at", "Input should be an instant such as 2027-01-31T09:00:00+01:00");
        }
        if asked.is_none() && length.is_some() {
            self.fault(
                "next_run_in_seconds",
                "Input should be a number of seconds from 0 to 31622400, which is 366 days",
            );
        }
        if at.is_some() || length.is_some() {
            return asked;
        }
        let metadata = self.body.get("metadata")?;
        next_run_at(metadata.get("next_run_at")).or_else(|| next_run_in(metadata.get("next_run_in_seconds")))
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

/// An object, or a list, of names and whether they are met. None if it is neither.
fn assertions_in(found: &Value) -> Option<BTreeMap<String, bool>> {
    let fits = |name: &str| (1..=ASSERTION_CHARS_MAX).contains(&name.chars().count());
    let one = |entry: &Value| {
        let first = |names: &[&str]| names.iter().find_map(|name| entry.get(name)).cloned();
        let name = first(&["name", "id"])?.as_str().filter(|name| fits(name))?.to_owned();
        Some((name, first(&["passed", "met", "value"])?.as_bool()?))
    };
    let read: Option<BTreeMap<String, bool>> = match found {
        Value::Object(map) => {
            map.iter().map(|(name, met)| Some((name.clone(), met.as_bool().filter(|_| fits(name))?))).collect()
        }
        Value::Array(list) => list.iter().map(one).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    read.filter(|read| read.len() <= ASSERTIONS_MAX)
}

fn next_run_at(found: Option<&Value>) -> Option<NextRun> {
    found?.as_str().and_then(instant).map(NextRun::At)
}

fn next_run_in(found: Option<&Value>) -> Option<NextRun> {
    let seconds = found?.as_f64().filter(|seconds| (0.0..=NEXT_RUN_S_MAX).contains(seconds))?;
    Some(NextRun::InMs((seconds * 1_000.0).round() as u64))
}

fn json_length(value: &Value) -> usize {
    value.to_string().len()
}
