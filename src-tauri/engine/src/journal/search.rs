//! What is looked for: the words of runs that have ended, of cues, agents and alerts, in the same commit as they are.
//!
//! The words stand in full-text tables without a copy of the text; what is shown is read from where it is. Runs lie in parts by
//! due time, each of about so many, so that looking goes through the newest first and never through all at once.

use cuetower_core::Ms;
use cuetower_core::alert::Alert;
use cuetower_core::cue::{Cue, CueStatus};
use cuetower_core::id::AccountId;
use cuetower_core::run::Run;
use cuetower_core::spend::Nanousd;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Recorder, StoreError, runs};
use crate::search::doc::{self, Beside, Field};

pub(super) const SCHEMA: &str = "
CREATE TABLE search_docs (
  -- Kind, instant, and a number within it: `base`.
  doc INTEGER PRIMARY KEY,
  ref TEXT NOT NULL,
  digest INTEGER NOT NULL,
  cost_nano INTEGER
) STRICT;
CREATE INDEX search_docs_by_ref ON search_docs (ref);
CREATE TABLE search_parts (
  part INTEGER PRIMARY KEY,
  from_ms INTEGER NOT NULL,
  docs INTEGER NOT NULL
) STRICT;
CREATE TABLE search_left (
  what TEXT PRIMARY KEY,
  at ANY NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO search_parts (part, from_ms, docs) VALUES (1, -9223372036854775808, 0);
CREATE VIRTUAL TABLE search_words_p0 USING fts5(words, content='', contentless_delete=1, tokenize='ascii');
CREATE VIRTUAL TABLE search_words_p1 USING fts5(words, content='', contentless_delete=1, tokenize='ascii');";

/// Until format 8 nothing was found by its words: what there was is written in little by little, the newest first.
pub(super) const FROM_FORMAT_7: &str = "
INSERT INTO search_left (what, at) VALUES ('cues', 0), ('alerts', ''), ('runs', (SELECT coalesce(max(due_ms), 0) + 1 FROM runs));";

/// Docs of one part, about.
pub(super) const PART_DOCS: i64 = 32_768;
const KIND_BITS: u32 = 61;
/// Things of one kind at one instant, at most.
const NUMBER_BITS: u32 = 18;
/// Steps of a run that are looked at, and what is kept of them.
const STEPS_SEEN: u32 = 2_000;
const STEP_NAMES: u32 = 100;
const STEP_ERRORS: u32 = 10;
const OUTPUT_CHARS: u32 = 1_500;

/// The part of things that are no runs.
const REST: i64 = 0;

/// In the order of their numbers: runs lie lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shelf {
    Runs,
    Agents,
    Cues,
    Alerts,
}

impl Shelf {
    fn base(self) -> i64 {
        (self as i64) << KIND_BITS
    }

    /// Docs of this shelf of instants in `[from, to)`.
    pub(super) fn docs(self, from: Ms, to: Ms) -> (i64, i64) {
        let of = |at: Ms| self.base() + (at.0.clamp(0, (1 << (KIND_BITS - NUMBER_BITS)) - 1) << NUMBER_BITS);
        (of(from), of(to))
    }

    /// All docs of this shelf, the last one included.
    fn whole(self) -> (i64, i64) {
        (self.base(), self.base() + ((1 << KIND_BITS) - 1))
    }

    /// Its doc, digest and cost.
    pub(super) fn find(self, connection: &Connection, of: &str) -> rusqlite::Result<Option<(i64, i64, Option<i64>)>> {
        let (first, last) = self.whole();
        let sql = "SELECT doc, digest, cost_nano FROM search_docs INDEXED BY search_docs_by_ref
          WHERE ref = ?1 AND doc BETWEEN ?2 AND ?3";
        let found = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        connection.prepare_cached(sql)?.query_row(params![of, first, last], found).optional()
    }
}

/// The due time of a run, by its doc.
fn due_of(doc: i64) -> Ms {
    Ms((doc & ((1 << KIND_BITS) - 1)) >> NUMBER_BITS)
}

struct Text<'a> {
    shelf: Shelf,
    at: Ms,
    /// Id; of an agent its account and name.
    of: &'a str,
    cost: Option<Nanousd>,
    fields: &'a [Field],
    marks: &'a [String],
}

