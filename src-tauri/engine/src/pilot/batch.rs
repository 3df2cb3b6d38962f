//! The working copy of one batch: lanes as they will be, and everything that follows once that is on disk. Thrown away if the commit fails.

mod landing;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use cuetower_core::Ms;
use cuetower_core::alert::drift::Drift;
use cuetower_core::alert::{About, Alert, AlertEvent, AlertKind, Rules, Signal, Undo};
use cuetower_core::away::Band;
use cuetower_core::cue::{CueDefinition, CueStatus};
use cuetower_core::effect::Effect;
use cuetower_core::event::Event;
use cuetower_core::gate::Fact;
use cuetower_core::id::{CueId, OccurrenceId, RunId};
use cuetower_core::input::{Answer, Input};
use cuetower_core::lane::{self, Lane};
use cuetower_core::occurrence::{Armed, End};
use cuetower_core::pool::PoolBook;
use cuetower_core::run::{Run, Verdict};
use cuetower_core::watch::{Subject, Watch};

use super::following::Ended;
use super::fuses::{Fuse, Today, Trip};
use super::gates::Gated;
use super::steps::Stepped;
use super::{Pilot, named};
use crate::handle::Trouble;
use crate::health::Tally;
use crate::journal::{ALERTS_LANE, Commit, Entry, OccurrenceChange, OccurrenceRow, OutputRow, SpanRow, TOWER_LANE};
use crate::otlp::redact;
use crate::view;

type Answerer = Box<dyn FnOnce(Option<&str>) + Send>;

pub(super) struct Batch {
    pub now: Ms,
    pub lanes: HashMap<CueId, Lane>,
    /// What it changed in the book of alerts, oldest first.
    pub(super) alerts_undo: Vec<Undo>,
    /// The rules of alerts as they were, if it changed them.
    pub(super) rules_before: Option<Arc<Rules>>,
    pub commit: Commit,
    pub firing: Option<bool>,
    /// The bands as they are after this batch.
    pub away: Option<Arc<[Band]>>,
    /// Runs that ended, for the cues that fire after them.
    pub ended: Vec<Ended>,
    pub tower_seq: Option<u64>,
    pub status_changed: bool,
    pub snapshots_taken: Vec<(CueId, u64)>,
    /// Results of deliveries in this batch, for another try if it cannot be committed.
    pub unanswered: Vec<(RunId, Input, Option<OutputRow>)>,
    pub(super) effects: Vec<(Effect, Arc<Run>)>,
    /// Attempts whose end is told: what their processes left behind goes after the commit.
    pub(super) forgotten: Vec<(RunId, u32)>,
    /// The pools as they are after this batch, if it touched them.
    pub(super) pools: Option<Arc<PoolBook>>,
    pub(super) pools_changed: bool,
    /// What the pools have to say to runs.
    pub(super) permitted: VecDeque<(CueId, Input)>,
    /// Questions to the owner.
    pub(super) gated: Gated,
    /// By owner, what becomes of its steps.
    pub(super) stepped: BTreeMap<String, Stepped>,
    pub(super) runs_stepped: BTreeSet<String>,
    /// By trace, whose it is from now on.
    pub(super) traces: BTreeMap<String, String>,
    /// What was used in it.
    pub(super) today: Today,
    /// Of cues of which a run began.
    pub(super) drifts: HashMap<CueId, Drift>,
    /// What this batch told the alerts of agents outside of any cue.
    pub(super) said_of_agents: Vec<Signal>,
    /// What is counted once it is on disk.
    pub(super) tally: Tally,
    notes: Vec<Alert>,
    /// Alerts that say nothing more for now.
    pub(super) settled: Vec<Alert>,
    /// Questions that may have been asked anew in the same words: what is shown of them answers another then.
    pub(super) asked_anew: Vec<Alert>,
    answers: Vec<Answerer>,
    pub(super) runs_touched: BTreeSet<(CueId, RunId)>,
    pub(super) cues_touched: BTreeSet<CueId>,
    /// Watches that were changed, as they were before.
    pub(super) watched: HashMap<Subject, Option<Watch>>,
    /// Cues of which more is known: how fast they spend, what is usual.
    pub(super) paced: BTreeSet<CueId>,
    pub(super) enveloped: BTreeSet<CueId>,
    pub(super) redefined: BTreeSet<CueId>,
    /// Those of which a run began.
    cues_run: BTreeSet<CueId>,
    alerts_touched: BTreeMap<String, Alert>,
    /// Of occurrences that have not run.
    pub(super) rows: BTreeMap<OccurrenceId, OccurrenceRow>,
}

