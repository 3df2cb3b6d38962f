//! Workers as the owner sees them: who fetches runs, and what each has.

use cuetower_core::Ms;
use cuetower_core::run::Run;
use cuetower_core::time::MINUTE_MS;

use super::Desk;
use super::wire::{DeskError, Nothing, WorkerView, Workers};
use crate::journal::{RunFilter, WorkerRow};

/// Runs looked through for those that a worker has.
const RUNS_LOOKED_THROUGH: u32 = 1_000;

pub(super) async fn list(desk: &Desk, _: Nothing) -> Result<Workers, DeskError> {
    let reader = desk.handle.reader();
    let rows = reader.workers(None).await?;
    let statuses = vec!["pending_outcome".to_owned()];
    let filter = RunFilter { statuses, limit: RUNS_LOOKED_THROUGH, ..RunFilter::default() };
    let (live, _) = reader.runs(filter).await?;
    let now = desk.handle.now();
    let has = |worker: &WorkerRow| {
        let own = |run: &&Run| {
            let lease = run.latest().lease.as_ref();
            run.definition.account == worker.account && lease.is_some_and(|lease| lease.worker == worker.id)
        };
        let of_worker = live.iter().filter(own);
        of_worker.map(|run| run.id.0.clone()).collect()
    };
    let view = |worker: &WorkerRow| WorkerView {
        id: worker.id.clone(),
        handlers: worker.handlers.clone(),
        registered_at_ms: worker.registered_at.0,
        last_seen_ms: worker.last_seen.0,
        status: status(worker.last_seen, now).to_owned(),
        runs: has(worker),
    };
    Ok(Workers { workers: rows.iter().map(view).collect() })
}

/// As CueAPI says it.
pub(crate) fn status(last_seen: Ms, now: Ms) -> &'static str {
    match now.since(last_seen) {
        silent if silent < 3 * MINUTE_MS => "active",
        silent if silent < 15 * MINUTE_MS => "stale",
        _ => "dead",
    }
}
