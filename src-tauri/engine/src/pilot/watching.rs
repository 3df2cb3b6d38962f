//! The watch over runs, and over cues whose agent is expected always: beside the lanes, and written in their commits.
//!
//! Watches are changed in place: a batch that cannot be committed puts back what it found. What repeats itself is remembered
//! in memory only; a crash costs a few counts of it, and no alarm that is false.

use std::collections::{BTreeSet, HashMap, VecDeque};

use cuetower_core::Ms;
use cuetower_core::alert::{About, AlertKind};
use cuetower_core::away::Band;
use cuetower_core::cue::CueStatus;
use cuetower_core::id::{CueId, RunId};
use cuetower_core::lane::Lane;
use cuetower_core::run::{Phase, Run};
use cuetower_core::schedule_spec::Kind;
use cuetower_core::watch::{Heartbeat, Loops, OnLoop, Pace, Subject, Watch};

use super::batch::Batch;
use super::signs::{Meter, Open};
use super::{Pilot, TICKS_MAX};
use crate::journal::WatchRow;

#[derive(Default)]
pub(super) struct Watches {
    pub(super) held: HashMap<Subject, Held>,
    /// When each next wants a tick.
    wakes: BTreeSet<(Ms, Subject)>,
    /// What each cue usually spends; read when first asked for.
    pub(super) paces: HashMap<CueId, Pace>,
    /// Cues that always expect an agent, by its name; None: to be looked up anew.
    expecting: Option<HashMap<String, Vec<CueId>>>,
}

pub(super) struct Held {
    pub(super) cue: CueId,
    pub(super) watch: Watch,
    wake: Option<Ms>,
    pub(super) loops: Loops,
    /// So often in a row it was seen to repeat itself.
    pub(super) repeats: u32,
    /// It spends far more than is usual, and used what is usual in so many beats in a row since.
    pub(super) spiking: Option<u32>,
    pub(super) meter: Meter,
    /// Steps that were begun and not ended, newest last.
    pub(super) open: VecDeque<Open>,
}

impl Held {
    pub(super) fn of(cue: &CueId, watch: Watch) -> Held {
        Held {
            cue: cue.clone(),
            meter: Meter::from(watch.beat_at),
            watch,
            wake: None,
            loops: Loops::default(),
            repeats: 0,
            spiking: None,
            open: VecDeque::new(),
        }
    }
}

impl Watches {
    pub(super) fn wakes_at(&self) -> Option<Ms> {
        self.wakes.first().map(|(at, _)| *at)
    }

    /// After its watch has changed.
    pub(super) fn rewake(&mut self, subject: &Subject) {
        let Some(held) = self.held.get_mut(subject) else { return };
        let wake = held.watch.wakes_at();
        if wake == held.wake {
            return;
        }
        if let Some(old) = std::mem::replace(&mut held.wake, wake) {
            self.wakes.remove(&(old, subject.clone()));
        }
        if let Some(at) = wake {
            self.wakes.insert((at, subject.clone()));
        }
    }

    fn put(&mut self, subject: Subject, held: Held) {
        self.drop(&subject);
        if matches!(subject, Subject::Cue(_)) {
            self.expecting = None;
        }
        self.held.insert(subject.clone(), held);
        self.rewake(&subject);
    }

    fn drop(&mut self, subject: &Subject) -> Option<Held> {
        let held = self.held.remove(subject)?;
        if matches!(subject, Subject::Cue(_)) {
            self.expecting = None;
        }
        if let Some(at) = held.wake {
            self.wakes.remove(&(at, subject.clone()));
        }
        Some(held)
    }
}

/// The name of its row.
fn row_of(subject: &Subject) -> String {
    match subject {
        Subject::Run(run) => format!("run:{run}"),
        Subject::Cue(cue) => format!("cue:{cue}"),
    }
}

pub(super) fn pace_row(cue: &CueId) -> String {
    format!("pace:{cue}")
}

/// The beat that a cue expects of its agent always, whether or not a run is live.
pub(super) fn expected_always(lane: &Lane) -> Option<Heartbeat> {
    let definition = &lane.cue.definition;
    let always = definition.transport.is_watch() && matches!(definition.schedule.kind, Kind::Manual);
    definition.heartbeat.filter(|_| always && lane.cue.status == CueStatus::Active)
}

/// The same, but not while its agent waits for the owner.
fn expected_now(lane: &Lane) -> Option<Heartbeat> {
    let stands = || lane.runs.values().any(|run| run.is_live() && run.stand.is_some());
    expected_always(lane).filter(|_| !stands())
}

impl Batch {
    /// When nothing could be heard, as it stands in this batch.
    pub(super) fn bands(&self, pilot: &Pilot) -> std::sync::Arc<[Band]> {
        std::sync::Arc::clone(self.away.as_ref().unwrap_or(&pilot.tower.away))
    }

