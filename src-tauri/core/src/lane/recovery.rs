//! After an absence of the tower: nothing armed is forgotten, nothing under way is believed, and clocks that stood still go on.

use std::sync::Arc;

use crate::Ms;
use crate::attempt::{AttemptState, Usage};
use crate::cue::Transport;
use crate::effect::Effect;
use crate::event::Event;
use crate::id::RunId;
use crate::input::{Answer, Exit, Found};
use crate::lane::decide::Draft;
use crate::occurrence::Armed;
use crate::run::{Phase, Run};
use crate::time::AFTER_GAP_MS;

/// Around the last instant a killed tower is known to have been up, an armed delivery may have gone out unrecorded.
const UNKNOWN_FATE_MS: u64 = 10_000;

/// What a starting tower found of one lane's commands.
type Traces = [(RunId, u32, Found)];

impl Draft<'_> {
    pub fn recovered(&mut self, alive_at: Ms, orderly: bool, firing: bool, found: &Traces) -> Answer {
        for run in self.lane.live_runs().cloned().collect::<Vec<_>>() {
            self.recover_run(&run, alive_at, found);
        }
        self.check_once_more();
        let doubtful = |armed: &&Armed| {
            let near = !orderly && armed.due <= alive_at.plus(UNKNOWN_FATE_MS) && armed.due <= self.now;
            near && self.may_have_gone_out() && self.kept_back_when_due(armed, firing).is_none()
        };
        let doubtful = self.lane.armed.iter().filter(doubtful);
        // A command leaves a trace before it starts: whatever else would be decided by now, it has begun.
        let traced = |armed: &&Armed| trace(found, &armed.run_id, 1).is_some();
        let is_command = self.lane.cue.definition.transport.is_command();
        let traced = self.lane.waiting().filter(|armed| is_command && traced(armed));
        let due: Vec<_> = doubtful.chain(traced).cloned().collect();
        for armed in due {
            self.begin(&armed);
            match trace(found, &armed.run_id, 1) {
                Some(trace) => self.take_up(&armed.run_id, 1, &trace.clone()),
                None => self.lose_attempt(&armed.run_id, 1, "the tower was killed around its due instant"),
            }
        }
        // Told of once more, in case the word of its end was lost with the tower.
        for (run_id, number, trace) in found {
            let over = self.run(run_id).is_none_or(|run| !run.occupies() || run.latest().number != *number);
            if over && !matches!(trace, Found::Started { .. }) {
                self.effects.push(Effect::Forget { run_id: run_id.clone(), number: *number });
            }
        }
        Answer::Done
    }

    /// Whether a delivery may have left ahead of the commit that says so, and nobody could tell.
    fn may_have_gone_out(&self) -> bool {
        let definition = &self.lane.cue.definition;
        match &definition.transport {
            Transport::Webhook(_) => definition.uses.is_empty() && !definition.gate.before_delivery,
            Transport::Command(_) | Transport::Worker(_) | Transport::Watch => false,
        }
    }

    fn recover_run(&mut self, run: &Run, alive_at: Ms, found: &Traces) {
        // First: a wait that begins with what is found now was not interrupted.
        let gap = i64::try_from(self.now.since(alive_at)).unwrap_or(i64::MAX);
        self.move_clocks(run, gap);
        self.gates_recovered(run, gap);
        let latest = run.latest();
        let under_way = matches!(run.phase, Phase::Delivering | Phase::AwaitingOutcome { .. });
        if run.checking.is_some() {
            self.recover_checked(run, trace(found, &run.id, latest.number));
        } else if run.definition.transport.is_command() && under_way && latest.may_have_a_process() {
            match trace(found, &run.id, latest.number) {
                Some(trace) => self.take_up(&run.id, latest.number, trace),
                None if run.phase == Phase::Delivering => {
                    self.lose_attempt(&run.id, latest.number, "the tower stopped before it was started");
                }
                None => self.lose_attempt(&run.id, latest.number, "its process is gone, and left no word of its end"),
            }
        } else if run.phase == Phase::Delivering {
            self.recover_delivery(run);
        }
    }

    /// Its agent has said what it had to say, or was not asked: there is nothing to try again.
    fn recover_checked(&mut self, run: &Run, found: Option<&Found>) {
        let number = run.latest().number;
        if !run.may_have_a_process() {
            return;
        }
        let gone = |words: &str| Exit { exit_code: None, words: words.to_owned(), usage: Usage::default() };
        match found {
            Some(found @ Found::Started { .. }) => self.take_up(&run.id, number, found),
            Some(Found::Lost { words }) => self.exit_noted(run, number, &gone(words), None),
            Some(Found::NeverStarted) | None => {
                self.exit_noted(run, number, &gone("its process is gone, and left no word of its end"), None);
            }
        }
        if !matches!(found, Some(Found::Started { .. }) | None) {
            self.effects.push(Effect::Forget { run_id: run.id.clone(), number });
        }
    }

    /// A delivery that was under way when the tower stopped.
    fn recover_delivery(&mut self, run: &Run) {
        let number = run.latest().number;
        match &run.definition.transport {
            // Only its checks were under way: nobody was offered anything yet.
            Transport::Worker(_) | Transport::Watch => {
                self.effects.push(Effect::Deliver { run_id: run.id.clone(), number, licensed: false });
            }
            // Whoever asks has the work: it may still wait for the answer, or do what it was allowed.
            Transport::Webhook(_) if run.asked_its_owner() => {
                let words = "sent, and its agent asked its owner; the tower stopped before it answered".to_owned();
                self.delivered(run, number, false, words, None, None);
            }
            Transport::Webhook(_) | Transport::Command(_) => {
                self.lose_attempt(&run.id, number, "the tower stopped while it was being delivered");
            }
        }
    }

    /// What became of a command while the tower was away.
    fn take_up(&mut self, run_id: &RunId, number: u32, found: &Found) {
        let Some(run) = self.run(run_id) else { return };
        match found {
            Found::Started { pid } if run.latest().state == AttemptState::Delivering => {
                let words = pid.map_or("started".to_owned(), |pid| format!("started as process {pid}"));
                self.delivered(&run, number, true, words, None, *pid);
            }
            // The word of it may have been lost with the tower.
            Found::Started { pid: Some(_) } if run.latest().restart.is_some() => {
                self.effects.push(Effect::Stop { run_id: run_id.clone(), number, hard: false });
            }
            Found::Started { .. } => {}
            Found::Lost { words } => {
                self.lose_attempt(run_id, number, words);
                self.effects.push(Effect::Forget { run_id: run_id.clone(), number });
            }
            Found::NeverStarted => {
                self.lose_attempt(run_id, number, "the tower stopped before it was started");
                self.effects.push(Effect::Forget { run_id: run_id.clone(), number });
            }
        }
    }

    /// The machine slept, or its clock was set, while the tower was up.
    pub fn shifted(&mut self, slept_ms: u64, stepped_ms: i64) -> Answer {
        let slept = i64::try_from(slept_ms).unwrap_or(i64::MAX);
        let live: Vec<Arc<Run>> = self.lane.live_runs().cloned().collect();
        for run in live {
            match &run.phase {
                // Sleep counts for a backoff: whoever was to be left alone was.
                Phase::WaitingRetry { at } if stepped_ms != 0 => {
                    let retry_at = Ms(at.0.saturating_add(stepped_ms));
                    self.emit(Event::RetryMoved { run_id: run.id.clone(), retry_at });
                }
                Phase::Held { until: Some(until), .. } if stepped_ms != 0 => {
                    let until = Ms(until.0.saturating_add(stepped_ms));
                    self.emit(Event::WaitMoved { run_id: run.id.clone(), until });
                }
                Phase::Held { .. }
                | Phase::WaitingRetry { .. }
                | Phase::Offered { .. }
                | Phase::AwaitingOutcome { .. }
                | Phase::Delivering
                | Phase::Ended { .. } => {}
            }
            self.move_clocks(&run, slept.saturating_add(stepped_ms));
            self.move_gates(&run, slept.saturating_add(stepped_ms));
        }
        Answer::Done
    }

    /// What counts only while the tower is up and the machine awake: offers, deadlines, leases, the budget of time.
    pub fn move_clocks(&mut self, run: &Run, by_ms: i64) {
        // They stand still as it is.
        if run.stand.is_some() {
            return;
        }
        let length = run.definition.outcome_deadline_ms().unwrap_or(AFTER_GAP_MS);
        match &run.phase {
            Phase::AwaitingOutcome { deadline } => {
                if let Some(deadline) = self.moved(*deadline, by_ms, length) {
                    self.emit(Event::DeadlineMoved { run_id: run.id.clone(), deadline });
                }
                let lease = run.latest().lease.as_ref().map(|lease| lease.until);
                let lease_ms = match &run.definition.transport {
                    Transport::Worker(worker) => worker.lease_ms,
                    Transport::Webhook(_) | Transport::Command(_) | Transport::Watch => AFTER_GAP_MS,
                };
                if let Some(until) = self.moved(lease, by_ms, lease_ms) {
                    let number = run.latest().number;
                    self.emit(Event::LeaseExtended { run_id: run.id.clone(), number, until });
                }
            }
            Phase::Offered { until } => {
                if let Some(until) = self.moved(Some(*until), by_ms, run.definition.delivery.timeout_ms) {
                    self.emit(Event::WaitMoved { run_id: run.id.clone(), until });
                }
            }
            Phase::Held { .. } | Phase::Delivering | Phase::WaitingRetry { .. } | Phase::Ended { .. } => {}
        }
        let budget = run.definition.budget.duration_ms.unwrap_or(AFTER_GAP_MS);
        if let Some(fuse) = self.moved(run.fuse_at.filter(|_| run.is_live()), by_ms, budget) {
            self.emit(Event::FuseMoved { run_id: run.id.clone(), fuse });
        }
    }

    /// Where a clock of this length stands after a gap; None: where it stood.
    fn moved(&self, at: Option<Ms>, by_ms: i64, length_ms: u64) -> Option<Ms> {
        let at = at?;
        let moved = Ms(at.0.saturating_add(by_ms)).max(self.now.plus(length_ms.min(AFTER_GAP_MS)));
        (moved != at).then_some(moved)
    }

    /// It came to nothing by nobody's fault, and does not count; the next one goes at once.
    pub fn lose_attempt(&mut self, run_id: &RunId, number: u32, words: &str) {
        self.emit(Event::AttemptFailed {
            run_id: run_id.clone(),
            number,
            words: words.to_owned(),
            http_status: None,
            exit_code: None,
            lost: true,
            retry_at: Some(self.now),
            usage: Usage::default(),
        });
    }
}

fn trace<'a>(found: &'a Traces, run_id: &RunId, number: u32) -> Option<&'a Found> {
    found.iter().find(|(run, of, _)| run == run_id && *of == number).map(|(_, _, trace)| trace)
}
