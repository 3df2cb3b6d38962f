//! The pilot and the alerts: what the owner says to them, when time wakes them, and by which rules they are told.

use std::collections::BTreeSet;
use std::sync::Arc;

use cuetower_core::Ms;
use cuetower_core::alert::drift::{self, Cadence};
use cuetower_core::alert::{About, Alert, AlertKind, AlertState, Problem, Rules, Severity, Signal, words};
use cuetower_core::away::Band;
use cuetower_core::cue::Transport;
use cuetower_core::gate::Asker;
use cuetower_core::id::{AlertId, CueId, RunId};
use cuetower_core::occurrence::Trigger;
use cuetower_core::sentence;
use cuetower_core::time::{DAY_MS, MINUTE_MS};

use super::Pilot;
use super::batch::Batch;
use crate::alerting::{Asks, RunFacts, native};
use crate::desk::wire::{ToldView, Topic};
use crate::handle::{Reply, Trouble};
use crate::journal::Liveness;

/// A shorter absence is in the record, and no alert.
const OFF_LEAST_MS: u64 = 10 * MINUTE_MS;
/// That the tower ended without a word and is back asks for nothing, and is over after this long.
const RETURNED_MS: u64 = DAY_MS;

impl Pilot {
    /// Escalations, reminders and ends of snoozes whose time has come.
    pub(super) fn alerts_due(&mut self, batch: &mut Batch) {
        if self.book.wakes_at().is_some_and(|at| at <= batch.now) {
            batch.signal(self, &Signal::Tick);
        }
        let told = self.told_that_it_returned();
        if told.is_some_and(|told| batch.now.since(told.last_at) >= RETURNED_MS) {
            self.absence_is_known(batch);
        }
    }

    /// The owner has a word about one.
    pub(super) fn take_alert(&mut self, batch: &mut Batch, id: &AlertId, signal: &Signal, reply: Reply<Alert>) {
        batch.signal(self, signal);
        let alert = self.book.get(id).cloned();
        batch.answer(reply, alert.ok_or_else(|| Trouble::NotFound(format!("unresolved alert {id}"))));
    }

    /// The owner has seen them all.
    pub(super) fn take_acknowledge_all(&mut self, batch: &mut Batch, reply: Reply<u32>) {
        let open = self.book.unresolved().filter(|alert| alert.state == AlertState::Open);
        let open: Vec<AlertId> = open.map(|alert| alert.id.clone()).collect();
        let count = u32::try_from(open.len()).unwrap_or(u32::MAX);
        for alert_id in open {
            batch.signal(self, &Signal::Acknowledged { alert_id });
        }
        batch.answer(reply, Ok(count));
    }

    pub(super) fn take_alert_rules(&mut self, batch: &mut Batch, rules: Rules) {
        batch.tower_fact(self, "alert_rules_set", &serde_json::json!(rules));
        batch.rules_before.get_or_insert_with(|| Arc::clone(self.book.rules()));
        self.book.set_rules(Arc::new(rules.clone()));
        batch.commit.alert_rules = Some(rules);
        batch.commit.topics.insert(Topic::Alerts);
    }

    /// Nothing of the batch is on disk: the book of alerts is what it was.
    pub(super) fn alerts_as_before(&mut self, batch: &mut Batch) {
        for undo in batch.alerts_undo.drain(..).rev() {
            self.book.undo(undo);
        }
        if let Some(rules) = batch.rules_before.take() {
            self.book.set_rules(rules);
        }
    }

    /// Whoever tells alerts goes by the rules that are on disk.
    pub(super) fn rules_are_known(&self) {
        let rules = self.book.rules();
        let is_news = |known: &mut Arc<Rules>| {
            let news = !Arc::ptr_eq(known, rules);
            if news {
                *known = Arc::clone(rules);
            }
            news
        };
        if self.rules_seen.send_if_modified(is_news) {
            self.performer.native().rules_are(rules);
        }
    }

