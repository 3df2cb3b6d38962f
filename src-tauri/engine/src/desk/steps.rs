//! The steps of a run as its owner sees them, what the run used, and going on where it broke off.

use cuetower_core::id::RunId;
use cuetower_core::input::Answer;
use cuetower_core::spend::Nanousd;
use cuetower_core::step::{StepState, Sums, Total};

use super::wire::{
    DeskError, Fired, ModelView, RunResume, SpendView, StepRef, StepStory, StepView, Steps, StepsRequest, StepsSummary,
    TotalView,
};
use super::{Desk, invalid, not_found, runs};
use crate::journal::{SpendRow, StepRow};

const PAGE_MAX: u32 = 500;
/// Looked through for the first step that is not completed.
const LOOKED_AT_MAX: u32 = 250_000;

pub(super) async fn page(desk: &Desk, request: StepsRequest) -> Result<Steps, DeskError> {
    if request.limit == 0 || request.limit > PAGE_MAX {
        return Err(invalid("limit", format!("A page has 1 to {PAGE_MAX} steps.")));
    }
    let StepsRequest { run_id, under, offset, limit } = request;
    let (rows, total) = desk.handle.reader().steps(run_id, under.unwrap_or(0), offset, limit).await?;
    Ok(Steps { steps: rows.iter().map(view).collect(), total })
}

pub(super) async fn one(desk: &Desk, request: StepRef) -> Result<StepStory, DeskError> {
    let found = desk.handle.reader().step(request.run_id, request.ordinal).await?;
    let row = found.ok_or_else(|| not_found("such step in this run"))?;
    let step = view(&row);
    let crate::journal::StepRow { step: row, .. } = row;
    Ok(StepStory { step, input: row.input, output: row.output, error: row.whole_error, attributes: row.attributes })
}

/// As the doors show a step.
#[must_use]
pub(crate) fn view(row: &StepRow) -> StepView {
    let step = &row.step;
    StepView {
        ordinal: step.ordinal,
        under: step.under,
        place: step.place,
        key: step.key.clone(),
        name: step.name.clone(),
        kind: step.kind.word().to_owned(),
        state: step.state.word().to_owned(),
        source: step.source.word().to_owned(),
        attempt: step.attempt,
        tries: step.tries,
        retries: step.retries,
        began_ms: step.began.0,
        ended_ms: step.ended.map(|at| at.0),
        idempotency_key: step.idempotency_key.clone(),
        error: step.error.clone(),
        tokens: step.spend.tokens.all(),
        cost_usd: step.spend.cost.map(Nanousd::usd),
        priced: step.spend.priced.word().to_owned(),
        model: step.spend.model.clone(),
        children: row.children,
    }
}

pub(super) fn summary(sums: &Sums) -> Option<StepsSummary> {
    (sums.begun > 0).then(|| StepsSummary {
        begun: sums.begun,
        completed: sums.completed,
        failed: sums.failed,
        first_ms: sums.first_at.map(|at| at.0),
        last_ms: sums.last_at.map(|at| at.0),
    })
}

pub(super) fn spend(row: &SpendRow) -> Option<SpendView> {
    let SpendRow { sums, models } = row;
    let all = total(sums.total());
    let told = all.tokens.is_some() || all.cost_usd.is_some() || sums.progress.is_some() || sums.not_priced > 0;
    told.then(|| SpendView {
        tokens: all.tokens,
        cost_usd: all.cost_usd,
        steps: total(sums.steps),
        beats: total(sums.beats),
        outcome: total(sums.said),
        not_priced: sums.not_priced,
        disagreement: sums.disagreement(),
        models: models
            .iter()
            .map(|(model, sum)| ModelView {
                model: model.clone(),
                calls: sum.calls,
                tokens: sum.tokens.all(),
                cost_usd: sum.cost.map(Nanousd::usd),
                not_priced: sum.not_priced,
            })
            .collect(),
        progress: sums.progress,
    })
}

fn total(total: Total) -> TotalView {
    TotalView { tokens: total.tokens, cost_usd: total.cost.map(Nanousd::usd) }
}

/// The first step that is not completed; within it the first of those in it, and so on: what was completed in it is kept.
fn first_open(begun: &[StepRow]) -> Option<u32> {
    let open = |under: &u32| {
        let here = begun.iter().filter(|row| row.step.under == *under && row.step.state != StepState::Completed);
        here.map(|row| row.step.ordinal).min()
    };
    std::iter::successors(open(&0), open).last()
}

/// A new run that keeps what was completed before the step.
pub(super) async fn resume(desk: &Desk, request: RunResume) -> Result<Fired, DeskError> {
    let reader = desk.handle.reader();
    let run = runs::load(desk, &request.run_id).await?;
    let ordinal = match request.ordinal {
        Some(ordinal) => ordinal,
        None => {
            let begun = reader.steps_begun(request.run_id.clone(), LOOKED_AT_MAX).await?;
            let next = begun.last().map(|row| row.step.ordinal + 1);
            first_open(&begun)
                .or(next)
                .ok_or_else(|| invalid("run_id", "This run has begun no step; run it again instead."))?
        }
    };
    let words = match reader.step(request.run_id.clone(), ordinal).await? {
        Some(row) if row.step.source.word() == "span" => {
            let message = "A span only tells what happened; a run is resumed from a step.";
            return Err(invalid("ordinal", message));
        }
        Some(row) if row.step.under == 0 => format!("step {} ({})", row.step.place, row.step.name),
        Some(row) => format!("the step {}", row.step.name),
        None if request.ordinal.is_none() => "after its last step".to_owned(),
        None => return Err(not_found("such step in this run")),
    };
    let run_id = RunId(request.run_id);
    match desk.handle.resume(&run_id, ordinal, words).await? {
        Answer::Fired { run_id, occurrence_id, .. } => Ok(Fired { run_id: run_id.0, occurrence_id: occurrence_id.0 }),
        _ => Err(not_found(&format!("cue {}", run.cue_id))),
    }
}
