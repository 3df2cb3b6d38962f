//! Questions to the owner: those of runs as their lanes decide them, those that agents ask outside of runs, and the rows, alerts
//! and callbacks that follow from both, in the commits of whatever else happens.

use std::collections::BTreeMap;
use std::sync::Arc;

use cuetower_core::Ms;
use cuetower_core::alert::{self, About, AlertKind, Signal};
use cuetower_core::cue::CueStatus;
use cuetower_core::gate::{self, Asker, Fact, Gate, GateAnswer, GateBook, GateEvent, GateInput, Shown};
use cuetower_core::id::{CueId, GateId, RunId};
use cuetower_core::input::{Answer, Input};
use cuetower_core::lane;
use cuetower_core::run::Run;
use cuetower_core::step::{self, Begin, StepInput};
use cuetower_core::time::MINUTE_MS;
use serde_json::Value;

use super::Pilot;
use super::batch::Batch;
use crate::asked;
use crate::desk::wire::Topic;
use crate::handle::{Reply, Trouble};
use crate::journal::{GATES_LANE, GateChange, SnapshotRow, StoreError};

/// Facts after which the gates outside of runs are written whole again.
const SNAPSHOT_EVERY: u64 = 256;

/// A callback that nobody could be told at for so long was given up, or its run is live and has it told itself.
const TOLD_WITHIN_MS: u64 = 30 * MINUTE_MS;

/// What one batch does to gates.
#[derive(Default)]
pub(super) struct Gated {
    /// Those outside of runs as they are after it, if it touched them.
    book: Option<Arc<GateBook>>,
    /// By gate, what its facts brought that the gate itself does not keep.
    facts: BTreeMap<GateId, Brought>,
    /// Outside of runs: whose callbacks are to be told.
    tell: Vec<GateId>,
}

#[derive(Default)]
struct Brought {
    /// None: it is a run's.
    asker: Option<Asker>,
    shown: Option<Box<Shown>>,
    /// What the owner made of the payload.
    payload: Option<Value>,
}

/// What the owner says to a step that is about to begin.
pub(super) enum Asks {
    /// It begins; `edited`: with this in place of what it was to work on, as JSON.
    Begins { input: StepInput, edited: Option<String> },
    /// The question could not be asked.
    Refused(step::Answer),
}

impl Batch {
    /// The gates outside of runs as they are in this batch.
    fn gate_book<'a>(&'a self, pilot: &'a Pilot) -> &'a GateBook {
        self.gated.book.as_deref().unwrap_or(&pilot.gates)
    }

    /// Decides one input of the gates outside of runs.
    pub(super) fn gate(&mut self, pilot: &mut Pilot, input: &GateInput) -> GateAnswer {
        let now = self.now;
        let book = Arc::make_mut(self.gated.book.get_or_insert_with(|| Arc::clone(&pilot.gates)));
        let before = book.seq;
        let decision = book.decide(input, now, &mut *pilot.dice);
        for (event, seq) in decision.events.iter().zip(before + 1..) {
            self.entry(GATES_LANE, seq, event.word(), event);
        }
        for event in &decision.events {
            let GateEvent::Gate { asker, fact } = event else { continue };
            self.gate_brought(Some(asker), fact);
            let book = self.gate_book(pilot);
            let is_to_be_told = book.find(fact.gate_id()).is_some_and(|(_, gate)| gate.is_to_be_told());
            let about = About::agent(asker.account.clone(), asker.agent.clone());
            let waiting = || book.waiting_of(asker).map(|gate| (None, gate));
            let mut signals = gate::news(&about, &asker.agent, None, fact, waiting(), now);
            signals.extend(put_off(pilot, &about, fact, waiting(), now));
            if matches!(fact, Fact::Settled { .. }) && is_to_be_told {
                self.gated.tell.push(fact.gate_id().clone());
            }
            let asked = matches!(fact, Fact::Settled { .. }) && pilot.asks_by_alert(&about);
            for signal in signals {
                self.signal(pilot, &signal);
            }
            if asked && !pilot.asks_by_alert(&about) {
                let waiting = self.gate_book(pilot).waiting_of(asker).map(|gate| (None, gate));
                let still = gate::still_waits(&about, &asker.agent, waiting, std::iter::empty(), now);
                if let Some(signal) = still {
                    self.signal(pilot, &signal);
                }
            }
        }
        decision.answer
    }

