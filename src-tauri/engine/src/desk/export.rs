//! What is handed out as a file: one run, and what was spent.

use std::sync::Arc;

use super::wire::{CostsRequest, DeskError, ExportFormat, Exported, RunExport, RunRef, StepView};
use super::{Desk, costs as spent, runs, steps, zone};
use crate::definition;
use crate::export::{RunFile, page};
use crate::handle::Handle;
use crate::journal::StoreError;

/// Steps in a file at most.
const STEPS_MAX: usize = 5_000;
const PAGE: u32 = 500;

pub(super) async fn run(desk: &Desk, request: RunExport) -> Result<Exported, DeskError> {
    let RunExport { run_id, format } = request;
    let run = runs::load(desk, &run_id).await?;
    let story = runs::get(desk, RunRef { run_id: run_id.clone() }).await?;
    let steps = all_steps(&desk.handle, &run_id).await?;
    let left_out = desk.handle.reader().steps_count(run_id).await?.saturating_sub(steps.len() as u32);
    let (zone, program) = (zone(desk), format!("Cuetower {}", desk.facts.version));
    let cue = definition::write(&Arc::clone(&run.definition));
    let file = RunFile::new(&program, desk.handle.now(), zone, cue, story, (steps, left_out));
    let name = file.name(zone);
    Ok(match format {
        ExportFormat::Json => Exported {
            file_name: format!("{name}.json"),
            mime: "application/json".to_owned(),
            text: serde_json::to_string_pretty(&file).map_err(|error| StoreError::Row(error.to_string()))? + "\n",
        },
        ExportFormat::Html => Exported {
            file_name: format!("{name}.html"),
            mime: "text/html; charset=utf-8".to_owned(),
            text: page::page(&file, zone),
        },
    })
}

/// From the top down, each before those that stand under it.
async fn all_steps(handle: &Handle, run_id: &str) -> Result<Vec<StepView>, StoreError> {
    let mut found: Vec<StepView> = Vec::new();
    // Under which, and how many of those were read.
    let mut open: Vec<(u32, u32)> = vec![(0, 0)];
    // Each level's rows wait here for their turn, the next one last.
    let mut waiting: Vec<Vec<StepView>> = vec![Vec::new()];
    while let (Some((under, read)), Some(rows)) = (open.last_mut(), waiting.last_mut()) {
        if found.len() >= STEPS_MAX {
            break;
        }
        if let Some(step) = rows.pop() {
            let children = step.children;
            let ordinal = step.ordinal;
            found.push(step);
            if children > 0 {
                open.push((ordinal, 0));
                waiting.push(Vec::new());
            }
            continue;
        }
        let (page, _) = handle.reader().steps(run_id.to_owned(), *under, *read, PAGE).await?;
        if page.is_empty() {
            open.pop();
            waiting.pop();
            continue;
        }
        *read += page.len() as u32;
        rows.extend(page.iter().rev().map(steps::view));
    }
    Ok(found)
}

pub(super) async fn costs(desk: &Desk, request: CostsRequest) -> Result<Exported, DeskError> {
    let (name, text) = spent::table(desk, request).await?;
    Ok(Exported { file_name: format!("{name}.csv"), mime: "text/csv; charset=utf-8".to_owned(), text })
}
