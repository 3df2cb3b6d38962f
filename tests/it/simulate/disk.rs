//! The pretended disk: the journal, the lanes it makes, and what is looked up in it.

use std::collections::{BTreeMap, HashMap, HashSet};

use cuetower_core::Ms;
use cuetower_core::cue::CueStatus;
use cuetower_core::event::Event;
use cuetower_core::id::{CueId, RunId};
use cuetower_core::lane::Lane;
use cuetower_core::pool::{PoolBook, PoolEvent};
use cuetower_core::run::Run;

/// One fact on the pretended disk.
#[derive(Clone)]
pub struct Fact {
    pub cue: CueId,
    pub at: Ms,
    pub event: Event,
}

pub struct Disk {
    pub journal: Vec<Fact>,
    /// What the facts about the pools say they are.
    pub pools: PoolBook,
    /// Those facts as text, each with its instant and the length of the journal before it; kept only to be looked at.
    pub pool_facts: Option<Vec<(usize, Ms, String)>>,
    /// What the journal says the lanes are: each fact applied once, when it was written.
    pub lanes: BTreeMap<CueId, Lane>,
    /// Attempts and armed runs that are on it.
    pub begun: HashSet<(RunId, u32)>,
    pub armed: HashSet<RunId>,
    /// Runs that left memory.
    pub ended: HashMap<RunId, Run>,
    pub alive_at: Ms,
    pub orderly: bool,
    pub firing: bool,
}

impl Disk {
    pub fn new(now: Ms) -> Disk {
        Disk {
            journal: Vec::new(),
            pools: PoolBook::default(),
            pool_facts: None,
            lanes: BTreeMap::new(),
            begun: HashSet::new(),
            armed: HashSet::new(),
            ended: HashMap::new(),
            alive_at: now,
            orderly: false,
            firing: true,
        }
    }

    pub fn write(&mut self, facts: Vec<Fact>) {
        for fact in &facts {
            apply(&mut self.lanes, fact);
            match &fact.event {
                Event::OccurrenceArmed { armed, .. } => drop(self.armed.insert(armed.run_id.clone())),
                Event::RunBegan { run_id, .. } => drop(self.begun.insert((run_id.clone(), 1))),
                Event::AttemptBegan { run_id, number } => drop(self.begun.insert((run_id.clone(), *number))),
                Event::RunEnded { run_id, .. } | Event::ChecksEnded { run_id, .. } => {
                    if let Some(lane) = self.lanes.get_mut(&fact.cue) {
                        lane.runs.remove(run_id);
                    }
                }
                _ => {}
            }
        }
        self.journal.extend(facts);
    }

    /// Through the text that a fact is on a real disk.
    pub fn write_pools(&mut self, at: Ms, facts: &[PoolEvent]) {
        for fact in facts {
            let text = serde_json::to_string(fact).expect("an event is text and numbers");
            self.pools.apply(at, &serde_json::from_str(&text).expect("what was written is read"));
            if let Some(kept) = &mut self.pool_facts {
                kept.push((self.journal.len(), at, text));
            }
        }
    }

    /// The lanes from the first fact on, through the text that a fact is on a real disk.
    pub fn read_back(&self) -> BTreeMap<CueId, Lane> {
        let mut lanes: BTreeMap<CueId, Lane> = BTreeMap::new();
        for Fact { cue, at, event } in &self.journal {
            let text = serde_json::to_string(event).expect("an event is text and numbers");
            let event: Event = serde_json::from_str(&text).expect("what was written is read");
            apply(&mut lanes, &Fact { cue: cue.clone(), at: *at, event });
        }
        lanes.retain(|_, lane| lane.cue.status != CueStatus::Deleted);
        lanes.values_mut().for_each(Lane::forget_ended);
        lanes
    }
}

pub fn apply(lanes: &mut BTreeMap<CueId, Lane>, Fact { cue, at, event }: &Fact) {
    match lanes.get_mut(cue) {
        Some(lane) => lane.apply(*at, event),
        None => drop(lanes.insert(cue.clone(), Lane::first(*at, event).expect("a lane begins with its definition"))),
    }
}
