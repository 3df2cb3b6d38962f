//! The envelope: what is normal for a cue or an agent, learnt from its last fifty confirmed runs (SPEC §7). Outside of it,
//! on either side, is worth a look: cheap can mean undone.
//!
//! The edges lie five robust deviations from the median (the MAD, scaled so that it equals the standard deviation of a
//! bell curve). Three things keep it from crying wolf: a deviation is never taken to be less than a tenth of the median,
//! nor less than a floor (a run of 1 s that takes 5 s is no news); and what at least two of its runs did, one in twenty,
//! is normal within a half, whatever the median says, so that a cue with light and heavy days has room for both. One keeps
//! it from sleeping: where five deviations reach below zero, less than a quarter of the least it ever used is outside.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::numbers::{keep, median, percentile, sorted};
use crate::sentence::{grouped, money};
use crate::spend::Nanousd;
use crate::time::length_in_words;

/// Runs that are remembered.
pub const REMEMBERED: usize = 50;
/// Values of a measure that have to be known before a run is held against them.
pub const VALUES_NEEDED: usize = 10;
/// Deviations from the median to either edge.
const REACH: f64 = 5.0;
/// MAD to standard deviation.
const MAD_TO_DEVIATION: f64 = 1.4826;
/// Of the median: no deviation is taken to be less.
const LEAST_SHARE: f64 = 0.1;
/// Of the least that was ever used: less is outside.
const UNDONE_SHARE: f64 = 0.25;
/// Runs that make something normal: one in so many, and two at least.
const ONE_IN: usize = 20;
/// Of what so many runs used, to either side.
const WITHIN_SHARE: f64 = 0.5;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// In milliseconds.
    Duration,
    Tokens,
    /// In USD.
    Cost,
    Steps,
    Processed,
}

impl Measure {
    pub const ALL: [Measure; 5] =
        [Measure::Duration, Measure::Tokens, Measure::Cost, Measure::Steps, Measure::Processed];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Measure::Duration => "duration",
            Measure::Tokens => "tokens",
            Measure::Cost => "cost",
            Measure::Steps => "steps",
            Measure::Processed => "processed",
        }
    }

    /// Of the numbers of a [`Band`].
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Measure::Duration => "ms",
            Measure::Tokens => "tokens",
            Measure::Cost => "usd",
            Measure::Steps => "steps",
            Measure::Processed => "records",
        }
    }

    /// No deviation is taken to be less, so five of these from the median are always normal: 10 s, which one slow answer
    /// or a sleepy disk costs; 500 tokens, a sentence or two; 5 cents; 5 steps or records, one retry more or less.
    fn floor(self) -> f64 {
        match self {
            Measure::Duration => 2_000.0,
            Measure::Tokens => 100.0,
            Measure::Cost => 0.01,
            Measure::Steps | Measure::Processed => 1.0,
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Measure::Duration => "took",
            Measure::Tokens => "used",
            Measure::Cost => "cost",
            Measure::Steps => "made",
            Measure::Processed => "processed",
        }
    }

    /// "9 min", "9,400", "$0.42"
    #[must_use]
    pub fn shown(self, value: f64) -> String {
        match self {
            Measure::Duration => length_in_words(rounded_length(value)),
            Measure::Cost => money(value),
            Measure::Tokens | Measure::Steps | Measure::Processed => grouped(value.round() as u64),
        }
    }

    /// "9,400 tokens"
    fn shown_whole(self, value: f64) -> String {
        let unit = match self {
            Measure::Duration | Measure::Cost => return self.shown(value),
            Measure::Tokens => "token",
            Measure::Steps => "step",
            Measure::Processed => "record",
        };
        let shown = self.shown(value);
        if shown == "1" { format!("1 {unit}") } else { format!("{shown} {unit}s") }
    }
}

/// What one confirmed run used; what nobody said is None, never 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sample {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Nanousd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processed: Option<f64>,
}

impl Sample {
    /// In the measure's unit.
    #[must_use]
    pub fn value(&self, measure: Measure) -> Option<f64> {
        let value = match measure {
            Measure::Duration => self.duration_ms.map(|length| length as f64),
            Measure::Tokens => self.tokens.map(|tokens| tokens as f64),
            Measure::Cost => self.cost.map(Nanousd::usd),
            Measure::Steps => self.steps.map(|steps| steps as f64),
            Measure::Processed => self.processed,
        };
        value.filter(|value| value.is_finite() && *value >= 0.0)
    }
}

/// The last fifty samples, newest last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Envelope {
    samples: VecDeque<Sample>,
}

