//! The table of prices as it is now: what the program brings along (`data/prices.json`), and the owner's own above it.
//!
//! Whoever prices a call takes the table as it is at that moment; a price that changes later changes no past cost.

mod shipped;

use std::sync::{Arc, PoisonError, RwLock};

use cuetower_core::price::{Price, PriceTable, plain_name};
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard};

use crate::desk::wire::Topic;
use crate::journal::{PriceRow, Recorder, StoreError};

pub(crate) use shipped::shipped;

/// Prices of the owner's own at most.
pub(crate) const OWN_MAX: u32 = 1_000;
/// Journal lane of facts about prices.
const LANE: &str = "prices";

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Prices {
    table: Arc<RwLock<Arc<PriceTable>>>,
    /// One change after the other, so that none overtakes the table that follows from it.
    changing: Arc<Mutex<()>>,
}

impl Prices {
    pub fn new(own: Vec<PriceRow>) -> Prices {
        Prices { table: Arc::new(RwLock::new(Arc::new(table_of(own)))), changing: Arc::default() }
    }

    /// As it is now.
    pub fn table(&self) -> Arc<PriceTable> {
        Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Nobody else changes prices while this is held.
    pub async fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().await
    }

    /// What the owner's are from now on.
    pub fn put(&self, own: Vec<PriceRow>) {
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table_of(own));
    }
}

fn table_of(own: Vec<PriceRow>) -> PriceTable {
    PriceTable::of(own.into_iter().map(|row| row.price).collect(), shipped().prices.clone())
}

/// The owner has as many prices as there is room for.
#[derive(Debug)]
pub(crate) struct TooMany;

pub(crate) fn set(recorder: &Recorder<'_>, price: &Price) -> Result<Result<(), TooMany>, StoreError> {
    if !recorder.keep_price(price, OWN_MAX)? {
        return Ok(Err(TooMany));
    }
    let fact = json!({
        "model": price.model,
        "input_usd": price.input.usd(),
        "output_usd": price.output.usd(),
        "cached_input_usd": price.cached_input.map(|price| price.usd()),
        "reasoning_usd": price.reasoning.map(|price| price.usd()),
    });
    recorder.fact(LANE, "price_set", &fact)?;
    recorder.touch(Topic::Prices);
    Ok(Ok(()))
}

/// There was none.
#[derive(Debug)]
pub(crate) struct NotThere;

pub(crate) fn remove(recorder: &Recorder<'_>, model: &str) -> Result<Result<(), NotThere>, StoreError> {
    if !recorder.drop_price(model)? {
        return Ok(Err(NotThere));
    }
    recorder.fact(LANE, "price_removed", &json!({ "model": plain_name(model) }))?;
    recorder.touch(Topic::Prices);
    Ok(Ok(()))
}
