//! Sums of what was spent, from rows. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cuetower_core::id::AccountId;
use cuetower_core::price::PriceTable;
use cuetower_core::spend::Nanousd;
use cuetower_core::step::ModelSum;

use crate::desk::wire::{AgentCost, CostDisagreement, CostTotal, Costs, CueCost, ModelCost, VerdictCost};
use crate::fleet::Agent;
use crate::journal::{AgentSpent, DaySum, DisagreementRow, ModelSpent, RunsDue, SpentRow};

/// Cues in an answer at most, the dearest.
const CUES_SHOWN: usize = 500;
/// Verdicts that are not `confirmed`, of runs that have ended.
const UNPROVEN: [&str; 6] = ["claimed", "refuted", "failed", "silent", "stopped", "cancelled"];

/// Everything that was read.
pub(super) struct Known {
    pub spent: Vec<SpentRow>,
    /// By day.
    pub beats: Vec<(String, DaySum)>,
    pub agents: Vec<Agent>,
    pub models: Vec<ModelSpent>,
    pub runs: Vec<(String, RunsDue)>,
    /// Id, name, whether it is deleted.
    pub cues: Vec<(String, String, bool)>,
    pub disagreements: Vec<DisagreementRow>,
    pub disagreements_total: u32,
    /// Days that were read, oldest first.
    pub far: Vec<String>,
    /// Those that were asked for: the end of `far`.
    pub days: Vec<String>,
    pub prices: Arc<PriceTable>,
}

/// Tokens, and billionths of a dollar; None: nobody said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub tokens: Option<i64>,
    pub nano: Option<i64>,
}

impl Sum {
    pub(super) fn add(&mut self, more: Sum) {
        let plus = |one: Option<i64>, more: Option<i64>| match (one, more) {
            (None, None) => None,
            (one, more) => Some(one.unwrap_or(0).saturating_add(more.unwrap_or(0))),
        };
        *self = Sum { tokens: plus(self.tokens, more.tokens), nano: plus(self.nano, more.nano) };
    }

    /// The larger of each.
    fn largest(self, other: Sum) -> Sum {
        Sum { tokens: self.tokens.max(other.tokens), nano: self.nano.max(other.nano) }
    }

    pub(super) fn of(row: &SpentRow) -> Sum {
        Sum { tokens: row.tokens, nano: row.cost_nano }
    }

    fn of_told(told: &AgentSpent) -> Sum {
        Sum { tokens: told.tokens, nano: told.cost_nano }
    }

    /// What beats say: an agent that never tells a cost has none, rather than 0.
    fn of_beats(sum: &DaySum, tells_cost: bool) -> Sum {
        let nano = Nanousd::of_usd(sum.cost_usd).filter(|_| tells_cost).map(|nano| nano.0 as i64);
        Sum { tokens: (sum.tokens > 0).then_some(sum.tokens as i64), nano }
    }

    fn usd(self) -> Option<f64> {
        // A day may have less than nothing: what was told before, and is told better now.
        self.nano.map(|nano| Nanousd(nano.max(0) as u64).usd())
    }

    pub(super) fn of_model(sum: &ModelSum) -> Sum {
        let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        Sum { tokens: sum.tokens.all().map(whole), nano: sum.cost.map(|cost| whole(cost.0)) }
    }

    /// What it has on top of another; None: nothing.
    pub(super) fn beyond(self, other: Sum) -> Option<Sum> {
        let more = |one: Option<i64>, other: Option<i64>| {
            one.map(|one| one.saturating_sub(other.unwrap_or(0))).filter(|more| *more > 0)
        };
        let beyond = Sum { tokens: more(self.tokens, other.tokens), nano: more(self.nano, other.nano) };
        (beyond != Sum::default()).then_some(beyond)
    }

    /// What has to be added to another to come to this one, which may be less than nothing; None: nothing.
    pub(super) fn rest_of(self, other: Sum) -> Option<Sum> {
        let rest = |one: Option<i64>, other: Option<i64>| {
            Some(one.unwrap_or(0).saturating_sub(other.unwrap_or(0))).filter(|rest| *rest != 0)
        };
        let rest = Sum { tokens: rest(self.tokens, other.tokens), nano: rest(self.nano, other.nano) };
        (rest != Sum::default()).then_some(rest)
    }

    pub(super) fn total(self) -> CostTotal {
        CostTotal { tokens: self.tokens.map(|tokens| tokens.max(0) as u64), cost_usd: self.usd() }
    }
}

fn sum_of(sums: impl IntoIterator<Item = Sum>) -> Sum {
    let mut all = Sum::default();
    sums.into_iter().for_each(|sum| all.add(sum));
    all
}

/// Whose, and its name.
pub(super) type Who = (String, String);

