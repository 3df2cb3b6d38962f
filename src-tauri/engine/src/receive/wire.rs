//! Cues and runs in CueAPI's words, with ours beside them. Pure; `now` is handed in.

use cuetower_core::Ms;
use cuetower_core::attempt::{AttemptState, Reported};
use cuetower_core::cue::{Cue, CueStatus, Evidence, Expect};
use cuetower_core::occurrence::Trigger;
use cuetower_core::outcome::Outcome;
use cuetower_core::plan::Plan;
use cuetower_core::run::{Phase, Run, Verdict, Verification};
use cuetower_core::time::MINUTE_MS;
use cuetower_core::{sentence, verdicts};
use serde_json::{Map, Value, json};

use super::kept_headers;
use crate::definition;
use crate::journal::{OccurrenceRow, RunStats, run_status_word, status_word};

/// As CueAPI writes an instant of a cue or an execution: `2026-11-20T19:25:14.240000Z`, without the fraction if it is 0.
pub(super) fn time(at: Ms) -> Value {
    written(at, "Z")
}

/// As CueAPI writes the instant of a fire: with `+00:00`.
pub(super) fn offset_time(at: Ms) -> Value {
    written(at, "+00:00")
}

fn written(at: Ms, zone: &str) -> Value {
    let fraction = if at.0.rem_euclid(1_000) == 0 { "" } else { "%.6f" };
    at.utc().map_or(Value::Null, |at| Value::from(at.format(&format!("%Y-%m-%dT%H:%M:%S{fraction}{zone}")).to_string()))
}

fn maybe_time(at: Option<Ms>) -> Value {
    at.map_or(Value::Null, time)
}

/// Everything a cue's definition says, and how it stands. `warning`: what was taken in but not as its sender may think.
pub(super) fn cue(cue: &Cue, now: Ms, warning: Option<String>) -> Map<String, Value> {
    let definition = &cue.definition;
    let active = cue.status == CueStatus::Active;
    let plan = Plan::of(&definition.schedule, cue.id.as_str()).ok().filter(|_| active);
    let next = plan.and_then(|plan| plan.next_fire_after(now));
    let mut fields = match definition::write(definition) {
        Value::Object(fields) => fields,
        other => Map::from_iter([("definition".to_owned(), other)]),
    };
    kept_headers::hide(fields.get_mut("callback"));
    // CueAPI's clients look for these, whatever the transport.
    fields.entry("callback").or_insert_with(|| json!({ "url": null, "method": "POST", "headers": {} }));
    if let Some(Value::Object(retry)) = fields.get_mut("retry") {
        whole_minutes(retry, &definition.retry.backoff_ms);
    }
    let facts = json!({
        "id": cue.id.0,
        "status": status_word(cue.status),
        "verification": verification(&definition.expect),
        "next_run": maybe_time(next),
        "paused_until": maybe_time(cue.paused_until),
        "last_run": maybe_time(cue.last_run_at),
        "run_count": cue.run_count,
        "fired_count": cue.run_count,
        "revision": cue.revision,
        "warning": warning,
        "created_at": time(cue.created_at),
        "updated_at": time(cue.updated_at),
    });
    if let Value::Object(facts) = facts {
        fields.extend(facts);
    }
    fields
}

/// CueAPI's SDK refuses a fraction of a minute: it is rounded up, and what was meant stands beside it in seconds.
fn whole_minutes(retry: &mut Map<String, Value>, backoff_ms: &[u64]) {
    let minutes: Vec<u64> = backoff_ms.iter().map(|wait| wait.div_ceil(MINUTE_MS)).collect();
    retry.insert("backoff_minutes".to_owned(), json!(minutes));
    if backoff_ms.iter().any(|wait| !wait.is_multiple_of(MINUTE_MS)) {
        let seconds =
            |wait: &u64| if wait.is_multiple_of(1_000) { json!(wait / 1_000) } else { json!(*wait as f64 / 1_000.0) };
        retry.insert("backoff_seconds".to_owned(), backoff_ms.iter().map(seconds).collect());
    }
}

