//! Signs of life of workers: they extend the leases of what each has claimed.

use cuetower_core::id::{CueId, RunId};
use cuetower_core::input::Input;

use super::Pilot;
use super::batch::Batch;
use crate::handle::Reply;
use crate::journal::WorkerSeen;

impl Pilot {
    pub(super) fn take_worker(&mut self, batch: &mut Batch, seen: WorkerSeen, reply: Reply<()>) {
        let claimed = |(run_id, cue_id): (&RunId, &CueId)| {
            let run = self.lanes.get(cue_id)?.runs.get(run_id)?;
            let lease = run.latest().lease.as_ref()?;
            (lease.worker == seen.id && run.definition.account == seen.account)
                .then(|| (cue_id.clone(), run_id.clone()))
        };
        let claimed: Vec<(CueId, RunId)> = self.live_runs.iter().filter_map(claimed).collect();
        for (cue_id, run_id) in claimed {
            let extend = Input::Extend { run_id, attempt: None, worker: Some(seen.id.clone()) };
            batch.decide(self, &cue_id, &extend);
        }
        batch.commit.workers_seen.push(seen);
        batch.answer(reply, Ok(()));
    }
}
