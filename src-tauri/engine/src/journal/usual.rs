//! What the good runs of a cue used, of which its envelope is made, and what follows from them for how long a run usually takes.

use cuetower_core::Ms;
use cuetower_core::id::{CueId, RunId};
use cuetower_core::spend::Nanousd;
use cuetower_core::watch::{Band, Sample};
use rusqlite::{Connection, Row, params};

use super::reader::json;
use super::{Journal, StoreError};

pub(super) const SCHEMA: &str = "
CREATE TABLE samples (
  cue_id TEXT NOT NULL,
  ended_at_ms INTEGER NOT NULL,
  run_id TEXT NOT NULL,
  duration_ms INTEGER,
  processed REAL,
  PRIMARY KEY (cue_id, ended_at_ms, run_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE usual (
  cue_id TEXT PRIMARY KEY,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;";

/// Runs that an envelope rests on.
const SAMPLES: u32 = 50;

/// What a run used as far as it told, with its id.
pub type SampleRow = (String, Sample);

/// Tokens, money, and steps that were begun.
pub type UsedByRun = (Option<u64>, Option<Nanousd>, Option<u64>);

#[derive(Debug, Clone)]
pub enum UsualChange {
    /// A run went well. `band`: how long runs of its cue usually take, if that is known by now. `trim`: older ones are let go.
    Ran { cue: CueId, run: RunId, at: Ms, sample: Sample, band: Option<Band>, trim: bool },
    /// The cue is no more.
    Gone(CueId),
}

pub(super) fn write(connection: &Connection, change: &UsualChange) -> rusqlite::Result<()> {
    match change {
        UsualChange::Ran { cue, run, at, sample, band, trim } => {
            let duration = sample.duration_ms.map(|ms| i64::try_from(ms).unwrap_or(i64::MAX));
            let sql = "INSERT OR REPLACE INTO samples (cue_id, ended_at_ms, run_id, duration_ms, processed)
                VALUES (?1, ?2, ?3, ?4, ?5)";
            connection.prepare_cached(sql)?.execute(params![cue.0, at.0, run.0, duration, sample.processed])?;
            if let Some(band) = band {
                let body = serde_json::to_string(band).expect("a band is numbers");
                let sql = "INSERT INTO usual (cue_id, body) VALUES (?1, ?2)
                    ON CONFLICT (cue_id) DO UPDATE SET body = excluded.body";
                connection.prepare_cached(sql)?.execute(params![cue.0, body])?;
            }
            if *trim {
                let sql = "DELETE FROM samples WHERE cue_id = ?1 AND ended_at_ms < (SELECT ended_at_ms FROM samples
                    WHERE cue_id = ?1 ORDER BY ended_at_ms DESC LIMIT 1 OFFSET ?2)";
                connection.prepare_cached(sql)?.execute(params![cue.0, SAMPLES])?;
            }
        }
        UsualChange::Gone(cue) => {
            connection.prepare_cached("DELETE FROM samples WHERE cue_id = ?1")?.execute([&cue.0])?;
            connection.prepare_cached("DELETE FROM usual WHERE cue_id = ?1")?.execute([&cue.0])?;
        }
    }
    Ok(())
}

/// Of the newest good runs of a cue, oldest first.
pub(super) fn samples(connection: &Connection, cue_id: &str) -> rusqlite::Result<Vec<SampleRow>> {
    let sql = "SELECT m.run_id, m.duration_ms, m.processed, s.tokens, s.cost_nano, s.sums ->> '$.begun'
        FROM (SELECT * FROM samples WHERE cue_id = ?1 ORDER BY ended_at_ms DESC, run_id DESC LIMIT ?2) m
        LEFT JOIN spend s ON s.owner = m.run_id ORDER BY m.ended_at_ms, m.run_id";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![cue_id, SAMPLES], |row| {
        let sample = Sample {
            duration_ms: whole(row, 1)?,
            processed: row.get(2)?,
            tokens: whole(row, 3)?,
            cost: whole(row, 4)?.map(Nanousd),
            steps: whole(row, 5)?.filter(|steps| *steps > 0),
        };
        Ok((row.get(0)?, sample))
    })?;
    rows.collect()
}

fn whole(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(column)?.and_then(|value| u64::try_from(value).ok()))
}

impl Journal {
    /// How long a run of each cue usually takes, where that is known.
    pub fn usual(&self) -> Result<Vec<(CueId, Band)>, StoreError> {
        self.guard(|connection| {
            let mut kept = connection.prepare_cached("SELECT cue_id, body FROM usual")?;
            kept.query_map([], |row| Ok((CueId(row.get(0)?), json(row, 1)?)))?.collect()
        })
    }

    /// Of the newest good runs of a cue, oldest first.
    pub fn samples(&self, cue_id: &str) -> Result<Vec<SampleRow>, StoreError> {
        self.guard(|connection| samples(connection, cue_id))
    }

    /// What is written of what a run used.
    pub fn used(&self, run_id: &str) -> Result<UsedByRun, StoreError> {
        self.guard(|connection| {
            let sql = "SELECT tokens, cost_nano, sums ->> '$.begun' FROM spend WHERE owner = ?1";
            let mut kept = connection.prepare_cached(sql)?;
            let mut found =
                kept.query_map([run_id], |row| Ok((whole(row, 0)?, whole(row, 1)?.map(Nanousd), whole(row, 2)?)))?;
            found.next().transpose().map(Option::unwrap_or_default)
        })
    }
}
