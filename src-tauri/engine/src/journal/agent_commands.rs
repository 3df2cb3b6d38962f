//! Commands to the runners of agents: what was asked, handed out, and said of it.

use cuetower_core::Ms;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{Recorder, StoreError};
use crate::fleet::{Action, Agent, Command, CommandState};

pub(super) const SCHEMA: &str = "
CREATE TABLE agent_commands (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  agent INTEGER NOT NULL,
  action TEXT NOT NULL,
  kind TEXT NOT NULL,
  target TEXT NOT NULL,
  state TEXT NOT NULL,
  message TEXT,
  asked_at_ms INTEGER NOT NULL,
  fetched_at_ms INTEGER,
  ended_at_ms INTEGER
) STRICT;
CREATE INDEX agent_commands_by_agent ON agent_commands (agent, id);
CREATE INDEX agent_commands_open ON agent_commands (id) WHERE ended_at_ms IS NULL;";

const COLUMNS: &str = "id, agent, action, kind, target, state, message, asked_at_ms, fetched_at_ms, ended_at_ms";
/// Of each agent.
const KEPT: u32 = 100;

impl Recorder<'_> {
    pub(crate) fn agent_command(&self, id: u32) -> Result<Option<Command>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM agent_commands WHERE id = ?1");
        self.with(|connection| connection.prepare_cached(&sql)?.query_row([id], read).optional())
    }

    /// Oldest first.
    pub(crate) fn open_agent_commands(&self) -> Result<Vec<Command>, StoreError> {
        self.with(open)
    }

    /// The newest stop that an agent's runner was asked for.
    pub(crate) fn newest_stop(&self, agent: u32) -> Result<Option<Command>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM agent_commands WHERE agent = ?1 AND action = 'stop' ORDER BY id DESC LIMIT 1"
        );
        self.with(|connection| connection.prepare_cached(&sql)?.query_row([agent], read).optional())
    }

    /// Gives it its id. `ended`: it is known already what became of it.
    pub(crate) fn add_agent_command(&self, command: Command) -> Result<Command, StoreError> {
        let values = params![
            command.agent,
            command.action.word(),
            command.kind,
            command.target,
            command.state.word(),
            command.message,
            command.asked_at.0,
            command.fetched_at.map(|at| at.0),
            command.ended_at.map(|at| at.0)
        ];
        let id = self.with(|connection| {
            let sql = "INSERT INTO agent_commands
                (agent, action, kind, target, state, message, asked_at_ms, fetched_at_ms, ended_at_ms)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING id";
            let id = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
            let old = "DELETE FROM agent_commands WHERE agent = ?1 AND id <= coalesce(
                (SELECT id FROM agent_commands WHERE agent = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2), -1)";
            connection.prepare_cached(old)?.execute([command.agent, KEPT])?;
            Ok(id)
        })?;
        Ok(Command { id, ..command })
    }

    pub(crate) fn keep_agent_command(&self, command: &Command) -> Result<(), StoreError> {
        let values = params![
            command.id,
            command.state.word(),
            command.message,
            command.fetched_at.map(|at| at.0),
            command.ended_at.map(|at| at.0)
        ];
        let sql =
            "UPDATE agent_commands SET state = ?2, message = ?3, fetched_at_ms = ?4, ended_at_ms = ?5 WHERE id = ?1";
        self.with(|connection| connection.prepare_cached(sql)?.execute(values).map(drop))
    }

    /// Those whose runner beats with this key (by its hash).
    pub(crate) fn agents_of_runner(&self, key: &str) -> Result<Vec<Agent>, StoreError> {
        let ids: Vec<u32> = self.with(|connection| {
            let sql = "SELECT id FROM agents WHERE runner_key = ?1";
            connection.prepare_cached(sql)?.query_map([key], |row| row.get(0))?.collect()
        })?;
        let found: Result<Vec<Option<Agent>>, StoreError> = ids.into_iter().map(|id| self.agent_by_id(id)).collect();
        Ok(found?.into_iter().flatten().collect())
    }
}

/// Not ended, oldest first.
pub(super) fn open(connection: &Connection) -> rusqlite::Result<Vec<Command>> {
    let sql = format!("SELECT {COLUMNS} FROM agent_commands WHERE ended_at_ms IS NULL ORDER BY id");
    connection.prepare_cached(&sql)?.query_map([], read)?.collect()
}

/// Whether anything waits for a runner that beats with this key (by its hash).
pub(super) fn wait_for(connection: &Connection, key: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM agent_commands JOIN agents ON agents.id = agent_commands.agent
        WHERE ended_at_ms IS NULL AND state = 'asked' AND runner_key = ?1)";
    connection.prepare_cached(sql)?.query_row([key], |row| row.get(0))
}

/// Asked since then, newest first.
pub(super) fn since(connection: &Connection, from: Ms) -> rusqlite::Result<Vec<Command>> {
    let sql = format!("SELECT {COLUMNS} FROM agent_commands WHERE asked_at_ms >= ?1 ORDER BY id DESC");
    connection.prepare_cached(&sql)?.query_map([from.0], read)?.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Command> {
    let word = |column: usize| row.get::<_, String>(column);
    let unknown = |column: usize| {
        let why = format!("a word that this program does not know in column {column} of agent_commands");
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, why.into())
    };
    Ok(Command {
        id: row.get(0)?,
        agent: row.get(1)?,
        action: Action::of(&word(2)?).ok_or_else(|| unknown(2))?,
        kind: row.get(3)?,
        target: row.get(4)?,
        state: CommandState::of(&word(5)?).ok_or_else(|| unknown(5))?,
        message: row.get(6)?,
        asked_at: Ms(row.get(7)?),
        fetched_at: row.get::<_, Option<i64>>(8)?.map(Ms),
        ended_at: row.get::<_, Option<i64>>(9)?.map(Ms),
    })
}