    /// After a fact about a gate of a run. To be asked when its lane stands as it is after the decision.
    pub(super) fn gate_told(&mut self, pilot: &mut Pilot, id: &CueId, run_id: &RunId, fact: &Fact) {
        self.gate_brought(None, fact);
        let now = self.now;
        let Some(lane) = self.lanes.get(id) else { return };
        let about = About::Cue(id.clone());
        let waiting = || lane.gates_waiting().map(|(run_id, gate)| (Some(run_id), gate));
        let mut signals = gate::news(&about, &lane.cue.definition.name, Some(run_id), fact, waiting(), now);
        signals.extend(put_off(pilot, &about, fact, waiting(), now));
        for signal in signals {
            self.signal(pilot, &signal);
        }
    }

    /// One alert of a cue says that its owner is waited for. When what it said is over, and it with it, what still waits has none:
    /// other questions, those that were put off, and runs that wait to be verified.
    pub(super) fn still_asks(&mut self, pilot: &mut Pilot, id: &CueId) {
        let (about, now) = (About::Cue(id.clone()), self.now);
        if pilot.asks_by_alert(&about) {
            return;
        }
        let Some(lane) = self.lanes.get(id).filter(|lane| lane.cue.status != CueStatus::Deleted) else { return };
        let name = &lane.cue.definition.name;
        let held = match pilot.journal.runs_held_for_verification(id) {
            Ok(held) => held,
            Err(error) => {
                tracing::warn!(%error, "what else waits for the owner could not be looked up");
                Vec::new()
            }
        };
        // What this batch does to them is in the lane alone, and tells of itself.
        let held = held.iter().filter(|run| !lane.runs.contains_key(&run.id));
        let verifications = held.map(|run| (run.ended_at().unwrap_or(now), alert::to_verify(name, run)));
        let waiting = lane.gates_waiting().map(|(run_id, gate)| (Some(run_id), gate));
        if let Some(signal) = gate::still_waits(&about, name, waiting, verifications, now) {
            self.signal(pilot, &signal);
        }
    }

    /// What is written with the gate, and is in no gate once it is settled.
    pub(super) fn gate_brought(&mut self, asker: Option<&Asker>, fact: &Fact) {
        self.commit.topics.insert(Topic::Gates);
        self.status_changed = true;
        let brought = self.gated.facts.entry(fact.gate_id().clone()).or_default();
        brought.asker = asker.cloned();
        match fact {
            Fact::Asked { gate } => brought.shown.clone_from(&gate.shown),
            Fact::Settled { payload: Some(payload), .. } => brought.payload = Some(payload.clone()),
            Fact::Settled { payload: None, .. }
            | Fact::AwaitedAgain { .. }
            | Fact::PermitsAskedAgain { .. }
            | Fact::HandedOver { .. }
            | Fact::Overdue { .. }
            | Fact::DeadlineMoved { .. }
            | Fact::PutOff { .. }
            | Fact::Told { .. } => {}
        }
    }

