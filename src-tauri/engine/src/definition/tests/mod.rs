//! What the tests of `definition` share: a full cue of either transport, and the instant they all begin at.

mod changed;
mod checks;
mod gate;
mod hosted;
mod kept;
mod lending;
mod portable;
mod proving;
mod refused;
mod schedules_kept;
mod schedules_refused;
mod transports;
mod uses;
mod watching;

use cuetower_core::Ms;
use cuetower_core::cue::CueDefinition;
use serde_json::{Value, json};

use super::{Invalid, read_new};

/// 21 November 2026, 12:00 UTC.
const NOW: Ms = Ms(1_795_262_400_000);

fn webhook() -> Value {
    json!({
        "name": "lead-digest", "description": "Looks for leads.", "agent": "leads", "transport": "webhook",
        "schedule": { "type": "recurring", "cron": "0 9 * * 1-5", "timezone": "Europe/Berlin" },
        "callback": { "url": "http://127.0.0.1:9000/run", "method": "PUT",
                      "headers": { "Authorization": "Bearer {{secret:OPENAI}}", "X-Team": "sales" } },
        "payload": { "region": "Süd", "limit": 5 },
        "retry": { "max_attempts": 5, "backoff_minutes": [0.05, 1, 5], "on_failed_outcome": true },
        "delivery": { "timeout_seconds": 2.5, "outcome_deadline_seconds": 600, "unanswered": "retry" },
        "confirm": "delivery",
        "catch_up": { "policy": "all", "within_seconds": 43200 },
        "overlap": "queue",
        "expect": { "min_processed": 150, "max_error_rate": 0.1, "evidence": ["result_url", "summary"] },
        "preflight": [],
        "on_failure": { "pause": true, "email": false, "webhook": null }
    })
}

fn command() -> Value {
    json!({
        "name": "backup", "transport": "command",
        "schedule": { "type": "once", "at": "2026-11-30T09:00:00+01:00", "timezone": "Europe/Berlin" },
        "command": { "argv": ["python3", "leads.py", ""], "shell": null, "cwd": "~/agents",
                     "env": { "KEY": "{{secret:OPENAI}}", "LANG": "C" }, "stop_grace_seconds": 2.5 },
        "confirm": "exit_code"
    })
}

/// Hourly, and every minute in New York's market hours.
fn market() -> Value {
    with(
        webhook(),
        "schedule",
        json!({
            "type": "recurring", "cron": "5 * * * *", "timezone": "Europe/Berlin",
            "parts": [{ "days": "mon-fri", "from": "09:30", "to": "16:00", "timezone": "America/New_York",
                        "every_seconds": 60, "at_once": 4 }],
            "blackout": [{ "from": "2026-12-24", "to": "2026-12-27" }],
            "jitter_seconds": 20, "paths": ["~/inbox/*.csv"], "next_run": { "min_seconds": 30, "max_seconds": 86400 }
        }),
    )
}

/// The body with `value` at a place such as `schedule.cron`.
fn with(mut body: Value, place: &str, value: Value) -> Value {
    let pointer = format!("/{}", place.replace('.', "/"));
    let (holder, field) = pointer.rsplit_once('/').expect("every pointer has a slash");
    let holder = body.pointer_mut(holder).expect("the holder is in the body");
    holder[field] = value;
    body
}

fn read(body: &Value) -> CueDefinition {
    read_new(body, NOW).unwrap_or_else(|problems| panic!("{body} was refused: {problems:?}")).definition
}

fn problems(body: &Value) -> Vec<Invalid> {
    read_new(body, NOW).expect_err("the body should be refused")
}
