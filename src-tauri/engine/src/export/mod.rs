//! Files that are handed out: a run as JSON and as one page, costs as a table. Pure: made of what the owner's door shows
//! anyway, so that nothing leaves that is not shown; `blotting` takes out what shall not leave.

pub mod blotting;
pub mod csv;
pub mod page;
mod page_parts;
#[cfg(test)]
mod tests;

use chrono_tz::Tz;
use cuetower_core::Ms;
use serde::Serialize;
use serde_json::Value;

use crate::desk::wire::{RunStory, StepView};

/// Grows when a field changes its meaning or goes; a new field is no new version.
const VERSION: u32 = 1;

/// One run with all that is shown of it. As JSON: docs/search.md.
#[derive(Debug, Serialize)]
pub struct RunFile {
    /// Always "cuetower.run".
    pub format: &'static str,
    pub version: u32,
    /// "Cuetower 0.1.0".
    pub exported_by: String,
    pub exported_at_ms: i64,
    /// The owner's.
    pub timezone: String,
    /// As it was when the run began, in the JSON that cues are written in.
    pub cue: Value,
    /// As the owner's door shows it.
    pub run: RunStory,
    /// From the top down, each before those that stand under it.
    pub steps: Vec<StepView>,
    /// Steps beyond those.
    pub steps_left_out: u32,
}

impl RunFile {
    pub fn new(program: &str, now: Ms, zone: Tz, cue: Value, run: RunStory, steps: (Vec<StepView>, u32)) -> RunFile {
        RunFile {
            format: "cuetower.run",
            version: VERSION,
            exported_by: program.to_owned(),
            exported_at_ms: now.0,
            timezone: zone.name().to_owned(),
            cue,
            run,
            steps: steps.0,
            steps_left_out: steps.1,
        }
    }

    /// "score-new-leads-2026-11-21-0805", in the owner's time.
    #[must_use]
    pub fn name(&self, zone: Tz) -> String {
        let due = Ms(self.run.mark.due_ms).utc().map(|at| at.with_timezone(&zone).format("%Y-%m-%d-%H%M").to_string());
        format!("{}-{}", plain(&self.run.cue.name), due.unwrap_or_default())
    }
}

/// Letters, digits and dashes alone, so that it is a file's name everywhere.
fn plain(name: &str) -> String {
    let dashed: String = name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' })
        .collect();
    let parts: Vec<&str> = dashed.split('-').filter(|part| !part.is_empty()).collect();
    let name = parts.join("-");
    let name = &name[..name.len().min(60)];
    if name.is_empty() { "run".to_owned() } else { name.to_owned() }
}
