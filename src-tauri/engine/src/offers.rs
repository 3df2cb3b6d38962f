//! Runs that wait for a worker. Which there are, the pilot keeps here; whoever fetches work looks here, or waits for news.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use cuetower_core::Ms;
use cuetower_core::id::{CueId, RunId};
use cuetower_core::lane::Lane;
use cuetower_core::run::{Phase, Run};
use tokio::sync::watch;

/// A run that may be claimed.
pub(crate) type Offer = Arc<Run>;

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Offers(Arc<Shared>);

struct Shared {
    list: Mutex<List>,
    /// Counts what is newly offered.
    news: watch::Sender<u64>,
}

#[derive(Default)]
struct List {
    /// Higher priority first, then by due instant.
    offers: BTreeMap<(i32, Ms, RunId), Offer>,
    of_lane: HashMap<CueId, BTreeSet<(i32, Ms, RunId)>>,
}

impl Default for Offers {
    fn default() -> Offers {
        Offers(Arc::new(Shared { list: Mutex::default(), news: watch::Sender::new(0) }))
    }
}

impl Offers {
    /// Takes a lane as it now is.
    pub fn keep(&self, lane: &Lane) {
        let offered = lane.runs.values().filter(|run| matches!(run.phase, Phase::Offered { .. }));
        let offered = offered.filter(|run| !run.definition.transport.is_watch());
        let now: BTreeMap<_, _> =
            offered.map(|run| ((-run.definition.priority, run.due, run.id.clone()), Arc::clone(run))).collect();
        let mut list = self.list();
        let before = list.of_lane.remove(&lane.cue.id).unwrap_or_default();
        if before.is_empty() && now.is_empty() {
            return;
        }
        for gone in &before {
            list.offers.remove(gone);
        }
        let news = now.keys().any(|key| !before.contains(key));
        if !now.is_empty() {
            list.of_lane.insert(lane.cue.id.clone(), now.keys().cloned().collect());
        }
        list.offers.extend(now);
        drop(list);
        if news {
            self.0.news.send_modify(|count| *count += 1);
        }
    }

    pub fn forget(&self, id: &CueId) {
        let mut list = self.list();
        for gone in list.of_lane.remove(id).unwrap_or_default() {
            list.offers.remove(&gone);
        }
    }

    /// The first of those that fit, at most so many.
    pub fn list_of(&self, fits: impl Fn(&Run) -> bool, most: usize) -> Vec<Offer> {
        self.list().offers.values().filter(|run| fits(run)).take(most).cloned().collect()
    }

    pub fn count(&self) -> usize {
        self.list().offers.len()
    }

    /// Changes whenever something is newly offered. Taken before the look, so that nothing is missed between the two.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.0.news.subscribe()
    }

    fn list(&self) -> std::sync::MutexGuard<'_, List> {
        self.0.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
