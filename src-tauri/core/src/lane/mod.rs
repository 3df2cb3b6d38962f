//! A lane: one cue with its occurrences and live runs. The unit of state; no decision looks at two.
//!
//! `decide` asks it, `apply` changes it — the same `apply` when deciding and when replaying the journal. Memory holds
//! live things only: an ended run leaves with `forget_ended`, and comes back with `recall` when a late word about it arrives.

mod apply;
mod apply_run;
mod attempts;
mod budget;
mod checking;
mod decide;
mod delivery;
mod due;
mod evidence;
mod gating;
mod missed;
mod owner;
mod ping;
mod recovery;
mod report;
mod restart;
mod steps;
#[cfg(test)]
mod tests;
mod trigger;
mod verification;
mod worker;

pub use decide::decide;
pub use gating::before_step;
pub(crate) use gating::{said_no, unanswered};

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Ms;
use crate::cue::{Cue, CueDefinition, CueStatus};
use crate::event::{Event, FileSeen};
use crate::fuse::Spent;
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
/// Missed instants that `catch_up: all` runs after one absence, at most.
pub const CATCH_UP_MAX: usize = 100;
/// Fires waiting for their `send_at` at most.
pub const FIRES_ARMED_MAX: usize = 1_000;
/// Live runs of one cue at most.
pub const LIVE_RUNS_MAX: usize = 1_000;
/// Missed instants decided one by one in one tick; the next tick goes on.
pub const MISSED_PER_TICK: usize = 2_000;
/// Of the missed instants of one absence, this many of the newest have a record each; the older share records of spans.
pub const MISSED_ONE_BY_ONE: u64 = 500;
/// Instants in one span at most; the next tick goes on.
pub const SPAN_MAX: u64 = 50_000;
/// Watched files per cue at most.
pub const FILES_MAX: usize = 1_000;
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
    /// Missed, waiting for the owner's word; oldest first.
    #[serde(default)]
    pub asked: VecDeque<Armed>,
    pub runs: BTreeMap<RunId, Arc<Run>>,
    pub fire_keys: BTreeMap<String, KeptFireKey>,
    /// Watched files as they last looked. None: never looked at under this definition.
    #[serde(default)]
    pub files: Option<BTreeMap<String, FileSeen>>,
    /// Runs that failed one after the other, up to the newest that ended.
    #[serde(default)]
    pub failed_in_a_row: u32,
    /// Occurrences that were missed since a run last began.
    #[serde(default)]
    pub missed_in_a_row: u32,
    /// The budget of the day that was spent last; over when its time is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<Spent>,
    /// Derived from the definition; rebuilt when it changes or is loaded.
    #[serde(skip)]
    plan: Option<Arc<Plan>>,
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
            paused_until: None,
            trigger_url: None,
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
            asked: VecDeque::new(),
            runs: BTreeMap::new(),
            fire_keys: BTreeMap::new(),
            files: None,
            failed_in_a_row: 0,
            missed_in_a_row: 0,
            spent: None,
            plan: None,
        };
        lane.rebuild_plan();
        Some(lane)
    }

    /// After loading: what is derived is derived again.
    pub fn rebuild_plan(&mut self) {
        self.plan = Plan::of(&self.cue.definition.schedule, self.cue.id.as_str()).ok().map(Arc::new);
    }

    /// None only for a definition that an older tower accepted and this one does not: such a cue fires by hand only.
    #[must_use]
    pub fn plan(&self) -> Option<&Plan> {
        self.plan.as_deref()
    }

    /// The next scheduled instant that is not in the ledger yet, for an active cue.
    #[must_use]
    pub fn next_instant(&self) -> Option<Ms> {
        if self.cue.status == CueStatus::Active { self.plan()?.next_after(self.cursor) } else { None }
    }

    /// When this lane next wants a tick. None: only when something happens.
    #[must_use]
    pub fn wakes_at(&self, now: Ms) -> Option<Ms> {
        let arm = if self.scheduled_armed() < ARMED_MAX {
            self.next_instant().map(|due| due.minus(ARM_AHEAD_MS))
        } else {
            None
        };
        let due = self.armed.first().map(|armed| armed.due);
        let runs = self.runs.values().filter_map(|run| run.wakes_at()).min();
        let resume = self.cue.paused_until.filter(|_| self.cue.status == CueStatus::Paused);
        // Another window may let more runs go at once.
        let edge = self.plan().filter(|_| !self.held.is_empty()).and_then(|plan| plan.next_edge(now));
        let release = self.may_release(now).then_some(now);
        arm.into_iter().chain(release).chain(due).chain(runs).chain(resume).chain(edge).min()
    }

    /// Runs that go at once, by the window that holds now.
    #[must_use]
    pub fn at_once(&self, now: Ms) -> usize {
        self.plan().and_then(|plan| plan.at_once(now)).map_or(1, |runs| runs as usize)
    }

    /// Whether one that waits behind other runs may go, as far as they are concerned.
    fn may_release(&self, now: Ms) -> bool {
        !self.held.is_empty() && self.live_runs().count() < self.at_once(now)
    }

    /// Every occurrence that has not ended.
    pub fn waiting(&self) -> impl Iterator<Item = &Armed> {
        self.armed.iter().chain(&self.held).chain(&self.asked)
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

    /// Lets ended runs go; their history is in the store. One that is still looked at stays.
    pub fn forget_ended(&mut self) {
        self.runs.retain(|_, run| run.is_live() || run.checking.is_some());
    }
}
