//! What may go by the owner's rules, looked up off the pilot: lanes and their cuts, runs, records of what never ran, facts of runs
//! that are gone; and what must stay.

use std::collections::{HashMap, HashSet};

use cuetower_core::Ms;
use cuetower_core::retention::{Cut, FRESH_MS, Keep, Need, Past, needed};
use cuetower_core::time::MINUTE_MS;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::put_away::{LeftRow, RECORD};
use super::{PAGE_BYTES, STEPS_LANE, put_away, search_forgetting};

/// Facts looked at in one query.
const FACTS_AT_ONCE: i64 = 20_000;
/// Facts that the audit of the ledger reads, or that say what the cue was, stay: of a run they are those of its occurrence.
const ABOUT_RUNS: &str = "body ->> '$.run_id'";

/// The lane of a cue, and what may go of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneCut {
    pub cue_id: String,
    pub cut: Cut,
}

/// A run or occurrence whose rule lets it go, and that nothing needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub id: String,
    pub cue_id: String,
    pub due: Ms,
}

/// Some of what may go of a lane, or of all, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Candidates {
    pub going: Vec<Candidate>,
    /// How many of those that were looked at are needed.
    pub needed: u32,
    /// Looked on from here, there is more. None: that was all.
    pub next: Option<Ms>,
}

/// Facts of runs that are gone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FactsSeen {
    pub seqs: Vec<i64>,
    /// Looked at up to here.
    pub seen_to: i64,
    /// Up to here nothing is to go any more once these are gone.
    pub done_to: i64,
    pub is_all: bool,
}

/// How large the store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreSize {
    pub pages: u64,
    pub free_pages: u64,
    /// Free pages can go back to the disk while the tower runs.
    pub gives_back: bool,
}

impl StoreSize {
    /// Of the file, without its log.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.pages * PAGE_BYTES
    }

    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.pages.saturating_sub(self.free_pages) * PAGE_BYTES
    }
}

/// What of the whole store needs runs.
pub(super) struct Needs {
    alerts: HashSet<String>,
    owner: HashSet<String>,
    /// Runs that ended then or later may have to be sent as traces.
    unsent_from: Option<Ms>,
}

impl Needs {
    pub fn load(connection: &Connection) -> rusqlite::Result<Needs> {
        let set = |sql: &str| -> rusqlite::Result<HashSet<String>> {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| row.get::<_, Option<String>>(0))?;
            rows.filter_map(Result::transpose).collect()
        };
        let alerts = set("SELECT body ->> '$.run_id' FROM alerts WHERE (state = 'resolved') = 0")?;
        let mut owner = set("SELECT run_id FROM gates WHERE state = 'waiting' AND run_id <> ''")?;
        owner.extend(set("SELECT id FROM runs WHERE json_extract(body, '$.verification.state') = 'waiting'
            AND ended_at_ms IS NOT NULL AND confirmed NOT IN ('stopped', 'cancelled')")?);
        let cursor = "SELECT cursor FROM otlp_out";
        let cursor: Option<i64> = connection.prepare_cached(cursor)?.query_row([], |row| row.get(0)).optional()?;
        let unsent = "SELECT at_ms FROM journal WHERE seq > ?1 ORDER BY seq LIMIT 1";
        let unsent: Option<i64> = match cursor {
            Some(cursor) => connection.prepare_cached(unsent)?.query_row([cursor], |row| row.get(0)).optional()?,
            None => None,
        };
        Ok(Needs { alerts, owner, unsent_from: unsent.map(|at| Ms(at).minus(MINUTE_MS)) })
    }

    /// None: there is no such run.
    pub fn past(&self, connection: &Connection, cue_id: &str, run_id: &str) -> rusqlite::Result<Option<Past>> {
        let sql = "SELECT r.ended_at_ms,
              NOT EXISTS (SELECT 1 FROM runs n WHERE n.cue_id = r.cue_id AND n.due_ms >= r.due_ms AND (n.due_ms, n.id) > (r.due_ms, r.id)),
              EXISTS (SELECT 1 FROM samples WHERE cue_id = ?2 AND run_id = r.id)
            FROM runs r WHERE r.id = ?1";
        let read = |row: &rusqlite::Row<'_>| {
            let ended_at = row.get::<_, Option<i64>>(0)?.map(Ms);
            Ok(Past {
                ended_at,
                is_newest: row.get(1)?,
                in_envelope: row.get(2)?,
                in_open_alert: self.alerts.contains(run_id),
                waits_for_owner: self.owner.contains(run_id),
                unsent: self.unsent_from.is_some_and(|from| ended_at.is_some_and(|ended| ended >= from)),
            })
        };
        connection.prepare_cached(sql)?.query_row([run_id, cue_id], read).optional()
    }
}

