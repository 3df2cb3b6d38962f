//! What is usual for a cue, for whoever draws it.

use cuetower_core::watch::{Envelope, Measure};

use super::Desk;
use super::wire::{BandOf, CueRef, DeskError, EnvelopeView, MeasureView};

pub(super) async fn of_cue(desk: &Desk, request: CueRef) -> Result<EnvelopeView, DeskError> {
    let samples = desk.handle.reader().samples(request.cue_id).await?;
    let envelope = Envelope::of(samples.iter().map(|(_, sample)| *sample));
    let measures = Measure::ALL.into_iter().filter_map(|measure| {
        let known = samples.iter().filter_map(|(run, sample)| Some((run.clone(), sample.value(measure)?)));
        let (run_ids, values): (Vec<String>, Vec<f64>) = known.unzip();
        let band = envelope.band(measure).map(|band| BandOf {
            n: count(band.n),
            median: band.median,
            mad: band.mad,
            low: band.low,
            high: band.high,
            p5: band.p5,
            p95: band.p95,
        });
        let (measure, unit) = (measure.word().to_owned(), measure.unit().to_owned());
        (!values.is_empty()).then_some(MeasureView { measure, unit, band, values, run_ids })
    });
    Ok(EnvelopeView { runs: count(samples.len()), measures: measures.collect() })
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
