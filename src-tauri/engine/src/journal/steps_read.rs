//! What is read of steps: for the pilot as decisions need them, for people as they are shown.

use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use cuetower_core::spend::{Nanousd, Priced, Spend, Tokens};
use cuetower_core::step::{
    ModelSum, Node, NodeRow, Row as NewStep, Source, SpanSeen, StepKind, StepState, Sums, Total,
};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::reader::json;
use super::steps::StepOwner;
use super::{Journal, StoreError};

/// Payloads of spans apart that are read at once.
const APART_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A step, as its row has it.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRow {
    pub step: NewStep,
    /// How many stand right under it.
    pub children: u32,
}

/// What a run used, and how much of it there is to see.
#[derive(Debug, Clone, PartialEq)]
pub struct SpendRow {
    pub sums: Sums,
    /// What its models were, all days together.
    pub models: Vec<(String, ModelSum)>,
}

/// Each with the ordinal of the step it stands under, and what all of them used.
pub type KnownSteps = (Vec<(Node, u32)>, Sums);

impl Journal {
    /// The steps of an owner as decisions need them, by ordinal, with what they used; None: it has none.
    pub fn steps(&self, owner: &str) -> Result<Option<KnownSteps>, StoreError> {
        self.guard(|connection| {
            let found = connection
                .prepare_cached("SELECT id, sums FROM spend WHERE owner = ?1")?
                .query_row([owner], |row| Ok((row.get::<_, i64>(0)?, json::<Sums>(row, 1)?)))
                .optional()?;
            let Some((spend, sums)) = found else { return Ok(None) };
            let sql = "SELECT ordinal, under, key, parent, state, source, tries, attempt, idempotency_key, digest,
                 CASE WHEN state = 'completed' THEN NULL ELSE name END, tokens, cost_nano
               FROM steps WHERE spend = ?1 ORDER BY ordinal";
            let nodes = connection
                .prepare_cached(sql)?
                .query_map([spend], |row| node(row).map(Node::of_row))?
                .collect::<rusqlite::Result<_>>()?;
            Ok(Some((nodes, sums)))
        })
    }

    /// Whom the spans of a trace belong to, if that is known.
    pub fn owner_of_trace(&self, trace: &str) -> Result<Option<String>, StoreError> {
        self.guard(|connection| {
            connection
                .prepare_cached("SELECT owner FROM span_traces WHERE trace = ?1")?
                .query_row([trace], |row| row.get(0))
                .optional()
        })
    }

    /// Agents of an account whose telemetry told something outside of its runs on a day ("2026-11-21").
    pub fn apart_on(&self, account: &AccountId, day: &str) -> Result<Vec<String>, StoreError> {
        self.guard(|connection| {
            let sql = "SELECT agent FROM spend INDEXED BY spend_apart WHERE run_id IS NULL AND account = ?1 AND substr(owner, -length(?2)) = ?2";
            connection.prepare_cached(sql)?.query_map([&account.0, day], |row| row.get(0))?.collect()
        })
    }

    /// Spans of a trace that belong to no run of the account yet: whose they are, and what they say. At most so many, and no
    /// more than fit into memory beside everything else.
    pub fn spans_apart(
        &self,
        trace: &str,
        account: &AccountId,
        most: usize,
    ) -> Result<Vec<(StepOwner, u32, SpanSeen)>, StoreError> {
        self.guard(|connection| {
            let sql = "SELECT w.owner, w.agent, w.account, s.spend, s.ordinal, s.key, s.parent, s.name, s.kind, s.began_ms, s.ended_ms, s.error,
                 s.tokens, s.cost_nano, s.priced, s.model, s.parts, s.retries
               FROM steps s JOIN spend w ON w.id = s.spend WHERE s.trace = ?1 AND w.account = ?2 ORDER BY s.spend, s.ordinal LIMIT ?3";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query(params![trace, account.0, i64::try_from(most).unwrap_or(i64::MAX)])?;
            let (mut found, mut bytes) = (Vec::new(), 0);
            while let Some(row) = rows.next()?.filter(|_| bytes < APART_BYTES_MAX) {
                let owner = StepOwner { id: row.get(0)?, run: None, agent: row.get(1)?, account: AccountId(row.get(2)?) };
                let (spend, ordinal): (i64, u32) = (row.get(3)?, row.get(4)?);
                let payload = |what: &str| payload_of(connection, spend, ordinal, what);
                let (input, output, attributes) = (payload("input")?, payload("output")?, payload("attributes")?);
                bytes += [&input, &output, &attributes].into_iter().flatten().map(String::len).sum::<usize>();
                let began = Ms(row.get(9)?);
                found.push((
                    owner,
                    ordinal,
                    SpanSeen {
                        trace: trace.to_owned(),
                        span: row.get(5)?,
                        parent: row.get(6)?,
                        name: row.get(7)?,
                        kind: kind(&row.get::<_, String>(8)?),
                        began,
                        ended: row.get::<_, Option<i64>>(10)?.map_or(began, Ms),
                        error: payload("error")?.or(row.get(11)?),
                        spend: spend_of(row, 12)?,
                        retries: row.get(17)?,
                        input,
                        output,
                        attributes,
                    },
                ));
            }
            Ok(found)
        })
    }
}

