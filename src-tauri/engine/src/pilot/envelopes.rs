//! What is usual for each cue, learnt from its own good runs, and the runs that were not as usual.

use std::collections::HashMap;

use cuetower_core::alert::{About, AlertKind, Problem, Severity, Signal};
use cuetower_core::id::{CueId, RunId};
use cuetower_core::outcome::Outcome;
use cuetower_core::run::Run;
use cuetower_core::sentence;
use cuetower_core::watch::{Band, Envelope, Measure, Outside, Sample};

use super::Pilot;
use super::batch::Batch;
use crate::journal::{Journal, StoreError, UsualChange};

/// Envelopes in memory; the others are read again when a run of theirs ends.
const KEPT: usize = 1_000;
/// Samples that are written before older ones are let go.
const TRIM_EVERY: u32 = 50;

#[derive(Default)]
pub(super) struct Envelopes {
    kept: HashMap<CueId, Kept>,
    /// How long the runs of each cue usually take.
    usual: HashMap<CueId, Band>,
}

struct Kept {
    envelope: Envelope,
    pushed: u32,
}

impl Envelopes {
    pub(super) fn load(journal: &Journal) -> Result<Envelopes, StoreError> {
        Ok(Envelopes { kept: HashMap::new(), usual: journal.usual()?.into_iter().collect() })
    }

    /// How long its runs usually take.
    pub(super) fn usual(&self, cue: &CueId) -> Option<Band> {
        self.usual.get(cue).copied()
    }

    fn forget(&mut self, cue: &CueId) {
        self.kept.remove(cue);
        self.usual.remove(cue);
    }
}

impl Pilot {
    /// The longest that is usual for a run of this cue, in milliseconds.
    pub(super) fn usual_ms(&self, cue: &CueId) -> Option<u64> {
        self.envelopes.usual(cue).map(|band| band.high as u64)
    }

    /// The cue is no more, and nothing is usual for it.
    pub(super) fn usual_is_gone(&mut self, batch: &mut Batch, cue: &CueId) {
        batch.enveloped.insert(cue.clone());
        batch.commit.usual.push(UsualChange::Gone(cue.clone()));
        self.envelopes.forget(cue);
    }

    /// After a batch that could not be committed: what is in memory is what is on disk.
    pub(super) fn envelopes_as_before(&mut self, batch: &mut Batch) {
        let touched = std::mem::take(&mut batch.enveloped);
        if touched.is_empty() {
            return;
        }
        match Envelopes::load(&self.journal) {
            Ok(Envelopes { usual, .. }) => self.envelopes.usual = usual,
            Err(error) => tracing::error!(%error, "what is usual could not be read back"),
        }
        for cue in touched {
            self.envelopes.kept.remove(&cue);
        }
    }

    fn envelope_known(&mut self, cue: &CueId) -> &mut Kept {
        if !self.envelopes.kept.contains_key(cue) {
            if self.envelopes.kept.len() >= KEPT
                && let Some(other) = self.envelopes.kept.keys().next().cloned()
            {
                self.envelopes.kept.remove(&other);
            }
            let samples = self.journal.samples(&cue.0).unwrap_or_else(|error| {
                tracing::error!(%error, %cue, "what is usual for a cue could not be read; it is learnt anew");
                Vec::new()
            });
            let envelope = Envelope::of(samples.into_iter().map(|(_, sample)| sample));
            self.envelopes.kept.insert(cue.clone(), Kept { envelope, pushed: 0 });
        }
        self.envelopes.kept.get_mut(cue).expect("it was put there")
    }

    /// What a run used, from its book if that is in memory.
    fn sample(&self, run: &Run) -> Sample {
        let (tokens, cost, steps) = match self.used_as_known(&run.id) {
            Some((total, begun)) => (total.tokens, total.cost, Some(u64::from(begun))),
            None => self.journal.used(&run.id.0).unwrap_or_else(|error| {
                tracing::error!(%error, run = %run.id, "what a run used could not be read back");
                (None, None, None)
            }),
        };
        let silent = Outcome::default();
        let outcome = run.outcome().map_or(&silent, |(_, reported)| &reported.outcome);
        Sample {
            duration_ms: run.judged_by(outcome, run.ended_at().unwrap_or(run.began_at)).duration_ms,
            tokens,
            cost,
            steps: steps.filter(|steps| *steps > 0),
            processed: outcome.processed,
        }
    }

    /// A run went well: whether it was as usual, and from now on it is part of what is.
    pub(super) fn judge_by_envelope(&mut self, batch: &mut Batch, cue: &CueId, run_id: &RunId) {
        let Some(lane) = batch.standing(self, cue) else { return };
        let Some(run) = lane.runs.get(run_id).cloned() else { return };
        let name = lane.cue.definition.name.clone();
        let sample = self.sample(&run);
        batch.enveloped.insert(cue.clone());
        let kept = self.envelope_known(cue);
        let outside = kept.envelope.outside(&sample);
        kept.envelope.push(sample);
        kept.pushed += 1;
        let trim = kept.pushed.is_multiple_of(TRIM_EVERY);
        let band = kept.envelope.band(Measure::Duration);
        self.envelopes.usual.extend(band.map(|band| (cue.clone(), band)));
        let at = run.ended_at().unwrap_or(run.began_at);
        let ran = UsualChange::Ran { cue: cue.clone(), run: run_id.clone(), at, sample, band, trim };
        batch.commit.usual.push(ran);
        let (about, kind) = (About::Cue(cue.clone()), AlertKind::OutOfEnvelope);
        // One that is still at work for longer than is usual is no better for it.
        let told = self.book.of(&about, kind).and_then(|alert| alert.run_id.as_ref());
        let goes_on = told.is_some_and(|told| told != run_id && self.live_runs.contains_key(told));
        if outside.is_empty() && goes_on {
            return;
        }
        let signal = if outside.is_empty() {
            Signal::Over { about, kind, run_id: None }
        } else {
            let body = outside.iter().map(Outside::words).collect::<Vec<_>>().join(" ");
            let title = sentence::alert_title(&name, kind);
            Signal::Trouble(Problem {
                about,
                kind,
                severity: Severity::Warning,
                run_id: Some(run_id.clone()),
                title,
                body,
            })
        };
        batch.signal(self, &signal);
    }
}
