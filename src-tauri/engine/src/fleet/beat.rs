//! One beat as ClevAgent's clients send it: read, bounded, and refused field by field.

use cuetower_core::id::AccountId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::definition::Invalid;
use crate::otlp::redact;

const NAME_CHARS_MAX: usize = 200;
const MESSAGE_CHARS_MAX: usize = 2_000;
const CUSTOM_CHARS_MAX: usize = 16_000;
const WORD_CHARS_MAX: usize = 200;
const TARGET_CHARS_MAX: usize = 500;
/// Of each list, the newest are kept.
const LISTED_MAX: usize = 20;
/// More than this in one beat is a mistake.
const COUNT_MAX: u64 = 1_000_000_000_000;
const COST_MAX_USD: f64 = 1_000_000.0;
const MEMORY_MAX_MB: f64 = 1e9;
/// What a runner of ClevAgent's can restart or stop.
const RUNNER_KINDS: [&str; 5] = ["docker", "systemd", "launchd", "process", "k8s"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Ok,
    Warning,
    Error,
    Shutdown,
}

impl Status {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Warning => "warning",
            Status::Error => "error",
            Status::Shutdown => "shutdown",
        }
    }

    #[must_use]
    pub fn of(word: &str) -> Option<Status> {
        [Status::Ok, Status::Warning, Status::Error, Status::Shutdown].into_iter().find(|status| status.word() == word)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Beat {
    pub agent: String,
    pub status: Status,
    pub message: Option<String>,
    /// Since the beat before it.
    pub tokens: Option<u64>,
    /// Since the beat before it.
    pub cost_usd: Option<f64>,
    pub tool_calls: Option<u64>,
    pub iterations: Option<u64>,
    /// How far it is, in a number of its own.
    pub progress: Option<f64>,
    pub memory_mb: Option<f64>,
    /// What it says it is: "claude".
    pub kind: Option<String>,
    /// A runner watches it, and can restart it: kind and target.
    pub runner: Option<(String, String)>,
    pub custom_data: Option<String>,
    /// The newest calls: name and shortened arguments.
    pub tool_call_log: Vec<(String, String)>,
    pub prompt_hashes: Vec<String>,
    /// It came from a run, or with one; the door says so.
    pub of_run: bool,
}

/// An agent beat by its name, as the cues that always expect it hear of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Life {
    pub account: AccountId,
    pub agent: String,
    pub progress: Option<f64>,
    /// It used something; it says no more about whether it got on.
    pub worked: bool,
}

impl Beat {
    /// What is wrong is named below `at`: "body", "body.heartbeats.3". Fields that nobody knows are passed over.
    pub fn read(body: &Map<String, Value>, at: &str) -> Result<Beat, Vec<Invalid>> {
        let mut reading = Reading { body, at, faults: Vec::new() };
        let beat = Beat {
            agent: reading.agent(),
            status: reading.status(),
            message: reading.message(),
            tokens: reading.count("tokens_used"),
            cost_usd: reading.amount("cost_usd", COST_MAX_USD),
            tool_calls: reading.count("tool_calls"),
            iterations: reading.count("iteration_count"),
            progress: reading.field("progress").and_then(Value::as_f64).filter(|number| number.is_finite()),
            memory_mb: reading.amount("memory_mb", MEMORY_MAX_MB),
            kind: reading.text("agent_type", WORD_CHARS_MAX).filter(|kind| !kind.trim().is_empty()),
            runner: reading.runner(),
            custom_data: reading.custom(),
            tool_call_log: reading.calls(),
            prompt_hashes: reading.hashes(),
            of_run: false,
        };
        if reading.faults.is_empty() { Ok(beat) } else { Err(reading.faults) }
    }

    /// Did it say that it did something?
    #[must_use]
    pub fn tells_of_work(&self) -> bool {
        self.tokens.is_some_and(|tokens| tokens > 0) || self.tool_calls.is_some_and(|calls| calls > 0)
    }

    /// As the pilot hears of it, before it is written down.
    pub(crate) fn life(&self, account: &AccountId) -> Life {
        let counted = self.iterations.map(|count| count as f64);
        Life {
            account: account.clone(),
            agent: self.agent.clone(),
            progress: self.progress.or(counted),
            worked: !self.tells_of_progress() && self.tells_of_work(),
        }
    }

    /// Did it say how far it is?
    #[must_use]
    pub fn tells_of_progress(&self) -> bool {
        self.progress.is_some() || self.iterations.is_some()
    }

    /// The calls since the beat before it. A log may show older ones again; the count says how many are new.
    pub(super) fn newest_calls(&self) -> impl Iterator<Item = (&str, &str)> {
        let new = self.tool_calls.and_then(|calls| usize::try_from(calls).ok()).unwrap_or(usize::MAX);
        let old = self.tool_call_log.len().saturating_sub(new);
        self.tool_call_log[old..].iter().map(|(tool, args)| (tool.as_str(), args.as_str()))
    }