    /// Fills in the rows of gates as they stand at the end of the batch, and the book whole from time to time.
    pub(super) fn finish_gates(&mut self, pilot: &Pilot) {
        let mut facts = std::mem::take(&mut self.gated.facts);
        let mut rows = Vec::new();
        for (cue_id, run_id) in &self.runs_touched {
            let run = self.lanes.get(cue_id).and_then(|lane| lane.runs.get(run_id));
            let Some(run) = run.filter(|run| !run.gates.is_empty()) else { continue };
            let before = pilot.lanes.get(cue_id).and_then(|lane| lane.runs.get(run_id));
            // Its answer may be heard because of what happened to its attempt, without a fact of its own.
            let is_news = |gate: &Gate| {
                let before = before.and_then(|before| before.gates.get(&gate.id));
                before.is_some_and(|before| before.handed_over != gate.handed_over)
            };
            for gate in run.gates.iter() {
                let brought = facts.remove(&gate.id);
                if brought.is_some() || is_news(gate) {
                    rows.push(row_of_run(run, gate, brought.unwrap_or_default()));
                }
            }
        }
        let book = self.gate_book(pilot);
        for (id, brought) in facts {
            let Some((asker, gate)) = book.find(&id) else { continue };
            rows.push(GateChange {
                run: None,
                account: asker.account.clone(),
                agent: asker.agent.clone(),
                gate: gate.clone(),
                shown: brought.shown,
                answer: brought.payload,
            });
        }
        self.commit.gates = rows;
        let Some(book) = &self.gated.book else { return };
        let round = |book: &GateBook| book.seq / SNAPSHOT_EVERY;
        if round(book) != round(&pilot.gates) || self.commit.orderly == Some(true) {
            let state = Some(serde_json::to_string(book).expect("gates are text and numbers"));
            self.commit.snapshots.push(SnapshotRow { lane: GATES_LANE.to_owned(), lane_seq: book.seq, state });
        }
    }
}

fn row_of_run(run: &Run, gate: &Gate, brought: Brought) -> GateChange {
    GateChange {
        run: Some((run.id.clone(), run.cue_id.clone())),
        account: run.definition.account.clone(),
        agent: run.definition.agent.clone(),
        gate: gate.clone(),
        shown: brought.shown,
        answer: brought.payload,
    }
}

/// When all that waits is put off, its alert is as well, until the first of it is to be asked again.
fn put_off<'a>(
    pilot: &Pilot,
    about: &About,
    fact: &Fact,
    waiting: impl Iterator<Item = (Option<&'a RunId>, &'a Gate)>,
    now: Ms,
) -> Option<Signal> {
    if !matches!(fact, Fact::PutOff { .. }) {
        return None;
    }
    let alert = pilot.book.of(about, AlertKind::GateWaiting)?;
    let all: Vec<Option<Ms>> = waiting.map(|(_, gate)| gate.put_off_until).collect();
    // One that is not put off is to be told of now: no snooze is as good as one that has ended.
    let until = all.iter().map(|until| until.unwrap_or(now)).min()?;
    let is_changed = alert.is_snoozed(now) || until > now;
    is_changed.then(|| Signal::Snoozed { alert_id: alert.id.clone(), until })
}

impl Pilot {
    /// Whether an alert says that the owner is waited for.
    pub(super) fn asks_by_alert(&self, about: &About) -> bool {
        self.book.of(about, AlertKind::GateWaiting).is_some()
    }

    /// Deadlines of gates outside of runs, and answers that need not be remembered any longer.
    pub(super) fn gates_due(&mut self, batch: &mut Batch) {
        if self.gates_wake.is_some_and(|at| at <= batch.now) {
            batch.gate(self, &GateInput::Tick);
        }
    }

    pub(super) fn take_gate(&mut self, batch: &mut Batch, input: &GateInput, reply: Option<Reply<GateAnswer>>) {
        let answer = batch.gate(self, input);
        if let Some(reply) = reply {
            batch.answer(reply, Ok(answer));
        }
    }

    /// The tower starts: nobody could answer while it was off, and nobody was told.
    pub(super) fn gates_recovered(&mut self, batch: &mut Batch, alive_at: Ms) -> Result<(), StoreError> {
        let slept_ms = batch.now.since(alive_at);
        batch.gate(self, &GateInput::Shifted { slept_ms, stepped_ms: 0 });
        batch.gated.tell = self.journal.gates_untold(alive_at.minus(TOLD_WITHIN_MS))?;
        Ok(())
    }

