//! The pools beside the lanes: what runs ask of them, what they get, and what they give back, in the commits of the runs.

use std::sync::Arc;

use cuetower_core::effect::Effect;
use cuetower_core::event::Event;
use cuetower_core::gate::Fact;
use cuetower_core::id::{CueId, RunId};
use cuetower_core::input::{Input, Refusal, RefusalCode};
use cuetower_core::pool::{Holder, HolderKey, PoolAnswer, PoolBook, PoolInput};
use cuetower_core::run::Run;

use super::batch::Batch;
use super::{FoundCommand, Pilot};
use crate::journal::{POOLS_LANE, SnapshotRow};

/// Facts after which the pools are written whole again.
const SNAPSHOT_EVERY: u64 = 256;

impl Batch {
    /// The pools as they are in this batch.
    pub(super) fn pools<'a>(&'a self, pilot: &'a Pilot) -> &'a PoolBook {
        self.pools.as_deref().unwrap_or(&pilot.pools)
    }

    /// Decides one input of the pools. Runs that got their permits hear of it with the next `settle`.
    pub(super) fn pool(&mut self, pilot: &Pilot, input: &PoolInput) -> PoolAnswer {
        if let Some(refusal) = self.is_used_by_cues(pilot, input) {
            return PoolAnswer::Refused(refusal);
        }
        let now = self.now;
        let book = Arc::make_mut(self.pools.get_or_insert_with(|| Arc::clone(&pilot.pools)));
        let before = book.seq;
        let decision = book.decide(input, now);
        for (event, seq) in decision.events.iter().zip(before + 1..) {
            self.entry(POOLS_LANE, seq, event.word(), event);
        }
        self.pools_changed |= !decision.events.is_empty();
        for grant in decision.granted {
            if let Holder::Run { run_id, cue_id, number, .. } = grant.holder {
                self.permitted.push_back((cue_id, Input::Permitted { run_id, number }));
            }
        }
        decision.answer
    }

    /// A pool that a cue names must stay, or the cue could never run again.
    fn is_used_by_cues(&self, pilot: &Pilot, input: &PoolInput) -> Option<Refusal> {
        let PoolInput::Remove { name } = input else { return None };
        let mut cues = self.all_lanes(pilot).map(|lane| &lane.cue.definition);
        let uses = cues.find(|cue| cue.uses.iter().any(|need| need.pool == *name))?;
        let message = format!("The cue `{}` uses the pool `{name}`; take it out there first.", uses.name);
        Some(Refusal { code: RefusalCode::Invalid, message })
    }

    /// An attempt asks for what its cue uses.
    pub(super) fn ask_pools(&mut self, pilot: &Pilot, run: &Run, number: u32) {
        let holder = Holder::Run {
            run_id: run.id.clone(),
            cue_id: run.cue_id.clone(),
            cue_name: run.definition.name.clone(),
            number,
        };
        let (needs, priority) = (run.definition.uses.clone(), run.definition.priority);
        let ask = PoolInput::Ask { holder, needs, priority, lease_ms: None };
        if let PoolAnswer::Refused(refusal) = self.pool(pilot, &ask) {
            let refused = Input::NotPermitted { run_id: run.id.clone(), number, words: refusal.message };
            self.permitted.push_back((run.cue_id.clone(), refused));
        }
    }

