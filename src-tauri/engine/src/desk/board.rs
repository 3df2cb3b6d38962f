//! What the timeline and the ledger draw, and what is to come.

use std::collections::{HashMap, HashSet};

use cuetower_core::Ms;
use cuetower_core::cue::{Cue, CueStatus};
use cuetower_core::plan::Plan;

use super::cues::name_of;
use super::wire::{Board, BoardRequest, DeskError, Forecast, ForecastLane, ForecastRequest, Ledger, LedgerRequest};
use super::{Desk, alerts, invalid};
use crate::view;

/// Marks in one answer at most; the newest ones stay.
const MARKS_MAX: u32 = 20_000;
/// Runs under way in one answer at most.
const UNDER_WAY_MAX: u32 = 2000;
/// Lanes in one answer at most.
const CUES_MAX: u32 = 10_000;
/// Predicted fires per lane at most.
const FORECAST_MAX: usize = 500;

pub(super) async fn board(desk: &Desk, request: BoardRequest) -> Result<Board, DeskError> {
    if request.from_ms >= request.to_ms {
        return Err(invalid("from_ms", "The range must begin before it ends."));
    }
    let reader = desk.handle.reader();
    let now = desk.handle.now();
    // Read first: what happens meanwhile comes again with the events after it.
    let seq = reader.last_seq().await?;
    let most = request.marks_max.unwrap_or(MARKS_MAX).min(MARKS_MAX);
    let rows = reader.occurrences_between(Ms(request.from_ms), Ms(request.to_ms), most + 1).await?;
    let truncated = rows.len() > most as usize;
    let (cues, _) = reader.cues(None, None, CUES_MAX, 0).await?;
    let mut names: HashMap<String, String> = cues.iter().map(|cue| (cue.id.0.clone(), name_of(cue))).collect();
    let followed = cues.iter().filter_map(|cue| cue.definition.schedule.follows()).map(|(id, _)| id.0.clone());
    let gone: Vec<String> = followed.filter(|id| !names.contains_key(id)).collect();
    for id in gone {
        names.extend(reader.cue(id).await?.map(|cue| (cue.id.0.clone(), name_of(&cue))));
    }
    let named = |id: &str| names.get(id).cloned();
    let bands = reader.bands(Ms(request.from_ms), Ms(request.to_ms)).await?;
    let mut rows: Vec<_> = rows.into_iter().take(most as usize).collect();
    // What asks is shown however long ago it was due, and what is under way.
    let mut seen: HashSet<String> = rows.iter().map(|row| row.id.clone()).collect();
    let apart = reader.occurrences_asking().await?.into_iter().chain(reader.under_way(UNDER_WAY_MAX).await?);
    rows.extend(apart.filter(|row| seen.insert(row.id.clone())));
    Ok(Board {
        seq,
        now_ms: now.0,
        cues: cues.iter().map(|cue| view::cue(cue, now, named)).collect(),
        marks: rows.iter().map(view::mark).collect(),
        alerts: alerts::shown(desk, reader.alerts(alerts::SHOWN_MAX).await?).await?,
        bands: bands.iter().map(view::band).collect(),
        truncated,
    })
}

pub(super) async fn forecast(desk: &Desk, request: ForecastRequest) -> Result<Forecast, DeskError> {
    let now = desk.handle.now();
    let (cues, _) = desk.handle.reader().cues(None, None, CUES_MAX, 0).await?;
    let fires_from = |cue: &Cue| match (cue.status, cue.paused_until) {
        (CueStatus::Active, _) => Some(now),
        (CueStatus::Paused, Some(until)) => Some(until.max(now)),
        (CueStatus::Paused | CueStatus::Completed | CueStatus::Failed | CueStatus::Deleted, _) => None,
    };
    let lanes = cues.iter().filter_map(|cue| Some((cue, fires_from(cue)?))).map(|(cue, from)| {
        let plan = Plan::of(&cue.definition.schedule, cue.id.as_str()).ok();
        let after = |at: &Ms| plan.as_ref().and_then(|plan| plan.next_after(*at));
        let fires = std::iter::successors(after(&from), after).take_while(|due| due.0 <= request.until_ms);
        let fires: Vec<Ms> = fires.take(FORECAST_MAX).collect();
        let skipped = fires.iter().filter(|due| cue.definition.schedule.blackout_at(**due).is_some());
        let blackout_ms = skipped.map(|due| due.0).collect();
        ForecastLane { cue_id: cue.id.0.clone(), due_ms: fires.iter().map(|due| due.0).collect(), blackout_ms }
    });
    Ok(Forecast { lanes: lanes.collect() })
}

pub(super) async fn ledger(desk: &Desk, request: LedgerRequest) -> Result<Ledger, DeskError> {
    if !(1..=500).contains(&request.limit) {
        return Err(invalid("limit", format!("The limit must lie between 1 and 500, not {}.", request.limit)));
    }
    let before = Ms(request.before_ms.unwrap_or(i64::MAX));
    let rows = desk.handle.reader().occurrences_page(request.cue_id, before, request.limit + 1).await?;
    let more = rows.len() > request.limit as usize;
    Ok(Ledger { marks: rows.iter().take(request.limit as usize).map(view::mark).collect(), more })
}
