//! A beat is written down: its agent, the sums, and what it is answered with, in one transaction of the pilot.

use chrono_tz::Tz;
use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use cuetower_core::spend::Nanousd;
use serde_json::json;

use super::agent::Agent;
use super::beat::{Beat, Status};
use super::command::{Action, Command, CommandState};
use super::day_of;
use super::judging::{AgentNews, AgentSpends, News};
use super::warning::{self, Known, Warning, WarningKind};
use crate::desk::wire::Topic;
use crate::journal::{Recorder, StoreError, beats_used};

/// Agents of one account; who wants more forgets some.
pub(crate) const AGENTS_MAX: u32 = 1_000;
/// Facts of the fleet.
pub(super) const LANE: &str = "agents";
/// What `clevagent-runner` 0.1.0 says when it restarted an agent by itself.
const BY_ITSELF: &str = "Auto-restarted successfully";

/// Whose beats they are, and whose day it is.
#[derive(Debug, Clone)]
pub(crate) struct Hearer {
    pub account: AccountId,
    /// Hash of the API key that they came with.
    pub key: String,
    /// The machine's.
    pub zone: Tz,
}

/// What a beat is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    pub agent_id: u32,
    pub status: Status,
    pub warning: Option<Warning>,
}

/// The account has as many agents as it may.
#[derive(Debug)]
pub(crate) struct TooMany;

pub(crate) fn hear(
    recorder: &Recorder<'_>,
    hearer: &Hearer,
    beat: &Beat,
) -> Result<Result<Heard, TooMany>, StoreError> {
    let Ok(mut agent) = known(recorder, &hearer.account, &beat.agent)? else { return Ok(Err(TooMany)) };
    let before = agent.last.as_ref().map(|last| (last.status, last.at));
    let silent = before.filter(|(_, at)| recorder.now.since(*at) > agent.silence().gap_ms);
    // Only a long gap can hide time in which nobody listened.
    let away = silent.map(|(_, at)| recorder.bands_between(at, recorder.now)).transpose()?.unwrap_or_default();
    let news = agent.hear(beat, &hearer.key, recorder.now, &away);
    let day = day_of(recorder.now, hearer.zone);
    let mut sum = recorder.agent_day(agent.id, day)?;
    sum.beats += 1;
    sum.tokens = sum.tokens.saturating_add(beat.tokens.unwrap_or(0)).min(i64::MAX as u64);
    sum.cost_usd = exactly(sum.cost_usd + beat.cost_usd.unwrap_or(0.0));
    let loops = agent.looping.as_ref().map(|sign| sign.words.as_str());
    let limits = recorder.limits.agent_day;
    let warning = warning::of(&Known {
        cost_today_usd: sum.cost_usd,
        day_cost_usd: agent.day_cost_usd.or(limits.cost.map(Nanousd::usd)),
        tokens_today: sum.tokens,
        day_tokens: limits.tokens,
        spent: recorder.spent(&hearer.account, &agent.name),
        loops,
    });
    let mut ends = false;
    if let Some(warning) = warning.as_ref().filter(|warning| warning.kind == WarningKind::CostExceeded) {
        let is_of_today = |at: Ms| day_of(at, hearer.zone) == day;
        ends = beat.status != Status::Shutdown && super::asking::wants_stop(recorder, &agent, is_of_today)?;
        if agent.warned_on.replace(day) != Some(day) {
            let fact = json!({ "agent_id": agent.id, "agent": agent.name, "warning": warning.kind.word(), "reason": warning.reason });
            recorder.fact(LANE, "agent_warned", &fact)?;
        }
    }
    recorder.keep_beat(agent.beats, beat, warning.as_ref().map(|warning| warning.kind), (day, &sum))?;
    recorder.keep_agent(&agent)?;
    if ends {
        super::asking::stop_now(recorder, &agent.account, &agent.name)?;
    }
    if beat.runner.is_some() && beat.message.as_deref() == Some(BY_ITSELF) {
        restarted_by_itself(recorder, &agent)?;
    }
    if before.is_none_or(|(status, _)| status != beat.status) {
        recorder.touch(Topic::Agents);
    }
    facts(recorder, &agent, &news)?;
    let used = || Some((day, beats_used(sum.cost_usd, sum.tokens as i64)));
    let spends = (beat.tokens.is_some() || beat.cost_usd.is_some()).then(|| AgentSpends::of(&agent, used()));
    recorder.tell(AgentNews { spends, ..AgentNews::of(&agent, &news) });
    Ok(Ok(Heard { agent_id: agent.id, status: beat.status, warning }))
}

/// What became of an agent: into the journal, and to the pilot once it is on disk.
pub(super) fn tell(recorder: &Recorder<'_>, agent: &Agent, news: &[News]) -> Result<(), StoreError> {
    facts(recorder, agent, news)?;
    recorder.tell(AgentNews::of(agent, news));
    Ok(())
}

fn facts(recorder: &Recorder<'_>, agent: &Agent, news: &[News]) -> Result<(), StoreError> {
    for news in news {
        let fact = json!({ "agent_id": agent.id, "agent": agent.name, "words": news.words });
        recorder.fact(LANE, news.fact, &fact)?;
        recorder.touch(Topic::Agents);
    }
    Ok(())
}

/// The agent of that name; a new one if there is none.
pub(super) fn known(
    recorder: &Recorder<'_>,
    account: &AccountId,
    name: &str,
) -> Result<Result<Agent, TooMany>, StoreError> {
    if let Some(agent) = recorder.agent(account, name)? {
        return Ok(Ok(agent));
    }
    if recorder.agent_count(account)? >= AGENTS_MAX {
        return Ok(Err(TooMany));
    }
    let agent = recorder.add_agent(Agent::named(account.clone(), name))?;
    let fact = json!({ "agent_id": agent.id, "agent": agent.name, "account": account.0 });
    recorder.fact(LANE, "agent_appeared", &fact)?;
    Ok(Ok(agent))
}

/// Nobody asked for it, and it counts among the restarts all the same.
fn restarted_by_itself(recorder: &Recorder<'_>, agent: &Agent) -> Result<(), StoreError> {
    let Some(runner) = &agent.runner else { return Ok(()) };
    let now = recorder.now;
    let command = recorder.add_agent_command(Command {
        id: 0,
        agent: agent.id,
        action: Action::Restart,
        kind: runner.kind.clone(),
        target: runner.target.clone(),
        state: CommandState::Completed,
        message: Some("Its runner restarted it by itself.".to_owned()),
        asked_at: now,
        fetched_at: None,
        ended_at: Some(now),
    })?;
    recorder.touch(Topic::Agents);
    super::asking::told(recorder, "agent_command_ended", agent, &command)
}

/// Sums of many small amounts, without the dust of binary fractions.
fn exactly(cost_usd: f64) -> f64 {
    (cost_usd * 1e9).round() / 1e9
}
