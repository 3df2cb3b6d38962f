//! Messages that agents sent each other.

use cuetower_core::Ms;
use cuetower_core::id::AccountId;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::Value;

use super::{Recorder, StoreError, reader};
use crate::messages::{PUSHED_AT_ONCE, State};

pub(super) const SCHEMA: &str = "
CREATE TABLE messages (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL,
  from_id TEXT NOT NULL,
  to_id TEXT NOT NULL,
  thread_id TEXT NOT NULL,
  reply_to TEXT,
  priority INTEGER NOT NULL,
  expects_reply INTEGER NOT NULL,
  reply_to_agent TEXT,
  state TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  send_at_ms INTEGER,
  delivered_at_ms INTEGER,
  read_at_ms INTEGER,
  acked_at_ms INTEGER,
  failed_at_ms INTEGER,
  expires_at_ms INTEGER NOT NULL,
  announced INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  push_at_ms INTEGER,
  -- What may be long comes last: SQLite reads a row from its beginning, over all its pages, up to what is asked for.
  fingerprint TEXT,
  idempotency_key TEXT,
  correlation_id TEXT,
  subject TEXT,
  dispatch_error TEXT,
  metadata TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX messages_by_to ON messages (to_id, seq, state);
CREATE INDEX messages_waiting ON messages (to_id, state, from_id, account, thread_id, created_at_ms, send_at_ms, announced);
CREATE INDEX messages_by_from ON messages (from_id, seq, state, to_id, account, thread_id, created_at_ms, send_at_ms);
CREATE INDEX messages_forgettable ON messages (account, seq, state) WHERE state IN ('read', 'acked', 'expired');
CREATE INDEX messages_by_key ON messages (account, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX messages_to_announce ON messages (send_at_ms) WHERE announced = 0;
CREATE INDEX messages_to_push ON messages (push_at_ms) WHERE push_at_ms IS NOT NULL;
CREATE INDEX messages_to_push_to ON messages (to_id, push_at_ms) WHERE push_at_ms IS NOT NULL;
CREATE INDEX messages_under_way ON messages (to_id) WHERE state = 'delivering';
CREATE INDEX messages_to_expire ON messages (expires_at_ms) WHERE state NOT IN ('acked', 'expired');
CREATE TABLE messages_kept (
  account TEXT PRIMARY KEY,
  count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;";

const COLUMNS: &str = "id, account, from_id, to_id, thread_id, reply_to, subject, body, priority, expects_reply, reply_to_agent, state, metadata, idempotency_key, fingerprint, correlation_id, created_at_ms, send_at_ms, delivered_at_ms, read_at_ms, acked_at_ms, failed_at_ms, expires_at_ms, dispatch_error, announced, attempts, push_at_ms";
const FILTERED: &str =
    "account = ?1 AND state IN (SELECT value FROM json_each(?3)) AND (?4 IS NULL OR created_at_ms > ?4)
  AND (?5 IS NULL OR thread_id = ?5) AND (?7 IS NULL OR send_at_ms IS NULL OR send_at_ms <= ?7)";
/// The oldest of those that may go first when an account has too many.
const FORGET: &str = "DELETE FROM messages WHERE seq IN (SELECT seq FROM messages WHERE account = ?1 AND state IN ('read', 'acked', 'expired') ORDER BY seq LIMIT ?2)";
const RECOVER: &str =
    "UPDATE messages SET state = 'retry_ready', push_at_ms = ?1 WHERE state = 'delivering' RETURNING id";

#[derive(Debug, Clone, PartialEq)]
pub struct MessageRow {
    /// `msg_` and 12 of [a-z0-9].
    pub id: String,
    pub account: AccountId,
    /// Ids of addresses.
    pub from: String,
    pub to: String,
    /// Id of the first message of the thread.
    pub thread: String,
    /// Id of the message that this one answers.
    pub reply_to: Option<String>,
    pub subject: Option<String>,
    pub body: String,
    /// 1 to 5; 3 is usual.
    pub priority: u8,
    pub expects_reply: bool,
    /// Id of the address that is to be answered instead of `from`.
    pub reply_to_agent: Option<String>,
    pub state: State,
    /// An object.
    pub metadata: Value,
    pub idempotency_key: Option<String>,
    /// Of what was asked for under that key.
    pub fingerprint: Option<String>,
    pub correlation_id: Option<String>,
    pub created_at: Ms,
    /// Not to be seen before.
    pub send_at: Option<Ms>,
    pub delivered_at: Option<Ms>,
    pub read_at: Option<Ms>,
    pub acked_at: Option<Ms>,
    pub failed_at: Option<Ms>,
    pub expires_at: Ms,
    /// What went wrong with its last push.
    pub dispatch_error: Option<String>,
    /// Whether its recipient's subscribers have been told; so once it is due.
    pub announced: bool,
    /// Pushes begun.
    pub attempts: u32,
    /// When it is pushed next; None: it is not, or is on its way.
    pub push_at: Option<Ms>,
}

/// Whose view it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Inbox,
    Sent,
}

#[derive(Debug, Clone)]
pub struct MessageFilter {
    pub account: AccountId,
    pub side: Side,
    /// Id of the address whose inbox or sent messages they are.
    pub agent: String,
    pub states: Vec<State>,
    /// Made after.
    pub since: Option<Ms>,
    pub thread: Option<String>,
    /// Id of the address at the other end.
    pub counterpart: Option<String>,
    /// Only those that may be seen by then.
    pub due: Option<Ms>,
    pub limit: u32,
    pub offset: u32,
}

/// A message as the owner's faces show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldRow {
    pub id: String,
    /// Slugs.
    pub from: String,
    pub to: String,
    pub subject: Option<String>,
    /// The first 2 000 characters.
    pub body: String,
    pub state: String,
    pub at: Ms,
}

/// What the tower has to do about messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Errands {
    /// Ids of messages that have become due.
    pub announce: Vec<String>,
    /// Messages to be pushed now, each with the id of its recipient's address; of one recipient not more than
    /// [`PUSHED_AT_ONCE`].
    pub push: Vec<(String, String)>,
    /// Whether some have expired.
    pub expire: bool,
    /// When to look again; None: when something changes.
    pub next: Option<Ms>,
}

