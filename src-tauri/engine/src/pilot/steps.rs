//! The steps of runs, beside the lanes: what agents begin and end, what their telemetry tells, and what all of it used. Decided in
//! core (`step::Book`), written in the same commit as everything else of the batch.
//!
//! Books are changed in place, since one may hold a hundred thousand steps: a batch that cannot be committed takes the books
//! it touched with it, and they are read from the store again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use cuetower_core::Ms;
use cuetower_core::cue::Transport;
use cuetower_core::fuse::Used;
use cuetower_core::id::{AccountId, RunId};
use cuetower_core::input::{Answer, Fire, Input, Refusal, RefusalCode};
use cuetower_core::occurrence::Trigger;
use cuetower_core::outcome::Outcome;
use cuetower_core::run::{Phase, Run, Verdict};
use cuetower_core::spend::{Nanousd, Tokens};
use cuetower_core::step::{self, Book, Change, Decided, StepInput, Total};
use serde_json::{Map, Value, json};

use super::Pilot;
use super::after_end::AfterEnd;
use super::batch::Batch;
use super::gates::Asks;
use super::signs::Sign;
use crate::fleet;
use crate::handle::{StepTaken, Trouble};
use crate::journal::{Commit, STEPS_LANE, StepOwner, StepsChange, StepsKept};
use crate::sabotage::Sabotage;

/// Steps held in memory before books that are not at work are let go.
const NODES_KEPT: usize = 2 * step::STEPS_MAX as usize;
const BOOKS_KEPT: usize = 4_096;
/// A book that was asked for this lately is at work.
const USES_KEPT: u64 = 64;
/// A deadline is not moved for less than this part of its length: a run of a thousand steps a second would be written a
/// thousand times.
const MOVED_LEAST: u64 = 50;
/// A sign of life is no more precise than this where nothing but steps is told.
const STAMP_LEAST_MS: i64 = 1_000;

#[derive(Default)]
pub(super) struct Books {
    held: HashMap<String, Held>,
    pub(super) nodes: usize,
    /// By account: a day, and the agents whose telemetry told something outside of their runs on it.
    pub(super) apart: HashMap<AccountId, (String, HashSet<String>)>,
    uses: u64,
    /// Lane sequence of the last fact about steps.
    seq: u64,
}

impl Books {
    /// None read yet; `seq`: lane sequence of the last fact about steps.
    pub(super) fn from(seq: u64) -> Books {
        Books { seq, ..Books::default() }
    }
}

pub(super) struct Held {
    pub(super) book: Book,
    /// What is on disk.
    written: Total,
    used: u64,
    pub(super) nodes: usize,
    pub(super) after_end: AfterEnd,
}

/// What one batch does to the steps of one owner.
pub(super) struct Stepped {
    pub(super) owner: StepOwner,
    pub(super) changes: Vec<Change>,
    pub(super) traces: BTreeMap<u32, String>,
    pub(super) dropped: Vec<u32>,
}

impl Pilot {
    /// What a run cost, by its book, or as it is on disk if that is not in memory.
    pub(super) fn known_cost(&self, run_id: &RunId) -> Option<f64> {
        match self.books.held.get(&run_id.0) {
            Some(held) => held.book.sums.total().cost.map(Nanousd::usd),
            None => self.journal.cost_of(run_id).ok()?,
        }
    }

    /// What a run used and how many steps it began, as far as its book is in memory.
    pub(super) fn used_as_known(&self, run_id: &RunId) -> Option<(Total, u32)> {
        let sums = &self.books.held.get(&run_id.0)?.book.sums;
        Some((sums.total(), sums.begun))
    }

