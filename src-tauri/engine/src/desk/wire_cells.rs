//! What the owner's door says of many lanes at a glance.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::wire::{BandView, Mark};

// ---- board_cells: CellsRequest -> Cells

/// Which lanes are looked at, where, and how closely.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct CellsRequest {
    /// 1 to 500.
    pub cue_ids: Vec<String>,
    #[ts(type = "number")]
    pub from_ms: i64,
    #[ts(type = "number")]
    pub to_ms: i64,
    /// Width of a cell; at most 4000 of them lie in the range, and 200,000 in that of all lanes together.
    #[ts(type = "number")]
    pub cell_ms: i64,
    /// A lane whose due times usually lie closer than this is told in cells, the others in marks.
    #[ts(type = "number")]
    pub dense_ms: i64,
    /// How the runs went that were due before it, for the heads of the lanes; null: they are known already.
    #[ts(type = "number | null")]
    pub past_before_ms: Option<i64>,
}

/// Lanes at a glance, in the order they were asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Cells {
    pub lanes: Vec<LaneCells>,
    /// Grey bands that touch the range, oldest first.
    pub bands: Vec<BandView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct LaneCells {
    pub cue_id: String,
    /// Usual distance between its last due times before the end of the range; null: there is none.
    #[ts(type = "number | null")]
    pub pitch_ms: Option<i64>,
    /// True: `cells` tell what was, and `marks` holds only the records that stand for many due times.
    pub dense: bool,
    /// Those in which something was due, oldest first.
    pub cells: Vec<Cell>,
    /// Oldest due first.
    pub marks: Vec<Mark>,
    /// How the last runs before `past_before_ms` went, newest last; at most 51.
    pub past: Vec<PastRun>,
}

/// One stretch of a lane, in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Cell {
    /// It begins at `at * cell_ms`.
    #[ts(type = "number")]
    pub at: i64,
    /// Due times that were neither merged into others nor lie in a grey band.
    pub due: u32,
    pub ran: u32,
    /// Runs, and how many of them arrived.
    pub sent: u32,
    pub delivered: u32,
    /// Runs with anything in the third row, and how many of those were confirmed or claimed.
    pub answered: u32,
    pub confirmed: u32,
    pub claimed: u32,
    /// Merged, or missed where a grey band explains it.
    pub aside: u32,
    /// Held, missed, bounced, refuted, failed, silent, stopped, at a gate; the worst of them.
    pub exceptions: u32,
    pub worst: Option<Mark>,
}

/// How a past run went.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
pub struct PastRun {
    pub cost_usd: Option<f64>,
    #[ts(type = "number")]
    pub took_ms: i64,
}
