//! Keys that are limited to the cues of their agent: what they reach of cues and executions. Who is not limited is never held up.

use cuetower_core::cue::CueDefinition;
use cuetower_core::id::CueId;

use super::Door;
use super::caller::Caller;
use super::problem::Problem;
use crate::handle::Trouble;

/// Cues of one account that are looked through.
const CUES_MAX: u32 = 10_000;

/// What is another agent's is not there for a limited key. A run that shows its own token beside it is its own.
pub(super) async fn run(door: &Door, caller: &Caller, id: &str) -> Result<(), Problem> {
    let Some(agent) = caller.limited_to() else { return Ok(()) };
    if caller.run_shown().is_some_and(|run| run.as_str() == id) {
        return Ok(());
    }
    let reader = door.handle.reader();
    let cue_id = match reader.run(id.to_owned()).await? {
        Some(run) => Some(run.cue_id.0),
        None => reader.occurrence_of_run(id.to_owned()).await?.map(|row| row.cue_id),
    };
    let cue = reader.cue(cue_id.ok_or_else(Problem::no_execution)?).await?;
    cue.filter(|cue| cue.definition.agent == agent).map(drop).ok_or_else(Problem::no_execution)
}

/// Whether a cue may be as a limited key writes it: its agent's own, and hung on none but its own. What `before` names already
/// is whoever's it was.
pub(super) async fn writes(
    door: &Door,
    caller: &Caller,
    definition: &CueDefinition,
    before: Option<&CueDefinition>,
) -> Result<(), Problem> {
    let Some(agent) = caller.limited_to() else { return Ok(()) };
    if definition.agent != agent {
        let message = format!("This key makes and changes cues of its agent, {agent}, alone.");
        return Err(Problem::field("body.agent", message));
    }
    let known = before.map(others).unwrap_or_default();
    let new: Vec<_> = others(definition).into_iter().filter(|other| !known.contains(other)).collect();
    if new.is_empty() {
        return Ok(());
    }
    let (cues, _) = door.handle.reader().cues(Some(caller.account().0.clone()), None, CUES_MAX, 0).await?;
    for (field, named) in new {
        // An id may be another cue's name: all that it could mean are to be its own.
        let mut meant = cues.iter().filter(|cue| cue.id == *named || cue.definition.name == named.as_str()).peekable();
        if meant.peek().is_none() || meant.any(|cue| cue.definition.agent != agent) {
            // As of one that there is not.
            return Err(Trouble::no_cue(field, named).into());
        }
    }
    Ok(())
}

/// The other cues that a definition names, and where.
fn others(definition: &CueDefinition) -> Vec<(&'static str, &CueId)> {
    let after = definition.schedule.follows().map(|(cue, _)| ("schedule.cue", cue));
    let success = definition.on_success_fire.iter().map(|cue| ("on_success_fire", cue));
    let fallback = definition.on_failure.fallback.iter().map(|cue| ("on_failure.fallback_cue", cue));
    after.into_iter().chain(success).chain(fallback).collect()
}
