//! Cues that fire after another cue's runs: who follows whom, and what an end brings about, in the same commit as the end.

use cuetower_core::cue::{CueDefinition, CueStatus};
use cuetower_core::id::{CueId, RunId};
use cuetower_core::input::Triggered;
use cuetower_core::lane::Lane;
use cuetower_core::occurrence::Trigger;
use cuetower_core::run::Verdict;
use cuetower_core::schedule_spec::Kind;

use super::Pilot;
use super::batch::Batch;
use crate::handle::Trouble;

const FIELD: &str = "schedule.cue";

/// A run that ended.
pub(super) struct Ended {
    pub cue: CueId,
    pub run: RunId,
    pub verdict: Verdict,
    pub late: bool,
}

impl Pilot {
    pub(super) fn name_of(&self, id: &str) -> Option<String> {
        self.lanes.get(&CueId(id.to_owned())).map(|lane| lane.cue.definition.name.clone())
    }

    /// Keeps the index of followers and of watched paths as a lane now is.
    pub(super) fn follow(&mut self, lane: &Lane) {
        let id = &lane.cue.id;
        let followed =
            |lane: &Lane| lane.cue.definition.schedule.follows().map(|(cue, _)| cue.clone()).filter(|_| is_here(lane));
        let (before, after) = (self.lanes.get(id).and_then(followed), followed(lane));
        if before != after {
            if let Some(followers) = before.and_then(|before| self.followers.get_mut(&before)) {
                followers.remove(id);
            }
            if let Some(after) = after {
                self.followers.entry(after).or_default().insert(id.clone());
            }
        }
        if is_here(lane) {
            self.watched.keep(lane);
        } else {
            self.watched.forget(id);
        }
    }
}

impl Batch {
    /// What the end of a run fires.
    pub(super) fn following(&self, pilot: &Pilot, ended: &Ended) -> Vec<(CueId, Triggered)> {
        let mut followers: Vec<&CueId> = pilot.followers.get(&ended.cue).into_iter().flatten().collect();
        followers.extend(&self.redefined);
        if followers.is_empty() {
            return Vec::new();
        }
        followers.sort_unstable();
        followers.dedup();
        let firing = self.firing(pilot);
        let fired = followers.into_iter().filter(|id| {
            let lane = self.lanes.get(*id).or_else(|| pilot.lanes.get(*id));
            lane.filter(|lane| is_here(lane))
                .and_then(|lane| lane.cue.definition.schedule.follows())
                .is_some_and(|(cue, on)| *cue == ended.cue && on.holds(ended.verdict, ended.late))
        });
        let trigger = Trigger::Chain { of: ended.run.clone(), cue: ended.cue.clone() };
        fired.map(|id| (id.clone(), Triggered { trigger: trigger.clone(), payload: None, key: None, firing })).collect()
    }

    /// Puts the id in place of the name of the cue that is followed; refuses one that is not there, and circles.
    pub(super) fn resolve(
        &self,
        pilot: &Pilot,
        definition: &mut CueDefinition,
        own: Option<&CueId>,
    ) -> Result<(), Trouble> {
        let own_name = definition.name.clone();
        let Kind::After { cue, .. } = &mut definition.schedule.kind else { return Ok(()) };
        let unfit = |message: String| Trouble::Unfit { field: FIELD, message };
        if cue.as_str() == own_name || own.is_some_and(|own| own == cue) {
            return Err(unfit("A cue cannot follow itself; name another.".to_owned()));
        }
        let named = self.lane_named(pilot, cue.as_str());
        let Some(found) = named else {
            return Err(unfit(format!("There is no cue `{cue}`; name one that there is.")));
        };
        *cue = found.cue.id.clone();
        let mut next = Some(found);
        while let (Some(lane), Some(own)) = (next, own) {
            if lane.cue.id == *own {
                let name = &found.cue.definition.name;
                return Err(unfit(format!("`{name}` itself follows this cue; a circle would never end.")));
            }
            let followed = lane.cue.definition.schedule.follows();
            next = followed.and_then(|(cue, _)| self.lanes.get(cue).or_else(|| pilot.lanes.get(cue)));
        }
        Ok(())
    }

    /// By name or id.
    fn lane_named<'a>(&'a self, pilot: &'a Pilot, name: &str) -> Option<&'a Lane> {
        let fits = |lane: &&Lane| (lane.cue.definition.name == name || lane.cue.id.as_str() == name) && is_here(lane);
        self.lanes.values().find(fits).or_else(|| {
            let id = pilot.names.get(name).cloned().unwrap_or_else(|| CueId(name.to_owned()));
            pilot.lanes.get(&id).filter(|_| !self.lanes.contains_key(&id)).filter(fits)
        })
    }
}

fn is_here(lane: &Lane) -> bool {
    lane.cue.status != CueStatus::Deleted
}
