//! A spent budget of the day and the agents that run outside of any cue: each is told with its beats, and whoever runs it is
//! asked to stop it.

use cuetower_core::id::AccountId;

use super::Fuse;
use crate::fleet::{self, Agent, Life, Status};
use crate::pilot::Pilot;
use crate::pilot::agents::record;
use crate::pilot::batch::Batch;

/// Agents named in an alert.
const NAMED_MAX: usize = 3;

impl Pilot {
    /// Before a beat is written down: whether the day of its agent is spent.
    pub(in crate::pilot) fn beats_on_a_day(&self, batch: &mut Batch, life: &Life) {
        if let Some(words) = self.spent_outside(batch, &life.account, &life.agent) {
            batch.commit.spent.insert((life.account.clone(), life.agent.clone()), words);
        }
    }

    fn spent_outside(&self, batch: &Batch, account: &AccountId, name: &str) -> Option<String> {
        let own = Fuse::Agent(account.clone(), name.to_owned());
        self.words_of(batch, &own).or_else(|| {
            let all = self.words_of(batch, &Fuse::Fleet)?;
            // One that spends nothing is let be.
            (!self.used_by(batch, &own).is_nothing()).then_some(all)
        })
    }

    /// The budget of a day has been spent: what runs elsewhere is ended too, as far as anybody can. The sentences about it.
    pub(super) fn ends_outside(&self, batch: &mut Batch, fuse: &Fuse) -> String {
        let agents = match (fuse, self.journal.agents()) {
            (Fuse::Cue(_), _) => return String::new(),
            (Fuse::Agent(..) | Fuse::Fleet, Ok(agents)) => agents,
            (Fuse::Agent(..) | Fuse::Fleet, Err(error)) => {
                tracing::error!(%error, "the agents could not be read; they are told with their next beats");
                return String::new();
            }
        };
        let concerns = |agent: &Agent| match fuse {
            Fuse::Agent(account, name) => agent.account == *account && agent.name == *name,
            Fuse::Fleet => !self.fuses.day.agent(&agent.account, &agent.name).beats.is_nothing(),
            Fuse::Cue(_) => false,
        };
        let beats = |agent: &Agent| agent.last.as_ref().is_some_and(|last| last.status != Status::Shutdown);
        let live = agents.into_iter().filter(|agent| beats(agent) && agent.lost_at.is_none() && !agent.of_run);
        let (watched, others): (Vec<Agent>, Vec<Agent>) =
            live.filter(concerns).partition(|agent| agent.runner.is_some());
        let mut words = String::new();
        if let Some(names) = named(&watched) {
            words.push_str(&format!(" Whoever runs {names} is asked to stop it."));
        }
        if let Some(names) = named(&others) {
            words.push_str(&format!(
                " Nobody here can stop {names}, which no runner watches: it is only told, with each beat."
            ));
        }
        for agent in watched {
            record(batch, move |recorder| fleet::stop_now(recorder, &agent.account, &agent.name));
        }
        words
    }
}

/// "a, b, c and 4 more"
fn named(agents: &[Agent]) -> Option<String> {
    let names: Vec<&str> = agents.iter().take(NAMED_MAX).map(|agent| agent.name.as_str()).collect();
    let more = agents.len().saturating_sub(NAMED_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!names.is_empty()).then(|| format!("{}{more}", names.join(", ")))
}
