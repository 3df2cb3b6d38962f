//! Tokens of runs that are over. They die with their run, here and for every route at once; what may still be said of a run
//! after its end is in one list.

use axum::extract::MatchedPath;
use axum::http::StatusCode;
use axum::http::request::Parts;
use cuetower_core::id::RunId;
use cuetower_core::time::DAY_MS;

use super::Door;
use super::caller::bad_run_token;
use super::problem::Problem;
use crate::lives::Life;

/// For so long its holder is told that the run is over; later it is a token like any other that is not good.
const TOLD_MS: u64 = DAY_MS;

/// What a run's token opens after its end. Each of these asks the run itself, and is answered by how it ended: a silent run may
/// still report, evidence and telemetry come late, and whoever beats is to hear that it was stopped.
const AFTERWARDS: [(&str, &str); 15] = [
    ("GET", "/v1/cues/{id}"),
    ("GET", "/v1/executions/{id}"),
    ("POST", "/v1/executions/{id}/outcome"),
    ("PATCH", "/v1/executions/{id}/evidence"),
    ("POST", "/v1/executions/{id}/verification-pending"),
    // A run does not verify itself, and is told so for good.
    ("POST", "/v1/executions/{id}/verify"),
    ("POST", "/v1/executions/{id}/heartbeat"),
    ("POST", "/v1/executions/{id}/release"),
    ("GET", "/v1/executions/{id}/steps"),
    ("PUT", "/v1/executions/{id}/steps/{key}"),
    ("POST", "/v1/executions/{id}/steps/{key}/complete"),
    ("POST", "/v1/executions/{id}/steps/{key}/fail"),
    ("POST", "/v1/heartbeats"),
    ("POST", "/v1/traces"),
    // Whoever waited for an answer hears that the question was withdrawn.
    ("GET", "/v1/gates/{id}"),
];

/// Whether a token of a run that is over opens this route.
pub(super) fn opens_afterwards(method: &str, path: &str) -> bool {
    // Whoever may GET may HEAD.
    let method = if method == "HEAD" { "GET" } else { method };
    AFTERWARDS.contains(&(method, path))
}

pub(super) async fn refuse_if_over(door: &Door, run: &RunId, parts: &Parts) -> Result<(), Problem> {
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    if opens_afterwards(parts.method.as_str(), route) {
        return Ok(());
    }
    let conflict = |code, message| Err(Problem::new(StatusCode::CONFLICT, code, message));
    match door.handle.life_of(run).await? {
        Life::GoesOn => Ok(()),
        Life::Over { at, .. } if door.handle.now() >= at.plus(TOLD_MS) => Err(bad_run_token()),
        Life::Over { stopped: true, .. } => {
            conflict("run_stopped", "This run was stopped, and its token opens nothing any more.")
        }
        Life::Over { stopped: false, .. } => {
            conflict("run_ended", "This run has ended, and its token opens nothing any more.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_outlives_a_run_is_a_route() {
        let routes = super::super::routes();
        for (method, path) in AFTERWARDS {
            let known = routes.iter().any(|(known, at)| known.eq_ignore_ascii_case(method) && *at == path);
            assert!(known, "{method} {path}");
        }
    }

    #[test]
    fn what_gives_something_away_closes_with_the_run() {
        for (method, path) in [
            ("GET", "/v1/secrets/{name}"),
            ("POST", "/v1/pools/{name}/permits"),
            ("POST", "/v1/messages"),
            ("POST", "/api/v1/heartbeat"),
            ("POST", "/v1/gates"),
            ("POST", "/mcp"),
            ("GET", ""),
        ] {
            assert!(!opens_afterwards(method, path), "{method} {path}");
        }
        assert!(opens_afterwards("HEAD", "/v1/executions/{id}"));
    }
}