impl Batch {
    pub fn at(now: Ms) -> Batch {
        Batch {
            now,
            lanes: HashMap::new(),
            alerts_undo: Vec::new(),
            rules_before: None,
            commit: Commit::default(),
            firing: None,
            away: None,
            ended: Vec::new(),
            tally: Tally::default(),
            tower_seq: None,
            status_changed: false,
            snapshots_taken: Vec::new(),
            unanswered: Vec::new(),
            effects: Vec::new(),
            forgotten: Vec::new(),
            pools: None,
            pools_changed: false,
            permitted: VecDeque::new(),
            gated: Gated::default(),
            stepped: BTreeMap::new(),
            runs_stepped: BTreeSet::new(),
            traces: BTreeMap::new(),
            today: Today::default(),
            drifts: HashMap::new(),
            said_of_agents: Vec::new(),
            notes: Vec::new(),
            settled: Vec::new(),
            asked_anew: Vec::new(),
            answers: Vec::new(),
            runs_touched: BTreeSet::new(),
            cues_touched: BTreeSet::new(),
            watched: HashMap::new(),
            paced: BTreeSet::new(),
            enveloped: BTreeSet::new(),
            redefined: BTreeSet::new(),
            cues_run: BTreeSet::new(),
            alerts_touched: BTreeMap::new(),
            rows: BTreeMap::new(),
        }
    }

    /// The batch's own copy of a lane.
    pub fn lane(&mut self, pilot: &Pilot, id: &CueId) -> Option<&mut Lane> {
        if !self.lanes.contains_key(id) {
            self.lanes.insert(id.clone(), pilot.lanes.get(id)?.clone());
        }
        self.lanes.get_mut(id).filter(|lane| lane.cue.status != CueStatus::Deleted)
    }

    /// A lane as this batch has left it so far. To look at, without a copy of it.
    pub fn standing<'a>(&'a self, pilot: &'a Pilot, id: &CueId) -> Option<&'a Lane> {
        let lane = self.lanes.get(id).or_else(|| pilot.lanes.get(id));
        lane.filter(|lane| lane.cue.status != CueStatus::Deleted)
    }

    pub fn lane_with_run(&self, run_id: &RunId) -> Option<CueId> {
        self.lanes.values().find(|lane| lane.runs.contains_key(run_id)).map(|lane| lane.cue.id.clone())
    }

    pub fn name_is_taken(&self, pilot: &Pilot, definition: &CueDefinition, by_other_than: &CueId) -> bool {
        let named = named(definition);
        let here = |lane: &&Lane| {
            let CueDefinition { account, name, .. } = &*lane.cue.definition;
            (account, name) == (&named.0, &named.1) && lane.cue.status != CueStatus::Deleted
        };
        let in_batch = self.lanes.values().filter(here).any(|lane| lane.cue.id != *by_other_than);
        let elsewhere =
            pilot.names.get(&named).is_some_and(|owner| owner != by_other_than && !self.lanes.contains_key(owner));
        in_batch || elsewhere
    }

    pub fn create(&mut self, pilot: &mut Pilot, definition: CueDefinition) -> Result<&Lane, Trouble> {
        let id = CueId::thrown(&mut *pilot.dice);
        if self.name_is_taken(pilot, &definition, &id) {
            return Err(Trouble::DuplicateName(definition.name));
        }
        let event = Lane::created(id.clone(), definition);
        let lane = Lane::first(self.now, &event).expect("a definition begins a lane");
        self.entry(&id.0, lane.seq, event.word(), &event);
        self.lanes.insert(id.clone(), lane);
        self.cues_touched.insert(id.clone());
        self.today.trips.push(Trip::Day(Fuse::Cue(id.clone())));
        self.tick(pilot, &id);
        Ok(&self.lanes[&id])
    }

    pub fn tick(&mut self, pilot: &mut Pilot, id: &CueId) {
        let away = self.away.as_ref().unwrap_or(&pilot.tower.away);
        let input = Input::Tick { away: Arc::clone(away), firing: self.firing(pilot) };
        self.decide(pilot, id, &input);
    }

    pub fn firing(&self, pilot: &Pilot) -> bool {
        self.firing.unwrap_or(pilot.tower.firing)
    }

    /// Decides one input of one lane and takes in everything that follows, in the lanes that follow it too.
    pub fn decide(&mut self, pilot: &mut Pilot, id: &CueId, input: &Input) -> Answer {
        let answer = self.decide_alone(pilot, id, input);
        self.settle(pilot);
        answer
    }

