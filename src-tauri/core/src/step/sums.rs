//! What a run used, from three mouths: its steps and spans, its beats, its outcome. The largest of them is its total.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Ms;
use crate::sentence::money;
use crate::spend::{Nanousd, Priced, Spend, Tokens};

/// No sum is told to be more: the store's numbers have a sign, and two of these still fit.
pub const SUM_MOST: u64 = 1_000_000_000_000_000_000;

fn more(sum: u64, by: u64) -> u64 {
    sum.saturating_add(by).min(SUM_MOST)
}

/// Tokens and money as far as anybody said; what nobody said is None.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    pub tokens: Option<u64>,
    pub cost: Option<Nanousd>,
}

impl Total {
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.tokens.is_none() && self.cost.is_none()
    }

    #[must_use]
    pub fn of(spend: &Spend) -> Total {
        Total { tokens: spend.tokens.all(), cost: spend.cost }
    }

    /// The larger of each.
    #[must_use]
    pub fn largest(self, other: Total) -> Total {
        Total { tokens: self.tokens.max(other.tokens), cost: self.cost.max(other.cost) }
    }

    pub(super) fn add(&mut self, more: Total) {
        if let Some(tokens) = more.tokens {
            self.tokens = Some(self::more(self.tokens.unwrap_or(0), tokens));
        }
        if let Some(cost) = more.cost {
            self.cost = Some(Nanousd(self::more(self.cost.unwrap_or_default().0, cost.0)));
        }
    }

    /// What came on top of `before`, which is never more.
    #[must_use]
    pub fn since(self, before: Total) -> Total {
        let tokens = self.tokens.filter(|_| self.tokens != before.tokens);
        let cost = self.cost.filter(|_| self.cost != before.cost);
        Total {
            tokens: tokens.map(|tokens| tokens.saturating_sub(before.tokens.unwrap_or(0))),
            cost: cost.map(|cost| Nanousd(cost.0.saturating_sub(before.cost.unwrap_or_default().0))),
        }
    }
}

/// Calls of one model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelSum {
    pub calls: u64,
    pub tokens: Tokens,
    pub cost: Option<Nanousd>,
    /// Of the calls, those that no price is known for.
    pub not_priced: u64,
}

impl ModelSum {
    pub(super) fn add(&mut self, spend: &Spend) {
        self.calls += 1;
        self.tokens = self.tokens.plus(&spend.tokens);
        if let Some(cost) = spend.cost {
            self.cost = Some(Nanousd(more(self.cost.unwrap_or_default().0, cost.0)));
        }
        self.not_priced += u64::from(spend.priced == Priced::Not);
    }
}

impl ModelSum {
    /// One call less.
    pub(super) fn less(&mut self, spend: &Spend) {
        let less = |sum: Option<u64>, part: Option<u64>| sum.map(|sum| sum.saturating_sub(part.unwrap_or(0)));
        self.calls = self.calls.saturating_sub(1);
        self.cost = less(self.cost.map(|cost| cost.0), spend.cost.map(|cost| cost.0)).map(Nanousd);
        self.not_priced = self.not_priced.saturating_sub(u64::from(spend.priced == Priced::Not));
        let (sum, part) = (self.tokens, spend.tokens);
        self.tokens = Tokens {
            input: less(sum.input, part.input),
            output: less(sum.output, part.output),
            cached_input: less(sum.cached_input, part.cached_input),
            reasoning: less(sum.reasoning, part.reasoning),
            total: less(sum.total, part.all()),
        };
    }
}

/// Of one run, or of what an agent did outside of its runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Counts the times these were written down.
    pub seq: u64,
    /// Steps and spans, each counted once: one that says what all below it used counts for them.
    pub steps: Total,
    pub beats: Total,
    pub said: Total,
    pub begun: u32,
    pub completed: u32,
    pub failed: u32,
    pub beats_heard: u64,
    pub progress: Option<f64>,
    pub progress_at: Option<Ms>,
    /// Steps and spans that used tokens of a model without a known price.
    pub not_priced: u64,
    pub first_at: Option<Ms>,
    pub last_at: Option<Ms>,
    /// Calls that came since this was last written down, by model.
    #[serde(skip)]
    pub models: BTreeMap<String, ModelSum>,
}

impl Sums {
    #[must_use]
    pub fn total(&self) -> Total {
        self.steps.largest(self.beats).largest(self.said)
    }

    /// Two who said something of the same and are more than a hundredth apart; the words name both.
    #[must_use]
    pub fn disagreement(&self) -> Option<String> {
        let told = [("its steps say", self.steps), ("its beats say", self.beats), ("its outcome says", self.said)];
        let costs: Vec<_> = told.iter().filter_map(|(who, total)| Some((*who, total.cost?.usd()))).collect();
        let tokens: Vec<_> = told.iter().filter_map(|(who, total)| Some((*who, total.tokens? as f64))).collect();
        let apart = |all: &[(&'static str, f64)]| {
            let most = all.iter().copied().max_by(|one, other| one.1.total_cmp(&other.1))?;
            let least = all.iter().copied().min_by(|one, other| one.1.total_cmp(&other.1))?;
            (most.1 - least.1 > most.1 / 100.0).then_some((most, least))
        };
        if let Some((most, least)) = apart(&costs) {
            return Some(format!("{} {}, {} {}", most.0, money(most.1), least.0, money(least.1)));
        }
        let (most, least) = apart(&tokens)?;
        Some(format!("{} {} tokens, {} {}", most.0, most.1, least.0, least.1))
    }

    pub(super) fn seen(&mut self, from: Ms, to: Ms) {
        self.first_at = Some(self.first_at.map_or(from, |first| first.min(from)));
        self.last_at = Some(self.last_at.map_or(to, |last| last.max(to)));
    }
}
