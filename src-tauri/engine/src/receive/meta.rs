//! What anybody on this machine may know: that the tower is up, and which.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::{Door, wire};

routes! {
    get "/health" => health;
    get "/status" => status;
    get "/v1/info" => info;
}

/// The routes of this file, which need no key.
pub(super) const PATHS: [&str; 3] = ["/health", "/status", "/v1/info"];

pub(super) async fn health(State(door): State<Door>) -> Response {
    let vitals = Vitals::of(&door).await;
    let body = json!({
        "status": vitals.word(),
        "version": &*door.version,
        "timestamp": wire::offset_time(door.handle.now()),
        "services": { "store": ok(vitals.store), "poller": ok(vitals.loop_runs) },
        "poller": { "status": ok(vitals.loop_runs) },
        "workers": { "active_count": 0, "last_heartbeat": null },
        "firing_paused": vitals.firing_paused,
    });
    (vitals.status(), Json(body)).into_response()
}

pub(super) async fn status(State(door): State<Door>) -> Response {
    let vitals = Vitals::of(&door).await;
    (vitals.status(), Json(json!({ "status": vitals.word() }))).into_response()
}

pub(super) async fn info(State(door): State<Door>) -> Json<Value> {
    Json(json!({
        "version": &*door.version,
        "authorization_backend": "ScopedKeys",
        "authentication_paths": { "per_user_api_key": true, "internal_token_with_on_behalf_of": false },
        "disabled_primitives": ["messaging", "worker_transport"],
    }))
}

struct Vitals {
    store: bool,
    loop_runs: bool,
    firing_paused: Option<bool>,
}

impl Vitals {
    async fn of(door: &Door) -> Vitals {
        let paused = door.handle.reader().firing_paused().await;
        Vitals { store: paused.is_ok(), loop_runs: !door.handle.orders.is_closed(), firing_paused: paused.ok() }
    }

    fn well(&self) -> bool {
        self.store && self.loop_runs
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
