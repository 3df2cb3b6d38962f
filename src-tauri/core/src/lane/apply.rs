//! How an event changes a lane. Total: an event about a run that is not here (its history is in the store) changes nothing.

use std::sync::Arc;

use crate::Ms;
use crate::attempt::{Attempt, AttemptState, Reported};
use crate::cue::CueStatus;
use crate::event::Event;
use crate::id::{OccurrenceId, RunId};
use crate::lane::{FIRE_KEY_MS, KeptFireKey, Lane};
use crate::occurrence::{Armed, Trigger};
use crate::run::{Phase, REFUSED_KEPT, Refused, Run};

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
                // Taken back while undue, the instant is asked for again by whatever the schedule says next.
                if id.is_scheduled() && (!end.is_withdrawn() || *due <= at) {
                    self.cursor = self.cursor.max(*due);
                    self.decided = self.decided.max(*due);
                }
            }
            Event::SpanEnded { to, .. } => {
                self.cursor = self.cursor.max(*to);
                self.decided = self.decided.max(*to);
            }
            Event::RunBegan { run_id, occurrence_id } => self.run_began(at, run_id, occurrence_id),
            Event::AttemptBegan { .. }
            | Event::AttemptDelivered { .. }
            | Event::AttemptNoted { .. }
            | Event::AttemptExited { .. }
            | Event::AttemptFailed { .. }
            | Event::DeadlineMoved { .. }
            | Event::RetryMoved { .. }
            | Event::OutcomeReported { .. }
            | Event::RunEnded { .. }
            | Event::ReportRefused { .. } => {
                if let Some(run) = event.run_id().and_then(|id| self.runs.get_mut(id)) {
                    Arc::make_mut(run).apply(at, event);
                }
            }
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
        };
        self.runs.insert(run_id.clone(), Arc::new(run));
    }
}

impl Run {
    /// How an event about this run changes it.
    pub fn apply(&mut self, at: Ms, event: &Event) {
        match event {
            Event::AttemptBegan { number, .. } => {
                self.attempts.push(Attempt::begun(*number, at));
                self.phase = Phase::Delivering;
            }
            Event::AttemptDelivered { number, answered, words, http_status, pid, deadline, .. } => {
                self.change(*number, |attempt| {
                    attempt.state = if *answered { AttemptState::Delivered } else { AttemptState::Unanswered };
                    attempt.delivered_at = Some(at);
                    attempt.words.clone_from(words);
                    attempt.http_status = *http_status;
                    attempt.pid = *pid;
                });
                self.await_outcome(*number, *deadline);
            }
            Event::AttemptNoted { number, words, http_status, .. } => self.change(*number, |attempt| {
                attempt.words.clone_from(words);
                attempt.http_status = *http_status;
                attempt.ended_at = attempt.ended_at.or(Some(at));
            }),
            Event::AttemptExited { number, words, exit_code, deadline, .. } => {
                self.change(*number, |attempt| {
                    attempt.state = AttemptState::Ended;
                    attempt.ended_at = Some(at);
                    attempt.words.clone_from(words);
                    attempt.exit_code = *exit_code;
                });
                self.await_outcome(*number, *deadline);
            }
            Event::AttemptFailed { number, words, http_status, exit_code, lost, retry_at, .. } => {
                self.change(*number, |attempt| {
                    attempt.state = if *lost { AttemptState::Lost } else { AttemptState::Failed };
                    attempt.ended_at = Some(at);
                    attempt.words.clone_from(words);
                    attempt.http_status = http_status.or(attempt.http_status);
                    attempt.exit_code = exit_code.or(attempt.exit_code);
                });
                if let Some(retry_at) = retry_at {
                    self.phase = Phase::WaitingRetry { at: *retry_at };
                }
            }
            Event::RetryMoved { retry_at, .. } => self.phase = Phase::WaitingRetry { at: *retry_at },
            Event::DeadlineMoved { deadline, .. } => self.phase = Phase::AwaitingOutcome { deadline: Some(*deadline) },
            Event::OutcomeReported { number, late, outcome, .. } => self.change(*number, |attempt| {
                attempt.outcome = Some(Reported { at, late: *late, outcome: (**outcome).clone() });
                attempt.delivered_at = attempt.delivered_at.or(Some(at));
            }),
            Event::RunEnded { verdict, late, findings, .. } => {
                self.phase = Phase::Ended { verdict: *verdict, at, late: *late };
                self.findings.clone_from(findings);
            }
            Event::ReportRefused { attempt, reason, .. } => {
                if self.refused.len() < REFUSED_KEPT {
                    self.refused.push(Refused { at, attempt: *attempt, reason: reason.clone() });
                }
            }
            Event::CueDefined { .. }
            | Event::CueStatusChanged { .. }
            | Event::TriggerUrlChanged { .. }
            | Event::PathsSeen { .. }
            | Event::SpanEnded { .. }
            | Event::OccurrenceArmed { .. }
            | Event::OccurrenceHeld { .. }
            | Event::OccurrenceEnded { .. }
            | Event::RunBegan { .. } => {}
        }
    }

    fn change(&mut self, number: u32, change: impl FnOnce(&mut Attempt)) {
        if let Some(attempt) = self.attempts.iter_mut().find(|attempt| attempt.number == number) {
            change(attempt);
        }
    }

    /// Word of an older attempt, or of a run that ended or already waits for its retry, moves nothing.
    fn await_outcome(&mut self, number: u32, deadline: Option<Ms>) {
        let under_way = matches!(self.phase, Phase::Delivering | Phase::AwaitingOutcome { .. });
        if under_way && self.latest().number == number {
            self.phase = Phase::AwaitingOutcome { deadline };
        }
    }
}
