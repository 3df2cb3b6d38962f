//! Cost spikes: the tokens per minute of an agent's beats, held against what it usually spends (SPEC §7).
//!
//! The rate of a beat is its tokens over the time since the last beat, or over the median gap if that is longer: two beats
//! that come at once are not twice the work. The baseline is the median of the last rates, so one wild beat does not move
//! it, and a new level becomes the usual one after half of them.
//!
//! Agents differ: some make one large call after twenty small ones, some work by day and idle by night. So it is remembered
//! how high the rates went in each row of high beats, for about a week: what an agent did on three occasions is its habit,
//! as long as it does not go on for much longer than it used to.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::numbers::{keep, median, percentile, sorted};
use crate::alert::Severity;
use crate::sentence::grouped;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS};

/// Gaps and rates that are remembered.
const REMEMBERED: usize = 50;
/// Rates that have to be known before any is judged.
pub const RATES_NEEDED: usize = 10;
/// Times the usual rate, from which on it is a spike.
pub const WARN_TIMES: f64 = 3.0;
pub const CRITICAL_TIMES: f64 = 10.0;
/// Tokens per minute that are never a spike, however little is usual: an idle agent's first call is no alarm.
pub const HARMLESS_RATE: f64 = 1_000.0;
/// Stands for the gap of a beat before any gap is known, so that a burst right after the start has a rate.
const FIRST_GAP_MS: u64 = 1_000;

/// Occasions that make a habit, where each weighs half as much after a week: one on each of three days do, two never.
const OCCASIONS: f32 = 2.2;
const HALF_LIFE_MS: f64 = 7.0 * DAY_MS as f64;
/// What weighs less is forgotten.
const WEIGHT_MIN: f32 = 0.05;
/// High beats in a row that a habit may have in any case.
const ROW_MIN: u32 = 5;

/// What is usual for one agent or cue. Bounded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pace {
    /// Between beats, in milliseconds, newest last.
    gaps: VecDeque<u64>,
    /// Tokens per minute of beats that used some, newest last.
    rates: VecDeque<f64>,
    /// So many of the newest rates are high, be it by habit.
    row: u32,
    /// The highest of them.
    peak: f64,
    /// The longest such row.
    longest: u32,
    /// How high they went, by [`level`], and on how many occasions.
    occasions: BTreeMap<u8, f32>,
    /// Since the weights of these were last brought up to date.
    aged_ms: u64,
}

impl Pace {
    /// Judges a beat by what was known before it, then takes it in.
    ///
    /// `since_ms` is the time since the last beat that counts (the tower was up, the machine awake); None: it is the first,
    /// and has no rate. A beat without tokens is a gap, and no rate: an agent that mostly idles is measured by its work.
    pub fn hear(&mut self, tokens: u64, since_ms: Option<u64>) -> Option<Spike> {
        let since_ms = since_ms?;
        let usual_gap = median(&sorted(self.gaps.iter().map(|gap| *gap as f64)));
        keep(&mut self.gaps, since_ms, REMEMBERED);
        self.age(since_ms);
        if tokens == 0 {
            self.end_row();
            return None;
        }
        let span_ms = usual_gap.unwrap_or(FIRST_GAP_MS as f64).max(since_ms as f64).max(1.0);
        let rate = tokens as f64 * MINUTE_MS as f64 / span_ms;
        let spike = self.judged(rate);
        keep(&mut self.rates, rate, REMEMBERED);
        if self.rates.len() == RATES_NEEDED && self.row == 0 {
            self.look_back();
        }
        spike
    }

    /// The median rate, in tokens per minute; None until ten are known.
    #[must_use]
    pub fn usual(&self) -> Option<f64> {
        self.known().and_then(|rates| median(&rates))
    }

    /// The 5th to the 95th percentile of the rates, in tokens per minute; None until ten are known.
    #[must_use]
    pub fn band(&self) -> Option<(f64, f64)> {
        let rates = self.known()?;
        Some((percentile(&rates, 0.05)?, percentile(&rates, 0.95)?))
    }

    fn known(&self) -> Option<Vec<f64>> {
        (self.rates.len() >= RATES_NEEDED).then(|| sorted(self.rates.iter().copied()))
    }

    fn judged(&mut self, rate: f64) -> Option<Spike> {
        let usual = self.usual()?;
        if !is_high(rate, usual) {
            self.end_row();
            return None;
        }
        self.row = self.row.saturating_add(1);
        self.peak = self.peak.max(rate);
        (!self.is_habit(rate)).then_some(Spike { rate, usual, times: rate / usual })
    }

    /// Whether it came to more than half of this before, on several occasions, and does not go on for much longer than then.
    fn is_habit(&self, rate: f64) -> bool {
        let occasions: f32 = self.occasions.range(level(rate / 2.0)..).map(|(_, weight)| weight).sum();
        occasions >= OCCASIONS && self.row <= self.longest.saturating_mul(2).max(ROW_MIN)
    }

    fn end_row(&mut self) {
        if self.row > 0 {
            *self.occasions.entry(level(self.peak)).or_default() += 1.0;
            self.longest = self.longest.max(self.row);
        }
        (self.row, self.peak) = (0, 0.0);
    }

    /// The first rates are not judged; those of them that were high are an occasion all the same.
    fn look_back(&mut self) {
        let Some(usual) = self.usual() else { return };
        let high: Vec<f64> = self.rates.iter().copied().filter(|rate| is_high(*rate, usual)).collect();
        for rate in high {
            (self.row, self.peak) = (1, rate);
            self.end_row();
        }
    }

    fn age(&mut self, since_ms: u64) {
        self.aged_ms = self.aged_ms.saturating_add(since_ms);
        if self.aged_ms < HOUR_MS {
            return;
        }
        let left = (-(self.aged_ms as f64) / HALF_LIFE_MS).exp2() as f32;
        self.aged_ms = 0;
        self.occasions.values_mut().for_each(|weight| *weight *= left);
        self.occasions.retain(|_, weight| *weight >= WEIGHT_MIN);
    }
}

fn is_high(rate: f64, usual: f64) -> bool {
    rate >= usual * WARN_TIMES && rate >= HARMLESS_RATE
}

/// Two levels to each doubling.
fn level(rate: f64) -> u8 {
    (rate.max(1.0).log2() * 2.0).floor() as u8
}

/// A beat that used far more than is usual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spike {
    /// Tokens per minute.
    pub rate: f64,
    /// Tokens per minute.
    pub usual: f64,
    /// `rate` over `usual`.
    pub times: f64,
}

impl Spike {
    #[must_use]
    pub fn severity(&self) -> Severity {
        if self.times >= CRITICAL_TIMES { Severity::Critical } else { Severity::Warning }
    }

    /// "40,000 tokens per min, usually 200: 200 times"
    #[must_use]
    pub fn words(&self) -> String {
        let whole = |number: f64| grouped(number.round() as u64);
        let usual = if self.usual < 0.5 { "less than 1".to_owned() } else { whole(self.usual) };
        format!("{} tokens per min, usually {usual}: {} times", whole(self.rate), self.times_in_words())
    }

    /// "3.4" or "200"
    #[must_use]
    pub fn times_in_words(&self) -> String {
        let tenths = (self.times * 10.0).floor() / 10.0;
        if self.times < CRITICAL_TIMES && tenths.fract() != 0.0 {
            format!("{tenths:.1}")
        } else {
            grouped(self.times.floor() as u64)
        }
    }
}
