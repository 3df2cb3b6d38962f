//! One batch from start to end: decide → journal → apply → perform.

use std::collections::HashMap;
use std::sync::Arc;

use cuetower_core::Ms;
use cuetower_core::away::Clocks;
use cuetower_core::cue::{Cue, CueDefinition};
use cuetower_core::id::{AccountId, CueId, RunId};
use cuetower_core::input::{Answer, DeliveryResult, Found, Input, Refusal, RefusalCode, Triggered};
use cuetower_core::lane::Lane;
use cuetower_core::outcome::Outcome;
use cuetower_core::pool::PoolInput;
use tokio::sync::oneshot;

use super::batch::Batch;
use super::{FoundCommand, LICENCE_MS, Pilot};
use crate::clock::Stopwatch;
use crate::handle::{Order, Reply, TowerChange, Trouble};
use crate::journal::{OutputRow, StoreError, WorkerSeen};
use crate::sabotage::Sabotage;

/// Deliveries that go out before more is claimed, at most.
const AT_ONCE_MAX: usize = 256;

type Stopped = oneshot::Sender<Result<(), Trouble>>;

impl Pilot {
    /// Returns the caller to tell when the tower was asked to stop.
    pub(super) fn batch(&mut self, orders: Vec<Order>) -> Result<Option<Stopped>, StoreError> {
        if let Err(error) = self.try_apart() {
            tracing::warn!(%error, "what was refused before could not be tried alone");
        }
        let (mut batch, clocks) = self.batch_begun();
        let now = clocks.wall;
        self.fuses_due(&mut batch);
        if self.pools_wake.is_some_and(|at| at <= now) {
            batch.pool(self, &PoolInput::Tick);
            batch.settle(self);
        }
        self.gates_due(&mut batch);
        for id in self.lanes_due(now) {
            batch.tick(self, &id);
        }
        self.performer.native().beat(now);
        self.store_works(&mut batch);
        self.alerts_due(&mut batch);
        self.agents_due(&mut batch);
        let mut stopped = None;
        for order in self.again.orders().into_iter().chain(orders) {
            match order {
                Order::Stop { reply } => stopped = Some(reply),
                order => self.take(&mut batch, order),
            }
        }
        // Whoever beat while the loop was busy is heard before anybody is called silent.
        self.watches_due(&mut batch);
        if stopped.is_some() {
            batch.stopping(self);
        }
        match self.land(batch, clocks) {
            Err(error) if stopped.is_some() => {
                // A store that cannot be written must not keep the tower from stopping; the next start recovers.
                tracing::error!(%error, "the tower stops without its last batch");
                Ok(stopped)
            }
            landed => landed.map(|()| stopped),
        }
    }

