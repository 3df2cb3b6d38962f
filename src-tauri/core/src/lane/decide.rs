//! The way in: one input, one decision. What each input means is in the files beside this one.

use std::sync::Arc;

use crate::Ms;
use crate::cue::{Confirm, CueStatus};
use crate::effect::Effect;
use crate::event::Event;
use crate::expect::{Finding, findings};
use crate::id::{Dice, RunId};
use crate::input::{Answer, Decision, Input, Refusal, RefusalCode};
use crate::lane::Lane;
use crate::outcome::Outcome;
use crate::run::{HeldBy, Run, Verdict};

/// Decides one input. `lane` is the batch's working copy: it has taken in this decision's events when this returns.
pub fn decide(lane: &mut Lane, input: &Input, now: Ms, dice: &mut dyn Dice) -> Decision {
    let mut draft = Draft { lane, now, dice, events: Vec::new(), effects: Vec::new() };
    let answer = match input {
        Input::Edit { definition, revision } => draft.edit(definition, *revision),
        Input::Pause { until } => draft.pause(*until),
        Input::Resume => draft.resume(),
        Input::Delete => draft.delete(),
        Input::Fire(fire) => draft.fire(fire),
        Input::Triggered(triggered) => draft.triggered(triggered),
        Input::TriggerUrl { wanted } => draft.trigger_url(*wanted),
        Input::Files { seen, firing } => draft.files(seen, *firing),
        Input::Answer { occurrence_id, run } => draft.answered(occurrence_id, *run),
        Input::Tick { away, firing } => draft.tick(away, *firing),
        Input::Shifted { slept_ms, stepped_ms } => draft.shifted(*slept_ms, *stepped_ms),
        Input::Recovered { alive_at, orderly, firing, found } => draft.recovered(*alive_at, *orderly, *firing, found),
        Input::WentOut { run_id } => draft.went_out(run_id),
        Input::Delivery { run_id, number, result } => draft.delivery(run_id, *number, result),
        Input::Report { run_id, attempt, outcome } => draft.report(run_id, *attempt, outcome),
        Input::Stop { run_id } => draft.stop(run_id),
        Input::Restart { run_id, by } => draft.restart_asked(run_id, by),
        Input::Blow { run_id, most, words } => draft.blow(run_id, most.as_deref(), words),
        Input::Spent { until, words, of } => draft.budget_spent(*until, words, *of),
        Input::BudgetRaised => draft.budget_raised(),
        Input::Permitted { run_id, number } => draft.permitted(run_id, *number),
        Input::NotPermitted { run_id, number, words } => draft.not_permitted(run_id, *number, words),
        Input::Claim { run_id, worker } => draft.claim(run_id, worker),
        Input::Extend { run_id, attempt, worker } => draft.extend(run_id, *attempt, worker.as_deref()),
        Input::Release { run_id, attempt, worker, words } => draft.release(run_id, *attempt, worker.as_deref(), words),
        Input::Verify { run_id, valid, by, reason } => draft.verify(run_id, *valid, by, reason.as_deref()),
        Input::AskVerification { run_id } => draft.ask_verification(run_id),
        Input::Evidence { run_id, attempt, evidence } => draft.add_evidence(run_id, *attempt, evidence),
        Input::LiveClaim { run_id, session } => draft.live_claim(run_id, session),
        Input::StepBroke { run_id, broke } => draft.step_broke(run_id, broke),
        Input::StepMended { run_id, key } => draft.step_mended(run_id, key),
        Input::Checked { run_id, number, proofs } => draft.checked(run_id, *number, proofs),
        Input::CheckAgain { run_id } => draft.check_again(run_id),
        Input::Ask { run_id, attempt, question } => draft.ask_owner(run_id, *attempt, question),
        Input::AnswerGate { run_id, gate_id, word } => draft.answer_gate(run_id, gate_id, word),
        Input::PutOffGate { run_id, gate_id, until } => draft.put_off_gate(run_id, gate_id, *until),
        Input::GateTold { run_id, gate_id, words } => draft.gate_told(run_id, gate_id, words),
        Input::Ping(ping) => draft.ping(ping),
        Input::Note { run_id, words } => draft.noted(run_id, words),
    };
    // One that began and ended in one decision needs nothing of the pools, and would never give it back.
    let held = |run_id: &RunId, number: u32| {
        draft.held(run_id, number, HeldBy::Pool).is_some() || draft.awaits_permits_again(run_id, number)
    };
    // Nor is there anything to look at of one that ended as soon as the look began.
    let looked_at = |run_id: &RunId| draft.run(run_id).is_some_and(|run| run.checking.is_some());
    let wanted = |effect: &Effect| match effect {
        Effect::AskPools { run_id, number } => held(run_id, *number),
        Effect::Check { run_id, .. } => looked_at(run_id),
        Effect::Deliver { .. }
        | Effect::Stop { .. }
        | Effect::Forget { .. }
        | Effect::TellFailure { .. }
        | Effect::TellAnswer { .. } => true,
    };
    let effects = draft.effects.iter().filter(|effect| wanted(effect)).cloned().collect();
    Decision { effects, events: draft.events, answer }
}

