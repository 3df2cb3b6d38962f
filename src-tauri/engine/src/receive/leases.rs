//! `/v1/secrets/{name}`: a run at work asks for a secret that its cue grants it. Each lease is written down.

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, StatusCode};
use cuetower_core::id::RunId;
use cuetower_core::input::Input;
use serde_json::{Value, json};

use super::Door;
use super::caller::Caller;
use super::given::Id;
use super::problem::Problem;

routes! {
    get "/v1/secrets/{name}" => lease;
}

/// Told to whoever keeps it: ask again after this.
const LEASE_S: u32 = 300;

pub(super) async fn lease(
    State(door): State<Door>,
    caller: Caller,
    Id(name): Id,
) -> Result<([(HeaderName, &'static str); 1], Json<Value>), Problem> {
    let Some(run_id) = caller.run_shown().cloned() else {
        let message = "Secrets are lent to runs alone; ask with the run's token (CUETOWER_TOKEN), not with an API key.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "run_token_needed", message));
    };
    let attempt = caller.reports(&run_id.0)?;
    let run = door.handle.reader().run(run_id.0.clone()).await?.ok_or_else(Problem::no_execution)?;
    if !run.is_live() || attempt.is_some_and(|attempt| attempt != run.latest().number) {
        let message = "This attempt is over, so it is lent nothing more.";
        return Err(Problem::new(StatusCode::CONFLICT, "run_ended", message));
    }
    // An edit of the cue takes a grant back, also from a run under way.
    let cue = door.handle.reader().cue(run.cue_id.0.clone()).await?;
    let granted = cue.is_some_and(|cue| cue.definition.lends.contains(&name));
    if !granted || !run.definition.lends.contains(&name) {
        let message = format!(
            "The cue `{}` is not granted the secret {name}; its owner can list it in the cue's `secrets`.",
            run.definition.name
        );
        return Err(Problem::new(StatusCode::FORBIDDEN, "secret_not_granted", message));
    }
    // Written down first: nothing is lent that no record tells of.
    noted(&door, &run_id, &name).await?;
    let value = door.handle.vault.get(&name).await.map_err(|error| {
        tracing::warn!(%error, secret = %name, "a secret could not be lent");
        let message = format!("The secret {name} could not be read from the vault; ask again later.");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "vault", message).retry_after(5)
    })?;
    let missing = || {
        let message = format!("The secret {name} is not in the vault; its owner can add it under Secrets.");
        Problem::new(StatusCode::NOT_FOUND, "secret_not_found", message)
    };
    let value = value.ok_or_else(missing)?;
    let body = json!({ "name": name, "value": value, "lease_seconds": LEASE_S });
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)))
}

async fn noted(door: &Door, run_id: &RunId, name: &str) -> Result<(), Problem> {
    let words = format!("The secret {name} was lent to it.");
    door.handle.run(run_id, Input::Note { run_id: run_id.clone(), words }).await?;
    Ok(())
}
