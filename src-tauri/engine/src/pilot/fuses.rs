//! Fuses: today's sums of each cue, each agent and the whole fleet, and what becomes of the lanes when one is above its limit.
//!
//! The sums are in memory: they follow from `spend_days` and `agent_days`, and are read from there at the start, at midnight,
//! and when the clock is set to another day. What a batch adds is its own until it is on disk.

mod outside;

use std::collections::{BTreeSet, HashMap};

use chrono::{NaiveDate, NaiveTime};
use cuetower_core::Ms;
use cuetower_core::alert::{About, AlertKind, Problem, Severity, Signal};
use cuetower_core::cue::DayBudget;
use cuetower_core::fuse::{self, Limits, SpentOf, Tripped, Used, day_spent, day_under, is_spent};
use cuetower_core::id::{AccountId, CueId, RunId};
use cuetower_core::input::Input;
use cuetower_core::local_time::local_instant;
use cuetower_core::run::Run;
use cuetower_core::spend::Nanousd;
use cuetower_core::step::Total;
use cuetower_core::time::DAY_MS;

use super::Pilot;
use super::batch::Batch;
use crate::desk::wire::Topic;
use crate::fleet::{self, AgentSpends};
use crate::handle::{BlownFuse, FusesSeen};
use crate::journal::{Journal, StepOwner, StoreError};

pub(super) struct Fuses {
    limits: Limits,
    day: Day,
    /// All of them are looked at again with the next batch.
    due: bool,
}

/// What was used within one of the owner's days, as it is on disk.
#[derive(Default)]
struct Day {
    date: NaiveDate,
    began: Ms,
    ends: Ms,
    cues: HashMap<CueId, Used>,
    agents: HashMap<AccountId, HashMap<String, OfAgent>>,
    fleet: Used,
}

/// An agent's runs with its telemetry, and its beats outside of runs: the larger of the two counts.
#[derive(Default, Clone, Copy)]
struct OfAgent {
    runs: Used,
    beats: Used,
    /// The owner's word about this one.
    budget: Option<Nanousd>,
}

impl OfAgent {
    fn total(self) -> Used {
        self.runs.largest(self.beats)
    }
}

/// What one batch adds.
#[derive(Default)]
pub(super) struct Today {
    cues: HashMap<CueId, Used>,
    agents: HashMap<AccountId, HashMap<String, Used>>,
    fleet: Used,
    /// New limits of the owner's.
    limits: Option<Limits>,
    pub(super) trips: Vec<Trip>,
    looked: bool,
}

/// Something that may have happened to a fuse, to be looked at once the decision under way is taken in.
pub(super) enum Trip {
    Run(CueId, RunId, Tripped),
    /// It had ended before it was known what it used.
    Ended(CueId, RunId, Tripped),
    Day(Fuse),
}

/// A budget of the day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fuse {
    Cue(CueId),
    Agent(AccountId, String),
    Fleet,
}

impl Fuse {
    fn about(&self) -> About {
        match self {
            Fuse::Cue(id) => About::Cue(id.clone()),
            Fuse::Agent(account, name) => About::agent(account.clone(), name.clone()),
            Fuse::Fleet => About::Tower,
        }
    }

    fn of(about: About) -> Option<Fuse> {
        match about {
            About::Cue(id) => Some(Fuse::Cue(id)),
            About::Agent(agent) => Some(Fuse::Agent(agent.account, agent.name)),
            About::Tower => Some(Fuse::Fleet),
            About::Channel(_) => None,
        }
    }
}

impl Fuses {
    pub(super) fn load(journal: &Journal, now: Ms, zone: chrono_tz::Tz) -> Result<Fuses, StoreError> {
        Ok(Fuses { limits: journal.fuses()?, day: Day::load(journal, now, zone)?, due: true })
    }

    pub(super) fn wakes_at(&self) -> Option<Ms> {
        self.due.then_some(Ms(0))
    }
}

