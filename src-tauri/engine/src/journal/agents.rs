//! Agents: whoever beats, with what its newest beat said, who runs it and what it may cost. What it sent is in `beats`.

use cuetower_core::id::AccountId;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Journal, Recorder, StoreError, reader::json};
use crate::fleet::{Agent, Runner};

/// An id is never given to a second agent, which is what AUTOINCREMENT is for.
pub(super) const SCHEMA: &str = "
CREATE TABLE agents (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  day_cost_usd REAL,
  runner_kind TEXT,
  runner_target TEXT,
  runner_key TEXT,
  body TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX agents_by_name ON agents (account, name);
CREATE INDEX agents_by_runner ON agents (runner_key) WHERE runner_key IS NOT NULL;";

const COLUMNS: &str = "id, account, name, day_cost_usd, runner_kind, runner_target, runner_key, body";

impl Recorder<'_> {
    pub(crate) fn agent(&self, account: &AccountId, name: &str) -> Result<Option<Agent>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM agents WHERE account = ?1 AND name = ?2");
        self.with(|connection| connection.prepare_cached(&sql)?.query_row([&account.0, name], read).optional())
    }

    pub(crate) fn agent_by_id(&self, id: u32) -> Result<Option<Agent>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM agents WHERE id = ?1");
        self.with(|connection| connection.prepare_cached(&sql)?.query_row([id], read).optional())
    }

    pub(crate) fn agent_count(&self, account: &AccountId) -> Result<u32, StoreError> {
        let sql = "SELECT count(*) FROM agents WHERE account = ?1";
        self.with(|connection| connection.prepare_cached(sql)?.query_row([&account.0], |row| row.get(0)))
    }

    /// Gives it its id.
    pub(crate) fn add_agent(&self, mut agent: Agent) -> Result<Agent, StoreError> {
        let body = body(&agent)?;
        let sql = "INSERT INTO agents (account, name, day_cost_usd, body) VALUES (?1, ?2, ?3, ?4) RETURNING id";
        let values = params![agent.account.0, agent.name, agent.day_cost_usd, body];
        agent.id = self.with(|connection| connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)))?;
        self.find_agent(&agent.account, &agent.name)?;
        Ok(agent)
    }

    pub(crate) fn keep_agent(&self, agent: &Agent) -> Result<(), StoreError> {
        let body = body(agent)?;
        let runner = agent.runner.as_ref();
        let values = params![
            agent.id,
            agent.day_cost_usd,
            runner.map(|runner| &runner.kind),
            runner.map(|runner| &runner.target),
            runner.map(|runner| &runner.key),
            body
        ];
        let sql =
            "UPDATE agents SET day_cost_usd = ?2, runner_kind = ?3, runner_target = ?4, runner_key = ?5, body = ?6
            WHERE id = ?1";
        self.with(|connection| connection.prepare_cached(sql)?.execute(values).map(drop))
    }

    /// With everything that is known of it.
    pub(crate) fn drop_agent(&self, id: u32) -> Result<(), StoreError> {
        self.with(|connection| {
            for table in ["beats", "agent_days", "agent_minutes", "agent_commands"] {
                connection.execute(&format!("DELETE FROM {table} WHERE agent = ?1"), [id])?;
            }
            connection.execute("DELETE FROM agents WHERE id = ?1", [id]).map(drop)
        })
    }
}

impl Journal {
    pub fn agents(&self) -> Result<Vec<Agent>, StoreError> {
        self.guard(|connection| list(connection, None))
    }

    pub fn agent(&self, id: u32) -> Result<Option<Agent>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM agents WHERE id = ?1");
        self.guard(|connection| connection.prepare_cached(&sql)?.query_row([id], read).optional())
    }
}

/// Those of one account, if asked; by name.
pub(super) fn list(connection: &Connection, account: Option<&str>) -> rusqlite::Result<Vec<Agent>> {
    let sql = format!("SELECT {COLUMNS} FROM agents WHERE ?1 IS NULL OR account = ?1 ORDER BY name, account");
    connection.prepare_cached(&sql)?.query_map([account], read)?.collect()
}

fn body(agent: &Agent) -> Result<String, StoreError> {
    serde_json::to_string(agent).map_err(|error| StoreError::Row(error.to_string()))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Agent> {
    let (kind, target, key): (Option<String>, Option<String>, Option<String>) = (row.get(4)?, row.get(5)?, row.get(6)?);
    let mut agent: Agent = json(row, 7)?;
    agent.id = row.get(0)?;
    agent.account = AccountId(row.get(1)?);
    agent.name = row.get(2)?;
    agent.day_cost_usd = row.get(3)?;
    agent.runner = kind.zip(target).zip(key).map(|((kind, target), key)| Runner { kind, target, key });
    Ok(agent)
}