    /// The tower starts: what the one before held back is still to be told, and what it may not have come to show.
    pub(super) fn tell_what_was_not_told(&self, last: Liveness, now: Ms) {
        let is_shown = |alert: &Alert| self.channels.shown_here(alert);
        self.performer.native().starts(&self.book, last.alive_at.unwrap_or(now), last.orderly, is_shown);
    }

    /// Alerts that are on disk, as native notifications.
    pub(super) fn tell_owner(&self, now: Ms, notes: Vec<Alert>) {
        if notes.is_empty() {
            return;
        }
        let notes = notes.into_iter().filter(|alert| self.channels.shown_here(alert));
        let told = notes.map(|alert| {
            let run = self.facts_of(&alert);
            (alert, run)
        });
        self.performer.native().tell(now, told);
    }

    /// The same question with other contents: what is shown of it already answers those no more.
    pub(super) fn show_anew(&self, now: Ms, alerts: Vec<Alert>) {
        for alert in alerts {
            let facts = self.facts_of(&alert);
            self.performer.native().shows_anew(now, &alert, facts);
        }
    }

    /// A batch could not be written. That cannot be written down either: the owner hears of it at once, and the alert comes
    /// when it can.
    pub(super) fn store_fails(&mut self, why: String) {
        match &mut self.store_trouble {
            Some((_, known)) => known.clone_from(&why),
            none => {
                self.performer.native().store_fails(&why);
                *none = Some((self.clock.now(), why.clone()));
            }
        }
        self.store_is(Some(why));
    }

    /// If this batch can be written, the trouble is over.
    pub(super) fn store_works(&mut self, batch: &mut Batch) {
        let Some((since, why)) = self.store_trouble.clone() else { return };
        let (about, kind) = (About::Tower, AlertKind::StoreTrouble);
        let title = "The store could not be written".to_owned();
        let body = words::store_trouble_body(batch.now.since(since), &why);
        let severity = kind.severity();
        batch.signal(
            self,
            &Signal::Trouble(Problem { about: about.clone(), kind, severity, run_id: None, title, body }),
        );
        batch.signal(self, &Signal::Over { about, kind, run_id: None });
    }

    /// The tower starts; if due times passed meanwhile, that is told, in the words of the briefing.
    pub(super) fn was_off_for_long(&mut self, batch: &mut Batch, alive_at: Ms, orderly: bool) {
        let off_ms = batch.now.since(alive_at);
        if off_ms < OFF_LEAST_MS {
            return;
        }
        let (all, cues, missed) = batch.decided_between(alive_at, batch.now);
        if all == 0 {
            return;
        }
        let severity = if missed > 0 { Severity::Warning } else { Severity::Info };
        let why = (!orderly).then_some("It had not been stopped; it was cut off.");
        let body = words::tower_was_off_body(off_ms, cues, why);
        let (about, kind, title) = (About::Tower, AlertKind::TowerWasOff, words::tower_was_off_title(all));
        batch.signal(self, &Signal::Trouble(Problem { about, kind, severity, run_id: None, title, body }));
    }

    /// The owner has read what was missed.
    pub(super) fn absence_is_known(&mut self, batch: &mut Batch) {
        let over = Signal::Over { about: About::Tower, kind: AlertKind::TowerWasOff, run_id: None };
        batch.signal(self, &over);
    }

    /// The open alert which says that the tower ended without a word; none that stands for a briefing.
    fn told_that_it_returned(&self) -> Option<&Alert> {
        let told = self.book.of(&About::Tower, AlertKind::TowerWasOff);
        told.filter(|told| !words::is_in_the_briefing(&told.title))
    }

    /// Since then it was stopped and started in order.
    pub(super) fn return_is_past(&mut self, batch: &mut Batch) {
        if self.told_that_it_returned().is_some() {
            self.absence_is_known(batch);
        }
    }

    /// How the owner hears of it on this machine.
    pub(super) fn told_natively(&self, alert: &Alert, now: Ms) -> Option<ToldView> {
        let is_on = self.performer.native().is_on();
        native::told(alert, self.book.rules(), is_on, now, self.zone)
    }

