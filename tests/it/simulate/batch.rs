//! One batch, as the engine's pilot does it: decide → journal → apply → perform.

use std::collections::BTreeMap;
use std::sync::Arc;

use cuetower_core::Ms;
use cuetower_core::away::{Band, Gap, Reason};
use cuetower_core::cue::CueStatus;
use cuetower_core::effect::Effect;
use cuetower_core::event::Event;
use cuetower_core::id::{CueId, RunId};
use cuetower_core::input::{Answer, Input, Triggered};
use cuetower_core::lane::{self, Lane};
use cuetower_core::occurrence::Trigger;
use cuetower_core::outcome::Outcome;
use cuetower_core::run::Run;

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
    lanes: BTreeMap<CueId, Lane>,
    facts: Vec<Fact>,
    effects: Vec<(Effect, Arc<Run>)>,
    reports: Vec<(CueId, RunId, Outcome, Answer)>,
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
        for (id, run_id) in self.went_out.clone() {
            self.decide(luck, &mut work, &id, &Input::WentOut { run_id });
        }
        self.notice_gap(luck, &mut work);
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
        self.firing = self.disk.firing;
        self.looked = self.time.clocks;
        // Nothing goes ahead of its commit before this life has a stamp of its own: a second kill would not know of it.
        self.stamped_at = alive_at;
        let mut work = self.work();
        if alive_at < work.now {
            work.away = with_band(&self.away, Band { from: alive_at, to: work.now, reason: Reason::Off });
        }
        for id in self.lanes.keys().cloned().collect::<Vec<_>>() {
            let recovered = Input::Recovered { alive_at, orderly, firing: work.firing };
            self.decide(luck, &mut work, &id, &recovered);
            self.ticks(luck, &mut work, &id);
        }
        let lost = |fact: &&Fact| matches!(fact.event, Event::AttemptFailed { lost: true, .. });
        self.tally.lost_attempts += work.facts.iter().filter(lost).count() as u64;
        let fate = match Fate::thrown(luck) {
            _ if self.quiet => Fate::Lands,
            // A tower that cannot write does not start.
            Fate::CommitFails => Fate::CrashesBeforeCommit,
            fate => fate,
        };
        self.land(luck, work, Vec::new(), fate);
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
        let shifted = Input::Shifted { slept_ms: gap.slept_ms + gap.stalled_ms, stepped_ms: gap.stepped_ms };
        let live = self.lanes.iter().filter(|(_, lane)| !lane.runs.is_empty());
        for id in live.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.decide(luck, work, &id, &shifted);
        }
    }

    /// A look at the clocks that found nothing to do, stamped.
    pub fn idle(&mut self) {
        self.looked = self.time.clocks;
        self.stamped_at = self.now();
        self.disk.alive_at = self.now();
    }

    fn work(&self) -> Work {
        Work {
            now: self.now(),
            time: self.time,
            lanes: BTreeMap::new(),
            facts: Vec::new(),
            effects: Vec::new(),
            reports: Vec::new(),
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

    fn take(&mut self, luck: &mut Luck, work: &mut Work, id: &CueId, input: Input) {
        let run_id = match &input {
            Input::Report { run_id, .. } | Input::Delivery { run_id, .. } | Input::Stop { run_id } => {
                Some(run_id.clone())
            }
            _ => None,
        };
        let Some(lane) = self.lane(work, id) else { return };
        match &run_id {
            Some(run) => drop(self.disk.ended.get(run).map(|run| lane.recall(run.clone()))),
            // What came due before the change is decided before the change.
            None => self.tick(luck, work, id),
        }
        let answer = self.decide(luck, work, id, &input);
        if let Input::Report { run_id, outcome, .. } = input {
            work.reports.push((id.clone(), run_id, *outcome, answer));
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
        let (now, firing) = (work.now, work.firing);
        let Some(lane) = self.lane(work, id) else { return Answer::Done };
        let before = watch::Before::of(lane, input);
        let decision = lane::decide(lane, input, now, luck);
        watch::decided(&before, lane, input, &decision, now, firing);
        let ended: Vec<_> = decision.events.iter().filter_map(ended).collect();
        let with_run = |effect: Effect| {
            let (Effect::Deliver { run_id, .. } | Effect::Stop { run_id, .. }) = &effect;
            let run = Arc::clone(&lane.runs[run_id]);
            (effect, run)
        };
        let effects: Vec<_> = decision.effects.into_iter().map(with_run).collect();
        work.effects.extend(effects);
        work.facts.extend(decision.events.into_iter().map(|event| Fact { cue: id.clone(), at: now, event }));
        for (run_id, verdict, late) in ended {
            self.fire_followers(luck, work, id, &run_id, |on| on.holds(verdict, late));
        }
        decision.answer
    }

    /// In the same batch as the end that fires them: both are on disk, or neither.
    fn fire_followers(
        &mut self,
        luck: &mut Luck,
        work: &mut Work,
        of: &CueId,
        run_id: &RunId,
        holds: impl Fn(cuetower_core::schedule_spec::AfterEnd) -> bool,
    ) {
        for id in self.lanes.keys().cloned().collect::<Vec<_>>() {
            let lane = work.lanes.get(&id).unwrap_or(&self.lanes[&id]);
            if lane.cue.definition.schedule.follows().is_some_and(|(cue, on)| cue == of && holds(on)) {
                let trigger = Trigger::Chain { of: run_id.clone(), cue: of.clone() };
                let firing = work.firing;
                let triggered = Triggered { trigger, payload: None, key: None, firing };
                self.decide(luck, work, &id, &Input::Triggered(triggered));
            }
        }
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
        let worth = stamp || !work.facts.is_empty() || work.firing != self.firing || work.orderly || work.gap;
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
        match fate {
            Fate::CrashesAfterCommit => {
                self.again_later(luck, taken, false);
                self.killed(luck);
                return false;
            }
            Fate::CrashesAmidEffects => {
                // Answers and effects go out in any order, up to the kill.
                let answered = luck.below(work.reports.len() as u64 + 1) as usize;
                for (id, run_id, outcome, answer) in work.reports.drain(..answered) {
                    self.told(luck, id, run_id, outcome, &answer);
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
        for (id, run_id, outcome, answer) in work.reports {
            self.told(luck, id, run_id, outcome, &answer);
        }
        for (effect, run) in work.effects {
            self.perform(luck, &effect, &run);
        }
        !work.orderly
    }

    /// Journal, then memory.
    fn commit(&mut self, work: &mut Work) {
        watch::deadlines(self, &work.facts, work.time);
        watch::count(&mut self.tally, &work.facts);
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
                Input::Report { .. } => self.post(luck.between(500, 5_000), id, input, false),
                Input::Delivery { .. } if tower_lives => self.post(0, id, input, true),
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
        assert!(self.lanes == self.disk.lanes, "memory is not what the journal says: {}", self.differences());
        self.mail.retain(|message| !message.dies_with_tower);
        self.went_out.clear();
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

fn ended(event: &Event) -> Option<(RunId, cuetower_core::run::Verdict, bool)> {
    match event {
        Event::RunEnded { run_id, verdict, late, .. } => Some((run_id.clone(), *verdict, *late)),
        _ => None,
    }
}
