//! What goes into a file.

use std::collections::BTreeMap;

use cuetower_core::Ms;
use cuetower_core::cue::{Cue, CueStatus};
use cuetower_core::plan::Plan;
use serde_json::Value;

use super::super::wire::{CuesExport, DeskError, LeftOutCue, PortableCues};
use super::super::{Desk, not_found};
use super::{here, is_guest};
use crate::definition::{self, Pause};

pub(in crate::desk) async fn export(desk: &Desk, request: CuesExport) -> Result<PortableCues, DeskError> {
    let here = here(desk).await?;
    let mut left_out = Vec::new();
    let mut chosen: Vec<&Cue> = Vec::new();
    if request.names.is_empty() {
        for cue in here.values().filter(|cue| !is_guest(cue)) {
            if matches!(cue.status, CueStatus::Completed | CueStatus::Failed) {
                let why = "its only instant has passed".to_owned();
                left_out.push(LeftOutCue { name: cue.definition.name.clone(), why });
            } else {
                chosen.push(cue);
            }
        }
    }
    for name in &request.names {
        let cue = here.get(name).or_else(|| here.values().find(|cue| cue.id.as_str() == name));
        let cue = cue.ok_or_else(|| not_found(&format!("cue `{name}`")))?;
        if !chosen.iter().any(|known| known.id == cue.id) {
            chosen.push(cue);
        }
    }
    chosen.sort_by(|one, other| one.definition.name.cmp(&other.definition.name));
    let notes = chosen.iter().flat_map(|cue| notes(cue, &here, &chosen)).collect();
    let names: BTreeMap<String, String> = here.iter().map(|(name, cue)| (cue.id.0.clone(), name.clone())).collect();
    let now = desk.handle.now();
    let chosen: Vec<Cue> = chosen.into_iter().cloned().collect();
    // Every field is tried, whether the cue reads the same without it.
    let written = tokio::task::spawn_blocking(move || chosen.iter().map(|cue| one(cue, &names, now)).collect());
    let cues: Vec<Value> = written.await.map_err(|error| DeskError {
        code: "store".to_owned(),
        message: format!("The cues could not be written: {error}."),
        field: None,
    })?;
    Ok(PortableCues { cues, left_out, notes })
}

fn one(cue: &Cue, names: &BTreeMap<String, String>, now: Ms) -> Value {
    let definition = &cue.definition;
    let mut fields = definition::portable(definition, now, |id| names.get(id).cloned());
    let pause = if cue.status == CueStatus::Paused { Pause::On(cue.paused_until) } else { Pause::Unsaid };
    definition::put_pause(&mut fields, pause, &definition.schedule.timezone);
    Value::Object(fields)
}

/// What a file cannot bring along: cues that are not in it, and a trigger URL, which is this tower's.
fn notes(cue: &Cue, here: &BTreeMap<String, Cue>, chosen: &[&Cue]) -> Vec<String> {
    let name = &cue.definition.name;
    let mut definition = (*cue.definition).clone();
    let mut notes = Vec::new();
    for (field, named) in definition::cues_named(&mut definition) {
        match here.values().find(|other| other.id == *named) {
            None => notes.push(format!("{name}: {field} names a cue that is deleted ({named}).")),
            Some(other) if !chosen.iter().any(|known| known.id == other.id) => {
                notes.push(format!("{name}: {field} names `{}`, which is not in the file.", other.definition.name));
            }
            Some(_) => {}
        }
    }
    if cue.trigger_url.is_some() {
        notes.push(format!("{name}: its trigger URL is this tower's and stays here."));
    }
    notes
}

/// The schedule of a definition in words.
pub(super) fn words(
    cue_id: &str,
    definition: &cuetower_core::cue::CueDefinition,
    name: impl Fn(&str) -> Option<String>,
) -> String {
    Plan::of(&definition.schedule, cue_id).map(|plan| plan.words_naming(name)).unwrap_or_default()
}
