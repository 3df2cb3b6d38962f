//! When each key last opened the door. Known at once, written down once a minute: no request waits for it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cuetower_core::Ms;
use tokio::sync::Notify;

use super::record;
use crate::desk::wire::Topic;
use crate::handle::Handle;

/// From the first sign of life to its being on disk.
const WRITTEN_EACH: Duration = Duration::from_secs(60);
/// Keys remembered at most between two writings; more are written with the next ones.
const SEEN_MAX: usize = 10_000;

#[derive(Default)]
pub(super) struct Seen {
    /// Not on disk yet, by hash.
    fresh: Mutex<HashMap<String, Ms>>,
    some: Notify,
}

impl Seen {
    pub fn now(&self, hash: &str, now: Ms) {
        let mut fresh = self.fresh();
        let has_room = fresh.len() < SEEN_MAX;
        match fresh.get_mut(hash) {
            Some(at) => *at = now,
            None if has_room => {
                fresh.insert(hash.to_owned(), now);
                self.some.notify_one();
            }
            None => {}
        }
    }

    pub fn last(&self, hash: &str) -> Option<Ms> {
        self.fresh().get(hash).copied()
    }

    fn fresh(&self) -> MutexGuard<'_, HashMap<String, Ms>> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes them down, for as long as the tower is up.
pub(crate) async fn keep(handle: Handle) {
    loop {
        handle.accounts.0.seen.some.notified().await;
        tokio::time::sleep(WRITTEN_EACH).await;
        let seen: Vec<(String, Ms)> = handle.accounts.0.seen.fresh().clone().into_iter().collect();
        if seen.is_empty() {
            continue;
        }
        let written = seen.clone();
        let kept = record(&handle, move |recorder| {
            recorder.keys_seen(&written)?;
            recorder.touch(Topic::Accounts);
            Ok(Ok(()))
        });
        if let Err(error) = kept.await {
            tracing::warn!(%error, "when keys were last seen could not be written down");
            handle.accounts.0.seen.some.notify_one();
            continue;
        }
        // Those that were seen again meanwhile wait for the next time.
        let mut fresh = handle.accounts.0.seen.fresh();
        for (hash, at) in &seen {
            if fresh.get(hash) == Some(at) {
                fresh.remove(hash);
            }
        }
        if !fresh.is_empty() {
            handle.accounts.0.seen.some.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sign_of_life_counts_and_strangers_are_bounded() {
        let seen = Seen::default();
        seen.now("ada", Ms(1));
        seen.now("ada", Ms(5));
        assert_eq!((seen.last("ada"), seen.last("bob")), (Some(Ms(5)), None));
        for number in 0..2 * SEEN_MAX {
            seen.now(&number.to_string(), Ms(7));
        }
        assert_eq!(seen.fresh().len(), SEEN_MAX);
        seen.now("ada", Ms(9));
        assert_eq!(seen.last("ada"), Some(Ms(9)), "who is known already is not turned away");
    }
}
