//! What was spent as a table: by day, cue, agent and model. Pure.
//!
//! Of each day, cue and agent the first row carries the runs; what no model accounts for (an outcome's own figure, beats) is in
//! a row without a model, so that tokens and amounts add up to what the costs screen shows. Where something was told before and is
//! told better now, that row takes back what is too much.

use std::collections::BTreeMap;

use cuetower_core::spend::Nanousd;

use super::sums::{Known, Sum, Who, by_agent};
use crate::export::csv::{Cell, table as written};
use crate::journal::SpentApart;

const HEAD: [&str; 17] = [
    "day",
    "cue",
    "cue_id",
    "agent",
    "account",
    "model",
    "calls",
    "runs",
    "confirmed_runs",
    "confirmed_share",
    "tokens",
    "tokens_input",
    "tokens_output",
    "tokens_cached_input",
    "tokens_reasoning",
    "cost_usd",
    "calls_not_priced",
];

/// Day, account, agent, and the cue or nothing.
type Key = (String, String, String, String);

#[derive(Default)]
struct Group<'a> {
    models: Vec<&'a SpentApart>,
    all: Sum,
    /// What no model accounts for.
    rest: Option<Sum>,
    runs: u64,
    confirmed: u64,
}

pub(super) fn table(known: &Known, models: &[SpentApart]) -> String {
    let mut groups: BTreeMap<Key, Group<'_>> = BTreeMap::new();
    let mut told: BTreeMap<(Who, &str), Sum> = BTreeMap::new();
    for row in known.spent.iter().filter(|row| known.days.contains(&row.day)) {
        let cue = row.cue_id.clone().unwrap_or_default();
        let group = groups.entry((row.day.clone(), row.account.clone(), row.agent.clone(), cue)).or_default();
        group.all.add(Sum::of(row));
        group.runs += u64::from(row.runs);
        group.confirmed += if row.verdict == "confirmed" { u64::from(row.runs) } else { 0 };
        let who = (row.account.clone(), row.agent.clone());
        told.entry((who, row.day.as_str())).or_default().add(Sum::of(row));
    }
    for row in models {
        let cue = row.cue_id.clone().unwrap_or_default();
        let group = groups.entry((row.day.clone(), row.account.clone(), row.agent.clone(), cue)).or_default();
        group.models.push(row);
    }
    // What an agent's beats say beyond its runs belongs to no cue.
    for (who, days) in by_agent(known) {
        for (day, all) in days.iter().filter(|(day, _)| known.days.contains(day)) {
            let of_runs = told.get(&(who.clone(), day.as_str())).copied().unwrap_or_default();
            if let Some(beyond) = all.beyond(of_runs) {
                let key = (day.clone(), who.0.clone(), who.1.clone(), String::new());
                groups.entry(key).or_default().all.add(beyond);
            }
        }
    }
    groups.values_mut().for_each(Group::settle);
    as_shown(&mut groups);
    let names: BTreeMap<&str, &str> = known.cues.iter().map(|(id, name, _)| (id.as_str(), name.as_str())).collect();
    let rows: Vec<Vec<Cell>> = groups.iter().flat_map(|(key, group)| group.rows(key, &names)).collect();
    written(&HEAD, &rows)
}

/// All together is never less than nothing on the screen: what days before are owed is not taken back from these.
fn as_shown(groups: &mut BTreeMap<Key, Group<'_>>) {
    let columns: [fn(&mut Sum) -> &mut Option<i64>; 2] = [|sum| &mut sum.tokens, |sum| &mut sum.nano];
    for column in columns {
        let all = groups.values_mut().filter_map(|group| *column(&mut group.all));
        let mut owed = all.fold(0_i64, i64::saturating_add).min(0).saturating_neg();
        for group in groups.values_mut() {
            let Some(rest) = group.rest.as_mut().and_then(|rest| column(rest).as_mut()) else { continue };
            let more = owed.min(rest.saturating_neg()).max(0);
            (owed, *rest) = (owed - more, *rest + more);
        }
    }
}

impl Group<'_> {
    fn settle(&mut self) {
        let mut of_models = Sum::default();
        self.models.iter().for_each(|row| of_models.add(Sum::of_model(&row.sum)));
        self.rest = self.all.rest_of(of_models);
    }

    fn rows(&self, (day, account, agent, cue): &Key, names: &BTreeMap<&str, &str>) -> Vec<Vec<Cell>> {
        let name = names.get(cue.as_str()).copied().unwrap_or_default();
        let whose = [Cell::text(day), Cell::text(name), Cell::text(cue), Cell::text(agent), Cell::text(account)];
        let mut rows: Vec<Vec<Cell>> = Vec::new();
        let mut push = |rest: [Cell; 8], model: &str| {
            let share = (self.runs > 0).then(|| Cell::Share(self.confirmed as f64 / self.runs as f64));
            let runs = if rows.is_empty() {
                [Cell::Count(self.runs), Cell::Count(self.confirmed), share.unwrap_or(Cell::None)]
            } else {
                [Cell::None, Cell::None, Cell::None]
            };
            let [calls, rest @ ..] = rest;
            let row = whose.iter().cloned().chain([Cell::text(model), calls]).chain(runs).chain(rest);
            rows.push(row.collect());
        };
        for row in &self.models {
            let (sum, tokens) = (&row.sum, &row.sum.tokens);
            push(
                [
                    Cell::Count(sum.calls),
                    Cell::count(tokens.all()),
                    Cell::count(tokens.input),
                    Cell::count(tokens.output),
                    Cell::count(tokens.cached_input),
                    Cell::count(tokens.reasoning),
                    Cell::usd(sum.cost.map(Nanousd::usd)),
                    Cell::Count(sum.not_priced),
                ],
                &row.model,
            );
        }
        if self.rest.is_some() || self.models.is_empty() {
            let Sum { tokens, nano } = self.rest.unwrap_or_default();
            let usd = nano.map(|nano| Nanousd(nano.unsigned_abs()).usd() * if nano < 0 { -1.0 } else { 1.0 });
            let none = || Cell::None;
            let rest = [none(), Cell::whole(tokens), none(), none(), none(), none(), Cell::usd(usd), none()];
            push(rest, "");
        }
        rows
    }
}
