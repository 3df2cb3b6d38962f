//! The steps of runs, beside the lanes: what agents begin and end, what their telemetry tells, and what all of it used. Decided in
//! core (`step::Book`), written in the same commit as everything else of the batch.
//!
//! Books are changed in place, since one may hold a hundred thousand steps: a batch that cannot be committed takes the books
//! it touched with it, and they are read from the store again.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cuetower_core::Ms;
use cuetower_core::cue::Transport;
use cuetower_core::id::{AccountId, RunId};
use cuetower_core::input::{Answer, Fire, Input, Refusal, RefusalCode};
use cuetower_core::occurrence::Trigger;
use cuetower_core::outcome::Outcome;
use cuetower_core::run::{Run, Verdict};
use cuetower_core::spend::Nanousd;
use cuetower_core::step::{self, Book, Change, Decided, SpanSeen, StepInput, Total, run_of_trace};
use serde_json::{Map, Value, json};

use super::Pilot;
use super::batch::Batch;
use crate::fleet;
use crate::handle::{SpanBatch, SpanGroup, SpansTaken, Trouble};
use crate::journal::{STEPS_LANE, StepOwner, StepsChange, StepsKept};
use crate::sabotage::Sabotage;

/// Steps held in memory before books that are not at work are let go.
const NODES_KEPT: usize = 200_000;
const BOOKS_KEPT: usize = 4_096;
/// A deadline is not moved for less than this part of its length: a run of a thousand steps a second would be written a
/// thousand times.
const MOVED_LEAST: u64 = 50;
/// Spans that wait for their run under an agent, taken over at once.
const ADOPTED_MAX: usize = 50_000;

#[derive(Default)]
pub(super) struct Books {
    held: HashMap<String, Held>,
    nodes: usize,
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

struct Held {
    book: Book,
    /// What is on disk.
    written: Total,
    used: u64,
    nodes: usize,
}

/// What one batch does to the steps of one owner.
pub(super) struct Stepped {
    owner: StepOwner,
    changes: Vec<Change>,
    traces: BTreeMap<u32, String>,
    dropped: Vec<u32>,
}

impl Pilot {
    /// What a run cost as far as its book is in memory.
    pub(super) fn known_cost(&self, run_id: &RunId) -> Option<f64> {
        self.books.held.get(&run_id.0)?.book.sums.total().cost.map(Nanousd::usd)
    }

    /// Something that an agent tells of a step, or of what its run used.
    pub(super) fn take_step(
        &mut self,
        batch: &mut Batch,
        by: Option<&AccountId>,
        run_id: &RunId,
        attempt: Option<u32>,
        input: StepInput,
    ) -> Result<step::Answer, Trouble> {
        let Some((run, live)) = self.run_known(batch, run_id) else { return Ok(no_run(run_id)) };
        if by.is_some_and(|by| run.definition.account != *by) {
            return Ok(no_run(run_id));
        }
        if let Some(refusal) = fence(&run, attempt, &input) {
            return Ok(step::Answer::Refused(refusal));
        }
        let latest = run.latest().number;
        let decided = self.decide_step(batch, &run, input, attempt.unwrap_or(latest))?;
        if live && !matches!(decided.answer, step::Answer::Refused(_)) {
            self.sign_of_life(batch, &run, attempt);
        }
        self.tell_lane(batch, &run, &decided);
        Ok(self.begun_anew(decided.answer, latest))
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
        let tokens = outcome.tokens.filter(|tokens| *tokens >= 0.0).map(|tokens| tokens.round() as u64);
        let cost = outcome.cost_usd.and_then(Nanousd::of_usd);
        if tokens.is_none() && cost.is_none() {
            return;
        }
        if let Err(trouble) = self.decide_step(batch, run, StepInput::Said { tokens, cost }, run.latest().number) {
            tracing::error!(%trouble, run = %run.id, "what a run said that it used could not be taken in");
        }
    }

    fn decide_step(
        &mut self,
        batch: &mut Batch,
        run: &Run,
        input: StepInput,
        attempt: u32,
    ) -> Result<Decided, Trouble> {
        let owner = owner_of(run);
        let broke = run.broke.as_ref().map(|broke| broke.key.clone());
        self.decide_of(batch, owner, (&run.idempotency_key, broke.as_deref()), input, attempt)
    }

