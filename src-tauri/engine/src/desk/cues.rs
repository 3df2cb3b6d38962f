//! Cues by the owner's hand.

use cuetower_core::Ms;
use cuetower_core::cue::{Cue, CueDefinition, CueStatus};
use cuetower_core::id::{CueId, OccurrenceId};
use cuetower_core::input::{Answer, Fire, Input};
use cuetower_core::local_time::offset_minutes;
use cuetower_core::occurrence::Trigger;
use cuetower_core::plan::Plan;
use cuetower_core::schedule_spec::ScheduleSpec;
use serde_json::{Value, json};

use super::wire::{
    CueCreate, CueFire, CuePause, CueRef, CueTrigger, CueUpdate, CueView, DeskError, Fired, Nothing, OccurrenceAnswer,
    PingUrl, Preview, PreviewRequest, TriggerUrl,
};
use super::{Desk, invalid, not_found};
use crate::definition::{self, Invalid, Read};
use crate::view;

/// An instant that was chosen a moment ago may have passed by the time it arrives.
const PAST_MS: u64 = 60_000;

pub(super) async fn preview(desk: &Desk, request: PreviewRequest) -> Result<Preview, DeskError> {
    let now = desk.handle.now();
    // A whole cue around the schedule, so that it is read by the same rules as when it is saved.
    let cue = json!({ "name": "preview", "transport": "command", "command": { "argv": ["true"] }, "schedule": request.schedule });
    let schedule = definition::read_new(&cue, now).map_err(first)?.definition.schedule;
    let salt = request.cue_id.as_deref().unwrap_or_default();
    let plan = Plan::of(&schedule, salt).map_err(|error| invalid(error.field(), error.to_string()))?;
    let count = request.count.clamp(1, 100) as usize;
    // Jitter goes by the cue's id: one that has none yet is shown without.
    let still = ScheduleSpec { jitter_ms: if request.cue_id.is_some() { schedule.jitter_ms } else { 0 }, ..schedule };
    let named = Plan::of(&still, salt).map_err(|error| invalid(error.field(), error.to_string()))?;
    let fires: Vec<Ms> = std::iter::successors(named.next_after(now), |at| named.next_after(*at)).take(count).collect();
    Ok(Preview {
        words: plan.words(),
        offsets_minutes: fires.iter().map(|at| offset_minutes(plan.zone(), *at)).collect(),
        fire_notes: fires.iter().map(|at| plan.note_at(*at)).collect(),
        fires_ms: fires.iter().map(|at| at.0).collect(),
        notes: plan.clock_change_notes(now),
    })
}

pub(super) async fn get(desk: &Desk, request: CueRef) -> Result<CueView, DeskError> {
    let cue = current(desk, &request.cue_id).await?;
    shown(desk, &cue).await
}

/// With the name of the cue it follows, if it follows one.
async fn shown(desk: &Desk, cue: &Cue) -> Result<CueView, DeskError> {
    let name = match cue.definition.schedule.follows() {
        Some((followed, _)) => desk.handle.reader().cue(followed.0.clone()).await?.map(|cue| name_of(&cue)),
        None => None,
    };
    Ok(view::cue(cue, desk.handle.now(), |_| name.clone()))
}

/// With a word where the cue is there no more.
pub(super) fn name_of(cue: &Cue) -> String {
    let name = &cue.definition.name;
    if cue.status == CueStatus::Deleted { format!("{name} (deleted)") } else { name.clone() }
}

pub(super) async fn create(desk: &Desk, request: CueCreate) -> Result<CueView, DeskError> {
    let definition = whole(desk, &request.definition)?;
    let cue = desk.handle.create_cue(definition).await?;
    shown(desk, &cue).await
}

pub(super) async fn update(desk: &Desk, request: CueUpdate) -> Result<CueView, DeskError> {
    let current = current(desk, &request.cue_id).await?;
    let definition = known(definition::read_again(&current.definition, &request.definition, desk.handle.now()))?;
    let input = Input::Edit { definition: Box::new(definition), revision: request.revision };
    change(desk, &request.cue_id, input).await
}

