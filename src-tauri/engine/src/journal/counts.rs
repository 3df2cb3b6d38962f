//! Counts that the agents' door tells: what an account used this month, and how much is under way. No table of its own; an
//! index that holds what is under way only.

use cuetower_core::Ms;
use cuetower_core::time::MINUTE_MS;
use rusqlite::{Connection, params};

use super::put_away;

pub(super) const SCHEMA: &str = "
CREATE INDEX runs_under_way ON runs (status) WHERE ended_at_ms IS NULL;";

/// A worker that was heard of within this long is active, as CueAPI says it.
const ACTIVE_MS: u64 = 3 * MINUTE_MS;
/// A delivery that takes longer is called stale, as CueAPI says it.
const STALE_MS: u64 = 5 * MINUTE_MS;

/// What an account used since an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageRow {
    /// Active ones, now: those that an account's limit counts.
    pub cues_active: u32,
    pub cues_paused: u32,
    /// Runs that began and were due since then; those of deleted cues too.
    pub runs: u32,
    /// Of these: with an outcome; confirmed or claimed; failed, refuted, stopped, cancelled or silent.
    pub reported: u32,
    pub succeeded: u32,
    pub failed: u32,
}

/// How it goes right now, for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VitalsRow {
    /// The owner paused all firing.
    pub paused: bool,
    pub workers_active: u32,
    /// When any worker was last heard of.
    pub worker_seen: Option<Ms>,
    pub retrying: u32,
    /// Deliveries under way for more than 5 minutes.
    pub stale: u32,
}

/// Cue by cue through `runs_by_cue`: a tower's other accounts cost nothing.
pub(super) const RUNS_SINCE: &str =
    "FROM runs r INDEXED BY runs_by_cue WHERE r.cue_id IN (SELECT id FROM cues WHERE account = ?1) AND r.due_ms >= ?2";

/// How many runs of an account began that were due since then; those of deleted cues too. Reads no run.
pub(super) fn runs_since(connection: &Connection, account: &str, since: Ms) -> rusqlite::Result<u32> {
    let sql = format!("SELECT count(*) {RUNS_SINCE}");
    let runs: u32 = connection.prepare_cached(&sql)?.query_row(params![account, since.0], |row| row.get(0))?;
    Ok(runs + put_away::of_account(connection, account, since)?.runs)
}

/// Reads each run of the account since then: for whoever asks, not for every request.
pub(super) fn usage(connection: &Connection, account: &str, since: Ms) -> rusqlite::Result<UsageRow> {
    let cues = "SELECT count(*) FILTER (WHERE status = 'active'), count(*) FILTER (WHERE status = 'paused')
        FROM cues WHERE account = ?1";
    let (cues_active, cues_paused) =
        connection.prepare_cached(cues)?.query_row([account], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let runs = format!(
        "SELECT count(*),
          count(*) FILTER (WHERE EXISTS (
            SELECT 1 FROM json_each(r.body, '$.attempts') WHERE json_extract(value, '$.outcome') IS NOT NULL)),
          count(*) FILTER (WHERE r.status = 'success'),
          count(*) FILTER (WHERE r.status IN ('failed', 'outcome_timeout'))
        {RUNS_SINCE}"
    );
    let gone = put_away::of_account(connection, account, since)?;
    connection.prepare_cached(&runs)?.query_row(params![account, since.0], |row| {
        Ok(UsageRow {
            cues_active,
            cues_paused,
            runs: row.get::<_, u32>(0)? + gone.runs,
            reported: row.get::<_, u32>(1)? + gone.reported,
            succeeded: row.get::<_, u32>(2)? + gone.good,
            failed: row.get::<_, u32>(3)? + gone.runs.saturating_sub(gone.good),
        })
    })
}

pub(super) fn vitals(connection: &Connection, now: Ms) -> rusqlite::Result<VitalsRow> {
    let workers = "SELECT count(*) FILTER (WHERE last_seen_ms > ?1), max(last_seen_ms) FROM workers";
    let (workers_active, worker_seen) = connection
        .prepare_cached(workers)?
        .query_row([now.minus(ACTIVE_MS).0], |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.map(Ms))))?;
    let runs = "SELECT count(*) FILTER (WHERE status = 'retrying'),
          count(*) FILTER (WHERE status = 'delivering' AND json_extract(body, '$.attempts[#-1].began_at') < ?1)
        FROM runs WHERE ended_at_ms IS NULL AND status IN ('retrying', 'delivering')";
    let (retrying, stale) =
        connection.prepare_cached(runs)?.query_row([now.minus(STALE_MS).0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(VitalsRow { paused: super::tower::paused(connection)?, workers_active, worker_seen, retrying, stale })
}
