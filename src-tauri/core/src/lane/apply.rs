//! How an event changes a lane. Total: an event about a run that is not here (its history is in the store) changes nothing.

use std::sync::Arc;

use crate::Ms;
use crate::attempt::Attempt;
use crate::cue::CueStatus;
use crate::event::Event;
use crate::fuse::Spent;
use crate::gate::Gates;
use crate::id::{OccurrenceId, RunId};
use crate::lane::{FIRE_KEY_MS, KeptFireKey, Lane};
use crate::occurrence::{Armed, End, Trigger};
use crate::run::{Phase, Run};

impl Lane {
    pub fn apply(&mut self, at: Ms, event: &Event) {
        self.seq += 1;
        match event {
            Event::CueDefined { revision, definition, .. } => {
                if self.cue.definition.schedule.paths != definition.schedule.paths {
                    self.files = None;
                }
                self.cue.definition = Arc::clone(definition);
                self.cue.revision = *revision;
                self.cue.updated_at = at;
                self.cursor = at.max(self.decided);
                self.generation += 1;
                self.rebuild_plan();
            }
            Event::CueStatusChanged { status, until, since } => {
                self.cue.paused_until = *until;
                self.status_changed(at, *status, since.unwrap_or(at));
            }
            Event::BudgetSpent { until, words, of } => {
                self.spent = Some(Spent { at, until: *until, of: *of, words: words.clone() });
            }
            Event::BudgetRaised {} => self.spent = None,
            Event::TriggerUrlChanged { number } => self.cue.trigger_url = *number,
            Event::PathsSeen { baseline, seen, gone } => {
                let files = self.files.get_or_insert_default();
                if *baseline {
                    files.clear();
                }
                files.retain(|path, _| !gone.contains(path));
                files.extend(seen.iter().cloned());
            }
            Event::OccurrenceArmed { armed, fire_key } => {
                if let Some(key) = fire_key {
                    self.fire_keys.retain(|_, kept| at.since(kept.at) < FIRE_KEY_MS);
                    let kept = KeptFireKey {
                        request: key.request.clone(),
                        at,
                        run_id: armed.run_id.clone(),
                        occurrence_id: armed.id.clone(),
                        due: armed.due,
                    };
                    self.fire_keys.insert(key.key.clone(), kept);
                }
                self.arm(armed.clone());
            }
            Event::OccurrenceHeld { id, asks, .. } => {
                if let Some(armed) = self.disarm(id) {
                    if id.is_scheduled() {
                        // It came due, whatever the clock says later.
                        self.decided = self.decided.max(armed.due);
                    }
                    if *asks {
                        self.asked.push_back(armed);
                    } else {
                        self.held.push_back(armed);
                    }
                }
            }
            Event::OccurrenceEnded { id, due, end } => {
                self.disarm(id);
                self.held.retain(|held| held.id != *id);
                self.asked.retain(|asked| asked.id != *id);
                if matches!(end, End::Missed { .. }) {
                    self.missed_in_a_row = self.missed_in_a_row.saturating_add(1);
                }
                // Taken back while undue, the instant is asked for again by whatever the schedule says next.
                if id.is_scheduled() && (!end.is_withdrawn() || *due <= at) {
                    self.cursor = self.cursor.max(*due);
                    self.decided = self.decided.max(*due);
                }
            }
            Event::SpanEnded { to, count, end, .. } => {
                if matches!(end, End::Missed { .. }) {
                    let count = u32::try_from(*count).unwrap_or(u32::MAX);
                    self.missed_in_a_row = self.missed_in_a_row.saturating_add(count);
                }
                self.cursor = self.cursor.max(*to);
                self.decided = self.decided.max(*to);
            }
            Event::RunBegan { run_id, occurrence_id } => self.run_began(at, run_id, occurrence_id),
            Event::AttemptBegan { .. }
            | Event::AttemptHeld { .. }
            | Event::AttemptReleased { .. }
            | Event::AttemptOffered { .. }
            | Event::AttemptClaimed { .. }
            | Event::LeaseExtended { .. }
            | Event::AttemptPinged { .. }
            | Event::AttemptRestarting { .. }
            | Event::RestartAsked { .. }
            | Event::AttemptSteady { .. }
            | Event::FuseMoved { .. }
            | Event::WaitMoved { .. }
            | Event::ChecksBegan { .. }
            | Event::ChecksEnded { .. }
            | Event::RunNoted { .. }
            | Event::AttemptDelivered { .. }
            | Event::AttemptNoted { .. }
            | Event::AttemptExited { .. }
            | Event::AttemptFailed { .. }
            | Event::DeadlineMoved { .. }
            | Event::RetryMoved { .. }
            | Event::OutcomeReported { .. }
            | Event::RunEnded { .. }
            | Event::VerificationAsked { .. }
            | Event::RunVerified { .. }
            | Event::EvidenceAdded { .. }
            | Event::LiveClaimed { .. }
            | Event::StepBroke { .. }
            | Event::StepMended { .. }
            | Event::Gate { .. }
            | Event::ReportRefused { .. } => {
                self.count(event);
                if let Event::ChecksBegan { recalled: Some(run), .. } = event {
                    self.recall(Run::clone(run));
                }
                if let Some(run) = event.run_id().and_then(|id| self.runs.get_mut(id)) {
                    Arc::make_mut(run).apply(at, event);
                }
            }
        }
    }

