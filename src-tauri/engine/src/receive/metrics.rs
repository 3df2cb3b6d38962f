//! `/metrics`: the tower's figures for Prometheus, if the owner has them served. They are of the whole tower, and so for a key of
//! the owner's that reads; without one only where he said so, and nobody from elsewhere comes in by this door.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};

use super::Door;
use super::caller::Caller;
use super::problem::Problem;
use crate::health;

routes! {
    get "/metrics" => metrics;
}

pub(super) async fn metrics(State(door): State<Door>, caller: Result<Caller, Problem>) -> Result<Response, Problem> {
    let settings = door.handle.backups.settings.get();
    let open = settings.metrics.serve && settings.metrics.open && !door.handle.accounts.asks_for_each_login();
    if !open {
        let caller = caller?;
        caller.reads()?;
        caller.unlimited()?;
        if !caller.account().is_owner() {
            let message = "The figures are of the whole tower: they are for a key of its owner.";
            return Err(Problem::new(StatusCode::FORBIDDEN, "insufficient_scope", message));
        }
    }
    if !settings.metrics.serve {
        let message =
            "The figures are not served. `cuetowerctl settings set metrics.serve true` has them served at once.";
        return Err(Problem::new(StatusCode::NOT_FOUND, "metrics_off", message));
    }
    let page = health::figures(&door.handle, &door.version).await?;
    Ok(([(CONTENT_TYPE, health::CONTENT_TYPE)], page).into_response())
}