/// The lanes of which something may go: by the cue's own rule where it has one, otherwise by the tower's, whose count is of all
/// runs of such cues together.
pub(super) fn cuts(connection: &Connection, tower: Keep, now: Ms) -> rusqlite::Result<Vec<LaneCut>> {
    let sql = "SELECT id, body ->> '$.definition.retention.days', body ->> '$.definition.retention.runs' FROM cues ORDER BY created_at_ms, id";
    let cues: Vec<(String, Keep)> = connection
        .prepare_cached(sql)?
        .query_map([], |row| Ok((row.get(0)?, Keep { days: row.get(1)?, runs: row.get(2)? })))?
        .collect::<rusqlite::Result<_>>()?;
    let own: Vec<&str> = cues.iter().filter(|(_, keep)| !keep.is_default()).map(|(id, _)| id.as_str()).collect();
    let of_tower = tower.cut(now, oldest_of_newest(connection, tower, &own)?);
    let mut cuts = Vec::new();
    for (cue_id, keep) in &cues {
        let cut = if keep.is_default() {
            of_tower
        } else {
            let sql = "SELECT due_ms FROM runs WHERE cue_id = ?1 ORDER BY due_ms DESC LIMIT 1 OFFSET ?2";
            let oldest = match keep.runs {
                Some(runs) => nth(connection, sql, params![cue_id, runs.saturating_sub(1)])?,
                None => None,
            };
            keep.cut(now, oldest)
        };
        cuts.extend(cut.map(|cut| LaneCut { cue_id: cue_id.clone(), cut }));
    }
    Ok(cuts)
}

/// When the oldest was due of the runs that the tower's count keeps.
fn oldest_of_newest(connection: &Connection, tower: Keep, own: &[&str]) -> rusqlite::Result<Option<Ms>> {
    let Some(runs) = tower.runs else { return Ok(None) };
    let which = if own.is_empty() { "" } else { "WHERE cue_id NOT IN (SELECT value FROM json_each(?2))" };
    let sql = format!("SELECT due_ms FROM runs INDEXED BY runs_by_due {which} ORDER BY due_ms DESC LIMIT 1 OFFSET ?1");
    let offset = runs.saturating_sub(1);
    if own.is_empty() {
        nth(connection, &sql, params![offset])
    } else {
        nth(connection, &sql, params![offset, serde_json::json!(own).to_string()])
    }
}

fn nth(connection: &Connection, sql: &str, values: &[&dyn rusqlite::ToSql]) -> rusqlite::Result<Option<Ms>> {
    connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional().map(|due| due.map(Ms))
}

/// Runs of a lane that may go, due at `from` or later; about `most` are looked at.
pub(super) fn runs(
    connection: &Connection,
    lane: &LaneCut,
    from: Ms,
    now: Ms,
    most: u32,
) -> rusqlite::Result<Candidates> {
    let sql = "SELECT id, cue_id, due_ms FROM runs WHERE cue_id = ?1 AND due_ms >= ?2 AND due_ms < ?3 ORDER BY due_ms LIMIT ?4";
    looked_through(connection, sql, params![lane.cue_id, from.0, lane.cut.before.0, most], now, most)
}

/// The oldest runs of all cues that may go if the store is too large.
pub(super) fn oldest(connection: &Connection, from: Ms, now: Ms, most: u32) -> rusqlite::Result<Candidates> {
    let sql = "SELECT id, cue_id, due_ms FROM runs INDEXED BY runs_by_due WHERE due_ms >= ?1 AND due_ms < ?2 ORDER BY due_ms LIMIT ?3";
    looked_through(connection, sql, params![from.0, now.minus(FRESH_MS).0, most], now, most)
}

fn looked_through(
    connection: &Connection,
    sql: &str,
    values: &[&dyn rusqlite::ToSql],
    now: Ms,
    most: u32,
) -> rusqlite::Result<Candidates> {
    let needs = Needs::load(connection)?;
    let mut found = Candidates::default();
    let (mut seen, mut first, mut last) = (0, None, Ms(0));
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    while let Some(row) = rows.next()? {
        let candidate = Candidate { id: row.get(0)?, cue_id: row.get(1)?, due: Ms(row.get(2)?) };
        (seen, last) = (seen + 1, candidate.due);
        first.get_or_insert(candidate.due);
        match needs.past(connection, &candidate.cue_id, &candidate.id)?.map(|past| needed(&past, now)) {
            Some(None) => found.going.push(candidate),
            Some(Some(Need::Fresh)) | None => {}
            Some(Some(_)) => found.needed += 1,
        }
    }
    // Of one instant there may be more than are looked at: those that stay are passed over with their instant.
    let on = if first == Some(last) { Ms(last.0 + 1) } else { last };
    found.next = (seen >= most).then_some(on);
    Ok(found)
}

