//! The loop: take what is waiting, decide, journal, apply, perform. The only owner of the state and of the writing connection.

mod after_end;
mod again;
mod agents;
mod alerts;
mod away;
mod batch;
mod envelopes;
mod flight;
mod following;
mod fuses;
mod gates;
mod gates_sabotaged;
mod limits;
mod pings;
mod pools;
mod put_away;
mod signs;
mod spans;
mod steps;
mod telling;
mod watching;
mod watching_told;
mod workers;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use cuetower_core::Ms;
use cuetower_core::alert::drift::Drift;
use cuetower_core::alert::{AlertBook, Rules};
use cuetower_core::away::{Band, Clocks};
use cuetower_core::cue::{CueDefinition, CueStatus};
use cuetower_core::effect::Effect;
use cuetower_core::gate::GateBook;
use cuetower_core::id::{AccountId, CueId, Dice, GateId, RunId};
use cuetower_core::input::Found;
use cuetower_core::lane::Lane;
use cuetower_core::pool::PoolBook;
use cuetower_core::run::Run;
use tokio::sync::{broadcast, mpsc, watch};

use crate::channels::Channels;
use crate::clock::Clock;
use crate::feed::Feed;
use crate::handle::{Order, StoreHealth};
use crate::health::Meters;
use crate::journal::{Journal, Loaded, STEPS_LANE, StoreError, TOWER_LANE, load};
use crate::lives::Lives;
use crate::offers::Offers;
use crate::paths::Watched;
use crate::perform::{Performer, Started};
use crate::sabotage::Sabotage;

pub(crate) use following::pools_serve;

/// Orders taken into one batch at most.
const BATCH_MAX: usize = 1_024;
/// Lanes ticked in one batch at most; the others follow in the next.
const TICKS_MAX: usize = 4_096;
/// The tower stamps its own liveness at least this often.
const STAMP_EVERY_MS: u64 = 5_000;
/// A delivery goes out before its commit only while the last stamp is younger: a start after a crash takes what was armed
/// for up to 10 s after the stamp for begun.
const LICENCE_MS: u64 = 8_000;
/// The write-ahead log is brought in while nothing is due for this long and that much is in it; or at once, when it is long.
/// A start after a kill reads all of it.
const CHECKPOINT_QUIET_MS: u64 = 100;
const CHECKPOINT_BYTES_LEAST: u64 = 4 << 20;
const CHECKPOINT_BYTES_MAX: u64 = 64 << 20;
/// After a commit failed, before the next try.
const AFTER_FAILURE: Duration = Duration::from_millis(250);

pub(crate) struct Pilot {
    pub lanes: HashMap<CueId, Lane>,
    pub book: AlertBook,
    /// As they are on disk.
    pub pools: Arc<PoolBook>,
    /// Questions outside of runs, as they are on disk.
    pub gates: Arc<GateBook>,
    pub tower: TowerState,
    pub journal: Journal,
    pub clock: Arc<dyn Clock>,
    pub dice: Box<dyn Dice + Send>,
    pub performer: Performer,
    pub feed: Feed,
    pub sabotage: Option<Sabotage>,
    pub store: StoreHealth,
    /// Since when nothing could be written, and why, until that itself is written.
    store_trouble: Option<(Ms, String)>,
    /// How late the runs of each cue began.
    drifts: HashMap<CueId, Drift>,
    /// When agents outside of any cue owe a beat.
    agents: agents::AgentDues,
    /// Who else is told of alerts.
    pub channels: Channels,
    /// Which runs go on, for whoever shows their tokens.
    lives: Lives,
    /// What is counted, for whoever watches the tower.
    meters: Meters,
    /// Results of deliveries whose batch could not be committed; they come first in the next one.
    again: again::Again,
    /// On disk and not performed yet, in the middle of a burst.
    effects: Vec<(Effect, Arc<Run>)>,
    /// Deliveries that went out by their licence in a batch that could not be committed.
    went_out: Vec<(CueId, RunId)>,
    /// When each lane next wants a tick, both ways round.
    wakes: BTreeSet<(Ms, CueId)>,
    wake_of: HashMap<CueId, Ms>,
    /// Names are unique within an account.
    names: HashMap<(AccountId, String), CueId>,
    live_runs: HashMap<RunId, CueId>,
    /// Cues that fire after each cue's runs.
    followers: HashMap<CueId, HashSet<CueId>>,
    /// Watched paths, for whoever looks at them.
    watched: Watched,
    /// The pools as others may see them.
    pools_seen: watch::Sender<Arc<PoolBook>>,
    /// When the pools next want a tick.
    pools_wake: Option<Ms>,
    /// When the gates outside of runs next want a tick.
    gates_wake: Option<Ms>,
    /// Gates to which something happened, for whoever waits for an answer.
    gates_heard: broadcast::Sender<GateId>,
    /// Runs that wait for a worker, for whoever fetches them.
    offers: Offers,
    /// Active cues that an account may have.
    account_cues: u32,
    /// Counts commits with something recorded in them.
    recorded: watch::Sender<u64>,
    /// How alerts are told, for whoever tells them.
    rules_seen: watch::Sender<Arc<Rules>>,
    books: steps::Books,
    fuses: fuses::Fuses,
    watches: watching::Watches,
    envelopes: envelopes::Envelopes,
    /// The owner's: costs are summed by its days.
    zone: chrono_tz::Tz,
    /// Lane sequence of each lane's last snapshot.
    snapshots: HashMap<CueId, u64>,
    /// What retention would take out now.
    slices: Vec<put_away::Asked>,
}

