//! The canonical JSON of a cue: every built field, in SPEC's words and units.

use cuetower_core::cue::{
    Callback, CatchUpPolicy, Confirm, CueDefinition, Evidence, Expect, Overlap, Program, Retry, Transport, Unanswered,
};
use cuetower_core::time::MINUTE_MS;
use serde_json::{Map, Value, json};

use super::{checks, gate, policy, uses, watching, writing_schedule};

/// The canonical JSON; `read_new` makes the same definition of it (as long as a `once` instant lies ahead).
#[must_use]
pub fn write(definition: &CueDefinition) -> Value {
    Value::Object(fields(definition))
}

pub(super) fn fields(definition: &CueDefinition) -> Map<String, Value> {
    let to_whom = to_whom(&definition.transport);
    let expect = &definition.expect;
    let fields = [
        ("name", json!(definition.name)),
        ("description", json!(definition.description)),
        ("agent", json!(definition.agent)),
        ("transport", json!(definition.transport.word())),
        ("schedule", writing_schedule::schedule(&definition.schedule)),
        ("payload", definition.payload.clone()),
        ("retry", retry(&definition.retry)),
        (
            "delivery",
            json!({
                "timeout_seconds": seconds(definition.delivery.timeout_ms),
                "connect_timeout_seconds": definition.delivery.connect_timeout_ms.map(seconds),
                "first_byte_timeout_seconds": definition.delivery.first_byte_timeout_ms.map(seconds),
                "outcome_deadline_seconds": definition.delivery.outcome_deadline_ms.map(seconds),
                "unanswered": match definition.delivery.unanswered {
                    Unanswered::Wait => "wait",
                    Unanswered::Retry => "retry",
                },
            }),
        ),
        (
            "confirm",
            json!(match definition.confirm {
                Confirm::Outcome => "outcome",
                Confirm::ExitCode => "exit_code",
                Confirm::Delivery => "delivery",
                Confirm::Checks => "checks",
            }),
        ),
        (
            "catch_up",
            json!({
                "policy": match definition.catch_up.policy {
                    CatchUpPolicy::Latest => "latest",
                    CatchUpPolicy::All => "all",
                    CatchUpPolicy::None => "none",
                    CatchUpPolicy::Ask => "ask",
                },
                "within_seconds": definition.catch_up.within_ms.map(seconds),
            }),
        ),
        (
            "overlap",
            json!(match definition.overlap {
                Overlap::Skip => "skip",
                Overlap::Queue => "queue",
                Overlap::Allow => "allow",
                Overlap::Replace => "replace",
            }),
        ),
        (
            "expect",
            json!({
                "min_processed": expect.min_processed.map(number),
                "max_error_rate": expect.max_error_rate.map(number),
                "max_duration_seconds": expect.max_duration_ms.map(seconds),
                "assert": expect.assert,
                "evidence": expect.evidence.iter().copied().map(Evidence::field).collect::<Vec<_>>(),
            }),
        ),
        ("verification", verification(expect, definition.gate.before_confirmation)),
        (
            "alerts",
            json!({
                "consecutive_failures": definition.alerts.consecutive_failures,
                "missed_window_multiplier": definition.alerts.missed_in_a_row,
            }),
        ),
        ("required_payload_keys", json!(definition.fires.required_keys)),
        ("require_payload_override", json!(definition.fires.payload_required)),
        (
            "on_failure",
            json!({
                "pause": definition.pause_on_failure,
                "email": definition.on_failure.email,
                "webhook": definition.on_failure.webhook,
                "fallback_cue": definition.on_failure.fallback,
            }),
        ),
        ("preflight", checks::preflight_written(&definition.preflight)),
        ("checks", checks::after_written(&definition.checks, expect.manual_check)),
        ("on_success_fire", json!(definition.on_success_fire)),
        ("heartbeat", watching::heartbeat_written(definition.heartbeat.as_ref())),
        ("budget", watching::budget_written(&definition.budget)),
        ("loops", json!(definition.loops.word())),
        ("priority", json!(definition.priority)),
        ("secrets", json!(definition.lends)),
        ("uses", uses::written(&definition.uses)),
        ("gate", gate::written(&definition.gate)),
        ("retention", policy::retention_written(&definition.retention)),
    ];
    fields.into_iter().chain(to_whom).map(|(field, value)| (field.to_owned(), value)).collect()
}

/// What of it neither the section `expect` nor a `gate` says.
fn verification(expect: &Expect, gated: bool) -> Value {
    let manual = expect.manual && !expect.manual_check && !gated;
    if !expect.mode_said && !manual && expect.assertions.is_empty() {
        return Value::Null;
    }
    let mode = if manual { "manual" } else { "none" };
    json!({ "mode": mode, "required_assertions": expect.assertions })
}

/// The section of its transport, if that has one.
fn to_whom(transport: &Transport) -> Option<(&'static str, Value)> {
    let object =
        |pairs: &[(String, String)]| pairs.iter().cloned().map(|(name, text)| (name, Value::String(text))).collect();
    match transport {
        Transport::Webhook(callback) => {
            let headers: Map<String, Value> = object(&callback.headers);
            let Callback { url, method, allow_private, .. } = callback;
            let section = json!({ "url": url, "method": method, "headers": headers, "allow_private": allow_private });
            Some(("callback", section))
        }
        Transport::Worker(worker) => Some(("worker", json!({ "lease_seconds": seconds(worker.lease_ms) }))),
        Transport::Watch => None,
        Transport::Command(command) => {
            let (argv, shell) = match &command.program {
                Program::Argv(argv) => (Some(argv), None),
                Program::Shell(line) => (None, Some(line)),
            };
            let env: Map<String, Value> = object(&command.env);
            let grace = seconds(command.stop_grace_ms);
            let section = json!({
                "argv": argv,
                "shell": shell,
                "cwd": command.cwd,
                "env": env,
                "restart": command.restart.word(),
                "stop_grace_seconds": grace,
            });
            Some(("command", section))
        }
    }
}

fn retry(retry: &Retry) -> Value {
    let minutes = |wait_ms: &u64| number(*wait_ms as f64 / MINUTE_MS as f64);
    json!({
        "max_attempts": retry.max_attempts,
        "backoff_minutes": retry.backoff_ms.iter().map(minutes).collect::<Vec<_>>(),
        "on_failed_outcome": retry.on_failed_outcome,
    })
}

pub(super) fn seconds(length_ms: u64) -> Value {
    number(length_ms as f64 / 1_000.0)
}

/// Whole numbers without the `.0`, which some readers refuse.
pub(super) fn number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() <= 9e15 { json!(number as i64) } else { json!(number) }
}