/// Records of a lane that never ran, and may go.
pub(super) fn occurrences(
    connection: &Connection,
    lane: &LaneCut,
    from: Ms,
    now: Ms,
    most: u32,
) -> rusqlite::Result<Candidates> {
    let sql = "SELECT o.id, o.due_ms FROM occurrences o
        WHERE o.cue_id = ?1 AND o.due_ms >= ?2 AND o.due_ms < ?3 AND o.state NOT IN ('due', 'held')
          AND coalesce(o.until_ms, o.due_ms) < ?3 AND o.ended_at_ms < ?4 AND substr(o.id, 1, length(?5)) <> ?5
          AND NOT EXISTS (SELECT 1 FROM runs WHERE id = o.run_id)
        ORDER BY o.due_ms LIMIT ?6";
    let mut statement = connection.prepare_cached(sql)?;
    let fresh = now.minus(FRESH_MS).0;
    let rows = statement.query_map(params![lane.cue_id, from.0, lane.cut.before.0, fresh, RECORD, most], |row| {
        Ok(Candidate { id: row.get(0)?, cue_id: lane.cue_id.clone(), due: Ms(row.get(1)?) })
    })?;
    let going: Vec<Candidate> = rows.collect::<rusqlite::Result<_>>()?;
    let next = (going.len() >= most as usize).then(|| going.last().map_or(from, |last| last.due));
    Ok(Candidates { going, needed: 0, next })
}

/// What telemetry told outside of runs and was last heard of before then, with steps that are there still.
pub(super) fn apart(connection: &Connection, before: Ms, most: u32) -> rusqlite::Result<Vec<i64>> {
    let sql = "SELECT id FROM spend INDEXED BY spend_apart WHERE run_id IS NULL AND last_ms < ?1
        AND EXISTS (SELECT 1 FROM steps WHERE steps.spend = spend.id)
        AND NOT EXISTS (SELECT 1 FROM put_away_left WHERE what = 'steps' AND of = spend.id) LIMIT ?2";
    connection.prepare_cached(sql)?.query_map(params![before.0, most], |row| row.get(0))?.collect()
}

/// What is begun and not over: of larger things.
pub(super) fn left(connection: &Connection, most: u32) -> rusqlite::Result<Vec<LeftRow>> {
    let sql = "SELECT what, of FROM put_away_left LIMIT ?1";
    connection
        .prepare_cached(sql)?
        .query_map([most], |row| Ok(LeftRow { what: row.get(0)?, of: row.get(1)? }))?
        .collect()
}

pub(super) fn empty_parts(connection: &Connection) -> rusqlite::Result<Vec<i64>> {
    search_forgetting::empty_parts(connection)
}

/// Lanes that may have facts of runs that are gone, each with the instant after which it has none.
pub(super) fn lanes_with_facts(connection: &Connection) -> rusqlite::Result<Vec<(String, Ms)>> {
    let mut lanes: Vec<(String, Ms)> =
        put_away::cues(connection)?.into_iter().map(|(cue, ended)| (cue, Ms(ended).plus(MINUTE_MS))).collect();
    let last = lanes.iter().map(|(_, ended)| *ended).max();
    lanes.extend(last.map(|last| (STEPS_LANE.to_owned(), last)));
    Ok(lanes)
}

/// Facts of a lane after `from` (None: after what is done) that are about runs that are gone. `until`: it has none after that.
pub(super) fn facts(connection: &Connection, lane: &str, from: Option<i64>, until: Ms) -> rusqlite::Result<FactsSeen> {
    let done = "SELECT lane_seq FROM put_away_facts WHERE lane = ?1";
    let done: i64 = connection.prepare_cached(done)?.query_row([lane], |row| row.get(0)).optional()?.unwrap_or(0);
    let from = from.unwrap_or(done);
    let mut seen = FactsSeen { seen_to: from, done_to: from, is_all: true, ..FactsSeen::default() };
    let Some(last) = replayed_from(connection, lane)? else { return Ok(seen) };
    let is_steps = lane == STEPS_LANE;
    let about = if is_steps { "(SELECT json_group_array(key) FROM json_each(body))" } else { ABOUT_RUNS };
    let sql = format!(
        "SELECT seq, lane_seq, at_ms, iif(kind IN ('occurrence_armed', 'occurrence_held', 'occurrence_ended', 'span_ended'), NULL, {about})
         FROM journal WHERE lane = ?1 AND lane_seq > ?2 AND lane_seq <= ?3 ORDER BY lane_seq LIMIT ?4"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![lane, from, last, FACTS_AT_ONCE])?;
    let (mut gone, mut looked, mut held) = (Runs::default(), 0, false);
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>(2)? > until.0 {
            return Ok(seen);
        }
        let (seq, lane_seq): (i64, i64) = (row.get(0)?, row.get(1)?);
        let about: Option<String> = row.get(3)?;
        match about {
            None => {}
            Some(about) if is_steps => {
                let owners: Vec<String> = serde_json::from_str(&about).unwrap_or_default();
                let all = owners
                    .iter()
                    .try_fold(true, |all, owner| Ok::<_, rusqlite::Error>(all && gone.is(connection, owner)?))?;
                if all { seen.seqs.push(seq) } else { held = true }
            }
            Some(run) if gone.is(connection, &run)? => seen.seqs.push(seq),
            Some(_) => held = true,
        }
        looked += 1;
        seen.seen_to = lane_seq;
        if !held {
            seen.done_to = lane_seq;
        }
    }
    seen.is_all = looked < FACTS_AT_ONCE;
    Ok(seen)
}

