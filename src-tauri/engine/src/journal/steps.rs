//! Steps and what they used. `spend` has one row for each run that told anything, and one for what an agent's telemetry tells
//! outside of its runs, for each of the owner's days; `steps` and their payloads belong to one of them.

use std::collections::BTreeMap;

use cuetower_core::id::{AccountId, CueId, RunId};
use cuetower_core::spend::{Nanousd, Tokens};
use cuetower_core::step::{Change, ModelSum, OTHER_MODELS, Row as NewStep, SUM_MOST, Sums, Total, UNNAMED_MODEL};
use rusqlite::{Connection, OptionalExtension as _, params};

pub(super) const SCHEMA: &str = "
CREATE TABLE spend (
  id INTEGER PRIMARY KEY,
  owner TEXT NOT NULL UNIQUE,
  run_id TEXT,
  cue_id TEXT,
  agent TEXT NOT NULL,
  account TEXT NOT NULL,
  first_ms INTEGER,
  last_ms INTEGER,
  tokens INTEGER,
  cost_nano INTEGER,
  not_priced INTEGER NOT NULL,
  disagreement TEXT,
  sums TEXT NOT NULL,
  verdict TEXT,
  due_ms INTEGER
) STRICT;
CREATE INDEX spend_apart ON spend (account, agent) WHERE run_id IS NULL;
CREATE TABLE spend_days (
  day TEXT NOT NULL,
  spend INTEGER NOT NULL,
  tokens INTEGER,
  cost_nano INTEGER,
  PRIMARY KEY (day, spend)
) STRICT, WITHOUT ROWID;
CREATE TABLE spend_models (
  day TEXT NOT NULL,
  spend INTEGER NOT NULL,
  model TEXT NOT NULL,
  calls INTEGER NOT NULL,
  input INTEGER,
  output INTEGER,
  cached_input INTEGER,
  reasoning INTEGER,
  total INTEGER,
  cost_nano INTEGER,
  not_priced INTEGER NOT NULL,
  PRIMARY KEY (day, spend, model)
) STRICT, WITHOUT ROWID;
CREATE INDEX spend_models_by_spend ON spend_models (spend);
CREATE TABLE steps (
  spend INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  under INTEGER NOT NULL,
  place INTEGER NOT NULL,
  key TEXT NOT NULL,
  parent TEXT,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  source TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  retries INTEGER,
  began_ms INTEGER NOT NULL,
  ended_ms INTEGER,
  idempotency_key TEXT,
  error TEXT,
  tokens INTEGER,
  cost_nano INTEGER,
  priced TEXT NOT NULL,
  model TEXT,
  parts TEXT,
  digest INTEGER NOT NULL,
  trace TEXT,
  PRIMARY KEY (spend, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX steps_under ON steps (spend, under, began_ms, ordinal);
CREATE INDEX steps_by_trace ON steps (trace) WHERE trace IS NOT NULL;
CREATE TABLE step_payloads (
  spend INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  what TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (spend, ordinal, what)
) STRICT, WITHOUT ROWID;
CREATE TABLE span_traces (
  trace TEXT PRIMARY KEY,
  owner TEXT NOT NULL
) STRICT, WITHOUT ROWID;";

/// Formats before 5 had no steps; what outcomes said that their runs cost stays in `runs`.
pub(super) const FROM_FORMAT_4: &str = "
INSERT INTO spend (owner, run_id, cue_id, agent, account, first_ms, last_ms, tokens, cost_nano, not_priced, sums)
SELECT r.id, r.id, r.cue_id, coalesce(r.body ->> '$.definition.agent', ''), coalesce(r.body ->> '$.definition.account', ''),
  NULL, NULL, NULL, CAST(round(r.cost_usd * 1e9) AS INTEGER), 0,
  json_object('seq', 0, 'steps', json('{\"tokens\":null,\"cost\":null}'), 'beats', json('{\"tokens\":null,\"cost\":null}'),
    'said', json_object('tokens', NULL, 'cost', CAST(round(r.cost_usd * 1e9) AS INTEGER)), 'begun', 0, 'completed', 0, 'failed', 0,
    'beats_heard', 0, 'progress', NULL, 'progress_at', NULL, 'not_priced', 0, 'first_at', NULL, 'last_at', NULL)
FROM runs r WHERE r.cost_usd > 0;
INSERT INTO spend_days (day, spend, cost_nano)
SELECT strftime('%Y-%m-%d', r.due_ms / 1000, 'unixepoch', 'localtime'), w.id, w.cost_nano FROM spend w JOIN runs r ON r.id = w.run_id;";

/// Lane of the facts about steps in the journal.
pub const STEPS_LANE: &str = "steps";

/// Whose steps they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepOwner {
    /// The run's id; or `~`, the account, the agent and the day.
    pub id: String,
    pub run: Option<(RunId, CueId)>,
    pub agent: String,
    pub account: AccountId,
}

/// What one commit changes of the steps of one owner.
#[derive(Debug, Clone)]
pub struct StepsChange {
    pub owner: StepOwner,
    pub changes: Vec<Change>,
    /// As they are now; `models` is what came on top.
    pub sums: Sums,
    pub models: BTreeMap<String, ModelSum>,
    /// What stood on disk before.
    pub before: Total,
    /// The owner's day that it happened on.
    pub day: String,
    /// The trace of new spans that belong to no run, by ordinal.
    pub traces: BTreeMap<u32, String>,
    /// Spans that went to the run they belong to.
    pub dropped: Vec<u32>,
}

/// Steps of a run that another run resumes.
#[derive(Debug, Clone)]
pub struct StepsKept {
    pub from: String,
    pub to: StepOwner,
    /// What was completed from here on is done again.
    pub ordinal: u32,
    /// The steps that this one stands under.
    pub above: Vec<u32>,
}

pub(super) fn write(connection: &Connection, change: &StepsChange) -> rusqlite::Result<()> {
    let spend = upsert(connection, change)?;
    add_to_day(connection, spend, change)?;
    add_to_models(connection, spend, change)?;
    for ordinal in &change.dropped {
        take_from_models(connection, spend, *ordinal)?;
        connection
            .prepare_cached("DELETE FROM steps WHERE spend = ?1 AND ordinal = ?2")?
            .execute(params![spend, ordinal])?;
        connection
            .prepare_cached("DELETE FROM step_payloads WHERE spend = ?1 AND ordinal = ?2")?
            .execute(params![spend, ordinal])?;
    }
    for one in &change.changes {
        self::change(connection, spend, one, &change.traces)?;
    }
    Ok(())
}

fn upsert(connection: &Connection, change: &StepsChange) -> rusqlite::Result<i64> {
    let StepsChange { owner, sums, .. } = change;
    let (run, cue) = owner.run.as_ref().map(|(run, cue)| (&run.0, &cue.0)).unzip();
    let total = sums.total();
    let known: Option<i64> = connection
        .prepare_cached("SELECT id FROM spend WHERE owner = ?1")?
        .query_row([&owner.id], |row| row.get(0))
        .optional()?;
    let spend = match known {
        Some(spend) => spend,
        None => {
            connection
                .prepare_cached(
                    "INSERT INTO spend (owner, run_id, cue_id, agent, account, not_priced, sums) VALUES (?1, ?2, ?3, ?4, ?5, 0, '')",
                )?
                .execute(params![owner.id, run, cue, owner.agent, owner.account.0])?;
            connection.last_insert_rowid()
        }
    };
    // Not with a RETURNING above, which SQLite answers from a table of its own, made and thrown away each time.
    connection
        .prepare_cached(
            "UPDATE spend SET first_ms = ?2, last_ms = ?3, tokens = ?4, cost_nano = ?5, not_priced = ?6, disagreement = ?7, sums = ?8
             WHERE id = ?1",
        )?
        .execute(params![
            spend,
            sums.first_at.map(|at| at.0),
            sums.last_at.map(|at| at.0),
            whole(total.tokens),
            nano(total.cost),
            sums.not_priced as i64,
            sums.disagreement(),
            serde_json::to_string(sums).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?,
        ])?;
    if let (Some(run), true) = (run, total.cost != change.before.cost) {
        connection
            .prepare_cached("UPDATE runs SET cost_usd = ?2 WHERE id = ?1")?
            .execute(params![run, total.cost.map(Nanousd::usd)])?;
    }
    Ok(spend)
}

/// What is more, or less, than before, on the day it came.
fn add_to_day(connection: &Connection, spend: i64, change: &StepsChange) -> rusqlite::Result<()> {
    let total = change.sums.total();
    // Nothing is left of what was said once all spans have gone to their runs: less, not unsaid.
    let more = |now: Option<u64>, before: Option<u64>| {
        (now != before).then(|| whole(now).unwrap_or(0) - whole(before).unwrap_or(0))
    };
    let tokens = more(total.tokens, change.before.tokens);
    let cost_of = |total: Total| total.cost.map(|cost| cost.0);
    let cost = more(cost_of(total), cost_of(change.before));
    if tokens.is_none() && cost.is_none() {
        return Ok(());
    }
    connection
        .prepare_cached(
            "INSERT INTO spend_days (day, spend, tokens, cost_nano) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (day, spend) DO UPDATE SET
               tokens = iif(excluded.tokens IS NULL, tokens, min(coalesce(tokens, 0) + excluded.tokens, ?5)),
               cost_nano = iif(excluded.cost_nano IS NULL, cost_nano, min(coalesce(cost_nano, 0) + excluded.cost_nano, ?5))",
        )?
        .execute(params![change.day, spend, tokens, cost, SUM_MOST as i64])
        .map(drop)
}

fn add_to_models(connection: &Connection, spend: i64, change: &StepsChange) -> rusqlite::Result<()> {
    const MORE: &str = "INSERT INTO spend_models (day, spend, model, calls, input, output, cached_input, reasoning, total, cost_nano, not_priced)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
        ON CONFLICT (day, spend, model) DO UPDATE SET calls = calls + excluded.calls, not_priced = not_priced + excluded.not_priced,
          input = iif(excluded.input IS NULL, input, min(coalesce(input, 0) + excluded.input, ?12)),
          output = iif(excluded.output IS NULL, output, min(coalesce(output, 0) + excluded.output, ?12)),
          cached_input = iif(excluded.cached_input IS NULL, cached_input, min(coalesce(cached_input, 0) + excluded.cached_input, ?12)),
          reasoning = iif(excluded.reasoning IS NULL, reasoning, min(coalesce(reasoning, 0) + excluded.reasoning, ?12)),
          total = iif(excluded.total IS NULL, total, min(coalesce(total, 0) + excluded.total, ?12)),
          cost_nano = iif(excluded.cost_nano IS NULL, cost_nano, min(coalesce(cost_nano, 0) + excluded.cost_nano, ?12))";
    for (model, sum) in &change.models {
        let ModelSum { calls, tokens, cost, not_priced } = sum;
        connection.prepare_cached(MORE)?.execute(params![
            change.day,
            spend,
            model,
            *calls as i64,
            whole(tokens.input),
            whole(tokens.output),
            whole(tokens.cached_input),
            whole(tokens.reasoning),
            whole(tokens.all()),
            nano(*cost),
            *not_priced as i64,
            SUM_MOST as i64
        ])?;
    }
    Ok(())
}

/// What a span used that goes to its run is counted there. A model that has no row of its own was counted with the others.
fn take_from_models(connection: &Connection, spend: i64, ordinal: u32) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE spend_models SET calls = calls - 1, input = input - coalesce(s.parts ->> '$.input', 0),
               output = output - coalesce(s.parts ->> '$.output', 0), cached_input = cached_input - coalesce(s.parts ->> '$.cached_input', 0),
               reasoning = reasoning - coalesce(s.parts ->> '$.reasoning', 0), total = total - coalesce(s.tokens, 0),
               cost_nano = spend_models.cost_nano - coalesce(s.cost_nano, 0), not_priced = not_priced - (s.priced = 'not_priced')
             FROM (SELECT *, coalesce(
                 (SELECT m.model FROM spend_models m WHERE m.spend = ?1 AND m.model = coalesce(t.model, iif(t.priced = 'not_priced', ?3, NULL))),
                 iif(t.model IS NULL, NULL, ?4)) AS counted_as
               FROM steps t WHERE spend = ?1 AND ordinal = ?2) s
             WHERE spend_models.spend = ?1 AND spend_models.model = s.counted_as AND (s.tokens IS NOT NULL OR s.cost_nano IS NOT NULL)",
        )?
        .execute(params![spend, ordinal, UNNAMED_MODEL, OTHER_MODELS])
        .map(drop)
}