    /// After a commit: whoever waits for an answer looks again, and callbacks are told.
    pub(super) fn gates_landed(&mut self, batch: &mut Batch) {
        if let Some(book) = batch.gated.book.take() {
            self.gates = book;
            self.gates_wake = self.gates.wakes_at();
        }
        for change in &batch.commit.gates {
            // Nobody may be waiting.
            drop(self.gates_heard.send(change.gate.id.clone()));
        }
        for id in batch.gated.tell.drain(..) {
            self.performer.tell_answer(id);
        }
    }

    /// A step that is about to begin: whether the owner is asked first, and has said yes.
    ///
    /// # Errors
    /// He was asked and has not answered, or said no; or what he made of its input could not be read.
    pub(super) fn asks_before(
        &mut self,
        batch: &mut Batch,
        run: &Run,
        attempt: Option<u32>,
        input: StepInput,
    ) -> Result<Asks, Trouble> {
        let rules = &run.definition.gate;
        let begin = match input {
            StepInput::Begin(begin) if rules.asks_before_step(&begin.key, begin.shown_name()) => begin,
            input => return Ok(Asks::Begins { input, edited: None }),
        };
        if self.is_completed(run, &begin.key)? {
            return Ok(Asks::Begins { input: StepInput::Begin(begin), edited: None });
        }
        let works_on = begin.input.as_deref().and_then(|input| serde_json::from_str(input).ok());
        let mut question = lane::before_step(run, &begin.key, begin.shown_name(), works_on.as_ref());
        asked::without_secrets(&mut question);
        let ask = Input::Ask { run_id: run.id.clone(), attempt, question: Box::new(question) };
        let gate = match batch.decide(self, &run.cue_id.clone(), &ask) {
            Answer::Gate { gate, .. } => gate,
            Answer::Refused(refusal) => return Ok(Asks::Refused(step::Answer::Refused(refusal))),
            Answer::Done
            | Answer::Fired { .. }
            | Answer::Recorded { .. }
            | Answer::LiveClaimed { .. }
            | Answer::Claimed { .. }
            | Answer::Extended { .. }
            | Answer::Pinged { .. } => {
                return Err(Trouble::NotFound(format!("cue {}", run.cue_id)));
            }
        };
        match gate.goes() {
            Some(true) => {
                let edited = self.made_of(batch, &gate)?;
                let begin = Begin { input: edited.clone().or(begin.input), ..begin };
                Ok(Asks::Begins { input: StepInput::Begin(begin), edited })
            }
            goes => Err(Trouble::Gated { gate: gate.id.clone(), waits: goes.is_none() }),
        }
    }

    fn is_completed(&mut self, run: &Run, key: &str) -> Result<bool, Trouble> {
        let broke = run.broke.as_ref().map(|broke| broke.key.as_str());
        let held = self.held(&run.id.0, (&run.idempotency_key, broke))?;
        Ok(held.book.node(key).is_some_and(|node| node.state == step::StepState::Completed))
    }

    /// What the owner made of the payload of a gate, as JSON.
    fn made_of(&self, batch: &Batch, gate: &Gate) -> Result<Option<String>, Trouble> {
        if gate.settled.as_ref().is_none_or(|settled| settled.how != gate::How::Edited) {
            return Ok(None);
        }
        let here = batch.gated.facts.get(&gate.id).and_then(|brought| brought.payload.clone());
        let payload = match here {
            Some(payload) => Some(payload),
            None => {
                self.journal.gate_payload(&gate.id).map_err(|error: StoreError| Trouble::Store(error.to_string()))?
            }
        };
        Ok(payload.map(|payload| payload.to_string()))
    }
}

#[cfg(test)]
#[path = "gates_tests.rs"]
mod tests;
