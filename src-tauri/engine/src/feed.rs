//! Live changes for the owner's faces, from a sequence number on. Published only after they are on disk.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cuetower_core::Ms;
use tokio::sync::{broadcast, watch};

use crate::desk::wire::DeskEvent;

/// Changes kept for a face that was away for a moment.
const KEPT: usize = 1_024;

#[derive(Clone)]
pub struct Feed {
    shared: Arc<Shared>,
}

struct Shared {
    ring: Mutex<Ring>,
    live: broadcast::Sender<Arc<DeskEvent>>,
    /// Journal sequence of the last commit.
    committed: watch::Sender<u64>,
    /// Counts absences of the tower, for whoever is no face and need not be told everything.
    absences: watch::Sender<u64>,
}

struct Ring {
    events: VecDeque<Arc<DeskEvent>>,
    /// Everything up to here may be missing from the ring.
    gone: u64,
}

/// What a subscriber is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    Event(Arc<DeskEvent>),
    /// Some were missed: fetch everything again.
    Gap,
}

pub struct Subscription {
    backlog: VecDeque<Change>,
    live: broadcast::Receiver<Arc<DeskEvent>>,
}

impl Feed {
    /// `seq`: the journal as it stood when the tower started.
    #[must_use]
    pub fn starting_at(seq: u64) -> Feed {
        let ring = Mutex::new(Ring { events: VecDeque::new(), gone: seq });
        let (live, absences) = (broadcast::Sender::new(KEPT), watch::Sender::new(0));
        let committed = watch::Sender::new(seq);
        Feed { shared: Arc::new(Shared { ring, live, absences, committed }) }
    }

    /// How many follow the live changes now.
    pub(crate) fn heard_by(&self) -> usize {
        self.shared.live.receiver_count()
    }

    /// `tower_status` would answer differently, though nothing of it is in the journal: the store itself is in trouble, or out of it.
    pub(crate) fn publish_status_changed(&self, at: Ms) {
        let mut ring = self.ring();
        let seq = ring.events.back().map_or(ring.gone, |event| event.seq);
        let nothing = DeskEvent {
            seq,
            at_ms: at.0,
            cues: vec![],
            cues_removed: vec![],
            marks: vec![],
            alerts: vec![],
            bands: vec![],
            status_changed: true,
            pools_changed: false,
            topics: Vec::new(),
            runs_stepped: Vec::new(),
        };
        self.push(&mut ring, nothing);
    }

    /// The change up to `seq`, put into words only if a face is there to be told: whoever comes later fetches everything.
    pub(crate) fn publish_if_heard(&self, seq: u64, event: impl FnOnce() -> Option<DeskEvent>) {
        self.shared.committed.send_if_modified(|known| std::mem::replace(known, seq) != seq);
        let mut ring = self.ring();
        if self.shared.live.receiver_count() == 0 {
            ring.events.clear();
            ring.gone = seq;
        } else if let Some(event) = event() {
            self.push(&mut ring, event);
        }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.shared.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, ring: &mut Ring, event: DeskEvent) {
        let event = Arc::new(event);
        ring.events.push_back(Arc::clone(&event));
        if ring.events.len() > KEPT
            && let Some(oldest) = ring.events.pop_front()
        {
            ring.gone = oldest.seq;
        }
        // Sent under the lock, so that a subscriber sees each change in its backlog or live, never in both or neither.
        drop(self.shared.live.send(event));
    }

    /// The tower was away; what that means is on disk.
    pub(crate) fn tell_absence(&self) {
        self.shared.absences.send_modify(|count| *count += 1);
    }

    /// Changes with each absence.
    pub(crate) fn absences(&self) -> watch::Receiver<u64> {
        self.shared.absences.subscribe()
    }

    /// Changes with each commit that has facts in it, for whoever is no face.
    pub(crate) fn committed(&self) -> watch::Receiver<u64> {
        self.shared.committed.subscribe()
    }

    /// Changes after `from`, then live ones.
    #[must_use]
    pub fn subscribe(&self, from: u64) -> Subscription {
        let ring = self.ring();
        let backlog = if from < ring.gone {
            VecDeque::from([Change::Gap])
        } else {
            ring.events.iter().filter(|event| event.seq > from).cloned().map(Change::Event).collect()
        };
        Subscription { backlog, live: self.shared.live.subscribe() }
    }
}

impl Subscription {
    /// None when the tower stops.
    pub async fn next(&mut self) -> Option<Change> {
        if let Some(change) = self.backlog.pop_front() {
            return Some(change);
        }
        match self.live.recv().await {
            Ok(event) => Some(Change::Event(event)),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Change::Gap),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(seq: u64) -> DeskEvent {
        DeskEvent {
            seq,
            at_ms: 0,
            cues: vec![],
            cues_removed: vec![],
            marks: vec![],
            alerts: vec![],
            bands: vec![],
            status_changed: false,
            pools_changed: false,
            topics: Vec::new(),
            runs_stepped: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_face_that_was_away_gets_what_it_missed_or_is_told_of_the_gap() {
        let feed = Feed::starting_at(10);
        let publish = |seq| feed.publish_if_heard(seq, || Some(event(seq)));
        let _another_face = feed.subscribe(10);
        publish(11);
        publish(12);
        let mut late = feed.subscribe(11);
        assert_eq!(late.next().await, Some(Change::Event(Arc::new(event(12)))));
        assert_eq!(feed.subscribe(3).next().await, Some(Change::Gap));
        for seq in 13..13 + KEPT as u64 {
            publish(seq);
        }
        assert_eq!(feed.subscribe(11).next().await, Some(Change::Gap));
    }

    #[tokio::test]
    async fn for_nobody_nothing_is_put_into_words_and_whoever_comes_fetches_everything() {
        let feed = Feed::starting_at(10);
        feed.publish_if_heard(11, || panic!("nobody is there to read it"));
        assert_eq!(feed.subscribe(10).next().await, Some(Change::Gap));
        let mut there = feed.subscribe(11);
        feed.publish_if_heard(12, || Some(event(12)));
        assert_eq!(there.next().await, Some(Change::Event(Arc::new(event(12)))));
    }
}
