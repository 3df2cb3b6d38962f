//! What the book makes of each input. What has lapsed is noticed first; whoever may go then, goes last.

use super::{
    BACK_OFF_MS, BACK_OFF_MS_MAX, Grant, HOLDERS_MAX, Holder, HolderKey, LEASE_MS, LEASE_MS_LEAST, LEASE_MS_MAX, Need,
    POOLS_MAX, PRIORITY_MAX, PoolAnswer, PoolBook, PoolDecision, PoolEvent, PoolInput, PoolLimits, RETRY_AFTER_MS_MAX,
    WAITING_MAX, limits, name_trouble,
};
use crate::Ms;
use crate::id::{PermitId, RunId};
use crate::input::{Refusal, RefusalCode};
use crate::time::length_in_words;

struct Draft<'a> {
    book: &'a mut PoolBook,
    now: Ms,
    events: Vec<PoolEvent>,
    granted: Vec<Grant>,
    lapsed: Vec<Holder>,
}

impl PoolBook {
    /// Decides one input and takes in what follows from it.
    pub fn decide(&mut self, input: &PoolInput, now: Ms) -> PoolDecision {
        let mut draft = Draft { book: self, now, events: Vec::new(), granted: Vec::new(), lapsed: Vec::new() };
        if let PoolInput::Shifted { slept_ms, stepped_ms } = input {
            draft.shift(*slept_ms, *stepped_ms);
        }
        draft.keep_up_with_the_clock();
        draft.lapse();
        let answer = match input {
            PoolInput::Set { name, limits } => draft.set(name, limits),
            PoolInput::Remove { name } => draft.remove(name),
            PoolInput::Ask { holder, needs, priority, lease_ms } => draft.ask(holder, needs, *priority, *lease_ms),
            PoolInput::GiveBack { holder, tokens } => draft.give_back(holder, *tokens),
            PoolInput::RunEnded { run_id } => draft.run_ended(run_id),
            PoolInput::Renew { permit_id } => draft.renew(permit_id),
            PoolInput::RateLimited { pool, retry_after_ms } => draft.rate_limited(pool, *retry_after_ms),
            PoolInput::Used { pool, holder, tokens } => draft.used(pool, holder.as_ref(), *tokens),
            PoolInput::Tick | PoolInput::Shifted { .. } => PoolAnswer::Done,
        };
        draft.let_go();
        let Draft { events, granted, lapsed, .. } = draft;
        PoolDecision { events, granted, lapsed, answer }
    }
}

