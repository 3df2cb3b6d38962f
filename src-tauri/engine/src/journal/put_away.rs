//! What retention takes out of the store, a slice at a time, each in a transaction of its own, and what stays of it: for each cue
//! and day how many there were and how they ended. What may go is looked up in `put_away_plan`, off the pilot; here it is looked
//! at once more, and goes.

use std::collections::{BTreeMap, BTreeSet};

use cuetower_core::Ms;
use cuetower_core::retention::{self, needed};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::put_away_plan::Needs;
use super::{Journal, StoreError, search_forgetting};

pub(super) const SCHEMA: &str = "
CREATE TABLE put_away (
  cue_id TEXT NOT NULL,
  -- The owner's: '2026-11-22'.
  day TEXT NOT NULL,
  triggered_by TEXT NOT NULL,
  -- What became of the due times: as in `occurrences`.
  state TEXT NOT NULL,
  -- How the runs ended; of what did not run, why not.
  how TEXT NOT NULL,
  count INTEGER NOT NULL,
  delivered INTEGER NOT NULL,
  reported INTEGER NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL,
  PRIMARY KEY (cue_id, day, triggered_by, state, how)
) STRICT, WITHOUT ROWID;
CREATE INDEX put_away_by_due ON put_away (first_ms);
CREATE TABLE put_away_left (
  -- 'steps' of a row of `spend`, or a 'part' of what is looked in.
  what TEXT NOT NULL,
  of INTEGER NOT NULL,
  PRIMARY KEY (what, of)
) STRICT, WITHOUT ROWID;
CREATE TABLE put_away_facts (
  lane TEXT PRIMARY KEY,
  -- Of what is up to here, nothing is to go any more.
  lane_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX span_traces_by_owner ON span_traces (owner);";

/// Ids of the records that stand for what is gone begin so.
pub(super) const RECORD: &str = "put-away:";
/// Reasons why something did not run that are told apart on one day.
const REASONS_MAX: i64 = 8;
const REASON_CHARS_MAX: usize = 80;
/// Steps and parts of the search that go at once.
const ROWS_AT_ONCE: u32 = 100;
/// Of payloads, at once.
const BYTES_AT_ONCE: i64 = 256 * 1024;

/// A run or an occurrence that is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Going {
    /// Of the run; of an occurrence that never ran, its own.
    pub id: String,
    pub cue_id: String,
    /// The owner's day that it was due on.
    pub day: String,
}

/// What goes in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slice {
    Runs(Vec<Going>),
    /// That never ran.
    Occurrences(Vec<Going>),
    /// What telemetry told outside of runs: rows of `spend`, whose sums stay.
    Apart(Vec<i64>),
    /// Facts of runs that are gone, by their sequence; then up to where nothing of the lane is to go any more.
    Facts {
        lane: String,
        seqs: Vec<i64>,
        done_to: Option<i64>,
    },
    /// Some of what is left of something larger.
    Left(LeftRow),
    /// Runs that are looked for by their words lie in parts; this one is empty.
    Part(i64),
    /// So many free pages go back to the disk.
    Pages(u32),
}

impl Slice {
    /// For the log.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Slice::Runs(_) => "runs",
            Slice::Occurrences(_) => "occurrences",
            Slice::Apart(_) => "apart",
            Slice::Facts { .. } => "facts",
            Slice::Left(_) => "left",
            Slice::Part(_) => "part",
            Slice::Pages(_) => "pages",
        }
    }
}

/// Something larger that goes little by little.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftRow {
    pub what: String,
    pub of: i64,
}

/// What a slice did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SliceDone {
    pub runs: u32,
    /// Due times of records that never ran.
    pub occurrences: u64,
    pub facts: u32,
    /// Of something larger.
    pub is_over: bool,
    pub took_ms: u64,
    /// What it wrote into the log.
    pub wrote_bytes: u64,
    /// What a checkpoint would have to bring in, of everybody.
    pub unchecked_bytes: u64,
}

