//! Agents outside of any cue: the pilot knows when each of them owes a beat, or work, and says so within the second. What it
//! knows is in memory alone: it follows from the agents' rows and from the grey bands.

use std::collections::{BTreeSet, HashMap, HashSet};

use cuetower_core::Ms;
use cuetower_core::alert::{About, AlertKind, Signal};
use cuetower_core::away::{Band, Reason};
use cuetower_core::id::AccountId;
use tokio::sync::oneshot;

use super::Pilot;
use super::batch::Batch;
use crate::fleet::{self, Agent, AgentNews, Armed, Watched};
use crate::journal::{Recorded, Recorder, StoreError};

/// Agents judged in one batch at most; the others follow in the next.
const DUE_MAX: usize = 512;
/// If it could not be written down that one is silent, it is tried again.
const AGAIN_MS: u64 = 1_000;
/// Whoever fell silent so long before the tower's last sign of life would have been told then.
const OLD_AFTER_MS: u64 = 60_000;

/// Who owes what, and when.
#[derive(Default)]
pub(super) struct AgentDues {
    armed: HashMap<u32, (Armed, Ms)>,
    wakes: BTreeSet<(Ms, u32)>,
    /// For the alerts, from what is on disk.
    said: Vec<Signal>,
    /// When nobody listened, oldest first, with what was too short for a grey band.
    away: Vec<Band>,
    /// Silent since long before this start, and never told: a program that did not watch agents ran then.
    of_old: HashSet<u32>,
}

impl AgentDues {
    /// When there is something to decide or to say.
    pub(super) fn wakes_at(&self) -> Option<Ms> {
        if self.said.is_empty() { self.wakes.first().map(|(at, _)| *at) } else { Some(Ms(0)) }
    }

    fn arm(&mut self, id: u32, armed: Option<Armed>, now: Ms) {
        let at = armed.map(|armed| armed.wakes_at(now, &self.away));
        self.wake(id, armed.zip(at));
    }

    fn wake(&mut self, id: u32, armed: Option<(Armed, Ms)>) {
        if let Some((_, before)) = self.armed.remove(&id) {
            self.wakes.remove(&(before, id));
        }
        if let Some((_, at)) = armed {
            self.wakes.insert((at, id));
        }
        self.armed.extend(armed.map(|armed| (id, armed)));
    }

    /// What is on disk of agents now.
    pub(super) fn landed(&mut self, news: Vec<AgentNews>, now: Ms) {
        for news in news {
            self.arm(news.agent, news.armed, now);
            self.said.extend(news.signals);
        }
    }

    /// What could not be written is said again.
    pub(super) fn again(&mut self, said: Vec<Signal>) {
        self.said.splice(0..0, said);
    }

    /// Nobody listened for a while, or the clock was set.
    pub(super) fn gap(&mut self, band: Option<Band>, now: Ms) {
        if let Some(band) = band {
            // The same again, if its batch could not be written.
            self.away.retain(|known| known.from != band.from);
            self.away.push(band);
            let excess = self.away.len().saturating_sub(super::away::KEPT as usize);
            self.away.drain(..excess);
        }
        let all: Vec<(u32, Armed)> = self.armed.iter().map(|(id, (armed, _))| (*id, *armed)).collect();
        for (id, armed) in all {
            self.arm(id, Some(armed), now);
        }
    }
}

