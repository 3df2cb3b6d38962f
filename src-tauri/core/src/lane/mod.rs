//! A lane: one cue with its occurrences and live runs. The unit of state; no decision looks at two.
//!
//! `decide` asks it, `apply` changes it — the same `apply` when deciding and when replaying the journal. Memory holds
//! live things only: an ended run leaves with `forget_ended`, and comes back with `recall` when a late word about it arrives.

mod apply;
mod decide;
mod delivery;
mod due;
mod owner;
mod report;
#[cfg(test)]
mod tests;

pub use decide::decide;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Ms;
use crate::cue::{Cue, CueDefinition, CueStatus};
use crate::event::{Event, FireKey};
use crate::id::{CueId, OccurrenceId, RunId};
use crate::occurrence::{Armed, Trigger};
use crate::plan::Plan;
use crate::run::Run;

/// Occurrences are written this long before they are due.
pub const ARM_AHEAD_MS: u64 = 5_000;
/// Armed scheduled occurrences per lane at most.
pub const ARMED_MAX: usize = 16;
/// An instant handled later than this was missed: the catch-up policy decides.
pub const MISSED_AFTER_MS: u64 = 5_000;
/// Occurrences waiting behind a live run at most.
pub const HELD_MAX: usize = 100;
/// Fires waiting for their `send_at` at most.
pub const FIRES_ARMED_MAX: usize = 1_000;
/// Live runs of one cue at most.
pub const LIVE_RUNS_MAX: usize = 1_000;
/// Missed instants decided in one tick; the next tick goes on.
pub const MISSED_PER_TICK: usize = 2_000;
/// Fire keys are good this long.
pub const FIRE_KEY_MS: u64 = 24 * crate::time::HOUR_MS;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    pub cue: Cue,
    /// Lane sequence of the last event.
    pub seq: u64,
    /// Every scheduled instant up to here is in the ledger.
    pub cursor: Ms,
    /// Newest scheduled instant that was really decided: whatever the clock does, nothing at or before it fires again.
    pub decided: Ms,
    /// Counts definitions and status changes: an instant skipped by an edit and armed again is two records.
    pub generation: u64,
    /// Undue, by due instant.
    pub armed: Vec<Armed>,
    /// Due, waiting behind a live run; oldest first.
    pub held: VecDeque<Armed>,
    pub runs: BTreeMap<RunId, Arc<Run>>,
    pub fire_keys: BTreeMap<String, KeptFireKey>,
    /// Derived from the definition; rebuilt when it changes or is loaded.
    #[serde(skip)]
    plan: Option<Plan>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptFireKey {
    pub request: String,
    pub at: Ms,
    pub run_id: RunId,
    pub occurrence_id: OccurrenceId,
    pub due: Ms,
}

impl Lane {
    /// The first event of a new cue.
    #[must_use]
    pub fn created(cue_id: CueId, definition: CueDefinition) -> Event {
        Event::CueDefined { cue_id, revision: 1, definition: Arc::new(definition) }
    }

    /// A lane begins with its first event. None if that is not a definition.
    #[must_use]
    pub fn first(at: Ms, event: &Event) -> Option<Lane> {
        let Event::CueDefined { cue_id, revision, definition } = event else { return None };
        let cue = Cue {
            id: cue_id.clone(),
            definition: Arc::clone(definition),
            revision: *revision,
            status: CueStatus::Active,
            created_at: at,
            updated_at: at,
            run_count: 0,
            last_run_at: None,
        };
        let mut lane = Lane {
            cue,
            seq: 1,
            cursor: at,
            decided: Ms(i64::MIN),
            generation: 1,
            armed: Vec::new(),
            held: VecDeque::new(),
            runs: BTreeMap::new(),
            fire_keys: BTreeMap::new(),
            plan: None,
        };
        lane.rebuild_plan();
        Some(lane)
    }

    /// After loading: what is derived is derived again.
    pub fn rebuild_plan(&mut self) {
        self.plan = Plan::of(&self.cue.definition.schedule).ok();
    }

    /// None only for a definition that an older tower accepted and this one does not: such a cue fires by hand only.
    #[must_use]
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_ref()
    }

    /// The next scheduled instant that is not in the ledger yet, for an active cue.
    #[must_use]
    pub fn next_instant(&self) -> Option<Ms> {
        if self.cue.status == CueStatus::Active { self.plan()?.next_after(self.cursor) } else { None }
    }

    /// The next instant at which the cue fires, armed ones included.
    #[must_use]
    pub fn next_fire(&self) -> Option<Ms> {
        self.armed.first().map(|armed| armed.due).into_iter().chain(self.next_instant()).min()
    }

    /// When this lane next wants a tick. None: only when something happens.
    #[must_use]
    pub fn wakes_at(&self) -> Option<Ms> {
        let arm = if self.scheduled_armed() < ARMED_MAX {
            self.next_instant().map(|due| due.minus(ARM_AHEAD_MS))
        } else {
            None
        };
        let due = self.armed.first().map(|armed| armed.due);
        let runs = self.runs.values().filter_map(|run| run.wakes_at()).min();
        arm.into_iter().chain(due).chain(runs).min()
    }

    fn scheduled_armed(&self) -> usize {
        self.armed.iter().filter(|armed| armed.trigger == Trigger::Scheduled).count()
    }

    pub(crate) fn live_runs(&self) -> impl Iterator<Item = &Arc<Run>> {
        self.runs.values().filter(|run| run.is_live())
    }

    /// Puts an ended run back into the working copy, because something was said about it.
    pub fn recall(&mut self, run: Run) {
        self.runs.entry(run.id.clone()).or_insert_with(|| Arc::new(run));
    }

    /// Lets ended runs go; their history is in the store.
    pub fn forget_ended(&mut self) {
        self.runs.retain(|_, run| run.is_live());
    }

    fn fire_key_kept(&self, key: &FireKey) -> Option<&KeptFireKey> {
        self.fire_keys.get(&key.key)
    }
}