/// By agent and day, the larger of what its runs and its beats say.
pub(super) fn by_agent(known: &Known) -> BTreeMap<Who, BTreeMap<String, Sum>> {
    let mut agents: BTreeMap<Who, BTreeMap<String, Sum>> = BTreeMap::new();
    for row in &known.spent {
        let days = agents.entry((row.account.clone(), row.agent.clone())).or_default();
        days.entry(row.day.clone()).or_default().add(Sum::of(row));
    }
    let beating: BTreeMap<u32, &Agent> = known.agents.iter().map(|agent| (agent.id, agent)).collect();
    for (day, beats) in &known.beats {
        let Some(agent) = beating.get(&beats.agent) else { continue };
        let sum = Sum::of_beats(beats, agent.tells_cost);
        if sum == Sum::default() {
            continue;
        }
        let days = agents.entry((agent.account.0.clone(), agent.name.clone())).or_default();
        let told = days.entry(day.clone()).or_default();
        *told = told.largest(sum);
    }
    agents
}

pub(super) fn together(known: &Known) -> Costs {
    let agents = by_agent(known);
    let on = |day: &String| sum_of(agents.values().filter_map(|days| days.get(day)).copied());
    let last = |count: usize| {
        let from = known.far.len().saturating_sub(count);
        sum_of(known.far[from..].iter().map(on)).total()
    };
    let by_cue = cues(known);
    let asked: BTreeSet<&str> = known.days.iter().map(String::as_str).collect();
    let spent = || known.spent.iter().filter(|row| asked.contains(row.day.as_str()));
    Costs {
        days: known.days.clone(),
        today: last(1),
        last_7_days: last(7),
        last_30_days: last(30),
        total: last(known.days.len()),
        by_day: known.days.iter().map(|day| on(day).total()).collect(),
        by_agent: agent_costs(known, &agents),
        runs: by_cue.iter().map(|cue| cue.runs).sum(),
        runs_untold: by_cue.iter().map(|cue| cue.runs_untold).sum(),
        by_cue: by_cue.into_iter().take(CUES_SHOWN).collect(),
        by_model: models(known),
        unproven: UNPROVEN.iter().filter_map(|verdict| verdict_cost(verdict, spent())).collect(),
        not_priced: spent().map(|row| row.not_priced).sum(),
        disagreements: disagreements(known),
        disagreements_total: known.disagreements_total,
    }
}

/// Dearest first; at the same price, by name.
fn dearest_first<T>(list: &mut [T], cost: impl Fn(&T) -> CostTotal, name: impl Fn(&T) -> String) {
    list.sort_by(|one, other| {
        let key = |one: &T| (cost(one).cost_usd.unwrap_or(-1.0), cost(one).tokens);
        let ((usd, tokens), (other_usd, other_tokens)) = (key(one), key(other));
        let dearer = other_usd.total_cmp(&usd).then(other_tokens.cmp(&tokens));
        dearer.then_with(|| name(one).cmp(&name(other)))
    });
}

fn agent_costs(known: &Known, agents: &BTreeMap<Who, BTreeMap<String, Sum>>) -> Vec<AgentCost> {
    let mut list: Vec<AgentCost> = agents
        .iter()
        .map(|((account, agent), days)| {
            let on = |day: &String| days.get(day).copied().unwrap_or_default();
            AgentCost {
                agent: agent.clone(),
                account: (*account != AccountId::OWNER.0).then(|| account.clone()),
                today: known.days.last().map(on).unwrap_or_default().total(),
                total: sum_of(known.days.iter().map(on)).total(),
                days: known.days.iter().map(|day| on(day).usd()).collect(),
            }
        })
        .filter(|agent| agent.total != CostTotal::default())
        .collect();
    dearest_first(&mut list, |agent| agent.total, |agent| agent.agent.clone());
    list
}

#[derive(Default)]
struct OfCue {
    agent: String,
    today: Sum,
    total: Sum,
    told: u32,
    confirmed: u32,
    unproven: Sum,
    not_priced: u64,
}

