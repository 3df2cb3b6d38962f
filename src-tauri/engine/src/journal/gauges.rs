//! Counts that the tower tells of itself: how much is under way and open. No table of its own; each is read from an index that
//! holds what is live only, so that history costs nothing.

use std::path::Path;

use cuetower_core::alert::Severity;
use rusqlite::Connection;

/// Runs that have not ended, as the agents' door says it.
pub const RUN_STATES: [&str; 4] = ["pending", "delivering", "pending_outcome", "retrying"];

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GaugesRow {
    /// In the order of [`RUN_STATES`].
    pub runs: [u32; RUN_STATES.len()],
    /// Not resolved, in the order of [`Severity::ALL`].
    pub alerts: [u32; Severity::ALL.len()],
    pub gates: u32,
    pub cues_active: u32,
    /// Paused, completed, failed.
    pub cues_other: u32,
}

pub(super) fn gauges(connection: &Connection) -> rusqlite::Result<GaugesRow> {
    let mut row = GaugesRow::default();
    let runs = "SELECT status, count(*) FROM runs WHERE ended_at_ms IS NULL GROUP BY status";
    for (word, count) in words(connection, runs)? {
        let place = RUN_STATES.iter().position(|state| *state == word);
        place.into_iter().for_each(|place| row.runs[place] += count);
    }
    // As the index says it.
    let alerts =
        "SELECT json_extract(body, '$.severity'), count(*) FROM alerts WHERE (state = 'resolved') = 0 GROUP BY 1";
    for (word, count) in words(connection, alerts)? {
        let place = Severity::ALL.iter().position(|severity| severity.word() == word);
        place.into_iter().for_each(|place| row.alerts[place] += count);
    }
    let gates = "SELECT count(*) FROM gates WHERE state = 'waiting'";
    row.gates = connection.prepare_cached(gates)?.query_row([], |row| row.get(0))?;
    for (word, count) in
        words(connection, "SELECT status, count(*) FROM cues WHERE status <> 'deleted' GROUP BY status")?
    {
        let of = if word == "active" { &mut row.cues_active } else { &mut row.cues_other };
        *of += count;
    }
    Ok(row)
}

fn words(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<(String, u32)>> {
    connection.prepare_cached(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// What the store of a data folder and its write-ahead log take on the disk; 0 for what is not there.
#[must_use]
pub fn store_bytes(data_dir: &Path) -> (u64, u64) {
    let bytes = |name: &str| std::fs::metadata(data_dir.join(name)).map_or(0, |file| file.len());
    (bytes("cuetower.db"), bytes("cuetower.db-wal"))
}
