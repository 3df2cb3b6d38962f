//! The end of a batch: its rows as they stand, who is answered, what follows once it is on disk, and what the faces are shown.

use std::sync::Arc;

use cuetower_core::alert::Alert;
use cuetower_core::cue::CueStatus;
use cuetower_core::effect::Effect;
use cuetower_core::lane::Lane;
use cuetower_core::run::Run;

use super::Batch;
use crate::desk::wire::DeskEvent;
use crate::handle::{Reply, Trouble};
use crate::journal::{ALERTS_LANE, SnapshotRow};
use crate::pilot::{Pilot, STAMP_EVERY_MS};
use crate::view;

/// Facts after which a lane's live state is written again, so that replaying stays short.
const SNAPSHOT_EVERY: u64 = 64;
/// Runs whose steps changed, named in one live event.
const RUNS_STEPPED_MAX: usize = 1_000;

impl Batch {
    pub fn stopping(&mut self, pilot: &Pilot) {
        self.tower_fact(pilot, "tower_stopped", &serde_json::json!({}));
        self.commit.orderly = Some(true);
        for (id, lane) in &pilot.lanes {
            if !self.lanes.contains_key(id) && pilot.snapshots.get(id).is_none_or(|seq| *seq < lane.seq) {
                self.commit.snapshots.push(snapshot(lane));
            }
        }
    }

    /// Fills in the rows as they stand at the end of the batch.
    pub fn finish(&mut self, pilot: &Pilot) {
        self.commit.alive_at = (!self.is_of_steps_only(pilot)).then_some(self.now);
        for id in &self.cues_touched {
            self.commit.cues.extend(self.lanes.get(id).map(|lane| lane.cue.clone()));
        }
        for id in self.cues_run.difference(&self.cues_touched) {
            let counted = self.lanes.get(id).map(|lane| (id.clone(), lane.cue.run_count, lane.cue.last_run_at));
            self.commit.runs_counted.extend(counted);
        }
        for (cue_id, run_id) in &self.runs_touched {
            if let Some(run) = self.lanes.get(cue_id).and_then(|lane| lane.runs.get(run_id)) {
                self.commit.runs.push(Arc::clone(run));
            }
        }
        self.commit.alerts = self.alerts_touched.values().cloned().collect();
        for (id, lane) in &self.lanes {
            let last = pilot.snapshots.get(id).copied().unwrap_or(0);
            let every = SNAPSHOT_EVERY.max(4 * lane.runs.len() as u64);
            let stopping = self.commit.orderly == Some(true);
            if lane.seq >= last + every || stopping || lane.cue.status == CueStatus::Deleted {
                self.commit.snapshots.push(snapshot(lane));
                self.snapshots_taken.push((id.clone(), lane.seq));
            }
        }
        let every = SNAPSHOT_EVERY.max(4 * pilot.book.len() as u64);
        let (book, events) = (&pilot.book, self.alerts_undo.len() as u64);
        let is_due = book.seq / every != (book.seq - events) / every || self.commit.orderly == Some(true);
        if events > 0 && is_due {
            let state = Some(serde_json::to_string(book).expect("alerts are text and numbers"));
            self.commit.snapshots.push(SnapshotRow { lane: ALERTS_LANE.to_owned(), lane_seq: book.seq, state });
        }
        self.commit.snapshots.extend(self.pools_snapshot(pilot));
    }

    /// A tick that decided nothing needs no disk, unless the stamp of life is due.
    pub fn is_worth_a_commit(&self, pilot: &Pilot) -> bool {
        let stamp = self.now.since(pilot.tower.stamped_at) >= STAMP_EVERY_MS || self.now < pilot.tower.stamped_at;
        stamp
            || !self.commit.entries.is_empty()
            || !self.commit.bands.is_empty()
            || !self.commit.outputs.is_empty()
            || !self.commit.workers_seen.is_empty()
            || !self.commit.workers_dropped.is_empty()
            || !self.commit.recordings.is_empty()
            || !self.commit.watches.is_empty()
            || self.status_changed
    }

    pub fn answer<T: Send + 'static>(&mut self, reply: Reply<T>, answer: Result<T, Trouble>) {
        self.answers.push(Box::new(move |failure| {
            let answer = match failure {
                None => answer,
                Some(error) => Err(Trouble::Store(error.to_owned())),
            };
            // A caller that has gone away gets no answer; what it asked for stands.
            drop(reply.send(answer));
        }));
    }

    pub fn answer_all(&mut self, failure: Option<&str>) {
        for answer in self.answers.drain(..) {
            answer(failure);
        }
        for recording in self.commit.recordings.drain(..) {
            recording.answer(failure);
        }
    }

    /// Deliveries that an earlier commit allowed already; none if there are more than `most`.
    pub fn take_licensed_effects(&mut self, most: usize) -> Vec<(Effect, Arc<Run>)> {
        if self.effects.len() > most {
            return Vec::new();
        }
        self.effects.extract_if(.., |(effect, _)| matches!(effect, Effect::Deliver { licensed: true, .. })).collect()
    }

    pub fn take_effects(&mut self) -> Vec<(Effect, Arc<Run>)> {
        std::mem::take(&mut self.effects)
    }

    pub fn take_notes(&mut self) -> Vec<Alert> {
        std::mem::take(&mut self.notes)
    }

    /// What the owner's faces are shown of this batch.
    pub fn desk_event(&self, pilot: &Pilot, seq: u64) -> Option<DeskEvent> {
        let changed = self.cues_touched.union(&self.cues_run).filter_map(|id| pilot.lanes.get(id));
        let shown = |lane: &Lane| view::planned_cue(&lane.cue, lane.plan(), self.now, |id| pilot.name_of(id));
        let mut rows = self.rows.clone();
        rows.extend(
            self.commit
                .runs
                .iter()
                .map(|run| (run.occurrence_id.clone(), view::row_of_run_costing(run, pilot.known_cost(&run.id)))),
        );
        let gone = self.commit.cues.iter().filter(|cue| cue.status == CueStatus::Deleted);
        let event = DeskEvent {
            seq,
            at_ms: self.now.0,
            cues: changed.map(shown).collect(),
            cues_removed: gone.map(|cue| cue.id.0.clone()).collect(),
            marks: rows.values().map(view::mark).collect(),
            alerts: self
                .alerts_touched
                .values()
                .map(|alert| view::alert(alert, pilot.told_natively(alert, self.now).into_iter().collect()))
                .collect(),
            bands: self.commit.bands.iter().map(view::band).collect(),
            status_changed: self.status_changed,
            pools_changed: self.pools_changed,
            topics: self.commit.topics.iter().copied().collect(),
            runs_stepped: self.runs_stepped.iter().take(RUNS_STEPPED_MAX).cloned().collect(),
        };
        let silent = event.cues.is_empty()
            && event.cues_removed.is_empty()
            && event.marks.is_empty()
            && event.alerts.is_empty()
            && event.bands.is_empty()
            && !event.status_changed
            && !event.pools_changed
            && event.topics.is_empty()
            && event.runs_stepped.is_empty();
        (!silent).then_some(event)
    }
}

fn snapshot(lane: &Lane) -> SnapshotRow {
    let live = lane.cue.status != CueStatus::Deleted;
    let mut kept = lane.clone();
    kept.forget_ended();
    let state = live.then(|| serde_json::to_string(&kept).expect("a lane is text and numbers"));
    SnapshotRow { lane: lane.cue.id.0.clone(), lane_seq: lane.seq, state }
}
