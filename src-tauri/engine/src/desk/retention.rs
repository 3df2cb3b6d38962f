//! `retention` and `retention_run`: what of the past is kept, and putting away what is not.

use super::Desk;
use super::wire::{DeskError, Nothing, RetentionOwn, RetentionPass, RetentionView};
use crate::journal::StoreSize;
use crate::retention::{PassDone, Standing, outlook};

pub(super) async fn look(desk: &Desk, _: Nothing) -> Result<RetentionView, DeskError> {
    view(desk, desk.handle.retention.standing()).await
}

/// Answers when the pass is over.
pub(super) async fn run(desk: &Desk, _: Nothing) -> Result<RetentionView, DeskError> {
    let standing = desk.handle.retention.run().await;
    view(desk, standing).await
}

async fn view(desk: &Desk, standing: Standing) -> Result<RetentionView, DeskError> {
    let rules = desk.handle.backups.settings.get().retention.clone();
    let seen = outlook(&desk.handle, &rules).await?;
    let StoreSize { gives_back, .. } = seen.size;
    let own = seen.own.into_iter();
    Ok(RetentionView {
        keep_days: rules.keep().days,
        keep_runs: rules.keep().runs,
        keep_size_mb: (rules.keep_size_mb > 0).then_some(rules.keep_size_mb),
        own: own.map(|(cue_id, cue, keep)| RetentionOwn { cue_id, cue, days: keep.days, runs: keep.runs }).collect(),
        runs: seen.runs,
        store_bytes: seen.size.bytes(),
        free_bytes: seen.size.bytes() - seen.size.used_bytes(),
        gives_back,
        would_go: seen.going,
        oldest_ms: seen.oldest.filter(|_| seen.going > 0).map(|oldest| oldest.0),
        would_free_bytes: seen.bytes,
        running: standing.running,
        so_far: standing.so_far.as_ref().map(RetentionPass::from),
        last: standing.last.as_ref().map(RetentionPass::from),
        trouble: standing.trouble,
    })
}

impl From<&PassDone> for RetentionPass {
    fn from(done: &PassDone) -> RetentionPass {
        RetentionPass {
            began_ms: done.began_at.0,
            ended_ms: done.ended_at.0,
            runs: done.runs,
            never_ran: done.never_ran,
            needed: done.needed,
            bytes_before: done.bytes_before,
            bytes_after: done.bytes_after,
            slice_ms_most: done.slice_ms_most,
        }
    }
}