impl Journal {
    /// Takes it out, all of it or nothing. It is on disk with the next commit, at the latest: what a crash takes back is done again.
    pub fn put_away(&mut self, slice: &Slice, now: Ms) -> Result<SliceDone, StoreError> {
        let path = self.path.clone();
        let before = self.unchecked_bytes()?;
        let done = unsynced(&mut self.connection, slice, now).map_err(|source| StoreError::Sqlite { path, source })?;
        let unchecked_bytes = self.unchecked_bytes()?;
        Ok(SliceDone { wrote_bytes: unchecked_bytes.saturating_sub(before), unchecked_bytes, ..done })
    }
}

/// Nobody is told of it, so nobody waits for the disk.
fn unsynced(connection: &mut Connection, slice: &Slice, now: Ms) -> rusqlite::Result<SliceDone> {
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let done = write(connection, slice, now);
    connection.pragma_update(None, "synchronous", "FULL")?;
    done
}

fn write(connection: &mut Connection, slice: &Slice, now: Ms) -> rusqlite::Result<SliceDone> {
    if let Slice::Pages(most) = slice {
        // Each step gives one page back.
        let mut pages = connection.prepare(&format!("PRAGMA incremental_vacuum({most})"))?;
        let mut rows = pages.query([])?;
        while rows.next()?.is_some() {}
        return Ok(SliceDone { is_over: true, ..SliceDone::default() });
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = match slice {
        Slice::Runs(going) => runs(&transaction, going, now)?,
        Slice::Occurrences(going) => occurrences(&transaction, going, now)?,
        Slice::Apart(spends) => apart(&transaction, spends)?,
        Slice::Facts { lane, seqs, done_to } => facts(&transaction, lane, seqs, *done_to)?,
        Slice::Left(left) => some_of(&transaction, left)?,
        Slice::Part(part) => drop_part(&transaction, *part)?,
        Slice::Pages(_) => SliceDone::default(),
    };
    transaction.commit()?;
    Ok(done)
}

/// Everything that hangs on these runs, but for what they cost and what their owner answered.
fn runs(connection: &Connection, going: &[Going], now: Ms) -> rusqlite::Result<SliceDone> {
    let needs = Needs::load(connection)?;
    let mut folded = Folded::default();
    let mut done = SliceDone { is_over: true, ..SliceDone::default() };
    for run in going {
        let Some(past) = needs.past(connection, &run.cue_id, &run.id)? else { continue };
        if needed(&past, now).is_some() {
            continue;
        }
        let Gone { due, record } = read_run(connection, run)?;
        for sql in [
            "DELETE FROM attempts WHERE run_id = ?1",
            "DELETE FROM outputs WHERE run_id = ?1",
            // What the owner answered is his word, and stays.
            "DELETE FROM gates WHERE run_id = ?1 AND run_id <> '' AND state NOT IN ('approved', 'denied', 'edited')",
            "DELETE FROM span_traces WHERE owner = ?1",
            // How it ended stands beside what it cost from now on.
            "UPDATE spend SET verdict = coalesce(verdict, (SELECT confirmed FROM runs WHERE id = ?1)),
               due_ms = coalesce(due_ms, (SELECT due_ms FROM runs WHERE id = ?1)) WHERE owner = ?1",
            "INSERT OR IGNORE INTO put_away_left (what, of) SELECT 'steps', id FROM spend WHERE owner = ?1",
            "DELETE FROM occurrences WHERE run_id = ?1",
            "DELETE FROM runs WHERE id = ?1",
        ] {
            connection.prepare_cached(sql)?.execute([&run.id])?;
        }
        search_forgetting::forget_run(connection, &run.id, due)?;
        folded.add(connection, run, record)?;
        done.runs += 1;
    }
    folded.write(connection, now)?;
    Ok(done)
}

struct Gone {
    due: Ms,
    record: Record,
}

/// One or several due times that are told with others of their kind.
struct Record {
    triggered_by: String,
    state: String,
    how: String,
    count: i64,
    delivered: i64,
    reported: i64,
    first_ms: i64,
    last_ms: i64,
    ended_ms: i64,
    decided_seq: Option<i64>,
}

fn read_run(connection: &Connection, run: &Going) -> rusqlite::Result<Gone> {
    let sql = "SELECT r.due_ms, r.triggered_by, r.confirmed, r.delivered_at_ms IS NOT NULL, r.ended_at_ms,
          EXISTS (SELECT 1 FROM json_each(r.body, '$.attempts') WHERE json_extract(value, '$.outcome') IS NOT NULL),
          (SELECT decided_seq FROM occurrences WHERE run_id = r.id)
        FROM runs r WHERE r.id = ?1";
    connection.prepare_cached(sql)?.query_row([&run.id], |row| {
        let due_ms = row.get(0)?;
        let record = Record {
            triggered_by: row.get(1)?,
            state: "ran".to_owned(),
            how: row.get(2)?,
            count: 1,
            delivered: row.get(3)?,
            reported: row.get(5)?,
            first_ms: due_ms,
            last_ms: due_ms,
            ended_ms: row.get(4)?,
            decided_seq: row.get(6)?,
        };
        Ok(Gone { due: Ms(due_ms), record })
    })
}

/// Records of due times that never ran.
fn occurrences(connection: &Connection, going: &[Going], now: Ms) -> rusqlite::Result<SliceDone> {
    const READ: &str =
        "SELECT o.triggered_by, o.state, coalesce(o.reason, ''), o.count, o.due_ms, coalesce(o.until_ms, o.due_ms),
          o.ended_at_ms, o.decided_seq FROM occurrences o
        WHERE o.id = ?1 AND o.ended_at_ms IS NOT NULL AND NOT EXISTS (SELECT 1 FROM runs WHERE id = o.run_id)";
    let mut folded = Folded::default();
    let mut done = SliceDone { is_over: true, ..SliceDone::default() };
    for occurrence in going {
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Record {
                triggered_by: row.get(0)?,
                state: row.get(1)?,
                how: row.get(2)?,
                count: row.get(3)?,
                delivered: 0,
                reported: 0,
                first_ms: row.get(4)?,
                last_ms: row.get(5)?,
                ended_ms: row.get(6)?,
                decided_seq: row.get(7)?,
            })
        };
        let record = connection.prepare_cached(READ)?.query_row([&occurrence.id], read).optional()?;
        let Some(mut record) = record.filter(|record| !retention::is_fresh(Ms(record.ended_ms), now)) else { continue };
        connection.prepare_cached("DELETE FROM occurrences WHERE id = ?1")?.execute([&occurrence.id])?;
        record.how = record.how.chars().take(REASON_CHARS_MAX).collect();
        done.occurrences += record.count as u64;
        folded.add(connection, occurrence, record)?;
    }
    folded.write(connection, now)?;
    Ok(done)
}

