//! Agents as CueAPI's clients register them: addresses that other agents write to; who of them is there.

use axum::Json;
use axum::extract::State;
use axum::http::header::{ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use cuetower_core::Ms;
use cuetower_core::time::{MINUTE_MS, SECOND_MS};
use serde_json::{Value, json};

use super::callable::may_be_called;
use super::caller::Caller;
use super::fields::{Fields, said_flag};
use super::given::{Given, Id, Query};
use super::problem::Problem;
use super::{Door, auth, wire};
use crate::accounts;
use crate::journal::AddressRow;
use crate::messages::{self, Change, Failed, NewAddress, Refused};
use crate::token::key_hash;

routes! {
    post "/v1/agents" => create;
    get "/v1/agents" => list;
    get "/v1/agents/roster" => roster;
    get "/v1/agents/{id}" => get;
    patch "/v1/agents/{id}" => change;
    delete "/v1/agents/{id}" => remove;
    get "/v1/agents/{id}/webhook-secret" => secret;
    post "/v1/agents/{id}/webhook-secret/regenerate" => renew_secret;
}

const STATUSES: [&str; 3] = ["online", "offline", "away"];
const SLUG_PATTERN: &str = "^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$";
const NAME_CHARS: (usize, usize) = (1, 255);
pub(super) const URL_CHARS: (usize, usize) = (0, 2_048);
/// A roster in which nothing happened has the same tag for so long.
const TAG_EACH_MS: u64 = 5 * MINUTE_MS;

async fn create(State(door): State<Door>, caller: Caller, given: Given) -> Result<Response, Problem> {
    caller.messages()?;
    let body = given.required()?;
    let mut fields = Fields::of("body", &body, Some(&["slug", "display_name", "webhook_url", "metadata"]));
    let slug = fields.text("slug", (1, 64));
    if slug.as_ref().is_some_and(|slug| !is_slug(slug)) {
        fields.fault("slug", format!("String should match pattern '{SLUG_PATTERN}'"));
    }
    let display_name = fields.required_text("display_name", NAME_CHARS);
    let webhook_url = fields.text("webhook_url", URL_CHARS).filter(|url| !url.is_empty());
    let metadata = fields.object("metadata").unwrap_or_else(|| json!({}));
    fields.done()?;
    callable(&door, webhook_url.as_deref(), "invalid_callback_url").await?;
    let (account, id) = (caller.account().clone(), messages::new_id("agt_"));
    let new = NewAddress { account, id, slug, display_name, webhook_url, metadata };
    let row = messages::record(&door.handle, move |recorder| messages::new_address(recorder, new)).await?;
    let secret = messages::secret_of(door.handle.tower_key(), &row);
    Ok((StatusCode::CREATED, Json(agent(&door, &row, secret))).into_response())
}

async fn list(State(door): State<Door>, caller: Caller, query: Query) -> Result<Json<Value>, Problem> {
    caller.messages()?;
    let status = query.get("status").map(str::to_owned);
    if status.as_ref().is_some_and(|status| !STATUSES.contains(&status.as_str())) {
        let message = "status must be one of: online, offline, away";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_status", message));
    }
    let with_deleted = flag(&query, "include_deleted")?;
    let limit = query.number("limit", 50, 1, 100)?;
    let offset = query.number("offset", 0, 0, u32::MAX)?;
    let account = caller.account().0.clone();
    let (rows, total) = door.handle.reader().address_page(account, status, with_deleted.into(), limit, offset).await?;
    let agents: Vec<Value> = rows.iter().map(|row| agent(&door, row, None)).collect();
    Ok(Json(json!({ "agents": agents, "total": total, "limit": limit, "offset": offset })))
}

/// All of them in brief, for the beginning of a session. A client that shows the tag it got learns whether something changed.
async fn roster(State(door): State<Door>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    caller.messages()?;
    let now = door.handle.now();
    let rows = door.handle.reader().roster(caller.account().0.clone()).await?;
    let mut tagged = String::new();
    let agents: Vec<Value> = rows.iter().map(|row| entry(row, now, &mut tagged)).collect();
    let tag = HeaderValue::from_str(&format!("W/\"{}\"", &key_hash(&tagged)[..16])).expect("hex is plain ASCII");
    let known = headers.get(IF_NONE_MATCH).and_then(|known| known.to_str().ok()).unwrap_or_default();
    let is_known = known.split(',').map(str::trim).any(|known| known == "*" || known.as_bytes() == tag.as_bytes());
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Json(json!({ "generated_at": wire::time(now), "agents": agents })).into_response()
    };
    response.headers_mut().insert(ETAG, tag);
    Ok(response)
}

/// One agent in the roster, and what of it makes the tag.
fn entry(row: &AddressRow, now: Ms, tagged: &mut String) -> Value {
    let seen = messages::seen_in_words(row, now);
    let description = row.metadata["description"].as_str();
    let contact = if row.webhook_url.is_some() { "sync" } else { "async" };
    let bucket = row.seen_at.map(|at| at.0.div_euclid(TAG_EACH_MS as i64));
    let parts = json!([row.slug, row.display_name, description, seen.status, contact, bucket]);
    tagged.push_str(&parts.to_string());
    json!({
        "name": row.slug,
        "display_name": row.display_name,
        "description": description,
        "online": seen.online,
        "last_seen_relative": seen.words,
        "preferred_contact": contact,
        "status": seen.status,
    })
}

async fn get(State(door): State<Door>, caller: Caller, Id(written): Id, query: Query) -> Result<Json<Value>, Problem> {
    caller.messages()?;
    let with_deleted = flag(&query, "include_deleted")?;
    let row = known(&door, &caller, &written, with_deleted).await?;
    Ok(Json(agent(&door, &row, None)))
}