fn cues(known: &Known) -> Vec<CueCost> {
    let today = known.days.last();
    let asked: BTreeSet<&str> = known.days.iter().map(String::as_str).collect();
    let mut spent: BTreeMap<&str, OfCue> = BTreeMap::new();
    for row in known.spent.iter().filter(|row| asked.contains(row.day.as_str())) {
        let Some(cue_id) = &row.cue_id else { continue };
        let cue = spent.entry(cue_id).or_default();
        let sum = Sum::of(row);
        cue.agent.clone_from(&row.agent);
        cue.total.add(sum);
        if Some(&row.day) == today {
            cue.today.add(sum);
        }
        cue.told += row.ended;
        cue.not_priced += row.not_priced;
        if row.verdict == "confirmed" {
            cue.confirmed += row.runs;
        } else if UNPROVEN.contains(&row.verdict.as_str()) {
            cue.unproven.add(sum);
        }
    }
    let runs: BTreeMap<&str, RunsDue> = known.runs.iter().map(|(cue, runs)| (cue.as_str(), *runs)).collect();
    let mut list: Vec<CueCost> = known
        .cues
        .iter()
        .filter_map(|(id, name, deleted)| {
            let (cue, runs) = (spent.remove(id.as_str()), runs.get(id.as_str()).copied());
            if cue.is_none() && runs.is_none() {
                return None;
            }
            let (cue, runs) = (cue.unwrap_or_default(), runs.unwrap_or_default());
            let ended = runs.all.saturating_sub(runs.live);
            let per_confirmed = cue.total.usd().filter(|_| cue.confirmed > 0).map(|usd| usd / f64::from(cue.confirmed));
            Some(CueCost {
                cue_id: id.clone(),
                cue: name.clone(),
                agent: cue.agent,
                deleted: *deleted,
                today: cue.today.total(),
                total: cue.total.total(),
                runs: ended,
                runs_untold: ended.saturating_sub(cue.told),
                per_confirmed_usd: per_confirmed,
                unproven_usd: cue.unproven.usd(),
                not_priced: cue.not_priced,
            })
        })
        .collect();
    dearest_first(&mut list, |cue| cue.total, |cue| cue.cue.clone());
    list
}

fn models(known: &Known) -> Vec<ModelCost> {
    let total = |sum: &ModelSum| CostTotal { tokens: sum.tokens.all(), cost_usd: sum.cost.map(Nanousd::usd) };
    let model = |spent: &ModelSpent| ModelCost {
        model: spent.model.clone(),
        calls: spent.all.calls,
        input: spent.all.tokens.input,
        output: spent.all.tokens.output,
        cached_input: spent.all.tokens.cached_input,
        reasoning: spent.all.tokens.reasoning,
        today: total(&spent.last_day),
        total: total(&spent.all),
        not_priced: spent.all.not_priced,
        has_price: known.prices.price_of(&spent.model).is_some(),
    };
    let mut list: Vec<ModelCost> = known.models.iter().map(model).collect();
    dearest_first(&mut list, |model| model.total, |model| model.model.clone());
    list
}

/// None: no run that ended so told anything.
fn verdict_cost<'a>(verdict: &str, spent: impl Iterator<Item = &'a SpentRow>) -> Option<VerdictCost> {
    let (mut runs, mut sum, mut any) = (0, Sum::default(), false);
    for row in spent.filter(|row| row.verdict == verdict) {
        (runs, any) = (runs + row.runs, true);
        sum.add(Sum::of(row));
    }
    any.then(|| VerdictCost { verdict: verdict.to_owned(), runs, cost_usd: sum.usd() })
}

fn disagreements(known: &Known) -> Vec<CostDisagreement> {
    let names: BTreeMap<&str, &str> = known.cues.iter().map(|(id, name, _)| (id.as_str(), name.as_str())).collect();
    let shown = |row: &DisagreementRow| CostDisagreement {
        run_id: row.run_id.clone(),
        cue: row.cue_id.as_deref().and_then(|id| names.get(id)).map(|name| (*name).to_owned()),
        agent: row.agent.clone(),
        at_ms: row.at.0,
        words: row.words.clone(),
        cost_usd: row.cost.map(Nanousd::usd),
    };
    known.disagreements.iter().map(shown).collect()
}

/// What one agent spent on a day: the larger of what its runs and its telemetry, and what its beats say.
pub(in crate::desk) fn of_agent(told: Option<&AgentSpent>, beats: DaySum, tells_cost: bool) -> CostTotal {
    let told = told.map(Sum::of_told).unwrap_or_default();
    told.largest(Sum::of_beats(&beats, tells_cost)).total()
}

/// `told`: by runs and telemetry.
pub(super) fn of_one_day(told: &[AgentSpent], beats: &[DaySum], agents: &[Agent]) -> CostTotal {
    let who = |told: &AgentSpent| (told.account.clone(), told.agent.clone());
    let mut sums: BTreeMap<Who, Sum> = told.iter().map(|told| (who(told), Sum::of_told(told))).collect();
    for beats in beats {
        let Some(agent) = agents.iter().find(|agent| agent.id == beats.agent) else { continue };
        let sum = sums.entry((agent.account.0.clone(), agent.name.clone())).or_default();
        *sum = sum.largest(Sum::of_beats(beats, agent.tells_cost));
    }
    sum_of(sums.into_values()).total()
}
