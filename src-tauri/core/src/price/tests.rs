//! Prices of calls, and the names that lead to them.

use proptest::prelude::*;

use super::name::{candidates, name_trouble};
use super::*;

fn usd(usd: f64) -> Nanousd {
    Nanousd::of_usd(usd).unwrap()
}

fn price(model: &str, input: f64, output: f64, cached_input: Option<f64>) -> Price {
    Price {
        model: model.to_owned(),
        aliases: Vec::new(),
        provider: "openai".to_owned(),
        input: usd(input),
        output: usd(output),
        cached_input: cached_input.map(usd),
        reasoning: None,
        own: false,
    }
}

fn gpt_4o() -> Price {
    price("gpt-4o", 2.5, 10.0, Some(1.25))
}

fn table(shipped: Vec<Price>) -> PriceTable {
    PriceTable::of(Vec::new(), shipped)
}

fn called(tokens: Tokens) -> Tokens {
    Tokens { input: Some(1_000), output: Some(200), ..tokens }
}

#[test]
fn input_and_output_are_paid_apart_and_cached_input_at_its_own_price() {
    let cost = |tokens| gpt_4o().cost(&tokens).unwrap().0;
    assert_eq!(cost(called(Tokens::default())), 2_500_000 + 2_000_000);
    let cached = called(Tokens { cached_input: Some(600), ..Tokens::default() });
    assert_eq!(cost(cached), 400 * 2_500 + 600 * 1_250 + 2_000_000);
    let unpriced = Price { cached_input: None, ..gpt_4o() };
    assert_eq!(unpriced.cost(&cached), unpriced.cost(&called(Tokens::default())));
}

#[test]
fn reasoning_is_part_of_the_output_unless_it_cannot_be() {
    let apart = Price { reasoning: Some(usd(3.0)), ..gpt_4o() };
    let some = |reasoning| called(Tokens { reasoning: Some(reasoning), ..Tokens::default() });
    assert_eq!(gpt_4o().cost(&some(150)), gpt_4o().cost(&called(Tokens::default())));
    assert_eq!(apart.cost(&some(150)).unwrap().0, 2_500_000 + 50 * 10_000 + 150 * 3_000);
    // More than the output: this provider counts it beside.
    assert_eq!(gpt_4o().cost(&some(300)).unwrap().0, 2_500_000 + 500 * 10_000);
}

#[test]
fn a_total_tells_what_is_counted_beside() {
    let gemini = called(Tokens { reasoning: Some(50), total: Some(1_250), ..Tokens::default() });
    assert_eq!(gpt_4o().cost(&gemini).unwrap().0, 2_500_000 + 250 * 10_000);
    let claude = called(Tokens { cached_input: Some(5_000), total: Some(6_200), ..Tokens::default() });
    assert_eq!(gpt_4o().cost(&claude).unwrap().0, 4_500_000 + 5_000 * 1_250);
    let unexplained = called(Tokens { total: Some(9_999), ..Tokens::default() });
    assert_eq!(gpt_4o().cost(&unexplained), None, "nobody knows what the rest was");
}

#[test]
fn what_is_not_said_is_worked_out_or_not_priced() {
    let cost = |price: &Price, tokens| price.cost(&tokens).map(|cost| cost.0);
    let input = Tokens { input: Some(1_000), ..Tokens::default() };
    let embedding = price("text-embedding-3-small", 0.02, 0.0, None);
    assert_eq!((cost(&gpt_4o(), input), cost(&embedding, input)), (None, Some(20_000)));
    assert_eq!(cost(&gpt_4o(), Tokens { total: Some(1_200), ..input }), Some(4_500_000));
    let total = Tokens::only_total(1_000);
    let even = price("llama", 0.9, 0.9, None);
    assert_eq!([&gpt_4o(), &embedding, &even].map(|price| cost(price, total)), [None, Some(20_000), Some(900_000)]);
}

