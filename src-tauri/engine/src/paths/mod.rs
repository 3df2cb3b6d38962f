//! Watched paths. Which there are, the pilot keeps here; `looker` looks at the files every two seconds and tells their cues.

mod files;
mod looker;
#[cfg(all(test, unix))]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use cuetower_core::event::FileSeen;
use cuetower_core::id::CueId;
use cuetower_core::lane::Lane;
use tokio::sync::Notify;

pub(crate) use files::name_pattern;
pub(crate) use looker::look_after;

/// Files by their whole path.
type Files = BTreeMap<String, FileSeen>;

/// What one cue watches.
#[derive(Debug, PartialEq)]
pub(crate) struct Watch {
    /// As the owner wrote them.
    pub patterns: Vec<String>,
    /// The files as the cue knows them. None: it was not told of any under these patterns.
    known: Option<Files>,
}

/// Watches by cue. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Watched(Arc<Shared>);

#[derive(Default)]
struct Shared {
    list: Mutex<BTreeMap<CueId, Arc<Watch>>>,
    /// A cue waits for its first look.
    news: Notify,
}

impl Watched {
    /// Takes a lane as it now is. Without paths it is taken off the list.
    pub fn keep(&self, lane: &Lane) {
        let (id, patterns) = (&lane.cue.id, &lane.cue.definition.schedule.paths);
        let mut list = self.0.list.lock().unwrap_or_else(PoisonError::into_inner);
        if patterns.is_empty() {
            list.remove(id);
        } else if list.get(id).is_none_or(|watch| watch.patterns != *patterns || watch.known != lane.files) {
            list.insert(id.clone(), Arc::new(Watch { patterns: patterns.clone(), known: lane.files.clone() }));
            if lane.files.is_none() {
                self.0.news.notify_one();
            }
        }
    }

    pub fn forget(&self, id: &CueId) {
        self.0.list.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    fn list(&self) -> BTreeMap<CueId, Arc<Watch>> {
        self.0.list.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns once a cue waits for its first look.
    async fn news(&self) {
        self.0.news.notified().await;
    }
}
