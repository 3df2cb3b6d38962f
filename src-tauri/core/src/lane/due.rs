//! What time brings: arming ahead, firing, overlap, missed instants, retries and deadlines.

use std::sync::Arc;

use crate::Ms;
use crate::attempt::AttemptState;
use crate::cue::{CatchUpPolicy, CueStatus, Overlap};
use crate::effect::Effect;
use crate::event::Event;
use crate::id::{OccurrenceId, RunId};
use crate::input::Answer;
use crate::lane::decide::Draft;
use crate::lane::{ARM_AHEAD_MS, ARMED_MAX, HELD_MAX, LIVE_RUNS_MAX, MISSED_AFTER_MS, MISSED_PER_TICK};
use crate::occurrence::{Armed, End, SkipPolicy, Trigger};
use crate::run::{Phase, Run, Verdict};
use crate::time::{SECOND_MS, length_in_words};

/// Around the last instant a killed tower is known to have been up, an armed delivery may have gone out unrecorded.
const UNKNOWN_FATE_MS: u64 = 10_000;
/// Attempts a run may lose to crashes of the tower before it is given up.
const ATTEMPTS_KEPT_MAX: usize = 40;
/// After a gap, deadlines leave at least this.
const AFTER_GAP_MS: u64 = 5 * SECOND_MS;