    /// Before a watch is changed: what is put back if this batch cannot be committed.
    pub(super) fn remember_watch(&mut self, pilot: &Pilot, subject: &Subject) {
        if !self.watched.contains_key(subject) {
            let before = pilot.watches.held.get(subject).map(|held| held.watch.clone());
            self.watched.insert(subject.clone(), before);
        }
    }
}

impl Pilot {
    /// What time alone brings to those under watch.
    pub(super) fn watches_due(&mut self, batch: &mut Batch) {
        let now = batch.now;
        let due = self.watches.wakes.iter().take_while(|(at, _)| *at <= now).take(TICKS_MAX);
        let due: Vec<Subject> = due.map(|(_, subject)| subject.clone()).collect();
        for subject in due {
            self.watch_tick(batch, &subject);
        }
    }

    /// The machine slept, the loop was held up, or the clock was set. What is left of each wait is written with the gap, so that
    /// a start after a kill knows as much.
    pub(super) fn watches_shift(&mut self, batch: &mut Batch, slept_ms: u64, stepped_ms: i64) {
        let subjects: Vec<Subject> = self.watches.held.keys().cloned().collect();
        for subject in subjects {
            batch.remember_watch(self, &subject);
            if let Some(held) = self.watches.held.get_mut(&subject) {
                held.watch.shift(slept_ms, stepped_ms, batch.now);
            }
            self.watches.rewake(&subject);
        }
    }

    fn watch_tick(&mut self, batch: &mut Batch, subject: &Subject) {
        batch.remember_watch(self, subject);
        let run = subject.run().and_then(|run_id| self.run_watched(batch, run_id));
        let looks = run.as_ref().is_some_and(|run| run.may_have_a_process());
        let now = batch.now;
        let Some(held) = self.watches.held.get_mut(subject) else { return };
        let news = held.watch.tick(looks, now);
        self.watches.rewake(subject);
        for one in news {
            self.tell_news(batch, subject, one, None);
        }
    }

    /// What was seen of the process of a run that is silent or stands still.
    pub(super) fn take_looked(&mut self, batch: &mut Batch, run_id: &RunId, attempt: u32, words: &str) {
        let subject = Subject::Run(run_id.clone());
        batch.remember_watch(self, &subject);
        let now = batch.now;
        let of_attempt = |held: &&mut Held| held.watch.attempt == attempt;
        let Some(held) = self.watches.held.get_mut(&subject).filter(of_attempt) else { return };
        let news = held.watch.told(now);
        self.watches.rewake(&subject);
        if let Some(news) = news {
            self.tell_news(batch, &subject, news, Some(words));
        }
    }

    /// Cues that always expect the agent of this name, as they are on disk.
    pub(super) fn expecting(&mut self, agent: &str) -> Vec<CueId> {
        let known = self.watches.expecting.get_or_insert_with(|| {
            let mut known: HashMap<String, Vec<CueId>> = HashMap::new();
            for subject in self.watches.held.keys() {
                if let Subject::Cue(cue) = subject
                    && let Some(lane) = self.lanes.get(cue)
                {
                    known.entry(lane.cue.definition.agent.clone()).or_default().push(cue.clone());
                }
            }
            known
        });
        known.get(agent).cloned().unwrap_or_default()
    }

    /// A live run as it stands in this batch.
    pub(super) fn run_watched(&self, batch: &Batch, run_id: &RunId) -> Option<std::sync::Arc<Run>> {
        let cue = self.live_runs.get(run_id).cloned().or_else(|| batch.lane_with_run(run_id))?;
        batch.standing(self, &cue)?.runs.get(run_id).filter(|run| run.is_live()).cloned()
    }

    /// Whoever is to be watched after this batch is, and nobody else; with what is written of them.
    pub(super) fn watches_follow(&mut self, batch: &mut Batch) {
        let runs = std::mem::take(&mut batch.runs_touched);
        for (cue_id, run_id) in &runs {
            self.watch_run(batch, cue_id, run_id);
            if batch.standing(self, cue_id).is_some_and(|lane| expected_always(lane).is_some()) {
                self.watch_cue(batch, cue_id);
            }
        }
        batch.runs_touched.extend(runs);
        for cue_id in batch.cues_touched.clone() {
            self.watch_cue(batch, &cue_id);
            if batch.standing(self, &cue_id).is_some_and(|lane| lane.cue.status == CueStatus::Deleted) {
                self.watches.paces.remove(&cue_id);
                batch.commit.watches.push(WatchRow { subject: pace_row(&cue_id), body: None });
                self.usual_is_gone(batch, &cue_id);
            }
        }
        if !batch.redefined.is_empty() {
            // Another agent may be named there.
            self.watches.expecting = None;
        }
        self.watches_written(batch);
    }