    /// After a fact about a run: what it does not need any more goes back.
    pub(super) fn give_back(&mut self, pilot: &Pilot, id: &CueId, event: &Event) {
        let (run_id, number) = match event {
            Event::AttemptFailed { run_id, number, .. }
            | Event::AttemptExited { run_id, number, .. }
            | Event::AttemptRestarting { run_id, number, .. }
            | Event::AttemptHeld { run_id, number, .. }
            | Event::ChecksBegan { run_id, number, .. }
            | Event::AttemptNoted { run_id, number, .. } => (run_id, Some(*number)),
            Event::RunEnded { run_id, .. } => (run_id, None),
            // Any other word about a gate gives nothing back: it would leave the line that its answer waits in.
            Event::Gate { run_id, fact: Fact::Asked { .. } | Fact::AwaitedAgain { .. } } => {
                let run = self.lanes.get(id).and_then(|lane| lane.runs.get(run_id));
                if run.is_none_or(|run| !run.has_freed_permits()) {
                    return;
                }
                (run_id, None)
            }
            _ => return,
        };
        if !self.pools(pilot).concerns(run_id) {
            return;
        }
        let Some(run) = self.lanes.get(id).and_then(|lane| lane.runs.get(run_id)).map(Arc::clone) else { return };
        let number = number.unwrap_or(run.latest().number);
        // A late word of a delivery: it came to nothing, or ended long ago.
        let noted = matches!(event, Event::AttemptNoted { .. });
        if !noted && run.occupies() && run.latest().number == number {
            return;
        }
        let tokens = run.outcome().and_then(|(_, reported)| reported.outcome.tokens).map(|tokens| tokens as u64);
        let key = HolderKey::run(run_id, number);
        // Held, or still waited for.
        self.pool(pilot, &PoolInput::GiveBack { holder: key, tokens });
        if !run.is_live() {
            self.pool(pilot, &PoolInput::RunEnded { run_id: run_id.clone() });
        }
    }

    /// Nothing of this attempt works any more, and no lane says so: its cue is deleted, or its end was seen by nobody.
    pub(super) fn is_done(&mut self, pilot: &Pilot, run_id: &RunId, number: u32) {
        if self.pools(pilot).concerns(run_id) {
            self.pool(pilot, &PoolInput::GiveBack { holder: HolderKey::run(run_id, number), tokens: None });
            self.pool(pilot, &PoolInput::RunEnded { run_id: run_id.clone() });
        }
    }

    /// At the start: runs that had ended, and whose processes are gone, hold nothing.
    pub(super) fn give_back_for_the_dead(&mut self, pilot: &Pilot, commands: &[FoundCommand]) {
        let held: Vec<Holder> = {
            let pools = self.pools(pilot).pools(self.now);
            pools.into_iter().flat_map(|pool| pool.holders).map(|held| held.holder).collect()
        };
        for holder in held {
            let Holder::Run { run_id, cue_id, number, .. } = holder else { continue };
            let lane = self.lanes.get(&cue_id).or_else(|| pilot.lanes.get(&cue_id));
            let is_live = lane.and_then(|lane| lane.runs.get(&run_id)).is_some_and(|run| run.is_live());
            let works =
                |found: &FoundCommand| found.run_id == run_id && found.number == number && found.started.is_some();
            if !is_live && !commands.iter().any(works) {
                self.is_done(pilot, &run_id, number);
            }
        }
    }

    /// The effects of a decision: what the pools are asked is answered here, the rest is performed later.
    pub(super) fn take_in_effects(&mut self, pilot: &Pilot, id: &CueId, effects: Vec<Effect>) {
        for effect in effects {
            let run_id: RunId = effect.run_id().clone();
            let run = self.lanes.get(id).and_then(|lane| lane.runs.get(&run_id)).map(Arc::clone);
            match (effect, run) {
                (Effect::AskPools { number, .. }, Some(run)) => self.ask_pools(pilot, &run, number),
                (Effect::Forget { run_id, number }, _) => self.forgotten.push((run_id, number)),
                (effect, Some(run)) => self.effects.push((effect, run)),
                (_, None) => {}
            }
        }
    }

    /// The pools as they are written whole, from time to time and at the end.
    pub(super) fn pools_snapshot(&self, pilot: &Pilot) -> Option<SnapshotRow> {
        let book = self.pools.as_ref()?;
        let round = |book: &PoolBook| book.seq / SNAPSHOT_EVERY;
        let wanted = round(book) != round(&pilot.pools) || self.commit.orderly == Some(true);
        let state = || serde_json::to_string(book).expect("pools are text and numbers");
        wanted.then(|| SnapshotRow { lane: POOLS_LANE.to_owned(), lane_seq: book.seq, state: Some(state()) })
    }
}
