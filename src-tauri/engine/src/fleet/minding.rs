//! What time alone changes and no beat is expected for: commands that nobody fetched or answered end.

use cuetower_core::Ms;

use super::asking::settle;
use crate::desk::wire::Topic;
use crate::handle::{Handle, Trouble};
use crate::journal::StoreError;

const LOOK_EVERY_MS: u64 = 5_000;

/// Goes on until it is dropped.
pub(crate) async fn mind(handle: Handle) {
    loop {
        let looked_at = handle.now();
        if let Err(error) = look(&handle, looked_at).await {
            tracing::warn!(%error, "the fleet could not be looked after; it is tried again in 5 s");
        }
        // Also over when somebody sets the clock back.
        let over = |now: Ms| now >= looked_at.plus(LOOK_EVERY_MS) || now < looked_at;
        while !over(handle.now()) {
            handle.clock.sleep_until(Some(looked_at.plus(LOOK_EVERY_MS))).await;
        }
    }
}

async fn look(handle: &Handle, now: Ms) -> Result<(), Trouble> {
    let unread = |error: StoreError| Trouble::Store(error.to_string());
    let open = handle.reader().agent_commands_open().await.map_err(unread)?;
    if !open.into_iter().any(|mut command| command.overdue(now)) {
        return Ok(());
    }
    let settled = handle.record(|recorder| {
        settle(recorder)?;
        recorder.touch(Topic::Agents);
        Ok(Ok::<(), std::convert::Infallible>(()))
    });
    settled.await.map(drop)
}