impl Day {
    fn load(journal: &Journal, now: Ms, zone: chrono_tz::Tz) -> Result<Day, StoreError> {
        let date = fleet::day_of(now, zone);
        let midnight = |date: NaiveDate| local_instant(zone, date.and_time(NaiveTime::MIN));
        let began = midnight(date).unwrap_or(now);
        let ends = date.succ_opt().and_then(midnight).unwrap_or(now.plus(DAY_MS));
        let mut day = Day { date, began, ends, ..Day::default() };
        let told = journal.day_used(&date.to_string())?;
        for (cue, account, agent, used) in told.runs {
            if let Some(cue) = cue {
                let sum = day.cues.entry(cue).or_default();
                *sum = sum.plus(used);
            }
            let agent = day.agent_mut(&account, &agent);
            agent.runs = agent.runs.plus(used);
        }
        for (account, agent, used, budget) in told.agents {
            let agent = day.agent_mut(&account, &agent);
            (agent.beats, agent.budget) = (used, budget);
        }
        let all = day.agents.values().flat_map(HashMap::values);
        day.fleet = all.fold(Used::default(), |sum, agent| sum.plus(agent.total()));
        Ok(day)
    }

    fn agent(&self, account: &AccountId, name: &str) -> OfAgent {
        self.agents.get(account).and_then(|agents| agents.get(name)).copied().unwrap_or_default()
    }

    fn agent_mut(&mut self, account: &AccountId, name: &str) -> &mut OfAgent {
        entry(entry(&mut self.agents, account), name)
    }
}

/// The entry of a key that is most often there already.
fn entry<'a, K, Q, V>(map: &'a mut HashMap<K, V>, key: &Q) -> &'a mut V
where
    K: std::borrow::Borrow<Q> + std::hash::Hash + Eq,
    Q: ToOwned<Owned = K> + std::hash::Hash + Eq + ?Sized,
    V: Default,
{
    if !map.contains_key(key) {
        map.insert(key.to_owned(), V::default());
    }
    map.get_mut(key).expect("it was put there")
}

impl Today {
    fn agent(&self, account: &AccountId, name: &str) -> Used {
        self.agents.get(account).and_then(|agents| agents.get(name)).copied().unwrap_or_default()
    }
}

/// It came to be above its limit with this.
fn blows(before: Used, after: Used, limits: &DayBudget) -> bool {
    is_spent(after, limits) && !is_spent(before, limits)
}

impl Pilot {
    pub(super) fn limits(&self, batch: &Batch) -> Limits {
        batch.today.limits.unwrap_or(self.fuses.limits)
    }

    fn agent_limits(&self, batch: &Batch, account: &AccountId, name: &str) -> DayBudget {
        let own = self.fuses.day.agent(account, name).budget;
        match name {
            // Cues that name no agent have nothing in common.
            "" => DayBudget::default(),
            _ => day_under(self.limits(batch).agent_day, DayBudget { cost: own, tokens: None }),
        }
    }

    fn cue_limits(&self, batch: &Batch, cue: &CueId) -> DayBudget {
        let own = batch.standing(self, cue).map(|lane| lane.cue.definition.budget.day).unwrap_or_default();
        day_under(self.limits(batch).cue_day, own)
    }

    fn used_by(&self, batch: &Batch, fuse: &Fuse) -> Used {
        let (day, today) = (&self.fuses.day, &batch.today);
        match fuse {
            Fuse::Cue(id) => {
                let used = |sums: &HashMap<CueId, Used>| sums.get(id).copied().unwrap_or_default();
                used(&day.cues).plus(used(&today.cues))
            }
            Fuse::Agent(account, name) => {
                let agent = day.agent(account, name);
                OfAgent { runs: agent.runs.plus(today.agent(account, name)), ..agent }.total()
            }
            Fuse::Fleet => day.fleet.plus(today.fleet),
        }
    }

    /// Why nothing may begin; None: its budget is not spent.
    fn words_of(&self, batch: &Batch, fuse: &Fuse) -> Option<String> {
        let used = self.used_by(batch, fuse);
        match fuse {
            Fuse::Cue(id) => day_spent(used, &self.cue_limits(batch, id), "this cue"),
            Fuse::Agent(account, name) => {
                let limits = self.agent_limits(batch, account, name);
                if is_spent(used, &limits) { day_spent(used, &limits, &format!("the agent {name}")) } else { None }
            }
            Fuse::Fleet => day_spent(used, &self.limits(batch).fleet_day, "all agents together"),
        }
    }

