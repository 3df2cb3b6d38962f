//! What an agent reported about a run. Whether it is believed is `expect`'s question.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Ms;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcome {
    pub success: bool,
    pub result: Option<String>,
    pub error: Option<String>,
    pub summary: Option<String>,
    pub external_id: Option<String>,
    pub result_url: Option<String>,
    pub result_ref: Option<String>,
    pub result_type: Option<String>,
    pub artifacts: Vec<Value>,
    /// Records worked on, of them wrong, and how many there should have been.
    pub processed: Option<f64>,
    pub errors: Option<f64>,
    pub expected: Option<f64>,
    pub tokens: Option<f64>,
    pub cost_usd: Option<f64>,
    /// When the agent wants its next run, if it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_run: Option<NextRun>,
    /// By name, whether it was met.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub assertions: BTreeMap<String, bool>,
    /// Free form, at most `METADATA_BYTES_MAX` of JSON; `Null` if none.
    pub metadata: Value,
}

/// What is shown for an outcome after it was recorded; what is None stays as it was.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    pub summary: Option<String>,
    pub external_id: Option<String>,
    pub result_url: Option<String>,
    pub result_ref: Option<String>,
    pub result_type: Option<String>,
    pub artifacts: Option<Vec<Value>>,
    pub assertions: BTreeMap<String, bool>,
    /// An object, whose fields are laid over those that are there; `Null` if none.
    pub metadata: Value,
}

/// The next run that an agent asks for; within the limits of its cue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextRun {
    At(Ms),
    /// Counted from the report.
    InMs(u64),
}

impl Outcome {
    /// Of `metadata`, as JSON.
    pub const METADATA_BYTES_MAX: usize = 10_240;

    /// Its fields by name, whether or not they were reported.
    pub const FIELDS: [&str; 16] = [
        "success",
        "processed",
        "errors",
        "expected",
        "tokens",
        "cost_usd",
        "result",
        "error",
        "summary",
        "external_id",
        "result_url",
        "result_ref",
        "result_type",
        "artifacts",
        "metadata",
        "assertions",
    ];

    /// A reported field; None: it was not. `metadata.rows` and `assertions.sent` look inside.
    #[must_use]
    pub fn field(&self, path: &str) -> Option<Value> {
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let text = |text: &Option<String>| text.clone().map(Value::String);
        let whole = match name {
            "success" => Some(Value::Bool(self.success)),
            "processed" => self.processed.and_then(number),
            "errors" => self.errors.and_then(number),
            "expected" => self.expected.and_then(number),
            "tokens" => self.tokens.and_then(number),
            "cost_usd" => self.cost_usd.and_then(number),
            "result" => text(&self.result),
            "error" => text(&self.error),
            "summary" => text(&self.summary),
            "external_id" => text(&self.external_id),
            "result_url" => text(&self.result_url),
            "result_ref" => text(&self.result_ref),
            "result_type" => text(&self.result_type),
            "artifacts" => (!self.artifacts.is_empty()).then(|| Value::Array(self.artifacts.clone())),
            "metadata" => Some(self.metadata.clone()),
            "assertions" => Some(self.assertions.iter().map(|(name, met)| (name.clone(), Value::Bool(*met))).collect()),
            _ => None,
        }?;
        let inner = rest.into_iter().flat_map(|rest| rest.split('.')).try_fold(&whole, |value, key| value.get(key));
        inner.filter(|value| !value.is_null()).cloned()
    }

    /// Whether it shows something of the work itself: an id, an address, a reference, things made.
    #[must_use]
    pub fn has_evidence(&self) -> bool {
        let texts = [&self.external_id, &self.result_url, &self.result_ref];
        !self.artifacts.is_empty() || texts.into_iter().flatten().any(|text| !text.trim().is_empty())
    }

    /// Whether it says that a person's own session did the work.
    #[must_use]
    pub fn says_live(&self) -> bool {
        self.metadata.get("executed_via").is_some_and(|via| via == "live")
    }

    /// The same with more to show for it.
    #[must_use]
    pub fn with(&self, more: &Evidence) -> Outcome {
        // Nothing to show takes nothing away.
        let is_there = |text: &String| !text.trim().is_empty();
        let newer = |new: &Option<String>, old: &Option<String>| new.clone().filter(is_there).or_else(|| old.clone());
        let mut whole = Outcome {
            summary: newer(&more.summary, &self.summary),
            external_id: newer(&more.external_id, &self.external_id),
            result_url: newer(&more.result_url, &self.result_url),
            result_ref: newer(&more.result_ref, &self.result_ref),
            result_type: newer(&more.result_type, &self.result_type),
            artifacts: more
                .artifacts
                .clone()
                .filter(|artifacts| !artifacts.is_empty())
                .unwrap_or_else(|| self.artifacts.clone()),
            ..self.clone()
        };
        whole.assertions.extend(more.assertions.clone());
        if let Value::Object(new) = &more.metadata {
            match &mut whole.metadata {
                Value::Object(old) => old.extend(new.clone()),
                other => *other = more.metadata.clone(),
            }
        }
        whole
    }

    /// The outcome a process makes by ending, for cues confirmed by their exit code.
    #[must_use]
    pub fn of_exit(success: bool, words: &str) -> Outcome {
        let words = Some(words.to_owned());
        if success {
            Outcome { success, result: words, ..Outcome::default() }
        } else {
            Outcome { success, error: words, ..Outcome::default() }
        }
    }
}

/// Whole ones without the `.0`.
fn number(number: f64) -> Option<Value> {
    if number.fract() == 0.0 && number.abs() <= 9e15 {
        return Some(Value::from(number as i64));
    }
    serde_json::Number::from_f64(number).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_what_was_reported_under_its_name() {
        let told = Outcome {
            success: true,
            processed: Some(200.0),
            cost_usd: Some(0.5),
            metadata: json!({ "rows": 3, "by": { "day": [1] } }),
            assertions: [("sent".to_owned(), true)].into(),
            ..Outcome::default()
        };
        let field = |path: &str| told.field(path);
        assert_eq!((field("processed"), field("cost_usd")), (Some(json!(200)), Some(json!(0.5))));
        assert_eq!((field("metadata.rows"), field("metadata.by.day")), (Some(json!(3)), Some(json!([1]))));
        assert_eq!((field("assertions.sent"), field("success")), (Some(json!(true)), Some(json!(true))));
        for missing in ["expected", "metadata.cols", "metadata.rows.x", "artifacts", "nonsense", ""] {
            assert_eq!(field(missing), None, "{missing}");
        }
        assert!(Outcome::FIELDS.iter().filter(|name| field(name).is_some()).count() == 5);
    }

    #[test]
    fn evidence_that_shows_nothing_takes_nothing_away() {
        let told = Outcome {
            success: true,
            external_id: Some("crm-7".into()),
            artifacts: vec![json!("report.md")],
            ..Outcome::default()
        };
        let empty = Evidence {
            external_id: Some(" ".into()),
            result_url: Some("https://example.com/r/7".into()),
            artifacts: Some(Vec::new()),
            ..Evidence::default()
        };
        let whole = told.with(&empty);
        assert_eq!((whole.external_id, whole.artifacts), (told.external_id, told.artifacts));
        assert_eq!(whole.result_url.as_deref(), Some("https://example.com/r/7"));
    }
}
