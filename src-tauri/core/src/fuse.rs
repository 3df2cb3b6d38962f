//! Fuses: what a run, a cue's day, an agent's day and the whole fleet's day may use before the tower ends the work. Pure.
//!
//! What a cue says of itself stands before the owner's limits, which are generous and on unless they are switched off.

use serde::{Deserialize, Serialize};

use crate::Ms;
use crate::cue::{Budget, DayBudget};
use crate::sentence::grouped;
use crate::spend::Nanousd;
use crate::step::Total;

/// What a finding claims of a run that a fuse of the day stopped; the alert is the fuse's own.
pub const OF_THE_DAY: &str = "Within the budget of the day";
/// What a finding claims of a run that was stopped for something else than a number; whoever found it tells of it.
pub const BY_THE_TOWER: &str = "Not stopped by the tower";

const MILLION: u64 = 1_000_000;

/// The owner's limits. What is not there stands as it is by default; a fuse without limits is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    pub run: RunLimits,
    /// All runs of one cue, from midnight to midnight where the owner is.
    pub cue_day: DayBudget,
    /// All that one agent does, in runs and outside of them.
    pub agent_day: DayBudget,
    pub fleet_day: DayBudget,
}

impl Default for Limits {
    fn default() -> Limits {
        let dollars = |dollars: u64| DayBudget { cost: Some(Nanousd(dollars * 1_000 * MILLION)), tokens: None };
        Limits {
            run: RunLimits {
                cost: Some(Nanousd(25 * 1_000 * MILLION)),
                tokens: Some(20 * MILLION),
                steps: Some(250_000),
            },
            cue_day: dollars(50),
            agent_day: dollars(50),
            fleet_day: dollars(100),
        }
    }
}

/// Of one run. None: no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunLimits {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Nanousd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
}

impl RunLimits {
    /// What holds for a run of a cue with this budget.
    #[must_use]
    pub fn under(self, own: &Budget) -> RunLimits {
        RunLimits { cost: own.cost.or(self.cost), tokens: own.tokens.or(self.tokens), steps: own.steps.or(self.steps) }
    }
}

/// What holds for a day, where something has a budget of its own.
#[must_use]
pub fn day_under(limits: DayBudget, own: DayBudget) -> DayBudget {
    DayBudget { cost: own.cost.or(limits.cost), tokens: own.tokens.or(limits.tokens) }
}

/// What was used within a day. May be less than nothing: what was told before, and is told better now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// Billionths of a dollar.
    pub cost: i64,
    pub tokens: i64,
}

impl Used {
    #[must_use]
    pub fn is_nothing(self) -> bool {
        self == Used::default()
    }

    #[must_use]
    pub fn plus(self, more: Used) -> Used {
        Used { cost: self.cost.saturating_add(more.cost), tokens: self.tokens.saturating_add(more.tokens) }
    }

    #[must_use]
    pub fn minus(self, less: Used) -> Used {
        Used { cost: self.cost.saturating_sub(less.cost), tokens: self.tokens.saturating_sub(less.tokens) }
    }

    /// The larger of each.
    #[must_use]
    pub fn largest(self, other: Used) -> Used {
        Used { cost: self.cost.max(other.cost), tokens: self.tokens.max(other.tokens) }
    }

    /// What came between two totals of the same.
    #[must_use]
    pub fn between(before: Total, after: Total) -> Used {
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let cost = |total: Total| signed(total.cost.map_or(0, |cost| cost.0));
        let tokens = |total: Total| signed(total.tokens.unwrap_or(0));
        Used { cost: cost(after) - cost(before), tokens: tokens(after) - tokens(before) }
    }
}

/// Whose budget of the day is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpentOf {
    Cue,
    Agent,
    Fleet,
}

impl SpentOf {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            SpentOf::Cue => "cue",
            SpentOf::Agent => "agent",
            SpentOf::Fleet => "fleet",
        }
    }
}

/// Nothing of a cue begins until then, because a budget of the day is spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    pub at: Ms,
    /// The owner's next midnight.
    pub until: Ms,
    pub of: SpentOf,
    /// "$50.02 of the $50.00 that this cue may cost a day"
    pub words: String,
}

/// A run used more than it may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tripped {
    /// "$2.00", "20,000,000 tokens"
    pub most: String,
    /// "$2.01 of the $2.00 that a run may cost"
    pub words: String,
}

/// The fuse of one run; all that is allowed is allowed.
#[must_use]
pub fn tripped(total: Total, steps: usize, limits: &RunLimits) -> Option<Tripped> {
    let over = |used: Option<u64>, most: Option<u64>| used.zip(most).filter(|(used, most)| used > most);
    if let Some((used, most)) = over(total.cost.map(|cost| cost.0), limits.cost.map(|cost| cost.0)) {
        let (used, most) = dollars(used, most);
        return Some(Tripped { words: format!("{used} of the {most} that a run may cost"), most });
    }
    if let Some((used, most)) = over(total.tokens, limits.tokens) {
        let words = format!("{} of the {} tokens that a run may use", grouped(used), grouped(most));
        return Some(Tripped { most: format!("{} tokens", grouped(most)), words });
    }
    let (used, most) = over(Some(steps as u64), limits.steps.map(u64::from))?;
    let words = format!("{} of the {} steps that a run may have", grouped(used), grouped(most));
    Some(Tripped { most: format!("{} steps", grouped(most)), words })
}

