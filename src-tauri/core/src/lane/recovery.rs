//! After an absence of the tower: nothing armed is forgotten, nothing under way is believed, and clocks that stood still go on.

use std::sync::Arc;

use crate::Ms;
use crate::attempt::AttemptState;
use crate::event::Event;
use crate::id::RunId;
use crate::input::Answer;
use crate::lane::decide::Draft;
use crate::run::{Phase, Run};
use crate::time::SECOND_MS;

/// Around the last instant a killed tower is known to have been up, an armed delivery may have gone out unrecorded.
const UNKNOWN_FATE_MS: u64 = 10_000;
/// After a gap, deadlines leave at least this.
const AFTER_GAP_MS: u64 = 5 * SECOND_MS;

impl Draft<'_> {
    pub fn recovered(&mut self, alive_at: Ms, orderly: bool, firing: bool) -> Answer {
        for run in self.lane.live_runs().cloned().collect::<Vec<_>>() {
            self.recover_run(&run, alive_at);
        }
        let doubtful = |armed: &&crate::occurrence::Armed| {
            let near = !orderly && armed.due <= alive_at.plus(UNKNOWN_FATE_MS);
            armed.due <= self.now && near && self.kept_back_when_due(armed, firing).is_none()
        };
        let due: Vec<_> = self.lane.armed.iter().filter(doubtful).cloned().collect();
        for armed in due {
            self.begin(&armed);
            self.lose_attempt(&armed.run_id, 1, "the tower was killed around its due instant");
        }
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
                let gap = i64::try_from(self.now.since(alive_at)).unwrap_or(i64::MAX);
                self.move_deadline(run, *deadline, gap);
            }
            Phase::AwaitingOutcome { deadline: None } | Phase::WaitingRetry { .. } | Phase::Ended { .. } => {}
        }
    }

    /// The machine slept, or its clock was set, while the tower was up.
    pub fn shifted(&mut self, slept_ms: u64, stepped_ms: i64) -> Answer {
        let slept = i64::try_from(slept_ms).unwrap_or(i64::MAX);
        let live: Vec<Arc<Run>> = self.lane.live_runs().cloned().collect();
        for run in live {
            match &run.phase {
                Phase::AwaitingOutcome { deadline: Some(deadline) } => {
                    self.move_deadline(&run, *deadline, slept.saturating_add(stepped_ms));
                }
                // Sleep counts for a backoff: whoever was to be left alone was.
                Phase::WaitingRetry { at } if stepped_ms != 0 => {
                    let retry_at = Ms(at.0.saturating_add(stepped_ms));
                    self.emit(Event::RetryMoved { run_id: run.id.clone(), retry_at });
                }
                Phase::AwaitingOutcome { deadline: None }
                | Phase::WaitingRetry { .. }
                | Phase::Delivering
                | Phase::Ended { .. } => {}
            }
        }
        Answer::Done
    }

    fn move_deadline(&mut self, run: &Run, deadline: Ms, by_ms: i64) {
        let length = run.definition.outcome_deadline_ms().unwrap_or(AFTER_GAP_MS);
        let moved = Ms(deadline.0.saturating_add(by_ms)).max(self.now.plus(length.min(AFTER_GAP_MS)));
        if moved != deadline {
            self.emit(Event::DeadlineMoved { run_id: run.id.clone(), deadline: moved });
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