async fn change(
    State(door): State<Door>,
    caller: Caller,
    Id(written): Id,
    given: Given,
) -> Result<Json<Value>, Problem> {
    caller.messages()?;
    let body = given.required()?;
    let mut fields = Fields::of("body", &body, Some(&["display_name", "webhook_url", "status", "metadata"]));
    let url = fields.text("webhook_url", URL_CHARS);
    let change = Change {
        display_name: fields.text("display_name", NAME_CHARS),
        webhook_url: fields.has("webhook_url").then_some(url),
        status: fields.word("status", &STATUSES).map(str::to_owned),
        metadata: fields.object("metadata"),
    };
    fields.done()?;
    callable(&door, change.webhook_url.as_ref().and_then(Option::as_deref), "invalid_callback_url").await?;
    let (account, which) = (caller.account().clone(), which(&door, &caller, &written).await?);
    let changed =
        messages::record(&door.handle, move |recorder| messages::change_address(recorder, &account, &which, change));
    Ok(Json(agent(&door, &changed.await?, None)))
}

async fn remove(State(door): State<Door>, caller: Caller, Id(written): Id) -> Result<StatusCode, Problem> {
    caller.messages()?;
    let (account, which) = (caller.account().clone(), which(&door, &caller, &written).await?);
    messages::record(&door.handle, move |recorder| messages::delete_address(recorder, &account, &which)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn secret(State(door): State<Door>, caller: Caller, Id(written): Id) -> Result<Json<Value>, Problem> {
    caller.messages()?;
    let row = known(&door, &caller, &written, false).await?;
    let missing = || {
        let message = "This agent has no webhook secret. Set webhook_url to mint one.";
        Problem::new(StatusCode::NOT_FOUND, "no_webhook_secret", message)
    };
    let secret = messages::secret_of(door.handle.tower_key(), &row).ok_or_else(missing)?;
    Ok(Json(json!({ "webhook_secret": secret })))
}

async fn renew_secret(
    State(door): State<Door>,
    caller: Caller,
    Id(written): Id,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    caller.messages()?;
    auth::confirmed(&headers)?;
    let (account, which) = (caller.account().clone(), which(&door, &caller, &written).await?);
    let row =
        messages::record(&door.handle, move |recorder| messages::renew_secret(recorder, &account, &which)).await?;
    Ok(Json(json!({ "webhook_secret": messages::secret_of(door.handle.tower_key(), &row) })))
}

fn agent(door: &Door, row: &AddressRow, secret: Option<String>) -> Value {
    json!({
        "id": row.id,
        "user_id": messages::user_id(door.handle.tower_key(), &row.account),
        "slug": row.slug,
        "display_name": row.display_name,
        "webhook_url": row.webhook_url,
        "webhook_secret": secret,
        "metadata": row.metadata,
        "status": row.status,
        "deleted_at": row.deleted_at.map(wire::time),
        "created_at": wire::time(row.created_at),
        "updated_at": wire::time(row.updated_at),
    })
}

fn is_slug(slug: &str) -> bool {
    slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !slug.starts_with('-')
        && !slug.ends_with('-')
}

/// Whether messages may be pushed there, if anywhere.
pub(super) async fn callable(door: &Door, url: Option<&str>, code: &'static str) -> Result<(), Problem> {
    match url {
        Some(url) => may_be_called(door, url, code).await,
        None => Ok(()),
    }
}

/// The id or slug that an address names: `agt_…`, or `slug@user` with the caller's own user.
pub(super) async fn which(door: &Door, caller: &Caller, written: &str) -> Result<String, Problem> {
    which_of(door, &caller.account().0, written).await
}

pub(super) async fn which_of(door: &Door, account: &str, written: &str) -> Result<String, Problem> {
    // Most call it by its id, which needs no look at the account.
    let user = if written.contains('@') {
        let row = door.handle.reader().account(account.to_owned()).await?;
        accounts::slug_of(row.as_ref())
    } else {
        String::new()
    };
    Ok(messages::which(written, &user)?)
}

/// The address it names, of the caller's account.
pub(super) async fn known(
    door: &Door,
    caller: &Caller,
    written: &str,
    with_deleted: bool,
) -> Result<AddressRow, Problem> {
    let which = which(door, caller, written).await?;
    let row = door.handle.reader().address(caller.account().0.clone(), which).await?;
    let row = row.filter(|row| with_deleted || row.deleted_at.is_none());
    row.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "agent_not_found", format!("agent {written} not found")))
}

/// A yes or no in the query.
pub(super) fn flag(query: &Query, name: &str) -> Result<bool, Problem> {
    let Some(text) = query.get(name) else { return Ok(false) };
    said_flag(text).ok_or_else(|| {
        Problem::field(format!("query.{name}"), "Input should be a valid boolean, unable to interpret input")
    })
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        let status = StatusCode::from_u16(refused.status).expect("every refusal has a status of HTTP");
        let retry_after_s = (refused.status == 429).then_some(60);
        Problem { retry_after_s, ..Problem::new(status, refused.code, refused.message) }
    }
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Problem {
        match failed {
            Failed::Refused(refused) => refused.into(),
            Failed::Trouble(trouble) => trouble.into(),
        }
    }
}

/// A look counts as a sign of life; one is written down at most so often.
pub(super) const SEEN_EACH_MS: u64 = 30 * SECOND_MS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_as_the_pattern_says() {
        for good in ["a", "a-b", "0", "lead-scout-2"] {
            assert!(is_slug(good), "{good}");
        }
        for bad in ["-a", "a-", "A", "a b", "a_b", "ü"] {
            assert!(!is_slug(bad), "{bad}");
        }
    }
}
