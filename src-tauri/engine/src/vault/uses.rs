//! Who used which secret, until it is written down. Holds names only.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cuetower_core::run::Run;
use tokio::sync::Notify;

/// Uses that wait to be written down; the oldest are dropped.
const WAITING_MAX: usize = 10_000;

/// How a value went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Env,
    Header,
    Lease,
    Check,
}

impl How {
    pub fn word(self) -> &'static str {
        match self {
            How::Env => "env",
            How::Header => "header",
            How::Lease => "lease",
            How::Check => "check",
        }
    }
}

/// One use of one secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Used {
    pub name: String,
    /// Empty: by no run.
    pub run_id: String,
    pub cue_id: String,
    pub how: How,
    /// For which of its tools an agent leased it; empty: it did not say.
    pub tool: String,
}

impl Used {
    pub fn by_run(name: &str, run: &Run, how: How) -> Used {
        let (run_id, cue_id) = (run.id.0.clone(), run.cue_id.0.clone());
        Used { name: name.to_owned(), run_id, cue_id, how, tool: String::new() }
    }

    pub fn by_check(name: &str) -> Used {
        let none = String::new;
        Used { name: name.to_owned(), run_id: none(), cue_id: none(), how: How::Check, tool: none() }
    }
}

#[derive(Default)]
pub(super) struct Uses {
    waiting: Mutex<VecDeque<Used>>,
    some: Notify,
    writing: tokio::sync::Mutex<()>,
}

impl Uses {
    pub fn note(&self, used: Used) {
        let mut waiting = self.waiting();
        if waiting.len() >= WAITING_MAX {
            waiting.pop_front();
        }
        waiting.push_back(used);
        self.some.notify_one();
    }

    /// Once there is something.
    pub async fn some(&self) {
        self.some.notified().await;
    }

    pub fn take(&self) -> Vec<Used> {
        self.waiting().drain(..).collect()
    }

    /// They could not be written down, and wait again, before those that came since.
    pub fn put_back(&self, used: Vec<Used>) {
        let mut waiting = self.waiting();
        let room = WAITING_MAX.saturating_sub(waiting.len());
        used.into_iter().rev().take(room).for_each(|used| waiting.push_front(used));
        self.some.notify_one();
    }

    /// One writer at a time: whoever waits for it knows what was taken to be on disk, or to wait again.
    pub async fn writing(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.writing.lock().await
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Used>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
