//! Cues by the owner's hand.

use chrono::Offset as _;
use cuetower_core::Ms;
use cuetower_core::cue::{Cue, CueDefinition, CueStatus};
use cuetower_core::id::CueId;
use cuetower_core::input::{Answer, Fire, Input};
use cuetower_core::occurrence::Trigger;
use cuetower_core::plan::Plan;
use serde_json::{Value, json};

use super::wire::{CueCreate, CueFire, CueRef, CueUpdate, CueView, DeskError, Fired, Preview, PreviewRequest};
use super::{Desk, invalid, not_found};
use crate::definition::{self, Invalid, Read};
use crate::view;

pub(super) async fn preview(desk: &Desk, request: PreviewRequest) -> Result<Preview, DeskError> {
    let now = desk.handle.now();
    // A whole cue around the schedule, so that it is read by the same rules as when it is saved.
    let cue = json!({ "name": "preview", "transport": "command", "command": { "argv": ["true"] }, "schedule": request.schedule });
    let schedule = definition::read_new(&cue, now).map_err(first)?.definition.schedule;
    let plan = Plan::of(&schedule).map_err(|error| invalid(error.field(), error.to_string()))?;
    let count = request.count.clamp(1, 100) as usize;
    let fires: Vec<Ms> = std::iter::successors(plan.next_after(now), |at| plan.next_after(*at)).take(count).collect();
    let offset =
        |at: &Ms| at.utc().map_or(0, |at| at.with_timezone(&plan.zone()).offset().fix().local_minus_utc() / 60);
    Ok(Preview {
        words: plan.words(),
        offsets_minutes: fires.iter().map(offset).collect(),
        fires_ms: fires.iter().map(|at| at.0).collect(),
        notes: plan.clock_change_notes(now),
    })
}

pub(super) async fn get(desk: &Desk, request: CueRef) -> Result<CueView, DeskError> {
    let cue = current(desk, &request.cue_id).await?;
    Ok(view::cue(&cue, desk.handle.now()))
}

pub(super) async fn create(desk: &Desk, request: CueCreate) -> Result<CueView, DeskError> {
    let definition = whole(desk, &request.definition)?;
    let cue = desk.handle.create_cue(definition).await?;
    Ok(view::cue(&cue, desk.handle.now()))
}

pub(super) async fn update(desk: &Desk, request: CueUpdate) -> Result<CueView, DeskError> {
    let current = current(desk, &request.cue_id).await?;
    let definition = known(definition::read_again(&current.definition, &request.definition, desk.handle.now()))?;
    let input = Input::Edit { definition: Box::new(definition), revision: request.revision };
    change(desk, &request.cue_id, input).await
}

pub(super) async fn pause(desk: &Desk, request: CueRef) -> Result<CueView, DeskError> {
    change(desk, &request.cue_id, Input::Pause).await
}

pub(super) async fn resume(desk: &Desk, request: CueRef) -> Result<CueView, DeskError> {
    change(desk, &request.cue_id, Input::Resume).await
}

pub(super) async fn delete(desk: &Desk, request: CueRef) -> Result<CueView, DeskError> {
    change(desk, &request.cue_id, Input::Delete).await
}

pub(super) async fn fire(desk: &Desk, request: CueFire) -> Result<Fired, DeskError> {
    let fire = Fire { payload: request.payload, send_at: None, key: None, trigger: Trigger::ManualFire };
    fired(desk, &CueId(request.cue_id), fire).await
}

pub(super) async fn fired(desk: &Desk, cue_id: &CueId, fire: Fire) -> Result<Fired, DeskError> {
    match desk.handle.cue(cue_id, Input::Fire(fire)).await?.0 {
        Answer::Fired { run_id, occurrence_id, .. } => Ok(Fired { run_id: run_id.0, occurrence_id: occurrence_id.0 }),
        Answer::Done | Answer::Recorded { .. } | Answer::Refused(_) => Err(not_found(&format!("cue {cue_id}"))),
    }
}

async fn change(desk: &Desk, cue_id: &str, input: Input) -> Result<CueView, DeskError> {
    let id = CueId(cue_id.to_owned());
    let deleting = matches!(input, Input::Delete);
    match desk.handle.cue(&id, input).await {
        Ok((_, cue)) => Ok(view::cue(&cue, desk.handle.now())),
        // The lane is gone by the time its answer is made; the store remembers the cue.
        Err(crate::Trouble::NotFound(_)) if deleting => {
            let cue = desk
                .handle
                .reader()
                .cue(cue_id.to_owned())
                .await?
                .ok_or_else(|| not_found(&format!("cue {cue_id}")))?;
            Ok(view::cue(&cue, desk.handle.now()))
        }
        Err(trouble) => Err(trouble.into()),
    }
}

async fn current(desk: &Desk, cue_id: &str) -> Result<Cue, DeskError> {
    let cue = desk.handle.reader().cue(cue_id.to_owned()).await?;
    cue.filter(|cue| cue.status != CueStatus::Deleted).ok_or_else(|| not_found(&format!("cue {cue_id}")))
}

fn whole(desk: &Desk, definition: &Value) -> Result<CueDefinition, DeskError> {
    known(definition::read_new(definition, desk.handle.now()))
}

/// At this door a field nobody knows is a mistake.
fn known(read: Result<Read, Vec<Invalid>>) -> Result<CueDefinition, DeskError> {
    let read = read.map_err(first)?;
    match read.unknown.first() {
        None => Ok(read.definition),
        Some(field) => Err(invalid(field, format!("A cue has no field `{field}`."))),
    }
}

fn first(problems: Vec<Invalid>) -> DeskError {
    let mut problems = problems.into_iter();
    match problems.next() {
        Some(problem) => invalid(&problem.field, problem.message),
        None => invalid("definition", "The definition does not fit."),
    }
}
