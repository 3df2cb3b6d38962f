//! Cues that fire after another cue's runs: who follows whom, and what an end brings about, in the same commit as the end.

use std::collections::{BTreeMap, BTreeSet};

use cuetower_core::Ms;
use cuetower_core::cue::{CueDefinition, CueStatus, GateRules};
use cuetower_core::id::{AccountId, CueId, RunId};
use cuetower_core::input::Triggered;
use cuetower_core::lane::Lane;
use cuetower_core::occurrence::Trigger;
use cuetower_core::pool::{Need, PoolBook};
use cuetower_core::run::Verdict;
use cuetower_core::schedule_spec::AfterEnd;

use super::Pilot;
use super::batch::Batch;
use crate::definition::cues_named;
use crate::handle::Trouble;

const FIELD: &str = "schedule.cue";

/// A run that ended.
#[derive(Clone)]
pub(super) struct Ended {
    pub cue: CueId,
    pub run: RunId,
    pub verdict: Verdict,
    pub late: bool,
    /// How it had ended when something followed from that already: whoever fired then does not fire again.
    pub revises: Option<Verdict>,
    /// Cues that its definition, as it was when the run began, fires.
    pub on_success: Option<CueId>,
    pub fallback: Option<CueId>,
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
    /// What the end of a run fires: cues that follow its cue, and those that its own definition names. Each once.
    pub(super) fn following(&self, pilot: &Pilot, ended: &Ended) -> Vec<(CueId, Triggered)> {
        let mut fired: BTreeMap<CueId, Trigger> = BTreeMap::new();
        let (of, cue) = (ended.run.clone(), ended.cue.clone());
        for (id, on) in self.followers(pilot, &ended.cue) {
            if on.holds(ended.verdict, ended.late) {
                fired.insert(id.clone(), Trigger::Chain { of: of.clone(), cue: cue.clone() });
            }
        }
        if let Some(next) = ended.on_success.as_ref().filter(|_| ended.verdict.is_good()) {
            fired.insert(next.clone(), Trigger::Chain { of: of.clone(), cue: cue.clone() });
        }
        if let Some(instead) = ended.fallback.as_ref().filter(|_| ended.verdict.is_failure() && !ended.late) {
            fired.insert(instead.clone(), Trigger::Fallback { of, cue });
        }
        if let Some(verdict) = ended.revises {
            let before = Ended { verdict, late: false, revises: None, ..ended.clone() };
            for (id, _) in self.following(pilot, &before) {
                fired.remove(&id);
            }
        }
        let firing = self.firing(pilot);
        let triggered = |trigger| Triggered { trigger, payload: None, key: None, firing };
        fired.into_iter().map(|(id, trigger)| (id, triggered(trigger))).collect()
    }

    /// Puts ids in place of the names of other cues; refuses those that are not there, circles, and pools that are not there.
    pub(super) fn resolve(
        &self,
        pilot: &Pilot,
        definition: &mut CueDefinition,
        own: Option<&CueId>,
    ) -> Result<(), Trouble> {
        if !definition.uses.is_empty() && !definition.account.is_owner() {
            let message = "Pools are the owner's; a cue of a registered account cannot use them.".to_owned();
            return Err(Trouble::Unfit { field: "uses", message });
        }
        if definition.gate != GateRules::default() && !definition.account.is_owner() {
            let message = "Gates ask the owner; a cue of a registered account cannot ask him.".to_owned();
            return Err(Trouble::Unfit { field: "gate", message });
        }
        pools_serve(self.pools(pilot), &definition.uses, self.now)?;
        let (account, own_name) = (definition.account.clone(), definition.name.clone());
        for (field, named) in cues_named(definition) {
            if named.as_str() == own_name || own.is_some_and(|own| own == named) {
                let message = "A cue cannot follow itself; name another.".to_owned();
                return Err(Trouble::Unfit { field, message });
            }
            let Some(found) = self.lane_named(pilot, &account, named.as_str()) else {
                return Err(Trouble::no_cue(field, named));
            };
            *named = found.cue.id.clone();
        }
        match own.and_then(|own| self.circle(pilot, own, definition)) {
            Some((field, name)) => {
                let message = format!("`{name}` leads back to this cue; a circle would never end.");
                Err(Trouble::Unfit { field, message })
            }
            None => Ok(()),
        }
    }