pub(super) fn get(connection: &Connection, account: &str, id: &str) -> rusqlite::Result<Option<MessageRow>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM messages WHERE id = ?2 AND account = ?1"))?
        .query_row([account, id], read)
        .optional()
}

/// Newest first.
pub(super) fn page(connection: &Connection, filter: &MessageFilter) -> rusqlite::Result<Vec<MessageRow>> {
    let mut found = connection.prepare_cached(&page_sql(filter.side))?;
    let rows = found.query_map(
        params![
            filter.account.0,
            filter.agent,
            words(&filter.states),
            filter.since.map(|at| at.0),
            filter.thread,
            filter.counterpart,
            filter.due.map(|at| at.0),
            filter.limit,
            filter.offset
        ],
        read,
    )?;
    rows.collect()
}

/// All that fit, whatever the limit.
pub(super) fn count(connection: &Connection, filter: &MessageFilter) -> rusqlite::Result<u32> {
    connection.prepare_cached(&count_sql(filter.side))?.query_row(
        params![
            filter.account.0,
            filter.agent,
            words(&filter.states),
            filter.since.map(|at| at.0),
            filter.thread,
            filter.counterpart,
            filter.due.map(|at| at.0)
        ],
        |row| row.get(0),
    )
}

/// The newest that an agent of this name sent or got, newest first.
pub(super) fn of_agent(
    connection: &Connection,
    account: &str,
    name: &str,
    limit: u32,
) -> rusqlite::Result<Vec<ToldRow>> {
    let told = |column: &str| {
        format!(
            "SELECT m.seq AS seq, m.id, f.slug, t.slug, m.subject, substr(m.body, 1, 2000), m.state, m.created_at_ms FROM messages m
             JOIN addresses f ON f.id = m.from_id JOIN addresses t ON t.id = m.to_id
             WHERE m.{column} IN (SELECT id FROM addresses WHERE account = ?1 AND (slug = ?2 OR display_name = ?2))
             ORDER BY m.seq DESC LIMIT ?3"
        )
    };
    let sql = format!(
        "SELECT * FROM (SELECT * FROM ({}) UNION SELECT * FROM ({})) ORDER BY seq DESC LIMIT ?3",
        told("from_id"),
        told("to_id")
    );
    connection
        .prepare_cached(&sql)?
        .query_map(params![account, name, limit], |row| {
            Ok(ToldRow {
                id: row.get(1)?,
                from: row.get(2)?,
                to: row.get(3)?,
                subject: row.get(4)?,
                body: row.get(5)?,
                state: row.get(6)?,
                at: Ms(row.get(7)?),
            })
        })?
        .collect()
}

