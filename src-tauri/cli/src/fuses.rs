//! `fuse …`: what runs, cues, agents and all of them may use before the tower stops them.

use cuetower_core::sentence::{grouped, money};
use cuetower_engine::desk::wire::{DayLimits, Fuses};
use serde_json::{Value, json};

use crate::args::{FuseCommand, FuseName, FuseSetArgs, Limit};
use crate::owner::Owner;
use crate::show::{Zone, say, say_json, table};

pub async fn obey(owner: &Owner, what: FuseCommand, as_json: bool) -> Result<(), String> {
    let mut fuses: Fuses = owner.ask("fuses", json!({})).await?;
    if let FuseCommand::Set(set) = what {
        fuses = owner.ask("fuses_set", changed(&fuses, &set)?).await?;
    }
    if as_json {
        say_json(&json!(fuses));
    } else {
        say(&shown(&fuses));
    }
    Ok(())
}

/// All of them, with the change.
fn changed(fuses: &Fuses, set: &FuseSetArgs) -> Result<Value, String> {
    if !set.off && set.cost.is_none() && set.tokens.is_none() && set.steps.is_none() {
        return Err("Say what it may use (--cost, --tokens, --steps), or --off.".to_owned());
    }
    let which = match set.which {
        FuseName::Run => "run",
        FuseName::CueDay => "cue_day",
        FuseName::AgentDay => "agent_day",
        FuseName::FleetDay => "fleet_day",
    };
    if set.steps.is_some() && set.which != FuseName::Run {
        return Err("Steps are counted run by run; a day has no limit of them.".to_owned());
    }
    let mut all = json!({
        "run": fuses.run, "cue_day": fuses.cue_day, "agent_day": fuses.agent_day, "fleet_day": fuses.fleet_day,
    });
    let fuse = &mut all[which];
    if set.off {
        for limit in fuse.as_object_mut().into_iter().flat_map(serde_json::Map::values_mut) {
            *limit = Value::Null;
        }
    }
    if let Some(cost) = set.cost {
        fuse["cost_usd"] = value(cost);
    }
    if let Some(tokens) = set.tokens {
        fuse["tokens"] = value(tokens);
    }
    if let Some(steps) = set.steps {
        fuse["steps"] = value(steps);
    }
    Ok(all)
}

fn value<T: serde::Serialize>(limit: Limit<T>) -> Value {
    match limit {
        Limit::None => Value::Null,
        Limit::At(most) => json!(most),
    }
}

fn shown(fuses: &Fuses) -> String {
    let usd = |usd: Option<f64>| usd.map_or_else(|| "-".to_owned(), money);
    let count = |count: Option<u64>| count.map_or_else(|| "-".to_owned(), grouped);
    let day =
        |name: &str, limits: &DayLimits| [name.to_owned(), usd(limits.cost_usd), count(limits.tokens), String::new()];
    let run = &fuses.run;
    let rows = [
        ["run".to_owned(), usd(run.cost_usd), count(run.tokens), count(run.steps.map(u64::from))],
        day("cue-day", &fuses.cue_day),
        day("agent-day", &fuses.agent_day),
        day("fleet-day", &fuses.fleet_day),
    ];
    let mut lines = vec![table(["FUSE", "COST", "TOKENS", "STEPS"], &rows)];
    let spent = &fuses.spent;
    lines.push(format!("Today: {}, {} tokens.", money(spent.fleet_cost_usd), grouped(spent.fleet_tokens)));
    let zone = Zone::of_machine();
    lines.extend(fuses.blown.iter().map(|blown| {
        format!("{} ({}) is stopped until {}: {}.", blown.name, blown.what, zone.at(blown.until_ms), blown.words)
    }));
    lines.join("\n")
}
