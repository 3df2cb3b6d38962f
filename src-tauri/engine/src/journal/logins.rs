//! Programs that asked to sign in by a code, and what became of each; kept for a day.

use cuetower_core::Ms;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Recorder, StoreError, tower};

pub(super) const SCHEMA: &str = "
CREATE TABLE logins (
  code TEXT PRIMARY KEY,
  email TEXT,
  program TEXT,
  asked_at_ms INTEGER NOT NULL,
  state TEXT NOT NULL,
  line TEXT,
  ticket TEXT
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX logins_by_ticket ON logins (ticket);";

const COLUMNS: &str = "code, email, program, asked_at_ms, state, line, ticket";
const ALLOWED: &str = "logins_allowed";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginRow {
    /// What the program made up and shows to its user.
    pub code: String,
    pub email: Option<String>,
    /// Its User-Agent.
    pub program: Option<String>,
    pub asked_at: Ms,
    pub state: LoginState,
    /// Of the key it was given.
    pub line: Option<String>,
    /// SHA-256 of the word that is good for one session.
    pub ticket: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginState {
    /// For the owner's word.
    Waiting,
    /// Its key is made when it is fetched.
    Approved,
    Denied,
    /// It has its key.
    Claimed,
}

impl LoginState {
    const ALL: [LoginState; 4] = [LoginState::Waiting, LoginState::Approved, LoginState::Denied, LoginState::Claimed];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            LoginState::Waiting => "waiting",
            LoginState::Approved => "approved",
            LoginState::Denied => "denied",
            LoginState::Claimed => "claimed",
        }
    }
}

pub(super) fn get(connection: &Connection, code: &str) -> rusqlite::Result<Option<LoginRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM logins WHERE code = ?1"))?
        .query_row([code], read)
        .optional()
}

/// Those asked after an instant that wait for the owner's word, oldest first.
pub(super) fn waiting(connection: &Connection, after: Ms) -> rusqlite::Result<Vec<LoginRow>> {
    let sql =
        format!("SELECT {COLUMNS} FROM logins WHERE state = 'waiting' AND asked_at_ms > ?1 ORDER BY asked_at_ms, code");
    connection.prepare_cached(&sql)?.query_map([after.0], read)?.collect()
}

/// Whether programs get a key without the owner's click.
pub(super) fn allowed(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(tower::get(connection, ALLOWED)? == Some(1))
}

impl Recorder<'_> {
    pub fn login(&self, code: &str) -> Result<Option<LoginRow>, StoreError> {
        self.with(|connection| get(connection, code))
    }

    /// By the SHA-256 of its ticket.
    pub fn login_with_ticket(&self, ticket: &str) -> Result<Option<LoginRow>, StoreError> {
        self.with(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM logins WHERE ticket = ?1");
            connection.prepare_cached(&sql)?.query_row([ticket], read).optional()
        })
    }

    /// How many asked after an instant and have not come to an end.
    pub fn logins_open(&self, after: Ms) -> Result<u32, StoreError> {
        self.with(|connection| {
            let sql = "SELECT count(*) FROM logins WHERE state IN ('waiting', 'approved') AND asked_at_ms > ?1";
            connection.prepare_cached(sql)?.query_row([after.0], |row| row.get(0))
        })
    }

    pub fn keep_login(&self, login: &LoginRow) -> Result<(), StoreError> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!(
                    "INSERT OR REPLACE INTO logins ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
                ))?
                .execute(params![
                    login.code,
                    login.email,
                    login.program,
                    login.asked_at.0,
                    login.state.word(),
                    login.line,
                    login.ticket
                ])
                .map(drop)
        })
    }

    /// Those asked by then are forgotten; of the others all but the newest `kept`.
    pub fn forget_logins(&self, asked_by: Ms, kept: u32) -> Result<(), StoreError> {
        self.with(|connection| {
            let ended = "state IN ('denied', 'claimed')";
            let sql = format!(
                "DELETE FROM logins WHERE asked_at_ms <= ?1 OR code IN (SELECT code FROM logins WHERE {ended} ORDER BY asked_at_ms DESC LIMIT -1 OFFSET ?2)"
            );
            connection.prepare_cached(&sql)?.execute(params![asked_by.0, kept]).map(drop)
        })
    }

    /// All that wait have the owner's word.
    pub fn approve_waiting(&self) -> Result<(), StoreError> {
        self.with(|connection| {
            connection
                .prepare_cached("UPDATE logins SET state = 'approved' WHERE state = 'waiting'")?
                .execute([])
                .map(drop)
        })
    }

    pub fn logins_allowed(&self) -> Result<bool, StoreError> {
        self.with(allowed)
    }

    pub fn allow_logins(&self, allow: bool) -> Result<(), StoreError> {
        self.with(|connection| tower::set(connection, ALLOWED, i64::from(allow)))
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<LoginRow> {
    let state: String = row.get(4)?;
    let known = LoginState::ALL.into_iter().find(|known| known.word() == state);
    let state = known.ok_or_else(|| {
        let error = format!("no state of a login: {state}");
        rusqlite::Error::FromSqlConversionFailure(4, rusqlite::types::Type::Text, error.into())
    })?;
    Ok(LoginRow {
        code: row.get(0)?,
        email: row.get(1)?,
        program: row.get(2)?,
        asked_at: Ms(row.get(3)?),
        state,
        line: row.get(5)?,
        ticket: row.get(6)?,
    })
}