    /// What a decision brings about in other lanes.
    pub fn settle(&mut self, pilot: &mut Pilot) {
        loop {
            if let Some(ended) = self.ended.pop() {
                for (follower, triggered) in self.following(pilot, &ended) {
                    self.decide_alone(pilot, &follower, &Input::Triggered(triggered));
                }
            } else if let Some((cue_id, input)) = self.permitted.pop_front() {
                self.decide_alone(pilot, &cue_id, &input);
            } else if let Some(trip) = self.today.trips.pop() {
                pilot.trip(self, trip);
            } else {
                return;
            }
        }
    }

    pub(super) fn decide_alone(&mut self, pilot: &mut Pilot, id: &CueId, input: &Input) -> Answer {
        let now = self.now;
        let Some(lane) = self.lane(pilot, id) else { return Answer::Done };
        let before = lane.seq;
        let decision = lane::decide(lane, input, now, &mut *pilot.dice);
        // Most ends have nothing to do with it.
        let asked = decision.events.iter().any(may_answer_an_alert) && pilot.asks_by_alert(&About::Cue(id.clone()));
        for (event, seq) in decision.events.iter().zip(before + 1..) {
            self.entry(&id.0, seq, event.word(), event);
            self.tally.note(event, self.lanes.get(id), self.now);
            self.project(pilot, id, seq, event);
        }
        for event in &decision.events {
            self.give_back(pilot, id, event);
        }
        if asked {
            self.still_asks(pilot, id);
        }
        self.take_in_effects(pilot, id, decision.effects);
        decision.answer
    }

    /// Notes which rows an event changes, and what the alerts have to hear.
    fn project(&mut self, pilot: &mut Pilot, id: &CueId, seq: u64, event: &Event) {
        if let Some(run_id) = event.run_id() {
            self.runs_touched.insert((id.clone(), run_id.clone()));
        }
        match event {
            Event::CueDefined { .. } | Event::TriggerUrlChanged { .. } => {
                self.today.trips.push(Trip::Day(Fuse::Cue(id.clone())));
                self.redefined.insert(id.clone());
                self.cues_touched.insert(id.clone());
            }
            Event::CueStatusChanged { status, .. } => {
                self.cues_touched.insert(id.clone());
                if *status == CueStatus::Deleted {
                    self.signal(pilot, &Signal::CueDeleted { cue_id: id.clone() });
                }
            }
            Event::OccurrenceArmed { armed, .. } => {
                self.rows.insert(armed.id.clone(), view::row_of_armed(&id.0, armed));
                self.commit.occurrences.push(OccurrenceChange::Armed { cue_id: id.clone(), armed: armed.clone() });
            }
            Event::OccurrenceHeld { id: occurrence, by, asks } => {
                if let Some(row) = self.row(pilot, id, occurrence) {
                    row.state = "held".to_owned();
                    row.reason = Some(by.clone());
                    row.asks = *asks;
                }
                self.status_changed |= *asks;
                let (occurrence, by, asks) = (occurrence.clone(), by.clone(), *asks);
                self.commit.occurrences.push(OccurrenceChange::Held { id: occurrence, by, asks, seq });
            }
            Event::OccurrenceEnded { id: occurrence, due, end } => {
                self.occurrence_ended(pilot, id, (occurrence, *due), seq, end)
            }
            Event::SpanEnded { id: span, from, to, count, end } => {
                let (cue_id, at, end) = (id.clone(), self.now, end.clone());
                let span = SpanRow { id: span.clone(), cue_id, from: *from, to: *to, count: *count, end, at, seq };
                self.missed(pilot, id, *from, &span.end);
                self.rows.insert(span.id.clone(), view::row_of_span(&span));
                self.commit.occurrences.push(OccurrenceChange::Span(span));
            }
            Event::RunBegan { run_id, .. } => {
                self.cues_run.insert(id.clone());
                self.cadence(pilot, id, run_id);
                self.commit.attempts_begun.push((run_id.clone(), 1, self.now));
            }
            Event::AttemptRestarting { run_id, crash_loop: true, .. } => {
                if let Some((cue_name, run)) = self.named_run(id, run_id) {
                    self.signal(pilot, &Signal::CrashLoop { cue_name, run });
                }
            }
            Event::AttemptSteady { .. } => self.signal(pilot, &Signal::Steady { cue_id: id.clone() }),
            Event::AttemptBegan { run_id, number } => {
                self.commit.attempts_begun.push((run_id.clone(), *number, self.now));
            }
            Event::RunEnded { run_id, verdict, late, held, .. } => {
                if !held {
                    self.follows(id, run_id, *verdict, *late, None);
                }
                self.end_told(pilot, id, run_id, *verdict, *late);
                if !held && verdict.is_good() {
                    pilot.judge_by_envelope(self, id, run_id);
                }
            }
            Event::RunVerified { run_id, verdict, follows, revises, .. } => {
                if *follows {
                    self.follows(id, run_id, *verdict, false, *revises);
                }
                // What others of the cue did meanwhile is not touched.
                self.end_told(pilot, id, run_id, *verdict, true);
                if *follows && verdict.is_good() {
                    pilot.judge_by_envelope(self, id, run_id);
                }
            }
            Event::Gate { run_id, fact } => self.gate_told(pilot, id, run_id, fact),
            Event::OutcomeReported { run_id, outcome, .. } => {
                let run = self.lanes.get(id).and_then(|lane| lane.runs.get(run_id)).cloned();
                if let Some(run) = run {
                    pilot.outcome_said(self, &run, outcome);
                }
            }
            Event::AttemptHeld { .. }
            | Event::AttemptReleased { .. }
            | Event::AttemptOffered { .. }
            | Event::AttemptClaimed { .. }
            | Event::LeaseExtended { .. }
            | Event::AttemptPinged { .. }
            | Event::AttemptRestarting { crash_loop: false, .. }
            | Event::RestartAsked { .. }
            | Event::BudgetSpent { .. }
            | Event::BudgetRaised {}
            | Event::FuseMoved { .. }
            | Event::WaitMoved { .. }
            | Event::ChecksBegan { .. }
            | Event::ChecksEnded { .. }
            | Event::RunNoted { .. }
            | Event::AttemptDelivered { .. }
            | Event::AttemptNoted { .. }
            | Event::AttemptExited { .. }
            | Event::AttemptFailed { .. }
            | Event::DeadlineMoved { .. }
            | Event::RetryMoved { .. }
            | Event::PathsSeen { .. }
            | Event::VerificationAsked { .. }
            | Event::EvidenceAdded { .. }
            | Event::LiveClaimed { .. }
            | Event::StepBroke { .. }
            | Event::StepMended { .. }
            | Event::ReportRefused { .. } => {}
        }
    }

