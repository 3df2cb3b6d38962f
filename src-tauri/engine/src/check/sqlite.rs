//! Asks a user's SQLite file, read-only. Not the tower's own store: that one is the journal's.

use std::path::Path;

use cuetower_core::check::{Gives, shortened};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use serde_json::{Value, json};

use super::sql::{VALUE_BYTES_MAX, judged};
use super::{Abandoned, Look, Seen};

/// Between two looks whether anybody still waits, in steps of SQLite's machine.
const STEPS: i32 = 10_000;
/// The longest text or row it may build on its way.
const BUILT_BYTES_MAX: i32 = 16 * 1024 * 1024;
/// Kept of its pages, in KiB.
const CACHE_KIB: i32 = 2_048;

pub(super) async fn look(path: &str, query: &str, gives: &Gives, look: &Look<'_>) -> Seen {
    let (path, query, wait) = (look.path(path), query.to_owned(), look.limit);
    let value = look.blocking(move |abandoned| {
        if !path.is_file() {
            return Err("there is no such file".to_owned());
        }
        ask(&path, &query, wait, abandoned).map_err(|error| why_not_answered(&error))
    });
    let value = match value.await?? {
        Some(Value::String(text)) => Some(Value::String(look.hidden(text))),
        other => other,
    };
    judged(gives, value.as_ref())
}

fn ask(path: &Path, query: &str, wait: std::time::Duration, abandoned: &Abandoned) -> rusqlite::Result<Option<Value>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    // It tells of the lock before the time is over.
    connection.busy_timeout(wait.mul_f64(0.8))?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, BUILT_BYTES_MAX)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    let abandoned = abandoned.clone();
    connection.progress_handler(STEPS, Some(move || abandoned.yet()))?;
    connection.authorizer(Some(|asked: AuthContext<'_>| only_reading(&asked)))?;
    let mut statement = connection.prepare(query)?;
    let mut rows = statement.query([])?;
    rows.next()?.map(|row| row.get_ref(0).map(value)).transpose()
}

/// A file may hold views and triggers of somebody's making; they may do what the query may, which is to read.
fn only_reading(asked: &AuthContext<'_>) -> Authorization {
    match asked.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => Authorization::Allow,
        AuthAction::Function { function_name } if function_name != "load_extension" => Authorization::Allow,
        _ => Authorization::Deny,
    }
}

fn value(found: ValueRef<'_>) -> Value {
    match found {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => json!(number),
        ValueRef::Real(number) => json!(number),
        ValueRef::Text(text) => {
            json!(String::from_utf8_lossy(&text[..text.len().min(VALUE_BYTES_MAX)]))
        }
        ValueRef::Blob(bytes) => json!(format!("a blob of {} bytes", bytes.len())),
    }
}

fn why_not_answered(error: &rusqlite::Error) -> String {
    const MORE: &str = "the query does more than read, so it was not run";
    let said = match error {
        rusqlite::Error::MultipleStatement => return "there are two statements; write one".to_owned(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        rusqlite::Error::SqliteFailure(_, Some(said)) => said.clone(),
        other => other.to_string(),
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "it is no SQLite database".to_owned(),
        Some(ErrorCode::AuthorizationForStatementDenied | ErrorCode::ReadOnly) => MORE.to_owned(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "somebody else keeps it locked".to_owned(),
        Some(ErrorCode::CannotOpen) => "the tower may not open it".to_owned(),
        Some(ErrorCode::TooBig) => "the query builds a value of more than 16 MiB".to_owned(),
        _ if said.starts_with("not authorized") => MORE.to_owned(),
        _ => format!("SQLite says: {}", shortened(&said)),
    }
}

#[cfg(test)]
#[path = "sqlite_tests.rs"]
mod tests;