    /// What became of everything while the tower was away, before anybody may ask.
    pub(super) fn recover(
        &mut self,
        alive_at: Ms,
        orderly: bool,
        commands: Vec<FoundCommand>,
    ) -> Result<(), StoreError> {
        let clocks = self.clock.reading();
        let mut batch = Batch::at(clocks.wall);
        self.was_off(&mut batch, alive_at);
        self.load_agents(&mut batch, alive_at)?;
        batch.tower_fact(self, "tower_started", &serde_json::json!({ "alive_at_ms": alive_at.0, "orderly": orderly }));
        let slept_ms = batch.now.since(alive_at);
        batch.pool(self, &PoolInput::Shifted { slept_ms, stepped_ms: 0 });
        self.gates_recovered(&mut batch, alive_at)?;
        let mut found: HashMap<RunId, Vec<(u32, Found)>> = HashMap::new();
        for command in &commands {
            found.entry(command.run_id.clone()).or_default().push((command.number, command.found.clone()));
        }
        // With no run and nothing to wake for, there is nothing that could have become of a lane.
        let concerned = |(id, lane): &(&CueId, &Lane)| {
            !lane.runs.is_empty() || self.wake_of.get(*id).is_some_and(|at| *at <= batch.now)
        };
        let concerned: Vec<CueId> = self.lanes.iter().filter(concerned).map(|(id, _)| id.clone()).collect();
        // All of them before anything follows from one: what would begin in a lane that is not recovered yet would be taken
        // there for cut off by the crash, and begin once more.
        for id in &concerned {
            let firing = batch.firing(self);
            let found = self.found_of(id, &mut found);
            batch.decide_alone(self, id, &Input::Recovered { alive_at, orderly, firing, found });
        }
        batch.give_back_for_the_dead(self, &commands);
        batch.settle(self);
        self.fuses_due(&mut batch);
        for id in &concerned {
            batch.tick(self, id);
        }
        if orderly {
            self.return_is_past(&mut batch);
        }
        self.was_off_for_long(&mut batch, alive_at, orderly);
        self.watches_load(&mut batch)?;
        for (run_id, rest) in found {
            // Of runs that had ended already: what left nothing to wait for goes.
            let gone = rest.into_iter().filter(|(_, found)| !matches!(found, Found::Started { .. }));
            batch.forgotten.extend(gone.map(|(number, _)| (run_id.clone(), number)));
        }
        self.land(batch, clocks)?;
        self.attend_to(commands);
        Ok(())
    }

    /// What was found of the commands of one lane.
    fn found_of(&self, id: &CueId, found: &mut HashMap<RunId, Vec<(u32, Found)>>) -> Vec<(RunId, u32, Found)> {
        let Some(lane) = self.lanes.get(id) else { return Vec::new() };
        let runs = lane.runs.keys().chain(lane.waiting().map(|armed| &armed.run_id));
        let of_lane = runs.filter_map(|run_id| Some((run_id, found.remove(run_id)?)));
        of_lane.flat_map(|(run_id, all)| all.into_iter().map(|(number, one)| (run_id.clone(), number, one))).collect()
    }

    /// Stays with the commands that were started, whether or not they have ended meanwhile.
    fn attend_to(&mut self, commands: Vec<FoundCommand>) {
        for FoundCommand { run_id, number, started, .. } in commands {
            let Some(started) = started else { continue };
            let cue = self.live_runs.get(&run_id);
            let live = cue.and_then(|cue| self.lanes.get(cue)?.runs.get(&run_id)).map(Arc::clone);
            let ended = || self.journal.run(&run_id).ok().flatten().map(Arc::new);
            match live.or_else(ended) {
                Some(run) => self.performer.attend(run, number, started),
                // Of a cue or a store that is gone: nobody would ever hear of it.
                None => started.abandon(),
            }
        }
    }

