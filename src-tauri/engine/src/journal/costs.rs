//! What was spent, over days: read from the tables of `steps`, with what became of the runs. Reads what was spent on the days
//! that are asked for, and no more.

use std::collections::{BTreeMap, HashMap, HashSet};

use cuetower_core::Ms;
use cuetower_core::run::Run;
use cuetower_core::spend::{Nanousd, Tokens};
use cuetower_core::step::ModelSum;
use cuetower_core::verdicts::Confirmed;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::put_away;

pub(super) const SCHEMA: &str = "
CREATE INDEX spend_disagreeing ON spend (last_ms) WHERE disagreement IS NOT NULL;
CREATE INDEX steps_of_models ON steps (spend, key) WHERE state = 'started' AND model IS NOT NULL;";

/// What was spent on one day for one cue (or outside of any) by one agent, on runs of one verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpentRow {
    pub day: String,
    pub account: String,
    pub agent: String,
    /// None: told by telemetry that belongs to no run.
    pub cue_id: Option<String>,
    /// `verdicts::Confirmed::word`; "" for what belongs to no run.
    pub verdict: String,
    pub tokens: Option<i64>,
    pub cost_nano: Option<i64>,
    /// Runs that told something, each counted on the first of the days that were asked for.
    pub runs: u32,
    /// Of these, those that have ended and were due on one of the days.
    pub ended: u32,
    /// Calls in these runs that no price is known for.
    pub not_priced: u64,
}

/// Calls of one model, within some days and on the last of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelSpent {
    pub model: String,
    pub all: ModelSum,
    pub last_day: ModelSum,
}

/// Two who said something of the same run and do not agree.
#[derive(Debug, Clone, PartialEq)]
pub struct DisagreementRow {
    pub run_id: Option<String>,
    pub cue_id: Option<String>,
    pub agent: String,
    pub at: Ms,
    pub words: String,
    /// What counts: the largest.
    pub cost: Option<Nanousd>,
}

/// Runs of a cue that were due in some days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunsDue {
    pub all: u32,
    /// Not ended yet.
    pub live: u32,
}

/// How a run ended stands in its row of `spend`; those that have not ended, or whose telemetry came later, are looked up.
pub(super) const SPENT: &str = "SELECT d.day, d.spend, d.tokens, d.cost_nano, s.account, s.agent, s.cue_id, s.not_priced,
      coalesce(s.verdict, r.confirmed), coalesce(s.due_ms, iif(r.ended_at_ms IS NULL, NULL, r.due_ms)) BETWEEN ?3 AND ?4 - 1
    FROM spend_days d CROSS JOIN spend s ON s.id = d.spend LEFT JOIN runs r ON r.id = iif(s.verdict IS NULL, s.run_id, NULL)
    WHERE d.day BETWEEN ?1 AND ?2";

/// Notes how a run ended, where what it used is known.
pub(super) fn ended(connection: &Connection, run: &Run) -> rusqlite::Result<()> {
    if run.verdict().is_none() {
        return Ok(());
    }
    let sql = "UPDATE spend SET verdict = ?2, due_ms = ?3 WHERE owner = ?1";
    let values = params![run.id.0, Confirmed::of(run).word(), run.due.0];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

/// From one day to another ("2026-11-21"), which are in time from `began` to before `ended`. Runs are counted from the day `asked`
/// on, which may be later than the first.
pub(super) fn spent(
    connection: &Connection,
    first: &str,
    last: &str,
    asked: &str,
    began: Ms,
    ended: Ms,
) -> rusqlite::Result<Vec<SpentRow>> {
    let mut sums = Sums::default();
    let mut statement = connection.prepare_cached(SPENT)?;
    let mut rows = statement.query(params![first, last, began.0, ended.0])?;
    while let Some(row) = rows.next()? {
        let text = |column: usize| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str_or_null()?.unwrap_or_default());
        let key = [0, 4, 5, 6, 8].map(|column| text(column).map(|text| sums.words.number(text)));
        let [day, account, agent, cue, verdict] = key;
        let key = [day?, account?, agent?, cue?, verdict?];
        let is_first = row.get_ref(0)?.as_str()? >= asked && sums.seen.insert(row.get(1)?);
        let sum = sums.by_key.entry(key).or_default();
        add(&mut sum.tokens, row.get(2)?);
        add(&mut sum.cost_nano, row.get(3)?);
        if is_first {
            let of_run = key[4] != sums.words.number("");
            sum.runs += u32::from(of_run);
            sum.ended += u32::from(row.get::<_, bool>(9).unwrap_or(false));
            sum.not_priced += count(row, 7)?.unwrap_or(0);
        }
    }
    Ok(sums.rows())
}

