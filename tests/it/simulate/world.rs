//! A tower without a machine: lanes in memory, a journal on a pretended disk, agents that misbehave, and a clock that jumps.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use cuetower_core::Ms;
use cuetower_core::cue::{Confirm, CueStatus};
use cuetower_core::effect::Effect;
use cuetower_core::event::Event;
use cuetower_core::id::{CueId, RunId};
use cuetower_core::input::{Answer, DeliveryResult, Fire, Input};
use cuetower_core::lane::{self, Lane};
use cuetower_core::occurrence::Trigger;
use cuetower_core::outcome::Outcome;
use cuetower_core::run::Run;

use super::fleet;
use super::luck::Luck;

/// What happened in all, so that a world in which nothing happens is noticed.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    pub crashes: u64,
    pub failed_commits: u64,
    pub deliveries: u64,
    pub acknowledged: u64,
    pub refused: u64,
    pub lost_attempts: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Tally) {
        self.crashes += other.crashes;
        self.failed_commits += other.failed_commits;
        self.deliveries += other.deliveries;
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.lost_attempts += other.lost_attempts;
    }
}

/// One fact on the pretended disk.
pub struct Fact {
    pub cue: CueId,
    pub at: Ms,
    pub event: Event,
}

/// Something on its way to the tower.
struct Message {
    at: Ms,
    cue: CueId,
    input: Input,
    /// A result of a delivery lives in the tower's own process and dies with it; an agent keeps trying.
    dies_with_tower: bool,
}

pub struct World {
    pub now: Ms,
    pub journal: Vec<Fact>,
    pub lanes: BTreeMap<CueId, Lane>,
    /// Reports the tower said it has recorded: run and outcome.
    pub acknowledged: Vec<(RunId, Outcome)>,
    pub tally: Tally,
    mail: Vec<Message>,
    up_since: Ms,
    alive_at: Ms,
    /// Attempts and armed runs that are on the pretended disk.
    begun: HashSet<(RunId, u32)>,
    armed: HashSet<RunId>,
    /// Runs that left memory, as the store remembers them.
    ended: HashMap<RunId, Run>,
    /// Deliveries that went out, each at most once.
    sent: HashSet<(RunId, u32)>,
    /// Went out by their licence in a batch that was not written.
    went_out: Vec<(CueId, RunId)>,
    quiet: bool,
}

/// How a batch ends.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Lands,
    CommitFails,
    CrashesBeforeCommit,
    CrashesAfterCommit,
}

impl World {
    pub fn new(luck: &mut Luck) -> World {
        // Somewhere in the weeks around the clock changes of spring.
        let now = Ms(1_772_000_000_000 + luck.below(40 * 86_400_000) as i64);
        let mut world = World {
            now,
            journal: Vec::new(),
            lanes: BTreeMap::new(),
            acknowledged: Vec::new(),
            tally: Tally::default(),
            mail: Vec::new(),
            up_since: now,
            alive_at: now,
            begun: HashSet::new(),
            armed: HashSet::new(),
            ended: HashMap::new(),
            sent: HashSet::new(),
            went_out: Vec::new(),
            quiet: false,
        };
        for definition in fleet::fleet(luck, now) {
            let event = Lane::created(CueId::thrown(luck), definition);
            let lane = Lane::first(now, &event).expect("a definition begins a lane");
            world.journal.push(Fact { cue: lane.cue.id.clone(), at: now, event });
            world.lanes.insert(lane.cue.id.clone(), lane);
        }
        world
    }

    /// Time passes a little or a lot, then the tower does one batch.
    pub fn step(&mut self, luck: &mut Luck) {
        let pass = match luck.below(100) {
            0..60 => luck.between(1, 4_000),
            60..90 => luck.between(4_000, 300_000),
            90..98 => luck.between(300_000, 7_200_000),
            _ => luck.between(7_200_000, 40 * 3_600_000),
        };
        // A clock set back in the very seconds between a failed commit and a crash is the one thing that may send attempt 1 twice.
        if luck.chance(2) && self.went_out.is_empty() {
            self.now = self.now.minus(luck.between(1, 90_000));
        } else {
            self.now = self.now.plus(pass);
        }
        let mut inputs = self.arrived(luck);
        if luck.chance(25) {
            inputs.extend(self.owners_whim(luck));
        }
        let fate = match luck.below(100) {
            0..84 => Fate::Lands,
            84..90 => Fate::CommitFails,
            90..95 => Fate::CrashesBeforeCommit,
            _ => Fate::CrashesAfterCommit,
        };
        self.batch(luck, inputs, fate);
    }

