//! Runs: a row to draw and filter by, and the whole run as JSON.

use cuetower_core::Ms;
use cuetower_core::run::{Phase, Run};
use cuetower_core::sentence;
use cuetower_core::verdicts::{self, Confirmed, Delivered};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::reader::json;

pub(super) const SCHEMA: &str = "
CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  cue_id TEXT NOT NULL,
  occurrence_id TEXT NOT NULL,
  due_ms INTEGER NOT NULL,
  triggered_by TEXT NOT NULL,
  delivered TEXT NOT NULL,
  delivered_at_ms INTEGER,
  confirmed TEXT NOT NULL,
  late INTEGER NOT NULL,
  started_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER,
  attempts INTEGER NOT NULL,
  attempts_max INTEGER NOT NULL,
  cost_usd REAL,
  sentence TEXT NOT NULL,
  status TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX runs_by_cue ON runs (cue_id, due_ms);
CREATE INDEX runs_by_due ON runs (due_ms);";

pub(super) const COLUMNS: &str = "r.id, r.cue_id, r.occurrence_id, r.due_ms, r.triggered_by, r.delivered, r.delivered_at_ms, r.confirmed, r.late, r.started_at_ms, r.ended_at_ms, r.attempts, r.attempts_max, r.cost_usd, r.sentence";

/// What the timeline needs of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    pub id: String,
    pub cue_id: String,
    pub occurrence_id: String,
    pub due: Ms,
    pub triggered_by: String,
    /// `verdicts::Delivered::word`.
    pub delivered: String,
    pub delivered_at: Option<Ms>,
    /// `verdicts::Confirmed::word`.
    pub confirmed: String,
    pub late: bool,
    pub started_at: Ms,
    pub ended_at: Option<Ms>,
    pub attempts: u32,
    pub attempts_max: u32,
    pub cost_usd: Option<f64>,
    pub sentence: String,
}

impl RunRow {
    #[must_use]
    pub fn of(run: &Run) -> RunRow {
        let (late, ended_at) = match &run.phase {
            Phase::Ended { at, late, .. } => (*late, Some(*at)),
            Phase::Held { .. }
            | Phase::Offered { .. }
            | Phase::Delivering
            | Phase::AwaitingOutcome { .. }
            | Phase::WaitingRetry { .. } => (false, None),
        };
        RunRow {
            id: run.id.0.clone(),
            cue_id: run.cue_id.0.clone(),
            occurrence_id: run.occurrence_id.0.clone(),
            due: run.due,
            triggered_by: run.trigger.word().to_owned(),
            delivered: Delivered::of(run).word().to_owned(),
            delivered_at: verdicts::delivered_at(run),
            confirmed: Confirmed::of(run).word().to_owned(),
            late,
            started_at: run.began_at,
            ended_at,
            attempts: u32::try_from(run.attempts.len()).unwrap_or(u32::MAX),
            attempts_max: run.definition.retry.max_attempts,
            cost_usd: run.outcome().and_then(|(_, reported)| reported.outcome.cost_usd),
            sentence: sentence::of_run(run),
        }
    }

    /// From the columns of `COLUMNS`, beginning at `first`; None if the join found no run.
    pub(super) fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<RunRow>> {
        let Some(id) = row.get(first)? else { return Ok(None) };
        Ok(Some(RunRow {
            id,
            cue_id: row.get(first + 1)?,
            occurrence_id: row.get(first + 2)?,
            due: Ms(row.get(first + 3)?),
            triggered_by: row.get(first + 4)?,
            delivered: row.get(first + 5)?,
            delivered_at: row.get::<_, Option<i64>>(first + 6)?.map(Ms),
            confirmed: row.get(first + 7)?,
            late: row.get(first + 8)?,
            started_at: Ms(row.get(first + 9)?),
            ended_at: row.get::<_, Option<i64>>(first + 10)?.map(Ms),
            attempts: row.get(first + 11)?,
            attempts_max: row.get(first + 12)?,
            cost_usd: row.get(first + 13)?,
            sentence: row.get(first + 14)?,
        }))
    }
}

/// The word of SPEC section 13 for `/v1`'s `status`.
#[must_use]
pub fn status_word(run: &Run) -> &'static str {
    use cuetower_core::run::Verdict;
    match &run.phase {
        Phase::Held { .. } | Phase::Offered { .. } => "pending",
        Phase::Delivering => "delivering",
        Phase::AwaitingOutcome { .. } => "pending_outcome",
        Phase::WaitingRetry { .. } => "retrying",
        Phase::Ended { verdict, .. } => match verdict {
            Verdict::Confirmed | Verdict::Claimed => "success",
            Verdict::Failed | Verdict::Refuted | Verdict::Stopped | Verdict::Cancelled => "failed",
            Verdict::Silent => "outcome_timeout",
        },
    }
}