#[test]
fn an_unknown_model_is_not_priced_and_no_tokens_are_nothing() {
    let table = table(vec![gpt_4o()]);
    let used = called(Tokens::default());
    assert_eq!(table.priced(Some("gpt-4o"), &used), (Some(Nanousd(4_500_000)), Priced::Table));
    assert_eq!(table.priced(Some("gpt-9"), &used), (None, Priced::Not));
    assert_eq!(table.priced(None, &used), (None, Priced::Not));
    assert_eq!(table.priced(Some("gpt-4o"), &Tokens::only_total(7)), (None, Priced::Not));
    for nothing in [Tokens::default(), Tokens::only_total(0)] {
        assert_eq!(table.priced(Some("gpt-9"), &nothing), (None, Priced::Nothing));
    }
    let free = PriceTable::of(vec![Price { own: true, ..price("llama-at-home", 0.0, 0.0, None) }], Vec::new());
    assert_eq!(free.priced(Some("llama-at-home"), &used), (Some(Nanousd(0)), Priced::Table), "the owner says so");
}

#[test]
fn a_model_is_known_by_its_versions_and_by_who_sells_it() {
    let claude =
        Price { aliases: vec!["claude-3.5-haiku".to_owned()], ..price("claude-3-5-haiku-latest", 1.0, 5.0, None) };
    let table = table(vec![
        gpt_4o(),
        price("gpt-4o-mini", 0.15, 0.6, None),
        price("gpt-4o-2024-05-13", 5.0, 15.0, None),
        claude,
        price("claude-3-5-haiku", 1.0, 5.0, None),
        price("gemini-2.0-flash", 0.1, 0.4, None),
        price("ft:gpt-4o-*", 3.75, 15.0, None),
        price("together/qwen/qwen3", 0.3, 0.3, None),
    ]);
    let known = |model: &str| table.price_of(model).map(|price| price.model.as_str());
    let cases = [
        ("gpt-4o", Some("gpt-4o")),
        (" GPT-4o ", Some("gpt-4o")),
        ("gpt-4o-2024-08-06", Some("gpt-4o")),
        ("gpt-4o-2024-05-13", Some("gpt-4o-2024-05-13")),
        ("openai/gpt-4o-mini-2024-07-18", Some("gpt-4o-mini")),
        ("openrouter/openai/gpt-4o", Some("gpt-4o")),
        ("azure/gpt-4o", Some("gpt-4o")),
        ("claude-3-5-haiku-20241022", Some("claude-3-5-haiku")),
        ("anthropic/claude-3.5-haiku", Some("claude-3-5-haiku-latest")),
        ("us.anthropic.claude-3-5-haiku-20241022-v1:0", Some("claude-3-5-haiku")),
        (
            "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-5-haiku-20241022-v1:0",
            Some("claude-3-5-haiku"),
        ),
        ("vertex_ai/claude-3-5-haiku@20241022", Some("claude-3-5-haiku")),
        ("models/gemini-2.0-flash-001", Some("gemini-2.0-flash")),
        ("ft:gpt-4o-2024-08-06:acme::b7", Some("ft:gpt-4o-*")),
        ("together/Qwen/Qwen3", Some("together/qwen/qwen3")),
        // Others of the same family, or run by somebody else, have prices of their own.
        ("gpt-4o-audio", None),
        ("gpt-4", None),
        ("gpt-4o-mini-tts", None),
        ("Qwen/Qwen3", None),
        ("groq/gpt-4o", None),
        ("", None),
    ];
    for (model, wanted) in cases {
        assert_eq!(known(model), wanted, "{model}");
    }
}

#[test]
fn the_owners_prices_come_first_for_all_names_of_a_model() {
    let shipped = Price { aliases: vec!["chat-4o".to_owned()], ..gpt_4o() };
    let own = |model: &str, input| Price { own: true, ..price(model, input, 1.0, None) };
    let table =
        PriceTable::of(vec![own("GPT-4o", 7.0), own("house-*", 0.5)], vec![shipped, price("o3", 2.0, 8.0, None)]);
    let input = |model: &str| table.price_of(model).map(|price| price.input.usd());
    for model in ["gpt-4o", "gpt-4o-2024-08-06", "openai/gpt-4o", "chat-4o"] {
        assert_eq!(input(model), Some(7.0), "{model}");
    }
    assert_eq!([input("house-small"), input("o3"), input("house")], [Some(0.5), Some(2.0), None]);
    let all: Vec<_> = table.all().into_iter().map(|price| (price.model.as_str(), price.own)).collect();
    assert_eq!(all, [("GPT-4o", true), ("house-*", true), ("o3", false)]);
    assert_eq!(table.shipped("gpt-4o").map(|price| price.input.usd()), Some(2.5));
}

