//! Calls of models by day, cue and agent: the rows of the costs as a table.

use std::collections::BTreeMap;

use cuetower_core::spend::{Nanousd, Tokens};
use cuetower_core::step::ModelSum;
use rusqlite::{Connection, Row};

/// Calls of one model on one day for one cue (or outside of any) by one agent.
#[derive(Debug, Clone, PartialEq)]
pub struct SpentApart {
    pub day: String,
    pub account: String,
    pub agent: String,
    pub cue_id: Option<String>,
    pub model: String,
    pub sum: ModelSum,
}

const SQL: &str =
    "SELECT m.day, s.account, s.agent, coalesce(s.cue_id, ''), m.model, m.calls, m.input, m.output, m.cached_input,
    m.reasoning, m.total, m.cost_nano, m.not_priced
  FROM spend_models m CROSS JOIN spend s ON s.id = m.spend WHERE m.day BETWEEN ?1 AND ?2";

/// From one day to another, by day, account, agent, cue and model.
pub(super) fn spent_apart(connection: &Connection, first: &str, last: &str) -> rusqlite::Result<Vec<SpentApart>> {
    let mut sums: BTreeMap<[String; 5], ModelSum> = BTreeMap::new();
    let mut statement = connection.prepare_cached(SQL)?;
    let mut rows = statement.query([first, last])?;
    while let Some(row) = rows.next()? {
        let key = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
        let sum = sums.entry(key).or_default();
        let cost = match (sum.cost, count(row, 11)?.map(Nanousd)) {
            (None, None) => None,
            (one, more) => Some(Nanousd(one.unwrap_or_default().0.saturating_add(more.unwrap_or_default().0))),
        };
        let tokens = Tokens {
            input: count(row, 6)?,
            output: count(row, 7)?,
            cached_input: count(row, 8)?,
            reasoning: count(row, 9)?,
            total: count(row, 10)?,
        };
        *sum = ModelSum {
            calls: sum.calls + count(row, 5)?.unwrap_or(0),
            tokens: sum.tokens.plus(&tokens),
            cost,
            not_priced: sum.not_priced + count(row, 12)?.unwrap_or(0),
        };
    }
    let apart = |([day, account, agent, cue, model], sum): ([String; 5], ModelSum)| {
        let cue_id = Some(cue).filter(|cue| !cue.is_empty());
        SpentApart { day, account, agent, cue_id, model, sum }
    };
    Ok(sums.into_iter().map(apart).collect())
}

/// What was told before and is told better now may leave less than nothing for a while.
fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(|count| u64::try_from(count).unwrap_or(0)))
}