fn node(row: &Row<'_>) -> rusqlite::Result<NodeRow> {
    Ok(NodeRow {
        ordinal: row.get(0)?,
        under: row.get(1)?,
        key: row.get(2)?,
        parent: row.get(3)?,
        state: state(&row.get::<_, String>(4)?),
        source: source(&row.get::<_, String>(5)?),
        tries: row.get(6)?,
        attempt: row.get(7)?,
        idempotency_key: row.get(8)?,
        digest: row.get::<_, i64>(9)? as u64,
        name: row.get(10)?,
        own: Total { tokens: count(row, 11)?, cost: count(row, 12)?.map(Nanousd) },
    })
}

/// From `tokens, cost_nano, priced, model, parts`, beginning at `first`.
fn spend_of(row: &Row<'_>, first: usize) -> rusqlite::Result<Spend> {
    let total = count(row, first)?;
    let parts: Option<String> = row.get(first + 4)?;
    let told: Option<Tokens> = parts.and_then(|parts| serde_json::from_str(&parts).ok());
    let tokens = told.unwrap_or_else(|| total.map(Tokens::only_total).unwrap_or_default());
    Ok(Spend {
        tokens,
        cost: count(row, first + 1)?.map(Nanousd),
        priced: Priced::of(&row.get::<_, String>(first + 2)?),
        model: row.get(first + 3)?,
    })
}

pub(super) const COLUMNS: &str = "s.ordinal, s.under, s.place, s.key, s.parent, s.name, s.kind, s.state, s.source, s.attempt, s.tries, s.retries, s.began_ms,
  s.ended_ms, s.idempotency_key, s.error, s.tokens, s.cost_nano, s.priced, s.model, s.parts, s.digest,
  (SELECT count(*) FROM steps b WHERE b.spend = s.spend AND b.under = s.ordinal)";

pub(super) fn step(row: &Row<'_>) -> rusqlite::Result<StepRow> {
    let total = count(row, 16)?;
    let mut spend = spend_of(row, 16)?;
    // What several tries used together is more than the parts of the last.
    if spend.tokens.all() != total {
        spend.tokens.total = total;
    }
    let step = NewStep {
        ordinal: row.get(0)?,
        under: row.get(1)?,
        place: row.get(2)?,
        key: row.get(3)?,
        parent: row.get(4)?,
        name: row.get(5)?,
        kind: kind(&row.get::<_, String>(6)?),
        state: state(&row.get::<_, String>(7)?),
        source: source(&row.get::<_, String>(8)?),
        attempt: row.get(9)?,
        tries: row.get(10)?,
        retries: row.get(11)?,
        began: Ms(row.get(12)?),
        ended: row.get::<_, Option<i64>>(13)?.map(Ms),
        idempotency_key: row.get(14)?,
        error: row.get(15)?,
        spend,
        input: None,
        output: None,
        whole_error: None,
        attributes: None,
        digest: row.get::<_, i64>(21)? as u64,
    };
    Ok(StepRow { step, children: row.get(22)? })
}

/// A page of what stands right under a step (0: at the top), oldest first, and how many stand there.
pub(super) fn page(
    connection: &Connection,
    owner: &str,
    under: u32,
    offset: u32,
    limit: u32,
) -> rusqlite::Result<(Vec<StepRow>, u32)> {
    let Some(spend) = id_of(connection, owner)? else { return Ok((Vec::new(), 0)) };
    let total = connection
        .prepare_cached("SELECT count(*) FROM steps WHERE spend = ?1 AND under = ?2")?
        .query_row(params![spend, under], |row| row.get(0))?;
    let sql = format!(
        "SELECT {COLUMNS} FROM (SELECT ordinal AS found FROM steps WHERE spend = ?1 AND under = ?2 ORDER BY began_ms, ordinal LIMIT ?3 OFFSET ?4)
         JOIN steps s ON s.spend = ?1 AND s.ordinal = found ORDER BY s.began_ms, s.ordinal"
    );
    let rows = connection
        .prepare_cached(&sql)?
        .query_map(params![spend, under, limit, offset], step)?
        .collect::<rusqlite::Result<_>>()?;
    Ok((rows, total))
}

/// One step by its ordinal.
pub(super) fn one(connection: &Connection, owner: &str, ordinal: u32) -> rusqlite::Result<Option<StepRow>> {
    let Some(spend) = id_of(connection, owner)? else { return Ok(None) };
    let sql = format!("SELECT {COLUMNS} FROM steps s WHERE s.spend = ?1 AND s.ordinal = ?2");
    let found = connection.prepare_cached(&sql)?.query_row(params![spend, ordinal], step).optional()?;
    found
        .map(|mut found| {
            let payload = |what: &str| payload_of(connection, spend, ordinal, what);
            found.step.input = payload("input")?;
            found.step.output = payload("output")?;
            found.step.whole_error = payload("error")?.or_else(|| found.step.error.clone());
            found.step.attributes = payload("attributes")?;
            Ok(found)
        })
        .transpose()
}

