//! How each event changes the book.

use std::sync::Arc;

use super::{Held, Holder, HolderKey, LEASE_LEFT_MS, Lease, Need, Pool, PoolBook, PoolEvent, PoolLimits, Waiting};
use crate::Ms;

impl PoolBook {
    /// Takes an event of that instant in; with the same events and instants the book becomes the same.
    pub fn apply(&mut self, at: Ms, event: &PoolEvent) {
        self.seq += 1;
        if !matches!(event, PoolEvent::PoolsShifted { .. }) {
            self.newest_at = self.newest_at.max(at);
        }
        match event {
            PoolEvent::PoolSet { name, limits } => self.set(name, limits),
            PoolEvent::PoolRemoved { name } => drop(self.pools.remove(name)),
            PoolEvent::PermitsAwaited { holder, needs, priority, lease_ms } => {
                let waiting = self.next_waiting(holder, needs, *priority, *lease_ms, at);
                self.stand_in_line(waiting);
            }
            PoolEvent::PermitsGranted { holder, needs, lease_ms } => self.grant(at, holder, needs, *lease_ms),
            PoolEvent::PermitsGivenBack { holder, tokens } => self.give_back(at, holder, *tokens, true),
            PoolEvent::AskWithdrawn { holder } => drop(self.leave_line(holder)),
            PoolEvent::LeaseLapsed { holder } => {
                if self.leave_line(holder).is_none() {
                    self.give_back(at, holder, None, false);
                }
            }
            PoolEvent::LeaseRenewed { holder, until } => self.renew(holder, *until),
            PoolEvent::PoolRateLimited { pool, until, strikes } => self.change(pool, |pool| {
                pool.backs_off_until = Some(*until);
                pool.strikes = *strikes;
                pool.struck_at = Some(at);
            }),
            PoolEvent::TokensUsed { pool, tokens, holder } => self.use_tokens(at, pool, *tokens, holder.as_ref()),
            PoolEvent::PoolsShifted { slept_ms, stepped_ms } => self.shift(at, *slept_ms, *stepped_ms),
        }
    }

    /// How it would stand in the line if it were put there now.
    pub(super) fn next_waiting(
        &self,
        holder: &Holder,
        needs: &[Need],
        priority: i32,
        lease_ms: Option<u64>,
        at: Ms,
    ) -> Waiting {
        let lease = lease_ms.map(|length_ms| waiting_lease(length_ms, at));
        let (key, holder, needs) = (holder.key(), holder.clone(), needs.to_vec());
        Waiting { key, holder, needs, priority, since: at, place: self.next_place, lease }
    }

    fn change(&mut self, name: &str, with: impl FnOnce(&mut Pool)) {
        if let Some(pool) = self.pools.get_mut(name) {
            with(Arc::make_mut(pool));
        }
    }

    fn set(&mut self, name: &str, limits: &PoolLimits) {
        match self.pools.get_mut(name) {
            Some(pool) => Arc::make_mut(pool).limits = limits.clone(),
            None => drop(self.pools.insert(name.to_owned(), Arc::new(Pool::new(limits.clone())))),
        }
    }

    fn stand_in_line(&mut self, waiting: Waiting) {
        self.next_place = waiting.place + 1;
        for need in &waiting.needs {
            self.change(&need.pool, |pool| pool.waiting += 1);
        }
        let at = self.waiting.partition_point(|other| other.order() < waiting.order());
        self.waiting.insert(at, Arc::new(waiting));
    }

    fn leave_line(&mut self, key: &HolderKey) -> Option<Arc<Waiting>> {
        let (at, _) = self.waiting(key)?;
        let left = self.waiting.remove(at);
        for need in &left.needs {
            self.change(&need.pool, |pool| pool.waiting = pool.waiting.saturating_sub(1));
        }
        Some(left)
    }

