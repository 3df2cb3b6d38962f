//! The prices that the program brings along, with the date they are of.

use std::sync::OnceLock;

use cuetower_core::price::Price;
use cuetower_core::spend::Nanousd;
use serde::Deserialize;

/// Written by `data/prices.py`.
const DATA: &str = include_str!("../../data/prices.json");

pub(crate) struct Shipped {
    /// "2026-11-04"
    pub as_of: String,
    /// Where they are from.
    pub source: String,
    /// What is not in them.
    pub notes: String,
    pub prices: Vec<Price>,
}

#[derive(Deserialize)]
struct File {
    as_of: String,
    source: String,
    notes: String,
    models: Vec<Model>,
}

/// In dollars per million tokens.
#[derive(Deserialize)]
struct Model {
    model: String,
    provider: String,
    input: f64,
    output: f64,
    cached_input: Option<f64>,
    reasoning: Option<f64>,
    #[serde(default)]
    aliases: Vec<String>,
}

impl Model {
    fn price(self) -> Price {
        let nano = |usd: f64| Nanousd::of_usd(usd).expect("`prices.json` has prices that are amounts of money");
        Price {
            model: self.model,
            aliases: self.aliases,
            provider: self.provider,
            input: nano(self.input),
            output: nano(self.output),
            cached_input: self.cached_input.map(nano),
            reasoning: self.reasoning.map(nano),
            own: false,
        }
    }
}

pub(crate) fn shipped() -> &'static Shipped {
    static SHIPPED: OnceLock<Shipped> = OnceLock::new();
    SHIPPED.get_or_init(|| {
        let file: File = serde_json::from_str(DATA).expect("`prices.json` is what `prices.py` writes");
        Shipped {
            as_of: file.as_of,
            source: file.source,
            notes: file.notes,
            prices: file.models.into_iter().map(Model::price).collect(),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use cuetower_core::price::{PriceTable, name_trouble, plain_name};
    use cuetower_core::spend::{Priced, Tokens};

    use super::*;

    #[test]
    fn the_prices_that_come_along_are_sound() {
        let shipped = shipped();
        assert!(chrono::NaiveDate::parse_from_str(&shipped.as_of, "%Y-%m-%d").is_ok(), "{}", shipped.as_of);
        assert!(shipped.prices.len() > 400 && !shipped.source.is_empty() && !shipped.notes.is_empty());
        let mut names = BTreeSet::new();
        for price in &shipped.prices {
            for name in std::iter::once(&price.model).chain(&price.aliases) {
                assert_eq!(name_trouble(name), None, "{name}");
                assert_eq!(*name, plain_name(name), "it is written as names are compared");
                assert!(names.insert(name), "{name} is there twice");
            }
            assert!(price.input.0 > 0 || price.output.0 > 0, "{} costs something, or is not here", price.model);
            let cached = price.cached_input.unwrap_or(price.input);
            assert!(cached <= price.input, "{}: what is cached is not dearer", price.model);
        }
    }

    #[test]
    fn models_are_known_as_providers_and_their_sdks_report_them() {
        let table = PriceTable::of(Vec::new(), shipped().prices.clone());
        let usd = |model: &str| table.price_of(model).map(|price| (price.input.usd(), price.output.usd()));
        let cases = [
            ("gpt-4o-2024-08-06", Some((2.5, 10.0))),
            ("gpt-4o-2024-05-13", Some((5.0, 15.0))),
            ("gpt-4o-mini-2024-07-18", Some((0.15, 0.6))),
            ("openai/gpt-4.1-mini", Some((0.4, 1.6))),
            ("text-embedding-3-small", Some((0.02, 0.0))),
            ("claude-3-5-haiku-20241022", Some((0.8, 4.0))),
            ("claude-sonnet-4-5-20250929", Some((3.0, 15.0))),
            ("anthropic/claude-sonnet-4.5", Some((3.0, 15.0))),
            ("vertex_ai/claude-opus-4-1@20250805", Some((15.0, 75.0))),
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Some((3.3, 16.5))),
            ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", Some((3.0, 15.0))),
            ("models/gemini-2.5-flash", Some((0.3, 2.5))),
            ("mistral-large-latest", Some((2.0, 6.0))),
            ("groq/openai/gpt-oss-120b", Some((0.15, 0.6))),
            ("llama-3.3-70b-versatile", Some((0.59, 0.79))),
            // Whoever runs an open model says what it costs; at home it may cost nothing.
            ("openai/gpt-oss-120b", None),
            ("gpt-oss:20b", None),
            ("llama3.2", None),
            ("Qwen/Qwen3.5-9B", None),
            ("gpt-4o-of-tomorrow", None),
        ];
        for (model, wanted) in cases {
            assert_eq!(usd(model), wanted, "{model}");
        }
        let call = Tokens { input: Some(1_200), output: Some(340), cached_input: Some(1_000), ..Tokens::default() };
        let (cost, priced) = table.priced(Some("gpt-4o-2024-08-06"), &call);
        assert_eq!(
            (cost.map(|cost| cost.0), priced),
            (Some(200 * 2_500 + 1_000 * 1_250 + 340 * 10_000), Priced::Table)
        );
    }
}
