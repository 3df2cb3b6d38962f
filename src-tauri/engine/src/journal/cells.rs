//! Many lanes at a glance: the marks of each, or, where they lie closer than can be drawn, how many of them there were in each
//! stretch of time. Reads the indexes that cover it (`occurrences_by_cue`, `runs_by_cue`), not the rows.

use cuetower_core::Ms;
use cuetower_core::away::Band;
use rusqlite::{Connection, params};

use super::bands;
use super::occurrences::{self, OccurrenceRow};

/// The tower stamps its own liveness about once a second: a due time this near to a band belongs to it.
const NEAR_MS: i64 = 1500;
/// Due times whose distances are looked at.
const PITCH_OF: u32 = 41;
/// Marks of one lane at most; where there are more, they are counted.
const MARKS_MAX: usize = 1500;
/// Past runs that a lane's head is told of.
const PAST_MAX: u32 = 51;
/// Cells of one lane at most; more are not drawn on any screen.
pub const CELLS_MAX: i64 = 4000;

/// What is asked.
#[derive(Debug, Clone)]
pub struct CellsAsk {
    pub cue_ids: Vec<String>,
    pub from: Ms,
    pub to: Ms,
    /// Cells begin at multiples of it.
    pub cell_ms: i64,
    /// Lanes with due times closer than this are counted.
    pub dense_ms: i64,
    /// Runs before this instant are told of for the lane's head, and what they cost since the other.
    pub head: Option<(Ms, Ms)>,
}

/// One stretch of a lane.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CellRow {
    /// Which one: it begins at `at * cell_ms`.
    pub at: i64,
    pub due: u32,
    pub ran: u32,
    pub sent: u32,
    pub delivered: u32,
    pub answered: u32,
    pub confirmed: u32,
    pub claimed: u32,
    /// Coalesced, or missed where a grey band explains it.
    pub aside: u32,
    pub exceptions: u32,
    pub worst: Option<OccurrenceRow>,
}

/// How a past run went, for a lane's head.
#[derive(Debug, Clone, PartialEq)]
pub struct PastRow {
    pub cost_usd: Option<f64>,
    pub took_ms: i64,
}

/// One lane.
#[derive(Debug, Clone, PartialEq)]
pub struct LaneCellsRow {
    pub cue_id: String,
    /// Usual distance between its last due times; None: there are none to measure it by.
    pub pitch_ms: Option<i64>,
    /// True: `cells` tell, and `marks` holds only records that stand for many due times.
    pub dense: bool,
    pub cells: Vec<CellRow>,
    /// Oldest first.
    pub marks: Vec<OccurrenceRow>,
    /// Newest last.
    pub past: Vec<PastRow>,
    pub cost_usd: Option<f64>,
}

pub(super) fn lanes(connection: &Connection, ask: &CellsAsk) -> rusqlite::Result<Vec<LaneCellsRow>> {
    let bands = bands::between(connection, Ms(ask.from.0 - NEAR_MS), Ms(ask.to.0 + NEAR_MS))?;
    ask.cue_ids.iter().map(|cue_id| lane(connection, ask, cue_id, &bands)).collect()
}

fn lane(connection: &Connection, ask: &CellsAsk, cue_id: &str, bands: &[Band]) -> rusqlite::Result<LaneCellsRow> {
    let pitch_ms = pitch_ms(connection, cue_id, ask.to)?;
    let mut marks = Vec::new();
    let mut dense = pitch_ms.is_some_and(|pitch| pitch < ask.dense_ms);
    if !dense {
        marks = occurrences::of_cue(connection, cue_id, ask.from, ask.to, MARKS_MAX + 1)?;
        dense = marks.len() > MARKS_MAX;
    }
    let mut cells = Vec::new();
    if dense {
        marks.clear();
        cells = counted(connection, ask, cue_id, bands)?;
    }
    let spans = occurrences::spans_of_cue(connection, cue_id, ask.from, ask.to)?;
    let unseen: Vec<_> = spans.into_iter().filter(|span| marks.iter().all(|mark| mark.id != span.id)).collect();
    marks.extend(unseen);
    marks.sort_by(|a, b| (a.due, &a.id).cmp(&(b.due, &b.id)));
    let (past, cost_usd) = match ask.head {
        Some((today, before)) => (past(connection, cue_id, before)?, spent(connection, cue_id, today, before)?),
        None => (Vec::new(), None),
    };
    Ok(LaneCellsRow { cue_id: cue_id.to_owned(), pitch_ms, dense, cells, marks, past, cost_usd })
}

/// The median distance of the last due times before an instant.
fn pitch_ms(connection: &Connection, cue_id: &str, before: Ms) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT due_ms FROM occurrences WHERE cue_id = ?1 AND due_ms < ?2 ORDER BY due_ms DESC LIMIT ?3";
    let due = connection
        .prepare_cached(sql)?
        .query_map(params![cue_id, before.0, PITCH_OF], |row| row.get::<_, i64>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut gaps: Vec<i64> = due.windows(2).map(|pair| pair[0] - pair[1]).filter(|gap| *gap > 0).collect();
    gaps.sort_unstable();
    Ok(gaps.get(gaps.len() / 2).copied())
}

/// How bad, worst highest; 0: nothing out of the ordinary. The window orders marks in the same way (`badness` in `words.ts`).
fn badness(delivered: &str, confirmed: &str) -> u8 {
    match (delivered, confirmed) {
        (_, "refuted") => 7,
        (_, "stopped") => 6,
        (_, "silent") => 5,
        (_, "failed") => 4,
        ("bounced", _) => 3,
        (_, "gate") => 1,
        _ => 0,
    }
}

