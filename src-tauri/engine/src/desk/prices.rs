//! The owner's table of prices: what the program brings along, and what the owner says instead.

use std::collections::BTreeMap;

use cuetower_core::price::{PRICE_MOST_USD, Price, PriceTable, name_trouble, plain_name};
use cuetower_core::spend::Nanousd;

use super::wire::{DeskError, Nothing, PriceRef, PriceSet, PriceView, Prices, ShippedPrice};
use super::{Desk, invalid, not_found};
use crate::prices::{NotThere, OWN_MAX, TooMany, remove as drop_price, set as keep, shipped};

pub(super) async fn list(desk: &Desk, _: Nothing) -> Result<Prices, DeskError> {
    let own = desk.handle.reader().prices().await?;
    let set_at: BTreeMap<String, i64> = own.iter().map(|row| (plain_name(&row.price.model), row.set_at.0)).collect();
    let table = desk.handle.prices();
    let shipped = shipped();
    Ok(Prices {
        prices: table.all().into_iter().map(|price| view(price, &table, &set_at)).collect(),
        as_of: shipped.as_of.clone(),
        source: shipped.source.clone(),
        notes: shipped.notes.clone(),
        own_changed_ms: set_at.values().copied().max(),
    })
}

pub(super) async fn set(desk: &Desk, request: PriceSet) -> Result<Prices, DeskError> {
    let price = read(request)?;
    let changing = desk.handle.prices.changing().await;
    desk.handle.record(move |recorder| keep(recorder, &price)).await?.map_err(|TooMany| DeskError {
        code: "refused".to_owned(),
        message: format!("There are {OWN_MAX} prices of your own already; take some away first."),
        field: None,
    })?;
    desk.handle.prices.put(desk.handle.reader().prices().await?);
    drop(changing);
    list(desk, Nothing {}).await
}

pub(super) async fn remove(desk: &Desk, request: PriceRef) -> Result<Prices, DeskError> {
    let changing = desk.handle.prices.changing().await;
    let model = request.model.clone();
    let removed = desk.handle.record(move |recorder| drop_price(recorder, &model)).await?;
    removed.map_err(|NotThere| not_found(&format!("price of your own for `{}`", request.model.trim())))?;
    desk.handle.prices.put(desk.handle.reader().prices().await?);
    drop(changing);
    list(desk, Nothing {}).await
}

fn read(request: PriceSet) -> Result<Price, DeskError> {
    let PriceSet { model, input_usd, output_usd, cached_input_usd, reasoning_usd } = request;
    let model = model.trim().to_owned();
    if let Some(trouble) = name_trouble(&model) {
        return Err(invalid("model", trouble));
    }
    let amount = |field: &str, usd: f64| {
        let within = (0.0..=PRICE_MOST_USD).contains(&usd);
        let words = "A price is an amount from 0 to 100,000 dollars for a million tokens.";
        Nanousd::of_usd(usd).filter(|_| within).ok_or_else(|| invalid(field, words))
    };
    let maybe = |field: &str, usd: Option<f64>| usd.map(|usd| amount(field, usd)).transpose();
    Ok(Price {
        model,
        aliases: Vec::new(),
        provider: String::new(),
        input: amount("input_usd", input_usd)?,
        output: amount("output_usd", output_usd)?,
        cached_input: maybe("cached_input_usd", cached_input_usd)?,
        reasoning: maybe("reasoning_usd", reasoning_usd)?,
        own: true,
    })
}

fn view(price: &Price, table: &PriceTable, set_at: &BTreeMap<String, i64>) -> PriceView {
    let usd = |price: Option<Nanousd>| price.map(Nanousd::usd);
    let shipped = price.own.then(|| table.shipped(&price.model)).flatten();
    let known = shipped.unwrap_or(price);
    PriceView {
        model: price.model.clone(),
        aliases: known.aliases.clone(),
        provider: Some(known.provider.clone()).filter(|provider| !provider.is_empty()),
        input_usd: price.input.usd(),
        output_usd: price.output.usd(),
        cached_input_usd: usd(price.cached_input),
        reasoning_usd: usd(price.reasoning),
        own: price.own,
        set_at_ms: set_at.get(&plain_name(&price.model)).copied().filter(|_| price.own),
        shipped: shipped.map(|shipped| ShippedPrice {
            input_usd: shipped.input.usd(),
            output_usd: shipped.output.usd(),
            cached_input_usd: usd(shipped.cached_input),
            reasoning_usd: usd(shipped.reasoning),
        }),
    }
}
