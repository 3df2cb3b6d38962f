//! How the pools stand, to be shown: who holds what, who waits, for what, and since when.

use super::{Holder, HolderKey, Need, Pool, PoolBook, PoolLimits, Waiting};
use crate::Ms;
use crate::sentence::grouped;
use crate::time::length_in_words;

/// More holders of one pool are counted, not named.
const NAMED_MAX: usize = 3;

/// A pool as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolView {
    pub name: String,
    pub limits: PoolLimits,
    /// Sum of the weights that are held.
    pub in_use: u64,
    pub calls_last_min: u64,
    pub tokens_last_min: u64,
    /// Some only while it does.
    pub backs_off_until: Option<Ms>,
    /// In the order in which they got it.
    pub holders: Vec<HeldView>,
    /// How many in the line need it.
    pub waiting: u32,
}

/// A holder's share in one pool.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldView {
    pub holder: Holder,
    pub weight: u32,
    pub since: Ms,
    pub lease_until: Option<Ms>,
}

/// What somebody in the line waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitsFor {
    pub since: Ms,
    /// Among those who need any of the same pools; from 1.
    pub position: u32,
    /// "pool openai: 1 of 1 in use (by cue leads); 2nd in line"
    pub words: String,
}

impl PoolBook {
    #[must_use]
    pub fn pools(&self, now: Ms) -> Vec<PoolView> {
        self.pools.iter().map(|(name, pool)| self.view(name, pool, now)).collect()
    }

    #[must_use]
    pub fn pool(&self, name: &str, now: Ms) -> Option<PoolView> {
        self.pools.get(name).map(|pool| self.view(name, pool, now))
    }

    /// What this holder has, with the estimates as they were charged so far.
    #[must_use]
    pub fn needs_of(&self, key: &HolderKey) -> Option<&[Need]> {
        let held = self.held.get(key).map(|held| held.needs.as_slice());
        held.or_else(|| self.waiting(key).map(|(_, waiting)| waiting.needs.as_slice()))
    }

    /// Who it is that holds or waits under this key.
    #[must_use]
    pub fn holder(&self, key: &HolderKey) -> Option<&Holder> {
        let held = self.held.get(key).map(|held| &held.holder);
        held.or_else(|| self.waiting(key).map(|(_, waiting)| &waiting.holder))
    }

    /// How long the lease of a holder or a waiting one is; None for a run, which has none.
    #[must_use]
    pub fn lease_ms(&self, key: &HolderKey) -> Option<u64> {
        let held = self.held.get(key).map(|held| held.lease);
        let lease = held.or_else(|| self.waiting(key).map(|(_, waiting)| waiting.lease)).flatten();
        lease.map(|lease| lease.length_ms)
    }

    /// Whether this run, or an agent with its token, holds or waits for anything.
    #[must_use]
    pub fn concerns(&self, run_id: &crate::id::RunId) -> bool {
        let holders = self.held.values().map(|held| &held.holder);
        holders.chain(self.waiting.iter().map(|waiting| &waiting.holder)).any(|holder| holder.run_id() == Some(run_id))
    }

    /// The line from its head.
    pub fn line(&self) -> impl Iterator<Item = (&Holder, &[Need], Ms)> {
        self.waiting.iter().map(|waiting| (&waiting.holder, waiting.needs.as_slice(), waiting.since))
    }

    /// None: it does not wait.
    #[must_use]
    pub fn waits_for(&self, key: &HolderKey, now: Ms) -> Option<WaitsFor> {
        let (at, waiting) = self.waiting(key)?;
        let rivals = self.waiting[..at].iter().filter(|other| shares_a_pool(&other.needs, &waiting.needs)).count();
        let position = u32::try_from(rivals).unwrap_or(u32::MAX).saturating_add(1);
        let mut reasons: Vec<String> = waiting.needs.iter().filter_map(|need| self.lacks(need, now)).collect();
        if reasons.is_empty() {
            reasons.push(self.is_kept_for(at, waiting));
        }
        let place = if position == 1 { "next in line".to_owned() } else { format!("{} in line", ordinal(position)) };
        Some(WaitsFor { since: waiting.since, position, words: format!("{}; {place}", reasons.join("; ")) })
    }

