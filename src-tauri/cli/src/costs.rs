//! `costs`: what was spent, by cue, agent, model or day, and what of it is not known.

use cuetower_core::sentence::grouped;
use cuetower_engine::desk::wire::{CostTotal, Costs, Exported};
use serde_json::json;

use crate::args::{CostsArgs, CostsBy};
use crate::owner::Owner;
use crate::show::{hand_out, say, say_json, table};

pub async fn obey(owner: &Owner, args: CostsArgs, as_json: bool) -> Result<(), String> {
    if args.csv {
        let file: Exported = owner.ask("costs_csv", json!({ "days": args.days })).await?;
        if as_json {
            say_json(&json!(file));
        } else {
            hand_out(&file.text);
        }
        return Ok(());
    }
    let costs: Costs = owner.ask("costs", json!({ "days": args.days })).await?;
    if as_json {
        say_json(&json!(costs));
    } else {
        say(&told(&costs, args.by));
    }
    Ok(())
}

fn told(costs: &Costs, by: CostsBy) -> String {
    let head = format!(
        "Today {}, 7 days {}, 30 days {}",
        usd(costs.today.cost_usd),
        usd(costs.last_7_days.cost_usd),
        usd(costs.last_30_days.cost_usd)
    );
    let lines = match by {
        CostsBy::Cue => by_cue(costs),
        CostsBy::Agent => by_agent(costs),
        CostsBy::Model => by_model(costs),
        CostsBy::Day => by_day(costs),
    };
    [vec![head, lines], notes(costs)].concat().join("\n")
}

fn by_cue(costs: &Costs) -> String {
    let row = |cue: &cuetower_engine::desk::wire::CueCost| {
        [
            cue.cue.clone(),
            cell(cue.today),
            cell(cue.total),
            count(cue.total.tokens),
            usd(cue.per_confirmed_usd),
            grouped(cue.runs.into()),
            grouped(cue.runs_untold.into()),
        ]
    };
    let head = ["CUE", "TODAY", "ALL", "TOKENS", "PER CONFIRMED", "RUNS", "TOLD NOTHING"];
    table(head, &costs.by_cue.iter().map(row).collect::<Vec<_>>())
}

fn by_agent(costs: &Costs) -> String {
    let row = |agent: &cuetower_engine::desk::wire::AgentCost| {
        let name = if agent.agent.is_empty() { "(no agent named)" } else { &agent.agent };
        let whose = agent.account.as_ref().map(|account| format!(" of {account}")).unwrap_or_default();
        [format!("{name}{whose}"), cell(agent.today), cell(agent.total), count(agent.total.tokens)]
    };
    table(["AGENT", "TODAY", "ALL", "TOKENS"], &costs.by_agent.iter().map(row).collect::<Vec<_>>())
}

fn by_model(costs: &Costs) -> String {
    let row = |model: &cuetower_engine::desk::wire::ModelCost| {
        [
            model.model.clone(),
            cell(model.today),
            cell(model.total),
            grouped(model.calls),
            count(model.input),
            count(model.cached_input),
            count(model.output),
            grouped(model.not_priced),
        ]
    };
    let head = ["MODEL", "TODAY", "ALL", "CALLS", "INPUT", "CACHED", "OUTPUT", "NOT PRICED"];
    table(head, &costs.by_model.iter().map(row).collect::<Vec<_>>())
}

fn by_day(costs: &Costs) -> String {
    let days = costs.days.iter().zip(&costs.by_day);
    let rows = days.map(|(day, total)| [day.clone(), usd(total.cost_usd), count(total.tokens)]);
    table(["DAY", "ALL", "TOKENS"], &rows.collect::<Vec<_>>())
}

/// What the figures do not say by themselves.
fn notes(costs: &Costs) -> Vec<String> {
    let mut notes = Vec::new();
    if costs.runs_untold > 0 {
        notes.push(format!(
            "{} of {} runs told nothing of what they used: that is not known, and not 0.",
            grouped(costs.runs_untold.into()),
            grouped(costs.runs.into())
        ));
    }
    if costs.not_priced > 0 {
        let unknown: Vec<&str> =
            costs.by_model.iter().filter(|model| model.not_priced > 0).map(|model| model.model.as_str()).collect();
        let named = if unknown.is_empty() { String::new() } else { format!(" ({})", unknown.join(", ")) };
        notes.push(format!(
            "{} calls are not priced{named}. Set a price: cuetowerctl price set MODEL --input … --output …",
            grouped(costs.not_priced)
        ));
    }
    let unproven: f64 = costs.unproven.iter().filter_map(|one| one.cost_usd).sum();
    if unproven > 0.0 {
        let ways = costs.unproven.iter().filter(|one| one.cost_usd.is_some());
        let ways: Vec<_> = ways.map(|one| format!("{} {}", grouped(one.runs.into()), one.verdict)).collect();
        notes.push(format!("Paid for without proof: {} ({}).", usd(Some(unproven)), ways.join(", ")));
    }
    if costs.disagreements_total > 0 {
        notes.push(format!(
            "{} {} of what was used; the largest counts:",
            grouped(costs.disagreements_total.into()),
            if costs.disagreements_total == 1 { "run says different things" } else { "runs say different things" }
        ));
        let shown = costs.disagreements.iter().take(5);
        notes.extend(shown.map(|one| {
            let whose = one.cue.as_deref().unwrap_or(&one.agent);
            format!("  {whose} {}: {}", one.run_id.as_deref().unwrap_or("-"), one.words)
        }));
    }
    notes
}