    /// What the end of a run brings about in other lanes.
    fn follows(&mut self, id: &CueId, run_id: &RunId, verdict: Verdict, late: bool, revises: Option<Verdict>) {
        let run = self.lanes.get(id).and_then(|lane| lane.runs.get(run_id));
        let names = run.map(|run| &run.definition);
        self.ended.push(Ended {
            cue: id.clone(),
            run: run_id.clone(),
            verdict,
            late,
            revises,
            on_success: names.and_then(|names| names.on_success_fire.clone()),
            fallback: names.and_then(|names| names.on_failure.fallback.clone()),
        });
    }

    /// Tells the alerts how a run ended, and whether too many of its cue failed by now.
    fn end_told(&mut self, pilot: &mut Pilot, id: &CueId, run_id: &RunId, verdict: Verdict, late: bool) {
        let Some((cue_name, run)) = self.named_run(id, run_id) else { return };
        let times = self.lanes.get(id).map_or(0, |lane| lane.failed_in_a_row);
        let too_many = verdict.is_failure() && times >= run.definition.alerts.consecutive_failures;
        self.signal(pilot, &Signal::RunEnded { cue_name: cue_name.clone(), run: run.clone(), verdict, late });
        if too_many {
            self.signal(pilot, &Signal::FailedInARow { cue_name, run, times });
        }
    }

    fn named_run(&self, id: &CueId, run_id: &RunId) -> Option<(String, Box<Run>)> {
        let lane = self.lanes.get(id)?;
        Some((lane.cue.definition.name.clone(), Box::new(Run::clone(lane.runs.get(run_id)?))))
    }

    fn occurrence_ended(
        &mut self,
        pilot: &mut Pilot,
        id: &CueId,
        (occurrence, due): (&OccurrenceId, Ms),
        seq: u64,
        end: &End,
    ) {
        let mut asked = false;
        if *end == End::Ran {
            // Shown as the run it became.
            let before = self.rows.remove(occurrence).map(|row| row.asks);
            let asks = |lane: &Lane| lane.asked.iter().any(|asked| asked.id == *occurrence);
            asked = before.unwrap_or_else(|| pilot.lanes.get(id).is_some_and(asks));
        } else if let Some(row) = self.row(pilot, id, occurrence) {
            asked = std::mem::take(&mut row.asks);
            row.state = end.word().to_owned();
            row.reason = end.reason();
            row.into_id = end.coalesced_into().map(|into| into.0.clone());
        }
        self.status_changed |= asked;
        let decided = (occurrence.is_scheduled() && (!end.is_withdrawn() || due <= self.now)).then_some(seq);
        let (occurrence, at) = (occurrence.clone(), self.now);
        self.commit.occurrences.push(OccurrenceChange::Ended { id: occurrence, end: end.clone(), at, decided });
        self.missed(pilot, id, due, end);
    }