/// Sums by five words, each of which is kept once.
#[derive(Default)]
struct Sums {
    words: Words,
    by_key: HashMap<[u32; 5], Sum>,
    seen: HashSet<i64>,
}

#[derive(Default, Clone, Copy)]
struct Sum {
    tokens: Option<i64>,
    cost_nano: Option<i64>,
    runs: u32,
    ended: u32,
    not_priced: u64,
}

#[derive(Default)]
struct Words {
    numbers: HashMap<String, u32>,
    words: Vec<String>,
}

impl Words {
    fn number(&mut self, word: &str) -> u32 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = self.words.len() as u32;
        self.words.push(word.to_owned());
        self.numbers.insert(word.to_owned(), number);
        number
    }
}

impl Sums {
    fn rows(self) -> Vec<SpentRow> {
        let word = |number: u32| self.words.words[number as usize].clone();
        let row = |([day, account, agent, cue, verdict], sum): (&[u32; 5], &Sum)| SpentRow {
            day: word(*day),
            account: word(*account),
            agent: word(*agent),
            cue_id: Some(word(*cue)).filter(|cue| !cue.is_empty()),
            verdict: word(*verdict),
            tokens: sum.tokens,
            cost_nano: sum.cost_nano,
            runs: sum.runs,
            ended: sum.ended,
            not_priced: sum.not_priced,
        };
        let mut rows: Vec<SpentRow> = self.by_key.iter().map(row).collect();
        let order = |row: &SpentRow| {
            (row.day.clone(), row.account.clone(), row.agent.clone(), row.cue_id.clone(), row.verdict.clone())
        };
        rows.sort_by_cached_key(order);
        rows
    }
}

fn add(sum: &mut Option<i64>, more: Option<i64>) {
    if let Some(more) = more {
        *sum = Some(sum.unwrap_or(0).saturating_add(more));
    }
}

// `sum` fails where it leaves 64 bits; `total` never does, and is exact far beyond what a day can cost.
pub(super) const SPENT_ON: &str =
    "SELECT s.account, s.agent, iif(count(d.tokens), CAST(total(d.tokens) AS INTEGER), NULL),
      iif(count(d.cost_nano), CAST(total(d.cost_nano) AS INTEGER), NULL)
    FROM spend_days d CROSS JOIN spend s ON s.id = d.spend WHERE d.day = ?1 GROUP BY s.account, s.agent";

/// What one agent spent on a day, as its runs and its telemetry tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentSpent {
    pub account: String,
    pub agent: String,
    pub tokens: Option<i64>,
    pub cost_nano: Option<i64>,
}

pub(super) fn spent_on(connection: &Connection, day: &str) -> rusqlite::Result<Vec<AgentSpent>> {
    let read = |row: &Row<'_>| {
        Ok(AgentSpent { account: row.get(0)?, agent: row.get(1)?, tokens: row.get(2)?, cost_nano: row.get(3)? })
    };
    connection.prepare_cached(SPENT_ON)?.query_map([day], read)?.collect()
}

pub(super) const CUES_ON: &str = "SELECT s.cue_id, CAST(total(d.cost_nano) AS INTEGER)
    FROM spend_days d CROSS JOIN spend s ON s.id = d.spend
    WHERE d.day = ?1 AND d.cost_nano IS NOT NULL AND s.cue_id IS NOT NULL GROUP BY s.cue_id";

/// What runs of each cue cost on a day, in billionths of a dollar; cues of which nobody told are left out.
pub(super) fn cues_on(connection: &Connection, day: &str) -> rusqlite::Result<Vec<(String, i64)>> {
    connection.prepare_cached(CUES_ON)?.query_map([day], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

pub(super) const BY_MODEL: &str =
    "SELECT model, day = ?2, calls, input, output, cached_input, reasoning, total, cost_nano, not_priced
    FROM spend_models WHERE day BETWEEN ?1 AND ?2";

/// Calls of each model, from one day to another, by name. Summed here: SQLite would put all of them in order first.
pub(super) fn by_model(connection: &Connection, first: &str, last: &str) -> rusqlite::Result<Vec<ModelSpent>> {
    let mut models: HashMap<String, ModelSpent> = HashMap::new();
    let mut statement = connection.prepare_cached(BY_MODEL)?;
    let mut rows = statement.query([first, last])?;
    while let Some(row) = rows.next()? {
        let told = |column| Ok::<_, rusqlite::Error>(count(row, column)?.unwrap_or(0));
        let tokens = Tokens {
            input: count(row, 3)?,
            output: count(row, 4)?,
            cached_input: count(row, 5)?,
            reasoning: count(row, 6)?,
            total: count(row, 7)?,
        };
        let cost = count(row, 8)?.map(Nanousd);
        let sum = ModelSum { calls: told(2)?, tokens, cost, not_priced: told(9)? };
        let model = row.get_ref(0)?.as_str()?;
        if !models.contains_key(model) {
            models.insert(model.to_owned(), ModelSpent { model: model.to_owned(), ..ModelSpent::default() });
        }
        let Some(found) = models.get_mut(model) else { continue };
        found.all = plus(&found.all, &sum);
        if row.get(1)? {
            found.last_day = plus(&found.last_day, &sum);
        }
    }
    let mut models: Vec<ModelSpent> = models.into_values().collect();
    models.sort_by(|one, other| one.model.cmp(&other.model));
    Ok(models)
}

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(|count| count as u64))
}