    /// No more chaos: everything under way comes to its end.
    pub fn settle(&mut self, luck: &mut Luck) {
        self.quiet = true;
        for round in 0..4_000 {
            self.now = self.now.plus(if round < 200 { 2_000 } else { 30_000 });
            for id in self.lanes.keys().cloned().collect::<Vec<_>>() {
                if round == 150 {
                    self.batch(luck, vec![(id, Input::Pause)], Fate::Lands);
                }
            }
            let inputs = self.arrived(luck);
            self.batch(luck, inputs, Fate::Lands);
            let busy = |lane: &Lane| !lane.runs.is_empty() || !lane.held.is_empty() || !lane.armed.is_empty();
            if round > 150 && self.mail.is_empty() && !self.lanes.values().any(busy) {
                return;
            }
        }
        panic!("a run that nothing hinders did not come to its end");
    }

    fn batch(&mut self, luck: &mut Luck, inputs: Vec<(CueId, Input)>, fate: Fate) {
        let mut copy = self.lanes.clone();
        let mut facts = Vec::new();
        let mut effects = Vec::new();
        let mut reports = Vec::new();
        let taken = inputs.clone();
        for (id, run_id) in self.went_out.clone() {
            self.decide(luck, &mut copy, &id, &Input::WentOut { run_id }, &mut facts, &mut effects);
        }
        for id in self.lanes.keys() {
            // A long absence is decided in several ticks.
            for _ in 0..64 {
                if copy[id].wakes_at().is_none_or(|at| at > self.now) {
                    break;
                }
                self.decide(luck, &mut copy, id, &self.tick(), &mut facts, &mut effects);
            }
        }
        for (id, input) in inputs {
            if !copy.contains_key(&id) {
                continue;
            }
            if matches!(input, Input::Edit { .. } | Input::Pause | Input::Resume | Input::Delete | Input::Fire(_)) {
                self.decide(luck, &mut copy, &id, &self.tick(), &mut facts, &mut effects);
            }
            if let Some(run) = input_run(&input).and_then(|run| self.ended.get(run)) {
                copy.get_mut(&id).expect("asked above").recall(run.clone());
            }
            let answer = self.decide(luck, &mut copy, &id, &input, &mut facts, &mut effects);
            if let Input::Report { run_id, outcome, .. } = input {
                reports.push((id, run_id, *outcome, answer));
            }
        }
        // As the pilot does: only while the last stamp of life is young and the store well.
        let may_go_ahead = self.went_out.is_empty() && self.now.since(self.alive_at) < 8_000;
        let licensed = effects
            .extract_if(.., |(effect, _)| may_go_ahead && matches!(effect, Effect::Deliver { licensed: true, .. }));
        for (effect, run) in licensed.collect::<Vec<_>>() {
            self.perform(luck, &effect, &run);
            if fate == Fate::CommitFails {
                self.went_out.push((run.cue_id.clone(), run.id.clone()));
            }
        }
        match fate {
            Fate::CommitFails => {
                self.tally.failed_commits += 1;
                return self.again_later(luck, taken, true);
            }
            Fate::CrashesBeforeCommit => {
                self.again_later(luck, taken, false);
                return self.crash(luck);
            }
            Fate::Lands | Fate::CrashesAfterCommit => {}
        }
        self.write(facts);
        self.went_out.clear();
        self.alive_at = self.now;
        self.adopt(copy);
        if fate == Fate::CrashesAfterCommit {
            self.again_later(luck, taken, false);
            return self.crash(luck);
        }
        for (id, run_id, outcome, answer) in reports {
            self.told(luck, id, run_id, outcome, &answer);
        }
        for (effect, run) in effects {
            self.perform(luck, &effect, &run);
        }
    }

    fn tick(&self) -> Input {
        Input::Tick { up_since: self.up_since, firing: true }
    }

    fn decide(
        &self,
        luck: &mut Luck,
        copy: &mut BTreeMap<CueId, Lane>,
        id: &CueId,
        input: &Input,
        facts: &mut Vec<Fact>,
        effects: &mut Vec<(Effect, Arc<Run>)>,
    ) -> Answer {
        let lane = copy.get_mut(id).expect("the caller looked");
        let decision = lane::decide(lane, input, self.now, luck);
        facts.extend(decision.events.into_iter().map(|event| Fact { cue: id.clone(), at: self.now, event }));
        for effect in decision.effects {
            let (Effect::Deliver { run_id, .. } | Effect::Stop { run_id, .. }) = &effect;
            effects.push((effect.clone(), Arc::clone(&lane.runs[run_id])));
        }
        decision.answer
    }