    fn watch_run(&mut self, batch: &mut Batch, cue_id: &CueId, run_id: &RunId) {
        let subject = Subject::Run(run_id.clone());
        let lane = batch.standing(self, cue_id);
        let run = lane.and_then(|lane| lane.runs.get(run_id)).filter(|run| run.is_live() && run.checking.is_none());
        // Nothing is expected of it while it waits for its owner.
        let run = run.filter(|run| run.stand.is_none());
        let here = self.watches.held.get(&subject).map(|held| held.watch.attempt);
        let stays = run.filter(|run| match run.phase {
            // Nobody beats any more once its process has ended; the outcome is waited for by another clock.
            Phase::AwaitingOutcome { .. } => run.latest().ended_at.is_none(),
            Phase::Delivering => here.is_some(),
            Phase::Held { .. } | Phase::Offered { .. } | Phase::WaitingRetry { .. } | Phase::Ended { .. } => false,
        });
        let Some(run) = stays.cloned() else {
            if here.is_some() {
                self.watch_ends(batch, &subject);
            }
            return;
        };
        let number = run.latest().number;
        if here == Some(number) {
            return self.watch_length(batch, &subject);
        }
        if here.is_some() {
            self.watch_ends(batch, &subject);
        }
        let usual_ms = self.usual_ms(cue_id);
        let heartbeat = self.heartbeat_of(batch, &run);
        if heartbeat.is_some() || usual_ms.is_some() {
            self.watch_begins(batch, &run, heartbeat, usual_ms);
        }
    }

    /// It is told of if it lasts longer than is usual, whatever its watch began with.
    fn watch_length(&mut self, batch: &Batch, subject: &Subject) {
        let Some(held) = self.watches.held.get(subject).filter(|held| !held.watch.knows_what_is_usual()) else {
            return;
        };
        let usual_ms = self.usual_ms(&held.cue.clone());
        let away = batch.bands(self);
        if let Some(held) = self.watches.held.get_mut(subject) {
            held.watch.usually_at_most(usual_ms, &away);
        }
        self.watches.rewake(subject);
    }

    /// What was told of a run before the tower started, and is open still, ends as it would have.
    fn remember_told(&mut self, subject: &Subject) {
        let (Subject::Run(run), Some(held)) = (subject, self.watches.held.get_mut(subject)) else { return };
        let about = About::Cue(held.cue.clone());
        let is_open = |kind| self.book.of(&about, kind).is_some_and(|alert| alert.run_id.as_ref() == Some(run));
        held.spiking = is_open(AlertKind::CostSpike).then_some(0);
        held.repeats = u32::from(is_open(AlertKind::LoopDetected));
        held.watch.long |= is_open(AlertKind::OutOfEnvelope);
    }

    /// What is expected of this run; not of one whose cue expects it always.
    pub(super) fn heartbeat_of(&self, batch: &Batch, run: &Run) -> Option<Heartbeat> {
        let always = batch.standing(self, &run.cue_id).is_some_and(|lane| expected_always(lane).is_some());
        run.definition.heartbeat.filter(|_| !always)
    }

    pub(super) fn watch_begins(
        &mut self,
        batch: &mut Batch,
        run: &Run,
        heartbeat: Option<Heartbeat>,
        usual_ms: Option<u64>,
    ) {
        let subject = Subject::Run(run.id.clone());
        batch.remember_watch(self, &subject);
        let away = batch.bands(self);
        let began = run.latest().watched_from().unwrap_or(batch.now);
        let mut watch = Watch::began(heartbeat, run.latest().number, began, &away);
        watch.usually_at_most(usual_ms, &away);
        self.watches.put(subject.clone(), Held::of(&run.cue_id, watch));
        self.remember_told(&subject);
    }

    fn watch_cue(&mut self, batch: &mut Batch, cue_id: &CueId) {
        let subject = Subject::Cue(cue_id.clone());
        let expected = batch.standing(self, cue_id).and_then(expected_now);
        let here = self.watches.held.get(&subject).and_then(|held| held.watch.heartbeat);
        if expected == here {
            return;
        }
        batch.remember_watch(self, &subject);
        let (now, away) = (batch.now, batch.bands(self));
        match (expected, self.watches.held.get_mut(&subject)) {
            (Some(heartbeat), Some(held)) => {
                held.watch.heartbeat = Some(heartbeat);
                held.watch.wind(now, &away);
                self.watches.rewake(&subject);
            }
            (Some(heartbeat), None) => {
                let watch = Watch::began(Some(heartbeat), 0, now, &away);
                self.watches.put(subject, Held::of(cue_id, watch));
            }
            (None, _) => self.watch_ends(batch, &subject),
        }
    }

