//! Looks at the watched files, and tells each cue when they are not as it knows them.
//!
//! A file counts once it looked the same in two looks running: one that is being written must not fire too early. What a
//! cue was told is in its lane, so what changed while the tower was off is news at the next start.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cuetower_core::id::CueId;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::files::Look;
use super::{Files, Watch, Watched};
use crate::handle::{Handle, Trouble};

const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A folder that takes longer (a network that does not answer) is left alone until it does, so that the others have their turn.
const LOOK_LIMIT: Duration = Duration::from_secs(5);

/// What is remembered of one cue between two looks.
#[derive(Default)]
struct Eye {
    patterns: Vec<String>,
    before: Option<Look>,
    /// A look that has not come back.
    stuck: Option<JoinHandle<Look>>,
    warned: Option<String>,
}

/// Until it is aborted, or the tower stops. Asleep while nobody watches.
pub(crate) async fn look_after(watched: Watched, handle: Handle) {
    let mut eyes: BTreeMap<CueId, Eye> = BTreeMap::new();
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let is_idle = watched.list().is_empty();
        // A new watch is looked at at once, the others at their time: two looks must lie apart.
        let all = tokio::select! {
            _ = ticks.tick(), if !is_idle => true,
            () = watched.news() => false,
        };
        let list = watched.list();
        eyes.retain(|id, _| list.contains_key(id));
        for (id, watch) in list.iter().filter(|(_, watch)| all || watch.known.is_none()) {
            let eye = eyes.entry(id.clone()).or_default();
            let Some(seen) = eye.look(id, watch).await else { continue };
            match handle.files(id, &watch.patterns, seen).await {
                Ok(()) => {}
                Err(Trouble::Stopping) => return,
                // The next look finds the same news.
                Err(trouble) => tracing::debug!(cue = %id, %trouble, "a cue was not told of its files"),
            }
        }
    }
}

impl Eye {
    /// What the cue has to be told, if that is news.
    async fn look(&mut self, id: &CueId, watch: &Watch) -> Option<Files> {
        if self.patterns != watch.patterns {
            *self = Eye { patterns: watch.patterns.clone(), ..Eye::default() };
        }
        let now = self.open(id).await?;
        if now.warning != self.warned {
            self.warned.clone_from(&now.warning);
            if let Some(warning) = &now.warning {
                tracing::warn!(cue = %id, "watched paths: {warning}");
            }
        }
        let before = self.before.replace(now);
        let now = self.before.as_ref()?;
        match &watch.known {
            None => Some(now.files.clone()),
            Some(known) => Some(as_settled(known, before.as_ref()?, now)).filter(|files| files != known),
        }
    }

    /// None: it takes too long, or the one before still does.
    async fn open(&mut self, id: &CueId) -> Option<Look> {
        if self.stuck.as_ref().is_some_and(|stuck| !stuck.is_finished()) {
            return None;
        }
        let patterns = self.patterns.clone();
        let mut looking = spawn_blocking(move || Look::at(&patterns));
        match timeout(LOOK_LIMIT, &mut looking).await {
            Ok(look) => look.ok(),
            Err(_) => {
                tracing::warn!(cue = %id, "watched paths: their folder does not answer; it is looked at again when it does");
                self.stuck = Some(looking);
                None
            }
        }
    }
}

/// The files as the cue is to know them: what the two looks agree on, the rest as before.
pub(super) fn as_settled(known: &Files, before: &Look, now: &Look) -> Files {
    let paths: BTreeSet<&String> = known.keys().chain(now.files.keys()).collect();
    let file = |path: &String| {
        let agree = before.files.get(path) == now.files.get(path) && before.tells_of(path) && now.tells_of(path);
        let file = if agree { now.files.get(path) } else { known.get(path) };
        Some((path.clone(), *file?))
    };
    paths.into_iter().filter_map(file).collect()
}