/// Whether a budget of the day is spent. Does not allocate.
#[must_use]
pub fn is_spent(used: Used, limits: &DayBudget) -> bool {
    let over =
        |used: i64, most: Option<u64>| most.is_some_and(|most| u64::try_from(used).is_ok_and(|used| used > most));
    over(used.cost, limits.cost.map(|cost| cost.0)) || over(used.tokens, limits.tokens)
}

/// The words of a spent budget of the day; None: it is not. `whose`: "this cue".
#[must_use]
pub fn day_spent(used: Used, limits: &DayBudget, whose: &str) -> Option<String> {
    let over = |used: i64, most: Option<u64>| u64::try_from(used).ok().zip(most).filter(|(used, most)| used > most);
    if let Some((used, most)) = over(used.cost, limits.cost.map(|cost| cost.0)) {
        let (used, most) = dollars(used, most);
        return Some(format!("{used} of the {most} that {whose} may cost a day"));
    }
    let (used, most) = over(used.tokens, limits.tokens)?;
    Some(format!("{} of the {} tokens that {whose} may use a day", grouped(used), grouped(most)))
}

/// Both with as many places as tell them apart, at least cents.
fn dollars(used: u64, most: u64) -> (String, String) {
    let with = |places: usize| {
        let one = |nano: u64| {
            let (whole, rest) = (nano / (1_000 * MILLION), format!("{:09}", nano % (1_000 * MILLION)));
            format!("${}.{}", grouped(whole), &rest[..places])
        };
        (one(used), one(most))
    };
    let exact = |places: usize| most.is_multiple_of(10_u64.pow(9 - places as u32));
    let tells = |places: &usize| {
        let (used, most) = with(*places);
        used != most && exact(*places)
    };
    with((2..=9).find(tells).unwrap_or(9))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(usd: f64) -> Option<Nanousd> {
        Nanousd::of_usd(usd)
    }

    fn total(cost: f64, tokens: u64) -> Total {
        Total { cost: usd(cost), tokens: Some(tokens) }
    }

    #[test]
    fn a_run_may_use_all_that_it_may_and_no_more() {
        let limits = RunLimits { cost: usd(2.0), tokens: Some(1_000), steps: Some(3) };
        assert_eq!(tripped(total(2.0, 1_000), 3, &limits), None);
        let words = |total: Total, steps| tripped(total, steps, &limits).map(|tripped| (tripped.most, tripped.words));
        let said = |most: &str, words: &str| Some((most.to_owned(), words.to_owned()));
        assert_eq!(words(total(2.01, 0), 0), said("$2.00", "$2.01 of the $2.00 that a run may cost"));
        assert_eq!(words(total(2.000_01, 0), 0), said("$2.00000", "$2.00001 of the $2.00000 that a run may cost"));
        assert_eq!(words(total(0.0, 1_001), 0), said("1,000 tokens", "1,001 of the 1,000 tokens that a run may use"));
        assert_eq!(words(Total::default(), 4), said("3 steps", "4 of the 3 steps that a run may have"));
        assert_eq!(tripped(total(1e6, u64::MAX), usize::MAX, &RunLimits::default()), None, "it is off");
        let dear = RunLimits { cost: usd(0.005), ..limits };
        let dear = tripped(total(1_234.5, 0), 0, &dear).unwrap();
        assert_eq!(dear.words, "$1,234.500 of the $0.005 that a run may cost");
    }

    #[test]
    fn what_a_cue_says_of_itself_stands_before_the_limits() {
        let own = Budget { cost: usd(2.0), day: DayBudget { cost: None, tokens: Some(7) }, ..Budget::default() };
        let run = Limits::default().run.under(&own);
        assert_eq!((run.cost, run.tokens, run.steps), (usd(2.0), Some(20_000_000), Some(250_000)));
        let day = day_under(Limits::default().cue_day, own.day);
        assert_eq!(day, DayBudget { cost: usd(50.0), tokens: Some(7) });
    }

    #[test]
    fn a_day_may_have_less_than_nothing() {
        let limits = DayBudget { cost: usd(50.0), tokens: Some(10) };
        let used = |cost: i64, tokens| Used { cost: cost * 1_000_000_000, tokens };
        assert_eq!(day_spent(used(50, 10), &limits, "this cue"), None);
        assert_eq!(day_spent(used(-1, -1), &limits, "this cue"), None);
        let words = day_spent(used(51, 0), &limits, "this cue").unwrap();
        assert_eq!(words, "$51.00 of the $50.00 that this cue may cost a day");
        let words = day_spent(used(0, 11), &limits, "the agent x").unwrap();
        assert_eq!(words, "11 of the 10 tokens that the agent x may use a day");
        for used in [used(50, 10), used(-1, -1), used(51, 0), used(0, 11)] {
            assert_eq!(is_spent(used, &limits), day_spent(used, &limits, "").is_some());
        }
    }

    #[test]
    fn limits_that_were_never_set_are_the_generous_ones_and_off_is_off() {
        assert_eq!(serde_json::from_str::<Limits>("{}").unwrap(), Limits::default());
        let off: Limits = serde_json::from_str(r#"{"run":{},"fleet_day":{}}"#).unwrap();
        assert_eq!((off.run, off.fleet_day), (RunLimits::default(), DayBudget::default()));
        assert_eq!(off.cue_day, Limits::default().cue_day);
        let written = serde_json::to_string(&off).unwrap();
        assert_eq!(serde_json::from_str::<Limits>(&written).unwrap(), off);
    }
}
