//! Pools as their owner sees and sets them: limits, who holds permits, who waits.

use cuetower_core::pool::{Holder, PoolBook, PoolInput, PoolLimits, PoolView as Stand, name_trouble};

use super::wire::{DeskError, Nothing, PoolHolderView, PoolRef, PoolSet, PoolView, PoolWaitingView, Pools};
use super::{Desk, invalid};

/// Holders, and waiting ones, of one pool in an answer at most.
const SHOWN_MAX: usize = 100;

pub(super) async fn list(desk: &Desk, _: Nothing) -> Result<Pools, DeskError> {
    let book = desk.handle.pool_view();
    let pools = book.pools(desk.handle.now());
    Ok(Pools { pools: pools.into_iter().map(|pool| shown(&book, pool)).collect() })
}

pub(super) async fn set(desk: &Desk, request: PoolSet) -> Result<Pools, DeskError> {
    let PoolSet { name, concurrency, calls_per_min, tokens_per_min } = request;
    if let Some(trouble) = name_trouble(&name) {
        return Err(invalid("name", trouble));
    }
    let limits = PoolLimits { concurrency, calls_per_min, tokens_per_min };
    if let Some(trouble) = limits.trouble() {
        return Err(invalid("limits", trouble));
    }
    desk.handle.pools(PoolInput::Set { name, limits }).await?;
    list(desk, Nothing {}).await
}

pub(super) async fn remove(desk: &Desk, request: PoolRef) -> Result<Pools, DeskError> {
    desk.handle.pools(PoolInput::Remove { name: request.name }).await?;
    list(desk, Nothing {}).await
}

fn shown(book: &PoolBook, pool: Stand) -> PoolView {
    let holders = pool.holders.iter().take(SHOWN_MAX).map(|held| PoolHolderView {
        words: held.holder.words(),
        run_id: run_of(&held.holder),
        since_ms: held.since.0,
    });
    let line = book.line().filter(|(_, needs, _)| needs.iter().any(|need| need.pool == pool.name));
    let waiting = (1..).zip(line).take(SHOWN_MAX).map(|(position, (holder, _, since))| PoolWaitingView {
        words: holder.words(),
        run_id: run_of(holder),
        since_ms: since.0,
        position,
    });
    PoolView {
        holders: holders.collect(),
        waiting: waiting.collect(),
        concurrency: pool.limits.concurrency,
        calls_per_min: pool.limits.calls_per_min,
        tokens_per_min: pool.limits.tokens_per_min,
        in_use: pool.in_use,
        calls_last_min: pool.calls_last_min,
        tokens_last_min: pool.tokens_last_min,
        backs_off_until_ms: pool.backs_off_until.map(|until| until.0),
        name: pool.name,
    }
}

fn run_of(holder: &Holder) -> Option<String> {
    holder.run_id().map(|run| run.0.clone())
}
