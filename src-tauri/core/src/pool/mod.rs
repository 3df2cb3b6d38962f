//! Pools: what several runs and agents share, such as an API with a limit. A unit of its own beside the lanes, which asks
//! nobody and is asked by the pilot.
//!
//! One book holds all pools, and an ask gets all its needs at once or none of them: nobody holds one of its pools while
//! waiting for another of them.
//!
//! **Who goes first.** One line for all. A higher priority goes before a lower one that asked up to [`PRIORITY_WORTH_MS`]
//! earlier per step of priority; with equal priority, who asked first goes first. Since an ask's place in the line never
//! moves back, nobody starves.
//!
//! **Who may pass.** The line is gone through from its head; whoever fits, goes. For one that does not fit, its share is
//! set aside, and those behind it see what is left:
//! 1. at every pool that is short of something for it: this is its place in that pool's line;
//! 2. at its other pools too, so that they are free when the short ones are — unless somebody stands before it at a short
//!    pool, or the clock says that a short pool (backing off, or its rate used up) lets it wait for more than [`SOON_MS`].
//!    Until then others may use what it could not use anyway.
//!
//! **Runs whose agents ask for more.** What a run holds it holds until it ends, so here somebody does hold while waiting:
//! `ring` sees to it that no ring closes.
//!
//! **What counts.** A grant takes `weight` of the concurrency until it is given back, one call of the rate (whatever its
//! weight), and its estimate of tokens, put right to what was really used when it is given back. A debt delays whoever
//! comes next. In a pool that limits tokens, an ask that names none goes when anything is left.
//!
//! **Limits that were lowered** below what somebody in the line needs: it is then held to need exactly the limit, so it goes
//! alone, once the pool is empty. A new ask that can never fit is refused.

mod apply;
mod decide;
mod event;
mod input;
mod limits;
mod line;
mod ring;
#[cfg(test)]
mod tests;
mod view;
mod window;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::event::PoolEvent;
pub use self::input::{Grant, PoolAnswer, PoolDecision, PoolInput};
pub use self::limits::{Need, PoolLimits, name_trouble, needs_trouble};
pub use self::view::{HeldView, PoolView, WaitsFor};

use self::window::Window;
use crate::Ms;
use crate::id::{CueId, PermitId, RunId};
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};

/// One step of priority is worth this much waiting.
pub const PRIORITY_WORTH_MS: u64 = 5 * MINUTE_MS;
/// Priorities are held between minus this and this.
pub const PRIORITY_MAX: i32 = 100;
/// A wait that is known to be longer than this keeps no other pool from others.
pub const SOON_MS: u64 = 5 * SECOND_MS;
/// A rate is held over this length: a minute, and a second for the ways from permits to calls, which differ.
pub const WINDOW_MS: u64 = MINUTE_MS + SECOND_MS;
/// Of an agent's permit, and of its place in the line.
pub const LEASE_MS: u64 = MINUTE_MS;
pub const LEASE_MS_LEAST: u64 = SECOND_MS;
pub const LEASE_MS_MAX: u64 = HOUR_MS;
/// After a sleep or a stall, so much of a lease is left at least (or the whole lease, if that is shorter).
pub const LEASE_LEFT_MS: u64 = 5 * SECOND_MS;
/// The first back-off after a 429; doubled with each further one, to at most [`BACK_OFF_MS_MAX`].
pub const BACK_OFF_MS: u64 = SECOND_MS;
pub const BACK_OFF_MS_MAX: u64 = 5 * MINUTE_MS;
/// What a 429 may ask for at most.
pub const RETRY_AFTER_MS_MAX: u64 = DAY_MS;
pub const POOLS_MAX: usize = 200;
pub const WAITING_MAX: usize = 10_000;
/// Holders and waiting ones together.
pub const HOLDERS_MAX: usize = 20_000;
pub const NEEDS_MAX: usize = 16;

/// Who holds permits, or waits for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "holder", rename_all = "snake_case")]
pub enum Holder {
    /// One attempt of a run. It has no lease: the pilot gives its permits back when the attempt ends.
    Run { run_id: RunId, cue_id: CueId, cue_name: String, number: u32 },
    /// An agent that asked over HTTP, with a lease; `run`: it asked with this run's token. `who` is shown.
    Agent { permit_id: PermitId, run: Option<RunId>, who: String },
}

/// Names a holder: `run <id> <attempt>` or `permit <id>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HolderKey(String);

impl HolderKey {
    #[must_use]
    pub fn run(run_id: &RunId, number: u32) -> HolderKey {
        HolderKey(format!("run {run_id} {number}"))
    }