    /// What has no column of its own.
    #[must_use]
    pub(crate) fn rest(&self) -> Value {
        let calls: Vec<Value> =
            self.tool_call_log.iter().map(|(name, args)| json!({ "name": name, "args": redact::text(args) })).collect();
        let (restart_type, restart_target) = self.runner.clone().unzip();
        let all = json!({
            "tool_calls": self.tool_calls,
            "iteration_count": self.iterations,
            "progress": self.progress,
            "memory_mb": self.memory_mb,
            "agent_type": self.kind,
            "restart_type": restart_type,
            "restart_target": restart_target,
            "custom_data": self.custom_data.as_deref().map(redact::text),
            "tool_call_log": (!calls.is_empty()).then_some(calls),
            "prompt_hashes": (!self.prompt_hashes.is_empty()).then_some(&self.prompt_hashes),
        });
        let Value::Object(all) = all else { return json!({}) };
        Value::Object(all.into_iter().filter(|(_, value)| !value.is_null()).collect())
    }
}

struct Reading<'a> {
    body: &'a Map<String, Value>,
    at: &'a str,
    faults: Vec<Invalid>,
}

impl<'a> Reading<'a> {
    fn field(&self, name: &str) -> Option<&'a Value> {
        self.body.get(name).filter(|value| !value.is_null())
    }

    fn fault(&mut self, name: &str, message: impl Into<String>) {
        self.faults.push(Invalid { field: format!("{}.{name}", self.at), message: message.into() });
    }

    fn agent(&mut self) -> String {
        let name = match self.field("agent") {
            None => return self.no_agent("Field required"),
            Some(Value::String(name)) => name.trim(),
            Some(_) => return self.no_agent("Input should be a valid string"),
        };
        if let Err(trouble) = name_fits(name) {
            return self.no_agent(&trouble);
        }
        name.to_owned()
    }

    fn no_agent(&mut self, why: &str) -> String {
        self.fault("agent", why);
        String::new()
    }

    fn status(&mut self) -> Status {
        let Some(value) = self.field("status") else { return Status::Ok };
        value.as_str().and_then(Status::of).unwrap_or_else(|| {
            self.fault("status", "Input should be 'ok', 'warning', 'error' or 'shutdown'");
            Status::Ok
        })
    }

    /// Cut where it is too long: a beat with a long word is a beat still.
    fn text(&mut self, name: &str, chars_max: usize) -> Option<String> {
        match self.field(name)? {
            Value::String(text) => Some(cut(text, chars_max)),
            _ => {
                self.fault(name, "Input should be a valid string");
                None
            }
        }
    }

    fn message(&mut self) -> Option<String> {
        let text = self.text("message", MESSAGE_CHARS_MAX).filter(|text| !text.trim().is_empty())?;
        Some(redact::text(&text).into_owned())
    }

    fn count(&mut self, name: &str) -> Option<u64> {
        let value = self.field(name)?;
        let whole =
            || value.as_f64().filter(|number| number.fract() == 0.0 && *number >= 0.0).map(|number| number as u64);
        let count = value.as_u64().or_else(whole).filter(|count| *count <= COUNT_MAX);
        if count.is_none() {
            self.fault(name, "Input should be a whole number from 0 to 1,000,000,000,000");
        }
        count
    }

    fn amount(&mut self, name: &str, most: f64) -> Option<f64> {
        let amount = self.field(name)?.as_f64().filter(|amount| (0.0..=most).contains(amount));
        if amount.is_none() {
            self.fault(name, format!("Input should be a number from 0 to {most}"));
        }
        amount
    }

    fn runner(&mut self) -> Option<(String, String)> {
        let kind = self.text("restart_type", WORD_CHARS_MAX)?;
        if !RUNNER_KINDS.contains(&kind.as_str()) {
            self.fault("restart_type", format!("Input should be one of {}", RUNNER_KINDS.join(", ")));
        }
        let target = self.field("restart_target").and_then(Value::as_str).unwrap_or_default().to_owned();
        if target.is_empty() || target.chars().count() > TARGET_CHARS_MAX {
            self.fault("restart_target", format!("Input should be a text of 1 to {TARGET_CHARS_MAX} characters"));
        }
        Some((kind, target))
    }

    /// Its client sends JSON as text; an object is taken too.
    fn custom(&self) -> Option<String> {
        let text = match self.field("custom_data")? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(cut(&text, CUSTOM_CHARS_MAX))
    }

    fn list(&mut self, name: &str) -> &'a [Value] {
        match self.field(name) {
            None => &[],
            Some(Value::Array(list)) => &list[list.len().saturating_sub(LISTED_MAX)..],
            Some(_) => {
                self.fault(name, "Input should be a valid list");
                &[]
            }
        }
    }

    fn calls(&mut self) -> Vec<(String, String)> {
        let text = |value: &Value| match value {
            Value::String(text) => cut(text, WORD_CHARS_MAX),
            Value::Null => String::new(),
            other => cut(&other.to_string(), WORD_CHARS_MAX),
        };
        self.list("tool_call_log").iter().map(|call| (text(&call["name"]), text(&call["args"]))).collect()
    }

    fn hashes(&mut self) -> Vec<String> {
        self.list("prompt_hashes").iter().filter_map(Value::as_str).map(|hash| cut(hash, WORD_CHARS_MAX)).collect()
    }
}

