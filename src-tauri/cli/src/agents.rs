//! `agents …`: who is alive and what it costs; restarts, stops and budgets.

use cuetower_core::sentence::grouped;
use cuetower_core::time::length_in_words;
use cuetower_engine::desk::wire::{AgentCommandView, AgentExpects, AgentStory, AgentView, Agents, BeatView};
use serde_json::{Value, json};

use crate::args::{AgentExpected, AgentName, AgentsArgs, AgentsCommand, Limit};
use crate::owner::Owner;
use crate::show::{Zone, say, say_json, table};

const BEATS_SHOWN: usize = 10;

pub async fn obey(owner: &Owner, args: AgentsArgs, as_json: bool) -> Result<(), String> {
    match args.what {
        None | Some(AgentsCommand::List) => list(owner, as_json).await,
        Some(AgentsCommand::Show(agent)) => show(owner, &agent, as_json).await,
        Some(AgentsCommand::Restart(agent)) => ask(owner, &agent, "restart", as_json).await,
        Some(AgentsCommand::Stop(agent)) => ask(owner, &agent, "stop", as_json).await,
        Some(AgentsCommand::Budget { agent, usd }) => budget(owner, &agent, usd, as_json).await,
        Some(AgentsCommand::Watch { agent, expects }) => watch(owner, &agent, &expects, as_json).await,
        Some(AgentsCommand::Forget(agent)) => forget(owner, &agent, as_json).await,
    }
}

async fn list(owner: &Owner, as_json: bool) -> Result<(), String> {
    let answer: Agents = owner.ask("agents", json!({})).await?;
    if as_json {
        say_json(&json!(answer));
    } else if answer.agents.is_empty() {
        say("There are no agents. One appears with its first beat, or when a cue names it.");
    } else {
        say(&listed(&answer.agents, &Zone::of_machine()));
    }
    Ok(())
}

async fn show(owner: &Owner, agent: &AgentName, as_json: bool) -> Result<(), String> {
    let story: AgentStory = owner.ask("agent_get", named(agent)).await?;
    if as_json {
        say_json(&json!(story));
    } else {
        say(&told(&story, &Zone::of_machine()));
    }
    Ok(())
}

async fn ask(owner: &Owner, agent: &AgentName, action: &str, as_json: bool) -> Result<(), String> {
    let mut request = named(agent);
    request["action"] = json!(action);
    let view: AgentView = owner.ask("agent_command", request).await?;
    if as_json {
        say_json(&json!(view));
    } else {
        say(&format!(
            "The runner of {} is asked to {action} it. What became of it: cuetowerctl agents show {0}",
            agent.name
        ));
    }
    Ok(())
}

async fn budget(owner: &Owner, agent: &AgentName, usd: Limit<f64>, as_json: bool) -> Result<(), String> {
    let amount = match usd {
        Limit::None => None,
        Limit::At(amount) => Some(amount),
    };
    let mut request = named(agent);
    request["day_cost_usd"] = json!(amount);
    let view: AgentView = owner.ask("agent_budget", request).await?;
    match view.day_cost_usd {
        _ if as_json => say_json(&json!(view)),
        Some(amount) => say(&format!("{} may cost ${amount:.2} a day; above that it is told so.", view.name)),
        None => say(&format!("{} has no budget.", view.name)),
    }
    Ok(())
}

async fn watch(owner: &Owner, agent: &AgentName, expects: &AgentExpected, as_json: bool) -> Result<(), String> {
    let mut request = named(agent);
    let seconds = |length_ms: Option<i64>| json!(length_ms.map(|length| length as f64 / 1_000.0));
    request["interval_seconds"] = seconds(expects.every);
    request["grace_seconds"] = seconds(expects.grace);
    request["progress_within_seconds"] = seconds(expects.progress_within);
    request["alert"] = json!(!expects.no_alert);
    request["restart"] = json!(expects.restart);
    let view: AgentView = owner.ask("agent_watch", request).await?;
    if as_json {
        say_json(&json!(view));
    } else {
        say(&format!("Expected of {}: {}.", view.name, expected(&view)));
    }
    Ok(())
}

async fn forget(owner: &Owner, agent: &AgentName, as_json: bool) -> Result<(), String> {
    let answer: Agents = owner.ask("agent_forget", named(agent)).await?;
    if as_json {
        say_json(&json!(answer));
    } else {
        say(&format!("{} is forgotten. Its next beat is the first of a new agent.", agent.name));
    }
    Ok(())
}