#[test]
fn names_that_cannot_be_in_a_table_are_told() {
    for fine in ["gpt-4o", "ft:gpt-4o*", "Qwen/Qwen3.5-9B", "modèle"] {
        assert_eq!(name_trouble(fine), None, "{fine}");
    }
    for bad in ["", "  ", "*", "g*t", "a\nb", "**", &"x".repeat(201)] {
        assert!(name_trouble(bad).is_some(), "{bad:?}");
    }
}

fn some_tokens() -> impl Strategy<Value = Tokens> {
    let count = || proptest::option::of(0..=Tokens::MOST);
    (count(), count(), count(), count(), count()).prop_map(|(input, output, cached_input, reasoning, total)| Tokens {
        input,
        output,
        cached_input,
        reasoning,
        total,
    })
}

fn some_price() -> impl Strategy<Value = Price> {
    let nano = || 0..=(PRICE_MOST_USD as u64 * 1_000_000_000);
    let maybe = || proptest::option::of(nano());
    (nano(), nano(), maybe(), maybe()).prop_map(|(input, output, cached_input, reasoning)| Price {
        input: Nanousd(input),
        output: Nanousd(output),
        cached_input: cached_input.map(Nanousd),
        reasoning: reasoning.map(Nanousd),
        ..gpt_4o()
    })
}

/// What providers of the usual kind report.
fn plain_call() -> impl Strategy<Value = Tokens> {
    (0..10_000_000_u64, 0..10_000_000_u64).prop_flat_map(|(input, output)| {
        (0..=input, 0..=output).prop_map(move |(cached, reasoning)| Tokens {
            input: Some(input),
            output: Some(output),
            cached_input: Some(cached),
            reasoning: Some(reasoning),
            total: Some(input + output),
        })
    })
}

proptest! {
    #[test]
    fn no_call_breaks_it_and_an_unknown_price_is_never_0(price in some_price(), tokens in some_tokens()) {
        let table = table(vec![price]);
        let (cost, priced) = table.priced(Some("gpt-4o"), &tokens);
        prop_assert_eq!(cost.is_some(), priced == Priced::Table);
        prop_assert_eq!(table.priced(Some("other"), &tokens).0, None);
    }

    #[test]
    fn a_call_costs_what_its_tokens_cost_one_by_one(price in some_price(), tokens in plain_call()) {
        let (input, output) = (tokens.input.unwrap(), tokens.output.unwrap());
        let (cached, reasoning) = (tokens.cached_input.unwrap(), tokens.reasoning.unwrap());
        let paid = |count: u64, price: Nanousd| u128::from(count) * u128::from(price.0);
        let sum = paid(input - cached, price.input)
            + paid(cached, price.cached_input.unwrap_or(price.input))
            + paid(output - reasoning, price.output)
            + paid(reasoning, price.reasoning.unwrap_or(price.output));
        let cost = u128::from(price.cost(&tokens).unwrap().0);
        // Rounded once, to the nearest billionth of a dollar.
        prop_assert!((cost * 2_000_000).abs_diff(sum * 2) <= 1_000_000);
    }

    #[test]
    fn saying_the_total_too_changes_nothing(price in some_price(), tokens in plain_call()) {
        prop_assert_eq!(price.cost(&tokens), price.cost(&Tokens { total: None, ..tokens }));
        prop_assert_eq!(price.cost(&tokens), price.cost(&Tokens { input: None, ..tokens }));
        prop_assert_eq!(price.cost(&tokens), price.cost(&Tokens { output: None, ..tokens }));
    }

    #[test]
    fn more_output_never_costs_less(price in some_price(), tokens in plain_call(), more in 0..1_000_000_u64) {
        let larger = Tokens { output: tokens.output.map(|output| output + more), total: None, ..tokens };
        prop_assert!(price.cost(&larger) >= price.cost(&tokens));
    }

    #[test]
    fn any_name_is_looked_up_and_stands_for_itself_first(model in "\\PC{0,40}") {
        let names = candidates(&model);
        prop_assert_eq!(&names[0], &plain_name(&model));
        prop_assert!(names.len() < 40);
    }
}