    /// Something that an agent tells of a step, or of what its run used.
    pub(super) fn take_step(
        &mut self,
        batch: &mut Batch,
        by: Option<&AccountId>,
        run_id: &RunId,
        attempt: Option<u32>,
        input: StepInput,
    ) -> Result<StepTaken, Trouble> {
        let Some((run, live)) = self.run_known(batch, run_id) else { return Ok(no_run(run_id).into()) };
        if by.is_some_and(|by| run.definition.account != *by) {
            return Ok(no_run(run_id).into());
        }
        if let Some(refusal) = fence(&run, attempt, &input) {
            if matches!(refusal.code, RefusalCode::RunStopped | RefusalCode::RunEnded) {
                self.spent_in_vain(batch, &run, attempt, input)?;
            }
            return Ok(step::Answer::Refused(refusal).into());
        }
        let (input, edited) = match self.asks_before(batch, &run, attempt, input)? {
            Asks::Begins { input, edited } => (input, edited),
            Asks::Refused(answer) => return Ok(answer.into()),
        };
        let latest = run.latest().number;
        let sign = if live { Sign::of(&input) } else { None };
        let decided = self.decide_step(batch, &run, input, attempt.unwrap_or(latest))?;
        if live && !matches!(decided.answer, step::Answer::Refused(_)) {
            self.sign_of_life(batch, &run, attempt);
        }
        // What was done, or told, before says nothing of what goes on now.
        if let (Some(sign), step::Answer::Started { .. } | step::Answer::Noted(_) | step::Answer::Done, false) =
            (sign, &decided.answer, decided.told.again)
        {
            self.watch_sign(batch, &run, sign);
        }
        self.tell_lane(batch, &run, &decided);
        batch.settle(self);
        Ok(StepTaken { answer: self.begun_anew(decided.answer, latest), input: edited })
    }

    /// What is completed is to be done again, if that is to be noticed.
    fn begun_anew(&self, answer: step::Answer, attempt: u32) -> step::Answer {
        match answer {
            step::Answer::Completed { ordinal, idempotency_key } if self.sabotage == Some(Sabotage::ChargeTwice) => {
                let idempotency_key = format!("{idempotency_key}-again");
                step::Answer::Started { ordinal, idempotency_key, attempt, tries: 2 }
            }
            answer => answer,
        }
    }

    /// What an outcome says that its run used.
    pub(super) fn outcome_said(&mut self, batch: &mut Batch, run: &Run, outcome: &Outcome) {
        let most = Tokens::MOST as f64;
        let tokens = outcome.tokens.filter(|tokens| (0.0..=most).contains(tokens)).map(|tokens| tokens.round() as u64);
        let cost = outcome.cost_usd.and_then(Nanousd::of_usd);
        if tokens.is_none() && cost.is_none() {
            return;
        }
        if let Err(trouble) = self.decide_step(batch, run, StepInput::Said { tokens, cost }, run.latest().number) {
            tracing::error!(%trouble, run = %run.id, "what a run said that it used could not be taken in");
        }
    }

    pub(super) fn decide_step(
        &mut self,
        batch: &mut Batch,
        run: &Run,
        input: StepInput,
        attempt: u32,
    ) -> Result<Decided, Trouble> {
        let owner = owner_of(run);
        let broke = run.broke.as_ref().map(|broke| broke.key.clone());
        let of = (run.idempotency_key.as_str(), broke.as_deref());
        let before = self.held(&owner.id, of)?.book.sums.total();
        let decided = self.decide_of(batch, owner, of, input, attempt)?;
        if let Some(held) = self.books.held.get(&run.id.0) {
            let (after, steps) = (held.book.sums.total(), held.book.len());
            self.holds_to_its_fuse(batch, run, (before, after), steps);
        }
        Ok(decided)
    }

    /// `of`: the run's key for the outside, and the step that it says broke.
    pub(super) fn decide_of(
        &mut self,
        batch: &mut Batch,
        owner: StepOwner,
        of: (&str, Option<&str>),
        input: StepInput,
        attempt: u32,
    ) -> Result<Decided, Trouble> {
        let now = batch.now;
        let traces = traces_of(&owner, &input);
        let is_beat = matches!(input, StepInput::Beat { .. });
        let held = self.held(&owner.id, of)?;
        let (said, total) = (held.book.sums.said, held.book.sums.total());
        let mut decided = held.book.decide(input, attempt, now);
        let more = Used::between(total, held.book.sums.total());
        // What is only read, or is known already, is not written: an attempt that asks for what an earlier one did costs no disk.
        let changed = is_beat || !decided.changes.is_empty() || held.book.sums.said != said;
        let (before, after) = (held.nodes, held.book.len());
        held.nodes = after;
        self.books.nodes = (self.books.nodes + after).saturating_sub(before);
        self.uses(batch, &owner, more);
        if changed {
            let stepped = batch.stepped(owner);
            let new = decided.changes.iter().filter_map(|change| match change {
                Change::New(row) => Some((row.ordinal, traces.get(&row.key)?.clone())),
                Change::Again { .. } | Change::Ended { .. } | Change::Moved { .. } => None,
            });
            stepped.traces.extend(new);
            stepped.changes.append(&mut decided.changes);
        }
        Ok(decided)
    }