fn named(agent: &AgentName) -> Value {
    json!({ "name": agent.name, "account": agent.account })
}

fn listed(agents: &[AgentView], zone: &Zone) -> String {
    let row = |agent: &AgentView| {
        [
            agent.name.clone(),
            agent.state.clone(),
            zone.maybe(agent.last_beat_ms),
            grouped(agent.tokens_today),
            cost(agent),
            agent.runner.as_ref().map_or_else(|| "-".to_owned(), |runner| format!("{}:{}", runner.kind, runner.target)),
            agent.message.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = agents.iter().map(row).collect();
    table(["NAME", "STATE", "LAST BEAT", "TOKENS TODAY", "COST TODAY", "RUNNER", "LAST SAID"], &rows)
}

/// "$1.25 of $10.00"
fn cost(agent: &AgentView) -> String {
    let cost = agent.cost_today_usd.map_or_else(|| "-".to_owned(), |cost| format!("${cost:.2}"));
    agent.day_cost_usd.map_or_else(|| cost.clone(), |budget| format!("{cost} of ${budget:.2}"))
}

fn told(story: &AgentStory, zone: &Zone) -> String {
    let agent = &story.agent;
    let fact = |name: &str, value: Option<String>| value.map(|value| format!("{name:<12}{value}"));
    let runner = agent.runner.as_ref();
    let names: Vec<&str> = agent.cues.iter().map(|cue| cue.name.as_str()).collect();
    let facts = [
        Some(format!("{}: {}", agent.name, agent.words)),
        fact("is", agent.kind.clone()),
        fact("last beat", agent.last_beat_ms.map(|at| zone.at(at))),
        fact("today", Some(format!("{} tokens, {}", grouped(agent.tokens_today), cost(agent)))),
        fact("usually", usually(agent)),
        fact("expected", Some(expected(agent))),
        fact("due", agent.due_ms.map(|at| zone.at(at))),
        fact("got on", agent.progress_at_ms.map(|at| zone.at(at))),
        fact("silent", agent.lost_since_ms.map(|at| format!("since {}", zone.at(at)))),
        fact("stands", agent.no_progress_since_ms.map(|at| format!("still since {}", zone.at(at)))),
        fact("run", agent.run_id.clone()),
        fact("memory", memory(agent, zone)),
        fact("runner", runner.map(|runner| format!("{}:{}", runner.kind, runner.target))),
        fact("restarts", (agent.restarts > 0).then(|| format!("{} in 7 days", agent.restarts))),
        fact("cues", (!names.is_empty()).then(|| names.join(", "))),
        fact("address", agent.address.as_ref().map(|address| format!("{address}, {} unread", agent.unread))),
    ];
    let mut lines: Vec<String> = facts.into_iter().flatten().collect();
    lines.extend(agent.commands.iter().map(|command| command_line(command, zone)));
    if !story.beats.is_empty() {
        let rows: Vec<_> = story.beats.iter().take(BEATS_SHOWN).map(|beat| beat_row(beat, zone)).collect();
        lines.push(String::new());
        lines.push(table(["BEAT", "STATUS", "TOKENS", "COST", "WARNED", "SAID"], &rows));
    }
    lines.join("\n")
}

/// "a beat every 1 min (30 s of grace), work that moves within 10 min; no alerts"
fn expected(agent: &AgentView) -> String {
    let learnt =
        AgentExpects { interval_ms: None, grace_ms: None, progress_within_ms: None, alert: true, restart: false };
    let expects = agent.watch.as_ref().unwrap_or(&learnt);
    let beats = match (expects.interval_ms, agent.usual_gap_ms) {
        (Some(every), _) => {
            let grace = expects.grace_ms.map(|grace| format!(" ({} of grace)", length_in_words(grace)));
            format!("a beat every {}{}", length_in_words(every), grace.unwrap_or_default())
        }
        (None, Some(usual)) => format!("beats as it used to, every {}", length_in_words(usual)),
        (None, None) => "nothing yet; it is learnt from its beats".to_owned(),
    };
    let work = expects.progress_within_ms.map(|within| format!(", work that moves within {}", length_in_words(within)));
    let restart = if expects.restart { "; its runner restarts it" } else { "" };
    let alert = if expects.alert { "" } else { "; no alerts" };
    format!("{beats}{}{restart}{alert}", work.unwrap_or_default())
}

/// "120.5 MB, rising: 60.0 MB at 2026-11-21 08:00:00"
fn memory(agent: &AgentView, zone: &Zone) -> Option<String> {
    let now = format!("{:.1} MB", agent.memory_mb?);
    Some(match &agent.memory_rise {
        Some(rise) => format!("{now}, rising: {:.1} MB at {}", rise.from_mb, zone.at(rise.since_ms)),
        None => now,
    })
}

/// "200 to 1,400 tokens a minute"
fn usually(agent: &AgentView) -> Option<String> {
    let (low, high) = agent.tokens_usual?;
    let whole = |rate: f64| grouped(rate.round() as u64);
    Some(format!("{} to {} tokens a minute", whole(low), whole(high)))
}

fn command_line(command: &AgentCommandView, zone: &Zone) -> String {
    let message = command.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    format!("{:<12}{} {}{message}", command.action, zone.at(command.asked_at_ms), command.state)
}

fn beat_row(beat: &BeatView, zone: &Zone) -> [String; 6] {
    let dash = || "-".to_owned();
    [
        zone.at(beat.at_ms),
        beat.status.clone(),
        beat.tokens.map_or_else(dash, grouped),
        beat.cost_usd.map_or_else(dash, |cost| format!("${cost:.4}")),
        beat.warning.clone().unwrap_or_else(dash),
        beat.message.clone().unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use cuetower_engine::desk::wire::{MemoryRise, RunnerView};

    use super::*;

    fn agent() -> AgentView {
        let command = AgentCommandView {
            id: 11,
            action: "restart".to_owned(),
            state: "rejected".to_owned(),
            message: Some("not registered".to_owned()),
            asked_at_ms: 1_795_251_910_000,
            ended_at_ms: None,
        };
        AgentView {
            name: "bot".to_owned(),
            account: None,
            state: "working".to_owned(),
            words: "Working; 42 iterations.".to_owned(),
            last_beat_ms: Some(1_795_251_910_000),
            message: Some("Processed 42".to_owned()),
            kind: Some("claude".to_owned()),
            tokens_today: 1_500,
            cost_today_usd: Some(0.51),
            day_cost_usd: Some(10.0),
            memory_mb: Some(120.5),
            memory_rise: Some(MemoryRise { since_ms: 1_795_248_000_000, from_mb: 60.0 }),
            iterations: Some(42),
            pulse: vec![0; 60],
            tokens: vec![0; 60],
            restarts: 1,
            runner: Some(RunnerView { kind: "docker".to_owned(), target: "bot".to_owned() }),
            commands: vec![command],
            cues: Vec::new(),
            address: None,
            unread: 0,
            watch: None,
            usual_gap_ms: Some(30_000),
            due_ms: Some(1_795_252_000_000),
            progress_at_ms: Some(1_795_251_910_000),
            lost_since_ms: None,
            no_progress_since_ms: None,
            tokens_usual: Some((180.4, 1_400.0)),
            run_id: None,
        }
    }

    fn squeezed(text: &str) -> Vec<String> {
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn an_agent_is_one_line_and_its_story_a_few() {
        let lines = squeezed(&listed(&[agent()], &Zone::named("UTC")));
        assert_eq!(lines[1], "bot working 2026-11-21 09:05:10 1,500 $0.51 of $10.00 docker:bot Processed 42");
        let beat = BeatView {
            at_ms: 1_795_251_910_000,
            status: "ok".to_owned(),
            message: None,
            tokens: Some(1_500),
            cost_usd: Some(0.0125),
            warning: Some("cost_exceeded".to_owned()),
        };
        let story = AgentStory { agent: agent(), beats: vec![beat], messages: Vec::new() };
        let lines = squeezed(&told(&story, &Zone::named("UTC")));
        assert!(lines.contains(&"expected beats as it used to, every 30 s".to_owned()), "{lines:?}");
        assert!(lines.contains(&"usually 180 to 1,400 tokens a minute".to_owned()), "{lines:?}");
        let said = AgentExpects {
            interval_ms: Some(60_000),
            grace_ms: Some(30_000),
            progress_within_ms: Some(600_000),
            alert: false,
            restart: true,
        };
        assert_eq!(
            expected(&AgentView { watch: Some(said), ..agent() }),
            "a beat every 1 min (30 s of grace), work that moves within 10 min; its runner restarts it; no alerts"
        );
        assert_eq!(lines[0], "bot: Working; 42 iterations.");
        assert!(lines.contains(&"restart 2026-11-21 09:05:10 rejected: not registered".to_owned()), "{lines:?}");
        assert_eq!(lines.last().unwrap(), "2026-11-21 09:05:10 ok 1,500 $0.0125 cost_exceeded");
    }
}
