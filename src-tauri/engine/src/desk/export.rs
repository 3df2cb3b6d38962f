//! What is handed out as a file: one run, and what was spent.

use std::sync::Arc;

use super::wire::{CostsRequest, DeskError, ExportFormat, Exported, RunExport, RunRef};
use super::{Desk, costs as spent, runs, steps, zone};
use crate::definition;
use crate::export::{RunFile, blotting, page};
use crate::journal::StoreError;

/// Steps in a file at most.
const STEPS_MAX: u32 = 5_000;

pub(super) async fn run(desk: &Desk, request: RunExport) -> Result<Exported, DeskError> {
    let RunExport { run_id, format } = request;
    let run = runs::load(desk, &run_id).await?;
    let story = runs::get(desk, RunRef { run_id: run_id.clone() }).await?;
    let (rows, left_out) = desk.handle.reader().steps_tree(run_id, STEPS_MAX).await?;
    let unread = |error: serde_json::Error| StoreError::Row(error.to_string());
    let mut cue = definition::write(&Arc::clone(&run.definition));
    let steps = rows.iter().map(steps::view).collect();
    let (story, steps) = blotting::blot(desk.vault.known(), &mut cue, story, steps).map_err(unread)?;
    let (zone, program) = (zone(desk), format!("Cuetower {}", desk.facts.version));
    let file = RunFile::new(&program, desk.handle.now(), zone, cue, story, (steps, left_out));
    let name = file.name(zone);
    Ok(match format {
        ExportFormat::Json => Exported {
            file_name: format!("{name}.json"),
            mime: "application/json".to_owned(),
            text: serde_json::to_string_pretty(&file).map_err(unread)? + "\n",
        },
        ExportFormat::Html => Exported {
            file_name: format!("{name}.html"),
            mime: "text/html; charset=utf-8".to_owned(),
            text: page::page(&file, zone),
        },
    })
}

pub(super) async fn costs(desk: &Desk, request: CostsRequest) -> Result<Exported, DeskError> {
    let (name, text) = spent::table(desk, request).await?;
    Ok(Exported { file_name: format!("{name}.csv"), mime: "text/csv; charset=utf-8".to_owned(), text })
}
