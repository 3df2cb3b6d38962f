//! Many lanes at a glance: the marks of each, or, where they lie closer than can be drawn, how many of them there were in each
//! stretch of time. Reads the indexes that cover it (`occurrences_by_cue`, `runs_by_cue`), not the rows.

use std::collections::HashSet;

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
/// Of all lanes of one answer together; what lies beyond is counted too.
const MARKS_OF_ALL: usize = 60_000;
/// Records of one lane that stand for many due times, at most: the newest.
const SPANS_MAX: usize = 500;
/// Past runs that a lane's head is told of.
const PAST_MAX: u32 = 51;
/// Cells of one lane at most; more are not drawn on any screen.
pub const CELLS_MAX: i64 = 4000;
/// Of all lanes of one answer together.
pub const CELLS_OF_ALL: i64 = 200_000;

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
    /// How runs before this instant went is told, for the lane's head.
    pub past_before: Option<Ms>,
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
}

pub(super) fn lanes(connection: &Connection, ask: &CellsAsk) -> rusqlite::Result<Vec<LaneCellsRow>> {
    let near = |at: Ms, by: i64| Ms(at.0.saturating_add(by));
    let bands = bands::between(connection, near(ask.from, -NEAR_MS), near(ask.to, NEAR_MS))?;
    let mut room = MARKS_OF_ALL;
    ask.cue_ids.iter().map(|cue_id| lane(connection, ask, cue_id, &bands, &mut room)).collect()
}

/// `room`: for so many marks.
fn lane(
    connection: &Connection,
    ask: &CellsAsk,
    cue_id: &str,
    bands: &[Band],
    room: &mut usize,
) -> rusqlite::Result<LaneCellsRow> {
    let pitch_ms = pitch_ms(connection, cue_id, ask.to)?;
    let mut marks = Vec::new();
    let mut dense = pitch_ms.is_some_and(|pitch| pitch < ask.dense_ms);
    if !dense {
        let most = MARKS_MAX.min(*room);
        marks = occurrences::of_cue(connection, cue_id, ask.from, ask.to, most + 1)?;
        dense = marks.len() > most;
    }
    let mut cells = Vec::new();
    if dense {
        marks.clear();
        cells = counted(connection, ask, cue_id, bands)?;
    }
    *room -= marks.len();
    let spans = occurrences::spans_of_cue(connection, cue_id, ask.from, ask.to, SPANS_MAX)?;
    let seen: HashSet<String> = marks.iter().map(|mark| mark.id.clone()).collect();
    marks.extend(spans.into_iter().filter(|span| !seen.contains(&span.id)));
    marks.sort_by(|a, b| (a.due, &a.id).cmp(&(b.due, &b.id)));
    let past = ask.past_before.map_or_else(|| Ok(Vec::new()), |before| past(connection, cue_id, before))?;
    Ok(LaneCellsRow { cue_id: cue_id.to_owned(), pitch_ms, dense, cells, marks, past })
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

/// A row of the ledger, or one of the runs, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worst {
    Occurrence(i64),
    Run(i64),
}

/// The cells of a lane while they are filled.
struct Tally {
    cell_ms: i64,
    first: i64,
    cells: Vec<CellRow>,
    /// Of each cell: how bad its worst is, and which row that is.
    worst: Vec<(u8, Worst)>,
}

impl Tally {
    fn of(ask: &CellsAsk) -> Tally {
        let first = ask.from.0.div_euclid(ask.cell_ms);
        let last = ask.to.0.saturating_sub(1).div_euclid(ask.cell_ms);
        let many = usize::try_from(last.saturating_sub(first).saturating_add(1).min(CELLS_MAX + 2)).unwrap_or(0);
        let worst = vec![(0, Worst::Run(0)); many];
        Tally { cell_ms: ask.cell_ms, first, cells: vec![CellRow::default(); many], worst }
    }

    fn place(&self, due_ms: i64) -> Option<usize> {
        usize::try_from(due_ms.div_euclid(self.cell_ms).checked_sub(self.first)?).ok()
    }

