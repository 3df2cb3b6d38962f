//! What the watch knows of each run, cue and agent that is expected to beat, what is usual of each cue, and what its last good
//! runs used.

use cuetower_core::outcome::Outcome;
use cuetower_core::run::Run;
use cuetower_core::spend::Nanousd;
use cuetower_core::watch::Sample;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::reader::json;
use super::{Journal, StoreError};

pub(super) const SCHEMA: &str = "
CREATE TABLE watches (
  subject TEXT PRIMARY KEY,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;";

/// Runs that an envelope rests on.
const SAMPLES: u32 = 50;

/// What is known of a subject, as JSON; None: no more.
#[derive(Debug, Clone)]
pub struct WatchRow {
    /// `run:ID`, `cue:ID`, or `pace:CUE`.
    pub subject: String,
    pub body: Option<String>,
}

/// What a run used as far as it told, with its id.
pub type SampleRow = (String, Sample);

pub(super) fn write(connection: &Connection, row: &WatchRow) -> rusqlite::Result<()> {
    match &row.body {
        Some(body) => {
            let sql = "INSERT INTO watches (subject, body) VALUES (?1, ?2) ON CONFLICT (subject) DO UPDATE SET body = excluded.body";
            connection.prepare_cached(sql)?.execute(params![row.subject, body])?;
        }
        None => {
            connection.prepare_cached("DELETE FROM watches WHERE subject = ?1")?.execute([&row.subject])?;
        }
    }
    Ok(())
}

/// Of the newest good runs of a cue, oldest first. `but`: not this one.
pub(super) fn samples(connection: &Connection, cue_id: &str) -> rusqlite::Result<Vec<SampleRow>> {
    let sql = "SELECT r.body, s.tokens, s.cost_nano, s.sums ->> '$.begun'
        FROM runs r LEFT JOIN spend s ON s.owner = r.id
        WHERE r.cue_id = ?1 AND r.confirmed IN ('confirmed', 'claimed') AND r.ended_at_ms IS NOT NULL
        ORDER BY r.due_ms DESC, r.id DESC LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![cue_id, SAMPLES], |row| {
        let run: Run = json(row, 0)?;
        let whole = |column: usize| -> rusqlite::Result<Option<u64>> {
            Ok(row.get::<_, Option<i64>>(column)?.and_then(|value| u64::try_from(value).ok()))
        };
        Ok((run.id.0.clone(), sample_of(&run, whole(1)?, whole(2)?.map(Nanousd), whole(3)?)))
    })?;
    let mut all: Vec<SampleRow> = rows.collect::<rusqlite::Result<_>>()?;
    all.reverse();
    Ok(all)
}

/// What one run used. `steps`: how many it began; none is nothing said.
pub(crate) fn sample_of(run: &Run, tokens: Option<u64>, cost: Option<Nanousd>, steps: Option<u64>) -> Sample {
    let silent = Outcome::default();
    let outcome = run.outcome().map_or(&silent, |(_, reported)| &reported.outcome);
    let ended = match &run.phase {
        cuetower_core::run::Phase::Ended { at, .. } => *at,
        _ => run.began_at,
    };
    Sample {
        duration_ms: run.judged_by(outcome, ended).duration_ms,
        tokens,
        cost,
        steps: steps.filter(|steps| *steps > 0),
        processed: outcome.processed,
    }
}

impl Journal {
    /// Those of runs and of cues.
    pub fn watches(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.guard(|connection| {
            let sql = "SELECT subject, body FROM watches WHERE subject >= 'cue:' AND subject < 'cue;' OR subject >= 'run:' AND subject < 'run;'";
            connection.prepare_cached(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
    }

    pub fn watch(&self, subject: &str) -> Result<Option<String>, StoreError> {
        self.guard(|connection| {
            let sql = "SELECT body FROM watches WHERE subject = ?1";
            connection.prepare_cached(sql)?.query_row([subject], |row| row.get(0)).optional()
        })
    }

    /// Of the newest good runs of a cue, oldest first.
    pub fn samples(&self, cue_id: &str) -> Result<Vec<SampleRow>, StoreError> {
        self.guard(|connection| samples(connection, cue_id))
    }

    /// What is written of what a run used: tokens, money, steps begun.
    pub fn used(&self, run_id: &str) -> Result<(Option<u64>, Option<Nanousd>, Option<u64>), StoreError> {
        self.guard(|connection| {
            let sql = "SELECT tokens, cost_nano, sums ->> '$.begun' FROM spend WHERE owner = ?1";
            let whole = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
            let found = connection.prepare_cached(sql)?.query_row([run_id], |row| {
                Ok((whole(row.get(0)?), whole(row.get(1)?).map(Nanousd), whole(row.get(2)?)))
            });
            found.optional().map(Option::unwrap_or_default)
        })
    }
}
