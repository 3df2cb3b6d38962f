//! What work with models used: tokens as providers count them, and money.

use serde::{Deserialize, Serialize};

/// Tokens of one call, or of many. What was not said is None, never 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tokens {
    /// With those that were read from a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<u64>,
    /// With those spent on reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<u64>,
    /// Where only the sum is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

impl Tokens {
    /// More than this in one report is a mistake.
    pub const MOST: u64 = 1_000_000_000_000;

    #[must_use]
    pub fn only_total(total: u64) -> Tokens {
        Tokens { total: Some(total), ..Tokens::default() }
    }

    /// All of them; None: nothing was said.
    #[must_use]
    pub fn all(&self) -> Option<u64> {
        let parts = match (self.input, self.output) {
            (None, None) => None,
            (input, output) => Some(input.unwrap_or(0).saturating_add(output.unwrap_or(0))),
        };
        self.total.max(parts)
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, more: &Tokens) -> Tokens {
        let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (None, None) => None,
            (one, other) => Some(one.unwrap_or(0).saturating_add(other.unwrap_or(0))),
        };
        let total = match (self.total.is_some() || more.total.is_some(), self.all(), more.all()) {
            (false, _, _) => None,
            (true, one, other) => sum(one, other),
        };
        Tokens {
            input: sum(self.input, more.input),
            output: sum(self.output, more.output),
            cached_input: sum(self.cached_input, more.cached_input),
            reasoning: sum(self.reasoning, more.reasoning),
            total,
        }
    }
}

/// An amount of money, in billionths of a US dollar, so that sums are exact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nanousd(pub u64);

impl Nanousd {
    /// More than this in one report is a mistake.
    pub const MOST_USD: f64 = 1_000_000.0;

    /// Rounded to a billionth; None below zero, above [`Nanousd::MOST_USD`], or no number.
    #[must_use]
    pub fn of_usd(usd: f64) -> Option<Nanousd> {
        (0.0..=Nanousd::MOST_USD).contains(&usd).then(|| Nanousd((usd * 1e9).round() as u64))
    }

    #[must_use]
    pub fn usd(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

/// Where the cost of something comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priced {
    /// It used no tokens, as far as anybody said.
    #[default]
    Nothing,
    /// Whoever reported it said so.
    Said,
    /// From the table of prices.
    Table,
    /// It used tokens, and no price is known: not 0.
    Not,
}

impl Priced {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Priced::Nothing => "nothing",
            Priced::Said => "said",
            Priced::Table => "table",
            Priced::Not => "not_priced",
        }
    }

    #[must_use]
    pub fn of(word: &str) -> Priced {
        let all = [Priced::Said, Priced::Table, Priced::Not];
        all.into_iter().find(|priced| priced.word() == word).unwrap_or_default()
    }
}

/// What one piece of work used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spend {
    pub tokens: Tokens,
    pub cost: Option<Nanousd>,
    pub priced: Priced,
    /// As it was reported.
    pub model: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_said_is_not_zero() {
        assert_eq!(Tokens::default().all(), None);
        assert_eq!(Tokens::default().plus(&Tokens::default()).all(), None);
        let some = Tokens { input: Some(3), ..Tokens::default() };
        assert_eq!((some.all(), some.plus(&Tokens::default()).all()), (Some(3), Some(3)));
    }

    #[test]
    fn a_total_and_parts_add_up_to_a_total() {
        let parts = Tokens { input: Some(3), output: Some(4), ..Tokens::default() };
        let both = parts.plus(&Tokens::only_total(10));
        assert_eq!((both.all(), both.input, both.output), (Some(17), Some(3), Some(4)));
    }

    #[test]
    fn money_is_exact_and_mistakes_are_refused() {
        let cent = Nanousd::of_usd(0.01).unwrap();
        assert_eq!((cent, Nanousd(cent.0 * 3).usd()), (Nanousd(10_000_000), 0.03));
        assert_eq!([-0.1, f64::NAN, f64::INFINITY, 1e7].map(Nanousd::of_usd), [None; 4]);
    }
}