/// Which runs are gone, as far as they were looked up.
#[derive(Default)]
struct Runs(HashMap<String, bool>);

impl Runs {
    fn is(&mut self, connection: &Connection, run: &str) -> rusqlite::Result<bool> {
        if let Some(gone) = self.0.get(run) {
            return Ok(*gone);
        }
        // Of telemetry outside of runs there is a row of sums, and its steps while they are kept.
        let there = if run.starts_with('~') {
            "SELECT 1 FROM spend w JOIN steps s ON s.spend = w.id WHERE w.owner = ?1 LIMIT 1"
        } else {
            "SELECT 1 FROM runs WHERE id = ?1"
        };
        let gone = !connection.prepare_cached(there)?.exists([run])?;
        self.0.insert(run.to_owned(), gone);
        Ok(gone)
    }
}

/// The last fact of a lane that is never read again when a tower starts, and is not its last. None: all are.
fn replayed_from(connection: &Connection, lane: &str) -> rusqlite::Result<Option<i64>> {
    let last = "SELECT max(lane_seq) - 1 FROM journal WHERE lane = ?1";
    let last: Option<i64> = connection.prepare_cached(last)?.query_row([lane], |row| row.get(0))?;
    let Some(last) = last else { return Ok(None) };
    let is_cue = "SELECT status = 'deleted' FROM cues WHERE id = ?1";
    let deleted: Option<bool> = connection.prepare_cached(is_cue)?.query_row([lane], |row| row.get(0)).optional()?;
    if deleted.unwrap_or(true) {
        return Ok(Some(last));
    }
    let snapshot = "SELECT lane_seq FROM lanes WHERE lane = ?1";
    let snapshot: Option<i64> = connection.prepare_cached(snapshot)?.query_row([lane], |row| row.get(0)).optional()?;
    Ok(snapshot.map(|snapshot| snapshot.min(last)))
}

/// How many runs the rules let go, the oldest of them, and all there are; what is needed is among them.
pub(super) fn counted(connection: &Connection, cuts: &[LaneCut]) -> rusqlite::Result<(u64, Option<Ms>, u64)> {
    let (mut going, mut oldest) = (0, None);
    for LaneCut { cue_id, cut } in cuts {
        let sql =
            "SELECT count(*), min(due_ms) FROM runs WHERE cue_id = ?1 AND due_ms < ?2 AND ended_at_ms IS NOT NULL";
        let (count, first): (i64, Option<i64>) = connection
            .prepare_cached(sql)?
            .query_row(params![cue_id, cut.before.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        going += count as u64;
        oldest = [oldest, first.map(Ms)].into_iter().flatten().min();
    }
    let all: i64 = connection.prepare_cached("SELECT count(*) FROM runs")?.query_row([], |row| row.get(0))?;
    Ok((going, oldest, all as u64))
}

pub(super) fn oldest_run(connection: &Connection) -> rusqlite::Result<Option<Ms>> {
    Ok(connection.query_row("SELECT min(due_ms) FROM runs", [], |row| row.get::<_, Option<i64>>(0))?.map(Ms))
}

/// Cues with a rule of their own: id, name, rule.
pub(super) fn own(connection: &Connection) -> rusqlite::Result<Vec<(String, String, Keep)>> {
    let sql =
        "SELECT id, name, body ->> '$.definition.retention.days', body ->> '$.definition.retention.runs' FROM cues
        WHERE status <> 'deleted' AND body ->> '$.definition.retention' IS NOT NULL ORDER BY name, id";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, Keep { days: row.get(2)?, runs: row.get(3)? }));
    connection.prepare_cached(sql)?.query_map([], read)?.collect()
}

pub(super) fn size(connection: &Connection) -> rusqlite::Result<StoreSize> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map(|n| n as u64);
    Ok(StoreSize {
        pages: number("page_count")?,
        free_pages: number("freelist_count")?,
        gives_back: number("auto_vacuum")? == 2,
    })
}