    fn count(&mut self, due_ms: i64, bad: u8, row: Worst, count: impl FnOnce(&mut CellRow)) {
        let Some(at) = self.place(due_ms) else { return };
        let (Some(cell), Some(worst)) = (self.cells.get_mut(at), self.worst.get_mut(at)) else { return };
        count(cell);
        if bad > 0 {
            cell.exceptions += 1;
            if bad > worst.0 {
                *worst = (bad, row);
            }
        }
    }

    /// Those in which something was, each with its worst.
    fn cells(mut self, connection: &Connection) -> rusqlite::Result<Vec<CellRow>> {
        let bad = self.worst.iter().filter(|(bad, _)| *bad > 0).map(|(_, row)| row);
        let (mut ledger, mut runs) = (Vec::new(), Vec::new());
        for row in bad {
            match row {
                Worst::Occurrence(number) => ledger.push(*number),
                Worst::Run(number) => runs.push(*number),
            }
        }
        if !(ledger.is_empty() && runs.is_empty()) {
            for row in occurrences::numbered(connection, &ledger, &runs)? {
                let cell = self.place(row.due.0).and_then(|at| self.cells.get_mut(at));
                cell.into_iter().for_each(|cell| cell.worst = Some(row.clone()));
            }
        }
        let Tally { first, cells, .. } = self;
        let empty = CellRow::default();
        let there = (first..).zip(cells).filter(|(_, cell)| *cell != empty);
        Ok(there.map(|(at, cell)| CellRow { at, ..cell }).collect())
    }
}

fn counted(connection: &Connection, ask: &CellsAsk, cue_id: &str, bands: &[Band]) -> rusqlite::Result<Vec<CellRow>> {
    let mut tally = Tally::of(ask);
    let explained = |due_ms: i64| {
        bands
            .iter()
            .any(|band| band.from.0.saturating_sub(NEAR_MS) <= due_ms && due_ms <= band.to.0.saturating_add(NEAR_MS))
    };
    let mut statement = connection.prepare_cached(DUE)?;
    let mut rows = statement.query(params![cue_id, ask.from.0, ask.to.0])?;
    while let Some(row) = rows.next()? {
        let (due_ms, of) = (row.get(0)?, Worst::Occurrence(row.get(2)?));
        match row.get_ref(1)?.as_str()? {
            "due" => {}
            "coalesced" => tally.count(due_ms, 0, of, |cell| cell.aside += 1),
            "missed" if explained(due_ms) => tally.count(due_ms, 0, of, |cell| cell.aside += 1),
            "missed" => tally.count(due_ms, 2, of, |cell| cell.due += 1),
            "held" => tally.count(due_ms, 1, of, |cell| cell.due += 1),
            "ran" => tally.count(due_ms, 0, of, |cell| {
                cell.due += 1;
                cell.ran += 1;
            }),
            _ => tally.count(due_ms, 0, of, |cell| cell.due += 1),
        }
    }
    let mut statement = connection.prepare_cached(RAN)?;
    let mut rows = statement.query(params![cue_id, ask.from.0, ask.to.0])?;
    while let Some(row) = rows.next()? {
        let (delivered, confirmed) = (row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?);
        tally.count(row.get(0)?, badness(delivered, confirmed), Worst::Run(row.get(3)?), |cell| {
            cell.sent += 1;
            cell.delivered += u32::from(delivered == "delivered");
            cell.answered += u32::from(confirmed != "none");
            cell.confirmed += u32::from(confirmed == "confirmed");
            cell.claimed += u32::from(confirmed == "claimed");
        });
    }
    tally.cells(connection)
}

const DUE: &str =
    "SELECT due_ms, state, rowid FROM occurrences WHERE cue_id = ?1 AND due_ms >= ?2 AND due_ms < ?3 AND count = 1";
const RAN: &str =
    "SELECT due_ms, delivered, confirmed, rowid FROM runs WHERE cue_id = ?1 AND due_ms >= ?2 AND due_ms < ?3";

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