    pub(super) fn held(
        &mut self,
        owner: &str,
        (idempotency, broke): (&str, Option<&str>),
    ) -> Result<&mut Held, Trouble> {
        self.books.uses += 1;
        let used = self.books.uses;
        if !self.books.held.contains_key(owner) {
            let found = self.journal.steps(owner).map_err(|error| Trouble::Store(error.to_string()))?;
            let mut book = match found {
                Some((rows, sums)) => {
                    let written = sums.total();
                    let book = Book::of_rows(idempotency, rows, sums);
                    debug_assert_eq!(book.sums.total(), written, "the rows say what the sums say");
                    book
                }
                None => Book::empty(idempotency),
            };
            book.remember_broke(broke);
            let (written, nodes) = (book.sums.total(), book.len());
            self.books.nodes += nodes;
            self.books
                .held
                .insert(owner.to_owned(), Held { book, written, used, nodes, after_end: AfterEnd::default() });
        }
        let held = self.books.held.get_mut(owner).expect("it was put there");
        held.used = used;
        Ok(held)
    }

    /// A step proves that its agent is at work, as a heartbeat does.
    fn sign_of_life(&mut self, batch: &mut Batch, run: &Run, attempt: Option<u32>) {
        let worth = |until: Ms, length: u64| length.saturating_sub(until.since(batch.now)) >= length / MOVED_LEAST;
        let deadline = run.deadline().zip(run.definition.outcome_deadline_ms());
        let lease = match &run.definition.transport {
            Transport::Worker(work) => run.latest().lease.as_ref().map(|lease| (lease.until, work.lease_ms)),
            Transport::Webhook(_) | Transport::Command(_) | Transport::Watch => None,
        };
        // What is only watched is waited for until it shows that it lives, in whatever way.
        let is_awaited = run.definition.transport.is_watch() && matches!(run.phase, Phase::Offered { .. });
        if !is_awaited && !deadline.into_iter().chain(lease).any(|(until, length)| worth(until, length)) {
            return;
        }
        let worker = None;
        let extend = Input::Extend { run_id: run.id.clone(), attempt, worker };
        batch.decide(self, &run.cue_id.clone(), &extend);
    }

    fn tell_lane(&mut self, batch: &mut Batch, run: &Run, decided: &Decided) {
        if let Some(broke) = &decided.told.broke {
            let input = Input::StepBroke { run_id: run.id.clone(), broke: Box::new(broke.clone()) };
            self.told(batch, run, &input);
        }
        if let Some(key) = &decided.told.mended {
            self.told(batch, run, &Input::StepMended { run_id: run.id.clone(), key: key.clone() });
        }
    }

    pub(super) fn told(&mut self, batch: &mut Batch, run: &Run, input: &Input) {
        if let Some(cue_id) = self.lane_of_run(batch, &run.id) {
            batch.decide(self, &cue_id, input);
        }
    }

    /// The run as it stands in this batch, and whether it is under way; also one that ended, or whose cue is gone.
    pub(super) fn run_known(&mut self, batch: &mut Batch, run_id: &RunId) -> Option<(Arc<Run>, bool)> {
        let cue = self.live_runs.get(run_id).cloned().or_else(|| batch.lane_with_run(run_id));
        let here = cue.and_then(|cue| batch.standing(self, &cue)?.runs.get(run_id).cloned());
        if let Some(run) = here {
            let live = run.is_live();
            return Some((run, live));
        }
        match self.journal.run(run_id) {
            Ok(run) => run.map(|run| (Arc::new(run), false)),
            Err(error) => {
                tracing::error!(%error, %run_id, "a run could not be read back");
                None
            }
        }
    }