/// What there is to do now; at most `limit` of a kind. `full`: ids of recipients who get no more for now, a JSON list.
pub(super) fn errands(connection: &Connection, now: Ms, limit: u32, full: &str) -> rusqlite::Result<Errands> {
    let ids = |sql: &str| -> rusqlite::Result<Vec<String>> {
        connection.prepare_cached(sql)?.query_map(params![now.0, limit], |row| row.get(0))?.collect()
    };
    let first = |sql: &str| -> rusqlite::Result<Option<Ms>> {
        connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, Option<i64>>(0)).map(|at| at.map(Ms))
    };
    let to_expire = first("SELECT min(expires_at_ms) FROM messages WHERE state NOT IN ('acked', 'expired')")?;
    let next = [
        first("SELECT min(send_at_ms) FROM messages WHERE announced = 0")?,
        first("SELECT min(push_at_ms) FROM messages WHERE push_at_ms IS NOT NULL")?,
        to_expire,
    ];
    Ok(Errands {
        announce: ids(
            "SELECT id FROM messages WHERE announced = 0 AND send_at_ms <= ?1 ORDER BY send_at_ms, seq LIMIT ?2",
        )?,
        push: connection
            .prepare_cached(&push_sql())?
            .query_map(params![now.0, limit, full], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?,
        expire: to_expire.is_some_and(|at| at <= now),
        next: next.into_iter().flatten().min(),
    })
}

/// What fits is found in the index of whose view it is, which has the order too; only what is shown is read.
fn page_sql(side: Side) -> String {
    let (agent, counterpart) = sides(side);
    let filtered = FILTERED.replace("state IN", "+state IN");
    format!(
        "SELECT {COLUMNS} FROM messages WHERE {agent} = ?2 AND (?6 IS NULL OR {counterpart} = ?6) AND {filtered} ORDER BY seq DESC LIMIT ?8 OFFSET ?9"
    )
}

fn count_sql(side: Side) -> String {
    let (agent, counterpart) = sides(side);
    format!("SELECT count(*) FROM messages WHERE {agent} = ?2 AND (?6 IS NULL OR {counterpart} = ?6) AND {FILTERED}")
}

/// From one recipient to the next, and of each the first few: however much waits for one, it costs the others nothing.
fn push_sql() -> String {
    format!(
        "WITH RECURSIVE waits (agent) AS (
           SELECT min(to_id) FROM messages WHERE push_at_ms IS NOT NULL
           UNION ALL
           SELECT (SELECT min(to_id) FROM messages WHERE push_at_ms IS NOT NULL AND to_id > agent) FROM waits WHERE agent IS NOT NULL
         )
         SELECT m.id, m.to_id FROM waits CROSS JOIN messages m
         WHERE agent IS NOT NULL AND agent NOT IN (SELECT value FROM json_each(?3))
           AND m.seq IN (SELECT seq FROM messages WHERE to_id = agent AND push_at_ms <= ?1 ORDER BY push_at_ms, seq LIMIT {PUSHED_AT_ONCE})
         ORDER BY m.push_at_ms, m.seq LIMIT ?2"
    )
}

/// The column of whose view it is, and that of the other end.
fn sides(side: Side) -> (&'static str, &'static str) {
    match side {
        Side::Inbox => ("to_id", "from_id"),
        Side::Sent => ("from_id", "to_id"),
    }
}

fn words(states: &[State]) -> String {
    Value::from_iter(states.iter().map(|state| state.word())).to_string()
}