    /// What an owner of steps used on top, or less, in this batch.
    pub(super) fn uses(&self, batch: &mut Batch, owner: &StepOwner, more: Used) {
        if more.is_nothing() {
            return;
        }
        if let Some((_, cue)) = &owner.run {
            let limits = self.cue_limits(batch, cue);
            let known = self.fuses.day.cues.get(cue).copied().unwrap_or_default();
            let sum = entry(&mut batch.today.cues, cue);
            let before = known.plus(*sum);
            *sum = sum.plus(more);
            if blows(before, before.plus(more), &limits) {
                batch.today.trips.push(Trip::Day(Fuse::Cue(cue.clone())));
            }
        }
        let (account, name) = (&owner.account, owner.agent.as_str());
        let (limits, fleet) = (self.agent_limits(batch, account, name), self.limits(batch).fleet_day);
        let known = self.fuses.day.agent(account, name);
        let sum = entry(entry(&mut batch.today.agents, account), name);
        let of = |runs: Used| OfAgent { runs: known.runs.plus(runs), ..known }.total();
        let (before, after) = (of(*sum), of(sum.plus(more)));
        *sum = sum.plus(more);
        if blows(before, after, &limits) {
            batch.today.trips.push(Trip::Day(Fuse::Agent(account.clone(), name.to_owned())));
        }
        let all = self.fuses.day.fleet.plus(batch.today.fleet);
        let more = after.minus(before);
        batch.today.fleet = batch.today.fleet.plus(more);
        if blows(all, all.plus(more), &fleet) {
            batch.today.trips.push(Trip::Day(Fuse::Fleet));
        }
    }

    /// Whether a run is above what it may use by itself.
    pub(super) fn holds_to_its_fuse(
        &self,
        batch: &mut Batch,
        run: &Run,
        (before, after): (Total, Total),
        steps: usize,
    ) {
        let limits = self.limits(batch).run.under(&run.definition.budget);
        let Some(tripped) = fuse::tripped(after, steps, &limits) else { return };
        let (cue, id) = (run.cue_id.clone(), run.id.clone());
        let works_on = run.verdict().is_none_or(|verdict| !verdict.is_called_off()) && run.may_have_a_process();
        if run.is_live() && run.checking.is_none() || works_on {
            batch.today.trips.push(Trip::Run(cue, id, tripped));
        } else if fuse::tripped(before, 0, &limits).is_none() && before != after {
            batch.today.trips.push(Trip::Ended(cue, id, tripped));
        }
    }

    /// What follows from a fuse that was reached.
    pub(super) fn trip(&mut self, batch: &mut Batch, trip: Trip) {
        match trip {
            Trip::Run(cue, run_id, Tripped { most, words }) => {
                batch.decide_alone(self, &cue, &Input::Blow { run_id, most: Some(most), words });
            }
            Trip::Ended(cue, run_id, Tripped { words, .. }) => {
                let Some(lane) = batch.standing(self, &cue) else { return };
                let title = format!("{} used more than a run may", lane.cue.definition.name);
                let body = format!("{words}. It had ended before the tower knew.");
                let (kind, severity) = (AlertKind::FuseTripped, Severity::Warning);
                let run_id = Some(run_id);
                batch.signal(
                    self,
                    &Signal::Trouble(Problem { about: About::Cue(cue), kind, severity, run_id, title, body }),
                );
            }
            Trip::Day(fuse) => self.fuse_stands(batch, &fuse),
        }
    }