fn change(
    connection: &Connection,
    spend: i64,
    change: &Change,
    traces: &BTreeMap<u32, String>,
) -> rusqlite::Result<()> {
    match change {
        Change::New(step) => insert(connection, spend, step, traces.get(&step.ordinal)),
        Change::Again { ordinal, attempt, tries, at, input, name, model } => {
            connection
                .prepare_cached(
                    "UPDATE steps SET state = 'started', source = 'step', attempt = ?3, tries = ?4, began_ms = ?5, ended_ms = NULL, error = NULL,
                       name = ?6, model = coalesce(?7, model)
                     WHERE spend = ?1 AND ordinal = ?2",
                )?
                .execute(params![spend, ordinal, attempt, tries, at.0, name, model])?;
            payload(connection, spend, *ordinal, "input", input.as_deref())
        }
        Change::Ended { ordinal, state, at, error, whole_error, output, digest, spend: used, retries } => {
            let parts = parts(&used.tokens)?;
            connection
                .prepare_cached(
                    "UPDATE steps SET state = ?3, ended_ms = ?4, error = ?5, digest = ?6, retries = coalesce(?7, retries), model = coalesce(?8, model),
                       priced = CASE WHEN ?9 = 'nothing' THEN priced ELSE ?9 END, parts = coalesce(?10, parts),
                       tokens = iif(?11 IS NULL, tokens, min(coalesce(tokens, 0) + ?11, ?13)),
                       cost_nano = iif(?12 IS NULL, cost_nano, min(coalesce(cost_nano, 0) + ?12, ?13))
                     WHERE spend = ?1 AND ordinal = ?2",
                )?
                .execute(params![
                    spend,
                    ordinal,
                    state.word(),
                    at.0,
                    error,
                    *digest as i64,
                    retries,
                    used.model,
                    used.priced.word(),
                    parts,
                    whole(used.tokens.all()),
                    nano(used.cost),
                    SUM_MOST as i64
                ])?;
            payload(connection, spend, *ordinal, "output", output.as_deref())?;
            payload(
                connection,
                spend,
                *ordinal,
                "error",
                whole_error.as_deref().filter(|whole| Some(*whole) != error.as_deref()),
            )
        }
        Change::Moved { ordinal, under } => connection
            .prepare_cached("UPDATE steps SET under = ?3 WHERE spend = ?1 AND ordinal = ?2")?
            .execute(params![spend, ordinal, under])
            .map(drop),
    }
}