    pub(super) fn take(&mut self, batch: &mut Batch, order: Order) {
        match order {
            Order::Create { definition, reply } => {
                let created = self.create(batch, *definition);
                batch.answer(reply, created);
            }
            Order::Cue { cue_id, input, reply } => self.take_cue(batch, &cue_id, input, reply),
            Order::Files { cue_id, patterns, seen, reply } => {
                match batch.lane(self, &cue_id).filter(|lane| lane.cue.definition.schedule.paths == patterns) {
                    Some(_) => self.take_cue(batch, &cue_id, Input::Files { seen, firing: true }, reply),
                    None => batch.answer(reply, Err(Trouble::NotFound(format!("cue {cue_id} with these paths")))),
                }
            }
            Order::Run { by, run_id, input, output, reply } => {
                if reply.is_none() {
                    // Nobody would repeat it: the result of a delivery must survive a commit that fails.
                    batch.unanswered.push((run_id.clone(), input.clone(), output.clone()));
                }
                self.take_run(batch, by.as_ref(), &run_id, input, output, reply);
            }
            Order::Pool { input, reply } => {
                let answer = batch.pool(self, &input);
                batch.settle(self);
                batch.answer(reply, Ok(answer));
            }
            Order::Gate { input, reply } => self.take_gate(batch, &input, reply),
            Order::Ping { cue_id, ping, reply } => self.take_ping(batch, &cue_id, ping, reply),
            Order::Worker { account, id, handlers, reply } => {
                let at = batch.now;
                self.take_worker(batch, WorkerSeen { account, id, handlers, at }, reply);
            }
            Order::Step { by, run_id, attempt, input, reply } => {
                let answer = self.take_step(batch, by.as_ref(), &run_id, attempt, *input);
                batch.answer(reply, answer);
            }
            Order::Spans { spans, reply } => {
                let taken = self.take_spans(batch, *spans);
                batch.answer(reply, taken);
            }
            Order::Resume { run_id, ordinal, words, reply } => {
                let answer = self.take_resume(batch, &run_id, ordinal, words);
                batch.answer(reply, answer);
            }
            Order::Looked { run_id, attempt, words } => self.take_looked(batch, &run_id, attempt, &words),
            Order::Record(recording) => batch.commit.recordings.push(recording),
            Order::Beats { lives, recording } => {
                for life in &lives {
                    self.agent_is_heard(batch, life);
                    self.beats_on_a_day(batch, life);
                }
                batch.commit.recordings.push(recording);
            }
            Order::Alert { alert_id, signal, reply } => self.take_alert(batch, &alert_id, &signal, reply),
            Order::Signal { signal, reply } => {
                batch.signal(self, &signal);
                batch.answer(reply, Ok(()));
            }
            Order::AcknowledgeAll { reply } => self.take_acknowledge_all(batch, reply),
            Order::Fuses { reply } => {
                let seen = self.fuses_seen(batch);
                batch.answer(reply, Ok(seen));
            }
            Order::Tower { change, reply } => {
                self.take_tower(batch, change);
                batch.answer(reply, Ok(()));
            }
            Order::PutAway { slice, reply } => self.slices.push((slice, reply)),
            Order::Stop { .. } => unreachable!("taken out before"),
        }
    }

    fn create(&mut self, batch: &mut Batch, mut definition: CueDefinition) -> Result<Cue, Trouble> {
        batch.resolve(self, &mut definition, None)?;
        batch.has_room(self, &definition.account)?;
        Ok(batch.create(self, definition)?.cue.clone())
    }

    fn take_cue(
        &mut self,
        batch: &mut Batch,
        cue_id: &CueId,
        mut input: Input,
        reply: Reply<(Answer, cuetower_core::cue::Cue)>,
    ) {
        if batch.lane(self, cue_id).is_none() {
            return batch.answer(reply, Err(Trouble::NotFound(format!("cue {cue_id}"))));
        }
        match &mut input {
            Input::Edit { definition, .. } => {
                if let Some(lane) = batch.lane(self, cue_id) {
                    definition.account = lane.cue.definition.account.clone();
                }
                if batch.name_is_taken(self, definition, cue_id) {
                    return batch.answer(reply, Err(Trouble::DuplicateName(definition.name.clone())));
                }
                if let Err(trouble) = batch.resolve(self, definition, Some(cue_id)) {
                    return batch.answer(reply, Err(trouble));
                }
            }
            Input::Triggered(Triggered { firing, .. }) | Input::Files { firing, .. } => *firing = batch.firing(self),
            Input::Delete => {
                if let Some(name) = batch.stands_in_for(self, cue_id) {
                    let message =
                        format!("The cue `{name}` fires this one after its own runs; take it out there first.");
                    let refusal = Refusal { code: RefusalCode::Invalid, message };
                    return batch.answer(reply, Err(Trouble::Refused(refusal)));
                }
            }
            _ => {}
        }
        // What came due before the change is decided before the change.
        batch.tick(self, cue_id);
        if let Err(trouble) = batch.may_wake(self, cue_id, &input) {
            return batch.answer(reply, Err(trouble));
        }
        let answer = batch.decide(self, cue_id, &input);
        let answer = match batch.lane(self, cue_id) {
            Some(lane) => Ok((answer, lane.cue.clone())),
            None => Err(Trouble::NotFound(format!("cue {cue_id}"))),
        };
        batch.answer(reply, answer);
    }