    /// Whether a run of this cue would bring about another one of it. Returns the field that closes the circle, and the name there.
    fn circle(&self, pilot: &Pilot, own: &CueId, definition: &CueDefinition) -> Option<(&'static str, String)> {
        // Whom it follows now does not count: that is about to change.
        let followers_of = |cue| self.followers(pilot, cue).map(|(id, _)| id).filter(|id| *id != own);
        let upstream = definition.schedule.follows().map(|(cue, _)| cue);
        // Whoever is fired by this cue's runs, directly or not: by which field, through whom first, and who.
        let mut next: Vec<(&'static str, &CueId, &CueId)> = Vec::new();
        next.extend(definition.on_success_fire.iter().map(|cue| ("on_success_fire", cue, cue)));
        next.extend(definition.on_failure.fallback.iter().map(|cue| ("on_failure.fallback_cue", cue, cue)));
        next.extend(followers_of(own).map(|cue| (FIELD, cue, cue)));
        let mut reached: BTreeSet<&CueId> = BTreeSet::new();
        while let Some((field, by, cue)) = next.pop() {
            if cue == own || upstream == Some(cue) {
                // Of a circle that its own schedule closes, the cue that it follows; else the one that it names.
                let named = if field == FIELD { cue } else { by };
                let lane = self.lane_here(pilot, named);
                return Some((field, lane.map_or(&named.0, |lane| &lane.cue.definition.name).clone()));
            }
            if !reached.insert(cue) {
                continue;
            }
            let Some(lane) = self.lane_here(pilot, cue) else { continue };
            next.extend(lane.cue.definition.fires_after().chain(followers_of(cue)).map(|cue| (field, by, cue)));
        }
        None
    }

    /// A cue that stands in for another must not go without a word: nothing would.
    pub(super) fn stands_in_for(&self, pilot: &Pilot, cue: &CueId) -> Option<String> {
        let mut lanes = self.all_lanes(pilot).filter(|lane| is_here(lane) && lane.cue.id != *cue);
        let names = lanes.find(|lane| lane.cue.definition.fires_after().any(|fired| fired == cue))?;
        Some(names.cue.definition.name.clone())
    }

    /// Cues that fire after this one's runs, and after which ends. One that was changed in this batch may come twice.
    fn followers<'a>(&'a self, pilot: &'a Pilot, cue: &'a CueId) -> impl Iterator<Item = (&'a CueId, AfterEnd)> {
        let known = pilot.followers.get(cue).into_iter().flatten().chain(&self.redefined);
        known.filter_map(move |id| {
            let (followed, on) = self.lane_here(pilot, id)?.cue.definition.schedule.follows()?;
            (followed == cue).then_some((id, on))
        })
    }

    /// Every lane as it is in this batch, deleted ones too.
    pub(super) fn all_lanes<'a>(&'a self, pilot: &'a Pilot) -> impl Iterator<Item = &'a Lane> {
        pilot.lanes.values().filter(|lane| !self.lanes.contains_key(&lane.cue.id)).chain(self.lanes.values())
    }

    /// A lane as it is in this batch, if its cue is not deleted.
    fn lane_here<'a>(&'a self, pilot: &'a Pilot, id: &CueId) -> Option<&'a Lane> {
        self.lanes.get(id).or_else(|| pilot.lanes.get(id)).filter(|lane| is_here(lane))
    }

    /// By name or id, among the cues of an account.
    fn lane_named<'a>(&'a self, pilot: &'a Pilot, account: &AccountId, name: &str) -> Option<&'a Lane> {
        let fits = |lane: &&Lane| {
            let named = lane.cue.definition.name == name || lane.cue.id.as_str() == name;
            named && lane.cue.definition.account == *account && is_here(lane)
        };
        self.lanes.values().find(fits).or_else(|| {
            let id =
                pilot.names.get(&(account.clone(), name.to_owned())).cloned().unwrap_or_else(|| CueId(name.to_owned()));
            pilot.lanes.get(&id).filter(|_| !self.lanes.contains_key(&id)).filter(fits)
        })
    }
}

/// Whether every pool that is named is there, and lets so much go at once.
pub(crate) fn pools_serve(pools: &PoolBook, uses: &[Need], now: Ms) -> Result<(), Trouble> {
    let unfit = |message| Err(Trouble::Unfit { field: "uses", message });
    for (index, Need { pool: name, weight, .. }) in uses.iter().enumerate() {
        let Some(pool) = pools.pool(name, now) else {
            return unfit(format!("There is no pool `{name}`; make it first, with `cuetowerctl pool set {name}`."));
        };
        if let Some(most) = pool.limits.concurrency.filter(|most| weight > most) {
            return unfit(format!(
                "`uses[{index}].weight` is {weight}, and the pool `{name}` lets {most} go at once; it could never begin."
            ));
        }
    }
    Ok(())
}

fn is_here(lane: &Lane) -> bool {
    lane.cue.status != CueStatus::Deleted
}
