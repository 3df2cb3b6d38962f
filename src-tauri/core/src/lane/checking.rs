//! The tower has a look itself before it believes a success: the checks of a cue begin, and what they show decides.

use crate::check::Proof;
use crate::effect::Effect;
use crate::event::Event;
use crate::expect::Finding;
use crate::id::RunId;
use crate::input::{Answer, RefusalCode};
use crate::lane::decide::{Draft, refused, verdict_of};
use crate::lane::evidence::looked_at_again;
use crate::run::{Run, Verdict};

impl Draft<'_> {
    /// `late`: the run had ended; `findings`: what its report shows by itself.
    pub fn begin_checks(&mut self, run: &Run, late: bool, findings: Vec<Finding>) {
        let (run_id, number) = (run.id.clone(), run.latest().number);
        let recalled = late.then(|| Box::new(run.clone()));
        self.emit(Event::ChecksBegan { run_id: run_id.clone(), number, late, findings, recalled });
        self.effects.push(Effect::Check { run_id, number });
    }

    /// What the checks showed. Word of a look that nobody waits for any more changes nothing.
    pub fn checked(&mut self, run_id: &RunId, number: u32, proofs: &[Proof]) -> Answer {
        let Some(run) = self.run(run_id) else { return Answer::Done };
        let Some(checking) = run.checking.as_ref().filter(|checking| checking.number == number) else {
            return Answer::Done;
        };
        let mut findings = checking.findings.clone();
        findings.extend(proofs.iter().map(Finding::from));
        // Made by an older tower: what was asked for and not looked at is not proven.
        let all_looked_at = proofs.len() >= run.definition.checks.len();
        let verdict = if all_looked_at { verdict_of(&findings) } else { Verdict::Refuted };
        let verified = run.verification.is_some() && !run.is_held_for_verification();
        match run.verdict() {
            None => drop(self.end_run(&run, verdict, false, findings)),
            // Looked at again, and still not so; or somebody has said meanwhile how it is.
            Some(Verdict::Refuted) if verdict == Verdict::Refuted || verified => {
                self.emit(Event::ChecksEnded { run_id: run_id.clone(), findings });
            }
            Some(Verdict::Silent | Verdict::Failed | Verdict::Refuted) => {
                self.end_run(&run, verdict, true, findings);
            }
            Some(Verdict::Confirmed | Verdict::Claimed | Verdict::Stopped | Verdict::Cancelled) => {
                self.emit(Event::ChecksEnded { run_id: run_id.clone(), findings: run.findings.clone() });
            }
        }
        Answer::Done
    }

    /// The owner wants a refuted run looked at again: what was missing may be there by now.
    pub fn check_again(&mut self, run_id: &RunId) -> Answer {
        let Some(run) = self.run(run_id) else {
            return refused(RefusalCode::NotFound, format!("There is no execution {run_id}."));
        };
        if run.checking.is_some() {
            return refused(RefusalCode::InvalidState, "It is being looked at already.");
        }
        if run.definition.checks.is_empty() {
            return refused(
                RefusalCode::InvalidState,
                "Its cue had no checks when it ran, so there is nothing to look at.",
            );
        }
        if run.verdict() != Some(Verdict::Refuted) || run.verification.is_some() {
            let message = "Only a run that was refuted by what was found is looked at again.";
            return refused(RefusalCode::InvalidState, message);
        }
        let known = run.outcome().map(|(_, reported)| reported.outcome.clone());
        let mut findings = match &known {
            Some(outcome) => looked_at_again(&run, outcome, self.now),
            None => run.findings.clone(),
        };
        findings.retain(|finding| finding.look.is_none());
        self.begin_checks(&run, true, findings);
        Answer::Done
    }

    /// After a start: whoever was looking went with the tower.
    pub fn check_once_more(&mut self) {
        let checking = self.lane.runs.values().filter_map(|run| Some((run.id.clone(), run.checking.as_ref()?.number)));
        // Of some it was found out only now that they are to be looked at.
        let effects = checking
            .map(|(run_id, number)| Effect::Check { run_id, number })
            .filter(|effect| !self.effects.contains(effect));
        let effects: Vec<Effect> = effects.collect();
        self.effects.extend(effects);
    }

    /// Its cue is deleted: nobody would hear what is found of a run that had ended. One that had not is cancelled.
    pub fn give_up_checks(&mut self) {
        let ended = self.lane.runs.values().filter(|run| !run.is_live() && run.checking.is_some());
        for (run_id, findings) in ended.map(|run| (run.id.clone(), run.findings.clone())).collect::<Vec<_>>() {
            self.emit(Event::ChecksEnded { run_id, findings });
        }
    }
}
