//! Runs: a row to draw and filter by, and the whole run as JSON.

use cuetower_core::Ms;
use cuetower_core::id::CueId;
use cuetower_core::run::{Phase, Run};
use cuetower_core::sentence;
use cuetower_core::verdicts::{self, Confirmed, Delivered};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::reader::json;
use super::{Journal, StoreError, put_away};

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
CREATE INDEX runs_by_cue ON runs (cue_id, due_ms, delivered, confirmed, cost_usd, started_at_ms, ended_at_ms);
CREATE INDEX runs_by_due ON runs (due_ms);
CREATE INDEX runs_live ON runs (cue_id) WHERE ended_at_ms IS NULL;
CREATE INDEX runs_to_verify ON runs (ended_at_ms) WHERE json_extract(body, '$.verification.state') = 'waiting';";

/// Formats before 8 had to read the rows to count how a lane's runs went.
pub(super) const OF_FORMAT_8: (&str, &str) = (
    "runs_by_cue",
    "CREATE INDEX runs_by_cue ON runs (cue_id, due_ms, delivered, confirmed, cost_usd, started_at_ms, ended_at_ms)",
);

/// Formats before 7 had no index of runs that somebody is to look at.
pub(super) const FROM_FORMAT_6: &str = "CREATE INDEX IF NOT EXISTS runs_to_verify ON runs (ended_at_ms)
  WHERE json_extract(body, '$.verification.state') = 'waiting';";

/// Formats before 4 had no index of live runs.
pub(super) const FROM_FORMAT_3: &str =
    "CREATE INDEX IF NOT EXISTS runs_live ON runs (cue_id) WHERE ended_at_ms IS NULL;";

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

pub(super) fn cost_of(connection: &Connection, id: &str) -> rusqlite::Result<Option<f64>> {
    let sql = "SELECT cost_usd FROM runs WHERE id = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?.flatten())
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
               attempts = excluded.attempts, sentence = excluded.sentence,
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
/// The newest one that went well and was due before.
pub(super) fn last_good(connection: &Connection, run: &Run) -> rusqlite::Result<Option<Run>> {
    let sql = "SELECT body FROM runs WHERE cue_id = ?1 AND due_ms < ?2 AND confirmed IN ('confirmed', 'claimed') ORDER BY due_ms DESC LIMIT 1";
    connection.prepare_cached(sql)?.query_row(params![run.cue_id.0, run.due.0], |row| json(row, 0)).optional()
}

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

/// Runs that have ended and whose outcome somebody is to look at, the oldest first.
pub(super) fn to_verify(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<Run>> {
    let sql = "SELECT body FROM runs WHERE json_extract(body, '$.verification.state') = 'waiting'
        AND ended_at_ms IS NOT NULL AND confirmed NOT IN ('stopped', 'cancelled') ORDER BY ended_at_ms LIMIT ?1";
    connection.prepare_cached(sql)?.query_map([limit], |row| json(row, 0))?.collect()
}

impl Journal {
    /// Runs of a cue from whose end nothing follows before somebody has looked, the oldest first.
    pub fn runs_held_for_verification(&self, cue_id: &CueId) -> Result<Vec<Run>, StoreError> {
        self.guard(|connection| held_for_verification(connection, cue_id.as_str()))
    }
}

/// Of a cue, those from whose end nothing follows before somebody has looked; the oldest first.
fn held_for_verification(connection: &Connection, cue_id: &str) -> rusqlite::Result<Vec<Run>> {
    let sql = "SELECT body FROM runs WHERE cue_id = ?1 AND json_extract(body, '$.verification.state') = 'waiting'
        AND ended_at_ms IS NOT NULL AND confirmed NOT IN ('stopped', 'cancelled') ORDER BY ended_at_ms";
    let mut read = connection.prepare_cached(sql)?;
    let runs: Vec<Run> = read.query_map([cue_id], |row| json(row, 0))?.collect::<rusqlite::Result<_>>()?;
    Ok(runs.into_iter().filter(Run::is_held_for_verification).collect())
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
    /// Of cues that are this agent's now.
    pub agent: Option<String>,
    /// Any of these `/v1` statuses; empty means any.
    pub statuses: Vec<String>,
    pub triggered_by: Option<String>,
    /// Who claimed its latest attempt.
    pub worker: Option<String>,
    /// `verdicts::outcome_state`.
    pub outcome_state: Option<String>,
    pub result_type: Option<String>,
    pub has_evidence: Option<bool>,
    pub limit: u32,
    pub offset: u32,
}

impl RunFilter {
    /// Whether it asks for what only a run that began can have.
    #[must_use]
    pub fn asks_of_runs(&self) -> bool {
        self.worker.is_some()
            || self.outcome_state.is_some()
            || self.result_type.is_some()
            || self.has_evidence.is_some()
    }

    /// Whether none that ended can be meant.
    fn is_of_live(&self) -> bool {
        !self.statuses.is_empty() && self.statuses.iter().all(|status| LIVE.contains(&status.as_str()))
    }
}

/// `status_word` of runs that have not ended.
const LIVE: [&str; 4] = ["pending", "delivering", "pending_outcome", "retrying"];
/// More runs of one account than this are not put in order for a page.
const SORTED_MAX: u32 = 10_000;

/// The outcome that a run shows: its last, as JSON. Costly: asked for only by the filters that need it.
const OUTCOME: &str = "(SELECT json_extract(a.value, '$.outcome.outcome') FROM json_each(r.body, '$.attempts') a
  WHERE json_extract(a.value, '$.outcome') IS NOT NULL ORDER BY a.key DESC LIMIT 1)";

/// `verdicts::outcome_state`, in SQL.
fn outcome_state_sql() -> String {
    format!(
        "CASE
           WHEN json_extract(r.body, '$.checking') IS NOT NULL THEN 'verification_pending'
           WHEN json_extract(r.body, '$.verification.state') = 'waiting' AND {OUTCOME} IS NOT NULL THEN 'verification_pending'
           WHEN r.confirmed = 'claimed' THEN 'reported_success'
           WHEN r.confirmed = 'confirmed' THEN 'verified_success'
           WHEN r.confirmed = 'refuted' THEN 'verification_failed'
           WHEN r.confirmed = 'silent' THEN 'unknown'
           WHEN json_extract({OUTCOME}, '$.success') = 0 THEN 'reported_failure'
           WHEN r.ended_at_ms IS NULL AND json_extract(r.body, '$.attempts[#-1].outcome.outcome.success') = 1
             THEN 'verification_pending'
         END"
    )
}

/// `Outcome::has_evidence`, in SQL.
fn has_evidence_sql() -> String {
    // All of it asked in one go through the attempts: each costs as much as the rest of the query.
    let text = |field: &str| format!("trim(ifnull(json_extract(a.value, '$.outcome.outcome.{field}'), '')) <> ''");
    let texts = ["external_id", "result_url", "result_ref"].map(text).join(" OR ");
    let has = format!("{texts} OR ifnull(json_array_length(a.value, '$.outcome.outcome.artifacts'), 0) > 0");
    format!(
        "CAST(ifnull((SELECT {has} FROM json_each(r.body, '$.attempts') a
           WHERE json_extract(a.value, '$.outcome') IS NOT NULL ORDER BY a.key DESC LIMIT 1), 0) AS TEXT)"
    )
}

