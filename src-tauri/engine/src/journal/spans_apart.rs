//! Spans that belong to no known run: what each agent's telemetry told outside of its runs, by the owner's day. Their rows are
//! those of `steps`, under an owner that is no run.

use cuetower_core::Ms;
use cuetower_core::step::Sums;
use rusqlite::{Connection, params};

use super::reader::json;

/// One agent's, of one day.
#[derive(Debug, Clone, PartialEq)]
pub struct ApartRow {
    /// Of the owner of its steps: `~`, the account, the agent and the day.
    pub owner: String,
    pub agent: String,
    pub account: String,
    /// When the last of it ended; None: all of it has gone to its run since.
    pub last_at: Option<Ms>,
    pub sums: Sums,
    /// Spans that are here still.
    pub spans: u32,
}

/// Newest first. `agent`: its alone.
pub(super) fn list(connection: &Connection, agent: Option<&str>, most: u32) -> rusqlite::Result<Vec<ApartRow>> {
    let sql = "SELECT w.owner, w.agent, w.account, w.last_ms, w.sums, (SELECT count(*) FROM steps s WHERE s.spend = w.id) AS spans
        FROM spend w INDEXED BY spend_apart
        WHERE w.run_id IS NULL AND (?1 IS NULL OR w.agent = ?1) ORDER BY w.last_ms DESC, w.id DESC LIMIT ?2";
    connection
        .prepare_cached(sql)?
        .query_map(params![agent, most], |row| {
            Ok(ApartRow {
                owner: row.get(0)?,
                agent: row.get(1)?,
                account: row.get(2)?,
                last_at: row.get::<_, Option<i64>>(3)?.map(Ms),
                sums: json(row, 4)?,
                spans: row.get(5)?,
            })
        })?
        .collect()
}
