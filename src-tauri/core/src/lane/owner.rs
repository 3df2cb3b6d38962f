//! What the owner does to a cue: edit, pause, resume, delete, fire, stop.

use std::sync::Arc;

use crate::Ms;
use crate::cue::{CueDefinition, CueStatus};
use crate::effect::Effect;
use crate::event::{Event, FireKey};
use crate::id::{OccurrenceId, RunId};
use crate::input::{Answer, Fire, RefusalCode};
use crate::lane::decide::{Draft, refused};
use crate::lane::{FIRES_ARMED_MAX, LIVE_RUNS_MAX};
use crate::occurrence::{Armed, End, SkipPolicy, Trigger};
use crate::run::{Run, Verdict};

impl Draft<'_> {
    /// Ends the undue armed occurrences and arms by the new definition, in one commit.
    pub fn edit(&mut self, definition: &CueDefinition, revision: Option<u64>) -> Answer {
        let current = self.lane.cue.revision;
        if revision.is_some_and(|revision| revision != current) {
            let message = format!(
                "This cue was changed meanwhile (it is at revision {current}). Open it again and repeat the edit."
            );
            return refused(RefusalCode::RevisionConflict, message);
        }
        if *self.lane.cue.definition == *definition {
            return Answer::Done;
        }
        let rescheduled = self.lane.cue.definition.schedule != definition.schedule;
        self.withdraw(SkipPolicy::Edited);
        let cue_id = self.lane.cue.id.clone();
        self.emit(Event::CueDefined { cue_id, revision: current + 1, definition: Arc::new(definition.clone()) });
        if rescheduled && matches!(self.lane.cue.status, CueStatus::Completed | CueStatus::Failed) {
            self.turn(CueStatus::Active, None, None);
        }
        self.arm_ahead();
        Answer::Done
    }

    pub fn pause(&mut self, until: Option<Ms>) -> Answer {
        match self.lane.cue.status {
            CueStatus::Active => self.withdraw(SkipPolicy::Paused),
            CueStatus::Paused if self.lane.cue.paused_until != until => {}
            CueStatus::Paused | CueStatus::Completed | CueStatus::Failed | CueStatus::Deleted => return Answer::Done,
        }
        self.turn(CueStatus::Paused, until, None);
        Answer::Done
    }

    fn turn(&mut self, status: CueStatus, until: Option<Ms>, since: Option<Ms>) {
        self.emit(Event::CueStatusChanged { status, until, since });
    }

    /// A pause that was to last until now. Instants count from its end, also if nobody was there to notice.
    pub fn pause_over(&mut self) {
        let until = self.lane.cue.paused_until.filter(|until| *until <= self.now);
        if let (CueStatus::Paused, Some(until)) = (self.lane.cue.status, until) {
            self.turn(CueStatus::Active, None, Some(until));
        }
    }

    pub fn resume(&mut self) -> Answer {
        if self.lane.cue.status != CueStatus::Paused {
            return Answer::Done;
        }
        self.turn(CueStatus::Active, None, None);
        self.arm_ahead();
        Answer::Done
    }

    pub fn delete(&mut self) -> Answer {
        if self.lane.cue.status == CueStatus::Deleted {
            return Answer::Done;
        }
        self.withdraw(SkipPolicy::Deleted);
        self.turn(CueStatus::Deleted, None, None);
        self.give_up_checks();
        for run in self.lane.live_runs().cloned().collect::<Vec<_>>() {
            self.emit(Event::RunEnded {
                run_id: run.id.clone(),
                verdict: Verdict::Cancelled,
                late: false,
                findings: Vec::new(),
                held: false,
            });
            self.effects.push(Effect::Stop { run_id: run.id.clone(), number: run.latest().number, hard: false });
        }
        Answer::Done
    }

    /// Takes back what has not begun. Instants that came due just now and were not decided yet are recorded too: from here
    /// on the schedule is asked anew, and would not name them again.
    fn withdraw(&mut self, policy: SkipPolicy) {
        while let Some(due) = self.lane.next_instant().filter(|due| *due <= self.now) {
            let armed = self.arm_scheduled(due);
            self.end_occurrence(&armed, End::Skipped { policy });
        }
        let lane = &*self.lane;
        let taken: Vec<Armed> = match policy {
            // What is due already waits on, and will run as the cue now is.
            SkipPolicy::Edited => {
                lane.armed.iter().filter(|armed| armed.trigger == Trigger::Scheduled).cloned().collect()
            }
            SkipPolicy::Paused => {
                let undecided = lane.armed.iter().chain(&lane.held);
                undecided.filter(|armed| !armed.trigger.is_wanted()).cloned().collect()
            }
            _ => lane.waiting().cloned().collect(),
        };
        for armed in taken {
            self.end_occurrence(&armed, End::Skipped { policy });
        }
    }

    pub fn fire(&mut self, fire: &Fire) -> Answer {
        let request = request_text(fire);
        if let Some(answer) = self.fired_before(fire.key.as_deref(), &request) {
            return answer;
        }
        let waiting = self.is_full();
        if waiting || self.lane.live_runs().count() >= LIVE_RUNS_MAX {
            let message = format!("This cue has {LIVE_RUNS_MAX} runs live or waiting; try again when some have ended.");
            return refused(RefusalCode::TooMany, message);
        }
        let due = fire.send_at.unwrap_or(self.now).max(self.now);
        if let Some(refusal) = self.refused_for_budget(due) {
            return refusal;
        }
        let id = OccurrenceId::fired(&self.lane.cue.id, self.dice);
        let mut armed = self.new_armed(id, due, fire.trigger.clone());
        armed.payload.clone_from(&fire.payload);
        armed.exit_criteria.clone_from(&fire.exit_criteria);
        let fire_key = fire.key.clone().map(|key| FireKey { key, request });
        self.emit(Event::OccurrenceArmed { armed: armed.clone(), fire_key });
        if due <= self.now {
            self.start_or_wait(&armed);
        }
        Answer::Fired { run_id: armed.run_id, occurrence_id: armed.id, due }
    }

    /// The answer to a fire whose key was used within the last 24 h.
    pub fn fired_before(&self, key: Option<&str>, request: &str) -> Option<Answer> {
        let kept = self.lane.fire_keys.get(key?).filter(|kept| self.now.since(kept.at) < crate::lane::FIRE_KEY_MS)?;
        if kept.request != request {
            let message = "This idempotency key was used for a different fire within the last 24 h. Use a new key.";
            return Some(refused(RefusalCode::IdempotencyKeyConflict, message));
        }
        let (run_id, occurrence_id) = (kept.run_id.clone(), kept.occurrence_id.clone());
        Some(Answer::Fired { run_id, occurrence_id, due: kept.due })
    }

    /// More could not wait in this lane.
    pub fn is_full(&self) -> bool {
        self.lane.armed.len() >= FIRES_ARMED_MAX || self.lane.fire_keys.len() >= 10 * FIRES_ARMED_MAX
    }

    pub fn stop(&mut self, run_id: &RunId) -> Answer {
        match self.run(run_id) {
            None => refused(RefusalCode::NotFound, format!("There is no run {run_id}.")),
            // It fell silent, or was judged by its report, and its program works on.
            Some(run) if run.verdict().is_some_and(|verdict| !verdict.is_called_off()) && run.may_have_a_process() => {
                self.effects.push(Effect::Stop { run_id: run.id.clone(), number: run.latest().number, hard: false });
                let words = "its process was told to end".to_owned();
                self.emit(Event::RunNoted { run_id: run.id.clone(), words });
                Answer::Done
            }
            Some(run) if !run.is_live() => refused(RefusalCode::RunEnded, "This run has ended already."),
            Some(run) => {
                self.stop_run(&run);
                Answer::Done
            }
        }
    }

    pub fn stop_run(&mut self, run: &Run) {
        self.effects.push(Effect::Stop { run_id: run.id.clone(), number: run.latest().number, hard: false });
        self.end_run(run, Verdict::Stopped, false, Vec::new());
    }
}

fn request_text(fire: &Fire) -> String {
    let payload = fire.payload.as_ref().map(ToString::to_string).unwrap_or_default();
    let criteria: String = fire.exit_criteria.iter().map(|name| format!(" {name:?}")).collect();
    format!("{} {payload}{criteria}", fire.send_at.map(|at| at.0.to_string()).unwrap_or_default())
}
