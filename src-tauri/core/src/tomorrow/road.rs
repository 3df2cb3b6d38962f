//! The virtual clock: what happens next, in which lane, and what becomes of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::{Bounds, Fate, Fire, Given, LaneTomorrow, Rest, Tomorrow};
use crate::Ms;
use crate::attempt::{AttemptState, Usage};
use crate::away::Band;
use crate::cue::{Budget, Callback, Confirm, CueDefinition, CueStatus, GateRules, Restart, Transport};
use crate::effect::Effect;
use crate::event::Event;
use crate::gate::Gates;
use crate::id::{CueId, Dice, OccurrenceId, RunId};
use crate::input::{Decision, DeliveryResult, Exit, Input, Triggered};
use crate::lane::{self, Lane};
use crate::local_time::offset_minutes;
use crate::occurrence::{Armed, End, SkipPolicy, Trigger};
use crate::outcome::Outcome;
use crate::run::{Phase, Run, Verdict};

/// A decision counts once more for this many live and waiting runs that it looks at.
const LOOKED_AT_PER_WORK: u64 = 32;
/// And for this many instants that its jitter makes the plan look over.
const NAMED_PER_WORK: u64 = 2;
const GAPS_LOOKED_AT: usize = 8;

pub(super) struct Road {
    pub lanes: Vec<LaneOnRoad>,
    queue: BTreeMap<Key, (usize, What)>,
    /// Lanes that follow a cue.
    followers: HashMap<CueId, Vec<usize>>,
    fires: Vec<(Fire, bool)>,
    truncated: bool,
    dice: Counting,
    away: Arc<[Band]>,
    next_key: u64,
    from: Ms,
    until: Ms,
    bounds: Bounds,
}

pub(super) struct LaneOnRoad {
    pub lane: Lane,
    pub seen: LaneTomorrow,
    /// Skipped by each blackout of the schedule.
    pub blackouts: Vec<u64>,
    /// A cue that it follows left the simulation then.
    pub upstream_left: Option<Ms>,
    run_ms: u64,
    shown: bool,
    work: u64,
    /// Work of one decision.
    step_work: u64,
    /// Places in `fires` of what has not ended.
    kept: HashMap<OccurrenceId, usize>,
    tick: Option<Key>,
}

/// At one instant runs end first, then their followers fire, then time is told.
type Key = (Ms, Rank, u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Over,
    Chain,
    Tick,
}

enum What {
    Over { run_id: RunId },
    Chain { of: RunId, cue: CueId },
    Tick,
}

impl Road {
    pub fn of(given: Vec<Given>, from: Ms, until: Ms, bounds: Bounds) -> Road {
        let mut followers: HashMap<CueId, Vec<usize>> = HashMap::new();
        let places: HashMap<CueId, usize> =
            given.iter().enumerate().map(|(index, given)| (given.lane.cue.id.clone(), index)).collect();
        let lanes_definition = |index: &usize| Arc::clone(&given[*index].lane.cue.definition);
        for (index, given) in given.iter().enumerate() {
            let definition = &given.lane.cue.definition;
            if let Some((cue, _)) = definition.schedule.follows() {
                followers.entry(cue.clone()).or_default().push(index);
            }
            // Every run is taken to end well, so no fallback is foreseen.
            let fired = definition.on_success_fire.as_ref();
            let target = fired.and_then(|fired| places.get(fired)).filter(|target| {
                lanes_definition(target).schedule.follows().is_none_or(|(cue, _)| *cue != given.lane.cue.id)
            });
            if let Some(target) = target {
                followers.entry(given.lane.cue.id.clone()).or_default().push(*target);
            }
        }
        let mut road = Road {
            lanes: given.into_iter().map(|given| LaneOnRoad::of(given, from)).collect(),
            queue: BTreeMap::new(),
            followers,
            fires: Vec::new(),
            truncated: false,
            dice: Counting(0),
            away: Arc::from([]),
            next_key: 0,
            from,
            until,
            bounds,
        };
        for index in 0..road.lanes.len() {
            road.set_out(index);
        }
        road
    }

    /// What is live or armed already goes on.
    fn set_out(&mut self, index: usize) {
        let LaneOnRoad { lane, run_ms, seen, .. } = &mut self.lanes[index];
        let under_way = |run: &&Arc<Run>| matches!(run.phase, Phase::Delivering | Phase::AwaitingOutcome { .. });
        let over: Vec<(Ms, RunId)> =
            lane.live_runs().filter(under_way).map(|run| (run.began_at.plus(*run_ms), run.id.clone())).collect();
        seen.most_at_once = most(lane);
        let waiting: Vec<Armed> = lane.waiting().cloned().collect();
        for (at, run_id) in over {
            self.put(at.max(self.from), Rank::Over, index, What::Over { run_id });
        }
        for armed in waiting {
            self.keep(index, &armed);
        }
        self.plan_tick(index, self.from, self.from);
    }

