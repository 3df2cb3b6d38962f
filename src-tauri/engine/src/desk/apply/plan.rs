//! What a set of cues would change here: each read by the rules of its door, and all of them together. Nothing is done yet.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use cuetower_core::Ms;
use cuetower_core::cue::{Cue, CueDefinition, CueStatus};
use cuetower_core::id::CueId;
use cuetower_core::pool::PoolBook;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::wire::{CueChange, CueChangeKind, CueFieldChange, CueProblem, CuesApply, DeskError};
use super::super::{Desk, cues};
use super::export::words;
use super::{diff, graph, here, is_guest};
use crate::definition::{self, Invalid, Pause, cues_named};
use crate::handle::Trouble;
use crate::pilot::pools_serve;

pub(super) struct Plan {
    pub entries: Vec<Entry>,
    /// Cues that go.
    pub removed: Vec<Cue>,
    /// By id, of all that are here.
    names: BTreeMap<String, String>,
}

/// One cue that was handed in.
pub(super) struct Entry {
    pub current: Option<Cue>,
    /// Cues that are here are named by their ids, and those that are to be made by their names.
    pub definition: CueDefinition,
    pub pause: Pause,
}

impl Entry {
    pub fn is_redefined(&self) -> bool {
        self.current.as_ref().is_none_or(|current| *current.definition != self.definition)
    }

    /// Whether it is to be paused, until when, or to fire again.
    pub fn turn(&self) -> Option<Pause> {
        let now = match &self.current {
            Some(cue) if cue.status == CueStatus::Paused => Pause::On(cue.paused_until),
            Some(cue) if cue.status == CueStatus::Active => Pause::Off,
            // It is over: there is nothing to pause.
            Some(_) if !self.is_redefined() => return None,
            Some(_) | None => Pause::Off,
        };
        Some(self.pause).filter(|pause| *pause != Pause::Unsaid && *pause != now)
    }

    fn what(&self) -> CueChangeKind {
        match &self.current {
            None => CueChangeKind::Make,
            Some(_) if self.is_redefined() || self.turn().is_some() => CueChangeKind::Change,
            Some(_) => CueChangeKind::Keep,
        }
    }
}

impl Plan {
    /// # Errors
    /// The outer: the tower could not look. The inner: what does not fit.
    pub async fn of(desk: &Desk, request: &CuesApply) -> Result<Result<Plan, Vec<CueProblem>>, DeskError> {
        let here = here(desk).await?;
        let now = desk.handle.now();
        Ok(Plan::with(&here, &desk.handle.pool_view(), request, now))
    }

