//! What is usual for each cue, learnt from its own good runs, and the runs that were not as usual.

use std::collections::HashMap;

use cuetower_core::alert::{About, AlertKind, Severity, Signal};
use cuetower_core::id::{CueId, RunId};
use cuetower_core::run::Run;
use cuetower_core::sentence;
use cuetower_core::watch::{Band, Envelope, Measure, Outside, Sample};

use super::Pilot;
use super::batch::Batch;
use crate::journal::sample_of;

/// Envelopes in memory; the others are read again when they are needed.
const KEPT: usize = 10_000;

#[derive(Default)]
pub(super) struct Envelopes {
    kept: HashMap<CueId, Kept>,
}

struct Kept {
    envelope: Envelope,
    /// Of its durations.
    usual: Option<Band>,
}

impl Kept {
    fn of(envelope: Envelope) -> Kept {
        let usual = envelope.band(Measure::Duration);
        Kept { envelope, usual }
    }
}

impl Envelopes {
    pub(super) fn forget(&mut self, cue: &CueId) {
        self.kept.remove(cue);
    }

    /// How long its runs usually take.
    pub(super) fn usual(&self, cue: &CueId) -> Option<Band> {
        self.kept.get(cue)?.usual
    }
}

impl Pilot {
    /// The longest that is usual for a run of this cue, in milliseconds.
    pub(super) fn usual_ms(&mut self, cue: &CueId) -> Option<u64> {
        self.envelope_known(cue);
        self.envelopes.usual(cue).map(|band| band.high as u64)
    }

    fn envelope_known(&mut self, cue: &CueId) {
        if self.envelopes.kept.contains_key(cue) {
            return;
        }
        if self.envelopes.kept.len() >= KEPT {
            self.envelopes.kept.clear();
        }
        let samples = self.journal.samples(&cue.0).unwrap_or_else(|error| {
            tracing::error!(%error, %cue, "what is usual for a cue could not be read; it is learnt anew");
            Vec::new()
        });
        let envelope = Envelope::of(samples.into_iter().map(|(_, sample)| sample));
        self.envelopes.kept.insert(cue.clone(), Kept::of(envelope));
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
        sample_of(run, tokens, cost, steps)
    }

    /// A run went well: whether it was as usual, and from now on it is part of what is.
    pub(super) fn judge_by_envelope(&mut self, batch: &mut Batch, cue: &CueId, run_id: &RunId) {
        let Some(lane) = batch.standing(self, cue) else { return };
        let Some(run) = lane.runs.get(run_id).cloned() else { return };
        let name = lane.cue.definition.name.clone();
        self.envelope_known(cue);
        let sample = self.sample(&run);
        batch.enveloped.insert(cue.clone());
        let Some(kept) = self.envelopes.kept.get_mut(cue) else { return };
        let outside = kept.envelope.outside(&sample);
        kept.envelope.push(sample);
        kept.usual = kept.envelope.band(Measure::Duration);
        let (about, kind) = (About::Cue(cue.clone()), AlertKind::OutOfEnvelope);
        let signal = if outside.is_empty() {
            Signal::Over { about, kind, run_id: None }
        } else {
            let body = outside.iter().map(Outside::words).collect::<Vec<_>>().join(" ");
            let title = sentence::alert_title(&name, kind);
            Signal::Trouble { about, kind, severity: Severity::Warning, run_id: Some(run_id.clone()), title, body }
        };
        batch.signal(self, &signal);
    }
}