/// In CueAPI's words, where it has some.
fn verification(expect: &Expect) -> Value {
    let mode = match expect.evidence.as_slice() {
        _ if expect.manual => "manual",
        [Evidence::ExternalId] => "require_external_id",
        [Evidence::ResultUrl] => "require_result_url",
        [Evidence::Artifacts] => "require_artifacts",
        _ if expect.mode_said || !expect.assertions.is_empty() => "none",
        _ => return Value::Null,
    };
    let mut verification = json!({ "mode": mode });
    if !expect.assertions.is_empty() {
        verification["required_assertions"] = json!(expect.assertions);
    }
    verification
}

/// How the runs of the last seven days went. Rates are shares of those that ended, 0 to 1; None: none did.
pub(super) fn stats(stats: &RunStats) -> Value {
    let RunStats { runs, ended, delivered, good, confirmed } = *stats;
    let rate = |part: u32| (ended > 0).then(|| (f64::from(part) / f64::from(ended) * 10_000.0).round() / 10_000.0);
    json!({
        "window_days": 7,
        "executions": runs,
        "ended": ended,
        "succeeded": good,
        "failed": ended - good,
        "success_rate": rate(good),
        "delivery_success_rate": rate(delivered),
        "verified_success_rate": rate(confirmed),
    })
}

/// A run, as an `execution`.
pub(super) fn execution(run: &Run) -> Value {
    let latest = run.latest();
    let retry_at = match run.phase {
        Phase::WaitingRetry { at } => Some(at),
        _ => None,
    };
    let lease = latest.lease.as_ref();
    let late = matches!(run.phase, Phase::Ended { late: true, .. });
    let mut execution = json!({
        "id": run.id.0,
        "cue_id": run.cue_id.0,
        "scheduled_for": time(run.due),
        "status": run_status_word(run),
        "http_status": run.attempts.iter().rev().find_map(|attempt| attempt.http_status),
        "attempts": run.attempts.len(),
        "error_message": error_message(run),
        "started_at": time(run.began_at),
        "delivered_at": maybe_time(verdicts::delivered_at(run)),
        "last_attempt_at": time(latest.began_at),
        "outcome": run.outcome().map(|(_, reported)| outcome(run, reported)),
        "created_at": time(run.began_at),
        "updated_at": time(updated_at(run)),
        "outcome_state": verdicts::outcome_state(run),
        "triggered_by": run.trigger.word(),
        "payload": run.payload,
        "next_retry": maybe_time(retry_at),
        "claimed_by_worker": lease.map(|lease| &lease.worker),
        "claimed_at": maybe_time(latest.delivered_at.filter(|_| lease.is_some())),
        "last_heartbeat_at": maybe_time(latest.beat_at),
        "chain_parent_id": null,
        "chain_depth": 0,
        "response_body": null,
        "exit_criteria": run.exit_criteria,
        "verification": run.verification.as_ref().map(Verification::word),
        "live_claimed_at": maybe_time(run.live_claim.as_ref().map(|claim| claim.at)),
        "verdict": run.verdict().map(Verdict::word),
        "attempt": latest.number,
        "late": late,
    });
    match &run.trigger {
        Trigger::Replay { of } | Trigger::Resume { of, .. } => execution["replayed_from"] = json!(of.0),
        Trigger::Chain { of, .. } | Trigger::Fallback { of, .. } => execution["chain_parent_id"] = json!(of.0),
        Trigger::Dynamic { of } => execution["asked_by"] = json!(of.0),
        Trigger::Path { path, .. } => execution["path"] = json!(path),
        Trigger::Scheduled | Trigger::ManualFire | Trigger::Url | Trigger::Ping => {}
    }
    execution
}

