//! One cue in a world where nothing goes wrong but what is made to, and what its ledger says afterwards, in one line.

use std::collections::BTreeMap;

use cuetower_core::Ms;
use cuetower_core::audit::Audit;
use cuetower_core::cue::{
    AlertRules, Budget, CatchUp, CatchUpPolicy, Confirm, CueDefinition, Delivery, Expect, FireRules, GateRules,
    OnFailure, OnLoop, Overlap, Retry,
};
use cuetower_core::event::Event;
use cuetower_core::id::{AccountId, CueId, OccurrenceId, RunId};
use cuetower_core::input::Input;
use cuetower_core::occurrence::End;
use cuetower_core::run::Verdict;
use cuetower_core::schedule_spec::ScheduleSpec;
use cuetower_core::time::{HOUR_MS, MINUTE_MS};
use serde_json::json;

use super::batch::Tower;
use super::fleet;
use super::luck::Luck;
use super::world::{Fate, World};

/// Wednesday, 2026-06-10, 12:00:01 UTC.
pub const NOON: Ms = Ms(1_781_092_801_000);

pub struct Scene {
    pub world: World,
    pub luck: Luck,
    pub cue: CueId,
}

impl Scene {
    /// Every ten minutes, useful for twelve hours; its agent works two seconds and reports success.
    pub fn new(catch_up: CatchUpPolicy, overlap: Overlap) -> Scene {
        Scene::of(NOON, ScheduleSpec::recurring("*/10 * * * *", "UTC"), catch_up, overlap)
    }

    pub fn of(now: Ms, schedule: ScheduleSpec, policy: CatchUpPolicy, overlap: Overlap) -> Scene {
        let definition = CueDefinition {
            account: AccountId::OWNER,
            name: "scene".to_owned(),
            description: None,
            agent: String::new(),
            schedule,
            transport: fleet::webhook(),
            payload: json!({}),
            retry: Retry::default(),
            delivery: Delivery::default(),
            confirm: Confirm::Outcome,
            catch_up: CatchUp { policy, within_ms: Some(12 * HOUR_MS) },
            overlap,
            expect: Expect::default(),
            alerts: AlertRules::default(),
            retention: cuetower_core::retention::Keep::default(),
            fires: FireRules::default(),
            pause_on_failure: false,
            on_failure: OnFailure::default(),
            on_success_fire: None,
            budget: Budget::default(),
            heartbeat: None,
            loops: OnLoop::default(),
            uses: Vec::new(),
            preflight: Vec::new(),
            checks: Vec::new(),
            lends: Vec::new(),
            gate: GateRules::default(),
            priority: 0,
        };
        let cue = CueId("cue_scene".to_owned());
        let mut world = World::with(now, vec![(cue.clone(), definition)]);
        world.works_ms = Some(2_000);
        Scene { world, luck: Luck::of(1), cue }
    }

    pub fn live(&mut self, length_ms: u64) {
        self.world.live(&mut self.luck, length_ms);
        self.look();
    }

    /// Asleep, and the first batch after it.
    pub fn sleep(&mut self, length_ms: u64) {
        self.world.sleep(length_ms);
        self.look();
    }

    pub fn step(&mut self, by_ms: i64) {
        self.world.step_clock(by_ms);
        self.look();
    }

    pub fn crash(&mut self, off_ms: u64) {
        self.world.crash(&mut self.luck, off_ms);
        self.look();
    }

    /// The owner answers the oldest question.
    pub fn answer(&mut self, run: bool) {
        let occurrence_id = self.world.lanes[&self.cue].asked[0].id.clone();
        self.give(Input::Answer { occurrence_id, run });
    }

    pub fn give(&mut self, input: Input) {
        self.world.batch(&mut self.luck, vec![(self.cue.clone(), input)], Tower::Goes, Fate::Lands);
    }

    fn look(&mut self) {
        let inputs = self.world.arrived(&mut self.luck);
        self.world.batch(&mut self.luck, inputs, Tower::Goes, Fate::Lands);
    }

    /// "12:10 ran; 12:20 ×3 coalesced": neighbours that ended alike share an entry. Panics if the ledger has a hole.
    pub fn ledger(&self) -> String {
        let mut audit = Audit::new(self.cue.clone());
        let mut ends: BTreeMap<Ms, (u64, String)> = BTreeMap::new();
        let mut due: BTreeMap<&OccurrenceId, Ms> = BTreeMap::new();
        let mut ran: BTreeMap<&RunId, Ms> = BTreeMap::new();
        for fact in &self.world.disk.journal {
            audit.take(fact.at, &fact.event);
            match &fact.event {
                Event::OccurrenceArmed { armed, .. } => drop(due.insert(&armed.id, armed.due)),
                Event::OccurrenceHeld { id, asks, .. } => {
                    ends.insert(due[id], (1, if *asks { "asks" } else { "waits" }.to_owned()));
                }
                Event::RunBegan { run_id, occurrence_id } => drop(ran.insert(run_id, due[occurrence_id])),
                Event::OccurrenceEnded { due, end, .. } => drop(ends.insert(*due, (1, words(end)))),
                Event::SpanEnded { from, count, end, .. } => drop(ends.insert(*from, (*count, words(end)))),
                Event::RunEnded { run_id, verdict, .. } if !verdict.is_good() => {
                    ends.insert(ran[run_id], (1, format!("ran, {}", verdict.word())));
                }
                _ => {}
            }
        }
        let audited = audit.finish(self.world.now());
        assert_eq!(audited.unexplained, 0, "{:?}", audited.findings);
        let named: u64 = ends.values().map(|(count, _)| count).sum();
        let armed = self.world.lanes[&self.cue].armed.len() as u64;
        assert!(named == audited.instants || named + armed == audited.instants, "each instant is in the line once");
        grouped(ends)
    }

    /// How many runs there were, and how many came to a good end.
    pub fn runs(&self) -> (usize, usize) {
        let count = |what: fn(&Event) -> bool| self.world.disk.journal.iter().filter(|fact| what(&fact.event)).count();
        let began = count(|event| matches!(event, Event::RunBegan { .. }));
        let good = count(|event| matches!(event, Event::RunEnded { verdict: Verdict::Claimed, .. }));
        (began, good)
    }
}

fn words(end: &End) -> String {
    match end {
        End::Missed { reason } => format!("missed ({})", reason.split([';', ',']).next().unwrap_or_default()),
        End::Skipped { policy } => format!("skipped ({policy:?})").to_lowercase(),
        End::Ran | End::Coalesced { .. } => end.word().to_owned(),
    }
}

fn grouped(ends: BTreeMap<Ms, (u64, String)>) -> String {
    let mut groups: Vec<(Ms, u64, String)> = Vec::new();
    for (due, (count, word)) in ends {
        match groups.last_mut() {
            Some((_, total, last)) if *last == word => *total += count,
            _ => groups.push((due, count, word)),
        }
    }
    let entry = |(due, count, word): &(Ms, u64, String)| {
        let minutes = due.0.unsigned_abs() / MINUTE_MS % 1_440;
        let times = if *count > 1 { format!(" ×{count}") } else { String::new() };
        format!("{:02}:{:02}{times} {word}", minutes / 60, minutes % 60)
    };
    groups.iter().map(entry).collect::<Vec<_>>().join("; ")
}
