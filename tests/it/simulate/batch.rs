//! One batch, as the engine's pilot does it: decide → journal → apply → perform.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use cuetower_core::Ms;
use cuetower_core::away::{Band, Gap, Reason};
use cuetower_core::cue::{CueDefinition, CueStatus};
use cuetower_core::effect::Effect;
use cuetower_core::event::Event;
use cuetower_core::id::{CueId, RunId};
use cuetower_core::input::{Answer, DeliveryResult, Found, Input, Triggered};
use cuetower_core::lane::{self, Lane};
use cuetower_core::occurrence::Trigger;
use cuetower_core::pool::{PoolBook, PoolEvent, PoolInput};
use cuetower_core::run::{Run, Verdict};

use super::disk::Fact;
use super::luck::Luck;
use super::time::Time;
use super::watch;
use super::world::{Fate, World};

/// A delivery goes out before its commit only while the last stamp of life is younger.
const LICENCE_MS: u64 = 8_000;
const STAMP_EVERY_MS: u64 = 5_000;
/// A long absence is decided in several ticks.
const TICKS_MAX: usize = 64;
const BANDS_KEPT: usize = 63;

/// The working copy: thrown away if the commit fails.
pub struct Work {
    pub now: Ms,
    time: Time,
    pub lanes: BTreeMap<CueId, Lane>,
    facts: Vec<Fact>,
    effects: Vec<(Effect, Arc<Run>)>,
    pub pools: PoolBook,
    pub pool_facts: Vec<PoolEvent>,
    /// What the pools have to say to runs.
    pub permitted: VecDeque<(CueId, Input)>,
    /// Runs that ended, for the cues that fire after them.
    ended: Vec<Ended>,
    /// What their processes left behind goes after the commit.
    forgotten: Vec<(RunId, u32)>,
    /// Attempts that gave their permits back for as long as their owner thinks.
    pub aside: Vec<(RunId, u32)>,
    answers: Vec<(CueId, Input, Answer)>,
    firing: bool,
    orderly: bool,
    /// The clocks moved by themselves.
    gap: bool,
    away: Arc<[Band]>,
}

/// What the owner does to the tower as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tower {
    Goes,
    Firing(bool),
    Stops,
}