    /// A new run that goes on where an ended one broke off: what was completed before `ordinal` is kept.
    pub(super) fn take_resume(
        &mut self,
        batch: &mut Batch,
        run_id: &RunId,
        ordinal: u32,
        words: String,
    ) -> Result<Answer, Trouble> {
        let Some((run, live)) = self.run_known(batch, run_id) else {
            return Err(Trouble::NotFound(format!("run {run_id}")));
        };
        if live {
            let message = "This run is under way; it cannot be resumed before it has ended.".to_owned();
            return Ok(Answer::Refused(Refusal { code: RefusalCode::InvalidState, message }));
        }
        if batch.lane(self, &run.cue_id).is_none() {
            return Err(Trouble::NotFound(format!("cue {}", run.cue_id)));
        }
        let broke = run.broke.as_ref().map(|broke| broke.key.as_str());
        let above = self.held(&run.id.0, (&run.idempotency_key, broke))?.book.above(ordinal);
        let fire = Fire {
            payload: Some(run.payload.clone()),
            send_at: None,
            key: None,
            exit_criteria: run.exit_criteria.clone(),
            trigger: Trigger::Resume { of: run.id.clone(), from: words },
        };
        batch.tick(self, &run.cue_id);
        let answer = batch.decide(self, &run.cue_id, &Input::Fire(fire));
        if let Answer::Fired { run_id: new, .. } = &answer {
            let to = StepOwner { id: new.0.clone(), run: Some((new.clone(), run.cue_id.clone())), ..owner_of(&run) };
            batch.commit.steps_kept.push(StepsKept { from: run.id.0.clone(), to, ordinal, above });
        }
        Ok(answer)
    }

    pub(super) fn day(&self, now: Ms) -> String {
        fleet::day_of(now, self.zone).to_string()
    }

    /// After a commit, or after one that failed: what is in memory is what is on disk.
    pub(super) fn books_landed(&mut self, stepped: Vec<StepOwner>, stands: bool) {
        self.books.seq += u64::from(stands && !stepped.is_empty());
        for owner in stepped {
            if stands {
                if let Some(held) = self.books.held.get_mut(&owner.id) {
                    held.written = held.book.sums.total();
                }
            } else if let Some(held) = self.books.held.remove(&owner.id) {
                self.books.nodes = self.books.nodes.saturating_sub(held.nodes);
            }
        }
        if self.books.nodes > NODES_KEPT || self.books.held.len() > BOOKS_KEPT {
            self.let_books_go();
        }
    }

    /// Those that were not used for longest, until there is room. What is at work stays, however long it is: it would be read
    /// again with its next step.
    fn let_books_go(&mut self) {
        let mut by_use: Vec<(u64, String)> =
            self.books.held.iter().map(|(owner, held)| (held.used, owner.clone())).collect();
        by_use.sort_unstable();
        // Short ones go in plenty, so that not each commit has to look for one.
        let books = if by_use.len() > BOOKS_KEPT { BOOKS_KEPT / 2 } else { BOOKS_KEPT };
        for (used, owner) in by_use {
            let is_at_work = used + USES_KEPT > self.books.uses;
            if is_at_work || (self.books.nodes <= NODES_KEPT && self.books.held.len() <= books) {
                return;
            }
            if let Some(held) = self.books.held.remove(&owner) {
                self.books.nodes = self.books.nodes.saturating_sub(held.nodes);
            }
        }
    }
}

impl Batch {
    pub(super) fn stepped(&mut self, owner: StepOwner) -> &mut Stepped {
        let empty = |owner: &StepOwner| Stepped {
            owner: owner.clone(),
            changes: Vec::new(),
            traces: BTreeMap::new(),
            dropped: Vec::new(),
        };
        self.stepped.entry(owner.id.clone()).or_insert_with(|| empty(&owner))
    }

    /// Whether nothing but steps is told, soon after a sign of life: it needs no other, which would be a page of the store more
    /// with each step. To be asked when all else is filled in that is decided on disk at an instant.
    pub(super) fn is_of_steps_only(&self, pilot: &Pilot) -> bool {
        let is_recent = (0..STAMP_LEAST_MS).contains(&(self.now.0 - pilot.tower.stamped_at.0));
        let facts = &self.commit.entries;
        let Commit { recordings, bands, outputs, workers_seen, alert_rules, orderly, .. } = &self.commit;
        let is_more = !recordings.is_empty() || !bands.is_empty() || !outputs.is_empty() || !workers_seen.is_empty();
        let of_steps = !facts.is_empty() && facts.iter().all(|fact| fact.lane == STEPS_LANE);
        is_recent && of_steps && !is_more && alert_rules.is_none() && orderly.is_none() && !self.status_changed
    }

