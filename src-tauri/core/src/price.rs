//! What models cost: prices by model, and what a call costs by them. In whole numbers, so that it is exact.
//!
//! The owner's own prices come first, then those that the program brings along. A model that neither knows has no price,
//! which is not the same as costing nothing.

mod name;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::spend::{Nanousd, Priced, Tokens};

pub use self::name::{name_trouble, plain_name};

/// Prices are for so many tokens.
const PER_TOKENS: u128 = 1_000_000;
/// A higher price of a million tokens is a mistake, in dollars.
pub const PRICE_MOST_USD: f64 = 100_000.0;

/// What a million tokens of a model cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// As it is shown. One that ends in `*` stands for every name that begins so.
    pub model: String,
    /// Other names of the same model.
    pub aliases: Vec<String>,
    /// Who sells it; "" if nobody said.
    pub provider: String,
    pub input: Nanousd,
    /// 0 beside an input that costs something: it puts no tokens out, as embeddings do.
    pub output: Nanousd,
    /// None: as input.
    pub cached_input: Option<Nanousd>,
    /// None: as output.
    pub reasoning: Option<Nanousd>,
    /// Set by the owner.
    pub own: bool,
}

impl Price {
    /// Exact for whatever the tokens say of themselves; None: they do not say enough.
    #[must_use]
    pub fn cost(&self, tokens: &Tokens) -> Option<Nanousd> {
        let used = Used::of(self, tokens)?;
        let cost = |tokens: u64, price: Nanousd| u128::from(tokens) * u128::from(price.0);
        let sum = cost(used.input, self.input)
            + cost(used.cached, self.cached_input.unwrap_or(self.input))
            + cost(used.output, self.output)
            + cost(used.reasoning, self.reasoning.unwrap_or(self.output));
        Some(Nanousd(u64::try_from((sum + PER_TOKENS / 2) / PER_TOKENS).unwrap_or(u64::MAX)))
    }

    fn is_same_for_all(&self) -> bool {
        self.output == self.input || self.output == Nanousd(0)
    }
}

/// Tokens by what they cost; none is in two of them.
struct Used {
    input: u64,
    cached: u64,
    output: u64,
    reasoning: u64,
}

impl Used {
    fn of(price: &Price, tokens: &Tokens) -> Option<Used> {
        let (cached, reasoning) = (tokens.cached_input.unwrap_or(0), tokens.reasoning.unwrap_or(0));
        let (mut input, output) = match (tokens.input, tokens.output, tokens.total) {
            (Some(input), Some(output), _) => (input, output),
            (Some(input), None, Some(total)) => (input, total.saturating_sub(input)),
            (None, Some(output), Some(total)) => (total.saturating_sub(output), output),
            (Some(input), None, None) if price.output == Nanousd(0) => (input, 0),
            (None, None, Some(total)) if price.is_same_for_all() => (total, 0),
            (Some(_), None, None) | (None, Some(_), None) | (None, None, Some(_) | None) => return None,
        };
        // More cached than input, or a total with the cached on top of both: this provider counts them beside its input.
        let rest = tokens.total.unwrap_or(0).saturating_sub(input.saturating_add(output));
        let on_top = |part: u64| rest > 0 && (rest == part || rest == cached.saturating_add(reasoning));
        let cached_beside = cached > input || on_top(cached);
        let reasoning_beside = reasoning > output || on_top(reasoning);
        let beside = u64::from(cached_beside) * cached + u64::from(reasoning_beside) * reasoning;
        if rest > beside {
            if !price.is_same_for_all() {
                return None;
            }
            input = input.saturating_add(rest - beside);
        }
        Some(Used {
            input: if cached_beside { input } else { input - cached },
            cached,
            output: if reasoning_beside { output } else { output - reasoning },
            reasoning,
        })
    }
}

/// Prices by the names of models. Cheap to ask; made anew for each change.
#[derive(Debug, Default)]
pub struct PriceTable {
    own: Names,
    shipped: Names,
}

impl PriceTable {
    /// The first of two prices for the same name stays.
    #[must_use]
    pub fn of(own: Vec<Price>, shipped: Vec<Price>) -> PriceTable {
        PriceTable { own: Names::of(own), shipped: Names::of(shipped) }
    }

    /// The price of a model as it was reported: by that name; by its name without the date or version at its end; without
    /// who sells it in front of it; or by a beginning that the table has.
    #[must_use]
    pub fn price_of(&self, model: &str) -> Option<&Price> {
        let names = name::candidates(model);
        if let Some(own) = self.own.find(&names) {
            return Some(own);
        }
        let shipped = self.shipped.find(&names)?;
        // The owner's price of a model is that of its other names too.
        Some(self.own.named(&shipped.model).unwrap_or(shipped))
    }

    /// What these tokens cost, and where the cost comes from: the table, or nothing is known of it, or none were used.
    #[must_use]
    pub fn priced(&self, model: Option<&str>, tokens: &Tokens) -> (Option<Nanousd>, Priced) {
        let parts = tokens.cached_input.unwrap_or(0).max(tokens.reasoning.unwrap_or(0));
        if tokens.all().unwrap_or(0).max(parts) == 0 {
            return (None, Priced::Nothing);
        }
        match model.and_then(|model| self.price_of(model)).and_then(|price| price.cost(tokens)) {
            Some(cost) => (Some(cost), Priced::Table),
            None => (None, Priced::Not),
        }
    }

    /// The owner's, and those that came along and are not replaced by the owner's; by name.
    #[must_use]
    pub fn all(&self) -> Vec<&Price> {
        let shipped = self.shipped.prices.iter().filter(|price| self.own.named(&price.model).is_none());
        let mut all: Vec<&Price> = self.own.prices.iter().chain(shipped).collect();
        all.sort_by(|one, other| one.model.cmp(&other.model));
        all
    }

    /// What came along, where the owner has a price of their own.
    #[must_use]
    pub fn shipped(&self, model: &str) -> Option<&Price> {
        self.shipped.named(model)
    }
}

#[derive(Debug, Default)]
struct Names {
    prices: Vec<Price>,
    /// Places in `prices`.
    by_name: BTreeMap<String, usize>,
    /// What names begin with, the longest first.
    beginnings: Vec<(String, usize)>,
}

impl Names {
    fn of(prices: Vec<Price>) -> Names {
        let (mut by_name, mut beginnings) = (BTreeMap::new(), Vec::new());
        for (at, price) in prices.iter().enumerate() {
            for called in std::iter::once(&price.model).chain(&price.aliases) {
                let called = plain_name(called);
                if let Some(beginning) = called.strip_suffix('*') {
                    beginnings.push((beginning.to_owned(), at));
                }
                by_name.entry(called).or_insert(at);
            }
        }
        beginnings.sort_by_key(|(beginning, _)| std::cmp::Reverse(beginning.len()));
        Names { prices, by_name, beginnings }
    }

    /// By exactly this name.
    fn named(&self, model: &str) -> Option<&Price> {
        self.by_name.get(&plain_name(model)).map(|at| &self.prices[*at])
    }

    fn find(&self, names: &[String]) -> Option<&Price> {
        let by_name = names.iter().find_map(|name| self.by_name.get(name));
        let begins = |name: &String| self.beginnings.iter().find(|(beginning, _)| name.starts_with(beginning.as_str()));
        let at = by_name.or_else(|| names.iter().find_map(begins).map(|(_, at)| at))?;
        Some(&self.prices[*at])
    }
}
