//! Who may send now: at most so many requests in flight to one receiver, and to all of them together. The rest wait in
//! line, each behind its own receiver, so that one that hangs holds up nobody but itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::length;

/// In flight to one receiver: more than an agent's server usually takes, and a small part of [`ALL_MAX`].
pub const RECEIVER_MAX: usize = 256;
/// In flight to all of them. Each costs a connection, which is a file descriptor.
pub const ALL_MAX: usize = 4096;
/// Left to the store, the doors and the agents' files.
const DESCRIPTORS_SPARED: usize = 256;

/// The lines before all receivers.
#[derive(Debug)]
pub struct Turns {
    all: Arc<Semaphore>,
    all_max: usize,
    receiver_max: usize,
    lines: Mutex<HashMap<String, Line>>,
}

#[derive(Debug)]
struct Line {
    turns: Arc<Semaphore>,
    /// In flight and waiting. A line that nobody stands in is forgotten.
    users: usize,
}

/// Leave to send one request, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    // Given back in this order.
    _one_of_all: OwnedSemaphorePermit,
    _one_of_receiver: OwnedSemaphorePermit,
    _place: Place,
    /// How long it took to get it.
    pub waited: Duration,
}

/// A place in a receiver's line.
#[derive(Debug)]
struct Place {
    turns: Arc<Turns>,
    target: String,
}

impl Turns {
    #[must_use]
    pub fn new(receiver_max: usize, all_max: usize) -> Arc<Turns> {
        let all = Arc::new(Semaphore::new(all_max));
        Arc::new(Turns { all, all_max, receiver_max, lines: Mutex::default() })
    }

    /// As many as this process may have connections.
    #[must_use]
    pub fn of_this_machine() -> Arc<Turns> {
        let all_max = descriptors().saturating_sub(DESCRIPTORS_SPARED).clamp(64, ALL_MAX);
        Turns::new(RECEIVER_MAX.min(all_max / 2), all_max)
    }

    /// Waits in the line of `target`; who came first is first.
    ///
    /// # Errors
    /// After `limit`, with a sentence that says what it waited for.
    pub async fn take(self: &Arc<Turns>, target: &str, limit: Duration) -> Result<Turn, String> {
        let begun = Instant::now();
        let deadline = begun + limit;
        let (line, place) = self.line_up(target);
        let Ok(one_of_receiver) = timeout_at(deadline, line.acquire_owned()).await else {
            return Err(format!(
                "not sent: {target} had {} requests in flight for {}, and this one waited in line",
                self.receiver_max,
                length::in_words(limit)
            ));
        };
        let Ok(one_of_all) = timeout_at(deadline, Arc::clone(&self.all).acquire_owned()).await else {
            return Err(format!(
                "not sent: all {} requests that may be in flight at once were, for {}",
                self.all_max,
                length::in_words(limit)
            ));
        };
        Ok(Turn {
            _one_of_all: one_of_all.expect("the semaphore is never closed"),
            _one_of_receiver: one_of_receiver.expect("the semaphore is never closed"),
            _place: place,
            waited: begun.elapsed(),
        })
    }

    fn line_up(self: &Arc<Turns>, target: &str) -> (Arc<Semaphore>, Place) {
        let mut lines = self.lines();
        let line = lines
            .entry(target.to_owned())
            .or_insert_with(|| Line { turns: Arc::new(Semaphore::new(self.receiver_max)), users: 0 });
        line.users += 1;
        (Arc::clone(&line.turns), Place { turns: Arc::clone(self), target: target.to_owned() })
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<String, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut lines = self.turns.lines();
        if let Some(line) = lines.get_mut(&self.target) {
            line.users -= 1;
            if line.users == 0 {
                lines.remove(&self.target);
            }
        }
    }
}

/// How many files this process may have open; raised as far as it needs, where the system allows it.
#[cfg(unix)]
fn descriptors() -> usize {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let wanted = (ALL_MAX + 2 * DESCRIPTORS_SPARED) as u64;
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return 1024 };
    let raised = wanted.min(hard).max(soft);
    let now = if raised > soft && setrlimit(Resource::RLIMIT_NOFILE, raised, hard).is_ok() { raised } else { soft };
    usize::try_from(now).unwrap_or(usize::MAX)
}

#[cfg(not(unix))]
fn descriptors() -> usize {
    usize::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(50);
    const LATER: Duration = Duration::from_secs(600);

    #[tokio::test(start_paused = true)]
    async fn a_full_line_holds_up_its_own_receiver_only() {
        let turns = Turns::new(2, 100);
        let held = [turns.take("slow:80", SOON).await, turns.take("slow:80", SOON).await];
        assert!(held.iter().all(Result::is_ok));
        let words = turns.take("slow:80", SOON).await.expect_err("the third waits");
        assert_eq!(words, "not sent: slow:80 had 2 requests in flight for 50 ms, and this one waited in line");
        assert!(turns.take("quick:80", Duration::ZERO).await.is_ok(), "the other's line is its own");
        drop(held);
        assert!(turns.take("slow:80", Duration::ZERO).await.is_ok(), "and moves on");
    }

    #[tokio::test(start_paused = true)]
    async fn who_came_first_is_first() {
        let turns = Turns::new(1, 100);
        let first = turns.take("one:80", LATER).await.expect("free");
        let (told, mut order) = tokio::sync::mpsc::unbounded_channel();
        for number in 0..5 {
            let (turns, told) = (Arc::clone(&turns), told.clone());
            tokio::spawn(async move {
                let turn = turns.take("one:80", LATER).await.expect("its turn comes");
                told.send(number).expect("the test listens");
                drop(turn);
            });
            tokio::task::yield_now().await;
        }
        drop(first);
        for number in 0..5 {
            assert_eq!(order.recv().await, Some(number));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn all_together_are_bounded_and_nothing_is_left_behind() {
        let turns = Turns::new(2, 3);
        let mut held = Vec::new();
        for target in ["a:80", "a:80", "b:80"] {
            held.push(turns.take(target, SOON).await.expect("free"));
        }
        let words = turns.take("c:80", SOON).await.expect_err("all are taken");
        assert_eq!(words, "not sent: all 3 requests that may be in flight at once were, for 50 ms");
        assert_eq!(turns.lines().len(), 2, "who gave up stands in no line");
        drop(held);
        assert!(turns.lines().is_empty());
    }
}
