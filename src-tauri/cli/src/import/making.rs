//! Makes the cues that were read, in an order in which each finds those it names. A cue that is to be paused never fires
//! in between.

use std::collections::{BTreeMap, BTreeSet};

use cuetower_engine::desk::wire::{CueView, Secrets};
use serde_json::{Map, Value, json};

use super::headers::{HeaderSecret, name_secret, secret_name};
use super::mapping::Mapped;
use super::{Became, Line};
use crate::owner::Owner;

pub struct Making<'a> {
    owner: &'a Owner,
    dry_run: bool,
    all_paused: bool,
    /// Names of the cues that are here, with their ids; an id is missing in a dry run.
    here: BTreeMap<String, Option<String>>,
    /// Names of secrets that are here.
    secrets: BTreeSet<String>,
    /// What a cue there is called here.
    names: BTreeMap<String, String>,
}

impl<'a> Making<'a> {
    pub async fn begin(owner: &'a Owner, dry_run: bool, all_paused: bool) -> Result<Making<'a>, String> {
        let here = own_cues(owner).await?.into_iter().map(|cue| (cue.name, Some(cue.id))).collect();
        let secrets: Secrets = owner.ask("secrets", json!({})).await?;
        let secrets = secrets.secrets.into_iter().map(|secret| secret.name).collect();
        Ok(Making { owner, dry_run, all_paused, here, secrets, names: BTreeMap::new() })
    }

    /// One line for each.
    pub async fn all(mut self, cues: Vec<Mapped>) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut waiting: Vec<Mapped> = cues;
        while !waiting.is_empty() {
            let ids: BTreeSet<String> = waiting.iter().map(|cue| cue.id.clone()).collect();
            let ready = |cue: &Mapped| named(&cue.definition).iter().all(|(_, id)| !ids.contains(id) || *id == cue.id);
            // In a circle nobody is ready: whoever is first goes, without the one it names.
            let at = waiting.iter().position(ready).unwrap_or(0);
            let cue = waiting.remove(at);
            lines.push(self.one(cue).await);
        }
        lines
    }

    async fn one(&mut self, mut cue: Mapped) -> Line {
        let paused = cue.paused || self.all_paused;
        self.names.insert(cue.id.clone(), cue.name.clone());
        if self.here.contains_key(&cue.name) {
            return Line::of(&cue, false, Became::There, Vec::new());
        }
        if let Err(why) = self.rename_those_it_names(&mut cue) {
            return Line::of(&cue, paused, Became::LeftOut(why), Vec::new());
        }
        let kept = self.name_its_secrets(&mut cue);
        let names: Vec<String> = kept.iter().map(|(name, _)| name.clone()).collect();
        if self.dry_run {
            self.here.insert(cue.name.clone(), None);
            return Line::of(&cue, paused, Became::Made(None), names);
        }
        match self.make(&cue, paused, &kept).await {
            Ok(id) => {
                self.here.insert(cue.name.clone(), Some(id.clone()));
                Line::of(&cue, paused, Became::Made(Some(id)), names)
            }
            Err(why) => Line::of(&cue, paused, Became::LeftOut(why), Vec::new()),
        }
    }

    /// Puts the ids of here into the fields that name another cue by its id there. One that only follows is left out with
    /// the cue it follows; what a cue fires afterwards is left out of it.
    fn rename_those_it_names(&self, cue: &mut Mapped) -> Result<(), String> {
        for (place, id) in named(&cue.definition) {
            let here = self.names.get(&id).and_then(|name| Some((name, self.here.get(name)?)));
            match (here, place) {
                (Some((name, here)), _) => put(&mut cue.definition, place, json!(here.as_ref().unwrap_or(name))),
                (None, Place::Follows) => return Err(format!("it fires after the cue {id}, which is not here")),
                (None, Place::OnSuccess | Place::Fallback) => {
                    put(&mut cue.definition, place, Value::Null);
                    cue.notes.push(format!("{}: the cue {id} is not here, or names this one in turn", place.word()));
                }
            }
        }
        Ok(())
    }