pub(super) fn upsert(connection: &Connection, run: &Run) -> rusqlite::Result<()> {
    let row = RunRow::of(run);
    let body = serde_json::to_string(run).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    connection
        .prepare_cached(
            "INSERT INTO runs (id, cue_id, occurrence_id, due_ms, triggered_by, delivered, delivered_at_ms, confirmed, late,
               started_at_ms, ended_at_ms, attempts, attempts_max, cost_usd, sentence, status, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
             ON CONFLICT (id) DO UPDATE SET delivered = excluded.delivered, delivered_at_ms = excluded.delivered_at_ms,
               confirmed = excluded.confirmed, late = excluded.late, ended_at_ms = excluded.ended_at_ms,
               attempts = excluded.attempts, cost_usd = excluded.cost_usd, sentence = excluded.sentence,
               status = excluded.status, body = excluded.body",
        )?
        .execute(params![
            row.id,
            row.cue_id,
            row.occurrence_id,
            row.due.0,
            row.triggered_by,
            row.delivered,
            row.delivered_at.map(|at| at.0),
            row.confirmed,
            row.late,
            row.started_at.0,
            row.ended_at.map(|at| at.0),
            row.attempts,
            row.attempts_max,
            row.cost_usd,
            row.sentence,
            status_word(run),
            body
        ])?;
    Ok(())
}

pub(super) fn get(connection: &Connection, id: &str) -> rusqlite::Result<Option<Run>> {
    connection.prepare_cached("SELECT body FROM runs WHERE id = ?1")?.query_row([id], |row| json(row, 0)).optional()
}

/// The runs just before and just after this one in its lane.
pub(super) fn neighbours(connection: &Connection, run: &Run) -> rusqlite::Result<(Option<String>, Option<String>)> {
    let side = |sql: &str| {
        connection
            .prepare_cached(sql)?
            .query_row(params![run.cue_id.0, run.due.0, run.id.0], |row| row.get(0))
            .optional()
    };
    Ok((
        side(
            "SELECT id FROM runs WHERE cue_id = ?1 AND (due_ms, id) < (?2, ?3) ORDER BY due_ms DESC, id DESC LIMIT 1",
        )?,
        side("SELECT id FROM runs WHERE cue_id = ?1 AND (due_ms, id) > (?2, ?3) ORDER BY due_ms, id LIMIT 1")?,
    ))
}

/// The newest run of a cue that was due by then.
pub(super) fn newest(connection: &Connection, cue_id: &str, due_by: Ms) -> rusqlite::Result<Option<Run>> {
    let sql = "SELECT body FROM runs WHERE cue_id = ?1 AND due_ms <= ?2 ORDER BY due_ms DESC LIMIT 1";
    connection.prepare_cached(sql)?.query_row(params![cue_id, due_by.0], |row| json(row, 0)).optional()
}

/// Which runs to list. None means any.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    /// Whose; `Some("")` is the owner.
    pub account: Option<String>,
    pub cue_id: Option<String>,
    /// Any of these `/v1` statuses; empty means any.
    pub statuses: Vec<String>,
    pub triggered_by: Option<String>,
    pub limit: u32,
    pub offset: u32,
}

/// Newest first, and how many there are in all.
pub(super) fn list(connection: &Connection, filter: &RunFilter) -> rusqlite::Result<(Vec<Run>, u32)> {
    let mut which = vec!["r.cue_id IN (SELECT id FROM cues WHERE status <> 'deleted')".to_owned()];
    let mut values: Vec<String> = Vec::new();
    let mut equals = |column: &str, wanted: &[String]| {
        let marks: Vec<String> = wanted.iter().enumerate().map(|(i, _)| format!("?{}", values.len() + i + 1)).collect();
        which.push(format!("{column} IN ({})", marks.join(", ")));
        values.extend_from_slice(wanted);
    };
    if let Some(account) = &filter.account {
        equals("(SELECT account FROM cues WHERE id = r.cue_id)", std::slice::from_ref(account));
    }
    if let Some(cue_id) = &filter.cue_id {
        equals("r.cue_id", std::slice::from_ref(cue_id));
    }
    if let Some(trigger) = &filter.triggered_by {
        equals("r.triggered_by", std::slice::from_ref(trigger));
    }
    if !filter.statuses.is_empty() {
        equals("r.status", &filter.statuses);
    }
    let from = format!("FROM runs r WHERE {}", which.join(" AND "));
    let total =
        connection.query_row(&format!("SELECT count(*) {from}"), params_from_iter(&values), |row| row.get(0))?;
    let page = format!(
        "SELECT r.body {from} ORDER BY r.due_ms DESC, r.id DESC LIMIT {} OFFSET {}",
        filter.limit, filter.offset
    );
    let runs = connection
        .prepare_cached(&page)?
        .query_map(params_from_iter(&values), |row| json(row, 0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok((runs, total))
}

/// Runs that ended well and are looked at for the length of the next.
const LENGTHS_OF: usize = 50;
/// Among the newest so many.
const LENGTHS_AMONG: u32 = 500;

/// The median length of a cue's newest good runs, in milliseconds, and of how many. None: none ended well lately.
pub(super) fn typical_ms(connection: &Connection, cue_id: &str) -> rusqlite::Result<Option<(u64, u32)>> {
    let sql = "SELECT started_at_ms, ended_at_ms, confirmed FROM runs WHERE cue_id = ?1 ORDER BY due_ms DESC LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![cue_id, LENGTHS_AMONG])?;
    let mut lengths: Vec<u64> = Vec::new();
    while let Some(row) = rows.next()?
        && lengths.len() < LENGTHS_OF
    {
        let (began, ended, confirmed): (i64, Option<i64>, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if let (Some(ended), "confirmed" | "claimed") = (ended, confirmed.as_str()) {
            lengths.push(Ms(ended).since(Ms(began)));
        }
    }
    let middle = lengths.len() / 2;
    let of = u32::try_from(lengths.len()).unwrap_or(u32::MAX);
    Ok((!lengths.is_empty()).then(|| (*lengths.select_nth_unstable(middle).1, of)))
}
