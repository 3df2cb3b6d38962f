//! Who wants to be told of what happens to an agent, and asking for it: at once, or as soon as there is something.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use url::Url;

use super::Door;
use super::agents::{SEEN_EACH_MS, URL_CHARS, callable, known, which};
use super::caller::Caller;
use super::fields::Fields;
use super::given::{Given, Id, Query};
use super::problem::Problem;
use super::wire;
use crate::journal::{AddressRow, EventRow, SubscriptionRow};
use crate::messages::{self, KNOWN_EVENTS, NewSubscription};

routes! {
    post "/v1/agents/{id}/subscriptions" => create;
    get "/v1/agents/{id}/subscriptions" => list;
    delete "/v1/agents/{id}/subscriptions/{subscription}" => remove;
    patch "/v1/agents/{id}/subscriptions/{subscription}/ack" => ack;
    get "/v1/agents/{id}/events" => events;
}

/// A request is answered within 30 s.
const WAIT: Duration = Duration::from_secs(25);
/// Between two looks of one who waits, however much else happens.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

async fn create(State(door): State<Door>, caller: Caller, Id(written): Id, given: Given) -> Result<Response, Problem> {
    caller.messages()?;
    let body = given.required()?;
    let known = ["event_type", "delivery_target", "webhook_url", "inline_body"];
    let mut fields = Fields::of("body", &body, Some(&known));
    let kind = fields.required_text("event_type", (1, 255));
    fields.require("delivery_target");
    let target = fields.word("delivery_target", &["pull", "webhook"]);
    let webhook_url = fields.text("webhook_url", URL_CHARS);
    let inline_body = fields.flag("inline_body").unwrap_or(false);
    fields.done()?;
    let agent = which(&door, &caller, &written).await?;
    if !KNOWN_EVENTS.contains(&kind.as_str()) {
        let message = format!("event_type '{kind}' not in v0.1 registry. Known types: {}", quoted(&KNOWN_EVENTS));
        return Err(Problem::new(StatusCode::BAD_REQUEST, "unknown_event_type", message));
    }
    let message = match (target, &webhook_url) {
        (Some("pull"), Some(_)) => "delivery_target='pull' must not include webhook_url",
        (Some("webhook"), None) => "delivery_target='webhook' requires webhook_url",
        (Some("webhook"), Some(url)) if url.is_empty() => "delivery_target='webhook' requires webhook_url",
        _ => "",
    };
    if !message.is_empty() {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_delivery_target", message));
    }
    callable(&door, webhook_url.as_deref(), "invalid_webhook_url").await?;
    let (account, id) = (caller.account().clone(), uuid::Uuid::new_v4().to_string());
    let new = NewSubscription { account, id, agent, kind, webhook_url, inline_body };
    let row = messages::record(&door.handle, move |recorder| messages::subscribe(recorder, new)).await?;
    let secret = messages::subscription_secret(door.handle.tower_key(), &row);
    Ok((StatusCode::CREATED, Json(subscription(&row, secret))).into_response())
}

async fn list(State(door): State<Door>, caller: Caller, Id(written): Id) -> Result<Json<Value>, Problem> {
    caller.messages()?;
    let agent = known(&door, &caller, &written, false).await?;
    let rows = door.handle.reader().subscriptions(agent.id).await?;
    let shown: Vec<Value> = rows.iter().map(|row| subscription(row, None)).collect();
    Ok(Json(json!({ "subscriptions": shown })))
}