pub(super) async fn pause(desk: &Desk, request: CuePause) -> Result<CueView, DeskError> {
    let until = request.until_ms.map(Ms);
    if until.is_some_and(|until| until <= desk.handle.now()) {
        return Err(invalid("until_ms", "A pause must end later than now."));
    }
    change(desk, &request.cue_id, Input::Pause { until }).await
}

/// Run or skip a held occurrence that asks.
pub(super) async fn answer(desk: &Desk, request: OccurrenceAnswer) -> Result<Nothing, DeskError> {
    let input = Input::Answer { occurrence_id: OccurrenceId(request.occurrence_id), run: request.run };
    desk.handle.cue(&CueId(request.cue_id), input).await?;
    Ok(Nothing {})
}

/// The cue's trigger URL: shown, made anew, or taken away.
pub(super) async fn trigger(desk: &Desk, request: CueTrigger) -> Result<TriggerUrl, DeskError> {
    let id = CueId(request.cue_id);
    let cue = match request.change.as_str() {
        "show" => current(desk, &id.0).await?,
        "renew" => desk.handle.cue(&id, Input::TriggerUrl { wanted: true }).await?.1,
        "remove" => desk.handle.cue(&id, Input::TriggerUrl { wanted: false }).await?.1,
        other => return Err(invalid("change", format!("Write `show`, `renew` or `remove`, not `{other}`."))),
    };
    let token = cue.trigger_url.map(|number| desk.handle.tower_key().trigger_token(&cue.id, number));
    Ok(TriggerUrl { url: token.map(|token| format!("{}/v1/triggers/{token}", desk.facts.agents_url)) })
}

/// Where the agent of a watched cue says that it began and how it ended. It is renewed as the trigger URL is.
pub(super) async fn ping_url(desk: &Desk, request: CueRef) -> Result<PingUrl, DeskError> {
    let cue = current(desk, &request.cue_id).await?;
    if !cue.definition.transport.is_watch() {
        return Err(invalid(
            "cue_id",
            "Only a cue with the transport `watch` has pings; the tower starts this one itself.",
        ));
    }
    let key = desk.handle.tower_key().ping_token(&cue.id, cue.trigger_url.unwrap_or(0));
    Ok(PingUrl { url: format!("{}/ping/{key}", desk.facts.agents_url) })
}

pub(super) async fn resume(desk: &Desk, request: CueRef) -> Result<CueView, DeskError> {
    change(desk, &request.cue_id, Input::Resume).await
}

pub(super) async fn delete(desk: &Desk, request: CueRef) -> Result<CueView, DeskError> {
    change(desk, &request.cue_id, Input::Delete).await
}

pub(super) async fn fire(desk: &Desk, request: CueFire) -> Result<Fired, DeskError> {
    let payload = match (request.payload, request.merge.unwrap_or(false)) {
        (Some(over), true) => {
            let cue = current(desk, &request.cue_id).await?;
            let Value::Object(over) = over else {
                return Err(invalid("payload", "Only an object can be laid over the cue's own payload."));
            };
            Some(cue.definition.payload_under(over))
        }
        (payload, _) => payload,
    };
    if payload.as_ref().is_some_and(|payload| !payload.is_object()) {
        return Err(invalid("payload", "A payload is a JSON object, such as {\"lead\": 7}."));
    }
    let send_at = request.send_at_ms.map(Ms);
    if send_at.is_some_and(|at| at.plus(PAST_MS) < desk.handle.now()) {
        return Err(invalid(
            "send_at_ms",
            "That instant has passed; give one that lies ahead, or leave it out to fire now.",
        ));
    }
    let definition = current(desk, &request.cue_id).await?.definition;
    brings_enough(&definition, payload.as_ref())?;
    let key = request.idempotency_key;
    let fire = Fire { payload, send_at, key, exit_criteria: Vec::new(), trigger: Trigger::ManualFire };
    fired(desk, &CueId(request.cue_id), fire).await
}

