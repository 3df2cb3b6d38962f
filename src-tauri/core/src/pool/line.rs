//! Who of the line may go now: the rule of the pool's header, once through from the head.

use std::collections::{BTreeMap, BTreeSet};

use super::{Need, Pool, PoolBook, SOON_MS, Waiting};
use crate::Ms;

/// What is left of a pool for whoever comes next in the line. None: not limited. Below nothing: promised to several.
struct Room<'a> {
    pool: &'a Pool,
    now: Ms,
    places: Option<i64>,
    calls: Option<i64>,
    tokens: Option<i64>,
    calls_ahead: u64,
    tokens_ahead: u64,
    /// Somebody further ahead waits for this pool.
    kept: bool,
}

/// What a need takes of each kind, held to the limits.
struct Share {
    places: u64,
    tokens: u64,
}

impl PoolBook {
    /// Places in the line of those who go now, from the head. `candidate` is looked at as if it stood in the line already.
    pub(super) fn may_go(&self, candidate: Option<&Waiting>, now: Ms) -> Vec<u64> {
        self.may_go_without(&BTreeSet::new(), candidate, now)
    }

    /// The same, as if some did not stand in the line.
    pub(super) fn may_go_without(&self, some: &BTreeSet<u64>, candidate: Option<&Waiting>, now: Ms) -> Vec<u64> {
        let mut going = Vec::new();
        let mut rooms: BTreeMap<&str, Room> = BTreeMap::new();
        for (name, pool) in &self.pools {
            let awaited = pool.waiting > 0
                || candidate.is_some_and(|candidate| candidate.needs.iter().any(|need| need.pool == *name));
            if awaited {
                rooms.insert(name, Room::of(pool, now));
            }
        }
        let before = candidate
            .map_or(self.waiting.len(), |candidate| self.waiting.partition_point(|w| w.order() < candidate.order()));
        let (ahead, behind) = self.waiting.split_at(before);
        let line = ahead.iter().map(|waiting| &**waiting).chain(candidate);
        let line = line.chain(behind.iter().map(|waiting| &**waiting));
        for waiting in line.filter(|waiting| !some.contains(&waiting.place)) {
            if rooms.values().all(Room::is_closed) {
                break;
            }
            if goes(&waiting.needs, &mut rooms) {
                going.push(waiting.place);
            }
        }
        going
    }
}

/// True: it goes, and has taken its share. False: its share has been set aside where the rule says so.
fn goes(needs: &[Need], rooms: &mut BTreeMap<&str, Room>) -> bool {
    let mut all_fit = true;
    let mut is_next = true;
    let mut waits_long = false;
    for need in needs {
        let Some(room) = rooms.get(need.pool.as_str()) else { return false };
        if !room.fits(need) {
            all_fit = false;
            is_next &= !room.kept;
            waits_long |= room.wait_is_long(need);
        }
    }
    for need in needs {
        let Some(room) = rooms.get_mut(need.pool.as_str()) else { return false };
        let is_short = !room.fits(need);
        if all_fit || is_short || (is_next && !waits_long) {
            room.take(need);
            room.kept |= !all_fit;
        }
    }
    all_fit
}

impl Room<'_> {
    fn of(pool: &Pool, now: Ms) -> Room<'_> {
        let left = |most: u64, used: u64| signed(most).saturating_sub(signed(used));
        Room {
            pool,
            now,
            places: pool.limits.concurrency.map(|most| left(most.into(), pool.in_use)),
            calls: pool.limits.calls_per_min.map(|most| left(most.into(), pool.calls.used(now))),
            tokens: pool.limits.tokens_per_min.map(|most| left(most, pool.tokens.used(now))),
            calls_ahead: 0,
            tokens_ahead: 0,
            kept: false,
        }
    }

    /// Nobody fits, whatever they need.
    fn is_closed(&self) -> bool {
        let none = |left: Option<i64>| left.is_some_and(|left| left <= 0);
        self.pool.backs_off(self.now).is_some() || none(self.places) || none(self.calls) || none(self.tokens)
    }

    fn fits(&self, need: &Need) -> bool {
        let share = self.share(need);
        let has = |left: Option<i64>, needed: u64| left.is_none_or(|left| left >= signed(needed));
        let backs_off = self.pool.backs_off(self.now).is_some();
        !backs_off && has(self.places, share.places) && has(self.calls, 1) && has(self.tokens, share.tokens)
    }

    fn share(&self, need: &Need) -> Share {
        let limits = &self.pool.limits;
        let places = need.weight.min(limits.concurrency.unwrap_or(u32::MAX)).into();
        // One that names none still waits until a debt is paid.
        let tokens = need.tokens.unwrap_or(0).max(1).min(limits.tokens_per_min.unwrap_or(u64::MAX));
        Share { places, tokens }
    }

    fn take(&mut self, need: &Need) {
        let Share { places, tokens } = self.share(need);
        let less = |left: &mut Option<i64>, by: u64| *left = left.map(|left| left.saturating_sub(signed(by)));
        less(&mut self.places, places);
        less(&mut self.calls, 1);
        less(&mut self.tokens, tokens);
        self.calls_ahead += 1;
        self.tokens_ahead = self.tokens_ahead.saturating_add(tokens);
    }

    /// By the clock alone it is known to wait for more than [`SOON_MS`] here.
    fn wait_is_long(&self, need: &Need) -> bool {
        let Room { pool, now, .. } = self;
        let soon = now.plus(SOON_MS);
        let late = |window: &super::Window, most: Option<u64>, amount: u64| {
            most.is_some_and(|most| window.room_at(most, amount, *now).is_none_or(|at| at > soon))
        };
        pool.backs_off(*now).is_some_and(|until| until > soon)
            || late(&pool.calls, pool.limits.calls_per_min.map(u64::from), self.calls_ahead + 1)
            || late(&pool.tokens, pool.limits.tokens_per_min, self.tokens_ahead.saturating_add(self.share(need).tokens))
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