    pub fn walk(&mut self) {
        let mut work_left = self.bounds.work;
        while let Some(((at, _, _), (index, what))) = self.queue.pop_first().filter(|((at, _, _), _)| *at <= self.until)
        {
            if matches!(what, What::Tick) {
                self.lanes[index].tick = None;
            }
            if self.lanes[index].seen.rest.is_some() {
                continue;
            }
            let before = self.lanes[index].work;
            self.step(index, what, at);
            work_left = work_left.saturating_sub(self.lanes[index].work - before);
            if work_left == 0 {
                (0..self.lanes.len()).for_each(|index| self.leave(index, at));
            } else if self.lanes[index].work >= self.bounds.lane_work {
                self.leave(index, at);
            }
        }
    }

    fn step(&mut self, index: usize, what: What, now: Ms) {
        let mut not_before = now;
        match what {
            What::Tick => {
                // A lane that wants its next tick at once would hold the clock.
                not_before = now.plus(1);
                self.decide(index, &Input::Tick { away: Arc::clone(&self.away), firing: true }, now);
            }
            What::Chain { of, cue } => {
                let trigger = Trigger::Chain { of, cue };
                let triggered = Triggered { trigger, payload: None, key: None, firing: true };
                self.decide(index, &Input::Triggered(triggered), now);
            }
            What::Over { run_id } => {
                let run = self.lanes[index].lane.runs.get(&run_id).filter(|run| run.is_live()).cloned();
                for input in run.map(|run| ending_well(&run)).unwrap_or_default() {
                    self.decide(index, &input, now);
                }
            }
        }
        self.plan_tick(index, now, not_before);
    }

    fn decide(&mut self, index: usize, input: &Input, now: Ms) {
        let on_road = &mut self.lanes[index];
        let Decision { events, effects, answer: _ } = lane::decide(&mut on_road.lane, input, now, &mut self.dice);
        let looked_at = on_road.lane.runs.len() + on_road.lane.held.len();
        on_road.work += on_road.step_work + looked_at as u64 / LOOKED_AT_PER_WORK;
        if events.iter().any(|event| matches!(event, Event::RunBegan { .. })) {
            on_road.seen.most_at_once = on_road.seen.most_at_once.max(most(&on_road.lane));
        }
        let over_at = now.plus(on_road.run_ms);
        let mut ended = false;
        for event in events {
            match event {
                Event::OccurrenceArmed { armed, .. } => self.keep(index, &armed),
                Event::OccurrenceEnded { id, due, end } => self.occurrence_ended(index, &id, due, end, now),
                Event::SpanEnded { count, .. } => self.lanes[index].seen.otherwise += count,
                Event::RunEnded { run_id, verdict, late, .. } => {
                    ended = true;
                    self.run_ended(index, &run_id, verdict, late, now);
                }
                Event::CueDefined { .. }
                | Event::CueStatusChanged { .. }
                | Event::BudgetSpent { .. }
                | Event::BudgetRaised {}
                | Event::TriggerUrlChanged { .. }
                | Event::PathsSeen { .. }
                | Event::OccurrenceHeld { .. }
                | Event::RunBegan { .. }
                | Event::AttemptBegan { .. }
                | Event::AttemptHeld { .. }
                | Event::AttemptReleased { .. }
                | Event::AttemptOffered { .. }
                | Event::AttemptClaimed { .. }
                | Event::LeaseExtended { .. }
                | Event::AttemptPinged { .. }
                | Event::AttemptRestarting { .. }
                | Event::RestartAsked { .. }
                | Event::AttemptSteady { .. }
                | Event::FuseMoved { .. }
                | Event::WaitMoved { .. }
                | Event::RunNoted { .. }
                | Event::AttemptDelivered { .. }
                | Event::AttemptNoted { .. }
                | Event::AttemptExited { .. }
                | Event::AttemptFailed { .. }
                | Event::DeadlineMoved { .. }
                | Event::RetryMoved { .. }
                | Event::OutcomeReported { .. }
                | Event::VerificationAsked { .. }
                | Event::RunVerified { .. }
                | Event::EvidenceAdded { .. }
                | Event::LiveClaimed { .. }
                | Event::ChecksBegan { .. }
                | Event::ChecksEnded { .. }
                | Event::StepBroke { .. }
                | Event::StepMended { .. }
                | Event::Gate { .. }
                | Event::ReportRefused { .. } => {}
            }
        }
        if ended {
            self.lanes[index].lane.forget_ended();
        }
        for effect in effects {
            match effect {
                Effect::Deliver { run_id, .. } => {
                    self.put(over_at, Rank::Over, index, What::Over { run_id });
                }
                Effect::AskPools { .. }
                | Effect::Stop { .. }
                | Effect::Forget { .. }
                | Effect::Check { .. }
                | Effect::TellFailure { .. }
                | Effect::TellAnswer { .. } => {}
            }
        }
    }