fn read(row: &Row<'_>) -> rusqlite::Result<MessageRow> {
    let at = |column: usize| row.get::<_, Option<i64>>(column).map(|at| at.map(Ms));
    let state: String = row.get(11)?;
    Ok(MessageRow {
        id: row.get(0)?,
        account: AccountId(row.get(1)?),
        from: row.get(2)?,
        to: row.get(3)?,
        thread: row.get(4)?,
        reply_to: row.get(5)?,
        subject: row.get(6)?,
        body: row.get(7)?,
        priority: row.get(8)?,
        expects_reply: row.get(9)?,
        reply_to_agent: row.get(10)?,
        state: State::of(&state)
            .ok_or_else(|| rusqlite::Error::InvalidColumnType(11, state, rusqlite::types::Type::Text))?,
        metadata: reader::json(row, 12)?,
        idempotency_key: row.get(13)?,
        fingerprint: row.get(14)?,
        correlation_id: row.get(15)?,
        created_at: Ms(row.get(16)?),
        send_at: at(17)?,
        delivered_at: at(18)?,
        read_at: at(19)?,
        acked_at: at(20)?,
        failed_at: at(21)?,
        expires_at: Ms(row.get(22)?),
        dispatch_error: row.get(23)?,
        announced: row.get(24)?,
        attempts: row.get(25)?,
        push_at: at(26)?,
    })
}

