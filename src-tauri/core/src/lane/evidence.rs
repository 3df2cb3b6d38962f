//! What is shown for a run after its outcome was recorded, and which session says that it has the run.

use crate::event::Event;
use crate::expect::{self, Finding};
use crate::id::RunId;
use crate::input::{Answer, RefusalCode};
use crate::lane::decide::{Draft, refused};
use crate::lane::report::answer;
use crate::outcome::{Evidence, Outcome};
use crate::run::{Run, Verdict};

impl Draft<'_> {
    /// Laid over the outcome that the run shows. A run that was refuted only for want of it is confirmed, late.
    pub fn add_evidence(&mut self, run_id: &RunId, presented: Option<u32>, evidence: &Evidence) -> Answer {
        let Some(run) = self.run(run_id) else {
            return refused(RefusalCode::NotFound, format!("There is no execution {run_id}."));
        };
        let Some((attempt, reported)) = run.outcome() else {
            return refused(RefusalCode::NoOutcome, "Report outcome first before appending evidence");
        };
        if let Some(number) = presented.filter(|number| *number != attempt.number) {
            let message = format!("The outcome is that of attempt {}, and this is attempt {number}.", attempt.number);
            return self.refuse_report(&run, presented, RefusalCode::AttemptSuperseded, message);
        }
        let whole = reported.outcome.with(evidence);
        let most = Outcome::METADATA_BYTES_MAX;
        if whole.metadata.to_string().len() > most {
            return refused(RefusalCode::Invalid, format!("The metadata would have more than {most} bytes of JSON."));
        }
        if whole == reported.outcome {
            return answer(run.verdict(), &run);
        }
        let findings = looked_at_again(&run, &whole, self.now);
        let proven = findings.iter().all(|finding| finding.passed) && whole.success;
        self.emit(Event::EvidenceAdded {
            run_id: run_id.clone(),
            number: attempt.number,
            evidence: Box::new(evidence.clone()),
            findings: findings.clone(),
        });
        let refuted = run.verdict() == Some(Verdict::Refuted) && run.checking.is_none();
        if refuted && run.verification.is_none() && proven {
            self.end_run(&run, Verdict::Confirmed, true, findings);
        }
        match self.run(run_id) {
            Some(run) => answer(run.verdict(), &run),
            None => Answer::Done,
        }
    }

    /// Written once: the same session may say it again, another is refused.
    pub fn live_claim(&mut self, run_id: &RunId, session: &str) -> Answer {
        let Some(run) = self.run(run_id) else {
            return refused(RefusalCode::NotFound, format!("There is no execution {run_id}."));
        };
        match &run.live_claim {
            Some(claim) if claim.session == session => Answer::LiveClaimed { at: claim.at },
            Some(_) => {
                let message = "Execution already has a live-claim attestation from a different session token";
                refused(RefusalCode::AlreadyAttested, message)
            }
            None => {
                self.emit(Event::LiveClaimed { run_id: run_id.clone(), session: session.to_owned() });
                Answer::LiveClaimed { at: self.now }
            }
        }
    }
}

/// What was found of a run, with what its outcome now shows in place of what it showed.
pub(super) fn looked_at_again(run: &Run, outcome: &Outcome, now: crate::Ms) -> Vec<Finding> {
    let now = expect::findings(&run.expect(), &run.judged_by(outcome, now));
    let newer = |finding: &Finding| now.iter().find(|again| again.claim == finding.claim).cloned();
    let before = run.checking.as_ref().map_or(&run.findings, |checking| &checking.findings);
    before.iter().map(|finding| newer(finding).unwrap_or_else(|| finding.clone())).collect()
}