/// The records of a slice, by cue, day, trigger and state.
#[derive(Default)]
struct Folded {
    days: BTreeMap<[String; 4], Option<i64>>,
}

impl Folded {
    fn add(&mut self, connection: &Connection, of: &Going, record: Record) -> rusqlite::Result<()> {
        let key = [of.cue_id.clone(), of.day.clone(), record.triggered_by, record.state];
        let [cue, day, trigger, state] = &key;
        let many = "SELECT count(*) FROM put_away WHERE cue_id = ?1 AND day = ?2 AND triggered_by = ?3 AND state = ?4 AND how <> ?5";
        let others: i64 = connection
            .prepare_cached(many)?
            .query_row(params![cue, day, trigger, state, record.how], |row| row.get(0))?;
        let how = if others < REASONS_MAX { record.how.as_str() } else { "" };
        connection
            .prepare_cached(
                "INSERT INTO put_away (cue_id, day, triggered_by, state, how, count, delivered, reported, first_ms, last_ms, ended_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                 ON CONFLICT DO UPDATE SET count = count + excluded.count, delivered = delivered + excluded.delivered,
                   reported = reported + excluded.reported, first_ms = min(first_ms, excluded.first_ms),
                   last_ms = max(last_ms, excluded.last_ms), ended_ms = max(ended_ms, excluded.ended_ms)",
            )?
            .execute(params![
                cue,
                day,
                trigger,
                state,
                how,
                record.count,
                record.delivered,
                record.reported,
                record.first_ms,
                record.last_ms,
                record.ended_ms
            ])?;
        let decided = self.days.entry(key).or_default();
        *decided = (*decided).max(record.decided_seq);
        Ok(())
    }