    fn facts_of(&self, alert: &Alert) -> RunFacts {
        let lane = alert.cue_id.as_ref().and_then(|id| self.lanes.get(id));
        let run = lane.zip(alert.run_id.as_ref()).and_then(|(lane, run)| lane.runs.get(run));
        let asks = if alert.kind == AlertKind::GateWaiting { self.asks_owner(alert) } else { None };
        RunFacts {
            lives: run.is_some_and(|run| run.verdict().is_none()),
            is_command: run.is_some_and(|run| matches!(run.definition.transport, Transport::Command(_))),
            asks,
        }
    }

    /// What the owner is asked by whatever the alert is about.
    fn asks_owner(&self, alert: &Alert) -> Option<Asks> {
        if let Some(agent) = &alert.agent {
            let asker = Asker { account: agent.account.clone(), agent: agent.name.clone() };
            return Asks::gate(alert, &agent.name, self.gates.waiting_of(&asker));
        }
        let lane = self.lanes.get(alert.cue_id.as_ref()?)?;
        let run_id = alert.run_id.as_ref()?;
        let Some(run) = lane.runs.get(run_id) else {
            // Told of again, after it has left the lane with its end.
            let ended = self.journal.run(run_id).ok().flatten()?;
            return ended.is_held_for_verification().then_some(Asks::Verification);
        };
        if run.is_held_for_verification() {
            return Some(Asks::Verification);
        }
        Asks::gate(alert, &lane.cue.definition.name, run.gates.waiting())
    }
}

impl Batch {
    /// Due times of a span that this batch decided on: all of them, of how many cues, and how many will not run.
    fn decided_between(&self, from: Ms, to: Ms) -> (u64, usize, u64) {
        let within = |due: Ms| from <= due && due < to;
        let (mut cues, mut all, mut missed) = (BTreeSet::new(), 0, 0);
        for row in self.rows.values().filter(|row| within(row.due) && row.state != "due") {
            cues.insert(row.cue_id.clone());
            all += row.count;
            missed += if row.state == "missed" { row.count } else { 0 };
        }
        for (cue, run) in &self.runs_touched {
            let run = self.lanes.get(cue).and_then(|lane| lane.runs.get(run));
            if run.is_some_and(|run| within(run.due) && run.began_at >= to) {
                cues.insert(cue.0.clone());
                all += 1;
            }
        }
        (all, cues.len(), missed)
    }

    /// A run began: whether its cue keeps its rhythm. What was due while nothing could be fired says nothing about it.
    pub(super) fn cadence(&mut self, pilot: &mut Pilot, id: &CueId, run_id: &RunId) {
        let Some(lane) = self.lanes.get(id) else { return };
        let Some(run) = lane.runs.get(run_id).filter(|run| run.trigger == Trigger::Scheduled) else { return };
        let (due, began_at) = (run.due, run.began_at);
        let holds = |band: &Band| band.from <= due && due < band.to;
        if self.away.as_ref().unwrap_or(&pilot.tower.away).iter().any(holds) {
            return;
        }
        let title = sentence::alert_title(&lane.cue.definition.name, AlertKind::CadenceDrift);
        let drift = self.drifts.entry(id.clone()).or_insert_with(|| pilot.drifts.get(id).cloned().unwrap_or_default());
        let (about, kind) = (About::Cue(id.clone()), AlertKind::CadenceDrift);
        let signal = match drift.began(due, began_at) {
            Cadence::Open => return,
            Cadence::Keeps => Signal::Over { about, kind, run_id: None },
            Cadence::Drifts { late_ms, every_ms } => {
                let (severity, body) = (kind.severity(), drift::words(late_ms, every_ms));
                Signal::Trouble(Problem { about, kind, severity, run_id: None, title, body })
            }
        };
        self.signal(pilot, &signal);
    }
}

#[cfg(test)]
#[path = "alerts_tests.rs"]
mod tests;