/// When the oldest claim was made that is not over yet, among an account's runs.
pub(super) fn oldest_claim(connection: &Connection, account: &str) -> rusqlite::Result<Option<Ms>> {
    let sql = "SELECT min(json_extract(r.body, '$.attempts[#-1].delivered_at')) FROM runs r
       WHERE r.ended_at_ms IS NULL AND r.cue_id IN (SELECT id FROM cues WHERE account = ?1 AND status <> 'deleted')
         AND json_extract(r.body, '$.attempts[#-1].lease') IS NOT NULL AND r.status = 'pending_outcome'";
    connection.prepare_cached(sql)?.query_row([account], |row| Ok(row.get::<_, Option<i64>>(0)?.map(Ms)))
}

/// Runs of a chain further up are not counted.
const CHAIN_MAX: u32 = 64;

/// How many runs led to this one, each through the end of the one before.
pub(super) fn chain_depth(connection: &Connection, id: &str) -> rusqlite::Result<u32> {
    let mut above = connection.prepare_cached(
        "SELECT json_extract(body, '$.trigger.of') FROM runs
          WHERE id = ?1 AND json_extract(body, '$.trigger.by') IN ('chain', 'fallback')",
    )?;
    let (mut depth, mut id) = (0, id.to_owned());
    while depth < CHAIN_MAX
        && let Some(of) = above.query_row([&id], |row| row.get::<_, String>(0)).optional()?
    {
        (depth, id) = (depth + 1, of);
    }
    Ok(depth)
}

/// How the runs of a cue went that were due since an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunStats {
    pub runs: u32,
    pub ended: u32,
    /// Ended, and had reached the agent.
    pub delivered: u32,
    /// Confirmed or claimed.
    pub good: u32,
    pub confirmed: u32,
}