impl World {
    /// Returns whether the tower is still there.
    pub fn batch(&mut self, luck: &mut Luck, inputs: Vec<(CueId, Input)>, tower: Tower, fate: Fate) -> bool {
        let mut work = self.work();
        self.notice_gap(luck, &mut work);
        for (id, run_id) in self.went_out.clone() {
            self.decide(luck, &mut work, &id, &Input::WentOut { run_id });
        }
        if self.pools_wake.is_some_and(|at| at <= work.now) {
            self.pool(&mut work, &PoolInput::Tick);
            self.settle_work(luck, &mut work);
        }
        self.permit_agents(luck, &mut work);
        self.settle_work(luck, &mut work);
        let due = |at: &Option<Ms>| at.is_some_and(|at| at <= work.now);
        for id in self.wakes.iter().filter(|(_, at)| due(at)).map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.ticks(luck, &mut work, &id);
        }
        let taken = inputs.clone();
        for (id, input) in inputs {
            self.take(luck, &mut work, &id, input);
        }
        match tower {
            Tower::Goes => {}
            Tower::Firing(firing) => work.firing = firing,
            Tower::Stops => work.orderly = true,
        }
        self.land(luck, work, taken, fate)
    }

    /// The tower starts, and reads what is on disk.
    pub fn start(&mut self, luck: &mut Luck) {
        let (alive_at, orderly) = (self.disk.alive_at, std::mem::take(&mut self.disk.orderly));
        self.lanes = self.disk.lanes.clone();
        self.pools = self.disk.pools.clone();
        self.firing = self.disk.firing;
        let mut found = self.found(luck);
        self.looked = self.time.clocks;
        // Nothing goes ahead of its commit before this life has a stamp of its own: a second kill would not know of it.
        self.stamped_at = alive_at;
        let mut work = self.work();
        if alive_at < work.now {
            work.away = with_band(&self.away, Band { from: alive_at, to: work.now, reason: Reason::Off });
        }
        let slept_ms = work.now.since(alive_at);
        self.pool(&mut work, &PoolInput::Shifted { slept_ms, stepped_ms: 0 });
        let there: HashSet<(RunId, u32)> =
            found.iter().filter(started).map(|(run, number, _)| (run.clone(), *number)).collect();
        // All of them, before anything that follows from it in other lanes begins: what begins now is not to be recovered.
        for id in self.lanes.keys().cloned().collect::<Vec<_>>() {
            let lane = &self.lanes[&id];
            let of_lane = |run: &RunId| lane.runs.contains_key(run) || lane.waiting().any(|armed| armed.run_id == *run);
            let found = found.extract_if(.., |(run, ..)| of_lane(run)).collect();
            let recovered = Input::Recovered { alive_at, orderly, firing: work.firing, found };
            self.decide_alone(luck, &mut work, &id, &recovered);
        }
        self.release_the_dead(&mut work, |run, number| there.contains(&(run.clone(), number)));
        self.settle_work(luck, &mut work);
        for id in self.lanes.keys().cloned().collect::<Vec<_>>() {
            self.ticks(luck, &mut work, &id);
        }
        // Of runs that had ended already: what left nothing to wait for goes.
        work.forgotten.extend(found.iter().filter(|one| !started(one)).map(|(run, number, _)| (run.clone(), *number)));
        let lost = |fact: &&Fact| matches!(fact.event, Event::AttemptFailed { lost: true, .. });
        self.tally.lost_attempts += work.facts.iter().filter(lost).count() as u64;
        let fate = match Fate::thrown(luck) {
            _ if self.quiet => Fate::Lands,
            // A tower that cannot write does not start.
            Fate::CommitFails => Fate::CrashesBeforeCommit,
            fate => fate,
        };
        if self.land(luck, work, Vec::new(), fate) {
            self.attend(luck);
        }
    }

    /// The clocks since the last batch that landed.
    fn notice_gap(&mut self, luck: &mut Luck, work: &mut Work) {
        let gap = Gap::between(self.looked, self.time.clocks);
        work.gap = !gap.is_nothing();
        if gap.is_nothing() {
            return;
        }
        if let Some(band) = gap.band(self.looked, self.time.clocks) {
            work.away = with_band(&self.away, band);
        }
        let (slept_ms, stepped_ms) = (gap.slept_ms + gap.stalled_ms, gap.stepped_ms);
        self.pool(work, &PoolInput::Shifted { slept_ms, stepped_ms });
        let shifted = Input::Shifted { slept_ms, stepped_ms };
        let live = self.lanes.iter().filter(|(_, lane)| !lane.runs.is_empty());
        for id in live.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.decide_alone(luck, work, &id, &shifted);
        }
        self.settle_work(luck, work);
    }

    /// A look at the clocks that found nothing to do, stamped.
    pub fn idle(&mut self) {
        self.looked = self.time.clocks;
        self.stamped_at = self.now();
        self.disk.alive_at = self.now();
    }

    pub fn work(&self) -> Work {
        Work {
            now: self.now(),
            time: self.time,
            lanes: BTreeMap::new(),
            facts: Vec::new(),
            effects: Vec::new(),
            pools: self.pools.clone(),
            pool_facts: Vec::new(),
            permitted: VecDeque::new(),
            ended: Vec::new(),
            forgotten: Vec::new(),
            aside: Vec::new(),
            answers: Vec::new(),
            firing: self.firing,
            orderly: false,
            gap: false,
            away: Arc::clone(&self.away),
        }
    }

    /// The batch's own copy of a lane.
    fn lane<'a>(&self, work: &'a mut Work, id: &CueId) -> Option<&'a mut Lane> {
        if !work.lanes.contains_key(id) {
            work.lanes.insert(id.clone(), self.lanes.get(id)?.clone());
        }
        work.lanes.get_mut(id).filter(|lane| lane.cue.status != CueStatus::Deleted)
    }

    fn take(&mut self, luck: &mut Luck, work: &mut Work, id: &CueId, mut input: Input) {
        if self.lane(work, id).is_none() {
            return self.nobody_there(luck, work, &input);
        }
        let run_id = match &input {
            Input::Report { run_id, .. }
            | Input::Delivery { run_id, .. }
            | Input::Stop { run_id }
            | Input::Restart { run_id, .. }
            | Input::Claim { run_id, .. }
            | Input::Extend { run_id, .. }
            | Input::Release { run_id, .. }
            | Input::Checked { run_id, .. }
            | Input::CheckAgain { run_id }
            | Input::Verify { run_id, .. }
            | Input::AskVerification { run_id }
            | Input::Evidence { run_id, .. }
            | Input::LiveClaim { run_id, .. }
            | Input::Ask { run_id, .. }
            | Input::AnswerGate { run_id, .. }
            | Input::PutOffGate { run_id, .. } => Some(run_id.clone()),
            _ => None,
        };
        // What came due before the change is decided before the change.
        if run_id.is_none() {
            self.tick(luck, work, id);
        }
        let Some(lane) = work.lanes.get(id) else { return };
        let mut recalled = run_id.and_then(|run| self.disk.ended.get(&run).cloned());
        if let Input::Ping(ping) = &mut input {
            recalled = self.given_up(lane, ping);
            ping.run_id = recalled.as_ref().map(|run| run.id.clone());
        }
        if let (Some(run), Some(lane)) = (recalled, work.lanes.get_mut(id)) {
            lane.recall(run);
        }
        let answer = self.decide(luck, work, id, &input);
        work.answers.push((id.clone(), input, answer));
    }

    /// Of a cue that was deleted: nothing is decided, and what it held goes.
    fn nobody_there(&mut self, luck: &mut Luck, work: &mut Work, input: &Input) {
        if let Input::Delivery { run_id, number, result } = input
            && !matches!(result, DeliveryResult::Started { .. })
        {
            work.forgotten.push((run_id.clone(), *number));
            self.pool(work, &PoolInput::RunEnded { run_id: run_id.clone() });
            self.settle_work(luck, work);
        }
    }

    fn ticks(&mut self, luck: &mut Luck, work: &mut Work, id: &CueId) {
        for _ in 0..TICKS_MAX {
            let now = work.now;
            if self.lane(work, id).is_none_or(|lane| lane.wakes_at(now).is_none_or(|at| at > now)) {
                return;
            }
            let before = work.facts.len();
            self.tick(luck, work, id);
            if work.facts.len() == before {
                return;
            }
        }
    }

    fn tick(&mut self, luck: &mut Luck, work: &mut Work, id: &CueId) {
        let tick = Input::Tick { away: Arc::clone(&work.away), firing: work.firing };
        self.decide(luck, work, id, &tick);
    }

    fn decide(&mut self, luck: &mut Luck, work: &mut Work, id: &CueId, input: &Input) -> Answer {
        let answer = self.decide_alone(luck, work, id, input);
        self.settle_work(luck, work);
        answer
    }

    /// What a decision brings about in other lanes.
    fn settle_work(&mut self, luck: &mut Luck, work: &mut Work) {
        loop {
            if let Some(ended) = work.ended.pop() {
                for (id, trigger) in self.following(work, &ended) {
                    let triggered = Triggered { trigger, payload: None, key: None, firing: work.firing };
                    self.decide_alone(luck, work, &id, &Input::Triggered(triggered));
                }
            } else if let Some((id, input)) = work.permitted.pop_front() {
                self.decide_alone(luck, work, &id, &input);
            } else {
                return;
            }
        }
    }

    fn decide_alone(&mut self, luck: &mut Luck, work: &mut Work, id: &CueId, input: &Input) -> Answer {
        let (now, firing) = (work.now, work.firing);
        let Some(lane) = self.lane(work, id) else { return Answer::Done };
        let before = watch::Before::of(lane, input);
        let decision = lane::decide(lane, input, now, luck);
        watch::decided(&before, lane, input, &decision, now, firing);
        work.ended.extend(decision.events.iter().filter_map(|event| Ended::of(id, &work.lanes[id], event)));
        for event in &decision.events {
            self.give_back(work, id, event);
        }
        for effect in decision.effects {
            let run = work.lanes[id].runs.get(effect.run_id()).cloned();
            match (effect, run) {
                (Effect::AskPools { number, .. }, Some(run)) => self.ask_pools(work, &run, number),
                (Effect::Forget { run_id, number }, _) => work.forgotten.push((run_id, number)),
                (effect, Some(run)) => work.effects.push((effect, run)),
                (effect, None) => panic!("{effect:?} of a run that is not there"),
            }
        }
        work.facts.extend(decision.events.into_iter().map(|event| Fact { cue: id.clone(), at: now, event }));
        decision.answer
    }

    /// In the same batch as the end that fires them: both are on disk, or neither. Each once.
    fn following(&self, work: &Work, ended: &Ended) -> BTreeMap<CueId, Trigger> {
        let mut fired = BTreeMap::new();
        let (of, cue) = (ended.run.clone(), ended.cue.clone());
        for id in self.lanes.keys() {
            let lane = work.lanes.get(id).unwrap_or(&self.lanes[id]);
            let follows = lane.cue.definition.schedule.follows();
            if follows.is_some_and(|(cue, on)| *cue == ended.cue && on.holds(ended.verdict, ended.late)) {
                fired.insert(id.clone(), Trigger::Chain { of: of.clone(), cue: cue.clone() });
            }
        }
        if let Some(next) = ended.definition.on_success_fire.as_ref().filter(|_| ended.verdict.is_good()) {
            fired.insert(next.clone(), Trigger::Chain { of: of.clone(), cue: cue.clone() });
        }
        let fails = ended.verdict.is_failure() && !ended.late;
        if let Some(instead) = ended.definition.on_failure.fallback.as_ref().filter(|_| fails) {
            fired.insert(instead.clone(), Trigger::Fallback { of, cue });
        }
        if let Some(verdict) = ended.revises {
            let before = Ended { verdict, late: false, revises: None, ..ended.clone() };
            for id in self.following(work, &before).keys() {
                fired.remove(id);
            }
        }
        fired
    }

    /// Returns whether the tower is still there.
    fn land(&mut self, luck: &mut Luck, mut work: Work, taken: Vec<(CueId, Input)>, fate: Fate) -> bool {
        let may_go_ahead = self.went_out.is_empty() && work.now.since(self.stamped_at) < LICENCE_MS;
        let goes = |effect: &Effect| may_go_ahead && matches!(effect, Effect::Deliver { licensed: true, .. });
        let mut licensed: Vec<_> = work.effects.extract_if(.., |(effect, _)| goes(effect)).collect();
        if fate == Fate::CrashesBeforeCommit {
            luck.shuffle(&mut licensed);
            licensed.truncate(luck.below(licensed.len() as u64 + 1) as usize);
        }
        self.tally.licensed += licensed.len() as u64;
        for (effect, run) in &licensed {
            self.perform(luck, effect, run);
        }
        let stamp = work.now.since(self.stamped_at) >= STAMP_EVERY_MS || work.now < self.stamped_at;
        let worth = stamp
            || !work.facts.is_empty()
            || !work.pool_facts.is_empty()
            || work.firing != self.firing
            || work.orderly
            || work.gap;
        match fate {
            Fate::CommitFails if worth => {
                self.tally.failed_commits += 1;
                self.went_out.extend(licensed.into_iter().map(|(_, run)| (run.cue_id.clone(), run.id.clone())));
                self.again_later(luck, taken, true);
                return true;
            }
            Fate::CrashesBeforeCommit => {
                self.again_later(luck, taken, false);
                self.killed(luck);
                return false;
            }
            Fate::LandsSlowly if worth => {
                self.tally.slow_commits += 1;
                self.time.awake(luck.between(100, 20_000));
                if luck.chance(10) {
                    self.time.asleep(luck.between(1_000, 3_600_000));
                }
            }
            _ => {}
        }
        self.looked = work.time.clocks;
        if worth {
            self.commit(&mut work);
        }
        self.stand_aside(&work.aside);
        match fate {
            Fate::CrashesAfterCommit => {
                self.again_later(luck, taken, false);
                self.killed(luck);
                return false;
            }
            Fate::CrashesAmidEffects => {
                // Answers and effects go out in any order, up to the kill.
                let answered = luck.below(work.answers.len() as u64 + 1) as usize;
                for (id, input, answer) in work.answers.drain(..answered) {
                    self.answered(luck, id, input, &answer);
                }
                self.again_later(luck, taken, false);
                luck.shuffle(&mut work.effects);
                let performed = luck.below(work.effects.len() as u64 + 1) as usize;
                for (effect, run) in work.effects.drain(..performed) {
                    self.perform(luck, &effect, &run);
                }
                self.killed(luck);
                return false;
            }
            _ => {}
        }
        for (id, input, answer) in work.answers {
            self.answered(luck, id, input, &answer);
        }
        for (effect, run) in work.effects {
            self.perform(luck, &effect, &run);
        }
        for key in work.forgotten {
            self.forget(&key);
        }
        !work.orderly
    }

    /// Journal, then memory.
    pub fn commit(&mut self, work: &mut Work) {
        watch::clocks(self, &work.facts, work.time);
        watch::count(&mut self.tally, &work.facts);
        watch::pools(self, &work.pools, &work.pool_facts, work.time);
        self.disk.write_pools(work.now, &std::mem::take(&mut work.pool_facts));
        self.pools = work.pools.clone();
        self.pools_wake = self.pools.wakes_at(work.now);
        self.disk.write(std::mem::take(&mut work.facts));
        (self.disk.alive_at, self.disk.firing, self.disk.orderly) = (work.now, work.firing, work.orderly);
        self.went_out.clear();
        self.stamped_at = work.now;
        self.firing = work.firing;
        self.away = Arc::clone(&work.away);
        for (id, mut lane) in std::mem::take(&mut work.lanes) {
            for run in lane.runs.values().filter(|run| !run.is_live()) {
                self.disk.ended.insert(run.id.clone(), Run::clone(run));
            }
            lane.forget_ended();
            if lane.cue.status == CueStatus::Deleted {
                self.disk.lanes.remove(&id);
                self.lanes.remove(&id);
                self.wakes.remove(&id);
            } else {
                self.wakes.insert(id.clone(), lane.wakes_at(work.now));
                self.lanes.insert(id, lane);
            }
        }
    }

    /// Agents whose report was not acknowledged try again; the tower itself does with the results of its deliveries.
    fn again_later(&mut self, luck: &mut Luck, taken: Vec<(CueId, Input)>, tower_lives: bool) {
        for (id, input) in taken {
            match input {
                Input::Report { .. } | Input::Release { .. } | Input::Ping(_) => {
                    self.post(luck.between(500, 5_000), id, input, false);
                }
                Input::Delivery { .. } | Input::Checked { .. } if tower_lives => self.post(0, id, input, true),
                _ => {}
            }
        }
    }

    fn killed(&mut self, luck: &mut Luck) {
        let longest = match luck.below(10) {
            0..4 => 0,
            4..9 => 20_000,
            _ => 20 * 3_600_000,
        };
        let off_ms = luck.below(longest + 1);
        if luck.chance(3) {
            self.step_clock(3_600_000);
        }
        self.crash(luck, off_ms);
    }

    /// The process is killed, and starts again later.
    pub fn crash(&mut self, luck: &mut Luck, off_ms: u64) {
        self.tally.crashes += 1;
        if Gap::between(self.looked, self.time.clocks).stepped_ms != 0 {
            self.line.minute_is_unknown();
        }
        assert!(self.lanes == self.disk.lanes, "memory is not what the journal says: {}", self.differences());
        assert!(self.pools == self.disk.pools, "the pools in memory are not what the journal says");
        self.mail.retain(|message| !message.dies_with_tower);
        self.went_out.clear();
        let machine_too = luck.chance(15);
        self.tower_left_processes(machine_too);
        self.time.off(off_ms);
        self.start(luck);
    }

    fn differences(&self) -> String {
        let text = |lane: &Lane| serde_json::to_string(lane).expect("a lane is text and numbers");
        let differ = self.disk.lanes.iter().filter(|(id, lane)| self.lanes.get(id) != Some(lane));
        differ
            .map(|(id, lane)| {
                format!("\ndisk   {}\nmemory {}", text(lane), self.lanes.get(id).map(text).unwrap_or_default())
            })
            .collect()
    }
}

fn with_band(known: &[Band], band: Band) -> Arc<[Band]> {
    let older = known.len().saturating_sub(BANDS_KEPT);
    known[older..].iter().copied().chain([band]).collect()
}

fn started((.., found): &&(RunId, u32, Found)) -> bool {
    matches!(found, Found::Started { .. })
}

/// A run that ended, with its definition as it was when it began.
#[derive(Clone)]
struct Ended {
    cue: CueId,
    run: RunId,
    verdict: Verdict,
    late: bool,
    /// How it had ended when something followed from that already.
    revises: Option<Verdict>,
    definition: Arc<CueDefinition>,
}

impl Ended {
    fn of(cue: &CueId, lane: &Lane, event: &Event) -> Option<Ended> {
        let (run_id, verdict, late, revises) = match event {
            Event::RunEnded { run_id, verdict, late, held: false, .. } => (run_id, verdict, *late, None),
            Event::RunVerified { run_id, verdict, follows: true, revises, .. } => (run_id, verdict, false, *revises),
            _ => return None,
        };
        let definition = Arc::clone(&lane.runs.get(run_id)?.definition);
        Some(Ended { cue: cue.clone(), run: run_id.clone(), verdict: *verdict, late, revises, definition })
    }
}