/// Whether a fire with this payload, or with none of its own, brings what the cue wants of every fire.
pub(super) fn brings_enough(definition: &CueDefinition, payload: Option<&Value>) -> Result<(), DeskError> {
    if definition.fires.payload_required && payload.is_none() {
        return Err(invalid("payload", "This cue wants a payload with each fire; give it one."));
    }
    let missing = definition.fires.missing_in(payload.unwrap_or(&definition.payload));
    if !missing.is_empty() {
        return Err(invalid("payload", format!("The payload lacks what this cue requires: {}.", missing.join(", "))));
    }
    Ok(())
}

pub(super) async fn fired(desk: &Desk, cue_id: &CueId, fire: Fire) -> Result<Fired, DeskError> {
    match desk.handle.cue(cue_id, Input::Fire(fire)).await?.0 {
        Answer::Fired { run_id, occurrence_id, .. } => Ok(Fired { run_id: run_id.0, occurrence_id: occurrence_id.0 }),
        _ => Err(not_found(&format!("cue {cue_id}"))),
    }
}

async fn change(desk: &Desk, cue_id: &str, input: Input) -> Result<CueView, DeskError> {
    let id = CueId(cue_id.to_owned());
    let deleting = matches!(input, Input::Delete);
    match desk.handle.cue(&id, input).await {
        Ok((_, cue)) => shown(desk, &cue).await,
        // The lane is gone by the time its answer is made; the store remembers the cue.
        Err(crate::Trouble::NotFound(_)) if deleting => {
            let cue = desk
                .handle
                .reader()
                .cue(cue_id.to_owned())
                .await?
                .ok_or_else(|| not_found(&format!("cue {cue_id}")))?;
            shown(desk, &cue).await
        }
        Err(trouble) => Err(trouble.into()),
    }
}

pub(super) async fn current(desk: &Desk, cue_id: &str) -> Result<Cue, DeskError> {
    let cue = desk.handle.reader().cue(cue_id.to_owned()).await?;
    cue.filter(|cue| cue.status != CueStatus::Deleted).ok_or_else(|| not_found(&format!("cue {cue_id}")))
}

fn whole(desk: &Desk, definition: &Value) -> Result<CueDefinition, DeskError> {
    // Said first: whatever else is wrong may only be so because this one is misspelt.
    if let Some(field) = definition.as_object().and_then(|body| definition::unknown(body).into_iter().next()) {
        return Err(first(vec![no_such_field(&field)]));
    }
    known(definition::read_new(definition, desk.handle.now()))
}

pub(super) fn no_such_field(field: &str) -> Invalid {
    Invalid { field: field.to_owned(), message: format!("A cue has no field `{field}`.") }
}

/// At this door a field nobody knows is a mistake.
pub(super) fn known(read: Result<Read, Vec<Invalid>>) -> Result<CueDefinition, DeskError> {
    let read = read.map_err(first)?;
    match read.unknown.first() {
        None => no_folders(&read.definition).map(|()| read.definition),
        Some(field) => Err(first(vec![no_such_field(field)])),
    }
}

/// A folder is no file: it would be watched for ever, and nothing would be seen.
pub(super) fn no_folders(definition: &CueDefinition) -> Result<(), DeskError> {
    for (index, path) in definition.schedule.paths.iter().enumerate() {
        if crate::deliver::expand_home(std::path::Path::new(path)).is_dir() {
            let message = format!("`{path}` is a folder; write `{path}/*` for the files in it.");
            return Err(invalid(&format!("schedule.paths[{index}]"), message));
        }
    }
    Ok(())
}

fn first(problems: Vec<Invalid>) -> DeskError {
    let mut problems = problems.into_iter();
    match problems.next() {
        Some(problem) => invalid(&problem.field, problem.message),
        None => invalid("definition", "The definition does not fit."),
    }
}