impl Draft<'_> {
    fn add(&mut self, event: PoolEvent) {
        self.book.apply(self.now, &event);
        self.events.push(event);
    }

    fn shift(&mut self, slept_ms: u64, stepped_ms: i64) {
        if !self.book.pools.is_empty() && (slept_ms > 0 || stepped_ms != 0) {
            self.add(PoolEvent::PoolsShifted { slept_ms, stepped_ms });
        }
    }

    /// A clock that shows an earlier time than it did was set back, also when nobody said so: at the earliest now, nothing
    /// is freed before its time, and nothing waits for an instant that is far away again.
    fn keep_up_with_the_clock(&mut self) {
        let behind = self.book.newest_at.since(self.now);
        if behind > 0 {
            self.shift(0, i64::try_from(behind).unwrap_or(i64::MAX).saturating_neg());
        }
    }

    fn lapse(&mut self) {
        let held = self.book.held.values().map(|held| (&held.holder, held.lease));
        let waiting = self.book.waiting.iter().map(|waiting| (&waiting.holder, waiting.lease));
        let is_over = |lease: Option<super::Lease>| lease.is_some_and(|lease| lease.until <= self.now);
        let over = held.chain(waiting).filter(|(_, lease)| is_over(*lease)).map(|(holder, _)| holder.clone());
        for holder in over.collect::<Vec<_>>() {
            self.add(PoolEvent::LeaseLapsed { holder: holder.key() });
            self.lapsed.push(holder);
        }
    }

    fn set(&mut self, name: &str, limits: &PoolLimits) -> PoolAnswer {
        if let Some(trouble) = name_trouble(name).or_else(|| limits.trouble()) {
            return invalid(trouble);
        }
        match self.book.pools.get(name) {
            None if self.book.pools.len() >= POOLS_MAX => {
                return refused(
                    RefusalCode::TooMany,
                    format!("There are {POOLS_MAX} pools already; remove one first."),
                );
            }
            Some(pool) if pool.limits == *limits => return PoolAnswer::Done,
            None | Some(_) => {}
        }
        self.add(PoolEvent::PoolSet { name: name.to_owned(), limits: limits.clone() });
        PoolAnswer::Done
    }

    fn remove(&mut self, name: &str) -> PoolAnswer {
        let Some(pool) = self.book.pools.get(name) else { return PoolAnswer::Refused(limits::no_such_pool(name)) };
        let waiting = pool.waiting;
        let holding = self.book.held.values().filter(|held| held.needs.iter().any(|need| need.pool == name)).count();
        if holding > 0 || waiting > 0 {
            return invalid(format!("Pool {name} is in use: {holding} hold permits of it, {waiting} wait for some."));
        }
        self.add(PoolEvent::PoolRemoved { name: name.to_owned() });
        PoolAnswer::Done
    }

    fn ask(&mut self, holder: &Holder, needs: &[Need], priority: i32, lease_ms: Option<u64>) -> PoolAnswer {
        let key = holder.key();
        if self.book.holds(&key) || self.book.waiting(&key).is_some() {
            return self.renew_at(&key);
        }
        if let Err(refusal) = self.book.fits(needs) {
            return PoolAnswer::Refused(refusal);
        }
        let waiting = self.book.waiting.len();
        if waiting >= WAITING_MAX || waiting + self.book.held.len() >= HOLDERS_MAX {
            let message = format!("{waiting} wait for permits already; no more are taken in.");
            return refused(RefusalCode::TooMany, message);
        }
        let priority = priority.clamp(-PRIORITY_MAX, PRIORITY_MAX);
        let lease_ms = match holder {
            Holder::Run { .. } => None,
            Holder::Agent { .. } => Some(lease_ms.unwrap_or(LEASE_MS).clamp(LEASE_MS_LEAST, LEASE_MS_MAX)),
        };
        let candidate = self.book.next_waiting(holder, needs, priority, lease_ms, self.now);
        let (holder, needs) = (holder.clone(), needs.to_vec());
        let goes = self.book.may_go(Some(&candidate), self.now).contains(&candidate.place);
        if goes || self.book.may_pass(Some(&candidate), self.now) == Some(candidate.place) {
            self.grant(holder, needs, lease_ms, None);
            return PoolAnswer::Granted { lease_ms };
        }
        if self.book.never_ends(&candidate) {
            let message = "This would wait for ever: it needs what its own run holds, or what runs hold that wait for this one. Give something back first, or let the cue use all these pools, so that they are taken at once.";
            return refused(RefusalCode::WaitsForItself, message.to_owned());
        }
        self.add(PoolEvent::PermitsAwaited { holder, needs, priority, lease_ms });
        self.stands(&key)
    }

    fn give_back(&mut self, key: &HolderKey, tokens: Option<u64>) -> PoolAnswer {
        if self.book.holds(key) {
            self.add(PoolEvent::PermitsGivenBack { holder: key.clone(), tokens });
        } else if self.book.waiting(key).is_some() {
            self.add(PoolEvent::AskWithdrawn { holder: key.clone() });
        } else {
            return nothing_held();
        }
        PoolAnswer::Done
    }

    fn run_ended(&mut self, run_id: &RunId) -> PoolAnswer {
        let held = self.book.held.values().map(|held| &held.holder);
        let holders = held.chain(self.book.waiting.iter().map(|waiting| &waiting.holder));
        let of_run: Vec<HolderKey> =
            holders.filter(|holder| holder.run_id() == Some(run_id)).map(Holder::key).collect();
        for key in of_run {
            self.give_back(&key, None);
        }
        PoolAnswer::Done
    }

    fn renew(&mut self, permit_id: &PermitId) -> PoolAnswer {
        self.renew_at(&HolderKey::permit(permit_id))
    }

    fn renew_at(&mut self, key: &HolderKey) -> PoolAnswer {
        if let Some(held) = self.book.held.get(key) {
            let lease_ms = held.lease.map(|lease| lease.length_ms);
            if let Some(lease) = held.lease {
                let until = self.now.plus(lease.length_ms);
                if until > lease.until {
                    self.add(PoolEvent::LeaseRenewed { holder: key.clone(), until });
                }
            }
            return PoolAnswer::Granted { lease_ms };
        }
        let Some((_, waiting)) = self.book.waiting(key) else { return nothing_held() };
        if let Some(lease) = waiting.lease
            && lease.until < self.now.plus(lease.length_ms)
        {
            let until = super::apply::waiting_lease(lease.length_ms, self.now).until;
            self.add(PoolEvent::LeaseRenewed { holder: key.clone(), until });
        }
        self.stands(key)
    }

    fn rate_limited(&mut self, name: &str, retry_after_ms: Option<u64>) -> PoolAnswer {
        let Some(pool) = self.book.pools.get(name) else { return PoolAnswer::Refused(limits::no_such_pool(name)) };
        let asked_for = self.now.plus(retry_after_ms.unwrap_or(0).min(RETRY_AFTER_MS_MAX));
        let (until, strikes) = match pool.backs_off(self.now) {
            // It was on its way when the back-off began: no further one in the row.
            Some(until) => (until.max(asked_for), pool.strikes),
            None => {
                let doubled = BACK_OFF_MS.saturating_mul(1 << pool.strikes.min(16)).min(BACK_OFF_MS_MAX);
                (asked_for.max(self.now.plus(doubled)), pool.strikes.saturating_add(1))
            }
        };
        if pool.backs_off_until != Some(until) {
            self.add(PoolEvent::PoolRateLimited { pool: name.to_owned(), until, strikes });
        }
        PoolAnswer::Done
    }

    fn used(&mut self, name: &str, key: Option<&HolderKey>, tokens: u64) -> PoolAnswer {
        if !self.book.pools.contains_key(name) {
            return PoolAnswer::Refused(limits::no_such_pool(name));
        }
        if let Some(key) = key {
            let Some(held) = self.book.held.get(key) else { return nothing_held() };
            let Some(need) = held.needs.iter().find(|need| need.pool == name) else { return nothing_held() };
            if need.tokens.unwrap_or(0) >= tokens {
                return PoolAnswer::Done;
            }
        } else if tokens == 0 {
            return PoolAnswer::Done;
        }
        self.add(PoolEvent::TokensUsed { pool: name.to_owned(), tokens, holder: key.cloned() });
        PoolAnswer::Done
    }

    fn stands(&self, key: &HolderKey) -> PoolAnswer {
        self.book.waits_for(key, self.now).map_or_else(nothing_held, PoolAnswer::Waits)
    }

    /// Whoever may go now.
    fn let_go(&mut self) {
        if self.book.waiting.is_empty() {
            return;
        }
        // Once more after each round: an ask that names no tokens sets one aside and takes none.
        loop {
            let going = self.book.may_go(None, self.now);
            if going.is_empty() {
                break;
            }
            for place in going {
                self.grant_from_line(place);
            }
        }
        while let Some(place) = self.book.may_pass(None, self.now) {
            self.grant_from_line(place);
        }
    }

    fn grant_from_line(&mut self, place: u64) {
        let going = self.book.waiting.iter().find(|waiting| waiting.place == place);
        let going = going.cloned().expect("whoever may go stands in the line");
        let lease_ms = going.lease.map(|lease| lease.length_ms);
        self.grant(going.holder.clone(), going.needs.clone(), lease_ms, Some(going.since));
    }

    fn grant(&mut self, holder: Holder, needs: Vec<Need>, lease_ms: Option<u64>, waited_since: Option<Ms>) {
        self.granted.push(Grant { holder: holder.clone(), needs: needs.clone(), lease_ms, waited_since });
        self.add(PoolEvent::PermitsGranted { holder, needs, lease_ms });
    }
}

fn refused(code: RefusalCode, message: String) -> PoolAnswer {
    PoolAnswer::Refused(Refusal { code, message })
}

fn invalid(message: String) -> PoolAnswer {
    refused(RefusalCode::Invalid, message)
}

fn nothing_held() -> PoolAnswer {
    let lease = length_in_words(LEASE_MS);
    let message = format!(
        "There is no such permit: it was given back, its run ended, or its lease ({lease} unless another was asked for) lapsed. Ask for a new one."
    );
    refused(RefusalCode::NotFound, message)
}
