//! `/v1/secrets/{name}`: a run at work asks for a secret that its cue grants it. Each lease is written down.

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, StatusCode};
use cuetower_core::cue::CueDefinition;
use cuetower_core::id::RunId;
use cuetower_core::input::Input;
use cuetower_core::lend::Lend;
use serde_json::{Value, json};

use super::Door;
use super::caller::Caller;
use super::given::{Id, Query};
use super::problem::Problem;
use crate::vault::{How, Used};

routes! {
    get "/v1/secrets/{name}" => lease;
}

/// Told to whoever keeps it: ask again after this.
const LEASE_S: u32 = 300;
const TOOL_CHARS_MAX: usize = 128;

pub(super) async fn lease(
    State(door): State<Door>,
    caller: Caller,
    Id(name): Id,
    query: Query,
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
    let tool = tool(&query)?;
    let renames = door.handle.reader().secret_renames().await?;
    let grants = cue.as_ref().and_then(|cue| granted(&name, &run.definition, &cue.definition, &renames));
    let not_granted = |message| Err(Problem::new(StatusCode::FORBIDDEN, "secret_not_granted", message));
    let cue_name = &run.definition.name;
    match grants {
        None => {
            return not_granted(format!(
                "The cue `{cue_name}` is not granted the secret {name}; its owner can list it in the cue's `secrets`."
            ));
        }
        Some((now, begun)) if !now.is_for(tool) || !begun.is_for(tool) => {
            let tools = if now.is_for(tool) { &begun.tools } else { &now.tools }.join(", ");
            return not_granted(match tool {
                Some(tool) => format!("The cue `{cue_name}` is granted the secret {name} for {tools}, not for {tool}."),
                None => format!(
                    "The cue `{cue_name}` is granted the secret {name} for {tools} alone; say for which it is: `?tool=`."
                ),
            });
        }
        Some(_) => {}
    }
    // A run that began before it was renamed may ask by either name.
    let entry = grants.map_or(name.as_str(), |(now, _)| &now.name);
    let value = door.handle.vault.get(entry).await.map_err(|error| {
        tracing::warn!(%error, secret = %name, "a secret could not be lent");
        let message = format!("The secret {name} could not be read from the vault; ask again later.");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "vault", message).retry_after(5)
    })?;
    let missing = || {
        let message = format!("The secret {name} is not in the vault; its owner can add it under Secrets.");
        Problem::new(StatusCode::NOT_FOUND, "secret_not_found", message)
    };
    let value = value.ok_or_else(missing)?;
    // Written down before it leaves: nothing is lent that no record tells of, and nothing is told of that was not lent.
    let tool = tool.map(|tool| door.handle.vault.known().hidden(tool));
    noted(&door, &run_id, &name, tool.as_deref()).await?;
    let used = Used::by_run(entry, &run, How::Lease);
    door.handle.vault.was_used(Used { tool: tool.unwrap_or_default().into_owned(), ..used });
    let body = json!({ "name": name, "value": value, "lease_seconds": LEASE_S });
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)))
}

/// What the cue grants under this name now, and what it did when its run began: asked for by the name it had then, or by what it
/// was changed to since.
fn granted<'a>(
    asked: &str,
    begun: &'a CueDefinition,
    now: &'a CueDefinition,
    renames: &'a [(String, String)],
) -> Option<(&'a Lend, &'a Lend)> {
    let renamed = |name: &'a str| {
        let next = |name: &&'a str| renames.iter().find(|(was, _)| was == name).map(|(_, now)| now.as_str());
        // No name leads back to itself: one that is given again is no name of before.
        std::iter::successors(Some(name), next).take(renames.len() + 1).last().unwrap_or(name)
    };
    let begun = begun.lends.iter().find(|lend| lend.name == asked || renamed(&lend.name) == asked)?;
    let is_same = |lend: &&Lend| lend.name == begun.name || lend.name == renamed(&begun.name);
    now.lends.iter().find(is_same).map(|now| (now, begun))
}

/// For which of its tools the agent asks.
fn tool(query: &Query) -> Result<Option<&str>, Problem> {
    match query.get("tool").filter(|tool| !tool.is_empty()) {
        Some(tool) if tool.chars().count() > TOOL_CHARS_MAX || tool.chars().any(char::is_control) => {
            let message = format!("It should be one line of at most {TOOL_CHARS_MAX} characters.");
            Err(Problem::field("query.tool", message))
        }
        tool => Ok(tool),
    }
}

async fn noted(door: &Door, run_id: &RunId, name: &str, tool: Option<&str>) -> Result<(), Problem> {
    let for_tool = tool.map(|tool| format!(", for {tool}")).unwrap_or_default();
    let words = format!("The secret {name} was lent to it{for_tool}.");
    door.handle.run(run_id, Input::Note { run_id: run_id.clone(), words }).await?;
    Ok(())
}
