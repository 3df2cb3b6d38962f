//! What the owner asks of an agent, and its runner's side of it: written down inside the pilot's transaction.

use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use cuetower_core::time::SECOND_MS;
use serde_json::json;

use super::agent::Agent;
use super::command::{Action, Command, CommandState, Said};
use super::hearing::{AGENTS_MAX, LANE, TooMany, known};
use super::judging::{AgentNews, AgentSpends};
use crate::desk::wire::Topic;
use crate::journal::{Recorder, StoreError};

/// One that was stopped may say a last word.
const STOPPED_AGAIN_MS: u64 = 30 * SECOND_MS;

/// Why it was not done, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    NotThere(String),
    No(String),
}

type Asked<T> = Result<Result<T, Refused>, StoreError>;

/// Puts a command into the line of the agent's runner.
pub(crate) fn ask(recorder: &Recorder<'_>, account: &AccountId, name: &str, action: Action) -> Asked<()> {
    let Some((agent, runner)) =
        recorder.agent(account, name)?.and_then(|agent| agent.runner.clone().map(|runner| (agent, runner)))
    else {
        let message = format!(
            "No runner watches {name}, so nobody can {} it. Start one: clevagent-runner start --watch TYPE:TARGET; its beats say what it watches.",
            action.word()
        );
        return Ok(Err(Refused::No(message)));
    };
    settle(recorder)?;
    let open = recorder.open_agent_commands()?;
    if let Some(same) = open.iter().find(|command| command.agent == agent.id && command.action == action) {
        let stands = match same.state {
            CommandState::Asked => "its runner has not fetched it yet",
            _ => "its runner has fetched it and not said what became of it",
        };
        return Ok(Err(Refused::No(format!("A {} of {name} is asked for already; {stands}.", action.word()))));
    }
    let command = recorder.add_agent_command(Command {
        id: 0,
        agent: agent.id,
        action,
        kind: runner.kind,
        target: runner.target,
        state: CommandState::Asked,
        message: None,
        asked_at: recorder.now,
        fetched_at: None,
        ended_at: None,
    })?;
    told(recorder, "agent_command_asked", &agent, &command)?;
    Ok(Ok(()))
}

/// Its budget of the day is spent: its runner is asked to stop it. That it is asked already is no trouble.
pub(crate) fn stop_now(recorder: &Recorder<'_>, account: &AccountId, name: &str) -> Result<(), StoreError> {
    ask(recorder, account, name, Action::Stop).map(drop)
}

/// Whether one that beats although its budget is spent is to be stopped, maybe once more. `is_of_today`: that instant is.
pub(super) fn wants_stop(
    recorder: &Recorder<'_>,
    agent: &Agent,
    is_of_today: impl Fn(Ms) -> bool,
) -> Result<bool, StoreError> {
    if agent.runner.is_none() {
        return Ok(false);
    }
    let Some(newest) = recorder.newest_stop(agent.id)? else { return Ok(true) };
    let refused = newest.state == CommandState::Rejected && is_of_today(newest.asked_at);
    Ok(!refused && newest.ended_at.is_some_and(|ended| recorder.now.since(ended) >= STOPPED_AGAIN_MS))
}

/// What a runner with this key (by its hash) is to do now. Each is handed out once.
pub(crate) fn fetch(recorder: &Recorder<'_>, key: &str) -> Asked<Vec<Command>> {
    settle(recorder)?;
    let agents = recorder.agents_of_runner(key)?;
    let mut handed_out = Vec::new();
    for mut command in recorder.open_agent_commands()? {
        let Some(agent) = agents.iter().find(|agent| agent.id == command.agent) else { continue };
        if command.fetch(recorder.now) {
            recorder.keep_agent_command(&command)?;
            told(recorder, "agent_command_fetched", agent, &command)?;
            handed_out.push(command);
        }
    }
    Ok(Ok(handed_out))
}

/// A runner with this key (by its hash) says what became of a command; with the agent's id.
pub(crate) fn answered(recorder: &Recorder<'_>, key: &str, id: u32, said: &Said) -> Asked<u32> {
    settle(recorder)?;
    let not_there = || Refused::NotThere("There is no such command for this key's runner.".to_owned());
    let Some(mut command) = recorder.agent_command(id)? else { return Ok(Err(not_there())) };
    let agent = recorder.agent_by_id(command.agent)?;
    let Some(agent) = agent.filter(|agent| agent.runner.as_ref().is_some_and(|runner| runner.key == key)) else {
        return Ok(Err(not_there()));
    };
    let before = command.clone();
    if !command.said(said, recorder.now) {
        let message = format!("This command is {} already; that stands.", before.state.word());
        return Ok(Err(Refused::No(message)));
    }
    if command != before {
        recorder.keep_agent_command(&command)?;
        told(recorder, "agent_command_ended", &agent, &command)?;
    }
    Ok(Ok(agent.id))
}

/// Ends what waited too long. True if there was something.
pub(super) fn settle(recorder: &Recorder<'_>) -> Result<bool, StoreError> {
    let mut settled = false;
    for mut command in recorder.open_agent_commands()? {
        if !command.overdue(recorder.now) {
            continue;
        }
        settled = true;
        recorder.keep_agent_command(&command)?;
        if let Some(agent) = recorder.agent_by_id(command.agent)? {
            told(recorder, "agent_command_ended", &agent, &command)?;
        }
    }
    Ok(settled)
}

/// What it may cost a day; None: nothing is said about it. One that has not beaten yet is known from then on.
pub(crate) fn budget(recorder: &Recorder<'_>, account: &AccountId, name: &str, day_cost_usd: Option<f64>) -> Asked<()> {
    let mut agent = match known(recorder, account, name)? {
        Ok(agent) => agent,
        Err(TooMany) => {
            return Ok(Err(Refused::No(format!("There are {AGENTS_MAX} agents already; forget some first."))));
        }
    };
    agent.day_cost_usd = day_cost_usd;
    recorder.keep_agent(&agent)?;
    recorder.tell(AgentNews { spends: Some(AgentSpends::of(&agent, None)), ..AgentNews::of(&agent, &[]) });
    recorder.touch(Topic::Agents);
    let fact = json!({ "agent_id": agent.id, "agent": agent.name, "day_cost_usd": day_cost_usd });
    recorder.fact(LANE, "agent_budget_set", &fact)?;
    Ok(Ok(()))
}

/// Drops its beats, its sums, its budget and its commands. Its next beat is the first of a new agent.
pub(crate) fn forget(recorder: &Recorder<'_>, account: &AccountId, name: &str) -> Asked<()> {
    let Some(agent) = recorder.agent(account, name)? else {
        let message = format!("Nothing is kept of {name}: it never beat. Cues that name it show it still.");
        return Ok(Err(Refused::No(message)));
    };
    recorder.drop_agent(agent.id)?;
    recorder.lose_agent(account, name)?;
    recorder.tell(AgentNews::over(&agent, None));
    recorder.touch(Topic::Agents);
    recorder.fact(LANE, "agent_forgotten", &json!({ "agent_id": agent.id, "agent": agent.name }))?;
    Ok(Ok(()))
}

pub(super) fn told(
    recorder: &Recorder<'_>,
    kind: &'static str,
    agent: &Agent,
    command: &Command,
) -> Result<(), StoreError> {
    recorder.touch(Topic::Agents);
    let fact = json!({
        "agent_id": agent.id,
        "agent": agent.name,
        "command_id": command.id,
        "action": command.action.word(),
        "target": format!("{}:{}", command.kind, command.target),
        "state": command.state.word(),
        "message": command.message,
    });
    recorder.fact(LANE, kind, &fact)
}