impl Envelope {
    /// Of samples in order, newest last; more than fifty are those at the end.
    #[must_use]
    pub fn of(samples: impl IntoIterator<Item = Sample>) -> Envelope {
        let mut envelope = Envelope::default();
        samples.into_iter().for_each(|sample| envelope.push(sample));
        envelope
    }

    /// After it was judged.
    pub fn push(&mut self, sample: Sample) {
        keep(&mut self.samples, sample, REMEMBERED);
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Of each sample, newest last, in the measure's unit.
    pub fn values(&self, measure: Measure) -> impl Iterator<Item = Option<f64>> {
        self.samples.iter().map(move |sample| sample.value(measure))
    }

    /// None until ten values are known.
    #[must_use]
    pub fn band(&self, measure: Measure) -> Option<Band> {
        let values = sorted(self.values(measure).flatten());
        let n = values.len();
        if n < VALUES_NEEDED {
            return None;
        }
        let middle = median(&values)?;
        let mad = median(&sorted(values.iter().map(|value| (value - middle).abs())))?;
        let floor = measure.floor();
        let reach = REACH * (MAD_TO_DEVIATION * mad).max(LEAST_SHARE * middle).max(floor);
        // What so many of its runs did is normal.
        let several = (n / ONE_IN).max(1);
        let (often_low, often_high) = (values[several], values[n - 1 - several]);
        let undone = (values[0] * UNDONE_SHARE).min(middle - REACH * floor);
        let low = (middle - reach).max(undone).min(often_low * (1.0 - WITHIN_SHARE)).max(0.0);
        let high = (middle + reach).max(often_high * (1.0 + WITHIN_SHARE));
        Some(Band {
            n,
            median: middle,
            mad,
            low,
            high,
            p5: percentile(&values, 0.05)?,
            p95: percentile(&values, 0.95)?,
        })
    }

    /// Every measure in which a run lies outside, in the order of the measures. Nothing before ten are known.
    #[must_use]
    pub fn outside(&self, sample: &Sample) -> Vec<Outside> {
        let judged = |measure: Measure| {
            let (value, band) = (sample.value(measure)?, self.band(measure)?);
            (!band.holds(value)).then_some(Outside { measure, value, band })
        };
        Measure::ALL.into_iter().filter_map(judged).collect()
    }

    /// The upper edge, which a run that is still under way may pass already; in the measure's unit.
    #[must_use]
    pub fn high(&self, measure: Measure) -> Option<f64> {
        self.band(measure).map(|band| band.high)
    }
}

/// What is normal in one measure, in its unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// Values it rests on, 10 to 50.
    pub n: usize,
    pub median: f64,
    /// The median of how far the values lie from the median.
    pub mad: f64,
    /// Less is outside; never below 0.
    pub low: f64,
    /// More is outside.
    pub high: f64,
    /// The percentiles that are drawn and told.
    pub p5: f64,
    pub p95: f64,
}

impl Band {
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// A measure in which a run was not as usual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outside {
    pub measure: Measure,
    /// In the measure's unit.
    pub value: f64,
    pub band: Band,
}

impl Outside {
    /// "It used 9,400 tokens; its last 50 runs used 800 at the median, 600 to 1,100."
    #[must_use]
    pub fn words(&self) -> String {
        let Outside { measure, value, band } = self;
        let (verb, n) = (measure.verb(), band.n);
        let [low, middle, high] = [band.p5, band.median, band.p95].map(|value| measure.shown(value));
        let usual = if low == high {
            format!("its last {n} runs {verb} {middle}")
        } else {
            let low = without_unit(&low, &high);
            format!("its last {n} runs {verb} {middle} at the median, {low} to {high}")
        };
        format!("It {verb} {}; {usual}.", measure.shown_whole(*value))
    }
}

/// "6" of "6 min", beside "12 min".
fn without_unit<'a>(low: &'a str, high: &str) -> &'a str {
    let unit = |text: &'a str| text.split_once(' ');
    match (unit(low), high.split_once(' ')) {
        (Some((number, one)), Some((_, other))) if one == other && !one.contains(' ') => number,
        _ => low,
    }
}

/// Without the part that nobody wants to read: "41 min", not "41 min 7 s".
fn rounded_length(length_ms: f64) -> u64 {
    let unit = match length_ms {
        ..1_000.0 => 1.0,
        ..10_000.0 => 100.0,
        ..300_000.0 => 1_000.0,
        ..3_600_000.0 => 60_000.0,
        _ => 300_000.0,
    };
    ((length_ms / unit).round() * unit) as u64
}
