//! What time brings: arming ahead, firing, overlap, retries and deadlines.

use std::sync::Arc;

use crate::Ms;
use crate::attempt::AttemptState;
use crate::away::Band;
use crate::cue::{Confirm, CueStatus, Overlap, Restart};
use crate::event::Event;
use crate::expect::Finding;
use crate::id::{OccurrenceId, RunId};
use crate::input::Answer;
use crate::lane::decide::Draft;
use crate::lane::{ARM_AHEAD_MS, ARMED_MAX, HELD_MAX, LIVE_RUNS_MAX, MISSED_AFTER_MS};
use crate::occurrence::{Armed, End, SkipPolicy, Trigger};
use crate::run::{Phase, Run, Verdict};

/// Attempts a run may lose to crashes of the tower before it is given up.
const ATTEMPTS_KEPT_MAX: usize = 40;

impl Draft<'_> {
    pub fn tick(&mut self, away: &[Band], firing: bool) -> Answer {
        self.pause_over();
        self.still_spent();
        self.runs_due();
        self.catch_up(away, firing);
        self.release_held(firing);
        self.fire_due(away, firing);
        self.arm_ahead();
        Answer::Done
    }

    /// Arms what comes due soon.
    pub fn arm_ahead(&mut self) {
        while let Some(due) = self.lane.next_instant() {
            if due > self.now.plus(ARM_AHEAD_MS) || self.lane.scheduled_armed() >= ARMED_MAX {
                return;
            }
            self.arm_scheduled(due);
        }
    }

    pub fn arm_scheduled(&mut self, due: Ms) -> Armed {
        let id = OccurrenceId::scheduled(&self.lane.cue.id, due, self.lane.generation);
        let armed = self.new_armed(id, due, Trigger::Scheduled);
        self.emit(Event::OccurrenceArmed { armed: armed.clone(), fire_key: None });
        armed
    }

    pub fn new_armed(&mut self, id: OccurrenceId, due: Ms, trigger: Trigger) -> Armed {
        let run_id = RunId::thrown(self.dice);
        let idempotency_key = format!("run_{}", run_id.as_str());
        Armed {
            id,
            due,
            trigger,
            run_id,
            idempotency_key,
            payload: None,
            exit_criteria: Vec::new(),
            armed_at: self.now,
        }
    }

    /// Starts what is due and not too late; instants that were never armed (a stall, a new cue) are armed on the way.
    fn fire_due(&mut self, away: &[Band], firing: bool) {
        let line = self.now.minus(MISSED_AFTER_MS);
        while let Some(due) = self.lane.next_instant().filter(|due| *due <= self.now && *due >= line) {
            self.arm_scheduled(due);
        }
        while let Some(armed) = self.lane.armed.first().filter(|armed| armed.due <= self.now).cloned() {
            match self.kept_back(&armed, firing) {
                Some(policy) => self.end_occurrence(&armed, End::Skipped { policy }),
                // Due in the last seconds of an absence, it is no late-comer, but it belongs behind those that are.
                None if self.catches_up_on(&armed, away) => self.hold(&armed, "catching up, oldest first"),
                None => self.start_or_wait(&armed),
            }
        }
    }

    /// Why an occurrence that nobody fired by hand may not run, whatever else is live.
    pub fn kept_back(&self, armed: &Armed, firing: bool) -> Option<SkipPolicy> {
        if self.lane.spent_at(self.now).is_some() {
            Some(SkipPolicy::Budget)
        } else if armed.trigger.is_wanted() {
            None
        } else if firing && self.in_blackout() {
            Some(SkipPolicy::Blackout)
        } else {
            self.kept_back_when_due(armed, firing)
        }
    }

    /// Whether anything that was due before, and waited, would begin in a blackout.
    pub fn in_blackout(&self) -> bool {
        self.lane.cue.definition.schedule.blackout_at(self.now).is_some()
    }

    /// Why it could not have begun in its time.
    pub fn kept_back_when_due(&self, armed: &Armed, firing: bool) -> Option<SkipPolicy> {
        if armed.trigger.is_wanted() {
            None
        } else if self.is_over_budget(armed.due) {
            Some(SkipPolicy::Budget)
        } else if !firing {
            Some(SkipPolicy::TowerPaused)
        } else if self.lane.cue.definition.schedule.blackout_at(armed.due).is_some() {
            Some(SkipPolicy::Blackout)
        } else if self.lane.cue.status == CueStatus::Paused && armed.trigger != Trigger::Scheduled {
            Some(SkipPolicy::Paused)
        } else {
            None
        }
    }

    /// Starts a due occurrence, or lets the overlap policy have it.
    pub fn start_or_wait(&mut self, armed: &Armed) {
        let live = self.lane.live_runs().count();
        let room = live < self.lane.at_once(self.now) && self.lane.held.is_empty();
        let full = self.lane.held.len() >= HELD_MAX;
        match self.lane.cue.definition.overlap {
            _ if live >= LIVE_RUNS_MAX => self.end_occurrence(armed, End::Skipped { policy: SkipPolicy::Overlap }),
            _ if armed.trigger.is_wanted() || room => self.start(armed),
            Overlap::Allow => self.start(armed),
            Overlap::Skip => self.end_occurrence(armed, End::Skipped { policy: SkipPolicy::Overlap }),
            Overlap::Queue if full => self.end_occurrence(armed, End::Skipped { policy: SkipPolicy::QueueFull }),
            Overlap::Queue => self.hold(armed, "the previous run is still live"),
            Overlap::Replace => {
                // Started first, so that ending the old run finds a live one and releases nothing.
                self.start(armed);
                self.stop_oldest();
            }
        }
    }

    pub fn hold(&mut self, armed: &Armed, by: &str) {
        self.emit(Event::OccurrenceHeld { id: armed.id.clone(), by: by.to_owned(), asks: false });
    }

    /// Ends the oldest runs, until no more are live than may go at once.
    fn stop_oldest(&mut self) {
        let mut live: Vec<Arc<Run>> = self.lane.live_runs().cloned().collect();
        live.sort_by_key(|run| (run.began_at, run.due));
        let over = live.len().saturating_sub(self.lane.at_once(self.now));
        for run in live.iter().take(over) {
            self.stop_run(run);
        }
    }

    pub fn start(&mut self, armed: &Armed) {
        // Armed in an earlier batch means committed: the delivery need not wait for the disk again. One that waited behind
        // another run, or for the owner, is in no such hurry, and `recovered` would not doubt it.
        let undue = self.lane.armed.iter().any(|other| other.id == armed.id);
        let licensed = armed.armed_at < self.now && undue;
        self.begin(armed);
        self.set_out(&armed.run_id, 1, licensed);
    }

    /// What went out has begun, whatever else would be decided by now.
    pub fn went_out(&mut self, run_id: &RunId) -> Answer {
        let Some(armed) = self.lane.waiting().find(|armed| armed.run_id == *run_id).cloned() else {
            return Answer::Done;
        };
        self.begin(&armed);
        if self.lane.cue.definition.overlap == Overlap::Replace && !armed.trigger.is_wanted() {
            self.stop_oldest();
        }
        Answer::Done
    }

    pub fn begin(&mut self, armed: &Armed) {
        self.emit(Event::RunBegan { run_id: armed.run_id.clone(), occurrence_id: armed.id.clone() });
        self.end_occurrence(armed, End::Ran);
    }

    pub fn end_occurrence(&mut self, armed: &Armed, end: End) {
        self.emit(Event::OccurrenceEnded { id: armed.id.clone(), due: armed.due, end });
    }

    /// Lets the oldest waiting occurrences go while there is room; one whose turn comes while nothing may begin is skipped.
    fn release_held(&mut self, firing: bool) {
        while self.lane.may_release(self.now)
            && let Some(held) = self.lane.held.front().cloned()
        {
            match self.kept_back(&held, firing) {
                Some(policy) => self.end_occurrence(&held, End::Skipped { policy }),
                None => self.start(&held),
            }
        }
    }

    fn runs_due(&mut self) {
        let due: Vec<Arc<Run>> =
            self.lane.runs.values().filter(|run| run.wakes_at().is_some_and(|at| at <= self.now)).cloned().collect();
        for run in due {
            self.run_due(&run);
        }
    }

    fn run_due(&mut self, run: &Run) {
        self.gates_due(&run.id);
        // Its clocks may go on again, or it may be over.
        let Some(run) = self.run(&run.id).filter(|run| run.stand.is_none()) else { return };
        let run = &*run;
        let past = |at: Option<Ms>| at.is_some_and(|at| at <= self.now);
        if past(run.fuse_at) && run.is_live() {
            return self.fuse_tripped(run);
        }
        if run.checking.is_some() {
            return;
        }
        match &run.phase {
            Phase::Held { until, .. } if past(*until) => self.look_again(run),
            Phase::Offered { until } if past(Some(*until)) => self.offer_lapsed(run),
            Phase::WaitingRetry { at } if past(Some(*at)) => self.next_attempt(run),
            Phase::AwaitingOutcome { .. } if past(run.deadline()) => self.deadline_passed(run),
            Phase::AwaitingOutcome { .. } if past(run.latest().lease.as_ref().map(|lease| lease.until)) => {
                self.lease_lapsed(run);
            }
            Phase::AwaitingOutcome { .. } if past(run.steady_at()) => self.steady(run),
            Phase::Held { .. }
            | Phase::Offered { .. }
            | Phase::WaitingRetry { .. }
            | Phase::AwaitingOutcome { .. }
            | Phase::Delivering
            | Phase::Ended { .. } => {}
        }
    }

    pub fn next_attempt(&mut self, run: &Run) {
        let number = run.latest().number + 1;
        if run.definition.restart() == Restart::Never && run.attempts.len() >= ATTEMPTS_KEPT_MAX {
            self.end_run(run, Verdict::Failed, false, Vec::new());
            return;
        }
        self.emit(Event::AttemptBegan { run_id: run.id.clone(), number });
        self.set_out(&run.id, number, false);
    }

    fn deadline_passed(&mut self, run: &Run) {
        if self.reported_and_lives(run) {
            return self.end_the_process(run);
        }
        if run.definition.confirm == Confirm::Checks {
            let passed = Finding::of("The time for an outcome is over", true, "nothing was reported");
            self.conclude(run, None, &passed, false);
            return;
        }
        let unanswered = run.latest().state == AttemptState::Unanswered;
        if unanswered && run.tries_used() < run.definition.retry.max_attempts {
            let words = "sent, not answered, and no outcome by the deadline".to_owned();
            self.fail_attempt(run, run.latest().number, words, None, None);
        } else {
            self.end_run(run, Verdict::Silent, false, Vec::new());
        }
    }
}
