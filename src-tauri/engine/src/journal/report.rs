//! What the daily report counts: how the runs of each cue ended that were due within some time.

use std::collections::BTreeMap;

use cuetower_core::Ms;
use rusqlite::{Connection, params};

use super::put_away;

pub(super) const ENDS: &str =
    "SELECT cue_id, confirmed, count(*) FROM runs WHERE due_ms >= ?1 AND due_ms < ?2 GROUP BY cue_id, confirmed";

/// Cue, `verdicts::Confirmed::word`, and how many.
pub(super) fn ends(connection: &Connection, from: Ms, to: Ms) -> rusqlite::Result<Vec<(String, String, u32)>> {
    let mut found = connection.prepare_cached(ENDS)?;
    let rows = found.query_map(params![from.0, to.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut ends: BTreeMap<(String, String), u32> = BTreeMap::new();
    for row in rows.chain(put_away::ends(connection, from, to)?.into_iter().map(Ok)) {
        let (cue, how, count): (String, String, u32) = row?;
        *ends.entry((cue, how)).or_default() += count;
    }
    Ok(ends.into_iter().map(|((cue, how), count)| (cue, how, count)).collect())
}