fn insert(connection: &Connection, spend: i64, step: &NewStep, trace: Option<&String>) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO steps (spend, ordinal, under, place, key, parent, name, kind, state, source, attempt, tries, retries, began_ms, ended_ms,
               idempotency_key, error, tokens, cost_nano, priced, model, parts, digest, trace)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24)",
        )?
        .execute(params![
            spend,
            step.ordinal,
            step.under,
            step.place,
            step.key,
            step.parent,
            step.name,
            step.kind.word(),
            step.state.word(),
            step.source.word(),
            step.attempt,
            step.tries,
            step.retries,
            step.began.0,
            step.ended.map(|at| at.0),
            step.idempotency_key,
            step.error,
            whole(step.spend.tokens.all()),
            nano(step.spend.cost),
            step.spend.priced.word(),
            step.spend.model,
            parts(&step.spend.tokens)?,
            step.digest as i64,
            trace,
        ])?;
    payload(connection, spend, step.ordinal, "input", step.input.as_deref())?;
    payload(connection, spend, step.ordinal, "output", step.output.as_deref())?;
    payload(connection, spend, step.ordinal, "attributes", step.attributes.as_deref())?;
    let whole = step.whole_error.as_deref().filter(|whole| Some(*whole) != step.error.as_deref());
    payload(connection, spend, step.ordinal, "error", whole)
}