fn plus(one: &ModelSum, more: &ModelSum) -> ModelSum {
    let cost = match (one.cost, more.cost) {
        (None, None) => None,
        (one, more) => Some(Nanousd(one.unwrap_or_default().0.saturating_add(more.unwrap_or_default().0))),
    };
    ModelSum {
        calls: one.calls + more.calls,
        tokens: one.tokens.plus(&more.tokens),
        cost,
        not_priced: one.not_priced + more.not_priced,
    }
}

pub(super) const DISAGREEING: &str = "SELECT run_id, cue_id, agent, last_ms, disagreement, cost_nano FROM spend
    WHERE disagreement IS NOT NULL AND last_ms >= ?1 ORDER BY last_ms DESC LIMIT ?2";

/// Newest first, and how many there are in all.
pub(super) fn disagreeing(
    connection: &Connection,
    since: Ms,
    limit: u32,
) -> rusqlite::Result<(Vec<DisagreementRow>, u32)> {
    let rows = connection
        .prepare_cached(DISAGREEING)?
        .query_map(params![since.0, limit], |row| {
            Ok(DisagreementRow {
                run_id: row.get(0)?,
                cue_id: row.get(1)?,
                agent: row.get(2)?,
                at: Ms(row.get(3)?),
                words: row.get(4)?,
                cost: count(row, 5)?.map(Nanousd),
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let count = "SELECT count(*) FROM spend WHERE disagreement IS NOT NULL AND last_ms >= ?1";
    Ok((rows, connection.prepare_cached(count)?.query_row([since.0], |row| row.get(0))?))
}

pub(super) const DUE: &str = "SELECT r.cue_id, count(*) FROM runs r INDEXED BY runs_by_cue
    WHERE r.cue_id IN (SELECT id FROM cues) AND r.due_ms >= ?1 AND r.due_ms < ?2 GROUP BY r.cue_id";

/// How many runs of each cue began that were due in `[from, to)`; those that are put away too.
pub(super) fn due(connection: &Connection, from: Ms, to: Ms) -> rusqlite::Result<Vec<(String, RunsDue)>> {
    let mut found: BTreeMap<String, RunsDue> = BTreeMap::new();
    let live =
        "SELECT cue_id, count(*) FROM runs WHERE ended_at_ms IS NULL AND due_ms >= ?1 AND due_ms < ?2 GROUP BY cue_id";
    for (sql, is_live) in [(DUE, false), (live, true)] {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![from.0, to.0])?;
        while let Some(row) = rows.next()? {
            let runs = found.entry(row.get(0)?).or_default();
            *(if is_live { &mut runs.live } else { &mut runs.all }) = row.get(1)?;
        }
    }
    for (cue_id, _, count) in put_away::ends(connection, from, to)? {
        found.entry(cue_id).or_default().all += count;
    }
    Ok(found.into_iter().collect())
}

/// Every cue there has been: id, name, whether it is deleted.
pub(super) fn cues(connection: &Connection) -> rusqlite::Result<Vec<(String, String, bool)>> {
    let mut statement = connection.prepare_cached("SELECT id, name, status = 'deleted' FROM cues")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}

pub(super) const MODEL_BEGUN: &str =
    "SELECT s.model FROM spend w CROSS JOIN steps s INDEXED BY steps_of_models ON s.spend = w.id
    WHERE w.owner = ?1 AND s.key = ?2 AND s.state = 'started' AND s.model IS NOT NULL";

/// The model that a step of a run was begun with and is not ended yet.
pub(super) fn model_begun(connection: &Connection, run_id: &str, key: &str) -> rusqlite::Result<Option<String>> {
    connection.prepare_cached(MODEL_BEGUN)?.query_row([run_id, key], |row| row.get(0)).optional()
}
