//! What is found: docs by their words, the newest first, and what is shown of them.

use std::collections::BTreeSet;

use cuetower_core::Ms;
use cuetower_core::run::Run;
use cuetower_core::spend::Nanousd;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::occurrences::{self, OccurrenceRow};
use super::reader::json;
use super::search::{Shelf, beside, left};
use super::{AlertRow, alerts, cues, runs};
use crate::desk::wire::SearchKind;
use crate::search::doc::Beside;

/// Runs under way that are looked at, the newest of so many.
const LIVE_SEEN: u32 = 100;

/// What is asked of the tables.
#[derive(Debug, Clone)]
pub struct SearchAsk {
    /// In the language of the full-text tables.
    pub words: String,
    pub since: Option<Ms>,
    pub until: Option<Ms>,
    pub cost_least: Option<Nanousd>,
    pub cost_most: Option<Nanousd>,
    pub limit: u32,
}

/// Which part of the runs, and from which doc on down (without it).
#[derive(Debug, Clone, Copy)]
pub struct SearchPart {
    pub part: i64,
    pub from: Ms,
    pub below: Option<i64>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchDoc {
    pub doc: i64,
    /// Id; of an agent its account and name.
    pub of: String,
}

/// A run with all that is shown of it.
#[derive(Debug)]
pub struct SearchRun {
    pub run: Run,
    pub beside: Beside,
    pub occurrence: OccurrenceRow,
}

/// Parts of the runs, the newest first.
pub(super) fn parts(connection: &Connection) -> rusqlite::Result<Vec<SearchPart>> {
    let sql = "SELECT part, from_ms FROM search_parts ORDER BY from_ms DESC";
    let part = |row: &rusqlite::Row<'_>| Ok(SearchPart { part: row.get(0)?, from: Ms(row.get(1)?), below: None });
    connection.prepare_cached(sql)?.query_map([], part)?.collect()
}

/// Of a store that was updated: runs due before are not written in yet.
pub(super) fn left_of_runs(connection: &Connection) -> rusqlite::Result<Option<Ms>> {
    Ok(left(connection, "runs")?.map(Ms))
}

/// Runs of one part, the newest first.
pub(super) fn runs_found(
    connection: &Connection,
    ask: &SearchAsk,
    part: SearchPart,
) -> rusqlite::Result<Vec<SearchDoc>> {
    let (from, to) = Shelf::Runs.docs(ask.since.unwrap_or(Ms(0)), ask.until.unwrap_or(Ms(i64::MAX)));
    docs(connection, ask, part.part, (from, part.below.map_or(to, |below| below.min(to))))
}

/// Things of another kind, the newest first.
pub(super) fn others_found(
    connection: &Connection,
    ask: &SearchAsk,
    kind: SearchKind,
) -> rusqlite::Result<Vec<SearchDoc>> {
    let shelf = match kind {
        SearchKind::Run => Shelf::Runs,
        SearchKind::Agent => Shelf::Agents,
        SearchKind::Cue => Shelf::Cues,
        SearchKind::Alert => Shelf::Alerts,
    };
    docs(connection, ask, 0, shelf.docs(ask.since.unwrap_or(Ms(0)), ask.until.unwrap_or(Ms(i64::MAX))))
}

fn docs(
    connection: &Connection,
    ask: &SearchAsk,
    part: i64,
    (from, to): (i64, i64),
) -> rusqlite::Result<Vec<SearchDoc>> {
    let sql = format!(
        "SELECT w.rowid, d.ref, d.cost_nano FROM search_words_p{part} w CROSS JOIN search_docs d ON d.doc = w.rowid
         WHERE search_words_p{part} MATCH ?1 AND w.rowid >= ?2 AND w.rowid < ?3 ORDER BY w.rowid DESC"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![ask.words, from, to])?;
    let mut found = Vec::new();
    while found.len() < ask.limit as usize
        && let Some(row) = rows.next()?
    {
        let cost = row.get::<_, Option<i64>>(2)?.map(|nano| Nanousd(nano as u64));
        let least = ask.cost_least.is_none_or(|least| cost.is_some_and(|cost| cost >= least));
        let most = ask.cost_most.is_none_or(|most| cost.is_some_and(|cost| cost <= most));
        if least && most {
            found.push(SearchDoc { doc: row.get(0)?, of: row.get(1)? });
        }
    }
    Ok(found)
}

/// The first doc of runs that are due then.
pub fn search_doc_at(due: Ms) -> i64 {
    Shelf::Runs.docs(due, due).0
}

/// What is shown of runs, in the same order; `ids`: a JSON list.
pub(super) fn runs_shown(connection: &Connection, ids: &str) -> rusqlite::Result<Vec<SearchRun>> {
    let ids: Vec<String> = serde_json::from_str(ids).unwrap_or_default();
    let runs = ids.iter().filter_map(|id| runs::get(connection, id).transpose());
    runs.map(|run| with_beside(connection, run?)).filter_map(Result::transpose).collect()
}

/// Runs under way, the newest first.
pub(super) fn runs_live(connection: &Connection) -> rusqlite::Result<Vec<SearchRun>> {
    let sql = "SELECT body FROM runs INDEXED BY runs_live WHERE ended_at_ms IS NULL ORDER BY due_ms DESC LIMIT ?1";
    let runs: Vec<Run> =
        connection.prepare_cached(sql)?.query_map([LIVE_SEEN], |row| json(row, 0))?.collect::<rusqlite::Result<_>>()?;
    runs.into_iter().map(|run| with_beside(connection, run)).filter_map(Result::transpose).collect()
}

fn with_beside(connection: &Connection, run: Run) -> rusqlite::Result<Option<SearchRun>> {
    let beside = beside(connection, &run)?;
    let occurrence = occurrences::of_run(connection, run.id.as_str())?;
    Ok(occurrence.map(|occurrence| SearchRun { run, beside, occurrence }))
}

/// Runs whose id begins so, at most so many, in their order.
pub(super) fn runs_beginning(connection: &Connection, start: &str, most: u32) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT id FROM runs WHERE id >= ?1 AND id < ?1 || char(1114111) ORDER BY id LIMIT ?2";
    connection.prepare_cached(sql)?.query_map(params![start, most], |row| row.get(0))?.collect()
}

/// Cues by id, in the same order; `ids`: a JSON list.
pub(super) fn cues_shown(connection: &Connection, ids: &str) -> rusqlite::Result<Vec<cuetower_core::cue::Cue>> {
    let ids: Vec<String> = serde_json::from_str(ids).unwrap_or_default();
    ids.iter().filter_map(|id| cues::get(connection, id).transpose()).collect()
}

/// Alerts by id, in the same order, each with the name of its cue; `ids`: a JSON list.
pub(super) fn alerts_shown(connection: &Connection, ids: &str) -> rusqlite::Result<Vec<(AlertRow, Option<String>)>> {
    let ids: Vec<String> = serde_json::from_str(ids).unwrap_or_default();
    let found = ids.iter().filter_map(|id| alerts::get(connection, id).transpose());
    let named = found.map(|alert| {
        let alert = alert?;
        let sql = "SELECT body ->> '$.definition.agent' FROM cues WHERE id = ?1";
        let agent = match &alert.cue_id {
            Some(cue) => connection.prepare_cached(sql)?.query_row([cue.as_str()], |row| row.get(0)).optional()?,
            None => None,
        };
        Ok((alert, agent))
    });
    named.collect()
}

/// Ids of cues whose name is so, or else begins so; at most so many, those that are not deleted first, then the newest. Of the
/// name small letters are given. SQLite would know those of ASCII alone.
pub(super) fn cues_named(connection: &Connection, name: &str, most: u32) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT id, name FROM cues ORDER BY status = 'deleted', rowid DESC";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let (mut exactly, mut beginning): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        let (id, called) = (row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?.to_lowercase());
        if called == name || id == name {
            exactly.push(id.to_owned());
        } else if called.starts_with(name) {
            beginning.push(id.to_owned());
        }
    }
    let mut found = if exactly.is_empty() { beginning } else { exactly };
    found.truncate(most as usize);
    Ok(found)
}

/// Names of agents that are so, or else begin so, in small letters; at most so many.
pub(super) fn agents_named(connection: &Connection, name: &str, most: u32) -> rusqlite::Result<Vec<String>> {
    let (from, to) = (Shelf::Agents.docs(Ms(0), Ms(0)).0, Shelf::Cues.docs(Ms(0), Ms(0)).0);
    let mut statement = connection.prepare_cached("SELECT ref FROM search_docs WHERE doc >= ?1 AND doc < ?2")?;
    let mut rows = statement.query([from, to])?;
    let mut names: BTreeSet<String> = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let of = row.get_ref(0)?.as_str()?;
        let called = of.split_once('\n').map_or(of, |(_, called)| called).to_lowercase();
        if called.starts_with(name) {
            names.insert(called);
        }
    }
    if names.contains(name) {
        return Ok(vec![name.to_owned()]);
    }
    Ok(names.into_iter().take(most as usize).collect())
}