    /// Its attempt, or its run, is over, or nothing is expected any more.
    fn watch_ends(&mut self, batch: &mut Batch, subject: &Subject) {
        batch.remember_watch(self, subject);
        if let Some(held) = self.watches.drop(subject) {
            self.tell_over(batch, subject, &held);
        }
    }

    /// Fills in what is written of those that changed.
    fn watches_written(&mut self, batch: &mut Batch) {
        for (subject, before) in &batch.watched {
            let after = self.watches.held.get(subject).map(|held| &held.watch);
            let after = after.filter(|watch| watch.heartbeat.is_some());
            let before = before.as_ref().filter(|watch| watch.heartbeat.is_some());
            if after == before {
                continue;
            }
            let body = after.map(|watch| serde_json::to_string(watch).expect("a watch is numbers"));
            batch.commit.watches.push(WatchRow { subject: row_of(subject), body });
        }
        for cue in &batch.paced {
            let Some(pace) = self.watches.paces.get(cue) else { continue };
            let body = Some(serde_json::to_string(pace).expect("a pace is numbers"));
            batch.commit.watches.push(WatchRow { subject: pace_row(cue), body });
        }
    }

    /// After a batch that could not be committed: what is in memory is what is on disk.
    pub(super) fn watches_as_before(&mut self, batch: &mut Batch) {
        for (subject, before) in batch.watched.drain() {
            let cue = self.watches.held.get(&subject).map(|held| held.cue.clone());
            self.watches.drop(&subject);
            let cue = cue.or_else(|| match &subject {
                Subject::Run(run) => self.live_runs.get(run).cloned(),
                Subject::Cue(cue) => Some(cue.clone()),
            });
            if let (Some(cue), Some(watch)) = (cue, before) {
                self.watches.put(subject, Held::of(&cue, watch));
            }
        }
        for cue in std::mem::take(&mut batch.paced) {
            self.watches.paces.remove(&cue);
        }
        self.envelopes_as_before(batch);
    }

    /// The tower starts: whoever is under watch is again, and the time in which nobody could be heard does not count.
    pub(super) fn watches_load(&mut self, batch: &mut Batch) -> Result<(), crate::journal::StoreError> {
        let (now, alive_at) = (batch.now, self.tower.stamped_at);
        for (row, body) in self.journal.watches()? {
            let (subject, cue) = match row.split_once(':') {
                Some(("run", id)) => {
                    (Subject::Run(RunId(id.to_owned())), self.live_runs.get(&RunId(id.to_owned())).cloned())
                }
                Some(("cue", id)) => (Subject::Cue(CueId(id.to_owned())), Some(CueId(id.to_owned()))),
                _ => continue,
            };
            let known = serde_json::from_str::<Watch>(&body);
            let (Some(cue), Ok(mut watch)) = (cue, known) else {
                batch.commit.watches.push(WatchRow { subject: row, body: None });
                continue;
            };
            // Written as it is after this start, too: the next one has to know what was waited for until then.
            batch.watched.insert(subject.clone(), Some(watch.clone()));
            watch.again(alive_at, now);
            self.watches.put(subject, Held::of(&cue, watch));
        }
        let live: Vec<(RunId, CueId)> = self.live_runs.iter().map(|(run, cue)| (run.clone(), cue.clone())).collect();
        let held: Vec<Subject> = self.watches.held.keys().cloned().collect();
        for subject in &held {
            if let Subject::Run(run) = subject
                && let Some(cue) = self.live_runs.get(run).cloned()
            {
                self.remember_told(subject);
                self.watch_run(batch, &cue, run);
            }
        }
        for (run, cue) in live {
            self.watch_run(batch, &cue, &run);
        }
        let cues: Vec<CueId> = self.lanes.keys().cloned().collect();
        for cue in cues {
            self.watch_cue(batch, &cue);
        }
        Ok(())
    }

    /// What a cue usually spends, from memory or from the store.
    pub(super) fn pace(&mut self, cue: &CueId) -> &mut Pace {
        if !self.watches.paces.contains_key(cue) {
            let known = self.journal.watch(&pace_row(cue)).unwrap_or_else(|error| {
                tracing::error!(%error, %cue, "what a cue usually spends could not be read back; it is learnt anew");
                None
            });
            let pace = known.and_then(|body| serde_json::from_str(&body).ok()).unwrap_or_default();
            self.watches.paces.insert(cue.clone(), pace);
        }
        self.watches.paces.get_mut(cue).expect("it was put there")
    }
}

/// Whether anybody looks at what it repeats.
pub(super) fn looks_for_loops(run: &Run) -> bool {
    run.definition.loops != OnLoop::Off
}
