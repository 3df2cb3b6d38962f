//! What a span says that it used, in whichever words: tokens, money, and the model.

use cuetower_core::spend::{Nanousd, Tokens};
use serde_json::{Map, Value as Json};

use super::conventions as named;
use super::raw::{Attributes, first, get, word};

/// Tokens of one call, as the tower counts them: input with what was cached, output with what was reasoned.
pub fn tokens(attributes: &Attributes<'_>) -> Tokens {
    let details = details(attributes, named::USAGE_DETAILS);
    let detail =
        |names: &[&str]| details.as_ref().and_then(|all| names.iter().find_map(|name| all.get(*name)?.as_u64()));
    let count = |names| first(attributes, names).and_then(|value| value.count()).filter(|count| *count <= Tokens::MOST);
    let input = count(named::INPUT_TOKENS);
    let is_detailed = input.is_none() && details.is_some();
    let mut told = Told {
        input: input.or_else(|| detail(&["input", "input_tokens", "prompt_tokens"])),
        output: count(named::OUTPUT_TOKENS).or_else(|| detail(&["output", "output_tokens", "completion_tokens"])),
        total: count(named::TOTAL_TOKENS).or_else(|| detail(&["total", "total_tokens"])),
        cached: count(named::CACHED_TOKENS)
            .or_else(|| detail(&["input_cached_tokens", "cache_read_input_tokens", "cached_tokens"])),
        written: count(named::WRITTEN_TOKENS).or_else(|| detail(&["cache_creation_input_tokens"])),
        reasoning: count(named::REASONING_TOKENS).or_else(|| detail(&["output_reasoning_tokens", "reasoning_tokens"])),
        // Langfuse's details do not overlap.
        apart: is_detailed,
    };
    let provider = word(attributes, named::PROVIDER).unwrap_or_default().to_ascii_lowercase();
    told.apart |= named::APART.iter().any(|(attribute, providers)| {
        get(attributes, attribute).is_some() && providers.iter().any(|start| provider.starts_with(start))
    });
    told.counted()
}

struct Told {
    input: Option<u64>,
    output: Option<u64>,
    total: Option<u64>,
    cached: Option<u64>,
    written: Option<u64>,
    reasoning: Option<u64>,
    /// The input was told without what was read from a cache and written to one.
    apart: bool,
}

impl Told {
    fn counted(self) -> Tokens {
        let beside = self.cached.unwrap_or(0).saturating_add(self.written.unwrap_or(0));
        let input =
            self.input.map(|input| if self.is_apart(input, beside) { input.saturating_add(beside) } else { input });
        Tokens {
            input: input.or(self.cached),
            // What was reasoned is a part of what came out; more of it than of the whole means that it was told apart.
            output: match (self.output, self.reasoning) {
                (Some(output), Some(reasoning)) if reasoning > output => Some(output.saturating_add(reasoning)),
                (output, reasoning) => output.or(reasoning),
            },
            cached_input: self.cached,
            reasoning: self.reasoning,
            total: self.total,
        }
    }

    fn is_apart(&self, input: u64, beside: u64) -> bool {
        let adds_up =
            |with: u64| self.total.is_some_and(|total| total == with.saturating_add(self.output.unwrap_or(0)));
        match beside {
            0 => false,
            // Nothing can be a part of less.
            beside if beside > input => true,
            _ if adds_up(input) => false,
            beside => self.apart || adds_up(input.saturating_add(beside)),
        }
    }
}

/// What the span says that it cost.
pub fn cost(attributes: &Attributes<'_>) -> Option<Nanousd> {
    let usd = |name: &str| get(attributes, name).and_then(|value| value.number());
    let said = named::COST.iter().find_map(|name| usd(name));
    let parts = || named::COST_PARTS.iter().find_map(|(input, output)| sum(usd(input), usd(output)));
    let detailed = || {
        let details = details(attributes, named::COST_DETAILS)?;
        let usd = |name: &str| details.get(name).and_then(Json::as_f64);
        usd("total").or_else(|| sum(usd("input"), usd("output")))
    };
    said.or_else(parts).or_else(detailed).and_then(Nanousd::of_usd)
}

fn sum(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    (one.is_some() || other.is_some()).then(|| one.unwrap_or(0.0) + other.unwrap_or(0.0))
}

