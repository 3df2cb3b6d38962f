//! What a beat is answered with when something is wrong with its agent. The one seam.

use cuetower_core::sentence::grouped;

/// As ClevAgent's clients know them: each has a handler of its own there, which may end the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarningKind {
    CostExceeded,
    LoopDetected,
}

impl WarningKind {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            WarningKind::CostExceeded => "cost_exceeded",
            WarningKind::LoopDetected => "loop_detected",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    pub kind: WarningKind,
    /// One sentence for the agent's log.
    pub reason: String,
}

/// What is known of an agent when its beat has been taken in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known<'a> {
    /// Since the owner's midnight, with this beat.
    pub cost_today_usd: f64,
    pub day_cost_usd: Option<f64>,
    pub tokens_today: u64,
    pub day_tokens: Option<u64>,
    /// What it shares a budget with used as well, and that is spent: how, without an end mark.
    pub spent: Option<&'a str>,
    /// It goes round in circles: how, without an end mark.
    pub loops: Option<&'a str>,
}

/// Told with every beat while it holds, so that an agent that was started again hears of it too. There is room for one: what
/// costs comes first.
#[must_use]
pub fn of(known: &Known<'_>) -> Option<Warning> {
    let shared = || {
        let reason = format!("{}.", known.spent?);
        Some(Warning { kind: WarningKind::CostExceeded, reason })
    };
    costs(known).or_else(|| uses(known)).or_else(shared).or_else(|| {
        let reason = format!("{}.", known.loops?);
        Some(Warning { kind: WarningKind::LoopDetected, reason })
    })
}

fn costs(known: &Known<'_>) -> Option<Warning> {
    let budget = known.day_cost_usd.filter(|budget| known.cost_today_usd > *budget)?;
    let reason =
        format!("It has cost ${} today; its budget is ${} a day.", dollars(known.cost_today_usd), dollars(budget));
    Some(Warning { kind: WarningKind::CostExceeded, reason })
}

fn uses(known: &Known<'_>) -> Option<Warning> {
    let budget = known.day_tokens.filter(|budget| known.tokens_today > *budget)?;
    let (used, budget) = (grouped(known.tokens_today), grouped(budget));
    let reason = format!("It has used {used} tokens today; its budget is {budget} a day.");
    Some(Warning { kind: WarningKind::CostExceeded, reason })
}

/// Cents, or as many places as a small amount needs.
fn dollars(amount: f64) -> String {
    let cents = format!("{amount:.2}");
    if cents.parse() == Ok(amount) { cents } else { format!("{amount:.4}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_is_warned_above_its_budget_and_not_at_it() {
        let known = Known {
            cost_today_usd: 0.0,
            day_cost_usd: None,
            tokens_today: 0,
            day_tokens: None,
            spent: None,
            loops: None,
        };
        let told = |cost_today_usd, day_cost_usd| of(&Known { cost_today_usd, day_cost_usd, ..known });
        assert_eq!(told(10.0, Some(10.0)), None);
        assert_eq!(told(1e9, None), None);
        let warning = told(10.0125, Some(10.0)).unwrap();
        assert_eq!(warning.kind.word(), "cost_exceeded");
        assert_eq!(warning.reason, "It has cost $10.0125 today; its budget is $10.00 a day.");
        assert!(told(0.01, Some(0.0)).is_some(), "nothing may be spent");
        let tokens = |tokens_today| of(&Known { tokens_today, day_tokens: Some(1_000), ..known });
        assert_eq!(tokens(1_000), None);
        assert_eq!(tokens(1_001).unwrap().reason, "It has used 1,001 tokens today; its budget is 1,000 a day.");
    }

    #[test]
    fn one_that_goes_round_in_circles_is_told_how_unless_it_costs_too_much() {
        let loops = Some("The same call 3 times in a row");
        let known =
            Known { cost_today_usd: 2.0, day_cost_usd: None, tokens_today: 0, day_tokens: None, spent: None, loops };
        let warning = of(&known).unwrap();
        assert_eq!((warning.kind.word(), &*warning.reason), ("loop_detected", "The same call 3 times in a row."));
        assert_eq!(of(&Known { day_cost_usd: Some(1.0), ..known }).unwrap().kind, WarningKind::CostExceeded);
        let words = "$2.00 of the $1.00 that all agents together may cost a day";
        let warning = of(&Known { spent: Some(words), ..known }).unwrap();
        assert_eq!((warning.kind, warning.reason), (WarningKind::CostExceeded, format!("{words}.")));
    }
}
