//! A run beside the last good one of its cue: what is different, in figures, in steps, and in one sentence.

use std::collections::{BTreeMap, HashMap};

use cuetower_core::run::Run;
use cuetower_core::spend::Nanousd;
use cuetower_core::step::StepState;

use super::wire::{Compare, CompareRow, CompareWith, DeskError, RunRef, StepDiff};
use super::{Desk, runs};
use crate::journal::{SpendRow, StepGroup, StepRow};

/// Steps of each run that are held against each other.
const STEPS_MAX: u32 = 5_000;
const DIFFS_MAX: usize = 50;
/// Kinds of calls named, those that differ most.
const GROUPS_MAX: usize = 6;
/// Further apart than this part of the larger: looked at.
const APART: f64 = 0.25;

pub(super) async fn compare(desk: &Desk, request: RunRef) -> Result<Compare, DeskError> {
    let run = runs::load(desk, &request.run_id).await?;
    let reader = desk.handle.reader();
    let Some(other) = reader.last_good(std::sync::Arc::clone(&run)).await? else {
        return Ok(Compare { with: None, rows: Vec::new(), steps: Vec::new(), first_difference: None });
    };
    let these = Known::of(desk, &run).await?;
    let those = Known::of(desk, &other).await?;
    let mut rows = figures(&run, &other, &these, &those);
    rows.extend(calls(&these.groups, &those.groups));
    let (steps, first_difference) = steps(&these.steps, &those.steps);
    let with = CompareWith {
        run_id: other.id.0.clone(),
        due_ms: other.due.0,
        verdict: other.verdict().map(|verdict| verdict.word().to_owned()).unwrap_or_default(),
    };
    Ok(Compare { with: Some(with), rows, steps, first_difference })
}

/// What is known of one of the two.
struct Known {
    spend: Option<SpendRow>,
    steps: Vec<StepRow>,
    groups: Vec<StepGroup>,
}

impl Known {
    async fn of(desk: &Desk, run: &Run) -> Result<Known, DeskError> {
        let reader = desk.handle.reader();
        let id = run.id.0.clone();
        Ok(Known {
            spend: reader.spend(id.clone()).await?,
            steps: reader.steps_begun(id.clone(), STEPS_MAX).await?,
            groups: reader.step_groups(id).await?,
        })
    }
}

fn figures(run: &Run, other: &Run, these: &Known, those: &Known) -> Vec<CompareRow> {
    let reported = |run: &Run| run.outcome().map(|(_, reported)| reported.outcome.clone()).unwrap_or_default();
    let (this, that) = (reported(run), reported(other));
    let sums = |known: &Known| known.spend.as_ref().map(|spend| spend.sums.clone());
    let (spent, was) = (sums(these), sums(those));
    let steps = |sums: &Option<cuetower_core::step::Sums>| {
        sums.as_ref().map(|sums| f64::from(sums.begun)).filter(|count| *count > 0.0)
    };
    let failed = |sums: &Option<cuetower_core::step::Sums>| {
        sums.as_ref().filter(|sums| sums.begun > 0).map(|sums| f64::from(sums.failed))
    };
    let tokens = |sums: &Option<cuetower_core::step::Sums>| {
        sums.as_ref().and_then(|sums| sums.total().tokens).map(|tokens| tokens as f64)
    };
    let cost =
        |sums: &Option<cuetower_core::step::Sums>| sums.as_ref().and_then(|sums| sums.total().cost).map(Nanousd::usd);
    [
        row("Processed", "count", this.processed, that.processed),
        row("Expected", "count", this.expected, that.expected),
        row("Errors", "count", this.errors, that.errors),
        row("Working time", "ms", worked_ms(run), worked_ms(other)),
        row("Steps", "count", steps(&spent), steps(&was)),
        row("Failed steps", "count", failed(&spent), failed(&was)),
        row("Tokens", "count", tokens(&spent), tokens(&was)),
        row("Cost", "usd", cost(&spent), cost(&was)),
        row("Attempts", "count", Some(f64::from(run.latest().number)), Some(f64::from(other.latest().number))),
    ]
    .into_iter()
    .filter(|row| row.this.is_some() || row.other.is_some())
    .collect()
}

fn row(name: &str, unit: &str, this: Option<f64>, other: Option<f64>) -> CompareRow {
    let stands_out = match (this, other) {
        (Some(this), Some(other)) => (this - other).abs() > APART * this.abs().max(other.abs()),
        (None, None) => false,
        // Said by one of the two alone.
        (Some(_), None) | (None, Some(_)) => true,
    };
    CompareRow { name: name.to_owned(), unit: unit.to_owned(), this, other, stands_out }
}

/// From the first delivery to the last word.
fn worked_ms(run: &Run) -> Option<f64> {
    let began = run.attempts.iter().find_map(|attempt| attempt.delivered_at)?;
    let reported = run.outcome().map(|(_, reported)| reported.at);
    Some(reported.or(run.ended_at())?.since(began) as f64)
}

