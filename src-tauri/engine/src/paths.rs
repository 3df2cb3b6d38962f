//! Watched paths: which there are. The pilot keeps the list, whoever looks at the files reads it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use cuetower_core::id::CueId;

/// Patterns by cue. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Watched(Arc<Mutex<BTreeMap<CueId, Vec<String>>>>);

impl Watched {
    /// None left: the cue is taken off the list.
    pub fn keep(&self, cue: &CueId, patterns: &[String]) {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if patterns.is_empty() {
            list.remove(cue);
        } else if list.get(cue).is_none_or(|known| known != patterns) {
            list.insert(cue.clone(), patterns.to_vec());
        }
    }

    pub fn list(&self) -> BTreeMap<CueId, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
