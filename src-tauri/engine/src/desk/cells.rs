//! Lanes at a glance: what the timeline draws where the marks it was given do not reach.

use cuetower_core::Ms;

use super::wire::{Cell, Cells, CellsRequest, DeskError, LaneCells, PastRun};
use super::{Desk, invalid};
use crate::journal::{CELLS_MAX, CellRow, CellsAsk, LaneCellsRow};
use crate::view;

/// Lanes in one answer at most.
const LANES_MAX: usize = 500;

pub(super) async fn cells(desk: &Desk, request: CellsRequest) -> Result<Cells, DeskError> {
    if request.from_ms >= request.to_ms {
        return Err(invalid("from_ms", "The range must begin before it ends."));
    }
    if !(1..=LANES_MAX).contains(&request.cue_ids.len()) {
        let many = request.cue_ids.len();
        return Err(invalid("cue_ids", format!("Between 1 and {LANES_MAX} lanes can be asked for, not {many}.")));
    }
    let span_ms = request.to_ms.saturating_sub(request.from_ms);
    if request.cell_ms < 1 || span_ms / request.cell_ms > CELLS_MAX {
        return Err(invalid("cell_ms", format!("At most {CELLS_MAX} cells lie in a range.")));
    }
    let (from, to) = (Ms(request.from_ms), Ms(request.to_ms));
    let reader = desk.handle.reader();
    let lanes = reader.lanes_at_a_glance(CellsAsk {
        cue_ids: request.cue_ids,
        from,
        to,
        cell_ms: request.cell_ms,
        dense_ms: request.dense_ms,
        head: request.head.map(|head| (Ms(head.today_ms), Ms(head.before_ms))),
    });
    let lanes = lanes.await?;
    let bands = reader.bands(from, to).await?;
    Ok(Cells { lanes: lanes.iter().map(lane).collect(), bands: bands.iter().map(view::band).collect() })
}

fn lane(row: &LaneCellsRow) -> LaneCells {
    LaneCells {
        cue_id: row.cue_id.clone(),
        pitch_ms: row.pitch_ms,
        dense: row.dense,
        cells: row.cells.iter().map(cell).collect(),
        marks: row.marks.iter().map(view::mark).collect(),
        past: row.past.iter().map(|run| PastRun { cost_usd: run.cost_usd, took_ms: run.took_ms }).collect(),
        cost_usd: row.cost_usd,
    }
}

fn cell(row: &CellRow) -> Cell {
    Cell {
        at: row.at,
        due: row.due,
        ran: row.ran,
        sent: row.sent,
        delivered: row.delivered,
        answered: row.answered,
        confirmed: row.confirmed,
        claimed: row.claimed,
        aside: row.aside,
        exceptions: row.exceptions,
        worst: row.worst.as_ref().map(view::mark),
    }
}