fn payload(connection: &Connection, spend: i64, ordinal: u32, what: &str, body: Option<&str>) -> rusqlite::Result<()> {
    let Some(body) = body else { return Ok(()) };
    connection
        .prepare_cached(
            "INSERT INTO step_payloads (spend, ordinal, what, body) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (spend, ordinal, what) DO UPDATE SET body = excluded.body",
        )?
        .execute(params![spend, ordinal, what, body])
        .map(drop)
}

/// Input, output and so on, where they were told apart.
fn parts(tokens: &Tokens) -> rusqlite::Result<Option<String>> {
    let told = tokens.input.is_some() || tokens.output.is_some();
    let text = || serde_json::to_string(tokens).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()));
    told.then(text).transpose()
}

/// The trace's spans belong to this owner.
pub(super) fn trace(connection: &Connection, trace: &str, owner: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO span_traces (trace, owner) VALUES (?1, ?2) ON CONFLICT (trace) DO UPDATE SET owner = excluded.owner",
        )?
        .execute([trace, owner])
        .map(drop)
}

/// Copies what a resumed run keeps into the new one.
pub(super) fn keep(connection: &Connection, kept: &StepsKept) -> rusqlite::Result<()> {
    let from: Option<i64> =
        connection.query_row("SELECT id FROM spend WHERE owner = ?1", [&kept.from], |row| row.get(0)).optional()?;
    let Some(from) = from else { return Ok(()) };
    let first = StepsChange {
        owner: kept.to.clone(),
        changes: Vec::new(),
        sums: Sums::default(),
        models: BTreeMap::new(),
        before: Total::default(),
        day: String::new(),
        traces: BTreeMap::new(),
        dropped: Vec::new(),
    };
    let to = upsert(connection, &first)?;
    let above =
        serde_json::to_string(&kept.above).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    // What was not completed goes along as begun, so that its outside call goes out with the same key as before.
    connection.execute(
        "INSERT INTO steps SELECT ?2, ordinal, under, place, key, parent, name, kind,
           CASE WHEN state = 'completed' AND ordinal NOT IN (SELECT value FROM json_each(?4)) THEN 'completed' ELSE 'started' END,
           'kept', 1, tries, retries, began_ms, ended_ms, idempotency_key, NULL, NULL, NULL, 'nothing', model, NULL, digest, NULL
         FROM steps WHERE spend = ?1 AND source <> 'span'
           AND (ordinal < ?3 OR state <> 'completed' OR ordinal IN (SELECT value FROM json_each(?4)))",
        params![from, to, kept.ordinal, above],
    )?;
    connection.execute(
        "UPDATE steps SET under = 0 WHERE spend = ?1 AND under <> 0 AND NOT EXISTS
           (SELECT 1 FROM steps above WHERE above.spend = ?1 AND above.ordinal = steps.under)",
        [to],
    )?;
    connection.execute(
        "INSERT INTO step_payloads SELECT ?2, p.ordinal, p.what, p.body FROM step_payloads p
         JOIN steps s ON s.spend = ?2 AND s.ordinal = p.ordinal WHERE p.spend = ?1 AND p.what IN ('input', 'output')",
        [from, to],
    )?;
    let sums = connection.query_row(
        "SELECT count(*), coalesce(sum(state = 'completed'), 0) FROM steps WHERE spend = ?1",
        [to],
        |row| Ok(Sums { begun: row.get(0)?, completed: row.get(1)?, ..Sums::default() }),
    )?;
    upsert(connection, &StepsChange { sums, ..first }).map(drop)
}

/// SQLite's numbers have a sign; ours stay far below it.
fn whole(number: Option<u64>) -> Option<i64> {
    number.map(|number| i64::try_from(number).unwrap_or(i64::MAX))
}

fn nano(cost: Option<Nanousd>) -> Option<i64> {
    whole(cost.map(|cost| cost.0))
}