/// What the pilot works with, beside the journal.
pub(crate) struct Crew {
    pub clock: Arc<dyn Clock>,
    pub dice: Box<dyn Dice + Send>,
    pub performer: Performer,
    pub feed: Feed,
    pub sabotage: Option<Sabotage>,
    pub store: StoreHealth,
    /// Which paths are watched; the pilot keeps the list.
    pub watched: Watched,
    pub pools_seen: watch::Sender<Arc<PoolBook>>,
    pub gates_heard: broadcast::Sender<GateId>,
    pub offers: Offers,
    /// Active cues that an account may have.
    pub account_cues: u32,
    /// The owner's.
    pub zone: chrono_tz::Tz,
    /// Counts commits with something recorded in them.
    pub recorded: watch::Sender<u64>,
    pub rules_seen: watch::Sender<Arc<Rules>>,
    pub channels: Channels,
    pub lives: Lives,
    pub meters: Meters,
    /// Commands that outlived the tower, or ended while it was away.
    pub found: Vec<FoundCommand>,
}

/// A command of an earlier life of the tower.
pub(crate) struct FoundCommand {
    pub run_id: RunId,
    pub number: u32,
    pub found: Found,
    /// Of one that was started.
    pub started: Option<Started>,
}

#[derive(Debug, Clone)]
pub(crate) struct TowerState {
    /// Sequence of the tower's own facts.
    pub seq: u64,
    pub stamped_at: Ms,
    /// The newest instant the tower has been up at, whatever the clock was set back to since.
    pub newest_at: Ms,
    /// What the clocks showed at the last batch.
    pub clocks: Clocks,
    /// When nothing could be fired, newest last; a few of them.
    pub away: Arc<[Band]>,
    pub firing: bool,
}

impl Pilot {
    /// Loads what is live and decides what became of it while the tower was away.
    pub fn load(mut journal: Journal, crew: Crew) -> Result<Pilot, StoreError> {
        let Crew {
            clock,
            dice,
            performer,
            feed,
            sabotage,
            store,
            watched,
            pools_seen,
            gates_heard,
            offers,
            account_cues,
            zone,
            recorded,
            rules_seen,
            channels,
            lives,
            meters,
            found,
        } = crew;
        let liveness = journal.liveness()?;
        let Loaded { lanes: loaded, alerts: book, pools, gates } = load(&journal)?;
        let clocks = clock.reading();
        let now = clocks.wall;
        let newest_at = liveness.newest_at.or(liveness.alive_at).unwrap_or(now);
        let away = journal.recent_bands(away::KEPT)?.into();
        let seq = journal.lane_seq(TOWER_LANE)?;
        let fuses = fuses::Fuses::load(&journal, now, zone)?;
        let envelopes = envelopes::Envelopes::load(&journal)?;
        let books = steps::Books::from(journal.lane_seq(STEPS_LANE)?);
        let snapshots = loaded.iter().map(|loaded| (loaded.lane.cue.id.clone(), loaded.snapshot_seq)).collect();
        journal.commit(&mut crate::journal::Commit {
            orderly: Some(false),
            alive_at: liveness.alive_at.or(Some(now)),
            ..Default::default()
        })?;
        // Nothing goes ahead of its commit before this life has a stamp of its own: a start after a second kill would not
        // know of it.
        let stamped_at = liveness.alive_at.unwrap_or(now);
        let mut pilot = Pilot {
            lanes: HashMap::new(),
            book,
            pools: Arc::new(pools),
            gates_wake: gates.wakes_at(),
            gates: Arc::new(gates),
            gates_heard,
            tower: TowerState { seq, stamped_at, newest_at, clocks, away, firing: !liveness.paused },
            journal,
            clock,
            dice,
            performer,
            feed,
            sabotage,
            store,
            store_trouble: None,
            drifts: HashMap::new(),
            agents: agents::AgentDues::default(),
            channels,
            lives,
            meters,
            again: again::Again::default(),
            effects: Vec::new(),
            went_out: Vec::new(),
            wakes: BTreeSet::new(),
            wake_of: HashMap::new(),
            names: HashMap::new(),
            live_runs: HashMap::new(),
            followers: HashMap::new(),
            watched,
            pools_seen,
            pools_wake: None,
            offers,
            account_cues,
            recorded,
            rules_seen,
            books,
            fuses,
            watches: watching::Watches::default(),
            envelopes,
            zone,
            snapshots,
            slices: Vec::new(),
        };
        pilot.pools_are_known(now);
        pilot.rules_are_known();
        pilot.tell_what_was_not_told(liveness, now);
        for loaded in loaded {
            pilot.adopt(loaded.lane);
        }
        pilot.recover(liveness.alive_at.unwrap_or(now), liveness.orderly, found)?;
        Ok(pilot)
    }

