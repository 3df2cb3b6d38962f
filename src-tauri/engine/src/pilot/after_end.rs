//! Whoever works on after its run has ended: it is refused, and what it spends is counted all the same. The tower cannot kill
//! what it did not start; its owner hears of one that goes on.

use cuetower_core::Ms;
use cuetower_core::alert::{About, AlertKind, Problem, Severity, Signal};
use cuetower_core::input::{Input, RefusalCode};
use cuetower_core::run::Run;
use cuetower_core::sentence;
use cuetower_core::step::{self, Begin, StepInput, Total};
use cuetower_core::time::{MINUTE_MS, SECOND_MS};

use super::Pilot;
use super::batch::Batch;
use crate::handle::Trouble;

/// What was under way when its run was stopped may still tell of itself.
const LAST_WORDS_MS: u64 = 10 * SECOND_MS;
/// While it goes on, it is not repeated more often.
const TOLD_EVERY_MS: u64 = MINUTE_MS;
const NOTE: &str = "its agent goes on after it was stopped; what it spends is counted";

/// What came of a run after it was stopped.
#[derive(Default)]
pub(super) struct AfterEnd {
    first: Option<Ms>,
    told: Option<Ms>,
}

impl AfterEnd {
    /// It spent something again. Whether its owner is to hear of it.
    fn goes_on(&mut self, now: Ms) -> bool {
        let first = *self.first.get_or_insert(now);
        let tells = now.since(first) >= LAST_WORDS_MS
            && self.told.is_none_or(|told| now.since(told) >= TOLD_EVERY_MS || now < told);
        if tells {
            self.told = Some(now);
        }
        tells
    }
}

impl Pilot {
    /// What was refused because its run is over: only what it cost is taken from it.
    pub(super) fn spent_in_vain(
        &mut self,
        batch: &mut Batch,
        run: &Run,
        attempt: Option<u32>,
        input: StepInput,
    ) -> Result<(), Trouble> {
        let Some(input) = spent(input) else { return Ok(()) };
        let attempt = attempt.unwrap_or(run.latest().number);
        let of = (run.idempotency_key.as_str(), run.broke.as_ref().map(|broke| broke.key.as_str()));
        let before = self.held(&run.id.0, of)?.book.sums.total();
        let begins = match &input {
            StepInput::Complete { key, .. } | StepInput::Fail { key, .. } => {
                Some(StepInput::Begin(Begin { key: key.clone(), ..Begin::default() }))
            }
            _ => None,
        };
        let decided = self.decide_step(batch, run, input.clone(), attempt)?;
        // It was refused when it began, too.
        if let (step::Answer::Refused(refusal), Some(begins)) = (&decided.answer, begins)
            && refusal.code == RefusalCode::StepNotFound
        {
            self.decide_step(batch, run, begins, attempt)?;
            self.decide_step(batch, run, input, attempt)?;
        }
        let held = self.held(&run.id.0, of)?;
        let after = held.book.sums.total();
        let was_stopped = run.verdict().is_some_and(|verdict| verdict.is_called_off());
        if after != before && was_stopped && held.after_end.goes_on(batch.now) {
            self.tell_that_it_goes_on(batch, run, after);
        }
        batch.settle(self);
        Ok(())
    }

    fn tell_that_it_goes_on(&mut self, batch: &mut Batch, run: &Run, total: Total) {
        if !run.notes.iter().any(|note| note.words == NOTE) {
            self.told(batch, run, &Input::Note { run_id: run.id.clone(), words: NOTE.to_owned() });
        }
        let money = total.cost.map(|cost| sentence::money(cost.usd()));
        let tokens = total.tokens.map(|tokens| format!("{} tokens", sentence::grouped(tokens)));
        let used = [money, tokens].into_iter().flatten().collect::<Vec<_>>().join(" and ");
        let title = sentence::titled(&run.definition.name, "goes on after it was stopped");
        let body = format!("What it sends is refused, and it has used {used} by now. End it where it runs.");
        let (about, kind, severity) = (About::Cue(run.cue_id.clone()), AlertKind::FuseTripped, Severity::Critical);
        let run_id = Some(run.id.clone());
        batch.signal(self, &Signal::Trouble(Problem { about, kind, severity, run_id, title, body }));
    }
}

/// As much of it as tells of money or tokens.
fn spent(input: StepInput) -> Option<StepInput> {
    match input {
        StepInput::Beat { tokens, cost, .. } if tokens.is_some() || cost.is_some() => {
            Some(StepInput::Beat { tokens, cost, progress: None, message: None })
        }
        StepInput::Complete { ref done, .. } => (!Total::of(&done.spend).is_nothing()).then_some(input),
        StepInput::Fail { ref fail, .. } => (!Total::of(&fail.done.spend).is_nothing()).then_some(input),
        StepInput::Said { .. } => Some(input),
        // Spans are taken as they come, by themselves.
        StepInput::Beat { .. } | StepInput::Begin(_) | StepInput::Spans(_) => None,
    }
}