    /// One row of the ledger for each of them, which says what became of them.
    fn write(self, connection: &Connection, now: Ms) -> rusqlite::Result<()> {
        for (key, decided_seq) in self.days {
            let [cue, day, trigger, state] = &key;
            let which = "WHERE cue_id = ?1 AND day = ?2 AND triggered_by = ?3 AND state = ?4";
            let sql = format!("SELECT how, count FROM put_away {which} ORDER BY count DESC, how");
            let how: Vec<(String, u64)> = connection
                .prepare_cached(&sql)?
                .query_map([cue, day, trigger, state], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?
                .collect::<rusqlite::Result<_>>()?;
            let sql = format!(
                "INSERT INTO occurrences (id, cue_id, due_ms, triggered_by, run_id, state, reason, armed_at_ms, ended_at_ms, count, until_ms, decided_seq)
                 SELECT ?5, ?1, min(first_ms), ?3, ?5, ?4, ?6, ?7, ?7, sum(count), max(last_ms), ?8 FROM put_away {which}
                 ON CONFLICT (id) DO UPDATE SET due_ms = excluded.due_ms, reason = excluded.reason, count = excluded.count,
                   until_ms = excluded.until_ms, decided_seq = max(coalesce(decided_seq, 0), coalesce(excluded.decided_seq, 0))"
            );
            let id = format!("{RECORD}{cue}:{day}:{trigger}:{state}");
            connection.prepare_cached(&sql)?.execute(params![
                cue,
                day,
                trigger,
                state,
                id,
                retention::words(state, &how),
                now.0,
                decided_seq
            ])?;
        }
        Ok(())
    }
}

fn apart(connection: &Connection, spends: &[i64]) -> rusqlite::Result<SliceDone> {
    for spend in spends {
        connection
            .prepare_cached(
                "DELETE FROM span_traces WHERE owner = (SELECT owner FROM spend WHERE id = ?1 AND run_id IS NULL)",
            )?
            .execute([spend])?;
        connection
            .prepare_cached("INSERT OR IGNORE INTO put_away_left (what, of) SELECT 'steps', id FROM spend WHERE id = ?1 AND run_id IS NULL")?
            .execute([spend])?;
    }
    Ok(SliceDone { is_over: true, ..SliceDone::default() })
}

fn facts(connection: &Connection, lane: &str, seqs: &[i64], done_to: Option<i64>) -> rusqlite::Result<SliceDone> {
    let mut done = SliceDone { is_over: true, ..SliceDone::default() };
    for seq in seqs {
        done.facts += connection.prepare_cached("DELETE FROM journal WHERE seq = ?1")?.execute([seq])? as u32;
    }
    if let Some(done_to) = done_to {
        connection
            .prepare_cached(
                "INSERT INTO put_away_facts (lane, lane_seq) VALUES (?1, ?2)
                 ON CONFLICT (lane) DO UPDATE SET lane_seq = max(lane_seq, excluded.lane_seq)",
            )?
            .execute(params![lane, done_to])?;
    }
    Ok(done)
}

fn some_of(connection: &Connection, left: &LeftRow) -> rusqlite::Result<SliceDone> {
    let is_over = match left.what.as_str() {
        "steps" => some_steps(connection, left.of)?,
        _ => search_forgetting::empty_part(connection, left.of, ROWS_AT_ONCE)?,
    };
    if is_over {
        let sql = "DELETE FROM put_away_left WHERE what = ?1 AND of = ?2";
        connection.prepare_cached(sql)?.execute(params![left.what, left.of])?;
    }
    Ok(SliceDone { is_over, ..SliceDone::default() })
}

/// Payloads first, as many as are few bytes. Sums of days and models stay: costs are read from them.
fn some_steps(connection: &Connection, spend: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT ordinal, what, length(body) FROM step_payloads WHERE spend = ?1 LIMIT ?2";
    let payloads: Vec<(i64, String, i64)> = connection
        .prepare_cached(sql)?
        .query_map(params![spend, ROWS_AT_ONCE], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    if !payloads.is_empty() {
        let mut bytes = 0;
        for (ordinal, what, length) in payloads {
            let sql = "DELETE FROM step_payloads WHERE spend = ?1 AND ordinal = ?2 AND what = ?3";
            connection.prepare_cached(sql)?.execute(params![spend, ordinal, what])?;
            bytes += length;
            if bytes > BYTES_AT_ONCE {
                break;
            }
        }
        return Ok(false);
    }
    let sql = "DELETE FROM steps WHERE spend = ?1 AND ordinal IN (SELECT ordinal FROM steps WHERE spend = ?1 LIMIT ?2)";
    if connection.prepare_cached(sql)?.execute(params![spend, ROWS_AT_ONCE])? > 0 {
        return Ok(false);
    }
    // Nobody reads them any more: the run is gone.
    let sql = "UPDATE spend SET sums = '{}' WHERE id = ?1 AND run_id IS NOT NULL";
    connection.prepare_cached(sql)?.execute([spend])?;
    Ok(true)
}

/// Nobody looks in it from now on; its table goes little by little.
fn drop_part(connection: &Connection, part: i64) -> rusqlite::Result<SliceDone> {
    if search_forgetting::forget_part(connection, part)? {
        let sql = "INSERT OR IGNORE INTO put_away_left (what, of) VALUES ('part', ?1)";
        connection.prepare_cached(sql)?.execute([part])?;
    }
    Ok(SliceDone { is_over: true, ..SliceDone::default() })
}

/// How runs ended that were due in `[from, to)` and are gone: cue, verdict, how many. Days are told whole: one that began before
/// is not in it.
pub(super) fn ends(connection: &Connection, from: Ms, to: Ms) -> rusqlite::Result<Vec<(String, String, u32)>> {
    let sql = "SELECT cue_id, how, sum(count) FROM put_away INDEXED BY put_away_by_due
        WHERE state = 'ran' AND first_ms >= ?1 AND first_ms < ?2 GROUP BY cue_id, how";
    let mut found = connection.prepare_cached(sql)?;
    found.query_map(params![from.0, to.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}

/// Runs that are gone, and were due on days that began at an instant or later.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub runs: u32,
    pub delivered: u32,
    pub reported: u32,
    pub confirmed: u32,
    /// Confirmed or claimed.
    pub good: u32,
}

const COUNTS: &str = "SELECT coalesce(sum(count), 0), coalesce(sum(delivered), 0), coalesce(sum(reported), 0),
    coalesce(sum(count) FILTER (WHERE how = 'confirmed'), 0), coalesce(sum(count) FILTER (WHERE how IN ('confirmed', 'claimed')), 0)
  FROM put_away";

/// Of one cue.
pub(super) fn of_cue(connection: &Connection, cue_id: &str, since: Ms) -> rusqlite::Result<Counts> {
    counted(connection, &format!("{COUNTS} WHERE cue_id = ?1 AND state = 'ran' AND first_ms >= ?2"), cue_id, since)
}

/// Of an account's cues.
pub(super) fn of_account(connection: &Connection, account: &str, since: Ms) -> rusqlite::Result<Counts> {
    // By the days, which are few since then, however many cues there are.
    let whose = "state = 'ran' AND first_ms >= ?2 AND (SELECT account FROM cues WHERE id = cue_id) = ?1";
    counted(connection, &format!("{COUNTS} INDEXED BY put_away_by_due WHERE {whose}"), account, since)
}

fn counted(connection: &Connection, sql: &str, of: &str, since: Ms) -> rusqlite::Result<Counts> {
    connection.prepare_cached(sql)?.query_row(params![of, since.0], |row| {
        Ok(Counts {
            runs: row.get(0)?,
            delivered: row.get(1)?,
            reported: row.get(2)?,
            confirmed: row.get(3)?,
            good: row.get(4)?,
        })
    })
}

/// Whether something of a cue is gone that was due at `from` or later.
pub(super) fn reaches(connection: &Connection, cue_id: &str, from: Ms) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM put_away WHERE cue_id = ?1 AND last_ms >= ?2")?
        .exists(params![cue_id, from.0])
}

/// Cues of which something is gone, with when the last of it ended.
pub(super) fn cues(connection: &Connection) -> rusqlite::Result<BTreeSet<(String, i64)>> {
    let sql = "SELECT cue_id, max(ended_ms) FROM put_away GROUP BY cue_id";
    connection.prepare_cached(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

#[cfg(test)]
#[path = "put_away_tests.rs"]
mod tests;