async fn remove(
    State(door): State<Door>,
    caller: Caller,
    Path((written, id)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    caller.messages()?;
    let id = uuid_of(&id)?;
    let (account, agent) = (caller.account().clone(), which(&door, &caller, &written).await?);
    let done =
        messages::record(&door.handle, move |recorder| messages::detach_subscription(recorder, &account, &agent, &id));
    done.await?;
    Ok(Json(json!({ "detached": true })))
}

async fn ack(
    State(door): State<Door>,
    caller: Caller,
    Path((written, id)): Path<(String, String)>,
    given: Given,
) -> Result<Json<Value>, Problem> {
    caller.messages()?;
    let id = uuid_of(&id)?;
    let body = given.required()?;
    let mut fields = Fields::of("body", &body, Some(&["acked_event_id"]));
    fields.require("acked_event_id");
    let event = fields.whole("acked_event_id", (0, i64::MAX)).unwrap_or(0);
    fields.done()?;
    let (account, agent) = (caller.account().clone(), which(&door, &caller, &written).await?);
    let event = u64::try_from(event).unwrap_or(0);
    let done = messages::record(&door.handle, move |recorder| messages::ack(recorder, &account, &agent, &id, event));
    done.await?;
    Ok(Json(json!({ "acked": true })))
}

/// What came after an event; with `wait=long`, as soon as something has come.
async fn events(
    State(door): State<Door>,
    caller: Caller,
    Id(written): Id,
    query: Query,
) -> Result<Json<Value>, Problem> {
    caller.messages()?;
    let agent = known(&door, &caller, &written, false).await?;
    let since: u64 = match query.get("since").map(str::parse::<i64>) {
        None => 0,
        Some(Err(_)) => return Err(Problem::field("query.since", "Input should be a valid integer")),
        Some(Ok(since)) => u64::try_from(since)
            .map_err(|_| Problem::field("query.since", "Input should be greater than or equal to 0"))?,
    };
    let limit = query.number("limit", 100, 1, 1_000)?;
    let kind = query.get("event_type").map(str::to_owned);
    let wait = match query.get("wait") {
        None => Duration::ZERO,
        Some("long") => WAIT,
        Some(_) => return Err(Problem::field("query.wait", "Input should be 'long'")),
    };
    note_asked(&door, &agent, since).await?;
    let rows = found_within(&door, wait, &agent.id, since, kind.as_deref(), limit).await?;
    let events: Vec<Value> = rows.iter().map(event).collect();
    Ok(Json(json!({
        "next_cursor": rows.last().map(|row| row.id),
        "has_more": rows.len() == limit as usize,
        "events": events,
    })))
}

/// Whoever asks for what comes after an event has dealt with everything before, and lives. Written down only if it is news.
async fn note_asked(door: &Door, agent: &AddressRow, since: u64) -> Result<(), Problem> {
    let subscriptions = door.handle.reader().subscriptions(agent.id.clone()).await?;
    let is_ack = subscriptions.iter().any(|row| row.webhook_url.is_none() && row.acked.unwrap_or(0) < since);
    let was_seen = agent.seen_at.is_some_and(|at| door.handle.now().since(at) < SEEN_EACH_MS);
    if is_ack || !was_seen {
        let id = agent.id.clone();
        messages::record(&door.handle, move |recorder| messages::ack_pulled(recorder, &id, since)).await?;
    }
    Ok(())
}

/// Looks now, and again whenever something was recorded, for so long.
async fn found_within(
    door: &Door,
    wait: Duration,
    agent: &str,
    since: u64,
    kind: Option<&str>,
    limit: u32,
) -> Result<Vec<EventRow>, Problem> {
    let mut news = door.handle.recorded();
    let until = tokio::time::sleep(wait);
    tokio::pin!(until);
    let mut was_woken = false;
    loop {
        news.mark_unchanged();
        let kind = kind.map(str::to_owned);
        let found = door.handle.reader().events_after(agent.to_owned(), since, kind, limit).await?;
        if !found.is_empty() || wait.is_zero() || until.is_elapsed() {
            return Ok(found);
        }
        if was_woken {
            // By something else, of which there may be much.
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        tokio::select! {
            changed = news.changed() => if changed.is_err() { return Ok(found) },
            () = &mut until => {}
        }
        was_woken = true;
    }
}

fn subscription(row: &SubscriptionRow, secret: Option<String>) -> Value {
    json!({
        "id": row.id,
        "subscriber_agent_id": row.agent,
        "event_type": row.kind,
        "delivery_target": if row.webhook_url.is_some() { "webhook" } else { "pull" },
        "webhook_url": row.webhook_url.as_deref().and_then(origin),
        "webhook_secret": secret,
        "inline_body": row.inline_body,
        "last_dispatched_event_id": row.dispatched,
        "last_dispatched_at": row.dispatched_at.map(wire::offset_time),
        "last_acked_event_id": row.acked,
        "consecutive_failures": row.failures,
        "paused_until": row.paused_until.map(wire::offset_time),
        "created_at": wire::offset_time(row.created_at),
        "detached_at": row.detached_at.map(wire::offset_time),
    })
}

fn event(row: &EventRow) -> Value {
    json!({
        "id": row.id,
        "event_type": row.kind,
        "recipient_agent_id": row.agent,
        "payload": row.payload,
        "emitted_at": wire::offset_time(row.at),
    })
}

/// Scheme and host: the rest of an address may be a secret.
fn origin(url: &str) -> Option<String> {
    Url::parse(url).ok().map(|url| url.origin().ascii_serialization())
}

fn uuid_of(text: &str) -> Result<String, Problem> {
    let bad = |_| Problem::field("path.subscription_id", "Input should be a valid UUID");
    Ok(uuid::Uuid::parse_str(text).map_err(bad)?.to_string())
}

/// A list as Python writes it.
fn quoted(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    format!("[{}]", words.join(", "))
}