/// The cells of a lane while they are filled.
struct Tally {
    cell_ms: i64,
    first: i64,
    cells: Vec<CellRow>,
    /// Of each cell: how bad its worst is, and when that was due.
    worst: Vec<(u8, i64)>,
}

impl Tally {
    fn of(ask: &CellsAsk) -> Tally {
        let first = ask.from.0.div_euclid(ask.cell_ms);
        let many = usize::try_from((ask.to.0 - 1).div_euclid(ask.cell_ms) - first + 1).unwrap_or(0);
        Tally { cell_ms: ask.cell_ms, first, cells: vec![CellRow::default(); many], worst: vec![(0, 0); many] }
    }

    fn count(&mut self, due_ms: i64, bad: u8, count: impl FnOnce(&mut CellRow)) {
        let Ok(at) = usize::try_from(due_ms.div_euclid(self.cell_ms) - self.first) else { return };
        let (Some(cell), Some(worst)) = (self.cells.get_mut(at), self.worst.get_mut(at)) else { return };
        count(cell);
        if bad > 0 {
            cell.exceptions += 1;
            if bad > worst.0 {
                *worst = (bad, due_ms);
            }
        }
    }
}

fn counted(connection: &Connection, ask: &CellsAsk, cue_id: &str, bands: &[Band]) -> rusqlite::Result<Vec<CellRow>> {
    let mut tally = Tally::of(ask);
    let explained =
        |due_ms: i64| bands.iter().any(|band| band.from.0 - NEAR_MS <= due_ms && due_ms <= band.to.0 + NEAR_MS);
    let sql = "SELECT due_ms, state FROM occurrences WHERE cue_id = ?1 AND due_ms >= ?2 AND due_ms < ?3 AND count = 1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![cue_id, ask.from.0, ask.to.0])?;
    while let Some(row) = rows.next()? {
        let due_ms: i64 = row.get(0)?;
        match row.get_ref(1)?.as_str()? {
            "due" => {}
            "coalesced" => tally.count(due_ms, 0, |cell| cell.aside += 1),
            "missed" if explained(due_ms) => tally.count(due_ms, 0, |cell| cell.aside += 1),
            "missed" => tally.count(due_ms, 2, |cell| cell.due += 1),
            "held" => tally.count(due_ms, 1, |cell| cell.due += 1),
            "ran" => tally.count(due_ms, 0, |cell| {
                cell.due += 1;
                cell.ran += 1;
            }),
            _ => tally.count(due_ms, 0, |cell| cell.due += 1),
        }
    }
    let sql = "SELECT due_ms, delivered, confirmed FROM runs WHERE cue_id = ?1 AND due_ms >= ?2 AND due_ms < ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![cue_id, ask.from.0, ask.to.0])?;
    while let Some(row) = rows.next()? {
        let (delivered, confirmed) = (row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?);
        tally.count(row.get(0)?, badness(delivered, confirmed), |cell| {
            cell.sent += 1;
            cell.delivered += u32::from(delivered == "delivered");
            cell.answered += u32::from(confirmed != "none");
            cell.confirmed += u32::from(confirmed == "confirmed");
            cell.claimed += u32::from(confirmed == "claimed");
        });
    }
    let Tally { first, cells, worst, .. } = tally;
    let mut found = Vec::new();
    for (at, (mut cell, (bad, due_ms))) in (first..).zip(cells.into_iter().zip(worst)) {
        if cell == CellRow::default() {
            continue;
        }
        cell.at = at;
        if bad > 0 {
            let there = occurrences::of_cue(connection, cue_id, Ms(due_ms), Ms(due_ms + 1), MARKS_MAX)?;
            cell.worst = there.into_iter().max_by_key(bad_of);
        }
        found.push(cell);
    }
    Ok(found)
}

fn bad_of(row: &OccurrenceRow) -> u8 {
    match (row.state.as_str(), &row.run) {
        ("missed", _) => 2,
        ("held", _) => 1,
        (_, Some(run)) => badness(&run.delivered, &run.confirmed),
        _ => 0,
    }
}

fn past(connection: &Connection, cue_id: &str, before: Ms) -> rusqlite::Result<Vec<PastRow>> {
    let sql = "SELECT cost_usd, ended_at_ms - started_at_ms FROM runs
        WHERE cue_id = ?1 AND due_ms < ?2 AND ended_at_ms IS NOT NULL AND confirmed NOT IN ('silent', 'none')
        ORDER BY due_ms DESC LIMIT ?3";
    let row = |row: &rusqlite::Row<'_>| Ok(PastRow { cost_usd: row.get(0)?, took_ms: row.get::<_, i64>(1)?.max(0) });
    let mut found = connection
        .prepare_cached(sql)?
        .query_map(params![cue_id, before.0, PAST_MAX], row)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    found.reverse();
    Ok(found)
}

fn spent(connection: &Connection, cue_id: &str, from: Ms, to: Ms) -> rusqlite::Result<Option<f64>> {
    let sql = "SELECT sum(cost_usd) FROM runs WHERE cue_id = ?1 AND due_ms >= ?2 AND due_ms < ?3";
    connection.prepare_cached(sql)?.query_row(params![cue_id, from.0, to.0], |row| row.get(0))
}

/// Runs under way, newest first, however long ago they were due.
pub(super) fn under_way(connection: &Connection, most: u32) -> rusqlite::Result<Vec<OccurrenceRow>> {
    let sql =
        "SELECT occurrence_id FROM runs INDEXED BY runs_live WHERE ended_at_ms IS NULL ORDER BY due_ms DESC LIMIT ?1";
    let ids: Vec<String> =
        connection.prepare_cached(sql)?.query_map([most], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.extend(occurrences::get(connection, &id)?);
    }
    Ok(found)
}

#[cfg(test)]
#[path = "cells_tests.rs"]
mod tests;
