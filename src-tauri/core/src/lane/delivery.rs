//! What became of a delivery, told by the engine. An outcome proves delivery: it overrides a time-out or 5xx of the same attempt.

use crate::attempt::AttemptState;
use crate::cue::{Confirm, Unanswered};
use crate::event::Event;
use crate::expect::Finding;
use crate::id::RunId;
use crate::input::{Answer, DeliveryResult};
use crate::lane::decide::Draft;
use crate::outcome::Outcome;
use crate::run::{Run, Verdict};
use crate::time::HOUR_MS;

const RETRY_AFTER_MAX_MS: u64 = 24 * HOUR_MS;

impl Draft<'_> {
    pub fn delivery(&mut self, run_id: &RunId, number: u32, result: &DeliveryResult) -> Answer {
        let Some(run) = self.run(run_id) else { return Answer::Done };
        let Some(attempt) = run.attempt(number) else { return Answer::Done };
        // Where the exit code decides, an outcome settles nothing.
        let decided = attempt.outcome.is_some() && run.definition.confirm == Confirm::Outcome;
        let settled = decided || attempt.state == AttemptState::Lost || !run.is_live() || run.latest().number != number;
        match result {
            DeliveryResult::Started { pid } if settled => {
                self.note(&run, number, &format!("started as process {pid}"), None)
            }
            DeliveryResult::Started { pid } => {
                let words = format!("started as process {pid}");
                self.delivered(&run, number, true, words, None, Some(*pid));
            }
            DeliveryResult::Exited { exit_code, words } => self.exited(&run, number, *exit_code, words),
            DeliveryResult::Answered { status, words, outcome, .. } if settled => {
                self.note(&run, number, words, Some(*status));
                // An outcome that was posted wins over the one in the answer; one of a superseded attempt is refused and recorded.
                if let (Some(outcome), true) = (outcome, attempt.outcome.is_none()) {
                    self.report(run_id, Some(number), outcome);
                }
            }
            DeliveryResult::Unanswered { words } | DeliveryResult::NotDelivered { words } if settled => {
                self.note(&run, number, words, None);
            }
            DeliveryResult::Answered { status, words, outcome, .. } if (200..300).contains(status) => {
                self.delivered(&run, number, true, words.clone(), Some(*status), None);
                if let Some(outcome) = outcome {
                    self.report(run_id, Some(number), outcome);
                }
            }
            DeliveryResult::Unanswered { words } if run.definition.delivery.unanswered == Unanswered::Wait => {
                self.delivered(&run, number, false, words.clone(), None, None);
            }
            DeliveryResult::Answered { status, words, retry_after_ms, .. } => {
                self.fail_attempt(&run, number, words.clone(), Some(*status), None, *retry_after_ms);
            }
            DeliveryResult::Unanswered { words } | DeliveryResult::NotDelivered { words } => {
                self.fail_attempt(&run, number, words.clone(), None, None, None);
            }
        }
        Answer::Done
    }

    fn delivered(
        &mut self,
        run: &Run,
        number: u32,
        answered: bool,
        words: String,
        http_status: Option<u16>,
        pid: Option<u32>,
    ) {
        let deadline = run.definition.outcome_deadline_ms().map(|length| self.now.plus(length));
        let said = words.clone();
        self.emit(Event::AttemptDelivered {
            run_id: run.id.clone(),
            number,
            answered,
            words,
            http_status,
            pid,
            deadline,
        });
        if answered && run.definition.confirm == Confirm::Delivery {
            let finding = Finding { claim: "Delivered".into(), passed: true, found: said };
            self.conclude(run, None, &finding, false);
        }
    }

    fn exited(&mut self, run: &Run, number: u32, exit_code: Option<i32>, words: &str) {
        let latest = run.latest();
        let current = latest.number == number && latest.state != AttemptState::Lost;
        let by_exit = run.definition.confirm == Confirm::ExitCode;
        let ok = exit_code == Some(0);
        match run.verdict() {
            None if current && by_exit && ok => self.concluded_by_exit(run, number, exit_code, words, false),
            Some(Verdict::Silent) if current && by_exit => self.concluded_by_exit(run, number, exit_code, words, true),
            None if current && !ok && (by_exit || latest.outcome.is_none()) => {
                self.fail_attempt(run, number, words.to_owned(), None, exit_code, None);
            }
            None | Some(_) => {
                let deadline = self.now.plus(run.definition.deadline_after_exit_ms());
                self.exit_noted(run, number, exit_code, words, Some(deadline));
            }
        }
    }

    fn concluded_by_exit(&mut self, run: &Run, number: u32, exit_code: Option<i32>, words: &str, late: bool) {
        self.exit_noted(run, number, exit_code, words, None);
        let ok = exit_code == Some(0);
        let finding = Finding { claim: "Ends with exit code 0".into(), passed: ok, found: words.to_owned() };
        if ok {
            let outcome = run.latest().outcome.as_ref().map(|reported| &reported.outcome);
            self.conclude(run, outcome, &finding, late);
        } else {
            self.end_run(run, Verdict::Failed, late, vec![finding]);
        }
    }

    fn exit_noted(&mut self, run: &Run, number: u32, exit_code: Option<i32>, words: &str, deadline: Option<crate::Ms>) {
        let words = words.to_owned();
        self.emit(Event::AttemptExited { run_id: run.id.clone(), number, words, exit_code, deadline });
    }

    /// Word of a delivery whose fate is settled already: kept, and nothing follows.
    fn note(&mut self, run: &Run, number: u32, words: &str, http_status: Option<u16>) {
        let Some(attempt) = run.attempt(number) else { return };
        self.emit(Event::AttemptNoted {
            run_id: run.id.clone(),
            number,
            words: words.to_owned(),
            http_status: http_status.or(attempt.http_status),
        });
    }

    /// The attempt came to nothing: the next one by the backoff, or the end.
    pub fn fail_attempt(
        &mut self,
        run: &Run,
        number: u32,
        words: String,
        http_status: Option<u16>,
        exit_code: Option<i32>,
        retry_after_ms: Option<u64>,
    ) {
        let retry = &run.definition.retry;
        let again = run.tries_used() < retry.max_attempts;
        let wait = retry.wait_after_ms(run.tries_used()).max(retry_after_ms.unwrap_or(0).min(RETRY_AFTER_MAX_MS));
        // Up to a tenth more, so that a fleet that failed together does not come back together.
        let wait = wait + self.dice.throw() % (wait / 10 + 1);
        let retry_at = again.then(|| self.now.plus(wait));
        self.emit(Event::AttemptFailed {
            run_id: run.id.clone(),
            number,
            words,
            http_status,
            exit_code,
            lost: false,
            retry_at,
        });
        if !again {
            self.end_run(run, Verdict::Failed, false, Vec::new());
        }
    }

    /// A reported failure ends the run, or is retried if the cue asks for that.
    pub fn failed_outcome(&mut self, run: &Run, number: u32, outcome: &Outcome, late: bool) -> Option<Verdict> {
        let retry = &run.definition.retry;
        if !late && retry.on_failed_outcome && run.tries_used() < retry.max_attempts {
            let words = match &outcome.error {
                Some(error) => format!("reported failure: {error}"),
                None => "reported failure".to_owned(),
            };
            self.fail_attempt(run, number, words, None, None, None);
            None
        } else {
            self.end_run(run, Verdict::Failed, late, Vec::new());
            Some(Verdict::Failed)
        }
    }
}
