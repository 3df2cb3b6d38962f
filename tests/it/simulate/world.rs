//! A tower without a machine: lanes in memory, a journal on a pretended disk, agents that misbehave, and clocks that jump.
//!
//! How its time passes is in `passing`, how a batch is decided and written in `batch` (as the engine's pilot does it), what
//! agents and owners do in `agent` and `owner`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use cuetower_core::Ms;
use cuetower_core::away::{Band, Clocks};
use cuetower_core::cue::CueDefinition;
use cuetower_core::gate::Settled;
use cuetower_core::id::{CueId, GateId, PermitId, RunId};
use cuetower_core::input::Input;
use cuetower_core::lane::Lane;
use cuetower_core::outcome::Outcome;
use cuetower_core::pool::PoolBook;
use cuetower_core::time::DAY_MS;

use super::disk::{Disk, Fact};
use super::fleet;
use super::luck::Luck;
use super::process::Process;
use super::tally::Tally;
use super::time::Time;
use super::watch::Line;

pub type Clocked = HashMap<RunId, (u32, u64, u64)>;

/// Something on its way to the tower.
pub struct Message {
    /// Of the clock that nobody sets, and that counts sleep.
    pub at_elapsed_ms: u64,
    pub cue: CueId,
    pub input: Input,
    /// A result of a delivery lives in the tower's own process and dies with it; an agent keeps trying.
    pub dies_with_tower: bool,
}

pub struct World {
    pub time: Time,
    pub disk: Disk,
    /// What the tower has in memory.
    pub lanes: BTreeMap<CueId, Lane>,
    pub wakes: BTreeMap<CueId, Option<Ms>>,
    pub firing: bool,
    /// The clocks at the last batch that landed.
    pub looked: Clocks,
    pub away: Arc<[Band]>,
    pub stamped_at: Ms,
    /// Went out by their licence in a batch that was not written.
    pub went_out: Vec<(CueId, RunId)>,
    pub mail: Vec<Message>,
    pub pools: PoolBook,
    pub pools_wake: Option<Ms>,
    /// Every process there ever was.
    pub processes: BTreeMap<(RunId, u32), Process>,
    /// Attempts that gave their permits back to ask their owner, and have not got them again.
    pub asides: BTreeSet<(RunId, u32)>,
    /// Was about to start when the tower left.
    pub unborn: Vec<(RunId, u32)>,
    /// To whom each attempt was given.
    pub claims: HashMap<(RunId, u32), String>,
    /// Permits of agents that live.
    pub permits: Vec<PermitId>,
    pub line: Line,
    /// Deliveries that went out, each at most once.
    pub sent: HashSet<(RunId, u32)>,
    /// Reports the tower said it has recorded: run and outcome.
    pub acknowledged: Vec<(RunId, Outcome)>,
    /// What the tower said it has recorded of the owner's words.
    pub said: HashMap<GateId, Settled>,
    /// By which attempt a run's clock was set, when (counted), and its length.
    pub deadlines: Clocked,
    pub leases: Clocked,
    pub fuses: Clocked,
    /// The watched folder: each file's time of change.
    pub files: BTreeMap<String, i64>,
    /// The clock was set back to 1970, by so much.
    pub behind_ms: u64,
    pub network: bool,
    /// How long a good agent works. None: it never reports.
    pub works_ms: Option<u64>,
    pub quiet: bool,
    pub tally: Tally,
}

/// How a batch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Lands,
    /// Time passes between the decision and the disk; what had a licence is out already.
    LandsSlowly,
    CommitFails,
    CrashesBeforeCommit,
    CrashesAfterCommit,
    /// Some of its effects are performed, the others are not.
    CrashesAmidEffects,
}

impl Fate {
    pub fn thrown(luck: &mut Luck) -> Fate {
        match luck.below(100) {
            0..82 => Fate::Lands,
            82..86 => Fate::LandsSlowly,
            86..92 => Fate::CommitFails,
            92..95 => Fate::CrashesBeforeCommit,
            95..97 => Fate::CrashesAfterCommit,
            _ => Fate::CrashesAmidEffects,
        }
    }
}

impl World {
    pub fn new(luck: &mut Luck) -> World {
        // Somewhere in the weeks around the clock changes of spring, or of autumn.
        let from = *luck.pick(&[1_772_000_000_000, 1_791_000_000_000]);
        let now = Ms(from + luck.below(40 * DAY_MS) as i64);
        let cues = fleet::fleet(luck, now);
        let mut world = World { quiet: false, ..World::with(now, cues) };
        world.make_pools();
        world
    }

    /// Nothing goes wrong in it but what is made to.
    pub fn with(now: Ms, cues: Vec<(CueId, CueDefinition)>) -> World {
        let time = Time::at(now);
        let mut disk = Disk::new(now);
        let created = |(cue, definition): (CueId, _)| {
            let event = Lane::created(cue.clone(), definition);
            Fact { cue, at: now, event }
        };
        disk.write(cues.into_iter().map(created).collect());
        let lanes = disk.lanes.clone();
        World {
            time,
            disk,
            wakes: lanes.iter().map(|(id, lane)| (id.clone(), lane.wakes_at(now))).collect(),
            lanes,
            firing: true,
            looked: time.clocks,
            away: Arc::new([]),
            stamped_at: now,
            went_out: Vec::new(),
            mail: Vec::new(),
            pools: PoolBook::default(),
            pools_wake: None,
            processes: BTreeMap::new(),
            asides: BTreeSet::new(),
            unborn: Vec::new(),
            claims: HashMap::new(),
            permits: Vec::new(),
            line: Line::default(),
            sent: HashSet::new(),
            acknowledged: Vec::new(),
            said: HashMap::new(),
            deadlines: HashMap::new(),
            leases: HashMap::new(),
            fuses: HashMap::new(),
            files: BTreeMap::new(),
            behind_ms: 0,
            network: true,
            works_ms: Some(10_000),
            quiet: true,
            tally: Tally::default(),
        }
    }

    pub fn now(&self) -> Ms {
        self.time.wall()
    }

    pub fn elapsed(&self) -> u64 {
        self.time.clocks.elapsed_ms
    }

    pub fn post(&mut self, in_ms: u64, cue: CueId, input: Input, dies_with_tower: bool) {
        let at_elapsed_ms = self.time.clocks.elapsed_ms + in_ms;
        self.mail.push(Message { at_elapsed_ms, cue, input, dies_with_tower });
    }

    /// What has come in by now: mostly in order, some of it twice.
    pub fn arrived(&mut self, luck: &mut Luck) -> Vec<(CueId, Input)> {
        let now = self.time.clocks.elapsed_ms;
        let mut here: Vec<Message> = self.mail.extract_if(.., |message| message.at_elapsed_ms <= now).collect();
        here.sort_by_key(|message| message.at_elapsed_ms);
        if here.len() > 1 && luck.chance(20) {
            luck.shuffle(&mut here);
        }
        let mut inputs = Vec::new();
        for message in here {
            let repeatable = matches!(
                message.input,
                Input::Report { .. } | Input::Extend { .. } | Input::Claim { .. } | Input::Ask { .. }
            );
            let again = !self.quiet && repeatable && luck.chance(10);
            let times = if again { 2 } else { 1 };
            inputs.extend(std::iter::repeat_n((message.cue, message.input), times));
        }
        inputs
    }
}