/// Writes it in, or anew if it says something else now.
fn write(connection: &Connection, text: &Text<'_>) -> rusqlite::Result<()> {
    let words = doc::text(text.fields, text.marks);
    let digest = doc::digest(&words) as i64;
    let cost = text.cost.map(|cost| i64::try_from(cost.0).unwrap_or(i64::MAX));
    let (from, to) = text.shelf.docs(text.at, Ms(text.at.0.saturating_add(1)));
    let there = text.shelf.find(connection, text.of)?;
    if there.is_some_and(|(_, was, cost_was)| was == digest && cost_was == cost) {
        return Ok(());
    }
    let part = if text.shelf == Shelf::Runs { part_of(connection, text.at)? } else { REST };
    let doc = match there {
        Some((doc, ..)) => doc,
        None => {
            let sql = "SELECT coalesce(max(doc) + 1, ?1) FROM search_docs WHERE doc >= ?1 AND doc < ?2";
            let next: i64 = connection.prepare_cached(sql)?.query_row([from, to], |row| row.get(0))?;
            // A quarter of a million in one millisecond.
            if next >= to {
                return Ok(());
            }
            if part != REST {
                count(connection, part, text.at)?;
            }
            next
        }
    };
    connection
        .prepare_cached("INSERT OR REPLACE INTO search_docs (doc, ref, digest, cost_nano) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![doc, text.of, digest, cost])?;
    let sql = format!("INSERT OR REPLACE INTO search_words_p{part} (rowid, words) VALUES (?1, ?2)");
    connection.prepare_cached(&sql)?.execute(params![doc, words]).map(drop)
}

pub(super) fn part_of(connection: &Connection, due: Ms) -> rusqlite::Result<i64> {
    let sql = "SELECT part FROM search_parts WHERE from_ms <= ?1 ORDER BY from_ms DESC LIMIT 1";
    connection.prepare_cached(sql)?.query_row([due.0], |row| row.get(0))
}

/// One more in a part. The newest that is full is closed: what is due from the next millisecond on goes into a new one.
fn count(connection: &Connection, part: i64, due: Ms) -> rusqlite::Result<()> {
    let sql = "UPDATE search_parts SET docs = docs + 1 WHERE part = ?1 RETURNING docs, from_ms";
    let (docs, from): (i64, i64) =
        connection.prepare_cached(sql)?.query_row([part], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if docs < PART_DOCS {
        return Ok(());
    }
    let (newest, last): (i64, i64) = connection.query_row(
        "SELECT max(from_ms), (SELECT max(doc) FROM search_docs WHERE doc < ?1) FROM search_parts",
        [Shelf::Agents.base()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if newest != from || left(connection, "runs")?.is_some_and(|until| due.0 < until) {
        return Ok(());
    }
    open(connection, due_of(last).0.max(due.0) + 1)
}

/// A new part, of runs due from then on.
pub(super) fn open(connection: &Connection, from_ms: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO search_parts (part, from_ms, docs) SELECT max(part) + 1, ?1, 0 FROM
          (SELECT part FROM search_parts UNION ALL SELECT of FROM put_away_left WHERE what = 'part') RETURNING part";
    let part: i64 = connection.query_row(sql, [from_ms], |row| row.get(0))?;
    create(connection, part)
}

fn create(connection: &Connection, part: i64) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "CREATE VIRTUAL TABLE search_words_p{part} USING fts5(words, content='', contentless_delete=1, tokenize='ascii')"
    ))
}

/// What of the store before format 8 is not written in yet.
pub(super) fn left(connection: &Connection, what: &str) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT at FROM search_left WHERE what = ?1";
    connection.prepare_cached(sql)?.query_row([what], |row| row.get(0)).optional()
}

/// A run that has ended. One under way is looked at as it is.
pub(super) fn run(connection: &Connection, run: &Run) -> rusqlite::Result<()> {
    if run.is_live() || left(connection, "runs")?.is_some_and(|until| run.due.0 < until) {
        return Ok(());
    }
    write_run(connection, run)
}

/// Something came to be known of the steps of a run.
pub(super) fn run_stepped(connection: &Connection, run_id: &str) -> rusqlite::Result<()> {
    let ended = "SELECT 1 FROM runs WHERE id = ?1 AND ended_at_ms IS NOT NULL";
    if connection.prepare_cached(ended)?.exists([run_id])?
        && let Some(ended) = runs::get(connection, run_id)?
    {
        run(connection, &ended)?;
    }
    Ok(())
}

pub(super) fn write_run(connection: &Connection, run: &Run) -> rusqlite::Result<()> {
    let beside = beside(connection, run)?;
    write(
        connection,
        &Text {
            shelf: Shelf::Runs,
            at: run.due,
            of: run.id.as_str(),
            cost: beside.cost,
            fields: &doc::fields_of_run(run, &beside),
            marks: &doc::marks_of_run(run, beside.cost),
        },
    )
}

