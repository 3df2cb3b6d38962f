//! Tomorrow, simulated: the lanes as they stand, decided by the real `lane::decide` on a virtual clock.
//!
//! Every run is taken to end well after the length it is said to have. Its delivery is told then too, in one with its
//! outcome: a deadline of the outcome is no part of what is foreseen. What comes from outside (trigger URLs, files, an
//! agent's own wishes, fires by hand) is not foreseen. When `Bounds` are used up, lanes leave the simulation: from there
//! on their due times are counted by the plan alone (`Rest`) and no longer decided.

mod notes;
mod road;
#[cfg(test)]
mod tests;

use crate::Ms;
use crate::cue::CueDefinition;
use crate::id::CueId;
use crate::input::Input;
use crate::lane::{Lane, decide};
use crate::occurrence::End;

/// A lane that takes part.
#[derive(Debug, Clone)]
pub struct Given {
    pub lane: Lane,
    /// The length that its runs are taken to have, in milliseconds; at least 1.
    pub run_ms: u64,
    /// False: it is there for those that follow it, and its fires are not kept.
    pub shown: bool,
}

/// What a simulation may cost.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Fires kept, of all shown lanes together; the first ones stay. Counts go on.
    pub fires_kept: usize,
    /// Decisions of one lane; one that looks at many live runs, or at much jitter, counts for several.
    pub lane_work: u64,
    /// Decisions of all lanes.
    pub work: u64,
    /// Due times that are counted by plans alone, of all lanes.
    pub counted: u64,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { fires_kept: 5_000, lane_work: 200_000, work: 1_000_000, counted: 3_000_000 }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tomorrow {
    /// As they were given.
    pub lanes: Vec<LaneTomorrow>,
    /// By due instant.
    pub fires: Vec<Fire>,
    /// There are more fires than are kept.
    pub truncated: bool,
}

/// One occurrence to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fire {
    /// Place of its lane in what was given.
    pub lane: usize,
    pub due: Ms,
    /// `occurrence::Trigger::word`.
    pub triggered_by: &'static str,
    pub fate: Fate,
    /// Offset of the cue's zone from UTC at that instant, in minutes.
    pub offset_minutes: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    Ran,
    /// Ran, that much later, behind another run.
    Waited {
        ms: u64,
    },
    /// Waits still at the end of the simulation.
    Waiting,
    DidNotRun(End),
}

/// What comes of one cue. Occurrences that are due in the simulated time count once, in one of the first five.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LaneTomorrow {
    pub ran: u64,
    /// By the overlap policy, full queues included.
    pub skipped_overlap: u64,
    pub skipped_blackout: u64,
    /// Missed, coalesced, or skipped for another reason.
    pub otherwise: u64,
    pub still_waiting: u64,
    /// Of `ran`: those that waited behind another run first.
    pub waited: u64,
    pub longest_wait_ms: u64,
    /// Of `skipped_overlap`: those that found the queue full.
    pub queue_full: u64,
    /// Runs that were stopped because the next due time replaces them.
    pub replaced: u64,
    /// Most runs live at once.
    pub most_at_once: u32,
    /// Set if the lane left the simulation early.
    pub rest: Option<Rest>,
    /// Plain sentences: clock changes that touch the cue, and what else stands out.
    pub notes: Vec<String>,
}

/// Due times that were counted and not decided. They are in the counts: those in blackouts as such, the others shared out in
/// the proportions seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// Decided one by one until here.
    pub from: Ms,
    pub due: u64,
    /// False: there are more.
    pub whole: bool,
}

impl LaneTomorrow {
    /// Due times in the simulated time.
    #[must_use]
    pub fn due(&self) -> u64 {
        self.ran + self.skipped_overlap + self.skipped_blackout + self.otherwise + self.still_waiting
    }
}

/// The lane as it would be if its cue got this definition now.
#[must_use]
pub fn edited(mut lane: Lane, definition: CueDefinition, now: Ms) -> Lane {
    let edit = Input::Edit { definition: Box::new(definition), revision: None };
    // Far from the numbers that the simulation itself will throw.
    decide(&mut lane, &edit, now, &mut road::Counting(u64::MAX / 3));
    lane
}

/// What comes due in `(now, until]`. The same lanes always give the same answer.
#[must_use]
pub fn simulate(given: Vec<Given>, now: Ms, until: Ms, bounds: Bounds) -> Tomorrow {
    let names: Vec<(CueId, String)> =
        given.iter().map(|given| (given.lane.cue.id.clone(), given.lane.cue.definition.name.clone())).collect();
    let mut road = road::Road::of(given, now, until, bounds);
    road.walk();
    let mut tomorrow = road.arrived();
    for (index, lane) in road.lanes.iter().enumerate() {
        tomorrow.lanes[index].notes = notes::of(lane, &tomorrow.lanes[index], &names, now, until);
    }
    tomorrow
}
