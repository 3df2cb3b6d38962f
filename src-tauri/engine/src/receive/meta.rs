//! What anybody on this machine may know: that the tower is up, and which.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::{Door, wire};
use crate::journal::VitalsRow;

routes! {
    get "/health" => health;
    get "/status" => status;
    get "/v1/info" => info;
}

/// A route without which CueAPI's clients cannot send messages.
const MESSAGES: &str = "/v1/messages";

pub(super) async fn health(State(door): State<Door>) -> Response {
    let vitals = Vitals::of(&door).await;
    let (store, loop_runs) = (ok(vitals.store.is_some()), ok(vitals.loop_runs));
    let worker = match &vitals.store {
        Some(row) if row.workers_active > 0 => "ok",
        Some(_) => "none",
        None => "unknown",
    };
    let body = json!({
        "status": vitals.word(),
        "version": &*door.version,
        "timestamp": wire::offset_time(door.handle.now()),
        // CueAPI's names beside ours: where it keeps things, what it hands work over with, what fires.
        "services": { "store": store, "postgres": store, "redis": loop_runs, "poller": loop_runs, "worker": worker },
        "poller": { "status": loop_runs },
        "workers": {
            "active_count": vitals.store.map_or(0, |row| row.workers_active),
            "last_heartbeat": vitals.store.and_then(|row| row.worker_seen).map(wire::time),
        },
        "queue": {
            // A delivery begins with its commit: nothing lies between the two.
            "pending_outbox": 0,
            "stale_executions": vitals.store.map(|row| row.stale),
            "pending_retries": vitals.store.map(|row| row.retrying),
            "pending_worker_claims": door.handle.offers.count(),
        },
        "firing_paused": vitals.store.map(|row| row.paused),
    });
    (vitals.status(), Json(body)).into_response()
}

pub(super) async fn status(State(door): State<Door>) -> Response {
    let vitals = Vitals::of(&door).await;
    (vitals.status(), Json(json!({ "status": vitals.word() }))).into_response()
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

struct Vitals {
    /// None: the store does not answer.
    store: Option<VitalsRow>,
    loop_runs: bool,
}

impl Vitals {
    async fn of(door: &Door) -> Vitals {
        let store = door.handle.reader().vitals(door.handle.now()).await;
        if let Err(error) = &store {
            tracing::error!(%error, "the store does not answer");
        }
        Vitals { store: store.ok(), loop_runs: !door.handle.orders.is_closed() }
    }

    fn well(&self) -> bool {
        self.store.is_some() && self.loop_runs
    }

    fn word(&self) -> &'static str {
        if self.well() { "healthy" } else { "unhealthy" }
    }

    fn status(&self) -> StatusCode {
        if self.well() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
    }
}

fn ok(well: bool) -> &'static str {
    if well { "ok" } else { "down" }
}