    /// `of`: the run's key for the outside, and the step that it says broke.
    fn decide_of(
        &mut self,
        batch: &mut Batch,
        owner: StepOwner,
        of: (&str, Option<&str>),
        input: StepInput,
        attempt: u32,
    ) -> Result<Decided, Trouble> {
        let now = batch.now;
        let traces = traces_of(&owner, &input);
        let held = self.held(&owner.id, of)?;
        let mut decided = held.book.decide(input, attempt, now);
        let (before, after) = (held.nodes, held.book.len());
        held.nodes = after;
        self.books.nodes = (self.books.nodes + after).saturating_sub(before);
        if !matches!(decided.answer, step::Answer::Refused(_)) {
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

    fn held(&mut self, owner: &str, (idempotency, broke): (&str, Option<&str>)) -> Result<&mut Held, Trouble> {
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
            self.books.held.insert(owner.to_owned(), Held { book, written, used, nodes });
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
        if !deadline.into_iter().chain(lease).any(|(until, length)| worth(until, length)) {
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

    fn told(&mut self, batch: &mut Batch, run: &Run, input: &Input) {
        if let Some(cue_id) = self.lane_of_run(batch, &run.id) {
            batch.decide(self, &cue_id, input);
        }
    }

    /// The run as it stands in this batch, and whether it is under way; also one that ended, or whose cue is gone.
    fn run_known(&mut self, batch: &mut Batch, run_id: &RunId) -> Option<(Arc<Run>, bool)> {
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

    /// Spans, each group of one trace: to the run they belong to, or under their agent.
    pub(super) fn take_spans(&mut self, batch: &mut Batch, spans: SpanBatch) -> Result<SpansTaken, Trouble> {
        let SpanBatch { account, run, mut groups } = spans;
        let mut taken = SpansTaken::default();
        // Of a trace whose one span names its run, the others belong to it too, whichever came first.
        groups.sort_by_key(|group| group.run.is_none());
        for group in groups {
            let count = u32::try_from(group.spans.len()).unwrap_or(u32::MAX);
            match self.run_of_group(batch, &account, run.as_ref(), &group)? {
                Joined::Run(owner, found) => self.take_joined(batch, owner, &found, group, &mut taken)?,
                Joined::Agent => self.take_apart(batch, &account, group, &mut taken)?,
                Joined::Refused(words) => {
                    taken.refused += count;
                    taken.words.get_or_insert(words);
                }
            }
        }
        Ok(taken)
    }

    fn run_of_group(
        &mut self,
        batch: &mut Batch,
        account: &AccountId,
        only: Option<&RunId>,
        group: &SpanGroup,
    ) -> Result<Joined, Trouble> {
        let known = match batch.traces.get(&group.trace) {
            Some(owner) => Some(owner.clone()),
            None => self.journal.owner_of_trace(&group.trace).map_err(|error| Trouble::Store(error.to_string()))?,
        };
        let told = group.run.clone().or_else(|| known.map(RunId)).or_else(|| run_of_trace(&group.trace));
        let Some(run_id) = only.cloned().or_else(|| told.clone()) else { return Ok(Joined::Agent) };
        if let (Some(only), Some(told)) = (only, &group.run)
            && only != told
        {
            let words =
                format!("spans of the execution {told} came with the token of another; each run tells of itself");
            return Ok(Joined::Refused(words));
        }
        match self.run_known(batch, &run_id) {
            Some((run, _)) if run.definition.account == *account || only.is_some() => {
                Ok(Joined::Run(owner_of(&run), run))
            }
            // A trace id that only looks like one of ours, or a run that is another's, is nobody's.
            Some(_) | None => Ok(Joined::Agent),
        }
    }

    fn take_joined(
        &mut self,
        batch: &mut Batch,
        owner: StepOwner,
        run: &Run,
        group: SpanGroup,
        taken: &mut SpansTaken,
    ) -> Result<(), Trouble> {
        let SpanGroup { trace, mut spans, .. } = group;
        if batch.traces.get(&trace) != Some(&owner.id) {
            spans.splice(..0, self.adopted(batch, &trace, &owner)?);
            batch.traces.insert(trace, owner.id.clone());
        }
        let decided = self.decide_step(batch, run, StepInput::Spans(spans), run.latest().number)?;
        taken.count(&decided.answer);
        Ok(())
    }

    /// What came of a trace before it was known whose it is.
    fn adopted(&mut self, batch: &mut Batch, trace: &str, to: &StepOwner) -> Result<Vec<SpanSeen>, Trouble> {
        let known = self.journal.owner_of_trace(trace).map_err(|error| Trouble::Store(error.to_string()))?;
        if known.is_some() {
            return Ok(Vec::new());
        }
        let on_disk = self.journal.spans_apart(trace).map_err(|error| Trouble::Store(error.to_string()))?;
        let mut gone: BTreeMap<StepOwner, Gone> = BTreeMap::new();
        let fits = |owner: &StepOwner| owner.account == to.account;
        for (owner, ordinal, span) in on_disk.into_iter().filter(|(owner, ..)| fits(owner)).take(ADOPTED_MAX) {
            gone.entry(owner).or_default().written.push((ordinal, span));
        }
        for (owner, ordinal, span) in batch.spans_apart(trace, to) {
            gone.entry(owner).or_default().new.push((ordinal, span));
        }
        let mut spans = Vec::new();
        for (owner, Gone { written, new }) in gone {
            let held = self.held(&owner.id, ("", None))?;
            held.book.without(&written, &new);
            let (before, after) = (held.nodes, held.book.len());
            held.nodes = after;
            self.books.nodes = (self.books.nodes + after).saturating_sub(before);
            batch.stepped(owner).dropped.extend(written.iter().map(|(ordinal, _)| *ordinal));
            spans.extend(written.into_iter().chain(new).map(|(_, span)| span));
        }
        Ok(spans)
    }

    fn take_apart(
        &mut self,
        batch: &mut Batch,
        account: &AccountId,
        group: SpanGroup,
        taken: &mut SpansTaken,
    ) -> Result<(), Trouble> {
        let day = self.day(batch.now);
        let id = format!("~{}/{}/{day}", account.0, group.agent);
        let owner = StepOwner { id, run: None, agent: group.agent, account: account.clone() };
        let decided = self.decide_of(batch, owner, ("", None), StepInput::Spans(group.spans), 0)?;
        taken.count(&decided.answer);
        taken.apart += match decided.answer {
            step::Answer::Spans { taken, .. } => taken,
            _ => 0,
        };
        Ok(())
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
        let above = self.held(&run.id.0, (&run.idempotency_key, None))?.book.above(ordinal);
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

    fn day(&self, now: Ms) -> String {
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

    /// Those that were not used for longest, until half of the room is free. The newest stays, however long it is.
    fn let_books_go(&mut self) {
        let mut by_use: Vec<(u64, String)> =
            self.books.held.iter().map(|(owner, held)| (held.used, owner.clone())).collect();
        by_use.sort_unstable();
        by_use.pop();
        for (_, owner) in by_use {
            if self.books.nodes <= NODES_KEPT / 2 && self.books.held.len() <= BOOKS_KEPT / 2 {
                return;
            }
            if let Some(held) = self.books.held.remove(&owner) {
                self.books.nodes = self.books.nodes.saturating_sub(held.nodes);
            }
        }
    }
}

/// Spans that leave an agent for the run they belong to, by ordinal.
#[derive(Default)]
struct Gone {
    /// They stand on disk.
    written: Vec<(u32, SpanSeen)>,
    /// They would be written in this very batch.
    new: Vec<(u32, SpanSeen)>,
}

enum Joined {
    Run(StepOwner, Arc<Run>),
    Agent,
    Refused(String),
}

impl Batch {
    fn stepped(&mut self, owner: StepOwner) -> &mut Stepped {
        let empty = |owner: &StepOwner| Stepped {
            owner: owner.clone(),
            changes: Vec::new(),
            traces: BTreeMap::new(),
            dropped: Vec::new(),
        };
        self.stepped.entry(owner.id.clone()).or_insert_with(|| empty(&owner))
    }

    /// Takes out what this very batch would write of a trace under agents.
    fn spans_apart(&mut self, trace: &str, to: &StepOwner) -> Vec<(StepOwner, u32, SpanSeen)> {
        let mut found = Vec::new();
        let of_agent = |owner: &StepOwner| owner.run.is_none() && owner.account == to.account;
        for stepped in self.stepped.values_mut().filter(|stepped| of_agent(&stepped.owner)) {
            let Stepped { owner, changes, traces, .. } = stepped;
            let of_trace = |change: &mut Change| matches!(change, Change::New(row) if traces.get(&row.ordinal).is_some_and(|of| of == trace));
            for change in changes.extract_if(.., of_trace) {
                if let Change::New(row) = change {
                    found.push((owner.clone(), row.ordinal, row.into_span(trace)));
                }
            }
        }
        found
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
            let day = day.clone();
            self.commit.steps.push(StepsChange { owner, changes, sums, models, before, day, traces, dropped });
        }
        // One fact for all of them: a row for each, found by its run, would be one more page of the store for each run.
        if !facts.is_empty() {
            self.entry(STEPS_LANE, pilot.books.seq + 1, "steps", &facts);
        }
        self.commit.traces = std::mem::take(&mut self.traces);
    }
}

impl SpansTaken {
    fn count(&mut self, answer: &step::Answer) {
        match answer {
            step::Answer::Spans { taken, refused } => {
                self.taken += taken;
                self.refused += refused;
                if *refused > 0 {
                    let most = step::STEPS_MAX;
                    self.words.get_or_insert(format!("a run may have {most} steps and spans, and no more"));
                }
            }
            _ => debug_assert!(false, "spans are answered with how many were taken"),
        }
    }
}

fn owner_of(run: &Run) -> StepOwner {
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
