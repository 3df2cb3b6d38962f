//! What an agent reports. Write-once per attempt; the past is fenced off.

use crate::cue::{Confirm, Restart};
use crate::event::Event;
use crate::expect::Finding;
use crate::id::RunId;
use crate::input::{Answer, RefusalCode};
use crate::lane::decide::{Draft, refused};
use crate::outcome::Outcome;
use crate::run::{HeldBy, Phase, Run, Verdict, Verification};

impl Draft<'_> {
    /// `presented`: the attempt whose token the reporter holds; a reporter with none speaks for the latest.
    pub fn report(&mut self, run_id: &RunId, presented: Option<u32>, outcome: &Outcome) -> Answer {
        let Some(run) = self.run(run_id) else {
            return refused(RefusalCode::NotFound, format!("There is no execution {run_id}."));
        };
        let latest = run.latest().number;
        let number = presented.unwrap_or(latest);
        if let Some(verdict @ (Verdict::Stopped | Verdict::Cancelled)) = run.verdict() {
            let message = format!("This run was {}; its outcome no longer counts.", verdict.word());
            return self.refuse_report(&run, presented, RefusalCode::RunStopped, message);
        }
        let Some(attempt) = run.attempt(number) else {
            let message = format!("This run has no attempt {number}; its latest is {latest}.");
            return self.refuse_report(&run, presented, RefusalCode::Invalid, message);
        };
        if let Some(reported) = &attempt.outcome {
            if reported.as_reported() == outcome {
                return answer(run.verdict(), &run);
            }
            let message = "Another outcome is recorded for this attempt already; outcomes are written once.";
            return self.refuse_report(&run, presented, RefusalCode::OutcomeAlreadyRecorded, message.to_owned());
        }
        if number < latest {
            let message = format!("Attempt {number} was superseded by attempt {latest}.");
            return self.refuse_report(&run, presented, RefusalCode::AttemptSuperseded, message);
        }
        if matches!(run.phase, Phase::Held { by: HeldBy::Gate, .. }) {
            let message = "Nothing was delivered: this run waits for its owner's yes.".to_owned();
            return self.refuse_report(&run, presented, RefusalCode::NotDelivered, message);
        }
        if outcome.says_live() && run.live_claim.is_none() {
            let message = "The outcome says that a live session did it (metadata.executed_via), and no session has said that it has this execution. Send its live-claim first.";
            return self.refuse_report(&run, presented, RefusalCode::LiveClaimUnattested, message.to_owned());
        }
        self.take_report(&run, number, outcome)
    }

    fn take_report(&mut self, run: &Run, number: u32, outcome: &Outcome) -> Answer {
        let late = !run.is_live();
        let outcome_event =
            Event::OutcomeReported { run_id: run.id.clone(), number, late, outcome: Box::new(outcome.clone()) };
        self.emit(outcome_event);
        self.next_run_asked(&run.id, outcome);
        let decides = match (run.definition.confirm, run.verdict()) {
            // A long-lived agent says how it stands, and lives on, or is started again.
            _ if run.checking.is_some() => false,
            (Confirm::Outcome | Confirm::Checks, None) => {
                let over = matches!(run.phase, Phase::AwaitingOutcome { .. }) && !run.may_have_a_process();
                run.definition.restart() == Restart::Never || over
            }
            (Confirm::Delivery, None) => {
                let delivered = Finding::of("Delivered", true, "an outcome was reported");
                let verdict = self.conclude(run, None, &delivered, false);
                let waits = run.definition.expect.manual && verdict.is_some_and(Verdict::is_good);
                return Answer::Recorded { verdict, reason: None, waits: waits || verdict.is_none() };
            }
            // The exit code decides; the outcome is kept beside it.
            (Confirm::ExitCode, None) => false,
            (_, Some(Verdict::Silent | Verdict::Failed)) => true,
            (
                _,
                Some(Verdict::Confirmed | Verdict::Claimed | Verdict::Refuted | Verdict::Stopped | Verdict::Cancelled),
            ) => false,
        };
        if !decides {
            return answer(run.verdict(), run);
        }
        let verdict = if outcome.success {
            self.conclude(run, Some(outcome), &Finding::of("Reported success", true, "reported"), late)
        } else {
            self.failed_outcome(run, number, outcome, late)
        };
        match self.run(&run.id) {
            Some(run) => answer(verdict, &run),
            None => Answer::Recorded { verdict, reason: None, waits: false },
        }
    }

    pub(super) fn refuse_report(
        &mut self,
        run: &Run,
        presented: Option<u32>,
        code: RefusalCode,
        message: String,
    ) -> Answer {
        self.emit(Event::ReportRefused { run_id: run.id.clone(), attempt: presented, reason: message.clone() });
        refused(code, message)
    }
}

pub(super) fn answer(verdict: Option<Verdict>, run: &Run) -> Answer {
    let failed = run.findings.iter().find(|finding| !finding.passed);
    let reason = failed.map(|finding| format!("{}: {}", finding.claim, finding.found));
    let verdict = verdict.or(match &run.phase {
        Phase::Ended { verdict, .. } => Some(*verdict),
        Phase::Held { .. }
        | Phase::Offered { .. }
        | Phase::Delivering
        | Phase::AwaitingOutcome { .. }
        | Phase::WaitingRetry { .. } => None,
    });
    let waits = run.checking.is_some() || matches!(run.verification, Some(Verification::Waiting { .. }));
    Answer::Recorded { verdict, reason, waits }
}