    fn view(&self, name: &str, pool: &Pool, now: Ms) -> PoolView {
        let of_pool = |needs: &[Need]| needs.iter().find(|need| need.pool == name).map(|need| need.weight);
        let held = self.held.values().filter_map(|held| {
            let weight = of_pool(&held.needs)?;
            let lease_until = held.lease.map(|lease| lease.until);
            Some(HeldView { holder: held.holder.clone(), weight, since: held.since, lease_until })
        });
        let mut holders: Vec<HeldView> = held.collect();
        holders.sort_by_key(|held| held.since);
        PoolView {
            name: name.to_owned(),
            limits: pool.limits.clone(),
            in_use: pool.in_use,
            calls_last_min: pool.calls.used(now),
            tokens_last_min: pool.tokens.used(now),
            backs_off_until: pool.backs_off(now),
            holders,
            waiting: pool.waiting,
        }
    }

    /// Why this pool cannot serve the need, whoever else stands in the line.
    fn lacks(&self, need: &Need, now: Ms) -> Option<String> {
        let name = &need.pool;
        let pool = self.pools.get(name)?;
        let PoolLimits { concurrency, calls_per_min, tokens_per_min } = pool.limits;
        if let Some(until) = pool.backs_off(now) {
            let until = until.utc().map_or_else(|| until.0.to_string(), |at| at.format("%H:%M:%S UTC").to_string());
            return Some(format!("pool {name} backs off until {until} (rate-limited)"));
        }
        if let Some(most) = concurrency
            && pool.in_use + u64::from(need.weight.min(most)) > u64::from(most)
        {
            let needs = if need.weight > 1 { format!(", and it needs {}", need.weight) } else { String::new() };
            return Some(format!("pool {name}: {} of {most} in use ({}){needs}", pool.in_use, self.by_whom(name)));
        }
        let next = |at: Option<Ms>| at.map_or_else(String::new, |at| length_in_words(whole_seconds(at.since(now))));
        if let Some(most) = calls_per_min
            && pool.calls.used(now) >= u64::from(most)
        {
            let calls = if most == 1 { "1 call".to_owned() } else { format!("{} calls", grouped(most.into())) };
            let next = next(pool.calls.room_at(most.into(), 1, now));
            return Some(format!("pool {name}: {calls} in the last minute; next in {next}"));
        }
        if let Some(most) = tokens_per_min {
            let needed = need.tokens.unwrap_or(0).max(1).min(most);
            let used = pool.tokens.used(now);
            if used.saturating_add(needed) > most {
                let (used, most_said) = (grouped(used), grouped(most));
                let next = next(pool.tokens.room_at(most, needed, now));
                return Some(format!(
                    "pool {name}: {used} of {most_said} tokens used in the last minute; next in {next}"
                ));
            }
        }
        None
    }

    fn by_whom(&self, pool: &str) -> String {
        let holders = self.held.values().filter(|held| held.needs.iter().any(|need| need.pool == pool));
        let mut names: Vec<String> = holders.map(|held| held.holder.words()).collect();
        names.sort();
        names.dedup();
        let more = names.len().saturating_sub(NAMED_MAX);
        names.truncate(NAMED_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("by {}{more}", names.join(", "))
    }

    fn is_kept_for(&self, at: usize, waiting: &Waiting) -> String {
        let ahead = &self.waiting[..at];
        let mut awaited = waiting.needs.iter().map(|need| need.pool.as_str());
        let rival = |pool: &str| ahead.iter().any(|other| other.needs.iter().any(|need| need.pool == pool));
        match awaited.find(|pool| rival(pool)) {
            Some(pool) => format!("pool {pool} is kept for who is ahead"),
            None => "its turn comes at once".to_owned(),
        }
    }
}

fn shares_a_pool(one: &[Need], other: &[Need]) -> bool {
    one.iter().any(|need| other.iter().any(|with| with.pool == need.pool))
}

/// Rounded up, so that nobody is told to come back too early.
fn whole_seconds(length_ms: u64) -> u64 {
    length_ms.div_ceil(1_000) * 1_000
}

/// "2nd"
fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