    fn told(&mut self, luck: &mut Luck, id: CueId, run_id: RunId, outcome: Outcome, answer: &Answer) {
        match answer {
            Answer::Recorded { .. } => {
                self.tally.acknowledged += 1;
                if !self.quiet && luck.chance(15) {
                    // The answer was lost on its way, or the agent has second thoughts.
                    let outcome = if luck.chance(50) {
                        outcome.clone()
                    } else {
                        Outcome { success: !outcome.success, ..outcome.clone() }
                    };
                    self.post(self.now.plus(luck.between(1, 60_000)), id, report(run_id.clone(), None, outcome), false);
                }
                self.acknowledged.push((run_id, outcome));
            }
            Answer::Refused(_) => self.tally.refused += 1,
            Answer::Done | Answer::Fired { .. } => panic!("a report was answered with {answer:?}"),
        }
    }

    /// Agents whose report was not acknowledged try again; the tower itself does with the results of its deliveries.
    fn again_later(&mut self, luck: &mut Luck, taken: Vec<(CueId, Input)>, tower_lives: bool) {
        for (id, input) in taken {
            match input {
                Input::Report { .. } => self.post(self.now.plus(luck.between(500, 5_000)), id, input, false),
                Input::Delivery { .. } if tower_lives => self.post(self.now, id, input, true),
                _ => {}
            }
        }
    }

    /// The process is killed; later it starts again and reads what is on disk.
    fn crash(&mut self, luck: &mut Luck) {
        self.tally.crashes += 1;
        self.mail.retain(|message| !message.dies_with_tower);
        self.went_out.clear();
        if luck.chance(60) {
            let longest = if luck.chance(20) { 20 * 3_600_000 } else { 20_000 };
            self.now = self.now.plus(luck.between(1, longest));
        }
        let before = std::mem::take(&mut self.lanes);
        self.lanes = self.replayed();
        assert_eq!(plain(&before), plain(&self.lanes), "the journal says what memory said");
        self.up_since = self.now;
        let mut copy = self.lanes.clone();
        let mut facts = Vec::new();
        let mut effects = Vec::new();
        for id in self.lanes.keys() {
            let recovered = Input::Recovered { alive_at: self.alive_at, orderly: false };
            self.decide(luck, &mut copy, id, &recovered, &mut facts, &mut effects);
        }
        self.tally.lost_attempts +=
            facts.iter().filter(|fact| matches!(fact.event, Event::AttemptFailed { lost: true, .. })).count() as u64;
        self.write(facts);
        self.adopt(copy);
        for (effect, run) in effects {
            self.perform(luck, &effect, &run);
        }
    }

    fn replayed(&self) -> BTreeMap<CueId, Lane> {
        let mut lanes: BTreeMap<CueId, Lane> = BTreeMap::new();
        for Fact { cue, at, event } in &self.journal {
            match lanes.get_mut(cue) {
                Some(lane) => lane.apply(*at, event),
                None => {
                    drop(lanes.insert(cue.clone(), Lane::first(*at, event).expect("a lane begins with its definition")))
                }
            }
        }
        lanes.retain(|_, lane| lane.cue.status != CueStatus::Deleted);
        lanes.values_mut().for_each(Lane::forget_ended);
        lanes
    }

    /// Journal, and what is looked up in it.
    fn write(&mut self, facts: Vec<Fact>) {
        for fact in &facts {
            match &fact.event {
                Event::OccurrenceArmed { armed, .. } => drop(self.armed.insert(armed.run_id.clone())),
                Event::RunBegan { run_id, .. } => drop(self.begun.insert((run_id.clone(), 1))),
                Event::AttemptBegan { run_id, number } => drop(self.begun.insert((run_id.clone(), *number))),
                _ => {}
            }
        }
        self.journal.extend(facts);
    }

    fn adopt(&mut self, mut lanes: BTreeMap<CueId, Lane>) {
        for run in lanes.values().flat_map(|lane| lane.runs.values()).filter(|run| !run.is_live()) {
            self.ended.insert(run.id.clone(), Run::clone(run));
        }
        lanes.retain(|_, lane| lane.cue.status != CueStatus::Deleted);
        lanes.values_mut().for_each(Lane::forget_ended);
        self.lanes = lanes;
    }

    fn perform(&mut self, luck: &mut Luck, effect: &Effect, run: &Run) {
        let Effect::Deliver { run_id, number, licensed } = effect else { return };
        let attempt = (run_id.clone(), *number);
        let written = self.begun.contains(&attempt) || (*licensed && self.armed.contains(run_id));
        assert!(written, "attempt {number} of {run_id} went out before it was written down");
        assert!(self.sent.insert(attempt), "attempt {number} of {run_id} went out twice");
        self.tally.deliveries += 1;
        self.agent(luck, run, *number);
    }