    /// Failures one after the other. Whoever waits for somebody to look at it counts once that was done.
    fn count(&mut self, event: &Event) {
        match event {
            Event::RunEnded { verdict, late, held, .. } => {
                if verdict.is_good() {
                    self.failed_in_a_row *= u32::from(*held);
                } else if verdict.is_failure() && !late {
                    // A late failure was counted when its run fell silent.
                    self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
                }
            }
            Event::RunVerified { valid: true, .. } => self.failed_in_a_row = 0,
            Event::RunVerified { valid: false, follows: true, .. } => {
                self.failed_in_a_row = self.failed_in_a_row.saturating_add(1);
            }
            _ => {}
        }
    }

    fn status_changed(&mut self, at: Ms, status: CueStatus, since: Ms) {
        // Instants that pass while paused are not asked for by the schedule: the ledger goes on from the resumption.
        if status == CueStatus::Active {
            self.cursor = since.max(self.decided);
        }
        self.generation += 1;
        self.cue.status = status;
        self.cue.updated_at = at;
    }

    fn arm(&mut self, armed: Armed) {
        if armed.trigger == Trigger::Scheduled {
            self.cursor = self.cursor.max(armed.due);
        }
        let place = self.armed.partition_point(|other| other.due <= armed.due);
        self.armed.insert(place, armed);
    }

    fn disarm(&mut self, id: &OccurrenceId) -> Option<Armed> {
        let place = self.armed.iter().position(|armed| armed.id == *id)?;
        Some(self.armed.remove(place))
    }

    fn run_began(&mut self, at: Ms, run_id: &RunId, occurrence_id: &OccurrenceId) {
        let armed = self.disarm(occurrence_id).or_else(|| {
            let waiting = [&mut self.held, &mut self.asked];
            waiting.into_iter().find_map(|list| {
                let place = list.iter().position(|waiting| waiting.id == *occurrence_id)?;
                list.remove(place)
            })
        });
        let Some(armed) = armed else { return };
        self.missed_in_a_row = 0;
        self.cue.run_count += 1;
        self.cue.last_run_at = Some(at);
        let definition = Arc::clone(&self.cue.definition);
        let run = Run {
            id: run_id.clone(),
            cue_id: self.cue.id.clone(),
            occurrence_id: armed.id,
            due: armed.due,
            trigger: armed.trigger,
            payload: armed.payload.unwrap_or_else(|| definition.payload.clone()),
            definition,
            idempotency_key: armed.idempotency_key,
            began_at: at,
            attempts: vec![Attempt::begun(1, at)],
            phase: Phase::Delivering,
            findings: Vec::new(),
            refused: Vec::new(),
            fuse_at: None,
            broke: None,
            notes: Vec::new(),
            exit_criteria: armed.exit_criteria,
            checking: None,
            verification: None,
            revised: false,
            live_claim: None,
            gates: Gates::default(),
            stand: None,
        };
        self.runs.insert(run_id.clone(), Arc::new(run));
    }
}
