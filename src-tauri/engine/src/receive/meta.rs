//! What anybody on this machine may know: that the tower is up and well, and which.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::{Door, wire};
use crate::health::Condition;

routes! {
    get "/health" => health;
    get "/status" => status;
    get "/v1/info" => info;
}

/// A route without which CueAPI's clients cannot send messages.
const MESSAGES: &str = "/v1/messages";

pub(super) async fn health(State(door): State<Door>) -> Response {
    let condition = Condition::of(&door.handle).await;
    let (store, loop_runs) = (ok(condition.vitals.is_some() && condition.writable), ok(condition.loop_runs));
    let worker = match &condition.vitals {
        Some(row) if row.workers_active > 0 => "ok",
        Some(_) => "none",
        None => "unknown",
    };
    let vitals = condition.vitals;
    let body = json!({
        "status": word(&condition),
        "reasons": condition.reasons,
        "version": &*door.version,
        "timestamp": wire::offset_time(door.handle.now()),
        "uptime_seconds": condition.uptime_ms / 1_000,
        "due_lag_ms": condition.due_lag_ms,
        "store_writable": condition.writable,
        // CueAPI's names beside ours: where it keeps things, what it hands work over with, what fires.
        "services": { "store": store, "postgres": store, "redis": loop_runs, "poller": loop_runs, "worker": worker },
        "poller": { "status": loop_runs },
        "workers": {
            "active_count": vitals.map_or(0, |row| row.workers_active),
            "last_heartbeat": vitals.and_then(|row| row.worker_seen).map(wire::time),
        },
        "queue": {
            // A delivery begins with its commit: nothing lies between the two.
            "pending_outbox": 0,
            "stale_executions": vitals.map(|row| row.stale),
            "pending_retries": vitals.map(|row| row.retrying),
            "pending_worker_claims": door.handle.offers.count(),
        },
        "firing_paused": vitals.map(|row| row.paused),
    });
    (status_of(&condition), Json(body)).into_response()
}

pub(super) async fn status(State(door): State<Door>) -> Response {
    let condition = Condition::of(&door.handle).await;
    (status_of(&condition), Json(json!({ "status": word(&condition) }))).into_response()
}

pub(super) async fn info(State(door): State<Door>) -> Json<Value> {
    let unserved = !super::routes().iter().any(|(_, path)| *path == MESSAGES);
    Json(json!({
        "version": &*door.version,
        "authorization_backend": "ScopedKeys",
        "authentication_paths": { "per_user_api_key": true, "internal_token_with_on_behalf_of": false },
        "disabled_primitives": if unserved { vec!["messaging"] } else { vec![] },
    }))
}

fn word(condition: &Condition) -> &'static str {
    if condition.is_well() { "healthy" } else { "unhealthy" }
}

fn status_of(condition: &Condition) -> StatusCode {
    if condition.is_well() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

fn ok(well: bool) -> &'static str {
    if well { "ok" } else { "down" }
}
