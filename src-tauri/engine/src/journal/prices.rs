//! Prices of models that the owner set. Those that the program brings along are in `data/prices.json`.

use cuetower_core::Ms;
use cuetower_core::price::{Price, plain_name};
use cuetower_core::spend::Nanousd;
use rusqlite::{Connection, Row, params};

use super::{Journal, Recorder, StoreError};

pub(super) const SCHEMA: &str = "
CREATE TABLE prices (
  name TEXT PRIMARY KEY,
  model TEXT NOT NULL,
  input_nano INTEGER NOT NULL,
  output_nano INTEGER NOT NULL,
  cached_input_nano INTEGER,
  reasoning_nano INTEGER,
  set_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;";

/// A price of the owner's, and when it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceRow {
    pub price: Price,
    pub set_at: Ms,
}

impl Journal {
    pub fn prices(&self) -> Result<Vec<PriceRow>, StoreError> {
        self.guard(list)
    }
}

impl Recorder<'_> {
    /// In the place of the one that the model had; whether there is room for it among `most`.
    pub(crate) fn keep_price(&self, price: &Price, most: u32) -> Result<bool, StoreError> {
        let name = plain_name(&price.model);
        self.with(|connection| {
            let sql = "INSERT OR REPLACE INTO prices (name, model, input_nano, output_nano, cached_input_nano, reasoning_nano, set_at_ms)
                SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE (SELECT count(*) FROM prices WHERE name <> ?1) < ?8";
            let nano = |price: Nanousd| price.0 as i64;
            let values = params![
                name,
                price.model,
                nano(price.input),
                nano(price.output),
                price.cached_input.map(nano),
                price.reasoning.map(nano),
                self.now.0,
                most
            ];
            Ok(connection.prepare_cached(sql)?.execute(values)? == 1)
        })
    }

    /// Whether there was one.
    pub(crate) fn drop_price(&self, model: &str) -> Result<bool, StoreError> {
        let name = plain_name(model);
        self.with(|connection| {
            Ok(connection.prepare_cached("DELETE FROM prices WHERE name = ?1")?.execute([name])? == 1)
        })
    }
}

/// By name.
pub(super) fn list(connection: &Connection) -> rusqlite::Result<Vec<PriceRow>> {
    let sql =
        "SELECT model, input_nano, output_nano, cached_input_nano, reasoning_nano, set_at_ms FROM prices ORDER BY name";
    connection.prepare_cached(sql)?.query_map([], read)?.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<PriceRow> {
    let nano = |column| row.get::<_, Option<i64>>(column).map(|nano| nano.map(|nano| Nanousd(nano as u64)));
    let price = Price {
        model: row.get(0)?,
        aliases: Vec::new(),
        provider: String::new(),
        input: nano(1)?.unwrap_or_default(),
        output: nano(2)?.unwrap_or_default(),
        cached_input: nano(3)?,
        reasoning: nano(4)?,
        own: true,
    };
    Ok(PriceRow { price, set_at: Ms(row.get(5)?) })
}