    fn run_ended(&mut self, index: usize, run_id: &RunId, verdict: Verdict, late: bool, now: Ms) {
        if verdict == Verdict::Stopped {
            self.lanes[index].seen.replaced += 1;
        }
        let cue = self.lanes[index].lane.cue.id.clone();
        let Some(followers) = self.followers.get(&cue).cloned() else { return };
        let fired = self.lanes[index].lane.cue.definition.on_success_fire.clone().filter(|_| verdict.is_good());
        for follower in followers {
            let lane = &self.lanes[follower].lane;
            let follows = lane.cue.definition.schedule.follows();
            let fires = follows.is_some_and(|(of, on)| *of == cue && on.holds(verdict, late))
                || fired.as_ref() == Some(&lane.cue.id);
            if fires && matches!(lane.cue.status, CueStatus::Active | CueStatus::Paused) {
                self.put(now, Rank::Chain, follower, What::Chain { of: run_id.clone(), cue: cue.clone() });
            }
        }
    }

    fn keep(&mut self, index: usize, armed: &Armed) {
        if armed.due > self.until || !self.lanes[index].shown {
            return;
        }
        if self.fires.len() >= self.bounds.fires_kept {
            self.truncated = true;
            return;
        }
        let on_road = &mut self.lanes[index];
        let zone = on_road.lane.plan().map_or(chrono_tz::Tz::UTC, crate::plan::Plan::zone);
        let fire = Fire {
            lane: index,
            due: armed.due,
            triggered_by: armed.trigger.word(),
            fate: Fate::Waiting,
            offset_minutes: offset_minutes(zone, armed.due),
        };
        on_road.kept.insert(armed.id.clone(), self.fires.len());
        self.fires.push((fire, false));
    }

    fn occurrence_ended(&mut self, index: usize, id: &OccurrenceId, due: Ms, end: End, now: Ms) {
        let on_road = &mut self.lanes[index];
        let seen = &mut on_road.seen;
        // Time is told to the millisecond here: what runs later than it is due has waited.
        let waited_ms = now.since(due);
        match &end {
            End::Ran => {
                seen.ran += 1;
                seen.waited += u64::from(waited_ms > 0);
                seen.longest_wait_ms = seen.longest_wait_ms.max(waited_ms);
            }
            End::Skipped { policy: SkipPolicy::Overlap } => seen.skipped_overlap += 1,
            End::Skipped { policy: SkipPolicy::QueueFull } => {
                seen.skipped_overlap += 1;
                seen.queue_full += 1;
            }
            End::Skipped { policy: SkipPolicy::Blackout } => {
                seen.skipped_blackout += 1;
                on_road.in_blackout(due);
            }
            End::Skipped { .. } | End::Coalesced { .. } | End::Missed { .. } => seen.otherwise += 1,
        }
        if let Some(place) = on_road.kept.remove(id) {
            let fate = match end {
                End::Ran if waited_ms > 0 => Fate::Waited { ms: waited_ms },
                End::Ran => Fate::Ran,
                End::Coalesced { .. } | End::Skipped { .. } | End::Missed { .. } => Fate::DidNotRun(end),
            };
            let (fire, decided) = &mut self.fires[place];
            (fire.fate, *decided) = (fate, true);
        }
    }

    fn plan_tick(&mut self, index: usize, now: Ms, not_before: Ms) {
        let on_road = &mut self.lanes[index];
        if let Some(old) = on_road.tick.take() {
            self.queue.remove(&old);
        }
        if let Some(at) = on_road.lane.wakes_at(now).map(|at| at.max(not_before)) {
            self.lanes[index].tick = Some(self.put(at, Rank::Tick, index, What::Tick));
        }
    }

