//! Runs that hold permits while their agents ask for more: the one way to wait in a ring.
//!
//! Two rules keep the line from standing still for ever. Who cannot go before a run ends keeps nothing from that run's
//! agents ([`PoolBook::may_pass`]). And an ask that could never be granted, because every run in its way waits for what
//! its own run holds, is refused ([`PoolBook::never_ends`]). An agent's own permits do not count here: they have leases.

use std::collections::{BTreeMap, BTreeSet};

use super::{Held, Holder, Need, PoolBook, Waiting};
use crate::Ms;
use crate::id::RunId;

impl PoolBook {
    /// Place of the first agent in the line (or of the candidate) that goes now when its run's own followers do not count.
    pub(super) fn may_pass(&self, candidate: Option<&Waiting>, now: Ms) -> Option<u64> {
        let line = self.waiting.iter().map(|waiting| &**waiting);
        let mut agents = line.chain(candidate).filter_map(|waiting| Some((waiting, self.run_of_agent(waiting)?)));
        let goes = agents.find(|(waiting, run)| {
            if waiting.needs.iter().any(|need| self.is_short(need)) {
                return false;
            }
            let followers = self.followers(run);
            !followers.is_empty() && self.may_go_without(&followers, candidate, now).contains(&waiting.place)
        });
        goes.map(|(waiting, _)| waiting.place)
    }

    /// Whether this ask of an agent would wait for ever: all who are in its way wait for what its run holds.
    pub(super) fn never_ends(&self, asker: &Waiting) -> bool {
        let Some(run) = self.run_of_agent(asker) else { return false };
        let mut waiting: BTreeMap<&RunId, Vec<&Waiting>> = BTreeMap::new();
        for other in self.waiting.iter().map(|waiting| &**waiting).chain([asker]) {
            if let Some(run) = self.run_of_agent(other) {
                waiting.entry(run).or_default().push(other);
            }
        }
        // Whoever can go will end, and give back what it holds; and so on, until nobody else can.
        loop {
            let fits = |need: &Need| self.fits_once_others_end(need, |run| waiting.contains_key(run));
            let goes = |asks: &Vec<&Waiting>| asks.iter().all(|ask| ask.needs.iter().all(fits));
            let Some(ends) = waiting.iter().find(|(_, asks)| goes(asks)).map(|(run, _)| *run) else { break };
            waiting.remove(ends);
        }
        waiting.contains_key(run)
    }

    /// The run in whose name an agent asks, if that holds permits itself.
    fn run_of_agent<'a>(&self, waiting: &'a Waiting) -> Option<&'a RunId> {
        match &waiting.holder {
            Holder::Run { .. } => None,
            Holder::Agent { run, .. } => run.as_ref().filter(|run| self.of_runs().any(|(held, _)| held == *run)),
        }
    }

    /// Places of those in the line who cannot go before this run ends: they are short of what it holds, or of what a run
    /// holds whose agent is one of them, or they stand behind one of them.
    fn followers(&self, run: &RunId) -> BTreeSet<u64> {
        let mut runs = BTreeSet::from([run]);
        let mut found = BTreeSet::new();
        loop {
            let before = found.len();
            let mut awaited: BTreeSet<&str> = BTreeSet::new();
            for waiting in &self.waiting {
                let follows = waiting.needs.iter().any(|need| {
                    let held = || self.of_runs().any(|(by, held)| runs.contains(by) && names(held, &need.pool));
                    awaited.contains(need.pool.as_str()) || (self.is_short(need) && held())
                });
                if waiting.holder.run_id() != Some(run) && (follows || found.contains(&waiting.place)) {
                    found.insert(waiting.place);
                    awaited.extend(waiting.needs.iter().map(|need| need.pool.as_str()));
                    runs.extend(self.run_of_agent(waiting));
                }
            }
            if found.len() == before {
                return found;
            }
        }
    }

    /// What runs hold themselves, by run.
    fn of_runs(&self) -> impl Iterator<Item = (&RunId, &Held)> {
        self.held.values().filter_map(|held| match &held.holder {
            Holder::Run { run_id, .. } => Some((run_id, &**held)),
            Holder::Agent { .. } => None,
        })
    }

    /// Not so much of the concurrency is free.
    fn is_short(&self, need: &Need) -> bool {
        let pool = self.pools.get(&need.pool);
        pool.is_none_or(|pool| {
            pool.limits.concurrency.is_some_and(|most| pool.in_use + u64::from(need.weight.min(most)) > most.into())
        })
    }

    fn fits_once_others_end(&self, need: &Need, stays: impl Fn(&RunId) -> bool) -> bool {
        let Some(most) = self.pools.get(&need.pool).and_then(|pool| pool.limits.concurrency) else { return true };
        let held = self.of_runs().filter(|(run, _)| stays(run)).flat_map(|(_, held)| &held.needs);
        let kept: u64 = held.filter(|held| held.pool == need.pool).map(|held| u64::from(held.weight)).sum();
        kept + u64::from(need.weight.min(most)) <= most.into()
    }
}

fn names(held: &Held, pool: &str) -> bool {
    held.needs.iter().any(|need| need.pool == pool)
}
