//! Lanes at a glance: what the timeline draws where the marks it was given do not reach.

use cuetower_core::Ms;

use super::wire::{Cell, Cells, CellsRequest, DeskError, LaneCells, PastRun};
use super::{Desk, invalid};
use crate::journal::{CELLS_MAX, CELLS_OF_ALL, CellRow, CellsAsk, LaneCellsRow};
use crate::view;

/// Lanes in one answer at most.
const LANES_MAX: usize = 500;
/// As far as a calendar goes, in both directions from 1970.
const FAR_MS: i64 = 8_640_000_000_000_000;

pub(super) async fn cells(desk: &Desk, request: CellsRequest) -> Result<Cells, DeskError> {
    let ask = ask(request)?;
    let (from, to) = (ask.from, ask.to);
    let reader = desk.handle.reader();
    let lanes = reader.lanes_at_a_glance(ask).await?;
    let bands = reader.bands(from, to).await?;
    Ok(Cells { lanes: lanes.iter().map(lane).collect(), bands: bands.iter().map(view::band).collect() })
}

fn ask(request: CellsRequest) -> Result<CellsAsk, DeskError> {
    let near = |at_ms: i64| Ms(at_ms.clamp(-FAR_MS, FAR_MS));
    let (from, to) = (near(request.from_ms), near(request.to_ms));
    if from >= to {
        return Err(invalid("from_ms", "The range must begin before it ends."));
    }
    let lanes = request.cue_ids.len();
    if !(1..=LANES_MAX).contains(&lanes) {
        return Err(invalid("cue_ids", format!("Between 1 and {LANES_MAX} lanes can be asked for, not {lanes}.")));
    }
    let most = CELLS_MAX.min(CELLS_OF_ALL / lanes as i64);
    let least_ms = (to.0 - from.0) / (most + 1) + 1;
    if request.cell_ms < 1 || (to.0 - from.0) / request.cell_ms > most {
        let message = format!(
            "Of {lanes} lanes at most {most} cells each can be asked for: over this range a cell is at least {least_ms} ms \
             wide, or ask for fewer lanes at once."
        );
        return Err(invalid("cell_ms", message));
    }
    Ok(CellsAsk {
        cue_ids: request.cue_ids,
        from,
        to,
        cell_ms: request.cell_ms,
        dense_ms: request.dense_ms,
        past_before: request.past_before_ms.map(near),
    })
}

fn lane(row: &LaneCellsRow) -> LaneCells {
    LaneCells {
        cue_id: row.cue_id.clone(),
        pitch_ms: row.pitch_ms,
        dense: row.dense,
        cells: row.cells.iter().map(cell).collect(),
        marks: row.marks.iter().map(view::mark).collect(),
        past: row.past.iter().map(|run| PastRun { cost_usd: run.cost_usd, took_ms: run.took_ms }).collect(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(lanes: usize, (from_ms, to_ms): (i64, i64), cell_ms: i64) -> Result<CellsAsk, DeskError> {
        ask(CellsRequest {
            cue_ids: vec!["a".into(); lanes],
            from_ms,
            to_ms,
            cell_ms,
            dense_ms: 1,
            past_before_ms: None,
        })
    }

    #[test]
    fn many_lanes_have_fewer_cells_each_and_what_would_be_right_is_said() {
        assert!(asked(50, (0, 4_000_000), 1_000).is_ok());
        let refused = asked(100, (0, 4_000_000), 1_000).unwrap_err();
        assert_eq!(refused.field.as_deref(), Some("cell_ms"));
        assert!(refused.message.contains("at most 2000 cells") && refused.message.contains("2000 ms"), "{refused:?}");
        assert!(asked(100, (0, 4_000_000), 2_000).is_ok(), "what it says is right");
        assert_eq!(asked(1, (0, 4_002_000), 1_000).unwrap_err().field.as_deref(), Some("cell_ms"));
        assert_eq!(asked(1, (0, 10), 0).unwrap_err().field.as_deref(), Some("cell_ms"));
        assert_eq!(asked(501, (0, 10), 1).unwrap_err().field.as_deref(), Some("cue_ids"));
    }

    #[test]
    fn the_ends_of_time_are_as_far_as_a_calendar_goes() {
        let all = asked(1, (i64::MIN, i64::MAX), i64::MAX).unwrap();
        assert_eq!((all.from, all.to), (Ms(-FAR_MS), Ms(FAR_MS)));
        assert_eq!(asked(1, (i64::MAX - 1, i64::MAX), 1).unwrap_err().field.as_deref(), Some("from_ms"));
        assert_eq!(asked(1, (i64::MIN, i64::MAX), 1).unwrap_err().field.as_deref(), Some("cell_ms"));
    }
}