    /// Of the cues that are not deleted, those with such a definition.
    pub fn cues_with(&self, such: impl Fn(&CueDefinition) -> bool) -> Vec<CueId> {
        self.lanes.values().filter(|lane| such(&lane.cue.definition)).map(|lane| lane.cue.id.clone()).collect()
    }

    /// Runs until told to stop.
    pub async fn fly(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut waiting = Vec::with_capacity(BATCH_MAX);
        loop {
            let wake = self.next_wake();
            self.meters.sleeps_until(wake);
            tokio::select! {
                biased;
                taken = orders.recv_many(&mut waiting, BATCH_MAX) => if taken == 0 { return },
                () = self.clock.sleep_until(wake) => {}
            }
            match self.batch(std::mem::take(&mut waiting)) {
                Ok(None) => {
                    self.checkpoint(orders.is_empty());
                    self.put_away(orders.is_empty());
                }
                Ok(Some(stopped)) => {
                    self.performer.native().stops();
                    // Whoever copies the file of a tower that is off has all of it.
                    if let Err(error) = self.journal.checkpoint() {
                        tracing::warn!(%error, "the write-ahead log stays beside the store until the next start");
                    }
                    return drop(stopped.send(Ok(())));
                }
                Err(error) => {
                    self.store_fails(error.to_string());
                    tracing::error!(%error, "a batch could not be committed; its callers were refused, nothing of it was kept");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            }
        }
    }

    /// At a quiet moment, if there is something to bring in.
    fn checkpoint(&mut self, idle: bool) {
        let due_soon = self.next_wake().is_some_and(|at| at.since(self.clock.now()) < CHECKPOINT_QUIET_MS);
        let most = if idle && !due_soon { CHECKPOINT_BYTES_LEAST } else { CHECKPOINT_BYTES_MAX };
        let brought_in = match self.journal.unchecked_bytes() {
            Ok(bytes) if bytes < most => return,
            Ok(_) => self.journal.checkpoint(),
            Err(error) => Err(error),
        };
        if let Err(error) = brought_in {
            tracing::warn!(%error, "the write-ahead log could not be brought in; it grows until it can");
        }
    }

    /// The faces are told when the store's health changes, though nothing of it can be journaled.
    fn store_is(&self, trouble: Option<String>) {
        if self.store.note(trouble) {
            self.feed.publish_status_changed(self.clock.now());
        }
    }

    fn next_wake(&self) -> Option<Ms> {
        let stamp = self.tower.stamped_at.plus(STAMP_EVERY_MS);
        self.wakes
            .first()
            .map(|(at, _)| *at)
            .into_iter()
            .chain(self.pools_wake)
            .chain(self.gates_wake)
            .chain(self.watches.wakes_at())
            .chain(self.book.wakes_at())
            .chain(self.agents.wakes_at())
            .chain(self.fuses.wakes_at())
            .chain(self.performer.native().wakes_at(self.tower.clocks.wall))
            .chain([stamp])
            .min()
    }

    /// After a change of the pools. `now`: when it was decided, not when it was on disk: what time alone freed in between
    /// would wake nobody.
    fn pools_are_known(&mut self, now: Ms) {
        self.pools_wake = self.pools.wakes_at(now);
        self.pools_seen.send_replace(Arc::clone(&self.pools));
    }

    /// Lanes whose time has come.
    fn lanes_due(&self, now: Ms) -> Vec<CueId> {
        self.wakes.iter().take_while(|(at, _)| *at <= now).take(TICKS_MAX).map(|(_, id)| id.clone()).collect()
    }

    /// Takes a lane as it now stands into the live state and its indexes.
    fn adopt(&mut self, mut lane: Lane) {
        let id = lane.cue.id.clone();
        if let Some(old) = self.lanes.get(&id) {
            self.names.remove(&named(&old.cue.definition));
        }
        for run in lane.runs.values() {
            if run.is_live() {
                self.live_runs.insert(run.id.clone(), id.clone());
            } else {
                self.live_runs.remove(&run.id);
            }
        }
        lane.forget_ended();
        if let Some(old) = self.wake_of.remove(&id) {
            self.wakes.remove(&(old, id.clone()));
        }
        self.follow(&lane);
        self.offers.keep(&lane);
        if lane.cue.status == CueStatus::Deleted {
            self.lanes.remove(&id);
            self.snapshots.remove(&id);
            self.drifts.remove(&id);
            self.offers.forget(&id);
            return;
        }
        self.names.insert(named(&lane.cue.definition), id.clone());
        if let Some(at) = lane.wakes_at(self.clock.now()) {
            self.wakes.insert((at, id.clone()));
            self.wake_of.insert(id.clone(), at);
        }
        self.lanes.insert(id, lane);
    }
}

fn named(definition: &CueDefinition) -> (AccountId, String) {
    (definition.account.clone(), definition.name.clone())
}
