//! What became of a delivery, told by the engine. An outcome proves delivery: it overrides a time-out or 5xx of the same attempt.

use crate::attempt::{Attempt, AttemptState, Usage};
use crate::cue::{Confirm, DEADLINE_AFTER_EXIT_MS, Transport, Unanswered};
use crate::effect::Effect;
use crate::event::Event;
use crate::expect::Finding;
use crate::id::RunId;
use crate::input::{Answer, DeliveryResult, Exit};
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
        let reported = attempt.outcome.is_some() && run.definition.confirm.is_by_report();
        let decided = reported && !self.reported_and_lives(&run);
        let settled = decided || attempt.state == AttemptState::Lost || !run.is_live() || run.latest().number != number;
        match result {
            // Its end will be told.
            DeliveryResult::Started { .. } if settled => {}
            DeliveryResult::Ready if settled => {}
            DeliveryResult::Unready { words, .. } if settled => self.note(&run, number, words, None),
            DeliveryResult::Ready => self.offer(&run, number),
            DeliveryResult::Unready { words, hold } => self.unready(&run, number, words, *hold),
            DeliveryResult::Started { pid } => {
                let words = format!("started as process {pid}");
                self.delivered(&run, number, true, words, None, Some(*pid));
            }
            DeliveryResult::Exited(exit) => {
                if !was_told(attempt, exit) {
                    self.exited(&run, number, exit);
                }
                self.effects.push(Effect::Forget { run_id: run_id.clone(), number });
            }
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
            // One that asks its owner in the middle of it is at work, and may do what it was allowed.
            DeliveryResult::Unanswered { words }
                if run.definition.delivery.unanswered == Unanswered::Wait || run.asked_its_owner() =>
            {
                self.delivered(&run, number, false, words.clone(), None, None);
            }
            DeliveryResult::Answered { status, words, retry_after_ms, .. } => {
                self.fail_attempt(&run, number, words.clone(), Some(*status), *retry_after_ms);
            }
            DeliveryResult::Unanswered { words } | DeliveryResult::NotDelivered { words } => {
                self.fail_attempt(&run, number, words.clone(), None, None);
            }
        }
        Answer::Done
    }

    pub fn delivered(
        &mut self,
        run: &Run,
        number: u32,
        answered: bool,
        words: String,
        http_status: Option<u16>,
        pid: Option<u32>,
    ) {
        let deadline = run.definition.outcome_deadline_ms().map(|length| run.clock(self.now).plus(length));
        let said = words.clone();
        self.emit(Event::AttemptDelivered {
            run_id: run.id.clone(),
            number,
            answered,
            words,
            http_status,
            pid,
            deadline,
            fuse: self.fuse_of(run),
        });
        if answered && run.definition.confirm == Confirm::Delivery && run.checking.is_none() {
            self.conclude(run, None, &Finding::of("Delivered", true, said), false);
        }
    }

    pub fn exited(&mut self, run: &Run, number: u32, exit: &Exit) {
        let latest = run.latest();
        let current = latest.number == number && latest.state != AttemptState::Lost;
        let by_exit = run.definition.confirm == Confirm::ExitCode;
        let ok = exit.exit_code == Some(0);
        // Its success is being looked at; that its process is gone is known now.
        if run.checking.is_some() {
            return self.exit_noted(run, number, exit, None);
        }
        match run.verdict() {
            None if current && latest.restart.is_some() => self.restarted(run, number, exit),
            None if current && run.definition.restart().holds(ok) => self.restart(run, number, exit),
            None if current && by_exit && ok => self.concluded_by_exit(run, number, exit, false),
            None if current && ok && latest.outcome.is_none() && run.definition.confirm == Confirm::Checks => {
                self.concluded_by_exit(run, number, exit, false);
            }
            Some(Verdict::Silent) if current && by_exit => self.concluded_by_exit(run, number, exit, true),
            None if current && self.reported_and_lives(run) => self.concluded_at_its_end(run, number, exit),
            None if current && !ok && (by_exit || latest.outcome.is_none()) => self.fail_exited(run, number, exit),
            None | Some(_) => {
                let deadline = run.clock(self.now).plus(run.definition.deadline_after_exit_ms());
                self.exit_noted(run, number, exit, Some(deadline));
            }
        }
    }

    fn concluded_by_exit(&mut self, run: &Run, number: u32, exit: &Exit, late: bool) {
        self.exit_noted(run, number, exit, None);
        let ok = exit.exit_code == Some(0);
        let finding = Finding::of("Ends with exit code 0", ok, exit.words.clone());
        if ok {
            let outcome = run.latest().outcome.as_ref().map(|reported| &reported.outcome);
            self.conclude(run, outcome, &finding, late);
        } else {
            self.end_run(run, Verdict::Failed, late, vec![finding]);
        }
    }

    /// Its outcome is there, and what follows from it waits for the end of the process: two of one run must never be at work.
    pub fn reported_and_lives(&self, run: &Run) -> bool {
        let reported = run.latest().outcome.is_some() && run.definition.confirm.is_by_report();
        reported && run.checking.is_none() && run.is_live() && run.may_have_a_process()
    }

    fn concluded_at_its_end(&mut self, run: &Run, number: u32, exit: &Exit) {
        let Some(outcome) = run.latest().outcome.as_ref().map(|reported| &reported.outcome) else { return };
        if !outcome.success && self.is_tried_again(run) {
            let exit = Exit { words: format!("{}; {}", failure_in_words(outcome), exit.words), ..exit.clone() };
            return self.fail_exited(run, number, &exit);
        }
        self.exit_noted(run, number, exit, None);
        if outcome.success {
            self.conclude(run, Some(outcome), &Finding::of("Reported success", true, "reported"), false);
        } else {
            self.end_run(run, Verdict::Failed, false, Vec::new());
        }
    }

    pub fn exit_noted(&mut self, run: &Run, number: u32, exit: &Exit, deadline: Option<crate::Ms>) {
        let Exit { exit_code, words, usage } = exit.clone();
        self.emit(Event::AttemptExited { run_id: run.id.clone(), number, words, exit_code, deadline, usage });
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
        retry_after_ms: Option<u64>,
    ) {
        let retry_at = self.retry_at(run, retry_after_ms);
        self.emit_failed(run, number, words, http_status, retry_at);
        if retry_at.is_none() {
            self.end_run(run, Verdict::Failed, false, Vec::new());
        }
    }

    /// Another try would be no different.
    pub fn fail_for_good(&mut self, run: &Run, number: u32, words: String) {
        self.emit_failed(run, number, words, None, None);
        self.end_run(run, Verdict::Failed, false, Vec::new());
    }

    fn fail_exited(&mut self, run: &Run, number: u32, exit: &Exit) {
        let retry_at = self.retry_at(run, None);
        let Exit { exit_code, words, usage } = exit.clone();
        let run_id = run.id.clone();
        let http_status = None;
        self.emit(Event::AttemptFailed { run_id, number, words, http_status, exit_code, lost: false, retry_at, usage });
        if retry_at.is_none() {
            self.end_run(run, Verdict::Failed, false, Vec::new());
        }
    }

    pub fn emit_failed(
        &mut self,
        run: &Run,
        number: u32,
        words: String,
        http_status: Option<u16>,
        retry_at: Option<crate::Ms>,
    ) {
        self.emit(Event::AttemptFailed {
            run_id: run.id.clone(),
            number,
            words,
            http_status,
            exit_code: None,
            lost: false,
            retry_at,
            usage: Usage::default(),
        });
    }

    /// When the next try begins; None: there is none. What somebody else starts is not tried again by the tower.
    fn retry_at(&mut self, run: &Run, retry_after_ms: Option<u64>) -> Option<crate::Ms> {
        let retry = &run.definition.retry;
        if run.tries_used() >= retry.max_attempts || run.definition.transport.is_watch() {
            return None;
        }
        let wait = retry.wait_after_ms(run.tries_used()).max(retry_after_ms.unwrap_or(0).min(RETRY_AFTER_MAX_MS));
        // Up to a tenth more, so that a fleet that failed together does not come back together.
        Some(self.now.plus(wait + self.dice.throw() % (wait / 10 + 1)))
    }

    /// A reported failure ends the run, or is retried if the cue asks for that.
    pub fn failed_outcome(&mut self, run: &Run, number: u32, outcome: &Outcome, late: bool) -> Option<Verdict> {
        if late || !self.is_tried_again(run) {
            self.end_run(run, Verdict::Failed, late, Vec::new());
            return Some(Verdict::Failed);
        }
        if run.may_have_a_process() {
            // It is about to end; the next one begins after that.
            let deadline = self.now.plus(run.definition.deadline_after_exit_ms());
            self.emit(Event::DeadlineMoved { run_id: run.id.clone(), deadline });
        } else {
            self.fail_attempt(run, number, failure_in_words(outcome), None, None);
        }
        None
    }

    fn is_tried_again(&self, run: &Run) -> bool {
        let retry = &run.definition.retry;
        let again = retry.on_failed_outcome && !run.definition.transport.is_watch();
        again && run.tries_used() < retry.max_attempts
    }

    /// It reported long ago, and its process is still there: it is ended, so that what follows can begin. Asked again if
    /// the word of it was lost.
    pub fn end_the_process(&mut self, run: &Run) {
        let grace_ms = match &run.definition.transport {
            Transport::Command(command) => command.stop_grace_ms,
            Transport::Webhook(_) | Transport::Worker(_) | Transport::Watch => 0,
        };
        let deadline = self.now.plus(grace_ms + DEADLINE_AFTER_EXIT_MS);
        self.effects.push(Effect::Stop { run_id: run.id.clone(), number: run.latest().number, hard: false });
        self.emit(Event::DeadlineMoved { run_id: run.id.clone(), deadline });
    }
}

fn failure_in_words(outcome: &Outcome) -> String {
    match &outcome.error {
        Some(error) => format!("reported failure: {error}"),
        None => "reported failure".to_owned(),
    }
}

/// The end of a process is told once more after a crash, if its traces were still there.
fn was_told(attempt: &Attempt, exit: &Exit) -> bool {
    let ended = matches!(attempt.state, AttemptState::Ended | AttemptState::Failed) && attempt.ended_at.is_some();
    ended && attempt.exit_code == exit.exit_code && attempt.words.ends_with(&exit.words)
}