    /// # Errors
    /// All that does not fit, by cue.
    pub fn with(
        here: &BTreeMap<String, Cue>,
        pools: &PoolBook,
        request: &CuesApply,
        now: Ms,
    ) -> Result<Plan, Vec<CueProblem>> {
        let mut problems = Vec::new();
        let mut entries = Vec::new();
        let mut seen = BTreeSet::new();
        for (index, cue) in request.cues.iter().enumerate() {
            match one(cue, here, pools, now) {
                Ok(entry) if !seen.insert(entry.definition.name.clone()) => {
                    let message = format!("The cue `{}` is there twice; one cue has one name.", entry.definition.name);
                    problems.push(problem(index, "name", message));
                }
                Ok(entry) => entries.push(entry),
                Err(found) => {
                    problems.extend(found.into_iter().map(|found| problem(index, &found.field, found.message)));
                }
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let goes = |cue: &Cue| request.prune && !is_guest(cue) && !seen.contains(&cue.definition.name);
        let (removed, staying): (Vec<&Cue>, Vec<&Cue>) = here.values().partition(|cue| goes(cue));
        named(&mut entries, &staying)?;
        let removed = removed.into_iter().cloned().collect();
        let names = here.iter().map(|(name, cue)| (cue.id.0.clone(), name.clone())).collect();
        Ok(Plan { entries, removed, names })
    }

    pub fn changes(&self) -> Vec<CueChange> {
        let entry = |entry: &Entry| {
            let cue_id = entry.current.as_ref().map(|cue| cue.id.0.clone());
            CueChange {
                name: entry.definition.name.clone(),
                what: entry.what(),
                words: self.words(cue_id.as_deref(), &entry.definition),
                fields: self.fields(entry),
                cue_id,
            }
        };
        let removed = |cue: &Cue| CueChange {
            name: cue.definition.name.clone(),
            what: CueChangeKind::Remove,
            words: self.words(Some(cue.id.as_str()), &cue.definition),
            fields: Vec::new(),
            cue_id: Some(cue.id.0.clone()),
        };
        self.entries.iter().map(entry).chain(self.removed.iter().map(removed)).collect()
    }

    fn words(&self, cue_id: Option<&str>, definition: &CueDefinition) -> String {
        words(cue_id.unwrap_or_default(), definition, |id| self.names.get(id).cloned())
    }

    fn fields(&self, entry: &Entry) -> Vec<CueFieldChange> {
        let Some(current) = &entry.current else { return Vec::new() };
        let [old, new] = [&*current.definition, &entry.definition].map(|definition| self.written(definition));
        let mut fields = diff::fields(&old, &new);
        if fields.is_empty() && entry.is_redefined() {
            // Nothing and an empty section are not the same to an agent.
            fields.push(CueFieldChange {
                field: "payload".to_owned(),
                old: old["payload"].clone(),
                new: new["payload"].clone(),
            });
        }
        if let Some(turn) = entry.turn() {
            let now = if current.status == CueStatus::Paused { Pause::On(current.paused_until) } else { Pause::Off };
            let shown = |pause| match pause {
                Pause::Unsaid | Pause::Off => json!(false),
                Pause::On(None) => json!(true),
                Pause::On(Some(_)) => {
                    let mut until = serde_json::Map::new();
                    definition::put_pause(&mut until, pause, &entry.definition.schedule.timezone);
                    json!(format!("until {}", until["paused_until"].as_str().unwrap_or_default()))
                }
            };
            fields.push(CueFieldChange { field: "paused".to_owned(), old: shown(now), new: shown(turn) });
        }
        fields
    }

    /// With the names of other cues.
    fn written(&self, definition: &CueDefinition) -> Value {
        let mut shown = definition.clone();
        for (_, named) in cues_named(&mut shown) {
            if let Some(name) = self.names.get(named.as_str()) {
                *named = CueId(name.clone());
            }
        }
        definition::write(&shown)
    }

    /// The same for the same changes to the same cues.
    pub fn mark(&self) -> String {
        let entry = |entry: &Entry| {
            let stands = entry.current.as_ref().map(|cue| (cue.id.as_str(), cue.revision));
            json!([entry.definition.name, stands, definition::write(&entry.definition), format!("{:?}", entry.pause)])
        };
        let removed = |cue: &Cue| json!([cue.id.as_str(), cue.revision]);
        let all: Value = self.entries.iter().map(entry).chain(self.removed.iter().map(removed)).collect();
        let digest = Sha256::digest(all.to_string());
        digest.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a String takes all");
            text
        })
    }

    pub async fn notes(&self, desk: &Desk) -> Result<Vec<String>, DeskError> {
        let kept: BTreeSet<String> = desk.handle.reader().secrets().await?.into_iter().map(|row| row.name).collect();
        let mut notes = Vec::new();
        for Entry { current, definition, pause } in &self.entries {
            let is_paused = current.as_ref().is_some_and(|cue| cue.status == CueStatus::Paused);
            let name = &definition.name;
            if is_paused && *pause == Pause::Unsaid {
                notes.push(format!("{name} is paused here and stays so; `paused = false` in its file resumes it."));
            }
            for secret in definition::secret_names(definition).iter().filter(|secret| !kept.contains(*secret)) {
                notes.push(format!(
                    "{name} needs the secret {secret}, which is not in the vault: cuetowerctl secret set {secret}"
                ));
            }
        }
        Ok(notes)
    }
}

fn problem(index: usize, field: &str, message: String) -> CueProblem {
    CueProblem { index: u32::try_from(index).unwrap_or(u32::MAX), field: field.to_owned(), message }
}

