//! The agents' door: CueAPI's API at `/v1`, on loopback. It shares no handler and no credential with the owner's (`desk`).
//!
//! A request passes `entrance` (whose name was called, how much, how long), is known by `caller` (API key or run token;
//! a trigger URL is its own credential), and is served by `cues`, `executions`, `workers`, `pings`, `permits` (read by `asking`), `triggers` or `meta`. Whatever goes wrong is said in the one shape of `problem`.

mod asking;
mod caller;
mod cues;
mod entrance;
mod executions;
mod given;
mod line;
mod meta;
mod outcome;
mod permits;
mod pings;
mod problem;
#[cfg(test)]
mod tests;
mod triggers;
mod wire;
mod workers;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, patch, post};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::handle::Handle;
use problem::Problem;

pub use outcome::outcome_in_answer;

/// Requests under way get this long to end once the door closes.
const CLOSING: Duration = Duration::from_secs(5);

/// What every handler works with. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    handle: Handle,
    version: Arc<str>,
    /// The port it listens on; what a `Host` header must name.
    port: u16,
}

impl Door {
    #[must_use]
    pub fn new(handle: Handle, version: &str) -> Door {
        Door { handle, version: version.into(), port: 0 }
    }

    /// Serves until `shutdown` ends, then lets the requests under way end, at most 5 s long.
    pub async fn serve(
        mut self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        self.port = listener.local_addr()?.port();
        let (closing, closed) = oneshot::channel::<()>();
        let told = async move {
            shutdown.await;
            drop(closing);
        };
        let serving = axum::serve(line::Bounded::of(listener), router(self)).with_graceful_shutdown(told);
        tokio::select! {
            served = async { serving.await } => served,
            () = async { drop(closed.await); tokio::time::sleep(CLOSING).await } => Ok(()),
        }
    }
}

fn router(door: Door) -> Router {
    Router::new()
        .route("/health", get(meta::health))
        .route("/status", get(meta::status))
        .route("/v1/info", get(meta::info))
        .route("/v1/cues", get(cues::list).post(cues::create))
        .route("/v1/cues/{id}", get(cues::get).patch(cues::change).delete(cues::delete))
        .route("/v1/cues/{id}/fire", post(cues::fire))
        .route("/v1/triggers/{token}", post(triggers::fire))
        .route("/v1/executions", get(executions::list))
        .route("/v1/executions/claimable", get(workers::claimable))
        .route("/v1/executions/claim", post(workers::claim_next))
        .route("/v1/executions/{id}", get(executions::get))
        .route("/v1/executions/{id}/claim", post(workers::claim))
        .route("/v1/executions/{id}/heartbeat", post(workers::heartbeat))
        .route("/v1/executions/{id}/release", post(workers::release))
        .route("/v1/executions/{id}/outcome", post(executions::report))
        .route("/v1/executions/{id}/replay", post(executions::replay))
        .route("/v1/worker/heartbeat", post(workers::seen))
        .route("/v1/pools/{name}/permits", post(permits::ask))
        .route("/v1/pools/{name}/permits/{permit}", patch(permits::renew).delete(permits::give_back))
        .route("/v1/workers", get(workers::list))
        .route("/v1/workers/{id}", delete(workers::remove))
        .route("/ping/{key}", get(pings::success).post(pings::success))
        .route("/ping/{key}/{word}", get(pings::said).post(pings::said))
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "http_error", "Not Found"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "http_error", "Method Not Allowed")
        })
        .layer(from_fn_with_state(door.clone(), entrance::pass))
        .with_state(door)
}