impl Recorder<'_> {
    pub fn message(&self, account: &AccountId, id: &str) -> Result<Option<MessageRow>, StoreError> {
        self.with(|connection| get(connection, &account.0, id))
    }

    /// Whosever it is.
    pub fn any_message(&self, id: &str) -> Result<Option<MessageRow>, StoreError> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM messages WHERE id = ?1"))?
                .query_row([id], read)
                .optional()
        })
    }

    /// The newest under this key that was made after `since`.
    pub fn message_of_key(&self, account: &AccountId, key: &str, since: Ms) -> Result<Option<MessageRow>, StoreError> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM messages WHERE account = ?1 AND idempotency_key = ?2 AND created_at_ms > ?3 ORDER BY seq DESC LIMIT 1"))?
                .query_row(params![account.0, key, since.0], read)
                .optional()
        })
    }

    /// How many an account has.
    pub fn messages_kept(&self, account: &AccountId) -> Result<u32, StoreError> {
        self.with(|connection| {
            let found = connection
                .prepare_cached("SELECT count FROM messages_kept WHERE account = ?1")?
                .query_row([&account.0], |row| row.get(0))
                .optional()?;
            Ok(found.unwrap_or(0))
        })
    }

    /// Forgets the oldest that have been read or are over; so many at most. How many went.
    pub fn forget_messages(&self, account: &AccountId, most: u32) -> Result<u32, StoreError> {
        self.with(|connection| {
            let gone = connection.prepare_cached(FORGET)?.execute(params![account.0, most])?;
            connection
                .prepare_cached("UPDATE messages_kept SET count = count - ?2 WHERE account = ?1")?
                .execute(params![account.0, gone as i64])?;
            Ok(u32::try_from(gone).unwrap_or(u32::MAX))
        })
    }

    /// A new one.
    pub fn add_message(&self, row: &MessageRow) -> Result<(), StoreError> {
        self.with(|connection| {
            connection
                .prepare_cached(&format!("INSERT INTO messages ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)"))?
                .execute(params![
                    row.id,
                    row.account.0,
                    row.from,
                    row.to,
                    row.thread,
                    row.reply_to,
                    row.subject,
                    row.body,
                    row.priority,
                    row.expects_reply,
                    row.reply_to_agent,
                    row.state.word(),
                    row.metadata.to_string(),
                    row.idempotency_key,
                    row.fingerprint,
                    row.correlation_id,
                    row.created_at.0,
                    row.send_at.map(|at| at.0),
                    row.delivered_at.map(|at| at.0),
                    row.read_at.map(|at| at.0),
                    row.acked_at.map(|at| at.0),
                    row.failed_at.map(|at| at.0),
                    row.expires_at.0,
                    row.dispatch_error,
                    row.announced,
                    row.attempts,
                    row.push_at.map(|at| at.0),
                ])?;
            connection
                .prepare_cached("INSERT INTO messages_kept (account, count) VALUES (?1, 1) ON CONFLICT (account) DO UPDATE SET count = count + 1")?
                .execute([&row.account.0])
                .map(drop)
        })
    }

    /// What may change of one.
    pub fn change_message(&self, row: &MessageRow) -> Result<(), StoreError> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "UPDATE messages SET state = ?2, delivered_at_ms = ?3, read_at_ms = ?4, acked_at_ms = ?5, failed_at_ms = ?6,
                       dispatch_error = ?7, announced = ?8, attempts = ?9, push_at_ms = ?10 WHERE id = ?1",
                )?
                .execute(params![
                    row.id,
                    row.state.word(),
                    row.delivered_at.map(|at| at.0),
                    row.read_at.map(|at| at.0),
                    row.acked_at.map(|at| at.0),
                    row.failed_at.map(|at| at.0),
                    row.dispatch_error,
                    row.announced,
                    row.attempts,
                    row.push_at.map(|at| at.0),
                ])
                .map(drop)
        })
    }

    /// What waits for this agent and may be seen is delivered by its looking. Ids, oldest first.
    pub fn deliver_waiting(&self, to: &str, from: Option<&str>) -> Result<Vec<String>, StoreError> {
        self.with(|connection| {
            let mut ids: Vec<(i64, String)> = connection
                .prepare_cached(
                    "UPDATE messages SET state = 'delivered', delivered_at_ms = ?3, push_at_ms = NULL
                     WHERE to_id = ?1 AND state = 'queued' AND (?2 IS NULL OR from_id = ?2) AND (send_at_ms IS NULL OR send_at_ms <= ?3)
                     RETURNING seq, id",
                )?
                .query_map(params![to, from, self.now.0], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            ids.sort_unstable();
            Ok(ids.into_iter().map(|(_, id)| id).collect())
        })
    }

    /// Those whose time is over, at most `most`. Ids.
    pub fn expire_messages(&self, most: u32) -> Result<Vec<String>, StoreError> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "UPDATE messages SET state = 'expired', push_at_ms = NULL, announced = 1 WHERE seq IN
                       (SELECT seq FROM messages WHERE expires_at_ms <= ?1 AND state NOT IN ('acked', 'expired') ORDER BY expires_at_ms LIMIT ?2)
                     RETURNING id",
                )?
                .query_map(params![self.now.0, most], |row| row.get(0))?
                .collect()
        })
    }

    /// What was on its way when the tower went down goes again. Ids.
    pub fn recover_pushes(&self) -> Result<Vec<String>, StoreError> {
        self.with(|connection| connection.prepare_cached(RECOVER)?.query_map([self.now.0], |row| row.get(0))?.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;

    /// How SQLite goes about it.
    fn plan(connection: &Connection, sql: &str) -> String {
        let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let rows = explained.raw_query();
        let steps: Vec<String> = rows.mapped(|row| row.get(3)).collect::<rusqlite::Result<_>>().unwrap();
        steps.join("; ")
    }

    #[test]
    fn what_is_asked_often_is_found_by_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        for (sql, index, sorts) in [
            (page_sql(Side::Inbox), "messages USING INDEX messages_by_to (to_id=?", false),
            (page_sql(Side::Sent), "messages USING INDEX messages_by_from (from_id=?", false),
            (count_sql(Side::Inbox), "messages USING COVERING INDEX messages_waiting (to_id=? AND state=?", false),
            (count_sql(Side::Sent), "messages USING COVERING INDEX messages_by_from (from_id=?", false),
            (FORGET.to_owned(), "messages USING COVERING INDEX messages_forgettable (account=?", false),
            (push_sql(), "messages USING COVERING INDEX messages_to_push_to (to_id=? AND push_at_ms<?", true),
            (RECOVER.to_owned(), "messages USING COVERING INDEX messages_under_way", false),
        ] {
            let plan = journal.guard(|connection| Ok(plan(connection, &sql))).unwrap();
            assert!(plan.contains(index), "{sql}\n{plan}");
            assert_eq!(plan.contains("TEMP B-TREE"), sorts, "{sql}\n{plan}");
            assert!(!plan.split("; ").any(|step| step == "SCAN messages"), "{sql}\n{plan}");
        }
    }
}
