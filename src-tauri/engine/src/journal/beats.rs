//! Beats of agents: the newest of each, sums by minute for the last hour, and by the owner's day for a year.

use chrono::{Days, NaiveDate};
use cuetower_core::Ms;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Recorder, StoreError};
use crate::fleet::{Beat, Status, WarningKind, minute_of};

pub(super) const SCHEMA: &str = "
CREATE TABLE beats (
  id INTEGER PRIMARY KEY,
  agent INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  status TEXT NOT NULL,
  message TEXT,
  tokens INTEGER,
  cost_usd REAL,
  warning TEXT,
  rest TEXT NOT NULL
) STRICT;
CREATE INDEX beats_by_agent ON beats (agent, id);
CREATE TABLE agent_minutes (
  agent INTEGER NOT NULL,
  minute INTEGER NOT NULL,
  beats INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  PRIMARY KEY (agent, minute)
) STRICT, WITHOUT ROWID;
CREATE TABLE agent_days (
  agent INTEGER NOT NULL,
  day TEXT NOT NULL,
  beats INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  cost_usd REAL NOT NULL,
  PRIMARY KEY (agent, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX agent_days_by_day ON agent_days (day);";

const KEPT_PER_AGENT: u32 = 1_000;
/// Older ones are dropped when so many beats have come.
const TIDIED_EVERY: u64 = 100;
const MINUTES_KEPT: i64 = 60;
const DAYS_KEPT: u64 = 366;

#[derive(Debug, Clone, PartialEq)]
pub struct BeatRow {
    pub at: Ms,
    pub status: Status,
    pub message: Option<String>,
    pub tokens: Option<u64>,
    pub cost_usd: Option<f64>,
    /// What it was answered with.
    pub warning: Option<String>,
}

/// What an agent used on one of the owner's days.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct DaySum {
    pub agent: u32,
    pub beats: u64,
    pub tokens: u64,
    pub cost_usd: f64,
}

/// What an agent sent within one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinuteSum {
    pub agent: u32,
    /// Whole minutes since 1970.
    pub minute: i64,
    pub beats: u32,
    pub tokens: u64,
}

impl Recorder<'_> {
    pub(crate) fn agent_day(&self, agent: u32, day: NaiveDate) -> Result<DaySum, StoreError> {
        let sql = "SELECT agent, beats, tokens, cost_usd FROM agent_days WHERE agent = ?1 AND day = ?2";
        let day = day.to_string();
        let sum = self
            .with(|connection| connection.prepare_cached(sql)?.query_row(params![agent, day], read_day).optional())?;
        Ok(sum.unwrap_or(DaySum { agent, ..DaySum::default() }))
    }

    /// `sent`: how many this agent has sent, with this one. `day`: what it used today, with this one.
    pub(crate) fn keep_beat(
        &self,
        sent: u64,
        beat: &Beat,
        warning: Option<WarningKind>,
        (day, sum): (NaiveDate, &DaySum),
    ) -> Result<(), StoreError> {
        let (agent, at) = (sum.agent, self.now);
        self.with(|connection| {
            let values = params![
                agent,
                at.0,
                beat.status.word(),
                beat.message,
                beat.tokens.map(|tokens| tokens as i64),
                beat.cost_usd,
                warning.map(WarningKind::word),
                beat.rest().to_string()
            ];
            let sql = "INSERT INTO beats (agent, at_ms, status, message, tokens, cost_usd, warning, rest)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
            connection.prepare_cached(sql)?.execute(values)?;
            add_to_minute(connection, agent, minute_of(at), beat.tokens.unwrap_or(0))?;
            set_day(connection, day, sum)?;
            if sent.is_multiple_of(TIDIED_EVERY) { tidy(connection, agent) } else { Ok(()) }
        })
    }
}

fn add_to_minute(connection: &Connection, agent: u32, minute: i64, tokens: u64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO agent_minutes (agent, minute, beats, tokens) VALUES (?1, ?2, 1, ?3)
        ON CONFLICT (agent, minute) DO UPDATE SET beats = beats + 1, tokens = tokens + excluded.tokens";
    connection.prepare_cached(sql)?.execute(params![agent, minute, tokens as i64])?;
    let old = "DELETE FROM agent_minutes WHERE agent = ?1 AND minute <= ?2";
    connection.prepare_cached(old)?.execute(params![agent, minute - MINUTES_KEPT])?;
    Ok(())
}