    /// Fills in what is written of the steps, as they stand at the end of the batch.
    pub(super) fn finish_steps(&mut self, pilot: &mut Pilot) {
        if self.stepped.is_empty() && self.traces.is_empty() {
            return;
        }
        let (day, mut facts) = (pilot.day(self.now), Map::new());
        for (id, stepped) in std::mem::take(&mut self.stepped) {
            let Stepped { owner, changes, traces, dropped } = stepped;
            let Some(held) = pilot.books.held.get_mut(&owner.id) else { continue };
            let sums = &mut held.book.sums;
            sums.seq += 1;
            let models = std::mem::take(&mut sums.models);
            let (sums, before) = (sums.clone(), held.written);
            facts.insert(id, fact(sums.seq, &changes, &dropped));
            self.runs_stepped.extend(owner.run.as_ref().map(|(run, _)| run.0.clone()));
            // What an agent's telemetry told apart is of one day, also when it goes to its run on another.
            let of_owner = owner.id.rsplit('/').next().filter(|_| owner.run.is_none());
            let day = of_owner.unwrap_or(&day).to_owned();
            self.commit.steps.push(StepsChange { owner, changes, sums, models, before, day, traces, dropped });
        }
        // One fact for all of them: a row for each, found by its run, would be one more page of the store for each run.
        if !facts.is_empty() {
            self.entry(STEPS_LANE, pilot.books.seq + 1, "steps", &facts);
        }
        self.commit.traces = std::mem::take(&mut self.traces);
    }
}

pub(super) fn owner_of(run: &Run) -> StepOwner {
    StepOwner {
        id: run.id.0.clone(),
        run: Some((run.id.clone(), run.cue_id.clone())),
        agent: run.definition.agent.clone(),
        account: run.definition.account.clone(),
    }
}

/// Of spans that belong to no run: by span, its trace.
fn traces_of(owner: &StepOwner, input: &StepInput) -> HashMap<String, String> {
    match input {
        StepInput::Spans(spans) if owner.run.is_none() => {
            spans.iter().map(|span| (span.span.clone(), span.trace.clone())).collect()
        }
        _ => HashMap::new(),
    }
}

/// Whoever is too late, or holds an older attempt, is told so.
fn fence(run: &Run, attempt: Option<u32>, input: &StepInput) -> Option<Refusal> {
    let refusal = |code, message: String| Some(Refusal { code, message });
    let latest = run.latest().number;
    match attempt {
        Some(number) if number < latest => {
            let message = format!("Attempt {number} was superseded by attempt {latest}; stop working on it.");
            return refusal(RefusalCode::AttemptSuperseded, message);
        }
        Some(number) if number > latest => {
            let message = format!("This run has no attempt {number}; its latest is {latest}.");
            return refusal(RefusalCode::Invalid, message);
        }
        Some(_) | None => {}
    }
    match (run.verdict(), input) {
        (Some(verdict @ (Verdict::Stopped | Verdict::Cancelled)), _) => {
            let message = format!("This run was {}; nothing more is taken from it.", verdict.word());
            refusal(RefusalCode::RunStopped, message)
        }
        (Some(_), StepInput::Begin(_) | StepInput::Beat { .. }) => {
            let message = "This run has ended; it begins no more steps.".to_owned();
            refusal(RefusalCode::RunEnded, message)
        }
        (Some(_) | None, _) => None,
    }
}

fn no_run(run_id: &RunId) -> step::Answer {
    let message = format!("There is no execution {run_id}.");
    step::Answer::Refused(Refusal { code: RefusalCode::NotFound, message })
}

/// What a batch did to the steps of one owner: what was begun and how it ended, by ordinal. Payloads stand apart. `seq` counts
/// the batches that did something to them.
fn fact(seq: u64, changes: &[Change], dropped: &[u32]) -> Value {
    let mut spans = 0_u32;
    let mut steps = Vec::new();
    for change in changes {
        match change {
            Change::New(row) if row.source == step::Source::Span => spans += 1,
            Change::New(row) => steps.push(json!(["begun", row.ordinal, row.key, row.attempt])),
            Change::Again { ordinal, attempt, .. } => steps.push(json!(["begun", ordinal, null, attempt])),
            Change::Ended { ordinal, state, .. } => steps.push(json!([state.word(), ordinal])),
            Change::Moved { .. } => {}
        }
    }
    let mut fact = json!({ "seq": seq });
    if !steps.is_empty() {
        fact["steps"] = Value::from(steps);
    }
    if spans > 0 {
        fact["spans"] = json!(spans);
    }
    if !dropped.is_empty() {
        fact["joined"] = json!(dropped.len());
    }
    fact
}

#[cfg(test)]
#[path = "steps_tests.rs"]
mod tests;
