//! The one thread that talks to the place of the values, with a bounded queue before it.

use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Keep, VaultError};

/// Requests that may wait while the keyring waits for its owner.
const QUEUE_LIMIT: usize = 64;

type Job = Box<dyn FnOnce(&mut dyn Keep) + Send>;

/// Ends by itself once the vault is dropped and the last request is done.
pub struct Thread(SyncSender<Job>);

impl Thread {
    pub fn start(mut keep: Box<dyn Keep>) -> Thread {
        let (jobs, queue) = sync_channel::<Job>(QUEUE_LIMIT);
        let work = move || queue.into_iter().for_each(|job| job(keep.as_mut()));
        // Without the thread every request finds the queue closed, and says so.
        if let Err(error) = std::thread::Builder::new().name("vault".into()).spawn(work) {
            tracing::error!(%error, "the vault's thread could not be started");
        }
        Thread(jobs)
    }

    /// Has `job` done and waits for it, at most for `limit`. A request whose caller has gone is not begun any more.
    pub async fn ask<T: Send + 'static>(
        &self,
        limit: Duration,
        job: impl FnOnce(&mut dyn Keep) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        let (tell, told) = oneshot::channel();
        let job = Box::new(move |keep: &mut dyn Keep| {
            if !tell.is_closed() {
                let _ = tell.send(job(keep));
            }
        });
        self.0.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => VaultError::Busy,
            TrySendError::Disconnected(_) => VaultError::Ended,
        })?;
        match tokio::time::timeout(limit, told).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(VaultError::Ended),
            Err(_) => Err(VaultError::Silent(limit)),
        }
    }
}