    /// Holds everything a fuse concerns to how it stands now, and the alerts too.
    fn fuse_stands(&mut self, batch: &mut Batch, fuse: &Fuse) {
        for id in self.concerned(batch, fuse) {
            self.keep_to_the_day(batch, &id);
        }
        let (about, kind) = (fuse.about(), AlertKind::FuseTripped);
        let is_told = self.book.of(&about, kind).is_some_and(|alert| alert.run_id.is_none());
        match self.words_of(batch, fuse) {
            Some(words) if !is_told => {
                let title = match fuse {
                    Fuse::Cue(id) => {
                        let lane = batch.standing(self, id);
                        let name = lane.map(|lane| lane.cue.definition.name.clone()).unwrap_or_default();
                        format!("{name} has spent its budget for today")
                    }
                    Fuse::Agent(_, name) => format!("{name} has spent its budget for today"),
                    Fuse::Fleet => "All agents together have spent the budget for today".to_owned(),
                };
                let outside = self.ends_outside(batch, fuse);
                let body = format!(
                    "{words}. Its runs are stopped, and nothing begins until midnight, or until you raise it.{outside}"
                );
                let (severity, run_id) = (Severity::Critical, None);
                batch.signal(self, &Signal::Trouble(Problem { about, kind, severity, run_id, title, body }));
            }
            None if is_told => batch.signal(self, &Signal::Over { about, kind, run_id: None }),
            Some(_) | None => {}
        }
        batch.commit.topics.insert(Topic::Fuses);
    }

    /// Subjects of alerts about budgets of the day.
    fn day_alerts(&self) -> impl Iterator<Item = About> {
        let of_day = self.book.of_kind(AlertKind::FuseTripped).filter(|alert| alert.run_id.is_none());
        of_day.map(cuetower_core::alert::Alert::about)
    }

    fn concerned(&self, batch: &Batch, fuse: &Fuse) -> Vec<CueId> {
        match fuse {
            Fuse::Cue(id) => vec![id.clone()],
            Fuse::Agent(account, name) => {
                let theirs = batch
                    .all_lanes(self)
                    .filter(|lane| lane.cue.definition.account == *account && lane.cue.definition.agent == *name);
                theirs.map(|lane| lane.cue.id.clone()).collect()
            }
            Fuse::Fleet => batch.all_lanes(self).map(|lane| lane.cue.id.clone()).collect(),
        }
    }

    /// A lane knows whether one of the budgets that it lives by is spent.
    fn keep_to_the_day(&mut self, batch: &mut Batch, id: &CueId) {
        let Some(lane) = batch.standing(self, id) else { return };
        let (now, until) = (batch.now, self.fuses.day.ends);
        let known = lane.spent_at(now).map(|spent| (spent.of, spent.until));
        let agent = Fuse::Agent(lane.cue.definition.account.clone(), lane.cue.definition.agent.clone());
        let all = [(SpentOf::Cue, Fuse::Cue(id.clone())), (SpentOf::Agent, agent), (SpentOf::Fleet, Fuse::Fleet)];
        let spent = all.iter().find_map(|(of, fuse)| Some((*of, self.words_of(batch, fuse)?)));
        let input = match (spent, known) {
            (Some((of, _)), Some((known, to))) if of == known && to == until => return,
            (Some((of, words)), _) => Input::Spent { until, words, of },
            (None, Some(_)) => Input::BudgetRaised,
            (None, None) => return,
        };
        batch.decide_alone(self, id, &input);
    }

    /// With each batch: another day, or something that was told beside the lanes.
    pub(super) fn fuses_due(&mut self, batch: &mut Batch) {
        let day = &self.fuses.day;
        if batch.now < day.began || day.ends <= batch.now {
            match Day::load(&self.journal, batch.now, self.zone) {
                Ok(day) => (self.fuses.day, self.fuses.due) = (day, true),
                Err(error) => {
                    tracing::error!(%error, "what was used today could not be read; fuses of the day go by yesterday's sums");
                }
            }
        }
        if self.fuses.due {
            self.look_at_fuses(batch);
        }
    }

    fn look_at_fuses(&mut self, batch: &mut Batch) {
        self.fuses.due = false;
        batch.today.looked = true;
        let mut fuses: BTreeSet<Fuse> = self.day_alerts().filter_map(Fuse::of).collect();
        fuses.extend(self.blown(batch));
        for fuse in &fuses {
            self.fuse_stands(batch, fuse);
        }
        for id in self.concerned(batch, &Fuse::Fleet) {
            self.keep_to_the_day(batch, &id);
        }
        batch.settle(self);
    }

