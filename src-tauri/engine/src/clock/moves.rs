//! A value that moves, and a sleeper that misses no move, also not between two of its sleeps.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

pub(super) struct Moves<T> {
    /// Kept here, so that who waits never finds it gone.
    value: watch::Sender<T>,
    /// Knows the last move that a sleeper was woken by.
    heard: Mutex<watch::Receiver<T>>,
}

impl<T: Clone> Moves<T> {
    pub fn from(first: T) -> Moves<T> {
        let (value, heard) = watch::channel(first);
        Moves { value, heard: Mutex::new(heard) }
    }

    pub fn value(&self) -> &watch::Sender<T> {
        &self.value
    }

    pub fn get(&self) -> T {
        self.value.borrow().clone()
    }

    /// Registered now, not when first polled. Returns after the first move that no sleeper was woken by.
    pub fn moved(&self) -> impl Future<Output = ()> + Send + use<'_, T>
    where
        T: Send + Sync,
    {
        let mut mine = self.heard().clone();
        async move {
            mine.changed().await.expect("the sender is in `self`");
            self.heard().mark_unchanged();
        }
    }

    fn heard(&self) -> std::sync::MutexGuard<'_, watch::Receiver<T>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
