//! Cues as files keep them: handed out (`export`), held against what is here (`plan`, with `graph` and `diff`), and done
//! (`doing`). Cues are known by their names; ids stay here.

mod diff;
mod doing;
mod export;
mod graph;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use cuetower_core::cue::{Cue, CueStatus};

use super::wire::{CuesApplied, CuesApply, DeskError};
use super::{Desk, demo, tries};
pub(super) use export::export;
use plan::Plan;

const CUES_MAX: u32 = 10_000;

pub(super) async fn apply(desk: &Desk, request: CuesApply) -> Result<CuesApplied, DeskError> {
    let plan = match Plan::of(desk, &request).await? {
        Ok(plan) => plan,
        Err(problems) => {
            let (changes, notes) = (Vec::new(), Vec::new());
            return Ok(CuesApplied { changes, problems, notes, plan: String::new(), done: false });
        }
    };
    let (mark, changes, notes) = (plan.mark(), plan.changes(), plan.notes(desk).await?);
    let Some(shown) = request.plan else {
        return Ok(CuesApplied { changes, problems: Vec::new(), notes, plan: mark, done: false });
    };
    if shown != mark {
        let message = "What it would change is not what was shown: a cue was changed meanwhile. Look at it again.";
        return Err(DeskError { code: "conflict".to_owned(), message: message.to_owned(), field: None });
    }
    doing::all(desk, plan).await?;
    Ok(CuesApplied { changes, problems: Vec::new(), notes, plan: mark, done: true })
}

/// The owner's own cues, by name.
async fn here(desk: &Desk) -> Result<BTreeMap<String, Cue>, DeskError> {
    let (cues, _) = desk.handle.reader().cues(None, None, CUES_MAX, 0).await?;
    let own = cues.into_iter().filter(|cue| cue.status != CueStatus::Deleted && cue.definition.account.is_owner());
    Ok(own.map(|cue| (cue.definition.name.clone(), cue)).collect())
}

/// Whether it comes and goes with something else than the owner's files.
fn is_guest(cue: &Cue) -> bool {
    cue.definition.description.as_deref() == Some(demo::MARK) || tries::is_of_a_try(&cue.definition)
}
