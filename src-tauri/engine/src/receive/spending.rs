//! What an agent says that something used: tokens, money, and the model. What it does not price, the table of prices does.

use cuetower_core::spend::{Nanousd, Priced, Spend, Tokens};
use serde_json::{Map, Value};

use super::Door;
use super::problem::Problem;
use super::steps_read::text;

/// `tokens` (a number, or parts), `cost_usd`, `model`.
pub(super) fn read(door: &Door, body: &Map<String, Value>) -> Result<Spend, Problem> {
    let tokens = tokens(body.get("tokens"))?;
    let model = text(body, "model")?.filter(|model| !model.trim().is_empty());
    let said = cost(body)?;
    let (cost, priced) = match said {
        Some(cost) => (Some(cost), Priced::Said),
        None => door.handle.prices().priced(model.as_deref(), &tokens),
    };
    Ok(Spend { tokens, cost, priced, model })
}

pub(super) fn cost(body: &Map<String, Value>) -> Result<Option<Nanousd>, Problem> {
    match body.get("cost_usd").filter(|value| !value.is_null()) {
        None => Ok(None),
        Some(value) => {
            let bad =
                || Problem::field("body.cost_usd", format!("Input should be a number from 0 to {}", Nanousd::MOST_USD));
            value.as_f64().and_then(Nanousd::of_usd).map(Some).ok_or_else(bad)
        }
    }
}

pub(super) fn tokens(value: Option<&Value>) -> Result<Tokens, Problem> {
    match value.filter(|value| !value.is_null()) {
        None => Ok(Tokens::default()),
        Some(Value::Object(parts)) => {
            let part = |name: &str| count(parts.get(name), &format!("body.tokens.{name}"));
            if let Some(unknown) = parts.keys().find(|name| !PARTS.contains(&name.as_str())) {
                let message = format!("Nothing is known by this name; tokens are {}.", PARTS.join(", "));
                return Err(Problem::field(format!("body.tokens.{unknown}"), message));
            }
            Ok(Tokens {
                input: part("input")?,
                output: part("output")?,
                cached_input: part("cached_input")?,
                reasoning: part("reasoning")?,
                total: part("total")?,
            })
        }
        value => Ok(count(value, "body.tokens")?.map(Tokens::only_total).unwrap_or_default()),
    }
}

const PARTS: [&str; 5] = ["input", "output", "cached_input", "reasoning", "total"];

fn count(value: Option<&Value>, field: &str) -> Result<Option<u64>, Problem> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    let whole = || value.as_f64().filter(|number| number.fract() == 0.0 && *number >= 0.0).map(|number| number as u64);
    let count = value.as_u64().or_else(whole).filter(|count| *count <= Tokens::MOST);
    let bad = || Problem::field(field, "Input should be a whole number from 0 to 1,000,000,000,000");
    count.map(Some).ok_or_else(bad)
}
