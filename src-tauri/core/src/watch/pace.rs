//! Cost spikes: the tokens per minute of an agent's beats, held against what it usually spends (SPEC §7).
//!
//! The rate of a beat is its tokens over the time since the last beat, or over the median gap if that is longer: two beats
//! that come at once are not twice the work. The baseline is the median of the last rates, so one wild beat does not move
//! it.
//!
//! High beats make a row, from the first of them until what was spent since then, taken together, is no longer far from the
//! usual; beats without tokens between them end nothing. One that lasts for hours is the new usual. Agents differ: some make
//! one large call after twenty small ones, some work by day and idle by night. So it is remembered how high each row went,
//! for about a week: what an agent did on three occasions is its habit, as long as it does not go on for much longer than it
//! used to.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::numbers::{keep, median, percentile, sorted};
use crate::Ms;
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
/// Times the usual, below which all that was spent in a row of high beats is no longer far from it: one critical beat of two.
const SETTLED_TIMES: f64 = CRITICAL_TIMES / 2.0;
/// Beats in a row that used what is usual end a spike.
const CALM_AFTER: u32 = 3;
/// A row that lasts for so long is how it spends now.
const ROW_MAX_MS: u64 = 6 * HOUR_MS;
/// Tokens per minute that are never a spike, however little is usual: an idle agent's first call is no alarm.
pub const HARMLESS_RATE: f64 = 1_000.0;
/// Stands for the gap of a beat before any gap is known, so that a burst right after the start has a rate.
const FIRST_GAP_MS: u64 = 1_000;

/// Occasions that make a habit, where each weighs half as much after a week: one on each of three days do, two never.
const OCCASIONS: f32 = 2.2;
const HALF_LIFE_MS: f64 = 7.0 * DAY_MS as f64;
/// What weighs less is forgotten.
const WEIGHT_MIN: f32 = 0.05;
/// High beats that a row of a habit may have in any case.
const ROW_MIN: u32 = 5;

/// What is usual for one agent or cue. Bounded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pace {
    /// Between beats, in milliseconds, newest last.
    gaps: VecDeque<u64>,
    /// Tokens per minute of beats that used some, newest last; those of the row under way are not among them yet.
    rates: VecDeque<f64>,
    /// The row under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    high: Option<Row>,
    /// High beats of the longest row.
    longest: u32,
    /// How high they went, by [`level`], and on how many occasions.
    occasions: BTreeMap<u8, f32>,
    /// Since the weights of these were last brought up to date.
    aged_ms: u64,
}

/// High beats, be it by habit, and what came between them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Row {
    began: Ms,
    beats: u32,
    peak: f64,
    tokens: f64,
    length_ms: f64,
    /// As those of the pace: of all beats since it began.
    rates: VecDeque<f64>,
}

impl Pace {
    /// Judges a beat by what was known before it, then takes it in.
    ///
    /// `since_ms` is the time since the last beat that counts (the tower was up, the machine awake); None: it is the first,
    /// and has no rate. A beat without tokens is a gap, and no rate: an agent that mostly idles is measured by its work.
    pub fn hear(&mut self, tokens: u64, since_ms: Option<u64>, now: Ms) -> Option<Spike> {
        let since_ms = since_ms?;
        let usual_gap = median(&sorted(self.gaps.iter().map(|gap| *gap as f64)));
        keep(&mut self.gaps, since_ms, REMEMBERED);
        self.age(since_ms);
        if self.high.as_ref().is_some_and(|row| row.began > now || now.since(row.began) >= ROW_MAX_MS) {
            self.end_row();
        }
        if let Some(row) = &mut self.high {
            row.tokens += tokens as f64;
            row.length_ms += since_ms as f64;
        }
        if tokens == 0 {
            self.settle();
            return None;
        }
        let span_ms = usual_gap.unwrap_or(FIRST_GAP_MS as f64).max(since_ms as f64).max(1.0);
        let rate = tokens as f64 * MINUTE_MS as f64 / span_ms;
        match self.usual() {
            Some(usual) if is_high(rate, usual) => {
                let begins = Row { began: now, tokens: tokens as f64, length_ms: span_ms, ..Row::default() };
                let row = self.high.get_or_insert(begins);
                row.beats = row.beats.saturating_add(1);
                row.peak = row.peak.max(rate);
                keep(&mut row.rates, rate, REMEMBERED);
                (!self.is_habit(rate)).then_some(Spike { rate, usual, times: rate / usual })
            }
            known => {
                let rates = self.high.as_mut().map_or(&mut self.rates, |row| &mut row.rates);
                keep(rates, rate, REMEMBERED);
                self.settle();
                if known.is_none() && self.rates.len() == RATES_NEEDED {
                    self.look_back();
                }
                None
            }
        }
    }

    /// Whether it spent far more than usual lately, all taken together.
    #[must_use]
    pub fn is_high(&self) -> bool {
        self.high.is_some()
    }

    /// Whether a spike is over, after so many beats in a row that used what is usual.
    #[must_use]
    pub fn is_calm(&self, beats: u32) -> bool {
        beats >= CALM_AFTER || !self.is_high()
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

    /// Whether it came to more than half of this before, on several occasions, and does not go on for much longer than then.
    fn is_habit(&self, rate: f64) -> bool {
        let occasions: f32 = self.occasions.range(level(rate / 2.0)..).map(|(_, weight)| weight).sum();
        let beats = self.high.as_ref().map_or(0, |row| row.beats);
        occasions >= OCCASIONS && beats <= self.longest.saturating_mul(2).max(ROW_MIN)
    }

    /// The row is over, if what was spent since it began is no longer far from the usual.
    fn settle(&mut self) {
        let Some((row, usual)) = self.high.as_ref().zip(self.usual()) else { return };
        let rate = row.tokens * MINUTE_MS as f64 / row.length_ms.max(1.0);
        if rate < usual * SETTLED_TIMES || rate < HARMLESS_RATE {
            self.end_row();
        }
    }

    fn end_row(&mut self) {
        let Some(row) = self.high.take() else { return };
        self.was_high(row.peak, row.beats);
        row.rates.into_iter().for_each(|rate| keep(&mut self.rates, rate, REMEMBERED));
    }

    fn was_high(&mut self, peak: f64, beats: u32) {
        *self.occasions.entry(level(peak)).or_default() += 1.0;
        self.longest = self.longest.max(beats);
    }

    /// The first rates are not judged; those of them that were high are one occasion all the same.
    fn look_back(&mut self) {
        let Some(usual) = self.usual() else { return };
        let high = self.rates.iter().copied().filter(|rate| is_high(*rate, usual));
        let (beats, peak) = high.fold((0, 0.0), |(beats, peak), rate| (beats + 1, rate.max(peak)));
        if beats > 0 {
            self.was_high(peak, beats);
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
