//! Makes the changes of a plan one after the other, in an order in which each cue finds those that it names. A cue that is to
//! be paused fires at no moment in between.

use cuetower_core::cue::{Cue, OnFailure};
use cuetower_core::input::Input;
use cuetower_core::schedule_spec::ScheduleSpec;

use super::super::Desk;
use super::super::wire::DeskError;
use super::plan::{Entry, Plan};
use crate::definition::Pause;
use crate::handle::{Handle, Trouble};

enum Step {
    Put(Box<Entry>),
    Remove(Box<Cue>),
}

impl Step {
    fn name(&self) -> &str {
        match self {
            Step::Put(entry) => &entry.definition.name,
            Step::Remove(cue) => &cue.definition.name,
        }
    }

    /// Whether it may be done once something else is done: what it names is made, or nothing names it any more.
    fn may_wait(&self, trouble: &Trouble) -> bool {
        match (self, trouble) {
            (Step::Put(_), Trouble::Unfit { field, .. }) => {
                ["schedule.cue", "on_success_fire", "on_failure.fallback_cue"].contains(field)
            }
            (Step::Remove(_), Trouble::Refused(_)) => true,
            _ => false,
        }
    }
}

/// # Errors
/// What was refused, and what was done before it.
pub(super) async fn all(desk: &Desk, plan: Plan) -> Result<(), DeskError> {
    let handle = &desk.handle;
    let changing = plan.entries.into_iter().filter(|entry| entry.is_redefined() || entry.turn().is_some());
    let puts = changing.map(|entry| Step::Put(Box::new(entry)));
    let mut steps: Vec<Step> = puts.chain(plan.removed.into_iter().map(|cue| Step::Remove(Box::new(cue)))).collect();
    let mut done: Vec<String> = Vec::new();
    while !steps.is_empty() {
        let mut waiting = Vec::new();
        let mut refused = None;
        let before = done.len();
        for step in steps {
            match take(handle, &step).await {
                Ok(()) => done.push(step.name().to_owned()),
                Err(trouble) if step.may_wait(&trouble) => {
                    refused.get_or_insert((step.name().to_owned(), trouble));
                    waiting.push(step);
                }
                Err(trouble) => return Err(broken_off(step.name(), trouble, &done)),
            }
        }
        if done.len() == before
            && let Some((name, trouble)) = refused
            && !begun(handle, &mut waiting).await
        {
            return Err(broken_off(&name, trouble, &done));
        }
        steps = waiting;
    }
    Ok(())
}

async fn take(handle: &Handle, step: &Step) -> Result<(), Trouble> {
    match step {
        Step::Put(entry) => put(handle, entry).await,
        Step::Remove(cue) => match handle.cue(&cue.id, Input::Delete).await {
            // The lane is gone by the time its answer is made.
            Ok(_) | Err(Trouble::NotFound(_)) => Ok(()),
            Err(trouble) => Err(trouble),
        },
    }
}

async fn put(handle: &Handle, entry: &Entry) -> Result<(), Trouble> {
    let Some(current) = &entry.current else { return make(handle, entry).await };
    let turn = entry.turn();
    if let Some(Pause::On(until)) = turn {
        handle.cue(&current.id, Input::Pause { until }).await?;
    }
    if entry.is_redefined() {
        let definition = Box::new(entry.definition.clone());
        handle.cue(&current.id, Input::Edit { definition, revision: Some(current.revision) }).await?;
    }
    if let Some(Pause::Off) = turn {
        handle.cue(&current.id, Input::Resume).await?;
    }
    Ok(())
}

async fn make(handle: &Handle, entry: &Entry) -> Result<(), Trouble> {
    let Pause::On(until) = entry.pause else { return handle.create_cue(entry.definition.clone()).await.map(drop) };
    // It gets its schedule once it is paused.
    let mut idle = entry.definition.clone();
    idle.schedule = ScheduleSpec::manual(idle.schedule.timezone.clone());
    let cue = handle.create_cue(idle).await?;
    let made = async {
        handle.cue(&cue.id, Input::Pause { until }).await?;
        let definition = Box::new(entry.definition.clone());
        handle.cue(&cue.id, Input::Edit { definition, revision: Some(cue.revision) }).await
    };
    if let Err(trouble) = made.await {
        // Why it failed is told; that it could not be taken back either would help nobody.
        drop(handle.cue(&cue.id, Input::Delete).await);
        return Err(trouble);
    }
    Ok(())
}

/// Cues that name each other: makes one of them without the names, so that the others find it. False: there is none to make.
async fn begun(handle: &Handle, waiting: &mut [Step]) -> bool {
    for step in waiting {
        let Step::Put(entry) = step else { continue };
        if entry.current.is_some() {
            continue;
        }
        let mut first = entry.definition.clone();
        first.schedule = ScheduleSpec::manual(first.schedule.timezone.clone());
        first.on_success_fire = None;
        first.on_failure = OnFailure { fallback: None, ..first.on_failure };
        if let Ok(cue) = handle.create_cue(first).await {
            entry.current = Some(cue);
            return true;
        }
    }
    false
}

fn broken_off(name: &str, trouble: Trouble, done: &[String]) -> DeskError {
    let error = DeskError::from(trouble);
    let before = match done {
        [] => "Nothing was changed.".to_owned(),
        [one] => format!("`{one}` was done before it; the rest was not."),
        many => format!(
            "{} cues were done before it, from `{}` to `{}`; the rest was not.",
            many.len(),
            many[0],
            many[many.len() - 1]
        ),
    };
    DeskError { code: error.code, message: format!("{name}: {} {before}", error.message), field: None }
}