/// The name of an agent: short, and without control characters.
pub(super) fn name_fits(name: &str) -> Result<(), String> {
    match name.chars().count() {
        0 => Err("It should not be empty.".to_owned()),
        1..=NAME_CHARS_MAX if name.chars().any(char::is_control) => {
            Err("It should hold no control characters.".to_owned())
        }
        1..=NAME_CHARS_MAX => Ok(()),
        _ => Err(format!("String should have at most {NAME_CHARS_MAX} characters")),
    }
}

fn cut(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &Value) -> Result<Beat, Vec<String>> {
        let faults = |faults: Vec<Invalid>| faults.into_iter().map(|fault| fault.field).collect();
        Beat::read(body.as_object().unwrap(), "body").map_err(faults)
    }

    #[test]
    fn a_beat_keeps_every_field_that_clevagents_client_sends() {
        let beat = read(&json!({
            "agent": "my-bot", "status": "error", "message": "CRASH: boom", "tokens_used": 1500, "cost_usd": 0.0125,
            "tool_calls": 3, "iteration_count": 42.0, "memory_mb": 120.5, "custom_data": "{\"crash\": true}",
            "tool_call_log": [{ "name": "db_query", "args": "SELECT 1" }], "prompt_hashes": ["6f0e83bf9b6a14e6"],
            "agent_type": "claude", "restart_type": "process", "restart_target": "bot.pid", "of_tomorrow": 1,
        }))
        .unwrap();
        assert_eq!((beat.status, beat.tokens, beat.cost_usd), (Status::Error, Some(1_500), Some(0.0125)));
        assert_eq!(
            beat.rest(),
            json!({
                "tool_calls": 3, "iteration_count": 42, "memory_mb": 120.5, "agent_type": "claude",
                "restart_type": "process", "restart_target": "bot.pid", "custom_data": "{\"crash\": true}",
                "tool_call_log": [{ "name": "db_query", "args": "SELECT 1" }], "prompt_hashes": ["6f0e83bf9b6a14e6"],
            })
        );
        assert_eq!(read(&json!({ "agent": " a " })).unwrap().agent, "a");
        assert_eq!(read(&json!({ "agent": "a" })).unwrap().rest(), json!({}));
    }

    #[test]
    fn what_is_too_long_is_cut_and_what_is_wrong_is_named() {
        let long = "x".repeat(20_000);
        let beat = read(&json!({ "agent": "a", "message": long, "custom_data": long })).unwrap();
        let chars = |text: &Option<String>| text.as_ref().map(String::len);
        assert_eq!((chars(&beat.message), chars(&beat.custom_data)), (Some(2_000), Some(16_000)));
        let calls: Vec<Value> = (0..50).map(|n| json!({ "name": format!("t{n}"), "args": { "n": n } })).collect();
        let beat = read(&json!({ "agent": "a", "tool_call_log": calls })).unwrap();
        assert_eq!(beat.tool_call_log.len(), 20);
        assert_eq!(beat.tool_call_log[19], ("t49".to_owned(), "{\"n\":49}".to_owned()), "the newest stay");

        for (body, field) in [
            (json!({}), "body.agent"),
            (json!({ "agent": "" }), "body.agent"),
            (json!({ "agent": 7 }), "body.agent"),
            (json!({ "agent": "a\nb" }), "body.agent"),
            (json!({ "agent": "x".repeat(201) }), "body.agent"),
            (json!({ "agent": "a", "status": "fine" }), "body.status"),
            (json!({ "agent": "a", "message": 1 }), "body.message"),
            (json!({ "agent": "a", "tokens_used": -1 }), "body.tokens_used"),
            (json!({ "agent": "a", "tokens_used": 1.5 }), "body.tokens_used"),
            (json!({ "agent": "a", "tokens_used": 1e18 }), "body.tokens_used"),
            (json!({ "agent": "a", "cost_usd": "1" }), "body.cost_usd"),
            (json!({ "agent": "a", "cost_usd": -0.01 }), "body.cost_usd"),
            (json!({ "agent": "a", "tool_call_log": {} }), "body.tool_call_log"),
            (json!({ "agent": "a", "restart_type": "shell", "restart_target": "rm" }), "body.restart_type"),
            (json!({ "agent": "a", "restart_type": "docker" }), "body.restart_target"),
        ] {
            assert_eq!(read(&body).unwrap_err(), [field], "{body}");
        }
        assert_eq!(read(&json!({ "status": 1, "cost_usd": -1 })).unwrap_err().len(), 3, "all of them at once");
    }
}