    #[must_use]
    pub fn permit(permit_id: &PermitId) -> HolderKey {
        HolderKey(format!("permit {permit_id}"))
    }
}

impl Holder {
    #[must_use]
    pub fn key(&self) -> HolderKey {
        match self {
            Holder::Run { run_id, number, .. } => HolderKey::run(run_id, *number),
            Holder::Agent { permit_id, .. } => HolderKey::permit(permit_id),
        }
    }

    /// The run it is, or asked for.
    #[must_use]
    pub fn run_id(&self) -> Option<&RunId> {
        match self {
            Holder::Run { run_id, .. } => Some(run_id),
            Holder::Agent { run, .. } => run.as_ref(),
        }
    }

    /// "cue leads", or who the agent is.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Holder::Run { cue_name, .. } => format!("cue {cue_name}"),
            Holder::Agent { who, .. } => who.clone(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub length_ms: u64,
    /// It has lapsed at this instant.
    pub until: Ms,
}

/// All pools, who holds permits, and who waits for some. Cheap to clone: what is large is shared until it is changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PoolBook {
    pub seq: u64,
    pools: BTreeMap<String, Arc<Pool>>,
    held: BTreeMap<HolderKey, Arc<Held>>,
    /// In the order in which they go.
    waiting: Vec<Arc<Waiting>>,
    next_place: u64,
    /// The newest instant at which anything was taken in.
    newest_at: Ms,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Pool {
    limits: PoolLimits,
    /// Sum of the weights that are held.
    in_use: u64,
    /// How many in the line need it.
    waiting: u32,
    calls: Window,
    tokens: Window,
    backs_off_until: Option<Ms>,
    /// 429s in a row, less one for each permit since that came back without one.
    strikes: u32,
    struck_at: Option<Ms>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Held {
    holder: Holder,
    /// `tokens` is what has been charged so far.
    needs: Vec<Need>,
    /// It told that it has used more than its estimate, so nothing of that comes back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    beyond_estimate: bool,
    since: Ms,
    lease: Option<Lease>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Waiting {
    key: HolderKey,
    holder: Holder,
    needs: Vec<Need>,
    priority: i32,
    since: Ms,
    place: u64,
    lease: Option<Lease>,
}

impl Waiting {
    /// Who has the lower one goes first. It does not change while one waits, but for everybody alike when the clock is set.
    fn order(&self) -> (i64, u64) {
        let worth = i64::try_from(PRIORITY_WORTH_MS).unwrap_or(i64::MAX);
        (self.since.0.saturating_sub(i64::from(self.priority).saturating_mul(worth)), self.place)
    }
}

impl Pool {
    fn new(limits: PoolLimits) -> Pool {
        Pool {
            limits,
            in_use: 0,
            waiting: 0,
            calls: Window::default(),
            tokens: Window::default(),
            backs_off_until: None,
            strikes: 0,
            struck_at: None,
        }
    }

    /// When time alone gives it more room.
    fn eases_at(&self, now: Ms) -> Option<Ms> {
        if let Some(until) = self.backs_off(now) {
            return Some(until);
        }
        let used_up = self.limits.calls_per_min.is_some_and(|most| self.calls.used(now) >= u64::from(most));
        let calls = if used_up { self.calls.eases_at(now) } else { None };
        let tokens = self.limits.tokens_per_min.and_then(|_| self.tokens.eases_at(now));
        calls.into_iter().chain(tokens).min()
    }

    fn backs_off(&self, now: Ms) -> Option<Ms> {
        self.backs_off_until.filter(|until| *until > now)
    }
}

impl PoolBook {
    /// The names of the pools, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pools.keys().map(String::as_str)
    }

    #[must_use]
    pub fn holds(&self, key: &HolderKey) -> bool {
        self.held.contains_key(key)
    }

    fn waiting(&self, key: &HolderKey) -> Option<(usize, &Waiting)> {
        let mut line = self.waiting.iter().enumerate();
        line.find(|(_, waiting)| waiting.key == *key).map(|(at, waiting)| (at, &**waiting))
    }

    /// When it wants a [`PoolInput::Tick`]: a lease lapses, or time alone lets somebody in the line go. `now` is the instant
    /// of the last decision: what has been freed since then is not waited for any more, and nobody would hear of it.
    #[must_use]
    pub fn wakes_at(&self, now: Ms) -> Option<Ms> {
        let held = self.held.values().filter_map(|held| held.lease);
        let leases = held.chain(self.waiting.iter().filter_map(|waiting| waiting.lease)).map(|lease| lease.until);
        let pools = self.pools.values().filter(|pool| pool.waiting > 0);
        leases.chain(pools.filter_map(|pool| pool.eases_at(now))).min()
    }
}