impl Pilot {
    /// The tower starts. What was off is no silence, however short; and alerts that do not fit the rows are put right: what
    /// was found of an agent before a crash may not have been said.
    pub(super) fn load_agents(&mut self, batch: &mut Batch, alive_at: Ms) -> Result<(), StoreError> {
        let agents = self.journal.agents()?;
        self.agents.away = batch.away.as_ref().unwrap_or(&self.tower.away).to_vec();
        if alive_at < batch.now && self.agents.away.last().is_none_or(|band| band.to < batch.now) {
            self.agents.away.push(Band { from: alive_at, to: batch.now, reason: Reason::Off });
        }
        for agent in &agents {
            let armed = Armed::of(agent);
            self.agents.arm(agent.id, armed, batch.now);
            let is_old = |armed: Armed| armed.lost_due(batch.now, &self.agents.away).plus(OLD_AFTER_MS) < alive_at;
            if armed.is_some_and(is_old) {
                self.agents.of_old.insert(agent.id);
            }
        }
        let mut wrong: HashSet<(About, AlertKind)> = HashSet::new();
        for alert in self.book.unresolved().filter(|alert| alert.agent.is_some() && fleet::KINDS.contains(&alert.kind))
        {
            wrong.insert((alert.about(), alert.kind));
        }
        let mut signals = Vec::new();
        for agent in &agents {
            let about = agent.about();
            for (kind, trouble) in agent.troubles() {
                let is_told = wrong.remove(&(about.clone(), kind));
                signals.extend(trouble.filter(|_| !is_told));
            }
        }
        signals.extend(wrong.into_iter().map(|(about, kind)| Signal::Over { about, kind, run_id: None }));
        for signal in signals {
            batch.signal(self, &signal);
        }
        Ok(())
    }

    /// What was found is said; silences that begin now are found.
    pub(super) fn agents_due(&mut self, batch: &mut Batch) {
        batch.said_of_agents = std::mem::take(&mut self.agents.said);
        for signal in batch.said_of_agents.clone() {
            batch.signal(self, &signal);
        }
        let now = batch.now;
        let due: Vec<u32> = self.agents.wakes.range(..=(now, u32::MAX)).take(DUE_MAX).map(|(_, id)| *id).collect();
        if due.is_empty() {
            return;
        }
        let working = self.agents_of_cues();
        for id in due {
            match self.journal.agent(id) {
                Ok(Some(agent)) => {
                    let works = working.contains(&(agent.account.clone(), agent.name.clone()));
                    self.judge(batch, agent, works);
                }
                Ok(None) => self.agents.wake(id, None),
                Err(error) => {
                    tracing::error!(%error, "an agent could not be read; it is tried again");
                    self.try_again(id, now);
                }
            }
        }
    }

    fn judge(&mut self, batch: &mut Batch, mut agent: Agent, works_for_a_cue: bool) {
        let (id, now) = (agent.id, batch.now);
        let Some(armed) = Armed::of(&agent) else { return self.agents.wake(id, None) };
        let is_silent = armed.lost_due(now, &self.agents.away) <= now;
        let is_stuck = armed.stuck_due(now, &self.agents.away).is_some_and(|due| due <= now);
        if !is_silent && !is_stuck {
            return self.agents.arm(id, Some(armed), now);
        }
        let news = if is_silent {
            let told = !self.agents.of_old.remove(&id) && agent.wants_alert_of_silence(works_for_a_cue);
            agent.falls_silent(told, now)
        } else {
            vec![agent.stands_still(now)]
        };
        for signal in news.iter().filter_map(|news| news.signal.as_ref()) {
            batch.signal(self, signal);
        }
        let found = Watched { agent, news };
        if is_silent {
            record(batch, move |recorder| fleet::falls_silent(recorder, &found));
        } else {
            record(batch, move |recorder| fleet::stands_still(recorder, &found));
        }
        // The commit says what it owes then; this is for one that fails.
        self.try_again(id, now);
    }

    fn try_again(&mut self, id: u32, now: Ms) {
        let armed = self.agents.armed.get(&id).map(|(armed, _)| (*armed, now.plus(AGAIN_MS)));
        self.agents.wake(id, armed);
    }

    /// Who works for a cue, and is watched with its runs.
    fn agents_of_cues(&self) -> HashSet<(AccountId, String)> {
        let definitions = self.lanes.values().map(|lane| &lane.cue.definition);
        let named = definitions.filter(|definition| !definition.agent.is_empty());
        named.map(|definition| (definition.account.clone(), definition.agent.clone())).collect()
    }
}

/// Writes something down in this batch's transaction; nobody waits for it.
pub(super) fn record(batch: &mut Batch, work: impl FnOnce(&Recorder<'_>) -> Result<(), StoreError> + Send + 'static) {
    let (reply, _) = oneshot::channel();
    let work = move |recorder: &Recorder<'_>| work(recorder).map(Ok::<(), std::convert::Infallible>);
    batch.commit.recordings.push(Box::new(Recorded::new(work, reply)));
}
