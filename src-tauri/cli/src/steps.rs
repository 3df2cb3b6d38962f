//! `run steps`, `run resume`, `run compare`: a run step by step, going on where it broke, and beside the last good one.

use cuetower_engine::desk::wire::{Compare, CompareRow, Fired, RunStory, StepView, Steps};
use serde_json::json;

use crate::owner::Owner;
use crate::show::{Zone, say, say_json, table};

/// Steps of one page.
const PAGE: u32 = 500;
/// Told in a terminal; the window shows all of them.
const SHOWN_MAX: usize = 1_000;

pub async fn list(owner: &Owner, run: &str, as_json: bool) -> Result<(), String> {
    let mut found = Vec::new();
    let all = below(owner, run, &mut found).await?;
    if as_json {
        let steps: Vec<_> = found.iter().map(|(number, step)| json!({ "number": number, "step": step })).collect();
        say_json(&json!({ "steps": steps, "complete": all }));
        return Ok(());
    }
    if found.is_empty() {
        say("This run has begun no step, and its telemetry told of none.");
        return Ok(());
    }
    let rows: Vec<_> = found.iter().map(|(number, step)| row(number, step)).collect();
    say(&table(["STEP", "NAME", "STATE", "TOOK", "TOKENS", "COST", "TRIES", ""], &rows));
    if !all {
        say(&format!("The first {SHOWN_MAX} are shown; the window shows all of them."));
    }
    Ok(())
}

/// Depth first, each with its number ("3.4"); false: there are more.
async fn below(owner: &Owner, run: &str, found: &mut Vec<(String, StepView)>) -> Result<bool, String> {
    // What is still to be looked at: under which step, from where on, and the number of that step.
    let mut open: Vec<(u32, u32, String)> = vec![(0, 0, String::new())];
    while let Some((under, offset, number)) = open.pop() {
        let request = json!({ "run_id": run, "under": under, "offset": offset, "limit": 1 });
        let page: Steps = owner.ask("run_steps", request).await?;
        let Some(step) = page.steps.into_iter().next() else { continue };
        if found.len() >= SHOWN_MAX {
            return Ok(false);
        }
        if offset + 1 < page.total {
            open.push((under, offset + 1, number.clone()));
        }
        let dot = if number.is_empty() { "" } else { "." };
        let own = if step.place > 0 { format!("{number}{dot}{}", step.place) } else { number.clone() };
        if step.children > 0 {
            open.push((step.ordinal, 0, own.clone()));
        }
        found.push((own, step));
    }
    Ok(true)
}

fn row(number: &str, step: &StepView) -> [String; 8] {
    let took = step.ended_ms.map_or_else(|| "…".to_owned(), |ended| format!("{} ms", ended - step.began_ms));
    let cost = match (step.cost_usd, step.priced.as_str()) {
        (Some(usd), _) => format!("${usd:.4}"),
        (None, "not_priced") => "not priced".to_owned(),
        (None, _) => String::new(),
    };
    let kept = if step.source == "kept" { "kept" } else { step.state.as_str() };
    [
        number.to_owned(),
        step.name.clone(),
        kept.to_owned(),
        took,
        step.tokens.map(|tokens| tokens.to_string()).unwrap_or_default(),
        cost,
        step.tries.max(step.retries.map_or(0, |retries| retries + 1)).to_string(),
        step.error.clone().unwrap_or_default(),
    ]
}

/// `number`: "3", of a step at the top, or the ordinal that `--json` gives; None: from the one that is not completed.
pub async fn resume(owner: &Owner, run: &str, number: Option<u32>, as_json: bool) -> Result<(), String> {
    let ordinal = match number {
        None => None,
        Some(number) => Some(at_top(owner, run, number).await?),
    };
    let fired: Fired = owner.ask("run_resume", json!({ "run_id": run, "ordinal": ordinal })).await?;
    if as_json {
        say_json(&json!(fired));
        return Ok(());
    }
    let story: RunStory = owner.ask("run_get", json!({ "run_id": fired.run_id })).await?;
    let from = story.resumed.map(|resumed| format!(" from {}", resumed.from)).unwrap_or_default();
    say(&format!("It goes on{from}: run {}", fired.run_id));
    Ok(())
}

async fn at_top(owner: &Owner, run: &str, number: u32) -> Result<u32, String> {
    let mut offset = 0;
    loop {
        let request = json!({ "run_id": run, "under": 0, "offset": offset, "limit": PAGE });
        let page: Steps = owner.ask("run_steps", request).await?;
        if let Some(step) = page.steps.iter().find(|step| step.place == number) {
            return Ok(step.ordinal);
        }
        offset += PAGE;
        if offset >= page.total {
            return Err(format!("this run has no step {number}; `run steps` lists them"));
        }
    }
}

pub async fn compare(owner: &Owner, run: &str, as_json: bool) -> Result<(), String> {
    let compare: Compare = owner.ask("run_compare", json!({ "run_id": run })).await?;
    if as_json {
        say_json(&json!(compare));
        return Ok(());
    }
    let Some(with) = &compare.with else {
        say("No run of this cue before it went well, so there is nothing to compare it with.");
        return Ok(());
    };
    say(&format!("Beside the run of {} ({}, {})", Zone::of_machine().at(with.due_ms), with.verdict, with.run_id));
    let rows: Vec<_> = compare
        .rows
        .iter()
        .map(|row| [row.name.clone(), figure(row, row.this), figure(row, row.other), mark(row).to_owned()])
        .collect();
    say(&table(["", "THIS RUN", "LAST GOOD", ""], &rows));
    if let Some(words) = &compare.first_difference {
        say(words);
    }
    Ok(())
}

fn mark(row: &CompareRow) -> &'static str {
    if row.stands_out { "differs" } else { "" }
}

fn figure(row: &CompareRow, value: Option<f64>) -> String {
    match (value, row.unit.as_str()) {
        (None, _) => "not told".to_owned(),
        (Some(value), "usd") => format!("${value:.4}"),
        (Some(value), "ms") => format!("{value} ms"),
        (Some(value), _) => value.to_string(),
    }
}
