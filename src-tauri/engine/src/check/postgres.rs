//! Asks a PostgreSQL server: one statement, in a transaction that only reads, with a limit on its time.

use std::collections::BTreeMap;
use std::error::Error;

use cuetower_core::check::{Gives, shortened};
use native_tls::TlsConnector;
use postgres_native_tls::MakeTlsConnector;
use serde_json::Value;
use tokio_postgres::config::{Config, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Row};

use super::sql::{VALUE_BYTES_MAX, judged};
use super::{Look, Seen};
use crate::vault::{bad_in, fill, names_in};

pub(super) async fn look(template: &str, query: &str, gives: &Gives, look: &Look<'_>) -> Seen {
    let config = config(template, look)?;
    let (client, connection) = config.connect(tls(&config)?).await.map_err(|error| why_not_answered(&error))?;
    // The connection lives in here, so that it is closed whenever this ends.
    let answer = tokio::select! {
        answer = ask(&client, query, look.limit.as_millis()) => answer,
        broken = connection => return Err(broken.err().map_or_else(
            || "the server closed the connection".to_owned(),
            |error| why_not_answered(&error),
        )),
    };
    let row = answer.map_err(|error| why_not_answered(&error))?;
    let value = row.map(|row| value(&row, look)).transpose()?;
    judged(gives, value.as_ref())
}

/// What is wrong with the address of a cue, as the end of a sentence.
pub(crate) fn trouble_with(address: &str) -> Option<String> {
    const ANY: &str = "anything";
    if let Some(bad) = bad_in(address) {
        return Some(format!("holds `{{{{secret:{}`, which names no secret", shortened(&bad)));
    }
    if templates(address) == [address] {
        return None;
    }
    if !address.starts_with("postgres://") && !address.starts_with("postgresql://") {
        return Some("must begin with `postgres://`, or be one secret that does".to_owned());
    }
    let filled = fill(address, |_| Some(ANY.to_owned())).unwrap_or_default();
    let config: Config = match filled.parse() {
        Ok(config) => config,
        Err(error) => {
            let error: &tokio_postgres::Error = &error;
            let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            return Some(format!("cannot be read ({cause})"));
        }
    };
    if config.get_password().is_some_and(|password| password != ANY.as_bytes()) {
        return Some(
            "holds a password, which would be shown; store it with `cuetowerctl secret set DATABASE` or in the window, and write `{{secret:DATABASE}}` in its place"
                .to_owned(),
        );
    }
    let names_no_host = config.get_hosts().is_empty() && config.get_hostaddrs().is_empty();
    names_no_host.then(|| "names no host; a socket is written as `postgres:///name?host=/run/postgresql`".to_owned())
}

/// One for each secret of the address.
pub(super) fn templates(address: &str) -> Vec<String> {
    names_in(address).into_iter().map(|name| format!("{{{{secret:{name}}}}}")).collect()
}

fn config(template: &str, look: &Look<'_>) -> Result<Config, String> {
    let secrets: BTreeMap<String, &String> = names_in(template).into_iter().zip(&look.filled).collect();
    let is_one_secret = templates(template) == [template];
    // Inside an address a secret may have any characters; a secret that is an address has the right ones.
    let value = |value: &&String| if is_one_secret { value.trim().to_owned() } else { percent_encoded(value) };
    let address = fill(template, |name| secrets.get(name).map(value));
    let address = address.map_err(|name| format!("the secret {name} is not in the vault"))?;
    // An error would quote the address.
    let mut config: Config = address.parse().map_err(|_| "the address of the database cannot be read".to_owned())?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err("the address of the database names no host".to_owned());
    }
    if config.get_application_name().is_none() {
        config.application_name("cuetower");
    }
    config.connect_timeout(look.limit);
    Ok(config)
}

fn percent_encoded(value: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    value.bytes().map(|byte| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Where TLS may be done without, as PostgreSQL's own programs have it by default, a certificate that nobody signed is
/// better than none; where it must be there, it must be good.
fn tls(config: &Config) -> Result<MakeTlsConnector, String> {
    let unasked = config.get_ssl_mode() == SslMode::Prefer;
    let mut builder = TlsConnector::builder();
    builder.danger_accept_invalid_certs(unasked).danger_accept_invalid_hostnames(unasked);
    let connector = builder.build().map_err(|error| format!("TLS cannot be set up: {error}"))?;
    Ok(MakeTlsConnector::new(connector))
}

/// As a part of another query it can be no other statement, and its value comes as text, whatever its type.
async fn ask(client: &Client, query: &str, limit_ms: u128) -> Result<Option<Row>, tokio_postgres::Error> {
    client.batch_execute(&format!("begin read only; set local statement_timeout = {limit_ms}")).await?;
    let query = query.trim_end().trim_end_matches(';');
    let whole = format!(
        "select left(to_json(cuetower.cuetower_value)::text, {VALUE_BYTES_MAX}) from (\n{query}\n) as cuetower(cuetower_value) limit 1"
    );
    let rows = client.query(&whole, &[]).await?;
    Ok(rows.into_iter().next())
}

fn value(row: &Row, look: &Look<'_>) -> Result<Value, String> {
    let json: Option<&str> = row.try_get(0).map_err(|error| why_not_answered(&error))?;
    let Some(json) = json else { return Ok(Value::Null) };
    Ok(match serde_json::from_str(json) {
        Ok(Value::String(text)) => Value::String(look.hidden(text)),
        Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => value,
        // A list, an object, or something long that was cut.
        Ok(Value::Array(_) | Value::Object(_)) | Err(_) => Value::String(look.hidden(json.to_owned())),
    })
}

fn why_not_answered(error: &tokio_postgres::Error) -> String {
    if let Some(told) = error.as_db_error() {
        return match *told.code() {
            SqlState::QUERY_CANCELED => "the query took too long".to_owned(),
            SqlState::READ_ONLY_SQL_TRANSACTION => "the query does more than read, so it was not run".to_owned(),
            _ => format!("PostgreSQL says: {}", shortened(told.message())),
        };
    }
    let mut innermost: &dyn Error = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    format!("no answer from the server: {}", shortened(&innermost.to_string()))
}

#[cfg(all(test, unix))]
#[path = "postgres_tests.rs"]
mod tests;