    /// What the agent does with a delivery, and what the tower's own side sees of it.
    fn agent(&mut self, luck: &mut Luck, run: &Run, number: u32) {
        let (cue, id) = (run.cue_id.clone(), run.id.clone());
        let soon = self.now.plus(luck.between(1, 20_000));
        let seen = |result| Input::Delivery { run_id: id.clone(), number, result };
        let words = String::from("simulated");
        let arrived = if run.definition.transport.is_command() {
            if luck.chance(10) {
                self.post(soon, cue.clone(), seen(DeliveryResult::NotDelivered { words: words.clone() }), true);
                false
            } else {
                self.post(soon, cue.clone(), seen(DeliveryResult::Started { pid: 7 }), true);
                let exit_code = if luck.chance(80) { Some(0) } else { Some(1) };
                let end = soon.plus(luck.between(0, 120_000));
                self.post(end, cue.clone(), seen(DeliveryResult::Exited { exit_code, words: words.clone() }), true);
                true
            }
        } else {
            let result = match luck.below(10) {
                0 => DeliveryResult::NotDelivered { words: words.clone() },
                1..3 => {
                    DeliveryResult::Answered { status: 503, words: words.clone(), retry_after_ms: None, outcome: None }
                }
                3 => DeliveryResult::Unanswered { words: words.clone() },
                4 => {
                    let outcome = Some(Box::new(outcome(luck)));
                    DeliveryResult::Answered { status: 200, words: words.clone(), retry_after_ms: None, outcome }
                }
                _ => {
                    DeliveryResult::Answered { status: 200, words: words.clone(), retry_after_ms: None, outcome: None }
                }
            };
            let arrived = !matches!(result, DeliveryResult::NotDelivered { .. });
            self.post(soon, cue.clone(), seen(result), true);
            arrived
        };
        if arrived && run.definition.confirm != Confirm::Delivery && luck.chance(75) {
            let late = if luck.chance(15) { luck.between(600_000, 7_200_000) } else { luck.between(0, 60_000) };
            let presented = luck.chance(70).then_some(number);
            self.post(self.now.plus(late), cue, report(id, presented, outcome(luck)), false);
        }
    }

    fn owners_whim(&mut self, luck: &mut Luck) -> Option<(CueId, Input)> {
        let ids: Vec<CueId> = self.lanes.keys().cloned().collect();
        if ids.is_empty() {
            return None;
        }
        let id = luck.pick(&ids).clone();
        let lane = &self.lanes[&id];
        let input = match luck.below(20) {
            0..8 => {
                let send_at = luck.chance(30).then(|| self.now.plus(luck.between(1, 600_000)));
                let key = luck.chance(20).then(|| format!("key-{}", luck.below(3)));
                Input::Fire(Fire { payload: None, send_at, key, trigger: Trigger::ManualFire })
            }
            8..11 => Input::Edit { definition: Box::new(fleet::edited(luck, &lane.cue.definition)), revision: None },
            11..13 => Input::Pause,
            13..17 => Input::Resume,
            17..19 => Input::Stop { run_id: lane.runs.keys().next()?.clone() },
            _ if luck.chance(20) => Input::Delete,
            _ => return None,
        };
        Some((id, input))
    }

    fn post(&mut self, at: Ms, cue: CueId, input: Input, dies_with_tower: bool) {
        self.mail.push(Message { at, cue, input, dies_with_tower });
    }

    /// What has come in by now: mostly in order, some of it twice.
    fn arrived(&mut self, luck: &mut Luck) -> Vec<(CueId, Input)> {
        let now = self.now;
        let mut here: Vec<Message> = self.mail.extract_if(.., |message| message.at <= now).collect();
        here.sort_by_key(|message| message.at);
        let mut inputs = Vec::new();
        for message in here {
            let again = matches!(message.input, Input::Report { .. }) && luck.chance(10);
            let times = if again { 2 } else { 1 };
            inputs.extend(std::iter::repeat_n((message.cue, message.input), times));
        }
        inputs
    }
}

fn input_run(input: &Input) -> Option<&RunId> {
    match input {
        Input::Report { run_id, .. } | Input::Delivery { run_id, .. } | Input::Stop { run_id } => Some(run_id),
        _ => None,
    }
}

fn report(run_id: RunId, attempt: Option<u32>, outcome: Outcome) -> Input {
    Input::Report { run_id, attempt, outcome: Box::new(outcome) }
}

fn outcome(luck: &mut Luck) -> Outcome {
    Outcome {
        success: luck.chance(75),
        processed: luck.chance(80).then(|| luck.below(300) as f64),
        summary: luck.chance(50).then(|| format!("number {}", luck.below(1_000_000))),
        ..Outcome::default()
    }
}

/// Lanes as plain values: what is derived is left out.
fn plain(lanes: &BTreeMap<CueId, Lane>) -> serde_json::Value {
    serde_json::to_value(lanes.values().collect::<Vec<_>>()).expect("a lane is text and numbers")
}