    fn put(&mut self, at: Ms, rank: Rank, index: usize, what: What) -> Key {
        self.next_key += 1;
        let key = (at, rank, self.next_key);
        if at <= self.until {
            self.queue.insert(key, (index, what));
        }
        key
    }

    /// The lane is decided no further: the plan alone counts what is left.
    fn leave(&mut self, index: usize, at: Ms) {
        if self.lanes[index].seen.rest.is_some() {
            return;
        }
        let cue = self.lanes[index].lane.cue.id.clone();
        for follower in self.followers.get(&cue).cloned().unwrap_or_default() {
            self.lanes[follower].upstream_left.get_or_insert(at);
        }
        let on_road = &mut self.lanes[index];
        let mut rest = Rest { from: at, due: 0, whole: true };
        let plan = on_road.lane.plan().filter(|_| on_road.lane.cue.status == CueStatus::Active).cloned();
        let start = on_road.lane.decided.max(self.from);
        let (mut next, mut blackout) = (plan.as_ref().and_then(|plan| plan.next_after(start)), 0);
        let cost = 1 + looked_over(&on_road.lane, at);
        while let (Some(due), Some(plan)) = (next.filter(|due| *due <= self.until), &plan) {
            if self.bounds.counted < cost {
                rest.whole = false;
                break;
            }
            self.bounds.counted -= cost;
            rest.due += 1;
            if plan.spec().blackout_at(due).is_some() {
                blackout += 1;
                on_road.in_blackout(due);
            }
            next = plan.next_after(due);
        }
        on_road.seen.share_out(rest.due - blackout, blackout);
        on_road.seen.rest = Some(rest);
        self.truncated |= on_road.shown && rest.due > 0;
    }

    /// What was seen on the way. Notes are not written yet.
    pub fn arrived(&mut self) -> Tomorrow {
        for on_road in &mut self.lanes {
            let still = on_road.lane.held.len() + on_road.lane.asked.len();
            on_road.seen.still_waiting = still as u64;
            for armed in on_road.lane.held.iter().chain(&on_road.lane.asked) {
                if let Some(place) = on_road.kept.get(&armed.id) {
                    self.fires[*place].1 = true;
                }
            }
        }
        let mut fires: Vec<Fire> = self.fires.drain(..).filter(|(_, decided)| *decided).map(|(fire, _)| fire).collect();
        fires.sort_by_key(|fire| (fire.due, fire.lane));
        let lanes = self.lanes.iter().map(|on_road| on_road.seen.clone()).collect();
        Tomorrow { lanes, fires, truncated: self.truncated }
    }
}

impl LaneOnRoad {
    fn of(given: Given, now: Ms) -> LaneOnRoad {
        let Given { mut lane, run_ms, shown } = given;
        // Payloads play no part here, and each run would carry a copy.
        plain(Arc::make_mut(&mut lane.cue.definition));
        // As good as over.
        lane.runs.retain(|_, run| run.checking.is_none());
        // A long-lived agent ends by itself never.
        let ends = |run: &&mut Arc<Run>| run.is_live() && run.definition.restart() == Restart::Never;
        for run in lane.runs.values_mut().filter(ends) {
            under_way(Arc::make_mut(run), now);
        }
        lane.rebuild_plan();
        LaneOnRoad {
            seen: LaneTomorrow::default(),
            blackouts: vec![0; lane.cue.definition.schedule.blackout.len()],
            upstream_left: None,
            run_ms: run_ms.max(1),
            shown,
            work: 0,
            step_work: 1 + looked_over(&lane, now) / NAMED_PER_WORK,
            kept: HashMap::new(),
            tick: None,
            lane,
        }
    }

    fn in_blackout(&mut self, due: Ms) {
        let ranges = &self.lane.cue.definition.schedule.blackout;
        if let Some(place) = ranges.iter().position(|range| range.from <= due && due < range.to) {
            self.blackouts[place] += 1;
        }
    }
}

impl LaneTomorrow {
    /// Takes in what was counted only, in the proportions seen so far.
    fn share_out(&mut self, due: u64, in_blackout: u64) {
        let all = (self.ran + self.skipped_overlap).max(1);
        let share = |part: u64| u64::try_from(u128::from(due) * u128::from(part) / u128::from(all)).unwrap_or(u64::MAX);
        let (skipped, waited, full) = (share(self.skipped_overlap), share(self.waited), share(self.queue_full));
        let replaced = share(self.replaced);
        self.ran += due - skipped.min(due);
        self.skipped_overlap += skipped;
        self.waited += waited;
        self.queue_full += full;
        self.replaced += replaced;
        self.skipped_blackout += in_blackout;
    }
}

