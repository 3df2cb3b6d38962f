//! The owner's fuses: one row, which is there once he has said something; and what was used on a day, which they are held
//! against.

use cuetower_core::fuse::{Limits, Used};
use cuetower_core::id::{AccountId, CueId};
use cuetower_core::spend::Nanousd;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::reader::json;
use super::{Journal, StoreError};

pub(super) const SCHEMA: &str = "
CREATE TABLE fuses (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  body TEXT NOT NULL
) STRICT;";

/// What was used on a day.
pub(crate) struct DayUsed {
    pub runs: Vec<RunsUsed>,
    pub agents: Vec<BeatsUsed>,
}

/// Cue (None: outside of any), account, agent.
type RunsUsed = (Option<CueId>, AccountId, String, Used);
/// Account and agent; what beats outside of runs told, and what the owner lets it cost a day.
type BeatsUsed = (AccountId, String, Used, Option<Nanousd>);

impl Journal {
    /// As they are unless the owner said otherwise.
    pub fn fuses(&self) -> Result<Limits, StoreError> {
        self.guard(limits)
    }

    /// `day`: "2026-11-22", the owner's.
    pub(crate) fn day_used(&self, day: &str) -> Result<DayUsed, StoreError> {
        self.guard(|connection| Ok(DayUsed { runs: runs(connection, day)?, agents: agents(connection, day)? }))
    }
}

fn limits(connection: &Connection) -> rusqlite::Result<Limits> {
    let mut kept = connection.prepare_cached("SELECT body FROM fuses")?;
    Ok(kept.query_row([], |row| json(row, 0)).optional()?.unwrap_or_default())
}

pub(super) fn keep(connection: &Connection, limits: &Limits) -> rusqlite::Result<()> {
    let body = serde_json::to_string(limits).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let sql = "INSERT INTO fuses (id, body) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET body = excluded.body";
    connection.prepare_cached(sql)?.execute(params![body]).map(drop)
}

fn runs(connection: &Connection, day: &str) -> rusqlite::Result<Vec<RunsUsed>> {
    // `sum` fails where it leaves 64 bits; `total` never does.
    let sql =
        "SELECT s.cue_id, s.account, s.agent, CAST(total(d.cost_nano) AS INTEGER), CAST(total(d.tokens) AS INTEGER)
        FROM spend_days d CROSS JOIN spend s ON s.id = d.spend WHERE d.day = ?1 GROUP BY s.cue_id, s.account, s.agent";
    let read = |row: &Row<'_>| {
        let used = Used { cost: row.get(3)?, tokens: row.get(4)? };
        Ok((row.get::<_, Option<String>>(0)?.map(CueId), AccountId(row.get(1)?), row.get(2)?, used))
    };
    connection.prepare_cached(sql)?.query_map([day], read)?.collect()
}

fn agents(connection: &Connection, day: &str) -> rusqlite::Result<Vec<BeatsUsed>> {
    let sql = "SELECT a.account, a.name, coalesce(d.cost_usd, 0.0), coalesce(d.tokens, 0), a.day_cost_usd
        FROM agents a LEFT JOIN agent_days d ON d.agent = a.id AND d.day = ?1
        WHERE d.agent IS NOT NULL OR a.day_cost_usd IS NOT NULL";
    let read = |row: &Row<'_>| {
        let used = beats_used(row.get(2)?, row.get(3)?);
        let budget = row.get::<_, Option<f64>>(4)?.and_then(Nanousd::of_usd);
        Ok((AccountId(row.get(0)?), row.get(1)?, used, budget))
    };
    connection.prepare_cached(sql)?.query_map([day], read)?.collect()
}

/// As sums of beats are kept: dollars, and tokens.
pub(crate) fn beats_used(cost_usd: f64, tokens: i64) -> Used {
    Used { cost: (cost_usd * 1e9).round() as i64, tokens }
}