/// The ordinal of a step by its key.
pub(super) fn ordinal(connection: &Connection, owner: &str, key: &str) -> rusqlite::Result<Option<u32>> {
    let Some(spend) = id_of(connection, owner)? else { return Ok(None) };
    let sql = "SELECT ordinal FROM steps WHERE spend = ?1 AND key = ?2";
    connection.prepare_cached(sql)?.query_row(params![spend, key], |row| row.get(0)).optional()
}

/// The output of a completed step, as JSON.
pub(super) fn output(connection: &Connection, owner: &str, ordinal: u32) -> rusqlite::Result<Option<String>> {
    match id_of(connection, owner)? {
        Some(spend) => payload_of(connection, spend, ordinal, "output"),
        None => Ok(None),
    }
}

/// Every step that was begun as one, without its payloads, oldest first; at most so many.
pub(super) fn begun(connection: &Connection, owner: &str, most: u32) -> rusqlite::Result<Vec<StepRow>> {
    let Some(spend) = id_of(connection, owner)? else { return Ok(Vec::new()) };
    let sql =
        format!("SELECT {COLUMNS} FROM steps s WHERE s.spend = ?1 AND s.source <> 'span' ORDER BY s.ordinal LIMIT ?2");
    connection.prepare_cached(&sql)?.query_map(params![spend, most], step)?.collect()
}

/// Steps and spans of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepGroup {
    pub name: String,
    pub count: u32,
    pub failed: u32,
}

/// How many there are in all.
pub(super) fn count_of(connection: &Connection, owner: &str) -> rusqlite::Result<u32> {
    let sql = "SELECT count(*) FROM steps WHERE spend = (SELECT id FROM spend WHERE owner = ?1)";
    connection.prepare_cached(sql)?.query_row([owner], |row| row.get(0))
}

/// Those there are most of.
pub(super) fn groups(connection: &Connection, owner: &str) -> rusqlite::Result<Vec<StepGroup>> {
    const MOST: u32 = 200;
    let Some(spend) = id_of(connection, owner)? else { return Ok(Vec::new()) };
    let sql = "SELECT name, count(*), sum(state = 'failed') FROM steps WHERE spend = ?1 GROUP BY name ORDER BY count(*) DESC LIMIT ?2";
    connection
        .prepare_cached(sql)?
        .query_map(params![spend, MOST], |row| {
            Ok(StepGroup { name: row.get(0)?, count: row.get(1)?, failed: row.get(2)? })
        })?
        .collect()
}

/// What a run used; None: nobody said anything.
pub(super) fn spend(connection: &Connection, owner: &str) -> rusqlite::Result<Option<SpendRow>> {
    let found = connection
        .prepare_cached("SELECT id, sums FROM spend WHERE owner = ?1")?
        .query_row([owner], |row| Ok((row.get::<_, i64>(0)?, json::<Sums>(row, 1)?)))
        .optional()?;
    let Some((spend, sums)) = found else { return Ok(None) };
    let sql = "SELECT model, sum(calls), iif(count(total), CAST(total(total) AS INTEGER), NULL),
          iif(count(cost_nano), CAST(total(cost_nano) AS INTEGER), NULL), sum(not_priced)
        FROM spend_models WHERE spend = ?1 GROUP BY model ORDER BY total(cost_nano) DESC, model";
    let models = connection
        .prepare_cached(sql)?
        .query_map([spend], |row| {
            let tokens = count(row, 2)?.map(Tokens::only_total).unwrap_or_default();
            let (calls, not_priced) = (count(row, 1)?.unwrap_or(0), count(row, 4)?.unwrap_or(0));
            Ok((row.get(0)?, ModelSum { calls, tokens, cost: count(row, 3)?.map(Nanousd), not_priced }))
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(SpendRow { sums, models }))
}

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(|number| u64::try_from(number).unwrap_or(0)))
}

/// Account and name of every agent whose telemetry told something outside of its runs, since then.
pub(super) fn agents_apart(connection: &Connection, since: Ms) -> rusqlite::Result<Vec<(String, String)>> {
    let sql = "SELECT DISTINCT account, agent FROM spend WHERE run_id IS NULL AND last_ms >= ?1";
    connection.prepare_cached(sql)?.query_map([since.0], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

pub(super) fn id_of(connection: &Connection, owner: &str) -> rusqlite::Result<Option<i64>> {
    connection.prepare_cached("SELECT id FROM spend WHERE owner = ?1")?.query_row([owner], |row| row.get(0)).optional()
}

fn payload_of(connection: &Connection, spend: i64, ordinal: u32, what: &str) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT body FROM step_payloads WHERE spend = ?1 AND ordinal = ?2 AND what = ?3")?
        .query_row(params![spend, ordinal, what], |row| row.get(0))
        .optional()
}

fn kind(word: &str) -> StepKind {
    StepKind::of(word).unwrap_or_default()
}

fn state(word: &str) -> StepState {
    StepState::of(word).unwrap_or(StepState::Started)
}

fn source(word: &str) -> Source {
    Source::of(word).unwrap_or(Source::Step)
}