    fn take_run(
        &mut self,
        batch: &mut Batch,
        by: Option<&AccountId>,
        run_id: &RunId,
        input: Input,
        output: Option<OutputRow>,
        reply: Option<Reply<Answer>>,
    ) {
        // A cue that is deleted in this very batch takes no report any more, and must not seem to have taken it.
        let reached = |lane: &mut Lane| by.is_none_or(|by| lane.cue.definition.account == *by);
        let there = self.lane_of_run(batch, run_id).filter(|cue_id| batch.lane(self, cue_id).is_some_and(reached));
        if let (None, Input::Delivery { number, result, .. }) = (&there, &input)
            && !matches!(result, DeliveryResult::Started { .. })
        {
            batch.forgotten.push((run_id.clone(), *number));
            batch.is_done(self, run_id, *number);
            batch.settle(self);
        }
        let answer = match there {
            Some(cue_id) => {
                let said = said_to_be_used(&input);
                let input = self.unguarded(batch, &cue_id, self.fenced(input));
                let answer = batch.decide(self, &cue_id, &input);
                let answer = self.answered_twice(batch, &cue_id, &input, answer);
                if let (Some(said), Answer::Refused(Refusal { code: RefusalCode::RunStopped, .. })) = (said, &answer)
                    && let Some((run, _)) = self.run_known(batch, run_id)
                {
                    // Its outcome is refused; what it cost was spent all the same.
                    self.outcome_said(batch, &run, &said);
                }
                self.given_twice(batch, &cue_id, run_id, answer)
            }
            None => Answer::Refused(Refusal {
                code: RefusalCode::NotFound,
                message: format!("There is no execution {run_id}."),
            }),
        };
        batch.commit.outputs.extend(output);
        if let Some(reply) = reply {
            batch.answer(reply, Ok(answer));
        }
    }

    /// The lane a run belongs to, with the run in its working copy, recalled from the store if it had ended.
    pub(super) fn lane_of_run(&mut self, batch: &mut Batch, run_id: &RunId) -> Option<CueId> {
        if let Some(cue_id) = self.live_runs.get(run_id).cloned().or_else(|| batch.lane_with_run(run_id)) {
            return Some(cue_id);
        }
        let run = match self.journal.run(run_id) {
            Ok(run) => run?,
            Err(error) => {
                tracing::error!(%error, %run_id, "a run could not be read back");
                return None;
            }
        };
        let cue_id = run.cue_id.clone();
        batch.lane(self, &cue_id)?.recall(run);
        Some(cue_id)
    }

    /// What is claimed already is given to whoever asks, if that is to be noticed.
    fn given_twice(&self, batch: &mut Batch, cue_id: &CueId, run_id: &RunId, answer: Answer) -> Answer {
        let wanted = self.sabotage == Some(Sabotage::DoubleClaim)
            && matches!(&answer, Answer::Refused(refusal) if refusal.code == RefusalCode::ClaimFailed);
        let run = batch.lane(self, cue_id).filter(|_| wanted).and_then(|lane| lane.runs.get(run_id));
        match run.map(|run| run.latest()).and_then(|latest| Some((latest.number, latest.lease.as_ref()?.until))) {
            Some((number, until)) => Answer::Claimed { number, until },
            None => answer,
        }
    }

    fn fenced(&self, input: Input) -> Input {
        match input {
            Input::Report { run_id, outcome, .. } if self.sabotage == Some(Sabotage::NoFence) => {
                Input::Report { run_id, attempt: None, outcome }
            }
            input => input,
        }
    }