impl Draft<'_> {
    pub fn tick(&mut self, up_since: Ms, firing: bool) -> Answer {
        self.runs_due();
        self.catch_up(up_since, firing);
        self.fire_due(firing);
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
        Armed { id, due, trigger, run_id, idempotency_key, payload: None, armed_at: self.now }
    }

    /// Starts what is due and not too late; instants that were never armed (a stall, a new cue) are armed on the way.
    fn fire_due(&mut self, firing: bool) {
        let line = self.now.minus(MISSED_AFTER_MS);
        while let Some(due) = self.lane.next_instant().filter(|due| *due <= self.now && *due >= line) {
            self.arm_scheduled(due);
        }
        while let Some(armed) = self.lane.armed.first().filter(|armed| armed.due <= self.now).cloned() {
            if firing || armed.trigger != Trigger::Scheduled {
                self.start_or_wait(&armed);
            } else {
                self.end_occurrence(&armed, End::Skipped { policy: SkipPolicy::TowerPaused });
            }
        }
    }

    /// Decides the scheduled instants that were not handled in time.
    fn catch_up(&mut self, up_since: Ms, firing: bool) {
        let line = self.now.minus(MISSED_AFTER_MS);
        let mut missed: Vec<Armed> = Vec::new();
        for armed in &self.lane.armed {
            if armed.due < line && armed.trigger == Trigger::Scheduled {
                missed.push(armed.clone());
            }
        }
        let newest_unarmed = match (self.lane.cue.status, self.lane.plan()) {
            (CueStatus::Active, Some(plan)) => plan.latest_in(self.lane.cursor, line.minus(1)),
            (
                CueStatus::Active | CueStatus::Paused | CueStatus::Completed | CueStatus::Failed | CueStatus::Deleted,
                _,
            ) => None,
        };
        let Some(newest) = newest_unarmed.or_else(|| missed.last().map(|armed| armed.due)) else { return };
        for armed in missed {
            self.decide_missed(&armed, newest, up_since, firing);
        }
        for _ in 0..MISSED_PER_TICK {
            let Some(due) = self.lane.next_instant().filter(|due| *due < line) else { return };
            let armed = self.arm_scheduled(due);
            self.decide_missed(&armed, newest, up_since, firing);
        }
    }

    fn decide_missed(&mut self, armed: &Armed, newest: Ms, up_since: Ms, firing: bool) {
        let cause = if armed.due < up_since { "the tower was off" } else { "the machine was asleep or too busy" };
        if !firing {
            return self.end_occurrence(armed, End::Skipped { policy: SkipPolicy::TowerPaused });
        }
        let definition = Arc::clone(&self.lane.cue.definition);
        match definition.catch_up.policy {
            CatchUpPolicy::Latest => {
                let gap = self.lane.plan().and_then(|plan| plan.next_after(newest)).map(|next| next.since(newest));
                let window = definition.useful_for_ms(gap);
                if self.now.since(newest) > window {
                    let reason = format!("{cause}, and it was useful for {} only", length_in_words(window));
                    self.end_occurrence(armed, End::Missed { reason });
                } else if armed.due == newest {
                    self.start_or_wait(armed);
                } else {
                    let into = OccurrenceId::scheduled(&self.lane.cue.id, newest, self.lane.generation);
                    self.end_occurrence(armed, End::Coalesced { into });
                }
            }
            CatchUpPolicy::All if self.lane.live_runs().next().is_none() && self.lane.held.is_empty() => {
                self.start(armed)
            }
            CatchUpPolicy::All if self.lane.held.len() < HELD_MAX => {
                let by = "catching up, one at a time".to_owned();
                self.emit(Event::OccurrenceHeld { id: armed.id.clone(), by });
            }
            CatchUpPolicy::All => {
                let reason = format!("{cause}, and {HELD_MAX} were waiting already");
                self.end_occurrence(armed, End::Missed { reason });
            }
            CatchUpPolicy::None => {
                let reason = format!("{cause}; this cue does not catch up");
                self.end_occurrence(armed, End::Missed { reason });
            }
        }
    }

    /// Starts a due occurrence, or lets the overlap policy have it.
    pub fn start_or_wait(&mut self, armed: &Armed) {
        let live: Vec<Arc<Run>> = self.lane.live_runs().cloned().collect();
        let wanted = armed.trigger != Trigger::Scheduled;
        match self.lane.cue.definition.overlap {
            _ if live.len() >= LIVE_RUNS_MAX => {
                self.end_occurrence(armed, End::Skipped { policy: SkipPolicy::Overlap });
            }
            _ if live.is_empty() || wanted => self.start(armed),
            Overlap::Allow => self.start(armed),
            Overlap::Skip => self.end_occurrence(armed, End::Skipped { policy: SkipPolicy::Overlap }),
            Overlap::Queue if self.lane.held.len() < HELD_MAX => {
                let by = "the previous run is still live".to_owned();
                self.emit(Event::OccurrenceHeld { id: armed.id.clone(), by });
            }
            Overlap::Queue => self.end_occurrence(armed, End::Skipped { policy: SkipPolicy::QueueFull }),
            Overlap::Replace => {
                // Started first, so that ending the old run finds a live one and releases nothing.
                self.start(armed);
                for run in live {
                    self.stop_run(&run);
                }
            }
        }
    }

    fn start(&mut self, armed: &Armed) {
        // Armed in an earlier batch means committed: the delivery need not wait for the disk again. One that waited behind
        // another run is in no such hurry, and `recovered` would not doubt it.
        let held = self.lane.held.iter().any(|held| held.id == armed.id);
        let licensed = armed.armed_at < self.now && !held;
        self.begin(armed);
        self.effects.push(Effect::Deliver { run_id: armed.run_id.clone(), number: 1, licensed });
    }

    /// What went out has begun, whatever else would be decided by now.
    pub fn went_out(&mut self, run_id: &RunId) -> Answer {
        let waiting = self.lane.armed.iter().chain(&self.lane.held);
        let Some(armed) = waiting.into_iter().find(|armed| armed.run_id == *run_id).cloned() else {
            return Answer::Done;
        };
        let replaced = match self.lane.cue.definition.overlap {
            Overlap::Replace if armed.trigger == Trigger::Scheduled => self.lane.live_runs().cloned().collect(),
            Overlap::Replace | Overlap::Allow | Overlap::Skip | Overlap::Queue => Vec::new(),
        };
        self.begin(&armed);
        for run in replaced {
            self.stop_run(&run);
        }
        Answer::Done
    }

    fn begin(&mut self, armed: &Armed) {
        self.emit(Event::RunBegan { run_id: armed.run_id.clone(), occurrence_id: armed.id.clone() });
        self.end_occurrence(armed, End::Ran);
    }

    pub fn end_occurrence(&mut self, armed: &Armed, end: End) {
        self.emit(Event::OccurrenceEnded { id: armed.id.clone(), due: armed.due, end });
    }

    /// Lets the oldest waiting occurrence go once nothing is live.
    pub fn release_held(&mut self) {
        if self.lane.live_runs().next().is_none()
            && let Some(held) = self.lane.held.front().cloned()
        {
            self.start(&held);
        }
    }

    fn runs_due(&mut self) {
        let due: Vec<Arc<Run>> =
            self.lane.runs.values().filter(|run| run.wakes_at().is_some_and(|at| at <= self.now)).cloned().collect();
        for run in due {
            match run.phase {
                Phase::WaitingRetry { .. } => self.next_attempt(&run),
                Phase::AwaitingOutcome { .. } => self.deadline_passed(&run),
                Phase::Delivering | Phase::Ended { .. } => {}
            }
        }
    }

    fn next_attempt(&mut self, run: &Run) {
        if run.attempts.len() >= ATTEMPTS_KEPT_MAX {
            return self.end_run(run, Verdict::Failed, false, Vec::new());
        }
        let number = run.latest().number + 1;
        self.emit(Event::AttemptBegan { run_id: run.id.clone(), number });
        self.effects.push(Effect::Deliver { run_id: run.id.clone(), number, licensed: false });
    }

    fn deadline_passed(&mut self, run: &Run) {
        let unanswered = run.latest().state == AttemptState::Unanswered;
        if unanswered && run.tries_used() < run.definition.retry.max_attempts {
            let words = "sent, not answered, and no outcome by the deadline".to_owned();
            self.fail_attempt(run, run.latest().number, words, None, None, None);
        } else {
            self.end_run(run, Verdict::Silent, false, Vec::new());
        }
    }

    /// After a restart: nothing armed is forgotten, nothing under way is believed.
    pub fn recovered(&mut self, alive_at: Ms, orderly: bool) -> Answer {
        for run in self.lane.live_runs().cloned().collect::<Vec<_>>() {
            self.recover_run(&run, alive_at);
        }
        let doubtful = |armed: &&Armed| !orderly && armed.due <= alive_at.plus(UNKNOWN_FATE_MS);
        let due = self.lane.armed.iter().filter(|armed| armed.due <= self.now).filter(doubtful).cloned();
        for armed in due.collect::<Vec<_>>() {
            self.begin(&armed);
            self.lose_attempt(&armed.run_id, 1, "the tower was killed around its due instant");
        }
        self.release_held();
        Answer::Done
    }

    fn recover_run(&mut self, run: &Run, alive_at: Ms) {
        let latest = run.latest();
        let process_gone = run.definition.transport.is_command() && latest.state == AttemptState::Delivered;
        match &run.phase {
            Phase::Delivering => {
                self.lose_attempt(&run.id, latest.number, "the tower stopped while it was being delivered")
            }
            Phase::AwaitingOutcome { .. } if process_gone => {
                self.lose_attempt(&run.id, latest.number, "the tower stopped while the process ran");
            }
            Phase::AwaitingOutcome { deadline: Some(deadline) } => {
                let length = run.definition.outcome_deadline_ms().unwrap_or(AFTER_GAP_MS);
                let gap = self.now.since(alive_at);
                let moved = deadline.plus(gap).max(self.now.plus(length.min(AFTER_GAP_MS)));
                self.emit(Event::DeadlineMoved { run_id: run.id.clone(), deadline: moved });
            }
            Phase::AwaitingOutcome { deadline: None } | Phase::WaitingRetry { .. } | Phase::Ended { .. } => {}
        }
    }

    fn lose_attempt(&mut self, run_id: &RunId, number: u32, words: &str) {
        self.emit(Event::AttemptFailed {
            run_id: run_id.clone(),
            number,
            words: words.to_owned(),
            http_status: None,
            exit_code: None,
            lost: true,
            retry_at: Some(self.now),
        });
    }
}