    fn name_its_secrets(&mut self, cue: &mut Mapped) -> Vec<(String, String)> {
        let mut kept = Vec::new();
        for HeaderSecret { header, value } in std::mem::take(&mut cue.secrets) {
            let name = secret_name(&cue.name, &header, |name| self.secrets.contains(name));
            self.secrets.insert(name.clone());
            name_secret(&mut cue.definition, &header, &name);
            kept.push((name, value));
        }
        kept
    }

    async fn make(&self, cue: &Mapped, paused: bool, secrets: &[(String, String)]) -> Result<String, String> {
        for (index, (name, value)) in secrets.iter().enumerate() {
            let set = self.owner.call("secret_set", &json!({ "name": name, "value": value })).await;
            if let Err(why) = set {
                self.forget(&secrets[..index]).await;
                return Err(why);
            }
        }
        let made = if paused { self.make_paused(cue).await } else { self.create(&cue.definition).await };
        if made.is_err() {
            self.forget(secrets).await;
        }
        made
    }

    async fn create(&self, definition: &Map<String, Value>) -> Result<String, String> {
        let cue: CueView = self.owner.ask("cue_create", json!({ "definition": definition })).await?;
        Ok(cue.id)
    }

    /// It gets its schedule once it is paused.
    async fn make_paused(&self, cue: &Mapped) -> Result<String, String> {
        let mut idle = cue.definition.clone();
        idle.insert("schedule".to_owned(), json!({ "type": "manual" }));
        let id = self.create(&idle).await?;
        let paused = self.owner.call("cue_pause", &json!({ "cue_id": id, "until_ms": null })).await;
        let whole = match paused {
            Ok(_) => {
                let change = json!({ "cue_id": id, "revision": null, "definition": cue.definition });
                self.owner.call("cue_update", &change).await
            }
            Err(why) => Err(why),
        };
        match whole {
            Ok(_) => Ok(id),
            Err(why) => {
                drop(self.owner.call("cue_delete", &json!({ "cue_id": id })).await);
                Err(why)
            }
        }
    }

    async fn forget(&self, secrets: &[(String, String)]) {
        for (name, _) in secrets {
            // Why it is taken back is told; that this failed too would help nobody.
            drop(self.owner.call("secret_delete", &json!({ "name": name })).await);
        }
    }
}

/// The owner's; an account that registered has names of its own.
async fn own_cues(owner: &Owner) -> Result<Vec<CueView>, String> {
    // A board of one millisecond: the lanes' heads without their marks.
    let board = owner.call("board", &json!({ "from_ms": 0, "to_ms": 1 })).await?;
    let cues = board["cues"].as_array().into_iter().flatten().filter(|cue| cue["account"].is_null());
    let read = cues.map(|cue| serde_json::from_value(cue.clone()));
    read.collect::<Result<_, _>>()
        .map_err(|error| format!("The tower is of another version than this program ({error})."))
}

/// Where a cue names another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    OnSuccess,
    Fallback,
    Follows,
}

impl Place {
    fn word(self) -> &'static str {
        match self {
            Place::OnSuccess => "on_success_fire",
            Place::Fallback => "on_failure.fallback_cue",
            Place::Follows => "schedule.cue",
        }
    }
}

/// The ids, at the other server, that a cue names.
fn named(definition: &Map<String, Value>) -> Vec<(Place, String)> {
    let at = |place: Place| match place.word().split_once('.') {
        Some((section, field)) => definition.get(section).and_then(|section| section.get(field)),
        None => definition.get(place.word()),
    };
    let places = [Place::OnSuccess, Place::Fallback, Place::Follows];
    let named = places.into_iter().filter_map(|place| Some((place, at(place)?.as_str()?.to_owned())));
    named.filter(|(_, id)| !id.is_empty()).collect()
}

fn put(definition: &mut Map<String, Value>, place: Place, value: Value) {
    match place.word().split_once('.') {
        Some((section, field)) => definition[section][field] = value,
        None => definition[place.word()] = value,
    }
}
