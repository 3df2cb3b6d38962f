//! Which runs go on and which are over, known without asking the store: whoever shows a run's token is asked for it each time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cuetower_core::Ms;
use cuetower_core::id::RunId;
use cuetower_core::run::{Phase, Run, Verdict};

/// Runs that are over and remembered, at most; others are looked up.
const OVER_MAX: usize = 20_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// Or nothing is known of it: what left ahead of its commit is not on disk yet.
    GoesOn,
    Over {
        at: Ms,
        /// By its owner, a fuse, or the end of its cue.
        stopped: bool,
    },
}

impl Life {
    pub fn of(run: &Run) -> Life {
        match &run.phase {
            Phase::Ended { at, .. } => {
                let stopped = matches!(run.verdict(), Some(Verdict::Stopped | Verdict::Cancelled));
                Life::Over { at: *at, stopped }
            }
            Phase::Held { .. }
            | Phase::Offered { .. }
            | Phase::Delivering
            | Phase::AwaitingOutcome { .. }
            | Phase::WaitingRetry { .. } => Life::GoesOn,
        }
    }
}

/// Cheap to clone; all clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Lives(Arc<Mutex<HashMap<RunId, Life>>>);

impl Lives {
    /// What was just committed.
    pub fn are<'a>(&self, runs: impl Iterator<Item = &'a Run>) {
        let mut known = self.known();
        for run in runs {
            known.insert(run.id.clone(), Life::of(run));
        }
        if known.len() > OVER_MAX && known.values().filter(|life| **life != Life::GoesOn).count() > OVER_MAX {
            known.retain(|_, life| *life == Life::GoesOn);
        }
    }

    pub fn of(&self, run: &RunId) -> Option<Life> {
        self.known().get(run).copied()
    }

    /// As it was read from the store; what is known meanwhile is newer.
    pub fn was_read(&self, run: &RunId, life: Life) -> Life {
        *self.known().entry(run.clone()).or_insert(life)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<RunId, Life>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_late_does_not_bring_a_run_back() {
        let (lives, run) = (Lives::default(), RunId("r".to_owned()));
        let over = Life::Over { at: Ms(5), stopped: true };
        assert_eq!(lives.of(&run), None);
        assert_eq!(lives.was_read(&run, over), over);
        assert_eq!(lives.was_read(&run, Life::GoesOn), over, "it was read before it ended, and told afterwards");
        assert_eq!(lives.of(&run), Some(over));
    }
}