/// A decision in the making. Each event is applied as it is drafted, so that the next rule sees it.
pub(super) struct Draft<'a> {
    pub lane: &'a mut Lane,
    pub now: Ms,
    pub dice: &'a mut dyn Dice,
    pub events: Vec<Event>,
    pub effects: Vec<Effect>,
}

impl Draft<'_> {
    pub fn emit(&mut self, event: Event) {
        let stood = event.run_id().and_then(|id| self.lane.runs.get(id)).filter(|run| run.stand.is_some()).cloned();
        let ended = match &event {
            Event::RunEnded { run_id, .. } => Some(run_id.clone()),
            _ => None,
        };
        self.lane.apply(self.now, &event);
        self.events.push(event);
        if let Some((run, stand)) = stood.as_deref().and_then(|run| Some((run, run.stand?))) {
            self.after_stand(run, stand);
        }
        if let Some(run_id) = ended {
            self.gates_end_with(&run_id);
        }
    }

    pub fn run(&self, id: &RunId) -> Option<Arc<Run>> {
        self.lane.runs.get(id).cloned()
    }

    /// Ends a run, and does what follows from it: the end of a `once` cue, a pause. The next one in the queue goes with the
    /// next tick, which knows whether anything may fire; the lane asks for that tick at once. A good one that somebody has to
    /// look at first is `claimed`, and nothing follows from it until somebody did. Returns how it ended.
    pub fn end_run(&mut self, run: &Run, verdict: Verdict, late: bool, findings: Vec<Finding>) -> Verdict {
        let held = verdict.is_good() && run.definition.expect.manual;
        let verdict = if held { Verdict::Claimed } else { verdict };
        self.emit(Event::RunEnded { run_id: run.id.clone(), verdict, late, findings, held });
        if !late {
            self.follow_up(run, verdict);
        }
        self.finish_once(verdict);
        verdict
    }

    /// What a run that failed for good brings about in its own lane.
    pub fn follow_up(&mut self, run: &Run, verdict: Verdict) {
        if !verdict.is_good() && run.definition.pause_on_failure && self.lane.cue.status == CueStatus::Active {
            self.pause(None);
        }
        if verdict.is_failure() && run.definition.on_failure.webhook.is_some() {
            self.effects.push(Effect::TellFailure { run_id: run.id.clone() });
        }
    }

    /// Judges the latest attempt by what the cue says confirms it. None: the tower has a look first.
    pub fn conclude(
        &mut self,
        run: &Run,
        outcome: Option<&Outcome>,
        delivery: &Finding,
        late: bool,
    ) -> Option<Verdict> {
        // With all that was told of it in this decision.
        let told = self.run(&run.id);
        let run = told.as_deref().unwrap_or(run);
        let asks = run.expect();
        let asked = asks.asks_for_proof();
        let mut found = match run.definition.confirm {
            Confirm::Outcome | Confirm::Checks => Vec::new(),
            Confirm::ExitCode | Confirm::Delivery => vec![delivery.clone()],
        };
        match outcome {
            Some(outcome) => found.extend(findings(&asks, &run.judged_by(outcome, self.now))),
            None if asked => found.extend(findings(&asks, &run.judged_by(&Outcome::default(), self.now))),
            None => {}
        }
        if outcome.is_some_and(|outcome| !outcome.success) {
            return Some(self.end_run(run, Verdict::Failed, late, found));
        }
        if !run.definition.checks.is_empty() {
            self.begin_checks(run, late, found);
            return None;
        }
        Some(self.end_run(run, verdict_of(&found), late, found))
    }

    pub(super) fn finish_once(&mut self, verdict: Verdict) {
        let lane = &*self.lane;
        let once = lane.cue.definition.schedule.is_once();
        let over = matches!(lane.cue.status, CueStatus::Active | CueStatus::Completed | CueStatus::Failed)
            && lane.next_instant().is_none()
            && lane.waiting().next().is_none()
            && lane.live_runs().next().is_none();
        let status = if verdict.is_good() { CueStatus::Completed } else { CueStatus::Failed };
        if once && over && lane.cue.status != status {
            self.emit(Event::CueStatusChanged { status, until: None, since: None });
        }
    }
}

/// Of a success, by what was found of it.
pub(super) fn verdict_of(found: &[Finding]) -> Verdict {
    if found.is_empty() {
        Verdict::Claimed
    } else if found.iter().all(|finding| finding.passed) {
        Verdict::Confirmed
    } else {
        Verdict::Refuted
    }
}

pub(super) fn refused(code: RefusalCode, message: impl Into<String>) -> Answer {
    Answer::Refused(Refusal { code, message: message.into() })
}