fn set_day(connection: &Connection, day: NaiveDate, sum: &DaySum) -> rusqlite::Result<()> {
    let values = params![sum.agent, day.to_string(), sum.beats as i64, sum.tokens as i64, sum.cost_usd];
    let sql = "INSERT OR REPLACE INTO agent_days (agent, day, beats, tokens, cost_usd) VALUES (?1, ?2, ?3, ?4, ?5)";
    connection.prepare_cached(sql)?.execute(values)?;
    if sum.beats == 1
        && let Some(oldest) = day.checked_sub_days(Days::new(DAYS_KEPT))
    {
        let old = "DELETE FROM agent_days WHERE agent = ?1 AND day < ?2";
        connection.prepare_cached(old)?.execute(params![sum.agent, oldest.to_string()])?;
    }
    Ok(())
}

fn tidy(connection: &Connection, agent: u32) -> rusqlite::Result<()> {
    let sql = "DELETE FROM beats WHERE agent = ?1 AND id <= coalesce(
        (SELECT id FROM beats WHERE agent = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2), -1)";
    connection.prepare_cached(sql)?.execute([agent, KEPT_PER_AGENT])?;
    Ok(())
}

/// Newest first.
pub(super) fn of_agent(connection: &Connection, agent: u32, limit: u32) -> rusqlite::Result<Vec<BeatRow>> {
    let sql = "SELECT at_ms, status, message, tokens, cost_usd, warning FROM beats WHERE agent = ?1 ORDER BY id DESC LIMIT ?2";
    connection
        .prepare_cached(sql)?
        .query_map([agent, limit], |row| {
            let status: String = row.get(1)?;
            Ok(BeatRow {
                at: Ms(row.get(0)?),
                status: Status::of(&status).unwrap_or(Status::Ok),
                message: row.get(2)?,
                tokens: row.get::<_, Option<i64>>(3)?.map(|tokens| tokens as u64),
                cost_usd: row.get(4)?,
                warning: row.get(5)?,
            })
        })?
        .collect()
}

pub(super) const OF_DAY: &str = "SELECT agent, beats, tokens, cost_usd FROM agent_days WHERE day = ?1";

/// Of every agent that beat on this day ("2026-11-21").
pub(super) fn of_day(connection: &Connection, day: &str) -> rusqlite::Result<Vec<DaySum>> {
    connection.prepare_cached(OF_DAY)?.query_map([day], read_day)?.collect()
}

/// Of the hour that ends with this instant's minute, by agent.
pub(super) fn of_hour(connection: &Connection, now: Ms) -> rusqlite::Result<Vec<MinuteSum>> {
    let minute = minute_of(now);
    let sql =
        "SELECT agent, minute, beats, tokens FROM agent_minutes WHERE minute > ?1 AND minute <= ?2 ORDER BY agent";
    connection
        .prepare_cached(sql)?
        .query_map([minute - MINUTES_KEPT, minute], |row| {
            let tokens: i64 = row.get(3)?;
            Ok(MinuteSum { agent: row.get(0)?, minute: row.get(1)?, beats: row.get(2)?, tokens: tokens as u64 })
        })?
        .collect()
}

/// What agents used from one day to another, and on which.
pub(super) fn of_days(connection: &Connection, first: &str, last: &str) -> rusqlite::Result<Vec<(String, DaySum)>> {
    let sql = "SELECT agent, beats, tokens, cost_usd, day FROM agent_days WHERE day BETWEEN ?1 AND ?2";
    connection.prepare_cached(sql)?.query_map([first, last], |row| Ok((row.get(4)?, read_day(row)?)))?.collect()
}

fn read_day(row: &Row<'_>) -> rusqlite::Result<DaySum> {
    let (beats, tokens): (i64, i64) = (row.get(1)?, row.get(2)?);
    Ok(DaySum { agent: row.get(0)?, beats: beats as u64, tokens: tokens as u64, cost_usd: row.get(3)? })
}