/// Payloads play no part here, and each run would carry a copy; who takes a run, and what it waits for on its way, is no
/// part of what is foreseen.
fn plain(definition: &mut CueDefinition) {
    definition.payload = Value::Null;
    definition.transport = Transport::Webhook(Callback {
        url: String::new(),
        method: "POST".to_owned(),
        headers: Vec::new(),
        allow_private: false,
    });
    (definition.uses, definition.preflight, definition.budget) = (Vec::new(), Vec::new(), Budget::default());
    definition.gate = GateRules::default();
    unchecked(definition);
}

/// As those to come: nothing but its end is awaited, whatever holds it up now, and no process is left to wait for.
fn under_way(run: &mut Run, now: Ms) {
    plain(Arc::make_mut(&mut run.definition));
    match &run.phase {
        Phase::Held { .. } => run.began_at = now,
        Phase::WaitingRetry { at } => run.began_at = now.max(*at),
        Phase::Offered { .. } | Phase::Delivering | Phase::AwaitingOutcome { .. } | Phase::Ended { .. } => {}
    }
    run.phase = Phase::AwaitingOutcome { deadline: None };
    (run.fuse_at, run.stand, run.broke, run.gates) = (None, None, None, Gates::default());
    if let Some(latest) = run.attempts.last_mut() {
        (latest.state, latest.pid, latest.ended_at) = (AttemptState::Delivered, None, None);
        (latest.outcome, latest.lease, latest.restart) = (None, None, None);
    }
}

/// Nothing is looked at, and nobody reports, so that nothing can be held against it either.
fn unchecked(definition: &mut CueDefinition) {
    definition.checks = Vec::new();
    definition.expect.assert = Vec::new();
    definition.expect.max_duration_ms = None;
    if definition.confirm == Confirm::Checks {
        definition.confirm = Confirm::Outcome;
    }
}

/// Instants that could have come as late as the next one, by the jitter: a plan looks over all of them.
fn looked_over(lane: &Lane, now: Ms) -> u64 {
    let Some(plan) = lane.plan().filter(|plan| plan.spec().jitter_ms > 0) else { return 0 };
    let coming = std::iter::successors(plan.next_after(now), |due| plan.next_after(*due)).take(GAPS_LOOKED_AT + 1);
    let coming: Vec<Ms> = coming.collect();
    match (coming.first(), coming.last()) {
        (Some(first), Some(last)) if first < last => {
            plan.spec().jitter_ms * (coming.len() as u64 - 1) / last.since(*first)
        }
        (_, _) => 0,
    }
}

fn most(lane: &Lane) -> u32 {
    u32::try_from(lane.live_runs().count()).unwrap_or(u32::MAX)
}

/// What is told of a run when it is over, so that it ends confirmed, or claimed where the cue asks for no proof.
fn ending_well(run: &Run) -> Vec<Input> {
    let (run_id, number) = (run.id.clone(), run.latest().number);
    let report = || Input::Report {
        run_id: run_id.clone(),
        attempt: Some(number),
        outcome: Box::new(Outcome {
            success: true,
            summary: Some("simulated".to_owned()),
            external_id: Some("simulated".to_owned()),
            result_url: Some("simulated:".to_owned()),
            result_ref: Some("simulated".to_owned()),
            artifacts: vec![Value::from("simulated")],
            processed: Some(run.definition.expect.min_processed.unwrap_or(1.0).max(1.0)),
            errors: Some(0.0),
            assertions: run.expect().assertions.into_iter().map(|name| (name, true)).collect(),
            ..Outcome::default()
        }),
    };
    let exit = || Exit { exit_code: Some(0), words: "exit code 0".to_owned(), usage: Usage::default() };
    let told = |result| Input::Delivery { run_id: run_id.clone(), number, result };
    match run.definition.confirm {
        Confirm::Outcome | Confirm::Checks => vec![report()],
        Confirm::ExitCode => {
            vec![report(), told(DeliveryResult::Exited(exit()))]
        }
        Confirm::Delivery => vec![told(DeliveryResult::Answered {
            status: 200,
            words: "200 OK".to_owned(),
            retry_after_ms: None,
            outcome: None,
        })],
    }
}

/// Numbers that only have to differ: SplitMix64.
pub(super) struct Counting(pub u64);

impl Dice for Counting {
    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ bits >> 31
    }
}