/// An execution that has not begun, and perhaps never will.
pub(super) fn unbegun(row: &OccurrenceRow) -> Value {
    let waits = matches!(row.state.as_str(), "due" | "held");
    let why = row.reason.as_ref().filter(|_| !waits);
    json!({
        "id": row.run_id,
        "cue_id": row.cue_id,
        "scheduled_for": time(row.due),
        "status": if waits { "pending" } else { "missed" },
        "http_status": null,
        "attempts": 0,
        "error_message": why,
        "started_at": null,
        "delivered_at": null,
        "last_attempt_at": null,
        "outcome": null,
        "created_at": time(row.armed_at.unwrap_or(row.due)),
        "updated_at": time(row.armed_at.unwrap_or(row.due)),
        "outcome_state": null,
        "triggered_by": row.triggered_by,
        "verdict": null,
        "attempt": 0,
        "late": false,
    })
}

fn error_message(run: &Run) -> Option<String> {
    let reported = run.outcome().map(|(_, reported)| &reported.outcome);
    if let Some(Outcome { success: false, error: Some(error), .. }) = reported {
        return Some(error.clone());
    }
    match &run.phase {
        Phase::Ended { verdict, .. } if verdict.is_good() => None,
        Phase::Ended { .. } => Some(sentence::of_run(run)),
        Phase::Held { .. }
        | Phase::Offered { .. }
        | Phase::Delivering
        | Phase::AwaitingOutcome { .. }
        | Phase::WaitingRetry { .. } => {
            let failed = run.attempts.iter().rev().find(|attempt| attempt.state == AttemptState::Failed);
            failed.map(|attempt| attempt.words.clone()).filter(|words| !words.is_empty())
        }
    }
}

fn updated_at(run: &Run) -> Ms {
    let of_attempts = run.attempts.iter().flat_map(|attempt| {
        let reported = attempt.outcome.as_ref().map(|reported| reported.at);
        [Some(attempt.began_at), attempt.delivered_at, attempt.ended_at, reported]
    });
    of_attempts.chain([run.ended_at()]).flatten().max().unwrap_or(run.began_at)
}

fn outcome(run: &Run, reported: &Reported) -> Value {
    let outcome = &reported.outcome;
    json!({
        "success": outcome.success,
        "result": outcome.result,
        "error": outcome.error,
        "metadata": outcome.metadata,
        "recorded_at": time(reported.at),
        "external_id": outcome.external_id,
        "result_url": outcome.result_url,
        "result_ref": outcome.result_ref,
        "result_type": outcome.result_type,
        "summary": outcome.summary,
        "artifacts": outcome.artifacts,
        "assertions": outcome.assertions,
        "validation_state": verdicts::validation_state(run),
        "processed": outcome.processed.map(number),
        "errors": outcome.errors.map(number),
        "expected": outcome.expected.map(number),
        "tokens": outcome.tokens.map(number),
        "cost_usd": outcome.cost_usd.map(number),
        "late": reported.late,
    })
}

/// Whole numbers without the `.0`, which some readers refuse.
fn number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() <= 9e15 { json!(number as i64) } else { json!(number) }
}

/// CueAPI's word for what is known of a run's outcome, just after a report was taken. `verdict` None: the run goes on; `waits`: somebody
/// has to look at it.
pub(super) fn state_after_report(verdict: Option<Verdict>, success: bool, waits: bool) -> Option<&'static str> {
    match verdict {
        _ if waits => Some("verification_pending"),
        Some(Verdict::Claimed) => Some("reported_success"),
        Some(Verdict::Confirmed) => Some("verified_success"),
        Some(Verdict::Refuted) => Some("verification_failed"),
        Some(Verdict::Silent) => Some("unknown"),
        Some(Verdict::Failed | Verdict::Stopped | Verdict::Cancelled) => (!success).then_some("reported_failure"),
        None if success => Some("verification_pending"),
        None => Some("reported_failure"),
    }
}