    /// Those that are above their limits.
    fn blown(&self, batch: &Batch) -> Vec<Fuse> {
        let day = &self.fuses.day;
        let cues = day.cues.keys().chain(batch.today.cues.keys()).map(|id| Fuse::Cue(id.clone()));
        let known = day.agents.iter().flat_map(|(account, agents)| agents.keys().map(move |name| (account, name)));
        let here =
            batch.today.agents.iter().flat_map(|(account, agents)| agents.keys().map(move |name| (account, name)));
        let agents = known.chain(here).map(|(account, name)| Fuse::Agent(account.clone(), name.clone()));
        let all: BTreeSet<Fuse> = cues.chain(agents).chain([Fuse::Fleet]).collect();
        let stands = |fuse: &Fuse| match fuse {
            Fuse::Cue(id) => batch.standing(self, id).is_some(),
            Fuse::Agent(..) | Fuse::Fleet => true,
        };
        all.into_iter().filter(|fuse| stands(fuse) && self.words_of(batch, fuse).is_some()).collect()
    }

    /// The owner's new limits.
    pub(super) fn take_fuses(&mut self, batch: &mut Batch, limits: Limits) {
        batch.tower_fact(self, "fuses_set", &serde_json::json!(limits));
        batch.today.limits = Some(limits);
        batch.commit.fuses = Some(limits);
        batch.commit.topics.insert(Topic::Fuses);
        self.look_at_fuses(batch);
    }

    /// The fuses as they are in this batch.
    pub(super) fn fuses_seen(&self, batch: &Batch) -> FusesSeen {
        let blown = self.blown(batch).into_iter().filter_map(|fuse| {
            let words = self.words_of(batch, &fuse)?;
            let (of, name, cue_id) = match fuse {
                Fuse::Cue(id) => {
                    let name = batch.standing(self, &id)?.cue.definition.name.clone();
                    (SpentOf::Cue, name, Some(id))
                }
                Fuse::Agent(_, name) => (SpentOf::Agent, name, None),
                Fuse::Fleet => (SpentOf::Fleet, "all agents".to_owned(), None),
            };
            Some(BlownFuse { of, name, cue_id, words, until: self.fuses.day.ends })
        });
        FusesSeen { limits: self.limits(batch), fleet: self.used_by(batch, &Fuse::Fleet), blown: blown.collect() }
    }

    /// What the batch added is on disk.
    pub(super) fn fuses_landed(&mut self, batch: &mut Batch) {
        let Today { cues, agents, fleet, limits, .. } = std::mem::take(&mut batch.today);
        let day = &mut self.fuses.day;
        for (cue, more) in cues {
            let sum = day.cues.entry(cue).or_default();
            *sum = sum.plus(more);
        }
        for (account, agents) in agents {
            for (name, more) in agents {
                let agent = day.agent_mut(&account, &name);
                agent.runs = agent.runs.plus(more);
            }
        }
        day.fleet = day.fleet.plus(fleet);
        self.fuses.limits = limits.unwrap_or(self.fuses.limits);
        for news in &batch.commit.agent_news {
            if let Some(spends) = &news.spends {
                self.agent_spends(spends);
            }
        }
    }

    /// What an agent's beats tell outside of its runs, or what it may cost from now on.
    fn agent_spends(&mut self, spends: &AgentSpends) {
        let (limits, day) = (self.fuses.limits, &mut self.fuses.day);
        let agent = day.agent_mut(&spends.account, &spends.agent);
        let before = *agent;
        if let Some((date, used)) = spends.used {
            if date != day.date {
                return;
            }
            day.agent_mut(&spends.account, &spends.agent).beats = used;
        }
        let agent = day.agent_mut(&spends.account, &spends.agent);
        agent.budget = spends.budget;
        let after = *agent;
        let is_over = |agent: OfAgent| {
            is_spent(agent.total(), &day_under(limits.agent_day, DayBudget { cost: agent.budget, tokens: None }))
        };
        let all = day.fleet;
        day.fleet = all.plus(after.total().minus(before.total()));
        let fleet = is_spent(all, &limits.fleet_day) != is_spent(day.fleet, &limits.fleet_day);
        self.fuses.due |= fleet || is_over(before) != is_over(after);
    }

    /// Nothing of the batch is on disk: what it had looked at is looked at again.
    pub(super) fn fuses_as_before(&mut self, batch: &Batch) {
        self.fuses.due |= batch.today.looked;
    }
}

#[cfg(test)]
#[path = "fuses_tests.rs"]
mod tests;