    fn take_tower(&mut self, batch: &mut Batch, change: TowerChange) {
        let now = batch.now;
        match change {
            TowerChange::PauseFiring => {
                batch.firing = Some(false);
                batch.commit.paused = Some(true);
                batch.tower_fact(self, "firing_paused", &serde_json::json!({}));
            }
            TowerChange::ResumeFiring => {
                batch.firing = Some(true);
                batch.commit.paused = Some(false);
                batch.tower_fact(self, "firing_resumed", &serde_json::json!({}));
            }
            TowerChange::Briefed => {
                batch.commit.briefed_at = Some(now);
                self.absence_is_known(batch);
            }
            TowerChange::KeyAdded(key) => {
                let fact = serde_json::json!({ "name": key.name, "hash": key.hash, "scopes": key.scopes });
                batch.tower_fact(self, "key_added", &fact);
                batch.commit.keys.push(*key);
            }
            TowerChange::SecretKept(name) => {
                batch.tower_fact(self, "secret_kept", &serde_json::json!({ "name": name }));
                batch.commit.secrets_kept.push((name, now));
            }
            TowerChange::SecretDropped(name) => {
                batch.tower_fact(self, "secret_dropped", &serde_json::json!({ "name": name }));
                batch.commit.secrets_dropped.push(name);
            }
            TowerChange::WorkerDropped(account, id) => batch.commit.workers_dropped.push((account, id)),
            TowerChange::AlertRules(rules) => self.take_alert_rules(batch, *rules),
            TowerChange::Fuses(limits) => self.take_fuses(batch, *limits),
            TowerChange::StatusChanged => {}
        }
        batch.status_changed = true;
    }

    /// What comes first in every batch: by which clocks it decides, and what left ahead of one that could not be written.
    pub(super) fn batch_begun(&mut self) -> (Batch, Clocks) {
        let clocks = self.clock.reading();
        let mut batch = Batch::at(clocks.wall);
        self.notice_gap(&mut batch, clocks);
        for (cue_id, run_id) in self.went_out.clone() {
            batch.decide(self, &cue_id, &Input::WentOut { run_id });
        }
        (batch, clocks)
    }

