//! Live sessions of agents: who sits at a machine right now and takes work for an agent, by polling or through a daemon.

use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Recorder, StoreError};

pub(super) const SCHEMA: &str = "
CREATE TABLE live_sessions (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  agent TEXT NOT NULL,
  label TEXT NOT NULL,
  cue_id TEXT NOT NULL,
  task_name TEXT NOT NULL,
  is_default INTEGER NOT NULL,
  attached_at_ms INTEGER NOT NULL,
  beat_at_ms INTEGER,
  claimed_at_ms INTEGER,
  monitor_version TEXT,
  session_token TEXT,
  transport TEXT NOT NULL,
  daemon TEXT,
  reconciled_at_ms INTEGER,
  detached_at_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX live_sessions_by_label ON live_sessions (agent, label) WHERE detached_at_ms IS NULL;
CREATE UNIQUE INDEX live_sessions_by_cue ON live_sessions (account, cue_id) WHERE detached_at_ms IS NULL;
CREATE UNIQUE INDEX live_sessions_default ON live_sessions (agent) WHERE is_default AND detached_at_ms IS NULL;
CREATE INDEX live_sessions_by_agent ON live_sessions (agent, attached_at_ms);
CREATE INDEX live_sessions_by_daemon ON live_sessions (account, daemon) WHERE daemon IS NOT NULL;";

const COLUMNS: &str = "id, account, agent, label, cue_id, task_name, is_default, attached_at_ms, beat_at_ms, claimed_at_ms, monitor_version, session_token, transport, daemon, reconciled_at_ms, detached_at_ms";
/// Of one agent; the one that was attached first goes first, if it is detached.
const KEPT: u32 = 1_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSessionRow {
    /// A UUID.
    pub id: String,
    pub account: AccountId,
    /// Id of the address it takes work for.
    pub agent: String,
    /// Unique among the agent's attached sessions.
    pub label: String,
    /// Unique among the account's attached sessions; for one through a daemon, its token.
    pub cue_id: String,
    pub task_name: String,
    /// At most one of an agent's attached sessions.
    pub is_default: bool,
    pub attached_at: Ms,
    pub beat_at: Option<Ms>,
    pub claimed_at: Option<Ms>,
    pub monitor_version: Option<String>,
    pub session_token: Option<String>,
    /// `poll` or `ipc`.
    pub transport: String,
    /// UUID of the daemon, for one that came through a daemon.
    pub daemon: Option<String>,
    pub reconciled_at: Option<Ms>,
    pub detached_at: Option<Ms>,
}

/// Newest first.
pub(super) fn of_agent(
    connection: &Connection,
    agent: &str,
    with_detached: u32,
) -> rusqlite::Result<Vec<LiveSessionRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM live_sessions WHERE agent = ?1 AND (?2 <> 0 OR detached_at_ms IS NULL) ORDER BY attached_at_ms DESC, rowid DESC"))?
        .query_map(params![agent, with_detached], read)?
        .collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<LiveSessionRow> {
    let at = |column: usize| row.get::<_, Option<i64>>(column).map(|at| at.map(Ms));
    Ok(LiveSessionRow {
        id: row.get(0)?,
        account: AccountId(row.get(1)?),
        agent: row.get(2)?,
        label: row.get(3)?,
        cue_id: row.get(4)?,
        task_name: row.get(5)?,
        is_default: row.get(6)?,
        attached_at: Ms(row.get(7)?),
        beat_at: at(8)?,
        claimed_at: at(9)?,
        monitor_version: row.get(10)?,
        session_token: row.get(11)?,
        transport: row.get(12)?,
        daemon: row.get(13)?,
        reconciled_at: at(14)?,
        detached_at: at(15)?,
    })
}

impl Recorder<'_> {
    /// Attached sessions of an agent, newest first.
    pub fn live_sessions(&self, agent: &str) -> Result<Vec<LiveSessionRow>, StoreError> {
        self.with(|connection| of_agent(connection, agent, 0))
    }

    /// The attached session of an account for this cue.
    pub fn live_session_of_cue(&self, account: &AccountId, cue: &str) -> Result<Option<LiveSessionRow>, StoreError> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM live_sessions WHERE account = ?1 AND cue_id = ?2 AND detached_at_ms IS NULL"
                ))?
                .query_row([&account.0, cue], read)
                .optional()
        })
    }

    /// Attached sessions of an account that came through this daemon.
    pub fn live_sessions_of_daemon(
        &self,
        account: &AccountId,
        daemon: &str,
    ) -> Result<Vec<LiveSessionRow>, StoreError> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM live_sessions WHERE account = ?1 AND daemon = ?2 AND detached_at_ms IS NULL ORDER BY rowid"))?
                .query_map([&account.0, daemon], read)?
                .collect()
        })
    }

    /// A new one, or what has changed of one. Of an agent with too many, the oldest that is detached is forgotten.
    pub fn put_live_session(&self, row: &LiveSessionRow) -> Result<(), StoreError> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!(
                    "INSERT INTO live_sessions ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
                     ON CONFLICT (id) DO UPDATE SET task_name = excluded.task_name, is_default = excluded.is_default,
                       beat_at_ms = excluded.beat_at_ms, claimed_at_ms = excluded.claimed_at_ms, monitor_version = excluded.monitor_version,
                       session_token = excluded.session_token, transport = excluded.transport,
                       reconciled_at_ms = excluded.reconciled_at_ms, detached_at_ms = excluded.detached_at_ms"
                ))?
                .execute(params![
                    row.id,
                    row.account.0,
                    row.agent,
                    row.label,
                    row.cue_id,
                    row.task_name,
                    row.is_default,
                    row.attached_at.0,
                    row.beat_at.map(|at| at.0),
                    row.claimed_at.map(|at| at.0),
                    row.monitor_version,
                    row.session_token,
                    row.transport,
                    row.daemon,
                    row.reconciled_at.map(|at| at.0),
                    row.detached_at.map(|at| at.0),
                ])?;
            connection
                .prepare_cached(
                    "DELETE FROM live_sessions WHERE agent = ?1 AND detached_at_ms IS NOT NULL AND rowid <=
                       (SELECT rowid FROM live_sessions WHERE agent = ?1 ORDER BY rowid DESC LIMIT 1 OFFSET ?2)",
                )?
                .execute(params![row.agent, KEPT])
                .map(drop)
        })
    }
}