pub(super) fn stats(connection: &Connection, cue_id: &str, since: Ms) -> rusqlite::Result<RunStats> {
    let sql = "SELECT count(*), count(ended_at_ms), count(*) FILTER (WHERE ended_at_ms IS NOT NULL AND delivered_at_ms IS NOT NULL),
        count(*) FILTER (WHERE confirmed IN ('confirmed', 'claimed')), count(*) FILTER (WHERE confirmed = 'confirmed')
      FROM runs WHERE cue_id = ?1 AND due_ms >= ?2";
    let gone = put_away::of_cue(connection, cue_id, since)?;
    connection.prepare_cached(sql)?.query_row(params![cue_id, since.0], |row| {
        Ok(RunStats {
            runs: row.get::<_, u32>(0)? + gone.runs,
            ended: row.get::<_, u32>(1)? + gone.runs,
            delivered: row.get::<_, u32>(2)? + gone.delivered,
            good: row.get::<_, u32>(3)? + gone.good,
            confirmed: row.get::<_, u32>(4)? + gone.confirmed,
        })
    })
}

/// Newest first, and how many there are in all.
pub(super) fn list(connection: &Connection, filter: &RunFilter) -> rusqlite::Result<(Vec<Run>, u32)> {
    let listing = Listing::of(filter);
    let total = connection.query_row(&listing.count(), params_from_iter(&listing.values), |row| row.get(0))?;
    let runs = connection
        .prepare_cached(&listing.page(total))?
        .query_map(params_from_iter(&listing.values), |row| json(row, 0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok((runs, total))
}

/// The statements that a filter becomes.
pub(super) struct Listing<'a> {
    filter: &'a RunFilter,
    /// The cues whose runs are meant.
    cues: String,
    /// What is asked of each run; begins with ` AND ` if it is anything.
    which: String,
    pub values: Vec<String>,
}

impl Listing<'_> {
    pub fn of(filter: &RunFilter) -> Listing<'_> {
        let mut values: Vec<String> = filter.account.iter().cloned().collect();
        let whose = if filter.account.is_some() { " AND account = ?1" } else { "" };
        let cues = format!("(SELECT id FROM cues WHERE status <> 'deleted'{whose})");
        let mut which = String::new();
        let mut equals = |column: &str, wanted: &[String]| {
            let marks: Vec<String> =
                wanted.iter().enumerate().map(|(i, _)| format!("?{}", values.len() + i + 1)).collect();
            which.push_str(&format!(" AND {column} IN ({})", marks.join(", ")));
            values.extend_from_slice(wanted);
        };
        if let Some(cue_id) = &filter.cue_id {
            equals("r.cue_id", std::slice::from_ref(cue_id));
        }
        if let Some(agent) = &filter.agent {
            let agents = "(SELECT json_extract(c.body, '$.definition.agent') FROM cues c WHERE c.id = r.cue_id)";
            equals(agents, std::slice::from_ref(agent));
        }
        if let Some(trigger) = &filter.triggered_by {
            equals("r.triggered_by", std::slice::from_ref(trigger));
        }
        if !filter.statuses.is_empty() {
            equals("r.status", &filter.statuses);
        }
        let one = |value: &Option<String>| value.clone().map(|value| [value]);
        if let Some(worker) = one(&filter.worker) {
            equals("json_extract(r.body, '$.attempts[#-1].lease.worker')", &worker);
        }
        if let Some(state) = one(&filter.outcome_state) {
            equals(&outcome_state_sql(), &state);
        }
        if let Some(kind) = one(&filter.result_type) {
            equals(&format!("json_extract({OUTCOME}, '$.result_type')"), &kind);
        }
        if let Some(has) = filter.has_evidence {
            equals(&has_evidence_sql(), &[u8::from(has).to_string()]);
        }
        if filter.is_of_live() {
            which.push_str(" AND r.ended_at_ms IS NULL");
        }
        Listing { filter, cues, which, values }
    }

    pub fn count(&self) -> String {
        format!("SELECT count(*) FROM runs r WHERE r.cue_id IN {}{}", self.cues, self.which)
    }

    /// `total`: what [`Listing::count`] found. Of many runs the page is the beginning of a walk from the newest on, which
    /// stops when it is full; a small account's few are put in order instead, rather than looked for among everybody's.
    pub fn page(&self, total: u32) -> String {
        let everybodys = self.filter.account.as_deref().is_none_or(str::is_empty);
        // `+` keeps the planner from going cue by cue; left to itself it sorts all runs, if there are other filters.
        let (by, plus) = match () {
            () if self.filter.is_of_live() => ("", ""),
            () if self.filter.cue_id.is_some() => ("INDEXED BY runs_by_cue", "+"),
            () if everybodys || total > SORTED_MAX => ("INDEXED BY runs_by_due", "+"),
            () => ("", ""),
        };
        let RunFilter { limit, offset, .. } = self.filter;
        format!(
            "SELECT r.body FROM runs r {by} WHERE {plus}r.cue_id IN {}{} ORDER BY r.due_ms DESC, r.id DESC LIMIT {limit} OFFSET {offset}",
            self.cues, self.which
        )
    }
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