    /// Journal, then apply, then answer, publish and perform — in this order, whatever happens.
    pub(super) fn land(&mut self, mut batch: Batch, clocks: Clocks) -> Result<(), StoreError> {
        let licensed = if self.may_go_ahead(batch.now) { batch.take_licensed_effects(AT_ONCE_MAX) } else { Vec::new() };
        let went_out: Vec<_> = licensed.iter().map(|(_, run)| (run.cue_id.clone(), run.id.clone())).collect();
        self.performer.perform(licensed);
        if self.sabotage == Some(Sabotage::EffectBeforeCommit) {
            batch.answer_all(None);
            self.performer.perform(batch.take_effects());
            std::thread::sleep(std::time::Duration::from_millis(15));
        }
        batch.commit.limits = self.limits(&batch);
        batch.finish_steps(self);
        self.watches_follow(&mut batch);
        batch.finish_gates(self);
        batch.finish(self);
        if !batch.is_worth_a_commit(self) {
            self.tower.clocks = clocks;
            if batch.pools.is_some() {
                // Looked at in vain: not again before time has changed something.
                self.pools_wake = self.pools.wakes_at(batch.now);
            }
            batch.answer_all(None);
            return Ok(());
        }
        let stepped: Vec<_> = batch.commit.steps.iter().map(|steps| steps.owner.clone()).collect();
        let watch = Stopwatch::start();
        let seq = match self.journal.commit(&mut batch.commit) {
            Ok(seq) => {
                self.meters.landed(&batch.tally, watch.elapsed());
                self.books_landed(stepped, true);
                self.lives.are(batch.commit.runs.iter().map(|run| &**run));
                seq
            }
            Err(error) => {
                self.meters.commit_failed();
                self.books_landed(stepped, self.sabotage == Some(Sabotage::NoWorkingCopy));
                self.watches_as_before(&mut batch);
                self.fuses_as_before(&batch);
                batch.answer_all(Some(&error.to_string()));
                self.went_out.extend(went_out);
                self.agents.again(std::mem::take(&mut batch.said_of_agents));
                self.again.keep(batch.unanswered.drain(..), &error);
                if self.sabotage == Some(Sabotage::NoWorkingCopy) {
                    self.apply(&mut batch);
                } else {
                    self.alerts_as_before(&mut batch);
                }
                return Err(error);
            }
        };
        self.store_is(None);
        self.tower.clocks = clocks;
        self.apply(&mut batch);
        if !batch.commit.recordings.is_empty() || !batch.commit.keys.is_empty() {
            self.recorded.send_modify(|count| *count += 1);
        }
        batch.answer_all(None);
        if !batch.commit.outbox.is_empty() {
            self.channels.written();
        }
        if !batch.commit.bands.is_empty() {
            self.feed.tell_absence();
        }
        self.feed.publish_if_heard(seq, || batch.desk_event(self, seq));
        self.effects.extend(batch.take_effects());
        // In a burst everything is claimed first: thousands of deliveries would take the processor from the claims.
        if self.effects.len() <= AT_ONCE_MAX || self.lanes_due(self.clock.now()).is_empty() {
            let effects = std::mem::take(&mut self.effects);
            self.performer.perform(effects);
        }
        self.performer.forget(std::mem::take(&mut batch.forgotten));
        let notes = batch.take_notes();
        for (alert, lane) in notes.iter().filter_map(|alert| Some((alert, self.lanes.get(alert.cue_id.as_ref()?)?))) {
            self.performer.tell_hook(alert.clone(), Arc::clone(&lane.cue.definition));
        }
        self.performer.native().settled(&batch.settled);
        self.tell_owner(clocks.wall, notes);
        self.show_anew(clocks.wall, std::mem::take(&mut batch.asked_anew));
        Ok(())
    }

    /// Whether armed deliveries may go out before this batch is on disk.
    fn may_go_ahead(&self, now: Ms) -> bool {
        self.went_out.is_empty() && now.since(self.tower.stamped_at) < LICENCE_MS
    }

    fn apply(&mut self, batch: &mut Batch) {
        self.went_out.clear();
        self.store_trouble = None;
        self.drifts.extend(batch.drifts.drain());
        self.fuses_landed(batch);
        self.gates_landed(batch);
        self.agents.landed(std::mem::take(&mut batch.commit.agent_news), batch.now);
        if batch.commit.alive_at.is_some() {
            self.tower.stamped_at = batch.now;
        }
        self.tower.newest_at = self.tower.newest_at.max(batch.now);
        if let Some(pools) = batch.pools.take() {
            self.pools = pools;
            self.pools_are_known(batch.now);
        }
        self.tower.firing = batch.firing.unwrap_or(self.tower.firing);
        if let Some(away) = batch.away.take() {
            self.tower.away = away;
        }
        self.tower.seq = batch.tower_seq.unwrap_or(self.tower.seq);
        for (id, seq) in batch.snapshots_taken.drain(..) {
            self.snapshots.insert(id, seq);
        }
        if batch.rules_before.is_some() {
            self.rules_are_known();
        }
        for lane in batch.lanes.drain().map(|(_, lane)| lane).collect::<Vec<Lane>>() {
            self.adopt(lane);
        }
    }
}

/// The outcome of a report that says what its run used.
fn said_to_be_used(input: &Input) -> Option<Box<Outcome>> {
    match input {
        Input::Report { outcome, .. } if outcome.tokens.is_some() || outcome.cost_usd.is_some() => {
            Some(Box::new(Outcome { tokens: outcome.tokens, cost_usd: outcome.cost_usd, ..Outcome::default() }))
        }
        _ => None,
    }
}
