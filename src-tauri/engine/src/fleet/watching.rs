//! The owner says what is expected of an agent, and the pilot finds that it fell silent or stands still: written down inside the
//! pilot's transaction.

use cuetower_core::alert::AlertKind;
use cuetower_core::id::AccountId;
use serde_json::json;

use super::agent::Agent;
use super::asking::{Refused, ask};
use super::command::Action;
use super::expected::{AgentWatch, Armed};
use super::hearing::{AGENTS_MAX, LANE, TooMany, known, tell};
use super::judging::{AgentNews, News};
use crate::desk::wire::Topic;
use crate::journal::{Recorder, StoreError};

/// What is expected of it from now on; None: as it is learnt. One that has not beaten yet is watched from its first beat on.
pub(crate) fn watch(
    recorder: &Recorder<'_>,
    account: &AccountId,
    name: &str,
    watch: Option<AgentWatch>,
) -> Result<Result<(), Refused>, StoreError> {
    let mut agent = match known(recorder, account, name)? {
        Ok(agent) => agent,
        Err(TooMany) => {
            return Ok(Err(Refused::No(format!("There are {AGENTS_MAX} agents already; forget some first."))));
        }
    };
    agent.watch = watch;
    // Judged anew by what holds now.
    let was = [(agent.lost_at.take(), AlertKind::HeartbeatLost), (agent.stuck_at.take(), AlertKind::Zombie)];
    let signals = was.into_iter().filter(|(since, _)| since.is_some()).map(|(_, kind)| agent.over(kind)).collect();
    agent.counted_from = Some(recorder.now);
    recorder.keep_agent(&agent)?;
    recorder.touch(Topic::Agents);
    recorder.fact(
        LANE,
        "agent_watched",
        &json!({ "agent_id": agent.id, "agent": agent.name, "watch": agent.watch }),
    )?;
    recorder.tell(if agent.wants_alerts() {
        AgentNews { signals, ..AgentNews::of(&agent, &[]) }
    } else {
        AgentNews::over(&agent, Armed::of(&agent))
    });
    Ok(Ok(()))
}

/// What the pilot found about an agent, as its row then was.
pub(crate) struct Watched {
    pub agent: Agent,
    pub news: Vec<News>,
}

/// Keeps that it is silent, and asks its runner to restart it if its owner wants that.
pub(crate) fn falls_silent(recorder: &Recorder<'_>, found: &Watched) -> Result<(), StoreError> {
    let Some(mut agent) = recorder.agent_by_id(found.agent.id)? else { return Ok(()) };
    (agent.lost_at, agent.stuck_at) = (found.agent.lost_at, None);
    if agent.wants_restart(recorder.now) && ask(recorder, &agent.account, &agent.name, Action::Restart)?.is_ok() {
        agent.restarts(recorder.now);
    }
    keep(recorder, &agent, &found.news)
}

/// Keeps that it beats and does not get on.
pub(crate) fn stands_still(recorder: &Recorder<'_>, found: &Watched) -> Result<(), StoreError> {
    let Some(mut agent) = recorder.agent_by_id(found.agent.id)? else { return Ok(()) };
    agent.stuck_at = found.agent.stuck_at;
    keep(recorder, &agent, &found.news)
}

/// Its signals went ahead, in the same commit.
fn keep(recorder: &Recorder<'_>, agent: &Agent, news: &[News]) -> Result<(), StoreError> {
    recorder.keep_agent(agent)?;
    let told: Vec<News> =
        news.iter().map(|news| News { signal: None, words: news.words.clone(), fact: news.fact }).collect();
    tell(recorder, agent, &told)
}