/// Calls of the same name: how many there were, and how many of them failed.
fn calls(these: &[StepGroup], those: &[StepGroup]) -> Vec<CompareRow> {
    let mut both: BTreeMap<&str, (Option<&StepGroup>, Option<&StepGroup>)> = BTreeMap::new();
    these.iter().for_each(|group| both.entry(&group.name).or_default().0 = Some(group));
    those.iter().for_each(|group| both.entry(&group.name).or_default().1 = Some(group));
    let most = |group: &Option<&StepGroup>| group.map_or(0, |group| group.count);
    let mut rows: Vec<CompareRow> = Vec::new();
    for (name, (this, other)) in both {
        if most(&this).max(most(&other)) < 2 {
            continue;
        }
        let count = |group: Option<&StepGroup>| Some(f64::from(group.map_or(0, |group| group.count)));
        let failed = |group: Option<&StepGroup>| Some(f64::from(group.map_or(0, |group| group.failed)));
        rows.push(row(&format!("{name}, times"), "count", count(this), count(other)));
        rows.push(row(&format!("{name}, failed"), "count", failed(this), failed(other)));
    }
    rows.retain(|row| row.stands_out);
    rows.sort_by(|one, other| apart(other).total_cmp(&apart(one)));
    rows.truncate(GROUPS_MAX);
    rows
}

fn apart(row: &CompareRow) -> f64 {
    (row.this.unwrap_or(0.0) - row.other.unwrap_or(0.0)).abs()
}

/// What differs, in the order of this run; what only the other has comes after.
fn steps(these: &[StepRow], those: &[StepRow]) -> (Vec<StepDiff>, Option<String>) {
    let numbers = Numbers::of(these);
    let other_numbers = Numbers::of(those);
    let by_key: HashMap<&str, &StepRow> = those.iter().map(|row| (row.step.key.as_str(), row)).collect();
    let here: HashMap<&str, ()> = these.iter().map(|row| (row.step.key.as_str(), ())).collect();
    let mut diffs = Vec::new();
    let mut first: Option<(u32, String)> = None;
    for row in these {
        let other = by_key.get(row.step.key.as_str());
        let same = other.is_some_and(|other| other.step.state == row.step.state);
        if same || (those.is_empty() && row.step.state == StepState::Completed) {
            continue;
        }
        let number = numbers.number(row);
        let words = row.step.error.clone();
        // What a step failed for stands in it.
        let inner = first.as_ref().is_some_and(|(ordinal, _)| *ordinal == row.step.under);
        if first.is_none() || inner {
            first = Some((row.step.ordinal, in_words(&number, row, other.copied())));
        }
        diffs.push(StepDiff {
            number,
            name: row.step.name.clone(),
            ordinal: Some(row.step.ordinal),
            this: Some(row.step.state.word().to_owned()),
            other: other.map(|other| other.step.state.word().to_owned()),
            words,
        });
    }
    for row in those.iter().filter(|row| !here.contains_key(row.step.key.as_str())) {
        let number = other_numbers.number(row);
        if first.is_none() {
            let words = format!("The last good run went on to step {number} ({}); this one did not.", row.step.name);
            first = Some((0, words));
        }
        diffs.push(StepDiff {
            number,
            name: row.step.name.clone(),
            ordinal: None,
            this: None,
            other: Some(row.step.state.word().to_owned()),
            words: None,
        });
    }
    diffs.truncate(DIFFS_MAX);
    (diffs, first.map(|(_, words)| words))
}

fn in_words(number: &str, row: &StepRow, other: Option<&StepRow>) -> String {
    let step = format!("Step {number} ({})", row.step.name);
    let why = row.step.error.as_deref().map(|error| format!(": {}", error.trim_end_matches('.'))).unwrap_or_default();
    let was = match other {
        None => "the last good run had no such step",
        Some(other) => match other.step.state {
            StepState::Completed => "in the last good run it was completed",
            StepState::Failed => "in the last good run it failed",
            StepState::Started => "in the last good run it did not end",
        },
    };
    match row.step.state {
        StepState::Failed => format!("{step} failed{why}; {was}."),
        StepState::Started => format!("{step} did not end; {was}."),
        StepState::Completed => format!("{step} was completed; {was}."),
    }
}

/// "3.4", from the places of a step and those above it.
struct Numbers(HashMap<u32, (u32, u32)>);

impl Numbers {
    fn of(rows: &[StepRow]) -> Numbers {
        Numbers(rows.iter().map(|row| (row.step.ordinal, (row.step.under, row.step.place))).collect())
    }

    fn number(&self, row: &StepRow) -> String {
        let up = |ordinal: &u32| self.0.get(ordinal).map(|(under, _)| *under).filter(|under| *under > 0);
        let all = std::iter::successors(Some(row.step.ordinal), up).take(cuetower_core::step::DEPTH_MAX);
        let mut places: Vec<String> =
            all.filter_map(|ordinal| self.0.get(&ordinal).map(|(_, place)| place.to_string())).collect();
        places.reverse();
        places.join(".")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_out_when_they_are_far_apart_or_said_by_one_alone() {
        let stands_out = |this, other| row("Tokens", "count", this, other).stands_out;
        assert!(stands_out(Some(3.0), Some(200.0)));
        assert!(!stands_out(Some(190.0), Some(200.0)));
        assert!(stands_out(None, Some(200.0)) && !stands_out(None, None) && !stands_out(Some(0.0), Some(0.0)));
    }
}