    fn grant(&mut self, at: Ms, holder: &Holder, needs: &[Need], lease_ms: Option<u64>) {
        let key = holder.key();
        self.leave_line(&key);
        for need in needs {
            self.change(&need.pool, |pool| {
                pool.in_use += u64::from(need.weight);
                pool.calls.add(1, at);
                pool.tokens.add(need.tokens.unwrap_or(0), at);
            });
        }
        let lease = lease_ms.map(|length_ms| Lease { length_ms, until: at.plus(length_ms) });
        let held = Held { holder: holder.clone(), needs: needs.to_vec(), beyond_estimate: false, since: at, lease };
        self.held.insert(key, Arc::new(held));
    }

    /// `went_well`: it came back by itself, so what was rate-limited before it began seems to be over.
    fn give_back(&mut self, at: Ms, key: &HolderKey, tokens: Option<u64>, went_well: bool) {
        let Some(held) = self.held.remove(key) else { return };
        for need in &held.needs {
            self.change(&need.pool, |pool| {
                pool.in_use = pool.in_use.saturating_sub(u64::from(need.weight));
                if went_well && pool.struck_at.is_some_and(|struck| held.since > struck) {
                    pool.strikes = pool.strikes.saturating_sub(1);
                }
                if let Some(used) = tokens.filter(|_| pool.limits.tokens_per_min.is_some()) {
                    let charged = need.tokens.unwrap_or(0);
                    pool.tokens.add(used.saturating_sub(charged), at);
                    if !held.beyond_estimate {
                        pool.tokens.take_back(charged.saturating_sub(used), held.since);
                    }
                }
            });
        }
    }

    fn use_tokens(&mut self, at: Ms, pool: &str, tokens: u64, key: Option<&HolderKey>) {
        let mut more = tokens;
        if let Some(held) = key.and_then(|key| self.held.get_mut(key)).map(Arc::make_mut)
            && let Some(need) = held.needs.iter_mut().find(|need| need.pool == pool)
        {
            let charged = need.tokens.unwrap_or(0);
            more = tokens.saturating_sub(charged);
            need.tokens = Some(charged.max(tokens));
            held.beyond_estimate |= more > 0;
        }
        self.change(pool, |pool| pool.tokens.add(more, at));
    }

    fn renew(&mut self, key: &HolderKey, until: Ms) {
        if let Some(held) = self.held.get_mut(key) {
            let held = Arc::make_mut(held);
            held.lease = held.lease.map(|lease| Lease { until, ..lease });
        } else if let Some((at, _)) = self.waiting(key) {
            let waiting = Arc::make_mut(&mut self.waiting[at]);
            waiting.lease = waiting.lease.map(|lease| Lease { until, ..lease });
        }
    }

    /// Everything moves with a clock that was set. Leases count only while the machine is awake; a rate passes in sleep too.
    fn shift(&mut self, at: Ms, slept_ms: u64, stepped_ms: i64) {
        let moved = |instant: Ms| Ms(instant.0.saturating_add(stepped_ms));
        let leased = |lease: Lease| {
            let least = at.plus(lease.length_ms.min(LEASE_LEFT_MS));
            let until = moved(lease.until).plus(slept_ms);
            Lease { until: if slept_ms > 0 { until.max(least) } else { until }, ..lease }
        };
        self.newest_at = moved(self.newest_at);
        for pool in self.pools.values_mut() {
            let pool = Arc::make_mut(pool);
            pool.calls.shift(stepped_ms);
            pool.tokens.shift(stepped_ms);
            pool.backs_off_until = pool.backs_off_until.map(moved);
            pool.struck_at = pool.struck_at.map(moved);
        }
        for held in self.held.values_mut() {
            let held = Arc::make_mut(held);
            held.since = moved(held.since);
            held.lease = held.lease.map(leased);
        }
        for waiting in &mut self.waiting {
            let waiting = Arc::make_mut(waiting);
            waiting.since = moved(waiting.since);
            waiting.lease = waiting.lease.map(leased);
        }
    }
}

/// A place in the line is kept a quarter longer than promised, so that not each poll needs a fact of its own.
pub(super) fn waiting_lease(length_ms: u64, at: Ms) -> Lease {
    Lease { length_ms, until: at.plus(length_ms + length_ms / 4) }
}