/// Tokens without a price cost something that is not known.
fn cell(total: CostTotal) -> String {
    match (total.cost_usd, total.tokens) {
        (None, Some(tokens)) if tokens > 0 => "not priced".to_owned(),
        (cost, _) => usd(cost),
    }
}

fn usd(amount: Option<f64>) -> String {
    match amount {
        None => "-".to_owned(),
        Some(0.0) => "$0.00".to_owned(),
        Some(amount) if amount < 0.0001 => "<$0.0001".to_owned(),
        Some(amount) if amount < 0.1 => format!("${amount:.4}"),
        Some(amount) => format!("${amount:.2}"),
    }
}

fn count(count: Option<u64>) -> String {
    count.map_or_else(|| "-".to_owned(), grouped)
}

#[cfg(test)]
mod tests {
    use cuetower_engine::desk::wire::{AgentCost, CostDisagreement, CueCost, ModelCost, VerdictCost};

    use super::*;

    fn total(cost_usd: Option<f64>, tokens: u64) -> CostTotal {
        CostTotal { tokens: Some(tokens), cost_usd }
    }

    fn costs() -> Costs {
        let cue = CueCost {
            cue_id: "c1".to_owned(),
            cue: "leads".to_owned(),
            agent: "bot".to_owned(),
            deleted: false,
            today: total(Some(1.0), 1_000),
            total: total(Some(3.5), 12_000),
            runs: 40,
            runs_untold: 12,
            per_confirmed_usd: Some(0.0125),
            unproven_usd: Some(1.84),
            not_priced: 3,
        };
        let model = ModelCost {
            model: "house".to_owned(),
            calls: 3,
            input: Some(900),
            output: None,
            cached_input: None,
            reasoning: None,
            today: total(None, 0),
            total: total(None, 900),
            not_priced: 3,
            has_price: false,
        };
        let agent = AgentCost {
            agent: String::new(),
            account: None,
            today: total(Some(1.0), 1_000),
            total: total(Some(3.5), 12_000),
            days: vec![Some(1.0)],
        };
        Costs {
            days: vec!["2026-11-22".to_owned()],
            today: total(Some(1.0), 1_000),
            last_7_days: total(Some(3.5), 12_000),
            last_30_days: total(Some(3.5), 12_000),
            total: total(Some(3.5), 12_000),
            by_day: vec![total(Some(1.0), 1_000)],
            by_agent: vec![agent],
            by_cue: vec![cue],
            by_model: vec![model],
            runs: 40,
            runs_untold: 12,
            unproven: vec![VerdictCost { verdict: "claimed".to_owned(), runs: 154, cost_usd: Some(1.84) }],
            not_priced: 3,
            disagreements: vec![CostDisagreement {
                run_id: Some("r1".to_owned()),
                cue: Some("leads".to_owned()),
                agent: "bot".to_owned(),
                at_ms: 0,
                words: "its steps say $0.41, its outcome says $0.10".to_owned(),
                cost_usd: Some(0.41),
            }],
            disagreements_total: 1,
        }
    }

    #[test]
    fn what_was_spent_is_told_with_what_is_not_known_of_it() {
        let wanted = "\
Today $1.00, 7 days $3.50, 30 days $3.50
CUE    TODAY  ALL    TOKENS  PER CONFIRMED  RUNS  TOLD NOTHING
leads  $1.00  $3.50  12,000  $0.0125        40    12
12 of 40 runs told nothing of what they used: that is not known, and not 0.
3 calls are not priced (house). Set a price: cuetowerctl price set MODEL --input … --output …
Paid for without proof: $1.84 (154 claimed).
1 run says different things of what was used; the largest counts:
  leads r1: its steps say $0.41, its outcome says $0.10";
        assert_eq!(told(&costs(), CostsBy::Cue), wanted);
    }

    #[test]
    fn each_way_to_sum_it_has_its_table() {
        let second = |by| told(&costs(), by).lines().nth(2).unwrap().to_owned();
        assert_eq!(second(CostsBy::Agent), "(no agent named)  $1.00  $3.50  12,000");
        assert_eq!(second(CostsBy::Model), "house  -      not priced  3      900    -       -       3");
        assert_eq!(second(CostsBy::Day), "2026-11-22  $1.00  1,000");
    }
}