fn details(attributes: &Attributes<'_>, name: &str) -> Option<Map<String, Json>> {
    const BYTES_MAX: usize = 16 * 1024;
    let text = get(attributes, name)?.text().filter(|text| text.len() <= BYTES_MAX)?;
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::super::raw::Value;
    use super::*;

    fn told(pairs: &[(&'static str, i64)]) -> Tokens {
        told_by("openai", pairs)
    }

    fn told_by(provider: &'static str, pairs: &[(&'static str, i64)]) -> Tokens {
        let mut all: Attributes<'_> = pairs.iter().map(|(name, count)| ((*name).into(), Value::Int(*count))).collect();
        all.push(("gen_ai.system".into(), Value::Text(provider.into())));
        tokens(&all)
    }

    fn parts(tokens: Tokens) -> (Option<u64>, Option<u64>, Option<u64>, Option<u64>) {
        (tokens.input, tokens.output, tokens.cached_input, tokens.reasoning)
    }

    #[test]
    fn old_and_new_names_say_the_same() {
        for (input, output) in [
            ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
            ("gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens"),
            ("llm.token_count.prompt", "llm.token_count.completion"),
            ("llm.usage.prompt_tokens", "llm.usage.completion_tokens"),
            ("ai.usage.promptTokens", "ai.usage.completionTokens"),
        ] {
            assert_eq!(parts(told(&[(input, 100), (output, 20)])), (Some(100), Some(20), None, None), "{input}");
        }
        assert_eq!(told(&[]), Tokens::default(), "what was not said is not 0");
        assert_eq!(told(&[("llm.usage.total_tokens", 9)]), Tokens::only_total(9));
    }

    #[test]
    fn the_input_has_the_cached_ones_in_it_whoever_told() {
        let (input, output) = ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens");
        let (read, written) = ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_creation.input_tokens");
        let total = "gen_ai.usage.total_tokens";
        // As the conventions have it.
        assert_eq!(parts(told(&[(input, 100), (output, 5), (read, 80)])), (Some(100), Some(5), Some(80), None));
        // Anthropic's own figures, handed on: more cached than there is input.
        let handed_on = told_by("anthropic", &[(input, 12), (output, 5), (read, 2_000), (written, 30)]);
        assert_eq!(parts(handed_on), (Some(2_042), Some(5), Some(2_000), None));
        // The sum tells which of the two it is.
        let apart = told_by("anthropic", &[(input, 100), (output, 5), (read, 80), (total, 185)]);
        assert_eq!(parts(apart).0, Some(180));
        let within = told_by("anthropic", &[(input, 100), (output, 5), (read, 80), (total, 105)]);
        assert_eq!(parts(within).0, Some(100));
        let vercel = [("ai.usage.promptTokens", 100), ("ai.usage.cachedInputTokens", 80)];
        assert_eq!(parts(told_by("anthropic.messages", &vercel)).0, Some(180));
        assert_eq!(parts(told_by("openai.chat", &vercel)).0, Some(100));
    }

    #[test]
    fn reasoning_is_a_part_of_the_output() {
        let output = "gen_ai.usage.output_tokens";
        for name in named::REASONING_TOKENS {
            assert_eq!(parts(told(&[(output, 50), (name, 30)])), (None, Some(50), None, Some(30)), "{name}");
        }
        assert_eq!(parts(told(&[(output, 50), (named::REASONING_TOKENS[0], 300)])).1, Some(350));
    }

    #[test]
    fn costs_are_taken_where_they_are_told() {
        let of = |name: &'static str, value: Value<'static>| cost(&vec![(name.into(), value)]);
        for name in named::COST {
            assert_eq!(of(name, Value::Float(0.25)), Some(Nanousd(250_000_000)), "{name}");
        }
        assert_eq!(of("llm.cost.total", Value::Text("0.5".into())), Some(Nanousd(500_000_000)));
        assert_eq!(of("llm.cost.total", Value::Float(-1.0)), None);
        assert_eq!(of("llm.cost.prompt", Value::Float(0.5)), Some(Nanousd(500_000_000)));
        let details = Value::Text(r#"{"input":0.5,"output":1}"#.into());
        assert_eq!(of(named::COST_DETAILS, details), Some(Nanousd(1_500_000_000)));
        assert_eq!(of("gen_ai.usage.input_tokens", Value::Int(3)), None);
    }

    #[test]
    fn details_in_one_attribute_do_not_overlap() {
        let text = r#"{"input": 10, "output": 5, "cache_read_input_tokens": 3, "total": 18}"#;
        let told = tokens(&vec![(named::USAGE_DETAILS.into(), Value::Text(text.into()))]);
        assert_eq!((parts(told), told.total), ((Some(13), Some(5), Some(3), None), Some(18)));
        let broken = tokens(&vec![(named::USAGE_DETAILS.into(), Value::Text("{".into()))]);
        assert_eq!(broken, Tokens::default());
    }
}
