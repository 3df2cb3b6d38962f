//! A definition is run once before it is saved: under a name of its own, without a due time, by the same lanes and deliveries as
//! every run. Its cue goes when the run is over, after a crash too; the run stays in the ledger, as one that was fired by hand.

use std::time::Duration;

use cuetower_core::Ms;
use cuetower_core::cue::{CueDefinition, OnFailure, Overlap, Restart, Transport};
use cuetower_core::id::CueId;
use cuetower_core::input::{Fire, Input};
use cuetower_core::occurrence::Trigger;
use cuetower_core::run::Run;
use cuetower_core::schedule_spec::ScheduleSpec;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::wire::{CueTry, DeskError, Fired};
use super::{Desk, cues, invalid};
use crate::definition;
use crate::handle::{Handle, Trouble};
use crate::journal::StoreError;

/// Test fires of cues of one name at a time.
const NUMBERED_MAX: u32 = 9;
/// Together with what is added, a name stays within what a name may have.
const NAME_CHARS_KEPT: usize = 230;
/// However much is committed, the run is looked at no more often.
const APART: Duration = Duration::from_millis(250);
/// The description of its cue, around the name of what is tried: by it a cue that was left behind is known.
const MARK: (&str, &str) = ("A test fire of ", ", from the editor. It goes when its run is over.");
/// Of one such cue: it has one run, and those that were made again by hand.
const RUNS_MAX: u32 = 100;

pub(super) async fn fire(desk: &Desk, request: CueTry) -> Result<Fired, DeskError> {
    let now = desk.handle.now();
    let definition = match &request.cue_id {
        None => cues::known(definition::read_new(&request.definition, now))?,
        Some(id) => {
            let current = cues::current(desk, id).await?;
            cues::known(definition::read_again(&current.definition, &request.definition, now))?
        }
    };
    if definition.transport.is_watch() {
        let message = "The tower does not start what it only watches, so there is nothing to test. Save it, and send its first ping.";
        return Err(invalid("transport", message));
    }
    // It is no way around what holds for its cue: neither a day's budget that is spent, nor a payload that is wanted.
    cues::brings_enough(&definition, None)?;
    if let Some(id) = request.cue_id
        && let Some(lane) = desk.handle.reader().lane(id).await?
        && let Some(refusal) = lane.refuses_for_budget(now)
    {
        return Err(Trouble::Refused(refusal).into());
    }
    // Whoever asked may be gone before it is answered; what was begun is ended all the same.
    let (tell, told) = oneshot::channel();
    tokio::spawn(tried(desk.clone(), once(definition), tell));
    told.await.unwrap_or_else(|_| Err(Trouble::Stopping.into()))
}

async fn tried(desk: Desk, definition: CueDefinition, tell: oneshot::Sender<Result<Fired, DeskError>>) {
    let cue_id = match create(&desk.handle, &definition).await {
        Ok(cue_id) => cue_id,
        Err(trouble) => return drop(tell.send(Err(trouble.into()))),
    };
    let fire =
        Fire { payload: None, send_at: None, key: None, exit_criteria: Vec::new(), trigger: Trigger::ManualFire };
    drop(tell.send(cues::fired(&desk, &cue_id, fire).await));
    put_away(desk.handle, cue_id).await;
}

/// At the start of a tower: these cues of an earlier one's test fires go as they would have.
pub(crate) async fn put_away_left(handle: Handle, left: Vec<CueId>) {
    let mut going: JoinSet<()> = left.into_iter().map(|cue| put_away(handle.clone(), cue)).collect();
    while going.join_next().await.is_some() {}
}

pub(crate) fn is_of_a_try(definition: &CueDefinition) -> bool {
    let described = definition.description.as_deref().unwrap_or_default();
    described.starts_with(MARK.0) && described.ends_with(MARK.1) && definition.name.contains(" (test fire")
}

/// As it would run, once: no due times, one attempt, one start, and nothing that follows.
fn once(definition: CueDefinition) -> CueDefinition {
    let mut once = definition;
    once.description = Some(format!("{}{}{}", MARK.0, once.name, MARK.1));
    once.schedule = ScheduleSpec::manual(once.schedule.timezone);
    once.overlap = Overlap::Allow;
    once.retry.max_attempts = 1;
    if let Transport::Command(command) = &mut once.transport {
        command.restart = Restart::Never;
    }
    once.pause_on_failure = false;
    once.on_failure = OnFailure::default();
    once.on_success_fire = None;
    once
}

/// Another test fire of the same cue may still go on.
async fn create(handle: &Handle, definition: &CueDefinition) -> Result<CueId, Trouble> {
    let name: String = definition.name.chars().take(NAME_CHARS_KEPT).collect();
    let mut number = 1;
    loop {
        let words = if number == 1 { "test fire".to_owned() } else { format!("test fire {number}") };
        match handle.create_cue(CueDefinition { name: format!("{name} ({words})"), ..definition.clone() }).await {
            Ok(cue) => return Ok(cue.id),
            Err(Trouble::DuplicateName(_)) if number < NUMBERED_MAX => number += 1,
            Err(trouble) => return Err(trouble),
        }
    }
}

/// Deletes the cue once its run is over; at once where none began.
async fn put_away(handle: Handle, cue_id: CueId) {
    let mut committed = handle.feed().committed();
    loop {
        committed.borrow_and_update();
        // A store that fails may answer the next time.
        if let Ok(false) = goes_on(&handle, &cue_id).await {
            break;
        }
        if committed.changed().await.is_err() {
            return;
        }
        tokio::time::sleep(APART).await;
    }
    match handle.cue(&cue_id, Input::Delete).await {
        // Its owner was faster, or the next start does it.
        Ok(_) | Err(Trouble::NotFound(_) | Trouble::Stopping) => {}
        Err(trouble) => tracing::warn!(cue = %cue_id, %trouble, "the cue of a test fire could not be deleted"),
    }
}

async fn goes_on(handle: &Handle, cue_id: &CueId) -> Result<bool, StoreError> {
    let reader = handle.reader();
    let Some(lane) = reader.lane(cue_id.0.clone()).await? else { return Ok(false) };
    if lane.waiting().next().is_some() || lane.runs.values().any(|run| !is_over(run)) {
        return Ok(true);
    }
    for row in reader.occurrences_page(Some(cue_id.0.clone()), Ms(i64::MAX), RUNS_MAX).await? {
        if reader.run(row.run_id).await?.is_some_and(|run| !is_over(&run)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Nothing of it goes on: it has its end, no program of it is left, and nobody has to look at it.
fn is_over(run: &Run) -> bool {
    !run.is_live() && !run.may_have_a_process() && !run.is_held_for_verification()
}

#[cfg(test)]
#[path = "tries_tests.rs"]
mod tests;
