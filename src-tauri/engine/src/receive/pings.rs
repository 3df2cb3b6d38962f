//! `/ping/{key}`: an agent that somebody else starts says that it began, and how it ended. The key is the whole credential.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::DateTime;
use cuetower_core::Ms;
use cuetower_core::attempt::Usage;
use cuetower_core::cue::CueStatus;
use cuetower_core::id::CueId;
use cuetower_core::input::{Answer, Ping, PingKind};
use serde_json::{Value, json};

use super::Door;
use super::given::{Id, Query};
use super::problem::Problem;
use crate::handle::Trouble;

routes! {
    get "/ping/{key}" => success;
    post "/ping/{key}" => success;
    get "/ping/{key}/{word}" => said;
    post "/ping/{key}/{word}" => said;
}

const RID_CHARS_MAX: usize = 64;
/// Kept of what an agent says with a ping.
const WORDS_BYTES_MAX: usize = 64 * 1024;
/// Clocks differ; what lies further ahead is a mistake.
const AHEAD_MAX_MS: u64 = 60_000;

/// It is done.
pub(super) async fn success(
    State(door): State<Door>,
    Id(key): Id,
    query: Query,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    ping(&door, &key, PingKind::Success, &query, &body).await
}

/// `start`, `fail`, `log`, or an exit code.
pub(super) async fn said(
    State(door): State<Door>,
    Path((key, word)): Path<(String, String)>,
    query: Query,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let kind = kind(&word).ok_or_else(|| {
        let message = "After the key comes nothing, /start, /fail, /log, or an exit code from 0 to 255.";
        Problem::new(StatusCode::NOT_FOUND, "no_such_ping", message)
    })?;
    ping(&door, &key, kind, &query, &body).await
}

fn kind(word: &str) -> Option<PingKind> {
    match word {
        "start" => Some(PingKind::Start),
        "fail" => Some(PingKind::Fail),
        "log" => Some(PingKind::Log),
        code => code.parse::<u8>().ok().map(|code| PingKind::Exit(code.into())),
    }
}

async fn ping(door: &Door, key: &str, kind: PingKind, query: &Query, body: &[u8]) -> Result<Json<Value>, Problem> {
    let cue_id = cue_of(door, key).await?;
    let ping = Ping {
        kind,
        at: at(query, door.handle.now())?,
        run_id: None,
        rid: rid(query)?,
        words: said_in(body),
        usage: Usage { peak_rss_bytes: amount(query, "max_rss_bytes")?, cpu_ms: amount(query, "cpu_ms")? },
    };
    let run_id = match door.handle.ping(&cue_id, ping).await {
        Ok(Answer::Pinged { run_id }) => Some(run_id.0),
        Ok(_) => None,
        Err(Trouble::NotFound(_)) => return Err(unknown()),
        Err(trouble) => return Err(trouble.into()),
    };
    Ok(Json(json!({ "ok": true, "execution_id": run_id })))
}

/// The cue that this key is for. Forged, old and deleted ones are not told apart.
async fn cue_of(door: &Door, key: &str) -> Result<CueId, Problem> {
    let (id, number) = door.handle.tower_key().check_ping_token(key).ok_or_else(unknown)?;
    let cue = door.handle.reader().cue(id.0).await?.filter(|cue| cue.status != CueStatus::Deleted);
    let cue = cue.filter(|cue| cue.trigger_url.unwrap_or(0) == number && cue.definition.transport.is_watch());
    Ok(cue.ok_or_else(unknown)?.id)
}

fn unknown() -> Problem {
    let message = "This ping URL is not good, or not any more; the cue's page shows the one that is.";
    Problem::new(StatusCode::NOT_FOUND, "ping_not_found", message)
}

/// The end of what was sent, which is where the error is.
fn said_in(body: &[u8]) -> Option<String> {
    let tail = &body[body.len().saturating_sub(WORDS_BYTES_MAX)..];
    let text = String::from_utf8_lossy(tail).into_owned();
    (!text.trim().is_empty()).then_some(text)
}

fn at(query: &Query, now: Ms) -> Result<Ms, Problem> {
    let bad = |message: &str| Problem::field("query.at", message);
    let Some(text) = query.get("at") else { return Ok(now) };
    // A `+` that was not escaped reads as a space.
    let at = DateTime::parse_from_rfc3339(&text.replace(' ', "+"))
        .map_err(|_| bad("It should be an instant such as 2026-11-20T08:05:00Z."))?;
    let at = Ms(at.timestamp_millis());
    if at > now.plus(AHEAD_MAX_MS) {
        return Err(bad("That instant lies ahead."));
    }
    Ok(at)
}

fn rid(query: &Query) -> Result<Option<String>, Problem> {
    match query.get("rid").filter(|rid| !rid.is_empty()) {
        Some(rid) if rid.chars().count() > RID_CHARS_MAX => {
            Err(Problem::field("query.rid", format!("It should have at most {RID_CHARS_MAX} characters.")))
        }
        rid => Ok(rid.map(str::to_owned)),
    }
}

fn amount(query: &Query, name: &str) -> Result<Option<u64>, Problem> {
    let number = |text: &str| {
        text.parse().map_err(|_| Problem::field(format!("query.{name}"), "It should be a whole number, 0 or more."))
    };
    query.get(name).map(number).transpose()
}
