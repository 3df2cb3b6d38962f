//! `pool …`: shared resources with limits, who uses them and who waits.

use cuetower_core::sentence::grouped;
use cuetower_engine::desk::wire::{PoolView, Pools};
use serde_json::json;

use crate::args::{Limit, PoolCommand, PoolSetArgs};
use crate::owner::Owner;
use crate::show::{Zone, say, say_json, table};

/// Holders and waiting ones of one pool that are named in the table; the window and `--json` name more.
const NAMED_MAX: usize = 3;

pub async fn obey(owner: &Owner, what: PoolCommand, as_json: bool) -> Result<(), String> {
    let answer: Pools = match &what {
        PoolCommand::List => owner.ask("pools", json!({})).await?,
        PoolCommand::Set(args) => set(owner, args).await?,
        PoolCommand::Rm { name } => owner.ask("pool_remove", json!({ "name": name })).await?,
    };
    if as_json {
        say_json(&json!(answer));
        return Ok(());
    }
    match what {
        PoolCommand::Set(PoolSetArgs { name, .. }) => {
            let pool = answer.pools.iter().find(|pool| pool.name == name);
            say(&format!("Pool {name} allows {}.", pool.map(limits).unwrap_or_default()));
        }
        PoolCommand::Rm { name } => say(&format!("Pool {name} is gone.")),
        PoolCommand::List if answer.pools.is_empty() => {
            say("There are no pools. Make one: cuetowerctl pool set openai --concurrency 1 --calls-per-min 10");
        }
        PoolCommand::List => say(&listed(&answer.pools, &Zone::of_machine())),
    }
    Ok(())
}

/// Limits that are not named stay as they are.
async fn set(owner: &Owner, args: &PoolSetArgs) -> Result<Pools, String> {
    let before: Pools = owner.ask("pools", json!({})).await?;
    let pool = before.pools.iter().find(|pool| pool.name == args.name);
    let (concurrency, calls, tokens) =
        pool.map_or((None, None, None), |pool| (pool.concurrency, pool.calls_per_min, pool.tokens_per_min));
    let request = json!({
        "name": args.name,
        "concurrency": changed(args.concurrency, concurrency),
        "calls_per_min": changed(args.calls_per_min, calls),
        "tokens_per_min": changed(args.tokens_per_min, tokens),
    });
    owner.ask("pool_set", request).await
}

fn changed<T>(to: Option<Limit<T>>, from: Option<T>) -> Option<T> {
    match to {
        None => from,
        Some(Limit::None) => None,
        Some(Limit::At(most)) => Some(most),
    }
}

fn listed(pools: &[PoolView], zone: &Zone) -> String {
    let row = |pool: &PoolView| {
        let holders = pool.holders.iter().map(|held| held.words.as_str());
        let waiting = pool.waiting.iter().map(|waiting| waiting.words.as_str());
        [pool.name.clone(), limits(pool), now(pool, zone), named(holders), named(waiting)]
    };
    table(["NAME", "ALLOWS", "NOW", "HELD BY", "WAITING"], &pools.iter().map(row).collect::<Vec<_>>())
}

/// "1 at once, 10 calls/min"
fn limits(pool: &PoolView) -> String {
    let concurrency = pool.concurrency.map(|most| format!("{} at once", grouped(most.into())));
    let calls = pool.calls_per_min.map(|most| format!("{} calls/min", grouped(most.into())));
    let tokens = pool.tokens_per_min.map(|most| format!("{} tokens/min", grouped(most)));
    [concurrency, calls, tokens].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn now(pool: &PoolView, zone: &Zone) -> String {
    let in_use = format!("{} in use", grouped(pool.in_use));
    let calls = format!("{} calls", grouped(pool.calls_last_min));
    let tokens = (pool.tokens_last_min > 0).then(|| format!("{} tokens", grouped(pool.tokens_last_min)));
    let backs_off = pool.backs_off_until_ms.map(|until| format!("backs off until {}", zone.written(until, "%H:%M:%S")));
    [Some(in_use), Some(calls), tokens, backs_off].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// "cue leads, cue digest and 4 more"
fn named<'a>(all: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = all.collect();
    let more = all.len().saturating_sub(NAMED_MAX);
    match (all.len(), more) {
        (0, _) => "-".to_owned(),
        (_, 0) => all.join(", "),
        (_, more) => format!("{} and {more} more", all[..NAMED_MAX].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use cuetower_engine::desk::wire::{PoolHolderView, PoolWaitingView};

    use super::*;

    fn pool() -> PoolView {
        let holder = PoolHolderView { words: "cue leads".to_owned(), run_id: None, since_ms: 0 };
        let waiting =
            |position| PoolWaitingView { words: format!("cue w{position}"), run_id: None, since_ms: 0, position };
        PoolView {
            name: "openai".to_owned(),
            concurrency: Some(1),
            calls_per_min: Some(10),
            tokens_per_min: Some(90_000),
            in_use: 1,
            calls_last_min: 7,
            tokens_last_min: 12_000,
            backs_off_until_ms: Some(1_795_251_910_000),
            holders: vec![holder],
            waiting: (1..=5).map(waiting).collect(),
        }
    }

    #[test]
    fn a_pool_is_one_line() {
        let free = PoolView {
            name: "gpu".to_owned(),
            calls_per_min: None,
            tokens_per_min: None,
            in_use: 0,
            calls_last_min: 0,
            tokens_last_min: 0,
            backs_off_until_ms: None,
            holders: Vec::new(),
            waiting: Vec::new(),
            ..pool()
        };
        let said = listed(&[free, pool()], &Zone::named("UTC"));
        let lines: Vec<String> =
            said.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(lines[1], "gpu 1 at once 0 in use, 0 calls - -");
        assert_eq!(
            lines[2],
            "openai 1 at once, 10 calls/min, 90,000 tokens/min 1 in use, 7 calls, 12,000 tokens, backs off until 09:05:10 cue leads cue w1, cue w2, cue w3 and 2 more"
        );
    }

    #[test]
    fn a_limit_stays_goes_or_changes() {
        assert_eq!(changed(None, Some(3)), Some(3));
        assert_eq!(changed(Some(Limit::None), Some(3)), None);
        assert_eq!(changed(Some(Limit::At(5)), Some(3)), Some(5));
    }
}