fn one(cue: &Value, here: &BTreeMap<String, Cue>, pools: &PoolBook, now: Ms) -> Result<Entry, Vec<Invalid>> {
    let Value::Object(map) = cue else {
        let message = "A cue is an object with a `name`, a `transport` and a `schedule`.".to_owned();
        return Err(vec![Invalid { field: String::new(), message }]);
    };
    let mut map = map.clone();
    let pause = definition::take_pause(&mut map, now);
    let current = map.get("name").and_then(Value::as_str).and_then(|name| here.get(name)).cloned();
    let unknown = definition::unknown(&map);
    let json = Value::Object(map);
    let read = match &current {
        Some(cue) => definition::read_again(&cue.definition, &json, now),
        None => definition::read_new(&json, now),
    };
    // Said first: the others may only be so because one field is misspelt.
    let mut problems: Vec<Invalid> = unknown.iter().map(|field| cues::no_such_field(field)).collect();
    let (pause, read) = match (pause, read) {
        (Ok(pause), Ok(read)) => (pause, read),
        (pause, read) => {
            problems.extend([read.err(), pause.err()].into_iter().flatten().flatten());
            return Err(problems);
        }
    };
    let definition = read.definition;
    if let Err(error) = cues::no_folders(&definition) {
        problems.push(Invalid { field: error.field.unwrap_or_default(), message: error.message });
    }
    if let Err(trouble) = pools_serve(pools, &definition.uses, now) {
        let field = if let Trouble::Unfit { field, .. } = &trouble { *field } else { "uses" };
        problems.push(Invalid { field: field.to_owned(), message: trouble.to_string() });
    }
    if problems.is_empty() { Ok(Entry { current, definition, pause }) } else { Err(problems) }
}

/// Puts ids in place of names of cues that are here; refuses those that will not be there, and circles.
fn named(entries: &mut [Entry], staying: &[&Cue]) -> Result<(), Vec<CueProblem>> {
    let mut problems = Vec::new();
    let new: BTreeSet<String> = entries.iter().map(|entry| entry.definition.name.clone()).collect();
    let known = |named: &CueId| {
        let by_name = staying.iter().find(|cue| cue.definition.name == named.0);
        by_name.or_else(|| staying.iter().find(|cue| cue.id == *named && !new.contains(&named.0)))
    };
    for (index, entry) in entries.iter_mut().enumerate() {
        let (own_name, own_id) = (entry.definition.name.clone(), entry.current.as_ref().map(|cue| cue.id.clone()));
        for (field, named) in cues_named(&mut entry.definition) {
            let found = known(named).map(|cue| cue.id.clone());
            if named.0 == own_name || (found.is_some() && found == own_id) {
                problems.push(problem(index, field, "A cue cannot follow itself; name another.".to_owned()));
            } else if let Some(id) = found {
                *named = id;
            } else if !new.contains(&named.0) {
                let message =
                    format!("There is no cue `{named}`, neither here nor among these; name one that there is.");
                problems.push(problem(index, field, message));
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let name_of = |id: &CueId| staying.iter().find(|cue| cue.id == *id).map(|cue| CueId(cue.definition.name.clone()));
    let others = staying.iter().filter(|cue| !new.contains(&cue.definition.name)).map(|cue| (*cue.definition).clone());
    let mut all: Vec<CueDefinition> = entries.iter().map(|entry| entry.definition.clone()).chain(others).collect();
    for definition in &mut all {
        for (_, named) in cues_named(definition) {
            if let Some(name) = name_of(named) {
                *named = name;
            }
        }
    }
    let all: graph::Cues = all.iter().map(|definition| (definition.name.as_str(), definition)).collect();
    let Some((cue, field, named)) = graph::circle(&all, &new) else { return Ok(()) };
    let message = format!("`{named}` leads back to this cue; a circle would never end.");
    let index = entries.iter().position(|entry| entry.definition.name == cue).unwrap_or_default();
    Err(vec![problem(index, field, message)])
}
