//! What the daily report counts: how the runs of each cue ended that were due within some time.

use cuetower_core::Ms;
use rusqlite::{Connection, params};

pub(super) const ENDS: &str =
    "SELECT cue_id, confirmed, count(*) FROM runs WHERE due_ms >= ?1 AND due_ms < ?2 GROUP BY cue_id, confirmed";

/// Cue, `verdicts::Confirmed::word`, and how many.
pub(super) fn ends(connection: &Connection, from: Ms, to: Ms) -> rusqlite::Result<Vec<(String, String, u32)>> {
    let mut found = connection.prepare_cached(ENDS)?;
    found.query_map(params![from.0, to.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}
