//! Fuses, as their owner sees and sets them.

use cuetower_core::cue::DayBudget;
use cuetower_core::fuse::{self, Limits};
use cuetower_core::spend::Nanousd;

use super::wire::{BlownView, DayLimits, DeskError, FleetSpent, Fuses, FusesSet, Nothing, RunLimits};
use super::{Desk, invalid};
use crate::handle::{BlownFuse, FusesSeen, TowerChange};

/// A limit below this is a mistake, and one above the other no limit.
const USD_LEAST: f64 = 0.0001;
const TOKENS_MOST: u64 = 1_000_000_000_000;

pub(super) async fn list(desk: &Desk, _: Nothing) -> Result<Fuses, DeskError> {
    Ok(shown(desk.handle.fuses().await?))
}

pub(super) async fn set(desk: &Desk, request: FusesSet) -> Result<Fuses, DeskError> {
    let limits = read(&request)?;
    desk.handle.tower(TowerChange::Fuses(Box::new(limits))).await?;
    list(desk, Nothing {}).await
}

fn shown(seen: FusesSeen) -> Fuses {
    let FusesSeen { limits, fleet, blown } = seen;
    let day = |limits: DayBudget| DayLimits { cost_usd: limits.cost.map(Nanousd::usd), tokens: limits.tokens };
    let positive = |number: i64| u64::try_from(number).unwrap_or(0);
    Fuses {
        run: RunLimits {
            cost_usd: limits.run.cost.map(Nanousd::usd),
            tokens: limits.run.tokens,
            steps: limits.run.steps,
        },
        cue_day: day(limits.cue_day),
        agent_day: day(limits.agent_day),
        fleet_day: day(limits.fleet_day),
        spent: FleetSpent { fleet_cost_usd: Nanousd(positive(fleet.cost)).usd(), fleet_tokens: positive(fleet.tokens) },
        blown: blown.into_iter().map(blown_view).collect(),
    }
}

fn blown_view(fuse: BlownFuse) -> BlownView {
    BlownView {
        what: fuse.of.word().to_owned(),
        name: fuse.name,
        cue_id: fuse.cue_id.map(|id| id.0),
        words: fuse.words,
        until_ms: fuse.until.0,
    }
}

fn read(request: &FusesSet) -> Result<Limits, DeskError> {
    let cost = |field: String, usd: Option<f64>| match usd {
        None => Ok(None),
        Some(usd) => match Nanousd::of_usd(usd).filter(|_| usd >= USD_LEAST) {
            Some(cost) => Ok(Some(cost)),
            None => Err(invalid(&field, "Give $0.0001 to $1,000,000, or null for no limit.")),
        },
    };
    let count = |field: String, count: Option<u64>| match count {
        Some(count) if !(1..=TOKENS_MOST).contains(&count) => {
            Err(invalid(&field, "Give a number from 1 on, or null for no limit."))
        }
        count => Ok(count),
    };
    let day = |name: &str, limits: &DayLimits| {
        let cost = cost(format!("{name}.cost_usd"), limits.cost_usd)?;
        Ok::<_, DeskError>(DayBudget { cost, tokens: count(format!("{name}.tokens"), limits.tokens)? })
    };
    count("run.steps".to_owned(), request.run.steps.map(u64::from))?;
    Ok(Limits {
        run: fuse::RunLimits {
            cost: cost("run.cost_usd".to_owned(), request.run.cost_usd)?,
            tokens: count("run.tokens".to_owned(), request.run.tokens)?,
            steps: request.run.steps,
        },
        cue_day: day("cue_day", &request.cue_day)?,
        agent_day: day("agent_day", &request.agent_day)?,
        fleet_day: day("fleet_day", &request.fleet_day)?,
    })
}

#[cfg(test)]
mod tests {
    use cuetower_core::fuse::Used;

    use super::*;

    fn set() -> FusesSet {
        let off = DayLimits { cost_usd: None, tokens: None };
        FusesSet {
            run: RunLimits { cost_usd: Some(2.5), tokens: Some(7), steps: None },
            cue_day: off,
            agent_day: DayLimits { cost_usd: Some(0.0001), tokens: None },
            fleet_day: off,
        }
    }

    #[test]
    fn limits_are_shown_as_they_were_set_and_a_wrong_one_names_its_field() {
        let limits = read(&set()).unwrap();
        let seen = shown(FusesSeen { limits, fleet: Used { cost: -5, tokens: 3 }, blown: Vec::new() });
        assert_eq!((seen.run, seen.cue_day, seen.agent_day), (set().run, set().cue_day, set().agent_day));
        assert_eq!((seen.spent.fleet_cost_usd, seen.spent.fleet_tokens), (0.0, 3));
        let wrong = |change: fn(&mut FusesSet)| {
            let mut request = set();
            change(&mut request);
            read(&request).unwrap_err().field.unwrap()
        };
        assert_eq!(wrong(|set| set.run.cost_usd = Some(0.0)), "run.cost_usd");
        assert_eq!(wrong(|set| set.run.steps = Some(0)), "run.steps");
        assert_eq!(wrong(|set| set.cue_day.tokens = Some(0)), "cue_day.tokens");
        assert_eq!(wrong(|set| set.fleet_day.cost_usd = Some(f64::NAN)), "fleet_day.cost_usd");
    }
}
