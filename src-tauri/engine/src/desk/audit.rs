//! The audit of the ledger: every cue's facts, read back and held against what its definitions named.

use std::path::Path;

use cuetower_core::Ms;
use cuetower_core::audit;
use cuetower_core::event::Event;
use cuetower_core::id::{CueId, OccurrenceId};
use cuetower_core::time::DAY_MS;

use super::wire::{Audit, AuditFinding, AuditRequest, DeskError};
use super::{Desk, invalid};
use crate::journal::{LaneFacts, Reader, StoreError};

const DAYS_MAX: u32 = 36_600;
const FINDINGS_SHOWN: usize = 100;
/// What is due in these last milliseconds may still be on its way into the ledger.
const SETTLING_MS: u64 = 10_000;

pub(super) async fn audit(desk: &Desk, request: AuditRequest) -> Result<Audit, DeskError> {
    if request.days.is_some_and(|days| !(1..=DAYS_MAX).contains(&days)) {
        return Err(invalid("days", format!("Write 1 to {DAYS_MAX} days, or leave them out for the whole history.")));
    }
    Ok(of_days(desk.handle.reader(), desk.handle.now(), request.days).await?)
}

/// Of a data folder that no tower runs on, read and left as it is. It ends with the last sign of life: what came due
/// while nobody was there is written down at the next start. `days`: how far back from there; None: the whole history.
pub async fn of_stopped_tower(data_dir: &Path, days: Option<u32>) -> Result<Audit, StoreError> {
    let reader = Reader::on(&data_dir.join("cuetower.db"))?;
    let alive_at = reader.alive_at().await?.unwrap_or_default();
    of_days(&reader, alive_at, days).await
}

async fn of_days(reader: &Reader, now: Ms, days: Option<u32>) -> Result<Audit, StoreError> {
    let from = days.map(|days| now.minus(u64::from(days) * DAY_MS));
    of_store(reader, from, now.minus(SETTLING_MS)).await
}

/// Of the whole store, as far as instants due in `[from, to]` go.
async fn of_store(reader: &Reader, from: Option<Ms>, to: Ms) -> Result<Audit, StoreError> {
    let names = reader.cue_names().await?;
    let mut found = Audit {
        cues: u32::try_from(names.len()).unwrap_or(u32::MAX),
        instants: 0,
        unexplained: 0,
        findings: Vec::new(),
        from_ms: from.map(|from| from.0),
        to_ms: to.0,
    };
    for (id, name) in names {
        let facts = reader.lane_facts(id.clone(), from).await?;
        // A month of a busy lane is a million facts: not on the thread that serves everybody.
        let lane = CueId(id.clone());
        let audited = tokio::task::spawn_blocking(move || of_lane(lane, facts, to)).await;
        let audited = audited.map_err(|error| StoreError::Row(error.to_string()))?;
        found.instants += audited.instants;
        found.unexplained += audited.unexplained;
        let room = FINDINGS_SHOWN.saturating_sub(found.findings.len());
        found.findings.extend(audited.findings.iter().take(room).map(|finding| AuditFinding {
            cue_id: id.clone(),
            cue_name: name.clone(),
            due_ms: finding.due.0,
            problem: finding.problem.words().to_owned(),
        }));
    }
    Ok(found)
}

fn of_lane(cue: CueId, facts: LaneFacts, to: Ms) -> audit::Audited {
    let mut audit = match facts.start {
        Some(start) => {
            let Event::CueDefined { definition, .. } = &start.definition else { return audit::Audited::default() };
            let open = start.open.into_iter().map(|(id, due)| (OccurrenceId(id), due));
            audit::Audit::resumed(cue, definition, start.active_since, start.newest, open)
        }
        None => audit::Audit::new(cue),
    };
    for (at, event) in &facts.facts {
        audit.take(*at, event);
    }
    audit.finish(to)
}