/// What the other tables know of a run.
pub(super) fn beside(connection: &Connection, run: &Run) -> rusqlite::Result<Beside> {
    let texts = |sql: &str, values: &[&dyn rusqlite::ToSql]| -> rusqlite::Result<Vec<String>> {
        connection.prepare_cached(sql)?.query_map(values, |row| row.get(0))?.collect()
    };
    let spend: Option<(i64, Option<i64>)> = connection
        .prepare_cached("SELECT id, cost_nano FROM spend WHERE owner = ?1")?
        .query_row([run.id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let mut beside = Beside::default();
    if let Some((spend, cost)) = spend {
        beside.cost = cost.map(|nano| Nanousd(nano.max(0) as u64));
        let names = "SELECT DISTINCT name FROM steps WHERE spend = ?1 AND ordinal <= ?2 LIMIT ?3";
        beside.steps = texts(names, params![spend, STEPS_SEEN, STEP_NAMES])?;
        let errors = "SELECT error FROM steps WHERE spend = ?1 AND ordinal <= ?2 AND error IS NOT NULL LIMIT ?3";
        beside.step_errors = texts(errors, params![spend, STEPS_SEEN, STEP_ERRORS])?;
    }
    let told = run.outcome().and_then(|(_, reported)| reported.outcome.cost_usd).and_then(Nanousd::of_usd);
    beside.cost = beside.cost.max(told);
    let good = run.verdict().is_some_and(|verdict| matches!(verdict.word(), "confirmed" | "claimed"));
    if !good {
        let sql =
            "SELECT substr(stderr, -?2) FROM outputs WHERE run_id = ?1 AND stderr <> '' ORDER BY number DESC LIMIT 1";
        beside.output = texts(sql, params![run.id.as_str(), OUTPUT_CHARS])?.pop();
    }
    Ok(beside)
}

/// A cue, and the agent that it names. A deleted one is not found any more, nor is an agent that nothing else knows.
pub(super) fn cue(connection: &Connection, cue: &Cue) -> rusqlite::Result<()> {
    let (account, named) = (&cue.definition.account, cue.definition.agent.as_str());
    if cue.status == CueStatus::Deleted {
        remove(connection, Shelf::Cues, cue.id.as_str())?;
        return if named.is_empty() { Ok(()) } else { lose(connection, account, named) };
    }
    write(
        connection,
        &Text {
            shelf: Shelf::Cues,
            at: cue.created_at,
            of: cue.id.as_str(),
            cost: None,
            fields: &doc::fields_of_cue(cue),
            marks: &doc::marks_of_cue(cue),
        },
    )?;
    if named.is_empty() { Ok(()) } else { agent(connection, account, named) }
}

pub(super) fn alert(connection: &Connection, alert: &Alert) -> rusqlite::Result<()> {
    write(
        connection,
        &Text {
            shelf: Shelf::Alerts,
            at: alert.opened_at,
            of: alert.id.as_str(),
            cost: None,
            fields: &doc::fields_of_alert(alert),
            marks: &doc::marks_of_alert(alert),
        },
    )
}

pub(super) fn agent(connection: &Connection, account: &AccountId, name: &str) -> rusqlite::Result<()> {
    let (of, fields) = (doc::agent_key(account, name), [("name", name.to_owned())]);
    let marks = doc::marks_of_agent(name);
    let text = Text { shelf: Shelf::Agents, at: Ms(0), of: &of, cost: None, fields: &fields, marks: &marks };
    write(connection, &text)
}

impl Recorder<'_> {
    /// An agent is found by its name from now on.
    pub(crate) fn find_agent(&self, account: &AccountId, name: &str) -> Result<(), StoreError> {
        self.with(|connection| agent(connection, account, name))
    }

    /// One that was forgotten is not found any more, unless a cue names it.
    pub(crate) fn lose_agent(&self, account: &AccountId, name: &str) -> Result<(), StoreError> {
        self.with(|connection| lose(connection, account, name))
    }
}

/// Takes a thing that is no run out of what is looked in.
fn remove(connection: &Connection, shelf: Shelf, of: &str) -> rusqlite::Result<()> {
    let Some((doc, ..)) = shelf.find(connection, of)? else { return Ok(()) };
    connection.prepare_cached("DELETE FROM search_docs WHERE doc = ?1")?.execute([doc])?;
    connection.prepare_cached("DELETE FROM search_words_p0 WHERE rowid = ?1")?.execute([doc]).map(drop)
}

/// Unless it beats, has an address or is named by a cue. Its name stays for the filter `agent:`, which finds its runs by it.
fn lose(connection: &Connection, account: &AccountId, name: &str) -> rusqlite::Result<()> {
    let known = "SELECT EXISTS (SELECT 1 FROM agents WHERE account = ?1 AND name = ?2)
        OR EXISTS (SELECT 1 FROM addresses WHERE account = ?1 AND slug = ?2 AND deleted_at_ms IS NULL)
        OR EXISTS (SELECT 1 FROM cues WHERE status <> 'deleted' AND account = ?1
          AND CASE WHEN json_valid(body) THEN body ->> '$.definition.agent' = ?2 END)";
    if connection.prepare_cached(known)?.query_row([&account.0, name], |row| row.get(0))? {
        return Ok(());
    }
    let Some((doc, ..)) = Shelf::Agents.find(connection, &doc::agent_key(account, name))? else { return Ok(()) };
    // No words have this digest: they are written in again when it is back.
    connection.prepare_cached("UPDATE search_docs SET digest = 0 WHERE doc = ?1")?.execute([doc])?;
    connection.prepare_cached("DELETE FROM search_words_p0 WHERE rowid = ?1")?.execute([doc]).map(drop)
}

#[cfg(test)]
#[path = "search_tests.rs"]
pub(super) mod tests;
