//! After an update: brings what was in the store before there was anything to look in into what is looked in, a little at a
//! time, while everything else goes on.

use std::time::Duration;

use crate::handle::{Handle, Trouble};

/// Of one commit: few enough that nobody waits for it.
const AT_ONCE: u32 = 16;
/// Between two, so that it takes a small share of the machine.
const PAUSE: Duration = Duration::from_millis(15);
/// After the store failed.
const AGAIN: Duration = Duration::from_secs(60);

/// Until there is nothing left of it, or the tower stops.
pub(crate) async fn fill(handle: Handle) {
    loop {
        match handle.record(|recorder| Ok(Ok::<bool, ()>(recorder.write_in(AT_ONCE)?))).await {
            Ok(Ok(true)) => tokio::time::sleep(PAUSE).await,
            Ok(Ok(false) | Err(())) | Err(Trouble::Stopping) => return,
            Err(error) => {
                tracing::warn!(%error, "what was there before is not all found by its words yet; trying again");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}
