//! What somebody says who looked at what a run did. The run has ended by then: nobody having looked yet keeps nothing from going on.

use crate::event::Event;
use crate::id::RunId;
use crate::input::{Answer, RefusalCode};
use crate::lane::decide::{Draft, refused};
use crate::run::{Run, Verdict, Verification};
use crate::verdicts;

impl Draft<'_> {
    /// It is so (`confirmed`), or it is not (`refuted`).
    pub fn verify(&mut self, run_id: &RunId, valid: bool, by: &str, reason: Option<&str>) -> Answer {
        let Some(run) = self.run(run_id) else {
            return refused(RefusalCode::NotFound, format!("There is no execution {run_id}."));
        };
        let Some(before) = run.verdict().filter(|verdict| may_be_verified(&run, *verdict)) else {
            let state = verdicts::outcome_state(&run).unwrap_or("None");
            return refused(RefusalCode::InvalidState, format!("Cannot verify from state '{state}'"));
        };
        let verdict = if valid { Verdict::Confirmed } else { Verdict::Refuted };
        let held = run.is_held_for_verification();
        // What came late ended once before, as a failure, and that was followed: the same is not brought about again.
        let (follows, revises) = match (held, run.revised) {
            (true, false) => (true, None),
            (true, true) => (valid, Some(Verdict::Silent)),
            (false, revised) => (before.is_good() != valid && !revised, Some(before)),
        };
        self.emit(Event::RunVerified {
            run_id: run_id.clone(),
            valid,
            by: by.to_owned(),
            reason: reason.map(str::to_owned),
            verdict,
            follows,
            revises,
        });
        if follows {
            self.follow_up(&run, verdict);
        }
        self.finish_once(verdict);
        Answer::Recorded { verdict: Some(verdict), reason: reason.map(str::to_owned), waits: false }
    }

    /// From now on somebody is to look at it. What followed from its end stands.
    pub fn ask_verification(&mut self, run_id: &RunId) -> Answer {
        let Some(run) = self.run(run_id) else {
            return refused(RefusalCode::NotFound, format!("There is no execution {run_id}."));
        };
        if run.outcome().is_none() {
            return refused(RefusalCode::NoOutcome, "No outcome recorded yet");
        }
        if let Some(verdict) = run.verdict().filter(|verdict| verdict.is_called_off()) {
            let message = format!("This run was {}; there is nothing to verify.", verdict.word());
            return refused(RefusalCode::InvalidState, message);
        }
        if !matches!(run.verification, Some(Verification::Waiting { .. })) {
            self.emit(Event::VerificationAsked { run_id: run_id.clone() });
        }
        Answer::Recorded { verdict: run.verdict(), reason: None, waits: true }
    }
}

fn may_be_verified(run: &Run, verdict: Verdict) -> bool {
    match (&run.verification, verdict) {
        (_, Verdict::Stopped | Verdict::Cancelled) => false,
        (Some(Verification::Waiting { .. }), _) | (_, Verdict::Claimed) => true,
        (_, Verdict::Failed) => run.outcome().is_some_and(|(_, reported)| !reported.outcome.success),
        (_, Verdict::Confirmed | Verdict::Refuted | Verdict::Silent) => false,
    }
}
