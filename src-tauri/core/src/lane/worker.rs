//! Agents that fetch their work: claim, sign of life, giving it back. A lease that lapses returns the run with the next number.

use crate::Ms;
use crate::attempt::AttemptState;
use crate::cue::{Confirm, Transport, Worker};
use crate::event::Event;
use crate::expect::Finding;
use crate::id::RunId;
use crate::input::{Answer, RefusalCode};
use crate::lane::decide::{Draft, refused};
use crate::run::{Phase, Run};
use crate::time::length_in_words;

impl Draft<'_> {
    /// First come, first served. To the same worker it is given once too: two of them may share a name.
    pub fn claim(&mut self, run_id: &RunId, worker: &str) -> Answer {
        let Some(run) = self.run(run_id) else {
            return refused(RefusalCode::NotFound, format!("There is no execution {run_id}."));
        };
        let Transport::Worker(work) = &run.definition.transport else {
            return refused(
                RefusalCode::ClaimFailed,
                "This execution is not for workers; the tower delivers it itself.",
            );
        };
        let latest = run.latest();
        match (&run.phase, &latest.lease) {
            (Phase::Offered { .. }, _) => self.give(&run, work, worker),
            (Phase::AwaitingOutcome { .. }, Some(lease)) => {
                refused(RefusalCode::ClaimFailed, format!("The worker {} has this execution.", lease.worker))
            }
            (Phase::Ended { .. }, _) => refused(RefusalCode::ClaimFailed, "This execution has ended."),
            (
                Phase::Held { .. } | Phase::Delivering | Phase::AwaitingOutcome { .. } | Phase::WaitingRetry { .. },
                _,
            ) => refused(RefusalCode::ClaimFailed, "This execution is not there to be claimed now."),
        }
    }

    fn give(&mut self, run: &Run, work: &Worker, worker: &str) -> Answer {
        let number = run.latest().number;
        let until = self.now.plus(work.lease_ms);
        let deadline = run.definition.outcome_deadline_ms().map(|length| self.now.plus(length));
        let fuse = self.fuse_of(run);
        let claimed =
            Event::AttemptClaimed { run_id: run.id.clone(), number, worker: worker.to_owned(), until, deadline, fuse };
        self.emit(claimed);
        if run.definition.confirm == Confirm::Delivery {
            self.conclude(run, None, &Finding::of("Delivered", true, format!("claimed by {worker}")), false);
        }
        Answer::Claimed { number, until }
    }

    /// A sign of life: the lease begins anew, and so does the wait for the outcome.
    pub fn extend(&mut self, run_id: &RunId, presented: Option<u32>, worker: Option<&str>) -> Answer {
        let run = match self.live_for(run_id, presented, worker) {
            Ok(run) => run,
            Err(refusal) => return refusal,
        };
        let latest = run.latest();
        let by_tower = !matches!(run.definition.transport, Transport::Worker(_));
        let Phase::AwaitingOutcome { deadline } = &run.phase else {
            // It works inside the request: no clock of it runs yet.
            if by_tower && run.phase == Phase::Delivering {
                return Answer::Extended { until: None };
            }
            if run.definition.transport.is_watch() && matches!(run.phase, Phase::Offered { .. }) {
                self.delivered(&run, latest.number, true, "its agent showed that it lives".to_owned(), None, None);
                return Answer::Extended { until: None };
            }
            let message = if by_tower {
                "Nobody works on this execution now, so there is nothing to extend."
            } else {
                "This execution is not claimed, so there is nothing to extend. Work of the transport `worker` is claimed by \
                 a worker (`cuetowerctl worker`); for an agent that begins by itself, make a cue with the transport `watch`."
            };
            return refused(RefusalCode::NotClaimed, message);
        };
        // While it waits for its owner its clocks stand still: they are set as if they went on just now.
        let clock = run.clock(self.now);
        let stands_ms = self.now.0.saturating_sub(clock.0);
        let goes_on = |at: Ms| Ms(at.0.saturating_add(stands_ms));
        let mut until = None;
        if let (Transport::Worker(work), Some(lease)) = (&run.definition.transport, &latest.lease) {
            let extended = clock.plus(work.lease_ms).max(lease.until);
            until = Some(goes_on(extended));
            self.emit(Event::LeaseExtended { run_id: run_id.clone(), number: latest.number, until: extended });
        }
        // What has ended, or has said how it ended, is not waited for any longer.
        let works = latest.state != AttemptState::Ended && latest.outcome.is_none();
        let length = run.definition.outcome_deadline_ms().filter(|_| works);
        if let (Some(before), Some(length)) = (deadline, length) {
            let deadline = clock.plus(length).max(*before);
            if deadline != *before {
                self.emit(Event::DeadlineMoved { run_id: run_id.clone(), deadline });
            }
            until = until.or(Some(goes_on(deadline)));
        }
        Answer::Extended { until }
    }

    /// Given back undone: there to be claimed again at once, with the next number.
    pub fn release(&mut self, run_id: &RunId, presented: Option<u32>, worker: Option<&str>, words: &str) -> Answer {
        let run = match self.live_for(run_id, presented, worker) {
            Ok(run) => run,
            Err(refusal) => return refusal,
        };
        let Some(lease) = &run.latest().lease.clone().filter(|_| matches!(run.phase, Phase::AwaitingOutcome { .. }))
        else {
            return refused(
                RefusalCode::NotClaimed,
                "This execution is not claimed, so there is nothing to give back.",
            );
        };
        let said = if words.is_empty() { String::new() } else { format!(": {words}") };
        let words = format!("given back by {}{said}", lease.worker);
        self.give_up(&run, words, true);
        Answer::Done
    }

    /// A lease that nobody extended.
    pub fn lease_lapsed(&mut self, run: &Run) {
        let Some(lease) = &run.latest().lease else { return };
        let length = match &run.definition.transport {
            Transport::Worker(work) => length_in_words(work.lease_ms),
            Transport::Webhook(_) | Transport::Command(_) | Transport::Watch => String::new(),
        };
        let words = format!("claimed by {}, and no sign of life for {length}", lease.worker);
        self.give_up(run, words, false);
    }

    /// Nobody came for it in time.
    pub fn offer_lapsed(&mut self, run: &Run) {
        let number = run.latest().number;
        let within = length_in_words(run.definition.delivery.timeout_ms);
        if run.definition.transport.is_watch() {
            let words = format!("no ping within {within}");
            self.emit_failed(run, number, words, None, None);
            self.end_run(run, crate::run::Verdict::Silent, false, Vec::new());
        } else {
            self.fail_for_good(run, number, format!("no worker claimed it within {within}"));
        }
    }

    /// `blameless`: it does not count against `max_attempts`.
    fn give_up(&mut self, run: &Run, words: String, blameless: bool) {
        let number = run.latest().number;
        let again = blameless || run.tries_used() < run.definition.retry.max_attempts;
        if !again {
            return self.fail_for_good(run, number, words);
        }
        if blameless {
            self.lose_attempt(&run.id, number, &words);
        } else {
            self.emit_failed(run, number, words, None, Some(self.now));
        }
        if let Some(run) = self.run(&run.id) {
            self.next_attempt(&run);
        }
    }

    /// The run, if it is live and this caller may speak for its latest attempt.
    fn live_for(
        &self,
        run_id: &RunId,
        presented: Option<u32>,
        worker: Option<&str>,
    ) -> Result<std::sync::Arc<Run>, Answer> {
        let Some(run) = self.run(run_id) else {
            return Err(refused(RefusalCode::NotFound, format!("There is no execution {run_id}.")));
        };
        let latest = run.latest();
        if let Some(number) = presented.filter(|number| *number != latest.number) {
            let message = format!("Attempt {number} was superseded by attempt {}.", latest.number);
            return Err(refused(RefusalCode::AttemptSuperseded, message));
        }
        if !run.is_live() {
            return Err(refused(RefusalCode::NotClaimed, "This execution has ended."));
        }
        if run.checking.is_some() {
            let message = "The work of this execution is over; the tower looks whether it was done.";
            return Err(refused(RefusalCode::NotClaimed, message));
        }
        match (&latest.lease, worker) {
            (Some(lease), Some(worker)) if lease.worker != worker => {
                Err(refused(RefusalCode::NotOwner, format!("The worker {} has this execution.", lease.worker)))
            }
            _ => Ok(run),
        }
    }

    /// When the budget of time of this attempt is spent.
    pub fn fuse_of(&self, run: &Run) -> Option<Ms> {
        let length = run.definition.budget.duration_ms?;
        let lives_on = run.definition.restart() == crate::cue::Restart::Never;
        Some(run.fuse_at.filter(|_| lives_on).unwrap_or(run.clock(self.now).plus(length)))
    }
}
