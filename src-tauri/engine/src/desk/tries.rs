//! A definition is run once before it is saved: under a name of its own, without a due time, by the same lanes and deliveries as
//! every run. Its cue goes when the run is over; the run stays in the ledger, as one that was fired by hand.

use std::time::Duration;

use cuetower_core::cue::{CueDefinition, OnFailure, Overlap, Restart, Transport};
use cuetower_core::id::{CueId, RunId};
use cuetower_core::input::{Fire, Input};
use cuetower_core::occurrence::Trigger;
use cuetower_core::run::Run;
use cuetower_core::schedule_spec::ScheduleSpec;

use super::wire::{CueTry, DeskError, Fired};
use super::{Desk, cues, invalid};
use crate::definition;
use crate::handle::{Handle, Trouble};

/// Test fires of cues of one name at a time.
const NUMBERED_MAX: u32 = 9;
/// Together with what is added, a name stays within what a name may have.
const NAME_CHARS_KEPT: usize = 230;
/// However much is committed, the run is looked at no more often.
const APART: Duration = Duration::from_millis(250);

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
    let cue_id = create(&desk.handle, &once(definition)).await?;
    let fire =
        Fire { payload: None, send_at: None, key: None, exit_criteria: Vec::new(), trigger: Trigger::ManualFire };
    let fired = cues::fired(desk, &cue_id, fire).await;
    let run_id = fired.as_ref().ok().map(|fired| RunId(fired.run_id.clone()));
    tokio::spawn(put_away(desk.handle.clone(), cue_id, run_id));
    fired
}

/// As it would run, once: no due times, one attempt, one start, and nothing that follows.
fn once(definition: CueDefinition) -> CueDefinition {
    let mut once = definition;
    once.description = Some(format!("A test fire of {}, from the editor. It goes when its run is over.", once.name));
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
async fn put_away(handle: Handle, cue_id: CueId, run_id: Option<RunId>) {
    let mut committed = handle.feed().committed();
    while let Some(run_id) = &run_id {
        committed.borrow_and_update();
        match handle.reader().run(run_id.0.clone()).await {
            Ok(run) if run.as_ref().is_none_or(is_over) => break,
            Ok(_) | Err(_) => {}
        }
        if committed.changed().await.is_err() {
            return;
        }
        tokio::time::sleep(APART).await;
    }
    if let Err(trouble) = handle.cue(&cue_id, Input::Delete).await {
        tracing::warn!(cue = %cue_id, %trouble, "the cue of a test fire could not be deleted");
    }
}

/// Nothing of it goes on: it has its end, no program of it is left, and nobody has to look at it.
fn is_over(run: &Run) -> bool {
    !run.is_live() && !run.may_have_a_process() && !run.is_held_for_verification()
}
