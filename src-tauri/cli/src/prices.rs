//! `price …`: what models cost, by the program and by you.

use cuetower_engine::desk::wire::{PriceView, Prices};
use serde_json::json;

use crate::args::{PriceCommand, PriceSetArgs};
use crate::owner::Owner;
use crate::show::{say, say_json, table};

pub async fn obey(owner: &Owner, what: PriceCommand, as_json: bool) -> Result<(), String> {
    let mut answer: Prices = match &what {
        PriceCommand::List { .. } => owner.ask("prices", json!({})).await?,
        PriceCommand::Set(args) => owner.ask("price_set", asked(args)).await?,
        PriceCommand::Rm { model } => owner.ask("price_remove", json!({ "model": model })).await?,
    };
    if let PriceCommand::List { find, own } = &what {
        let find = find.as_deref().unwrap_or_default().to_lowercase();
        answer.prices.retain(|price| (price.own || !own) && is_about(price, &find));
    }
    if as_json {
        say_json(&json!(answer));
        return Ok(());
    }
    match what {
        PriceCommand::Set(PriceSetArgs { model, input, output, .. }) => say(&format!(
            "From now on a million tokens of {} cost ${input} in and ${output} out. What was told before keeps the cost it had.",
            model.trim()
        )),
        PriceCommand::Rm { model } => say(&format!("Your own price of {} is gone.", model.trim())),
        PriceCommand::List { .. } if answer.prices.is_empty() => {
            say("There is no such price. Set one: cuetowerctl price set MODEL --input 2.5 --output 10");
        }
        PriceCommand::List { .. } => say(&listed(&answer)),
    }
    Ok(())
}

fn asked(args: &PriceSetArgs) -> serde_json::Value {
    json!({
        "model": args.model,
        "input_usd": args.input,
        "output_usd": args.output,
        "cached_input_usd": args.cached_input,
        "reasoning_usd": args.reasoning,
    })
}

/// `find` is in small letters.
fn is_about(price: &PriceView, find: &str) -> bool {
    let mut names = price.aliases.iter().chain([&price.model]).chain(&price.provider);
    names.any(|name| name.to_lowercase().contains(find))
}

fn listed(answer: &Prices) -> String {
    let rows: Vec<_> = answer.prices.iter().map(row).collect();
    let prices = table(["MODEL", "SOLD BY", "INPUT", "CACHED", "OUTPUT", "REASONING", "FROM"], &rows);
    format!(
        "{prices}\nUS dollars per million tokens. The program's prices are of {}, from {}.\n{}",
        answer.as_of, answer.source, answer.notes
    )
}

fn row(price: &PriceView) -> [String; 7] {
    let maybe = |usd: Option<f64>| usd.map_or_else(|| "-".to_owned(), |usd| format!("${usd}"));
    [
        price.model.clone(),
        price.provider.clone().unwrap_or_else(|| "-".to_owned()),
        maybe(Some(price.input_usd)),
        maybe(price.cached_input_usd),
        maybe(Some(price.output_usd)),
        maybe(price.reasoning_usd),
        if price.own { "you" } else { "the program" }.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_listed_with_their_date_and_source() {
        let price = PriceView {
            model: "gpt-4o".to_owned(),
            aliases: vec!["gpt-4o-2024-08-06".to_owned()],
            provider: Some("openai".to_owned()),
            input_usd: 2.5,
            output_usd: 10.0,
            cached_input_usd: Some(1.25),
            reasoning_usd: None,
            own: false,
            set_at_ms: None,
            shipped: None,
        };
        assert!(is_about(&price, "08-06") && is_about(&price, "openai") && !is_about(&price, "claude"));
        let own = PriceView { model: "house".to_owned(), provider: None, own: true, ..price.clone() };
        let answer = Prices {
            prices: vec![price, own],
            as_of: "2026-11-04".to_owned(),
            source: "a list".to_owned(),
            notes: "Not in them: batches.".to_owned(),
            own_changed_ms: None,
        };
        let wanted = "\
MODEL   SOLD BY  INPUT  CACHED  OUTPUT  REASONING  FROM
gpt-4o  openai   $2.5   $1.25   $10     -          the program
house   -        $2.5   $1.25   $10     -          you
US dollars per million tokens. The program's prices are of 2026-11-04, from a list.
Not in them: batches.";
        assert_eq!(listed(&answer), wanted);
    }
}