    fn missed(&mut self, pilot: &mut Pilot, id: &CueId, due: Ms, end: &End) {
        if let (End::Missed { reason }, Some(lane)) = (end, self.lanes.get(id))
            && lane.missed_in_a_row >= lane.cue.definition.alerts.missed_in_a_row
        {
            let cue_name = lane.cue.definition.name.clone();
            let missed = Signal::Missed { cue_id: id.clone(), cue_name, due, reason: reason.clone() };
            self.signal(pilot, &missed);
        }
    }

    /// The row of an occurrence armed in this batch or before it.
    fn row(&mut self, pilot: &Pilot, cue: &CueId, id: &OccurrenceId) -> Option<&mut OccurrenceRow> {
        if !self.rows.contains_key(id) {
            let lane = pilot.lanes.get(cue)?;
            let armed: &Armed = lane.waiting().find(|armed| armed.id == *id)?;
            let mut row = view::row_of_armed(&cue.0, armed);
            row.asks = lane.asked.iter().any(|asked| asked.id == *id);
            self.rows.insert(id.clone(), row);
        }
        self.rows.get_mut(id)
    }

    pub fn signal(&mut self, pilot: &mut Pilot, signal: &Signal) {
        let now = self.now;
        let mut events = pilot.book.consider(&without_secrets(signal), now, &mut *pilot.dice);
        if events.is_empty() {
            return;
        }
        for alert in events.iter_mut().map(AlertEvent::alert_mut) {
            hide_secrets([&mut alert.title, &mut alert.body]);
        }
        let before = pilot.book.seq;
        // The book may be long: it is changed in place, and back if this cannot be written.
        self.alerts_undo.extend(events.iter().map(|event| pilot.book.apply(event)));
        let rules = Arc::clone(pilot.book.rules());
        for (event, seq) in events.iter().zip(before + 1..) {
            self.entry(ALERTS_LANE, seq, event.word(), event);
            self.tell_channels(pilot, event, seq, &rules);
            let alert = event.alert();
            self.alerts_touched.insert(alert.id.0.clone(), alert.clone());
            if event.wants_notification() && rules.tell(alert.kind) {
                self.notes.push(alert.clone());
            } else if event.settles() {
                self.settled.push(alert.clone());
            } else if alert.kind == AlertKind::GateWaiting {
                self.asked_anew.push(alert.clone());
            }
        }
    }

    pub fn tower_fact(&mut self, pilot: &Pilot, kind: &'static str, fact: &serde_json::Value) {
        let seq = self.tower_seq.unwrap_or(pilot.tower.seq) + 1;
        self.tower_seq = Some(seq);
        self.entry(TOWER_LANE, seq, kind, fact);
    }

    pub(super) fn entry(&mut self, lane: &str, lane_seq: u64, kind: &'static str, body: &impl serde::Serialize) {
        let body = serde_json::to_string(body).expect("facts are made of text and numbers");
        self.commit.entries.push(Entry { lane: lane.to_owned(), lane_seq, at: self.now, kind, body });
    }
}

/// Whether the alert that the owner is waited for may be over with it, while something else of the cue still waits.
fn may_answer_an_alert(event: &Event) -> bool {
    match event {
        Event::RunEnded { .. } | Event::RunVerified { .. } => true,
        Event::Gate { fact, .. } => matches!(fact, Fact::Settled { .. }),
        _ => false,
    }
}

/// Alerts say what agents said, and leave the machine. What is long is cut short only after this: half a secret is not known
/// for one.
fn without_secrets(signal: &Signal) -> Cow<'_, Signal> {
    let mut signal = Cow::Borrowed(signal);
    if let Signal::Trouble(problem) | Signal::PutOff { problem, .. } = &*signal
        && [&problem.title, &problem.body].into_iter().any(|words| matches!(redact::text(words), Cow::Owned(_)))
        && let Signal::Trouble(problem) | Signal::PutOff { problem, .. } = signal.to_mut()
    {
        hide_secrets([&mut problem.title, &mut problem.body]);
    }
    signal
}

fn hide_secrets(all: [&mut String; 2]) {
    for words in all {
        if let Cow::Owned(clean) = redact::text(words) {
            *words = clean;
        }
    }
}
